package segment

import (
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// floatColumn holds the floats of a chunk one by one: by position, or if they are few by rank among the set ones.
type floatColumn struct {
	mooring
	late     *late[float64]
	set      bitset.Set
	min, max float64   // exact, but for late values
	places   []uint16  // sparse: the positions, ascending
	floats   []float64 // sparse: of places; else of all positions of the chunk, 0 where nothing is set
}

func (c *floatColumn) members() bitset.Set { return c.set }
func (c *floatColumn) bytes() int {
	return 136 + c.late.bytes() + c.set.Bytes() + 8*len(c.floats) + 2*len(c.places)
}

func (c *floatColumn) together() column {
	if c.late == nil {
		return c
	}
	return c.late.together(func() column {
		ed := floatEditors.Get().(*floatEditor)
		defer floatEditors.Put(ed)
		ed.load(c)
		return ed.freeze(c.late.dense)
	})
}

// bounds is that of an intColumn.
func (c *floatColumn) bounds() (lo, hi float64) {
	if c.late != nil {
		return c.late.min, c.late.max
	}
	return c.min, c.max
}

// value returns the value at p, which must be set, late or not.
func (c *floatColumn) value(p uint16) float64 {
	if v, ok := c.late.find(p); ok {
		return v
	}
	if c.places == nil {
		return c.floats[p]
	}
	i, _ := slices.BinarySearch(c.places, p)
	return c.floats[i]
}

// each calls f with the values at the set positions of w, which must be set, ascending by position. Where a value is late, it
// is with what the column holds.
func (c *floatColumn) each(w *kernel.Words, f func(p uint16, v float64)) {
	if c.places != nil {
		for i, p := range c.places {
			if isMember(w, p) {
				f(p, c.floats[i])
			}
		}
		return
	}
	for i, word := range w {
		for ; word != 0; word &= word - 1 {
			p := i<<6 + bits.TrailingZeros64(word)
			f(uint16(p), c.floats[p])
		}
	}
}

// within writes the positions whose values, late or not, are in lo..hi to dst.
func (c *floatColumn) within(dst *kernel.Words, lo, hi float64) {
	if c.places == nil {
		kernel.BetweenFloats(dst, c.floats, lo, hi)
		c.set.And(dst)
	} else {
		*dst = kernel.Words{}
		for i, p := range c.places {
			if v := c.floats[i]; lo <= v && v <= hi {
				dst[p>>6] |= 1 << (p & 63)
			}
		}
	}
	lateWithin(c.late, dst, lo, hi, c.set)
}

func (c *floatColumn) reach(lo, hi float64) reach {
	switch least, largest := c.bounds(); {
	case lo > hi || hi < least || lo > largest:
		return reachNone
	case lo <= least && hi >= largest:
		return reachAll
	}
	return reachSome
}

// floatEditor writes a floatColumn.
type floatEditor struct {
	set    kernel.Words
	values [kernel.Bits]float64
}

func (e *floatEditor) load(old column) {
	e.set = kernel.Words{}
	if c, ok := old.(*floatColumn); ok {
		c.set.Load(&e.set)
		c.each(&e.set, func(p uint16, v float64) { e.values[p] = v })
		if c.late != nil {
			for i, p := range c.late.places {
				e.values[p] = c.late.values[i]
			}
		}
	}
}

func (e *floatEditor) clear(p uint16) { e.set[p>>6] &^= 1 << (p & 63) }

func (e *floatEditor) put(p uint16, v float64) {
	e.set[p>>6] |= 1 << (p & 63)
	e.values[p] = v
}

func (e *floatEditor) freeze(dense int) column {
	n := kernel.Count(&e.set)
	if n == 0 {
		return nil
	}
	c := &floatColumn{set: bitset.Of(&e.set, dense)}
	places := make([]uint16, n)
	kernel.Extract(places, &e.set)
	c.min, c.max = e.values[places[0]], e.values[places[0]]
	for _, p := range places {
		c.min, c.max = min(c.min, e.values[p]), max(c.max, e.values[p])
	}
	if n < kernel.Bits*4/5 {
		c.places, c.floats = places, make([]float64, n)
		for i, p := range places {
			c.floats[i] = e.values[p]
		}
		return c
	}
	c.floats = make([]float64, kernel.Bits)
	for _, p := range places {
		c.floats[p] = e.values[p]
	}
	return c
}
