package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	lanes = 8
	cell  = 16           // bytes
	bin   = lanes * cell // bytes of the cells of a bin
	ahead = 16           // rows between the one that is added and the one that is asked for
)

// begin starts a function.
func begin(c *build.Context, name, signature, doc string) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
	c.Doc(name + " " + doc)
	c.Pragma("noescape")
}

// add writes the function that adds rows to some of the columns of a group.
func add(c *build.Context, name string, columns int) {
	begin(c, name, "func(cells *int64, rows *int32, n int, pairs *int64, words *uint64, stride int)",
		"adds the pairs of n rows, at least 1, to the cells of their bins.")
	cells, rows, left := c.Load(c.Param("cells"), c.GP64()), c.Load(c.Param("rows"), c.GP64()), c.Load(c.Param("n"), c.GP64())
	pairs, words, stride := c.Load(c.Param("pairs"), c.GP64()), c.Load(c.Param("words"), c.GP64()), c.Load(c.Param("stride"), c.GP64())
	c.SHLQ(operand.Imm(3), stride)
	last := c.GP64()
	c.LEAQ(operand.Mem{Base: rows, Index: left, Scale: 4, Disp: -4}, last)
	c.Label("row")
	row, word, next := c.GP64(), c.GP64(), c.GP64()
	c.LEAQ(operand.Mem{Base: rows, Disp: 4 * ahead}, next)
	c.CMPQ(next, last)
	c.CMOVQHI(last, next)
	c.MOVLQSX(operand.Mem{Base: next}, row)
	c.MOVQ(row, word)
	c.IMULQ(stride, word)
	c.SHLQ(operand.Imm(4), row)
	c.PREFETCHT0(operand.Mem{Base: words, Index: word, Scale: 1})
	c.PREFETCHT0(operand.Mem{Base: pairs, Index: row, Scale: 1})
	c.MOVLQSX(operand.Mem{Base: rows}, row)
	c.MOVQ(row, word)
	c.IMULQ(stride, word)
	c.MOVQ(operand.Mem{Base: words, Index: word, Scale: 1}, word)
	c.SHLQ(operand.Imm(4), row)
	pair := c.XMM()
	c.VMOVDQU(operand.Mem{Base: pairs, Index: row, Scale: 1}, pair)
	for lane := range columns {
		at, sum := c.GP64(), c.XMM()
		c.RORXQ(operand.Imm(uint64(8*lane-7)&63), word, at)
		c.ANDL(operand.U32(255*bin), at.As32())
		place := operand.Mem{Base: cells, Index: at, Scale: 1, Disp: lane * cell}
		c.VPADDQ(place, pair, sum)
		c.VMOVDQU(sum, place)
	}
	c.ADDQ(operand.Imm(4), rows)
	c.DECQ(left)
	c.JNE(operand.LabelRef("row"))
	c.RET()
}

// subtract writes the function that subtracts the cells of bins.
func subtract(c *build.Context) {
	const vector = 32
	begin(c, "subtractAVX2", "func(cells, less *int64, bins int)", "subtracts the cells of bins, at least 1.")
	cells, less, left := c.Load(c.Param("cells"), c.GP64()), c.Load(c.Param("less"), c.GP64()), c.Load(c.Param("bins"), c.GP64())
	c.Label("bin")
	for at := 0; at < bin; at += vector {
		v := c.YMM()
		c.VMOVDQU(operand.Mem{Base: cells, Disp: at}, v)
		c.VPSUBQ(operand.Mem{Base: less, Disp: at}, v, v)
		c.VMOVDQU(v, operand.Mem{Base: cells, Disp: at})
	}
	c.ADDQ(operand.U32(bin), cells)
	c.ADDQ(operand.U32(bin), less)
	c.DECQ(left)
	c.JNE(operand.LabelRef("bin"))
	c.VZEROUPPER()
	c.RET()
}

const (
	boundsSignature = "func(bounds *[8]float64, cells, start *int64, bins int, n *int64)"
	boundsDoc       = "raises bounds to the gains of thresholds; "
	greaterOrEqual  = 0x1d // of VCMPPD
	notLess         = 5    // of VPCMPQ
)

