package segment

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/parallel"
)

// resume returns the live segments that were saved. They sleep: what steps need beside the catalogue is read by wake. At,
// Definitions, Actor and After of o are not used.
func (k *shelf) resume(x *restored, o *LiveOptions) *Live {
	r := x.root
	l := &Live{
		ix: x.index, loc: o.Location, keep: o.Keep, workers: parallel.Workers(o.Workers),
		segments: map[string]*liveSegment{}, retired: x.retired, now: r.clock, next: r.next, last: r.last,
		shelf: k, paged: r.last, asleep: true,
	}
	if l.keep == 0 {
		l.keep = DefaultKeep
	}
	l.told.size = min(l.keep, noticeBlock)
	v := &liveView{
		snapshot: x.index.Snapshot(), at: time.Unix(0, r.clock).UTC(), next: l.nextTime(), places: map[string]int{}, told: l.told, last: r.last,
		shelf: k,
	}
	for i, saved := range x.live {
		g := &liveSegment{
			def: saved.history[len(saved.history)-1].Definition, version: saved.version, history: saved.history, sizes: saved.sizes,
			count: saved.count, waiting: saved.waiting, place: i,
			kept: &shelvedSegment{shelf: k, dense: v.snapshot.dense, saved: saved},
		}
		g.share, g.sampler = g.def.share(), newSampler(g.def.salt())
		l.segments[saved.name] = g
		l.byName = append(l.byName, g)
		v.places[saved.name] = i
		v.segments = append(v.segments, &segmentView{count: g.count, kept: g.kept})
	}
	l.view.Store(v)
	return l
}

// nextTime is next for readers.
func (l *Live) nextTime() time.Time {
	if l.next == never {
		return time.Time{}
	}
	return time.Unix(0, l.next).UTC()
}

// wake reads what steps need, where that has not been done: ids, members, and what rules look at. The caller holds l.mu.
// After an error nothing has changed.
func (l *Live) wake(ctx context.Context) error {
	if !l.asleep {
		return nil
	}
	v := l.view.Load()
	s := v.snapshot
	known := map[string]bool{}
	for name := range l.segments {
		known[name] = true
	}
	bounds := make([][2]*bound, len(l.byName))
	var tags []int
	for i, g := range l.byName {
		for j, r := range [...]Rule{g.def.Rule, g.def.Stay} {
			if j == 1 && r.n == nil {
				continue
			}
			b, err := r.bindLive(s.tags, known)
			if err == nil {
				err = b.missing(moment{v.at, l.loc})
			}
			if err != nil {
				return &DefinitionError{g.def.Name, [...]string{"rule", "stay"}[j], err}
			}
			bounds[i][j] = b
			tags = append(tags, b.whole.tags...)
		}
	}
	if err := s.need(ctx, tags...); err != nil {
		return err
	}
	if err := s.needLookup(ctx); err != nil {
		return err
	}
	sets := make([]loan, len(l.byName))
	for i, g := range l.byName {
		sets[i] = g.kept
	}
	if err := l.shelf.fetch(ctx, sets...); err != nil {
		return err
	}
	records := make([][]*roster, len(l.byName))
	for i, g := range l.byName {
		if !g.def.timed() {
			continue
		}
		var err error
		if records[i], err = l.shelf.records(ctx, g.kept.saved); err != nil {
			return err
		}
	}
	l.conditions.move(moment{time.Unix(0, l.now).UTC(), l.loc})
	l.day = l.conditions.today
	for i, g := range l.byName {
		g.bounds, g.records = bounds[i], records[i]
		g.members, g.held = g.kept.members, g.kept.held
		g.kept.saved.woken.Store(&frozenSegment{members: g.members, held: g.held, records: slices.Clone(g.records)})
		g.kept = nil
	}
	l.arrange(s)
	for _, g := range l.byName {
		g.requeue(s)
		g.rest(l, s)
	}
	l.asleep = false
	return nil
}

// requeue fills the queues from the records.
func (g *liveSegment) requeue(s *Snapshot) {
	for c, records := range g.records {
		for p, r := range records.all() {
			at := uint32(c)<<chunkBits | uint32(p)
			if r.state == stateWaiting && g.def.Cap > 0 {
				g.line = append(g.line, queued{at: r.since, id: s.ids.id(at), position: at})
			}
			if r.pending {
				g.due = append(g.due, queued{at: r.since + int64(g.def.Dwell), position: at})
			}
		}
	}
	heap.Init(&g.line)
	heap.Init(&g.due)
}

// freeze returns everything as the last step left it, to be saved. The caller holds l.mu.
func (l *Live) freeze() *frozen {
	v := l.view.Load()
	f := &frozen{
		snapshot: v.snapshot, infer: l.ix.infer, clock: l.now, next: l.next, last: l.last, keep: l.keep, retired: maps.Clone(l.retired),
	}
	if l.loc != nil {
		f.location = l.loc.String()
	}
	skip := 0
	if l.shelf != nil {
		skip = l.told.count - int(l.last-l.paged)
	}
	f.notices = slices.Collect(l.told.from(skip))
	for _, g := range l.byName {
		x := frozenSegment{
			name: g.def.Name, version: g.version, count: g.count, waiting: g.waiting, history: slices.Clip(g.history), asleep: l.asleep,
			sizes: g.sizes, members: g.members, held: g.held, records: slices.Clone(g.records),
		}
		x.sizes.kept = slices.Clone(g.sizes.kept)
		for _, r := range g.records {
			if r != nil {
				r.lent = true
			}
		}
		f.segments = append(f.segments, x)
	}
	return f
}

// saved notes that what f holds has been saved. The caller holds l.mu.
func (l *Live) saved(f *frozen) { l.paged = max(l.paged, f.last) }
