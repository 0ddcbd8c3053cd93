package identity

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A spot is where in evidence a Ref leads.
type spot struct {
	ev     *evidence
	pieces []int32 // at least one
	value  int32   // of an identifier, otherwise -1
	seen   int32   // of an observation, otherwise -1
}

// A seeker finds what a Ref names.
type seeker struct {
	key []byte // whose entry leads to the container
	// lead returns the container, uuid.Nil for an identifier that is shared.
	lead func(e store.Entry) (customer.ID, error)
	// find completes a spot in the evidence of that container, or is errMoved.
	find func(s *spot) error
}

// seek returns how to find what a Ref names.
func (g *Graph) seek(field string, r Ref) (seeker, error) {
	set := 0
	for _, is := range []bool{r.Customer != uuid.Nil, r.Record != Record{}, r.Observation != "", r.Identifier != Identifier{}} {
		if is {
			set++
		}
	}
	switch {
	case set != 1 || r.Entity != "" && r.Identifier == (Identifier{}):
		return seeker{}, &InputError{-1, field, "does not name exactly one thing"}
	case r.Customer != uuid.Nil:
		return seekCustomer(r.Customer), nil
	case r.Observation != "":
		return seekObservation(g.blind("observation", r.Observation)), nil
	case r.Identifier != Identifier{}:
		ids, err := g.valueBlinds(r.Entity, r.Identifier)
		if err != nil {
			return seeker{}, err
		}
		return seekValue(ids[0].blind), nil
	}
	return seekRecord(g.recordBlind(r.Record.Entity, r.Record.Source, r.Record.Record)), nil
}

func seekCustomer(id customer.ID) seeker {
	return seeker{
		customerKey(id),
		func(e store.Entry) (customer.ID, error) {
			to, err := readPointer(e)
			switch {
			case err != nil:
				return uuid.Nil, err
			case to.state != contained && to.erased != nil:
				return uuid.Nil, ErrErased
			case to.state != contained:
				return uuid.Nil, fmt.Errorf("%w customer", ErrUnknown)
			}
			return to.to, nil
		},
		func(s *spot) error {
			return s.piece(func(p *piece) bool { return slices.Contains(p.answers, id) })
		},
	}
}

func seekRecord(h blind) seeker {
	var atom customer.AtomID
	return seeker{
		recordKey(atomOf(h)),
		func(e store.Entry) (customer.ID, error) {
			to, err := readPointer(e)
			if err == nil && to.state != contained {
				err = fmt.Errorf("%w record", ErrUnknown)
			}
			atom = recordAtom(h, to)
			return to.to, err
		},
		func(s *spot) error {
			err := s.piece(func(p *piece) bool { return p.atom == atom })
			if err == nil && s.ev.pieces[s.pieces[0]].home == uuid.Nil {
				return fmt.Errorf("%w record", ErrUnknown) // retracted, but ruled on
			}
			return err
		},
	}
}

// piece makes the spot the one piece of its kind.
func (s *spot) piece(is func(p *piece) bool) error {
	s.value, s.seen = -1, -1
	for i := range s.ev.pieces {
		if is(&s.ev.pieces[i]) {
			s.pieces = []int32{int32(i)}
			return nil
		}
	}
	return errMoved
}

func seekObservation(id blind) seeker {
	return seeker{
		observationKey(id),
		func(e store.Entry) (customer.ID, error) {
			kept, err := readSeen(e)
			switch {
			case err != nil:
				return uuid.Nil, err
			case kept.state == 0:
				return uuid.Nil, fmt.Errorf("%w observation", ErrUnknown)
			case kept.state == seenRetracted:
				return uuid.Nil, ErrRetracted
			case kept.state == seenErased:
				return uuid.Nil, ErrErased
			}
			return kept.container, nil
		},
		func(s *spot) error {
			i := slices.IndexFunc(s.ev.seen, func(o observation) bool { return o.id == id })
			if i < 0 {
				return errMoved
			}
			s.pieces, s.value, s.seen = []int32{s.ev.seen[i].piece}, -1, int32(i)
			return nil
		},
	}
}

func seekValue(h blind) seeker {
	return seeker{
		valueKey(h),
		func(e store.Entry) (customer.ID, error) {
			to, err := readPointer(e)
			switch {
			case err != nil:
				return uuid.Nil, err
			case to.state == nowhere:
				return uuid.Nil, fmt.Errorf("%w value", ErrUnknown)
			case to.state == shared:
				return uuid.Nil, nil
			}
			return to.to, nil
		},
		func(s *spot) error {
			s.value, s.seen = int32(slices.IndexFunc(s.ev.values, func(v value) bool { return v.blind == h })), -1
			if s.value < 0 {
				return errMoved
			}
			known := make([]bool, len(s.ev.pieces))
			for i := range s.ev.seen {
				if o := &s.ev.seen[i]; o.has(s.value) && !known[o.piece] {
					known[o.piece] = true
					s.pieces = append(s.pieces, o.piece)
				}
			}
			if len(s.pieces) == 0 {
				return fmt.Errorf("%w value", ErrUnknown) // retracted, but ruled on
			}
			return nil
		},
	}
}

// has reports whether a value is in an observation.
func (o *observation) has(value int32) bool {
	return slices.ContainsFunc(o.marks, func(k mark) bool { return k.value == value })
}

// latest is the piece of a spot that was seen last: as the identifier, if it is one.
func (s *spot) latest() int32 {
	for i := range slices.Backward(s.ev.seen) {
		if o := &s.ev.seen[i]; s.value >= 0 && o.has(s.value) {
			return o.piece
		}
	}
	return s.pieces[0]
}
