package segment

import (
	"math/bits"

	"github.com/clientele-go/clientele/internal/kernel"
)

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
