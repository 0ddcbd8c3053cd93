package segment

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/store"
)

// live writes what has changed of the live segments.
func (w *writing) live(segments []frozenSegment) error {
	was, now := w.was, w.now
	for i := range segments {
		f := &segments[i]
		old, before := was.live[f.name], was.kept[f.name]
		if before == nil && old != nil {
			before = old.woken.Load()
		}
		if f.asleep && old != nil {
			now.live[f.name] = old
			now.contents.live = append(now.contents.live, old.at)
			if before != nil {
				now.kept[f.name] = before
			}
			continue
		}
		if old == nil {
			old = &savedLive{}
		}
		if before == nil {
			before = &frozenSegment{}
		}
		s, err := w.segment(f, before, old)
		if err != nil {
			return err
		}
		now.live[f.name], now.kept[f.name] = s, f
		now.contents.live = append(now.contents.live, s.at)
	}
	for _, name := range slices.Sorted(maps.Keys(was.live)) {
		old := was.live[name]
		if now.live[name] != nil {
			continue
		}
		for _, list := range [...][]berth{{old.at, old.definitions}, old.members, old.held, old.records} {
			for _, b := range list {
				w.drop(b)
			}
		}
	}
	return nil
}

// segment writes what has changed of a live segment since before, of which old says where it lies.
func (w *writing) segment(f, before *frozenSegment, old *savedLive) (*savedLive, error) {
	s := &savedLive{
		name: f.name, version: f.version, count: f.count, waiting: f.waiting, sizes: f.sizes,
		chunks: [2]int{len(f.members), len(f.held)}, definitions: old.definitions, history: f.history,
	}
	if f.version != old.version {
		data, err := encodeDefinitions(f.history)
		if err != nil {
			return nil, err
		}
		if s.definitions, err = w.put(data); err != nil {
			return nil, err
		}
		w.drop(old.definitions)
	}
	if err := w.sets(before.members, old.members, f.members, &s.members); err != nil {
		return nil, err
	}
	if err := w.sets(before.held, old.held, f.held, &s.held); err != nil {
		return nil, err
	}
	if err := w.records(before.records, old.records, f.records, &s.records); err != nil {
		return nil, err
	}
	if s.same(old) {
		s.at = old.at
		return s, nil
	}
	w.drop(old.at)
	var err error
	s.at, err = w.put(s.encode())
	return s, err
}

// same tells whether the catalogue of a segment is that of another.
func (s *savedLive) same(t *savedLive) bool {
	return t.at != (berth{}) && s.version == t.version && s.count == t.count && s.waiting == t.waiting && s.chunks == t.chunks &&
		s.sizes.last == t.sizes.last && slices.Equal(s.sizes.kept, t.sizes.kept) &&
		slices.Equal(s.members, t.members) && slices.Equal(s.held, t.held) && slices.Equal(s.records, t.records)
}

// records writes what has changed of what a segment knows of its customers.
func (w *writing) records(before []*roster, at []berth, records []*roster, to *[]berth) error {
	for _, b := range at[min(len(records), len(at)):] {
		w.drop(b)
	}
	*to = cutTo(at, len(records))
	var changed []int
	for c, r := range records {
		switch {
		case r == nil || len(r.of) == 0:
			w.drop((*to)[c])
			(*to)[c] = berth{}
		case c >= len(before) || before[c] != r || (*to)[c] == (berth{}):
			changed = append(changed, c)
		}
	}
	return w.putAll(len(changed), func(i int) []byte {
		return encodeRecords(changed[i], records[changed[i]].of)
	}, func(i int, at berth) {
		c := changed[i]
		w.replace((*to)[c], at)
		(*to)[c] = at
	})
}

// pageKey returns the key of the page of notices that begins with a number.
func pageKey(first uint64) []byte { return binary.BigEndian.AppendUint64([]byte(pageKeys), first) }

// pages writes the notices, and returns the keys of pages that are not kept any more.
func (w *writing) pages(f *frozen) (gone [][]byte, err error) {
	r := w.now.root
	r.first = w.was.root.first
	for list := f.notices; len(list) > 0; {
		data, n := encodePage(list)
		key := pageKey(list[0].Number)
		e, err := w.k.store.Get(w.ctx, key)
		if err != nil {
			return nil, err
		}
		if err := w.add(key, data); err != nil {
			return nil, err
		}
		w.batch.If(key, e[0].Version) // a save before, which failed, may have written a shorter one, and may do so still
		w.bytes += len(key)
		list = list[n:]
	}
	if f.last-min(f.last, uint64(f.keep)) < r.first {
		return nil, nil
	}
	if err := w.flush(); err != nil { // a page may be one of those
		return nil, err
	}
	end := f.last - uint64(f.keep) // those up to it may go
	for e, err := range w.k.store.Scan(w.ctx, store.Range{From: []byte(pageKeys), To: pageKey(end + 2)}) {
		if err != nil {
			return nil, err
		}
		gone = append(gone, e.Key)
	}
	if len(gone) == 0 {
		return nil, nil
	}
	last := gone[len(gone)-1]
	r.first = max(r.first, binary.BigEndian.Uint64(last[len(pageKeys):]))
	return gone[:len(gone)-1], nil
}

// tidy deletes what nobody needs any more: pages, and what the root before the last one had replaced.
func (k *shelf) tidy(ctx context.Context, pages [][]byte) error {
	if k.pins.Load() > 0 {
		return nil
	}
	for _, b := range k.late {
		for part := range b.parts() {
			pages = append(pages, b.key(part))
		}
	}
	if err := k.remove(ctx, pages); err != nil {
		return err
	}
	k.late = nil
	return nil
}

// remove deletes keys.
func (k *shelf) remove(ctx context.Context, keys [][]byte) error {
	for n := 0; len(keys) > 0; keys = keys[n:] {
		var b store.Batch
		n = min(len(keys), k.limits.Operations-8, (k.limits.BatchBytes-commitRoom)/64)
		for _, key := range keys[:n] {
			b.Delete(key)
		}
		if err := k.commit(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// recall reads what the last root has replaced.
func (k *shelf) recall(ctx context.Context) error {
	data, err := k.value(ctx, "list of what the root has replaced", k.saved.root.gone)
	if err != nil {
		return err
	}
	if k.saved.replaced, err = decodeGone(data); err != nil {
		return corrupt("list of what the root has replaced: %w", err)
	}
	return nil
}

// sweep deletes what writers before this one wrote for roots that never came into force.
func (k *shelf) sweep(ctx context.Context) error {
	var keys [][]byte
	from, to := berth{}, berth{term: k.term}
	if k.saved != nil {
		if err := k.recall(ctx); err != nil {
			return err
		}
		from = berth{term: k.saved.root.term, generation: k.saved.root.generation + 1}
	}
	for e, err := range k.store.Scan(ctx, store.Range{From: from.key(0), To: to.key(0)}) {
		if err != nil {
			return err
		}
		keys = append(keys, e.Key)
	}
	return k.remove(ctx, keys)
}
