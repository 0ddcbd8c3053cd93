package bitset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/kernel"
)

// members is the obvious set.
type members [kernel.Bits]bool

func (m *members) sorted() []uint16 {
	list := []uint16{}
	for p, in := range m {
		if in {
			list = append(list, uint16(p))
		}
	}
	return list
}

// add adds lo, lo+step, ... below hi.
func (m *members) add(lo, hi, step int) *members {
	for p := lo; p < hi; p += step {
		m[p] = true
	}
	return m
}

func of(positions ...uint16) *members {
	m := new(members)
	for _, p := range positions {
		m[p] = true
	}
	return m
}

// A sample is a set with a name.
type sample struct {
	name    string
	members *members
	sorted  []uint16
}

// samples are sets of all densities and shapes.
var samples = sync.OnceValue(func() []sample {
	r := rand.New(rand.NewPCG(1, 2))
	stretch := func(lo, hi int) *members { return new(members).add(lo, hi, 1) }
	hole := stretch(0, kernel.Bits)
	hole[4242] = false
	all := []sample{
		{name: "empty", members: of()},
		{name: "first", members: of(0)},
		{name: "last", members: of(65535)},
		{name: "ends", members: of(0, 65535)},
		{name: "word edges", members: of(63, 64, 127, 128, 65471, 65472)},
		{name: "run of 3", members: stretch(62, 65)},
		{name: "run of 4", members: stretch(62, 66)},
		{name: "two words", members: stretch(64, 192)},
		{name: "full", members: stretch(0, kernel.Bits)},
		{name: "all but the first", members: stretch(1, kernel.Bits)},
		{name: "all but the last", members: stretch(0, kernel.Bits-1)},
		{name: "all but one", members: hole},
		{name: "every second", members: new(members).add(0, kernel.Bits, 2)},
		{name: "every second, odd", members: new(members).add(1, kernel.Bits, 2)},
		{name: "every hundredth", members: new(members).add(7, kernel.Bits, 100)},
	}
	for _, n := range []int{2, 6, 40, 65, 255, 256, 655, 1966, 4095, 4096, 4097, 6554, 32768, 60000} {
		m := new(members)
		for left := n; left > 0; {
			if p := r.IntN(kernel.Bits); !m[p] {
				m[p] = true
				left--
			}
		}
		all = append(all, sample{name: fmt.Sprintf("%d at random", n), members: m})
	}
	for _, runs := range []int{3, 60, 128, 129, 300, 2047, 2048} {
		m := new(members)
		for range runs {
			lo := r.IntN(kernel.Bits)
			m.add(lo, min(lo+1+r.IntN(2*kernel.Bits/3/runs), kernel.Bits), 1)
		}
		all = append(all, sample{name: fmt.Sprintf("%d runs", runs), members: m})
	}
	for i, sample := range all {
		all[i].sorted = sample.members.sorted()
	}
	return all
})

func wordsOf(positions []uint16) *kernel.Words {
	w := new(kernel.Words)
	kernel.Scatter(w, positions)
	return w
}

func loaded(s Set) (w kernel.Words) {
	w[77] = 1 // not empty
	s.Load(&w)
	return w
}

var denses = []int{1, 256, 4096}

func TestSetIsItsMembers(t *testing.T) {
	for _, sample := range samples() {
		t.Run(sample.name, func(t *testing.T) {
			w := wordsOf(sample.sorted)
			for _, dense := range denses {
				mine := slices.Clone(sample.sorted)
				copied := OfSorted(mine, dense)
				clear(mine)
				for name, s := range map[string]Set{
					"words":  Of(w, dense),
					"sorted": copied,
					"own":    OwnSorted(slices.Clone(sample.sorted), dense),
				} {
					t.Run(fmt.Sprint(name, " ", dense), func(t *testing.T) {
						requireMembers(t, sample.sorted, s)
						require.Equal(t, Of(w, dense).kind, s.kind)
						require.True(t, s.Equal(OfSorted(sample.sorted, maxDense)))
					})
				}
			}
		})
	}
}

