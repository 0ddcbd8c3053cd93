package segment

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// TestExtent compares extents and what they say of chunks with the columns, of which many chunks have none.
func TestExtent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(shares ...int) (d tagData) {
		columns := make([]column, 1+rng.IntN(200))
		for c := range columns {
			if rng.IntN(3) == 0 {
				continue
			}
			col := &labelsColumn{set: bitset.Full(100)}
			for code, share := range shares {
				if rng.IntN(100) < share {
					col.codes = append(col.codes, uint32(code+1))
					col.sets = append(col.sets, bitset.OfSorted([]uint16{uint16(rng.IntN(50)), uint16(50 + rng.IntN(50))}, 4096))
				}
			}
			columns[c] = col
		}
		d.renew(columns)
		return d
	}
	for range 20 {
		d := random(0, 1, 30, 100)
		for code := range uint32(6) {
			x := d.extent(code)
			require.Same(t, x, d.extent(code))
			total := 0
			var where []int
			for c := range len(d.columns) + 70 {
				var want bitset.Set
				if col, ok := d.latest(c).(*labelsColumn); ok {
					if want = col.of(code); code == everyValue {
						want = col.set
					}
				}
				require.Equal(t, want, x.of(c))
				if total += want.Len(); !want.IsEmpty() {
					where = append(where, c)
				}
			}
			require.Equal(t, total, x.total)
			require.Equal(t, where, slices.Collect(x.where.all()))
		}
		require.Positive(t, d.extents.bytes())

		e := random(20, 60)
		for code := range uint32(3) {
			x, y := d.extent(code).where, e.extent(code).where
			has := func(s chunkSet, c int) bool { return slices.Contains(slices.Collect(s.all()), c) }
			for c := range 256 {
				require.Equal(t, has(x, c) && has(y, c), has(x.and(y), c))
				require.Equal(t, has(x, c) || has(y, c), has(x.or(y), c))
			}
		}
	}
}

// TestExtentsOfWrites asks before and after writes, which the extents of the snapshot before must not see.
func TestExtentsOfWrites(t *testing.T) {
	ix, err := New(&Options{Tags: []Tag{{Name: "a", Kind: Flag}, {Name: "b", Kind: Flag}, {Name: "city", Kind: Enum}}})
	require.NoError(t, err)
	const n = 2*kernel.Bits + 10
	ids, a, b, city := make([]customer.ID, n), make([]bool, n), make([]bool, n), make([]string, n)
	for i := range ids {
		ids[i], a[i], b[i], city[i] = customer.FromInt64(int64(i+1)), i < 7, i >= 2*kernel.Bits, "广州"
	}
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{{Tag: "a", Bools: a}, {Tag: "b", Bools: b}, {Tag: "city", Texts: city}}))
	ask := func(s *Snapshot, r Rule) int {
		k, err := s.Count(t.Context(), Query{Rule: r})
		require.NoError(t, err)
		set, err := s.Set(t.Context(), Query{Rule: r})
		require.NoError(t, err)
		require.Equal(t, k, set.Len())
		return k
	}
	both, either, there := And(IsTrue("a"), IsTrue("b")), Or(IsTrue("a"), IsTrue("b")), Eq("city", "深圳")
	before := ix.Snapshot()
	require.Equal(t, []int{0, 17, 0}, []int{ask(before, both), ask(before, either), ask(before, there)})
	require.Equal(t, n, ask(before, Not(both)))
	require.Equal(t, 17, ask(before, AtLeast(1, IsTrue("a"), IsTrue("b"), there)))

	var batch Batch
	batch.Set(ids[n-1], "a", customer.BoolValue(true))
	batch.Set(ids[0], "city", customer.TextValue("深圳"))
	require.NoError(t, ix.Apply(t.Context(), &batch))
	after := ix.Snapshot()
	require.Equal(t, []int{1, 17, 1}, []int{ask(after, both), ask(after, either), ask(after, there)})
	require.Equal(t, []int{0, 17, 0}, []int{ask(before, both), ask(before, either), ask(before, there)})
}

// TestQuestionsOfManyChunks compares rules over flags, of which many chunks have none, with a look at each chunk.
func TestQuestionsOfManyChunks(t *testing.T) {
	const chunks = 131
	ix, err := New(&Options{Tags: []Tag{{Name: "a", Kind: Flag}, {Name: "b", Kind: Flag}, {Name: "c", Kind: Flag}}})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	s := *ix.Snapshot()
	s.data, s.alive = slices.Clone(s.data), 100*chunks
	for range chunks {
		s.exists = append(s.exists, bitset.Full(100))
	}
	for tag := range s.data {
		columns := make([]column, chunks-rng.IntN(60))
		for c := range columns {
			if n := rng.IntN(100); rng.IntN(3) == tag {
				columns[c] = &flagColumn{set: bitset.Full(n + 1), yes: bitset.Full(n * rng.IntN(2))}
			}
		}
		s.data[tag].renew(columns)
	}
	type rule struct {
		Rule
		holds func(c, p int) bool
	}
	var rules []rule
	for tag, name := range []string{"a", "b", "c"} {
		in := func(c, p int, f func(col *flagColumn) bitset.Set) bool {
			col, ok := s.data[tag].column(c).(*flagColumn)
			return ok && f(col).Contains(uint16(p))
		}
		rules = append(rules, rule{IsTrue(name), func(c, p int) bool { return in(c, p, func(col *flagColumn) bitset.Set { return col.yes }) }},
			rule{IsSet(name), func(c, p int) bool { return in(c, p, func(col *flagColumn) bitset.Set { return col.set }) }})
	}
	for range 40 {
		x, y, z := pick(rng, rules...), pick(rng, rules...), pick(rng, rules...)
		rules = append(rules, pick(rng,
			rule{And(x.Rule, y.Rule), func(c, p int) bool { return x.holds(c, p) && y.holds(c, p) }},
			rule{Or(x.Rule, y.Rule), func(c, p int) bool { return x.holds(c, p) || y.holds(c, p) }},
			rule{And(x.Rule, Not(y.Rule), z.Rule), func(c, p int) bool { return x.holds(c, p) && !y.holds(c, p) && z.holds(c, p) }},
			rule{Not(Or(x.Rule, y.Rule)), func(c, p int) bool { return !x.holds(c, p) && !y.holds(c, p) }}))
	}
	for _, r := range rules {
		var want []uint32
		for c := range chunks {
			for p := range 100 {
				if r.holds(c, p) {
					want = append(want, uint32(c<<chunkBits|p))
				}
			}
		}
		n, err := s.Count(t.Context(), Query{Rule: r.Rule})
		require.NoError(t, err)
		require.Equal(t, len(want), n, "%s", r.Rule)
		set, err := s.Set(t.Context(), Query{Rule: r.Rule})
		require.NoError(t, err)
		require.True(t, slices.Equal(want, set.Bitmap.ToArray()), "%s", r.Rule)
	}
}
