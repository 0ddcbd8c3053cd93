package segment

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/store"
)

// frozen is what a save writes: everything as one step left it. It is made under the lock of the writer and written
// without it.
type frozen struct {
	snapshot    *Snapshot
	infer       bool
	location    string
	step        uint64
	clock, next int64
	last        uint64 // number of the last notice
	keep        int    // how many notices are kept at least
	notices     []Notice
	segments    []frozenSegment // ascending by name
	retired     map[string]int
}

// frozenSegment is a live segment in it.
type frozenSegment struct {
	name           string
	version        int
	count, waiting int
	history        []Version
	sizes          sizeLog
	members, held  []bitset.Set
	records        []*roster
	asleep         bool // not read since the shelf was opened, and so as it was
}

// saved is what a root names. It is not changed once it is that of a shelf.
type saved struct {
	root     *root
	contents contents
	exist    []bitset.Set
	tags     []*savedTag
	live     map[string]*savedLive
	kept     map[string]*frozenSegment // the segments as they were written; none of those that were not read
	replaced []berth                   // what the root took the place of: deleted once there is a next one
	written  []berth
}

// mooring says where a column that is in memory lies in a store as well.
type mooring struct{ at atomic.Pointer[moored] }

type moored struct {
	shelf *shelf
	savedColumn
}

func (m *mooring) moor() *mooring { return m }

// where returns where a column lies on the shelf, a zero berth if it does not.
func (k *shelf) where(col column) savedColumn {
	switch col := col.(type) {
	case *shelved:
		if col.of.shelf == k {
			return savedColumn{col.n, col.at}
		}
		if col.read.Load() { // of another one
			return k.where(col.col)
		}
	case interface{ moor() *mooring }:
		if m := col.moor().at.Load(); m != nil && m.shelf == k {
			return m.savedColumn
		}
	}
	return savedColumn{}
}

// save writes what has changed, and a root that names it. After an error the root before is in force, or, where it is
// said so by ErrUnknownOutcome, perhaps the new one: the next save, or who opens the store, finds out. It is for one
// goroutine at a time.
func (k *shelf) save(ctx context.Context, f *frozen) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for again := true; ; {
		was := k.saved
		done, err := k.trySave(ctx, f)
		if err == nil || done {
			return err
		}
		if k.saved != was {
			continue // the root of a save before came in force meanwhile
		}
		moved := errors.Is(err, errMoved) || errors.Is(err, store.ErrConflict) // a page of a save before may have come
		if !again || !moved {
			return err
		}
		again = false
	}
}

// trySave is save. done tells that the new root is in force, whatever went wrong after it.
func (k *shelf) trySave(ctx context.Context, f *frozen) (done bool, err error) {
	if err := k.settle(ctx); err != nil {
		return false, err
	}
	if !k.swept {
		if err := k.sweep(ctx); err != nil {
			return false, err
		}
		k.swept = true
	}
	k.attempt++
	s := f.snapshot
	now := &saved{
		root: &root{
			index: s.index, epoch: s.epoch, formerly: s.formerly, version: s.version, dense: s.dense, infer: f.infer,
			location: f.location, term: k.term, generation: k.attempt, step: f.step, clock: f.clock, next: f.next, last: f.last,
		},
		exist: s.exists, live: map[string]*savedLive{}, kept: map[string]*frozenSegment{},
	}
	w := &writing{k: k, ctx: ctx, was: k.saved, now: now, failed: len(k.failed)}
	if old := k.saved; old == nil || old.root.epoch != s.epoch {
		w.was = &saved{root: &root{first: f.last - uint64(len(f.notices)) + 1}}
		if old != nil { // of another index: all of it is replaced
			w.was.replaced, now.replaced = old.replaced, old.named()
		}
	}
	old, err := w.all(f)
	if err != nil {
		k.failed = append(k.failed, now.written...)
		return false, err
	}
	var b store.Batch
	b.Put([]byte(rootKey), summed(now.root.encode()))
	b.If([]byte(rootKey), k.version)
	err = k.commit(ctx, &b)
	k.unsure, k.settled = append(k.unsure, w), false // whatever err is: it may be about a second try
	if settled := k.settle(ctx); settled != nil {
		return false, errors.Join(err, settled)
	}
	if k.saved != now {
		return false, err
	}
	return true, k.tidy(ctx, old)
}

