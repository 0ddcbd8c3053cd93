package segment

import (
	"math/bits"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// A squad is some positions of a chunk, ascending, at most 64: what is asked of all at once takes the memory it looks at
// while it waits for that of the others. Sets of them are words, in which bit i stands for places[i].
type squad struct {
	chunk  int
	places []uint16
}

// at returns the position that bit i stands for.
func (q *squad) at(i int) uint32 { return uint32(q.chunk)<<chunkBits | uint32(q.places[i]) }

// filter returns those of whom f holds.
func (q *squad) filter(of uint64, f func(at uint32) bool) (found uint64) {
	for m := of; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros64(m); f(q.at(i)) {
			found |= 1 << i
		}
	}
	return found
}

// among returns whom of a squad, of people who exist, the rule selects.
func (cs *conditions) among(t *term, s *Snapshot, q *squad, of uint64) (found uint64) {
	switch t.form {
	case formAll:
		for _, k := range t.kids {
			if of == 0 {
				break
			}
			of = cs.among(k, s, q, of)
		}
		return of
	case formAny:
		for _, k := range t.kids {
			if of&^found == 0 {
				break
			}
			found |= cs.among(k, s, q, of&^found)
		}
		return found
	case formNot:
		return of &^ cs.among(t.kids[0], s, q, of)
	case formAtLeast:
		return cs.amongAtLeast(t, s, q, of)
	case formSample:
		return q.filter(of, func(at uint32) bool { return t.sampler.bucket(s.ids.id(at)) < t.k })
	case formMember:
		return inside(t.segment.members, q, of)
	}
	return cs.meeting(t.condition, s, q, of)
}

// inside returns who is in a set by chunks.
func inside(sets []bitset.Set, q *squad, of uint64) uint64 {
	if q.chunk >= len(sets) {
		return 0
	}
	return sets[q.chunk].Among(q.places, of)
}

// amongAtLeast counts for each of a squad how many rules select him.
func (cs *conditions) amongAtLeast(t *term, s *Snapshot, q *squad, of uint64) (found uint64) {
	var counts [64]int
	if t.k <= 0 {
		return of
	}
	for _, k := range t.kids {
		for m := cs.among(k, s, q, of); m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			if counts[n]++; counts[n] == t.k {
				found |= 1 << n
				of &^= 1 << n
			}
		}
		if of == 0 {
			break
		}
	}
	return found
}

// meeting returns who of a squad meets a condition.
func (cs *conditions) meeting(c *condition, s *Snapshot, q *squad, of uint64) uint64 {
	if c.tag >= len(s.data) {
		return 0
	}
	col := s.data[c.tag].latest(q.chunk)
	if col == nil {
		return 0
	}
	switch c.form {
	case formSet:
		return col.members().Among(q.places, of)
	case formTags:
		return q.filter(col.members().Among(q.places, of), func(at uint32) bool {
			u, v := s.stored(c.tag, at), s.stored(c.other, at)
			return v.set && c.cmp.holds(orderStored(c.t, s.tags.tags[c.other], &u, &v))
		})
	}
	switch col := col.(type) {
	case *flagColumn:
		if c.want {
			return col.yes.Among(q.places, of)
		}
		return col.set.Among(q.places, of) &^ col.yes.Among(q.places, of)
	case *enumColumn:
		return col.among(c, q.places, of)
	case *labelsColumn:
		return col.among(c, q.places, of)
	case *intColumn:
		switch c.form {
		case formTime:
			cs.window(c)
			fallthrough
		case formRange:
			return col.among(q.places, of, c.lo, c.hi)
		}
		return q.filter(col.set.Among(q.places, of), func(at uint32) bool { return cs.meetsKey(c, col.value(uint16(at))) })
	case *floatColumn:
		return q.filter(col.set.Among(q.places, of), func(at uint32) bool { return cs.meetsFloat(c, col.value(uint16(at))) })
	}
	return 0
}

// among returns who has a code that meets the condition.
func (c *enumColumn) among(of *condition, places []uint16, asked uint64) (found uint64) {
	var codes [64]uint16
	for m := asked; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & 63
		if c.bytes8 != nil {
			codes[i] = uint16(c.bytes8[places[i]])
		} else {
			codes[i] = c.words[places[i]]
		}
	}
	for m := asked; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & 63
		code := codes[i]
		if late, ok := c.late.find(places[i]); ok {
			code = late
		}
		if of.hasCode(uint32(code)) {
			found |= 1 << i
		}
	}
	return found
}

// among returns who has the labels that meet the condition.
func (c *labelsColumn) among(of *condition, places []uint16, asked uint64) (found uint64) {
	if of.form == formHasAny {
		for _, code := range of.codes {
			found |= c.of(code).Among(places, asked&^found)
		}
		return found
	}
	if len(of.codes) != len(of.texts) {
		return 0
	}
	for _, code := range of.codes {
		asked = c.of(code).Among(places, asked)
	}
	return asked
}

// among returns who has a value in lo..hi. It goes from the highest bit of the values to the lowest, with those whom the bits so
// far do not decide.
func (c *intColumn) among(places []uint16, of uint64, lo, hi int64) (found uint64) {
	switch c.reach(lo, hi) {
	case reachNone:
		return 0
	case reachAll:
		return c.set.Among(places, of)
	}
	of = c.set.Among(places, of)
	if c.late != nil || c.sparse() {
		for m := of; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) & 63
			v, late := c.late.find(places[i])
			if !late && !c.sparse() {
				continue
			}
			of &^= 1 << i
			if !late {
				v = c.value(places[i])
			}
			if lo <= v && v <= hi {
				found |= 1 << i
			}
		}
	}
	from, to, ok := c.offsets(lo, hi)
	if !ok || of == 0 {
		return found
	}
	var low, high uint64 // who is known not to be below from, and not above to
	floor, ceiling := of, of
	if lo <= c.min {
		low, floor = of, 0
	}
	if hi >= c.max {
		high, ceiling = of, 0
	}
	for k := int(c.width) - 1; k >= 0; k-- {
		open := (floor | ceiling) & (low | floor) & (high | ceiling)
		if open == 0 {
			break
		}
		slice := (*kernel.Words)(c.slices[k*kernel.Size:])
		var ones uint64
		for m := open; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) & 63
			p := places[i]
			ones |= slice[p>>6] >> (p & 63) & 1 << i
		}
		if from>>k&1 == 1 {
			floor &= ones
		} else {
			low |= floor & ones
			floor &^= ones
		}
		if to>>k&1 == 0 {
			ceiling &^= ones
		} else {
			high |= ceiling &^ ones
			ceiling &= ones
		}
	}
	return found | of&(low|floor)&(high|ceiling)
}
