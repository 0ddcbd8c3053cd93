package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

// Purge deletes the events that are older than Schema.Retention as of a time, and what was
// set aside of such, and returns how many events it was; without a retention it does
// nothing. Statements of traits are kept. No present profile changes, for events of that
// age do not count; profiles as of a time at which they did are without them. The id of a deleted event is forgotten: the same event added again is
// stored, does not count, and goes with the next Purge.
//
// Others may work meanwhile. After an error, and after the process was killed, calling it
// again does the rest. Errors: an InputError and those of the store. Cost: a scan of all
// evidence, with the keys of all atoms of which something is set aside and sealed, and a
// commit for some 32 atoms that have old events among the newest, or for 8 of the pages of
// 64 that have them.
func (p *Profiles) Purge(ctx context.Context, at time.Time) (deleted int, err error) {
	if !civil.InYears(at) {
		return 0, &InputError{Row: -1, Field: "at", Reason: "is not in years 1 to 9999"}
	}
	f, err := p.reread(ctx)
	if err != nil {
		return 0, err
	}
	if f.Retention == 0 {
		return 0, nil
	}
	g := &purging{Profiles: p, at: at, f: f}
	if err := g.newest(ctx); err != nil {
		return g.deleted, err
	}
	return g.deleted, g.pages(ctx)
}

// A purging is a run of Purge.
type purging struct {
	*Profiles
	at      time.Time
	f       *inForce
	deleted int
}

const (
	purgedHeads = 32 // of one commit
	purgedPages = 8
	purgedBytes = 128 << 10 // from which on a commit takes no more
)

// keeps tells what of the entries is kept under a schema.
func (g *purging) keeps(f *inForce) func(event bool, micros int64) bool {
	from, _ := civil.Window(g.at, f.Retention, f.loc)
	least := from.UnixMicro()
	return func(event bool, micros int64) bool { return !event || f.Retention == 0 || micros >= least }
}

// sieve returns which entries of a page are kept, and the ids of the others.
func (g *purging) sieve(page []byte) (entries []entry, old []idHash, err error) {
	keep := g.keeps(g.f)
	return sieve(page, func(e *entry) bool { return keep(e.event != 0, e.time) })
}

// sieve returns the entries that are kept, and the ids of the others.
func sieve(page []byte, keep func(*entry) bool) (entries []entry, old []idHash, err error) {
	if entries, err = readEntries(page); err != nil {
		return nil, nil, err
	}
	entries = slices.DeleteFunc(entries, func(e entry) bool {
		if keep(&e) {
			return false
		}
		old = append(old, hashID(e.id))
		return true
	})
	return entries, old, nil
}

// commit makes a change that depends on the schema; build returns how many events it
// deletes.
func (g *purging) commit(ctx context.Context, build func(ctx context.Context, b *store.Batch) (int, error)) error {
	var n int
	err := g.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		f, err := g.reread(ctx)
		if err != nil {
			return nil, err
		}
		g.f = f
		b := new(store.Batch)
		if n, err = build(ctx, b); err != nil || len(b.Writes) == 0 {
			return nil, err
		}
		b.If([]byte(schemaKey), f.read)
		return b, nil
	})
	if err == nil {
		g.deleted += n
	}
	return err
}

