package profile

import (
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

const (
	// mostOverhead is by how many bytes a value is longer once it is sealed, at most: the
	// kind, the version of the schema and the length stand beside it.
	mostOverhead = seal.Overhead + 2 + 9 + 3
	// mostSealed is how many bytes evidence has at most when its values are sealed: so many that
	// a page that has room left takes it on every store.
	mostSealed = 36 << 10
)

// unlock reads the keys of those logs whose edit needs one, all at once, and makes those of logs
// that are to have sealed values and have none.
func (p *Profiles) unlock(ctx context.Context, f *inForce, edits []logEdit, places map[paged]contentSum) error {
	var need []int
	var ids []customer.AtomID
	for i := range edits {
		if edits[i].needsKey(p.o.Vault != nil, places) {
			need, ids = append(need, i), append(ids, edits[i].id)
		}
	}
	if need == nil {
		return nil
	}
	found, err := p.keys(ctx, ids)
	if err != nil {
		return err
	}
	var none []*logEdit
	for k, i := range need {
		e := &edits[i]
		switch err := found[k].Err; {
		case errors.Is(err, seal.ErrDestroyed):
			e.gone = true
		case err == nil:
			e.lock = &lock{f.bound, found[k].Key}
		case e.head.keyed || !errors.Is(err, seal.ErrNoKey):
			return noKey(err)
		case e.begins(places):
			none = append(none, e)
		}
	}
	return p.makeKeys(ctx, f, none)
}

// makeKeys makes keys, several at once: the wrapper may be far away. They are part of the commit
// if something is sealed under them.
func (p *Profiles) makeKeys(ctx context.Context, f *inForce, none []*logEdit) error {
	const together = 16
	errs := make([]error, len(none))
	parallel.For(min(together, len(none)), len(none), func(i int) {
		e := none[i]
		e.made = new(store.Batch)
		k, err := p.o.Vault.Create(ctx, e.made, e.id)
		e.lock, errs[i] = &lock{f.bound, k}, err
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// begins tells whether something is to be sealed that was not added before.
func (e *logEdit) begins(places map[paged]contentSum) bool {
	return slices.ContainsFunc(e.rows, func(g *given) bool {
		sum, _, found := e.sum(g, places)
		return g.invalidated == nil && g.secret() && (!found || sum.void() || !sum.says(g.sum))
	})
}

// needsKey tells whether to take the rows in needs the key of the log: to seal something, to
// close a page, or to tell what the id of evidence was used for.
func (e *logEdit) needsKey(vault bool, places map[paged]contentSum) bool {
	if e.head.erased {
		return false
	}
	size := len(e.head.tail)
	for _, g := range e.rows {
		if g.invalidated != nil {
			continue
		}
		if g.secret() && (vault || e.head.keyed) {
			return true
		}
		if !e.head.keyed {
			continue
		}
		if sum, _, found := e.sum(g, places); found && (sum.void() || !sum.says(g.sum)) {
			return true
		}
		size += g.size + 24
	}
	return e.head.keyed && !e.head.large && (len(e.head.marks)+markSize*len(e.rows) >= mostMarks*markSize || size > mostTail)
}

// keep notes that something in the log is sealed. A key that was made for that is part of the commit.
func (e *logEdit) keep(b *store.Batch) {
	e.head.keyed = true
	if e.made != nil {
		b.Writes, b.Conditions = append(b.Writes, e.made.Writes...), append(b.Conditions, e.made.Conditions...)
		e.made = nil
	}
}
