package boost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestFinderEqualsLinearScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 255 {
		upper := make([]float64, n)
		for i := range upper {
			upper[i] = r.NormFloat64()
		}
		slices.Sort(upper)
		f := newFinder(upper)
		for _, x := range append(slices.Clone(upper), -9, 9, 0.1, math.MaxFloat64, -math.MaxFloat64) {
			want := 0
			for want < n && x > upper[want] {
				want++
			}
			require.EqualValues(t, want, f.bin(x))
		}
		require.EqualValues(t, missing, f.bin(math.NaN()))
	}
}

func TestThresholdsOfFewValuesAreMidpoints(t *testing.T) {
	c := table.NumberColumn("x", 3, math.NaN(), 1, 1, 8, -math.MaxFloat64, math.MaxFloat64, 3)
	b := newBinning(&c, nil, maxBins, nil)
	require.Equal(t, []float64{0.5 - math.MaxFloat64/2, 2, 5.5, 4 + math.MaxFloat64/2}, b.upper)
	require.Equal(t, 5, b.bins)
	next := math.Nextafter(1, 2)
	require.Equal(t, 1.0, middle(1, next))
}

// TestQuantiles: with as many different values as rows, bins are of nearly equal weight; a
// value of much weight has one for itself.
func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	values, weights := make([]float64, 20_000), make([]float64, 20_000)
	for i := range values {
		if values[i] = r.ExpFloat64(); i%4 == 0 {
			values[i] = 1
		}
		weights[i] = 1 + float64(i%2)
	}
	c := table.NumberColumn("x", values...)
	for _, weight := range [][]float64{nil, weights} {
		b := newBinning(&c, weight, 101, nil)
		require.InDelta(t, 101, b.bins, 1)
		f, in, total := newFinder(b.upper), make([]float64, b.bins), 0.0
		for i, x := range values {
			in[f.bin(x)] += weightOf(weight, i)
			if x != 1 {
				require.NotEqual(t, f.bin(1), f.bin(x))
				total += weightOf(weight, i)
			}
		}
		for bin, w := range in {
			if bin != int(f.bin(1)) {
				require.Less(t, w/total*100, 1.15) // those beside the heavy one may be lighter
			}
		}
	}
}

// TestSampledThresholds: of more rows than are sampled, the bins are still nearly equal.
func TestSampledThresholds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	values := make([]float64, sampled+50_000)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	rows := sampleRows(len(values), 1)
	require.Len(t, rows, sampled)
	require.True(t, slices.IsSorted(rows))
	require.Len(t, slices.Compact(slices.Clone(rows)), sampled)
	c := table.NumberColumn("x", values...)
	b := newBinning(&c, nil, 10, rows)
	f, in := newFinder(b.upper), make([]float64, 10)
	for _, x := range values {
		in[f.bin(x)]++
	}
	for _, n := range in {
		require.InDelta(t, 0.1, n/float64(len(values)), 0.003)
	}
	require.Nil(t, sampleRows(sampled, 1))
}

func TestHeaviestLevelsHaveBins(t *testing.T) {
	var texts []string
	for i := range 300 {
		for range 1 + (i*7)%300/45 {
			texts = append(texts, fmt.Sprintf("level %03d", i))
		}
	}
	c := table.CategoryColumn("c", texts...)
	b := newBinning(&c, nil, maxBins, nil)
	require.Len(t, b.levels, maxBins)
	light := 0
	for level, bin := range b.code {
		if bin == missing {
			light++
			require.LessOrEqual(t, (level*7)%300/45, 0)
		} else {
			require.Equal(t, c.Levels[level], b.levels[bin])
		}
	}
	require.Equal(t, 45, light)
	require.Equal(t, []uint8{missing, b.code[17]}, b.matching([]string{"other", "level 017"}))
}

// TestIntegerSums: sums of the integers are those of floats.
func TestIntegerSums(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{1, 100, 10_000} {
		weights := make([]float64, n)
		total := 0.0
		for i := range weights {
			weights[i] = r.ExpFloat64()
			total += weights[i]
		}
		s := &scale{}
		units := s.weigh(weights, n)
		s.fix(1e9*total, 1e-9*total)
		var sum cell
		g, h := 0.0, 0.0
		for i, w := range weights {
			a, b := 1e9*(2*r.Float64()-1)*w, 1e-9*r.Float64()*w
			g, h = g+a, h+b
			sum.G += int64(math.RoundToEven(a / s.g))
			sum.HW += int64(math.RoundToEven(b/s.h))<<s.shift + units[i]
		}
		require.InDelta(t, g, s.gradient(sum), 1e9*total/(1<<40))
		require.InDelta(t, h, s.hessian(sum), 1e-9*total/(1<<26))
		require.InDelta(t, total, s.weight(sum), total/(1<<20))
	}
}