// newest purges the heads.
func (g *purging) newest(ctx context.Context) error {
	var atoms []customer.AtomID
	size := 0
	flush := func() error {
		defer func() { atoms, size = nil, 0 }()
		return g.commit(ctx, func(ctx context.Context, b *store.Batch) (n int, err error) {
			heads, err := g.heads(ctx, atoms)
			if err != nil {
				return 0, err
			}
			for i, h := range heads {
				old, changed, err := g.head(ctx, atoms[i], h)
				if err != nil {
					return 0, err
				}
				if changed {
					b.If(headKey(atoms[i]), h.version)
					b.Put(headKey(atoms[i]), h.encode())
				}
				n += old
			}
			return n, nil
		})
	}
	prefix := key('a')
	for e, err := range g.s.Scan(ctx, store.Under(prefix)) {
		if err != nil {
			return err
		}
		var a customer.AtomID
		if copy(a[:], e.Key[len(prefix):]) != len(a) {
			return fmt.Errorf("%w: profile: key of an atom", store.ErrCorrupt)
		}
		h, err := decodeHead(e)
		if err != nil {
			return err
		}
		_, changed, err := g.head(ctx, a, h)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		atoms, size = append(atoms, a), size+len(e.Value)
		if len(atoms) < purgedHeads && size < purgedBytes {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	if len(atoms) == 0 {
		return nil
	}
	return flush()
}

// head takes old events out of a head, and returns how many they were, and whether anything
// has changed.
func (g *purging) head(ctx context.Context, id customer.AtomID, h *head) (n int, changed bool, err error) {
	keep := g.keeps(g.f)
	entries, old, err := g.sieve(h.tail)
	if err != nil {
		return 0, false, err
	}
	a, l, err := g.openedAside(ctx, id, h)
	if err != nil {
		return 0, false, err
	}
	kept := len(a.newest)
	a.newest = slices.DeleteFunc(a.newest, func(v Rejected) bool { return !keep(v.Event != "", v.Time.UnixMicro()) })
	if len(a.newest) < kept {
		h.aside = a.encode(l)
	}
	if len(old) > 0 {
		h.tail = encodeTail(entries, nil)
	}
	for _, hash := range old {
		if at := h.find(hash); at >= 0 {
			h.marks = slices.Delete(h.marks, at, at+markSize)
		}
	}
	return len(old), len(old) > 0 || len(a.newest) < kept, nil
}

// pages purges the pages.
func (g *purging) pages(ctx context.Context) error {
	var atom customer.AtomID
	var pages []int
	purged, size := false, 0
	flush := func() error {
		if len(pages) == 0 {
			return nil
		}
		err := g.some(ctx, atom, pages)
		pages, size, purged = nil, 0, true
		return err
	}
	end := func() error {
		if err := flush(); err != nil || !purged {
			return err
		}
		purged = false
		return g.partial(ctx, atom)
	}
	prefix := key('e')
	for e, err := range g.s.Scan(ctx, store.Under(prefix)) {
		if err != nil {
			return err
		}
		a, page, err := readPageKey(e.Key)
		if err != nil {
			return err
		}
		if a != atom {
			if err := end(); err != nil {
				return err
			}
			atom = a
		}
		_, old, err := g.sieve(e.Value)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			continue
		}
		pages, size = append(pages, page), size+len(e.Value)
		if len(pages) < purgedPages && size < purgedBytes {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return end()
}

// readPageKey reads what pageKey wrote.
func readPageKey(k []byte) (a customer.AtomID, page int, err error) {
	name := k[len(key('e')):]
	if len(name) != len(a)+4 {
		return a, 0, fmt.Errorf("%w: profile: key of entries", store.ErrCorrupt)
	}
	for _, b := range name[copy(a[:], name):] {
		page = page<<8 | int(b)
	}
	return a, page, nil
}

// some purges pages of an atom; its partial is dropped.
func (g *purging) some(ctx context.Context, a customer.AtomID, pages []int) error {
	return g.commit(ctx, func(ctx context.Context, b *store.Batch) (n int, err error) {
		keys := [][]byte{headKey(a)}
		for _, page := range pages {
			keys = append(keys, pageKey(a, page))
		}
		read, err := g.s.Get(ctx, keys...)
		if err != nil {
			return 0, err
		}
		h, err := decodeHead(read[0])
		if err != nil || h.erased {
			return 0, err
		}
		for i, e := range read[1:] {
			entries, old, err := g.sieve(e.Value)
			switch {
			case err != nil:
				return 0, err
			case len(old) == 0:
				continue
			case len(entries) == 0:
				b.Delete(keys[i+1])
			default:
				b.Put(keys[i+1], encodePage(entries, nil))
			}
			for _, hash := range old {
				b.Delete(entryKey(a, hash))
			}
			n += len(old)
		}
		if n > 0 {
			h.edit(a, b)
			b.If(headKey(a), h.version)
			b.Put(headKey(a), h.encode())
		}
		return n, nil
	})
}

// partial keeps the partial of the pages that are left.
func (g *purging) partial(ctx context.Context, a customer.AtomID) error {
	return g.commit(ctx, func(ctx context.Context, b *store.Batch) (int, error) {
		heads, err := g.heads(ctx, []customer.AtomID{a})
		if err != nil || heads[0].erased || heads[0].parts > 0 {
			return 0, err
		}
		h, l, err := g.lock(ctx, g.f, a, heads[0])
		if err != nil || h.erased {
			return 0, err
		}
		left, err := g.rebuild(ctx, g.f, a, h.pages, l)
		if err != nil {
			return 0, err
		}
		left.lock = l
		h.putPartial(g.f, a, left, b)
		b.If(headKey(a), h.version)
		b.Put(headKey(a), h.encode())
		return 0, nil
	})
}
