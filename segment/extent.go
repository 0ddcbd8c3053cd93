package segment

import (
	"iter"
	"math/bits"
	"sync"

	"github.com/clientele-go/clientele/internal/bitset"
)

// A chunkSet is some of the chunks: bit c&63 of word c>>6 stands for chunk c. Those beyond the end are not in it.
type chunkSet []uint64

func newChunkSet(chunks int) chunkSet { return make(chunkSet, (chunks+63)>>6) }

// all yields the chunks, ascending.
func (s chunkSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(i<<6 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// and returns the chunks that are in both.
func (s chunkSet) and(t chunkSet) chunkSet {
	both := make(chunkSet, min(len(s), len(t)))
	for i := range both {
		both[i] = s[i] & t[i]
	}
	return both
}

// or returns the chunks that are in s or t.
func (s chunkSet) or(t chunkSet) chunkSet {
	if len(s) < len(t) {
		s, t = t, s
	}
	either := append(chunkSet{}, s...)
	for i, word := range t {
		either[i] |= word
	}
	return either
}

// An extent is the customers who have one value of a tag: the sets of those chunks in which there are any. It is not
// changed once made; safe for concurrent use.
type extent struct {
	where chunkSet
	below []uint32 // for each word of where, how many chunks come before it
	sets  []bitset.Set
	total int // customers

	bitmaps int // how many of sets are kept as bitmaps
}

// nobodyHas is the extent of a value that no customer has.
var nobodyHas = &extent{where: chunkSet{}}

// of returns the customers of a chunk.
func (x *extent) of(c int) bitset.Set {
	i, bit := c>>6, uint64(1)<<(c&63)
	if i >= len(x.where) || x.where[i]&bit == 0 {
		return bitset.Set{}
	}
	return x.sets[int(x.below[i])+bits.OnesCount64(x.where[i]&(bit-1))]
}

func (x *extent) bytes() int { return 96 + 12*len(x.where) + 16*cap(x.sets) }

// everyValue stands for all values of a tag together where the code of one is asked for; flagTrue for those of a flag that
// is true.
const (
	everyValue = 0
	flagTrue   = 1
)

// having returns the positions of a column that have the value of a code; ok is false if they are not kept as a set.
func having(col column, code uint32) (s bitset.Set, ok bool) {
	if code == everyValue {
		return col.members(), true
	}
	switch col := col.(type) {
	case *flagColumn:
		return col.yes, true
	case *enumColumn:
		return col.of(uint16(code)), true
	case *labelsColumn:
		return col.of(code), true
	}
	return s, false
}

// extents are those of a tag that have been asked for: they live as long as its columns stay as they are. Safe for
// concurrent use.
type extents struct {
	mu   sync.Mutex
	kept map[uint32]*extent // by code
}

// extent returns the customers who have the value of a code, nil if they are not kept as sets in every chunk. All of the
// tag has been read.
func (d *tagData) extent(code uint32) *extent {
	if d.extents == nil {
		return d.newExtent(code)
	}
	d.extents.mu.Lock()
	x := d.extents.kept[code]
	d.extents.mu.Unlock()
	if x != nil {
		return x
	}
	if x = d.newExtent(code); x != nil {
		d.extents.mu.Lock()
		defer d.extents.mu.Unlock()
		if d.extents.kept == nil {
			d.extents.kept = map[uint32]*extent{}
		}
		d.extents.kept[code] = x
	}
	return x
}

// renew puts other columns in the place of those that there were.
func (d *tagData) renew(columns []column) { d.columns, d.extents = columns, new(extents) }

func (d *tagData) newExtent(code uint32) *extent {
	x := &extent{where: newChunkSet(len(d.columns))}
	x.below = make([]uint32, len(x.where))
	for c := range d.columns {
		if c&63 == 0 {
			x.below[c>>6] = uint32(len(x.sets))
		}
		col := d.asRead(c)
		if col == nil {
			continue
		}
		s, ok := having(col, code)
		if !ok {
			return nil
		}
		if !s.IsEmpty() {
			x.where[c>>6] |= 1 << (c & 63)
			x.sets = append(x.sets, s)
			x.total += s.Len()
			if s.Words() != nil {
				x.bitmaps++
			}
		}
	}
	return x
}

// bytes returns the memory that the extents hold beside the columns.
func (l *extents) bytes() (n int) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.kept {
		n += x.bytes()
	}
	return n
}
