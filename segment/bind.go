package segment

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
)

// whole is what is known of a bound rule beside its normal form.
type whole struct {
	catalogue *Catalogue
	raw       *bound   // the rule part by part as it is written, nothing folded: what Why explains
	times     []*bound // the formTime and formAnniversary of both trees, each at its number
	tags      []int    // the places of the tags that the rule names, ascending
	moment    bool     // something depends on the instant of the question
	location  bool     // something depends on the location of the question
	sample    bool     // something depends on the id of the customer
	member    *node    // the first condition that depends on a set, or nil
}

// bind looks up the names of r and turns its values into the stored domain of their tags, then normalises it. With sets
// nil, sets stay names. The error is a *RuleError, or several joined. A rule and those of its segments in their places
// keep the limits of a rule.
//
// What is returned is normal, at the root and in all parts; the root of a segment counts as a part of a form of its own:
//   - A formAll has no formAll among its kids, a formAny no formAny, a formNot no formNot.
//   - Neither a formAll nor a formAny has two equal kids. One with a single kid is the root of a segment, and so is the kid.
//   - Everyone, which is formAll without kids, and nobody, formAny without kids, are the whole rule or nowhere.
//   - A formAtLeast asks for more than one and fewer than all of its kids.
//   - In a formRange lo <= hi, in a formFloats flo <= fhi, and one end at least leaves values out; a formTime has an end.
//   - A formRanges has manyRanges ranges or more, of numbers, and no other part of the same formAny has any of its tag.
//   - The texts of a formEnum, formHasAny and formHasAll are at least one, ascending, each once, none below another.
//   - A formTags is eq, ne, lt or le, of two different tags.
//   - The bound of a segment, and the set of a name, is one however often it is named.
func (r Rule) bind(tags *Catalogue, segments func(name string) (Rule, error), sets func(name string) (Set, error)) (*bound, error) {
	b := newBinder(tags)
	b.segments, b.sets = segments, sets
	return b.bind(r)
}

// bindLive is bind for the rule of a live segment: a segment it names is a formMember, which known says exists, and it
// names no sets.
func (r Rule) bindLive(tags *Catalogue, known map[string]bool) (*bound, error) {
	b := newBinder(tags)
	b.live = known
	return b.bind(r)
}

func newBinder(tags *Catalogue) *binder {
	return &binder{
		whole: &whole{catalogue: tags}, seed: maphash.MakeSeed(),
	}
}

