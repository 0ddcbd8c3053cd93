package profile

import (
	"cmp"
	"context"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// load reads what fold needs of atoms at a moment, in the order of ids; an atom that is not
// there, or erased, has no entries. Each log is as of one moment.
func (p *Profiles) load(ctx context.Context, f *inForce, ids []customer.AtomID, m moment) ([]atom, error) {
	heads, err := p.heads(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, err := p.locks(ctx, f, ids, heads)
	if err != nil {
		return nil, err
	}
	all := make([]atom, len(ids))
	var d decoder
	n := 0
	for _, h := range heads {
		n += len(h.marks) / markSize
	}
	d.entries = make([]entry, 0, n)
	ends := make([]int, len(ids))
	var paged []int
	for i, h := range heads {
		if h.pages > 0 {
			paged = append(paged, i)
		} else {
			d.lock = keys.of(i)
			if err := d.page(h.tail); err != nil {
				return nil, err
			}
		}
		ends[i] = len(d.entries)
	}
	begin := 0
	for i, end := range ends {
		all[i] = atom{id: ids[i], entries: d.entries[begin:end:end]}
		begin = end
	}
	if len(paged) > 0 {
		if err := p.loadPaged(ctx, f, all, heads, keys, paged, m); err != nil {
			return nil, err
		}
	}
	return all, p.loadSlices(ctx, f, all, heads, m)
}

// loadPaged reads those of the atoms that have pages. What belongs together is read with
// several calls, so it is read again where pages were changed meanwhile, or the partial was; where
// that goes on the pages are read in its place.
func (p *Profiles) loadPaged(ctx context.Context, f *inForce, all []atom, heads []*head, keys locks, paged []int, m moment) error {
	const most = 4 // attempts with a partial
	attempts := 0
	return p.persist(ctx, func(ctx context.Context) (done bool, err error) {
		if attempts++; attempts > 1 { // of another head
			if keys, err = p.locks(ctx, f, idsOf(all), heads); err != nil {
				return false, err
			}
		}
		var ids, cachedIDs []customer.AtomID
		var cachedHeads []*head
		var cachedKeys locks
		for _, i := range paged {
			ids = append(ids, all[i].id)
			if h := heads[i]; h.pages > 0 && m.known == never && m.at >= h.latest && (h.parts == 0 || attempts <= most) {
				cachedIDs, cachedHeads, cachedKeys = append(cachedIDs, all[i].id), append(cachedHeads, h), append(cachedKeys, keys.of(i))
			}
		}
		partials, err := p.partials(ctx, f, cachedIDs, cachedHeads, cachedKeys)
		if err != nil {
			return false, err
		}
		for _, i := range paged {
			h, d := heads[i], decoder{lock: keys.of(i)}
			all[i].paged = nil
			if len(cachedHeads) > 0 && cachedHeads[0] == h {
				all[i].paged = partials[0]
				partials, cachedHeads = partials[1:], cachedHeads[1:]
			} else if err := p.readPages(ctx, &d, all[i].id, h.pages); err != nil {
				return false, err
			}
			if err := d.page(h.tail); err != nil {
				return false, err
			}
			all[i].entries = d.entries
		}
		now, err := p.heads(ctx, ids)
		if err != nil {
			return false, err
		}
		var changed []int
		for k, i := range paged {
			if !heads[i].lasts(now[k], all[i].paged != nil) {
				heads[i] = now[k]
				changed = append(changed, i)
			}
		}
		paged = changed
		return len(paged) == 0, nil
	})
}

func idsOf(all []atom) []customer.AtomID {
	ids := make([]customer.AtomID, len(all))
	for i := range all {
		ids[i] = all[i].id
	}
	return ids
}

// lasts tells whether pages that were read between two reads of a head are those of the first,
// and the partial too. Entries may have been added since: the newest of the first head, and
// the pages that it knows of, are the log as of one moment. So is a partial made of these.
func (h *head) lasts(now *head, partial bool) bool {
	unlocked := now.keyed && !h.keyed && !h.erased // pages may have been sealed since
	return h.edits == now.edits && !unlocked && (!partial || h.parts == 0 || h.pages == now.pages)
}

// persist calls attempt until it is done or fails, with pauses, and then is errRestless.
func (p *Profiles) persist(ctx context.Context, attempt func(context.Context) (done bool, err error)) error {
	var failed error // which is not to be tried again here
	_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		done, err := attempt(ctx)
		if failed = err; err != nil || done {
			return nil, nil
		}
		return nil, errRestless
	})
	return cmp.Or(failed, err)
}

var errRestless = fmt.Errorf("profile: atom changes too often to be read: %w", store.ErrUnavailable)
