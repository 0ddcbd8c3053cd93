package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// KeptEvidence is evidence as the store has it. Its values are those that were not set aside,
// ascending by name, with the names under which they were added. Safe for concurrent reads.
type KeptEvidence struct {
	Evidence           // of a slice of a stream Atom is the stream
	Learned  time.Time `json:"learned"` // when it was added
	// Retracted is when it was taken back. Zero: it holds.
	Retracted time.Time `json:"retracted,omitzero"`
}

// Evidence yields everything that is kept of a customer: all evidence of the atoms that are
// its now, ascending by atom, then time, then id, each piece once. There is also what
// profiles do not show: what was retracted, what lies in the future or beyond the retention, and what the
// schema has no name for any more. With SetAside, which has what was not taken, it is all that the store has
// of what was said of the customer. It is personal data.
//
// An error is the last element: those of Profile. Each log is as of one moment of the
// walk, but where others retract, purge or seal what is in pages meanwhile: then what follows is
// as of later. Cost and memory are those of Timeline. The sequence can be used again, and then reads
// anew.
func (p *Profiles) Evidence(ctx context.Context, id customer.ID) iter.Seq2[KeptEvidence, error] {
	return func(yield func(KeptEvidence, error) bool) {
		if err := p.eachKept(ctx, id, func(k KeptEvidence) bool { return yield(k, nil) }); err != nil {
			yield(KeptEvidence{}, err)
		}
	}
}

// A logPart is a log, or what a slice has of one.
type logPart struct {
	atom   customer.AtomID
	head   *head
	lock   *lock    // nil: nothing is sealed
	within *portion // nil: all
}

// logParts returns the logs in which the evidence of atoms lies, ascending.
func (p *Profiles) logParts(ctx context.Context, f *inForce, atoms []customer.AtomID) ([]logPart, error) {
	heads, err := p.heads(ctx, atoms)
	if err != nil {
		return nil, err
	}
	keys, err := p.locks(ctx, f, atoms, heads)
	if err != nil {
		return nil, err
	}
	var parts []logPart
	var names []sliceName
	for i, h := range heads {
		parts = append(parts, logPart{atoms[i], h, keys.of(i), nil})
		if h.stream != (customer.AtomID{}) && !h.erased {
			names = append(names, sliceName{h.stream, h.from, atoms[i]})
		}
	}
	portions, err := p.portions(ctx, names, never)
	if err != nil {
		return nil, err
	}
	if keys, err = p.lockPortions(ctx, f, names, portions); err != nil {
		return nil, err
	}
	for i := range portions {
		parts = append(parts, logPart{portions[i].stream, portions[i].head, keys.of(i), &portions[i]})
	}
	slices.SortStableFunc(parts, func(a, b logPart) int { return compareAtoms(a.atom, b.atom) })
	return parts, nil
}

func (p *Profiles) eachKept(ctx context.Context, id customer.ID, yield func(KeptEvidence) bool) error {
	f, err := p.reread(ctx)
	if err != nil {
		return err
	}
	present, atoms, err := p.members(ctx, id, moment{known: never})
	if err != nil {
		return err
	}
	parts, err := p.logParts(ctx, f, atoms)
	for len(parts) > 0 && err == nil {
		a := parts[0].atom
		t := &merging{bound: f.bound, m: moment{at: never, known: never}, from: math.MinInt64, to: math.MaxInt64, since: math.MinInt64, statements: true, whole: true}
		var of int
		walk := func() error {
			for of = 0; of < len(parts) && parts[of].atom == a; of++ {
			}
			f, err = p.walkKept(ctx, t, f, parts[:of], yield)
			return err
		}
		err = walk()
		for errors.Is(err, errRewritten) {
			if err = t.again(); err != nil {
				return err
			}
			if parts, err = p.logParts(ctx, f, atoms); err != nil {
				return err
			}
			parts = slices.DeleteFunc(parts, func(l logPart) bool { return compareAtoms(l.atom, a) < 0 })
			err = walk()
		}
		parts = parts[of:]
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	if err != nil {
		return err
	}
	// Of who was erased meanwhile entries may be missing.
	_, _, err = p.resolve(ctx, present, never)
	return err
}

// walkKept goes through what is wanted of the parts of one log. It returns the schema by which that
// was readable, or errEnough where yield has had that.
func (p *Profiles) walkKept(ctx context.Context, t *merging, f *inForce, parts []logPart, yield func(KeptEvidence) bool) (*inForce, error) {
	for _, l := range parts {
		if err := t.beginLog(ctx, p, l.atom, l.head, l.lock, l.within); err != nil {
			return f, err
		}
	}
	if err := t.begun(ctx, p); err != nil {
		return f, err
	}
	for {
		a, e, err := t.next(ctx, p)
		if err != nil || e == nil {
			return f, err
		}
		if !f.knows(e) { // it was added under a newer schema
			if f, err = p.reread(ctx); err != nil {
				return f, err
			}
			if !f.knows(e) {
				return f, fmt.Errorf("%w: profile: an entry of names that no schema has", store.ErrCorrupt)
			}
			for _, l := range parts {
				if l.lock == nil {
					continue
				}
				l.lock.bound = f.bound // also for what follows
				if _, err := l.lock.open(e, nil); err != nil {
					return f, err
				}
			}
		}
		if !yield(f.kept(a, e)) {
			return f, errEnough
		}
	}
}

// knows tells whether the table of names has those of an entry.
func (b *bound) knows(e *entry) bool {
	n := max(e.source, e.event)
	for _, v := range e.values {
		n = max(n, v.number)
	}
	return int64(n) < int64(len(b.names))
}

// nameOf is the name that has a number, in whatever schema.
func (b *bound) nameOf(number uint32) string {
	name := b.names[number]
	return name[strings.LastIndexByte(name, '\t')+1:]
}

// kept makes an entry of a log readable.
func (b *bound) kept(a customer.AtomID, e *entry) KeptEvidence {
	k := KeptEvidence{
		Evidence: Evidence{
			Atom: a, ID: e.id, Source: b.nameOf(e.source), Event: b.nameOf(e.event), Time: microTime(e.time), Verified: e.verified,
		},
		Learned: microTime(e.learned),
	}
	if e.retracted != 0 {
		k.Retracted = microTime(e.retracted)
	}
	for _, v := range e.values {
		k.Values = append(k.Values, customer.Field{Name: b.nameOf(v.number), Value: v.value})
	}
	slices.SortFunc(k.Values, func(v, w customer.Field) int { return cmp.Compare(v.Name, w.Name) })
	return k
}
