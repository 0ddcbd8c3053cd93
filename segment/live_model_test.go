package segment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// liveModel is the obvious Live: at every step each rule is put to each customer, one by one.
type liveModel struct {
	t        testing.TB
	rows     *model
	tags     *Catalogue
	loc      *time.Location
	at       time.Time
	segments map[string]*modelSegment
	retired  map[string]int
	last     uint64
}

type modelSegment struct {
	def        Definition
	version    int
	rule, stay *Matcher
	of         map[customer.ID]modelState
	reasons    map[customer.ID]Cause // of who entered or left in the step
}

type modelState struct {
	state state
	since time.Time
}

// modelStep is what happens in a step.
type modelStep struct {
	at     time.Time
	batch  *Batch
	define []Definition
	drop   []string
}

// inSets returns the rule with live segments as sets, which a Matcher asks for.
func inSets(n *node) *node {
	c := *n
	if c.op == opSegment {
		c.op = opInSet
	}
	c.kids = nil
	for _, k := range n.kids {
		c.kids = append(c.kids, inSets(k))
	}
	return &c
}

func (m *liveModel) matcher(r Rule) *Matcher {
	x, err := NewMatcher(m.tags, Rule{inSets(r.node())}, nil)
	require.NoError(m.t, err)
	return x
}

func (m *liveModel) holds(x *Matcher, id customer.ID) bool {
	ok, err := x.Match(Subject{ID: id, AsOf: m.at, Location: m.loc, Values: m.rows.rows[id], Member: func(name string) (bool, error) {
		return m.segments[name].of[id].state == stateMember, nil
	}})
	require.NoError(m.t, err)
	return ok
}

