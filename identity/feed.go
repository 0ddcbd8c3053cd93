package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// feed keeps the changes in a store, and is the customer.Feed of them. Several feeds,
// in several processes, may work on one store. Safe for concurrent use.
//
// Each shard has a head, the number of its last entry. A commit puts its entries and
// the heads of their shards at once, under the condition that the heads are as it knows
// them. So there are no gaps, and one Get of all heads is a place where every change is
// there with both its entries or with neither.
//
// Atoms that are too many for an entry are written before it, in parts under a token
// that both entries of the change name. Nobody sees them until the entries are there.
type feed struct {
	s      store.Store
	shards [customer.Shards]feedShard
}

// A feedShard is what a process knows of a shard, which is the holder's of the lock.
type feedShard struct {
	lock  chan struct{} // room for one: who has put it in holds the lock
	known bool          // head is as the store had it last, as far as this process can tell
	head  feedHead
}

const (
	feedVersion       = 1    // of the formats
	feedVersionSlices = 2    // of entries and parts with slices
	feedInlineAtoms   = 64   // most atoms within an entry
	feedPartAtoms     = 4000 // most atoms of a part: 64,000 bytes
	feedPartSlices    = 900  // the same where there are slices: 60,000 bytes
	feedPartsAtOnce   = 8    // parts of a commit or Get: half of the least BatchBytes
	feedPage          = 256  // entries read at once
	feedRun           = 64   // entries of one shard from which a scan is quicker than a Get
	feedDeletes       = 500  // keys of a commit that deletes
	feedCleaning      = 5 * time.Second
)

func newFeed(s store.Store) *feed {
	f := &feed{s: s}
	for i := range f.shards {
		f.shards[i].lock = make(chan struct{}, 1)
	}
	return f
}

// commit commits b together with the entries of changes, which happen in this order:
// one for the customer concerned, or one for each of From and To. Of a change it reads
// Verb, From, To, Atoms, Slices and At. b stays as it is.
//
// Errors are those of the store, as they are. On ErrConflict the caller reads again
// what b was built on and tries again, as store.Update does. Cost: one commit, and one
// Get where a head is not known; of a change of many atoms also a commit for every
// 32,000.
func (f *feed) commit(ctx context.Context, b *store.Batch, changes []customer.Change) (store.Version, error) {
	if len(changes) == 0 {
		return f.s.Commit(ctx, ordered(&store.Batch{Writes: slices.Clone(b.Writes), Conditions: slices.Clone(b.Conditions)}))
	}
	w := feedWorks.Get().(*feedWork)
	entries, err := feedEntries(w.entries[:0], changes)
	if err != nil {
		return 0, err
	}
	w.entries = entries
	ahead, err := f.writeAhead(ctx, entries)
	if err != nil {
		f.clean(ctx, ahead)
		return 0, err
	}
	version, err := f.append(ctx, b, w)
	switch {
	case err == nil:
		w.putBack()
	case !errors.Is(err, store.ErrUnknownOutcome):
		f.clean(ctx, ahead)
	}
	return version, err
}

// feedWork is the memory of a commit, to be used again when that is done.
type feedWork struct {
	entries []feedEntry
	shards  []int
	all     store.Batch // of which the keys and values of entries and heads are in arena
	arena   arena
}

var feedWorks = sync.Pool{New: func() any { return new(feedWork) }}

// putBack gives w back, to which nothing refers any more, unless it is large.
func (w *feedWork) putBack() {
	if len(w.all.Writes) > maxFeedWork || cap(w.arena) > maxArena {
		return
	}
	clear(w.entries)
	clear(w.all.Writes)
	clear(w.all.Conditions)
	w.all.Writes, w.all.Conditions, w.arena = w.all.Writes[:0], w.all.Conditions[:0], w.arena[:0]
	feedWorks.Put(w)
}

// maxFeedWork is the most writes of a commit whose memory is used again.
const maxFeedWork = 64

// feedEntries appends the entries of changes, not yet numbered: that of From, then that
// of To.
func feedEntries(entries []feedEntry, changes []customer.Change) ([]feedEntry, error) {
	for i, c := range changes {
		for _, id := range [...]customer.ID{c.From, c.To} {
			if id != uuid.Nil {
				c.Customer, c.Shard = id, customer.ShardOf(id)
				entries = append(entries, feedEntry{change: c})
			}
		}
		c.Seq, c.Part, c.Parts = 1, 1, 1
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("identity: change %d: %w", i, err)
		}
	}
	return entries, nil
}

