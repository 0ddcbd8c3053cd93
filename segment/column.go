package segment

import (
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// chunkBits is the number of low bits of a position that lie within its chunk.
const chunkBits = 16

// A column is what a tag holds of one chunk of 65,536 positions. Columns are immutable; nil is one without values.
type column interface {
	members() bitset.Set // the positions that have a value
	bytes() int          // memory held
	together() column    // the same without late values, which lie beside the column
}

// An editor holds a column while it is written. Not safe for concurrent use.
type editor interface {
	load(old column) // makes the editor hold old, nil for nothing
	// freeze returns the column; nil if nothing is set. dense is as for bitset.Of.
	freeze(dense int) column
}

// flagColumn holds the flags of a chunk.
type flagColumn struct {
	mooring
	set, yes bitset.Set
}

func (c *flagColumn) members() bitset.Set { return c.set }
func (c *flagColumn) bytes() int          { return 104 + c.set.Bytes() + c.yes.Bytes() }
func (c *flagColumn) together() column    { return c }

// no returns the positions whose flag is false, in w.
func (c *flagColumn) no(w *kernel.Words) bool {
	c.set.Load(w)
	return c.yes.AndNot(w)
}

type flagEditor struct{ set, yes kernel.Words }

func (e *flagEditor) load(old column) {
	if c, ok := old.(*flagColumn); ok {
		c.set.Load(&e.set)
		c.yes.Load(&e.yes)
	}
}

func (e *flagEditor) clear(p uint16) {
	e.set[p>>6] &^= 1 << (p & 63)
	e.yes[p>>6] &^= 1 << (p & 63)
}

func (e *flagEditor) put(p uint16, v bool) {
	e.clear(p)
	e.set[p>>6] |= 1 << (p & 63)
	if v {
		e.yes[p>>6] |= 1 << (p & 63)
	}
}

func (e *flagEditor) freeze(dense int) column {
	c := &flagColumn{set: bitset.Of(&e.set, dense), yes: bitset.Of(&e.yes, dense)}
	if c.set.IsEmpty() {
		return nil
	}
	if e.set == e.yes { // one set serves both
		c.yes = c.set
	}
	return c
}

func addMember(w *kernel.Words, p uint16) { w[p>>6] |= 1 << (p & 63) }

func isMember(w *kernel.Words, p uint16) bool { return w[p>>6]>>(p&63)&1 != 0 }
