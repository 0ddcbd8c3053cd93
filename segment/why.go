package segment

import (
	"iter"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// Reason says why a rule, or a part of it, selects a customer or does not. It holds what decided and leaves out the rest:
// below an And that fails the parts that fail, below an Or that holds the parts that hold, below an AtLeast those on the
// side of the outcome, otherwise all parts. Its values are personal data. Safe for concurrent reads.
type Reason struct {
	// Rule is a condition as text, of a list of values the first 20 and how many more; of a part that has parts what joins
	// them: and, or, not, at least 2 of, segment("x"), or everyone or nobody where there are none.
	Rule    string         `json:"rule"`
	Holds   bool           `json:"holds"`             // whether it selects the customer
	Tag     string         `json:"tag,omitempty"`     // the tag that a condition looks at
	Value   customer.Value `json:"value,omitzero"`    // what the customer has under Tag; unset if there is no value
	Other   string         `json:"other,omitempty"`   // the second tag, where two are compared
	Second  customer.Value `json:"second,omitzero"`   // what the customer has under Other
	Because []*Reason      `json:"because,omitempty"` // the parts that decided; none of a condition
}

// Conditions yields the conditions that decided, in the order of the rule. Those below a Not decided by the opposite of
// what they say.
func (r *Reason) Conditions() iter.Seq[*Reason] {
	return func(yield func(*Reason) bool) { r.conditions(yield) }
}

func (r *Reason) conditions(yield func(*Reason) bool) bool {
	if len(r.Because) == 0 {
		return yield(r)
	}
	for _, kid := range r.Because {
		if !kid.conditions(yield) {
			return false
		}
	}
	return true
}

// String returns the tree as lines of text, parts below what they decided. It tells of tags without a value that they
// are unset, and never prints a value.
func (r *Reason) String() string {
	var b strings.Builder
	r.print(&b, 0)
	return b.String()
}

func (r *Reason) print(b *strings.Builder, depth int) {
	if depth > 0 {
		b.WriteByte('\n')
	}
	for range depth {
		b.WriteString("  ")
	}
	if r.Holds {
		b.WriteString("holds: ")
	} else {
		b.WriteString("fails: ")
	}
	b.WriteString(r.Rule)
	if r.Tag != "" && r.Value.IsUnset() {
		b.WriteString(" [" + r.Tag + " is unset]")
	}
	if r.Other != "" && r.Second.IsUnset() {
		b.WriteString(" [" + r.Other + " is unset]")
	}
	for _, kid := range r.Because {
		kid.print(b, depth+1)
	}
}

// values is one customer, wherever the values are.
type values interface {
	stored(tag int) stored         // the value of the tag at this place of the catalogue
	member(b *bound) (bool, error) // whether the customer is in the set of a formMember
	id() customer.ID
}

// trial is a bound rule put to one customer at one moment.
type trial struct {
	values  values
	subject *subject // values, if that is what they are: it saves copies
	tags    []*Tag
	clock   *clock
}

func (t *trial) stored(tag int) *stored {
	if t.subject != nil {
		return t.subject.at(tag)
	}
	s := t.values.stored(tag)
	return &s
}

// holds tells whether p selects the customer. An error is one of values.member, which is asked only where the parts
// before leave the answer open.
func (t *trial) holds(p *bound) (bool, error) {
	switch p.form {
	case formAll, formAny:
		for _, k := range p.kids {
			if ok, err := t.holds(k); err != nil || ok == (p.form == formAny) {
				return ok, err
			}
		}
		return p.form == formAll, nil
	case formNot:
		ok, err := t.holds(p.kids[0])
		return !ok && err == nil, err
	case formAtLeast:
		missing := p.k
		for _, k := range p.kids {
			if missing <= 0 {
				break
			}
			ok, err := t.holds(k)
			if err != nil {
				return false, err
			}
			if ok {
				missing--
			}
		}
		return missing <= 0, nil
	case formSample:
		return p.sampler.bucket(t.values.id()) < p.k, nil
	case formMember:
		return t.values.member(p)
	}
	s := t.stored(p.tag)
	return s.set && t.meets(p, s), nil
}

// meets tells whether s, which is set, meets a condition on its tag.
func (t *trial) meets(p *bound, s *stored) bool {
	switch p.form {
	case formFlag:
		return s.b == p.want
	case formEnum:
		return t.tags[p.tag].covered(s.text, p.texts)
	case formHasAny:
		for label := range s.labels.Labels() {
			if _, found := slices.BinarySearch(p.texts, label); found {
				return true
			}
		}
		return false
	case formHasAll:
		found := 0
		for label := range s.labels.Labels() { // ascending, as the texts are
			if found < len(p.texts) && label == p.texts[found] {
				found++
			}
		}
		return found == len(p.texts)
	case formRange:
		return p.lo <= s.n && s.n <= p.hi
	case formFloats:
		return p.flo <= s.f && s.f <= p.fhi
	case formRanges:
		if t.tags[p.tag].Kind == Float {
			return inRanges(p.spans.floats, s.f)
		}
		return p.spans.ints.has(s.n)
	case formTime:
		w := &t.clock.windows[p.clock]
		return w[0] <= s.n && s.n <= w[1]
	case formAnniversary:
		return isAnniversary(t.tags[p.tag].day(s.n, t.clock.loc), t.clock.today, p.k)
	case formTags:
		other := t.stored(p.other)
		return other.set && p.cmp.holds(orderStored(t.tags[p.tag], t.tags[p.other], s, other))
	}
	return true // formSet
}

// covered tells whether a text is one of the sorted texts or, for a hierarchy, lies below one.
func (t *Tag) covered(text string, texts []string) bool {
	if len(texts) == 1 {
		v := texts[0]
		return text == v || t.Hierarchy && len(text) > len(v) && text[len(v)] == '/' && strings.HasPrefix(text, v)
	}
	_, found := slices.BinarySearch(texts, text)
	return found || t.Hierarchy && below(texts, text)
}

// why explains what the rule with root b says of a customer at m, which lacks nothing. It looks at every part of the
// rule. An error is one of v.member.
func why(b *bound, v values, m moment) (*Reason, error) {
	c := b.whole.clockAt(m)
	return (&trial{values: v, tags: b.whole.catalogue.tags, clock: c}).reason(b.whole.raw)
}

// reason explains p, which is a part of a raw rule.
func (t *trial) reason(p *bound) (*Reason, error) {
	if p.seg != "" {
		inner := *p
		inner.seg = ""
		kid, err := t.reason(&inner)
		if err != nil {
			return nil, err
		}
		return &Reason{Rule: Segment(p.seg).String(), Holds: kid.Holds, Because: []*Reason{kid}}, nil
	}
	c := p.rule.condition()
	switch {
	case c != nil:
	case p.rule.op == opSegment: // the rule of a segment that is nothing but another one
		return t.reason(p.kids[0])
	default:
		return t.composite(p)
	}
	r := &Reason{Rule: brief(p.rule), Tag: c.tag, Other: c.other}
	var err error
	r.Holds, err = t.holds(p)
	r.Value, r.Second = t.value(r.Tag), t.value(r.Other)
	return r, err
}

// value returns what the customer has under a tag of the rule.
func (t *trial) value(tag string) customer.Value {
	if tag == "" {
		return customer.Value{}
	}
	i := t.clock.catalogue.byName[tag]
	return t.tags[i].valueOf(*t.stored(i))
}

// composite explains a part that has parts.
func (t *trial) composite(p *bound) (*Reason, error) {
	var sides [2][]*Reason // that fail, that hold
	all := make([]*Reason, len(p.kids))
	for i, k := range p.kids {
		kid, err := t.reason(k)
		if err != nil {
			return nil, err
		}
		all[i] = kid
		side := 0
		if kid.Holds {
			side = 1
		}
		sides[side] = append(sides[side], kid)
	}
	r := &Reason{Rule: joint(p.rule)}
	failing, holding := sides[0], sides[1]
	switch p.form {
	case formAll:
		r.Holds = len(failing) == 0
	case formAny:
		r.Holds = len(holding) > 0
	case formNot:
		r.Holds = len(failing) > 0
		r.Because = all
		return r, nil
	case formAtLeast:
		r.Holds = len(holding) >= p.k
	}
	if r.Holds {
		r.Because = holding
	} else {
		r.Because = failing
	}
	return r, nil
}
