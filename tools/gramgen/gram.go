package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	number = 8 // bytes
	rows   = 256
	column = rows * number // bytes of a feature in a block
	lanes  = 8             // sums over the rows
	side   = 4             // features of a tile
	vector = 32            // bytes: four numbers
)

// begin starts a function.
func begin(c *build.Context, name, signature, doc string) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
	c.Doc(name + " " + doc)
	c.Pragma("noescape")
}

const (
	tileSignature = "func(sums *[16]float64, a, b *float64)"
	tileDoc       = "sets sums[4*i+j] to the sum over the rows of feature i of a times feature j of b."
)

// tileAVX512 writes the function of 4 by 4 sums, each of its 8 lanes in one register.
func tileAVX512(c *build.Context) {
	begin(c, "tileAVX512", tileSignature, tileDoc)
	a, b := c.Load(c.Param("a"), c.GP64()), c.Load(c.Param("b"), c.GP64())
	var sum [side][side]reg.VecVirtual
	for i := range sum {
		for j := range sum[i] {
			sum[i][j] = c.ZMM()
			c.VPXORQ(sum[i][j], sum[i][j], sum[i][j])
		}
	}
	left := c.GP64()
	c.MOVQ(operand.U32(rows/lanes), left)
	c.Label("rows")
	var y [side]reg.VecVirtual
	for j := range y {
		y[j] = c.ZMM()
		c.VMOVUPD(operand.Mem{Base: b, Disp: j * column}, y[j])
	}
	for i := range sum {
		x := c.ZMM()
		c.VMOVUPD(operand.Mem{Base: a, Disp: i * column}, x)
		for j := range sum[i] {
			c.VFMADD231PD(x, y[j], sum[i][j])
		}
	}
	c.ADDQ(operand.Imm(lanes*number), a)
	c.ADDQ(operand.Imm(lanes*number), b)
	c.DECQ(left)
	c.JNE(operand.LabelRef("rows"))
	sums := c.Load(c.Param("sums"), c.GP64())
	for i := range sum {
		var half [side]reg.VecVirtual
		for j := range half {
			high := c.YMM()
			c.VEXTRACTF64X4(operand.Imm(1), sum[i][j], high)
			half[j] = c.YMM()
			c.VADDPD(high, sum[i][j].AsY(), half[j])
		}
		c.VMOVUPD(total(c, half), operand.Mem{Base: sums, Disp: i * vector})
	}
	c.VZEROUPPER()
	c.RET()
}

// tileAVX2 writes the function of 4 by 4 sums, two rows of sums at a time, first of the
// lanes 0 to 3 and then of 4 to 7.
func tileAVX2(c *build.Context) {
	const high = 2 // rows of sums at a time
	begin(c, "tileAVX2", tileSignature, tileDoc)
	a, b := c.Load(c.Param("a"), c.GP64()), c.Load(c.Param("b"), c.GP64())
	sums := c.Load(c.Param("sums"), c.GP64())
	halves := c.AllocLocal(high * side * vector)
	for first := 0; first < side; first += high {
		for half := range 2 {
			var sum [high][side]reg.VecVirtual
			for i := range sum {
				for j := range sum[i] {
					sum[i][j] = c.YMM()
					c.VXORPD(sum[i][j], sum[i][j], sum[i][j])
				}
			}
			at := c.GP64()
			c.XORQ(at, at)
			label := string(rune('a'+first)) + string(rune('a'+half))
			c.Label(label)
			var x [high]reg.VecVirtual
			for i := range x {
				x[i] = c.YMM()
				c.VMOVUPD(operand.Mem{Base: a, Index: at, Scale: 1, Disp: (first+i)*column + half*vector}, x[i])
			}
			for j := range side {
				y := c.YMM()
				c.VMOVUPD(operand.Mem{Base: b, Index: at, Scale: 1, Disp: j*column + half*vector}, y)
				for i := range x {
					c.VFMADD231PD(x[i], y, sum[i][j])
				}
			}
			c.ADDQ(operand.Imm(lanes*number), at)
			c.CMPQ(at, operand.U32(column))
			c.JNE(operand.LabelRef(label))
			for i := range sum {
				for j := range sum[i] {
					place := halves.Offset((i*side + j) * vector)
					if half == 0 {
						c.VMOVUPD(sum[i][j], place)
					} else {
						c.VADDPD(place, sum[i][j], sum[i][j])
					}
				}
				if half == 1 {
					c.VMOVUPD(total(c, sum[i]), operand.Mem{Base: sums, Disp: (first + i) * vector})
				}
			}
		}
	}
	c.VZEROUPPER()
	c.RET()
}

// total writes the sums over the four lanes of each of four registers: those of lanes 0 and
// 1 and of 2 and 3, then of both.
func total(c *build.Context, sum [side]reg.VecVirtual) reg.VecVirtual {
	low, high, cross, straight := c.YMM(), c.YMM(), c.YMM(), c.YMM()
	c.VHADDPD(sum[1], sum[0], low)
	c.VHADDPD(sum[3], sum[2], high)
	c.VPERM2F128(operand.Imm(0x21), high, low, cross)
	c.VBLENDPD(operand.Imm(0xc), high, low, straight)
	c.VADDPD(cross, straight, straight)
	return straight
}

