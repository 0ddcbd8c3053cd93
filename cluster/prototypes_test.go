package cluster

import (
	"bufio"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/nearest"
)

// withCodes gives r category columns, each with as many levels as it has codes.
func withCodes(r *rows, columns ...[]int32) *rows {
	for _, codes := range columns {
		r.codes = append(r.codes, codes)
		r.levels = append(r.levels, int(slices.Max(codes))+1)
		r.costs = append(r.costs, 1)
	}
	return r
}

// noNumbers makes n rows without numbers.
func noNumbers(n int) *rows { return newRows(n, 0) }

// mixedSample draws n rows of d numbers and categories columns, of which every third
// has the levels of its part alone.
func mixedSample(seed uint64, n, d, categories int) ([][]float64, [][]int32) {
	random := rand.New(rand.NewPCG(seed, 2))
	points, codes := make([][]float64, n), make([][]int32, categories)
	for c := range codes {
		codes[c] = make([]int32, n)
	}
	for i := range points {
		part := random.IntN(3)
		points[i] = make([]float64, d)
		for j := range d {
			points[i][j] = random.NormFloat64() + 3*float64(part*(j%2))
		}
		for c := range codes {
			codes[c][i] = int32(random.IntN(4))
			if random.IntN(3) > 0 {
				codes[c][i] = int32(part)
			}
		}
	}
	return points, codes
}

// slowNearest is prototypes.nearest for one row, with the same bits.
func slowNearest(p *prototypes, x []float64, codes ...int32) (label int32, dist float64) {
	dist = math.Inf(1)
	for g, modes := range p.modes {
		sum := 0.0
		for j, center := range p.centers[g*len(x):][:len(x)] {
			sum = math.FMA(x[j]-center, x[j]-center, sum)
		}
		for c, mode := range modes {
			if codes[c] != mode {
				sum += p.penalty[c]
			}
		}
		if sum < dist {
			label, dist = int32(g), sum
		}
	}
	return label, dist
}

func mixedOptions(k int) *Options {
	return &Options{K: k, Method: Prototypes, Starts: defaultStarts, MaxIterations: defaultIterations, Tolerance: -1, Seed: DefaultSeed}
}

func TestPrototypesReachTheOptimum(t *testing.T) {
	for seed := range uint64(30) {
		const n = 8
		k := 2 + int(seed%2)
		points, codes := mixedSample(seed, n, int(seed%3), 2)
		r := noNumbers(n)
		if seed%3 > 0 {
			r = mixedRows(points, nil)
		}
		withCodes(r, codes...)
		r.costs = []float64{1, 0.25}
		o := mixedOptions(k)
		o.Starts, o.Gamma = 40, 1.5
		s, err := solvePrototypes(t.Context(), r, o)
		require.NoError(t, err)
		best, label := math.Inf(1), make([]int32, n)
		for code := range int(math.Pow(float64(k), n)) { // every division into k groups
			for i := range label {
				label[i] = int32(code % k)
				code /= k
			}
			best = min(best, costOfDivision(points, codes, label, k, []float64{1.5, 1.5 * 0.25}))
		}
		require.InDelta(t, best, s.Inertia, 1e-9, "seed %d", seed)
	}
}

// costOfDivision returns the cost of groups about their means and modes.
func costOfDivision(points [][]float64, codes [][]int32, label []int32, k int, penalty []float64) float64 {
	cost := 0.0
	for g := range int32(k) {
		var members []int
		for i, l := range label {
			if l == g {
				members = append(members, i)
			}
		}
		if len(members) == 0 {
			continue
		}
		for j := range points[0] {
			mean := 0.0
			for _, i := range members {
				mean += points[i][j] / float64(len(members))
			}
			for _, i := range members {
				cost += (points[i][j] - mean) * (points[i][j] - mean)
			}
		}
		for c := range codes {
			count, most := map[int32]int{}, 0
			for _, i := range members {
				count[codes[c][i]]++
				most = max(most, count[codes[c][i]])
			}
			cost += penalty[c] * float64(len(members)-most)
		}
	}
	return cost
}

