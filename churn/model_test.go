package churn

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// modelPlan is the plan of hand-made data sets.
var modelPlan = Plan{Window: 365, Gap: 7, Horizon: 30}

var (
	modelTrain     = []Day{Date(2024, time.January, 1), Date(2024, time.January, 31)}
	modelCalibrate = []Day{Date(2024, time.March, 8)}
)

// modelSchema is a small schema with all that there is to say sentences about.
func modelSchema(t testing.TB) schema {
	t.Helper()
	s := schema{Windows: []int{30}, Kinds: []string{Contact, Purchase, Refund, "visit"}, Channels: []string{"app", "web"}, Categories: []string{"toys"}, Window: 365}
	own := Info{Name: "points", Group: "loyalty", Measure: measureOwn.String(), Text: Text{"Loyalty points", "积分"}}
	require.NoError(t, s.complete([]Info{own}))
	require.NoError(t, s.validate())
	return s
}

// modelData makes a data set of chance values, with a label that depends on silence and
// purchases.
func modelData(t testing.TB, cutoffs []Day, customers int, seed uint64) *Dataset[int] {
	t.Helper()
	s := modelSchema(t)
	random := rand.New(rand.NewPCG(seed, 1))
	d := &Dataset[int]{
		Table:   &table.Table[Subject[int]]{Compare: compareSubjects(func(a, b int) int { return a - b })},
		Columns: s.Columns, label: "no purchase within 30 days", plan: modelPlan, schema: s,
	}
	for _, cutoff := range cutoffs {
		d.Report.Cutoffs = append(d.Report.Cutoffs, CutoffReport{Cutoff: cutoff, Rows: customers})
	}
	for customer := range customers {
		for _, cutoff := range cutoffs {
			d.Table.IDs = append(d.Table.IDs, Subject[int]{customer, cutoff})
		}
	}
	rows := len(d.Table.IDs)
	logOdds := make([]float64, rows)
	levels := map[string][]string{}
	for _, c := range s.columns() {
		levels[c.Name] = c.levels
	}
	for _, info := range s.Columns {
		c := table.Column{Name: info.Name, Kind: table.Number}
		if levels[info.Name] != nil {
			c.Kind, c.Levels, c.Code = table.Category, levels[info.Name], make([]int32, rows)
			for row := range c.Code {
				c.Code[row] = int32(random.IntN(len(c.Levels)+1) - 1)
			}
			d.Table.Columns = append(d.Table.Columns, c)
			continue
		}
		c.Num = make([]float64, rows)
		for row := range c.Num {
			c.Num[row] = modelValue(random, measureNamed[info.Measure])
			switch {
			case info.Name == silenceColumn:
				logOdds[row] += (c.Num[row] - 40) / 25
			case info.Name == "purchase_count_30d":
				logOdds[row] -= c.Num[row] / 2
			case measures[measureNamed[info.Measure]].unit != unitCount && random.IntN(7) == 0:
				c.Num[row] = math.NaN()
			}
		}
		d.Table.Columns = append(d.Table.Columns, c)
	}
	for _, z := range logOdds {
		d.Labels = append(d.Labels, random.Float64() < 1/(1+math.Exp(-z)))
	}
	return d
}

func modelValue(random *rand.Rand, m measure) float64 {
	switch unit := measures[m].unit; {
	case measures[m].log || unit == unitSurprise:
		return random.NormFloat64()
	case unit == unitCount:
		return float64(random.IntN(5))
	case unit == unitDays:
		return float64(random.IntN(100))
	case unit == unitMoney:
		return float64(random.IntN(100_000))
	default:
		return random.Float64()
	}
}

// modelRows returns n chance rows of a model, with missing values and levels it does not know.
func modelRows(m *Model, n int, seed uint64) [][]float64 {
	random := rand.New(rand.NewPCG(seed, 2))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, len(m.columns))
		for k := range rows[i] {
			switch c := &m.columns[k]; {
			case random.IntN(5) == 0:
				rows[i][k] = math.NaN()
			case c.kind() == table.Category:
				rows[i][k] = float64(random.IntN(len(c.Levels)+1) - 1)
			default:
				rows[i][k] = 3 * modelValue(random, m.measureOf(k))
			}
		}
	}
	return rows
}

// modelFit returns a small model, which is fitted once for equal options and not to be changed.
func modelFit(t testing.TB, opts *FitOptions) *Model {
	t.Helper()
	key := FitOptions{}
	if opts != nil {
		key = *opts
	}
	m, ok := modelsFitted.Load(key)
	if !ok {
		m, _ = modelsFitted.LoadOrStore(key, modelFitted(t, opts))
	}
	return m.(*Model)
}

var modelsFitted sync.Map

func modelFitted(t testing.TB, opts *FitOptions) *Model {
	t.Helper()
	m, err := Fit(t.Context(), modelData(t, modelTrain, 300, 1), modelData(t, modelCalibrate, 300, 2), opts)
	require.NoError(t, err)
	return m
}

// modelMethods are the options of a model of each method.
func modelMethods() map[string]*FitOptions {
	return map[string]*FitOptions{"logistic": nil, "tree": {Method: Tree}, "boosted": {Method: Boosted}}
}

func TestMethodText(t *testing.T) {
	for _, m := range []Method{Logistic, Tree, Boosted} {
		text, err := m.MarshalText()
		require.NoError(t, err)
		require.Equal(t, m.String(), string(text))
		var back Method
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, m, back)
	}
	_, err := Method(9).MarshalText()
	require.Error(t, err)
	require.Error(t, new(Method).UnmarshalText([]byte("magic")))
}

func TestModelSaysWhatItIs(t *testing.T) {
	train := modelData(t, modelTrain, 300, 1)
	for name, opts := range modelMethods() {
		m := modelFit(t, opts)
		require.Equal(t, train.label, m.Label())
		require.Equal(t, modelPlan, m.Plan())
		require.Equal(t, name, m.Method().String())
		require.Equal(t, train.Columns, m.Columns())
		text := m.String()
		require.Contains(t, text, "no purchase within 30 days: "+name)
		require.Contains(t, text, "fitted on 600 rows")
		require.Contains(t, text, "cut-offs 2024-01-01 to 2024-01-31")
		require.Contains(t, text, "calibrated on 300 rows")
		require.Contains(t, text, silenceColumn)
	}
	m, err := Fit(t.Context(), train, nil, nil)
	require.NoError(t, err)
	require.Contains(t, m.String(), "not calibrated")
}
