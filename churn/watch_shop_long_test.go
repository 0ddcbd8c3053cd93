//go:build long

package churn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
)

// Twice in each of the 18 months after the fit, no column of five shops in which nothing but the season
// changes is called shifted.
func TestWatchShopsLong(t *testing.T) {
	reports, shifted := 0, 0
	for seed := range uint64(5) {
		log, model := shopToWatch(1 + seed)
		for month := range 18 {
			for _, day := range []int{1, 15} {
				today, err := churn.SnapshotAt(t.Context(), log, churn.Date(2023, time.July+time.Month(month), day), churn.Absent{}, model, nil)
				require.NoError(t, err)
				r, err := churn.Watch(t.Context(), model, today, nil, nil)
				require.NoError(t, err)
				if reports++; r.Shifted > 0 || r.Score.Drift == churn.DriftShifted {
					shifted++
					t.Logf("shop %d, %v: %s", 1+seed, r.First, r.Summary.EN)
				}
			}
		}
	}
	t.Logf("%d of %d reports", shifted, reports)
	require.Equal(t, 180, reports)
	require.Zero(t, shifted)
}