// TestPrototypesEqualSlowForm has the obvious form of the iteration from the same start.
func TestPrototypesEqualSlowForm(t *testing.T) {
	for seed := range uint64(20) {
		const n, k = 600, 4
		points, codes := mixedSample(seed, n, 3, 3)
		r := withCodes(mixedRows(points, nil), codes...)
		penalty := []float64{0.7, 1, 2}
		start, err := drawPrototypes(t.Context(), r, k, penalty, newRandom(seed, 1))
		require.NoError(t, err)
		means, modes := make([][]float64, k), make([][]int32, k)
		for g := range k {
			means[g], modes[g] = slices.Clone(start.centers[g*3:][:3]), slices.Clone(start.modes[g])
		}
		got, err := iteratePrototypes(t.Context(), r, start, mixedOptions(k), func() {})
		require.NoError(t, err)
		require.Equal(t, StopUnchanged, got.Stop)

		label := slices.Repeat([]int32{-1}, n)
		for changed := true; changed; {
			changed = false
			for i := range n {
				best, nearest := math.Inf(1), int32(0)
				for g := range k {
					x := 0.0
					for j, v := range points[i] {
						x += (v - means[g][j]) * (v - means[g][j])
					}
					for c := range codes {
						if codes[c][i] != modes[g][c] {
							x += penalty[c]
						}
					}
					if x < best {
						best, nearest = x, int32(g)
					}
				}
				changed = changed || label[i] != nearest
				label[i] = nearest
			}
			for g := range k {
				size := 0.0
				sum, count := make([]float64, 3), make([][4]int, 3)
				for i := range n {
					if label[i] == int32(g) {
						size++
						for j, v := range points[i] {
							sum[j] += v
						}
						for c := range codes {
							count[c][codes[c][i]]++
						}
					}
				}
				for j := range sum {
					means[g][j] = sum[j] / size
				}
				for c := range codes {
					modes[g][c] = 0
					for level, x := range count[c] {
						if x > count[c][modes[g][c]] {
							modes[g][c] = int32(level)
						}
					}
				}
			}
		}
		require.Equal(t, label, got.label, "seed %d", seed)
		require.Equal(t, modes, got.modes)
		require.InEpsilon(t, costOfDivision(points, codes, label, k, penalty), got.Inertia, 1e-9)
	}
}

