package segment

import (
	"cmp"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/kernel"
)

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
	adds    []uint16 // room for positions of a chunk
	removes []uint16 // likewise
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
	places := st.removes[:0]
	for i := range g.steps {
		places = append(places, g.steps[i].p)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	st.removes = places
	labels := x.t.Kind == Labels
	if labels {
		*w = kernel.Words{}
		before, _ := old.(*labelsColumn)
		after, _ := now.(*labelsColumn)
		x.changeLabels(cmp.Or(before, &labelsColumn{}), cmp.Or(after, &labelsColumn{}), g.chunk, w)
	}
	for _, p := range places {
		if cs.change(x, st.old, st.s, old, now, uint32(g.chunk)<<chunkBits|uint32(p)) || labels && isMember(w, p) {
			g.changed = append(g.changed, p)
		}
	}
	if len(x.thresholds) == 0 {
		return
	}
	wrote := func(p uint16) {
		was, had := held(old, p)
		is, has := held(now, p)
		for _, th := range x.thresholds {
			cs.wrote(th, g.chunk, was, had, is, has)
		}
	}
	for _, p := range places {
		wrote(p)
	}
	if gone := st.e.gone[g.chunk]; gone != nil {
		for p := range members(gone) {
			wrote(p)
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
	l.choose(st)
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
