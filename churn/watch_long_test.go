//go:build long

package churn

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// At the level of 0.05, no more than 0.05 of the reports call a column shifted where none is, for any number of past
// cut-offs of which ordinary variation is known; and of probabilities that hold, no more are found to have faults.
// That takes cut-offs to be independent: where they keep much of what the one before had, it is not quite so.
func TestWatchNoiseOfManyReports(t *testing.T) {
	const reports = 300
	worlds := maps.Clone(watchWorlds)
	worlds["a fifth has seasons"] = watchWorld{stays: 0.5, season: 0.3, every: 5}
	worlds["half has great seasons"] = watchWorld{season: 1, every: 2}
	worlds["seasons that last"] = watchWorld{stays: 0.5, season: 0.3, every: 3, lasts: 0.8}
	for name, w := range worlds {
		atLevel := reports / 20
		if w.lasts > 0.5 {
			atLevel = reports / 10
		}
		for _, cutoffs := range []int{4, 12} {
			shifted, worse := falseAlarms(t, w, cutoffs, 200, reports)
			t.Logf("%s, %d training cut-offs: of %d reports %d shifted, %d worse", name, cutoffs, reports, shifted, worse)
			require.LessOrEqual(t, shifted, atLevel, name)
			require.LessOrEqual(t, worse, reports/10, "%s: the model itself is a draw", name)
		}
	}
}
