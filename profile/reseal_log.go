package profile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A logResealing seals what lies in the clear in a log, some pages in a commit, and the newest
// entries with the last. Not safe for concurrent use.
type logResealing struct {
	*Profiles
	id      customer.AtomID
	pages   int  // that have been gone through
	changed bool // something was sealed
	done    bool

	// Of the commit in the making.
	f     *inForce
	head  *head
	lock  *lock
	b     *store.Batch
	dirty bool // it changes something
}

const resealedPages = 4 // of one commit

func (l *logResealing) run(ctx context.Context) error {
	if l.o.Vault == nil {
		return nil
	}
	for !l.done {
		pages := l.pages
		committed := false
		err := l.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
			l.pages = pages
			b, err := l.batch(ctx)
			committed = committed || b != nil
			return b, err
		})
		if err != nil {
			return err
		}
		l.changed = l.changed || committed
	}
	return nil
}

// errDestroyed says that the key of the atom has been destroyed: there is nothing to seal.
var errDestroyed = errors.New("profile: key destroyed")

// batch returns the next commit, nil where there is nothing to do.
func (l *logResealing) batch(ctx context.Context) (*store.Batch, error) {
	l.done, l.dirty, l.b = true, false, new(store.Batch)
	var err error
	if l.f, err = l.reread(ctx); err != nil {
		return nil, err
	}
	heads, err := l.heads(ctx, []customer.AtomID{l.id})
	if err != nil {
		return nil, err
	}
	if l.head, l.lock, err = l.Profiles.lock(ctx, l.f, l.id, heads[0]); err != nil || l.head.erased {
		return nil, err
	}
	through, err := l.sealPages(ctx)
	if err == nil && through {
		err = l.sealHead(ctx)
	}
	if errors.Is(err, errDestroyed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.done = through
	if !l.dirty {
		return nil, nil
	}
	l.b.If([]byte(schemaKey), l.f.read)
	l.b.If(headKey(l.id), l.head.version)
	l.b.Put(headKey(l.id), l.head.encode())
	return l.b, nil
}

// unlock has the key of the log ready, a new one if it has none.
func (l *logResealing) unlock(ctx context.Context) error {
	if l.lock != nil {
		return nil
	}
	found, err := l.keys(ctx, []customer.AtomID{l.id})
	if err != nil {
		return err
	}
	k := found[0].Key
	switch err := found[0].Err; {
	case errors.Is(err, seal.ErrDestroyed):
		return errDestroyed
	case errors.Is(err, seal.ErrNoKey):
		if k, err = l.o.Vault.Create(ctx, l.b, l.id); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	l.lock, l.head.keyed = &lock{l.f.bound, k}, true
	return nil
}

// inTheClear tells whether a value is to be sealed and is not.
func (l *logResealing) inTheClear(v *numbered) bool {
	return v.sealed == nil && !v.value.IsUnset() && l.f.protects(v.number)
}

// open decodes a page or tail, and tells whether something in it is in the clear. Only then
// sealed values are opened.
func (l *logResealing) open(ctx context.Context, page []byte) (entries []entry, clear bool, err error) {
	entries, err = readEntries(page)
	if err != nil || !slices.ContainsFunc(entries, func(e entry) bool {
		return slices.ContainsFunc(e.values, func(v numbered) bool { return l.inTheClear(&v) })
	}) {
		return entries, false, err
	}
	if err := l.unlock(ctx); err != nil {
		return nil, false, err
	}
	d := decoder{lock: l.lock}
	if err := d.page(page); err != nil {
		return nil, false, err
	}
	for i := range d.entries {
		if !l.f.knows(&d.entries[i]) { // it was added under a newer schema, just now
			return nil, false, fmt.Errorf("profile: schema: %w", store.ErrConflict)
		}
	}
	return d.entries, true, nil
}

// seal seals what of an entry is in the clear, and tells whether something was.
func (l *logResealing) seal(e *entry) (clear bool) {
	for i := range e.values {
		if v := &e.values[i]; l.inTheClear(v) {
			v.sealed, clear = l.lock.seal(v), true
		}
	}
	return clear
}

// sums calls of with the sum of what an entry says that anybody can make, and that under the key, if
// all that was said was kept. In place of decimals whole numbers may have been said: then it is
// called again.
func (l *logResealing) sums(e *entry, of func(open, keyed contentSum)) {
	g := given{Evidence: &Evidence{
		Source: l.f.nameOf(e.source), Event: l.f.nameOf(e.event), Time: time.UnixMicro(e.time), Verified: e.verified,
	}}
	for _, v := range e.values {
		g.fields = append(g.fields, customer.Field{Name: l.f.nameOf(v.number), Value: v.value})
	}
	slices.SortFunc(g.fields, func(a, b customer.Field) int { return strings.Compare(a.Name, b.Name) })
	give := func() {
		sum := sha256.Sum256(g.said(wire.Sized("", 1, 64)))
		of(sumOf(sum[:]), g.sumUnder(l.lock))
	}
	give()
	whole := false
	for i := range g.fields {
		if n, scale, ok := g.fields[i].Value.Decimal(); ok && scale == 0 {
			g.fields[i].Value, whole = customer.Int64Value(n), true
		}
	}
	if whole {
		give()
	}
}

// sealPages goes through some more pages, and tells whether through all.
func (l *logResealing) sealPages(ctx context.Context) (through bool, err error) {
	changed, size, last := 0, 0, l.head.pages
	for page, err := range l.scanPages(ctx, l.id, l.pages+1, last) {
		if err != nil {
			return false, err
		}
		if changed == resealedPages || size > purgedBytes {
			return false, nil
		}
		_, n, err := readPageKey(page.Key)
		if err != nil {
			return false, err
		}
		l.pages = n
		entries, clear, err := l.open(ctx, page.Value)
		if err != nil {
			return false, err
		}
		if !clear {
			continue
		}
		written, err := l.sealPage(ctx, n, entries)
		if err != nil {
			return false, err
		}
		changed, size = changed+1, size+written
	}
	l.pages = last
	return changed == 0, nil // what a commit takes is bounded: the newest are with the next
}

// sealPage puts a page anew, and what has no room in it any more into new pages.
func (l *logResealing) sealPage(ctx context.Context, n int, entries []entry) (size int, err error) {
	keys, clear, all := make([][]byte, len(entries)), make([]bool, len(entries)), make([]leaving, len(entries))
	for i := range entries {
		clear[i] = l.seal(&entries[i])
		all[i] = leaving{&entries[i], hashID(entries[i].id)}
		keys[i] = entryKey(l.id, all[i].hash)
	}
	places, err := l.read(ctx, keys)
	if err != nil {
		return 0, err
	}
	to, w := n, wire.Sized("", 1, 64*pageEntries)
	for at := 0; at < len(entries); {
		data, taken := cutPage(w, all[at:])
		if at > 0 {
			l.head.pages++
			to = l.head.pages
		}
		if to > mostPages {
			return 0, fmt.Errorf("profile: entries of an atom: %w", store.ErrTooLarge)
		}
		l.b.Put(pageKey(l.id, to), data)
		size += len(data)
		for i := at; i < at+taken; i++ {
			_, sum, found, err := readPlace(places[i])
			if err != nil {
				return 0, err
			}
			now := sum
			if clear[i] {
				now = l.resum(&entries[i], sum)
			}
			if found && (now != sum || to != n) {
				l.b.Put(keys[i], encodePlace(to, now))
			}
		}
		at += taken
	}
	if to != n { // who reads has to look for what was moved
		l.head.edits++
	}
	l.dirty = true
	return size, nil
}

// resum returns the sum of an entry under the key, where it may be one that anybody can make.
func (l *logResealing) resum(e *entry, sum contentSum) contentSum {
	if sum == (contentSum{}) { // it was taken back
		return sum
	}
	now := l.lock.veil(sum) // of what was said something was set aside
	l.sums(e, func(open, keyed contentSum) {
		if sum == open || sum == keyed {
			now = keyed
		}
	})
	return now
}

// sealHead seals what is in the head, and the partial. If the newest entries have become too many
// bytes they are moved into pages.
func (l *logResealing) sealHead(ctx context.Context) error {
	h := l.head
	entries, clear, err := l.open(ctx, h.tail)
	if err != nil {
		return err
	}
	if clear {
		l.dirty = true
		for i := range entries {
			e := &entries[i]
			if !l.seal(e) {
				continue
			}
			hash := hashID(e.id)
			if at := h.find(hash); at >= 0 {
				h.mark(at, hash, l.resum(e, h.sum(at)))
			}
		}
		h.tail = encodeTail(entries, nil)
	}
	a, err := readAside(h.aside)
	if err != nil {
		return err
	}
	if a.sealed == nil && len(a.newest) > 0 {
		l.dirty = true
		if err := l.unlock(ctx); err != nil {
			return err
		}
		h.aside = a.encode(l.lock)
	}
	turn := clear && h.full()
	open, err := l.partialInTheClear(ctx)
	if err != nil || !turn && !open {
		return err
	}
	l.dirty = true
	var before *partial
	if !h.large {
		all, err := l.partials(ctx, l.f, []customer.AtomID{l.id}, []*head{h}, locks{l.lock})
		if err != nil {
			return err
		}
		before = all[0]
	}
	if turn {
		return h.turn(l.f, l.id, nil, l.lock, before, l.b)
	}
	h.putPartial(l.f, l.id, before, l.b)
	return nil
}

// partialInTheClear tells whether there is a partial that is to be sealed and is not.
func (l *logResealing) partialInTheClear(ctx context.Context) (bool, error) {
	if l.lock == nil || l.head.parts == 0 {
		return false, nil
	}
	first, err := l.s.Get(ctx, partialKey(l.id, 0))
	if err != nil {
		return false, err
	}
	return first[0].Version != 0 && wire.Read(first[0].Value).Version() == 1, nil
}
