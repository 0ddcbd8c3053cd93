package logistic_test

import (
	"cmp"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// telco returns the 7,043 customers of IBM's Telco customer churn and who left. A blank
// TotalCharges is 0.
func telco(t testing.TB) (*table.Table[string], []bool) {
	t.Helper()
	z := dataset.Open(t, "churn-telco/Telco-Customer-Churn.csv.gz")
	records, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	tab := &table.Table[string]{Compare: cmp.Compare[string]}
	var left []bool
	for c, name := range records[0] {
		var texts []string
		for _, record := range records[1:] {
			texts = append(texts, record[c])
		}
		switch name {
		case "customerID":
			tab.IDs = texts
		case "Churn":
			for _, text := range texts {
				left = append(left, text == "Yes")
			}
		case "tenure", "MonthlyCharges", "TotalCharges":
			values := make([]float64, len(texts))
			for i, text := range texts {
				if text = strings.TrimSpace(text); text != "" {
					values[i], err = strconv.ParseFloat(text, 64)
					require.NoError(t, err)
				}
			}
			tab.Columns = append(tab.Columns, table.NumberColumn(name, values...))
		default:
			tab.Columns = append(tab.Columns, table.CategoryColumn(name, texts...))
		}
	}
	return tab, left
}

// split parts the customers: those whose index is a multiple of 5 are for the test.
func split(tab *table.Table[string], left []bool) (train, test *table.Table[string], trainLeft, testLeft []bool) {
	var rows [2][]int
	var labels [2][]bool
	for i, l := range left {
		part := 0
		if i%5 == 0 {
			part = 1
		}
		rows[part], labels[part] = append(rows[part], i), append(labels[part], l)
	}
	return tab.Take(rows[0]), tab.Take(rows[1]), labels[0], labels[1]
}

// areaUnder returns the area under the ROC curve, by its definition over all pairs.
func areaUnder(p []float64, label []bool) float64 {
	above, pairs := 0.0, 0.0
	for i, x := range p {
		for j, other := range p {
			if label[i] && !label[j] {
				pairs++
				if x > other {
					above++
				} else if x == other {
					above += 0.5
				}
			}
		}
	}
	return above / pairs
}

// measure returns log-loss, Brier's score and the expected calibration error over ten bins of equal width.
func measure(p []float64, label []bool) (logLoss, brier, ece float64) {
	var predicted, seen [10]float64
	for i, x := range p {
		y := b2f(label[i])
		logLoss -= y*math.Log(x) + (1-y)*math.Log1p(-x)
		brier += (x - y) * (x - y)
		bin := min(int(10*x), 9)
		predicted[bin] += x
		seen[bin] += y
	}
	for bin := range predicted {
		ece += math.Abs(predicted[bin] - seen[bin])
	}
	n := float64(len(p))
	return logLoss / n, brier / n, ece / n
}

func termOf(t testing.TB, m *logistic.Model, column, level string) logistic.Term {
	t.Helper()
	for _, term := range m.Terms() {
		if term.Column == column && term.Level == level {
			return term
		}
	}
	require.Fail(t, "no such term", "%s %s", column, level)
	return logistic.Term{}
}

// The optimum of a fixed split of Telco, by scikit-learn 1.2.1 (newton-cholesky, tol 1e-10) on 3 standardised numbers
// and 43 indicators, C=1. The balanced fit is that with class_weight="balanced".
func TestTelcoSplit(t *testing.T) {
	tab, left := telco(t)
	train, test, trainLeft, testLeft := split(tab, left)
	m, err := logistic.Fit(t.Context(), train, trainLeft, nil)
	require.NoError(t, err)
	r := m.Report()
	require.InEpsilon(t, 2319.722729213853, r.Objective, 1e-12)
	require.Equal(t, logistic.StopConverged, r.Stop)
	require.Less(t, r.Gap, 1e-14)
	terms := m.Terms()
	require.Len(t, terms, 47)
	for _, want := range []struct {
		column, level string
		coefficient   float64
	}{
		{"", "", -2.155637},
		{"tenure", "", -1.391371},
		{"Contract", "Month-to-month", .650375},
		{"TotalCharges", "", .632498},
		{"Contract", "Two year", -.606611},
		{"InternetService", "Fiber optic", .516906},
		{"InternetService", "DSL", -.389398},
		{"PaymentMethod", "Electronic check", .318105},
		{"MonthlyCharges", "", -.247127},
	} {
		require.InDelta(t, want.coefficient, termOf(t, m, want.column, want.level).Coefficient, 6e-7, want.column+want.level)
	}
	p, err := logistic.Predict(t.Context(), m, test, 0)
	require.NoError(t, err)
	require.InDelta(t, .835456, areaUnder(p, testLeft), 5e-7)
	logLoss, brier, ece := measure(p, testLeft)
	require.InDelta(t, .425861, logLoss, 5e-7)
	require.InDelta(t, .140045, brier, 5e-7)
	require.InDelta(t, .033410, ece, 5e-7)
	p, err = logistic.Predict(t.Context(), m, train, 0)
	require.NoError(t, err)
	logLoss, brier, ece = measure(p, trainLeft)
	require.InDelta(t, .411356, logLoss, 5e-7)
	require.InDelta(t, .132885, brier, 5e-7)
	require.InDelta(t, .012031, ece, 5e-7)
}

func TestTelcoBalanced(t *testing.T) {
	tab, left := telco(t)
	train, test, trainLeft, testLeft := split(tab, left)
	m, err := logistic.Fit(t.Context(), train, trainLeft, &logistic.Options{Balanced: true})
	require.NoError(t, err)
	p, err := logistic.Predict(t.Context(), m, test, 0)
	require.NoError(t, err)
	require.InDelta(t, .835267, areaUnder(p, testLeft), 5e-7)
	logLoss, _, ece := measure(p, testLeft)
	require.InDelta(t, .425608, logLoss, 5e-7)
	require.InDelta(t, .030141, ece, 5e-7)
	shift := m.Report().Shift
	require.InEpsilon(t, math.Log(1497.0/4137), shift, 1e-14)
	for i, x := range p { // back to what was fitted
		p[i] = 1 / (1 + (1-x)/x*math.Exp(shift))
	}
	logLoss, _, ece = measure(p, testLeft)
	require.InDelta(t, .499087, logLoss, 5e-7)
	require.InDelta(t, .147568, ece, 5e-7)
}

// TestTelcoGLM compares with glm of R on the 7,032 complete rows, as in data/churn-telco: "No internet service" and "No
// phone service" are "No" there.
func TestTelcoGLM(t *testing.T) {
	all, left := telco(t)
	var rows []int
	var labels []bool
	total, _ := all.Column("TotalCharges")
	for i, l := range left {
		if total.Num[i] > 0 {
			rows, labels = append(rows, i), append(labels, l)
		}
	}
	require.Len(t, rows, 7032)
	tab := all.Take(rows)
	for i := range tab.Columns {
		if c := &tab.Columns[i]; c.Kind == table.Category {
			texts := make([]string, c.Len())
			for row := range texts {
				texts[row] = c.Level(row)
				if strings.HasPrefix(texts[row], "No ") {
					texts[row] = "No"
				}
			}
			*c = table.CategoryColumn(c.Name, texts...)
		}
	}
	m, err := logistic.Fit(t.Context(), tab, labels, &logistic.Options{Unpenalized: true})
	require.NoError(t, err)
	r := m.Report()
	require.InDelta(t, 5826.272365, r.Deviance, 5e-7)
	require.InDelta(t, 5874.272365, r.AIC, 5e-7)
	f := dataset.Open(t, "churn-telco/ref_R_glm_coefficients.csv")
	want, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	reference := readReference(t)
	terms := m.Terms()
	for i, term := range terms[1:] {
		require.InEpsilon(t, reference.GLMStdErr[i], term.OriginalStdErr, 1e-7, term.Column)
		require.InEpsilon(t, reference.GLMGVIF[term.Column], term.VIF, 1e-6, term.Column)
	}
	// The weights behind R's standard errors are those of the last but one iteration, so that they are off by 1e-5.
	for _, line := range want[1:] {
		i := slices.IndexFunc(terms, func(term logistic.Term) bool {
			level := term.Level
			if term.Column == "SeniorCitizen" {
				level = "" // a number there
			}
			return term.Column+level == strings.Replace(line[0], "(Intercept)", "", 1)
		})
		require.GreaterOrEqual(t, i, 0, line[0])
		for c, got := range []float64{terms[i].Original, terms[i].OriginalStdErr, terms[i].Original / terms[i].OriginalStdErr} {
			want, err := strconv.ParseFloat(line[1+c], 64)
			require.NoError(t, err)
			require.InEpsilon(t, want, got, []float64{1e-6, 1e-4, 1e-4}[c], line[0])
		}
		if i > 0 {
			p, err := strconv.ParseFloat(line[4], 64)
			require.NoError(t, err)
			require.InEpsilon(t, p, terms[i].P, 1e-3, line[0])
		}
		terms = slices.Delete(terms, i, i+1)
	}
	require.Empty(t, terms)
}

func BenchmarkTelco(b *testing.B) {
	tab, left := telco(b)
	train, _, trainLeft, _ := split(tab, left)
	for b.Loop() {
		if _, err := logistic.Fit(b.Context(), train, trainLeft, nil); err != nil {
			b.Fatal(err)
		}
	}
}
