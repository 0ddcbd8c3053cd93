package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// erasing is the value of the marks of what is still to be erased.
var erasing = wire.New("profile/erasing", 1).Data()

// mergedMark is the value of the marks of customers that were merged.
var mergedMark = wire.New("profile/merged", 1).Data()

// erasingKey is the mark of a customer that was erased. It is beside those of atoms, and
// longer.
func erasingKey(id customer.ID) []byte { return append(purgeKey(customer.AtomID(id)), 1) }

// erase empties the head of an atom for good; its pages are deleted afterwards.
func (h *head) erase() {
	*h = head{version: h.version, erased: true, claims: h.claims, edits: h.edits + 1, divided: h.divided, stream: h.stream, from: h.from}
}

// finishErasures deletes what is left of erased customers and atoms, which nobody reads any
// more, and goes on where it was interrupted. It is called where the position is settled:
// then an atom that nobody claims is nobody's.
func (p *Profiles) finishErasures(ctx context.Context, at *position) error {
	for {
		n := 0
		for e, err := range p.s.Scan(ctx, store.Under(key('x'))) {
			if err != nil {
				return err
			}
			var a customer.AtomID
			rest := e.Key[len(key('x')):]
			switch n++; len(rest) {
			case len(a):
				err = p.finishAtom(ctx, at, customer.AtomID(rest))
			case len(a) + 1:
				err = p.finishCustomer(ctx, at, customer.ID(rest[:len(a)]))
			default:
				err = fmt.Errorf("%w: profile: mark of what is to be erased", store.ErrCorrupt)
			}
			if errors.Is(err, errOvertaken) {
				return nil // who has overtaken goes on with it
			}
			if err != nil {
				return err
			}
		}
		if n == 0 {
			return nil
		}
	}
}

// finishAtom deletes the pages of an erased atom, the ids in them and the partial, and what it
// has of a stream.
func (p *Profiles) finishAtom(ctx context.Context, at *position, a customer.AtomID) error {
	p.o.Vault.Forget(a) // also where the outcome of the commit that destroyed its key was not known
	heads, err := p.heads(ctx, []customer.AtomID{a})
	if err != nil {
		return err
	}
	if h := heads[0]; h.stream != (customer.AtomID{}) {
		if err := p.finishSlice(ctx, at, sliceName{h.stream, h.from, a}); err != nil {
			return err
		}
		// What was stated of who was erased alone is not found any more.
		if is, err := p.isIndexed(ctx, h.stream); err != nil {
			return err
		} else if is {
			if _, err := p.reindex(ctx, h.stream); err != nil {
				return err
			}
		}
	}
	for _, family := range []byte("iep") {
		if err := p.deleteAll(ctx, key(family, a[:])); err != nil {
			return err
		}
	}
	if err := p.unindex(ctx, a); err != nil {
		return err
	}
	b := &store.Batch{}
	b.Delete(purgeKey(a))
	_, err = store.Update(ctx, p.s, p.o.Backoff, func(context.Context) (*store.Batch, error) { return b, nil })
	return err
}

// deleteAll deletes all keys under a prefix.
func (p *Profiles) deleteAll(ctx context.Context, prefix []byte) error {
	const most = 500
	for left := true; left; {
		_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			b := &store.Batch{}
			r := store.Under(prefix)
			r.Limit = most
			for e, err := range p.s.Scan(ctx, r) {
				if err != nil {
					return nil, err
				}
				b.Delete(e.Key)
			}
			if left = len(b.Writes) > 0; !left {
				return nil, nil
			}
			return b, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func compareIDs(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) }
