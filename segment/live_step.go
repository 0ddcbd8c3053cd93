package segment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Apply carries out a batch as Index.Apply does, with the clock at at, and returns the notices of what follows. All is
// carried out or nothing: after an error, also one of ctx, neither the index nor a segment nor the clock has changed. Cost:
// that of Index.Apply; for each value that changes two searches among what rules compare its tag with; and each rule
// that has a condition whose answer changes, once for the customer.
func (l *Live) Apply(ctx context.Context, at time.Time, b *Batch) ([]Notice, error) {
	return l.apply(ctx, &input{what: stepBatch, at: at, batch: b}, 0)
}

// ApplyRows is Apply for rows, as Profiles and other feeds hand them on: Deletes go, Upserts are set. A merge is such a
// batch, so its notices come together, and none of them between the two; who is the loser of one of Merges leaves ByMerge.
func (l *Live) ApplyRows(ctx context.Context, at time.Time, rows customer.RowBatch) ([]Notice, error) {
	b, err := batchOf(rows)
	if err != nil {
		return nil, err
	}
	in := &input{what: stepBatch, at: at, batch: b}
	for _, m := range rows.Merges {
		in.merged = append(in.merged, m.Loser)
	}
	return l.apply(ctx, in, -len(rows.Deletes))
}

func (l *Live) apply(ctx context.Context, in *input, first int) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.carry(ctx, in, first)
}

// carry is apply for who holds l.mu and may take a step.
func (l *Live) carry(ctx context.Context, in *input, first int) ([]Notice, error) {
	l.ix.mu.Lock()
	defer l.ix.mu.Unlock()
	if err := l.ready(ctx, in.at); err != nil {
		return nil, err
	}
	if err := l.wake(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	e, err := l.ix.carryOut(ctx, in.batch, first)
	if err != nil {
		return nil, l.deposed(ctx, err)
	}
	if err := l.accept(ctx, in); err != nil {
		e.rollback()
		return nil, err
	}
	st := l.begin(e.complete(in.batch.At), in.at)
	st.e = e
	if len(in.merged) > 0 {
		st.merged = map[customer.ID]bool{}
	}
	for _, id := range in.merged {
		st.merged[id] = true
	}
	st.pass()
	st.writes()
	l.ix.current.Store(st.s)
	return st.finish(), nil
}

// Advance sets the clock and returns the notices of what follows: of windows that move on and of Dwell that ends. Cost: no
// more than an allocation before Next; else, for each end of windows that a value has met, a look at the chunks where that
// is so, and each rule once for each customer whose value it is.
func (l *Live) Advance(ctx context.Context, at time.Time) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.advance(ctx, at)
}

