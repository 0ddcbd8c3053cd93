package segment

import (
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// program returns a rule ready to run over the members of the segments as they are in the step.
func (l *Live) program(s *Snapshot, b *bound) *program {
	p := &program{s: s, moment: l.conditions.moment, workers: l.workers, live: func(name string) []bitset.Set {
		return l.segments[name].members
	}}
	root, err := p.plan(b)
	if err != nil {
		panic(err) // it names no sets
	}
	p.root = root
	return p
}

// choose finds whom the rules select of the segments that evaluate is for, where the rule alone decides and names no other
// segment. It goes from chunk to chunk, so that a chunk is near for all rules when one has looked at it.
func (l *Live) choose(st *turn) {
	var list []*liveSegment
	var rules []*plan
	for _, g := range l.order {
		if (g.redefine || g.everyone) && g.def.plain() && len(g.uses) == 0 {
			g.selected = make([]bitset.Set, len(st.s.exists))
			list, rules = append(list, g), append(rules, l.program(st.s, g.bounds[0]).root)
		}
	}
	if len(list) == 0 {
		return
	}
	parallel.States(l.workers, len(st.s.exists), func() *frame { return &frame{s: st.s} }, func(f *frame, c int) {
		for i, g := range list {
			g.selected[c] = f.set(rules[i], c)
		}
	})
}

// evaluate works out the states of all customers for a segment: one that was defined in the step, or of which so many
// customers have to be looked at.
func (l *Live) evaluate(st *turn, g *liveSegment) {
	chunks, selected := len(st.s.exists), g.selected
	if selected == nil {
		rule := l.program(st.s, g.bounds[0])
		selected = make([]bitset.Set, chunks)
		parallel.States(l.workers, chunks, rule.frame, func(f *frame, c int) { selected[c] = f.set(rule.root, c) })
	}
	st.changed(g)
	if g.def.plain() {
		g.replace(st, selected)
		return
	}
	j := &evaluated{selected: selected}
	if g.bounds[1] != nil {
		stay := l.program(st.s, g.bounds[1])
		j.staying = make([]bitset.Set, chunks)
		parallel.States(l.workers, chunks, stay.frame, func(f *frame, c int) { j.staying[c] = f.set(stay.root, c) })
	}
	var all, w kernel.Words
	var everyone []touch
	for c := range chunks {
		selected[c].Load(&all)
		for _, sets := range [...][]bitset.Set{g.members, g.held} {
			if c < len(sets) {
				sets[c].Or(&all)
			}
		}
		if c < len(g.records) {
			w = kernel.Words{}
			for p := range g.records[c].all() {
				addMember(&w, p)
			}
			kernel.Or(&all, &all, &w)
		}
		for p := range members(&all) {
			everyone = append(everyone, touch(c)<<(chunkBits+touchBits)|touch(p)<<touchBits)
		}
	}
	g.ask(st, everyone, j)
	g.settle(st, everyone, j)
}

// evaluated is a judge that has asked for all customers at once.
type evaluated struct{ selected, staying []bitset.Set }

func (j *evaluated) rule(q *squad, of uint64) uint64 { return inside(j.selected, q, of) }
func (j *evaluated) stay(at uint32) bool             { return contains(j.staying, at) }

// replace makes the members those selected, and nobody held out.
func (g *liveSegment) replace(st *turn, selected []bitset.Set) {
	before := g.members
	g.members, g.held, g.count = selected, nil, 0
	for _, set := range selected {
		g.count += set.Len()
	}
	if st.quiet {
		return
	}
	var was, is, w kernel.Words
	for c := range max(len(before), len(selected)) {
		words(&was, before, c)
		words(&is, selected, c)
		if !kernel.Xor(&w, &was, &is) {
			if c < min(len(before), len(selected)) {
				selected[c] = before[c] // so that one sees that nothing has changed
			}
			continue
		}
		for p := range members(&w) {
			g.flips = append(g.flips, flip{position: uint32(c)<<chunkBits | uint32(p), entered: isMember(&is, p)})
		}
	}
}
