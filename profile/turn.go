package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

const (
	mostMarks    = 64      // of a head: with so many they go into pages
	mostTail     = 8 << 10 // bytes
	pageEntries  = 64
	pageBytes    = 24 << 10 // from which on a page takes no more
	mostPages    = 1<<31 - 1
	partialBytes = 48 << 10 // of a part of a partial
	mostParts    = 12       // larger partials are not kept
)

// full tells whether the newest entries are too many for a head.
func (h *head) full() bool {
	return len(h.marks) >= mostMarks*markSize || len(h.tail) > mostTail
}

// moves is about how many writes it takes to turn so many of the newest entries.
func moves(n int) int { return n + n/pageEntries + 2 }

// turn moves the newest entries of an atom into pages: those of the tail and fresh ones, which
// are not in it yet, sealed with the lock; their marks are in the head. before is the partial of
// the pages so far, which takes them in; nil where it is too large to be kept.
//
// What lies in the future when it is learned stays in the head, if it is not too much: the
// partial is of use for moments after all that is in pages.
func (h *head) turn(f *inForce, id customer.AtomID, fresh pack, l *lock, before *partial, b *store.Batch) error {
	entries, err := h.leaving(fresh, l, before != nil)
	if err != nil {
		return err
	}
	n := len(entries)
	for n > 0 && entries[n-1].time > entries[n-1].learned {
		n--
	}
	rest := tailOf(entries[n:])
	if len(entries)-n > mostMarks/2 || len(rest) > mostTail/2 {
		n, rest = len(entries), nil
	}
	room := f.reader()
	places := make(map[idHash]int, len(entries)) // the page of each; those that stay have -1
	for _, e := range entries[n:] {
		places[e.hash] = -1
	}
	if n > 0 && (h.pages == 0 || entries[0].time < h.first) {
		h.first = entries[0].time
	}
	w := wire.Sized("", 1, 64*min(n, pageEntries))
	for entries = entries[:n]; len(entries) > 0; {
		page, taken := cutPage(w, entries)
		h.pages++
		if h.pages > mostPages {
			return fmt.Errorf("profile: entries of an atom: %w", store.ErrTooLarge)
		}
		b.Put(pageKey(id, h.pages), page)
		for _, e := range entries[:taken] {
			places[e.hash] = h.pages
			if before != nil && e.retracted == 0 {
				before.add(f.bound, e.entry, room)
			}
		}
		if last := entries[taken-1].time; h.pages == 1 || last > h.latest {
			h.latest = last
		}
		entries = entries[taken:]
	}
	var marks []byte
	for at := 0; at < len(h.marks); at += markSize {
		hash := idHash(h.marks[at:])
		if page := places[hash]; page >= 0 {
			b.Put(entryKey(id, hash), encodePlace(page, h.sum(at)))
			h.outside = true
		} else {
			marks = append(marks, h.marks[at:at+markSize]...)
		}
	}
	h.marks, h.tail = marks, rest
	if h.pages > 0 && before != nil {
		h.putPartial(f, id, before, b)
	}
	return nil
}

// A leaving is an entry that leaves a head for a page.
type leaving struct {
	*entry
	hash idHash
}

// leaving returns the entries of the tail and fresh ones, sealed with the lock, in order; open
// tells to open those of the tail.
func (h *head) leaving(fresh pack, l *lock, open bool) ([]leaving, error) {
	d := decoder{entries: make([]entry, 0, len(h.marks)/markSize)}
	if open {
		d.lock = l
	}
	if err := d.page(h.tail); err != nil {
		return nil, err
	}
	all := make([]leaving, 0, len(d.entries)+len(fresh))
	for i := range d.entries {
		all = append(all, leaving{&d.entries[i], hashID(d.entries[i].id)})
	}
	for _, g := range fresh {
		all = append(all, leaving{l.sealed(&g.e), g.hash})
	}
	slices.SortFunc(all, func(a, b leaving) int { return compareEntries(a.entry, b.entry) })
	return all, nil
}

// tailOf is encodeTail of what stays.
func tailOf(all []leaving) []byte {
	entries := make([]entry, len(all))
	for i := range all {
		entries[i] = *all[i].entry
	}
	return encodeTail(entries, nil)
}

// cutPage returns the page of the first entries, and how many it holds. It uses w.
func cutPage(w *wire.Writer, entries []leaving) (page []byte, n int) {
	w.Reset()
	base, sealed := entries[0].learned, false
	first, last := entries[0].time, entries[0].time
	for n < min(len(entries), pageEntries) && len(w.Data()) < pageBytes {
		e := entries[n]
		e.encode(w, base, nil)
		first, last, sealed = min(first, e.time), max(last, e.time), sealed || e.sealed()
		n++
	}
	to := wire.Sized("profile/page", versionOf(sealed), 48+len(w.Data()))
	to.Int(first)
	to.Int(last)
	to.Int(base)
	return append(to.Data(), w.Data()...), n
}

// encodePlace returns what stands under an entryKey: the page, 0 if nothing was kept of the
// evidence, and the sum of its mark.
func encodePlace(page int, sum contentSum) []byte {
	w := wire.Sized("profile/id", 1, 32)
	w.Uint(uint64(page))
	w.Bytes(sum[:])
	return w.Data()
}

// readPlace decodes what encodePlace encoded; found is false of an entry that is not there.
func readPlace(e store.Entry) (page int, sum contentSum, found bool, err error) {
	if e.Version == 0 {
		return 0, sum, false, nil
	}
	r := wire.Read(e.Value)
	r.Expect("profile/id", 1)
	n, data := r.Uint(), r.Bytes()
	if n > mostPages || len(data) != len(sum) {
		fault(r)
	}
	copy(sum[:], data)
	if err := r.Close(); err != nil {
		return 0, sum, false, fmt.Errorf("profile: id of an entry: %w", err)
	}
	return int(n), sum, true, nil
}