func TestPrototypesProperties(t *testing.T) {
	const n, k = 700, 3
	points, codes := mixedSample(1, n, 2, 3)
	solve := func(t *testing.T, r *rows, o *Options) *solution {
		t.Helper()
		s, err := solvePrototypes(t.Context(), r, o)
		require.NoError(t, err)
		return s
	}
	o := mixedOptions(k)
	base := solve(t, withCodes(mixedRows(points, nil), codes...), o)
	t.Run("inertia falls", func(t *testing.T) {
		require.NotEmpty(t, base.History)
		require.True(t, slices.IsSortedFunc(base.History, func(a, b float64) int {
			if b > a+1e-9 {
				return 1
			}
			return 0
		}), "%v", base.History)
		require.Equal(t, base.Inertia, base.History[len(base.History)-1])
	})
	t.Run("inertia is that of the division", func(t *testing.T) {
		penalty := []float64{base.gamma, base.gamma, base.gamma}
		require.InEpsilon(t, costOfDivision(points, codes, base.label, k, penalty), base.Inertia, 1e-9)
	})
	t.Run("weight 2 is the row twice", func(t *testing.T) {
		weights := make([]float64, n)
		var twice [][]float64
		twiceCodes := make([][]int32, len(codes))
		for i, p := range points {
			weights[i] = float64(1 + i%2)
			for range 1 + i%2 {
				twice = append(twice, p)
				for c := range codes {
					twiceCodes[c] = append(twiceCodes[c], codes[c][i])
				}
			}
		}
		a, b := withCodes(mixedRows(points, weights), codes...), withCodes(mixedRows(twice, nil), twiceCodes...)
		gammaA, err := gammaOf(t.Context(), a, o)
		require.NoError(t, err)
		gammaB, err := gammaOf(t.Context(), b, o)
		require.NoError(t, err)
		require.InEpsilon(t, gammaA, gammaB, 1e-12)
		from := func() *prototypes {
			p, err := drawPrototypes(t.Context(), a, k, []float64{1, 1, 1}, newRandom(1, 1))
			require.NoError(t, err)
			return p
		}
		sa, err := iteratePrototypes(t.Context(), a, from(), o, func() {})
		require.NoError(t, err)
		sb, err := iteratePrototypes(t.Context(), b, from(), o, func() {})
		require.NoError(t, err)
		require.InEpsilon(t, sa.Inertia, sb.Inertia, 1e-12)
		require.Equal(t, sa.modes, sb.modes)
		require.InDeltaSlice(t, sa.centers, sb.centers, 1e-12)
	})
	t.Run("weight 0 does not count", func(t *testing.T) {
		weights := slices.Repeat([]float64{1}, n+2)
		weights[n], weights[n+1] = 0, 0
		more := append(slices.Clone(points), []float64{1e3, 1e3}, []float64{-1e3, 1e3})
		moreCodes := make([][]int32, len(codes))
		for c := range codes {
			moreCodes[c] = append(slices.Clone(codes[c]), 3, 3)
		}
		s := solve(t, withCodes(mixedRows(more, weights), moreCodes...), o)
		require.Equal(t, base.label, s.label[:n])
	})
	t.Run("order of rows", func(t *testing.T) {
		order := rand.New(rand.NewPCG(3, 3)).Perm(n)
		other := make([][]float64, n)
		otherCodes := make([][]int32, len(codes))
		for c := range codes {
			otherCodes[c] = make([]int32, n)
		}
		for i, at := range order {
			other[i] = points[at]
			for c := range codes {
				otherCodes[c][i] = codes[c][at]
			}
		}
		penalty := []float64{1, 1, 1}
		r := withCodes(mixedRows(points, nil), codes...)
		start := func() *prototypes {
			p, err := drawPrototypes(t.Context(), r, k, penalty, newRandom(4, 1))
			require.NoError(t, err)
			return p
		}
		a, err := iteratePrototypes(t.Context(), r, start(), o, func() {})
		require.NoError(t, err)
		b, err := iteratePrototypes(t.Context(), withCodes(mixedRows(other, nil), otherCodes...), start(), o, func() {})
		require.NoError(t, err)
		for i, at := range order {
			require.Equal(t, a.label[at], b.label[i])
		}
	})
	t.Run("sample", func(t *testing.T) {
		o := mixedOptions(k)
		o.Sample = 200
		s := solve(t, withCodes(mixedRows(points, nil), codes...), o)
		require.Equal(t, 200, s.Sample)
		require.Len(t, s.Starts, defaultStarts)
		require.InEpsilon(t, base.Inertia, s.Inertia, 0.01)
	})
	t.Run("labels are the nearest", func(t *testing.T) {
		for _, tolerance := range []float64{-1, 0.1} {
			for _, passes := range []int{1, 2, 300} {
				o := mixedOptions(k)
				o.Tolerance, o.MaxIterations = tolerance, passes
				s := solve(t, withCodes(mixedRows(points, nil), codes...), o)
				p := &prototypes{s.centers, s.modes, []float64{s.gamma, s.gamma, s.gamma}}
				for i := range n {
					label, dist := slowNearest(p, points[i], codes[0][i], codes[1][i], codes[2][i])
					require.Equal(t, label, s.label[i])
					require.Equal(t, dist, s.dist[i])
				}
			}
		}
	})
}

