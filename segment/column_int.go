package segment

import (
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// sparseInts is the number of values below which a chunk keeps them one by one: bit slices cost the same however few
// values there are.
const sparseInts = 8192

// intColumn holds the whole numbers of a chunk: integers, decimals in units of their scale, times in units. A value is
// kept as (value - min) >> shift, where shift is the number of low bits that are zero in all of them. What tells nothing of
// late values is to be asked of a column without any.
type intColumn struct {
	mooring
	late     *late[int64]
	set      bitset.Set
	min, max int64 // exact, but for late values
	shift    uint8
	width    uint8    // bits of the largest offset
	slices   []uint64 // width bit slices of kernel.Size words; nil if sparse. Zero where nothing is set
	places   []uint16 // sparse: the positions, ascending
	narrow   []uint32 // sparse: the offsets of places if width <= 32
	wide     []uint64 // sparse: the offsets of places otherwise
}

func (c *intColumn) members() bitset.Set { return c.set }

func (c *intColumn) bytes() int {
	return 184 + c.late.bytes() + c.set.Bytes() + 8*len(c.slices) + 2*len(c.places) + 4*len(c.narrow) + 8*len(c.wide)
}

func (c *intColumn) sparse() bool { return c.places != nil }

// offset returns the offset of the i-th of places.
func (c *intColumn) offset(i int) uint64 {
	if c.wide != nil {
		return c.wide[i]
	}
	return uint64(c.narrow[i])
}

// decoded returns the value of an offset.
func (c *intColumn) decoded(offset uint64) int64 { return int64(offset<<c.shift + uint64(c.min)) }

func (c *intColumn) together() column {
	if c.late == nil {
		return c
	}
	return c.late.together(func() column {
		ed := intEditors.Get().(*intEditor)
		defer intEditors.Put(ed)
		ed.load(c)
		return ed.freeze(c.late.dense)
	})
}

// value returns the value at p, which must be set, late or not.
func (c *intColumn) value(p uint16) int64 {
	if v, ok := c.late.find(p); ok {
		return v
	}
	if c.sparse() {
		i, _ := slices.BinarySearch(c.places, p)
		return c.decoded(c.offset(i))
	}
	return c.decoded(kernel.Value(c.slices, int(p)))
}

// each calls f with the values at the set positions of words of w, at most all members: ascending by position. Where a value is
// late, it is with what the column holds.
func (c *intColumn) each(w *kernel.Words, f func(p uint16, v int64)) {
	if c.sparse() {
		for i, p := range c.places {
			if isMember(w, p) {
				f(p, c.decoded(c.offset(i)))
			}
		}
		return
	}
	var block [64]uint64
	for i, word := range w {
		switch bits.OnesCount64(word) {
		case 0:
		case 1, 2:
			for ; word != 0; word &= word - 1 {
				p := i<<6 + bits.TrailingZeros64(word)
				f(uint16(p), c.decoded(kernel.Value(c.slices, p)))
			}
		default:
			kernel.Decode(&block, c.slices, i)
			for ; word != 0; word &= word - 1 {
				k := bits.TrailingZeros64(word)
				f(uint16(i<<6+k), c.decoded(block[k]))
			}
		}
	}
}

// reach says how the values of a column lie to a range.
type reach uint8

const (
	reachNone reach = iota // none is in it
	reachSome              // some may be
	reachAll               // all are
)

// bounds returns two numbers that no value, late or not, is below or above: of a column without late ones the least and
// the largest.
func (c *intColumn) bounds() (lo, hi int64) {
	if c.late != nil {
		return c.late.min, c.late.max
	}
	return c.min, c.max
}

// reach compares lo..hi with the values, late or not.
func (c *intColumn) reach(lo, hi int64) reach {
	switch least, largest := c.bounds(); {
	case lo > hi || hi < least || lo > largest:
		return reachNone
	case lo <= least && hi >= largest:
		return reachAll
	}
	if _, _, ok := c.offsets(lo, hi); !ok && c.late == nil {
		return reachNone
	}
	return reachSome
}

// offsets returns lo..hi as a range of offsets; ok is false where no value but a late one can be in it.
func (c *intColumn) offsets(lo, hi int64) (from, to uint64, ok bool) {
	if lo > hi || hi < c.min || lo > c.max {
		return 0, 0, false
	}
	if lo > c.min {
		from = (uint64(lo) - uint64(c.min) + (1<<c.shift - 1)) >> c.shift
	}
	to = (uint64(min(hi, c.max)) - uint64(c.min)) >> c.shift
	return from, to, from <= to
}

// within writes the positions whose values, late or not, are in lo..hi to dst.
func (c *intColumn) within(dst *kernel.Words, lo, hi int64) {
	from, to, ok := c.offsets(lo, hi)
	switch {
	case !ok:
		*dst = kernel.Words{}
	case c.sparse() && c.wide != nil:
		*dst = kernel.Words{}
		scatterWithin(dst, c.places, c.wide, from, to)
	case c.sparse():
		*dst = kernel.Words{}
		scatterWithin(dst, c.places, c.narrow, uint32(from), uint32(min(to, 1<<32-1)))
	default:
		kernel.Between(dst, c.slices, from, to)
		if from == 0 { // unset positions hold zeros
			c.set.And(dst)
		}
	}
	lateWithin(c.late, dst, lo, hi, c.set)
}

// lateWithin puts right what the column holds at the places of late values.
func lateWithin[T int64 | float64](l *late[T], dst *kernel.Words, lo, hi T, set bitset.Set) {
	if l == nil {
		return
	}
	for i, p := range l.places {
		var bit uint64
		if v := l.values[i]; lo <= v && v <= hi {
			bit = 1
		}
		word := &dst[p>>6]
		*word = *word&^(1<<(p&63)) | bit<<(p&63)
	}
	if l.fewer {
		set.And(dst)
	}
}

func scatterWithin[T uint32 | uint64](dst *kernel.Words, places []uint16, offsets []T, from, to T) {
	for i, p := range places {
		var bit uint64
		if offsets[i]-from <= to-from {
			bit = 1
		}
		dst[p>>6] |= bit << (p & 63)
	}
}

// intEditor writes an intColumn.
type intEditor struct {
	set    kernel.Words
	values [kernel.Bits]int64  // anything where not set
	spare  [kernel.Bits]uint64 // for freeze
}

func (e *intEditor) load(old column) {
	e.set = kernel.Words{}
	if c, ok := old.(*intColumn); ok {
		c.set.Load(&e.set)
		c.each(&e.set, func(p uint16, v int64) { e.values[p] = v })
		if c.late != nil {
			for i, p := range c.late.places {
				e.values[p] = c.late.values[i]
			}
		}
	}
}

func (e *intEditor) clear(p uint16) { e.set[p>>6] &^= 1 << (p & 63) }

func (e *intEditor) put(p uint16, v int64) {
	e.set[p>>6] |= 1 << (p & 63)
	e.values[p] = v
}

func (e *intEditor) freeze(dense int) column {
	n := kernel.Count(&e.set)
	if n == 0 {
		return nil
	}
	first := true
	c := &intColumn{set: bitset.Of(&e.set, dense)}
	var low uint64 // the bits in which a value differs from the first
	var base int64
	for i, word := range e.set {
		for ; word != 0; word &= word - 1 {
			v := e.values[i<<6+bits.TrailingZeros64(word)]
			if first {
				base, c.min, c.max, first = v, v, v, false
			}
			c.min, c.max = min(c.min, v), max(c.max, v)
			low |= uint64(v) - uint64(base)
		}
	}
	if low != 0 {
		c.shift = uint8(bits.TrailingZeros64(low))
	}
	c.width = uint8(bits.Len64((uint64(c.max) - uint64(c.min)) >> c.shift))
	if n < sparseInts {
		e.freezeSparse(c, n)
		return c
	}
	offsets := e.spare[:]
	lowest, shift := uint64(c.min), c.shift&63
	for i, word := range e.set {
		block := offsets[i<<6:][:64]
		values := e.values[i<<6:][:64]
		for k := range block {
			block[k] = (uint64(values[k]) - lowest) >> shift & -(word >> k & 1)
		}
	}
	c.slices = make([]uint64, int(c.width)*kernel.Size)
	kernel.Encode(c.slices, offsets)
	return c
}

func (e *intEditor) freezeSparse(c *intColumn, n int) {
	c.places = make([]uint16, n)
	kernel.Extract(c.places, &e.set)
	if c.width <= 32 {
		c.narrow = make([]uint32, n)
	} else {
		c.wide = make([]uint64, n)
	}
	for i, p := range c.places {
		o := (uint64(e.values[p]) - uint64(c.min)) >> c.shift
		if c.wide != nil {
			c.wide[i] = o
		} else {
			c.narrow[i] = uint32(o)
		}
	}
}
