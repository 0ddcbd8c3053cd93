package score

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPoisson has the mean and variance of the table.
func TestPoisson(t *testing.T) {
	counts := [9]float64{}
	mean, square := 0.0, 0.0
	for _, k := range poisson {
		counts[k]++
		mean += float64(k) / 65536
		square += float64(k) * float64(k) / 65536
	}
	require.InDelta(t, 1, mean, 1e-4)
	require.InDelta(t, 1, square-mean*mean, 3e-4)
	expected := math.Exp(-1)
	for k, n := range counts {
		require.InDelta(t, expected, n/65536, 1e-5)
		expected /= float64(k + 1)
	}
}

// TestStandardErrors compares standard deviations of replicates with standard errors that
// need none: DeLong's of the area, and the infinitesimal jackknife of average precision,
// whose derivative in the weight of each group is taken by differences.
func TestStandardErrors(t *testing.T) {
	scores, labels, opts := coarse(900)
	opts.Replicates = 2000
	b, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	area := func(trues, falses []float64) float64 {
		sum, last := 0.0, len(trues)-1
		for i := 1; i <= last; i++ {
			sum += (trues[i] - trues[i-1]) * (falses[last] - (falses[i]+falses[i-1])/2)
		}
		return sum / trues[last] / falses[last]
	}
	replicates := b.bootstrap(func(trues, falses []float64) [2]float64 {
		return [2]float64{area(trues, falses), averagePrecision(trues, falses)}
	})
	same := func(x float64) float64 { return x }
	mean, sd, count := moments(replicates, 0, same)
	require.Equal(t, 2000, count)
	se := math.Sqrt(b.components(b.area()).variance())
	require.InDelta(t, b.area(), mean, se/5)
	require.InEpsilon(t, se, sd, 0.07)

	variance := 0.0
	counts := make([]uint8, b.groups)
	trues, falses := make([]float64, len(b.trues)), make([]float64, len(b.falses))
	const many = 200
	for g := range counts {
		precision := func(n uint8) float64 {
			for i := range counts {
				counts[i] = many
			}
			counts[g] = n
			b.resample(counts, trues, falses)
			return averagePrecision(trues, falses)
		}
		slope := (precision(many+1) - precision(many-1)) / 2 * many
		variance += slope * slope
	}
	_, sd, _ = moments(replicates, 1, same)
	require.InEpsilon(t, math.Sqrt(variance), sd, 0.07)
}

func TestReplicatesWithoutAClass(t *testing.T) {
	b, err := NewBinary([]float64{1, 2, 3, 4}, []bool{false, true, false, false}, &BinaryOptions{Replicates: 200})
	require.NoError(t, err)
	replicates := b.bootstrap(func(trues, falses []float64) [2]float64 { return [2]float64{1, 1} })
	_, sd, count := moments(replicates, 0, func(x float64) float64 { return x })
	require.InDelta(t, 0, sd, 0)
	require.InDelta(t, 200*(1-math.Exp(-1))*(1-math.Exp(-3)), count, 20)
	requireEstimate(t, 1./3, b.AveragePrecision())
	ks, _ := b.KS()
	requireEstimate(t, 2./3, ks)
}
