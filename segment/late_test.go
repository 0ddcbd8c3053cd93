package segment

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

// requireAmong compares what a column says of a squad with a look at each value.
func requireAmong(t *testing.T, rng *rand.Rand, col *intColumn, lo, hi int64) {
	t.Helper()
	var places []uint16
	for range 1 + rng.IntN(40) {
		places = append(places, uint16(rng.IntN(kernel.Bits)), col.set.Select(rng.IntN(col.set.Len())))
	}
	slices.Sort(places)
	places = slices.Compact(places)
	places = places[:min(64, len(places))]
	of := rng.Uint64() & (1<<len(places) - 1)
	var want uint64
	for i, p := range places {
		if of>>i&1 != 0 && col.set.Contains(p) && lo <= col.value(p) && col.value(p) <= hi {
			want |= 1 << i
		}
	}
	require.Equal(t, want, col.among(places, of, lo, hi), "%d..%d", lo, hi)
}

// TestLate writes to columns again and again, and compares all that is asked of them with their late values beside them with
// a column that was built from the same values at once.
func TestLate(t *testing.T) {
	const dense = 1024
	for seed := range race.Fewer[uint64](12, 4) {
		rng := rand.New(rand.NewPCG(seed, 40))
		size := []int{200, sparseInts + 3000, 60_000, kernel.Bits}[seed%4]
		model := map[uint16]int64{}
		span := []int64{3, 300, 1 << 40}[seed%3]
		draw := func() int64 { return rng.Int64N(span) - span/3 }
		var ints intEditor
		var floats floatEditor
		var enums enumEditor
		ints.load(nil)
		floats.load(nil)
		enums.load(nil)
		code := func(v int64) uint16 { return uint16(1 + uint64(v+span)%300) }
		for _, p := range rng.Perm(kernel.Bits)[:size] {
			v := draw()
			model[uint16(p)] = v
			ints.put(uint16(p), v)
			floats.put(uint16(p), float64(v))
			enums.put(uint16(p), code(v))
		}
		col, fcol, ecol := ints.freeze(dense).(*intColumn), floats.freeze(dense).(*floatColumn), enums.freeze(dense).(*enumColumn)
		late := 0
		for range 60 {
			var is, fs, es []step
			for range 1 + rng.IntN(30) {
				p := uint16(rng.IntN(kernel.Bits))
				v := draw()
				switch rng.IntN(5) {
				case 0:
					is, fs, es = append(is, step{verb: verbDelete, p: p}), append(fs, step{verb: verbDelete, p: p}), append(es, step{verb: verbDelete, p: p})
					delete(model, p)
					continue
				case 1:
					v = v*2 + 1 // beyond what the column holds, perhaps
					is, fs = append(is, step{verb: verbIncrement, p: p, value: stored{set: true, n: v}}), append(fs, step{verb: verbIncrement, p: p, value: stored{set: true, f: float64(v)}})
					v += model[p]
				default:
					is, fs = append(is, step{p: p, value: stored{set: true, n: v}}), append(fs, step{p: p, value: stored{set: true, f: float64(v)}})
				}
				model[p] = v
				es = append(es, step{p: p, value: stored{set: true}, codes: []uint32{uint32(code(v))}})
			}
			ints.load(nil)
			floats.load(nil)
			enums.load(nil)
			for p, v := range model {
				ints.put(p, v)
				floats.put(p, float64(v))
				enums.put(p, code(v))
			}
			want, fwant, ewant := ints.freeze(dense).(*intColumn), floats.freeze(dense).(*floatColumn), enums.freeze(dense).(*enumColumn)
			before := col
			was := before.late.bytes()
			next, ok := patchInts(col, is, dense)
			if !ok {
				next = want
			} else {
				late++
			}
			require.Equal(t, was, before.late.bytes(), "a write changed what it wrote to")
			fnext, ok := patchFloats(fcol, fs, dense)
			if !ok {
				fnext = fwant
			}
			enext, ok := patchEnums(ecol, es, dense)
			if !ok {
				enext = ewant
			}
			col, fcol, ecol = next, fnext, enext
			requireSameInts(t, rng, want, col, model)
			requireSameFloats(t, rng, fwant, fcol)
			requireSameEnums(t, ewant, ecol)
			if rng.IntN(12) == 0 { // somebody asks for it without late values
				for _, cols := range [][2]column{{want, col}, {fwant, fcol}, {ewant, ecol}} {
					one := cols[1].together()
					require.True(t, bytes.Equal(encodeColumn(kindColumn, 0, 0, cols[0]), encodeColumn(kindColumn, 0, 0, one)))
					require.Same(t, one, cols[1].together())
				}
			}
		}
		require.Greater(t, late, 20)
	}
}

