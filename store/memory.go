package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/parallel"
)

// Memory keeps everything in memory, in B-trees: for tests, for small programs,
// and as the reference of the conformance suite. The zero value is an empty
// store. It forgets when the process ends; [Memory.Save] writes a snapshot file.
//
// A get or put costs O(log n) and some microseconds. Commits are made one after the other; one of at
// least 512 writes in the order of their keys uses all cores. A scan works on a copy made in O(1) for
// each 10,000 keys or so of its range, up to its limit, and waits for writers no longer than one
// commit takes. It needs 80 to 100 bytes a key beside key and value.
// Safe for concurrent use.
type Memory struct {
	mu     sync.RWMutex
	forest *forest // nil: empty; what an entry points to is never changed
	last   Version
	loaded bool // from a snapshot: versions after last may have been given out
	closed atomic.Bool
}

// memoryLimits leave room for prefixes.
var memoryLimits = Limits{KeyBytes: 1024, ValueBytes: 1 << 20, Operations: 10_000, BatchBytes: 8 << 20}

// check is what every call begins with.
func (m *Memory) check(ctx context.Context) error {
	if m.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// entries returns what is stored, which is not kept if it is new.
func (m *Memory) entries() *forest {
	if m.forest == nil {
		return newForest()
	}
	return m.forest
}

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, keys ...[]byte) ([]Entry, error) {
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	if err := CheckKeys(keys, memoryLimits); err != nil {
		return nil, err
	}
	entries := make([]Entry, len(keys))
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	stored := m.entries()
	for i, key := range keys {
		if e := stored.get(key); e.version != 0 {
			entries[i] = e.entry()
		} else {
			entries[i].Key = bytes.Clone(key)
		}
	}
	return entries, nil
}

// Scan implements [Store]; what it yields is as of the moment it began.
func (m *Memory) Scan(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, _, err := m.copy(ctx, r)
		if err == nil && r.Limit < 0 {
			err = fmt.Errorf("%w: negative limit of a scan", ErrInvalid)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		left := r.Limit
		entries.ascend(r, func(e treeItem) bool {
			if err := m.check(ctx); err != nil {
				yield(Entry{}, err)
				return false
			}
			left--
			return yield(e.entry(), nil) && left != 0
		})
	}
}

// copy returns what is stored in a range, and the last version given out.
func (m *Memory) copy(ctx context.Context, r Range) (*forest, Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return nil, 0, err
	}
	return m.entries().copy(r), m.last, nil
}

// Commit implements [Store]. Its outcome is always known.
func (m *Memory) Commit(ctx context.Context, b *Batch) (Version, error) {
	if err := m.check(ctx); err != nil {
		return 0, err
	}
	if err := b.Check(memoryLimits); err != nil {
		return 0, err
	}
	c := commitOf(b) // before others have to wait
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return 0, err
	}
	m.forest = m.entries()
	if m.loaded {
		m.last, m.loaded = m.last+leap(), false
	}
	if i := m.apply(b, c); i >= 0 {
		return 0, fmt.Errorf("%w: condition %d", ErrConflict, i)
	}
	m.last++
	return m.last, nil
}

// A commit is a batch made ready.
type commit struct {
	items []treeItem // of the writes, without version
	// Where both ascend, a condition on a key that is written is looked at when that is:
	// that is one walk through a tree instead of two.
	with    []int32 // by write: the condition on the same key, -1 if there is none; nil if no write has one
	apart   []int32 // the other conditions
	workers int
}

// leastShared is the number of writes from which several goroutines are worth it.
const leastShared = 1 << 9

func commitOf(b *Batch) commit {
	c := commit{items: make([]treeItem, len(b.Writes)), workers: 1}
	ascend := true
	for i := range b.Writes {
		if w := &b.Writes[i]; w.Delete {
			c.items[i] = treeItemOf(w.Key)
		} else {
			c.items[i] = newTreeItem(w.Key, w.Value, 0)
		}
		ascend = ascend && (i == 0 || c.items[i-1].before(c.items[i]))
	}
	if ascend && len(b.Writes) >= leastShared {
		c.workers = parallel.Workers(0)
	}
	w := 0
	for i := range b.Conditions {
		k := treeItemOf(b.Conditions[i].Key)
		ascend = ascend && (i == 0 || bytes.Compare(b.Conditions[i-1].Key, k.data) < 0)
		for ascend && w < len(c.items) && c.items[w].before(k) {
			w++
		}
		if !ascend || w == len(c.items) || k.before(c.items[w]) {
			c.apart = append(c.apart, int32(i))
			continue
		}
		if c.with == nil {
			c.with = slices.Repeat([]int32{-1}, len(c.items))
		}
		c.with[w] = int32(i)
	}
	return c
}

// apply makes the writes of b, or none and returns the condition that does not hold.
func (m *Memory) apply(b *Batch, c commit) int {
	for _, i := range c.apart {
		if k := &b.Conditions[i]; m.forest.get(k.Key).version != k.Version {
			return int(i)
		}
	}
	for i := range c.items {
		if !b.Writes[i].Delete {
			c.items[i].version = m.last + 1
		}
	}
	var holds func(int, Version) bool
	if c.with != nil {
		holds = func(i int, was Version) bool { return c.with[i] < 0 || b.Conditions[c.with[i]].Version == was }
	}
	if failed := m.forest.write(c.workers, c.items, holds); failed >= 0 {
		return int(c.with[failed])
	}
	return -1
}

// DeleteRange implements [RangeDeleter].
func (m *Memory) DeleteRange(ctx context.Context, r Range) error {
	if err := m.check(ctx); err != nil {
		return err
	}
	if r.Limit != 0 || r.Reverse {
		return fmt.Errorf("%w: range to delete with a limit or reversed", ErrInvalid)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return err
	}
	var doomed []treeItem
	m.forest = m.entries()
	m.forest.ascend(r, func(e treeItem) bool {
		e.version = 0
		doomed = append(doomed, e)
		return true
	})
	m.forest.write(1, doomed, nil)
	return nil
}

// Limits implements [Store].
func (m *Memory) Limits() Limits { return memoryLimits }

// Len returns the number of keys.
func (m *Memory) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.entries().len()
}

// Close implements [Store]. It releases what is stored.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed.Store(true)
	m.forest = nil
	return nil
}
