package segment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/simd"
)

// populace is an index of three chunks with values of every kind, and what Snapshot.Row says of each customer.
type populace struct {
	ix   *Index
	s    *Snapshot
	ids  []customer.ID // who exists, by position
	rows []map[string]customer.Value
}

func newPopulace() *populace {
	c := onePopulace()
	if shelving {
		shelved := *c
		shelved.s = opened(c.s)
		return &shelved
	}
	return c
}

var onePopulace = sync.OnceValue(func() *populace {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(7, 11))
	var all, ids []customer.ID
	var gone Batch
	for i := range 140_000 { // most of the first two chunks go, none at the end of the third
		id := customer.FromInt64(int64(i))
		all = append(all, id)
		if p := [...]float64{0.8, 0.95, 0.5}[i>>chunkBits]; i < 136_000 && rng.Float64() < p {
			gone.Delete(id)
		} else {
			ids = append(ids, id)
		}
	}
	n := len(ids)
	cols := map[string]*Column{}
	names := []string{"vip", "early", "rare", "city", "region", "shop", "likes", "orders", "spend", "score", "points", "seen"}
	for _, name := range names {
		cols[name] = &Column{Tag: name, Set: make([]bool, n)}
	}
	regions := []string{"广东", "广东/广州", "广东/广州/天河", "广东/深圳", "广西/南宁", "Bayern/München"}
	for i := range ids {
		at, _ := customer.ToInt64(ids[i])
		for _, name := range names {
			cols[name].Set[i] = rng.IntN(5) > 0
		}
		for _, name := range []string{"early", "points", "seen"} {
			cols[name].Set[i] = true
		}
		cols["score"].Set[i] = rng.IntN(20) > 0
		cols["orders"].Set[i] = rng.IntN(3) > 0 && at < 131_072 || rng.IntN(3) == 0
		kind := rng.IntN(4)
		cols["vip"].Bools = append(cols["vip"].Bools, rng.IntN(20) == 0)
		cols["early"].Bools = append(cols["early"].Bools, at < 70_000 || at >= 136_000)
		cols["rare"].Bools = append(cols["rare"].Bools, rng.IntN(2_000) == 0)
		cols["city"].Texts = append(cols["city"].Texts, fmt.Sprintf("city%d", min(rng.IntN(8), rng.IntN(8+8*kind))))
		cols["region"].Texts = append(cols["region"].Texts, regions[rng.IntN(len(regions))])
		cols["shop"].Texts = append(cols["shop"].Texts, fmt.Sprintf("shop%d", rng.IntN(300)))
		list := []string{}
		for l := range 6 {
			if rng.IntN(2+3*l) == 0 {
				list = append(list, fmt.Sprintf("like%d", l))
			}
		}
		cols["likes"].Lists = append(cols["likes"].Lists, list)
		cols["orders"].Ints = append(cols["orders"].Ints, int64(rng.ExpFloat64()*float64(3+kind)))
		cols["spend"].Ints = append(cols["spend"].Ints, int64(rng.ExpFloat64()*5000)-500)
		cols["score"].Floats = append(cols["score"].Floats, rng.NormFloat64())
		cols["points"].Ints = append(cols["points"].Ints, 7)
		cols["seen"].Ints = append(cols["seen"].Ints, 1_700_000_000+int64(rng.IntN(90*86400))+20*at)
	}
	ix, err := New(&Options{Tags: []Tag{
		{Name: "vip", Kind: Flag},
		{Name: "early", Kind: Flag},
		{Name: "rare", Kind: Flag},
		{Name: "city", Kind: Enum},
		{Name: "region", Kind: Enum, Hierarchy: true},
		{Name: "shop", Kind: Enum},
		{Name: "likes", Kind: Labels},
		{Name: "orders", Kind: Integer},
		{Name: "spend", Kind: Decimal, Scale: 2},
		{Name: "score", Kind: Float},
		{Name: "points", Kind: Integer},
		{Name: "seen", Kind: Time},
		{Name: "nothing", Kind: Integer},
	}})
	must(err)
	var columns []Column
	for _, tag := range ix.Snapshot().Catalogue().All() {
		if c := cols[tag.Name]; c != nil {
			columns = append(columns, *c)
		}
	}
	must(ix.Load(ctx, time.Time{}, all, nil))
	must(ix.Apply(ctx, &gone))
	must(ix.Load(ctx, time.Time{}, ids, columns))
	gone.Reset()
	for _, id := range ids[:len(ids)*4/5] {
		if rng.IntN(25) == 0 {
			gone.Delete(id)
		}
	}
	must(ix.Apply(ctx, &gone))
	c := &populace{ix: ix, s: ix.Snapshot()}
	for id, err := range c.s.Customers(ctx) {
		must(err)
		fields, err := c.s.Row(ctx, id)
		must(err)
		row := map[string]customer.Value{}
		for _, f := range fields {
			row[f.Name] = f.Value
		}
		c.ids, c.rows = append(c.ids, id), append(c.rows, row)
	}
	return c
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// choice is a rule and the same in Go.
type choice struct {
	rule Rule
	is   func(row map[string]customer.Value) bool
}

func flagOf(row map[string]customer.Value, name string) bool {
	b, _ := row[name].Bool()
	return b
}

func textOf(row map[string]customer.Value, name string) string {
	s, _ := row[name].Text()
	return s
}

func carries(row map[string]customer.Value, name, label string) bool {
	return slices.Contains(slices.Collect(row[name].Labels()), label)
}

func choices() []choice {
	return []choice{
		{Rule{}, func(map[string]customer.Value) bool { return true }},
		{Or(), func(map[string]customer.Value) bool { return false }},
		{IsTrue("vip"), func(r map[string]customer.Value) bool { return flagOf(r, "vip") }},
		{IsTrue("early"), func(r map[string]customer.Value) bool { return flagOf(r, "early") }},
		{IsTrue("rare"), func(r map[string]customer.Value) bool { return flagOf(r, "rare") }},
		{Eq("city", "city1"), func(r map[string]customer.Value) bool { return textOf(r, "city") == "city1" }},
		{Eq("shop", "shop12"), func(r map[string]customer.Value) bool { return textOf(r, "shop") == "shop12" }},
		{Not(IsSet("orders")), func(r map[string]customer.Value) bool { return r["orders"].IsUnset() }},
		{And(Has("likes", "like1"), Ge("orders", 4)), func(r map[string]customer.Value) bool {
			n, _ := r["orders"].Int64()
			return carries(r, "likes", "like1") && n >= 4
		}},
	}
}

// Segments of neighbours are compared run by run, with each other, and bitmap by bitmap or member by member with others.
func TestOverlapOfNeighbours(t *testing.T) {
	const n = 70_000
	ids, shares := make([]customer.ID, n), []func(i int) bool{
		func(i int) bool { return i%10_000 < 500 },
		func(i int) bool { return i%10_000 >= 250 && i%5_000 < 3_000 },
		func(i int) bool { return i%400 < 300 }, // many runs
		func(i int) bool { return i%1_000 < 600 },
		func(i int) bool { return i%600 < 100 },
		func(i int) bool { return i < 66_000 },
		func(i int) bool { return i%3 == 0 },
		func(i int) bool { return i%1_000 == 260 },
	}
	columns, tags, rules := make([]Column, len(shares)), make([]Tag, len(shares)), make([]Rule, len(shares))
	for k, in := range shares {
		name := fmt.Sprint("flag", k)
		columns[k], tags[k], rules[k] = Column{Tag: name}, Tag{Name: name, Kind: Flag}, IsTrue(name)
		for i := range ids {
			ids[i] = customer.FromInt64(int64(i))
			columns[k].Bools = append(columns[k].Bools, in(i))
		}
	}
	ix, err := New(&Options{Tags: tags})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, columns))
	want := make([]int, len(shares)*len(shares))
	for i, a := range shares {
		for j, b := range shares {
			for p := range n {
				if a(p) && b(p) {
					want[i*len(shares)+j]++
				}
			}
		}
	}
	simd.Each(t, func(t *testing.T) {
		o, err := ix.Snapshot().Overlap(t.Context(), Query{Workers: 1}, rules...)
		require.NoError(t, err)
		for i := range shares {
			for j := range shares {
				require.Equal(t, want[i*len(shares)+j], o.Count(i, j), "%d and %d", i, j)
			}
		}
	})
}

