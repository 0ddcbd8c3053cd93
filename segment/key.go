package segment

import (
	"math"
	"math/bits"
	"sync"

	"github.com/clientele-go/clientele/internal/kernel"
)

// A numeric column holds values that have an order: intColumn and floatColumn. Here they go as keys, which are numbers
// in the order of the values.
type numeric interface {
	column
	span() (lo, hi uint64) // the keys of the least and the greatest value
	// gather is what the function gather calls.
	gather(w *kernel.Words, k *keys, f func(at []uint16, keys []uint64))
}

// gather calls f with the positions in w, which must be set, in order, and the keys of their values, so many at a time.
func gather(col numeric, w *kernel.Words, f func(at []uint16, keys []uint64)) {
	k := spareKeys.Get().(*keys)
	col.gather(w, k, f)
	spareKeys.Put(k)
}

var spareKeys = sync.Pool{New: func() any { return new(keys) }}

// keys holds values on their way.
type keys struct {
	n    int
	at   [keysSize]uint16
	keys [keysSize]uint64
}

const keysSize = 2048

func (k *keys) flush(f func(at []uint16, keys []uint64)) {
	if k.n > 0 {
		f(k.at[:k.n], k.keys[:k.n])
		k.n = 0
	}
}

func (k *keys) put(p uint16, key uint64) {
	k.at[k.n&(keysSize-1)], k.keys[k.n&(keysSize-1)] = p, key
	k.n++
}

func intKey(n int64) uint64   { return uint64(n) ^ 1<<63 }
func keyInt(key uint64) int64 { return int64(key ^ 1<<63) }

