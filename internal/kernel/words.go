package kernel

import "math/bits"

// And sets dst to the positions in a and b and reports whether there are any.
// dst may be a or b.
func And(dst, a, b *Words) (any bool) { return and(dst, a, b) }

// AndNot sets dst to the positions in a and not in b and reports whether there
// are any. dst may be a or b.
func AndNot(dst, a, b *Words) (any bool) { return andNot(dst, a, b) }

// Or sets dst to the positions in a or b. dst may be a or b.
func Or(dst, a, b *Words) { or(dst, a, b) }

// Or4 sets dst to the positions in any of the four. dst may be one of them.
func Or4(dst, a, b, c, d *Words) { or4(dst, a, b, c, d) }

// Xor sets dst to the positions in one of a and b and reports whether there are
// any. dst may be a or b.
func Xor(dst, a, b *Words) (any bool) { return xor(dst, a, b) }

// Count is the number of positions in a.
func Count(a *Words) int { return count(a) }

// AndCount is the number of positions in a and b.
func AndCount(a, b *Words) int { return andCount(a, b) }

// AndNotCount is the number of positions in a and not in b.
func AndNotCount(a, b *Words) int { return andNotCount(a, b) }

// CountedAnd is And that returns the number of positions in dst.
func CountedAnd(dst, a, b *Words) int { return countedAnd(dst, a, b) }

// CountedAndNot is AndNot that returns the number of positions in dst.
func CountedAndNot(dst, a, b *Words) int { return countedAndNot(dst, a, b) }

// CountedOr is Or that returns the number of positions in dst.
func CountedOr(dst, a, b *Words) int { return countedOr(dst, a, b) }

