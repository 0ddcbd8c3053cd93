package kernel

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/simd"
)

func TestOr4(t *testing.T) {
	all := samples()
	w := [4]*Words{all["last"], all["five"], all["runs"], {7: 1 << 40, 500: 3}}
	want := where(func(p int) bool { return has(w[0], p) || has(w[1], p) || has(w[2], p) || has(w[3], p) })
	simd.Each(t, func(t *testing.T) {
		t.Helper()
		dst := *all["half"]
		Or4(&dst, w[0], w[1], w[2], w[3])
		same(t, want, &dst)
		for i := range w {
			of := w
			dst = *w[i]
			of[i] = &dst
			Or4(&dst, of[0], of[1], of[2], of[3])
			same(t, want, &dst)
		}
	})
}

func TestWords(t *testing.T) {
	all := samples()
	some := []string{"last", "half", "runs", "empty", "full", "five"}
	if race.Enabled {
		some = some[:3]
	}
	maps.DeleteFunc(all, func(name string, _ *Words) bool {
		return !slices.Contains(some, name)
	})
	operations := map[string]struct {
		bit   func(a, b bool) bool
		words func(dst, a, b *Words) bool
		count func(a, b *Words) int // nil: there is none
		both  func(dst, a, b *Words) int
	}{
		"And":    {func(a, b bool) bool { return a && b }, And, AndCount, CountedAnd},
		"AndNot": {func(a, b bool) bool { return a && !b }, AndNot, AndNotCount, CountedAndNot},
		"Or":     {func(a, b bool) bool { return a || b }, func(d, a, b *Words) bool { Or(d, a, b); return *d != Words{} }, nil, CountedOr},
		"Xor":    {func(a, b bool) bool { return a != b }, Xor, nil, nil},
	}
	for name, op := range operations {
		for an, a := range all {
			for bn, b := range all {
				want := where(func(p int) bool { return op.bit(has(a, p), has(b, p)) })
				n := len(positions(want))
				simd.Each(t, func(t *testing.T) {
					t.Helper()
					check := func(dst, a, b *Words) {
						require.Equal(t, n > 0, op.words(dst, a, b), "%s %s %s", an, name, bn)
						same(t, want, dst)
					}
					if op.count != nil {
						require.Equal(t, n, op.count(a, b), "%s %s %s", an, name, bn)
					}
					dirty := *all["half"]
					check(&dirty, a, b)
					if op.both != nil {
						dirty = *all["half"]
						require.Equal(t, n, op.both(&dirty, a, b), "%s %s %s", an, name, bn)
						same(t, want, &dirty)
						dirty = *a
						require.Equal(t, n, op.both(&dirty, &dirty, b), "%s %s %s", an, name, bn)
						same(t, want, &dirty)
					}
					x, y := *a, *b
					check(&x, &x, b)
					check(&y, a, &y)
					if an == bn {
						x = *a
						check(&x, &x, &x)
					}
				})
			}
		}
	}
	for name, w := range all {
		simd.Each(t, func(t *testing.T) { require.Equal(t, len(positions(w)), Count(w), name) })
	}
}

// A single bit anywhere must be seen.
func TestWordsSeeEachBit(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		var full, dst Words
		FillRange(&full, 0, Bits)
		for p := 0; p < Bits; p += 61 {
			var w Words
			FillRange(&w, p, p+1)
			require.True(t, And(&dst, &w, &full))
			require.True(t, Xor(&dst, &w, &Words{}))
			require.True(t, AndNot(&dst, &w, &Words{}))
			require.False(t, AndNot(&dst, &w, &full))
			require.Equal(t, 1, Count(&w))
			require.Equal(t, Bits-1, AndNotCount(&full, &w))
		}
	})
}
