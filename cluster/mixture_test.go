package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/nearest"
)

// mixedRows makes prepared rows from rows of numbers; weights nil: 1 each.
func mixedRows(points [][]float64, weights []float64) *rows {
	r := newRows(len(points), len(points[0]))
	for i, p := range points {
		for j, v := range p {
			r.block(i / nearest.Block)[j*nearest.Block+i%nearest.Block] = v
		}
	}
	if weights != nil {
		r.weight, r.total = weights, 0
		for _, w := range weights {
			r.total += w
		}
	}
	return r
}

type mixtureFixture struct {
	Cases []struct {
		Name  string
		K     int
		Ridge float64
		Rows  [][]float64
		Start []int32
		Fits  []struct {
			Covariance         Covariance
			History            []float64
			Likelihood, BIC    float64
			Weights            []float64
			Means, Covariances [][]float64
			Labels             []int32
			Memberships        [][]float64
		}
	}
}

func runMixture(t *testing.T, r *rows, o *Options, start []int32, ridge []float64) *solution {
	t.Helper()
	_, variance, err := columnMoments(t.Context(), r, o.Workers)
	require.NoError(t, err)
	if ridge == nil {
		ridge = ridgeOf(variance)
	}
	s, err := newExpectation(t.Context(), r, o, make([]float64, o.K*r.d), variance, ridge).solve(start)
	require.NoError(t, err)
	return s
}

// TestMixtureEqualsScikitLearn has testdata/mixture.json, written by mixture.py with
// scikit-learn 1.2.1: after every pass from the same start the same log-likelihood, and
// at the end the same parameters.
func TestMixtureEqualsScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/mixture.json")
	require.NoError(t, err)
	var fixture mixtureFixture
	require.NoError(t, json.Unmarshal(raw, &fixture))
	for _, c := range fixture.Cases {
		for _, fit := range c.Fits {
			t.Run(fmt.Sprint(c.Name, " ", fit.Covariance), func(t *testing.T) {
				r := mixedRows(c.Rows, nil)
				ridge := make([]float64, r.d)
				for j := range ridge {
					ridge[j] = c.Ridge
				}
				o := &Options{K: c.K, Covariance: fit.Covariance, MaxIterations: len(fit.History), Tolerance: -1}
				s := runMixture(t, r, o, c.Start, ridge)
				require.Equal(t, StopCap, s.Stop)
				require.InEpsilonSlice(t, fit.History, s.History, 1e-9)
				require.InEpsilon(t, fit.Likelihood, s.Likelihood, 1e-9)
				require.InEpsilon(t, fit.BIC, s.BIC, 1e-9)
				require.Equal(t, fit.Labels, s.label)
				require.InEpsilonSlice(t, fit.Weights, s.mixture.Weights, 1e-9)
				for g := range c.K {
					require.InDeltaSlice(t, fit.Means[g], s.centers[g*r.d:][:r.d], 1e-9)
					require.InDeltaSlice(t, fit.Covariances[g], s.mixture.Covariances[g], 1e-9)
				}
				for i, want := range fit.Memberships {
					got := make([]float64, c.K)
					s.mixture.memberships(got, c.Rows[i])
					require.InDeltaSlice(t, want, got, 1e-9)
				}
			})
		}
	}
}

// mixturePoints draws n rows of three parts in d numbers around offset.
func mixturePoints(seed uint64, n, d int, offset float64) ([][]float64, []int32) {
	random := rand.New(rand.NewPCG(seed, 1))
	points, part := make([][]float64, n), make([]int32, n)
	for i := range points {
		part[i] = int32(random.IntN(3))
		points[i] = make([]float64, d)
		for j := range d {
			points[i][j] = offset + 4*float64(part[i])*float64(j%2) + math.Round(random.NormFloat64()*1024)/1024
		}
	}
	return points, part
}

