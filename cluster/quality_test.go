package cluster

import (
	"bufio"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/race"
)

// publicNumbers reads a gzipped file of numbers apart by spaces, as many a line.
func publicNumbers(t *testing.T, name string) (numbers []float64, width int) {
	t.Helper()
	for lines := bufio.NewScanner(dataset.Open(t, name)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		for _, f := range fields {
			x, err := strconv.ParseFloat(f, 64)
			require.NoError(t, err)
			numbers = append(numbers, x)
		}
		if len(fields) > 0 {
			width = len(fields)
		}
	}
	return numbers, width
}

// adjustedRand is the adjusted Rand index, by counts of pairs (Hubert and Arabie 1985).
func adjustedRand(a, b []int32) float64 {
	pairs := func(n float64) float64 { return n * (n - 1) / 2 }
	both, inA, inB := map[[2]int32]float64{}, map[int32]float64{}, map[int32]float64{}
	for i, x := range a {
		both[[2]int32{x, b[i]}]++
		inA[x]++
		inB[b[i]]++
	}
	var sum, sumA, sumB float64
	for _, n := range both {
		sum += pairs(n)
	}
	for _, n := range inA {
		sumA += pairs(n)
	}
	for _, n := range inB {
		sumB += pairs(n)
	}
	expected := sumA * sumB / pairs(float64(len(a)))
	return (sum - expected) / ((sumA+sumB)/2 - expected)
}

// The sets s1, s2, a1 and unbalance (Fränti and Sieranoja 2018), R15 (Veenman et al. 2002)
// and Aggregation (Gionis et al. 2007) as in clustering-data-v1 of M. Gagolewski: the sums
// of squares and the adjusted Rand indexes are those of the label vectors of k-means
// published with them, but for s2: there the smallest sum anybody has found, 1.327911e13,
// is reached, and that division has 0.9371 against 0.9375 of the published one.
func TestPublishedSets(t *testing.T) {
	for _, c := range []struct {
		name    string
		squares float64
		rand    float64
	}{
		{"s1", 8.917616e12, 0.9868},
		{"s2", 1.327911e13, 0.9371},
		{"a1", 1.214626e10, 0.9663},
		{"unbalance", 2.144921e11, 1},
		{"r15", 108.619, 0.9928},
		{"aggregation", 10996.76, 0.7624},
	} {
		t.Run(c.name, func(t *testing.T) {
			points, d := publicNumbers(t, "clustering/"+c.name+".data.gz")
			truth, _ := publicNumbers(t, "clustering/"+c.name+".labels0.gz")
			labels := make([]int32, len(truth))
			for i, x := range truth {
				labels[i] = int32(x)
			}
			slices.Sort(truth)
			o := testOptions(len(slices.Compact(truth)))
			o.Tolerance = -1
			s, err := solve(t.Context(), rowsOf(points, d, nil), o)
			require.NoError(t, err)
			require.LessOrEqual(t, s.Inertia, c.squares*(1+5e-7), "published to 7 digits")
			require.GreaterOrEqual(t, adjustedRand(labels, s.label), c.rand-0.5e-4)
		})
	}
}

// UCI Wholesale customers, six columns of spending. Sums of squares are by R 4 kmeans with
// 200 starts; sizes of k=3 are published with many analyses of the set.
func TestWholesale(t *testing.T) {
	race.Skip(t)
	lines, err := csv.NewReader(dataset.Open(t, "wholesale/wholesale.csv")).ReadAll()
	require.NoError(t, err)
	const d = 6
	var points []float64
	for _, line := range lines[1:] {
		for _, field := range line[2:] {
			x, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			points = append(points, x)
		}
	}
	r := rowsOf(points, d, nil)
	require.Equal(t, 440, r.n)
	scaled := slices.Clone(points)
	m := originOf(r, 1)
	for j, mean := range m.mean {
		squares := 0.0
		for i := j; i < len(points); i += d {
			squares += (points[i] - mean) * (points[i] - mean)
		}
		for i := j; i < len(points); i += d {
			scaled[i] = (points[i] - mean) / math.Sqrt(squares/float64(r.n-1))
		}
	}
	for _, c := range []struct {
		name    string
		points  []float64
		squares []float64 // of k = 2 to 8
	}{
		{"raw", points, []float64{113217528521, 80332413843, 64855378337, 52928148943, 46489839348, 40993245770, 35908816852}},
		{"z-scores", scaled, []float64{1949.3479, 1600.3708, 1309.5193, 1056.3489, 920.30819, 820.19803, 735.15406}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rowsOf(c.points, d, nil)
			for i, want := range c.squares {
				o := testOptions(2 + i)
				o.Starts, o.Tolerance = 60, -1
				s, err := solve(t.Context(), r, o)
				require.NoError(t, err)
				require.LessOrEqual(t, s.Inertia, want*(1+1e-7), "k = %d", o.K)
				if c.name == "raw" && o.K == 3 {
					sizes := weightsByGroup(r, s.label, 3)
					slices.Sort(sizes)
					require.Equal(t, []float64{50, 60, 330}, sizes)
				}
			}
		})
	}
}