func TestPrototypesGamma(t *testing.T) {
	numbers := [][]float64{{0, 1}, {2, 1}, {0, 5}, {2, 5}} // variances 1 and 4
	half, constant := []int32{0, 1, 0, 1}, []int32{0, 0, 0, 0}
	for name, c := range map[string]struct {
		r     *rows
		gamma float64
		want  float64
	}{
		"of variance over impurity":    {withCodes(mixedRows(numbers, nil), half), 0, 2.5 / 0.5},
		"mean of the columns":          {withCodes(mixedRows(numbers, nil), half, constant), 0, 2.5 / 0.25},
		"given":                        {withCodes(mixedRows(numbers, nil), half), 3, 3},
		"no number column":             {withCodes(noNumbers(4), half), 0, 1},
		"no category column":           {mixedRows(numbers, nil), 0, 1},
		"categories that are the same": {withCodes(mixedRows(numbers, nil), constant), 0, 1},
		"numbers that are the same":    {withCodes(mixedRows([][]float64{{7}, {7}, {7}, {7}}, nil), half), 0, 1},
		"weights":                      {withCodes(mixedRows(numbers, []float64{1, 0, 1, 0}), half, []int32{0, 1, 1, 0}), 0, 2 / 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			o := mixedOptions(2)
			o.Gamma = c.gamma
			got, err := gammaOf(t.Context(), c.r, o)
			require.NoError(t, err)
			require.InEpsilon(t, c.want, got, 1e-12)
		})
	}
}

// TestPrototypesOnSoybeans has the data on which Huang 1998 finds four diseases with
// k-modes, as do the tests of Python's kmodes 0.12 (tests/test_kmodes.py). 199 is the cost
// of the diseases about their modes; other divisions, with a plant or two elsewhere,
// have the same.
func TestPrototypesOnSoybeans(t *testing.T) {
	file, err := os.Open("testdata/soybean.txt")
	require.NoError(t, err)
	defer file.Close()
	columns, disease := make([][]int32, 35), []string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if digits, name, ok := strings.Cut(lines.Text(), " "); ok && digits != "#" {
			for c := range columns {
				columns[c] = append(columns[c], int32(digits[c]-'0'))
			}
			disease = append(disease, name)
		}
	}
	require.Len(t, disease, 47)
	for seed := range uint64(10) {
		o := mixedOptions(4)
		o.Seed = 1 + seed
		s, err := solvePrototypes(t.Context(), withCodes(noNumbers(47), columns...), o)
		require.NoError(t, err)
		require.Equal(t, 199.0, s.Inertia)
		var most [4]map[string]int
		for i, name := range disease {
			if most[s.label[i]] == nil {
				most[s.label[i]] = map[string]int{}
			}
			most[s.label[i]][name]++
		}
		pure := 0
		for _, count := range most {
			pure += slices.Max(slices.Collect(maps.Values(count)))
		}
		require.GreaterOrEqual(t, pure, 45, "plants with those of their disease")
	}
}

// TestPrototypesOnStocks has the example of Python's kmodes 0.12 (tests/test_kprototypes.py,
// test_kprotoypes_init_stocks): its start, its gamma (half the standard deviation) and its groups.
func TestPrototypesOnStocks(t *testing.T) {
	price := []float64{738.5, 369.5, 368.2, 346.7, 343.5, 282.4, 282.1, 279.7, 257.2, 205.2, 192.1, 195.7}
	sector := []int32{3, 2, 3, 3, 1, 1, 4, 0, 0, 4, 3, 2}
	country := []int32{2, 2, 2, 2, 2, 2, 0, 2, 2, 2, 2, 1}
	points := make([][]float64, len(price))
	for i, x := range price {
		points[i] = []float64{x}
	}
	r := withCodes(mixedRows(points, nil), sector, country)
	_, variance, err := columnMoments(t.Context(), r, 1)
	require.NoError(t, err)
	gamma := math.Sqrt(variance[0]) / 2
	start := &prototypes{
		centers: []float64{356.975, 275.35, 738.5, 197.667},
		modes:   [][]int32{{3, 2}, {0, 2}, {3, 2}, {2, 2}},
		penalty: []float64{gamma, gamma},
	}
	s, err := iteratePrototypes(t.Context(), r, start, mixedOptions(4), func() {})
	require.NoError(t, err)
	require.Equal(t, []int32{2, 0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3}, s.label)
}

