// Package gram multiplies blocks of prepared rows: by coefficients, by residuals, and by
// themselves.
//
// Rows come in blocks of 256, feature by feature. Every form of an operation, in Go or in
// assembly, rounds in the same way, so that all give the same bits: products are added by
// fused multiply and add, and a sum over the rows of a block is that of eight sums, row i
// going into sum i%8, which are added in pairs, i and i+4, then i and i+1, i and i+2.
//
// The assembly is for AVX2 with FMA and for AVX-512, chosen once at start by what the
// processor has. The build tag purego leaves it out.
package gram

// Block is the number of rows of a block: feature j of row i is block[j*Block+i].
const Block = 256

// lanes is the number of sums over the rows of a block.
const lanes = 8

// Combine sets dst to the sum of the features of the block, each times its coefficient,
// from 0 in the order of the features. There is a feature for each coefficient. It panics
// if the block is too short.
func Combine(dst *[Block]float64, block, coefficients []float64) {
	check(block, len(coefficients))
	combine(dst, block, coefficients)
}

// Dots adds to dst[j] the sum over the rows of feature j times r. There is a feature for
// each number of dst. It panics if the block is too short.
func Dots(dst, block []float64, r *[Block]float64) {
	check(block, len(dst))
	dots(dst, block, r)
}

// Scale sets dst to the d features of the block, each times w row by row. It panics if one
// of them is too short.
func Scale(dst, block []float64, w *[Block]float64, d int) {
	check(block, d)
	check(dst, d)
	scale(dst, block, w, d)
}

// Shift sets dst to (x-center)·slope.
func Shift(dst, x *[Block]float64, center, slope float64) { shift(dst, x, center, slope) }

// Add adds to dst[i*stride+j], for all features j <= i < d, the sum over the rows of
// feature i of a times feature j of b. It panics if something is too short, or stride less
// than d.
func Add(dst []float64, stride int, a, b []float64, d int) {
	check(a, d)
	check(b, d)
	if stride < d || d > 0 && len(dst) < (d-1)*stride+d {
		panic("gram: length of sums")
	}
	add(dst, stride, a, b, d)
}

// check panics if a block does not have d features.
func check(block []float64, d int) {
	if len(block) < d*Block {
		panic("gram: length of block")
	}
}
