package churn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// probeData is a table of customers at cut-offs with columns that know too much, each in a
// way of its own, and some that do not.
func probeData(customers int) (*table.Table[Subject[int]], []bool) {
	r := rand.New(rand.NewPCG(9, 9))
	t := &table.Table[Subject[int]]{Compare: compareSubjects(func(a, b int) int { return a - b })}
	var labels []bool
	for c := range customers {
		for cutoff := range 4 {
			t.IDs = append(t.IDs, Subject[int]{c, Day(100 + 7*cutoff)})
			labels = append(labels, r.IntN(4) == 0)
		}
	}
	number := func(name string, f func(row int, yes bool) float64) {
		c := table.NumberColumn(name)
		for row, yes := range labels {
			c.Num = append(c.Num, f(row, yes))
		}
		t.Columns = append(t.Columns, c)
	}
	category := func(name string, f func(row int, yes bool) string) {
		var texts []string
		for row, yes := range labels {
			texts = append(texts, f(row, yes))
		}
		t.Columns = append(t.Columns, table.CategoryColumn(name, texts...))
	}
	pick := func(yes bool, a, b float64) float64 {
		if yes {
			return a
		}
		return b
	}
	number("noise", func(int, bool) float64 { return r.NormFloat64() })
	number("good", func(_ int, yes bool) float64 { return r.NormFloat64() + pick(yes, 1, 0) })
	number("constant", func(int, bool) float64 { return 3 })
	number("empty", func(int, bool) float64 { return math.NaN() })
	category("region", func(int, bool) string { return []string{"north", "south", "", "west"}[r.IntN(4)] })
	number("label", func(_ int, yes bool) float64 { return pick(yes, 2, 7) })
	category("status", func(_ int, yes bool) string { return map[bool]string{true: "gone", false: "here"}[yes] })
	category("ended", func(_ int, yes bool) string { return map[bool]string{true: "yes", false: ""}[yes] })
	number("days to come", func(_ int, yes bool) float64 { return pick(yes, 0, 20) + 25*r.Float64()*r.Float64()*r.Float64() })
	number("closed on", func(_ int, yes bool) float64 { return pick(yes, 20000+100*r.Float64(), math.NaN()) })
	number("code", func(_ int, yes bool) float64 { return pick(yes, 2, []float64{1, 3}[r.IntN(2)]) })
	category("reason", func(_ int, yes bool) string {
		if yes && r.IntN(3) > 0 {
			return "moved"
		}
		return []string{"", "other"}[r.IntN(2)]
	})
	number("score", func(row int, yes bool) float64 { // of later rows not filled in yet
		if t.IDs[row].Cutoff >= 114 {
			return r.NormFloat64()
		}
		return r.NormFloat64() + pick(yes, 2, 0)
	})
	return t, labels
}

