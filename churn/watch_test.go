package churn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"

	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// watchWorld is how hand-made rows to watch come about: numbers have a normal part that stays with a customer,
// one of the row and one of the cut-off.
type watchWorld struct {
	stays  float64 // variance of the part of the customer, beside 1 of both
	season float64 // standard deviation of the part of the cut-off
	every  int     // only one of so many columns has a part of the cut-off; 0: each
	lasts  float64 // correlation of the parts of cut-offs a horizon apart
}

// partOf returns the part of a cut-off of a column.
func (w *watchWorld) partOf(day Day, column int) (sum float64) {
	weight := w.season * math.Sqrt(1-w.lasts*w.lasts)
	for weight > w.season/100 {
		sum += weight * rand.New(rand.NewPCG(uint64(day), uint64(column))).NormFloat64()
		day -= Day(modelPlan.Horizon)
		weight *= w.lasts
	}
	return sum
}

// watchCutoffs returns n cut-offs a horizon apart.
func watchCutoffs(n int) (days []Day) {
	for i := range n {
		days = append(days, Date(2022, time.January, 1)+Day(i*modelPlan.Horizon))
	}
	return days
}

// watchData makes rows of customers from first on, each at all cut-offs.
func watchData(t testing.TB, w watchWorld, cutoffs []Day, first, customers int, seed uint64) *Dataset[int] {
	t.Helper()
	d := modelData(t, cutoffs, customers, seed)
	random := rand.New(rand.NewPCG(seed, 77))
	for i := range d.Table.IDs {
		d.Table.IDs[i].Customer += first
	}
	own := rand.NewPCG(0, 0)
	for i := range d.Table.Columns {
		c := &d.Table.Columns[i]
		if c.Kind != table.Number {
			continue
		}
		shift := make(map[Day]float64)
		for _, day := range cutoffs {
			if w.every == 0 || i%w.every == 0 {
				shift[day] = w.partOf(day, i)
			}
		}
		for row, x := range c.Num {
			id := d.Table.IDs[row]
			own.Seed(uint64(id.Customer), uint64(i)+1000)
			c.Num[row] = math.Sqrt(w.stays)*rand.New(own).NormFloat64() + math.Sqrt(1-w.stays)*random.NormFloat64() + shift[id.Cutoff]
			if math.IsNaN(x) {
				c.Num[row] = x
			}
		}
		if c.Name == silenceColumn {
			for row, x := range c.Num {
				d.Labels[row] = random.Float64() < 1/(1+math.Exp(-x))
			}
		}
	}
	return d
}

// watchFit returns a model of customers at so many cut-offs, calibrated on two later ones. It is fitted once, and not
// to be changed.
func watchFit(t testing.TB, w watchWorld, cutoffs, customers int) *Model {
	t.Helper()
	key := watchFitted{w, cutoffs, customers}
	if m, ok := watchModels.Load(key); ok {
		return m.(*Model)
	}
	days := watchCutoffs(cutoffs + 4)
	m, err := Fit(t.Context(), watchData(t, w, days[:cutoffs], 0, customers, 1), watchData(t, w, days[cutoffs+2:], 0, customers, 2), nil)
	require.NoError(t, err)
	watchModels.Store(key, m)
	return m
}

type watchFitted struct {
	w                  watchWorld
	cutoffs, customers int
}

var watchModels sync.Map

// falseAlarms watches rows of the same world, every second time of the same customers, and
// returns in how many of the reports a column or the score has shifted, and performance is found worse.
func falseAlarms(t *testing.T, w watchWorld, cutoffs, customers, reports int) (shifted, worse int) {
	t.Helper()
	m := watchFit(t, w, cutoffs, customers)
	days := watchCutoffs(cutoffs + 60)[cutoffs+5:]
	for i := range reports {
		first, day := 10_000*(i%2), days[i%50]
		current := watchData(t, w, []Day{day}, first, 200+200*(i%3), uint64(1000+i))
		past := watchData(t, w, []Day{day, day + 30}, first, 150, uint64(9000+i))
		r, err := Watch(t.Context(), m, current, past, nil)
		require.NoError(t, err)
		if r.Shifted > 0 || r.Score.Drift == DriftShifted {
			shifted++
		}
		p := r.Performance
		if p.AUCDrift != DriftStable || p.RateDrift != DriftStable || p.SlopeDrift != DriftStable {
			worse++
		}
	}
	return shifted, worse
}