// all writes everything but the root. It returns the keys of pages of notices that are not kept any more.
func (w *writing) all(f *frozen) (pages [][]byte, err error) {
	if err := w.customers(f.snapshot); err != nil {
		return nil, err
	}
	if err := w.tags(f.snapshot); err != nil {
		return nil, err
	}
	if err := w.live(f.segments); err != nil {
		return nil, err
	}
	if pages, err = w.pages(f); err != nil {
		return nil, err
	}
	now, r := w.now, w.now.root
	now.contents.positions, now.contents.retired = uint64(f.snapshot.ids.len()), f.retired
	if r.contents, err = w.put(now.contents.encode()); err != nil {
		return nil, err
	}
	w.drop(w.was.root.contents)
	w.drop(w.was.root.gone)
	now.replaced = append(now.replaced, w.k.failed...)
	if r.gone, err = w.put(encodeGone(slices.Concat(now.replaced, w.was.replaced, w.k.late))); err != nil {
		return nil, err
	}
	return pages, w.flush()
}

// settle finds out which root is in force.
func (k *shelf) settle(ctx context.Context) error {
	if k.settled {
		return nil
	}
	e, err := k.store.Get(ctx, []byte(rootKey))
	if err != nil {
		return err
	}
	k.version, k.settled = e[0].Version, true
	if len(k.unsure) == 0 || e[0].Version == 0 {
		return nil
	}
	r, err := decodeSummedRoot(e[0].Value)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(k.unsure, func(w *writing) bool { return w.now.root.berth() == r.berth() })
	if i < 0 {
		return nil // they may come in force still, as long as no other does
	}
	w := k.unsure[i]
	for _, moor := range w.moored {
		moor()
	}
	if k.saved != nil {
		k.late = append(k.late, k.saved.replaced...)
	}
	k.failed = k.failed[w.failed:]
	for _, other := range slices.Delete(k.unsure, i, i+1) {
		k.failed = append(k.failed, other.now.written...)
	}
	k.saved, k.unsure = w.now, nil
	k.root.Store(w.now.root)
	return nil
}