// note sets the value of a key of a map, which is made for the first one: small rules need few of the maps of a binder.
func note[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

func (b *binder) bind(r Rule) (*bound, error) {
	p := b.rule(r, 1)
	if err := b.err(); err != nil {
		return nil, err
	}
	slices.Sort(b.whole.tags)
	b.whole.tags = slices.Compact(b.whole.tags)
	b.whole.raw = p.bound
	root := *b.normal(p.bound)
	root.whole = b.whole
	return &root, nil
}

// binder is a bind under way.
type binder struct {
	whole     *whole
	segments  func(name string) (Rule, error)
	sets      func(name string) (Set, error)
	live      map[string]bool // the live segments, if the rule is that of one
	bySegment map[string]*segment
	bySet     map[string]*Set
	path      []string // the segments within each other that are being bound
	errs      []error
	faults    int               // all there were
	full      bool              // a limit was met: nothing more is bound
	normals   map[*bound]*bound // the normal forms of roots of segments
	sums      map[*bound]uint64 // hashes of normal parts, by seed
	seed      maphash.Seed
}

// part is a bound part of a rule and what it comes to with its segments in their places.
type part struct {
	bound                *bound
	nodes, values, depth int
}

// segment is the rule of a segment; its part is there once it has been bound without fault.
type segment struct {
	part part
	busy bool
	ok   bool
}

// maxRuleFaults is how many faults of a rule are looked for.
const maxRuleFaults = 20

// refuse notes a fault of n.
func (b *binder) refuse(n *node, reason string, err error) {
	e := n.refuse(reason)
	e.Err = err
	b.fault(e)
}

func (b *binder) fault(e *RuleError) {
	b.errs = append(b.errs, e)
	b.faults++
	b.full = b.full || b.faults >= maxRuleFaults || errors.Is(e.Err, ErrLimit)
}

func (b *binder) err() error {
	if len(b.errs) == 1 {
		return b.errs[0]
	}
	return errors.Join(b.errs...)
}

// nobody takes the place of a part that is at fault.
func nobody(n *node) *bound { return &bound{form: formAny, rule: n} }

func (b *binder) rule(r Rule, depth int) part {
	n := r.node()
	if err := n.check(); err != nil {
		b.fault(err)
		return part{bound: nobody(n)}
	}
	return b.part(n, depth)
}

// part binds n, which is depth deep in the whole.
func (b *binder) part(n *node, depth int) part {
	switch {
	case b.full:
		return part{bound: nobody(n)}
	case n.op == opSegment && b.live == nil:
		return b.segment(n, depth)
	}
	p := part{nodes: 1, values: len(n.values), depth: 1}
	switch n.op {
	case opAll, opAny, opNot, opAtLeast:
		p.bound = &bound{rule: n, form: [...]form{opAll: formAll, opAny: formAny, opNot: formNot, opAtLeast: formAtLeast}[n.op], k: n.k}
		p.bound.kids = make([]*bound, len(n.kids))
	default:
		p.bound = b.leaf(n)
	}
	for i, k := range n.kids {
		kid := b.part(k, depth+1)
		p.bound.kids[i] = kid.bound
		p.nodes += kid.nodes
		p.values += kid.values
		p.depth = max(p.depth, kid.depth+1)
		if !b.fits(n, p, depth) {
			return part{bound: nobody(n)}
		}
	}
	return p
}

// fits tells whether p, which is depth deep in the whole, keeps the limits. All of it counts that is in its place, not
// only what has been bound for it.
func (b *binder) fits(n *node, p part, depth int) bool {
	reason := ""
	switch {
	case depth+p.depth-1 > MaxRuleDepth:
		reason = limitDepth
	case p.nodes > MaxRuleNodes:
		reason = limitNodes
	case p.values > MaxRuleValues:
		reason = limitValues
	default:
		return true
	}
	b.refuse(n, "with the rules of its segments "+reason, ErrLimit)
	return false
}

// segment binds the segment that n names.
func (b *binder) segment(n *node, depth int) part {
	s := b.bySegment[n.name]
	switch {
	case s == nil:
		s = &segment{busy: true}
		note(&b.bySegment, n.name, s)
		s.part, s.ok = b.find(n, depth)
		s.busy = false
	case s.busy:
		path := append(slices.Clone(b.path[slices.Index(b.path, n.name):]), n.name)
		b.refuse(n, "segments refer to each other: "+strings.Join(path, " -> "), ErrCycle)
		return part{bound: nobody(n)}
	}
	if !s.ok || !b.fits(n, s.part, depth) {
		return part{bound: nobody(n)}
	}
	return s.part
}

// liveSegment binds the live segment that n names.
func (b *binder) liveSegment(n *node) *bound {
	if !b.live[n.name] {
		e := n.refuse(fmt.Sprintf("segment %q: there is none", n.name))
		e.Suggestion, e.Err = nearest(n.name, slices.Collect(maps.Keys(b.live))), ErrUnknown
		b.fault(e)
		return nobody(n)
	}
	return &bound{form: formMember, name: n.name, rule: n}
}

// find binds a segment that is met for the first time.
func (b *binder) find(n *node, depth int) (p part, ok bool) {
	if b.segments == nil {
		b.refuse(n, fmt.Sprintf("segment %q: nothing was given to find segments with", n.name), ErrUnknown)
		return p, false
	}
	if depth >= MaxRuleDepth || len(b.bySegment) > MaxRuleNodes {
		b.fits(n, part{nodes: len(b.bySegment), depth: 2}, depth)
		return p, false
	}
	r, err := b.segments(n.name)
	if err != nil {
		b.refuse(n, fmt.Sprintf("segment %q: %v", n.name, err), err)
		return p, false
	}
	before := b.errs
	b.errs = nil
	b.path = append(b.path, n.name)
	p = b.rule(r, depth+1)
	b.path = b.path[:len(b.path)-1]
	inner := b.errs
	b.errs = before
	b.faults -= len(inner)
	for _, err := range inner {
		b.within(n, err.(*RuleError))
	}
	if len(inner) > 0 {
		return p, false
	}
	root := *p.bound
	if root.seg != "" {
		root = bound{form: formAll, kids: []*bound{p.bound}, rule: r.node()}
	}
	root.seg = n.name
	p.bound = &root
	p.nodes++
	p.depth++
	return p, true
}

// within notes the fault of the rule of the segment that n names, at the place of n.
func (b *binder) within(n *node, inner *RuleError) {
	e := n.refuse(inner.Reason)
	e.Err = inner.Err
	if inner.Err != ErrCycle && !errors.Is(inner.Err, ErrLimit) {
		e.Reason = fmt.Sprintf("in segment %q: %s", n.name, strings.TrimLeft(strings.TrimPrefix(inner.Error(), "segment: rule"), ": "))
		e.Err = inner
	}
	b.fault(e)
}

// set returns the set that n names, or nil where sets are found later.
func (b *binder) set(n *node) *Set {
	if b.whole.member == nil {
		b.whole.member = n
		if len(b.path) > 0 { // its line is one of another text
			b.whole.member = &node{op: n.op, name: n.name}
		}
	}
	if b.sets == nil {
		return nil
	}
	s, known := b.bySet[n.name]
	if !known {
		found, err := b.sets(n.name)
		if err != nil {
			b.refuse(n, fmt.Sprintf("set %q: %v", n.name, err), err)
		} else {
			s = &found
		}
		note(&b.bySet, n.name, s)
	}
	return s
}

// tag returns the tag called name and its place, or notes that there is none.
func (b *binder) tag(n *node, name string) (*Tag, int) {
	if t, i := b.lookup(name); t != nil {
		return t, i
	}
	b.fault(&RuleError{
		Line: n.line, Column: n.column, Tag: name, Reason: noSuchTag, Suggestion: b.whole.catalogue.nearest(name),
	})
	return nil, 0
}

// written is tag for a name that stands in a text behind an operator: it may be a value without its quotes, which
// no error tells.
func (b *binder) written(name string, line, column int) (*Tag, int) {
	if t, i := b.lookup(name); t != nil {
		return t, i
	}
	b.fault(&RuleError{
		Line: line, Column: column, Reason: noSuchTag + "; a text stands between quotes", Suggestion: b.whole.catalogue.nearest(name),
	})
	return nil, 0
}

func (b *binder) lookup(name string) (*Tag, int) {
	i, ok := b.whole.catalogue.byName[name]
	if !ok {
		return nil, 0
	}
	b.whole.tags = append(b.whole.tags, i)
	return b.whole.catalogue.tags[i], i
}
