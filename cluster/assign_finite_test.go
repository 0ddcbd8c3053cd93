package cluster

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFinite(t *testing.T) {
	nan := math.NaN()
	for _, good := range []float64{0, 5e-324, 1, math.Nextafter(math.MaxFloat64, 0)} {
		require.True(t, finite([]float64{1, good, 0}), "%v", good)
	}
	for _, bad := range []float64{math.MaxFloat64, math.Inf(1), nan, math.Copysign(nan, -1), math.Inf(-1)} {
		require.False(t, finite([]float64{1, bad, 0}), "%v", bad)
	}
	require.True(t, finite(nil))
}
