package logistic_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

func TestContributions(t *testing.T) {
	tab, labels := draw(20, 2000)
	weights := make([]float64, 2000)
	for i := range weights {
		weights[i] = float64(i % 4)
	}
	for name, o := range kinds {
		t.Run(name, func(t *testing.T) {
			o.Weights = weights
			m := fit(t, tab, labels, &o)
			mean, total := make([]float64, 4), 0.0
			predicted, err := logistic.Predict(t.Context(), m, tab, &logistic.PredictOptions{Workers: 2})
			require.NoError(t, err)
			for i, w := range weights {
				row := rowOf(m, tab, i)
				parts, base := m.Contributions(nil, row)
				sum := base
				for c, x := range parts {
					sum += x
					mean[c] += w * x
				}
				total += w
				z := m.LogOdds(row)
				require.InDelta(t, z, sum, 1e-12*(1+math.Abs(z)))
				require.Equal(t, m.PredictRow(row), predicted[i])
				require.InDelta(t, 1/(1+math.Exp(-z)), predicted[i], 1e-15)
			}
			for c, x := range mean {
				require.InDelta(t, 0, x/total, 1e-10, m.Columns()[c])
			}
		})
	}
}

// TestUnknown: a level, or a missing value, that the fit has not seen adds nothing beside the mean.
func TestUnknown(t *testing.T) {
	tab, labels := draw(21, 500)
	for _, o := range kinds {
		m := fit(t, tab, labels, &o)
		row := rowOf(m, tab, 0)
		require.Equal(t, []string{"few", "x", "many", "y"}, m.Columns())
		require.Equal(t, -1.0, m.Code(0, "zebra"))
		require.Equal(t, -1.0, m.Code(1, "a"))
		row[0], row[1], row[2] = m.Code(0, "zebra"), math.NaN(), math.NaN()
		for _, code := range []float64{-1, 99, math.Inf(1)} {
			row[0] = code
			parts, _ := m.Contributions(nil, row)
			require.Zero(t, parts[0], "never seen")
			require.Zero(t, parts[1], "no missing value in the fit")
			require.Zero(t, parts[2])
		}
		row[0], row[3] = math.NaN(), math.NaN()
		parts, _ := m.Contributions(nil, row)
		for c, name := range m.Columns() {
			typical, missing, known := 0.0, 0.0, false
			for _, term := range m.Terms() {
				if term.Column == name && term.Part != logistic.Line && term.Part != logistic.Hinge {
					typical += term.Coefficient * term.Mean
					if term.Part == logistic.Missing {
						missing, known = term.Coefficient, true
					}
				}
			}
			require.Equal(t, c == 0 || c == 3, known, name)
			if known {
				require.InDelta(t, missing-typical, parts[c], 1e-12, name)
			}
		}
	}
}

func TestPredictByName(t *testing.T) {
	tab, labels := draw(22, 300)
	m := fit(t, tab, labels, nil)
	want, err := logistic.Predict(t.Context(), m, tab, &logistic.PredictOptions{Workers: 1})
	require.NoError(t, err)
	// Other order of columns and levels, and a column more.
	other := &table.Table[string]{Columns: []table.Column{table.NumberColumn("more", make([]float64, 300)...)}}
	for i := len(tab.Columns) - 1; i >= 0; i-- {
		c := tab.Columns[i]
		if c.Kind == table.Category {
			c.Levels = append([]string{"unused"}, c.Levels...)
			c.Code = slices.Clone(c.Code)
			for row := range c.Code {
				if c.Code[row] >= 0 {
					c.Code[row]++
				}
			}
		}
		other.Columns = append(other.Columns, c)
	}
	got, err := logistic.Predict(t.Context(), m, other, &logistic.PredictOptions{Workers: 3})
	require.NoError(t, err)
	require.Equal(t, want, got)

	_, err = logistic.Predict(t.Context(), m, tab, &logistic.PredictOptions{Workers: -1})
	require.ErrorIs(t, err, logistic.ErrOptions)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = logistic.Predict(t.Context(), m, &table.Table[int]{Columns: tab.Columns[1:]}, nil)
	require.ErrorIs(t, err, logistic.ErrColumn)
	_, err = logistic.Predict(t.Context(), m, &table.Table[int]{Columns: []table.Column{table.NumberColumn("few", 1)}}, nil)
	require.ErrorIs(t, err, logistic.ErrColumn)
	var fault *table.Fault
	_, err = logistic.Predict(t.Context(), m, &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", math.Inf(1))}}, nil)
	require.ErrorAs(t, err, &fault)
}

func TestRows(t *testing.T) {
	tab, labels := draw(23, 300)
	m := fit(t, tab, labels, &logistic.Options{Knots: 3})
	row, dst := rowOf(m, tab, 5), make([]float64, 0, 4)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		m.LogOdds(row)
		m.PredictRow(row)
		m.Contributions(dst, row)
	}))
	require.Panics(t, func() { m.LogOdds(row[1:]) })
	require.Panics(t, func() { m.Contributions(nil, row[1:]) })
	parts, _ := m.Contributions([]float64{7}, row)
	require.Len(t, parts, 5)
	require.Equal(t, 7.0, parts[0])
	terms := m.Terms()
	terms[0].Coefficient = 99
	require.NotEqual(t, 99.0, m.Terms()[0].Coefficient, "the slice belongs to the caller")
}

