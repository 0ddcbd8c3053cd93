package profile

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A member says when an atom was a customer's, by what was known.
type member struct {
	// bounds are the times from which it was known that it came and went, in turn, ascending,
	// in unix microseconds. Where their number is odd the customer has it now.
	bounds []int64
	// retracted: it left for nobody, so whoever erases the customer erases it too. Then left
	// is the time that the change had.
	retracted bool
	left      int64
}

func (m *member) has() bool { return len(m.bounds)%2 == 1 }

// last is from when it was known that it came or went last; the least time there is if it never did.
func (m *member) last() int64 {
	if n := len(m.bounds); n > 0 {
		return m.bounds[n-1]
	}
	return -never
}

// at tells whether the customer had it, by what was known then.
func (m *member) at(known int64) bool {
	n := 0
	for n < len(m.bounds) && m.bounds[n] <= known {
		n++
	}
	return n%2 == 1
}

// turn makes it come, or go, as known from a time on; where it is so already nothing changes.
// Times do not go back: one before the last is the last.
func (m *member) turn(learned int64, comes bool) (changed bool) {
	if m.has() == comes {
		return false
	}
	if n := len(m.bounds); n > 0 {
		if learned <= m.bounds[n-1] {
			m.bounds = m.bounds[:n-1] // it was so for no time
			return true
		}
	}
	m.bounds = append(m.bounds, learned)
	if n := len(m.bounds); n > mostTurns {
		m.bounds = m.bounds[(n-mostTurns+1)&^1:]
	}
	return true
}

func (m *member) data() []byte {
	w := wire.Sized("profile/member", 2, 32+9*len(m.bounds))
	w.Bool(m.retracted)
	if m.retracted {
		w.Int(m.left)
	}
	for _, b := range m.bounds {
		w.Int(b)
	}
	return w.Data()
}

func readMember(value []byte) (*member, error) {
	r := wire.Read(value)
	r.Expect("profile/member", 2)
	m := &member{retracted: r.Bool()}
	dated := m.retracted && r.Version() > 1
	if dated {
		m.left = r.Int()
	}
	for r.More() {
		m.bounds = append(m.bounds, r.Int())
	}
	if m.retracted && !dated {
		m.left = m.last()
	}
	if !slices.IsSorted(m.bounds) {
		fault(r)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("profile: atom of a customer: %w", err)
	}
	return m, nil
}

// memberName reads what memberKey wrote.
func memberName(k []byte) (id customer.ID, a customer.AtomID, err error) {
	name, ok := bytes.CutPrefix(k, key('m'))
	if !ok || len(name) != len(id)+len(a) {
		return id, a, fmt.Errorf("%w: profile: key of an atom of a customer", store.ErrCorrupt)
	}
	copy(a[:], name[copy(id[:], name):])
	return id, a, nil
}

// members returns the atoms of a customer, ascending, and whose they are: the customer it
// has been merged into, if it was, even if that has given away again what it brought. With moment.known it is as it was known then: who was
// live then is taken as it was, whatever it has been merged into since. ErrErased if
// whoever it is has been erased since, ErrUnknown if there is no such customer or none of its
// atoms is left. Cost: a Get, one more for each merger, and a Scan.
func (p *Profiles) members(ctx context.Context, id customer.ID, m moment) (present customer.ID, atoms []customer.AtomID, err error) {
	const most = 8
	for range most {
		live, w, err := p.resolve(ctx, id, m.known)
		if err != nil {
			return id, nil, err
		}
		atoms = atoms[:0]
		for e, err := range p.s.Scan(ctx, store.Under(key('m', live[:]))) {
			if err != nil {
				return id, nil, err
			}
			_, a, err := memberName(e.Key)
			if err != nil {
				return id, nil, err
			}
			of, err := readMember(e.Value)
			if err != nil {
				return id, nil, err
			}
			if of.at(m.known) {
				atoms = append(atoms, a)
			}
		}
		if m.known == never && len(atoms) != w.atoms {
			continue // the customer changed meanwhile
		}
		if len(atoms) == 0 {
			return id, nil, fmt.Errorf("%w: customer has nothing left", ErrUnknown)
		}
		return live, atoms, nil
	}
	return id, nil, fmt.Errorf("%w: profile: a customer changes all the time", store.ErrConflict)
}