func floatKey(f float64) uint64 {
	b := math.Float64bits(f)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func keyFloat(key uint64) float64 {
	return math.Float64frombits(key ^ (uint64(int64(^key)>>63) | 1<<63))
}

func (c *intColumn) span() (lo, hi uint64)   { return intKey(c.min), intKey(c.max) }
func (c *floatColumn) span() (lo, hi uint64) { return floatKey(c.min), floatKey(c.max) }

// alone is the number of positions of a word up to which their values are read one by one.
const alone = 2

func (c *intColumn) gather(w *kernel.Words, k *keys, f func(at []uint16, keys []uint64)) {
	base, shift := intKey(c.min), c.shift&63
	if c.sparse() {
		for i, p := range c.places {
			if isMember(w, p) {
				if k.put(p, base+c.offset(i)<<shift); k.n == keysSize {
					k.flush(f)
				}
			}
		}
		k.flush(f)
		return
	}
	if n := kernel.Count(w); n <= keysSize/2 {
		c.gatherFew(w, k, n)
		k.flush(f)
		return
	}
	var b block
	for i, word := range w {
		if word == 0 {
			continue
		}
		if k.n > keysSize-64 {
			k.flush(f)
		}
		first := uint16(i << 6)
		if bits.OnesCount64(word) <= alone {
			for ; word != 0; word &= word - 1 {
				p := first + uint16(bits.TrailingZeros64(word))
				k.put(p, base+kernel.Value(c.slices, int(p))<<shift)
			}
			continue
		}
		b.load(c.slices, i)
		if b.n <= 3 {
			for ; word != 0; word &= word - 1 {
				p := bits.TrailingZeros64(word)
				k.put(first+uint16(p), base+b.small(p)<<shift)
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			p := bits.TrailingZeros64(word)
			k.put(first+uint16(p), base+b.value(p)<<shift)
		}
	}
	k.flush(f)
}

// gatherFew puts the n positions in w and their keys: four slices at a time, as the words of one value lie far apart.
func (c *intColumn) gatherFew(w *kernel.Words, k *keys, n int) {
	k.n = kernel.Extract(k.at[:], w)
	at := k.at[:n]
	values := k.keys[:len(at)]
	clear(values)
	slice := func(s int) *kernel.Words { return (*kernel.Words)(c.slices[s*kernel.Size:]) }
	s := int(c.width) // from the highest down
	for ; s%4 > 0; s-- {
		x := slice(s - 1)
		for i, p := range at {
			values[i] = values[i]<<1 | x[p>>6]>>(p&63)&1
		}
	}
	for ; s > 0; s -= 4 {
		x3, x2, x1, x0 := slice(s-1), slice(s-2), slice(s-3), slice(s-4)
		for i, p := range at {
			at, bit := p>>6, p&63
			values[i] = values[i]<<4 | x3[at]>>bit&1<<3 | x2[at]>>bit&1<<2 | x1[at]>>bit&1<<1 | x0[at]>>bit&1
		}
	}
	base, shift := intKey(c.min), c.shift&63
	for i, v := range values {
		values[i] = base + v<<shift
	}
}

// block holds the values of 64 positions as bytes, the lowest byte of all first. Within those, the byte of position p is
// number p>>3 of element p&7.
type block struct {
	n     int // bytes of a value
	bytes [8][8]uint64
}

// load fills the block from the words at i of bit slices.
func (b *block) load(slices []uint64, i int) {
	width := len(slices) / kernel.Size
	b.n = (width + 7) / 8
	for k := range b.n {
		x := &b.bytes[k]
		rows := slices[8*k*kernel.Size:]
		if width-8*k >= 8 {
			rows = rows[:8*kernel.Size]
			for r := range x {
				x[r] = rows[r*kernel.Size+i]
			}
		} else {
			*x = [8]uint64{}
			for r := range width - 8*k {
				x[r] = rows[r*kernel.Size+i]
			}
		}
		transpose(x)
	}
}

// small returns the value at position p of a block of values of at most three bytes.
func (b *block) small(p int) uint64 {
	at, shift := p&7, uint(p)&56
	return b.bytes[0][at]>>shift&0xff | b.bytes[1][at]>>shift&0xff<<8 | b.bytes[2][at]>>shift&0xff<<16
}

// value returns the value at position p of a block.
func (b *block) value(p int) uint64 {
	at, shift := p&7, uint(p)&56
	v := uint64(0)
	for k := range b.n {
		v |= b.bytes[k][at] >> shift & 0xff << (8 * k & 63)
	}
	return v
}

// transpose transposes the eight matrices of 8 by 8 bits whose rows are the bytes of equal place of x. (Warren, Hacker's
// Delight, section 7-3.)
func transpose(x *[8]uint64) {
	a, b, c, d, e, f, g, h := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
	swap := func(a, b uint64, shift uint, mask uint64) (uint64, uint64) {
		t := (a>>shift ^ b) & mask
		return a ^ t<<shift, b ^ t
	}
	const four, two, one = 0x0f0f0f0f0f0f0f0f, 0x3333333333333333, 0x5555555555555555
	a, e = swap(a, e, 4, four)
	b, f = swap(b, f, 4, four)
	c, g = swap(c, g, 4, four)
	d, h = swap(d, h, 4, four)
	a, c = swap(a, c, 2, two)
	b, d = swap(b, d, 2, two)
	e, g = swap(e, g, 2, two)
	f, h = swap(f, h, 2, two)
	a, b = swap(a, b, 1, one)
	c, d = swap(c, d, 1, one)
	e, f = swap(e, f, 1, one)
	g, h = swap(g, h, 1, one)
	*x = [8]uint64{a, b, c, d, e, f, g, h}
}

func (c *floatColumn) gather(w *kernel.Words, k *keys, f func(at []uint16, keys []uint64)) {
	if c.places != nil {
		for i, p := range c.places {
			if isMember(w, p) {
				if k.put(p, floatKey(c.floats[i])); k.n == keysSize {
					k.flush(f)
				}
			}
		}
		k.flush(f)
		return
	}
	for i, word := range w {
		if k.n > keysSize-64 {
			k.flush(f)
		}
		for ; word != 0; word &= word - 1 {
			p := i<<6 + bits.TrailingZeros64(word)
			k.put(uint16(p), floatKey(c.floats[p]))
		}
	}
	k.flush(f)
}
