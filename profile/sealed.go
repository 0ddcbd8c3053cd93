package profile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
)

// Where there is a vault, values of traits and fields that the schema protects are sealed,
// under the key of the atom in whose log they lie: of a slice that of the stream. What only moves
// entries moves them as they are; what folds or shows them opens them.

// A sealedValue is a value as it lies in the store.
type sealedValue struct {
	schema uint64 // version of the schema under which it was sealed
	data   []byte // as Key.Seal returned it
}

// protects tells whether the values of the trait or field with a number are to be sealed.
func (b *bound) protects(number uint32) bool {
	switch r := b.role(number); r.what {
	case aTrait:
		return b.Traits[r.index].Sensitivity >= Personal
	case aField:
		return b.Events[r.index].Fields[r.field].Sensitivity >= Personal
	}
	return false
}

// A lock seals and opens what is in the log of one atom. Nil where nothing is sealed in it,
// and nothing is to be.
type lock struct {
	*bound
	key *seal.Key
}

// What is sealed beside values has fields of these names, which no trait or field has.
const (
	asideField    = "aside"
	partialField  = "partial"
	evidenceField = "evidence" // of commitments
)

// takes tells whether a value is one that the lock has to seal.
func (l *lock) takes(v *numbered) bool {
	return l != nil && v.sealed == nil && !v.value.IsUnset() && l.protects(v.number)
}

// sealsAny tells whether among entries, as they are encoded with the lock, are sealed values.
func (l *lock) sealsAny(entries []entry) bool {
	return slices.ContainsFunc(entries, func(e entry) bool {
		return slices.ContainsFunc(e.values, func(v numbered) bool { return v.sealed != nil || l.takes(&v) })
	})
}

// sealed tells whether values of the entry are sealed.
func (e *entry) sealed() bool {
	return slices.ContainsFunc(e.values, func(v numbered) bool { return v.sealed != nil })
}

// sealed returns the entry with what the lock has to seal sealed; the entry itself remains as it is.
func (l *lock) sealed(e *entry) *entry {
	if l == nil || !slices.ContainsFunc(e.values, func(v numbered) bool { return l.takes(&v) }) {
		return e
	}
	c := *e
	c.values = slices.Clone(e.values)
	for i := range c.values {
		if v := &c.values[i]; l.takes(v) {
			v.sealed = l.seal(v)
		}
	}
	return &c
}

// plainHead begins a value that is opened, so that it can be read. It is not stored.
var plainHead = wire.New("", 1).Data()

// seal returns a value sealed.
func (l *lock) seal(v *numbered) *sealedValue {
	w := wire.Sized("", 1, 64)
	w.Reset()
	writeValue(w, v.value)
	data := l.key.Seal(make([]byte, 0, len(w.Data())+seal.Overhead), w.Data(), l.names[v.number], l.version)
	return &sealedValue{l.version, data}
}

// open opens the values of an entry that are sealed. Those of names that this schema does not
// know yet remain so. It uses room and returns it.
func (l *lock) open(e *entry, room []byte) ([]byte, error) {
	for i := range e.values {
		v := &e.values[i]
		if v.sealed == nil || int64(v.number) >= int64(len(l.names)) {
			continue
		}
		name := l.names[v.number]
		plain, err := l.key.Open(append(room[:0], plainHead...), v.sealed.data, name, v.sealed.schema)
		if err != nil {
			return room, fmt.Errorf("profile: %s of an atom: %w", strings.ReplaceAll(name, "\t", " "), err)
		}
		room = plain
		r := wire.Read(plain)
		v.value = readValue(r)
		if err := r.Close(); err != nil {
			return room, fmt.Errorf("profile: %s of an atom: %w", strings.ReplaceAll(name, "\t", " "), err)
		}
	}
	return room, nil
}

// write writes what is sealed under a field that is no trait's, after the version of the schema.
func (l *lock) write(w *wire.Writer, plain []byte, field string) {
	w.Uint(l.version)
	w.Bytes(l.key.Seal(make([]byte, 0, len(plain)+seal.Overhead), plain, field, l.version))
}

// unseal opens what write sealed; a lock is needed.
func (l *lock) unseal(s *sealedValue, field string) ([]byte, error) {
	if l == nil {
		return nil, fmt.Errorf("profile: %s of an atom: %w", field, seal.ErrNoKey)
	}
	plain, err := l.key.Open(nil, s.data, field, s.schema)
	if err != nil {
		return nil, fmt.Errorf("profile: %s of an atom: %w", field, err)
	}
	return plain, nil
}

// A locks has those of several logs; nil: none has one.
type locks []*lock

func (l locks) of(i int) *lock {
	if l == nil {
		return nil
	}
	return l[i]
}

// locks reads the keys of those logs in which something is sealed. One whose key has been destroyed
// is erased, if the feed has not said so yet: its head is replaced. Cost: a Get at most.
func (p *Profiles) locks(ctx context.Context, f *inForce, ids []customer.AtomID, heads []*head) (locks, error) {
	var keyed []int
	for i, h := range heads {
		if h.keyed {
			keyed = append(keyed, i)
		}
	}
	if keyed == nil {
		return nil, nil
	}
	atoms := make([]customer.AtomID, len(keyed))
	for k, i := range keyed {
		atoms[k] = ids[i]
	}
	found, err := p.keys(ctx, atoms)
	if err != nil {
		return nil, err
	}
	all, room := make(locks, len(ids)), make([]lock, len(keyed))
	for k, i := range keyed {
		switch err := found[k].Err; {
		case errors.Is(err, seal.ErrDestroyed):
			heads[i] = heads[i].gone()
		case err != nil:
			return nil, noKey(err)
		default:
			room[k] = lock{f.bound, found[k].Key}
			all[i] = &room[k]
		}
	}
	return all, nil
}

// lock is locks of one log, whose head it returns in its place.
func (p *Profiles) lock(ctx context.Context, f *inForce, id customer.AtomID, h *head) (*head, *lock, error) {
	heads := []*head{h}
	l, err := p.locks(ctx, f, []customer.AtomID{id}, heads)
	return heads[0], l.of(0), err
}

// keys reads keys of atoms, some of which have sealed values or are to have them.
func (p *Profiles) keys(ctx context.Context, ids []customer.AtomID) ([]seal.Found, error) {
	if p.o.Vault == nil {
		return nil, noKey(seal.ErrNoKey)
	}
	return p.o.Vault.Keys(ctx, ids...)
}

func noKey(err error) error { return fmt.Errorf("profile: sealed values of an atom: %w", err) }

// gone is the head of an atom whose key has been destroyed.
func (h *head) gone() *head {
	return &head{version: h.version, erased: true, claims: h.claims, edits: h.edits, divided: h.divided, stream: h.stream, from: h.from}
}
