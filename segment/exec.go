package segment

import (
	"cmp"
	"math/bits"
	"slices"

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
}

// operand is a condition of a conjunction on one chunk that is a set as it is.
type operand struct {
	set bitset.Set
	not bool
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
	if s, ok := n.asSet(f, c); ok {
		return s.Len()
	}
	switch n.form {
	case formAll:
		if a, b, ok := n.twoSets(f, c); ok {
			return bitset.AndCount(a, b, &f.blank)
		}
		parts, others, empty := f.parts(n, c)
		switch {
		case empty:
			return 0
		case len(others) > 0:
		default:
			w := f.scrap()
			defer f.give(w)
			last := parts[len(parts)-1]
			if !f.intersect(w, parts[:len(parts)-1]) {
				return 0
			} else if last.not {
				return last.set.AndNotCount(w)
			}
			return last.set.AndCount(w)
		}
	case formAny:
		if a, b, ok := n.twoSets(f, c); ok {
			return a.Len() + b.Len() - bitset.AndCount(a, b, &f.blank)
		}
	case formNot:
		return f.s.existing(c).Len() - f.count(n.kids[0], c)
	}
	w := f.scrap()
	defer f.give(w)
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
	parts[0].set.Load(w)
	any = !parts[0].set.IsEmpty()
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
			return n.loadEnum(col, dst)
		}
	case *labelsColumn:
		return n.loadLabels(col, dst)
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
	w := f.scrap()
	defer f.give(w)
	*dst = kernel.Words{}
	for _, k := range n.kids {
		if s, ok := k.asSet(f, c); ok {
			s.Or(dst)
			any = any || !s.IsEmpty()
		} else if f.load(k, c, w) {
			kernel.Or(dst, dst, w)
			any = true
		}
	}
	return any
}

// loadEnum loads the customers with any of several values: from their sets, or from the codes where the sets together
// are large.
func (n *plan) loadEnum(sets enumSets, dst *kernel.Words) (any bool) {
	if len(n.codes) > fewCodes {
		col := sets.together().(*enumColumn)
		if col.bytes8 != nil {
			var table [256]uint8
			for _, code := range n.codes {
				if code < 256 {
					table[code] = 1
				}
			}
			kernel.MatchCodes8(dst, col.bytes8, &table)
			return true
		}
		if len(n.codes) > 64 {
			table := make([]uint8, kernel.Bits)
			for _, code := range n.codes {
				table[code] = 1
			}
			kernel.MatchCodes16(dst, col.words, table)
			return true
		}
		sets = col
	}
	*dst = kernel.Words{}
	for _, code := range n.codes {
		s := sets.of(uint16(code))
		s.Or(dst)
		any = any || !s.IsEmpty()
	}
	return any
}

