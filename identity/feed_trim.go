package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Trim drops the entries before the cursor: a cursor that lies before some of them is
// then ErrCursorExpired. One that lies after the end is ErrCursorUnknown, and nothing
// happens. Commits go on meanwhile. Trim that was broken off is completed by the next.
// Cost: a commit for each shard, and one for every 256 entries.
func (f *feed) Trim(ctx context.Context, before customer.Cursor) error {
	heads, err := f.heads(ctx)
	if err != nil {
		return err
	}
	if err := checkFeedCursor(before, heads); err != nil {
		return err
	}
	for shard, head := range heads {
		if head.trimmed < before[shard] {
			if err := f.raise(ctx, shard, before[shard]); err != nil {
				return err
			}
		}
	}
	// Read anew: of two calls that trim an entry each of a change, the one that reads
	// later sees both trimmed.
	if heads, err = f.heads(ctx); err != nil {
		return err
	}
	for shard, head := range heads {
		if head.trimmed == 0 {
			continue
		}
		if err := f.sweep(ctx, shard, heads); err != nil {
			return err
		}
	}
	return nil
}

// raise makes the number of the last trimmed entry of a shard at least trimmed.
func (f *feed) raise(ctx context.Context, shard int, trimmed uint64) error {
	if err := f.lock(ctx, []int{shard}); err != nil {
		return err
	}
	defer f.unlock([]int{shard})
	f.shards[shard].known = false
	_, err := store.Update(ctx, f.s, nil, func(ctx context.Context) (*store.Batch, error) {
		heads, err := f.heads(ctx, shard)
		if err != nil || heads[0].trimmed >= trimmed {
			return nil, err
		}
		heads[0].trimmed = trimmed
		var b store.Batch
		b.If(feedHeadKey(shard), heads[0].version)
		b.Put(feedHeadKey(shard), heads[0].encode())
		return &b, nil
	})
	return err
}

// sweep deletes the entries of a shard that are trimmed as heads say, with the atoms
// that no other entry needs.
func (f *feed) sweep(ctx context.Context, shard int, heads []feedHead) error {
	r := store.Range{From: feedEntryKey(shard, 0), To: append(feedEntryKey(shard, heads[shard].trimmed), 0), Limit: feedPage}
	for {
		var keys [][]byte // of the atoms before those of their entry
		entries := 0
		for stored, err := range f.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			place, ok := readFeedPlace(stored.Key)
			if !ok {
				return fmt.Errorf("%w: identity: key among the entries of shard %d", store.ErrCorrupt, shard)
			}
			e, err := decodeFeedEntry(place, stored.Value)
			if err != nil {
				return err
			}
			other := customer.ShardOf(e.other())
			theirs := other == shard && e.twin > place.seq // of two in a shard the later deletes
			if e.twin <= heads[other].trimmed && !theirs {
				for part := range e.parts {
					keys = append(keys, feedAtomsKey(e.token, part+1))
				}
			}
			keys = append(keys, stored.Key)
			r.From = append(slices.Clip(stored.Key), 0)
			entries++
		}
		if err := f.drop(ctx, nil, keys); err != nil || entries < feedPage {
			return err
		}
	}
}