// putPartial keeps a partial in parts, unless it is too large.
func (h *head) putPartial(f *inForce, id customer.AtomID, p *partial, b *store.Batch) {
	w := wire.Sized("profile/partial", 1, 1024)
	w.Bytes(f.fingerprint[:])
	p.encode(w)
	data := w.Data()
	if p.lock != nil {
		w = wire.Sized("profile/partial", 2, len(data)+64)
		p.lock.write(w, data, partialField)
		data = w.Data()
	}
	parts := slices.Collect(slices.Chunk(data, partialBytes))
	if h.large = len(parts) > mostParts; h.large {
		parts = nil
	}
	for i, part := range parts {
		b.Put(partialKey(id, i), part)
	}
	for i := len(parts); i < h.parts; i++ {
		b.Delete(partialKey(id, i))
	}
	h.parts = len(parts)
}

// keep keeps a partial that had to be made of the pages, unless the atom has changed since, or
// the store will not have it at once.
func (p *Profiles) keep(ctx context.Context, f *inForce, paged *partial) error {
	h := *paged.head
	b := new(store.Batch)
	h.putPartial(f, paged.atom, paged, b)
	if h.pages == 0 || h.large && paged.head.large {
		return nil
	}
	b.If(headKey(paged.atom), h.version)
	b.If([]byte(schemaKey), f.read)
	b.Put(headKey(paged.atom), h.encode())
	_, err := store.Update(ctx, p.s, p.o.Backoff, func(context.Context) (once *store.Batch, _ error) {
		once, b = b, nil
		return once, nil
	})
	if errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil {
		return nil
	}
	return err
}

// edit notes that pages are changed, and forgets the partial, which is made anew of them when
// it is needed.
func (h *head) edit(id customer.AtomID, b *store.Batch) {
	h.edits++
	for i := range h.parts {
		b.Delete(partialKey(id, i))
	}
	h.parts = 0
}

// partials returns the partials of the pages of atoms, from the store or, where they are
// not kept or of another schema, made anew from the pages. They are right if the heads have not changed
// meanwhile.
func (p *Profiles) partials(ctx context.Context, f *inForce, ids []customer.AtomID, heads []*head, keys locks) ([]*partial, error) {
	cached, err := p.cachedPartials(ctx, ids, heads)
	if err != nil {
		return nil, err
	}
	all := make([]*partial, len(ids))
	for i, h := range heads {
		if all[i] = f.joinPartial(cached[i], keys.of(i)); all[i] == nil {
			if all[i], err = p.rebuild(ctx, f, ids[i], h.pages, keys.of(i)); err != nil {
				return nil, err
			}
			all[i].atom, all[i].head = ids[i], h
		}
		all[i].lock = keys.of(i)
	}
	return all, nil
}

// cachedPartials reads the parts of partials, of each joined.
func (p *Profiles) cachedPartials(ctx context.Context, ids []customer.AtomID, heads []*head) ([][]byte, error) {
	var keys [][]byte
	for i, h := range heads {
		for part := range h.parts {
			keys = append(keys, partialKey(ids[i], part))
		}
	}
	entries, err := p.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, len(ids))
	for i, h := range heads {
		for _, part := range entries[:h.parts] {
			all[i] = append(all[i], part.Value...)
		}
		entries = entries[h.parts:]
	}
	return all, nil
}

// joinPartial decodes a partial. It is a cache: nil if it is not whole, as while it is being
// replaced, or of another schema, or does not open.
func (f *inForce) joinPartial(data []byte, l *lock) *partial {
	r := wire.Read(data)
	if r.Version() == 2 {
		r.Expect("profile/partial", 2)
		plain, err := l.unseal(&sealedValue{r.Uint(), r.Bytes()}, partialField)
		if r.Close() != nil || err != nil {
			return nil
		}
		r = wire.Read(plain)
	}
	r.Expect("profile/partial", 1)
	if !bytes.Equal(r.Bytes(), f.fingerprint[:]) {
		return nil
	}
	paged := f.readPartial(r)
	if r.Close() != nil {
		return nil
	}
	return paged
}

// rebuild makes the partial of an atom of its pages.
func (p *Profiles) rebuild(ctx context.Context, f *inForce, id customer.AtomID, pages int, l *lock) (*partial, error) {
	paged := f.newPartial()
	room := f.reader()
	for page, err := range p.scanPages(ctx, id, 1, pages) {
		if err != nil {
			return nil, err
		}
		d := decoder{lock: l}
		if err := d.page(page.Value); err != nil {
			return nil, err
		}
		for i := range d.entries {
			if d.entries[i].retracted == 0 {
				paged.add(f.bound, &d.entries[i], room)
			}
		}
	}
	return paged, nil
}

// readPages decodes the pages of an atom up to one.
func (p *Profiles) readPages(ctx context.Context, d *decoder, id customer.AtomID, last int) error {
	for page, err := range p.scanPages(ctx, id, 1, last) {
		if err != nil {
			return err
		}
		if err := d.page(page.Value); err != nil {
			return err
		}
	}
	return nil
}

// scanPages yields pages of an atom: those that are there, which after a purge can be few of
// many.
func (p *Profiles) scanPages(ctx context.Context, id customer.AtomID, first, last int) iter.Seq2[store.Entry, error] {
	return p.s.Scan(ctx, store.Range{From: pageKey(id, first), To: pageKey(id, last+1)})
}