// step does a step and returns the notices it ought to give. quiet is that of NewLive.
func (m *liveModel) step(s modelStep, quiet bool) []Notice {
	before := map[customer.ID]map[string]customer.Value{}
	for id, row := range m.rows.rows {
		before[id] = maps.Clone(row)
	}
	gone := map[customer.ID]bool{} // deleted, be it that they are back
	if s.batch != nil {
		for _, w := range s.batch.writes {
			if _, existed := before[w.id]; w.verb == verbDelete && existed {
				gone[w.id] = true
			}
		}
		m.rows.apply(s.batch)
	}
	m.at = s.at
	var notices []Notice
	note := func(g *modelSegment, id customer.ID, entered bool, reason Cause) {
		notices = append(notices, Notice{At: s.at.UTC(), Customer: id, Segment: g.def.Name, Version: g.version, Entered: entered, Cause: reason})
	}
	for _, name := range s.drop {
		g := m.segments[name]
		for id, st := range g.of {
			if st.state == stateMember {
				note(g, id, false, ByDefinition)
			}
		}
		m.retired[name] = g.version
		delete(m.segments, name)
	}
	fresh := map[string]bool{}
	for _, def := range s.define {
		fresh[def.Name] = true
		g := m.segments[def.Name]
		if g == nil {
			g = &modelSegment{version: m.retired[def.Name], of: map[customer.ID]modelState{}}
			m.segments[def.Name] = g
		} else if g.def.Dwell == 0 && g.def.Cap == 0 {
			for id, st := range g.of {
				g.of[id] = modelState{st.state, s.at}
			}
		}
		g.def, g.version = def, g.version+1
		g.rule, g.stay = m.matcher(def.Rule), nil
		if def.Stay.n != nil {
			g.stay = m.matcher(def.Stay)
		}
	}
	done := map[string]bool{}
	var settle func(name string)
	settle = func(name string) {
		if done[name] {
			return
		}
		done[name] = true
		g := m.segments[name]
		uses := append(g.def.Rule.segments(), g.def.Stay.segments()...)
		for _, used := range uses {
			settle(used)
		}
		was := maps.Clone(g.of)
		isNew := func(id customer.ID) bool { _, existed := before[id]; return !existed || gone[id] }
		members := func() (n int) {
			for _, st := range g.of {
				if st.state == stateMember {
					n++
				}
			}
			return n
		}
		for id := range gone {
			delete(g.of, id)
		}
		for id := range m.rows.rows {
			old := g.of[id]
			st := modelState{}
			rule := m.holds(g.rule, id)
			inside := old.state == stateMember || old.state == stateHeld
			stays := inside && (rule || g.stay != nil && m.holds(g.stay, id) || s.at.Before(old.since.Add(g.def.Dwell)))
			salt := g.def.Salt
			if salt == "" {
				salt = g.def.Name
			}
			switch heldOut := slowBucket(salt, id) < int(g.def.Holdout*100+.5); {
			case heldOut && stays:
				st = modelState{stateHeld, old.since}
			case heldOut && rule:
				st = modelState{stateHeld, s.at}
			case heldOut:
			case old.state == stateMember && stays:
				st = old
			case old.state == stateWaiting && rule:
				st = old
			case rule:
				st = modelState{stateWaiting, s.at}
			}
			g.of[id] = st
		}
		byPlace := func(of state) (ids []customer.ID) {
			for id, st := range g.of {
				if st.state == of {
					ids = append(ids, id)
				}
			}
			slices.SortFunc(ids, func(a, b customer.ID) int {
				return cmp.Or(g.of[a].since.Compare(g.of[b].since), compareIDs(a, b))
			})
			return ids
		}
		if over := byPlace(stateMember); g.def.Cap > 0 && len(over) > g.def.Cap {
			for _, id := range over[g.def.Cap:] {
				g.of[id] = modelState{}
				if m.holds(g.rule, id) {
					g.of[id] = modelState{stateWaiting, s.at}
				}
			}
		}
		for _, id := range byPlace(stateWaiting) {
			if g.def.Cap == 0 || members() < g.def.Cap {
				g.of[id] = modelState{stateMember, s.at}
			}
		}
		g.reasons = map[customer.ID]Cause{}
		for id := range gone {
			if _, exists := m.rows.rows[id]; was[id].state == stateMember && !exists {
				g.reasons[id] = ByDeletion
				note(g, id, false, ByDeletion)
			} else if was[id].state == stateMember && g.of[id].state != stateMember {
				note(g, id, false, ByDeletion)
			}
		}
		for id := range m.rows.rows {
			is := g.of[id].state == stateMember
			if mem := was[id].state == stateMember; isNew(id) && !is || !isNew(id) && is == mem {
				continue
			}
			var causes []Cause
			tags := slices.Concat(g.def.Rule.Tags(), g.def.Stay.Tags())
			if fresh[name] {
				causes = append(causes, ByDefinition)
			}
			if isNew(id) || slices.ContainsFunc(tags, func(tag string) bool { return before[id][tag] != m.rows.rows[id][tag] }) {
				causes = append(causes, ByTag)
			}
			for _, used := range uses {
				if c := m.segments[used].reasons[id]; c != 0 {
					causes = append(causes, c)
				}
			}
			if was[id].state == stateWaiting && !gone[id] {
				causes = append(causes, ByPlace)
			}
			if len(causes) == 0 {
				causes = append(causes, ByTime)
			}
			reason := slices.Min(causes)
			g.reasons[id] = reason
			if is && was[id].state == stateMember {
				continue // deleted, made anew, and a member again
			}
			note(g, id, is, reason)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.segments)) {
		settle(name)
	}
	if quiet {
		return nil
	}
	slices.SortFunc(notices, func(a, b Notice) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), compareIDs(a.Customer, b.Customer))
	})
	for i := range notices {
		m.last++
		notices[i].Number = m.last
	}
	return notices
}

// same fails unless l holds the members that m holds.
func (m *liveModel) same(l *Live) {
	s := l.Snapshot()
	for name, g := range m.segments {
		for of, ask := range map[state]func(context.Context, string) (Set, error){stateMember: l.Set, stateHeld: l.HeldOut} {
			set, err := ask(m.t.Context(), name)
			require.NoError(m.t, err)
			got := map[customer.ID]bool{}
			for id, err := range s.IDs(m.t.Context(), set) {
				require.NoError(m.t, err)
				got[id] = true
			}
			want := map[customer.ID]bool{}
			for id, st := range g.of {
				if st.state == of {
					want[id] = true
				}
			}
			require.Equal(m.t, want, got, "%s, state %d", name, of)
			require.Equal(m.t, len(want), set.Len())
			if of == stateMember {
				n, err := l.Len(name)
				require.NoError(m.t, err)
				require.Equal(m.t, len(want), n)
			}
		}
	}
}

func describe(defs []Definition) (text string) {
	for _, d := range defs {
		text += fmt.Sprintf("%s: %s; stay %t %s; dwell %s, holdout %g, cap %d\n", d.Name, d.Rule, d.Stay.n != nil, d.Stay, d.Dwell, d.Holdout, d.Cap)
	}
	return text
}
