package segment

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
)

// patched carries out steps without building the column anew: what they write comes to lie beside it. ok is false where
// it has to be built anew: there is none or one of labels, there is too much beside it, or a step is at fault.
func patched(old column, steps []step, dense int) (c column, ok bool) {
	if len(steps) > maxLate {
		return nil, false
	}
	switch old := old.(type) {
	case *flagColumn:
		return patchFlags(old, steps, dense)
	case *enumColumn:
		return patchEnums(old, steps, dense)
	case *floatColumn:
		return patchFloats(old, steps, dense)
	case *intColumn:
		return patchInts(old, steps, dense)
	}
	return nil, false
}

// patchInts is editInts.
func patchInts(old *intColumn, steps []step, dense int) (c *intColumn, ok bool) {
	now := intChanges.Get().(*changes[int64])
	defer intChanges.Put(now)
	now.reset()
	for i := range steps {
		st := &steps[i]
		n := st.value.n
		if st.verb == verbIncrement {
			was, set, done := now.find(st.p)
			if !done && old.set.Contains(st.p) {
				was, set = old.value(st.p), true
			}
			if set {
				n += was
			}
			if set && st.value.n != 0 && (n > was) != (st.value.n > 0) {
				return nil, false
			}
		}
		now.put(st.p, n, !st.clears())
	}
	return old.with(now, dense)
}

// with returns the column with the changes, and ok as patched does.
func (c *intColumn) with(now *changes[int64], dense int) (next *intColumn, ok bool) {
	if built, ok := c.late.built().(*intColumn); ok {
		c = built
	}
	set := now.members(c.set, dense)
	late := now.beside(c.late, c.min, c.max, dense)
	if late == nil || set.IsEmpty() {
		return nil, false
	}
	return &intColumn{
		late: late, set: set, min: c.min, max: c.max, shift: c.shift, width: c.width,
		slices: c.slices, places: c.places, narrow: c.narrow, wide: c.wide,
	}, true
}

// patchFloats is editFloats.
func patchFloats(old *floatColumn, steps []step, dense int) (c *floatColumn, ok bool) {
	now := floatChanges.Get().(*changes[float64])
	defer floatChanges.Put(now)
	now.reset()
	for i := range steps {
		st := &steps[i]
		f := st.value.f
		if st.verb == verbIncrement {
			was, set, done := now.find(st.p)
			if !done && old.set.Contains(st.p) {
				was, set = old.value(st.p), true
			}
			if set {
				f += was
			}
			if math.IsInf(f, 0) {
				return nil, false
			}
		}
		now.put(st.p, f+0, !st.clears())
	}
	if built, ok := old.late.built().(*floatColumn); ok {
		old = built
	}
	set := now.members(old.set, dense)
	late := now.beside(old.late, old.min, old.max, dense)
	if late == nil || set.IsEmpty() {
		return nil, false
	}
	return &floatColumn{late: late, set: set, min: old.min, max: old.max, places: old.places, floats: old.floats}, true
}

// patchEnums is editEnums.
func patchEnums(old *enumColumn, steps []step, dense int) (c *enumColumn, ok bool) {
	now := enumChanges.Get().(*changes[uint16])
	defer enumChanges.Put(now)
	now.reset()
	for i := range steps {
		st := &steps[i]
		if st.clears() {
			now.put(st.p, 0, false)
		} else {
			now.put(st.p, uint16(st.codes[0]), true)
		}
	}
	if built, ok := old.late.built().(*enumColumn); ok {
		old = built
	}
	set := now.members(old.set, dense)
	late := now.beside(old.late, 0, 0, dense)
	if late == nil || set.IsEmpty() {
		return nil, false
	}
	next := &enumColumn{late: late, set: set, codes: slices.Clone(old.codes), sets: slices.Clone(old.sets), bytes8: old.bytes8, words: old.words}
	type move struct {
		code, p uint16
		in      bool
	}
	var moves []move
	for i, p := range now.places {
		if was, is := old.code(p), now.values[i]; was != is {
			moves = append(moves, move{was, p, false}, move{is, p, true})
		}
	}
	slices.SortStableFunc(moves, func(a, b move) int { return int(a.code) - int(b.code) })
	for i := 0; i < len(moves); {
		code := moves[i].code
		add, remove := now.add[:0], now.remove[:0]
		for ; i < len(moves) && moves[i].code == code; i++ {
			if moves[i].in {
				add = append(add, moves[i].p)
			} else {
				remove = append(remove, moves[i].p)
			}
		}
		now.add, now.remove = add, remove
		if code == 0 {
			continue
		}
		k, there := slices.BinarySearch(next.codes, code)
		if !there {
			next.codes, next.sets = slices.Insert(next.codes, k, code), slices.Insert(next.sets, k, bitset.Set{})
		}
		if next.sets[k] = next.sets[k].Edit(add, remove, dense, &now.blank); next.sets[k].IsEmpty() {
			next.codes, next.sets = slices.Delete(next.codes, k, k+1), slices.Delete(next.sets, k, k+1)
		}
	}
	return next, true
}

// patchFlags is editFlags.
func patchFlags(old *flagColumn, steps []step, dense int) (c *flagColumn, ok bool) {
	now := enumChanges.Get().(*changes[uint16])
	defer enumChanges.Put(now)
	now.reset()
	for i := range steps {
		st := &steps[i]
		var yes uint16
		if st.value.b && !st.clears() {
			yes = 1
		}
		now.put(st.p, yes, !st.clears())
	}
	next := &flagColumn{set: now.members(old.set, dense)}
	if next.set.IsEmpty() {
		return nil, false
	}
	allYes := old.yes == old.set
	add, remove := now.add[:0], now.remove[:0]
	for i, p := range now.places {
		allYes = allYes && (now.values[i] == 1) == now.set[i]
		if was, is := old.yes.Contains(p), now.values[i] == 1; is && !was {
			add = append(add, p)
		} else if was && !is {
			remove = append(remove, p)
		}
	}
	now.add, now.remove = add, remove
	if next.yes = next.set; !allYes { // else one set serves both
		next.yes = old.yes.Edit(add, remove, dense, &now.blank)
	}
	return next, true
}

// members returns who has a value after the changes, and notes who has not had one and who has none any more.
func (c *changes[T]) members(set bitset.Set, dense int) bitset.Set {
	for i, p := range c.places {
		switch was := set.Contains(p); {
		case c.set[i] && !was:
			c.add = append(c.add, p)
		case was && !c.set[i]:
			c.remove = append(c.remove, p)
		}
	}
	return set.Edit(c.add, c.remove, dense, &c.blank)
}