func (n *plan) loadLabels(col *labelsColumn, dst *kernel.Words) (any bool) {
	if n.form == formHasAny {
		*dst = kernel.Words{}
		for _, code := range n.codes {
			s := col.of(code)
			s.Or(dst)
			any = any || !s.IsEmpty()
		}
		return any
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

// narrow takes from dst, which holds customers that exist, those whom the plan does not select.
func (f *frame) narrow(n *plan, c int, dst *kernel.Words) (any bool) {
	if s, ok := n.asSet(f, c); ok {
		return s.And(dst)
	}
	switch n.form {
	case formAll:
		for _, k := range n.kids {
			if !f.narrow(k, c, dst) {
				return false
			}
		}
		return true
	case formAny:
		return f.narrowAny(n, c, dst)
	case formNot:
		if s, ok := n.kids[0].asSet(f, c); ok {
			return s.AndNot(dst)
		}
		w := f.scrap()
		defer f.give(w)
		*w = *dst
		f.narrow(n.kids[0], c, w)
		return kernel.AndNot(dst, dst, w)
	case formAtLeast:
		return f.narrowAtLeast(n, c, dst)
	case formMember:
		return n.chunks[c].And(dst)
	case formSample:
		return keep(dst, func(p uint16) bool {
			return n.sampler.bucket(f.s.ids.id(uint32(c)<<chunkBits|uint32(p))) < n.k
		})
	case formTags:
		return f.narrowTags(n, c, dst)
	}
	if n.form == formAnniversary || n.form == formRanges {
		return n.narrowRanges(n.d.column(c), dst)
	}
	switch col := n.d.asRead(c).(type) {
	case *intColumn:
		if few(dst) {
			return col.set.And(dst) && keep(dst, func(p uint16) bool { v := col.value(p); return n.lo <= v && v <= n.hi })
		}
	case *floatColumn:
		if few(dst) {
			return col.set.And(dst) && keep(dst, func(p uint16) bool { v := col.value(p); return n.flo <= v && v <= n.fhi })
		}
	}
	w := f.scrap()
	defer f.give(w)
	return f.load(n, c, w) && kernel.And(dst, dst, w) || zero(dst)
}

func zero(w *kernel.Words) bool {
	*w = kernel.Words{}
	return false
}

// few tells whether there are so few positions in w that it pays to look at each.
func few(w *kernel.Words) bool { return kernel.Count(w) <= probeMax }

// keep takes the positions for which f is false from w.
func keep(w *kernel.Words, f func(p uint16) bool) (any bool) {
	for i, word := range w {
		left := word
		for ; word != 0; word &= word - 1 {
			if k := bits.TrailingZeros64(word); !f(uint16(i<<6 + k)) {
				left &^= 1 << k
			}
		}
		w[i] = left
		any = any || left != 0
	}
	return any
}

// narrowAny looks with each condition only at the customers that none before it has selected.
func (f *frame) narrowAny(n *plan, c int, dst *kernel.Words) (any bool) {
	found, w := f.take(), f.scrap()
	defer f.give(found)
	defer f.give(w)
	left := true
	for _, k := range n.kids {
		*w = *dst
		if left && f.narrow(k, c, w) {
			kernel.Or(found, found, w)
			left = kernel.AndNot(dst, dst, w)
			any = true
		}
	}
	*dst = *found
	return any
}

// narrowAtLeast counts the conditions that hold in binary, a bit of all customers' counts at a time.
func (f *frame) narrowAtLeast(n *plan, c int, dst *kernel.Words) (any bool) {
	counts := make([]uint64, bits.Len(uint(len(n.kids)))*kernel.Size) // bit slices
	w, carry := f.scrap(), f.scrap()
	defer f.give(w)
	defer f.give(carry)
	for _, k := range n.kids {
		*w = *dst
		more := f.narrow(k, c, w)
		for at := 0; more; at += kernel.Size {
			slice := (*kernel.Words)(counts[at:])
			more = kernel.And(carry, slice, w)
			kernel.Xor(slice, slice, w)
			w, carry = carry, w
		}
	}
	kernel.Between(w, counts, uint64(n.k), uint64(len(n.kids)))
	return kernel.And(dst, dst, w)
}

// narrowRanges keeps the members whose value lies in one of the ranges of the plan.
func (n *plan) narrowRanges(col column, dst *kernel.Words) (any bool) {
	if !col.members().And(dst) {
		return false
	}
	w := *dst
	drop := func(p uint16) { dst[p>>6] &^= 1 << (p & 63) }
	switch col := col.(type) {
	case *intColumn:
		col.each(&w, func(p uint16, v int64) {
			if !n.ranges.has(v) {
				drop(p)
			}
		})
	case *floatColumn:
		col.each(&w, func(p uint16, v float64) {
			if !inRanges(n.floats, v) {
				drop(p)
			}
		})
	}
	for _, word := range dst {
		any = any || word != 0
	}
	return any
}

// narrowTags compares two tags, customer by customer.
func (f *frame) narrowTags(n *plan, c int, dst *kernel.Words) (any bool) {
	a, b := n.d.latest(c), n.other.latest(c)
	if a == nil || b == nil {
		return zero(dst)
	}
	return a.members().And(dst) && b.members().And(dst) && keep(dst, func(p uint16) bool {
		at := uint32(c)<<chunkBits | uint32(p)
		u, v := f.s.stored(n.bound.tag, at), f.s.stored(n.bound.other, at)
		return n.cmp.holds(orderStored(n.t, f.s.tags.tags[n.bound.other], &u, &v))
	})
}