func TestOverlapCountsWhatRowsSay(t *testing.T) {
	c, all := newPopulace(), choices()
	rules := make([]Rule, len(all))
	for i, ch := range all {
		rules[i] = ch.rule
	}
	for _, base := range []choice{all[0], all[3], all[4], all[1]} {
		n := len(all)
		want, total := make([]int, n*n), 0
		in := make([]bool, n)
		for _, row := range c.rows {
			if !base.is(row) {
				continue
			}
			total++
			for i, ch := range all {
				in[i] = ch.is(row)
			}
			for i := range in {
				for j := range in {
					if in[i] && in[j] {
						want[i*n+j]++
					}
				}
			}
		}
		for _, workers := range []int{1, 3} {
			o, err := c.s.Overlap(t.Context(), Query{Rule: base.rule, Workers: workers}, rules...)
			require.NoError(t, err)
			require.Equal(t, total, o.Total())
			for i := range n {
				for j := range n {
					require.Equal(t, want[i*n+j], o.Count(i, j), "%s / %s / %s", base.rule, rules[i], rules[j])
					require.Equal(t, o.Count(i, j), o.Count(j, i))
				}
				count, err := c.s.Count(t.Context(), Query{Rule: And(base.rule, rules[i])})
				require.NoError(t, err)
				require.Equal(t, count, o.Count(i, i))
			}
		}
	}
}