func requireSets(t *testing.T, want, got bitset.Set) {
	t.Helper()
	require.True(t, want.Equal(got))
}

func requireSameInts(t *testing.T, rng *rand.Rand, want, got *intColumn, model map[uint16]int64) {
	t.Helper()
	requireSets(t, want.set, got.set)
	lo, hi := got.bounds()
	require.True(t, lo <= want.min && want.max <= hi)
	for p, v := range model {
		if got.value(p) != v {
			t.Fatalf("at %d: %d, not %d", p, got.value(p), v)
		}
	}
	for range 6 {
		lo := want.value(want.set.Select(rng.IntN(want.set.Len()))) + rng.Int64N(3) - 1
		hi := want.value(want.set.Select(rng.IntN(want.set.Len()))) + rng.Int64N(3) - 1
		var a, b kernel.Words
		for _, r := range [][2]int64{{lo, hi}, {lo, lo}, {want.min - 1, hi}, {lo, want.max + 1}, {want.min, want.max}} {
			if want.load(&a, r[0], r[1]) {
				require.NotEqual(t, reachNone, got.reach(r[0], r[1]))
				got.within(&b, r[0], r[1])
				require.True(t, a == b)
				require.True(t, got.load(&b, r[0], r[1]))
				require.True(t, a == b)
			} else if got.load(&b, r[0], r[1]) {
				require.Zero(t, kernel.Count(&b))
			}
			requireAmong(t, rng, got, r[0], r[1])
		}
		n, any := want.least(lo)
		m, some := got.least(lo)
		require.Equal(t, any, some)
		require.Equal(t, n, m)
	}
}

func requireSameFloats(t *testing.T, rng *rand.Rand, want, got *floatColumn) {
	t.Helper()
	requireSets(t, want.set, got.set)
	lo, hi := got.bounds()
	require.True(t, lo <= want.min && want.max <= hi)
	for range 6 {
		lo, hi := want.value(want.set.Select(rng.IntN(want.set.Len()))), want.value(want.set.Select(rng.IntN(want.set.Len())))
		var a, b kernel.Words
		want.within(&a, lo, hi)
		got.within(&b, lo, hi)
		require.True(t, a == b)
		p := want.set.Select(rng.IntN(want.set.Len()))
		require.Equal(t, want.value(p), got.value(p))
	}
}

func requireSameEnums(t *testing.T, want, got *enumColumn) {
	t.Helper()
	requireSets(t, want.set, got.set)
	require.Equal(t, want.codes, got.codes)
	for i := range want.sets {
		requireSets(t, want.sets[i], got.sets[i])
	}
	for p := range kernel.Bits {
		if want.code(uint16(p)) != got.code(uint16(p)) {
			t.Fatalf("at %d: %d, not %d", p, got.code(uint16(p)), want.code(uint16(p)))
		}
	}
}

// TestLateTimes writes values with times again and again, of which some come too late, and compares them with a map.
func TestLateTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 40))
	ix, err := New(&Options{Tags: []Tag{{Name: "n", Kind: Integer}}})
	require.NoError(t, err)
	m := newModel([]Tag{{Name: "n", Kind: Integer}})
	late, longest := 0, 0
	for range 150 {
		var b Batch
		for range 1 + rng.IntN(40) {
			id, v := customer.FromInt64(rng.Int64N(2000)), customer.Int64Value(rng.Int64N(1000))
			switch rng.IntN(10) {
			case 0:
				b.Set(id, "n", v)
			case 1:
				b.SetIfNewer(id, "n", customer.Value{}, time.Unix(rng.Int64N(50), 0))
			case 2:
				b.Delete(id)
			default:
				b.SetIfNewer(id, "n", v, time.Unix(rng.Int64N(50), 0))
			}
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
		m.apply(&b)
		m.same(t, ix.Snapshot())
		if col, ok := ix.Snapshot().data[0].time(0).(*intColumn); ok && col.late != nil {
			late, longest = late+1, max(longest, len(col.late.places))
		}
	}
	require.Greater(t, late, 100)
	require.Greater(t, longest, maxLate-64)
	require.Less(t, late, 150) // and now and then they were built anew
	require.NoError(t, ix.Compact(t.Context()))
	m.same(t, ix.Snapshot())
	var b Batch
	for i := range int64(2000) {
		b.SetIfNewer(customer.FromInt64(i), "n", customer.Int64Value(-1), time.Unix(25, 0))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	m.apply(&b)
	m.same(t, ix.Snapshot())
}