// watchWorlds are those where nothing has changed.
var watchWorlds = map[string]watchWorld{"independent": {}, "customers stay": {stays: 0.8}, "seasons": {season: 0.2}, "both": {stays: 0.8, season: 0.2}}

// Noise is no alarm: where nothing has changed, reports that call a column shifted are no more than the
// level says. The test with tag long has more of them.
func TestWatchNoise(t *testing.T) {
	const reports = 6
	shifted, worse := 0, 0
	for name, w := range watchWorlds {
		s, p := falseAlarms(t, w, 10, 100, reports)
		t.Logf("%s: of %d reports %d shifted, %d worse", name, reports, s, p)
		shifted += s
		worse += p
	}
	// 6 of 24 have a probability of 0.001 at the level of 0.05.
	require.Len(t, watchWorlds, 4)
	require.LessOrEqual(t, shifted, 5)
	require.LessOrEqual(t, worse, 5)
}

// watchChange returns rows of which a column is changed.
func watchChange(d *Dataset[int], name string, change func(c *table.Column)) *Dataset[int] {
	changed, t := *d, *d.Table
	t.Columns = slices.Clone(t.Columns)
	changed.Table = &t
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Name == name {
			c.Num, c.Code, c.Levels = slices.Clone(c.Num), slices.Clone(c.Code), slices.Clone(c.Levels)
			change(c)
		}
	}
	return &changed
}

// What has changed is found, and nothing else is.
func TestWatchFindsShifts(t *testing.T) {
	each := func(f func(row int, x float64) float64) func(c *table.Column) {
		return func(c *table.Column) {
			for row, x := range c.Num {
				c.Num[row] = f(row, x)
			}
		}
	}
	level := func(part int) func(c *table.Column) {
		return func(c *table.Column) {
			c.Levels = append(c.Levels, "fax")
			for row := range c.Code {
				if row%part == 0 {
					c.Code[row] = int32(len(c.Levels) - 1)
				}
			}
		}
	}
	w := watchWorld{}
	m := watchFit(t, w, 12, 200)
	current := watchData(t, w, []Day{watchCutoffs(30)[29]}, 50_000, 2000, 5)
	for _, test := range []struct {
		name, column string
		change       func(c *table.Column)
	}{
		{"scale by 1.5", "purchase_sum_30d", each(func(_ int, x float64) float64 { return 1.5 * x })},
		{"mean by 0.3 standard deviations", "purchase_gap_mean", each(func(_ int, x float64) float64 { return x + 0.3 })},
		{"constant", "refund_sum_30d", each(func(int, float64) float64 { return 0 })},
		{"a cent for a dollar", "purchase_mean", each(func(_ int, x float64) float64 { return 100 * x })},
		{"missing", "purchase_span_share", each(func(row int, x float64) float64 {
			if row%10 == 0 {
				return math.NaN()
			}
			return x
		})},
		{"all missing", "purchase_rate", each(func(int, float64) float64 { return math.NaN() })},
		{"a new level", "channel_last", level(40)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Watch(t.Context(), m, watchChange(current, test.column, test.change), nil, nil)
			require.NoError(t, err)
			require.Equal(t, 1, r.Shifted, "%s", r)
			c := r.Columns[0]
			require.Equal(t, test.column, c.Name)
			require.Equal(t, DriftShifted, c.Drift)
			require.Less(t, c.P, 0.001)
			if test.column == "channel_last" {
				require.InDelta(t, 1.0/40, c.Unseen, 1e-12)
				require.Nil(t, c.Median)
			} else if test.name == "constant" {
				require.Zero(t, *c.Median)
			}
		})
	}
}

