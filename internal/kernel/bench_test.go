package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/clientele-go/clientele/internal/simd"
)

// The benchmarks stream over the chunks of ten million positions, as a query
// does, so that they pay for memory and not for one chunk in cache.
const chunks = (10_000_000 + Bits - 1) / Bits

// stream runs f over all chunks, in every form this processor has. Each chunk
// reads size bytes.
func stream(b *testing.B, size int, f func(chunk int)) {
	simd.Each(b, func(b *testing.B) {
		for b.Loop() {
			for c := range chunks {
				f(c)
			}
		}
		ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		b.ReportMetric(ns/chunks, "ns/chunk")
		b.ReportMetric(float64(size)*chunks*1e3/ns, "MB/s")
	})
}

var sink int

func benchWords() [][2]Words {
	r := rand.New(rand.NewPCG(1, 2))
	w := make([][2]Words, chunks)
	for c := range w {
		for i := range Size {
			w[c][0][i], w[c][1][i] = r.Uint64(), r.Uint64()
		}
	}
	return w
}

func benchSlices(width int) [][]uint64 {
	r := rand.New(rand.NewPCG(1, 2))
	s := make([][]uint64, chunks)
	for c := range s {
		s[c] = make([]uint64, width*Size)
		for i := range s[c] {
			s[c][i] = r.Uint64()
		}
	}
	return s
}

func BenchmarkWords(b *testing.B) {
	w := benchWords()
	var dst Words
	const two = 2 * Size * 8
	b.Run("And", func(b *testing.B) { stream(b, two, func(c int) { And(&dst, &w[c][0], &w[c][1]) }) })
	b.Run("AndNot", func(b *testing.B) { stream(b, two, func(c int) { AndNot(&dst, &w[c][0], &w[c][1]) }) })
	b.Run("Or", func(b *testing.B) { stream(b, two, func(c int) { Or(&dst, &w[c][0], &w[c][1]) }) })
	b.Run("Xor", func(b *testing.B) { stream(b, two, func(c int) { Xor(&dst, &w[c][0], &w[c][1]) }) })
	b.Run("Count", func(b *testing.B) { stream(b, two/2, func(c int) { sink += Count(&w[c][0]) }) })
	b.Run("AndCount", func(b *testing.B) { stream(b, two, func(c int) { sink += AndCount(&w[c][0], &w[c][1]) }) })
	b.Run("AndNotCount", func(b *testing.B) { stream(b, two, func(c int) { sink += AndNotCount(&w[c][0], &w[c][1]) }) })
}

func BenchmarkSlices(b *testing.B) {
	const width = 20
	s := benchSlices(width)
	filter := &benchWords()[0][0]
	var dst Words
	var counts [width]uint64
	const all = width * Size * 8
	b.Run("Between", func(b *testing.B) { stream(b, all, func(c int) { Between(&dst, s[c], 123_457, 765_432) }) })
	b.Run("AtLeast", func(b *testing.B) { stream(b, all, func(c int) { Between(&dst, s[c], 123_457, 1<<20) }) })
	b.Run("AtMost", func(b *testing.B) { stream(b, all, func(c int) { Between(&dst, s[c], 0, 765_432) }) })
	b.Run("SliceCounts", func(b *testing.B) { stream(b, all, func(c int) { SliceCounts(counts[:], filter, s[c]) }) })
}

func BenchmarkTranspose(b *testing.B) {
	for _, width := range []int{3, 8, 20, 40} {
		s := benchSlices(width)[0]
		values := make([]uint64, chunks*Bits)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range values {
			values[i] = r.Uint64N(1 << width)
		}
		name := string(rune('0'+width/10)) + string(rune('0'+width%10))
		b.Run("Encode"+name, func(b *testing.B) {
			stream(b, Bits*8, func(c int) { Encode(s, values[c*Bits:][:Bits]) })
		})
		var dst [64]uint64
		b.Run("Decode"+name, func(b *testing.B) {
			stream(b, Size*8*width, func(int) {
				for word := range Size {
					Decode(&dst, s, word)
				}
			})
		})
	}
}

