package nearest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

func normal(r *rand.Rand, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = r.NormFloat64()
	}
	return s
}

// textures are ways in which numbers may lie.
var textures = map[string]func(r *rand.Rand) float64{
	"normal":     (*rand.Rand).NormFloat64,
	"ties":       func(r *rand.Rand) float64 { return float64(r.IntN(3)) },
	"equal":      func(*rand.Rand) float64 { return -2.5 },
	"timestamps": func(r *rand.Rand) float64 { return 1.7e9 + r.NormFloat64() },
	"denormal":   func(r *rand.Rand) float64 { return float64(r.IntN(5)) * 5e-324 },
	"underflow":  func(r *rand.Rand) float64 { return r.NormFloat64() * 1e-160 },
	"overflow":   func(r *rand.Rand) float64 { return r.NormFloat64() * 1e154 },
	"infinite":   func(r *rand.Rand) float64 { return (r.Float64() - 0.5) * 2 * math.MaxFloat64 },
	"scales":     func(r *rand.Rand) float64 { return math.Exp(20 * r.NormFloat64()) },
	"signs":      func(r *rand.Rand) float64 { return math.Copysign(0, r.NormFloat64()) },
}

// A problem is some points and centres.
type problem struct {
	n, d                    int
	block, centers, offsets []float64
}

func newProblem(r *rand.Rand, n, d, k int, number func(*rand.Rand) float64) *problem {
	p := &problem{n: n, d: d, block: make([]float64, Block*d), centers: make([]float64, k*d)}
	for _, s := range [][]float64{p.block, p.centers} {
		for i := range s {
			s[i] = number(r)
		}
	}
	if r.IntN(2) == 0 {
		p.offsets = make([]float64, k)
		for i := range p.offsets {
			p.offsets[i] = max(-math.MaxFloat64, min(number(r)-number(r), math.MaxFloat64))
		}
	}
	return p
}

// distance is the sum as the package comment has it.
func (p *problem) distance(i, c int) float64 {
	sum := 0.0
	if p.offsets != nil {
		sum = p.offsets[c]
	}
	for j := range p.d {
		t := p.block[j*Block+i] - p.centers[c*p.d+j]
		sum = math.FMA(t, t, sum)
	}
	return sum
}

// solve compares every point with every centre.
func (p *problem) solve() (label []int32, dist, second []float64) {
	for i := range p.n {
		best, l, next := math.Inf(1), 0, math.Inf(1)
		for c := range len(p.centers) / p.d {
			s := p.distance(i, c)
			if s < best {
				best, l, next = s, c, best
			} else if s < next {
				next = s
			}
		}
		label, dist, second = append(label, int32(l)), append(dist, best), append(second, next)
	}
	return label, dist, second
}

// guard is what stands behind the results, where nothing may be written.
const guard = -77

func results[T int32 | float64](n int) (whole, result []T) {
	whole = make([]T, n+16)
	for i := range whole {
		whole[i] = guard
	}
	return whole, whole[:n]
}

func requireGuard[T int32 | float64](t *testing.T, whole []T) {
	for _, x := range whole[len(whole)-16:] {
		require.Equal(t, T(guard), x, "written behind the end")
	}
}

func requireLabels(t *testing.T, want, got []int32) {
	t.Helper()
	for i := range want {
		require.Equalf(t, want[i], got[i], "label of point %d", i)
	}
}

func requireBits(t *testing.T, want, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float64bits(want[i]) != math.Float64bits(got[i]) {
			require.FailNowf(t, "bits differ", "%s of point %d: want %x, got %x", what, i, want[i], got[i])
		}
	}
}

// require compares every operation with the obvious form.
func (p *problem) require(t *testing.T) {
	t.Helper()
	label, dist, second := p.solve()

	allLabels, gotLabels := results[int32](p.n)
	allDist, gotDist := results[float64](p.n)
	Nearest(gotLabels, gotDist, p.block, p.centers, p.offsets, p.d)
	requireLabels(t, label, gotLabels)
	requireBits(t, dist, gotDist, "distance")
	requireGuard(t, allLabels)
	requireGuard(t, allDist)

	allLabels, gotLabels = results[int32](p.n)
	allDist, gotDist = results[float64](p.n)
	allSecond, gotSecond := results[float64](p.n)
	Nearest2(gotLabels, gotDist, gotSecond, p.block, p.centers, p.offsets, p.d)
	requireLabels(t, label, gotLabels)
	requireBits(t, dist, gotDist, "distance")
	requireBits(t, second, gotSecond, "second distance")
	requireGuard(t, allLabels)
	requireGuard(t, allDist)
	requireGuard(t, allSecond)

	one := &problem{n: p.n, d: p.d, block: p.block, centers: p.centers[:p.d]}
	_, dist, _ = one.solve()
	allDist, gotDist = results[float64](p.n)
	Distances(gotDist, p.block, one.centers)
	requireBits(t, dist, gotDist, "distance to one centre")
	requireGuard(t, allDist)

	var sum [16]float64
	for i, x := range dist {
		sum[i%16] += math.Sqrt(x)
	}
	for half := 8; half > 0; half /= 2 {
		for i := range half {
			sum[i] += sum[i+half]
		}
	}
	requireBits(t, sum[:1], []float64{SumLengths(p.block, one.centers, p.n)}, "sum of lengths")
}

