package bitset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/kernel"
)

func TestEdit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	scratch := new(kernel.Words)
	changes := func(n int, of []uint16) []uint16 {
		some := new(members)
		for range n {
			some[r.IntN(kernel.Bits)] = true
			if len(of) > 0 {
				some[of[r.IntN(len(of))]] = true // so that it is in the set
			}
		}
		return some.sorted()
	}
	for _, sample := range samples() {
		t.Run(sample.name, func(t *testing.T) {
			for i, n := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 3}, {100, 0}, {0, 100}, {2000, 2000}, {20000, 5}, {5, 20000}} {
				add, remove := changes(n[0], sample.sorted), changes(n[1], sample.sorted)
				if n[1] == 100 {
					remove = slices.Clone(sample.sorted) // all
				}
				edited := *sample.members
				for _, p := range remove {
					edited[p] = false
				}
				for _, p := range add {
					edited[p] = true
				}
				want := edited.sorted()
				dense := denses[i%len(denses)]
				s := OfSorted(sample.sorted, dense)
				a, b := slices.Clone(add), slices.Clone(remove)
				got := s.Edit(a, b, dense, scratch)
				require.True(t, slices.Equal(add, a) && slices.Equal(remove, b))
				clear(a) // must not be kept
				clear(b)
				what := fmt.Sprint(n, dense)
				require.True(t, slices.Equal(want, got.Positions(nil)), what)
				require.Equal(t, OfSorted(want, dense).kind, got.flat().kind, what)
				require.True(t, s.Equal(OfSorted(sample.sorted, dense)), "changed by %s", what)
				require.True(t, *scratch == kernel.Words{}, what)
			}
		})
	}
}