func BenchmarkPositions(b *testing.B) {
	w := benchWords()
	for _, percent := range []int{1, 5} {
		positions := make([][]uint16, chunks)
		sparse := make([]Words, chunks)
		r := rand.New(rand.NewPCG(1, 2))
		n := 0
		for c := range positions {
			for p := range Bits {
				if r.IntN(100) < percent {
					positions[c] = append(positions[c], uint16(p))
				}
			}
			Scatter(&sparse[c], positions[c])
			n += len(positions[c])
		}
		dst := make([]uint16, Bits)
		var words Words
		run := func(name string, f func(c int)) {
			b.Run(name+string(rune('0'+percent)), func(b *testing.B) {
				stream(b, 2*n/chunks, f)
				b.ReportMetric(float64(n)/chunks, "elements/chunk")
			})
		}
		run("Scatter", func(c int) { Scatter(&words, positions[c]) })
		run("Erase", func(c int) { Erase(&words, positions[c]) })
		run("Probe", func(c int) { sink += Probe(dst, positions[c], &w[c][0]) })
		run("ProbeCount", func(c int) { sink += ProbeCount(positions[c], &w[c][0]) })
		run("Extract", func(c int) { sink += Extract(dst, &sparse[c]) })
	}
	dst := make([]uint16, Bits)
	b.Run("Extract50", func(b *testing.B) {
		stream(b, Size*8, func(c int) { sink += Extract(dst, &w[c][0]) })
	})
}

func BenchmarkCodes(b *testing.B) {
	w := benchWords()
	r := rand.New(rand.NewPCG(1, 2))
	codes8 := make([]uint8, chunks*Bits)
	codes16 := make([]uint16, chunks*Bits)
	for i := range codes8 {
		codes8[i] = uint8(r.IntN(50))
		codes16[i] = uint16(r.IntN(1000))
	}
	of8 := func(c int) []uint8 { return codes8[c*Bits:][:Bits] }
	of16 := func(c int) []uint16 { return codes16[c*Bits:][:Bits] }
	five := make([]Words, chunks)
	for c := range five {
		for p := range Bits {
			if r.IntN(20) == 0 {
				five[c][p>>6] |= 1 << (p & 63)
			}
		}
	}
	var full, dst Words
	FillRange(&full, 0, Bits)
	table8 := [256]uint8{3: 1, 7: 1, 20: 1, 30: 1}
	table16 := make([]uint8, 1000)
	for i := range table16 {
		table16[i] = uint8(r.IntN(2))
	}
	counts8, counts16 := make([]uint32, 50), make([]uint32, 1000)
	b.Run("Match8", func(b *testing.B) { stream(b, Bits, func(c int) { MatchCodes8(&dst, of8(c), &table8) }) })
	b.Run("Match16", func(b *testing.B) { stream(b, 2*Bits, func(c int) { MatchCodes16(&dst, of16(c), table16) }) })
	b.Run("Count8of5", func(b *testing.B) { stream(b, Bits, func(c int) { CountCodes8(counts8, &five[c], of8(c)) }) })
	b.Run("Count8of50", func(b *testing.B) { stream(b, Bits, func(c int) { CountCodes8(counts8, &w[c][0], of8(c)) }) })
	b.Run("Count8of100", func(b *testing.B) { stream(b, Bits, func(c int) { CountCodes8(counts8, &full, of8(c)) }) })
	b.Run("Count16of5", func(b *testing.B) { stream(b, 2*Bits, func(c int) { CountCodes16(counts16, &five[c], of16(c)) }) })
	b.Run("Count16of50", func(b *testing.B) { stream(b, 2*Bits, func(c int) { CountCodes16(counts16, &w[c][0], of16(c)) }) })
	b.Run("Count16of100", func(b *testing.B) { stream(b, 2*Bits, func(c int) { CountCodes16(counts16, &full, of16(c)) }) })
}

func BenchmarkFloats(b *testing.B) {
	values := make([]float64, chunks*Bits)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = r.Float64()
	}
	var dst Words
	b.Run("Between", func(b *testing.B) {
		stream(b, 8*Bits, func(c int) { BetweenFloats(&dst, values[c*Bits:][:Bits], 0.25, 0.75) })
	})
}
