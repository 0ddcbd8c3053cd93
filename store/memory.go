package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// Memory keeps everything in memory, in a B-tree: for tests, for small programs,
// and as the reference of the conformance suite. The zero value is an empty
// store. It forgets when the process ends; [Memory.Save] writes a snapshot file.
//
// A get or put costs O(log n) and some microseconds. A scan works on a copy made in O(1)
// and waits for writers no longer than one commit takes. It needs some 80 bytes a key beside key and value.
// Safe for concurrent use.
type Memory struct {
	mu     sync.RWMutex
	tree   *btree.BTreeG[treeItem] // nil: empty; what an entry points to is never changed
	last   Version
	loaded bool // from a snapshot: versions after last may have been given out
	closed atomic.Bool
}

// memoryLimits leave room for prefixes.
var memoryLimits = Limits{KeyBytes: 1024, ValueBytes: 1 << 20, Operations: 10_000, BatchBytes: 8 << 20}

// A treeItem is an entry, with the first bytes of its key as numbers, so that few of the
// comparisons on the way to a key have to go to where another key is.
type treeItem struct {
	first, second uint64
	version       Version
	data          []byte // the key; the value is behind it, up to the capacity
}

// treeItemOf is an item with the key of an entry to look for.
func treeItemOf(key []byte) treeItem {
	var first [16]byte
	copy(first[:], key)
	return treeItem{first: binary.BigEndian.Uint64(first[:8]), second: binary.BigEndian.Uint64(first[8:]), data: key}
}

// newTreeItem is an entry with memory of its own.
func newTreeItem(key, value []byte, version Version) treeItem {
	b := make([]byte, len(key)+len(value))
	copy(b[copy(b, key):], value)
	e := treeItemOf(b[:len(key)])
	e.version = version
	return e
}

// entry is the item with memory of its own.
func (t treeItem) entry() Entry {
	b := bytes.Clone(t.data[:cap(t.data)])
	n := len(t.data)
	return Entry{Key: b[:n:n], Value: b[n:], Version: t.version}
}

// value must not be changed.
func (t treeItem) value() []byte { return t.data[len(t.data):cap(t.data)] }

func newTree() *btree.BTreeG[treeItem] {
	return btree.NewBTreeGOptions(func(a, b treeItem) bool {
		if a.first != b.first {
			return a.first < b.first
		}
		if a.second != b.second {
			return a.second < b.second
		}
		return bytes.Compare(a.data, b.data) < 0
	}, btree.Options{NoLocks: true})
}

// check is what every call begins with.
func (m *Memory) check(ctx context.Context) error {
	if m.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// version is that of key, 0 if it is not there.
func (m *Memory) version(key []byte) Version {
	if m.tree == nil {
		return 0
	}
	found, _ := m.tree.Get(treeItemOf(key))
	return found.version
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
	for i, key := range keys {
		if m.tree != nil {
			if e, ok := m.tree.Get(treeItemOf(key)); ok {
				entries[i] = e.entry()
				continue
			}
		}
		entries[i].Key = bytes.Clone(key)
	}
	return entries, nil
}

// Scan implements [Store]; what it yields is as of the moment it began.
func (m *Memory) Scan(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, _, err := m.copy(ctx)
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

// A tree is the entries of one moment.
type tree struct{ *btree.BTreeG[treeItem] }

// copy returns what is stored, and the last version given out.
func (m *Memory) copy(ctx context.Context) (tree, Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return tree{}, 0, err
	}
	if m.tree == nil {
		return tree{newTree()}, m.last, nil
	}
	return tree{m.tree.Copy()}, m.last, nil
}

// ascend calls f for the entries of r in its order, until f returns false.
func (t tree) ascend(r Range, f func(treeItem) bool) {
	from, to := treeItemOf(r.From), treeItemOf(r.To)
	switch {
	case !r.Reverse:
		t.Ascend(from, func(e treeItem) bool {
			return (len(r.To) == 0 || bytes.Compare(e.data, r.To) < 0) && f(e)
		})
	case len(r.To) == 0:
		t.Reverse(func(e treeItem) bool { return bytes.Compare(e.data, r.From) >= 0 && f(e) })
	default:
		t.Descend(to, func(e treeItem) bool {
			return bytes.Equal(e.data, r.To) || bytes.Compare(e.data, r.From) >= 0 && f(e)
		})
	}
}

// Commit implements [Store]. Its outcome is always known.
func (m *Memory) Commit(ctx context.Context, b *Batch) (Version, error) {
	if err := m.check(ctx); err != nil {
		return 0, err
	}
	if err := b.Check(memoryLimits); err != nil {
		return 0, err
	}
	items, with := itemsOf(b), conditionsByWrite(b) // before others have to wait
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return 0, err
	}
	if m.tree == nil {
		m.tree = newTree()
	}
	if m.loaded {
		m.last, m.loaded = m.last+leap(), false
	}
	if i := m.apply(b, items, with, m.last+1); i >= 0 {
		return 0, fmt.Errorf("%w: condition %d", ErrConflict, i)
	}
	m.last++
	return m.last, nil
}

