package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

// Retract takes an observation back: who is one customer is then as if it had never
// been observed. Its id stays used. at is when that is decided; it is the time of the
// changes. Retracting again does nothing.
//
// Errors: ErrUnknown, ErrErased, ErrInput, and those of the store. Cost: as Observe;
// where the observation has identifiers that are shared, reading whom these are shared by.
func (g *Graph) Retract(ctx context.Context, at time.Time, id string) error {
	if !civil.InYears(at) {
		return &InputError{-1, "at", "is not in years 1 to 9999"}
	}
	name := g.blind("observation", id)
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, observationKey(name))
		if err != nil {
			return nil, err
		}
		was, err := readSeen(entries[0])
		switch {
		case err != nil:
			return nil, err
		case was.state == 0:
			return nil, fmt.Errorf("%w observation", ErrUnknown)
		case was.state == seenErased:
			return nil, ErrErased
		case was.state == seenRetracted:
			return g.again(ctx, was.container)
		}
		e, err := g.load(ctx, append(slices.Clone(more), was.container))
		if err != nil {
			return nil, err
		}
		if e == nil {
			return nil, fmt.Errorf("identity: observation moved while it was read: %w", store.ErrConflict)
		}
		e.at = at.UnixMicro()
		e.removeObservations(func(o *observation) bool { return o.id == name })
		if !e.shrunk {
			return nil, fmt.Errorf("identity: observation moved while it was read: %w", store.ErrConflict)
		}
		e.require(observationKey(name), entries[0].Version)
		e.batch.Put(observationKey(name), seen{state: seenRetracted, container: was.container, atom: was.atom, content: was.content}.data())
		return e, e.finish(ctx)
	})
}
