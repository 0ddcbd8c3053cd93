package survival

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// reference is testdata/reference.json: results of R's package survival, of the versions in
// it, written by testdata/reference.R.
type reference struct {
	Versions struct{ R, Survival string }
	Data     struct {
		X, Z, W, Count, Exit, Entry, Risk []float64
		Event                             []int
		ID                                []int
		G, S                              []string
	}
	Fine        struct{ Exit, Entry []float64 }
	Cox         map[string]referenceCox
	Concordance map[string]struct {
		C, SE float64
		Count []float64
	}
	KM      map[string]referenceKM
	Logrank map[string]referenceRank
	Rossi   struct {
		Efron, Breslow referenceCox
		KM             referenceKM
		Logrank        referenceRank
		LogrankStrata  referenceRank `json:"logrank_strata"`
	}
}

type referenceCox struct {
	Coefficients, Stderr, Loglik, Covariance, Naive []float64
	Score, Wald, LR                                 float64
	KM                                              referenceZPH `json:"zph_km"`
	Identity                                        referenceZPH `json:"zph_identity"`
	Survival                                        [][]float64
	C                                               float64
	SE                                              float64 `json:"c_se"`
	Count                                           []float64
}

type referenceZPH struct {
	ChiSq, P []float64
	DF       []int
}

type referenceKM struct {
	Time, N, Events, Surv, Stderr, Low, High, Cumhaz, Chazse []float64
	Quantile                                                 []any
	QLow, QHigh                                              []any
	RMean                                                    []float64
}

type referenceRank struct {
	Obs, Exp []float64
	ChiSq, P float64
	DF       int
}

func readReference(t *testing.T) *reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(data, &r))
	return &r
}

func events(x []int) []bool {
	e := make([]bool, len(x))
	for i, v := range x {
		e[i] = v != 0
	}
	return e
}

func near(t *testing.T, want, got float64, what ...any) {
	t.Helper()
	require.InDelta(t, want, got, 1e-8*max(1, math.Abs(want)), what...)
}

// relative is near without the allowance for numbers below 1.
func relative(t *testing.T, want, got float64, what ...any) {
	t.Helper()
	require.InDelta(t, want, got, 1e-8*math.Abs(want), what...)
}

func nearAll(t *testing.T, want, got []float64, what ...any) {
	t.Helper()
	require.Len(t, got, len(want), what...)
	for i := range want {
		near(t, want[i], got[i], what...)
	}
}

func (r *reference) table() *table.Table[int] {
	return &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", r.Data.X...), table.NumberColumn("z", r.Data.Z...), table.CategoryColumn("g", r.Data.G...),
	}}
}

// checkCox compares a model with R.
func checkCox(t *testing.T, want referenceCox, m *Cox, tab *table.Table[int], d *Data) {
	t.Helper()
	for j, term := range m.Terms() {
		relative(t, want.Coefficients[j], term.Coefficient, "coefficient of %s %s", term.Column, term.Level)
		relative(t, want.Stderr[j], term.StdErr, "standard error of %s %s", term.Column, term.Level)
		if want.Naive != nil {
			relative(t, want.Naive[j], term.ModelStdErr, "model's standard error of %s %s", term.Column, term.Level)
		}
		relative(t, want.Coefficients[j]/want.Stderr[j], term.Z)
	}
	p := len(m.Terms())
	for i := range want.Covariance {
		relative(t, want.Covariance[i], m.Covariance(i/p, i%p))
	}
	report := m.Report()
	near(t, want.Loglik[0], report.NullLogLikelihood)
	near(t, want.Loglik[1], report.LogLikelihood)
	near(t, want.Score, report.Score.Statistic)
	near(t, want.Wald, report.Wald.Statistic)
	near(t, 2*(want.Loglik[1]-want.Loglik[0]), report.LikelihoodRatio.Statistic)
	for g, zph := range map[Transform]referenceZPH{KM: want.KM, Identity: want.Identity} {
		if zph.ChiSq == nil {
			continue
		}
		tests, err := ProportionalHazards(t.Context(), m, tab, d, g, nil)
		require.NoError(t, err)
		require.Len(t, tests, len(zph.ChiSq))
		for i, test := range tests {
			near(t, zph.ChiSq[i], test.Statistic, "%v test %d", g, i)
			near(t, zph.P[i], test.P, "%v test %d", g, i)
			require.Equal(t, zph.DF[i], test.DF)
		}
	}
}

