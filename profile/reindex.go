package profile

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A drift is in what the index of an atom differs from what its log states.
type drift struct {
	missing [][]byte // blind indexes under the newest key, ascending
	stale   [][]byte // of what is not stated, or under keys that there are no more; ascending
}

// drift finds in what the index of an atom differs from what its log states, retracted or not,
// of traits that are searchable now. What is under older keys that there still are stays. Memory is
// that of the blind indexes.
func (p *Profiles) drift(ctx context.Context, f *inForce, a customer.AtomID, h *head) (*drift, error) {
	stated := map[[seal.BlindBytes]byte]bool{} // whether it is under the newest key
	if f.searchable && !h.erased {
		newest, every := p.blinder(f.bound, false), p.blinder(f.bound, true)
		err := p.eachLogged(ctx, f, a, h, func(e *entry) {
			every.entry(e, func(blind []byte) {
				if b := [seal.BlindBytes]byte(blind); !stated[b] {
					stated[b] = false
				}
			})
			newest.entry(e, func(blind []byte) { stated[[seal.BlindBytes]byte(blind)] = true })
		})
		if err != nil {
			return nil, err
		}
	}
	d := new(drift)
	for e, err := range p.s.Scan(ctx, store.Under(key('b', a[:]))) {
		if err != nil {
			return nil, err
		}
		blind, err := readBlindKey(e.Key)
		if err != nil {
			return nil, err
		}
		if _, is := stated[[seal.BlindBytes]byte(blind)]; !is {
			d.stale = append(d.stale, blind)
		}
		delete(stated, [seal.BlindBytes]byte(blind))
	}
	for blind, newest := range stated {
		if newest {
			d.missing = append(d.missing, slices.Clone(blind[:]))
		}
	}
	slices.SortFunc(d.missing, bytes.Compare)
	return d, nil
}

// eachLogged calls do with all entries of a log, page by page.
func (p *Profiles) eachLogged(ctx context.Context, f *inForce, a customer.AtomID, h *head, do func(*entry)) error {
	h, l, err := p.lock(ctx, f, a, h)
	if err != nil {
		return err
	}
	page := func(data []byte) error {
		d := decoder{lock: l}
		if err := d.page(data); err != nil {
			return err
		}
		for i := range d.entries {
			do(&d.entries[i])
		}
		return nil
	}
	if h.pages > 0 {
		for e, err := range p.scanPages(ctx, a, 1, h.pages) {
			if err != nil {
				return err
			}
			if err := page(e.Value); err != nil {
				return err
			}
		}
	}
	return page(h.tail)
}

// next takes as much off the drift as one commit puts right, which adds to the batch what does.
func (d *drift) next(a customer.AtomID, b *store.Batch) *drift {
	n := min(len(d.missing), mostIndexed)
	for _, blind := range d.missing[:n] {
		putIndex(b, a, blind)
	}
	m := min(len(d.stale), mostIndexed-n)
	for _, blind := range d.stale[:m] {
		deleteIndex(b, a, blind)
	}
	return &drift{d.missing[n:], d.stale[m:]}
}

func (d *drift) none() bool { return len(d.missing)+len(d.stale) == 0 }

// reindex has the index of an atom say what its log states, and tells whether it did not. It may
// be broken off between commits, and called again. The log is read once, unless it is changed meanwhile.
//
// Who adds to the log may have put some of the index ahead, which the log does not state yet: so
// who deletes from it writes the head too, and the other has to begin again.
func (p *Profiles) reindex(ctx context.Context, a customer.AtomID) (changed bool, err error) {
	var left, rest *drift // before and after the commit
	var schema, log store.Version
	for unknown := 0; ; {
		dirty, deletes := false, false
		version, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			dirty, deletes = false, false
			f, err := p.reread(ctx)
			if err != nil {
				return nil, err
			}
			heads, err := p.heads(ctx, []customer.AtomID{a})
			if err != nil {
				return nil, err
			}
			h := heads[0]
			if left == nil || f.read != schema || h.version != log {
				if left, err = p.drift(ctx, f, a, h); err != nil {
					return nil, err
				}
				schema, log = f.read, h.version
			}
			if left.none() {
				return nil, nil
			}
			b := new(store.Batch)
			rest = left.next(a, b)
			dirty, deletes = true, len(rest.stale) < len(left.stale) && !h.erased
			b.If(headKey(a), log)
			b.If([]byte(schemaKey), schema)
			if deletes {
				b.Put(headKey(a), h.encode())
			}
			return b, nil
		})
		changed = changed || dirty
		switch {
		case errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil && unknown < mostUnknown:
			left, unknown = nil, unknown+1
		case err != nil || !dirty:
			return changed, err
		default:
			if left = rest; deletes {
				log = version
			}
		}
	}
}

// isIndexed tells whether there is an index of an atom.
func (p *Profiles) isIndexed(ctx context.Context, a customer.AtomID) (bool, error) {
	r := store.Under(key('b', a[:]))
	r.Limit = 1
	for _, err := range p.s.Scan(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// reindexRest puts right what the index has of atoms that have no log, of evidence whose adding came to
// nothing; where no trait is searchable, what it has of any. It tells how many it was.
func (p *Profiles) reindexRest(ctx context.Context) (changed int64, err error) {
	const most = 256
	r := store.Under(key('b'))
	for more := true; more; {
		var atoms []customer.AtomID
		more = false
		for e, err := range p.s.Scan(ctx, r) {
			if err != nil {
				return changed, err
			}
			if _, err := readBlindKey(e.Key); err != nil {
				return changed, err
			}
			a := customer.AtomID(e.Key[len(key('b')):])
			if n := len(atoms); n > 0 && atoms[n-1] == a {
				continue
			}
			if len(atoms) == most {
				r.From, more = slices.Clone(e.Key), true
				break
			}
			atoms = append(atoms, a)
		}
		f, err := p.reread(ctx)
		if err != nil {
			return changed, err
		}
		heads, err := p.heads(ctx, atoms)
		if err != nil {
			return changed, err
		}
		for i, h := range heads {
			if f.searchable && h.version != 0 {
				continue
			}
			is, err := p.reindex(ctx, atoms[i])
			if err != nil {
				return changed, err
			}
			if is {
				changed++
			}
		}
	}
	return changed, nil
}