// requireMembers checks s in all ways it can be read.
func requireMembers(t *testing.T, want []uint16, s Set) {
	t.Helper()
	require.Equal(t, len(want), s.Len())
	require.Equal(t, len(want) == 0, s.IsEmpty())
	buf := make([]uint16, 0, 1000)
	require.True(t, slices.Equal(want, s.Positions(buf)), "Positions")
	require.True(t, slices.Equal(want, slices.Collect(s.All())), "All")
	for range s.All() {
		break
	}
	require.True(t, loaded(s) == *wordsOf(want), "Load")
	if s.Words() != nil {
		require.True(t, *s.Words() == *wordsOf(want), "Words")
	}
	for _, i := range []int{0, 1, len(want) / 3, len(want) / 2, len(want) - 2, len(want) - 1} {
		if i < 0 || i >= len(want) {
			continue
		}
		require.Equal(t, want[i], s.Select(i), "Select(%d)", i)
	}
	require.Panics(t, func() { s.Select(len(want)) })
	require.Panics(t, func() { s.Select(-1) })
	for _, p := range []uint16{0, 1, 62, 63, 64, 65, 127, 128, 4242, 30000, 65471, 65472, 65534, 65535} {
		_, in := slices.BinarySearch(want, p)
		require.Equal(t, in, s.Contains(p), "Contains(%d)", p)
	}
}

func TestKinds(t *testing.T) {
	at := func(n, step int) []uint16 { return new(members).add(0, n*step, step).sorted() }
	for _, c := range []struct {
		name      string
		positions []uint16
		dense     int
		kind      kind
		bytes     int
	}{
		{"empty", nil, 1, arrayKind, 16},
		{"a run of 3", at(3, 1), 4096, arrayKind, 22},
		{"a run of 4", at(4, 1), 4096, runsKind, 20},
		{"a run of 4, dense", at(4, 1), 1, runsKind, 20},
		{"full", at(kernel.Bits, 1), 4096, runsKind, 20},
		{"below dense", at(99, 2), 100, arrayKind, 16 + 198},
		{"at dense", at(100, 2), 100, bitmapKind, 16 + 8192},
		{"dense clamped above", at(4096, 2), 1 << 20, bitmapKind, 16 + 8192},
		{"dense clamped below", at(1, 2), -1, bitmapKind, 16 + 8192},
		{"128 runs", slices.DeleteFunc(at(128*5, 1), func(p uint16) bool { return p%5 == 0 }), 1, runsKind, 16 + 512},
		{"129 runs", slices.DeleteFunc(at(129*5, 1), func(p uint16) bool { return p%5 == 0 }), 4096, arrayKind, 16 + 129*8},
		{"short runs", slices.DeleteFunc(at(100*4, 1), func(p uint16) bool { return p%4 == 0 }), 4096, arrayKind, 16 + 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := OfSorted(c.positions, c.dense)
			require.Equal(t, c.kind, s.kind)
			require.Equal(t, c.bytes, s.Bytes())
			if s.kind == runsKind {
				require.Equal(t, (c.bytes-16)/4, s.Runs())
			} else {
				require.Zero(t, s.Runs())
			}
		})
	}
}

func TestFull(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 63, 64, 65535, 65536} {
		requireMembers(t, new(members).add(0, n, 1).sorted(), Full(n))
	}
	require.Panics(t, func() { Full(-1) })
	require.Panics(t, func() { Full(65537) })
}

// Sets that share memory are read and combined by many at a time.
func TestConcurrentUse(t *testing.T) {
	var sets []Set
	for _, sample := range samples() {
		sets = append(sets, OfSorted(sample.sorted, 256))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			scratch, w := new(kernel.Words), new(kernel.Words)
			for i, s := range sets {
				o := sets[len(sets)-1-i]
				union := Or(s, o, 256, scratch)
				s.Load(w)
				o.Or(w)
				if !union.Equal(Of(w, 4096)) || !AndNot(union, s, 256, scratch).Equal(AndNot(o, s, 256, scratch)) {
					t.Error("sets differ")
				}
				s.Edit([]uint16{1, 2, 3}, []uint16{5}, 256, scratch)
				appendRoaring(nil, []Set{s, o})
			}
		})
	}
	wg.Wait()
}
