package segment

import (
	"context"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// Preview is what a definition would do to its segment. Safe for concurrent reads.
type Preview struct {
	Members int `json:"members"` // how many there would be
	Enter   int `json:"enter"`   // how many of them are no members now
	Leave   int `json:"leave"`   // how many members would leave
	// Entering and Leaving are samples of those, ascending by id: those whose hashes by the name of the segment, those of
	// Sample, are the smallest, so that one who has looked at a sample finds the same customers in the next one.
	Entering []customer.ID `json:"entering"`
	Leaving  []customer.ID `json:"leaving"` // see Entering
}

// Preview tells what Define would do to the segment of that name, were the definition put into force now, at the clock; samples
// is how many customers are named at most of those who would enter and of those who would leave. Nothing changes. What would
// follow for other segments that name it is not looked at. Errors are those of Define. It waits for a step under way, and
// steps wait for it. Cost: as Define of one definition.
func (l *Live) Preview(ctx context.Context, definition Definition, samples int) (Preview, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.view.Load().at
	if err := l.ready(ctx, at); err != nil {
		return Preview{}, err
	}
	if err := l.wake(ctx); err != nil {
		return Preview{}, err
	}
	d := &redefinition{l: l, bounds: map[string][2]*bound{}, next: map[string]*Definition{}, gone: map[string]bool{}}
	if err := d.check([]Definition{definition}, nil); err != nil {
		return Preview{}, err
	}
	if err := d.read(ctx); err != nil {
		return Preview{}, err
	}
	st := &turn{l: l, s: l.view.Load().snapshot, at: at, now: l.now}
	st.old = st.s
	l.conditions.move(moment{at, l.loc})
	g := &liveSegment{}
	if old := l.segments[definition.Name]; old != nil {
		g = old.copy()
	}
	g.bounds = d.bounds[definition.Name]
	g.become(definition, st)
	l.evaluate(st, g)
	p := Preview{Members: g.count}
	sampler := newSampler(definition.Name)
	enter := best[lot]{n: samples, compare: lot.compare}
	leave := enter
	for _, f := range g.flips {
		id := st.s.ids.id(f.position)
		some := &leave
		if f.entered {
			some = &enter
			p.Enter++
		} else {
			p.Leave++
		}
		if samples > 0 {
			some.add(lot{sampler.hash(id), id})
		}
	}
	p.Entering, p.Leaving = drawn(enter), drawn(leave)
	return p, nil
}

// lot is a customer in a draw.
type lot struct {
	hash uint64
	id   customer.ID
}

func (a lot) compare(b lot) int {
	switch {
	case a.hash < b.hash:
		return -1
	case a.hash > b.hash:
		return 1
	}
	return compareIDs(a.id, b.id)
}

// drawn returns those drawn, ascending by id.
func drawn(b best[lot]) []customer.ID {
	ids := []customer.ID{}
	for _, l := range b.sorted() {
		ids = append(ids, l.id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// copy returns what the evaluation of another definition changes.
func (g *liveSegment) copy() *liveSegment {
	c := &liveSegment{def: g.def, version: g.version, members: g.members, held: g.held, count: g.count, waiting: g.waiting}
	for _, records := range g.records {
		if records != nil {
			records = &roster{of: maps.Clone(records.of)}
		}
		c.records = append(c.records, records)
	}
	return c
}
