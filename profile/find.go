package profile

import (
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// Find returns the customers, ascending, of whom a trait has a value at a moment: whose
// profile has it, not just some source. Where the trait's value is labels, a text finds those who
// have that label, and labels those who have just these. Values are compared as they are:
// what is to be found in several spellings has to be added in one. With Moment.Known they
// are the customers that were known then, who may have been merged since.
//
// The trait must be Searchable; what was stated before it was is found after Reseal. An index
// without a key is not consulted, and values are not in it but as hashes (Options.Index).
//
// It is no snapshot: of who changes meanwhile either is possible. Errors: an InputError, where
// the schema has no such trait, the trait is not searchable or cannot have the value; those of
// the store.
//
// Cost: a scan for each key of Options.Index over the atoms that ever stated the value; some
// reads for these; and the cost of Profile for each customer that has one, on
// Options.Workers goroutines. With Moment.Known also a scan over all atoms of all customers.
// Memory: some 50 bytes for each of these atoms, and those of a few dozen customers at a time. So a
// value that many share, such as a city, costs as much as going through those who have it.
func (p *Profiles) Find(ctx context.Context, trait string, value customer.Value, m Moment) ([]customer.ID, error) {
	at, err := m.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	q, err := f.query(trait, value)
	if err != nil {
		return nil, err
	}
	atoms, err := p.stating(ctx, f, q)
	if err != nil || len(atoms) == 0 {
		return nil, err
	}
	ids, err := p.owners(ctx, atoms, at.known)
	if err != nil {
		return nil, err
	}
	return p.decide(ctx, f, q, ids, at)
}

// A query is what Find looks for.
type query struct {
	trait int // index of Schema.Traits
	value customer.Value
	label bool           // value is one of the labels that the trait may have
	key   customer.Value // what of it is looked up
}

// query checks what is looked for.
func (b *bound) query(trait string, v customer.Value) (*query, error) {
	number := b.trait(trait)
	if number == 0 {
		return nil, &InputError{-1, "trait", "is not in the schema"}
	}
	i := int(b.role(number).index)
	if b.indexKinds[i] == "" {
		return nil, &InputError{-1, "trait", "is not searchable"}
	}
	kind := b.traitKinds[i]
	q := &query{trait: i, value: coerce(v, kind)}
	if _, isText := v.Text(); isText && kind == customer.KindLabels {
		q.label = true
	} else if q.value.Kind() != kind {
		return nil, &InputError{-1, "value", "is of a kind that the trait has not"}
	}
	if q.value.Validate() != nil {
		return nil, &InputError{-1, "value", "is not valid"}
	}
	q.key = q.value
	if !q.label && kind == customer.KindLabels {
		q.key = customer.Value{}
		for label := range q.value.Labels() {
			q.key = customer.TextValue(label)
			break
		}
		if q.key.IsUnset() {
			return nil, &InputError{-1, "value", "has no labels"}
		}
	}
	return q, nil
}

// is tells whether a value of the trait is what is looked for.
func (q *query) is(v customer.Value) bool {
	if !q.label {
		return v == q.value
	}
	want, _ := q.value.Text()
	for label := range v.Labels() {
		if label == want {
			return true
		}
	}
	return false
}

// stating returns the atoms, ascending, whose logs ever stated what is looked for.
func (p *Profiles) stating(ctx context.Context, f *inForce, q *query) ([]customer.AtomID, error) {
	var blinds [][]byte
	p.blinder(f.bound, true).blind(f.indexKinds[q.trait], q.key, func(blind []byte) { blinds = append(blinds, blind) })
	var atoms []customer.AtomID
	for _, blind := range blinds {
		prefix := key('f', blind)
		for e, err := range p.s.Scan(ctx, store.Under(prefix)) {
			if err != nil {
				return nil, err
			}
			var a customer.AtomID
			if len(e.Key) != len(prefix)+len(a) {
				return nil, corruptIndex()
			}
			atoms = append(atoms, customer.AtomID(e.Key[len(prefix):]))
		}
	}
	slices.SortFunc(atoms, compareAtoms)
	return slices.Compact(atoms), nil
}

// owners returns the customers, ascending, who had logs, or slices of them, at a time.
func (p *Profiles) owners(ctx context.Context, logs []customer.AtomID, known int64) ([]customer.ID, error) {
	var ids []customer.ID
	atoms, err := p.claimed(ctx, logs, func(h *head) { ids = append(ids, h.claims...) })
	if err == nil && known != never {
		ids, err = p.ownersThen(ctx, atoms, known)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids), nil
}

// claimed calls do with the heads of logs and of the slices of those that are of streams, and
// returns the atoms of all.
func (p *Profiles) claimed(ctx context.Context, logs []customer.AtomID, do func(*head)) (atoms []customer.AtomID, err error) {
	const most = 512
	atoms = slices.Clone(logs)
	for at := 0; at < len(atoms); {
		some := atoms[at:min(at+most, len(atoms))]
		heads, err := p.heads(ctx, some)
		if err != nil {
			return nil, err
		}
		at += len(some)
		for i, h := range heads {
			do(h)
			if !h.divided {
				continue
			}
			for e, err := range p.s.Scan(ctx, store.Under(key('s', some[i][:]))) {
				if err != nil {
					return nil, err
				}
				n, err := readSliceKey(e.Key)
				if err != nil {
					return nil, err
				}
				atoms = append(atoms, n.atom)
			}
		}
	}
	return atoms, nil
}

// ownersThen returns the customers who had one of the atoms by what was known at a time.
func (p *Profiles) ownersThen(ctx context.Context, atoms []customer.AtomID, known int64) (ids []customer.ID, err error) {
	wanted := make(map[customer.AtomID]bool, len(atoms))
	for _, a := range atoms {
		wanted[a] = true
	}
	for e, err := range p.s.Scan(ctx, store.Under(key('m'))) {
		if err != nil {
			return nil, err
		}
		id, a, err := memberName(e.Key)
		if err != nil {
			return nil, err
		}
		if !wanted[a] {
			continue
		}
		of, err := readMember(e.Value)
		if err != nil {
			return nil, err
		}
		if of.at(known) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// decide returns those of the customers, ascending, whose profile has what is looked for.
func (p *Profiles) decide(ctx context.Context, f *inForce, q *query, ids []customer.ID, m moment) ([]customer.ID, error) {
	const part = 32 // customers whose atoms are read together
	parts := (len(ids) + part - 1) / part
	found, errs := make([][]customer.ID, parts), make([]error, parts)
	parallel.Ranges(parallel.Workers(p.o.Workers), len(ids), parts, func(part, lo, hi int) {
		found[part], errs[part] = p.decidePart(ctx, f, q, ids[lo:hi], m)
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, compareIDs)
	return slices.Compact(all), nil
}

func (p *Profiles) decidePart(ctx context.Context, f *inForce, q *query, ids []customer.ID, m moment) (found []customer.ID, err error) {
	page := make([]holding, 0, len(ids))
	for _, id := range ids {
		present, atoms, err := p.members(ctx, id, m)
		switch {
		case errors.Is(err, ErrUnknown) || errors.Is(err, ErrErased): // meanwhile, or since
		case err != nil:
			return nil, err
		default:
			page = append(page, holding{present, atoms})
		}
	}
	loaded, err := p.loadPage(ctx, f, page, m)
	if err != nil {
		return nil, err
	}
	for i := range loaded {
		if !q.is(f.fold(loaded[i].atoms, m).traits[q.trait]) {
			continue
		}
		// Of who was erased in between evidence may be missing.
		switch _, _, err := p.resolve(ctx, loaded[i].id, m.known); {
		case errors.Is(err, ErrUnknown) || errors.Is(err, ErrErased):
		case err != nil:
			return nil, err
		default:
			found = append(found, loaded[i].id)
		}
	}
	return found, nil
}