func TestProbeFlags(t *testing.T) {
	data, labels := probeData(1000)
	suspects, err := Probe(t.Context(), data, labels, nil)
	require.NoError(t, err)
	require.Len(t, suspects, len(data.Columns))
	flags, of := map[string][]Flag{}, map[string]Suspect{}
	for i, s := range suspects {
		if len(s.Flags) > 0 {
			flags[s.Column] = s.Flags
			require.Equal(t, i+1, len(flags), "flagged ones come first")
		} else if i > 0 && len(suspects[i-1].Flags) == 0 {
			require.GreaterOrEqual(t, suspects[i-1].Strength, s.Strength)
		}
		require.Len(t, s.Texts, len(s.Flags))
		of[s.Column] = s
	}
	require.Equal(t, map[string][]Flag{
		"label":        {FlagLabel},
		"status":       {FlagLabel},
		"ended":        {FlagLabel},
		"days to come": {FlagOrder},
		"closed on":    {FlagMissing},
		"code":         {FlagLevels},
		"reason":       {FlagCertain},
		"score":        {FlagCollapse},
	}, flags)

	require.Equal(t, 0.5, of["constant"].Levels.Value)
	require.Equal(t, 0.5, of["constant"].Order.Value)
	require.True(t, math.IsNaN(of["constant"].Missing.Value), "all rows have a value")
	require.True(t, math.IsNaN(of["empty"].Missing.Value), "none has")
	require.Equal(t, 0.5, of["empty"].Levels.Value)
	require.True(t, math.IsNaN(of["empty"].Order.Value), "no row has a value")
	require.True(t, math.IsNaN(of["closed on"].Order.Value), "one class has values")
	require.True(t, math.IsNaN(of["region"].Order.Value), "a category")
	require.Zero(t, of["closed on"].Missing.Value)
	require.Equal(t, 1.0, of["closed on"].Strength)
	require.InDelta(t, 0.5, of["noise"].Levels.Value, 0.05)
	require.InDelta(t, 0.5, of["region"].Levels.Value, 0.05)
	// Two normals a standard deviation apart: Φ(1/√2) = 0.7602.
	require.InDelta(t, 0.7602, of["good"].Order.Value, 0.02)
	require.InDelta(t, 0.7602, of["good"].Levels.Value, 0.02)
	require.Less(t, of["good"].Order.Low, 0.7602)
	require.Greater(t, of["good"].Order.High, 0.7602)
	// Two apart: Φ(√2) = 0.9214 on earlier rows, and nothing on later ones.
	require.InDelta(t, 0.9214, of["score"].Early.Value, 0.02)
	require.InDelta(t, 0.5, of["score"].Late.Value, 0.04)
	require.Regexp(t, `^the AUC falls from 0\.9\d\d on earlier days to 0\.\d{3} on later ones$`, of["score"].Texts[0].EN)
	require.Regexp(t, `^\d+ of the \d+ rows with "moved" are positive$`, of["reason"].Texts[0].EN)
	require.Regexp(t, `^取值“moved”的 \d+ 行中有 \d+ 行为正例$`, of["reason"].Texts[0].ZH)
	require.Regexp(t, `^low values alone give an AUC of (0\.9\d\d|1\.000)$`, of["days to come"].Texts[0].EN)
}

// The same columns by pairs of rows and shares counted for each row anew.
func TestProbeAgainstPairs(t *testing.T) {
	data, labels := probeData(30)
	customers, _, _ := probeRows(data)
	suspects, err := Probe(t.Context(), data, labels, nil)
	require.NoError(t, err)
	pairs := func(scores []float64, in func(row int) bool) float64 {
		won, n := 0.0, 0.0
		for i, x := range scores {
			for j, y := range scores {
				if in(i) && in(j) && labels[i] && !labels[j] {
					n++
					if x > y {
						won++
					} else if x == y {
						won += 0.5
					}
				}
			}
		}
		return won / n
	}
	fold := func(row int) int { return int(5 * hashUnit(0, uint64(customers[row]))) }
	all := func(int) bool { return true }
	early := func(row int) bool { return data.IDs[row].Cutoff < 114 }
	late := func(row int) bool { return !early(row) }
	for _, s := range suspects {
		c, _ := data.Column(s.Column)
		code := func(row int) string {
			if c.Missing(row) {
				return "missing"
			} else if c.Kind == table.Category {
				return c.Level(row)
			}
			return fmt.Sprint(c.Num[row])
		}
		distinct := map[string]bool{}
		for row := range labels {
			distinct[code(row)] = true
		}
		missing := make([]float64, len(labels))
		for row := range missing {
			if c.Missing(row) {
				missing[row] = 1
			}
		}
		if slices.Contains(missing, 0) && slices.Contains(missing, 1) {
			require.InDelta(t, pairs(missing, all), s.Missing.Value, 1e-12)
		} else {
			require.True(t, math.IsNaN(s.Missing.Value))
		}
		if c.Kind == table.Number {
			want := pairs(c.Num, func(row int) bool { return !c.Missing(row) })
			if math.IsNaN(want) {
				require.True(t, math.IsNaN(s.Order.Value))
			} else {
				require.InDelta(t, want, s.Order.Value, 1e-12, s.Column)
			}
		}
		if len(distinct) > probeValues {
			continue // has ranges for levels
		}
		shares := func(from func(row int) bool) []float64 {
			scores := make([]float64, len(labels))
			for row := range scores {
				var level, total probeCount
				for other, l := range labels {
					if from(other) && (!from(row) || fold(row) != fold(other)) {
						total.add(l)
						if code(row) == code(other) {
							level.add(l)
						}
					}
				}
				mean := float64(total.positive) / float64(total.rows)
				scores[row] = (float64(level.positive)+10*mean)/float64(level.rows+10) - mean
				scores[row] = math.Round(scores[row]*1e12) / 1e12
			}
			return scores
		}
		require.InDelta(t, pairs(shares(all), all), s.Levels.Value, 1e-12, s.Column)
		require.InDelta(t, pairs(shares(early), early), s.Early.Value, 1e-12, s.Column)
		require.InDelta(t, pairs(shares(early), late), s.Late.Value, 1e-12, s.Column)
	}
}

