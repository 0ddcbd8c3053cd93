package segment

import (
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// load writes the customers of a chunk that the plan selects to dst.
func (f *frame) load(n *plan, c int, dst *kernel.Words) (any bool) {
	if s, ok := n.asSet(f, c); ok {
		s.Load(dst)
		return !s.IsEmpty()
	}
	switch n.form {
	case formAll:
		return f.loadAll(n, c, dst)
	case formAny:
		return f.loadAny(n, c, dst)
	case formNot:
		w := f.scrap()
		defer f.give(w)
		f.load(n.kids[0], c, w)
		f.s.existing(c).Load(dst)
		return kernel.AndNot(dst, dst, w)
	case formAtLeast:
		f.s.existing(c).Load(dst)
		return f.narrow(n, c, dst)
	case formMember:
		n.chunks[c].Load(dst)
		return f.s.existing(c).And(dst)
	case formSample:
		f.s.existing(c).Load(dst)
		return f.narrow(n, c, dst)
	}
	switch col := n.d.asRead(c).(type) {
	case *flagColumn:
		if n.form == formFlag { // false: true is a set of its own
			return col.no(dst)
		}
	case enumSets:
		if n.form == formEnum {
			return f.loadEnum(n, col, dst)
		}
	case *labelsColumn:
		return f.loadLabels(n, col, dst)
	case *intColumn:
		if n.form == formRange || n.form == formTime {
			col.within(dst, n.lo, n.hi)
			return true
		}
	case *floatColumn:
		if n.form == formFloats {
			col.within(dst, n.flo, n.fhi)
			return true
		}
	}
	n.d.asRead(c).members().Load(dst)
	return f.narrow(n, c, dst)
}

// loadAll loads a conjunction: sets first, then the other conditions in the order of the plan.
func (f *frame) loadAll(n *plan, c int, dst *kernel.Words) (any bool) {
	parts, others, empty := f.parts(n, c)
	switch {
	case empty:
		*dst = kernel.Words{}
		return false
	case len(parts) > 0:
		any = f.intersect(dst, parts)
	default:
		any, others = f.load(others[0], c, dst), others[1:]
	}
	for _, k := range others {
		if !any {
			break
		}
		any = f.narrow(k, c, dst)
	}
	if !any {
		*dst = kernel.Words{}
	}
	return any
}

func (f *frame) loadAny(n *plan, c int, dst *kernel.Words) (any bool) {
	var others []*plan
	sets := f.sets[:0]
	for _, k := range n.kids {
		if s, ok := k.asSet(f, c); ok {
			sets = append(sets, s)
		} else {
			others = append(others, k)
		}
	}
	any = f.unite(dst, sets)
	if len(others) == 0 {
		return any
	}
	w := f.scrap()
	defer f.give(w)
	for _, k := range others {
		if f.load(k, c, w) {
			kernel.Or(dst, dst, w)
			any = true
		}
	}
	return any
}

// unite writes what any of the sets holds to dst. The sets are in the memory of f.sets.
func (f *frame) unite(dst *kernel.Words, sets []bitset.Set) (any bool) {
	f.sets = sets
	bitset.Union(dst, sets)
	return slices.ContainsFunc(sets, func(s bitset.Set) bool { return !s.IsEmpty() })
}

// loadEnum loads the customers with any of several values: from their sets, or from the codes where the sets together
// are large.
func (f *frame) loadEnum(n *plan, col enumSets, dst *kernel.Words) (any bool) {
	if len(n.codes) > fewCodes {
		whole := col.together().(*enumColumn)
		if whole.bytes8 != nil {
			var table [256]uint8
			for _, code := range n.codes {
				if code < 256 {
					table[code] = 1
				}
			}
			kernel.MatchCodes8(dst, whole.bytes8, &table)
			return true
		}
		if len(n.codes) > 64 {
			table := make([]uint8, kernel.Bits)
			for _, code := range n.codes {
				table[code] = 1
			}
			kernel.MatchCodes16(dst, whole.words, table)
			return true
		}
		col = whole
	}
	sets := f.sets[:0]
	for _, code := range n.codes {
		sets = append(sets, col.of(uint16(code)))
	}
	return f.unite(dst, sets)
}

func (f *frame) loadLabels(n *plan, col *labelsColumn, dst *kernel.Words) (any bool) {
	if n.form == formHasAny {
		sets := f.sets[:0]
		for _, code := range n.codes {
			sets = append(sets, col.of(code))
		}
		return f.unite(dst, sets)
	}
	if !n.covers {
		*dst = kernel.Words{}
		return false
	}
	col.set.Load(dst)
	any = true
	for _, code := range n.codes {
		if !any {
			break
		}
		any = col.of(code).And(dst)
	}
	return any
}
