package segment

import (
	"maps"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// maxLabels is the largest number of different labels of one tag.
const maxLabels = 1 << 20

// labelsColumn holds the labels of a chunk: for each one the positions that have it. A code is the place of the label
// among the texts of the tag, plus one, as for enums.
type labelsColumn struct {
	mooring
	set   bitset.Set // positions with a set of labels, be it empty
	codes []uint32   // the codes that occur, ascending
	sets  []bitset.Set
}

func (c *labelsColumn) members() bitset.Set { return c.set }

func (c *labelsColumn) together() column { return c }

func (c *labelsColumn) bytes() int {
	n := 96 + c.set.Bytes() + 4*len(c.codes)
	for _, s := range c.sets {
		n += 40 + s.Bytes()
	}
	return n
}

// of returns the positions that have the label.
func (c *labelsColumn) of(code uint32) bitset.Set {
	if i, ok := slices.BinarySearch(c.codes, code); ok {
		return c.sets[i]
	}
	return bitset.Set{}
}

// labelsEditor writes a labelsColumn: the labels that are touched as words, the others as they are.
type labelsEditor struct {
	old     *labelsColumn
	set     kernel.Words
	touched map[uint32]*kernel.Words
}

func (e *labelsEditor) load(old column) {
	*e = labelsEditor{old: &labelsColumn{}, touched: map[uint32]*kernel.Words{}}
	if c, ok := old.(*labelsColumn); ok {
		e.old = c
		c.set.Load(&e.set)
	}
}

func (e *labelsEditor) touch(code uint32) *kernel.Words {
	w := e.touched[code]
	if w == nil {
		w = new(kernel.Words)
		e.old.of(code).Load(w)
		e.touched[code] = w
	}
	return w
}

// reset takes the positions of w and all their labels away.
func (e *labelsEditor) reset(w *kernel.Words) {
	kernel.AndNot(&e.set, &e.set, w)
	for i, code := range e.old.codes {
		if e.old.sets[i].AndCount(w) > 0 {
			labels := e.touch(code)
			kernel.AndNot(labels, labels, w)
		}
	}
}

// have gives p a set of labels, for now empty.
func (e *labelsEditor) have(p uint16) { addMember(&e.set, p) }

func (e *labelsEditor) add(p uint16, code uint32) {
	e.have(p)
	addMember(e.touch(code), p)
}

func (e *labelsEditor) remove(p uint16, code uint32) {
	e.touch(code)[p>>6] &^= 1 << (p & 63)
}

func (e *labelsEditor) freeze(dense int) column {
	c := &labelsColumn{set: bitset.Of(&e.set, dense)}
	if c.set.IsEmpty() {
		return nil
	}
	codes := slices.AppendSeq(slices.Clone(e.old.codes), maps.Keys(e.touched))
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		s := e.old.of(code)
		if w := e.touched[code]; w != nil {
			s = bitset.Of(w, dense)
		}
		if !s.IsEmpty() {
			c.codes = append(c.codes, code)
			c.sets = append(c.sets, s)
		}
	}
	return c
}