// Neither the order of rows nor the number of goroutines changes anything, and ids that are
// subjects say what the options would.
func TestProbeInvariance(t *testing.T) {
	data, labels := probeData(100)
	want, err := Probe(t.Context(), data, labels, nil)
	require.NoError(t, err)
	text := fmt.Sprint(want)
	order := rand.New(rand.NewPCG(10, 10)).Perm(len(labels))
	shuffled := make([]bool, len(labels))
	for i, row := range order {
		shuffled[i] = labels[row]
	}
	got, err := Probe(t.Context(), data.Take(order), shuffled, &ProbeOptions{Workers: 1})
	require.NoError(t, err)
	require.Equal(t, text, fmt.Sprint(got))

	plain := &table.Table[string]{Columns: data.Columns}
	groups, days, _ := probeRows(data)
	got, err = Probe(t.Context(), plain, labels, &ProbeOptions{Days: days, Groups: groups, Bound: 0.95})
	require.NoError(t, err)
	require.Equal(t, text, fmt.Sprint(got))

	got, err = Probe(t.Context(), plain, labels, nil)
	require.NoError(t, err)
	for _, s := range got {
		require.True(t, math.IsNaN(s.Early.Value))
		require.NotContains(t, s.Flags, FlagCollapse)
	}
}

func TestProbeBound(t *testing.T) {
	data, labels := probeData(1000)
	suspects, err := Probe(t.Context(), data, labels, &ProbeOptions{Bound: 0.7})
	require.NoError(t, err)
	at := slices.IndexFunc(suspects, func(s Suspect) bool { return s.Column == "good" })
	require.Equal(t, []Flag{FlagOrder}, suspects[at].Flags)
	require.Regexp(t, "^high values alone give an AUC of 0.7", suspects[at].Texts[0].EN)
	require.Equal(t, "order", FlagOrder.String())
	require.Equal(t, "unknown(6)", Flag(6).String())
}

// What is certain of the rows without a value, and of a range.
func TestProbeCertain(t *testing.T) {
	c := table.NumberColumn("x")
	z := table.NumberColumn("z")
	var labels []bool
	for i := range 1000 {
		yes := i%4 == 0
		labels = append(labels, yes)
		x, y := float64(i%100), float64(i%10)
		if yes && i%8 == 0 {
			x, y = math.NaN(), 99.5
		}
		c.Num, z.Num = append(c.Num, x), append(z.Num, y)
	}
	suspects, err := Probe(t.Context(), &table.Table[int]{Columns: []table.Column{c, z}}, labels, nil)
	require.NoError(t, err)
	texts := map[string]Text{}
	for _, s := range suspects {
		require.Equal(t, []Flag{FlagCertain}, s.Flags)
		texts[s.Column] = s.Texts[0]
	}
	require.Equal(t, Text{"125 of the 125 rows without a value are positive", "缺失的 125 行中有 125 行为正例"}, texts["x"])
	require.Equal(t, Text{"125 of the 125 rows from 99.5 to 99.5 are positive", "取值 99.5 至 99.5 的 125 行中有 125 行为正例"}, texts["z"])
}

