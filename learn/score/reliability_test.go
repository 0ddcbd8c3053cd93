package score

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBrierParts adds the parts up for any bins, and has those of Murphy where each bin has
// one probability.
func TestBrierParts(t *testing.T) {
	scores, labels, opts := coarse(500)
	b, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	for _, bins := range []Bins{nil, {}, {0.5}, WidthBins(3), WidthBins(1000), QuantileBins(scores, opts.Weights, 10)} {
		p := b.BrierParts(bins)
		require.InDelta(t, b.Brier().Value, p.Reliability-p.Resolution+p.Uncertainty+p.WithinVariance-p.WithinCovariance, 1e-14)
		if len(bins) == 999 {
			require.InDelta(t, 0, p.WithinVariance, 1e-30)
			require.InDelta(t, 0, p.WithinCovariance, 1e-15)
		}
	}
	// By hand: probabilities 0.2 and 0.4 of which none and half came true.
	b, err = NewBinary([]float64{0.2, 0.2, 0.4, 0.4}, []bool{false, false, true, false}, nil)
	require.NoError(t, err)
	p := b.BrierParts(Bins{})
	require.InDelta(t, 0.05*0.05, p.Reliability, 1e-15)
	require.InDelta(t, 0, p.Resolution, 1e-15)
	require.InDelta(t, 0.25*0.75, p.Uncertainty, 1e-15)
	require.InDelta(t, 0.1*0.1, p.WithinVariance, 1e-15)
	require.InDelta(t, 2*0.1*0.25, p.WithinCovariance, 1e-15)
	p = b.BrierParts(nil)
	require.InDelta(t, (0.04+0.01)/2, p.Reliability, 1e-15)
	require.InDelta(t, 0.25*0.25, p.Resolution, 1e-15)
}

func TestWidthBins(t *testing.T) {
	require.Equal(t, Bins{0.25, 0.5, 0.75}, WidthBins(4))
	require.Equal(t, Bins{}, WidthBins(1))
	require.Equal(t, Bins{}, WidthBins(-1))
	b, err := NewBinary([]float64{0, 0.25, 0.26, 1}, []bool{false, false, true, true}, nil)
	require.NoError(t, err)
	table := b.Reliability(WidthBins(4))
	require.Len(t, table, 3)
	require.InDelta(t, 2, table[0].Rows, 0)
	require.InDelta(t, 0.125, table[0].Mean, 0)
	require.InDelta(t, 0.25, table[1].Low, 0)
	require.InDelta(t, 0.5, table[1].High, 0)
	require.InDelta(t, 1, table[2].True.Value, 0)
	require.Less(t, table[2].True.Low, 0.3)
	all := b.Reliability(Bins{})
	require.Len(t, all, 1)
	require.InDelta(t, 0.5, all[0].True.Value, 0)
}

// TestEqualCounts has bins of equal numbers of rows.
func TestEqualCounts(t *testing.T) {
	var scores []float64
	var labels []bool
	for i := range 100 {
		scores, labels = append(scores, math.Sqrt(float64(i)/100)), append(labels, i%3 == 0)
	}
	b, err := NewBinary(scores, labels, nil)
	require.NoError(t, err)
	table := b.Reliability(QuantileBins(scores, nil, 5))
	require.Len(t, table, 5)
	gap := 0.0
	for _, bin := range table {
		require.InDelta(t, 20, bin.Rows, 0)
		gap += math.Abs(bin.Mean-bin.True.Value) / 5
	}
	ece := b.ECE(QuantileBins(scores, nil, 5))
	requireEstimate(t, gap, ece)
	require.Less(t, ece.Low, ece.High)
}

// TestCalibrationLine compares the standard errors with those of the Hessian, which are the
// same on average where the probabilities are right, and checks that the gradient is 0.
func TestCalibrationLine(t *testing.T) {
	scores, labels, opts := coarse(4000)
	b, err := NewBinary(scores, labels, &BinaryOptions{Groups: opts.Groups})
	require.NoError(t, err)
	intercept, slope := b.CalibrationLine()
	gradient, h := [2]float64{}, [3]float64{}
	for i, p := range scores {
		x := logit(p)
		q := sigmoid(intercept.Value + slope.Value*x)
		residual := -q
		if labels[i] {
			residual++
		}
		gradient[0] += residual
		gradient[1] += residual * x
		h[0] += q * (1 - q)
		h[1] += q * (1 - q) * x
		h[2] += q * (1 - q) * x * x
	}
	require.InDelta(t, 0, gradient[0], 1e-9)
	require.InDelta(t, 0, gradient[1], 1e-9)
	det := h[0]*h[2] - h[1]*h[1]
	require.InEpsilon(t, 2*b.z*math.Sqrt(h[2]/det), intercept.High-intercept.Low, 0.1)
	require.InEpsilon(t, 2*b.z*math.Sqrt(h[0]/det), slope.High-slope.Low, 0.1)
	require.InDelta(t, 1, slope.Value, slope.High-slope.Low)

	for name, scores := range map[string][]float64{
		"divided": {0.1, 0.2, 0.3, 0.4}, "divided but for a tie": {0.1, 0.3, 0.3, 0.4},
		"divided the wrong way": {0.4, 0.3, 0.2, 0.1}, "equal": {0.3, 0.3, 0.3, 0.3}, "an end": {0.1, 0.5, 0.3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBinary(scores, []bool{false, false, true, true}, nil)
			require.NoError(t, err)
			intercept, slope := b.CalibrationLine()
			requireEstimate(t, math.NaN(), intercept)
			requireEstimate(t, math.NaN(), slope)
		})
	}
}
