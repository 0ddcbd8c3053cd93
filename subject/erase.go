package subject

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// An Erasure is what was erased. It holds names alone where it is printed or stored. Safe for
// concurrent reads.
type Erasure struct {
	ID       string      `json:"id"`       // of the request
	Customer customer.ID `json:"customer"` // as asked for
	At       time.Time   `json:"at"`       // when it was asked for
	Finished time.Time   `json:"finished"` // when it was done
	// Customers are the ids that the person had, as far as they are known, and are nobody's now; Atoms
	// the atoms that were erased; both ascending.
	Customers []customer.ID     `json:"customers"`
	Atoms     []customer.AtomID `json:"atoms"`

	// memory is what the process that erased knows beyond that. A pointer: what prints an Erasure
	// does not print it.
	memory *memory
}

// Erase erases a customer for good, or some of its atoms: see the package. What is to be done is
// written down first. Where it is interrupted, Resume does the rest, or the same request: one
// of the same ID is the same, whatever now is, and another under that ID is [ErrReused]. What is known of the
// person is read before, to be looked for by Prove, and kept in memory alone.
//
// A customer is erased by a ruling of the id "ID/erase". Atoms that are to be erased alone are split off by rulings
// "ID/split/" and a hash, and erased by "ID/erase/" and the customer that they became. If they turn out to be of somebody whom
// other requests have erased, that is no error.
//
// Errors wrap [ErrParts], [ErrRequest], [ErrReused] and [ErrAtoms], or are those of the
// parts: identity.ErrUnknown if there is no such customer, identity.ErrErased if it has been
// erased. Cost: reading all that is known of the customer; a read of consents for each of its
// observations without a record, or a few; Graph.Erase; Profiles.Sync, which takes in all changes that wait; and a commit for
// every 400 keys.
func (x *Subjects) Erase(ctx context.Context, now time.Time, r Request) (*Erasure, error) {
	if err := x.needGraph(); err != nil {
		return nil, err
	}
	if err := r.validate(now, true); err != nil {
		return nil, err
	}
	t, err := x.plan(ctx, now, &r)
	if err != nil {
		return nil, err
	}
	return x.run(ctx, now, t)
}

// Erased returns the erasure of an id. [ErrUnknown] if there is none, or it is not done: then
// Resume is to be called. Prove of what it returns looks for ids alone, not for what
// was known of the person.
func (x *Subjects) Erased(ctx context.Context, id string) (*Erasure, error) {
	t, err := x.load(ctx, hashOf(id))
	if err != nil {
		return nil, err
	}
	if t == nil || t.phase != done {
		return nil, ErrUnknown
	}
	return x.erasure(ctx, t, nil)
}

// Resume finishes erasures that were interrupted. Call it when a process starts. Others may
// be at the same: nothing is done twice. It returns those that it finished, and tries all of
// them before it returns the errors of those that fail. Cost: a scan over open erasures, and what
// is left of them.
func (x *Subjects) Resume(ctx context.Context, now time.Time) ([]*Erasure, error) {
	if err := x.needGraph(); err != nil {
		return nil, err
	}
	if !civil.InYears(now) {
		return nil, errNow
	}
	if err := x.parts.Graph.Resume(ctx); err != nil {
		return nil, err
	}
	var open []taskHash
	prefix := x.key(partOpen, nil)
	for e, err := range x.s.Scan(ctx, store.Under(prefix)) {
		if err != nil {
			return nil, err
		}
		var h taskHash
		if copy(h[:], e.Key[len(prefix):]) != len(h) {
			return nil, fmt.Errorf("subject: open erasure: %w", store.ErrCorrupt)
		}
		open = append(open, h)
	}
	var finished []*Erasure
	var errs []error
	for _, h := range open {
		t, err := x.load(ctx, h)
		if err == nil && (t == nil || t.phase == done) {
			continue // by somebody else, meanwhile
		}
		var e *Erasure
		if err == nil {
			e, err = x.run(ctx, now, t)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		finished = append(finished, e)
	}
	return finished, errors.Join(errs...)
}

// plan writes the task of a request, unless it is there.
func (x *Subjects) plan(ctx context.Context, now time.Time, r *Request) (*task, error) {
	h := hashOf(r.ID)
	_, _, err := store.Once(ctx, x.s, x.key(partTask, h[:]), x.backoff, func(ctx context.Context) (*store.Batch, error) {
		cursor, err := x.parts.Graph.Head(ctx)
		if err != nil {
			return nil, err
		}
		c, err := x.parts.Graph.Customer(ctx, r.Customer)
		if err != nil {
			return nil, err
		}
		t := &task{
			id: r.ID, customer: r.Customer, actor: r.Actor, ticket: r.Ticket, at: now.UTC().Truncate(time.Microsecond),
			present: c.ID, cursor: cursor, requested: ascending(slices.Clone(r.Atoms)),
		}
		records := recordsOf(&c)
		for _, a := range t.requested {
			if !records[a] {
				return nil, ErrAtoms
			}
		}
		b := new(store.Batch)
		b.Put(x.key(partTask, h[:]), t.data())
		b.Put(x.key(partOpen, h[:]), nil)
		return b, x.tell(b, t, now, "subject.erase", audit.Detail{Name: "atoms", Text: atomsText(len(t.requested))})
	})
	if err != nil {
		return nil, err
	}
	t, err := x.load(ctx, h)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, fmt.Errorf("subject: an erasure is gone: %w", store.ErrCorrupt)
	}
	if !t.is(r) {
		return nil, ErrReused
	}
	return t, nil
}

