package churn

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/score"
)

// By chance, the probabilities of the tests are below a level no more often than it says, or not much
// more: also far out, where a report of many columns looks, and with classes that have next to no rows.
func TestWatchNulls(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const rounds = 20_000
	for name, test := range map[string]struct {
		shares    []float64
		base, now int
	}{
		"deciles":      {slices.Repeat([]float64{0.1}, 10), 5000, 500},
		"few now":      {slices.Repeat([]float64{0.1}, 10), 5000, 40},
		"as many":      {slices.Repeat([]float64{0.1}, 10), 400, 400},
		"rare classes": {[]float64{0.9, 0.09, 0.005, 0.002, 0.001, 0.0005, 0.0005, 0.0005, 0.0005}, 10_000, 500},
	} {
		below := map[float64]int{0.05: 0, 0.01: 0, 0.001: 0}
		share := map[float64]int{0.05: 0, 0.01: 0, 0.001: 0}
		for range rounds {
			base, now := multinomial(random, test.base, test.shares), multinomial(random, test.now, test.shares)
			d := newDifference(&watchedSample{base, []float64{1}, float64(test.base), float64(test.base)}, &watchedSample{now, []float64{1}, float64(test.now), float64(test.now)})
			p := (&pastCutoffs{Independent: 9}).nulls(&d, &pastDistance{})
			missing := shareBeyond(d.missing[0], d.missing[1], d.worth)
			for level := range below {
				if p.psi <= level {
					below[level]++
				}
				if missing <= level {
					share[level]++
				}
			}
		}
		for level, n := range below {
			expected := level * rounds
			require.LessOrEqual(t, float64(n), 1.5*expected+4*math.Sqrt(expected), "%s at %g", name, level)
			require.LessOrEqual(t, float64(share[level]), expected+4*math.Sqrt(expected), "missing, %s at %g", name, level)
		}
		if name == "deciles" {
			require.Greater(t, float64(below[0.05]), 0.7*0.05*rounds, "and not much more rarely")
		}
	}
}

// The same of KS, over a hundred bins.
func TestWatchNullOfKS(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const rounds = 2000
	for name, test := range map[string]struct{ base, now int }{"many": {5000, 500}, "few now": {5000, 40}, "as many": {400, 400}} {
		below := map[float64]int{0.1: 0, 0.05: 0, 0.01: 0}
		for range rounds {
			draw := func(rows int) *watchedSample {
				s := &watchedSample{classes: make([]float64, 11), rows: float64(rows), worth: float64(rows)} // the last is of missing
				s.steps = multinomial(random, rows, slices.Repeat([]float64{0.01}, 100))
				for i, n := range s.steps {
					s.classes[i/10] += n
				}
				return s
			}
			d := newDifference(draw(test.base), draw(test.now))
			p := (&pastCutoffs{Independent: 9}).nulls(&d, &pastDistance{})
			require.InDelta(t, p.ks, score.KSPValue(d.ks, float64(test.base), float64(test.now)), 1e-12)
			for level := range below {
				if p.ks <= level {
					below[level]++
				}
			}
		}
		for level, n := range below {
			expected := level * rounds
			require.LessOrEqual(t, float64(n), expected+4*math.Sqrt(expected), "%s at %g", name, level)
		}
		require.Greater(t, float64(below[0.1]), 0.6*0.1*rounds, "%s: and not much more rarely", name)
	}
}

// multinomial counts n draws of classes.
func multinomial(random *rand.Rand, n int, shares []float64) []float64 {
	counts := make([]float64, len(shares))
	left, part := n, 1.0
	for i, p := range shares[:len(shares)-1] {
		k := binomialDraw(random, left, min(p/part, 1))
		counts[i] = float64(k)
		left -= k
		part -= p
	}
	counts[len(shares)-1] = float64(left)
	return counts
}

// binomialDraw counts the geometric waits within n.
func binomialDraw(random *rand.Rand, n int, p float64) (k int) {
	if n == 0 || p <= 0 {
		return 0
	}
	if mean := float64(n) * p; mean > 30 && float64(n)-mean > 30 { // near enough normal
		return min(max(int(math.Round(mean+math.Sqrt(mean*(1-p))*random.NormFloat64())), 0), n)
	}
	for at := 0; ; k++ {
		at += 1 + int(math.Log(1-random.Float64())/math.Log1p(-p))
		if at > n {
			return k
		}
	}
}