// A shift of what the model makes nothing of wakes nobody.
func TestWatchImportance(t *testing.T) {
	m := *watchFit(t, watchWorld{}, 12, 200)
	current := watchChange(watchData(t, watchWorld{}, []Day{watchCutoffs(30)[29]}, 50_000, 2000, 5), "purchase_sum_30d", func(c *table.Column) {
		for row := range c.Num {
			c.Num[row]++
		}
	})
	i := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == "purchase_sum_30d" })
	m.baseline.Columns = slices.Clone(m.baseline.Columns)
	for effect, alarm := range map[float64]bool{0: false, 0.5: true} {
		m.baseline.Columns[i].Effect = effect
		r, err := Watch(t.Context(), &m, current, nil, nil)
		require.NoError(t, err)
		require.Equal(t, 1, r.Shifted)
		require.Equal(t, alarm, r.Alarm)
		if alarm {
			require.Equal(t, "columns", r.Findings[0].Code)
			require.Contains(t, r.Findings[0].Text.EN, "1 of 59 columns shifted")
			require.Contains(t, r.Findings[0].Text.ZH, "59列中有1列发生漂移")
		}
	}
	for i := range m.baseline.Columns {
		m.baseline.Columns[i].Effect = 1e308 // as a file may say
	}
	r, err := Watch(t.Context(), &m, current, nil, nil)
	require.NoError(t, err)
	require.InDelta(t, 1.0/59, r.Columns[0].Importance, 1e-12)
	require.InDelta(t, 1.0/59, r.ShiftedImportance, 1e-12)
}

// The figures of a column are those of their definitions.
func TestWatchByHand(t *testing.T) {
	m := watchFit(t, watchWorld{}, 6, 100)
	train := watchData(t, watchWorld{}, watchCutoffs(6), 0, 100, 1)
	current := watchData(t, watchWorld{season: 0.3}, []Day{watchCutoffs(30)[29]}, 0, 300, 5)
	r, err := Watch(t.Context(), m, current, nil, nil)
	require.NoError(t, err)
	share := func(c table.Column, is func(row int) bool) float64 {
		n := 0
		for row := range max(len(c.Num), len(c.Code)) {
			if is(row) {
				n++
			}
		}
		return float64(n) / float64(max(len(c.Num), len(c.Code)))
	}
	probability := func(d *Dataset[int]) table.Column {
		p, err := Predict(t.Context(), m, d)
		require.NoError(t, err)
		return table.NumberColumn("probability", p...)
	}
	require.InDelta(t, meanOf(probability(train).Num), r.BaselineMean, 1e-12)
	require.InDelta(t, meanOf(probability(current).Num), r.Mean, 1e-12)
	for _, w := range append(slices.Clone(r.Columns), r.Score) {
		was, _ := train.Table.Column(w.Name)
		is, _ := current.Table.Column(w.Name)
		b := &m.baseline.Score
		if w.Name == "probability" {
			was, is = probability(train), probability(current)
		} else {
			b = &m.baseline.Columns[slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == w.Name })]
		}
		require.InDelta(t, share(was, was.Missing), w.BaselineMissing, 1e-12)
		require.InDelta(t, share(is, is.Missing), w.Missing, 1e-12)
		in := func(c table.Column, class int) float64 {
			return share(c, func(row int) bool {
				if c.Missing(row) {
					return class == -1
				}
				if c.Kind == table.Category {
					return int(c.Code[row]) == class
				}
				return b.Edges.Of(c.Num[row]) == class
			})
		}
		psi, pearson, ratio, free := 0.0, 0.0, 0.0, -1.0
		for class := -1; class < len(b.Shares)-1; class++ {
			p, q := in(was, class), in(is, class)
			if p+q == 0 {
				continue
			}
			free++
			n, now, pooled := p*b.Worth, q*300, (p*b.Worth+q*300)/(b.Worth+300)
			for _, x := range [][2]float64{{n, pooled * b.Worth}, {now, pooled * 300}} {
				pearson += (x[0] - x[1]) * (x[0] - x[1]) / x[1]
				if x[0] > 0 {
					ratio += 2 * x[0] * math.Log(x[0]/x[1])
				}
			}
			if p == 0 {
				p = 0.5 / b.Worth
			}
			if q == 0 {
				q = 0.5 / 300
			}
			psi += (q - p) * math.Log(q/p)
		}
		require.InDelta(t, psi, w.PSI, 1e-9, w.Name)
		psiP := 1.0
		if free > 0 {
			psiP = mathext.GammaIncRegComp(free/2, min(pearson, ratio)/2)
		}
		require.InDelta(t, psiP, w.PSIP, 1e-9, w.Name)
		if is.Kind == table.Category {
			require.Equal(t, []float64{0, 1}, []float64{w.KS, w.KSP})
			continue
		}
		known := func(c table.Column) []float64 {
			return slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(c.Num), math.IsNaN)))
		}
		x, y := known(was), known(is)
		require.Equal(t, y[(len(y)-1)/2], *w.Median)
		exact := 0.0
		for _, at := range slices.Concat(x, y) {
			below := func(values []float64) float64 {
				n, _ := slices.BinarySearchFunc(values, at, func(v, at float64) int {
					if v <= at {
						return -1
					}
					return 1
				})
				return float64(n) / float64(len(values))
			}
			exact = max(exact, math.Abs(below(x)-below(y)))
		}
		require.LessOrEqual(t, w.KS, exact+1e-12)
		require.Greater(t, w.KS, exact-0.03, "a hundredth, and what chance puts there of 300")
		require.InDelta(t, score.KSPValue(w.KS, b.Worth*float64(len(x))/600, float64(len(y))), w.KSP, 1e-12, w.Name)
	}
	require.Equal(t, "probability", r.Score.Name)
	require.Greater(t, r.Score.PSI, 0.0)
	require.Equal(t, r.Score.KSP < 1, r.Score.KS > 0)
}

