package segment

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// tagTests are the conditions that look at a tag, arranged so that a change of a value finds those whose answer it
// changes. Not safe for concurrent use.
type tagTests struct {
	t     *Tag
	tag   int
	all   []*condition // every one
	set   []*condition // formSet
	pairs []*condition // formTags, with the tag on either side: looked at one by one

	byText map[string][]*condition // Enum, Labels: that name a text
	byCode [][]*condition          // Enum: that a code meets; Labels: that name it. Codes beyond have not been looked up

	ranged []*condition // that whole numbers, floats and times meet in ranges of keys
	moving bool         // some of ranged move with the clock
	tick   uint64       // at which cuts and at were found
	cuts   []int64      // keys from which on a condition answers otherwise than just below, ascending
	at     [][]*condition

	years      []*condition // formAnniversary
	yearDays   []yearDays   // by chunk, for years
	thresholds []*threshold // of windows that move
}

// add notes a condition. For formTags it is noted with both tags.
func (x *tagTests) add(c *condition) {
	x.all = append(x.all, c)
	switch c.form {
	case formSet:
		x.set = append(x.set, c)
	case formTags:
		x.pairs = append(x.pairs, c)
	case formEnum, formHasAny, formHasAll:
		if x.byText == nil {
			x.byText, x.byCode = map[string][]*condition{}, make([][]*condition, 1)
		}
		for _, text := range c.texts {
			x.byText[text] = append(x.byText[text], c)
		}
	case formRange:
		c.lo, c.hi = c.bound.lo, c.bound.hi
		x.ranged = append(x.ranged, c)
	case formFloats:
		c.lo, c.hi = floatOrder(c.flo), floatOrder(c.fhi)
		x.ranged = append(x.ranged, c)
	case formRanges, formTime:
		x.ranged = append(x.ranged, c)
		c.moves = c.from.moves() || c.to.moves()
		x.moving = x.moving || c.moves
	case formAnniversary:
		c.moves = true
		x.years = append(x.years, c)
	}
}

// learn looks up the texts that came with the codes up to last.
func (x *tagTests) learn(d *tagData) {
	if x.byText == nil || d.last < len(x.byCode) {
		return
	}
	texts := d.texts()
	for code := len(x.byCode); code <= d.last; code++ {
		text := texts[code-1]
		met := x.byText[text]
		if x.t.Hierarchy {
			met = slices.Clone(met)
			for i := strings.LastIndexByte(text, '/'); i > 0; i = strings.LastIndexByte(text[:i], '/') {
				met = append(met, x.byText[text[:i]]...)
			}
		}
		for _, c := range met {
			if n := len(c.codes); n == 0 || c.codes[n-1] != uint32(code) {
				c.codes = append(c.codes, uint32(code))
			}
		}
		x.byCode = append(x.byCode, met)
	}
}

// arrange makes the cuts, if the clock has moved since.
func (cs *conditions) arrange(x *tagTests) {
	if x.tick == cs.tick || x.tick != 0 && !x.moving {
		return
	}
	x.tick = cs.tick
	type cut struct {
		key int64
		c   *condition
	}
	var cuts []cut
	note := func(c *condition, lo, hi int64) {
		if lo > hi {
			return
		}
		if lo > math.MinInt64 {
			cuts = append(cuts, cut{lo, c})
		}
		if hi < math.MaxInt64 {
			cuts = append(cuts, cut{hi + 1, c})
		}
	}
	for _, c := range x.ranged {
		if c.form == formTime {
			cs.window(c)
		}
		if c.form != formRanges {
			note(c, c.lo, c.hi)
			continue
		}
		for _, r := range c.spans.ints.list {
			note(c, r[0], r[1])
		}
		for _, r := range c.spans.floats {
			note(c, floatOrder(r[0]), floatOrder(r[1]))
		}
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.key, b.key) })
	x.cuts, x.at = x.cuts[:0], x.at[:0]
	for _, k := range cuts {
		if n := len(x.cuts); n == 0 || x.cuts[n-1] != k.key {
			x.cuts, x.at = append(x.cuts, k.key), append(x.at, nil)
		}
		n := len(x.at) - 1
		x.at[n] = append(x.at[n], k.c)
	}
}

// touch notes for all rules with the condition that the customer at a position has to be looked at.
func (c *condition) touch(at uint32) {
	for _, s := range c.users {
		s.touch(at, 0)
	}
}

// turn is touch where a write has changed whether the condition holds: nobody is looked at for whom that alone says that
// nothing changes. What did not hold of the value before did not hold before the step, unless the clock matters.
func (c *condition) turn(at uint32, holds bool) {
	for i, s := range c.users {
		if s.everyone {
			continue
		}
		known := hasWritten
		switch r := c.roles[i]; {
		case holds && r&enough != 0:
			if contains(s.members, at) {
				continue
			}
			known |= selected | wasOut
		case holds && r&needed != 0 && !c.moves && s.def.plain():
			known |= wasOut
		case holds:
		case r&needed != 0:
			switch s.state(at) {
			case stateOut:
				continue
			case stateMember:
				known |= wasMember
			}
			known |= unselected
		case r&enough != 0 && !c.moves:
			known |= wasMember
		}
		s.touch(at, known)
	}
}

