package identity

import (
	"context"
	"fmt"
	"iter"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// heads reads the heads of shards, or of all, as of one moment.
func (f *feed) heads(ctx context.Context, shards ...int) ([]feedHead, error) {
	if len(shards) == 0 {
		for shard := range customer.Shards {
			shards = append(shards, shard)
		}
	}
	keys := make([][]byte, len(shards))
	for i, shard := range shards {
		keys[i] = feedHeadKey(shard)
	}
	entries, err := f.s.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	heads := make([]feedHead, len(shards))
	for i, e := range entries {
		if e.Version == 0 {
			continue
		}
		if heads[i], err = decodeFeedHead(e.Value); err != nil {
			return nil, fmt.Errorf("identity: head of shard %d: %w", shards[i], err)
		}
		heads[i].version = e.Version
	}
	return heads, nil
}

// Head implements customer.Feed. Cost: one Get of 64 keys.
func (f *feed) Head(ctx context.Context) (customer.Cursor, error) {
	heads, err := f.heads(ctx)
	if err != nil {
		return customer.Cursor{}, err
	}
	var c customer.Cursor
	for shard, head := range heads {
		c[shard] = head.last
	}
	return c, nil
}

// Changes implements customer.Feed. Cost: one Get of 64 keys and one for every 256
// entries, or a scan where a shard has many; one Get for every 32,000 atoms of
// an entry that has more than fit into it. Nothing of the store is held between them.
func (f *feed) Changes(ctx context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		if err := f.follow(ctx, after, func(c customer.Change) bool { return yield(c, nil) }); err != nil {
			yield(customer.Change{}, err)
		}
	}
}

// follow yields the changes after the cursor. After a yield that returns false it
// returns nil.
func (f *feed) follow(ctx context.Context, after customer.Cursor, yield func(customer.Change) bool) error {
	heads, err := f.heads(ctx)
	if err != nil {
		return err
	}
	if err := checkFeedCursor(after, heads); err != nil {
		return err
	}
	for shard, head := range heads {
		if after[shard] < head.trimmed {
			return customer.ErrCursorExpired
		}
	}
	page := make([]feedPlace, 0, feedPage)
	for shard, head := range heads {
		for before := after[shard]; before < head.last; before++ {
			page = append(page, feedPlace{shard, before + 1})
			if len(page) < feedPage {
				continue
			}
			if more, err := f.yield(ctx, page, yield); err != nil || !more {
				return err
			}
			page = page[:0]
		}
	}
	if len(page) > 0 {
		_, err = f.yield(ctx, page, yield)
	}
	return err
}

// checkFeedCursor returns an error if c lies after the end of the feed.
func checkFeedCursor(c customer.Cursor, heads []feedHead) error {
	for shard, head := range heads {
		if c[shard] > head.last {
			return customer.ErrCursorUnknown
		}
	}
	return nil
}

// yield yields the changes of entries, and whether yield asked for more.
func (f *feed) yield(ctx context.Context, page []feedPlace, yield func(customer.Change) bool) (more bool, err error) {
	values, err := f.read(ctx, page)
	if err != nil {
		return false, err
	}
	for i, place := range page {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if values[i] == nil {
			return false, f.missing(ctx, place)
		}
		e, err := decodeFeedEntry(place, values[i])
		if err != nil {
			return false, err
		}
		if e.parts == 0 {
			if !yield(e.change) {
				return false, nil
			}
		} else if more, err := f.yieldParts(ctx, place, e, yield); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// yieldParts is yield for an entry whose atoms were written ahead.
func (f *feed) yieldParts(ctx context.Context, place feedPlace, e feedEntry, yield func(customer.Change) bool) (more bool, err error) {
	var last customer.AtomID
	for first := 1; first <= e.parts; first += feedPartsAtOnce {
		var keys [][]byte
		for part := first; part <= e.parts && len(keys) < feedPartsAtOnce; part++ {
			keys = append(keys, feedAtomsKey(e.token, part))
		}
		parts, err := f.s.Get(ctx, keys...)
		if err != nil {
			return false, err
		}
		for i, part := range parts {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if part.Version == 0 {
				return false, f.missing(ctx, place)
			}
			c := e.change
			c.Part, c.Parts = first+i, e.parts
			if c.Atoms, c.Slices, err = decodeFeedAtoms(part.Value, last); err != nil {
				return false, place.fault(err)
			}
			last = c.Atoms[len(c.Atoms)-1]
			if c.Validate() != nil {
				return false, place.fault(fmt.Errorf("%w: not a part of an entry", store.ErrCorrupt))
			}
			if !yield(c) {
				return false, nil
			}
		}
	}
	return true, nil
}

// read returns the values of entries, nil for those that are not there.
func (f *feed) read(ctx context.Context, page []feedPlace) ([][]byte, error) {
	values := make([][]byte, len(page))
	var keys [][]byte
	var places []int
	for from := 0; from < len(page); {
		to := from + 1
		for to < len(page) && page[to].shard == page[from].shard {
			to++
		}
		if to-from < feedRun {
			for i := from; i < to; i++ {
				keys, places = append(keys, page[i].key()), append(places, i)
			}
		} else {
			r := store.Range{From: page[from].key(), To: append(page[to-1].key(), 0)}
			for e, err := range f.s.Scan(ctx, r) {
				if err != nil {
					return nil, err
				}
				place, ok := readFeedPlace(e.Key)
				if !ok {
					return nil, fmt.Errorf("%w: identity: key among the entries of shard %d", store.ErrCorrupt, page[from].shard)
				}
				values[from+int(place.seq-page[from].seq)] = e.Value
			}
		}
		from = to
	}
	entries, err := f.s.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if e.Version != 0 {
			values[places[i]] = e.Value
		}
	}
	return values, nil
}

// missing is the error for an entry of which something is not there.
func (f *feed) missing(ctx context.Context, place feedPlace) error {
	heads, err := f.heads(ctx, place.shard)
	if err != nil {
		return err
	}
	if place.seq <= heads[0].trimmed {
		return customer.ErrCursorExpired
	}
	return place.fault(fmt.Errorf("%w: not there", store.ErrCorrupt))
}
