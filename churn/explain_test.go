package churn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

// Effects add up to the score, whatever is missing.
func TestExplainAddsUp(t *testing.T) {
	race.Skip(t)
	for name, opts := range modelMethods() {
		t.Run(name, func(t *testing.T) {
			m := modelFit(t, opts)
			_, first := m.Explain(modelRows(m, 1, 9)[0])
			for _, row := range modelRows(m, 100, 7) {
				effects, base := m.Explain(row)
				require.Equal(t, first, base, "the base is the same for all rows")
				require.Len(t, effects, len(m.columns))
				sum, seen := base, make([]bool, len(effects))
				for i, e := range effects {
					sum += e.Effect
					require.False(t, seen[e.Column])
					seen[e.Column] = true
					if i > 0 {
						require.GreaterOrEqual(t, math.Abs(effects[i-1].Effect), math.Abs(e.Effect))
					}
					if row[e.Column] == -1 && m.columns[e.Column].Levels != nil {
						require.True(t, math.IsNaN(e.Value))
					} else if !math.IsNaN(row[e.Column]) {
						require.Equal(t, row[e.Column], e.Value)
					}
				}
				require.InDelta(t, m.main.raw(row), sum, 1e-9*max(1, math.Abs(sum)))
			}
		})
	}
}

// The raw score that effects add up to is the one that is calibrated.
func TestExplainIsOfTheProbability(t *testing.T) {
	for name, opts := range modelMethods() {
		m := modelFit(t, opts)
		for _, row := range modelRows(m, 100, 8) {
			logOdds := m.main.raw(row)
			if m.method == Tree {
				p := min(max(logOdds, leastShare), 1-leastShare)
				logOdds = math.Log(p / (1 - p))
			}
			require.InDelta(t, m.main.calibration.Probability(logOdds), m.PredictRow(row), 1e-12, name)
		}
	}
}

// raw is what explanations add up to: the share of the leaf of a tree, of others log-odds.
func (l *learner) raw(row []float64) float64 {
	if l.tree != nil {
		return l.tree.Probability(row, 1)
	}
	return l.logOdds(row)
}