// change finds the conditions of a tag whose answers for a position differ between two columns of its chunk, and tells
// whether the values do.
func (cs *conditions) change(x *tagTests, before, after *Snapshot, old, now column, at uint32) bool {
	p := uint16(at)
	was, is := old != nil && old.members().Contains(p), now != nil && now.members().Contains(p)
	if was != is {
		for _, c := range x.set {
			c.turn(at, is)
		}
	} else if !is {
		return false
	}
	for _, c := range x.pairs {
		if now := cs.meets(c, after, at); now != cs.meets(c, before, at) {
			c.turn(at, now)
		}
	}
	switch x.t.Kind {
	case Enum:
		var a, b uint32
		if was {
			a = uint32(old.(*enumColumn).code(p))
		}
		if is {
			b = uint32(now.(*enumColumn).code(p))
		}
		x.changeCode(a, b, at)
		return a != b
	case Integer, Decimal, Time:
		var a, b int64
		if was {
			a = old.(*intColumn).value(p)
		}
		if is {
			b = now.(*intColumn).value(p)
		}
		cs.changeInt(x, was, is, a, b, at)
		return was != is || a != b
	case Float:
		var a, b float64
		if was {
			a = old.(*floatColumn).value(p)
		}
		if is {
			b = now.(*floatColumn).value(p)
		}
		cs.changeFloat(x, was, is, a, b, at)
		return was != is || a != b
	case Flag:
		if was == is && old.(*flagColumn).yes.Contains(p) == now.(*flagColumn).yes.Contains(p) {
			return false
		}
		for _, c := range x.all {
			if c.form != formFlag {
				continue
			}
			if now := cs.meets(c, after, at); now != cs.meets(c, before, at) {
				c.turn(at, now)
			}
		}
		return true
	}
	return was != is // Labels: changeLabels finds the others
}

// changeLabels is change for the labels of a chunk, all positions at once: it looks only at labels whose positions are
// others now, adds the positions that have changed to changed, and may find positions that were deleted.
func (x *tagTests) changeLabels(old, now *labelsColumn, chunk int, changed *kernel.Words) {
	var was, is kernel.Words
	for i, j := 0, 0; i < len(old.codes) || j < len(now.codes); {
		var code uint32
		var a, b bitset.Set
		switch {
		case j == len(now.codes) || i < len(old.codes) && old.codes[i] < now.codes[j]:
			code, a = old.codes[i], old.sets[i]
			i++
		case i == len(old.codes) || now.codes[j] < old.codes[i]:
			code, b = now.codes[j], now.sets[j]
			j++
		default:
			code, a, b = old.codes[i], old.sets[i], now.sets[j]
			i, j = i+1, j+1
		}
		if a == b {
			continue
		}
		a.Load(&was)
		b.Load(&is)
		if !kernel.Xor(&is, &is, &was) {
			continue
		}
		kernel.Or(changed, changed, &is)
		var meeting []*condition
		if int(code) < len(x.byCode) {
			meeting = x.byCode[code]
		}
		for _, c := range meeting {
			for p := range members(&is) {
				if holds := c.meetsLabels(now, p); holds != c.meetsLabels(old, p) {
					c.turn(uint32(chunk)<<chunkBits|uint32(p), holds)
				}
			}
		}
	}
}

// changeCode is change for an Enum; 0 is unset.
func (x *tagTests) changeCode(a, b uint32, at uint32) {
	if a == b || x.byText == nil {
		return
	}
	for _, c := range x.byCode[a] {
		if !c.hasCode(b) {
			c.turn(at, false)
		}
	}
	for _, c := range x.byCode[b] {
		if !c.hasCode(a) {
			c.turn(at, true)
		}
	}
}

func (cs *conditions) changeInt(x *tagTests, was, is bool, a, b int64, at uint32) {
	if was && is && a == b {
		return
	}
	for _, c := range x.years {
		if now := is && cs.meetsKey(c, b); now != (was && cs.meetsKey(c, a)) {
			c.turn(at, now)
		}
	}
	if len(x.ranged) == 0 {
		return
	}
	if was && is {
		for _, list := range x.between(a, b) {
			for _, c := range list {
				if now := cs.meetsKey(c, b); now != cs.meetsKey(c, a) {
					c.turn(at, now)
				}
			}
		}
		return
	}
	if was {
		b = a
	}
	for _, c := range x.ranged {
		if cs.meetsKey(c, b) {
			c.turn(at, is)
		}
	}
}

func (cs *conditions) changeFloat(x *tagTests, was, is bool, a, b float64, at uint32) {
	if was && is {
		for _, list := range x.between(floatOrder(a), floatOrder(b)) {
			for _, c := range list {
				if now := cs.meetsFloat(c, b); now != cs.meetsFloat(c, a) {
					c.turn(at, now)
				}
			}
		}
		return
	}
	if was {
		b = a
	}
	for _, c := range x.ranged {
		if cs.meetsFloat(c, b) {
			c.turn(at, is)
		}
	}
}

// between returns the conditions with a cut above the one key and up to the other, or all if there are more cuts than that.
func (x *tagTests) between(a, b int64) [][]*condition {
	if a > b {
		a, b = b, a
	}
	from, to := above(x.cuts, a), above(x.cuts, b)
	if to-from > len(x.ranged) {
		return [][]*condition{x.ranged}
	}
	return x.at[from:to]
}

// above returns the number of keys that are at most key.
func above(keys []int64, key int64) int {
	lo, hi := 0, len(keys)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); keys[mid] <= key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
