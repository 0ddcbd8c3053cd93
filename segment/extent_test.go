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
