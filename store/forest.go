package store

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/tidwall/btree"

	"github.com/clientele-go/clientele/internal/parallel"
)

// A forest is entries in B-trees, each of which has those of a range of keys, so that
// several goroutines can write a large batch.
type forest struct {
	trees []*btree.BTreeG[treeItem] // at least one; if there are more, none is empty
	from  []treeItem                // by tree: its keys are not before this one; the first is before all keys
	most  int                       // entries beyond which a tree is divided
}

const (
	mostInTree = 1 << 16
	pieces     = 4 // into which a tree is divided, or more: fewer have each entry moved more often
)

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

// before compares keys.
func (t treeItem) before(o treeItem) bool {
	if t.first != o.first {
		return t.first < o.first
	}
	if t.second != o.second {
		return t.second < o.second
	}
	return bytes.Compare(t.data, o.data) < 0
}

func newTree() *btree.BTreeG[treeItem] {
	return btree.NewBTreeGOptions(treeItem.before, btree.Options{NoLocks: true})
}

func newForest() *forest {
	return &forest{trees: []*btree.BTreeG[treeItem]{newTree()}, from: make([]treeItem, 1), most: mostInTree}
}

// at is the number of the tree that has an item, or would have it.
func (f *forest) at(e treeItem) int {
	lo, hi := 1, len(f.from)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); e.before(f.from[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// get returns the entry of key, or one of version 0.
func (f *forest) get(key []byte) treeItem {
	e := treeItemOf(key)
	found, _ := f.trees[f.at(e)].Get(e)
	return found
}

func (f *forest) len() (n int) {
	for _, t := range f.trees {
		n += t.Len()
	}
	return n
}

// copy is the entries of r as of now, only to be read, and perhaps others; with a limit no more trees than
// will be read. It costs O(trees).
func (f *forest) copy(r Range) *forest {
	lo, hi := f.at(treeItemOf(r.From)), len(f.trees)
	if len(r.To) > 0 {
		hi = max(lo, f.at(treeItemOf(r.To))) + 1
	}
	first, step := lo, 1
	if r.Reverse {
		first, step = hi-1, -1
	}
	c := new(forest)
	sure := 0 // of the entries: between the first tree and the last all belong to r
	for i := first; lo <= i && i < hi && (r.Limit <= 0 || sure < r.Limit); i += step {
		c.trees = append(c.trees, f.trees[i].Copy())
		if i != first {
			sure += f.trees[i].Len()
		}
	}
	if r.Reverse {
		slices.Reverse(c.trees)
	}
	return c
}

// ascend calls do for the entries of r in its order, until it returns false.
func (f *forest) ascend(r Range, do func(treeItem) bool) {
	from, to := treeItemOf(r.From), treeItemOf(r.To)
	more := true
	up := func(e treeItem) bool {
		more = (len(r.To) == 0 || e.before(to)) && do(e)
		return more
	}
	down := func(e treeItem) bool {
		more = len(r.To) > 0 && !e.before(to) || !e.before(from) && do(e) // the end does not belong to it
		return more
	}
	for i := 0; i < len(f.trees) && more; i++ {
		switch last := f.trees[len(f.trees)-1-i]; {
		case !r.Reverse:
			f.trees[i].Ascend(from, up)
		case len(r.To) == 0:
			last.Reverse(down)
		default:
			last.Descend(to, down)
		}
	}
}

// load adds an entry that is after all others.
func (f *forest) load(e treeItem) {
	if last := f.trees[len(f.trees)-1]; last.Len() >= f.most/2 {
		f.trees, f.from = append(f.trees, newTree()), append(f.from, treeItemOf(bytes.Clone(e.data)))
	}
	f.trees[len(f.trees)-1].Load(e)
}

// A stretch is items next to each other that belong into the same tree.
type stretch struct {
	tree, lo, hi int
	written      int  // from lo
	failed       bool // the last of those is not to be written
}

// stretches appends those of items to all.
func (f *forest) stretches(all []stretch, items []treeItem) []stretch {
	for i := 0; i < len(items); {
		s := stretch{tree: f.at(items[i]), lo: i}
		for i++; i < len(items) && !items[i].before(f.from[s.tree]) && (s.tree+1 == len(f.from) || items[i].before(f.from[s.tree+1])); {
			i++
		}
		s.hi = i
		all = append(all, s)
	}
	return all
}

// write puts items, and deletes those without a version. If holds is not nil it is asked about each
// item, with the version of what was there, 0 for nothing; the first for which it is false is returned, and nothing
// is written then; else -1. Items must ascend where there are several workers, or holds.
// What they are afterwards is undefined.
func (f *forest) write(workers int, items []treeItem, holds func(item int, was Version) bool) int {
	var few [4]stretch
	all := f.stretches(few[:0], items)
	if len(all) == 1 {
		workers = 1
	}
	parallel.For(workers, len(all), func(i int) { f.writeStretch(&all[i], items, holds) })
	if i := slices.IndexFunc(all, func(s stretch) bool { return s.failed }); i >= 0 {
		for _, s := range all { // they have what was there
			f.writeStretch(&stretch{tree: s.tree, lo: s.lo, hi: s.lo + s.written}, items, nil)
		}
		return all[i].lo + all[i].written - 1
	}
	if slices.ContainsFunc(all, func(s stretch) bool { return f.untidy(s.tree) }) {
		f.tidy()
	}
	return -1
}

// writeStretch leaves in items what was there, if holds is not nil.
func (f *forest) writeStretch(s *stretch, items []treeItem, holds func(item int, was Version) bool) {
	t := f.trees[s.tree]
	var near btree.PathHint
	for i := s.lo; i < s.hi && !s.failed; i++ {
		var was treeItem
		if e := items[i]; e.version == 0 {
			was, _ = t.DeleteHint(e, &near)
		} else {
			was, _ = t.SetHint(e, &near)
		}
		s.written++
		if holds == nil {
			continue
		}
		if was.version == 0 {
			was = items[i]
			was.version = 0
		}
		items[i] = was
		s.failed = !holds(i, was.version)
	}
}

// untidy reports whether a tree has become too large, or empty.
func (f *forest) untidy(tree int) bool {
	n := f.trees[tree].Len()
	return n > f.most || n == 0 && len(f.trees) > 1
}

// tidy divides trees that have become too large and drops those that are empty.
func (f *forest) tidy() {
	for i := 0; i < len(f.trees); i++ {
		if !f.untidy(i) {
			continue
		}
		trees, from := divided(f.trees[i], f.most)
		f.trees = slices.Replace(f.trees, i, i+1, trees...)
		if len(trees) > 0 {
			f.from = slices.Insert(f.from, i+1, from...)
		} else { // what is before the second tree belongs into the first
			f.from = slices.Delete(f.from, max(i, 1), max(i, 1)+1)
		}
		i += len(trees) - 1
	}
}

// divided is the entries of a tree in several of at most that many, and where those begin but the first.
func divided(t *btree.BTreeG[treeItem], most int) (trees []*btree.BTreeG[treeItem], from []treeItem) {
	n, each := 0, min((t.Len()+pieces-1)/pieces, most)
	t.Scan(func(e treeItem) bool {
		if n%each == 0 {
			trees, from = append(trees, newTree()), append(from, treeItemOf(bytes.Clone(e.data)))
		}
		trees[len(trees)-1].Load(e)
		n++
		return true
	})
	return trees, from[min(1, len(from)):]
}
