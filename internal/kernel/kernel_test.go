package kernel

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func has(w *Words, p int) bool { return w[p/64]>>(p%64)&1 == 1 }

// where is the set of the positions for which f holds.
func where(f func(p int) bool) *Words {
	var w Words
	for i := range w {
		var word uint64
		for b := range 64 {
			if f(64*i + b) {
				word |= 1 << b
			}
		}
		w[i] = word
	}
	return &w
}

// samples are sets of different texture. They begin at all offsets from a line
// of memory, since no form may ask for more than the alignment of a word.
func samples() map[string]*Words {
	r := rand.New(rand.NewPCG(1, 2))
	chance := func(per float64) func(int) bool {
		return func(int) bool { return r.Float64() < per }
	}
	on := false
	all := map[string]*Words{
		"empty":  where(func(int) bool { return false }),
		"full":   where(func(int) bool { return true }),
		"first":  where(func(p int) bool { return p == 0 }),
		"last":   where(func(p int) bool { return p == Bits-1 }),
		"sparse": where(chance(0.001)),
		"five":   where(chance(0.05)),
		"half":   where(chance(0.5)),
		"dense":  where(chance(0.99)),
		"runs": where(func(int) bool {
			if r.IntN(300) == 0 {
				on = !on
			}
			return on
		}),
		"high half": where(func(p int) bool { return p >= Bits/2 }),
	}
	for i, name := range slices.Sorted(maps.Keys(all)) {
		buffer := make([]uint64, Size+16)
		moved := (*Words)(buffer[i:])
		*moved = *all[name]
		all[name] = moved
	}
	return all
}

// positions lists the members of w.
func positions(w *Words) []uint16 {
	var all []uint16
	for p := range Bits {
		if has(w, p) {
			all = append(all, uint16(p))
		}
	}
	return all
}

// same is require.Equal for sets, with a short report.
func same(t *testing.T, want, got *Words) {
	t.Helper()
	for i := range want {
		require.Equalf(t, want[i], got[i], "word %d", i)
	}
}
