package profile

import (
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A portion is what a slice has of the log of its stream: the entries from a time up to
// another, by the head of the stream.
type portion struct {
	from, until int64
	stream      customer.AtomID
	head        *head
}

// has tells whether the entry is in it.
func (o *portion) has(e *entry) bool { return o.from <= e.time && e.time < o.until }

// inPages tells whether something of it can be in pages, and all that is in pages is in it.
func (o *portion) inPages() (some, all bool) {
	h := o.head
	return h.pages > 0 && o.from <= h.latest && h.first < o.until, o.from <= h.first && h.latest < o.until
}

// portions returns what slices have of the logs of their streams, as known at a time; each is
// as of one moment.
func (p *Profiles) portions(ctx context.Context, slices []sliceName, known int64) ([]portion, error) {
	all := make([]portion, len(slices))
	ids := make([]customer.AtomID, len(slices))
	for i, n := range slices {
		ids[i] = n.stream
	}
	heads, err := p.heads(ctx, ids)
	if err != nil {
		return nil, err
	}
	todo := make([]int, len(slices))
	for i := range todo {
		todo[i] = i
	}
	if len(todo) == 0 {
		return nil, nil
	}
	return all, p.persist(ctx, func(ctx context.Context) (done bool, err error) {
		ids = ids[:0]
		for _, i := range todo {
			until, err := p.sliceEnd(ctx, slices[i], known)
			if err != nil {
				return false, err
			}
			all[i] = portion{slices[i].from, until, slices[i].stream, heads[i]}
			ids = append(ids, slices[i].stream)
		}
		now, err := p.heads(ctx, ids)
		if err != nil {
			return false, err
		}
		left := todo[:0]
		for k, i := range todo {
			if !heads[i].lasts(now[k], false) {
				heads[i] = now[k]
				left = append(left, i)
			}
		}
		todo = left
		return len(todo) == 0, nil
	})
}

// loadSlices adds, to what was read of those of the atoms that are slices, what they have of
// their streams.
func (p *Profiles) loadSlices(ctx context.Context, f *inForce, all []atom, heads []*head, m moment) error {
	var todo []int
	for i, h := range heads {
		if h.stream != (customer.AtomID{}) && !h.erased {
			todo = append(todo, i)
			all[i].entries = slices.Clip(all[i].entries)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	return p.persist(ctx, func(ctx context.Context) (done bool, err error) {
		names := make([]sliceName, len(todo))
		ids := make([]customer.AtomID, len(todo))
		for k, i := range todo {
			names[k] = sliceName{heads[i].stream, heads[i].from, all[i].id}
			ids[k] = heads[i].stream
		}
		parts, err := p.portions(ctx, names, m.known)
		if err != nil {
			return false, err
		}
		keys, err := p.lockPortions(ctx, f, names, parts)
		if err != nil {
			return false, err
		}
		found := make([]atom, len(todo))
		logs := make(streamLogs)
		for k, i := range todo {
			if found[k], err = p.loadPortion(ctx, f, logs, parts, keys, k, all[i].paged != nil, m); err != nil {
				return false, err
			}
		}
		now, err := p.heads(ctx, ids)
		if err != nil {
			return false, err
		}
		left := todo[:0]
		for k, i := range todo {
			if !parts[k].head.lasts(now[k], found[k].paged != nil) {
				left = append(left, i)
				continue
			}
			all[i].entries = append(all[i].entries, found[k].entries...)
			if found[k].paged != nil {
				all[i].paged = found[k].paged
			}
		}
		todo = left
		return len(todo) == 0, nil
	})
}

// lockPortions is locks of the logs of streams. A slice whose own key has been destroyed has
// nothing of its stream.
func (p *Profiles) lockPortions(ctx context.Context, f *inForce, names []sliceName, parts []portion) (locks, error) {
	ids, heads := make([]customer.AtomID, 0, len(parts)), make([]*head, len(parts))
	for i := range parts {
		ids, heads[i] = append(ids, parts[i].stream), parts[i].head
	}
	keys, err := p.locks(ctx, f, ids, heads)
	if err != nil || keys == nil {
		return nil, err
	}
	for i := range parts {
		parts[i].head, ids[i] = heads[i], names[i].atom
	}
	own, err := p.keys(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		if errors.Is(own[i].Err, seal.ErrDestroyed) {
			parts[i].until = parts[i].from
		}
	}
	return keys, nil
}

// A streamLogs is what has been decoded of streams, by a version of the head: the newest entries,
// and those of the pages that some portion needs.
type streamLogs map[streamVersion]*[2][]entry

type streamVersion struct {
	customer.AtomID
	store.Version
}

// loadPortion reads one of several portions. The partial of the stream stands for its pages where it may,
// which it may not if the slice has a partial of its own.
func (p *Profiles) loadPortion(ctx context.Context, f *inForce, logs streamLogs, parts []portion, keys locks, i int, own bool, m moment) (a atom, err error) {
	o := &parts[i]
	version := streamVersion{o.stream, o.head.version}
	log := logs[version]
	if log == nil {
		log = new([2][]entry)
		logs[version] = log
		d := decoder{lock: keys.of(i)}
		if err := d.page(o.head.tail); err != nil {
			return a, err
		}
		log[0] = d.entries
	}
	if some, whole := o.inPages(); some && whole && !own && m.known == never && m.at >= o.head.latest {
		paged, err := p.partials(ctx, f, []customer.AtomID{o.stream}, []*head{o.head}, locks{keys.of(i)})
		if err != nil {
			return a, err
		}
		a.paged = paged[0]
	} else if some {
		if log[1] == nil {
			if log[1], err = p.readPortions(ctx, version, parts, keys.of(i)); err != nil {
				return a, err
			}
		}
		a.entries = o.choose(a.entries, log[1])
	}
	a.entries = o.choose(a.entries, log[0])
	return a, nil
}

// readPortions decodes those pages of a stream in which something of the portions of this
// version of it can be.
func (p *Profiles) readPortions(ctx context.Context, version streamVersion, parts []portion, l *lock) ([]entry, error) {
	var of []portion
	for _, o := range parts {
		if o.stream == version.AtomID && o.head.version == version.Version {
			of = append(of, o)
		}
	}
	d := decoder{entries: []entry{}, lock: l}
	for page, err := range p.scanPages(ctx, version.AtomID, 1, of[0].head.pages) {
		if err != nil {
			return nil, err
		}
		first, last, err := spanOf(page.Value)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(of, func(o portion) bool { return o.from <= last && first < o.until }) {
			continue
		}
		if err := d.page(page.Value); err != nil {
			return nil, err
		}
	}
	return d.entries, nil
}

// choose appends those of the entries that are in the portion.
func (o *portion) choose(to, entries []entry) []entry {
	for i := range entries {
		if o.has(&entries[i]) {
			to = append(to, entries[i])
		}
	}
	return to
}

// eachStream calls do with the heads of the streams of which somebody has a slice.
func (p *Profiles) eachStream(ctx context.Context, do func(*head) error) error {
	const most = 256
	var ids []customer.AtomID
	flush := func() error {
		heads, err := p.heads(ctx, ids)
		if err != nil {
			return err
		}
		for _, h := range heads {
			if err := do(h); err != nil {
				return err
			}
		}
		ids = ids[:0]
		return nil
	}
	var last customer.AtomID
	for e, err := range p.s.Scan(ctx, store.Under(key('s'))) {
		if err != nil {
			return err
		}
		l, err := readLying(e)
		if err != nil {
			return err
		}
		if !l.claimed || l.stream == last {
			continue
		}
		last, ids = l.stream, append(ids, l.stream)
		if len(ids) == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
