package segment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// leaf binds a condition.
func (b *binder) leaf(n *node) *bound {
	switch n.op {
	case opSample:
		b.whole.sample = true
		return &bound{form: formSample, salt: n.name, sampler: newSampler(n.name), k: n.k, rule: n}
	case opSegment:
		return b.liveSegment(n)
	case opInSet:
		if b.live != nil {
			b.refuse(n, fmt.Sprintf("set %q: the rule of a live segment names no sets", n.name), ErrUnknown)
			return nobody(n)
		}
		return &bound{form: formMember, name: n.name, set: b.set(n), rule: n}
	}
	if n.op == opCompareTags {
		return b.twoTags(n)
	}
	t, i := b.tag(n, n.tag)
	if t == nil {
		return nobody(n)
	}
	p, fault := b.condition(n, t)
	if fault != "" {
		b.refuse(n, fault, nil)
		return nobody(n)
	}
	b.place(p, n, i)
	return p
}

// place says of p and all below it what they came from and which tag they look at, and gives the times their numbers.
func (b *binder) place(p *bound, n *node, tag int) {
	p.rule, p.tag = n, tag
	for _, k := range p.kids {
		b.place(k, n, tag)
	}
	switch p.form {
	case formTime:
		b.time(p)
		for _, e := range [...]edge{p.from, p.to} {
			b.whole.location = b.whole.location || e.kind == edgeDay || e.kind == edgeDays
			b.whole.moment = b.whole.moment || e.kind == edgeDays || e.kind == edgeHours
		}
	case formAnniversary:
		b.time(p)
		b.whole.location, b.whole.moment = true, true
	}
}

// time gives p its number.
func (b *binder) time(p *bound) {
	p.clock = len(b.whole.times)
	b.whole.times = append(b.whole.times, p)
}

// condition binds a condition on one tag, without its place.
func (b *binder) condition(n *node, t *Tag) (p *bound, fault string) {
	switch n.op {
	case opSet:
		return &bound{form: formSet}, ""
	case opUnset:
		return not(&bound{form: formSet}), ""
	case opHasAny, opHasAll:
		return hasLabels(n, t)
	case opWithin, opOlder, opUpcoming, opAnniversary:
		if t.Kind != Time {
			return nil, "is of kind " + t.Kind.String() + ", and windows are for times"
		}
		if n.op == opAnniversary {
			return &bound{form: formAnniversary, k: n.k}, ""
		}
		return window(n), ""
	case opIn:
		return in(n, t)
	case opBetween:
		return between(n, t)
	}
	return compareTo(n.cmp, n.values[0], t)
}

func not(p *bound) *bound { return &bound{form: formNot, kids: []*bound{p}} }

// negated selects the customers whose tag is set and whom p does not select.
func negated(p *bound) *bound {
	return &bound{form: formAll, kids: []*bound{{form: formSet}, not(p)}}
}

// compareTo binds a comparison of t with l.
func compareTo(c comparison, l literal, t *Tag) (p *bound, fault string) {
	if t.Kind == Labels {
		return nil, "is of kind labels, which are looked for with has"
	}
	if c == ne {
		if p, fault = compareTo(eq, l, t); fault == "" {
			p = negated(p)
		}
		return p, fault
	}
	if c != eq && (t.Kind == Flag || t.Kind == Enum) {
		return nil, "is of kind " + t.Kind.String() + ", which has no order"
	}
	switch t.Kind {
	case Flag:
		if want, ok := l.value.Bool(); ok {
			return &bound{form: formFlag, want: want}, ""
		}
	case Enum:
		if text, ok := l.value.Text(); ok {
			return enum(t, text)
		}
	case Integer, Decimal:
		if isNumber(l.value) {
			return ints(intRange(c, l.value, t.Scale)), ""
		}
	case Float:
		if isNumber(l.value) {
			return floats(floatRange(c, l.value)), ""
		}
	case Time:
		first, after, fault := timeEdges(l)
		if fault != "" {
			return nil, fault
		}
		return stretch(c, first, after), ""
	}
	return nil, mismatch(t, l)
}

func mismatch(t *Tag, l literal) string {
	kind := l.value.Kind().String()
	if l.isDay {
		kind = "day"
	}
	return fmt.Sprintf("is of kind %s and cannot be compared with a value of kind %s", t.Kind, kind)
}

// enum selects the customers whose Enum is any of the texts, or lies below one.
func enum(t *Tag, texts ...string) (*bound, string) {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if t.Hierarchy {
		for _, text := range texts {
			if !validPath(text) {
				return nil, "is a hierarchy, and the path to look for has an empty element"
			}
		}
		all := texts
		texts = slices.DeleteFunc(slices.Clone(all), func(text string) bool { return below(all, text) })
	}
	return &bound{form: formEnum, texts: texts}, ""
}

// below tells whether an ancestor of the path is among the sorted texts.
func below(texts []string, path string) bool {
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if _, found := slices.BinarySearch(texts, path[:i]); found {
			return true
		}
	}
	return false
}