// TestKnots: knots are quantiles of what is between the smallest and the largest, and bend the line.
func TestKnots(t *testing.T) {
	const n = 4000
	x, labels := make([]float64, n), make([]bool, n)
	u := noise(24, n)
	for i := range n {
		x[i] = float64(i % 1000)
		labels[i] = u[i] < math.Abs(x[i]-500)/250-1 // likelier at both ends
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}
	line, bent := fit(t, tab, labels, nil), fit(t, tab, labels, &logistic.Options{Knots: 3})
	require.Less(t, bent.Report().Deviance, 0.9*line.Report().Deviance)
	var knots []float64
	for _, term := range bent.Terms() {
		if term.Part == logistic.Hinge {
			knots = append(knots, term.Knot)
		}
	}
	require.Equal(t, []float64{250, 499, 749}, knots)
	middle, end := bent.PredictRow([]float64{500}), bent.PredictRow([]float64{990})
	require.Less(t, middle, 0.3)
	require.Greater(t, end, 0.7)

	// Most customers have 0: the knots lie among the others. There is no knot at the ends.
	counts := []float64{0, 0, 0, 0, 0, 0, 1, 2, 3, 9}
	some := []bool{true, false, true, false, true, false, true, true, false, true}
	for want, knots := range map[int][]float64{1: {2}, 2: {1, 2}, 3: {1, 2, 3}, 50: {1, 2, 3}} {
		m := fit(t, &table.Table[int]{Columns: []table.Column{table.NumberColumn("n", counts...)}}, some, &logistic.Options{Knots: want})
		var got []float64
		for _, term := range m.Terms()[2:] {
			require.Equal(t, logistic.Hinge, term.Part)
			got = append(got, term.Knot)
		}
		require.Equal(t, knots, got, want)
	}
}

func TestConstant(t *testing.T) {
	nan := math.NaN()
	labels := []bool{true, false, true, false, false, true}
	m := fit(t, &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("seven", 7, 7, 7, 7, 7, 7),
		table.NumberColumn("nothing", nan, nan, nan, nan, nan, nan),
		table.NumberColumn("known", nan, 5, 5, nan, 5, 5),
		table.CategoryColumn("one", "a", "a", "a", "a", "a", "a"),
		table.CategoryColumn("none", "", "", "", "", "", ""),
		table.CategoryColumn("a or none", "a", "", "", "", "a", ""),
		table.NumberColumn("x", 1, 2, 3, 4, 5, 7),
	}}, labels, nil)
	require.Equal(t, []string{"seven", "nothing", "one", "none"}, m.Report().Constant)
	row := []float64{7, nan, 5, 0, nan, 0, 3}
	z := m.LogOdds(row)
	for _, x := range []float64{-3, 0, 1e6, nan} {
		for _, c := range []int{0, 1, 3, 4} {
			row[c] = x
		}
		require.Equal(t, z, m.LogOdds(row))
	}
	for _, term := range m.Terms() {
		constant := slices.Contains(m.Report().Constant, term.Column) || term.Column == "known" && term.Part == logistic.Line
		require.Equal(t, constant, term.Aliased, "%+v", term)
	}
}

func TestOddsRatio(t *testing.T) {
	term := logistic.Term{Original: math.Log(2), OriginalStdErr: 0.25}
	ratio, low, high := term.OddsRatio(0.95)
	require.InEpsilon(t, 2, ratio, 1e-15)
	require.InEpsilon(t, 2*math.Exp(-1.959963984540054*0.25), low, 1e-12)
	require.InEpsilon(t, 2*math.Exp(1.959963984540054*0.25), high, 1e-12)
	for _, level := range []float64{0, 1, -1, math.NaN()} {
		_, low, high = term.OddsRatio(level)
		require.True(t, math.IsNaN(low) && math.IsNaN(high))
	}
}
