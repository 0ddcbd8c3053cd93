package segment

import (
	"slices"

	"github.com/clientele-go/clientele/internal/civil"
)

// A condition is one that rules of live segments make on a tag. Equal ones are one, however many rules make them. Not safe
// for concurrent use.
type condition struct {
	*bound
	t     *Tag
	users []*liveSegment // whose Rule or Stay it is part of, each once
	roles []role         // in the Rule of each
	moves bool           // with the clock

	lo, hi int64    // formRange, formFloats by floatOrder, formTime: the keys that meet it; none if lo > hi
	tick   uint64   // formTime: the tick at which lo and hi were found
	codes  []uint32 // formEnum: that meet it, ascending; formHasAny, formHasAll: the texts looked for, ascending
}

// role says what a condition alone decides of a Rule.
type role uint8

const (
	needed role = 1 << iota // where it does not hold, the Rule does not
	enough                  // where it holds, the Rule does, and so the customer is a member
)

// decide notes what the conditions of a Rule, all of which know the segment as their last user, decide of it. plain is
// whether who is selected is a member.
func (t *term) decide(plain bool) {
	note := func(of *term, r role) {
		if r&enough != 0 && !plain {
			r &^= enough
		}
		if c := of.condition; c != nil {
			c.roles[len(c.roles)-1] |= r
		}
	}
	note(t, needed|enough)
	for _, k := range t.kids {
		switch t.form {
		case formAll:
			note(k, needed)
		case formAny:
			note(k, enough)
		}
	}
}

// A term is a part of the rule of a live segment. Safe for concurrent reads.
type term struct {
	form      form
	k         int          // formAtLeast: how many; formSample: share in 1/10,000
	kids      []*term      // formAll, formAny, formNot, formAtLeast
	sampler   sampler      // formSample
	segment   *liveSegment // formMember
	condition *condition   // the others
}

// blank tells what the rule says of a customer without values who is in no segment; a sample may hold him.
func (t *term) blank() bool {
	switch t.form {
	case formAll:
		return !slices.ContainsFunc(t.kids, func(k *term) bool { return !k.blank() })
	case formAny:
		return slices.ContainsFunc(t.kids, (*term).blank)
	case formNot:
		return t.kids[0].sampled() || !t.kids[0].blank()
	case formAtLeast:
		n := 0
		for _, k := range t.kids {
			if k.blank() {
				n++
			}
		}
		return n >= t.k
	}
	return t.form == formSample
}

// sampled tells whether there is a sample in the rule.
func (t *term) sampled() bool {
	return t.form == formSample || slices.ContainsFunc(t.kids, (*term).sampled)
}

// cost is roughly that of asking for one customer, and less where the answer is mostly no: what costs little is asked first.
func (t *term) cost() (sum int) {
	for _, k := range t.kids {
		sum += k.cost()
	}
	if t.condition == nil {
		return sum + 1
	}
	switch t.condition.form {
	case formEnum:
		return 1
	case formFlag, formHasAny, formHasAll:
		return 2
	case formSet, formFloats:
		return 3
	case formAnniversary, formTags:
		return 20
	}
	return 4
}

// floatOrder returns a number that is ordered as finite floats are.
func floatOrder(f float64) int64 { return int64(floatKey(f) ^ 1<<63) }

// conditions are those of all live segments, and what they need to know of the moment. Not safe for concurrent use.
type conditions struct {
	moment
	tick  uint64      // grows whenever the clock moves
	today civil.Day   // where days matter
	tests []*tagTests // by tag; nil if no rule names it
}

// move sets the clock.
func (cs *conditions) move(m moment) {
	if cs.tick > 0 && cs.at.Equal(m.at) {
		return
	}
	cs.moment = m
	cs.tick++
	if m.loc != nil {
		cs.today = civil.DayOf(m.at, m.loc)
	}
}

// of returns the tests of a tag, nil if there are none.
func (cs *conditions) of(tag int) *tagTests {
	if tag < len(cs.tests) {
		return cs.tests[tag]
	}
	return nil
}

// window brings lo and hi of a formTime up to date.
func (cs *conditions) window(c *condition) {
	if c.tick != cs.tick {
		c.lo, c.hi = c.bound.window(c.t, cs.moment)
		c.tick = cs.tick
	}
}

// holds tells whether the rule selects the customer at a position, who exists.
func (cs *conditions) holds(t *term, s *Snapshot, at uint32) bool {
	return cs.among(t, s, &squad{int(at >> chunkBits), []uint16{uint16(at)}}, 1) != 0
}

// meets tells whether the customer at a position meets a condition.
func (cs *conditions) meets(c *condition, s *Snapshot, at uint32) bool {
	return cs.meeting(c, s, &squad{int(at >> chunkBits), []uint16{uint16(at)}}, 1) != 0
}

func (c *condition) hasCode(code uint32) bool {
	if len(c.codes) == 1 {
		return code == c.codes[0]
	}
	_, found := slices.BinarySearch(c.codes, code)
	return found
}

func (c *condition) meetsLabels(col *labelsColumn, p uint16) bool {
	if c.form == formHasAny {
		return slices.ContainsFunc(c.codes, func(code uint32) bool { return col.of(code).Contains(p) })
	}
	return len(c.codes) == len(c.texts) &&
		!slices.ContainsFunc(c.codes, func(code uint32) bool { return !col.of(code).Contains(p) })
}

// meetsKey tells whether a whole number or a time meets the condition.
func (cs *conditions) meetsKey(c *condition, n int64) bool {
	switch c.form {
	case formTime:
		cs.window(c)
	case formRanges:
		return c.spans.ints.has(n)
	case formAnniversary:
		return isAnniversary(c.t.day(n, cs.loc), cs.today, c.k)
	}
	return c.lo <= n && n <= c.hi
}

func (cs *conditions) meetsFloat(c *condition, f float64) bool {
	if c.form == formRanges {
		return inRanges(c.spans.floats, f)
	}
	return c.flo <= f && f <= c.fhi
}
