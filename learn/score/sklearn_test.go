package score

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestScikitLearnBinary compares with sklearn.metrics, sklearn.calibration, sklearn.isotonic
// and scipy.stats; see testdata/binary.py.
func TestScikitLearnBinary(t *testing.T) {
	text, err := os.ReadFile("testdata/binary.json")
	require.NoError(t, err)
	var fixture struct {
		Cases []struct {
			Name            string
			Scores, Weights []float64
			Labels          []int
			AUC, AP, Brier  float64
			LogLoss         float64 `json:"log_loss"`
			FPR, TPR        []float64
			Thresholds      []float64
			Precision       []float64
			Recall, Cuts    []float64
			KS              *float64
			KSAt            float64 `json:"ks_at"`
			Curve           [2][]float64
			Platt           [2]float64
			Isotonic        [2][]float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &fixture))
	require.Len(t, fixture.Cases, 6)
	const tolerance = 1e-12
	for _, f := range fixture.Cases {
		t.Run(f.Name, func(t *testing.T) {
			labels := make([]bool, len(f.Labels))
			inner, logOdds := make([]float64, len(labels)), make([]float64, len(labels))
			for i, y := range f.Labels {
				labels[i] = y == 1
				inner[i] = min(max(f.Scores[i], 0.001), 0.999)
				logOdds[i] = math.Log(inner[i] / (1 - inner[i]))
			}
			b, err := NewBinary(f.Scores, labels, &BinaryOptions{Weights: f.Weights})
			require.NoError(t, err)
			require.InDelta(t, f.AUC, b.AUC().Value, tolerance)
			require.InDelta(t, f.AP, b.AveragePrecision().Value, tolerance)
			require.InDelta(t, f.Brier, b.Brier().Value, tolerance)
			clipped, err := NewBinary(inner, labels, &BinaryOptions{Weights: f.Weights})
			require.NoError(t, err)
			require.InDelta(t, f.LogLoss, clipped.LogLoss().Value, tolerance)

			curve := b.Curve()[1:]
			require.Len(t, curve, len(f.FPR))
			for i, p := range curve {
				require.InDelta(t, f.FPR[i], p.FalseAlarms, tolerance)
				require.InDelta(t, f.TPR[i], p.Recall, tolerance)
				require.InDelta(t, f.Thresholds[i], p.Score, 0)
			}
			// scikit-learn 1.2 keeps all points, the first being that without alerts.
			require.Len(t, f.Precision, len(curve)+1)
			for i, p := range curve {
				require.InDelta(t, f.Precision[i+1], p.Precision, tolerance)
				require.InDelta(t, f.Recall[i+1], p.Recall, tolerance)
				require.InDelta(t, f.Cuts[i], p.Score, 0)
			}
			if f.KS != nil {
				ks, at := b.KS()
				require.InDelta(t, *f.KS, ks.Value, tolerance)
				// scipy names the lower side of the gap, and any of several that are equal.
				above, below := b.AtThreshold(at), b.AtThreshold(math.Nextafter(f.KSAt, 2))
				gap := func(x Budget) float64 {
					falseAlarms := (x.Rows - x.Recall.Value*b.Positives()) / b.negatives()
					return math.Abs(x.Recall.Value - falseAlarms)
				}
				require.InDelta(t, *f.KS, gap(above), tolerance)
				require.InDelta(t, *f.KS, gap(below), tolerance)
				table := b.Reliability(nil)
				require.Len(t, table, len(f.Curve[0]))
				for i, bin := range table {
					require.InDelta(t, f.Curve[0][i], bin.Mean, tolerance)
					require.InDelta(t, f.Curve[1][i], bin.True.Value, tolerance)
				}
			}
			c, err := Calibrate(Platt, logOdds, labels, f.Weights)
			require.NoError(t, err)
			require.InDelta(t, f.Platt[0], c.intercept, 1e-3) // BFGS stops at a gradient of 1e-5 in sums
			require.InDelta(t, f.Platt[1], c.slope, 1e-3)

			at := 0
			for _, block := range b.pool() {
				for sum := 0.0; sum < block.rows-1e-9; at++ {
					p := f.Isotonic[0][at]
					require.InDelta(t, f.Isotonic[1][at], block.trues/block.rows, tolerance)
					one := b.AtThreshold(p).Rows - b.AtThreshold(math.Nextafter(p, 2)).Rows
					sum += one
				}
			}
			require.Equal(t, len(f.Isotonic[0]), at)
		})
	}
}