// Probabilities that have shifted are a finding of their own: columns are one only from an importance
// of all on.
func TestWatchScore(t *testing.T) {
	m := watchFit(t, watchWorld{}, 12, 200)
	current := watchData(t, watchWorld{}, []Day{watchCutoffs(30)[29]}, 50_000, 1000, 5)
	r, err := Watch(t.Context(), m, current, nil, &WatchOptions{Importance: 1})
	require.NoError(t, err)
	require.Equal(t, DriftStable, r.Score.Drift)
	require.Empty(t, r.Findings)
	silent := watchChange(current, silenceColumn, func(c *table.Column) {
		for row := range c.Num {
			c.Num[row]++
		}
	})
	r, err = Watch(t.Context(), m, silent, nil, &WatchOptions{Importance: 1})
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "score", r.Findings[0].Code)
	require.Equal(t, DriftShifted, r.Score.Drift)
	require.Less(t, r.Score.P, 0.001)
	require.Less(t, r.Score.KSP, 0.001)
	require.Greater(t, r.Mean, r.BaselineMean+0.1)
	require.Contains(t, r.Findings[0].Text.EN, fmt.Sprintf("Probabilities have shifted: PSI %.2f, their mean is %s", r.Score.PSI, writePercent(r.Mean)))
	require.True(t, r.Alarm)
	require.Contains(t, r.Summary.EN, "probabilities shifted")
}

func TestWatchWorkers(t *testing.T) {
	w := watchWorld{stays: 0.5, season: 0.2}
	m := watchFit(t, w, 6, 100)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	var read Model
	require.NoError(t, json.Unmarshal(data, &read))
	current, past := watchData(t, w, watchCutoffs(30)[26:], 50, 300, 5), watchData(t, w, watchCutoffs(25)[20:], 50, 100, 6)
	var first string
	for _, workers := range []int{1, 3, 8} {
		r, err := Watch(t.Context(), &read, current, past, &WatchOptions{Workers: workers})
		require.NoError(t, err)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		if first == "" {
			first = string(text)
		}
		require.Equal(t, first, string(text))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	r, err := Watch(t.Context(), m, current, past, nil)
	require.NoError(t, err)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Equal(t, first, string(text))
	var back WatchReport
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, r.String(), back.String())
}

