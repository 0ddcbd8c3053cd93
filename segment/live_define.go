package segment

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/bitset"
)

// Define puts definitions into force, of new segments and new versions of those there are, with the clock at at, and returns
// the notices of what follows. A segment that is defined anew keeps its members as far as they stay under the new
// definition; how long they have been members counts from entering if the definition before had a Dwell or a Cap, else from
// now on. All definitions come into force or none: what is wrong with a definition is an error that names it, or several
// joined; of a rule, it wraps a *RuleError. Who is named as actor stands in the history. Once the definitions have been
// found good, ctx does not end the step. Cost: the evaluation of each definition for all customers, and binding all rules.
func (l *Live) Define(ctx context.Context, at time.Time, actor string, definitions ...Definition) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.define(ctx, &input{what: stepDefine, at: at, actor: actor, definitions: definitions}, false)
}

// Drop takes segments away, with the clock at at, and returns the notices of what follows: their members leave. An error
// wraps ErrUnknown for a segment that there is not, and ErrInUse for one that the rule of another names, unless that one goes
// as well.
func (l *Live) Drop(ctx context.Context, at time.Time, names ...string) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.define(ctx, &input{what: stepDefine, at: at, drop: names}, false)
}

// Rollback puts the definition that a segment had in a version into force again, as a new version. An error wraps ErrUnknown if
// there is no such segment or version; the others are those of Define.
func (l *Live) Rollback(ctx context.Context, at time.Time, actor, name string, version int) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	g := l.segments[name]
	if g == nil {
		return nil, lookupError(name)
	}
	for _, v := range g.history {
		if v.Number == version {
			return l.define(ctx, &input{what: stepDefine, at: at, actor: actor, definitions: []Definition{v.Definition}}, false)
		}
	}
	return nil, fmt.Errorf("%w: version %d of live segment %q", ErrUnknown, version, name)
}

