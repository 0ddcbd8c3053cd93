package subject

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

// A lineage is what the feed says became of a customer and its atoms since a task was written.
type lineage struct {
	// heirs are the customer, by the id that was asked for and the one it had then, and those that these have been
	// merged into.
	heirs map[customer.ID]bool
	// holders are who has atoms of those asked for, by the customer.
	holders map[customer.ID]map[customer.AtomID]bool
	// erased are the atoms that customers had who were erased, and asked those of them who had
	// atoms of those asked for.
	erased map[customer.ID][]customer.AtomID
	asked  map[customer.ID]bool
}

// follow reads what became of the customer of a task.
func (x *Subjects) follow(ctx context.Context, t *task) (*lineage, error) {
	asked := map[customer.AtomID]bool{}
	for _, a := range t.requested {
		asked[a] = true
	}
	l := &lineage{
		heirs: map[customer.ID]bool{t.present: true, t.customer: true}, holders: map[customer.ID]map[customer.AtomID]bool{},
		erased: map[customer.ID][]customer.AtomID{}, asked: map[customer.ID]bool{},
	}
	hold := func(id customer.ID, a customer.AtomID, holds bool) {
		if !holds {
			delete(l.holders[id], a)
			return
		}
		if l.holders[id] == nil {
			l.holders[id] = map[customer.AtomID]bool{}
		}
		l.holders[id][a] = true
	}
	for a := range asked {
		hold(t.present, a, true)
	}
	merged := map[customer.ID][]customer.ID{}
	for c, err := range x.parts.Graph.Changes(ctx, t.cursor) {
		if err != nil {
			return nil, err
		}
		mine := false
		for _, a := range c.Atoms {
			if asked[a] {
				hold(c.Customer, a, c.Customer == c.To)
				mine = true
			}
		}
		switch {
		case c.Verb == customer.Merged && c.Customer == c.From && c.Part == 1:
			merged[c.From] = append(merged[c.From], c.To)
		case c.Verb == customer.Erased:
			l.erased[c.From] = append(l.erased[c.From], c.Atoms...)
			l.asked[c.From] = l.asked[c.From] || mine
		}
	}
	for todo := []customer.ID{t.present, t.customer}; len(todo) > 0; {
		id := todo[0]
		todo = todo[1:]
		for _, to := range merged[id] {
			if !l.heirs[to] {
				l.heirs[to] = true
				todo = append(todo, to)
			}
		}
	}
	for id, atoms := range l.holders {
		if len(atoms) == 0 || id == uuid.Nil {
			delete(l.holders, id)
		}
	}
	return l, nil
}

// names returns those of whom the task has erased, by what the feed says. Whatever else
// was erased of the heirs is gone as well, so that it is not wrong to erase it everywhere.
func (l *lineage) names(t *task) (n names) {
	for id, atoms := range l.erased {
		if l.asked[id] || t.requested == nil && l.heirs[id] {
			n.customers = append(n.customers, id)
			n.atoms = append(n.atoms, atoms...)
		}
	}
	n.add(names{})
	return n
}

// held returns who has atoms of those asked for, ascending.
func (l *lineage) held() (ids []customer.ID) {
	for id := range l.holders {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compare)
	return ids
}
