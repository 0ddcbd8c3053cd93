// Package kernel answers: what do two sets of 65,536 positions, or the values at
// those positions, have in common?
//
// Everything works on one chunk: 65,536 bits in 1,024 words, the positions of
// such bits as uint16, an unsigned column of the chunk as bit slices, or a
// forward column of codes or floats. Nothing allocates and nothing is kept.
//
// Each operation is written in Go; where it pays, there is also a form in
// assembly for AVX2 and AVX-512, chosen once at start by what the processor has.
// The build tag purego leaves the assembly out. All forms give equal answers.
package kernel

// Bits is the number of positions of a chunk, Size its number of words.
const (
	Bits = 65536
	Size = Bits / 64
)

// Words is a set of positions of one chunk: position p is bit p&63 of word p>>6.
// Safe for concurrent reads.
type Words [Size]uint64
