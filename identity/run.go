package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// run makes an edit and commits it, again and again as long as others change the same,
// and finishes what does not fit into one commit.
func (g *Graph) run(ctx context.Context, make func(ctx context.Context, more []customer.ID) (*edit, error)) error {
	var more []customer.ID
	var begun customer.ID // a container of which more may be to do than the commit did
	var unsure []customer.Change
	tries := 0
	for {
		var e *edit
		_, err := store.Update(ctx, committer{g.s, g, &e}, g.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			var err error
			if e, err = make(ctx, more); err != nil || e == nil {
				return nil, err
			}
			return &e.batch, nil
		})
		need, isMore := errors.AsType[*moreError](err)
		switch {
		case isMore:
			more = append(more, need.ids...)
			if err := g.gather(ctx, more); err != nil {
				return err
			}
			continue
		case errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil:
			if e != nil && e.unfinish {
				begun = e.main.id
			}
			if e != nil && len(e.changes) > 0 {
				unsure = e.changes
			}
			if tries++; tries == 64 {
				return err
			}
			select { // what is made again knows whether it happened
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(min(time.Duration(tries)*time.Millisecond, 50*time.Millisecond)):
			}
			continue
		case err != nil:
			return err
		}
		if g.log != nil && (e == nil || !sameChanges(e.changes, unsure)) {
			g.log(unsure) // they have been made
		}
		if e == nil {
			if begun != uuid.Nil {
				return g.refresh(ctx, begun)
			}
			return nil
		}
		for _, f := range e.after {
			if err := f(ctx); err != nil {
				return err
			}
		}
		if e.unfinish {
			return g.refresh(ctx, e.main.id)
		}
		return nil
	}
}

// sameChanges reports whether changes are of the same customers in the same way.
func sameChanges(a, b []customer.Change) bool {
	return slices.EqualFunc(a, b, func(x, y customer.Change) bool {
		return x.Verb == y.Verb && x.From == y.From && x.To == y.To && slices.Equal(x.Atoms, y.Atoms)
	})
}

// A committer commits an edit together with its changes.
type committer struct {
	store.Store
	g *Graph
	e **edit
}

// Commit implements store.Store.
func (c committer) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	v, err := c.g.feed.commit(ctx, b, (*c.e).changes)
	if err != nil && !errors.Is(err, store.ErrUnknownOutcome) {
		c.g.feed.clean(ctx, (*c.e).ahead)
	}
	if err == nil && c.g.log != nil {
		c.g.log((*c.e).changes)
	}
	return v, err
}

// current returns the policy in force, with the condition that it stays so: entry is
// that of epochKey.
func (g *Graph) current(ctx context.Context, entry store.Entry) (*rules, error) {
	r := g.rules.Load()
	if entry.Version == r.version {
		return r, nil
	}
	if err := g.loadRules(ctx); err != nil {
		return nil, err
	}
	if r = g.rules.Load(); entry.Version != r.version {
		return nil, fmt.Errorf("identity: policy or erasure meanwhile: %w", store.ErrConflict)
	}
	return r, nil
}

// unfinished finishes what a process that was killed has left undone of a container; nil
// if there is nothing.
func (g *Graph) unfinished(ctx context.Context, r *rules, c *container) (*edit, error) {
	if len(c.epoch) > 0 {
		return nil, nil
	}
	e, err := g.newEdit(r, c.ev.entity, c.last(), []*container{c}, uuid.Nil)
	if err != nil {
		return nil, err
	}
	return e, e.finish(ctx)
}

// again is what there is to do when something is done again: nothing, unless the
// container is unfinished.
func (g *Graph) again(ctx context.Context, id customer.ID) (*edit, error) {
	entries, err := g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return nil, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return nil, err
	}
	all, _, err := g.containers(ctx, []customer.ID{id})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return g.unfinished(ctx, r, all[0])
}

// refresh works out a container anew.
func (g *Graph) refresh(ctx context.Context, id customer.ID) error {
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		e, err := g.load(ctx, append(slices.Clip(more), id))
		if err != nil || e == nil {
			return nil, err
		}
		return e, e.finish(ctx)
	})
}

// load begins an edit of containers, nil if they are gone.
func (g *Graph) load(ctx context.Context, ids []customer.ID) (*edit, error) {
	entries, err := g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return nil, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return nil, err
	}
	all, led, err := g.containers(ctx, ids)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	e, err := g.newEdit(r, all[0].ev.entity, all[0].last(), all, uuid.Nil)
	if err != nil {
		return nil, err
	}
	e.led = led
	return e, nil
}

// last is the time of the last observation of a container.
func (c *container) last() int64 {
	if n := len(c.ev.seen); n > 0 {
		return c.ev.seen[n-1].at
	}
	return 0
}

// gather makes containers one, without a change to who is one customer, as long as they
// are too many for one commit.
func (g *Graph) gather(ctx context.Context, ids []customer.ID) error {
	most := cmp.Or(g.o.bounds.merged, maxMerged)
	for len(ids) > most {
		all, _, err := g.containers(ctx, ids)
		if err != nil {
			return err
		}
		if len(all) <= most {
			return nil
		}
		part := make([]customer.ID, 0, most)
		for _, c := range all[:most] {
			part = append(part, c.id)
		}
		if err := g.run(ctx, func(ctx context.Context, _ []customer.ID) (*edit, error) {
			e, err := g.load(ctx, part)
			if err != nil || e == nil || len(e.others) == 0 {
				return nil, err
			}
			return e, e.write(ctx)
		}); err != nil {
			return err
		}
	}
	return nil
}