func TestCoxAsR(t *testing.T) {
	r := readReference(t)
	for name, want := range r.Cox {
		t.Run(name, func(t *testing.T) {
			has := func(what string) bool { return strings.Contains(name, what) }
			d := &Data{Exit: r.Data.Exit, Event: events(r.Data.Event)}
			entry := r.Data.Entry
			if has("fine") {
				d.Exit, entry = r.Fine.Exit, r.Fine.Entry
			}
			opts := &Options{}
			if has("entry") {
				d.Entry = entry
			}
			if has("strata") {
				d.Strata = r.Data.S
			}
			if has("weights") {
				d.Weights = r.Data.W
			}
			if has("cluster") {
				opts.Cluster = r.Data.ID
			}
			if has("breslow") {
				opts.Ties = Breslow
			}
			tab := r.table()
			m, err := FitCox(t.Context(), tab, d, opts)
			require.NoError(t, err)
			checkCox(t, want, m, tab, d)
			stratum := ""
			if has("strata") {
				stratum = "south"
			}
			for i, row := range [][]float64{{-1, 110, m.Code(2, "a")}, {.5, 180, m.Code(2, "c")}} {
				f, err := m.Forecast(row, stratum)
				require.NoError(t, err)
				for k, at := range []float64{3, 10.5, 20} {
					near(t, want.Survival[k][i], f.Survival(at))
				}
			}
		})
	}
}

func TestConcordanceAsR(t *testing.T) {
	r := readReference(t)
	for name, want := range r.Concordance {
		t.Run(name, func(t *testing.T) {
			d := &Data{Exit: r.Data.Exit, Event: events(r.Data.Event)}
			if strings.Contains(name, "entry") {
				d.Entry = r.Data.Entry
			}
			if strings.Contains(name, "strata") {
				d.Strata = r.Data.S
			}
			if strings.Contains(name, "weights") {
				d.Weights = r.Data.W
			}
			got, err := Concordance(d, r.Data.Risk)
			require.NoError(t, err)
			nearAll(t, want.Count, []float64{got.Concordant, got.Discordant, got.TiedRisk, got.TiedTime, got.TiedBoth})
			near(t, want.C, got.C)
			near(t, want.SE, got.StdErr)
		})
	}
}

func checkKM(t *testing.T, want referenceKM, c *Curve) {
	t.Helper()
	require.Len(t, c.Steps, len(want.Time))
	for i, s := range c.Steps {
		for k, x := range []float64{s.Time, s.AtRisk, s.Events, s.Survival, s.StdErr, s.Low, s.High, s.Hazard, s.HazardStdErr} {
			near(t, [][]float64{want.Time, want.N, want.Events, want.Surv, want.Stderr, want.Low, want.High, want.Cumhaz, want.Chazse}[k][i], x)
		}
	}
	same := func(want any, got float64) {
		if x, ok := want.(float64); ok {
			near(t, x, got)
		} else {
			require.True(t, math.IsNaN(got), "%v, want %v", got, want)
		}
	}
	for i, p := range []float64{.25, .5, .75} {
		q, low, high := c.Quantile(p)
		same(want.Quantile[i], q)
		same(want.QLow[i], low)
		same(want.QHigh[i], high)
	}
	mean, se := c.Mean(20)
	nearAll(t, want.RMean, []float64{mean, se})
}

func TestKaplanMeierAsR(t *testing.T) {
	r := readReference(t)
	for name, want := range r.KM {
		t.Run(name, func(t *testing.T) {
			d := &Data{Exit: r.Data.Exit, Event: events(r.Data.Event)}
			switch name {
			case "entry":
				d.Entry = r.Data.Entry
			case "weights":
				d.Weights = r.Data.Count
			}
			curves, err := KaplanMeier(d, .95)
			require.NoError(t, err)
			require.Len(t, curves, 1)
			checkKM(t, want, &curves[0])
		})
	}
}

func checkRank(t *testing.T, want referenceRank, got *Rank) {
	t.Helper()
	nearAll(t, want.Obs, got.Observed)
	nearAll(t, want.Exp, got.Expected)
	near(t, want.ChiSq, got.Statistic)
	near(t, want.P, got.P)
	require.Equal(t, want.DF, got.DF)
}

func TestLogRankAsR(t *testing.T) {
	r := readReference(t)
	for name, want := range r.Logrank {
		t.Run(name, func(t *testing.T) {
			d := &Data{Exit: r.Data.Exit, Event: events(r.Data.Event)}
			groups := r.Data.G
			switch name {
			case "strata":
				d.Strata = r.Data.S
			case "two":
				groups = r.Data.S
			}
			got, err := LogRank(d, groups)
			require.NoError(t, err)
			checkRank(t, want, got)
		})
	}
}
