package profile

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// A Summary is what became of evidence. Added, Known and Rejected together are all of it.
// Safe for concurrent reads.
type Summary struct {
	Added    int // new, and now counts, if perhaps without the values set aside
	Known    int // had been added before, or twice in the input
	Rejected int // events set aside as a whole and, of AddMany, evidence refused with an error
	SetAside int // values that were set aside, and required fields that were lacking
}

// Add adds evidence. learned is when we learn of it: what Profiles answer as known before
// does not have it. The order in which evidence is added, by one call or many, makes no
// difference to any profile.
//
// All of the evidence is looked at first. If one is not valid nothing is added, and the
// error is an InputError with its row and field. What fits into one commit of the store,
// mostly a hundred pieces of evidence and more, is added together or not at all. Beyond
// that some may be there and others not when an error comes; adding the same again does
// the rest.
//
// To add what was added before changes nothing, even if other values of it would be set
// aside today. Evidence whose id was used in the atom for something else is ErrReused, if it
// has been retracted ErrRetracted, and if the atom has been erased ErrErased; the errors
// name the row.
//
// Values that the schema does not take are set aside with the reason, where SetAside finds
// them. What was kept of the evidence is what was known then, and does not change: where the
// source corrects a value that was set aside, or the schema comes to take it, Retract the
// evidence and add it under a new id.
//
// An event that lacks a required field is set aside as a whole: nothing of it is kept but
// which fields were lacking. It has no claim to its id: the event as the source corrects it,
// and the same event once a schema takes it, is added under that id as if it came for the
// first time. What SetAside had of it is forgotten then, and remains counted.
//
// Where the outcome of a commit is not known Add finds out, unless ctx ends. Other errors
// are those of the store.
func (p *Profiles) Add(ctx context.Context, learned time.Time, evidence ...Evidence) (Summary, error) {
	micros, err := learnedAt(learned)
	if err != nil {
		return Summary{}, err
	}
	all := make([]given, len(evidence))
	order := make(pack, len(evidence))
	w := wire.New("", 1)
	for i := range evidence {
		all[i] = given{Evidence: &evidence[i], row: i}
		if err := all[i].check(w); err != nil {
			return Summary{}, err
		}
		order[i] = &all[i]
	}
	slices.SortFunc(order, compareGiven)
	a := adding{p: p, learned: micros, strict: true}
	var sum Summary
	f, err := p.current(ctx)
	if err != nil {
		return sum, err
	}
	todo := a.jobs(order, f.bound, p.s.Limits())
	if len(todo) > 1 { // nothing is added if one is not valid
		if _, err := a.bound(ctx, order); err != nil {
			return sum, err
		}
	}
	for _, job := range todo {
		for _, some := range job {
			if err := a.pack(ctx, some); err != nil {
				return sum, err
			}
			sum.count(some)
		}
	}
	return sum, nil
}

func learnedAt(t time.Time) (micros int64, err error) {
	if !civil.InYears(t) {
		return 0, &InputError{Row: -1, Field: "learned", Reason: "is not in years 1 to 9999"}
	}
	return t.UnixMicro(), nil
}

func compareGiven(a, b *given) int {
	return cmp.Or(compareAtoms(a.Atom, b.Atom), cmp.Compare(a.row, b.row))
}

func compareAtoms(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) }

// count adds what became of evidence.
func (s *Summary) count(all pack) {
	for _, g := range all {
		switch {
		case g.verdict == known:
			s.Known++
			continue
		case g.verdict == refused:
			s.Rejected++
			continue
		case g.lacking:
			s.Rejected++
		default:
			s.Added++
		}
		s.SetAside += len(g.aside)
	}
}
