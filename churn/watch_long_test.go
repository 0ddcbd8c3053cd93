//go:build long

package churn

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// At the level of 0.05, no more than 0.05 of the reports call a column shifted where none is, for any number of past
// cut-offs of which ordinary variation is known; and of probabilities that hold, no more are found to have faults.
func TestWatchNoiseOfManyReports(t *testing.T) {
	const reports = 300
	for name, w := range watchWorlds {
		for _, cutoffs := range []int{4, 12} {
			shifted, worse := falseAlarms(t, w, cutoffs, 200, reports)
			t.Logf("%s, %d training cut-offs: of %d reports %d shifted, %d worse", name, cutoffs, reports, shifted, worse)
			require.LessOrEqual(t, shifted, reports/20, name)
			require.LessOrEqual(t, worse, reports/10, "%s: the model itself is a draw", name)
		}
	}
}
