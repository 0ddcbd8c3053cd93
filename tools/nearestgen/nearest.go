package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	number = 8            // bytes
	column = 256 * number // of a feature in a block
	vector = 32           // bytes: four numbers
	// Vectors of points and centres that are compared at a time.
	vectors = 2
	centers = 4
	widest  = 64 // bytes of the vectors of AVX-512
)

// countTable writes vectors of the counts 4, 3, 2, 1, 0.
func countTable(c *build.Context) operand.Mem {
	table := c.StaticGlobal("counts")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range centers + 1 {
		for lane := range widest / 4 {
			c.AddDatum(i*widest+lane*4, operand.U32(centers-i))
		}
	}
	return table
}

// A compare is what nearest needs while it writes a function.
type compare struct {
	*build.Context
	vector int // bytes
	second bool
	counts operand.Mem // of countTable

	label, dist, seconds, block reg.Register // of these points
	center, offset              reg.Register // of these centres; offset 0: none
	stride, stride3             reg.Register // bytes from a centre to the next, and three times that

	best [vectors]reg.VecVirtual // distance to the nearest so far
	age  [vectors]reg.VecVirtual // number of centres since that
}

// nearest writes the function that compares points with centres, for vectors of 32 bytes,
// AVX2, or 64, AVX-512. The squared distances of the points of two vectors to four centres
// are in registers. The index of the nearest is kept as the
// number of centres since, which is a constant for each of the four.
func nearest(c *build.Context, counts operand.Mem, name string, vector int, second bool) {
	k := &compare{Context: c, vector: vector, second: second, counts: counts}
	points := vectors * vector / number
	signature := "func(label *int32, dist, block, centers, offset *float64, points, k, d int)"
	doc := fmt.Sprintf("sets label and dist of the points, a multiple of %d, of a block.", points)
	if second {
		signature = "func(label *int32, dist, second, block, centers, offset *float64, points, k, d int)"
		doc = fmt.Sprintf("sets label, dist and second of the points, a multiple of %d, of a block.", points)
	}
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
	c.Doc(name + " " + doc)
	c.Pragma("noescape")

	k.label = c.Load(c.Param("label"), c.GP64())
	k.dist = c.Load(c.Param("dist"), c.GP64())
	if second {
		k.seconds = c.Load(c.Param("second"), c.GP64())
	}
	k.block = c.Load(c.Param("block"), c.GP64())
	left := c.Load(c.Param("points"), c.GP64())
	k.stride = c.Load(c.Param("d"), c.GP64())
	c.SHLQ(operand.Imm(3), k.stride)
	k.stride3 = c.GP64()
	c.LEAQ(operand.Mem{Base: k.stride, Index: k.stride, Scale: 2}, k.stride3)

	ahead := c.GP64()
	c.MOVQ(k.stride, ahead)
	c.SHLQ(operand.Imm(8), ahead)

	c.Label("points")
	k.prefetch(ahead)
	k.center = c.Load(c.Param("centers"), c.GP64())
	k.offset = c.Load(c.Param("offset"), c.GP64())
	centersLeft := c.Load(c.Param("k"), c.GP64())
	infinity := c.GP64()
	c.MOVQ(operand.U64(0x7ff0000000000000), infinity)
	for v := range vectors {
		k.best[v], k.age[v] = k.register(), k.register()
		c.VMOVQ(infinity, k.best[v].AsX())
		c.VPBROADCASTQ(k.best[v].AsX(), k.best[v])
		if second {
			c.VMOVUPD(k.best[v], operand.Mem{Base: k.seconds, Disp: v * k.vector})
		}
		// So that the first centre is the nearest if all distances are +Inf.
		k.ones(k.age[v])
	}
	c.SUBQ(operand.Imm(centers), centersLeft)
	c.JLT(operand.LabelRef("last"))
	c.Label("centers")
	k.compare(centers)
	c.SUBQ(operand.Imm(centers), centersLeft)
	c.JGE(operand.LabelRef("centers"))
	c.Label("last")
	for n := 1; n < centers; n++ {
		c.CMPQ(centersLeft, operand.I8(n-centers))
		c.JEQ(operand.LabelRef(fmt.Sprintf("last%d", n)))
	}
	c.Label("store")
	k.store()
	c.ADDQ(operand.U32(points*4), k.label)
	c.ADDQ(operand.U32(points*number), k.dist)
	if second {
		c.ADDQ(operand.U32(points*number), k.seconds)
	}
	c.ADDQ(operand.U32(points*number), k.block)
	c.SUBQ(operand.U32(points), left)
	c.JGT(operand.LabelRef("points"))
	c.VZEROUPPER()
	c.RET()
	for n := 1; n < centers; n++ {
		c.Label(fmt.Sprintf("last%d", n))
		k.compare(n)
		c.JMP(operand.LabelRef("store"))
	}
}

// prefetch asks for the same points of the next block, which is likely to come next.
func (k *compare) prefetch(ahead reg.Register) {
	from, left := k.GP64(), k.Load(k.Param("d"), k.GP64())
	k.LEAQ(operand.Mem{Base: k.block, Index: ahead, Scale: 1}, from)
	k.Label("prefetch")
	const line = 64
	for at := 0; at < vectors*k.vector; at += line {
		k.PREFETCHT0(operand.Mem{Base: from, Disp: at})
	}
	k.ADDQ(operand.U32(column), from)
	k.DECQ(left)
	k.JNE(operand.LabelRef("prefetch"))
}

