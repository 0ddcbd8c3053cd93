package profile

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// finishSlice deletes what a slice whose customer was erased has of its stream: what lies up
// to where, when that happened, the next slice began, and is of whom was erased. Then what the
// stream has there since is of whoever has the slice before. The position is settled, and
// nothing was followed since the round of the erasure: so all slices are as they were then,
// but for those that changed in the same round.
func (p *Profiles) finishSlice(ctx context.Context, at *position, n sliceName) error {
	x := &sliceEraser{p: p, at: at, name: n}
	for !x.done {
		pages := x.pages
		_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			x.pages = pages
			return x.batch(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A sliceEraser deletes the entries of a slice, some pages in a commit, and the newest with the
// last.
type sliceEraser struct {
	p     *Profiles
	at    *position
	name  sliceName
	until int64 // where the slice ended
	pages int   // that have been gone through
	done  bool
}

func (x *sliceEraser) batch(ctx context.Context) (*store.Batch, error) {
	keys := [][]byte{[]byte(followKey), sliceKey(x.name), headKey(x.name.stream)}
	read, err := x.p.s.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	if read[0].Version != x.at.version {
		return nil, errOvertaken
	}
	s, err := readSlice(read[1])
	if err != nil {
		return nil, err
	}
	if x.done = s.fate != sliceErasing; x.done {
		return nil, nil
	}
	h, err := decodeHead(read[2])
	if err != nil {
		return nil, err
	}
	if s.until == never { // or nobody knew where yet
		if s.until, err = x.p.sliceEnded(ctx, x.at, x.name, s.at); err != nil {
			return nil, err
		}
	}
	x.until = s.until
	b := new(store.Batch)
	b.If(keys[0], x.at.version)
	b.If(keys[2], h.version)
	erased := func(micros, learned int64) bool {
		return x.name.from <= micros && micros < s.until && s.erases(micros, learned)
	}
	keeps := func(e *entry) bool { return !erased(e.time, e.learned) }
	if err := x.sievePages(ctx, h, keeps, b); err != nil {
		return nil, err
	}
	if x.done = x.pages >= h.pages; x.done {
		if err := x.sieveHead(ctx, h, keeps, erased); err != nil {
			return nil, err
		}
		s.fate = sliceErased
		h.edits++
		b.Put(keys[1], s.data())
		if err := x.wait(ctx, b); err != nil {
			return nil, err
		}
	}
	b.Put(keys[2], h.encode())
	return b, nil
}

// had tells whether somebody has a slice, or had it at a time since which the position was
// settled once: one that was given up since then, or by the same change, was there.
func (at *position) had(l lying, since int64) bool {
	return l.claimed || l.round == at.round() && l.left >= since
}

// sliceEnded returns where a slice ended at the time when a customer was erased.
func (p *Profiles) sliceEnded(ctx context.Context, at *position, n sliceName, since int64) (int64, error) {
	r := store.Range{From: append(sliceKey(n), 0), To: store.Under(key('s', n.stream[:])).To}
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return 0, err
		}
		l, err := readLying(e)
		if err != nil {
			return 0, err
		}
		if at.had(l, since) {
			return l.from, nil
		}
	}
	return never, nil
}

// sievePages goes through some more pages.
func (x *sliceEraser) sievePages(ctx context.Context, h *head, keeps func(*entry) bool, b *store.Batch) error {
	changed, size := 0, 0
	through := true
	for page, err := range x.p.scanPages(ctx, x.name.stream, x.pages+1, h.pages) {
		if err != nil {
			return err
		}
		if through = changed < purgedPages && size < purgedBytes; !through {
			break
		}
		if _, x.pages, err = readPageKey(page.Key); err != nil {
			return err
		}
		first, last, err := spanOf(page.Value)
		if err != nil {
			return err
		}
		if last < x.name.from || x.until <= first {
			continue
		}
		left, old, err := sieve(page.Value, keeps)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			continue
		}
		if len(left) == 0 {
			b.Delete(page.Key)
		} else {
			b.Put(page.Key, encodePage(left, nil))
		}
		for _, hash := range old {
			b.Delete(entryKey(x.name.stream, hash))
		}
		changed, size = changed+1, size+len(page.Value)
	}
	if through {
		x.pages = h.pages
	}
	if changed > 0 {
		h.edit(x.name.stream, b)
	}
	return nil
}

// sieveHead goes through the newest entries, and what was set aside.
func (x *sliceEraser) sieveHead(ctx context.Context, h *head, keeps func(*entry) bool, erased func(micros, learned int64) bool) error {
	entries, old, err := sieve(h.tail, keeps)
	if err != nil {
		return err
	}
	h.tail = encodeTail(entries, nil)
	a, l, err := x.p.openedAside(ctx, x.name.stream, h)
	if err != nil {
		return err
	}
	kept := len(a.newest)
	a.newest = slices.DeleteFunc(a.newest, func(v Rejected) bool {
		if !erased(v.Time.UnixMicro(), v.Learned.UnixMicro()) {
			return false
		}
		old = append(old, hashID(v.Evidence))
		return true
	})
	if len(a.newest) < kept {
		h.aside = a.encode(l)
	}
	for _, hash := range old {
		if at := h.find(hash); at >= 0 {
			h.marks = slices.Delete(h.marks, at, at+markSize)
		}
	}
	return nil
}

// wait has those wait who have the slice before: it is longer now.
func (x *sliceEraser) wait(ctx context.Context, b *store.Batch) error {
	all, err := x.p.slicesFrom(ctx, x.name.stream, x.name.from, x.name.from)
	if err != nil {
		return err
	}
	before := make(tenants)
	for _, l := range all {
		if l.claimed {
			before[l.atom] = true
		}
	}
	return before.wait(ctx, x.p, b, nil, map[customer.ID]bool{})
}