func TestOverlapOfManySegmentsInTiles(t *testing.T) {
	c := newPopulace()
	var rules []Rule
	for i := range 2*overlapTile + 5 {
		rules = append(rules, Sample(float64(i%50)/4, fmt.Sprint(i%7)))
	}
	o, err := c.s.Overlap(t.Context(), Query{Workers: 2}, rules...)
	require.NoError(t, err)
	for _, pair := range [][2]int{{3, 3}, {1, overlapTile + 9}, {overlapTile + 40, 20}, {2*overlapTile + 1, 2*overlapTile + 4}, {9, 16}} {
		want, err := c.s.Count(t.Context(), Query{Rule: And(rules[pair[0]], rules[pair[1]])})
		require.NoError(t, err)
		require.Equal(t, want, o.Count(pair[0], pair[1]), pair)
	}
}

func TestOverlapRatios(t *testing.T) {
	// Of 10 customers 1-6 are a, 5-8 are b, none is c: in both 5 and 6, in either 8.
	ix, err := New(&Options{Tags: []Tag{{Name: "a", Kind: Flag}, {Name: "b", Kind: Flag}, {Name: "c", Kind: Flag}}})
	require.NoError(t, err)
	var b Batch
	for i := range 10 {
		id := customer.FromInt64(int64(i + 1))
		b.Set(id, "a", customer.BoolValue(i+1 <= 6))
		b.Set(id, "b", customer.BoolValue(i+1 >= 5 && i+1 <= 8))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	o, err := ix.Snapshot().Overlap(t.Context(), Query{}, IsTrue("a"), IsTrue("b"), IsTrue("c"))
	require.NoError(t, err)
	require.Equal(t, 3, o.Len())
	require.Equal(t, "b", o.Rule(1).String())
	require.Equal(t, 2, o.Count(0, 1))
	require.InDelta(t, 2.0/6, o.Share(0, 1), 1e-15)
	require.InDelta(t, 2.0/4, o.Share(1, 0), 1e-15)
	require.InDelta(t, 2.0/8, o.Jaccard(0, 1), 1e-15)
	require.InDelta(t, 2.0*10/(6*4), o.Lift(0, 1), 1e-15)
	for i := range 60 {
		o := &Overlap{rules: make([]Rule, 2), total: 1001 + i, counts: []int{100 + 3*i, 7 + i, 7 + i, 11 + 5*i}}
		require.Equal(t, o.Lift(0, 1), o.Lift(1, 0))
	}
	require.True(t, math.IsNaN(o.Share(2, 0)))
	require.True(t, math.IsNaN(o.Jaccard(2, 2)))
	require.True(t, math.IsNaN(o.Lift(0, 2)))
	require.Zero(t, o.Share(0, 2))
	require.Panics(t, func() { o.Count(0, 3) })
	require.Panics(t, func() { o.Count(1, -1) })
}

func TestOverlapErrors(t *testing.T) {
	s := newPopulace().s
	_, err := s.Overlap(t.Context(), Query{}, make([]Rule, MaxOverlap+1)...)
	require.ErrorIs(t, err, ErrLimit)
	_, err = s.Overlap(t.Context(), Query{}, IsTrue("vip"), IsTrue("vop"))
	require.ErrorIs(t, err, ErrRule)
	require.EqualError(t, err, `segment: overlap: rule 1: tag "vop": there is no such tag; did you mean "vip"?`)
	two, err := Parse("vip and vop\nor vap")
	require.NoError(t, err)
	_, err = s.Overlap(t.Context(), Query{}, two)
	require.EqualError(t, err, "segment: overlap: rule 0: 1:9: tag \"vop\": there is no such tag; did you mean \"vip\"?\n"+
		"segment: overlap: rule 0: 2:4: tag \"vap\": there is no such tag; did you mean \"vip\"?")
	_, err = s.Overlap(t.Context(), Query{}, Within("joined", Days(3)))
	require.ErrorContains(t, err, "segment: overlap: rule 0: ")
	_, err = s.Overlap(t.Context(), Query{Rule: IsTrue("vop")}, IsTrue("vip"))
	require.ErrorIs(t, err, ErrRule)
	o, err := s.Overlap(t.Context(), Query{})
	require.NoError(t, err)
	require.Equal(t, s.Len(), o.Total())
}

// TestAnalysisStops asks every question with a context that has ended.
func TestAnalysisStops(t *testing.T) {
	s := newPopulace().s
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	vip := Query{Rule: IsTrue("vip")}
	for name, ask := range map[string]func() (any, error){
		"overlap":   func() (any, error) { return s.Overlap(ctx, vip, IsTrue("rare")) },
		"portrait":  func() (any, error) { return s.Portrait(ctx, vip, nil) },
		"diff":      func() (any, error) { return s.Diff(ctx, vip, s, vip) },
		"draw":      func() (any, error) { return s.Draw(ctx, vip, 10, "") },
		"draw none": func() (any, error) { return s.Draw(ctx, vip, 0, "") },
		"lookalike": func() (any, error) { return s.Lookalike(ctx, vip, Query{}, 10, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := ask()
			require.ErrorIs(t, err, context.Canceled)
			require.Empty(t, answer)
		})
	}
}

func BenchmarkOverlap(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	const n, k = 10_000_000, 64
	rng := rand.New(rand.NewPCG(1, 2))
	var rules []Rule
	density := func(i int) float64 { return 0.1 + 0.2*float64(i)/(k-1) }
	s := flagPopulace(b, n, k, density, rng)
	var bitmaps []*roaring.Bitmap
	for i := range k {
		rules = append(rules, IsTrue(fmt.Sprint("f", i)))
		set, err := s.Set(b.Context(), Query{Rule: rules[i]})
		require.NoError(b, err)
		bitmaps = append(bitmaps, set.Bitmap)
	}
	want := make([]uint64, 0, k*k/2)
	b.Run("roaring", func(b *testing.B) {
		for b.Loop() {
			want = want[:0]
			for i := range k {
				for j := i + 1; j < k; j++ {
					want = append(want, bitmaps[i].AndCardinality(bitmaps[j]))
				}
			}
		}
	})
	var o *Overlap
	inBothForms(b, func(b *testing.B) {
		for b.Loop() {
			var err error
			o, err = s.Overlap(b.Context(), Query{Workers: 1}, rules...)
			require.NoError(b, err)
		}
	})
	if o == nil || len(want) == 0 {
		return
	}
	for i := range k {
		for j := i + 1; j < k; j++ {
			require.EqualValues(b, want[0], o.Count(i, j))
			want = want[1:]
		}
	}
}

// inBothForms runs a benchmark with the kernels in Go and with those in assembly.
func inBothForms(b *testing.B, f func(b *testing.B)) {
	was := simd.SetAssembly(false)
	b.Run("go", f)
	simd.SetAssembly(true)
	b.Run("assembly", f)
	simd.SetAssembly(was)
}

// flagPopulace returns n customers with flags f0 to f(k-1), each true with its density.
func flagPopulace(tb testing.TB, n, k int, density func(i int) float64, rng *rand.Rand) *Snapshot {
	ids := make([]customer.ID, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	ix, err := New(nil)
	require.NoError(tb, err)
	require.NoError(tb, ix.Load(tb.Context(), time.Time{}, ids, nil))
	for i := range k {
		require.NoError(tb, ix.Declare(Tag{Name: fmt.Sprint("f", i), Kind: Flag}))
	}
	s := ix.Snapshot() // no one else has it
	for i := range k {
		// Steps between those with the flag are geometric.
		gap := math.Log1p(-density(i))
		step := func() int { return int(math.Log(rng.Float64()) / gap) }
		p := step()
		for c := range s.exists {
			var w kernel.Words
			for ; p < min((c+1)<<chunkBits, n); p += 1 + step() {
				w[uint16(p)>>6] |= 1 << (p & 63)
			}
			set := bitset.Of(&w, s.dense)
			s.data[i].columns = append(s.data[i].columns, &flagColumn{set: set, yes: set})
		}
	}
	return s
}

func TestOverlapString(t *testing.T) {
	s := newPopulace().s
	o, err := s.Overlap(t.Context(), Query{}, IsTrue("early"), Not(IsTrue("early")), IsTrue("nobody"))
	require.ErrorIs(t, err, ErrRule)
	require.Nil(t, o)
	o, err = s.Overlap(t.Context(), Query{}, IsTrue("early"), Or())
	require.NoError(t, err)
	lines := strings.Split(o.String(), "\n")
	require.Regexp(t, `^ +count +0 +1$`, lines[0])
	require.Regexp(t, `^ +0 +\d{4,5} +100\.0% +0\.0% +early$`, lines[1])
	require.Regexp(t, `^ +1 +0 +- +- +nobody$`, lines[2])
}
