//go:build long

package boost_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// spread returns the mean, the half width of its interval by a quantile of Student's t, and the
// standard deviation.
func spread(values []float64, quantile float64) (mean, half, sd float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		sd += (v - mean) * (v - mean) / (n - 1)
	}
	sd = math.Sqrt(sd)
	return mean, quantile * sd / math.Sqrt(n), sd
}

// TestAUCOfContinuousNumbersLong: with 10,000 rows the bins alone move the area by more than
// 0.001, also of one peer with 249 instead of 255 of them. The mean over 24 fits does not depend
// on them: its whole interval is within 0.0005, and the spread is like that of a peer and itself.
// With 40,000 and 100,000 rows each is within 0.001.
func TestAUCOfContinuousNumbersLong(t *testing.T) {
	scikitLearn, xgboost, selves := aucs(t, 10_000, "")
	_, _, own := spread(selves, 2.01)
	for name, values := range map[string][]float64{"scikit-learn": scikitLearn, "xgboost": xgboost} {
		mean, half, sd := spread(values, 2.07)
		t.Logf("%s: mean %+.5f ± %.5f, standard deviation %.5f, that of a peer and itself %.5f", name, mean, half, sd, own)
		require.Less(t, math.Abs(mean)+half, 0.0005)
		require.Less(t, sd, 2*own)
	}
	for _, train := range []int{40_000, 100_000} {
		scikitLearn, xgboost, selves = aucs(t, train, "")
		t.Log(scikitLearn, xgboost, selves)
		require.InDeltaSlice(t, make([]float64, len(scikitLearn)), scikitLearn, 0.001)
		require.InDeltaSlice(t, make([]float64, len(xgboost)), xgboost, 0.001)
	}
}
