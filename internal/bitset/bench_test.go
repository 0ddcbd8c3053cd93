package bitset

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clientele-go/clientele/internal/kernel"
)

// Random sets of 10 million values, 153 chunks, at several densities.
const universe = 10_000_000

var densities = []float64{0.0001, 0.001, 0.01, 0.03, 0.1, 0.5}

// kept are the ways to keep a set that are measured beside Roaring.
var kept = []struct {
	name  string
	dense int
}{{"compact", maxDense}, {"dense", 256}}

// randomBitmap holds that part of 10 million values.
func randomBitmap(density float64, seed uint64) *roaring.Bitmap {
	r := rand.New(rand.NewPCG(seed, 1))
	b := roaring.New()
	for n := int(density * universe); n > 0; {
		if b.CheckedAdd(r.Uint32N(universe)) {
			n--
		}
	}
	return b
}

// pairBenches are operations on two sets. What they return is kept alive; a set
// of ours is a slice of chunks made anew, as the index would keep it.
var pairBenches = []struct {
	name string
	peer func(a, b *roaring.Bitmap) any
	ours func(a, b Set, dense int, scratch *kernel.Words) Set
}{
	{"And", func(a, b *roaring.Bitmap) any { return roaring.And(a, b) }, And},
	{"Or", func(a, b *roaring.Bitmap) any { return roaring.Or(a, b) }, Or},
	{"AndNot", func(a, b *roaring.Bitmap) any { return roaring.AndNot(a, b) }, AndNot},
	{"AndCount", func(a, b *roaring.Bitmap) any { return a.AndCardinality(b) }, nil},
}

var result any

func BenchmarkPair(b *testing.B) {
	for _, density := range densities {
		x, y := randomBitmap(density, 1), randomBitmap(density, 2)
		for _, o := range pairBenches {
			name := fmt.Sprintf("%s/%g%%/", o.name, 100*density)
			b.Run(name+"roaring", func(b *testing.B) {
				for b.Loop() {
					result = o.peer(x, y)
				}
			})
			for _, k := range kept {
				p, q := chunksOf(b, x, k.dense), chunksOf(b, y, k.dense)
				scratch := new(kernel.Words)
				b.Run(name+k.name, func(b *testing.B) {
					if o.ours == nil {
						for b.Loop() {
							n := 0
							for i := range p {
								n += AndCount(p[i], q[i], scratch)
							}
							result = n
						}
						return
					}
					for b.Loop() {
						out := make([]Set, len(p))
						for i := range p {
							out[i] = o.ours(p[i], q[i], k.dense, scratch)
						}
						result = out
					}
				})
			}
		}
	}
}

// The real sets, each with its successor.
func BenchmarkReal(b *testing.B) {
	for _, real := range realSets {
		b.Run(real.file, func(b *testing.B) {
			bitmaps := realBitmaps(b, real.file)
			for _, o := range pairBenches {
				b.Run(o.name+"/roaring", func(b *testing.B) {
					for b.Loop() {
						for i := range len(bitmaps) - 1 {
							result = o.peer(bitmaps[i], bitmaps[i+1])
						}
					}
				})
				for _, k := range kept {
					sets := make([][]Set, len(bitmaps))
					for i := range bitmaps {
						sets[i] = chunksOf(b, bitmaps[i], k.dense)
					}
					scratch := new(kernel.Words)
					b.Run(o.name+"/"+k.name, func(b *testing.B) {
						for b.Loop() {
							for i := range len(sets) - 1 {
								x, y := sets[i], sets[i+1]
								shared := min(len(x), len(y))
								switch o.name {
								case "AndCount":
									n := 0
									for c := range shared {
										n += AndCount(x[c], y[c], scratch)
									}
									result = n
								case "And":
									result = combined(o.ours, x[:shared], y[:shared], k.dense, scratch)
								default:
									result = combined(o.ours, x, y, k.dense, scratch)
								}
							}
						}
					})
				}
			}
		})
	}
}

// One step of a plan: load a set and take another.
func BenchmarkApply(b *testing.B) {
	for _, density := range densities {
		x, y := randomBitmap(density, 1), randomBitmap(density, 2)
		for _, k := range kept {
			p, q := chunksOf(b, x, k.dense), chunksOf(b, y, k.dense)
			w := new(kernel.Words)
			for _, step := range []struct {
				name string
				f    func(i int)
			}{
				{"Load", func(i int) { p[i].Load(w) }},
				{"LoadAnd", func(i int) { p[i].Load(w); q[i].And(w) }},
				{"LoadAndCount", func(i int) { p[i].Load(w); q[i].AndCount(w) }},
				{"LoadOr", func(i int) { p[i].Load(w); q[i].Or(w) }},
			} {
				b.Run(fmt.Sprintf("%s/%g%%/%s", step.name, 100*density, k.name), func(b *testing.B) {
					for b.Loop() {
						for i := range p {
							step.f(i)
						}
					}
				})
			}
		}
	}
}

func BenchmarkRoaring(b *testing.B) {
	for _, density := range densities {
		x := randomBitmap(density, 1)
		chunks := chunksOf(b, x, maxDense)
		data := appendRoaring(nil, chunks)
		for _, c := range []struct {
			name string
			f    func() any
		}{
			{"Append/roaring", func() any { data, _ := x.ToBytes(); return data }},
			{"Append/compact", func() any { return appendRoaring(nil, chunks) }},
			{"Read/roaring", func() any { b := roaring.New(); _ = b.UnmarshalBinary(data); return b }},
			{"Read/compact", func() any { chunks, _, _ := ReadRoaring(data, maxDense); return chunks }},
			{"Clone/roaring", func() any { return x.Clone() }},
			{"Clone/to", func() any { return ToRoaring(chunks) }},
			{"Clone/from", func() any { chunks, _ := FromRoaring(x, maxDense); return chunks }},
		} {
			b.Run(fmt.Sprintf("%g%%/%s", 100*density, c.name), func(b *testing.B) {
				for b.Loop() {
					result = c.f()
				}
			})
		}
	}
}

func BenchmarkEdit(b *testing.B) {
	scratch := new(kernel.Words)
	for _, density := range densities {
		chunks := chunksOf(b, randomBitmap(density, 1), maxDense)
		b.Run(fmt.Sprintf("%g%%", 100*density), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				result = chunks[i%len(chunks)].Edit([]uint16{100, 20_000, 50_000}, []uint16{333, 30_000}, maxDense, scratch)
			}
		})
	}
}
