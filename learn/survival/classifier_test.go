package survival_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// shares makes a classifier of a tree with the classes 0 and 1.
type shares struct{ *tree.Tree }

func (s shares) PredictRow(row []float64) float64 { return s.Probability(row, 1) }

// through returns what comes back of a model that is kept as JSON.
func through[M any](t *testing.T, m *M) *M {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	read := new(M)
	require.NoError(t, json.Unmarshal(data, read))
	return read
}

// TestClassifiers: hazards of three periods, which depend on a number and on a category, are found by
// any classifier; those of a fourth, in which nobody is watched, are what a missing value has.
func TestClassifiers(t *testing.T) {
	hazards := [3][2]float64{{0.1, 0.3}, {0.4, 0.55}, {0.05, 0.2}}
	hazard := func(k, x, y int) float64 { return hazards[k][x] * (1 - 0.3*float64(y)) }
	const n = 12_000
	r := rand.New(rand.NewPCG(15, 5))
	d := &survival.Data{Exit: make([]float64, n), Event: make([]bool, n)}
	x, y := make([]float64, n), make([]string, n)
	for i := range n {
		x[i] = float64(r.IntN(2))
		of := r.IntN(2)
		y[i] = []string{"invoice", "card"}[of]
		for k := 0; k < 3 && !d.Event[i]; k++ {
			d.Exit[i], d.Event[i] = float64(30*(k+1)), r.Float64() < hazard(k, int(x[i]), of)
		}
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...), table.CategoryColumn("y", y...)}}
	for name, fit := range map[string]func(e *survival.Expansion[int]) (model, kept survival.Classifier, err error){
		"logistic": func(e *survival.Expansion[int]) (model, kept survival.Classifier, err error) {
			m, err := logistic.Fit(t.Context(), e.Table, e.Ended, nil)
			return m, through(t, m), err
		},
		"boost": func(e *survival.Expansion[int]) (model, kept survival.Classifier, err error) {
			m, err := boost.Fit(t.Context(), e.Table, e.Ended, nil)
			return m, through(t, m), err
		},
		"tree": func(e *survival.Expansion[int]) (model, kept survival.Classifier, err error) {
			classes := make([]int32, len(e.Ended))
			for i, ended := range e.Ended {
				if ended {
					classes[i] = 1
				}
			}
			m, err := tree.Fit(t.Context(), e.Table, classes, &tree.Options{MinLeaf: 100})
			return shares{m}, shares{through(t, m)}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &survival.Periods{Ends: []float64{30, 60, 90, 120}, Category: true}
			e, err := survival.Expand(tab, d, p)
			require.NoError(t, err)
			model, kept, err := fit(e)
			require.NoError(t, err)
			discrete, err := survival.NewDiscrete(model, p)
			require.NoError(t, err)
			again, err := survival.NewDiscrete(kept, through(t, p))
			require.NoError(t, err)
			coder := model.(interface{ Code(int, string) float64 })
			for of, level := range []string{"invoice", "card"} {
				for x := range 2 {
					row := []float64{float64(x), coder.Code(1, level)}
					f := discrete.Forecast(row)
					for k := range 3 {
						require.InDelta(t, hazard(k, x, of), f.Within(float64(30*k), 30), 0.06, "%s, x %d, period %d", level, x, k)
					}
					want := model.PredictRow(append(row, math.NaN()))
					require.Greater(t, want, 0.0)
					require.InDelta(t, want, f.Within(90, 30), 1e-9, "%s, x %d", level, x)
					require.Equal(t, f, again.Forecast(row))
				}
			}
		})
	}
}