// What is certain of those who stay, whatever the share of classes is.
func TestProbeCertainNegatives(t *testing.T) {
	for _, yes := range []int{2, 5, 8} { // of ten rows
		r := rand.New(rand.NewPCG(13, 13))
		c, noise := table.NumberColumn("renewal"), table.NumberColumn("noise")
		var labels []bool
		for range 8000 {
			l := r.IntN(10) < yes
			x := math.NaN()
			if !l && r.IntN(3) > 0 {
				x = 1
			}
			labels = append(labels, l)
			c.Num, noise.Num = append(c.Num, x), append(noise.Num, float64(r.IntN(5)))
		}
		suspects, err := Probe(t.Context(), &table.Table[int]{Columns: []table.Column{noise, c}}, labels, nil)
		require.NoError(t, err)
		require.Equal(t, []Flag{FlagCertain}, suspects[0].Flags)
		require.Regexp(t, `^(\d+) of the \d+ rows from 1 to 1 are negative$`, suspects[0].Texts[0].EN)
		require.Regexp(t, `^取值 1 至 1 的 \d+ 行中有 \d+ 行为负例$`, suspects[0].Texts[0].ZH)
		require.Empty(t, suspects[1].Flags)
	}
}

// What does not change within customers is no more certain for their many rows, and customers are
// found where ids do not compare.
func TestProbeCertainOfCustomers(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 7))
		data := &table.Table[Subject[int]]{}
		var labels []bool
		share, place := make([]float64, 400), make([]string, 400)
		for c := range share {
			share[c], place[c] = 0.1, fmt.Sprint(r.IntN(120))
			if r.IntN(3) == 0 {
				share[c] = 0.99
			}
		}
		var places []string
		for cutoff := range 26 {
			for c := range share {
				data.IDs = append(data.IDs, Subject[int]{c, Day(cutoff * 7)})
				labels = append(labels, r.Float64() < share[c])
				places = append(places, place[c])
			}
		}
		data.Columns = []table.Column{table.CategoryColumn("place", places...)}
		suspects, err := Probe(t.Context(), data, labels, nil)
		require.NoError(t, err)
		require.Empty(t, suspects[0].Flags)
		text := fmt.Sprint(suspects)
		data.Compare = compareSubjects(cmp.Compare[int])
		suspects, err = Probe(t.Context(), data, labels, nil)
		require.NoError(t, err)
		require.Equal(t, text, fmt.Sprint(suspects), "rows are in the order of first places")
	}
}

// Wilson's interval of 9 in 10 rows: 0.5958 to 0.9821.
func TestWilsonLow(t *testing.T) {
	require.InDelta(t, 0.5958, wilsonLow(9, 10, 10), 5e-5)
	require.Equal(t, wilsonLow(9, 10, 5), wilsonLow(18, 20, 5))
	require.Zero(t, wilsonLow(0, 0, 0))
}

func TestProbeFaults(t *testing.T) {
	data, labels := probeData(10)
	_, err := Probe(t.Context(), data, labels[1:], &ProbeOptions{Bound: 0.5, Days: []Day{1}, Groups: []int32{1}})
	require.ErrorIs(t, err, ErrOptions)
	for _, text := range []string{"Bound", "labels", "Days", "Groups"} {
		require.ErrorContains(t, err, text)
	}
	_, err = Probe(t.Context(), data, make([]bool, len(labels)), nil)
	require.ErrorIs(t, err, ErrOneClass)
	_, err = Probe[int](t.Context(), nil, labels, &ProbeOptions{Bound: 2})
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "Bound")
	require.ErrorContains(t, err, "table is required")
	_, err = Probe(t.Context(), &table.Table[int]{}, nil, nil)
	require.ErrorIs(t, err, ErrNoRows)
	bad := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1, math.Inf(1))}}
	_, err = Probe(t.Context(), bad, []bool{true, false}, nil)
	var fault *table.Fault
	require.ErrorAs(t, err, &fault)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Probe(ctx, data, labels, nil)
	require.ErrorIs(t, err, context.Canceled)
}
