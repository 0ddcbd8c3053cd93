package score

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzBinary has rows of a score, a label, a weight and a group. Nothing panics, bounds hold
// values, and what is not defined is NaN in all three.
func FuzzBinary(f *testing.F) {
	row := func(score float64, rest ...byte) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, math.Float64bits(score)), rest...)
	}
	f.Add(append(row(0.5, 1, 3, 0), row(0.25, 0, 3, 1)...), 0.3)
	f.Add(append(row(math.Inf(1), 1, 3, 0), row(5e-324, 0, 9, 0)...), 1e-300)
	f.Add(append(row(1, 1, 0, 0), append(row(1, 0, 255, 0), row(0, 1, 1, 3)...)...), 0.99999999)
	f.Fuzz(func(t *testing.T, data []byte, share float64) {
		var scores []float64
		var labels []bool
		opts := &BinaryOptions{Replicates: 3, Workers: 1}
		for ; len(data) >= 11 && len(scores) < 200; data = data[11:] {
			scores = append(scores, math.Float64frombits(binary.LittleEndian.Uint64(data)))
			labels = append(labels, data[8]&1 == 1)
			opts.Weights = append(opts.Weights, math.Ldexp(float64(data[9]%8), 8*(int(data[9]/8)-16)))
			opts.Groups = append(opts.Groups, int32(int8(data[10])))
		}
		b, err := NewBinary(scores, labels, opts)
		if err != nil {
			return
		}
		ks, _ := b.KS()
		intercept, slope := b.CalibrationLine()
		estimates := []Estimate{b.AUC(), b.AveragePrecision(), ks, b.LogLoss(), b.Brier(), b.ECE(nil), intercept, slope}
		for _, x := range []Budget{b.At(share), b.AtThreshold(share), b.At(0.5), b.AtThreshold(scores[0])} {
			estimates = append(estimates, x.Precision, x.Recall, x.Accuracy, x.Lift)
		}
		for _, bin := range b.Reliability(nil) {
			estimates = append(estimates, bin.True)
		}
		for i, e := range estimates {
			missing := math.IsNaN(e.Value) && math.IsNaN(e.Low) && math.IsNaN(e.High)
			require.True(t, missing || e.Low <= e.Value && e.Value <= e.High, "%d: %v", i, e)
		}
		if p, err := b.ExpectedMaximumProfit(nil); err == nil {
			require.False(t, math.IsNaN(p.PerRow+p.Target))
		}
		for _, method := range []CalibrationMethod{Platt, Isotonic} {
			c, err := Calibrate(method, scores, labels, opts.Weights)
			if err != nil {
				continue
			}
			before := 0.0
			for block := len(b.score) - 1; block >= 0; block-- {
				p := c.Probability(b.score[block])
				require.True(t, p > 0 && p < 1 && p >= before, p)
				before = p
			}
		}
	})
}