func TestMixtureProperties(t *testing.T) {
	for _, c := range []Covariance{FullCovariance, DiagonalCovariance} {
		t.Run(c.String(), func(t *testing.T) {
			points, start := mixturePoints(1, 700, 3, 0)
			o := &Options{K: 3, Covariance: c, MaxIterations: 100, Tolerance: 1e-7}
			base := runMixture(t, mixedRows(points, nil), o, start, nil)
			require.Equal(t, StopTolerance, base.Stop)

			t.Run("the likelihood grows", func(t *testing.T) {
				for i := 1; i < len(base.History); i++ {
					require.GreaterOrEqual(t, base.History[i], base.History[i-1]-1e-8)
				}
			})
			t.Run("weight 2 is the row twice", func(t *testing.T) {
				weights := make([]float64, len(points))
				twice, twiceStart := [][]float64{}, []int32{}
				for i, p := range points {
					weights[i] = float64(1 + i%2)
					for range 1 + i%2 {
						twice, twiceStart = append(twice, p), append(twiceStart, start[i])
					}
				}
				a := runMixture(t, mixedRows(points, weights), o, start, nil)
				b := runMixture(t, mixedRows(twice, nil), o, twiceStart, nil)
				requireSameMixture(t, a, b, 1e-9)
				require.InEpsilon(t, a.BIC, b.BIC, 1e-12)
			})
			t.Run("order of rows", func(t *testing.T) {
				order := rand.New(rand.NewPCG(3, 3)).Perm(len(points))
				other, otherStart := make([][]float64, len(points)), make([]int32, len(points))
				for i, at := range order {
					other[i], otherStart[i] = points[at], start[at]
				}
				s := runMixture(t, mixedRows(other, nil), o, otherStart, nil)
				requireSameMixture(t, base, s, 1e-9)
				for i, at := range order {
					require.Equal(t, base.label[at], s.label[i])
				}
			})
			t.Run("scale of a column", func(t *testing.T) {
				other := make([][]float64, len(points))
				for i, p := range points {
					other[i] = []float64{p[0], p[1] * 1024, p[2] / 64}
				}
				s := runMixture(t, mixedRows(other, nil), o, start, nil)
				require.Equal(t, base.label, s.label)
				require.InDeltaSlice(t, base.dist, s.dist, 1e-6)
			})
			t.Run("an offset of 1e8", func(t *testing.T) {
				shifted, _ := mixturePoints(1, 700, 3, 1e8)
				s := runMixture(t, mixedRows(shifted, nil), o, start, nil)
				require.Equal(t, base.label, s.label)
				require.InEpsilon(t, base.Likelihood, s.Likelihood, 1e-6)
			})
		})
	}
}

func requireSameMixture(t *testing.T, a, b *solution, epsilon float64) {
	t.Helper()
	require.InEpsilon(t, a.Likelihood, b.Likelihood, epsilon)
	require.InDeltaSlice(t, a.centers, b.centers, epsilon)
	for g := range a.mixture.Covariances {
		require.InDeltaSlice(t, a.mixture.Covariances[g], b.mixture.Covariances[g], epsilon)
	}
}

func TestMixtureConstantAndDuplicateColumns(t *testing.T) {
	points, start := mixturePoints(4, 500, 3, 0)
	for i, p := range points {
		points[i] = append(p, 7, p[0])
	}
	for _, c := range []Covariance{FullCovariance, DiagonalCovariance} {
		o := &Options{K: 3, Covariance: c, MaxIterations: 50, Tolerance: 1e-6}
		s := runMixture(t, mixedRows(points, nil), o, start, nil)
		require.False(t, math.IsNaN(s.Likelihood) || math.IsInf(s.Likelihood, 0))
		agree := 0
		for i, g := range s.label {
			if g == start[i] {
				agree++
			}
		}
		require.Greater(t, agree, 400, "of 500 rows in the part that they were drawn from, with %s", c)
	}
}

func TestMixturePartWithoutRowsKeepsItsPlace(t *testing.T) {
	points, start := mixturePoints(5, 300, 2, 0)
	for i := range start {
		start[i] %= 2 // nobody in part 2
	}
	s := runMixture(t, mixedRows(points, nil), &Options{K: 3, MaxIterations: 20, Tolerance: 1e-6}, start, nil)
	require.Zero(t, s.mixture.Weights[2])
	require.NotContains(t, s.label, int32(2))
	require.NoError(t, s.mixture.validate(3, 2))
	got := make([]float64, 3)
	s.mixture.memberships(got, points[0])
	require.Zero(t, got[2])
}

// TestMixtureOneForm checks that a row alone gets the bits that it gets in a block, and
// that a mixture which was written and read assigns with the same bits.
func TestMixtureOneForm(t *testing.T) {
	for _, d := range []int{1, 2, 5, 9} {
		for _, c := range []Covariance{FullCovariance, DiagonalCovariance} {
			points, start := mixturePoints(6, 600, d, 3)
			s := runMixture(t, mixedRows(points, nil), &Options{K: 3, Covariance: c, MaxIterations: 8, Tolerance: 1e-9}, start, nil)
			raw, err := json.Marshal(s.mixture)
			require.NoError(t, err)
			var m mixture
			require.NoError(t, json.Unmarshal(raw, &m))
			require.NoError(t, m.validate(3, d))
			m.means = s.centers
			require.Equal(t, s.mixture, &m)
			shares := make([]float64, 3)
			for i, p := range points {
				label, dist := m.memberships(shares, p)
				require.Equal(t, s.label[i], label)
				require.Equal(t, s.dist[i], dist)
				require.InDelta(t, 1, shares[0]+shares[1]+shares[2], 1e-15)
			}
			require.Zero(t, testing.AllocsPerRun(10, func() {
				m.memberships(shares, points[0])
			}))
		}
	}
}

