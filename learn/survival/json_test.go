package survival

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

var update = flag.Bool("update", false, "write golden files anew")

const golden = "testdata/cox_v1.json"

// goldenModel is of numbers that are exact in binary, so that it is the same on any machine
// but for the last digits.
func goldenModel(t testing.TB) *Cox {
	rng := rand.New(rand.NewPCG(15, 5))
	tab, d := randomCox(rng, 60, 1, true, true, true, true)
	withCategory(rng, tab)
	tab.Columns = append(tab.Columns, table.NumberColumn("constant", make([]float64, 60)...))
	opts := &Options{}
	for i := range 60 {
		opts.Cluster = append(opts.Cluster, i/2)
	}
	m, err := FitCox(t.Context(), tab, d, opts)
	require.NoError(t, err)
	return m
}

func TestCoxJSON(t *testing.T) {
	m := goldenModel(t)
	data, err := json.MarshalIndent(m, "", " ")
	require.NoError(t, err)
	data = append(data, '\n')
	if *update {
		require.NoError(t, os.WriteFile(golden, data, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	var read Cox
	require.NoError(t, json.Unmarshal(want, &read))
	require.Equal(t, m.Columns(), read.Columns())
	for j, term := range read.Terms() {
		near(t, m.terms[j].Coefficient, term.Coefficient)
		require.Equal(t, m.terms[j].Aliased, term.Aliased)
		require.Equal(t, m.terms[j].Level, term.Level)
		if !term.Aliased {
			near(t, m.terms[j].StdErr, term.StdErr)
			near(t, m.terms[j].P, term.P)
		}
	}
	near(t, m.Report().Score.P, read.Report().Score.P)
	require.Equal(t, len(m.baselines), len(read.baselines))
	for s, b := range read.Baselines() {
		require.Equal(t, m.baselines[s].Times, b.Times)
		nearAll(t, m.baselines[s].Hazard, b.Hazard)
	}
	twice, err := json.MarshalIndent(&read, "", " ")
	require.NoError(t, err)
	require.Equal(t, string(want), string(twice)+"\n")
	a, err := m.Forecast([]float64{.5, 1, 0}, "b")
	require.NoError(t, err)
	b, err := again(t, m).Forecast([]float64{.5, 1, 0}, "b")
	require.NoError(t, err)
	require.Equal(t, a, b)
}

func TestCoxJSONRefusesWhatIsNoModel(t *testing.T) {
	text := marshalled(t, goldenModel(t))
	for _, c := range []struct{ name, old, new string }{
		{"another kind", `"kind":"survival.Cox"`, `"kind":"logistic.Model"`},
		{"another version", `"version":1`, `"version":2`},
		{"unknown ties", `"ties":"efron"`, `"ties":"exact"`},
		{"unknown kind of column", `"kind":"number"`, `"kind":"text"`},
		{"levels of a number", `"name":"x0","kind":"number"`, `"name":"x0","kind":"number","levels":["a"]`},
		{"a level twice", `"gold","silver","wood"`, `"gold","gold","wood"`},
		{"a level more", `"gold","silver","wood"`, `"gold","silver","wood","steel"`},
		{"a level less", `"gold","silver","wood"`, `"gold","silver"`},
		{"a name twice", `"name":"tier"`, `"name":"x0"`},
		{"scale of a level", `"scale":1,`, `"scale":2,`},
		{"covariance of another size", `"covariance":[`, `"covariance":[1,`},
		{"strata that do not ascend", `"stratum":"a"`, `"stratum":"c"`},
		{"times that do not ascend", `"times":[`, `"times":[1e9,`},
		{"no rows", `"rows":`, `"rows":-`},
		{"negative statistic", `"wald":`, `"wald":-`},
		{"half of it", text[len(text)/2:], ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(text, c.old, c.new, 1)
			require.NotEqual(t, text, bad)
			var m Cox
			require.Error(t, json.Unmarshal([]byte(bad), &m))
			require.Equal(t, Cox{}, m)
		})
	}
}

func FuzzCoxJSON(f *testing.F) {
	f.Add(marshalledSeed(f))
	f.Add([]byte(`{"version":1,"kind":"survival.Cox","ties":"efron","columns":[],"terms":[],"covariance":[],` +
		`"baselines":[{"stratum":"","times":[],"hazard":[],"end":3}],"report":{"rows":1,"weight":1,"events":1}}`))
	f.Add([]byte(`{"version":1,"kind":"survival.Cox","columns":[{"name":"a","kind":"category"}],"baselines":[{}],"report":{"rows":1,"weight":1,"events":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m Cox
		if json.Unmarshal(data, &m) != nil {
			return
		}
		text, err := json.Marshal(&m)
		require.NoError(t, err)
		var read Cox
		require.NoError(t, json.Unmarshal(text, &read))
		require.Equal(t, string(text), marshalled(t, &read))
		for _, b := range m.Baselines() {
			f, err := m.Forecast(make([]float64, len(m.columns)), b.Stratum)
			require.NoError(t, err)
			last := 1.
			for _, at := range []float64{0, b.End / 3, b.End} {
				s := f.Survival(at)
				require.False(t, s > last || s < 0)
				last = s
			}
			f.Remaining(b.End/3, b.End/2)
			f.Median(0)
		}
		for i := range m.Terms() {
			m.Covariance(0, i)
			m.terms[i].HazardRatio(.95)
		}
	})
}

func marshalledSeed(f *testing.F) []byte {
	data, err := json.Marshal(goldenModel(f))
	require.NoError(f, err)
	return data
}