// dots writes the function of the sums of four features times residuals.
func dots(c *build.Context) {
	begin(c, "dotsAVX2", "func(sums *[4]float64, block, r *float64)", "sets sums[j] to the sum over the rows of feature j times r.")
	block, r := c.Load(c.Param("block"), c.GP64()), c.Load(c.Param("r"), c.GP64())
	var sum [2][side]reg.VecVirtual
	for half := range sum {
		for j := range sum[half] {
			sum[half][j] = c.YMM()
			c.VXORPD(sum[half][j], sum[half][j], sum[half][j])
		}
	}
	left := c.GP64()
	c.MOVQ(operand.U32(rows/lanes), left)
	c.Label("rows")
	for half := range sum {
		x := c.YMM()
		c.VMOVUPD(operand.Mem{Base: r, Disp: half * vector}, x)
		for j := range sum[half] {
			c.VFMADD231PD(operand.Mem{Base: block, Disp: j*column + half*vector}, x, sum[half][j])
		}
	}
	c.ADDQ(operand.Imm(lanes*number), block)
	c.ADDQ(operand.Imm(lanes*number), r)
	c.DECQ(left)
	c.JNE(operand.LabelRef("rows"))
	for j := range side {
		c.VADDPD(sum[1][j], sum[0][j], sum[0][j])
	}
	sums := c.Load(c.Param("sums"), c.GP64())
	c.VMOVUPD(total(c, sum[0]), operand.Mem{Base: sums})
	c.VZEROUPPER()
	c.RET()
}

// combine writes the function of the sum of features times coefficients, of 32 rows at a
// time.
func combine(c *build.Context) {
	const vectors = 8
	begin(c, "combineAVX2", "func(dst, block, coefficients *float64, d int)", "sets the 256 numbers of dst to the sum of d features times coefficients.")
	dst, block := c.Load(c.Param("dst"), c.GP64()), c.Load(c.Param("block"), c.GP64())
	groups := c.GP64()
	c.MOVQ(operand.U32(column/(vectors*vector)), groups)
	c.Label("rows")
	b, from := c.Load(c.Param("coefficients"), c.GP64()), c.GP64()
	left := c.Load(c.Param("d"), c.GP64())
	c.MOVQ(block, from)
	var sum [vectors]reg.VecVirtual
	for v := range sum {
		sum[v] = c.YMM()
		c.VXORPD(sum[v], sum[v], sum[v])
	}
	c.Label("feature")
	x := c.YMM()
	c.VBROADCASTSD(operand.Mem{Base: b}, x)
	for v := range sum {
		c.VFMADD231PD(operand.Mem{Base: from, Disp: v * vector}, x, sum[v])
	}
	c.ADDQ(operand.Imm(number), b)
	c.ADDQ(operand.U32(column), from)
	c.DECQ(left)
	c.JNE(operand.LabelRef("feature"))
	for v := range sum {
		c.VMOVUPD(sum[v], operand.Mem{Base: dst, Disp: v * vector})
	}
	c.ADDQ(operand.U32(vectors*vector), dst)
	c.ADDQ(operand.U32(vectors*vector), block)
	c.DECQ(groups)
	c.JNE(operand.LabelRef("rows"))
	c.VZEROUPPER()
	c.RET()
}

// scale writes the function that multiplies features row by row, of 32 rows at a time.
func scale(c *build.Context) {
	const vectors = 8
	begin(c, "scaleAVX2", "func(dst, block, w *float64, d int)", "sets the d features of dst to those of the block times w.")
	dst, block := c.Load(c.Param("dst"), c.GP64()), c.Load(c.Param("block"), c.GP64())
	left := c.Load(c.Param("d"), c.GP64())
	c.Label("feature")
	w := c.Load(c.Param("w"), c.GP64())
	groups := c.GP64()
	c.MOVQ(operand.U32(column/(vectors*vector)), groups)
	c.Label("rows")
	for v := range vectors {
		x := c.YMM()
		c.VMOVUPD(operand.Mem{Base: w, Disp: v * vector}, x)
		c.VMULPD(operand.Mem{Base: block, Disp: v * vector}, x, x)
		c.VMOVUPD(x, operand.Mem{Base: dst, Disp: v * vector})
	}
	for _, r := range []reg.Register{dst, block, w} {
		c.ADDQ(operand.U32(vectors*vector), r)
	}
	c.DECQ(groups)
	c.JNE(operand.LabelRef("rows"))
	c.DECQ(left)
	c.JNE(operand.LabelRef("feature"))
	c.VZEROUPPER()
	c.RET()
}

// shift writes the function that standardises one feature, of 32 rows at a time.
func shift(c *build.Context) {
	const vectors = 8
	begin(c, "shiftAVX2", "func(dst, x *float64, center, slope float64)", "sets the 256 numbers of dst to (x-center)*slope.")
	dst, x := c.Load(c.Param("dst"), c.GP64()), c.Load(c.Param("x"), c.GP64())
	center, slope := c.YMM(), c.YMM()
	c.VBROADCASTSD(place(c, "center"), center)
	c.VBROADCASTSD(place(c, "slope"), slope)
	groups := c.GP64()
	c.MOVQ(operand.U32(column/(vectors*vector)), groups)
	c.Label("rows")
	for v := range vectors {
		t := c.YMM()
		c.VMOVUPD(operand.Mem{Base: x, Disp: v * vector}, t)
		c.VSUBPD(center, t, t)
		c.VMULPD(slope, t, t)
		c.VMOVUPD(t, operand.Mem{Base: dst, Disp: v * vector})
	}
	c.ADDQ(operand.U32(vectors*vector), dst)
	c.ADDQ(operand.U32(vectors*vector), x)
	c.DECQ(groups)
	c.JNE(operand.LabelRef("rows"))
	c.VZEROUPPER()
	c.RET()
}

// place is where a parameter is.
func place(c *build.Context, name string) operand.Mem {
	p, err := c.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}