func TestForms(t *testing.T) {
	for name, number := range textures {
		t.Run(name, func(t *testing.T) {
			simd.Each(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(5, 6))
				for d := 1; d <= 40; d++ {
					newProblem(r, 1+r.IntN(Block), d, 1+r.IntN(9), number).require(t)
				}
				for k := 1; k <= 130; k += 1 + k/12 {
					newProblem(r, 1+r.IntN(64), 1+r.IntN(6), k, number).require(t)
				}
			})
		})
	}
}

func TestEveryLength(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for n := range Block + 1 {
			newProblem(r, n, 1+r.IntN(5), 1+r.IntN(9), textures["normal"]).require(t)
		}
	})
}

// Many centres are not compared in one call of assembly.
func TestManyCentres(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		newProblem(rand.New(rand.NewPCG(9, 10)), Block-1, 40, 1001, textures["normal"]).require(t)
	})
}

func TestNoCentres(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		label, dist, second := []int32{3}, []float64{4}, []float64{5}
		Nearest2(label, dist, second, make([]float64, Block), nil, nil, 1)
		require.Equal(t, []int32{0}, label)
		requireBits(t, []float64{math.Inf(1)}, dist, "distance")
		requireBits(t, []float64{math.Inf(1)}, second, "second distance")
	})
}

func TestAllocs(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		p := newProblem(rand.New(rand.NewPCG(11, 12)), 5, 3, 4, textures["normal"])
		label, dist, second := make([]int32, 5), make([]float64, 5), make([]float64, 5)
		require.Zero(t, testing.AllocsPerRun(10, func() {
			Nearest(label, dist, p.block, p.centers, nil, 3)
			Nearest2(label, dist, second, p.block, p.centers, nil, 3)
			Distances(dist, p.block, p.centers[:3])
			SumLengths(p.block, p.centers[:3], 5)
		}))
	})
}

func TestLengths(t *testing.T) {
	label, s := make([]int32, Block+1), make([]float64, 2*Block)
	simd.Each(t, func(t *testing.T) {
		for name, f := range map[string]func(){
			"many points":      func() { Nearest(label, s[:Block+1], s, s[:2], nil, 2) },
			"few distances":    func() { Nearest(label[:3], s[:2], s, s[:2], nil, 2) },
			"few seconds":      func() { Nearest2(label[:3], s[:3], s[:2], s, s[:2], nil, 2) },
			"no features":      func() { Nearest(label[:3], s[:3], s, nil, nil, 0) },
			"short block":      func() { Nearest(label[:3], s[:3], s, s[:3], nil, 3) },
			"part of a centre": func() { Nearest(label[:3], s[:3], s, s[:3], nil, 2) },
			"few offsets":      func() { Nearest(label[:3], s[:3], s, s[:4], s[:1], 2) },
			"long distances":   func() { Distances(s[:Block+1], s, s[:2]) },
			"no centre":        func() { Distances(s[:3], s, nil) },
			"long block":       func() { SumLengths(s, s[:2], Block+1) },
			"short block sum":  func() { SumLengths(s, s[:3], 2) },
		} {
			require.Panics(t, f, name)
		}
	})
}

// FuzzForms takes the numbers as they come and compares all forms.
func FuzzForms(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789ABCDEF"), byte(3), byte(2), byte(5))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 1, 0, 0, 0, 0, 0, 0, 0x80}, byte(17), byte(1), byte(4))
	f.Fuzz(func(t *testing.T, data []byte, n, d, k byte) {
		at := 0
		next := func(*rand.Rand) float64 {
			var b [8]byte
			copy(b[:], data[min(at, len(data)):])
			if at += 8; at >= len(data) {
				at = 0
			}
			x := math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return 1
			}
			return x
		}
		simd.Each(t, func(t *testing.T) {
			at = 0
			newProblem(rand.New(rand.NewPCG(uint64(n), uint64(k))), int(n)+1, int(d)%12+1, int(k)%20+1, next).require(t)
		})
	})
}
