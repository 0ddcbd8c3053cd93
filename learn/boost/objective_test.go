package boost_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
)

// poisson is the objective exp(F) - y·F.
type poisson struct{}

func (poisson) Start(target, _ []float64) (float64, error) {
	sum := 0.0
	for _, y := range target {
		sum += y
	}
	return math.Log(sum / float64(len(target))), nil
}

func (poisson) Gradients(gradient, hessian, raw, target []float64) {
	for i, f := range raw {
		gradient[i], hessian[i] = math.Exp(f)-target[i], math.Exp(f)
	}
}

func (poisson) Loss(raw, target, _ []float64) (sum float64) {
	for i, f := range raw {
		sum += math.Exp(f) - target[i]*f
	}
	return sum
}

func TestObjectiveOfOnesOwn(t *testing.T) {
	tab, labels, _ := draw(20, 2000)
	target := make([]float64, len(labels))
	for i, label := range labels {
		if target[i] = float64(i % 3); label {
			target[i] += 4
		}
	}
	m, err := boost.FitTarget(t.Context(), tab, target, poisson{}, nil)
	require.NoError(t, err)
	r := m.Report()
	require.Less(t, r.Rounds[r.Best-1].Training, r.Start.Training-0.1)
	scores, err := boost.Predict(t.Context(), m, tab, nil) // scores, since it is not logistic
	require.NoError(t, err)
	require.InDelta(t, r.Rounds[r.Best-1].Training*2000, poisson{}.Loss(scores, target, nil), 1e-6)
}

// odds is Logistic as a user may write it.
type odds struct{}

func (odds) Start(target, weight []float64) (float64, error) {
	sum, total := 0.0, 0.0
	for row, y := range target {
		w := 1.0
		if weight != nil {
			w = weight[row]
		}
		sum += w * y
		total += w
	}
	return math.Log(sum / (total - sum)), nil
}

func (odds) Gradients(gradient, hessian, raw, target []float64) {
	for i, f := range raw {
		p := 1 / (1 + math.Exp(-f))
		gradient[i], hessian[i] = p-target[i], p*(1-p)
	}
}

func (odds) Loss(raw, target, weight []float64) float64 {
	sum := 0.0
	for i, f := range raw {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		sum += w * (math.Log1p(math.Exp(f)) - target[i]*f)
	}
	return sum
}

// TestObjectiveEqualsLogistic: with the sizes given, since m of Options is another, an objective of
// the same formulas gives the same scores and stops at the same round.
func TestObjectiveEqualsLogistic(t *testing.T) {
	tab, labels, weights := draw(24, 3000)
	later, laterLabels, laterWeights := draw(25, 1000)
	fresh, _, _ := draw(26, 1000)
	truth := func(labels []bool) []float64 {
		target := make([]float64, len(labels))
		for i, label := range labels {
			if label {
				target[i] = 1
			}
		}
		return target
	}
	for name, o := range map[string]boost.Options{
		"plain":   {},
		"weights": {Weights: weights},
		"drawn":   {RowShare: 0.7, ColumnShare: 0.6},
		"later":   {Weights: weights, RowShare: 0.7, Later: &boost.Slice{Columns: later.Columns, Target: truth(laterLabels), Weights: laterWeights}},
		"rising":  {Rising: []string{"y"}, MinGain: 0.5, L2: 3},
	} {
		t.Run(name, func(t *testing.T) {
			o.Rounds, o.LearningRate, o.MaxLeaves, o.MinLeaf = 80, 0.2, 12, 5
			want, err := boost.FitTarget(t.Context(), tab, truth(labels), boost.Logistic{}, &o)
			require.NoError(t, err)
			got, err := boost.FitTarget(t.Context(), tab, truth(labels), odds{}, &o)
			require.NoError(t, err)
			require.Equal(t, want.Trees(), got.Trees())
			a, err := boost.Scores(t.Context(), want, fresh, nil)
			require.NoError(t, err)
			b, err := boost.Scores(t.Context(), got, fresh, nil)
			require.NoError(t, err)
			require.InDeltaSlice(t, a, b, 1e-12)
			x, y := want.Report(), got.Report()
			require.Equal(t, []any{x.Best, x.Stop, len(x.Rounds)}, []any{y.Best, y.Stop, len(y.Rounds)})
			require.InDelta(t, x.Rounds[x.Best-1].Training, y.Rounds[y.Best-1].Training, 1e-12)
			if o.Later != nil {
				require.Equal(t, boost.StopPatience, x.Stop)
				require.InDelta(t, x.Rounds[x.Best-1].Later, y.Rounds[y.Best-1].Later, 1e-12)
			}
		})
	}
}
