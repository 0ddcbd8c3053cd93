package logistic

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// drawObjective draws rows with lines, hinges, missing values, few and many levels, and weights, some 0.
func drawObjective(t *testing.T, n int) *objective {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	number, coarse, weights, labels := make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n)
	few, many := make([]string, n), make([]string, n)
	for i := range n {
		number[i], coarse[i] = 100+r.NormFloat64(), float64(r.IntN(7))
		if r.IntN(6) == 0 {
			number[i] = math.NaN()
		}
		few[i], many[i] = string(rune('a'+r.IntN(3))), string(rune('a'+r.IntN(12)))
		if r.IntN(8) == 0 {
			many[i] = ""
		}
		weights[i], labels[i] = float64(r.IntN(4)), r.IntN(3) == 0
	}
	columns := []table.Column{
		table.CategoryColumn("many", many...), table.NumberColumn("number", number...), table.CategoryColumn("few", few...),
		table.NumberColumn("coarse", coarse...), table.CategoryColumn("more", many...),
	}
	columns, spans := winsorize(columns, &Options{})
	all, err := prepare(columns, spans, &Options{Knots: 2, Weights: weights})
	require.NoError(t, err)
	terms := []Term{{Scale: 1}}
	for _, p := range all {
		terms = append(terms, p.terms...)
	}
	rows := newRows(columns, all, terms, labels, weights)
	require.Greater(t, rows.p, rows.d)
	return &objective{ctx: t.Context(), rows: rows, l2: 0.5, factor: [2]float64{0.7, 1.9}, workers: 2}
}

// TestDerivatives compares gradient and Hessian with differences of the objective and of the gradient.
func TestDerivatives(t *testing.T) {
	o := drawObjective(t, 700)
	p := o.rows.p
	b := make([]float64, p)
	r := rand.New(rand.NewPCG(5, 6))
	for j := range b {
		b[j] = r.NormFloat64() / 2
	}
	at, err := o.at(b, true)
	require.NoError(t, err)
	const h = 1e-5
	for j := range b {
		var side [2]*point
		for k, step := range []float64{-h, h} {
			moved := append([]float64(nil), b...)
			moved[j] += step
			side[k], err = o.at(moved, false)
			require.NoError(t, err)
		}
		require.InDelta(t, (side[1].total-side[0].total)/(2*h), at.gradient[j], 1e-5)
		for i := range b {
			want := (side[1].gradient[i] - side[0].gradient[i]) / (2 * h)
			if i == j && j > 0 {
				want -= o.l2
			}
			require.InDelta(t, want, at.hessian[max(i, j)*p+min(i, j)], 1e-5, "%d %d", i, j)
		}
	}
}

// TestExtremeLogOdds compares loss and slopes at log-odds from -800 to 800 with the formulas in 200 digits or so.
func TestExtremeLogOdds(t *testing.T) {
	for _, z := range []float64{-800, -40, -1e-9, 0, 1e-300, 0.5, 36, 37, 709, 800} {
		for _, label := range []bool{false, true} {
			rows := newRows(nil, nil, []Term{{Scale: 1}}, []bool{label}, nil)
			o := &objective{ctx: t.Context(), rows: rows, factor: [2]float64{1, 1}, workers: 1}
			at, err := o.at([]float64{z}, true)
			require.NoError(t, err)
			m := z
			if !label {
				m = -z
			}
			// log(1+exp(-m)) by its series where exp(-m) is small.
			e := math.Exp(-math.Abs(m))
			want := e - e*e/2
			if e > 1e-8 {
				one := new(big.Float).SetPrec(200).SetInt64(1)
				sum, _ := one.Add(one, big.NewFloat(e)).Float64()
				want = math.Log(sum)
				require.InDelta(t, want+max(-m, 0), at.loss, 1e-15*max(1, at.loss))
			} else {
				require.InDelta(t, want+max(-m, 0), at.loss, 1e-15*at.loss)
			}
			slope := 1 / (1 + math.Exp(m))
			if label {
				slope = -slope
			}
			require.InDelta(t, slope, at.gradient[0], 1e-15*math.Abs(slope))
			require.InDelta(t, e/((1+e)*(1+e)), at.hessian[0], 1e-15*e)
		}
	}
}