// writeAhead writes the atoms of entries that have many in parts and makes the entries
// name them. It returns the keys of the parts that may be there now, also with an error.
func (f *feed) writeAhead(ctx context.Context, entries []feedEntry) (ahead [][]byte, err error) {
	for i := 0; i < len(entries); i += entries[i].sides() {
		atoms := entries[i].change.Atoms
		if len(atoms) <= feedInlineAtoms {
			continue
		}
		// No other attempt has this token, be it of an equal change: what one that
		// failed wrote can be deleted.
		var token feedToken
		_, _ = rand.Read(token[:]) // it never fails
		lie, parts, most := entries[i].change.Slices, 0, feedPartAtoms
		if len(lie) > 0 {
			most = feedPartSlices
		}
		for some := range slices.Chunk(atoms, feedPartsAtOnce*most) {
			var b store.Batch
			for part := range slices.Chunk(some, most) {
				parts++
				key := feedAtomsKey(token, parts)
				n := 0
				for n < len(lie) && bytes.Compare(lie[n].Atom[:], part[len(part)-1][:]) <= 0 {
					n++
				}
				b.Put(key, encodeFeedAtoms(part, lie[:n]))
				lie = lie[n:]
				ahead = append(ahead, key)
			}
			if _, err := f.s.Commit(ctx, &b); err != nil {
				return ahead, err
			}
		}
		for j := range entries[i].sides() {
			e := &entries[i+j]
			e.change.Atoms, e.change.Slices, e.token, e.parts = nil, nil, token, parts
		}
	}
	return ahead, nil
}

// append numbers the entries of w, in their order, and commits them with b.
func (f *feed) append(ctx context.Context, b *store.Batch, w *feedWork) (store.Version, error) {
	entries, shards := w.entries, w.shards[:0]
	for i := range entries {
		shards = append(shards, entries[i].change.Shard)
	}
	slices.Sort(shards)
	shards = slices.Compact(shards)
	w.shards = shards
	if err := f.lock(ctx, shards); err != nil {
		return 0, err
	}
	defer f.unlock(shards)
	if err := f.learn(ctx, shards); err != nil {
		return 0, err
	}
	for _, shard := range shards {
		f.shards[shard].known = false // unless the commit succeeds
	}
	for i := range entries {
		c := &entries[i].change
		head := &f.shards[c.Shard].head
		head.last++
		c.Seq = head.last
	}
	for i := 0; i < len(entries); i += entries[i].sides() {
		if entries[i].sides() == 2 {
			entries[i].twin, entries[i+1].twin = entries[i+1].change.Seq, entries[i].change.Seq
		}
	}
	all := &w.all
	all.Writes = slices.Grow(all.Writes, len(entries)+len(shards)+len(b.Writes))
	all.Conditions = slices.Grow(all.Conditions, len(shards)+len(b.Conditions))
	for i := range entries {
		key := w.arena.put(appendFeedEntryKey(w.arena, entries[i].change.Shard, entries[i].change.Seq))
		all.Put(key, w.arena.put(entries[i].appendData(w.arena)))
	}
	for _, shard := range shards {
		head, key := &f.shards[shard].head, w.arena.put(appendFeedHeadKey(w.arena, shard))
		all.If(key, head.version)
		all.Put(key, w.arena.put(head.appendData(w.arena)))
	}
	ordered(all)
	all.Writes, all.Conditions = append(all.Writes, b.Writes...), append(all.Conditions, b.Conditions...)
	version, err := f.s.Commit(ctx, ordered(all))
	if err != nil {
		return 0, err
	}
	for _, shard := range shards {
		f.shards[shard].head.version, f.shards[shard].known = version, true
	}
	return version, nil
}

// lock locks shards, which ascend, so that two calls never wait for each other.
func (f *feed) lock(ctx context.Context, shards []int) error {
	for held, shard := range shards {
		select {
		case f.shards[shard].lock <- struct{}{}:
		case <-ctx.Done():
			f.unlock(shards[:held])
			return ctx.Err()
		}
	}
	return nil
}

// unlock unlocks shards that lock has locked.
func (f *feed) unlock(shards []int) {
	for _, shard := range shards {
		<-f.shards[shard].lock
	}
}

// learn reads the heads of locked shards that are not known.
func (f *feed) learn(ctx context.Context, shards []int) error {
	var unknown []int
	for _, shard := range shards {
		if !f.shards[shard].known {
			unknown = append(unknown, shard)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	heads, err := f.heads(ctx, unknown...)
	if err != nil {
		return err
	}
	for i, shard := range unknown {
		f.shards[shard].head, f.shards[shard].known = heads[i], true
	}
	return nil
}

// clean deletes the parts of a commit that failed. What stays behind where that fails
// too is of no use and does no harm.
func (f *feed) clean(ctx context.Context, parts [][]byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), feedCleaning)
	defer cancel()
	_ = f.drop(ctx, &store.Backoff{Attempts: 1}, parts)
}

// drop deletes keys, in order.
func (f *feed) drop(ctx context.Context, backoff *store.Backoff, keys [][]byte) error {
	for some := range slices.Chunk(keys, feedDeletes) {
		var b store.Batch
		for _, key := range some {
			b.Delete(key)
		}
		if _, err := store.Update(ctx, f.s, backoff, func(context.Context) (*store.Batch, error) { return &b, nil }); err != nil {
			return err
		}
	}
	return nil
}