func TestPrototypesEmptyGroup(t *testing.T) {
	// No row is nearest to the third prototype.
	points := [][]float64{{0}, {1}, {10}, {11}, {14}}
	r := withCodes(mixedRows(points, nil), []int32{0, 0, 1, 1, 1})
	start := &prototypes{centers: []float64{0.5, 11, 900}, modes: [][]int32{{0}, {1}, {1}}, penalty: []float64{1}}
	s, err := iteratePrototypes(t.Context(), r, start, mixedOptions(3), func() {})
	require.NoError(t, err)
	require.Equal(t, 1, s.Repaired)
	require.Equal(t, []int32{0, 0, 1, 1, 2}, s.label)
	require.InDelta(t, 1, s.Inertia, 1e-12)
}

func TestPrototypesTooFewDistinctRows(t *testing.T) {
	r := withCodes(mixedRows([][]float64{{1}, {1}, {1}, {1}, {2}}, []float64{1, 1, 1, 1, 0}), []int32{0, 1, 0, 1, 0})
	_, err := solvePrototypes(t.Context(), r, mixedOptions(3))
	few := new(TooFewDistinctError)
	require.ErrorAs(t, err, &few)
	require.Equal(t, TooFewDistinctError{Distinct: 2, K: 3}, *few)

	t.Run("on the sample alone", func(t *testing.T) {
		codes := make([]int32, 5000)
		codes[17], codes[4000] = 1, 2 // seldom on a sample of 10
		o := mixedOptions(3)
		o.Sample = 10
		s, err := solvePrototypes(t.Context(), withCodes(noNumbers(5000), codes), o)
		require.NoError(t, err)
		require.Zero(t, s.Inertia)
		require.Equal(t, 5000, s.Sample)
	})
}

func TestPrototypesUnknownCode(t *testing.T) {
	p := &prototypes{centers: []float64{0, 4}, modes: [][]int32{{0, 1}, {1, 1}}, penalty: []float64{2, 3}}
	for _, unknown := range []int32{-1, 7, math.MaxInt32, math.MinInt32} {
		block := make([]float64, nearest.Block)
		block[0] = 3
		labels, dists := make([]int32, 1), make([]float64, 1)
		p.nearest(labels, dists, block, [][]int32{{unknown}, {1}})
		require.Equal(t, int32(1), labels[0])
		require.Equal(t, 1+2.0, dists[0])
	}
}

func TestPrototypesStopWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	points, codes := mixedSample(3, 500, 2, 2)
	o := mixedOptions(3)
	o.Starts = 1
	o.Progress = func(done, total int64) {
		require.EqualValues(t, -1, total)
		cancel()
	}
	_, err := solvePrototypes(ctx, withCodes(mixedRows(points, nil), codes...), o)
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkPrototypesAssign(b *testing.B) {
	points, codes := mixedSample(5, 100_000, 4, 4)
	r := withCodes(mixedRows(points, nil), codes...)
	for _, k := range []int{8, 50} {
		b.Run(map[int]string{8: "k=8", 50: "k=50"}[k], func(b *testing.B) {
			o := mixedOptions(k)
			o.Workers = 1
			start, err := drawPrototypes(b.Context(), r, k, []float64{1, 1, 1, 1}, newRandom(1, 1))
			require.NoError(b, err)
			p := &prototypePasses{ctx: b.Context(), r: r, o: o, k: k, origin: make([]float64, 4), at: start, label: make([]int32, r.n), dist: make([]float64, r.n)}
			for b.Loop() {
				_, _, _, err := p.assign()
				require.NoError(b, err)
				_, _, err = p.update()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.n), "ns/row")
		})
	}
}
