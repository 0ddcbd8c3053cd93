package score

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowLine finds Platt's line with the slope by golden section over the best intercept by bisection.
func slowLine(b *Binary) (intercept, slope float64) {
	hit, miss := b.targets()
	inner := func(k float64) (a, loss float64) {
		lo, hi := -2000., 2000.
		for range 200 {
			a = (lo + hi) / 2
			g := 0.0
			for i, x := range b.score {
				t, f := b.trues[i+1]-b.trues[i], b.falses[i+1]-b.falses[i]
				g += (t+f)*sigmoid(a+k*x) - t*hit - f*miss
			}
			if g > 0 {
				hi = a
			} else {
				lo = a
			}
		}
		for i, x := range b.score {
			t, f := b.trues[i+1]-b.trues[i], b.falses[i+1]-b.falses[i]
			z := a + k*x
			loss += (t*hit+f*miss)*softplus(-z) + (t*(1-hit)+f*(1-miss))*softplus(z)
		}
		return a, loss
	}
	lo, hi := 0., 200.
	for range 120 {
		l, r := lo+(hi-lo)*0.382, lo+(hi-lo)*0.618
		_, lossL := inner(l)
		_, lossR := inner(r)
		if lossL < lossR {
			hi = r
		} else {
			lo = l
		}
	}
	intercept, _ = inner((lo + hi) / 2)
	return intercept, (lo + hi) / 2
}

// TestPlattOfFewScores: nearly all curvature may be at one score.
func TestPlattOfFewScores(t *testing.T) {
	c, err := Calibrate(Platt, append(make([]float64, 1), 1, 0), []bool{false, true, false}, []float64{74006, 38, 1})
	require.NoError(t, err)
	require.InEpsilon(t, 1./74009, c.Probability(0), 1e-6)
	require.InEpsilon(t, 39./40, c.Probability(1), 1e-6)

	random := rand.New(rand.NewPCG(31, 32))
	for range 20 {
		var scores, weights []float64
		var labels []bool
		for i := range 2 + random.IntN(3) {
			for _, label := range []bool{false, true} {
				if w := math.Floor(math.Exp(12*random.Float64()) - 1); w > 0 || i == 0 {
					scores, labels, weights = append(scores, float64(i)), append(labels, label), append(weights, w+1)
				}
			}
		}
		b, err := NewBinary(scores, labels, &BinaryOptions{Weights: weights})
		require.NoError(t, err)
		c, err := Calibrate(Platt, scores, labels, weights)
		require.NoError(t, err)
		intercept, slope := slowLine(b)
		if c.slope == 0 {
			require.Less(t, slope, 1e-6)
			continue
		}
		for _, x := range scores {
			require.InEpsilon(t, sigmoid(intercept+slope*x), c.Probability(x), 1e-4)
		}
	}
}

// TestDividedWithWeights: no rounding of weights makes two classes overlap.
func TestDividedWithWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(33, 34))
	for range 50 {
		n := 2 + random.IntN(20)
		scores, labels, weights := make([]float64, 2*n), make([]bool, 2*n), make([]float64, 2*n)
		for i := range scores {
			labels[i], scores[i], weights[i] = i < n, random.Float64(), 0.1+random.Float64()
			if labels[i] {
				scores[i] += 2
			}
		}
		b, err := NewBinary(scores, labels, &BinaryOptions{Weights: weights})
		require.NoError(t, err)
		ks, _ := b.KS()
		for _, e := range []Estimate{b.AUC(), b.AveragePrecision(), ks} {
			require.Equal(t, wilson(1, float64(n), b.z), e)
		}
		for i := range scores {
			scores[i] = -scores[i]
		}
		b, err = NewBinary(scores, labels, &BinaryOptions{Weights: weights})
		require.NoError(t, err)
		require.Equal(t, wilson(0, float64(n), b.z), b.AUC())
	}
}

func TestProfitIntervals(t *testing.T) {
	scores, labels, opts := coarse(400)
	b, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	for _, interval := range []func(*ProfitOptions) (Estimate, error){b.MaximumProfitInterval, b.ExpectedMaximumProfitInterval} {
		e, err := interval(nil)
		require.NoError(t, err)
		require.Less(t, e.Low, e.Value)
		require.Less(t, e.Value, e.High)
		require.GreaterOrEqual(t, e.Low, 0.)
	}
	p, err := b.ExpectedMaximumProfit(nil)
	require.NoError(t, err)
	e, err := b.ExpectedMaximumProfitInterval(nil)
	require.NoError(t, err)
	require.Equal(t, p.PerRow, e.Value)
	_, err = b.MaximumProfitInterval(&ProfitOptions{})
	require.Error(t, err)
}

func TestNilOptionsAreValid(t *testing.T) {
	require.NoError(t, (*BinaryOptions)(nil).Validate())
	require.NoError(t, (*ProfitOptions)(nil).Validate())
	require.Error(t, (&ProfitOptions{Alpha: math.MaxFloat64, Beta: math.MaxFloat64, Value: 1}).Validate())
}

func TestNegativeZero(t *testing.T) {
	b, err := NewBinary([]float64{math.Copysign(0, -1), 0}, []bool{true, false}, nil)
	require.NoError(t, err)
	require.False(t, math.Signbit(b.Curve()[1].Score))
}

func TestPointJSON(t *testing.T) {
	for _, p := range tied(t).Curve() {
		data, err := json.Marshal(p)
		require.NoError(t, err)
		var again Point
		require.NoError(t, json.Unmarshal(data, &again))
		require.Equal(t, p, again)
	}
	require.Error(t, new(Point).UnmarshalJSON([]byte(`{"score":"x"}`)))
	_, err := json.Marshal(tied(t).At(math.NaN()))
	require.NoError(t, err)
}

func TestCalibrationOfAnotherForm(t *testing.T) {
	for name, text := range map[string]string{
		"no method":  `{"kind":"score.Calibration","version":1,"intercept":0,"slope":1}`,
		"short":      `{"kind":"score.Calibration","version":1,"method":"isotonic","points":[[1]]}`,
		"too long":   `{"kind":"score.Calibration","version":1,"method":"isotonic","points":[[1,0.5,0]]}`,
		"null point": `{"kind":"score.Calibration","version":1,"method":"isotonic","points":[null]}`,
	} {
		require.Error(t, new(Calibration).UnmarshalJSON([]byte(text)), name)
	}
}