func andGo(dst, a, b *Words) bool {
	var any uint64
	for i := 0; i < Size; i += 8 {
		d, x, y := (*[8]uint64)(dst[i:]), (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		z0, z1, z2, z3 := x[0]&y[0], x[1]&y[1], x[2]&y[2], x[3]&y[3]
		d[0], d[1], d[2], d[3] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
		z0, z1, z2, z3 = x[4]&y[4], x[5]&y[5], x[6]&y[6], x[7]&y[7]
		d[4], d[5], d[6], d[7] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
	}
	return any != 0
}

func andNotGo(dst, a, b *Words) bool {
	var any uint64
	for i := 0; i < Size; i += 8 {
		d, x, y := (*[8]uint64)(dst[i:]), (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		z0, z1, z2, z3 := x[0]&^y[0], x[1]&^y[1], x[2]&^y[2], x[3]&^y[3]
		d[0], d[1], d[2], d[3] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
		z0, z1, z2, z3 = x[4]&^y[4], x[5]&^y[5], x[6]&^y[6], x[7]&^y[7]
		d[4], d[5], d[6], d[7] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
	}
	return any != 0
}

func orGo(dst, a, b *Words) {
	for i := 0; i < Size; i += 8 {
		d, x, y := (*[8]uint64)(dst[i:]), (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		d[0], d[1], d[2], d[3] = x[0]|y[0], x[1]|y[1], x[2]|y[2], x[3]|y[3]
		d[4], d[5], d[6], d[7] = x[4]|y[4], x[5]|y[5], x[6]|y[6], x[7]|y[7]
	}
}

func or4Go(dst, a, b, c, d *Words) {
	for i := 0; i < Size; i += 4 {
		to, x, y, z, u := (*[4]uint64)(dst[i:]), (*[4]uint64)(a[i:]), (*[4]uint64)(b[i:]), (*[4]uint64)(c[i:]), (*[4]uint64)(d[i:])
		to[0], to[1] = x[0]|y[0]|z[0]|u[0], x[1]|y[1]|z[1]|u[1]
		to[2], to[3] = x[2]|y[2]|z[2]|u[2], x[3]|y[3]|z[3]|u[3]
	}
}

func xorGo(dst, a, b *Words) bool {
	var any uint64
	for i := 0; i < Size; i += 8 {
		d, x, y := (*[8]uint64)(dst[i:]), (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		z0, z1, z2, z3 := x[0]^y[0], x[1]^y[1], x[2]^y[2], x[3]^y[3]
		d[0], d[1], d[2], d[3] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
		z0, z1, z2, z3 = x[4]^y[4], x[5]^y[5], x[6]^y[6], x[7]^y[7]
		d[4], d[5], d[6], d[7] = z0, z1, z2, z3
		any |= z0 | z1 | z2 | z3
	}
	return any != 0
}

// The counts add one word at a time: with several sums the compiler spills them,
// since it must be ready to call the OnesCount64 of processors without POPCNT.

func countGo(a *Words) (n int) {
	for i := 0; i < Size; i += 8 {
		x := (*[8]uint64)(a[i:])
		n += bits.OnesCount64(x[0])
		n += bits.OnesCount64(x[1])
		n += bits.OnesCount64(x[2])
		n += bits.OnesCount64(x[3])
		n += bits.OnesCount64(x[4])
		n += bits.OnesCount64(x[5])
		n += bits.OnesCount64(x[6])
		n += bits.OnesCount64(x[7])
	}
	return n
}

func andCountGo(a, b *Words) (n int) {
	for i := 0; i < Size; i += 8 {
		x, y := (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		n += bits.OnesCount64(x[0] & y[0])
		n += bits.OnesCount64(x[1] & y[1])
		n += bits.OnesCount64(x[2] & y[2])
		n += bits.OnesCount64(x[3] & y[3])
		n += bits.OnesCount64(x[4] & y[4])
		n += bits.OnesCount64(x[5] & y[5])
		n += bits.OnesCount64(x[6] & y[6])
		n += bits.OnesCount64(x[7] & y[7])
	}
	return n
}

func andNotCountGo(a, b *Words) (n int) {
	for i := 0; i < Size; i += 8 {
		x, y := (*[8]uint64)(a[i:]), (*[8]uint64)(b[i:])
		n += bits.OnesCount64(x[0] &^ y[0])
		n += bits.OnesCount64(x[1] &^ y[1])
		n += bits.OnesCount64(x[2] &^ y[2])
		n += bits.OnesCount64(x[3] &^ y[3])
		n += bits.OnesCount64(x[4] &^ y[4])
		n += bits.OnesCount64(x[5] &^ y[5])
		n += bits.OnesCount64(x[6] &^ y[6])
		n += bits.OnesCount64(x[7] &^ y[7])
	}
	return n
}

func countedAndGo(dst, a, b *Words) (n int) {
	for i := 0; i < Size; i += 4 {
		d, x, y := (*[4]uint64)(dst[i:]), (*[4]uint64)(a[i:]), (*[4]uint64)(b[i:])
		z := x[0] & y[0]
		d[0] = z
		n += bits.OnesCount64(z)
		z = x[1] & y[1]
		d[1] = z
		n += bits.OnesCount64(z)
		z = x[2] & y[2]
		d[2] = z
		n += bits.OnesCount64(z)
		z = x[3] & y[3]
		d[3] = z
		n += bits.OnesCount64(z)
	}
	return n
}

func countedAndNotGo(dst, a, b *Words) (n int) {
	for i := 0; i < Size; i += 4 {
		d, x, y := (*[4]uint64)(dst[i:]), (*[4]uint64)(a[i:]), (*[4]uint64)(b[i:])
		z := x[0] &^ y[0]
		d[0] = z
		n += bits.OnesCount64(z)
		z = x[1] &^ y[1]
		d[1] = z
		n += bits.OnesCount64(z)
		z = x[2] &^ y[2]
		d[2] = z
		n += bits.OnesCount64(z)
		z = x[3] &^ y[3]
		d[3] = z
		n += bits.OnesCount64(z)
	}
	return n
}

func countedOrGo(dst, a, b *Words) (n int) {
	for i := 0; i < Size; i += 4 {
		d, x, y := (*[4]uint64)(dst[i:]), (*[4]uint64)(a[i:]), (*[4]uint64)(b[i:])
		z := x[0] | y[0]
		d[0] = z
		n += bits.OnesCount64(z)
		z = x[1] | y[1]
		d[1] = z
		n += bits.OnesCount64(z)
		z = x[2] | y[2]
		d[2] = z
		n += bits.OnesCount64(z)
		z = x[3] | y[3]
		d[3] = z
		n += bits.OnesCount64(z)
	}
	return n
}
