package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// finishCustomer erases with an erased customer those that were merged into it, and deletes
// what atoms it has had. Those that it had when their evidence was retracted, which the
// feed does not name, are erased too if nobody has them now.
func (p *Profiles) finishCustomer(ctx context.Context, at *position, id customer.ID) error {
	x := &customerEraser{p: p, at: at, id: id, most: 200}
	for !x.done {
		version, err := store.Update(ctx, p.s, p.o.Backoff, x.batch)
		if errors.Is(err, store.ErrTooLarge) && x.most > 1 {
			x.most, x.done = x.most/2, false
			continue
		}
		if err != nil {
			return err
		}
		if x.more {
			at.version = version
		}
	}
	return nil
}

// A customerEraser does what is left of the erasure of a customer, some keys in a commit.
type customerEraser struct {
	p      *Profiles
	at     *position
	id     customer.ID
	most   int
	erased turn
	more   bool // the commit writes the position
	done   bool
}

// batch depends on the position alone, but for heads: who follows writes the rest.
func (x *customerEraser) batch(ctx context.Context) (*store.Batch, error) {
	x.more, x.done = false, false
	e, err := x.p.s.Get(ctx, []byte(followKey), customerKey(x.id))
	if err != nil {
		return nil, err
	}
	if e[0].Version != x.at.version {
		return nil, errOvertaken
	}
	w, err := readWhereabouts(e[1].Value)
	if err != nil {
		return nil, err
	}
	if !w.erased() {
		return nil, fmt.Errorf("%w: profile: mark of a customer that is not erased", store.ErrCorrupt)
	}
	x.erased = w.turns[len(w.turns)-1]
	b := new(store.Batch)
	b.If([]byte(followKey), x.at.version)
	if err := x.merged(ctx, b); err != nil {
		return nil, err
	}
	if x.more = len(b.Writes) > 0; x.more {
		// Who has looked for what is to be erased, and has not seen it yet, must not go on.
		b.Put([]byte(followKey), x.at.data())
		return b, nil
	}
	last, err := x.atoms(ctx, b)
	if x.done = last; last {
		b.Delete(erasingKey(x.id))
		err = x.row(ctx, b)
	}
	return b, err
}

// row deletes its row, and the mark of when that is due.
func (x *customerEraser) row(ctx context.Context, b *store.Batch) error {
	e, err := x.p.s.Get(ctx, rowKey(x.id))
	if err != nil {
		return err
	}
	r, err := readRow(e[0])
	if r == nil || err != nil {
		return err
	}
	b.If(rowKey(x.id), e[0].Version)
	b.Delete(rowKey(x.id))
	if r.due != never {
		b.Delete(dueKey(r.due, x.id))
	}
	return nil
}

// keys returns some of the keys under a prefix, with what they hold.
func (x *customerEraser) keys(ctx context.Context, prefix []byte) (found []store.Entry, err error) {
	r := store.Under(prefix)
	r.Limit = x.most
	for e, err := range x.p.s.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

// merged erases customers that were merged into it and have not begun again since.
func (x *customerEraser) merged(ctx context.Context, b *store.Batch) error {
	prefix := key('l', x.id[:])
	marks, err := x.keys(ctx, prefix)
	if err != nil {
		return err
	}
	var ids []customer.ID
	var keys [][]byte
	for _, e := range marks {
		var id customer.ID
		if copy(id[:], e.Key[len(prefix):]) != len(id) {
			return fmt.Errorf("%w: profile: mark of a customer that was merged", store.ErrCorrupt)
		}
		b.Delete(e.Key)
		ids, keys = append(ids, id), append(keys, customerKey(id), rowKey(id))
	}
	entries, err := x.p.read(ctx, keys)
	if err != nil {
		return err
	}
	for i, id := range ids {
		state, row := entries[2*i], entries[2*i+1]
		w, err := readWhereabouts(state.Value)
		if err != nil {
			return err
		}
		if t, ok := w.at(never); !ok || t.now != merged || t.into != x.id {
			continue
		}
		w.become(x.erased)
		b.Put(state.Key, w.data())
		b.Put(erasingKey(id), erasing)
		if row.Version != 0 { // it has not been folded since it was merged
			b.Put(waitKey(id), waitMark)
		}
	}
	return nil
}

// atoms forgets what atoms it has had, and tells whether these were the last.
func (x *customerEraser) atoms(ctx context.Context, b *store.Batch) (last bool, err error) {
	members, err := x.keys(ctx, key('m', x.id[:]))
	if err != nil {
		return false, err
	}
	var atoms []customer.AtomID
	var left []int64
	for _, e := range members {
		_, a, err := memberName(e.Key)
		if err != nil {
			return false, err
		}
		m, err := readMember(e.Value)
		if err != nil {
			return false, err
		}
		b.Delete(e.Key)
		if m.retracted {
			atoms, left = append(atoms, a), append(left, m.left)
		}
	}
	heads, err := x.p.heads(ctx, atoms)
	if err != nil {
		return false, err
	}
	for i, h := range heads {
		if h.version == 0 || h.erased || len(h.claims) > 0 {
			continue
		}
		if h.stream != (customer.AtomID{}) {
			if err := x.slice(ctx, b, sliceName{h.stream, h.from, atoms[i]}, left[i]); err != nil {
				return false, err
			}
		}
		if h.keyed && x.p.o.Vault == nil { // the key would stay
			return false, noKey(seal.ErrNoKey)
		}
		h.erase()
		x.p.o.Vault.Destroy(b, atoms[i])
		b.Put(purgeKey(atoms[i]), erasing)
		b.If(headKey(atoms[i]), h.version)
		b.Put(headKey(atoms[i]), h.encode())
	}
	return len(members) < x.most, nil
}

// slice has that erased which a slice had of its stream when the customer gave it up to
// nobody, unless somebody had it through the slice before when the customer was erased.
// What has happened since never was the customer's.
func (x *customerEraser) slice(ctx context.Context, b *store.Batch, n sliceName, left int64) error {
	for e, err := range x.p.s.Scan(ctx, store.Range{From: key('s', n.stream[:]), To: sliceKey(n), Reverse: true}) {
		if err != nil {
			return err
		}
		l, err := readLying(e)
		if err != nil {
			return err
		}
		if x.at.had(l, x.erased.at) {
			return nil
		}
	}
	e, err := x.p.s.Get(ctx, sliceKey(n))
	if err != nil {
		return err
	}
	s, err := readSlice(e[0])
	if err != nil || s.fate != sliceLasts {
		return err
	}
	s.fate, s.at = sliceErasing, left
	if s.until, err = x.p.sliceEnded(ctx, x.at, n, x.erased.at); err != nil {
		return err
	}
	b.Put(sliceKey(n), s.data())
	return nil
}
