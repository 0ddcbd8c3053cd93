package ingest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sorted sample is the obvious slow version.
func TestQuartilesWithinTheirError(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for n := 1; n < 400; n++ {
		var h histogram
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Exp(3*rng.NormFloat64()) * float64(rng.IntN(3)-1)
			h.add(x[i])
		}
		slices.Sort(x)
		q1, q3 := h.quartiles()
		for _, c := range []struct{ want, got float64 }{{x[(n+3)/4-1], q1}, {x[(3*n+3)/4-1], q3}} {
			require.LessOrEqual(t, math.Abs(c.got), math.Abs(c.want))
			require.LessOrEqual(t, math.Abs(c.want-c.got), math.Abs(c.want)/128)
		}
	}
}

func TestQuartilesOfWholeNumbersAreExact(t *testing.T) {
	var h histogram
	for i := -256; i <= 256; i++ {
		h.add(float64(i))
	}
	q1, q3 := h.quartiles()
	require.Equal(t, -128.0, q1) // the 129th of 513
	require.Equal(t, 128.0, q3)  // the 385th
}

func TestFences(t *testing.T) {
	of := func(values ...float64) *histogram {
		h := new(histogram)
		for _, x := range values {
			h.add(x)
		}
		return h
	}
	// Quartiles 2 and 6: 2-1.5*4 and 6+1.5*4.
	low, high, ok := of(1, 2, 3, 4, 5, 6, 7, 8).fences(1.5, false)
	require.True(t, ok)
	require.Equal(t, []float64{-4, 12}, []float64{low, high})
	// In logarithms to base 2 the quartiles are 0 and 2: -3 and 5.
	low, high, ok = of(1, 2, 4, 8).fences(1.5, true)
	require.True(t, ok)
	require.Equal(t, []float64{1.0 / 8, 32}, []float64{low, high})
}

func TestNoFences(t *testing.T) {
	for name, values := range map[string][]float64{"no values": {}, "one value": {5}, "equal quartiles": {1, 5, 5, 5, 5, 5, 9}} {
		h := new(histogram)
		for _, x := range values {
			h.add(x)
		}
		_, _, ok := h.fences(1.5, false)
		require.False(t, ok, name)
	}
}