// places of the fields of a node.
const (
	nodeG = 8 * iota
	nodeHW
	nodeShift
	nodeMask
	nodeUnits
	nodeHessian
	nodeL2
)

// boundsAVX512 writes the function that bounds gains, of all columns at a time. Sums of gradients and of the others are
// told apart by unpacking cells of columns 0 to 3 and 4 to 7, so that the bounds are in the order 0, 4, 1, 5 and so on.
func boundsAVX512(c *build.Context) {
	begin(c, "boundsAVX512", boundsSignature, boundsDoc+"their order is 0, 4, 1, 5, 2, 6, 3, 7.")
	bounds, cells, start := c.Load(c.Param("bounds"), c.GP64()), c.Load(c.Param("cells"), c.GP64()), c.Load(c.Param("start"), c.GP64())
	left, n := c.Load(c.Param("bins"), c.GP64()), c.Load(c.Param("n"), c.GP64())
	spread := func(at int) reg.VecVirtual {
		r := c.ZMM()
		c.VPBROADCASTQ(operand.Mem{Base: n, Disp: at}, r)
		return r
	}
	total := c.ZMM()
	c.VBROADCASTI64X2(operand.Mem{Base: n, Disp: nodeG}, total)
	mask, units, hessian, l2 := spread(nodeMask), spread(nodeUnits), spread(nodeHessian), spread(nodeL2)
	shift := c.XMM()
	c.VMOVQ(operand.Mem{Base: n, Disp: nodeShift}, shift)
	most := c.ZMM()
	c.VMOVUPD(operand.Mem{Base: bounds}, most)
	var sum [2]reg.VecVirtual
	for i := range sum {
		sum[i] = c.ZMM()
		c.VMOVDQU64(operand.Mem{Base: start, Disp: i * bin / 2}, sum[i])
	}
	c.Label("bin")
	var rest [2]reg.VecVirtual
	for i := range sum {
		rest[i] = c.ZMM()
		c.VPADDQ(operand.Mem{Base: cells, Disp: i * bin / 2}, sum[i], sum[i])
		c.VPSUBQ(sum[i], total, rest[i])
	}
	may := c.K()
	var g, h [2]reg.VecVirtual // of the sides
	for side, of := range [][2]reg.VecVirtual{sum, rest} {
		g[side], h[side] = c.ZMM(), c.ZMM()
		c.VPUNPCKLQDQ(of[1], of[0], g[side])
		c.VPUNPCKHQDQ(of[1], of[0], h[side])
		u := c.ZMM()
		c.VPANDQ(mask, h[side], u)
		if side == 0 {
			c.VPCMPQ(operand.Imm(notLess), units, u, may)
		} else {
			c.VPCMPQ(operand.Imm(notLess), units, u, may, may)
		}
		c.VPSRLQ(shift, h[side], h[side])
		c.VCVTQQ2PD(h[side], h[side])
		c.VCMPPD(operand.Imm(greaterOrEqual), hessian, h[side], may, may)
		c.VADDPD(l2, h[side], h[side])
		c.VCVTQQ2PD(g[side], g[side])
		c.VMULPD(g[side], g[side], g[side])
	}
	gain := c.ZMM()
	c.VMULPD(h[1], g[0], gain)
	c.VFMADD231PD(h[0], g[1], gain)
	c.VMULPD(h[1], h[0], h[0])
	c.VDIVPD(h[0], gain, gain)
	c.VMAXPD(most, gain, may, most)
	c.ADDQ(operand.U32(bin), cells)
	c.DECQ(left)
	c.JNE(operand.LabelRef("bin"))
	c.VMOVUPD(most, operand.Mem{Base: bounds})
	c.VZEROUPPER()
	c.RET()
}

