package segment

import (
	"cmp"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// probeMax is the number of customers left of a chunk below which a condition on numbers looks at each one's value
// instead of at the bits of all.
const probeMax = 48

// A frame answers a program chunk by chunk. Not safe for concurrent use.
type frame struct {
	s       *Snapshot
	program *program
	free    []*kernel.Words
	blank   kernel.Words // all zero, whenever nobody works on it
	sorted  []operand
	sets    []bitset.Set // that are united
}

// operand is a condition of a conjunction on one chunk that is a set as it is.
type operand struct {
	set bitset.Set
	not bool
}

// Frames are large.
var spareFrames = sync.Pool{New: func() any { return new(frame) }}

// release gives back a frame that nobody works with any more.
func (f *frame) release() {
	clear(f.sorted[:cap(f.sorted)])
	clear(f.sets[:cap(f.sets)])
	f.s, f.program = nil, nil
	spareFrames.Put(f)
}

// take returns words that are zero; give takes them back.
func (f *frame) take() *kernel.Words {
	if n := len(f.free); n > 0 {
		w := f.free[n-1]
		f.free = f.free[:n-1]
		*w = kernel.Words{}
		return w
	}
	return new(kernel.Words)
}

// scrap is take for words that are written anyway.
func (f *frame) scrap() *kernel.Words {
	if n := len(f.free); n > 0 {
		w := f.free[n-1]
		f.free = f.free[:n-1]
		return w
	}
	return new(kernel.Words)
}

func (f *frame) give(w *kernel.Words) { f.free = append(f.free, w) }

// asSet returns what the condition selects of a chunk if that is a set the index keeps.
func (n *plan) asSet(f *frame, c int) (s bitset.Set, ok bool) {
	if n.extent != nil {
		return n.extent.of(c), true
	}
	switch n.form {
	case formAll:
		switch len(n.kids) {
		case 0:
			return f.s.existing(c), true
		case 1:
			return n.kids[0].asSet(f, c)
		}
		return s, false
	case formAny:
		switch len(n.kids) {
		case 0:
			return s, true
		case 1:
			return n.kids[0].asSet(f, c)
		}
		return s, false
	case formNot, formAtLeast, formSample:
		return s, false
	case formMember:
		return s, c >= len(n.chunks) // a set from outside may name who is no more
	}
	col := n.d.asRead(c)
	if col == nil {
		return s, true
	}
	if n.form == formSet {
		return col.members(), true
	}
	switch col := col.(type) {
	case *flagColumn:
		if n.form == formFlag && n.want {
			return col.yes, true
		}
	case *enumColumn:
		if n.form == formEnum {
			return oneOf(n.codes, col.codes, col.sets)
		}
	case *enumSlices:
		if n.form == formEnum {
			return col.oneOf(n.codes)
		}
	case *labelsColumn:
		if n.form == formHasAny || len(n.codes) == 1 {
			if n.form == formHasAll && !n.covers {
				return s, true
			}
			return oneOf(n.codes, col.codes, col.sets)
		}
	case *intColumn:
		if n.form == formRange || n.form == formTime {
			switch col.reach(n.lo, n.hi) {
			case reachNone:
				return s, true
			case reachAll:
				return col.set, true
			}
		}
	case *floatColumn:
		if n.form == formFloats {
			switch col.reach(n.flo, n.fhi) {
			case reachNone:
				return s, true
			case reachAll:
				return col.set, true
			}
		}
	}
	return s, false
}

// oneOf returns the set of the one of codes that occurs; ok is false if several do.
func oneOf[T uint16 | uint32](codes []uint32, present []T, sets []bitset.Set) (s bitset.Set, ok bool) {
	found := false
	for _, code := range codes {
		i, in := slices.BinarySearch(present, T(code))
		if !in {
			continue
		}
		if found {
			return bitset.Set{}, false
		}
		s, found = sets[i], true
	}
	return s, true
}

// count returns how many customers of a chunk the plan selects.
func (f *frame) count(n *plan, c int) int {
	switch n.form {
	case formAll:
		if a, b, ok := n.twoSets(f, c); ok {
			return bitset.AndCount(a, b, &f.blank)
		}
	case formAny:
		if a, b, ok := n.twoSets(f, c); ok {
			return a.Len() + b.Len() - bitset.AndCount(a, b, &f.blank)
		}
	case formNot:
		return f.s.existing(c).Len() - f.count(n.kids[0], c)
	}
	if s, ok := n.asSet(f, c); ok {
		return s.Len()
	}
	return f.countWords(n, c)
}

// countWords is count for a plan that takes words.
func (f *frame) countWords(n *plan, c int) int {
	w := f.scrap()
	defer f.give(w)
	if n.form == formAll {
		parts, others, empty := f.parts(n, c)
		switch {
		case empty:
			return 0
		case len(others) > 0:
		default:
			last := parts[len(parts)-1]
			if !f.intersect(w, parts[:len(parts)-1]) {
				return 0
			} else if last.not {
				return last.set.AndNotCount(w)
			}
			return last.set.AndCount(w)
		}
	}
	if !f.load(n, c, w) {
		return 0
	}
	return kernel.Count(w)
}

// twoSets returns the two parts of a plan if both are sets the index keeps.
func (n *plan) twoSets(f *frame, c int) (a, b bitset.Set, ok bool) {
	if len(n.kids) != 2 {
		return a, b, false
	}
	a, ok = n.kids[0].asSet(f, c)
	if ok {
		b, ok = n.kids[1].asSet(f, c)
	}
	return a, b, ok
}

// set returns the customers of a chunk that the plan selects.
func (f *frame) set(n *plan, c int) bitset.Set {
	if s, ok := n.asSet(f, c); ok {
		return s
	}
	if n.form == formAll || n.form == formAny {
		if a, b, ok := n.twoSets(f, c); ok {
			if n.form == formAll {
				return bitset.And(a, b, f.s.dense, &f.blank)
			}
			return bitset.Or(a, b, f.s.dense, &f.blank)
		}
	}
	w := f.scrap()
	defer f.give(w)
	if !f.load(n, c, w) {
		return bitset.Set{}
	}
	return bitset.Of(w, f.s.dense)
}

// parts splits a conjunction into the conditions that are sets, the smallest first and the negated last, and the
// others. The first part is never a negated one: without any set it is everyone, if there are others it may be missing.
func (f *frame) parts(n *plan, c int) (parts []operand, others []*plan, empty bool) {
	parts = f.sorted[:0]
	for _, k := range n.kids {
		of, not := k, k.form == formNot
		if not {
			of = k.kids[0]
		}
		s, ok := of.asSet(f, c)
		switch {
		case !ok:
			others = append(others, k)
		case s.IsEmpty():
			if !not {
				return nil, nil, true
			}
		default:
			parts = append(parts, operand{s, not})
		}
	}
	slices.SortStableFunc(parts, func(a, b operand) int {
		switch {
		case a.not != b.not && a.not:
			return 1
		case a.not != b.not:
			return -1
		case a.not:
			return cmp.Compare(b.set.Len(), a.set.Len())
		}
		return cmp.Compare(a.set.Len(), b.set.Len())
	})
	if len(parts) > 0 && parts[0].not || len(parts) == 0 && len(others) == 0 {
		parts = slices.Insert(parts, 0, operand{set: f.s.existing(c)})
	}
	if len(parts) == 1 && len(others) == 0 { // the other conditions were empty sets, negated
		parts = append(parts, operand{set: parts[0].set})
	}
	f.sorted = parts
	return parts, others, false
}

// intersect writes what all parts hold to w. The first part is not negated.
func (f *frame) intersect(w *kernel.Words, parts []operand) (any bool) {
	if len(parts) > 1 && !parts[1].not {
		any = bitset.LoadAnd(w, parts[0].set, parts[1].set)
		parts = parts[1:]
	} else {
		parts[0].set.Load(w)
		any = !parts[0].set.IsEmpty()
	}
	for _, p := range parts[1:] {
		if !any {
			return false
		}
		if p.not {
			any = p.set.AndNot(w)
		} else {
			any = p.set.And(w)
		}
	}
	return any
}
