//go:build long

package boost_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForestEqualsPeerLong: forests differ by what they draw; the mean over data sets does not.
func TestForestEqualsPeerLong(t *testing.T) {
	others, bags := forestAUCs(t, 8, false)
	for _, values := range [][]float64{others, bags} {
		mean, half, _ := spread(values, 2.36)
		t.Logf("mean %+.5f ± %.5f: %.5f", mean, half, values)
		require.Less(t, math.Abs(mean), 0.001)
		require.Less(t, half, 0.003)
	}
}