func TestWatchFewRows(t *testing.T) {
	m := watchFit(t, watchWorld{}, 6, 100)
	for _, n := range []int{1, 2, 5, 20} {
		current := watchData(t, watchWorld{}, watchCutoffs(30)[29:], 0, n, 5)
		r, err := Watch(t.Context(), m, current, current, nil)
		require.NoError(t, err)
		require.Zero(t, r.Shifted, "%d rows", n)
		require.False(t, r.Alarm)
		require.NotContains(t, r.String(), "NaN")
		_, err = json.Marshal(r)
		require.NoError(t, err)
	}
	one, err := Fit(t.Context(), watchData(t, watchWorld{}, watchCutoffs(1), 0, 300, 1), nil, nil)
	require.NoError(t, err)
	past := watchData(t, watchWorld{}, watchCutoffs(30)[29:], 0, 300, 5)
	r, err := Watch(t.Context(), one, past, past, nil)
	require.NoError(t, err)
	require.Zero(t, r.Independent)
	require.Nil(t, r.Performance.AtFit)
	require.Contains(t, r.String(), "past cut-offs a horizon apart are too few (0) to know what is ordinary: a PSI of 0.1 and a KS of 0.125 are taken for it")
	require.Contains(t, r.String(), "no purchase within 30 days: 0 of 59 columns shifted")
}

func TestWatchErrors(t *testing.T) {
	m := watchFit(t, watchWorld{}, 6, 100)
	good := watchData(t, watchWorld{}, watchCutoffs(30)[29:], 0, 50, 5)
	for name, test := range map[string]struct {
		m             *Model
		current, past func(d *Dataset[int]) *Dataset[int]
		opts          *WatchOptions
		want          error
	}{
		"no model":      {nil, nil, nil, nil, ErrOptions},
		"options":       {m, nil, nil, &WatchOptions{Level: 1, Least: math.NaN(), Importance: 2, Workers: -1}, ErrOptions},
		"none":          {m, func(*Dataset[int]) *Dataset[int] { return nil }, nil, nil, ErrNoRows},
		"no rows":       {m, func(d *Dataset[int]) *Dataset[int] { return d.Take(nil) }, nil, nil, ErrNoRows},
		"other label":   {m, func(d *Dataset[int]) *Dataset[int] { d.label = "other"; return d }, nil, nil, ErrSchema},
		"other plan":    {m, func(d *Dataset[int]) *Dataset[int] { d.plan.Horizon++; return d }, nil, nil, ErrSchema},
		"other columns": {m, func(d *Dataset[int]) *Dataset[int] { d.Table.Columns = d.Table.Columns[1:]; return d }, nil, nil, ErrSchema},
		"past rows":     {m, nil, func(d *Dataset[int]) *Dataset[int] { return d.Take(nil) }, nil, ErrNoRows},
		"past label":    {m, nil, func(d *Dataset[int]) *Dataset[int] { d.label = "other"; return d }, nil, ErrSchema},
		"past columns":  {m, nil, func(d *Dataset[int]) *Dataset[int] { d.Table.Columns = d.Table.Columns[1:]; return d }, nil, ErrSchema},
		"no labels":     {m, nil, func(d *Dataset[int]) *Dataset[int] { d.Labels = nil; return d }, nil, ErrSchema},
		"seen": {m, nil, func(d *Dataset[int]) *Dataset[int] {
			return watchData(t, watchWorld{}, watchCutoffs(10)[9:], 0, 50, 5)
		}, nil, ErrOptions},
		"half seen": {m, nil, func(d *Dataset[int]) *Dataset[int] {
			return watchData(t, watchWorld{}, watchCutoffs(11)[10:], 0, 50, 5)
		}, nil, ErrOptions},
	} {
		of := func(f func(d *Dataset[int]) *Dataset[int]) *Dataset[int] {
			d := good.Take(seq(good.Rows()))
			if f == nil {
				return d
			}
			return f(d)
		}
		var past *Dataset[int]
		if test.past != nil {
			past = of(test.past)
		}
		_, err := Watch(t.Context(), test.m, of(test.current), past, test.opts)
		require.ErrorIs(t, err, test.want, name)
		require.Regexp(t, "^churn: ", err.Error(), name)
	}
	err := (&WatchOptions{Level: 1, Least: math.NaN(), Importance: 2, Workers: -1}).Validate()
	require.Len(t, strings.Split(err.Error(), "\n"), 4)
	require.ErrorIs(t, (&WatchOptions{Level: 1e-12}).Validate(), ErrOptions)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Watch(ctx, m, good, nil, nil)
	require.True(t, errors.Is(err, context.Canceled))
}

func seq(n int) (rows []int) {
	for i := range n {
		rows = append(rows, i)
	}
	return rows
}