// atomsText says how many atoms were asked for.
func atomsText(n int) string {
	if n == 0 {
		return "all"
	}
	return strconv.Itoa(n)
}

// recordsOf returns the atoms of a customer that are records.
func recordsOf(c *identity.Customer) map[customer.AtomID]bool {
	records := make(map[customer.AtomID]bool, len(c.Atoms))
	for _, a := range c.Atoms {
		if !a.Slice {
			records[a.ID] = true
		}
	}
	return records
}

// tell adds an entry about a task to a batch.
func (x *Subjects) tell(b *store.Batch, t *task, now time.Time, action string, more ...audit.Detail) error {
	if x.parts.Log == nil {
		return nil
	}
	e := &audit.Entry{Time: now, Actor: t.actor, Action: action, Purpose: "erasure", Customer: t.customer, Object: t.id}
	e.Details = append([]audit.Detail{{Name: "ticket", Text: t.ticket}}, more...)
	return x.parts.Log.Queue(b, e)
}

// run does what is left of a task.
func (x *Subjects) run(ctx context.Context, now time.Time, t *task) (*Erasure, error) {
	var m *memory
	if t.phase == planned {
		var err error
		if m, err = x.eraseGraph(ctx, now, t); err != nil {
			return nil, err
		}
	}
	if t.phase == gone {
		if err := x.eraseParts(ctx, now, t); err != nil {
			return nil, err
		}
		n, err := x.noted(ctx, t, partNames)
		if err != nil {
			return nil, err
		}
		h := t.hash()
		err = x.advance(ctx, t, func(t *task, b *store.Batch) (bool, error) {
			if t.phase == done {
				return false, nil
			}
			t.phase, t.done = done, now.UTC()
			b.Delete(x.key(partOpen, h[:]))
			return true, x.tell(b, t, now, "subject.erased", audit.Detail{Name: "atoms", Text: strconv.Itoa(len(n.atoms))})
		})
		if err != nil {
			return nil, err
		}
	}
	return x.erasure(ctx, t, m)
}

// erasure returns what a task that is done has erased.
func (x *Subjects) erasure(ctx context.Context, t *task, m *memory) (*Erasure, error) {
	n, err := x.noted(ctx, t, partNames)
	if err != nil {
		return nil, err
	}
	return &Erasure{ID: t.id, Customer: t.customer, At: t.at, Finished: t.done, Customers: n.customers, Atoms: n.atoms, memory: m}, nil
}

// eraseGraph has the graph erase whom a task is about, and writes down the names that it had.
func (x *Subjects) eraseGraph(ctx context.Context, now time.Time, t *task) (*memory, error) {
	if err := x.parts.Graph.Resume(ctx); err != nil { // what was begun, by whomever
		return nil, err
	}
	m := new(memory)
	var err error
	if t.requested == nil {
		err = x.eraseOne(ctx, now, t, t.customer, t.id+"/erase", m)
	} else {
		err = x.eraseAtoms(ctx, now, t, m)
	}
	if err != nil {
		return nil, err
	}
	l, err := x.follow(ctx, t)
	if err != nil {
		return nil, err
	}
	ids, err := x.erasedOf(ctx, t)
	if err != nil {
		return nil, err
	}
	n := l.names(t)
	n.add(names{customers: ids})
	if err := x.note(ctx, t, partNames, n); err != nil {
		return nil, err
	}
	if err := x.forget(ctx, t, partTraced); err != nil {
		return nil, err
	}
	return m, x.advance(ctx, t, func(t *task, _ *store.Batch) (bool, error) {
		if t.phase != planned {
			return false, nil
		}
		t.phase = gone
		return true, nil
	})
}