// customers writes who exists, and the ids of chunks where that has changed.
func (w *writing) customers(s *Snapshot) error {
	was, now := w.was, w.now
	chunks := len(s.exists)
	if err := w.sets(was.exist, was.contents.exist, s.exists, &now.contents.exist); err != nil {
		return err
	}
	now.contents.ids, now.contents.hashes = cutTo(was.contents.ids, chunks), cutTo(was.contents.hashes, chunks)
	var changed []int
	for c := range chunks {
		held := func(positions uint64) int { return min(blockSize, int(positions)-c<<chunkBits) }
		if c >= len(was.exist) || was.exist[c] != s.exists[c] || held(was.contents.positions) != held(uint64(s.ids.len())) {
			changed = append(changed, c)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := s.needIDs(w.ctx, changed...); err != nil {
		return err
	}
	for _, of := range [...]struct {
		encode func(c int) []byte
		at     []berth
	}{{s.encodeIDs, now.contents.ids}, {s.encodeHashes, now.contents.hashes}} {
		err := w.putAll(len(changed), func(i int) []byte { return of.encode(changed[i]) }, func(i int, at berth) {
			c := changed[i]
			w.replace(of.at[c], at)
			of.at[c] = at
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sets writes the sets of groups of chunks that have changed. before and at are as they were written.
func (w *writing) sets(before []bitset.Set, at []berth, sets []bitset.Set, to *[]berth) error {
	groups := groupsOf(len(sets))
	for _, b := range at[min(groups, len(at)):] {
		w.drop(b)
	}
	*to = cutTo(at, groups)
	for i := range groups {
		first := i * setsTogether
		end := min(first+setsTogether, len(sets))
		if i < len(at) && end <= len(before) && slices.Equal(before[first:end], sets[first:end]) &&
			(end == len(before) || end%setsTogether == 0) {
			continue
		}
		b, err := w.put(encodeSets(first, sets[first:end]))
		if err != nil {
			return err
		}
		w.replace((*to)[i], b)
		(*to)[i] = b
	}
	return nil
}

// tags writes the columns and texts that have changed, and the catalogues of their tags.
func (w *writing) tags(s *Snapshot) error {
	was, now := w.was, w.now
	now.tags = make([]*savedTag, len(s.data))
	type job struct {
		cell
		kind string
		col  column
		at   *savedColumn
	}
	var jobs []job
	for i := range s.data {
		d, old := &s.data[i], &savedTag{}
		if i < len(was.tags) {
			old = was.tags[i]
		}
		t := &savedTag{t: *s.tags.tags[i], written: d.written, last: d.last}
		now.tags[i] = t
		if err := w.terms(s, i, old, t); err != nil {
			return err
		}
		for _, of := range [...]struct {
			kind     string
			columns  []column
			old, now *[]savedColumn
		}{{kindColumn, d.columns, &old.columns, &t.columns}, {kindTimes, d.times, &old.times, &t.times}} {
			if len(of.columns) > 0 {
				*of.now = make([]savedColumn, len(s.exists))
			}
			for c, col := range of.columns {
				if col == nil {
					continue
				}
				at := &(*of.now)[c]
				if *at = w.k.where(col); at.at == (berth{}) {
					jobs = append(jobs, job{cell{i, c}, of.kind, col, at})
				}
			}
		}
	}
	for first := 0; first < len(jobs); first += 4096 { // what lies on another shelf is read first
		some := jobs[first:min(first+4096, len(jobs))]
		var cells []cell
		for _, j := range some {
			cells = append(cells, j.cell)
		}
		if err := s.needCells(w.ctx, cells, false); err != nil {
			return err
		}
		err := w.putAll(len(some), func(i int) []byte {
			return encodeColumn(some[i].kind, some[i].tag, some[i].chunk, taken(some[i].col))
		}, func(i int, at berth) {
			j := some[i]
			*j.at = savedColumn{uint32(j.col.members().Len()), at}
			if m, ok := asRead(j.col).(interface{ moor() *mooring }); ok {
				is := &moored{w.k, *j.at}
				w.moored = append(w.moored, func() { m.moor().at.Store(is) })
			}
		})
		if err != nil {
			return err
		}
	}
	return w.catalogues()
}

// catalogues writes what is said of the tags that have changed.
func (w *writing) catalogues() error {
	was, now := w.was, w.now
	now.contents.tags = cutTo(was.contents.tags, len(now.tags))
	var changed []int
	for i, t := range now.tags {
		old := &savedTag{}
		if i < len(was.tags) {
			old = was.tags[i]
		}
		columns := func(old, now []savedColumn) {
			for c, o := range old {
				if c < len(now) {
					w.replace(o.at, now[c].at)
				} else {
					w.drop(o.at)
				}
			}
		}
		columns(old.columns, t.columns)
		columns(old.times, t.times)
		if i >= len(was.tags) || !old.equal(t) {
			changed = append(changed, i)
		}
	}
	return w.putAll(len(changed), func(i int) []byte { return now.tags[changed[i]].encode() }, func(i int, at berth) {
		tag := changed[i]
		w.replace(now.contents.tags[tag], at)
		now.contents.tags[tag] = at
	})
}

func (s *savedTag) equal(t *savedTag) bool {
	same := func(a, b []savedColumn) bool {
		for c := range max(len(a), len(b)) {
			var x, y savedColumn
			if c < len(a) {
				x = a[c]
			}
			if c < len(b) {
				y = b[c]
			}
			if x != y {
				return false
			}
		}
		return true
	}
	return s.t == t.t && s.written.Equal(t.written) && s.last == t.last && slices.Equal(s.terms, t.terms) &&
		same(s.columns, t.columns) && same(s.times, t.times)
}

// terms writes the texts that have come. What was written of few is written again together with them.
func (w *writing) terms(s *Snapshot, tag int, old, now *savedTag) error {
	d := &s.data[tag]
	if d.terms == nil {
		return nil
	}
	now.terms = old.terms
	if d.last == old.last {
		return nil
	}
	from, n := old.last, len(old.terms)
	for n > 0 && old.terms[n-1].at.bytes < partBytes {
		n--
		from -= old.terms[n].n
		w.drop(old.terms[n].at)
	}
	if err := s.needTexts(w.ctx, []int{tag}); err != nil {
		return err
	}
	at, err := w.put(encodeTerms(tag, d.texts()[from:d.last]))
	now.terms = append(slices.Clone(old.terms[:n]), savedTerms{d.last - from, at})
	return err
}

// named returns everything that a root names.
func (s *saved) named() []berth {
	c := &s.contents
	list := slices.Concat([]berth{s.root.contents, s.root.gone}, c.exist, c.ids, c.hashes, c.tags, c.live)
	for _, t := range s.tags {
		for _, at := range t.terms {
			list = append(list, at.at)
		}
		for _, columns := range [...][]savedColumn{t.columns, t.times} {
			for _, at := range columns {
				list = append(list, at.at)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.live)) {
		g := s.live[name]
		list = slices.Concat(list, []berth{g.definitions}, g.members, g.held, g.records)
	}
	return slices.DeleteFunc(list, func(b berth) bool { return b == berth{} })
}

// cutTo returns a list of n: the first elements of another, then zeros.
func cutTo[T any](list []T, n int) []T {
	cut := make([]T, n)
	copy(cut, list)
	return cut
}
