package gram

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

// textures are ways in which numbers may lie.
var textures = map[string]func(r *rand.Rand) float64{
	"normal":   (*rand.Rand).NormFloat64,
	"marks":    func(r *rand.Rand) float64 { return float64(r.IntN(2)) },
	"zeros":    func(*rand.Rand) float64 { return 0 },
	"signs":    func(r *rand.Rand) float64 { return math.Copysign(0, r.NormFloat64()) },
	"scales":   func(r *rand.Rand) float64 { return math.Exp(20 * r.NormFloat64()) },
	"denormal": func(r *rand.Rand) float64 { return float64(r.IntN(5)) * 5e-324 },
	"huge":     func(r *rand.Rand) float64 { return r.NormFloat64() * 1e200 },
}

func draw(r *rand.Rand, n int, texture func(*rand.Rand) float64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = texture(r)
	}
	return s
}

// obviousDot is the sum as the package comment has it.
func obviousDot(a, b []float64) float64 {
	var s [lanes]float64
	for i := range Block {
		s[i%lanes] = math.FMA(a[i], b[i], s[i%lanes])
	}
	for i := range 4 {
		s[i] += s[i+4]
	}
	s[0] += s[1]
	s[2] += s[3]
	return s[0] + s[2]
}

func requireBits(t *testing.T, want, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.IsNaN(want[i]) && math.IsNaN(got[i]) {
			continue
		}
		if math.Float64bits(want[i]) != math.Float64bits(got[i]) {
			require.FailNowf(t, "bits differ", "%s %d: want %x, got %x", what, i, want[i], got[i])
		}
	}
}

// TestForms compares every operation in every form with the obvious one, and that nothing else is written.
func TestForms(t *testing.T) {
	for name, texture := range textures {
		t.Run(name, func(t *testing.T) {
			simd.Each(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				for d := range 14 {
					x, y := draw(r, d*Block, texture), draw(r, d*Block, texture)
					w := (*[Block]float64)(draw(r, Block, texture))
					at := func(s []float64, j int) []float64 { return s[j*Block:][:Block] }

					b := draw(r, d, texture)
					var z, wantZ [Block]float64
					for i := range wantZ {
						for j := range d {
							wantZ[i] = math.FMA(b[j], x[j*Block+i], wantZ[i])
						}
						z[i] = math.NaN()
					}
					Combine(&z, x, b)
					requireBits(t, wantZ[:], z[:], "combine")

					g := draw(r, d+1, texture)
					wantG := append([]float64(nil), g...)
					for j := range d {
						wantG[j] += obviousDot(at(x, j), w[:])
					}
					Dots(g[:d], x, w)
					requireBits(t, wantG, g, "dots")

					scaled := draw(r, d*Block+1, texture)
					want := append([]float64(nil), scaled...)
					for i := range d * Block {
						want[i] = x[i] * w[i%Block]
					}
					Scale(scaled, x, w, d)
					requireBits(t, want, scaled, "scale")

					var moved, wantMoved [Block]float64
					c, s := texture(r), texture(r)
					for i := range moved {
						wantMoved[i] = (w[i] - c) * s
					}
					Shift(&moved, w, c, s)
					requireBits(t, wantMoved[:], moved[:], "shift")

					stride := d + 3
					h := draw(r, d*stride, texture)
					want = append([]float64(nil), h...)
					for i := range d {
						for j := range i + 1 {
							want[i*stride+j] += obviousDot(at(y, i), at(x, j))
						}
					}
					Add(h, stride, y, x, d)
					requireBits(t, want, h, "add")
				}
			})
		})
	}
}

func TestPanics(t *testing.T) {
	short, long := make([]float64, 2*Block-1), make([]float64, 2*Block)
	var z [Block]float64
	require.Panics(t, func() { Combine(&z, short, z[:2]) })
	require.Panics(t, func() { Dots(z[:2], short, &z) })
	require.Panics(t, func() { Scale(long, short, &z, 2) })
	require.Panics(t, func() { Scale(short, long, &z, 2) })
	require.Panics(t, func() { Add(z[:], 2, short, long, 2) })
	require.Panics(t, func() { Add(z[:], 2, long, short, 2) })
	require.Panics(t, func() { Add(z[:], 1, long, long, 2) })
	require.Panics(t, func() { Add(z[:3], 2, long, long, 2) })
	require.NotPanics(t, func() { Add(z[:4], 2, long, long, 2) })
}

func BenchmarkAdd(b *testing.B) {
	const d = 51
	r := rand.New(rand.NewPCG(1, 2))
	x, y, h := draw(r, d*Block, textures["normal"]), draw(r, d*Block, textures["normal"]), make([]float64, d*d)
	simd.Each(b, func(b *testing.B) {
		for b.Loop() {
			Add(h, d, y, x, d)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Block, "ns/row")
	})
}
