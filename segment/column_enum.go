package segment

import (
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// maxEnum is the largest number of different values of an Enum.
const maxEnum = 65_535

// enumColumn holds the enums of a chunk twice: as the set of positions of each value, which rules read, and as the code
// of each position, which groups and single customers read. A code is the place of the value among the texts of the
// tag, plus one; 0 is unset.
type enumColumn struct {
	mooring
	late   *late[uint16] // where bytes8 and words do not count
	set    bitset.Set
	codes  []uint16     // the codes that occur, ascending
	sets   []bitset.Set // their positions
	bytes8 []uint8      // code of each position, if all are below 256
	words  []uint16     // code of each position otherwise
}

// enumSets is a column of enums for who asks for the positions of a code: an enumColumn, or what lies on a shelf.
type enumSets interface {
	column
	of(code uint16) bitset.Set
}

func (c *enumColumn) members() bitset.Set { return c.set }

func (c *enumColumn) bytes() int {
	n := 160 + c.late.bytes() + c.set.Bytes() + len(c.bytes8) + 2*len(c.words) + 2*len(c.codes)
	for _, s := range c.sets {
		n += 40 + s.Bytes()
	}
	return n
}

func (c *enumColumn) together() column {
	if c.late == nil {
		return c
	}
	return c.late.together(func() column {
		codes := new([kernel.Bits]uint16)
		c.load(codes)
		next := &enumColumn{set: c.set, codes: c.codes, sets: c.sets}
		next.keep(codes)
		return next
	})
}

// load writes the code of each position to codes.
func (c *enumColumn) load(codes *[kernel.Bits]uint16) {
	copy(codes[:], c.words)
	for p, code := range c.bytes8 {
		codes[p] = uint16(code)
	}
	if c.late != nil {
		for i, p := range c.late.places {
			codes[p] = c.late.values[i]
		}
	}
}

// keep keeps the code of each position. The largest is the last of those that occur.
func (c *enumColumn) keep(codes *[kernel.Bits]uint16) {
	if c.codes[len(c.codes)-1] > 255 {
		c.words = slices.Clone(codes[:])
		return
	}
	c.bytes8 = make([]uint8, kernel.Bits)
	for p, code := range codes {
		c.bytes8[p] = uint8(code)
	}
}

// code returns the code at p, late or not, 0 if it is unset.
func (c *enumColumn) code(p uint16) uint16 {
	if code, ok := c.late.find(p); ok {
		return code
	}
	if c.bytes8 != nil {
		return uint16(c.bytes8[p])
	}
	return c.words[p]
}

// of returns the positions of a code.
func (c *enumColumn) of(code uint16) bitset.Set {
	if i, ok := slices.BinarySearch(c.codes, code); ok {
		return c.sets[i]
	}
	return bitset.Set{}
}

// count adds the number of members of w with each code to counts, which has room for every code.
func (c *enumColumn) count(counts []uint32, w *kernel.Words) {
	if c.bytes8 != nil {
		var few [256]uint32
		kernel.CountCodes8(few[:], w, c.bytes8)
		for _, code := range c.codes {
			counts[code] += few[code]
		}
		return
	}
	kernel.CountCodes16(counts, w, c.words)
}

// enumEditor writes an enumColumn.
type enumEditor struct {
	codes [kernel.Bits]uint16
}

func (e *enumEditor) load(old column) {
	if c, ok := old.(*enumColumn); ok {
		c.load(&e.codes)
	} else {
		e.codes = [kernel.Bits]uint16{}
	}
}

func (e *enumEditor) clear(p uint16)            { e.codes[p] = 0 }
func (e *enumEditor) put(p uint16, code uint16) { e.codes[p] = code }

func (e *enumEditor) freeze(dense int) column {
	var top uint16
	for _, code := range &e.codes {
		top = max(top, code)
	}
	if top == 0 {
		return nil
	}
	starts := make([]uint32, int(top)+2) // positions by code: counting sort
	for _, code := range &e.codes {
		starts[int(code)+1]++
	}
	c := &enumColumn{}
	n := 0
	for code := 1; code <= int(top); code++ {
		if starts[code+1] > 0 {
			n++
		}
	}
	c.codes, c.sets = make([]uint16, 0, n), make([]bitset.Set, 0, n)
	for code := range int(top) + 1 {
		starts[code+1] += starts[code]
	}
	unset := starts[1]
	places := make([]uint16, kernel.Bits)
	next := slices.Clone(starts[:int(top)+1])
	for p, code := range &e.codes {
		places[next[code]] = uint16(p)
		next[code]++
	}
	for code := 1; code <= int(top); code++ {
		if lo, hi := starts[code], starts[code+1]; lo < hi {
			c.codes = append(c.codes, uint16(code))
			c.sets = append(c.sets, bitset.OfSorted(places[lo:hi], dense))
		}
	}
	switch {
	case unset == 0:
		c.set = bitset.Full(kernel.Bits)
	case len(c.sets) == 1:
		c.set = c.sets[0]
	default:
		var w kernel.Words
		kernel.FillRange(&w, 0, kernel.Bits)
		kernel.Erase(&w, places[:unset])
		c.set = bitset.Of(&w, dense)
	}
	c.keep(&e.codes)
	return c
}