// define is Define and Drop for who holds l.mu and may take a step. quiet: members are where it starts, and no notice says so.
func (l *Live) define(ctx context.Context, in *input, quiet bool) ([]Notice, error) {
	if err := l.ready(ctx, in.at); err != nil {
		return nil, err
	}
	if err := l.wake(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	if len(in.actor) > 64<<10 || !utf8.ValidString(in.actor) {
		return nil, &DefinitionError{Field: "actor", Err: errors.New("must be UTF-8, at most 64 KiB")}
	}
	d := &redefinition{l: l, actor: in.actor, bounds: map[string][2]*bound{}, next: map[string]*Definition{}, gone: map[string]bool{}}
	if err := d.check(in.definitions, in.drop); err != nil {
		return nil, err
	}
	if err := d.read(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	if err := l.accept(ctx, in); err != nil {
		return nil, err
	}
	st := l.begin(l.view.Load().snapshot, in.at)
	st.quiet = quiet
	st.pass()
	d.install(st)
	return st.finish(), nil
}

// redefinition is a change of definitions under way. Not safe for concurrent use.
type redefinition struct {
	l      *Live
	actor  string
	next   map[string]*Definition // by name
	gone   map[string]bool
	bounds map[string][2]*bound // of next: Rule and Stay, nil for none
}

// check looks at everything without changing anything.
func (d *redefinition) check(definitions []Definition, drop []string) error {
	l := d.l
	known := map[string]bool{}
	for name := range l.segments {
		known[name] = true
	}
	var errs []error
	for _, name := range drop {
		if d.gone[name] {
			continue
		}
		if !known[name] {
			errs = append(errs, lookupError(name))
		}
		delete(known, name)
		d.gone[name] = true
	}
	for i := range definitions {
		def := &definitions[i]
		if err := def.Validate(); err != nil {
			errs = append(errs, err)
		} else if d.next[def.Name] != nil {
			errs = append(errs, &DefinitionError{def.Name, "name", errors.New("stands twice")})
		}
		d.next[def.Name] = def
		known[def.Name] = true
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	tags := l.view.Load().snapshot.tags
	for _, name := range slices.Sorted(maps.Keys(d.next)) {
		def := d.next[name]
		var both [2]*bound
		for i, r := range [...]Rule{def.Rule, def.Stay} {
			if i == 1 && r.n == nil {
				continue
			}
			b, err := r.bindLive(tags, known)
			if err == nil {
				err = b.missing(moment{l.view.Load().at, l.loc})
			}
			if err != nil {
				errs = append(errs, &DefinitionError{name, [...]string{"rule", "stay"}[i], err})
			}
			both[i] = b
		}
		d.bounds[name] = both
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, g := range l.byName {
		if d.gone[g.def.Name] || d.next[g.def.Name] != nil {
			continue
		}
		for _, name := range g.def.names() {
			if d.gone[name] && d.next[name] == nil {
				errs = append(errs, fmt.Errorf("%w: %q is named by %q", ErrInUse, name, g.def.Name))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.cycle(known)
}

// read reads the tags that the new rules look at, and ids where they need them.
func (d *redefinition) read(ctx context.Context) error {
	var tags []int
	for _, both := range d.bounds {
		for _, b := range both {
			if b != nil {
				tags = append(tags, b.whole.tags...)
			}
		}
	}
	s := d.l.view.Load().snapshot
	if err := s.need(ctx, tags...); err != nil {
		return err
	}
	return s.needIDs(ctx)
}

// names returns the names of the segments that the rules of a definition name, ascending.
func (d *Definition) names() []string {
	names := d.Rule.segments()
	if d.Stay.n != nil {
		names = append(names, d.Stay.segments()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// definition returns the definition of a name after the change.
func (d *redefinition) definition(name string) *Definition {
	if def := d.next[name]; def != nil {
		return def
	}
	return &d.l.segments[name].def
}

// cycle returns an error if segments refer to each other in a circle.
func (d *redefinition) cycle(known map[string]bool) error {
	done, path := map[string]bool{}, []string(nil)
	var visit func(name string) error
	visit = func(name string) error {
		if i := slices.Index(path, name); i >= 0 {
			return &DefinitionError{name, "rule", &RuleError{
				Reason: "segments refer to each other: " + strings.Join(append(slices.Clone(path[i:]), name), " -> "), Err: ErrCycle,
			}}
		}
		if done[name] {
			return nil
		}
		path = append(path, name)
		for _, used := range d.definition(name).names() {
			if err := visit(used); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		done[name] = true
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

// install puts the definitions into force and arranges everything that hangs on them.
func (d *redefinition) install(st *turn) {
	l := d.l
	for _, name := range slices.Sorted(maps.Keys(d.gone)) {
		g := l.segments[name]
		if d.next[name] == nil {
			l.retired[name] = g.version
			st.drop(g)
			delete(l.segments, name)
		}
	}
	for name, def := range d.next {
		g := l.segments[name]
		if g == nil {
			g = &liveSegment{version: l.retired[name]}
			l.segments[name] = g
		}
		g.version++
		g.bounds = d.bounds[name]
		g.history = append(g.history, Version{Definition: *def, Number: g.version, At: st.at, Actor: d.actor})
		g.become(*def, st)
	}
	l.arrange(st.s)
	st.views, st.places = make([]*segmentView, len(l.byName)), map[string]int{}
	for _, g := range l.byName {
		st.places[g.def.Name] = g.place
	}
}

// drop notes that all members leave.
func (st *turn) drop(g *liveSegment) {
	if st.quiet {
		return
	}
	for c, set := range g.members {
		for p := range set.All() {
			g.flips = append(g.flips, flip{position: uint32(c)<<chunkBits | uint32(p), reason: ByDefinition})
		}
	}
	st.dropped = append(st.dropped, g)
}

// become gives g a definition, to be evaluated in the step.
func (g *liveSegment) become(def Definition, st *turn) {
	timed := g.def.timed()
	g.def, g.redefine = def, true
	g.share, g.sampler = def.share(), newSampler(def.salt())
	g.due, g.line = nil, nil
	if !def.timed() {
		g.records, g.waiting = nil, 0
		return
	}
	if !timed {
		for is, sets := range map[state][]bitset.Set{stateMember: g.members, stateHeld: g.held} {
			for c, set := range sets {
				for p := range set.All() {
					g.keep(uint32(c)<<chunkBits|uint32(p), record{state: is, since: st.now})
				}
			}
		}
		return
	}
	// Nobody is in a queue any more, until the evaluation.
	for c, records := range g.records {
		for p, r := range records.all() {
			at := uint32(c)<<chunkBits | uint32(p)
			r.pending = false
			g.keep(at, r)
			if r.state == stateWaiting && def.Cap > 0 {
				g.line = append(g.line, queued{at: r.since, id: st.s.ids.id(at), position: at})
			}
		}
	}
	heap.Init(&g.line)
}

// arrange makes the terms of all rules anew, the order of the segments, and what finds the conditions that change.
func (l *Live) arrange(s *Snapshot) {
	old := map[thresholdKey]*threshold{}
	for _, x := range l.conditions.tests {
		if x != nil {
			for _, th := range x.thresholds {
				old[th.thresholdKey] = th
			}
		}
	}
	cs := &l.conditions
	cs.tests = make([]*tagTests, len(s.tags.tags))
	l.byName = slices.SortedFunc(maps.Values(l.segments), byName)
	b := &compiler{l: l, old: old, s: s, sums: newBinder(s.tags), known: map[uint64][]*condition{}, ends: map[thresholdKey]*threshold{}}
	for i, g := range l.byName {
		g.place = i
		g.uses, g.usedBy, g.tags = nil, nil, nil
	}
	l.blank, l.dwelling = nil, nil
	for _, g := range l.byName {
		g.rule, g.stay = b.term(g.bounds[0], g), nil
		if g.bounds[1] != nil {
			g.stay = b.term(g.bounds[1], g)
		}
		if g.blank = g.rule.blank(); g.blank {
			l.blank = append(l.blank, g)
		}
		if g.def.Dwell > 0 {
			l.dwelling = append(l.dwelling, g)
		}
		for _, name := range g.def.names() {
			used := l.segments[name]
			g.uses = append(g.uses, used)
			used.usedBy = append(used.usedBy, g)
		}
		g.rule.decide(g.def.plain())
		for _, p := range g.bounds {
			if p != nil {
				g.tags = append(g.tags, p.whole.tags...)
			}
		}
		slices.Sort(g.tags)
		g.tags = slices.Compact(g.tags)
		for _, tag := range g.tags {
			b.tests(tag) // also of those that do not matter: a change of their values is a reason
		}
	}
	for _, x := range cs.tests {
		if x != nil {
			x.learn(&s.data[x.tag])
		}
	}
	l.sort()
}

// sort puts the segments into an order in which each comes after those it names.
func (l *Live) sort() {
	l.order = l.order[:0:0]
	done := map[*liveSegment]bool{}
	var visit func(g *liveSegment)
	visit = func(g *liveSegment) {
		if done[g] {
			return
		}
		done[g] = true
		for _, used := range g.uses {
			visit(used)
		}
		l.order = append(l.order, g)
	}
	for _, g := range l.byName {
		visit(g)
	}
}

// compiler makes terms. Not safe for concurrent use.
type compiler struct {
	l     *Live
	s     *Snapshot
	old   map[thresholdKey]*threshold
	sums  *binder
	known map[uint64][]*condition // by sum
	ends  map[thresholdKey]*threshold
}

func (b *compiler) term(p *bound, g *liveSegment) *term {
	t := &term{form: p.form, k: p.k}
	switch p.form {
	case formAll, formAny, formNot, formAtLeast:
		for _, k := range p.kids {
			t.kids = append(t.kids, b.term(k, g))
		}
		if p.form != formNot {
			slices.SortStableFunc(t.kids, func(a, b *term) int { return a.cost() - b.cost() })
		}
	case formSample:
		t.sampler = p.sampler
	case formMember:
		t.segment = b.l.segments[p.name]
	default:
		t.condition = b.condition(p)
		if c := t.condition; !endsWith(c.users, g) {
			c.users, c.roles = append(c.users, g), append(c.roles, 0)
			b.watch(t.condition, g)
		}
	}
	return t
}

// endsWith tells whether g is the last of users, which come one after the other.
func endsWith(users []*liveSegment, g *liveSegment) bool {
	return len(users) > 0 && users[len(users)-1] == g
}

// condition returns the condition that p is.
func (b *compiler) condition(p *bound) *condition {
	sum := b.sums.sum(p)
	for _, c := range b.known[sum] {
		if c.equal(p) {
			return c
		}
	}
	c := &condition{bound: p, t: b.s.tags.tags[p.tag]}
	b.known[sum] = append(b.known[sum], c)
	b.tests(p.tag).add(c)
	if p.form == formTags {
		b.tests(p.other).add(c)
	}
	return c
}

func (b *compiler) tests(tag int) *tagTests {
	cs := &b.l.conditions
	x := cs.tests[tag]
	if x == nil {
		x = &tagTests{t: b.s.tags.tags[tag], tag: tag}
		cs.tests[tag] = x
	}
	return x
}

// watch lets the ends of a window that move know of g.
func (b *compiler) watch(c *condition, g *liveSegment) {
	if c.form != formTime {
		return
	}
	x := b.tests(c.tag)
	for _, e := range [...]edge{c.from, c.to} {
		if !e.moves() {
			continue
		}
		key := thresholdKey{c.tag, e}
		th := b.ends[key]
		if th == nil {
			th = &threshold{thresholdKey: key, t: c.t}
			if was := b.old[key]; was != nil {
				th.ahead, th.next = was.ahead, was.next
			} else {
				b.l.conditions.survey(th, b.s)
			}
			b.ends[key] = th
			x.thresholds = append(x.thresholds, th)
		}
		if !endsWith(th.users, g) {
			th.users = append(th.users, g)
		}
	}
}