// compare writes the comparison with the next n centres.
func (k *compare) compare(n int) {
	var sum [centers][vectors]reg.VecVirtual
	none, loop := fmt.Sprintf("zero%d", n), fmt.Sprintf("feature%d", n)
	for c := range n {
		for v := range vectors {
			sum[c][v] = k.register()
		}
	}
	for c := range n {
		for v := range vectors {
			k.zero(sum[c][v])
		}
	}
	k.TESTQ(k.offset, k.offset)
	k.JEQ(operand.LabelRef(none))
	for c := range n {
		k.VBROADCASTSD(operand.Mem{Base: k.offset, Disp: c * number}, sum[c][0])
		for v := 1; v < vectors; v++ {
			k.VMOVAPD(sum[c][0], sum[c][v])
		}
	}
	k.ADDQ(operand.Imm(uint64(n*number)), k.offset)
	k.Label(none)

	from, left := k.GP64(), k.Load(k.Param("d"), k.GP64())
	k.MOVQ(k.block, from)
	k.Label(loop)
	var x [vectors]reg.VecVirtual
	for v := range vectors {
		x[v] = k.register()
		k.VMOVUPD(operand.Mem{Base: from, Disp: v * k.vector}, x[v])
	}
	for c := range n {
		at := operand.Mem{Base: k.center}
		switch c {
		case 1:
			at.Index, at.Scale = k.stride, 1
		case 2:
			at.Index, at.Scale = k.stride, 2
		case 3:
			at.Index, at.Scale = k.stride3, 1
		}
		center := k.register()
		k.VBROADCASTSD(at, center)
		for v := range vectors {
			t := center
			if v < vectors-1 {
				t = k.register()
			}
			k.VSUBPD(x[v], center, t)
			k.VFMADD231PD(t, t, sum[c][v])
		}
	}
	k.ADDQ(operand.U32(column), from)
	k.ADDQ(operand.Imm(number), k.center)
	k.DECQ(left)
	k.JNE(operand.LabelRef(loop))
	// The next centre begins n-1 centres on.
	switch n {
	case 2:
		k.ADDQ(k.stride, k.center)
	case 3:
		k.LEAQ(operand.Mem{Base: k.center, Index: k.stride, Scale: 2}, k.center)
	case 4:
		k.ADDQ(k.stride3, k.center)
	}

	for v := range vectors {
		var second reg.VecVirtual
		at := operand.Mem{Base: k.seconds, Disp: v * k.vector}
		if k.second {
			second = k.register()
			k.VMOVUPD(at, second)
		}
		k.VPADDD(k.count(n), k.age[v], k.age[v])
		for c := range n {
			t := k.register()
			if k.second {
				k.VMAXPD(sum[c][v], k.best[v], t)
				k.VMINPD(t, second, second)
			}
			k.since(v, sum[c][v], t, k.count(n-1-c))
			k.VMINPD(sum[c][v], k.best[v], k.best[v])
		}
		if k.second {
			k.VMOVUPD(second, at)
		}
	}
}

// since sets the age of the points whose sum is less than the best to count.
func (k *compare) since(v int, sum, t reg.VecVirtual, count operand.Mem) {
	if k.vector == widest {
		const less = 0x11
		nearer := k.K()
		k.VCMPPD(operand.Imm(less), k.best[v], sum, nearer)
		k.VMOVDQU64(count, nearer, k.age[v])
		return
	}
	const notLess = 0x0d
	k.VCMPPD(operand.Imm(notLess), k.best[v], sum, t)
	k.VPOR(count, t, t)
	k.VPMINUD(t, k.age[v], k.age[v])
}

// count is a vector of n, which is at most centers.
func (k *compare) count(n int) operand.Mem { return k.counts.Offset((centers - n) * widest) }

func (k *compare) register() reg.VecVirtual {
	if k.vector == widest {
		return k.ZMM()
	}
	return k.YMM()
}

func (k *compare) zero(r reg.VecVirtual) {
	if k.vector == widest {
		k.VPXORQ(r, r, r)
		return
	}
	k.VXORPD(r, r, r)
}

// ones sets every bit.
func (k *compare) ones(r reg.VecVirtual) {
	if k.vector == widest {
		k.VPTERNLOGD(operand.Imm(0xff), r, r, r)
		return
	}
	k.VPCMPEQD(r, r, r)
}

// store writes what was found of these points.
func (k *compare) store() {
	last, index := k.YMM(), k.YMM()
	of := k.Load(k.Param("k"), k.GP64())
	k.DECQ(of)
	k.VMOVQ(of, last.AsX())
	k.VPBROADCASTD(last.AsX(), last)
	if k.vector == widest {
		for v := range vectors {
			k.VPMOVQD(k.age[v], index) // the low halves of the lanes
			k.VPSUBD(index, last, index)
			k.VMOVDQU(index, operand.Mem{Base: k.label, Disp: v * vector})
		}
	} else {
		k.VSHUFPS(operand.Imm(0x88), k.age[1], k.age[0], index) // the low halves of the lanes
		k.VPERMQ(operand.Imm(0xd8), index, index)
		k.VPSUBD(index, last, index)
		k.VMOVDQU(index, operand.Mem{Base: k.label})
	}
	for v := range vectors {
		k.VMOVUPD(k.best[v], operand.Mem{Base: k.dist, Disp: v * k.vector})
	}
}
