package segment

import (
	"math"
	"slices"
)

// pool joins ranges of numbers of one tag into as few as can be.
type pool struct {
	ints   [][2]int64
	floats [][2]float64
}

// add takes the ranges of p; ok is false if it has none.
func (c *pool) add(p *bound) (ok bool) {
	switch p.form {
	case formRange:
		c.ints = append(c.ints, [2]int64{p.lo, p.hi})
	case formFloats:
		c.floats = append(c.floats, [2]float64{p.flo, p.fhi})
	case formRanges:
		c.ints = append(c.ints, p.spans.ints.list...)
		c.floats = append(c.floats, p.spans.floats...)
	default:
		return false
	}
	return true
}

// parts returns parts that together select the numbers in any of the ranges: one, where they are many.
func (c *pool) parts() (parts []*bound) {
	all, floatRanges := adjacent(apart(c.ints)), apart(c.floats)
	if len(all)+len(floatRanges) >= manyRanges {
		return []*bound{{form: formRanges, spans: &spans{newIntRanges(all), floatRanges}}}
	}
	for _, r := range all {
		parts = append(parts, ints(r[0], r[1]))
	}
	for _, r := range floatRanges {
		parts = append(parts, floats(r[0], r[1]))
	}
	return parts
}

// adjacent joins ranges without a number between them; they are ascending and apart.
func adjacent(ranges [][2]int64) [][2]int64 {
	out := ranges[:0]
	for _, r := range ranges {
		if last := len(out) - 1; last >= 0 && out[last][1] != math.MaxInt64 && out[last][1]+1 == r[0] {
			out[last][1] = r[1]
			continue
		}
		out = append(out, r)
	}
	return out
}

// pooled returns parts of a formAny that together select what the given ones do, with the ranges of numbers of a tag
// joined where they are many. A segment keeps its own.
func pooled(kids []*bound) []*bound {
	count := map[int]int{}
	for _, p := range kids {
		switch {
		case p.seg != "":
		case p.form == formRange || p.form == formFloats:
			count[p.tag]++
		case p.form == formRanges:
			count[p.tag] += manyRanges - 1 // with any other, they are many
		}
	}
	type place struct {
		pool
		at   int // in out
		rule *node
	}
	var places []*place
	byTag := map[int]*place{}
	out := make([]*bound, 0, len(kids))
	for _, p := range kids {
		here := byTag[p.tag]
		switch {
		case p.seg != "" || count[p.tag] < manyRanges:
			out = append(out, p)
		case here == nil:
			here = &place{at: len(out)}
			if out = append(out, p); here.add(p) {
				here.rule, byTag[p.tag] = p.rule, here
				places = append(places, here)
			}
		case here.add(p):
			here.rule = together(opAny, here.rule, p.rule)
		default:
			out = append(out, p)
		}
	}
	for _, here := range slices.Backward(places) { // the places before stay where they are
		tag := out[here.at].tag
		parts := here.parts()
		for _, p := range parts {
			p.rule, p.tag = here.rule, tag
		}
		out = slices.Replace(out, here.at, here.at+1, parts...)
	}
	return out
}

func (s *spans) equal(t *spans) bool {
	if s == nil || t == nil {
		return s == t
	}
	return slices.Equal(s.ints.list, t.ints.list) && slices.Equal(s.floats, t.floats)
}

// together is what two conditions came from that have become one, for people to read.
func together(o op, a, b *node) *node {
	switch {
	case a == b:
		return a
	case a.op != o || a.negated() != nil:
		return &node{op: o, kids: []*node{a, b}}
	}
	if a.kids[len(a.kids)-1] == b {
		return a
	}
	// A chain of conditions that have become one grows at its end alone.
	return &node{op: o, kids: append(a.kids, b)}
}
