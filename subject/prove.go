package subject

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Prove goes through all stores and says what is left of a person who was erased:
//
//   - keys of the person's atoms, of which none may be live, and what still opens under them;
//   - entries that have an id of the person, of an atom or a hash of an identifier, in key or
//     value, with the reason why they stay;
//   - values of the person in the clear, as text, digits, JSON or UTF-16, and numbers and times as they are
//     stored. They are known if e is what Erase returned; an [Erasure] that was read again knows
//     only ids. Of e the ID counts beside; ids are those that were written down.
//
// What is shorter than 6 bytes is not looked for, nor what the schema or the policy has as a word, such as the values that a
// trait may have. What is left of an entry that is sealed under a
// key that is gone cannot be told from any other bytes, and can be read by nobody.
//
// The result is told to the log. Faults are in the result and no error; see [Proof.Err].
// Errors are [ErrUnknown] of an erasure that is nil or not done, and those of the stores and the vaults; where the
// log fails the proof is returned with its error. Cost: reading all entries, a few nanoseconds for each
// byte.
func (x *Subjects) Prove(ctx context.Context, now time.Time, e *Erasure) (*Proof, error) {
	if err := x.needGraph(); err != nil {
		return nil, err
	}
	if !civil.InYears(now) {
		return nil, errNow
	}
	if e == nil {
		return nil, ErrUnknown
	}
	t, err := x.load(ctx, hashOf(e.ID))
	if err != nil {
		return nil, err
	}
	if t == nil || t.phase != done {
		return nil, ErrUnknown
	}
	known, err := x.erasure(ctx, t, e.memory)
	if err != nil {
		return nil, err
	}
	s := newSearch(known)
	s.p.At, s.p.Stores = now.UTC(), len(x.stores)
	if err := s.keys(ctx, x.parts.Vaults); err != nil {
		return nil, err
	}
	if len(s.live) > 0 {
		if s.fields, err = x.sealedFields(ctx); err != nil {
			return nil, err
		}
	}
	for _, from := range x.stores {
		for entry, err := range from.Scan(ctx, store.Range{}) {
			if err != nil {
				return nil, err
			}
			s.entry(entry)
		}
	}
	p := s.proof()
	if x.parts.Log == nil {
		return p, nil
	}
	outcome := audit.Done
	if len(p.Faults) > 0 {
		outcome = audit.Failed
	}
	return p, x.parts.Log.Append(ctx, &audit.Entry{
		Time: now, Actor: t.actor, Action: "subject.prove", Outcome: outcome, Purpose: "erasure", Customer: t.customer, Object: t.id,
		Details: []audit.Detail{
			{Name: "entries", Text: strconv.FormatInt(p.Entries, 10)},
			{Name: "values", Text: strconv.Itoa(p.Values)},
			{Name: "faults", Text: strconv.Itoa(len(p.Faults))},
		},
	})
}

// A search looks for what is left of a person. Not safe for concurrent use.
type search struct {
	p         *Proof
	customers map[customer.ID]bool
	atoms     map[customer.AtomID]bool
	order     []customer.AtomID // atoms, ascending
	probes    []probe
	needles   needles
	seam      seam // with the entry before
	live      map[customer.AtomID][]*seal.Key
	fields    []sealedField   // of live keys
	left      map[Left]int64  // by what it is without Count
	found     map[Found]int64 // the same
	// Records that were used again after they were erased, which may be known only once the
	// entries that have them were seen: those wait.
	returned map[customer.AtomID]bool
	waiting  []waiting
}

// Waiting is an entry that may have these atoms if all of them have returned.
type waiting struct {
	label string
	atoms []customer.AtomID
}

// What needles stand for; from firstProbe on they are probes.
const (
	aCustomer = iota
	anAtom
	aHash
	anOwnHash // of an identifier that nobody else had
	firstProbe
)

var nameOf = [...]string{aCustomer: "customer", anAtom: "atom", aHash: "hash", anOwnHash: "hash"}

func newSearch(e *Erasure) *search {
	s := &search{
		p:         &Proof{ID: e.ID, Customer: e.Customer},
		customers: map[customer.ID]bool{}, atoms: map[customer.AtomID]bool{}, live: map[customer.AtomID][]*seal.Key{},
		left: map[Left]int64{}, found: map[Found]int64{}, returned: map[customer.AtomID]bool{},
	}
	customers, atoms := slices.Clone(e.Customers), slices.Clone(e.Atoms)
	if m := e.memory; m != nil {
		customers, atoms = append(customers, m.customers...), append(atoms, m.atoms...)
		hashes := map[[seal.BlindBytes]byte]bool{}
		for _, h := range m.own {
			if !hashes[h] {
				hashes[h] = true
				s.needles.add(h[:], anOwnHash)
			}
		}
		for _, h := range m.blinds {
			if !hashes[h] {
				hashes[h] = true
				s.needles.add(h[:], aHash)
			}
		}
		s.p.Names += len(hashes)
		s.probes, s.p.Short, s.p.Unread = m.probes, m.short, m.unread
		for i := range m.probes {
			for _, form := range m.probes[i].forms {
				s.needles.add(form, firstProbe+i)
			}
		}
	}
	for _, id := range ascending(customers) {
		s.customers[id] = true
		s.needles.add(id[:], aCustomer)
		s.needles.add([]byte(id.String()), aCustomer)
	}
	s.order = ascending(atoms)
	for _, a := range s.order {
		s.atoms[a] = true
		s.needles.add(a[:], anAtom)
		s.needles.add([]byte(a.String()), anAtom)
	}
	s.p.Names += len(s.customers) + len(s.atoms)
	s.p.Values = len(s.probes)
	return s
}

