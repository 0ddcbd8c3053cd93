package segment

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// Matcher answers a rule for single customers without an index, and the same as the index does. Safe for concurrent
// use.
type Matcher struct {
	root  *bound
	whole *whole
	tags  []*Tag         // that the rule names
	slots map[string]int // their places in tags, by name
	slot  []int32        // their places in tags, by place in the catalogue
	plans sync.Map       // of the types of struct met, by reflect.Type
	clock atomic.Pointer[clock]
	pool  sync.Pool // of *subject
}

// Subject is one customer as a Matcher sees it. Safe for concurrent reads as long as nobody changes its Values.
type Subject struct {
	// ID is who it is; Sample needs it. If it is zero and Values is a customer.Row, it is that of the row.
	ID customer.ID
	// AsOf is the moment of the question; windows of days and hours and anniversaries need it.
	AsOf time.Time
	// Location is where local days begin and end; windows of days, anniversaries and comparisons with a date need it.
	Location *time.Location

	// Values are the values of the tags, as one of: map[string]any, map[string]customer.Value, another map with keys of
	// type string or a type made of it, []customer.Field, customer.Row, a struct or a pointer to one. Only those of the tags that the rule names are looked at. A tag is
	// unset if its name is missing, or its value is nil or an unset customer.Value; nil Values are no values.
	//
	// The value of a tag is a customer.Value as the index takes it, or a bool for a Flag, a string for an Enum, a
	// []string for Labels, any integer or float for a number, a time.Time for a Time, or a pointer to such a value. A
	// float for an Integer has to be whole; for a Decimal it is the shortest decimal that stands for it, and a float32
	// is that everywhere: 0.1 is a tenth.
	//
	// In a struct the exported field with the key segment:"name" is the value of the tag called name, else the field
	// that is itself called so, also of embedded structs; segment:"-" keeps a field out. A struct without a field for a
	// tag of the rule is an error: to say unset, use a nil pointer.
	Values any

	// Member tells whether the customer is in the set of this name, for InSet. It is asked only where the rest of the
	// rule leaves the answer open. nil is an error that wraps ErrUnknown if the rule needs it.
	Member func(set string) (bool, error)
}

// NewMatcher returns the matcher of a rule over the tags. segments finds the rules that Segment names; nil is an error
// that wraps ErrUnknown if the rule needs it. What is wrong with the rule is a *RuleError, or several joined by
// errors.Join. A nil catalogue has no tags. Cost: O(tags + size of the rule).
func NewMatcher(tags *Catalogue, r Rule, segments func(name string) (Rule, error)) (*Matcher, error) {
	if tags == nil {
		tags = new(Catalogue)
	}
	root, err := r.bind(tags, segments, nil)
	if err != nil {
		return nil, err
	}
	m := &Matcher{root: root, whole: root.whole, slots: map[string]int{}, slot: make([]int32, tags.Len())}
	for i, place := range m.whole.tags {
		t := tags.tags[place]
		m.tags = append(m.tags, t)
		m.slots[t.Name] = i
		m.slot[place] = int32(i)
	}
	m.pool.New = func() any { return &subject{matcher: m, slots: make([]stored, len(m.tags))} }
	return m, nil
}

// Match tells whether the rule selects the customer. The values of all tags that the rule names are read and checked,
// whatever the answer turns on: one that the index would refuse is an error that names the tag. It is an error as well if
// the subject lacks something the rule needs, and if Member returns one. Cost: some ten nanoseconds for each tag and
// each condition; a rule on times costs more whenever AsOf or Location are not those of the call before. It
// allocates nothing for values in maps or structs behind a pointer, other than floats for Decimals and []string.
func (m *Matcher) Match(s Subject) (bool, error) {
	t, x, err := m.open(&s)
	if err != nil {
		return false, err
	}
	defer m.close(x)
	return t.holds(m.root)
}

// Why explains what Match answers. It looks at every part of the rule, so it may ask Member where Match does not.
func (m *Matcher) Why(s Subject) (*Reason, error) {
	t, x, err := m.open(&s)
	if err != nil {
		return nil, err
	}
	defer m.close(x)
	return t.reason(m.whole.raw)
}

// open reads a subject; close gives x back.
func (m *Matcher) open(s *Subject) (t trial, x *subject, err error) {
	at := moment{s.AsOf, s.Location}
	if err := m.root.missing(at); err != nil {
		return t, nil, err
	}
	if n := m.whole.member; n != nil && s.Member == nil {
		e := n.refuse(fmt.Sprintf("set %q: Member is nil", n.name))
		e.Err = ErrUnknown
		return t, nil, e
	}
	// What the rule does not depend on shall not cost a new clock.
	if !m.whole.moment {
		at.at = time.Time{}
	}
	if !m.whole.location {
		at.loc = nil
	}
	c := m.clock.Load()
	if c == nil || !c.at.Equal(at.at) || c.loc != at.loc {
		c = m.whole.clockAt(at)
		m.clock.Store(c)
	}
	x = m.pool.Get().(*subject)
	x.customer, x.isMember = s.ID, s.Member
	if err = x.read(s.Values); err == nil && m.whole.sample && x.customer == (customer.ID{}) {
		err = errors.New("segment: ID is zero, and the rule takes a sample")
	}
	if err != nil {
		m.close(x)
		return t, nil, err
	}
	return trial{x, x, m.whole.catalogue.tags, c}, x, nil
}

func (m *Matcher) close(x *subject) {
	clear(x.slots)
	x.isMember = nil
	m.pool.Put(x)
}