// itemsOf are the writes of b, without version.
func itemsOf(b *Batch) []treeItem {
	items := make([]treeItem, len(b.Writes))
	for i := range b.Writes {
		if w := &b.Writes[i]; w.Delete {
			items[i] = treeItemOf(w.Key)
		} else {
			items[i] = newTreeItem(w.Key, w.Value, 0)
		}
	}
	return items
}

// apply makes the writes of b, which items are, or none and returns the condition that
// does not hold. A condition on a key that is written is looked at when that is, as far as
// with tells: that is one walk through the tree instead of two.
func (m *Memory) apply(b *Batch, items []treeItem, with []int, version Version) int {
	for i := range b.Conditions {
		if c := &b.Conditions[i]; (with == nil || with[i] < 0) && m.version(c.Key) != c.Version {
			return i
		}
	}
	var near btree.PathHint
	next := 0
	for i := range items {
		var was treeItem
		if b.Writes[i].Delete {
			was, _ = m.tree.DeleteHint(items[i], &near)
		} else {
			items[i].version = version
			was, _ = m.tree.SetHint(items[i], &near)
		}
		if with == nil {
			continue
		}
		if was.version == 0 {
			was = items[i]
			was.version = 0
		}
		items[i] = was // what is to be there if the batch is undone
		for next < len(with) && with[next] < i {
			next++
		}
		if next < len(with) && with[next] == i && b.Conditions[next].Version != was.version {
			m.undo(items[:i+1])
			return next
		}
	}
	return -1
}

// undo puts back what was there, or nothing where the version is 0.
func (m *Memory) undo(items []treeItem) {
	for _, e := range items {
		if e.version == 0 {
			m.tree.Delete(e)
		} else {
			m.tree.Set(e)
		}
	}
}

// conditionsByWrite returns for each condition the write of the same key, -1 if there is
// none; nil where that can not be told in one pass.
func conditionsByWrite(b *Batch) []int {
	if len(b.Conditions) == 0 {
		return nil
	}
	for i := 1; i < len(b.Writes); i++ {
		if bytes.Compare(b.Writes[i-1].Key, b.Writes[i].Key) >= 0 {
			return nil
		}
	}
	with := make([]int, len(b.Conditions))
	w := 0
	for i := range b.Conditions {
		k := b.Conditions[i].Key
		if i > 0 && bytes.Compare(b.Conditions[i-1].Key, k) >= 0 {
			return nil
		}
		for w < len(b.Writes) && bytes.Compare(b.Writes[w].Key, k) < 0 {
			w++
		}
		with[i] = -1
		if w < len(b.Writes) && bytes.Equal(b.Writes[w].Key, k) {
			with[i] = w
		}
	}
	return with
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
	if m.tree == nil {
		return nil
	}
	var doomed []treeItem
	tree{m.tree}.ascend(r, func(e treeItem) bool {
		doomed = append(doomed, e)
		return true
	})
	for _, e := range doomed {
		m.tree.Delete(e)
	}
	return nil
}

// Limits implements [Store].
func (m *Memory) Limits() Limits { return memoryLimits }

// Len returns the number of keys.
func (m *Memory) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.tree == nil {
		return 0
	}
	return m.tree.Len()
}

// Close implements [Store]. It releases what is stored.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed.Store(true)
	m.tree = nil
	return nil
}
