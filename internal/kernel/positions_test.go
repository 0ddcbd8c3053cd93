package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

func TestScatter(t *testing.T) {
	all := samples()
	for _, name := range []string{"empty", "half"} {
		w := all[name]
		for listName, list := range all {
			p := positions(list)
			r := rand.New(rand.NewPCG(3, 4))
			for range 2 {
				got := *w
				Scatter(&got, p)
				same(t, where(func(p int) bool { return has(w, p) || has(list, p) }), &got)
				got = *w
				Erase(&got, p)
				same(t, where(func(p int) bool { return has(w, p) && !has(list, p) }), &got)
				got = *w
				Flip(&got, p)
				same(t, where(func(p int) bool { return has(w, p) != has(list, p) }), &got)
				Flip(&got, p)
				require.Equal(t, *w, got, "%s %s", name, listName)
				r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
			}
		}
	}
}

func TestFlipTwice(t *testing.T) {
	var w Words
	Flip(&w, []uint16{5, 7, 5})
	require.Equal(t, []uint16{7}, positions(&w))
}

func TestProbe(t *testing.T) {
	all := samples()
	r := rand.New(rand.NewPCG(3, 4))
	for _, w := range all {
		for _, list := range all {
			p := positions(list)
			for _, n := range []int{len(p), min(len(p), 1), min(len(p), 7), min(len(p), 37)} {
				p := p[:n]
				in := slices.DeleteFunc(slices.Clone(p), func(p uint16) bool { return !has(w, int(p)) })
				out := slices.DeleteFunc(slices.Clone(p), func(p uint16) bool { return has(w, int(p)) })
				simd.Each(t, func(t *testing.T) {
					t.Helper()
					dst := make([]uint16, len(p))
					require.Equal(t, len(in), ProbeCount(p, w))
					require.True(t, slices.Equal(in, dst[:Probe(dst, p, w)]))
					require.True(t, slices.Equal(out, dst[:ProbeNot(dst, p, w)]))
					copy(dst, p)
					require.True(t, slices.Equal(in, dst[:Probe(dst, dst, w)]))
					copy(dst, p)
					require.True(t, slices.Equal(out, dst[:ProbeNot(dst, dst, w)]))
				})
			}
			r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		}
	}
	require.Panics(t, func() { Probe(make([]uint16, 1), []uint16{1, 2}, &Words{}) })
	require.Panics(t, func() { ProbeNot(make([]uint16, 1), []uint16{1, 2}, &Words{}) })
}

func TestShare(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	list := func(n, below int) []uint16 {
		var out []uint16
		for len(out) < n {
			if p := uint16(r.IntN(below)); !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
		slices.Sort(out)
		return slices.Clip(out)
	}
	sizes := []int{0, 1, 2, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129}
	for _, n := range sizes {
		for _, m := range sizes {
			for _, below := range []int{130, 200, Bits} {
				x, y := list(n, below), list(m, below)
				want := 0
				for _, p := range x {
					if slices.Contains(y, p) {
						want++
					}
				}
				simd.Each(t, func(t *testing.T) {
					t.Helper()
					got, ok := Share(x, y)
					if ok {
						require.Equal(t, want, got, "%d and %d below %d", n, m, below)
					}
					require.Equal(t, n == 0 || m == 0 || max(n, m) <= 128 && simd.InUse == simd.AVX512, ok)
				})
			}
		}
	}
}

func TestExtract(t *testing.T) {
	for name, w := range samples() {
		want := positions(w)
		simd.Each(t, func(t *testing.T) {
			// Of the exact length, with a guard behind.
			dst := make([]uint16, len(want)+64)
			for i := range dst {
				dst[i] = 12345
			}
			require.Equal(t, len(want), Extract(dst[:len(want)], w), name)
			require.True(t, slices.Equal(want, dst[:len(want)]), name)
			for _, guard := range dst[len(want):] {
				require.Equal(t, uint16(12345), guard, name)
			}
			require.Equal(t, len(want), Extract(dst, w), name)
			require.True(t, slices.Equal(want, dst[:len(want)]), name)
			if len(want) > 0 {
				require.Panics(t, func() { Extract(dst[:len(want)-1], w) })
			}
		})
	}
}
