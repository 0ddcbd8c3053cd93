package identity

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Observations yields all observations of a customer, named by its id or that of one of
// the past that is part of it now, in the order of their times: the evidence, as it was
// observed. It is personal data, opened, as somebody is owed who asks what is kept of
// them: mind who reads it. Who is the customer is looked up once, at the beginning; what
// is retracted meanwhile is left out.
//
// An error is the last element: ErrUnknown, ErrErased, seal.ErrDestroyed and
// seal.ErrNoKey where a key is gone, those of the store. Cost: a few reads for the
// evidence, one for every 100 observations, and one for each key that the vault does not
// remember.
func (g *Graph) Observations(ctx context.Context, id customer.ID) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		c, home, err := g.home(ctx, id)
		if err != nil {
			yield(Observation{}, err)
			return
		}
		var ids []blind
		for _, o := range c.ev.seen {
			if c.ev.pieces[o.piece].home == home {
				ids = append(ids, o.id)
			}
		}
		for part := range slices.Chunk(ids, 100) {
			entries, err := g.observed(ctx, part)
			if err != nil {
				yield(Observation{}, err)
				return
			}
			for _, entry := range entries {
				o, state, err := g.open(ctx, entry)
				switch {
				case err != nil:
				case state == seenErased:
					err = ErrErased
				case state != seenLive:
					continue
				}
				if !yield(o, err) || err != nil {
					return
				}
			}
		}
	}
}

// observed reads what is kept of observations.
func (g *Graph) observed(ctx context.Context, ids []blind) ([]store.Entry, error) {
	keys := make([][]byte, len(ids))
	for i, id := range ids {
		keys[i] = observationKey(id)
	}
	return g.get(ctx, keys)
}

// open opens what is kept of an observation, if it is live.
func (g *Graph) open(ctx context.Context, entry store.Entry) (o Observation, state uint64, err error) {
	kept, err := readSeen(entry)
	if err != nil || kept.state != seenLive {
		return o, kept.state, err
	}
	k, err := g.o.Vault.Key(ctx, kept.atom)
	if err != nil {
		return o, kept.state, fmt.Errorf("identity: key of an observation: %w", err)
	}
	data, err := k.Open(nil, kept.sealed, "observation", 1)
	if err != nil {
		return o, kept.state, fmt.Errorf("identity: observation: %w", err)
	}
	o, err = readObservation(data)
	return o, kept.state, err
}

// isGone reports whether an error says that what is sealed can not be read any more.
func isGone(err error) bool {
	return errors.Is(err, seal.ErrDestroyed) || errors.Is(err, seal.ErrNoKey)
}