// boundsAVX2 writes the function that bounds gains, of four columns at a time.
func boundsAVX2(c *build.Context) {
	low, high, both := constant(c, "low", 0x4330000000000000), constant(c, "high", 0x4530000080000000), constant(c, "both", 0x4530000080100000)
	begin(c, "boundsAVX2", boundsSignature, boundsDoc+"their order is 0, 2, 1, 3, 4, 6, 5, 7.")
	// number makes integers, signed, into numbers (Mysticial): their halves are those of 2^52 and of 2^84 and 2^63.
	number := func(x reg.VecVirtual) {
		t := c.YMM()
		c.VPSRLQ(operand.Imm(32), x, t)
		c.VPXOR(high, t, t)
		c.VSUBPD(both, t, t)
		c.VPBLENDD(operand.Imm(0xaa), low, x, x)
		c.VADDPD(x, t, x)
	}
	n := c.Load(c.Param("n"), c.GP64())
	halves := c.GP64()
	c.MOVQ(operand.U32(2), halves)
	bounds, first, start := c.Load(c.Param("bounds"), c.GP64()), c.Load(c.Param("cells"), c.GP64()), c.Load(c.Param("start"), c.GP64())
	shift := c.XMM()
	c.VMOVQ(operand.Mem{Base: n, Disp: nodeShift}, shift)
	c.Label("half")
	cells, left := c.GP64(), c.Load(c.Param("bins"), c.GP64())
	c.MOVQ(first, cells)
	spread := func(at int) reg.VecVirtual {
		r := c.YMM()
		c.VPBROADCASTQ(operand.Mem{Base: n, Disp: at}, r)
		return r
	}
	most := c.YMM()
	c.VMOVUPD(operand.Mem{Base: bounds}, most)
	var sum [2]reg.VecVirtual
	for i := range sum {
		sum[i] = c.YMM()
		c.VMOVDQU(operand.Mem{Base: start, Disp: i * bin / 4}, sum[i])
	}
	c.Label("bin")
	total := c.YMM()
	c.VBROADCASTI128(operand.Mem{Base: n, Disp: nodeG}, total)
	var rest [2]reg.VecVirtual
	for i := range sum {
		rest[i] = c.YMM()
		c.VPADDQ(operand.Mem{Base: cells, Disp: i * bin / 4}, sum[i], sum[i])
		c.VPSUBQ(sum[i], total, rest[i])
	}
	mayNot := c.YMM()
	var g, h [2]reg.VecVirtual // of the sides
	for side, of := range [][2]reg.VecVirtual{sum, rest} {
		g[side], h[side] = c.YMM(), c.YMM()
		c.VPUNPCKLQDQ(of[1], of[0], g[side])
		c.VPUNPCKHQDQ(of[1], of[0], h[side])
		u, few := c.YMM(), spread(nodeUnits)
		c.VPAND(spread(nodeMask), h[side], u)
		c.VPCMPGTQ(u, few, few)
		c.VPSRLQ(shift, h[side], h[side])
		number(h[side])
		light := c.YMM()
		c.VCMPPD(operand.Imm(0x11), spread(nodeHessian), h[side], light)
		if side == 0 {
			c.VPOR(few, light, mayNot)
		} else {
			c.VPOR(few, mayNot, mayNot)
			c.VPOR(light, mayNot, mayNot)
		}
		c.VADDPD(spread(nodeL2), h[side], h[side])
		number(g[side])
		c.VMULPD(g[side], g[side], g[side])
	}
	gain := c.YMM()
	c.VMULPD(h[1], g[0], gain)
	c.VFMADD231PD(h[0], g[1], gain)
	c.VMULPD(h[1], h[0], h[0])
	c.VDIVPD(h[0], gain, gain)
	c.VMAXPD(most, gain, gain)
	c.VBLENDVPD(mayNot, most, gain, most)
	c.ADDQ(operand.U32(bin), cells)
	c.DECQ(left)
	c.JNE(operand.LabelRef("bin"))
	c.VMOVUPD(most, operand.Mem{Base: bounds})
	c.ADDQ(operand.Imm(32), bounds)
	c.ADDQ(operand.Imm(bin/2), first)
	c.ADDQ(operand.Imm(bin/2), start)
	c.DECQ(halves)
	c.JNE(operand.LabelRef("half"))
	c.VZEROUPPER()
	c.RET()
}

// constant writes a vector of equal numbers.
func constant(c *build.Context, name string, bits uint64) operand.Mem {
	const vector = 32
	place := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for at := 0; at < vector; at += 8 {
		c.AddDatum(at, operand.U64(bits))
	}
	return place
}
