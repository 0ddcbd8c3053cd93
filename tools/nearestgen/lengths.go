package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// distances writes the function of the squared distances to one centre.
func distances(c *build.Context) {
	const vectors = 8
	c.Function("distancesAVX2")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(dst, block, center *float64, points, d int)")
	c.Doc("distancesAVX2 sets dst of the points, a multiple of 32, of a block.")
	c.Pragma("noescape")
	dst := c.Load(c.Param("dst"), c.GP64())
	block := c.Load(c.Param("block"), c.GP64())
	left := c.Load(c.Param("points"), c.GP64())
	c.Label("points")
	center := c.Load(c.Param("center"), c.GP64())
	for v, sum := range squares(c, block, center, vectors) {
		c.VMOVUPD(sum, operand.Mem{Base: dst, Disp: v * vector})
	}
	const bytes = vectors * vector
	c.ADDQ(operand.U32(bytes), block)
	c.ADDQ(operand.U32(bytes), dst)
	c.SUBQ(operand.Imm(bytes/number), left)
	c.JGT(operand.LabelRef("points"))
	c.VZEROUPPER()
	c.RET()
}

// sumLengths writes the function of the 16 sums of lengths.
func sumLengths(c *build.Context) {
	const vectors = 4
	c.Function("sumLengthsAVX2")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(sums *[16]float64, block, point *float64, points, d int)")
	c.Doc("sumLengthsAVX2 sets sums to those of the points, a multiple of 16, of a block.")
	c.Pragma("noescape")
	block := c.Load(c.Param("block"), c.GP64())
	left := c.Load(c.Param("points"), c.GP64())
	var total [vectors]reg.VecVirtual
	for v := range total {
		total[v] = c.YMM()
		c.VXORPD(total[v], total[v], total[v])
	}
	c.Label("points")
	point := c.Load(c.Param("point"), c.GP64())
	for v, sum := range squares(c, block, point, vectors) {
		c.VSQRTPD(sum, sum)
		c.VADDPD(sum, total[v], total[v])
	}
	const bytes = vectors * vector
	c.ADDQ(operand.U32(bytes), block)
	c.SUBQ(operand.Imm(bytes/number), left)
	c.JGT(operand.LabelRef("points"))
	sums := c.Load(c.Param("sums"), c.GP64())
	for v := range total {
		c.VMOVUPD(total[v], operand.Mem{Base: sums, Disp: v * vector})
	}
	c.VZEROUPPER()
	c.RET()
}

// squares writes the sums of squared differences of as many vectors of points to center,
// which is moved.
func squares(c *build.Context, block, center reg.Register, vectors int) []reg.VecVirtual {
	sum := make([]reg.VecVirtual, vectors)
	for v := range sum {
		sum[v] = c.YMM()
		c.VXORPD(sum[v], sum[v], sum[v])
	}
	from, left := c.GP64(), c.Load(c.Param("d"), c.GP64())
	c.MOVQ(block, from)
	c.Label("feature")
	at := c.YMM()
	c.VBROADCASTSD(operand.Mem{Base: center}, at)
	for v := range sum {
		t := c.YMM()
		c.VSUBPD(operand.Mem{Base: from, Disp: v * vector}, at, t)
		c.VFMADD231PD(t, t, sum[v])
	}
	c.ADDQ(operand.U32(column), from)
	c.ADDQ(operand.Imm(number), center)
	c.DECQ(left)
	c.JNE(operand.LabelRef("feature"))
	return sum
}