// keys asks vaults for the keys of the person's atoms.
func (s *search) keys(ctx context.Context, vaults []*seal.Vault) error {
	for i, v := range vaults {
		for some := range slices.Chunk(s.order, 1000) {
			v.Forget(some...) // what counts is the store
			found, err := v.Keys(ctx, some...)
			if err != nil {
				return fmt.Errorf("subject: vault %d: %w", i, err)
			}
			for j, f := range found {
				switch {
				case errors.Is(f.Err, seal.ErrDestroyed):
					s.p.Keys.Destroyed++
				case errors.Is(f.Err, seal.ErrNoKey):
					s.p.Keys.Missing++
				default:
					s.p.Keys.Live++
					s.live[some[j]] = append(s.live[some[j]], f.Key)
				}
			}
		}
	}
	return nil
}

// entry looks at an entry of a store.
func (s *search) entry(e store.Entry) {
	s.p.Entries++
	s.p.Bytes += int64(len(e.Key) + len(e.Value))
	var seen map[int]bool
	for _, data := range [][]byte{e.Key, e.Value, s.seam.join(e)} {
		s.needles.find(data, func(what int) {
			if seen == nil {
				seen = map[int]bool{}
			}
			seen[what] = true
		})
	}
	if seen == nil {
		return
	}
	k := readKept(e)
	if k.kind != k.label && s.tells(strings.TrimSuffix(k.label, "/")) {
		k.label = others
	}
	for what := range seen {
		if what == anAtom && returns[k.kind] {
			s.waiting = append(s.waiting, waiting{k.label, s.names(k)})
			continue
		}
		if what < firstProbe {
			reason, ok := s.reason(k, what)
			s.left[Left{Kind: k.label, Name: nameOf[what], Reason: reason, Fault: !ok}]++
			continue
		}
		p := &s.probes[what-firstProbe]
		s.found[Found{Kind: k.label, What: p.what, Elsewhere: s.elsewhere(k, p)}]++
	}
	if seen[anAtom] {
		s.p.Keys.Opened += s.opens(k)
	}
}

// returns are the kinds in which a record goes by the name that it had before it was erased.
var returns = map[string]bool{
	"identity/evidence": true, "identity/part": true, "identity/bearer": true, "identity/guard": true, "identity/edge": true,
}

// allReturned tells whether all of these records were used again.
func (s *search) allReturned(atoms []customer.AtomID) bool {
	return len(atoms) > 0 && !slices.ContainsFunc(atoms, func(a customer.AtomID) bool { return !s.returned[a] })
}

// tells tells whether a word is part of a value of the person.
func (s *search) tells(word string) bool {
	for i := range s.probes {
		for _, form := range s.probes[i].forms {
			if bytes.Contains(bytes.ToLower(form), []byte(word)) {
				return true
			}
		}
	}
	return false
}

// proof sums up.
func (s *search) proof() *Proof {
	p := s.p
	for _, w := range s.waiting {
		l := Left{Kind: w.label, Name: nameOf[anAtom], Reason: returned}
		if !s.allReturned(w.atoms) {
			l.Reason, l.Fault = notErased, true
		}
		s.left[l]++
	}
	for l, n := range s.left {
		l.Count = n
		p.Left = append(p.Left, l)
	}
	slices.SortFunc(p.Left, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
	})
	for f, n := range s.found {
		f.Count = n
		p.Found = append(p.Found, f)
	}
	slices.SortFunc(p.Found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What), cmp.Compare(strconv.FormatBool(a.Elsewhere), strconv.FormatBool(b.Elsewhere)))
	})
	fault := func(format string, args ...any) { p.Faults = append(p.Faults, fmt.Sprintf(format, args...)) }
	if p.Keys.Live > 0 {
		fault("%d keys of the person's atoms are live", p.Keys.Live)
	}
	if p.Keys.Opened > 0 {
		fault("%d sealed values open", p.Keys.Opened)
	}
	for _, l := range p.Left {
		if l.Fault {
			fault("%d entries of %s have the %s: %s", l.Count, l.Kind, l.Name, l.Reason)
		}
	}
	for _, f := range p.Found {
		if !f.Elsewhere {
			fault("%d entries of %s hold in the clear: %s", f.Count, f.Kind, f.What)
		}
	}
	return p
}