// hasLabels binds has and has all.
func hasLabels(n *node, t *Tag) (*bound, string) {
	if t.Kind != Labels {
		return nil, "is of kind " + t.Kind.String() + ", and has looks for labels"
	}
	texts := make([]string, len(n.values))
	for i, l := range n.values {
		text, ok := l.value.Text()
		if !ok {
			return nil, mismatch(t, l)
		}
		if text == "" {
			return nil, "cannot have an empty label"
		}
		texts[i] = text
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	switch {
	case n.op == opHasAny && len(texts) == 0:
		return nobody(n), ""
	case n.op == opHasAny:
		return &bound{form: formHasAny, texts: texts}, ""
	case len(texts) == 0:
		return &bound{form: formSet}, ""
	}
	return &bound{form: formHasAll, texts: texts}, ""
}

// in binds a list of values.
func in(n *node, t *Tag) (*bound, string) {
	var texts []string
	var kids []*bound
	for _, l := range n.values {
		p, fault := compareTo(eq, l, t)
		if fault != "" {
			return nil, fault
		}
		if p.form == formEnum {
			texts = append(texts, p.texts...)
		} else {
			kids = append(kids, p)
		}
	}
	if len(texts) > 0 {
		return enum(t, texts...)
	}
	var p pool
	kids = slices.DeleteFunc(kids, func(k *bound) bool { return k.isNobody() || p.add(k) })
	kids = append(kids, p.parts()...)
	if len(kids) == 1 {
		return kids[0], ""
	}
	return &bound{form: formAny, kids: kids}, ""
}

// between binds lo and hi.
func between(n *node, t *Tag) (*bound, string) {
	lo, fault := compareTo(ge, n.values[0], t)
	if fault != "" {
		return nil, fault
	}
	hi, fault := compareTo(le, n.values[1], t)
	if fault != "" {
		return nil, fault
	}
	if t.Kind == Time {
		return &bound{form: formTime, from: lo.from, to: hi.to}, ""
	}
	return &bound{form: formAll, kids: []*bound{lo, hi}}, ""
}

// window binds within, older than and upcoming.
func window(n *node) *bound {
	days, size := edgeDays, int64(n.window.n)
	p := &bound{form: formTime}
	switch {
	case n.window.hours && n.op == opUpcoming:
		p.from, p.to = edge{kind: edgeHours}, edge{kind: edgeHours, n: size}
	case n.window.hours:
		p.from, p.to = edge{kind: edgeHours, n: -size, plus: 1}, edge{kind: edgeHours, plus: 1}
	case n.op == opUpcoming:
		p.from, p.to = edge{kind: days}, edge{kind: days, n: size}
	default:
		p.from, p.to = edge{kind: days, n: 1 - size}, edge{kind: days, n: 1}
	}
	if n.op == opOlder {
		p.from, p.to = edge{}, p.from
	}
	return p
}

// stretch selects the times that stand in relation c to those from first up to, not including, after.
func stretch(c comparison, first, after edge) *bound {
	p := &bound{form: formTime}
	switch c {
	case eq:
		p.from, p.to = first, after
	case lt:
		p.to = first
	case le:
		p.to = after
	case gt:
		p.from = after
	case ge:
		p.from = first
	}
	return p
}

// timeEdges returns the stretch of time that a value means: an instant, or a local day.
func timeEdges(l literal) (first, after edge, fault string) {
	at, isTime := l.value.Time()
	day, isDay := l.day, l.isDay
	if text, ok := l.value.Text(); ok && !isDay {
		if d, err := time.Parse(time.DateOnly, text); err == nil && d.Year() >= 1 {
			day, isDay = civil.Date(d.Date()), true
		} else if at, err = time.Parse(time.RFC3339, text); err != nil || !validTime(at) {
			return first, after, "is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z"
		} else {
			isTime = true
		}
	}
	switch {
	case isDay:
		return edge{kind: edgeDay, day: day}, edge{kind: edgeDay, day: day + 1}, ""
	case isTime:
		v := customer.TimeValue(at)
		return edge{kind: edgeInstant, value: v}, edge{kind: edgeInstant, value: v, plus: 1}, ""
	}
	return first, after, mismatch(&Tag{Kind: Time}, l)
}

// twoTags binds the comparison of two tags.
func (b *binder) twoTags(n *node) *bound {
	var t, u *Tag
	var i, j int
	switch at := n.otherAt; {
	case at.line == 0:
		t, i = b.tag(n, n.tag)
		u, j = b.tag(n, n.other)
	case at.line > n.line || at.line == n.line && at.column > n.column:
		t, i = b.tag(n, n.tag)
		u, j = b.written(n.other, at.line, at.column)
	default: // other > tag
		first := *n
		first.line, first.column = at.line, at.column
		u, j = b.tag(&first, n.other)
		t, i = b.written(n.tag, n.line, n.column)
	}
	if t == nil || u == nil {
		return nobody(n)
	}
	c := n.cmp
	ordered := t.Kind == Time
	switch {
	case isNumeric(t) && isNumeric(u):
		ordered = true
	case t.Kind != u.Kind || t.Kind == Labels:
		b.refuse(n, fmt.Sprintf("is of kind %s and cannot be compared with tag %q of kind %s", t.Kind, u.Name, u.Kind), nil)
		return nobody(n)
	}
	if !ordered && c != eq && c != ne {
		b.refuse(n, "is of kind "+t.Kind.String()+", which has no order", nil)
		return nobody(n)
	}
	p := &bound{form: formTags, tag: i, other: j, cmp: c}
	if i == j {
		p = &bound{form: formSet, tag: i}
		if c == ne || c == lt {
			p = nobody(n)
		}
	}
	p.rule = n
	return p
}

func isNumeric(t *Tag) bool { return t.Kind == Integer || t.Kind == Decimal || t.Kind == Float }