// The sum of what is ordinary and of chance is bounded: never less than the probability of either alone, and
// never less than that of their sum.
func TestWatchBeyond(t *testing.T) {
	p := &pastCutoffs{Cutoffs: 13, Independent: 12}
	normal := func(far float64) float64 { return math.Erfc(far / math.Sqrt2) }
	random := rand.New(rand.NewPCG(7, 8))
	for _, far := range []float64{0.5, 2, 4, 8} {
		for _, ordinary := range []float64{0, 0.1, 1, 5} {
			bound := p.beyond(far, ordinary, 0, normal)
			require.GreaterOrEqual(t, bound, normal(far)-1e-15)
			n, all := 0.0, 20_000.0
			for range int(all) {
				scale := 0.0
				for range 12 {
					x := random.NormFloat64()
					scale += x * x / 12
				}
				if math.Abs(random.NormFloat64())+ordinary*math.Abs(random.NormFloat64()/math.Sqrt(scale)) >= far {
					n++
				}
			}
			require.GreaterOrEqual(t, bound, n/all-4*math.Sqrt(n)/all)
		}
	}
	few := &pastCutoffs{Independent: 3}
	require.Equal(t, 1.0, few.beyond(0.2, 0, 0.25, normal))
	require.Equal(t, normal(0.5), few.beyond(0.75, 0, 0.25, normal))
	require.Equal(t, normal(0.25), few.beyond(1, 0.25, 0.25, normal))
	require.InDelta(t, 0.05, studentBeyond(2.178812829663418, 12), 1e-9) // scipy.stats.t.isf(0.025, 12)
}

// Chance alone is taken from the distances of past cut-offs, of customers who stay too.
func TestWatchPastBeyondChance(t *testing.T) {
	race.Skip(t)
	for name, test := range map[string]struct {
		w    watchWorld
		want float64 // variance of the season, which is about the PSI
	}{"independent": {watchWorld{}, 0}, "customers stay": {watchWorld{stays: 0.8}, 0}, "seasons": {watchWorld{season: 0.2}, 0.04}, "both": {watchWorld{stays: 0.8, season: 0.2}, 0.04}} {
		m := watchFit(t, test.w, 10, 100)
		psi, columns := 0.0, 0.0
		for i := range m.columns {
			if c := &m.baseline.Columns[i]; c.Steps != nil {
				psi += c.Past.PSI * c.Past.PSI
				columns++
			}
		}
		require.InDelta(t, test.want, psi/columns, 0.015, name)
	}
}

func TestMeanBridge(t *testing.T) {
	require.InEpsilon(t, math.Pi*math.Pi/12, meanBridge(slices.Repeat([]float64{1}, 1000)), 0.1)
	require.InEpsilon(t, 0.25, meanBridge([]float64{10, 10}), 0.2) // that of a share of one half
	require.Zero(t, meanBridge([]float64{5}))
	require.Zero(t, meanBridge(nil))
}

func TestShortNumber(t *testing.T) {
	for _, c := range [][3]float64{{0, 100, 0}, {37, 500, 40}, {37, 38, 37}, {1.0 / 3, 0.5, 0.4}, {-0.87, -0.86, -0.87}, {-123.456, -120, -120.5}, {1e300, 2e300, 1e300}, {5e-324, 1, 0.5}} {
		x := shortNumber(c[0], c[1])
		require.GreaterOrEqual(t, x, c[0])
		require.Less(t, x, c[1])
	}
	require.Equal(t, 40.0, shortNumber(37, 500))
	require.Equal(t, 37.0, shortNumber(37, 38))
	require.Equal(t, 0.4, shortNumber(1.0/3, 0.5))
	last := math.MaxFloat64
	require.Equal(t, math.Nextafter(last, 0), shortNumber(math.Nextafter(last, 0), last))
}

