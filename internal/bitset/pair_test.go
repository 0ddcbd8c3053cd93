package bitset

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

var operations = []struct {
	name  string
	op    op
	pair  func(a, b Set, dense int, scratch *kernel.Words) Set
	apply func(s Set, dst *kernel.Words) bool
	truth func(a, b bool) bool
}{
	{"and", and, And, Set.And, func(a, b bool) bool { return a && b }},
	{"or", or, Or, func(s Set, dst *kernel.Words) bool { s.Or(dst); return true }, func(a, b bool) bool { return a || b }},
	{"andnot", andNot, AndNot, Set.AndNot, func(a, b bool) bool { return a && !b }},
}

// expected combines two sets the obvious way.
func expected(truth func(a, b bool) bool, a, b *members) (w *kernel.Words, n int) {
	w = new(kernel.Words)
	for p := range a {
		if truth(a[p], b[p]) {
			w[p>>6] |= 1 << (p & 63)
			n++
		}
	}
	return w, n
}

// pairs calls f for a third of all pairs of samples, in which each comes with each kind.
func pairs(f func(a, b sample)) {
	for i, a := range samples() {
		for j, b := range samples() {
			if (i+j)%3 == 0 {
				f(a, b)
			}
		}
	}
}

// Every operation on sets of all kinds and shapes gives the members it should,
// clears its scratch and leaves its operands as they were.
func TestPairs(t *testing.T) {
	scratch := new(kernel.Words)
	pairs(func(a, b sample) {
		wa, wb := wordsOf(a.sorted), wordsOf(b.sorted)
		for _, o := range operations {
			want, n := expected(o.truth, a.members, b.members)
			for _, d := range [][2]int{{4096, 4096}, {256, 256}, {1, 4096}, {4096, 1}} {
				x, y := Of(wa, d[0]), Of(wb, d[1])
				check := func(ok bool, what string) {
					if !ok {
						t.Helper()
						require.Fail(t, what, "%s (dense %d) %s %s (dense %d)", a.name, d[0], o.name, b.name, d[1])
					}
				}
				got := o.pair(x, y, d[0], scratch)
				check(loaded(got) == *want && got.Len() == n, "members")
				check(*scratch == kernel.Words{}, "scratch")
				w := *wa
				any := o.apply(y, &w)
				check(w == *want, "words")
				check(any == (n > 0) || o.op == or, "any")
				switch o.op {
				case and:
					w := *wb
					check(LoadAnd(&w, x, y) == (n > 0) && w == *want, "LoadAnd")
					check(AndCount(x, y, scratch) == n && *scratch == kernel.Words{}, "AndCount")
					check(y.AndCount(wa) == n, "AndCount of words")
					check(y.RankedCount(wa, ranksOf(wa)) == n, "RankedCount of words")
				case andNot:
					check(y.AndNotCount(wa) == n, "AndNotCount of words")
				}
				check(x.Equal(y) == (*wa == *wb), "Equal")
				check(loaded(x) == *wa && loaded(y) == *wb, "operands changed")
			}
		}
	})
}

// A union holds what any of its sets does, however many there are of which kind.
func TestUnion(t *testing.T) {
	all := slices.DeleteFunc(slices.Clone(samples()), func(s sample) bool { return len(s.sorted) > 5000 })
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 12 {
		for _, dense := range denses {
			var want members
			sets := make([]Set, n)
			for i := range sets {
				s := all[r.IntN(len(all))]
				sets[i] = OfSorted(s.sorted, dense)
				for p, in := range s.members {
					want[p] = want[p] || in
				}
			}
			w := kernel.Words{1, 2, 3}
			Union(&w, sets)
			require.True(t, w == *wordsOf(want.sorted()), "%d sets, dense %d", n, dense)
		}
	}
}

// The kind of a result depends on its members and on dense, whatever the kinds
// of the operands.
func TestPairsKind(t *testing.T) {
	race.Skip(t)
	scratch := new(kernel.Words)
	pairs(func(a, b sample) {
		if len(a.sorted) == 0 || len(b.sorted) == 0 {
			return // an operand may come back with the kind it has
		}
		for _, o := range operations {
			for _, dense := range denses {
				got := o.pair(OfSorted(a.sorted, dense), OfSorted(b.sorted, 4097-dense), dense, scratch)
				w := loaded(got)
				if want := Of(&w, dense).kind; got.kind != want {
					require.Fail(t, "kind", "%s %s %s, dense %d: %v, not %v", a.name, o.name, b.name, dense, got.kind, want)
				}
			}
		}
	})
}

// FuzzPair combines two sets of runs, each of which is two numbers of the input.
func FuzzPair(f *testing.F) {
	f.Add(le16(5, 3, 9, 0, 100, 1000), le16(7, 2, 9, 1, 65000, 1000), uint16(4096))
	f.Add(le16(0, 65535), le16(63, 0, 64, 0), uint16(1))
	f.Fuzz(func(t *testing.T, a, b []byte, dense uint16) {
		var in [2]members
		var sets [2]Set
		for i, data := range [][]byte{a, b} {
			for ; len(data) >= 4; data = data[4:] {
				lo, n := int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:]))
				in[i].add(lo, min(lo+n+1, kernel.Bits), 1)
			}
			sets[i] = OfSorted(in[i].sorted(), int(dense))
		}
		scratch := new(kernel.Words)
		for _, o := range operations {
			want, n := expected(o.truth, &in[0], &in[1])
			got := o.pair(sets[0], sets[1], int(dense), scratch)
			require.Equal(t, n, got.Len(), o.name)
			require.True(t, loaded(got) == *want, o.name)
			require.True(t, *scratch == kernel.Words{}, o.name)
			if w := loaded(sets[0]); o.op == and {
				require.Equal(t, n, AndCount(sets[0], sets[1], scratch))
				require.Equal(t, n, sets[1].RankedCount(&w, ranksOf(&w)))
			}
		}
	})
}

func ranksOf(w *kernel.Words) *kernel.Ranks {
	r := new(kernel.Ranks)
	r.Rank(w)
	return r
}

// Runs are intersected and united as the walk over their edges does it, which works for every operation.
func TestRunsAsEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	random := func(most int) (bounds []uint16) {
		for at := r.IntN(3); len(bounds) < 2*most && at < kernel.Bits; {
			last := min(at+r.IntN(1+r.IntN(600)), kernel.Bits-1)
			bounds = append(bounds, uint16(at), uint16(last))
			at = last + 2 + r.IntN(1+r.IntN(600))
		}
		return bounds
	}
	for range 3000 {
		a, b := random(1+r.IntN(maxRuns)), random(1+r.IntN(maxRuns))
		if r.IntN(4) == 0 {
			a = []uint16{0, kernel.Bits - 1}
		}
		for o, pair := range map[op]func(*[4 * maxRuns]uint16, []uint16, []uint16) ([]uint16, int){and: sharedRuns, or: joinedRuns} {
			var buf [4 * maxRuns]uint16
			want, n := o.edges(nil, a, b)
			got, m := pair(&buf, a, b)
			require.True(t, slices.Equal(want, got), "%d: %v %v", o, a, b)
			require.Equal(t, n, m)
		}
	}
}