// advance is Advance for who holds l.mu and may take a step.
func (l *Live) advance(ctx context.Context, at time.Time) ([]Notice, error) {
	if err := l.ready(ctx, at); err != nil {
		return nil, err
	}
	v := *l.view.Load()
	if at.UnixNano() < l.next {
		if err := l.lasts(ctx); err != nil {
			return nil, err
		}
		l.now = at.UnixNano()
		v.at = clockTime(at)
		l.view.Store(&v)
		return nil, nil
	}
	if err := l.wake(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	if err := l.accept(ctx, &input{what: stepClock, at: at}); err != nil {
		return nil, err
	}
	st := l.begin(v.snapshot, at)
	st.pass()
	return st.finish(), nil
}

// clockTime returns the time without location and without the reading of another clock.
func clockTime(t time.Time) time.Time { return time.Unix(0, t.UnixNano()).UTC() }

// ready returns nil if a step can be done at at. Tags that have been declared meanwhile are taken in.
func (l *Live) ready(ctx context.Context, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !validClock(at) {
		return fmt.Errorf("%w: the clock must be in years 1678 to 2261", ErrMoment)
	}
	if at.UnixNano() < l.now {
		return fmt.Errorf("%w: from %s to %s", ErrClock, l.view.Load().at.Format(time.RFC3339Nano), clockTime(at).Format(time.RFC3339Nano))
	}
	v := l.view.Load()
	now := l.ix.Snapshot()
	if now == v.snapshot {
		return nil
	}
	if !v.snapshot.sameData(now) {
		return ErrWriter
	}
	next := *v
	next.snapshot = now
	l.view.Store(&next)
	return nil
}

// sameData tells whether t holds for the same customers the same values as s, which it came after.
func (s *Snapshot) sameData(t *Snapshot) bool {
	if s.epoch != t.epoch || s.ids.len() != t.ids.len() || !slices.Equal(s.exists, t.exists) {
		return false
	}
	for i := range t.data {
		if i >= len(s.data) {
			if len(t.data[i].columns) > 0 {
				return false
			}
		} else if !slices.Equal(s.data[i].columns, t.data[i].columns) {
			return false
		}
	}
	return true
}

// turn is a step of a Live under way. Not safe for concurrent use.
type turn struct {
	l      *Live
	old, s *Snapshot            // before and after
	e      *edition             // nil: no values change
	merged map[customer.ID]bool // who of those deleted is part of another customer now
	at     time.Time
	now    int64 // at, in nanoseconds since 1970
	from   civil.Day
	quiet  bool // members are where it starts, and no notice says so
	polled bool // poll has asked for who is touched

	told    []Notice
	dropped []*liveSegment // their members have left
	views   []*segmentView // nil: as before
	places  map[string]int // likewise
	blank   kernel.Words
	adds    []uint16
	// removes, as adds, is room for positions of a chunk
	removes []uint16
}

// begin sets the clock for a step that ends with s.
func (l *Live) begin(s *Snapshot, at time.Time) *turn {
	st := &turn{l: l, old: l.view.Load().snapshot, s: s, at: clockTime(at), now: at.UnixNano(), from: l.day}
	l.now = st.now
	l.conditions.move(moment{st.at, l.loc})
	l.day = l.conditions.today
	return st
}

func (st *turn) exists(at uint32) bool {
	return contains(st.s.exists, at)
}

// pass touches whom the clock moves.
func (st *turn) pass() {
	l, cs := st.l, &st.l.conditions
	if st.now < l.next {
		return
	}
	var w kernel.Words
	for _, x := range cs.tests {
		if x == nil || x.tag >= len(st.old.data) {
			continue
		}
		for _, th := range x.thresholds {
			if th.next <= st.now {
				cs.pass(th, st.old, &w)
			}
		}
		if len(x.years) > 0 && st.from != cs.today {
			cs.passDays(x, st.old, st.from)
		}
	}
	for _, g := range l.dwelling {
		g.expire(st.now)
	}
}

// writes touches whom the batch changes.
func (st *turn) writes() {
	e, cs := st.e, &st.l.conditions
	for _, x := range cs.tests {
		if x != nil {
			x.learn(&st.s.data[x.tag])
		}
	}
	groups := make([]*group, 0, len(e.groups))
	for _, g := range e.groups {
		if cs.of(g.tag) != nil {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return a.cell.compare(b.cell)
	})
	var w kernel.Words
	for _, g := range groups {
		st.group(g, &w)
	}
	for at := e.count; at < st.s.ids.len(); at++ {
		if st.exists(at) {
			for _, g := range st.l.blank {
				g.touch(at, hasWritten)
			}
		}
	}
	for c, gone := range e.gone {
		for p := range members(gone) {
			at := uint32(c)<<chunkBits | uint32(p)
			if at >= e.count {
				continue
			}
			for _, g := range st.l.order {
				if g.state(at) != stateOut {
					g.touch(at, 0)
				}
			}
		}
	}
}

// group touches whom the writes to a chunk of a tag change.
func (st *turn) group(g *group, w *kernel.Words) {
	cs := &st.l.conditions
	x := cs.of(g.tag)
	var old column
	if g.tag < len(st.old.data) {
		old = st.old.data[g.tag].latest(g.chunk)
	}
	now := st.s.data[g.tag].latest(g.chunk)
	if old == now {
		return
	}
	cs.arrange(x)
	*w = kernel.Words{}
	for i := range g.steps {
		addMember(w, g.steps[i].p)
	}
	var others kernel.Words
	if x.t.Kind == Labels {
		before, _ := old.(*labelsColumn)
		after, _ := now.(*labelsColumn)
		x.changeLabels(cmp.Or(before, &labelsColumn{}), cmp.Or(after, &labelsColumn{}), g.chunk, &others)
	}
	for p := range members(w) {
		if cs.change(x, st.old, st.s, old, now, uint32(g.chunk)<<chunkBits|uint32(p)) || isMember(&others, p) {
			g.changed = append(g.changed, p)
		}
	}
	if len(x.thresholds) == 0 {
		return
	}
	if gone := st.e.gone[g.chunk]; gone != nil {
		kernel.Or(w, w, gone)
	}
	for p := range members(w) {
		was, had := held(old, p)
		is, has := held(now, p)
		for _, th := range x.thresholds {
			cs.wrote(th, g.chunk, was, had, is, has)
		}
	}
	for _, th := range x.thresholds {
		if th.lost {
			th.lost, th.ahead[g.chunk] = false, th.least(st.s, g.chunk)
			th.schedule(cs.loc)
		}
	}
}

// changed says that readers need a new view of g.
func (st *turn) changed(g *liveSegment) {
	if st.views == nil {
		st.views = slices.Clone(st.l.view.Load().segments)
	}
	for len(st.views) <= g.place {
		st.views = append(st.views, nil)
	}
	st.views[g.place] = nil
}

// oneByOne is a judge that puts the rules to each customer.
type oneByOne struct {
	st *turn
	g  *liveSegment
}

func (j oneByOne) rule(q *squad, of uint64) uint64 {
	return j.st.l.conditions.among(j.g.rule, j.st.s, q, of)
}

func (j oneByOne) stay(at uint32) bool { return j.st.l.conditions.holds(j.g.stay, j.st.s, at) }

// finish settles all segments, those first that others name, and publishes what has become of them.
func (st *turn) finish() []Notice {
	l := st.l
	st.poll()
	for _, g := range l.order {
		switch {
		case g.redefine || g.everyone:
			l.evaluate(st, g)
		case len(g.touched) > 0:
			j := oneByOne{st, g}
			if !st.polled || len(g.uses) > 0 {
				g.gather()
				g.ask(st, g.touched, j)
			}
			g.settle(st, g.touched, j)
		}
		if st.quiet {
			g.flips = g.flips[:0]
		}
		if len(g.flips) > 0 {
			st.reason(g)
			for _, user := range g.usedBy {
				for _, f := range g.flips {
					user.touch(f.position, 0)
				}
			}
		}
	}
	return st.publish()
}

// reason finds why the customers entered and left.
func (st *turn) reason(g *liveSegment) {
	touched := g.touched
	for i := range g.flips {
		f := &g.flips[i]
		for len(touched) > 0 && touched[0].position() < f.position {
			touched = touched[1:]
		}
		switch {
		case !st.exists(f.position):
			if f.reason = ByDeletion; st.merged[st.s.ids.id(f.position)] {
				f.reason = ByMerge
			}
			continue
		case g.redefine:
			f.reason = ByDefinition
			continue
		}
		first := f.reason // ByPlace or none
		consider := func(c Cause) {
			if first == 0 || c < first {
				first = c
			}
		}
		if len(touched) > 0 && touched[0].position() == f.position && touched[0]&hasWritten != 0 || st.wrote(g, f.position) {
			consider(ByTag)
		}
		for _, used := range g.uses {
			n, found := slices.BinarySearchFunc(used.flips, f.position, func(f flip, at uint32) int {
				return int(int64(f.position) - int64(at))
			})
			if found {
				consider(used.flips[n].reason)
			}
		}
		if first == 0 {
			first = ByTime
		}
		f.reason = first
	}
}

// wrote tells whether the step changed a value that the rules of the segment name, or made the customer.
func (st *turn) wrote(g *liveSegment, at uint32) bool {
	if st.e == nil {
		return false
	}
	if at >= st.e.count {
		return true
	}
	chunk := int(at >> chunkBits)
	for _, tag := range g.tags {
		if group := st.e.groups[cell{tag, chunk}]; group != nil {
			if _, found := slices.BinarySearch(group.changed, uint16(at)); found {
				return true
			}
		}
	}
	return false
}

// publish numbers the notices and shows the readers what there is now.
func (st *turn) publish() []Notice {
	l := st.l
	v := *l.view.Load()
	all, flips := l.byName, 0
	if len(st.dropped) > 0 {
		all = slices.Concat(all, st.dropped)
		slices.SortStableFunc(all, byName)
	}
	for _, g := range all {
		flips += len(g.flips)
	}
	if !st.quiet {
		st.told = make([]Notice, 0, flips)
	}
	for _, g := range all {
		if len(g.flips) > 0 && !st.quiet {
			st.notices(g)
		}
		if len(g.flips) > 0 || g.redefine {
			g.measure(st.at)
		}
		g.rest(l, st.s)
	}
	l.schedule(st.s)
	if st.views != nil {
		for _, g := range l.byName {
			if st.views[g.place] == nil {
				st.views[g.place] = &segmentView{members: g.members, held: g.held, count: g.count}
			}
		}
		v.segments = st.views
	}
	if st.places != nil {
		v.places = st.places
	}
	v.snapshot, v.at = st.s, st.at
	v.next = l.nextTime()
	if len(st.told) > 0 {
		least := max(l.keep, len(st.told))
		if l.shelf != nil { // and all that the shelf does not have yet
			least = max(least, int(l.last-l.paged))
		}
		l.told.add(st.told, least)
		v.told, v.last = l.told, l.last
		v.told.blocks = slices.Clone(l.told.blocks)
	}
	l.view.Store(&v)
	return st.told
}

// notices makes the notices of a segment, in the order of ids.
func (st *turn) notices(g *liveSegment) {
	l := st.l
	first := len(st.told)
	for _, f := range g.flips {
		st.told = append(st.told, Notice{
			At: st.at, Customer: st.s.ids.id(f.position), Segment: g.def.Name, Version: g.version, Entered: f.entered, Cause: f.reason,
		})
	}
	list := st.told[first:]
	slices.SortFunc(list, func(a, b Notice) int { return compareIDs(a.Customer, b.Customer) })
	// Who was deleted, made anew and is a member again has neither left nor entered.
	kept := list[:0]
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && list[i].Customer == list[i+1].Customer {
			i++
			continue
		}
		l.last++
		list[i].Number = l.last
		kept = append(kept, list[i])
	}
	st.told = st.told[:first+len(kept)]
}

// measure notes the number of members.
func (g *liveSegment) measure(at time.Time) {
	s := Size{at, g.version, g.count}
	if n := len(g.sizes.kept); n > 0 {
		last := &g.sizes.kept[n-1]
		switch {
		case last.Members == s.Members && last.Version == s.Version:
			return
		case last.At.Equal(at) && last.Version == s.Version:
			*last = s
			return
		}
	}
	g.sizes.add(s)
}

// byName compares segments.
func byName(a, b *liveSegment) int { return strings.Compare(a.def.Name, b.def.Name) }