func TestMixtureFarRow(t *testing.T) {
	points, start := mixturePoints(7, 300, 2, 0)
	s := runMixture(t, mixedRows(points, nil), &Options{K: 3, MaxIterations: 8, Tolerance: 1e-9}, start, nil)
	shares := make([]float64, 3)
	for _, far := range []float64{1e9, 1e160, -1e300} {
		_, dist := s.mixture.memberships(shares, []float64{far, far})
		require.InDelta(t, 1, shares[0]+shares[1]+shares[2], 1e-15)
		require.LessOrEqual(t, dist, math.MaxFloat64)
	}
}

func TestMixtureValidate(t *testing.T) {
	good := func() *mixture {
		return &mixture{Weights: []float64{0.25, 0.75}, Covariances: [][]float64{{1, 0.5, 1}, {4, 0, 1}}}
	}
	require.NoError(t, good().validate(2, 2))
	for name, c := range map[string]struct {
		change func(m *mixture)
		want   string
	}{
		"covariance kind": {func(m *mixture) { m.Covariance = 7 }, "mixture has unknown covariance 7"},
		"weights":         {func(m *mixture) { m.Weights = m.Weights[:1] }, "mixture has 1 weights and 2 covariances for 2 parts"},
		"negative weight": {func(m *mixture) { m.Weights[1] = -1 }, "mixture part 1 has a weight outside [0, 1]"},
		"NaN weight":      {func(m *mixture) { m.Weights[1] = math.NaN() }, "mixture part 1 has a weight outside [0, 1]"},
		"sum":             {func(m *mixture) { m.Weights[1] = 0.5 }, "mixture weights do not sum to 1"},
		"size":            {func(m *mixture) { m.Covariances[1] = nil }, "mixture part 1 has 0 covariances, not 3"},
		"not definite":    {func(m *mixture) { m.Covariances[0][1] = 1 }, "mixture part 0 has a covariance that is not positive definite"},
		"infinite":        {func(m *mixture) { m.Covariances[0][0] = math.Inf(1) }, "mixture part 0 has a covariance that is not positive definite"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			c.change(m)
			require.EqualError(t, m.validate(2, 2), c.want)
		})
	}
}

func TestMixtureStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	points, start := mixturePoints(8, 300, 2, 0)
	r := mixedRows(points, nil)
	passes := 0
	o := &Options{K: 3, MaxIterations: 50, Tolerance: -1, Progress: func(done, total int64) {
		passes++
		require.EqualValues(t, passes, done)
		require.EqualValues(t, -1, total)
		if done == 2 {
			cancel()
		}
	}}
	e := newExpectation(ctx, r, o, make([]float64, 6), []float64{1, 1}, []float64{1e-6, 1e-6})
	_, err := e.solve(start)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, passes)
}

func TestExpNegative(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		x := -math.Exp(random.Float64()*12 - 6)
		if x < -708 {
			require.Zero(t, expNegative(x))
			continue
		}
		require.InEpsilon(t, math.Exp(x), expNegative(x), 0x1p-51, "of %v", x)
	}
	require.Equal(t, 1.0, expNegative(0))
	require.Zero(t, expNegative(math.Inf(-1)))
}

func BenchmarkMixturePass(b *testing.B) {
	points, start := mixturePoints(9, 100_000, 8, 0)
	r := mixedRows(points, nil)
	for _, c := range []Covariance{FullCovariance, DiagonalCovariance} {
		b.Run(c.String(), func(b *testing.B) {
			o := &Options{K: 3, Covariance: c, MaxIterations: 1, Workers: 1}
			e := newExpectation(b.Context(), r, o, make([]float64, 24), make([]float64, 8), []float64{1, 1, 1, 1, 1, 1, 1, 1})
			sums, err := e.pass(start)
			require.NoError(b, err)
			require.NoError(b, e.maximise(sums))
			for b.Loop() {
				_, err := e.pass(nil)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.n), "ns/row")
		})
	}
}