// erasedOf returns those ids that the person was to be erased by which were: of a merge that was taken back meanwhile the
// others are somebody else's.
func (x *Subjects) erasedOf(ctx context.Context, t *task) (erased []customer.ID, err error) {
	n, err := x.noted(ctx, t, partTraced)
	if err != nil {
		return nil, err
	}
	if t.requested == nil { // else it is the id of whom the atoms were merged with
		n.add(names{customers: []customer.ID{t.customer, t.present}})
	}
	for _, id := range n.customers {
		switch _, err := x.parts.Graph.Customer(ctx, id); {
		case errors.Is(err, identity.ErrErased):
			erased = append(erased, id)
		case err != nil && !errors.Is(err, identity.ErrUnknown):
			return nil, err
		}
	}
	return erased, nil
}

// eraseOne erases a customer by a ruling. That it has been erased is no error.
func (x *Subjects) eraseOne(ctx context.Context, now time.Time, t *task, id customer.ID, ruling string, m *memory) error {
	trace, err := x.parts.Graph.Trace(ctx, id)
	if errors.Is(err, identity.ErrErased) {
		return x.parts.Graph.Resume(ctx) // by somebody who may not have come to the end
	}
	if err != nil {
		return err
	}
	own := new(memory)
	if err := own.readable(x.upToDate(ctx, now, id)); err != nil {
		return err
	}
	if err := x.remember(ctx, id, &trace, own); err != nil {
		return err
	}
	if err := x.note(ctx, t, partTraced, names{customers: trace.Customers}); err != nil {
		return err
	}
	if err := x.eraseFormer(ctx, trace.Former); err != nil {
		return err
	}
	if t.requested != nil { // others may have joined while all that was read
		c, err := x.parts.Graph.Customer(ctx, id)
		if err == nil && (c.ID != id || !within(recordsOf(&c), t.requested)) {
			return nil // as the feed says next time
		}
		if err != nil && !errors.Is(err, identity.ErrErased) {
			return err
		}
	}
	err = x.parts.Graph.Erase(ctx, id, identity.Ruling{ID: ruling, Actor: t.actor, Reason: t.ticket, Time: t.at})
	if err == nil || errors.Is(err, identity.ErrErased) {
		m.add(own)
		return nil
	}
	return err
}

// eraseFormer erases what was consented to at atoms that nobody has any more. It is done before it is forgotten which these
// are; nobody is allowed anything by them.
func (x *Subjects) eraseFormer(ctx context.Context, former []customer.AtomID) error {
	if x.parts.Consents == nil {
		return nil
	}
	for _, a := range former {
		for _, err := range x.parts.Consents.History(ctx, a) {
			if err == nil {
				err = x.parts.Consents.Erase(ctx, a)
			}
			if err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// upToDate has the profiles follow the feed if they know other atoms of a customer than the graph does.
func (x *Subjects) upToDate(ctx context.Context, now time.Time, id customer.ID) error {
	if x.parts.Profiles == nil {
		return nil
	}
	has, err := x.parts.Graph.Members(ctx, id)
	if err != nil {
		return err
	}
	known, err := x.parts.Profiles.Members(ctx, id)
	if err != nil && !errors.Is(err, profile.ErrUnknown) {
		return err
	}
	if err == nil && slices.EqualFunc(has, known, sameMember) {
		return nil
	}
	_, err = x.parts.Profiles.Sync(ctx, now, x.parts.Graph)
	return err
}

func sameMember(a, b customer.Member) bool {
	return a.Atom == b.Atom && a.Since.Equal(b.Since) && a.Until.Equal(b.Until)
}

// eraseParts erases what the other parts have of the names of a task.
func (x *Subjects) eraseParts(ctx context.Context, now time.Time, t *task) error {
	n, err := x.noted(ctx, t, partNames)
	if err != nil {
		return err
	}
	if x.parts.Consents != nil {
		if err := x.parts.Consents.Erase(ctx, n.atoms...); err != nil {
			return err
		}
	}
	if x.parts.Profiles != nil {
		if _, err := x.parts.Profiles.Sync(ctx, now, x.parts.Graph); err != nil {
			return err
		}
	}
	for i, v := range x.parts.Vaults {
		if err := x.destroy(ctx, v, n.atoms); err != nil {
			return fmt.Errorf("subject: vault %d: %w", i, err)
		}
	}
	return nil
}

// destroy ends the keys that a vault has of atoms, and looks that it is so.
func (x *Subjects) destroy(ctx context.Context, v *seal.Vault, atoms []customer.AtomID) error {
	for some := range slices.Chunk(atoms, 400) {
		err := x.settle(ctx, func(context.Context) (*store.Batch, error) {
			b := new(store.Batch)
			v.Destroy(b, some...)
			return b, nil
		})
		if err != nil {
			return err
		}
		v.Forget(some...)
		found, err := v.Keys(ctx, some...)
		if err != nil {
			return err
		}
		for i := range found {
			if !errors.Is(found[i].Err, seal.ErrDestroyed) {
				return fmt.Errorf("%w: it keeps its keys elsewhere", ErrParts)
			}
		}
	}
	return nil
}
