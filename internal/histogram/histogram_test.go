package histogram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

// rowsOf draws rows, some of them more than once, and what Add needs of them.
func rowsOf(r *rand.Rand, n, stride, bins int) (rows []int32, pairs []Cell, words []uint64) {
	const most = 1 << 12
	for range n {
		rows = append(rows, int32(r.IntN(most)))
	}
	for range most {
		pairs = append(pairs, Cell{G: int64(r.Uint64()) >> 12, HW: int64(r.Uint64() >> 12)})
	}
	for range most * stride {
		word := uint64(0)
		for range Lanes {
			b := Missing
			if r.IntN(4) > 0 {
				b = r.IntN(bins)
			}
			word = word<<8 | uint64(b)
		}
		words = append(words, word)
	}
	return rows, pairs, words
}

func TestAdd(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{0, 1, 2, 15, 16, 17, 600, 40_000} {
			for columns := 1; columns <= Lanes; columns++ {
				stride := 1 + r.IntN(4)
				rows, pairs, words := rowsOf(r, n, stride, 255)
				var got, want Group
				got.Add(columns, rows, pairs, words[stride-1:], stride)
				for _, row := range rows {
					for lane := range Lanes {
						c := &want[words[int(row)*stride+stride-1]>>(8*lane)&255][lane]
						c.G += pairs[row].G
						c.HW += pairs[row].HW
					}
				}
				for b := range got {
					require.Equal(t, want[b][:columns], got[b][:columns], "bin %d of %d rows", b, n)
				}
			}
		}
	})
}

func TestMergeSubtractClearColumn(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, bins := range []int{0, 1, 2, 7, 255} {
			var g, of Group
			for b := range g {
				for lane := range Lanes {
					g[b][lane] = Cell{int64(r.Uint64()), int64(r.Uint64())}
					of[b][lane] = Cell{int64(r.Uint64()), int64(r.Uint64())}
				}
			}
			less, more, clear := g, g, g
			less.Subtract(&of, bins)
			more.Merge(&of, bins)
			clear.Clear(bins)
			for b := range g {
				for lane, c := range g[b] {
					l, m, z := c, c, c
					if o := of[b][lane]; b < bins || b == Missing {
						l, m, z = Cell{c.G - o.G, c.HW - o.HW}, Cell{c.G + o.G, c.HW + o.HW}, Cell{}
						var column [Missing + 1]Cell
						g.Column(&column, lane, bins)
						require.Equal(t, c, column[b])
					}
					require.Equal(t, l, less[b][lane])
					require.Equal(t, m, more[b][lane])
					require.Equal(t, z, clear[b][lane])
				}
			}
		}
	})
}

// obvious is the largest gain of a threshold of one column.
func obvious(g *Group, lane, bins int, n *Node) float64 {
	most := math.Inf(-1)
	for _, l := range []Cell{{}, g[Missing][lane]} {
		for b := range bins {
			l.G += g[b][lane].G
			l.HW += g[b][lane].HW
			gain, valid := 0.0, true
			for _, side := range []Cell{l, {n.Sum.G - l.G, n.Sum.HW - l.HW}} {
				h := float64(side.HW >> n.Shift)
				valid = valid && side.HW&(1<<n.Shift-1) >= n.MinUnits && h >= n.MinHessian
				gain += float64(side.G) * float64(side.G) / (h + n.L2)
			}
			if valid {
				most = max(most, gain)
			}
		}
	}
	return most
}

// nodeOf draws a group and the node that it is of: with gradients of all sizes, empty bins,
// and a share of missing values that may be none.
func nodeOf(r *rand.Rand, bins int) (*Group, *Node) {
	g, shift := &Group{}, 1+r.IntN(30)
	unit := int64(1) << shift
	pair := func() Cell {
		size := uint64(1) << r.IntN(61-9)
		return Cell{int64(r.Uint64N(size)) - int64(size/2), int64(r.Uint64N(uint64(1)<<r.IntN(61-9-shift)))<<shift + 1}
	}
	rows := min(int(unit)-1, r.IntN(400))
	n := &Node{Shift: int64(shift), MinUnits: 1 + int64(r.IntN(3)), MinHessian: math.Ldexp(1, r.IntN(20)-10), L2: float64(r.IntN(2)) * math.Exp(10*r.Float64())}
	lost := max(0, r.Float64()-0.5)
	for range rows {
		p := pair()
		n.Sum.G += p.G
		n.Sum.HW += p.HW
		for lane := range Lanes {
			b := Missing
			if r.Float64() >= lost*float64(lane) {
				b = r.IntN(bins)
			}
			g[b][lane].G += p.G
			g[b][lane].HW += p.HW
		}
	}
	return g, n
}

func TestBoundsEqualObvious(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		finite, none := 0, 0
		for range 3000 {
			bins := 1 + r.IntN(Missing)
			g, n := nodeOf(r, bins)
			var bounds [Lanes]float64
			if !g.Bounds(&bounds, bins, n) {
				require.Equal(t, simd.Go, simd.InUse)
				return
			}
			for lane := range Lanes {
				want := obvious(g, lane, bins, n)
				if math.IsInf(want, -1) {
					require.Equal(t, want, bounds[lane])
					none++
					continue
				}
				require.InDelta(t, want, bounds[lane], 1e-14*want)
				finite++
			}
		}
		require.Greater(t, finite, 10_000)
		require.Greater(t, none, 1000)
	})
}

func TestBoundsOutOfRange(t *testing.T) {
	for _, n := range []Node{
		{MinUnits: 1, MinHessian: 0, L2: 1},
		{MinUnits: 1, MinHessian: math.Inf(1), L2: 1},
		{MinUnits: 1, MinHessian: 1, L2: 1e40},
		{MinUnits: 1, MinHessian: 1, L2: math.NaN()},
	} {
		require.False(t, (&Group{}).Bounds(&[Lanes]float64{}, 1, &n))
	}
	require.False(t, (&Group{}).Bounds(&[Lanes]float64{}, 0, &Node{MinUnits: 1, MinHessian: 1}))
}

// BenchmarkAdd adds all rows, and one of 20, to 28 columns.
func BenchmarkAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const stride = 4
	for _, all := range []int{16_000, 800_000} {
		for _, every := range []int{1, 20} {
			words, pairs, rows := make([]uint64, all*stride), make([]Cell, all), []int32(nil)
			for i := range words {
				words[i] = r.Uint64()
			}
			for row := range all {
				if r.IntN(every) == 0 {
					rows = append(rows, int32(row))
				}
			}
			simd.Each(b, func(b *testing.B) {
				b.Run(fmt.Sprintf("rows=%d/every=%d", all, every), func(b *testing.B) {
					groups := make([]Group, stride)
					const block = 8192
					for b.Loop() {
						for lo := 0; lo < len(rows); lo += block {
							for i := range groups {
								groups[i].Add(min(Lanes, 28-Lanes*i), rows[lo:min(lo+block, len(rows))], pairs, words[i:], stride)
							}
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows))/28, "ns/update")
				})
			})
		}
	}
}

func BenchmarkBounds(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	g, n := nodeOf(r, Missing)
	g[Missing] = [Lanes]Cell{}
	var other Group
	simd.Each(b, func(b *testing.B) {
		b.Run("bounds", func(b *testing.B) {
			var bounds [Lanes]float64
			for b.Loop() {
				g.Bounds(&bounds, Missing, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Missing/Lanes, "ns/cell")
		})
		b.Run("subtract", func(b *testing.B) {
			for b.Loop() {
				g.Subtract(&other, Missing)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Missing/Lanes, "ns/cell")
		})
	})
}
