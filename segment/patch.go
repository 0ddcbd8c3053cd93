package segment

import (
	"cmp"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// maxPatch is the number of steps up to which a large column is copied and changed in place instead of built anew.
const maxPatch = 512

// patchInts is editInts on a copy of the bit slices. It gives up, and ok is false, where the column has to be built
// anew: a value does not fit, the least or the largest is gone, or a step is at fault.
func patchInts(old *intColumn, steps []step, dense int) (c *intColumn, ok bool) {
	if old.sparse() || len(steps) > maxPatch {
		return nil, false
	}
	type value struct {
		n   int64
		set bool
	}
	now := map[uint16]value{}
	for i := range steps {
		st := &steps[i]
		v := value{st.value.n, !st.clears()}
		if st.verb == verbIncrement {
			was, ok := now[st.p]
			if !ok && old.set.Contains(st.p) {
				was = value{old.value(st.p), true}
			}
			if was.set {
				v.n += was.n
			}
			if was.set && st.value.n != 0 && (v.n > was.n) != (st.value.n > 0) {
				return nil, false
			}
		}
		now[st.p] = v
	}
	var add, remove []uint16
	next := intColumn{min: old.min, max: old.max, shift: old.shift, width: old.width, slices: slices.Clone(old.slices)}
	for _, p := range slices.Sorted(maps.Keys(now)) {
		v := now[p]
		var offset uint64
		if v.set {
			if offset = uint64(v.n) - uint64(old.min); v.n < old.min || offset&(1<<old.shift-1) != 0 || offset>>old.shift>>old.width != 0 {
				return nil, false
			}
			offset >>= old.shift
			next.max = max(next.max, v.n)
		}
		switch {
		case v.set:
			add = append(add, p)
		default:
			remove = append(remove, p)
		}
		word, bit := int(p>>6), p&63
		for k := range int(old.width) {
			at := &next.slices[k*kernel.Size+word]
			*at = *at&^(1<<bit) | offset>>k&1<<bit
		}
	}
	var w kernel.Words
	next.set = old.set.Edit(add, remove, dense, &w)
	for _, v := range []int64{next.min, next.max} { // both must still be the value of somebody
		offset := (uint64(v) - uint64(next.min)) >> next.shift
		next.within(&w, offset, offset)
		if kernel.Count(&w) == 0 {
			return nil, false
		}
	}
	return &next, next.set.Len() >= sparseInts
}

// patchEnums is editEnums on a copy of the codes. It gives up where a code does not fit.
func patchEnums(old *enumColumn, steps []step, dense int) (c *enumColumn, ok bool) {
	if len(steps) > maxPatch {
		return nil, false
	}
	now := map[uint16]uint16{}
	for i := range steps {
		st := &steps[i]
		var code uint16
		if !st.clears() {
			code = uint16(st.codes[0])
		}
		if now[st.p] = code; code > 255 && old.bytes8 != nil {
			return nil, false
		}
	}
	type change struct{ add, remove []uint16 }
	changes := map[uint16]*change{}
	of := func(code uint16) *change {
		if changes[code] == nil {
			changes[code] = &change{}
		}
		return changes[code]
	}
	next := enumColumn{set: old.set, bytes8: slices.Clone(old.bytes8), words: slices.Clone(old.words)}
	for _, p := range slices.Sorted(maps.Keys(now)) {
		was, is := old.code(p), now[p]
		if was == is {
			continue
		}
		of(was).remove = append(of(was).remove, p)
		of(is).add = append(of(is).add, p)
		if next.bytes8 != nil {
			next.bytes8[p] = uint8(is)
		} else {
			next.words[p] = is
		}
	}
	var w kernel.Words
	if c := changes[0]; c != nil { // unset
		next.set = old.set.Edit(c.remove, c.add, dense, &w)
		delete(changes, 0)
	}
	next.codes, next.sets = slices.Clone(old.codes), slices.Clone(old.sets)
	for _, code := range slices.SortedFunc(maps.Keys(changes), cmp.Compare[uint16]) {
		ch := changes[code]
		i, there := slices.BinarySearch(next.codes, code)
		if !there {
			next.codes = slices.Insert(next.codes, i, code)
			next.sets = slices.Insert(next.sets, i, bitset.Set{})
		}
		next.sets[i] = next.sets[i].Edit(ch.add, ch.remove, dense, &w)
		if next.sets[i].IsEmpty() {
			next.codes = slices.Delete(next.codes, i, i+1)
			next.sets = slices.Delete(next.sets, i, i+1)
		}
	}
	return &next, !next.set.IsEmpty()
}
