package logistic_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// prepared is the value of a term for a row, straight from its definition.
func prepared(term *logistic.Term, c *table.Column, row int) float64 {
	switch {
	case term.Part == logistic.Intercept:
		return 1
	case term.Part == logistic.Level:
		return b2f(c.Level(row) == term.Level)
	case term.Part == logistic.Missing:
		return b2f(c.Missing(row))
	case c.Missing(row):
		return 0
	}
	raw := c.Num[row]
	if term.Part == logistic.Hinge {
		raw = max(0, raw-term.Knot)
	}
	return (raw - term.Mean) / term.Scale
}

// requireMinimum checks the conditions of Karush, Kuhn and Tucker: the slope of the loss along a term is -(L2·b + L1·sign b),
// or at most L1 where b is 0, and 0 along the intercept.
func requireMinimum(t *testing.T, m *logistic.Model, tab *table.Table[int], labels []bool, l1, l2, within float64) {
	t.Helper()
	require.Equal(t, logistic.StopConverged, m.Report().Stop)
	p, err := logistic.Predict(t.Context(), m, tab, 1)
	require.NoError(t, err)
	for _, term := range m.Terms() {
		c, _ := tab.Column(term.Column)
		slope := 0.0
		for row, x := range p {
			slope += (x - b2f(labels[row])) * prepared(&term, &c, row)
		}
		switch b := term.Coefficient; {
		case term.Part == logistic.Intercept:
			require.InDelta(t, 0, slope, within)
		case b == 0 && l1 > 0:
			require.LessOrEqual(t, math.Abs(slope), l1+within, "%+v", term)
		case !term.Aliased:
			require.InDelta(t, -l2*b-math.Copysign(l1, b), slope, within, "%+v", term)
		}
	}
}

// TestManyLevels: two categories that nearly determine each other, with levels of few rows and one label.
func TestManyLevels(t *testing.T) {
	const n = 700
	r := rand.New(rand.NewPCG(41, 1))
	city, area, labels := make([]string, n), make([]string, n), make([]bool, n)
	for i := range n {
		c := int(math.Abs(r.NormFloat64()) * 40)
		city[i], area[i] = strconv.Itoa(c), strconv.Itoa(c/7+r.IntN(2))
		labels[i] = r.Float64() < 1/(1+math.Exp(2-float64(c%5)))
	}
	tab := &table.Table[int]{Columns: []table.Column{
		table.CategoryColumn("city", city...), table.CategoryColumn("area", area...), table.NumberColumn("noise", noise(42, n)...),
	}}
	for _, o := range []logistic.Options{{L2: 1}, {L2: 1e-6}, {L1: 1}, {L1: 0.01}, {L1: 0.5, L2: 0.01}} {
		requireMinimum(t, fit(t, tab, labels, &o), tab, labels, o.L1, o.L2, 1e-5)
	}
}

// TestMisleadingSample: the rows of a rare level in the sample that a fit starts from all have the same label.
func TestMisleadingSample(t *testing.T) {
	const n = 5 << 14
	level, labels := make([]string, n), make([]bool, n)
	for i := range n {
		level[i], labels[i] = "common", i%3 == 0
		if i%1000 < 10 {
			level[i], labels[i] = "rare", i%5 == 0
		}
	}
	tab := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("level", level...)}}
	for _, o := range []logistic.Options{{L2: 1e-6}, {Unpenalized: true}, {L1: 1e-6}} {
		m := fit(t, tab, labels, &o)
		require.Equal(t, logistic.StopConverged, m.Report().Stop)
		require.InDelta(t, 0.2, m.PredictRow([]float64{m.Code(0, "rare")}), 1e-6)
	}
}
