package logistic_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// sparseFit is a fit by scikit-learn's saga, tolerance 1e-13.
type sparseFit struct {
	L1, L2, Objective, Intercept float64
	Coefficients                 []float64
}

// reference is what testdata/reference.py writes.
type reference struct {
	Telco     []sparseFit
	L2StdErr  []float64          `json:"telco_l2_std_err"`
	GLMStdErr []float64          `json:"glm_std_err"`
	GLMGVIF   map[string]float64 `json:"glm_gvif"`
	Drawn     struct {
		X    [][]float64
		Y, W []float64
		Fits []sparseFit
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

// requireObjective compares the objective: ours must not be larger.
func (s *sparseFit) requireObjective(t *testing.T, m *logistic.Model) {
	t.Helper()
	r := m.Report()
	require.Equal(t, logistic.StopConverged, r.Stop)
	require.InEpsilon(t, s.Objective, r.Objective, 1e-10)
	require.LessOrEqual(t, r.Objective, s.Objective*(1+1e-14))
}

// requireTerms compares the coefficients.
func (s *sparseFit) requireTerms(t *testing.T, m *logistic.Model) {
	t.Helper()
	terms := m.Terms()
	require.InDelta(t, s.Intercept, terms[0].Coefficient, 1e-9)
	require.Len(t, terms, 1+len(s.Coefficients))
	for i, b := range s.Coefficients {
		require.InDelta(t, b, terms[1+i].Coefficient, 1e-9, terms[1+i].Column)
		if s.L1 > 0 && b == 0 {
			require.Zero(t, terms[1+i].Coefficient)
		}
	}
}

func TestTelcoSparse(t *testing.T) {
	tab, left := telco(t)
	train, _, trainLeft, _ := split(tab, left)
	r := readReference(t)
	for _, want := range r.Telco {
		m, err := logistic.Fit(t.Context(), train, trainLeft, &logistic.Options{L1: want.L1, L2: want.L2})
		require.NoError(t, err)
		want.requireObjective(t, m) // with L1 alone, levels can share their effect in several ways
	}
	m, err := logistic.Fit(t.Context(), train, trainLeft, nil)
	require.NoError(t, err)
	for i, term := range m.Terms() {
		require.InEpsilon(t, r.L2StdErr[i], term.StdErr, 1e-7, term.Column)
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestDrawn(t *testing.T) {
	r := readReference(t)
	tab := &table.Table[int]{}
	for j, x := range r.Drawn.X {
		tab.Columns = append(tab.Columns, table.NumberColumn(string(rune('a'+j)), x...))
	}
	labels := make([]bool, len(r.Drawn.Y))
	for i, y := range r.Drawn.Y {
		labels[i] = y == 1
	}
	for _, want := range r.Drawn.Fits {
		m, err := logistic.Fit(t.Context(), tab, labels, &logistic.Options{L1: want.L1, L2: want.L2, Weights: r.Drawn.W})
		require.NoError(t, err)
		want.requireObjective(t, m)
		want.requireTerms(t, m)
		requireOptimal(t, m, tab, labels, r.Drawn.W, want.L1, want.L2)
	}
}

// requireOptimal checks the conditions of Karush, Kuhn and Tucker of a model of complete numbers: the gradient of the loss
// is -(L2·b + L1·sign b), or at most L1 where b is 0, and 0 along the intercept.
func requireOptimal(t *testing.T, m *logistic.Model, tab *table.Table[int], labels []bool, weights []float64, l1, l2 float64) {
	t.Helper()
	p, err := logistic.Predict(t.Context(), m, tab, 1)
	require.NoError(t, err)
	terms := m.Terms()
	for j, term := range terms {
		slope := 0.0
		for i := range p {
			x := 1.0
			if j > 0 {
				x = (tab.Columns[j-1].Num[i] - term.Mean) / term.Scale
			}
			y := b2f(labels[i])
			slope += weights[i] * (p[i] - y) * x
		}
		b := term.Coefficient
		switch {
		case j == 0:
			require.InDelta(t, 0, slope, 1e-6)
		case b == 0 && l1 > 0:
			require.LessOrEqual(t, math.Abs(slope), l1+1e-6)
		default:
			require.InDelta(t, -l2*b-math.Copysign(l1, b), slope, 1e-6, term.Column)
		}
	}
}