// What cannot be a baseline is an error; whatever can be one can be watched.
func TestWatchHostileBaseline(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	m := watchFit(t, watchWorld{}, 6, 100)
	good, err := json.Marshal(m)
	require.NoError(t, err)
	current := watchData(t, watchWorld{}, watchCutoffs(30)[29:], 0, 40, 5)
	var parsed map[string]any
	require.NoError(t, json.Unmarshal(good, &parsed))
	column := func(j map[string]any) map[string]any {
		return j["baseline"].(map[string]any)["columns"].([]any)[1].(map[string]any)
	}
	inBaseline := func(name string) func(j map[string]any, x any) {
		return func(j map[string]any, x any) { j["baseline"].(map[string]any)[name] = x }
	}
	of := func(name string) func(j map[string]any, x any) {
		return func(j map[string]any, x any) { column(j)[name] = x }
	}
	past := func(name string) func(j map[string]any, x any) {
		return func(j map[string]any, x any) { j["baseline"].(map[string]any)["past"].(map[string]any)[name] = x }
	}
	quality := func(name string) func(j map[string]any, x any) {
		return func(j map[string]any, x any) {
			j["baseline"].(map[string]any)["quality"].(map[string]any)[name] = x
		}
	}
	many := func(n int) (steps []float64, counts []int) { // of the steps that are there, and n more
		for _, x := range column(parsed)["steps"].([]any) {
			steps = append(steps, x.(float64))
		}
		for _, x := range column(parsed)["counts"].([]any) {
			counts = append(counts, int(x.(float64)))
		}
		for i := range n {
			steps, counts = append(steps, 1e6+float64(i)), append(counts, 0)
		}
		return steps, counts
	}
	more := func(j map[string]any, x any) { column(j)["steps"], column(j)["counts"] = many(x.(int)) }
	estimate := map[string]any{"value": 2, "low": 1, "high": 3}
	for name, test := range map[string]struct {
		set  func(j map[string]any, x any)
		bad  []any
		fine []any
	}{
		"rows":        {inBaseline("rows"), []any{-1, 0, 1e18, 1}, []any{1_000_000}},
		"mean":        {inBaseline("mean"), []any{-0.1, 2, "NaN"}, []any{0, 1}},
		"steps":       {of("steps"), []any{[]float64{1}, []float64{2, 1}, "x"}, nil},
		"many steps":  {more, []any{2000}, []any{0, 100}},
		"counts":      {of("counts"), []any{[]int{1}, []int{-1}, nil}, nil},
		"worth":       {of("worth"), []any{0, -1, 1e9}, []any{0.001, 1}},
		"column past": {of("past"), []any{map[string]any{"psi": -1}, map[string]any{"psi": 1e300}, map[string]any{"ks": 2}, map[string]any{"missing": -1}, map[string]any{"unseen": 1.5}}, []any{map[string]any{"psi": 1e9, "ks": 1, "missing": 1, "unseen": 1}, map[string]any{"psi": 1e-300}}},
		"independent": {past("independent"), []any{-1, 1e6}, []any{0}},
		"cutoffs":     {past("cutoffs"), []any{-1, 0, 1e18}, []any{1e6}},
		"rate":        {past("rate"), []any{-1, 1.1}, []any{0, 1}},
		"auc":         {quality("auc"), []any{estimate, 5}, []any{map[string]any{"value": 1, "low": 0, "high": 1}}},
		"true":        {quality("rate"), []any{estimate}, nil},
		"mean then":   {quality("mean"), []any{-1}, nil},
		"brier":       {quality("brier"), []any{-1, 2}, nil},
		"ece":         {quality("ece"), []any{-1, 2}, nil},
		"log loss":    {quality("log_loss"), []any{-1}, []any{1e308}},
		"slope":       {quality("slope"), []any{map[string]any{"value": 1, "low": 2, "high": 3}}, []any{map[string]any{"value": "NaN", "low": "NaN", "high": "NaN"}, map[string]any{"value": 1, "low": "-Inf", "high": "+Inf"}}},
	} {
		read := func(x any) (*Model, error) {
			var j map[string]any
			require.NoError(t, json.Unmarshal(good, &j))
			test.set(j, x)
			data, err := json.Marshal(j)
			require.NoError(t, err)
			var m Model
			return &m, m.UnmarshalJSON(data)
		}
		for _, x := range test.bad {
			_, err := read(x)
			require.Error(t, err, "%s %v", name, x)
			require.Regexp(t, "^churn: ", err.Error())
		}
		for _, x := range test.fine {
			m, err := read(x)
			require.NoError(t, err, "%s %v", name, x)
			r, err := Watch(t.Context(), m, current, current, nil)
			require.NoError(t, err)
			_, err = json.Marshal(r)
			require.NoError(t, err, "%s %v", name, x)
			require.NotContains(t, r.String(), "NaN")
		}
	}
}
