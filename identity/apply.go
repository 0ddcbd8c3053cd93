package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A Diff is what a policy changes about who is one customer. Safe for concurrent reads.
type Diff struct {
	// Merged, Split and Moved are the numbers of customers that become part of others,
	// of those that begin out of others, and of other moves between two customers.
	Merged int `json:"merged"`
	Split  int `json:"split"`
	Moved  int `json:"moved"`
	// Atoms is the number of records and slices that change their customer.
	Atoms int `json:"atoms"`
	// Changes are all of them, one entry each, not one for either side. Seq, Part and
	// Parts are 1 and mean nothing: the feed has the numbers.
	Changes []customer.Change `json:"changes"`
}

// Preview tells what [Graph.Apply] would change, and changes nothing: it does the same on
// a copy of what it touches. Others may observe meanwhile; each customer is looked at
// once. progress, if not nil, is told the number of containers looked at, of a total that
// is not known (-1); a container holds customers that have an identifier in common.
// Errors as Apply. Cost: reading all evidence; memory for what changes.
func (g *Graph) Preview(ctx context.Context, policy *Policy, progress func(done, total int64)) (Diff, error) {
	if err := policy.Validate(); err != nil {
		return Diff{}, err
	}
	above := newOverlay(g.s)
	return g.apply(ctx, above, newFeed(above), policy, progress)
}

// Apply replaces the policy, for the past as for the future, and tells what has changed:
// who is one customer is then as if the policy had always been in force. Other graphs on
// the store follow by themselves. Customers change one after the other; those that are
// observed meanwhile are first. After an error, or if the process was killed, some are
// left as they were until they are observed, or Apply is called again.
//
// Errors: ErrPolicy if the policy is not valid, lacks an entity or a Descriptor of the one
// in force, or makes a Descriptor of another type or the other way round, or if another
// one is applied meanwhile; those of the store.
func (g *Graph) Apply(ctx context.Context, policy *Policy, progress func(done, total int64)) (Diff, error) {
	if err := policy.Validate(); err != nil {
		return Diff{}, err
	}
	diff, err := g.apply(ctx, g.s, g.feed, policy, progress)
	return diff, errors.Join(err, g.loadRules(ctx))
}

func (g *Graph) apply(ctx context.Context, s store.Store, f *feed, policy *Policy, progress func(done, total int64)) (Diff, error) {
	var diff Diff
	a := &Graph{s: s, o: g.o, feed: f, log: diff.add}
	if err := a.enforce(ctx, policy); err != nil {
		return diff, err
	}
	if err := a.reviewAll(ctx); err != nil {
		return diff, err
	}
	err := a.refreshAll(ctx, progress)
	diff.sort()
	return diff, err
}

// enforce puts a policy in force, whatever else happens meanwhile.
func (g *Graph) enforce(ctx context.Context, policy *Policy) error {
	data := policy.data()
	epoch := epochOf(data)
	for {
		_, err := store.Update(ctx, g.s, g.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			if err := g.loadRules(ctx); err != nil {
				return nil, err
			}
			r := g.rules.Load()
			if err := policy.follows(r.policy); err != nil {
				return nil, err
			}
			if bytes.Equal(epoch, r.epoch) {
				return nil, nil
			}
			b := &store.Batch{}
			b.Put([]byte(policyKey), data)
			b.Put([]byte(epochKey), epochData(epoch))
			b.If([]byte(epochKey), r.version)
			return b, nil
		})
		if errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil {
			continue // what is read next tells
		}
		if err != nil {
			return err
		}
		if err := g.loadRules(ctx); err != nil {
			return err
		}
		if !bytes.Equal(epoch, g.rules.Load().epoch) {
			return fmt.Errorf("%w: another one is applied meanwhile", ErrPolicy)
		}
		return nil
	}
}

// add counts changes.
func (d *Diff) add(changes []customer.Change) {
	for _, c := range changes {
		switch c.Verb {
		case customer.Merged:
			d.Merged++
		case customer.Split:
			d.Split++
		case customer.Moved:
			d.Moved++
		}
		d.Atoms += len(c.Atoms)
		c.Shard, c.Seq, c.Part, c.Parts = customer.ShardOf(c.Customer), 1, 1, 1
		d.Changes = append(d.Changes, c)
	}
}

// sort orders the changes by customers, as far as one does not follow from another.
func (d *Diff) sort() {
	slices.SortStableFunc(d.Changes, func(a, b customer.Change) int {
		return bytes.Compare(a.From[:], b.From[:])
	})
}

// reviewAll looks at all shared values anew.
func (g *Graph) reviewAll(ctx context.Context) error {
	r := store.Under(key("v"))
	r.Limit = 1000
	for {
		n := 0
		var values []blind
		for entry, err := range g.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			to, err := readPointer(entry)
			if err != nil {
				return err
			}
			n++
			r.From = append(entry.Key, 0)
			if to.state == shared {
				values = append(values, blindOf(entry.Key[len(key("v")):]))
			}
		}
		for _, h := range values {
			if err := g.reviewValue(ctx, h); err != nil {
				return err
			}
		}
		if n < r.Limit {
			return nil
		}
	}
}

// reviewValue ends that a value is shared, if by the policy it is not any more.
func (g *Graph) reviewValue(ctx context.Context, h blind) error {
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, valueKey(h))
		if err != nil {
			return nil, err
		}
		to, err := readPointer(entries[0])
		if err != nil || to.state != shared {
			return nil, err
		}
		e := &edit{g: g}
		if err := e.guard(ctx, h, to.to); err != nil {
			return nil, err
		}
		var first named
		for b, err := range g.bearers(ctx, h, to.to) {
			if err != nil {
				return nil, err
			}
			first = b
			break
		}
		if first.name == "" { // nobody has it
			e.require(valueKey(h), entries[0].Version)
			e.putRef(h, pointer{erased: to.erased})
			return e, nil
		}
		e, err = g.load(ctx, append(slices.Clone(more), first.container))
		if err != nil || e == nil {
			return nil, errors.Join(err, conflictIf(e == nil))
		}
		i := slices.IndexFunc(e.ev.values, func(v value) bool { return v.blind == h })
		if i < 0 {
			return nil, conflictIf(true)
		}
		was := versioned{to, entries[0].Version}
		e.refs.add(h, was)
		if err := e.review(ctx, e.ev.kinds[e.ev.values[i].kind], h, was, nil); err != nil {
			return nil, err
		}
		if len(e.after) == 0 {
			return nil, nil // it still is
		}
		return e, e.finish(ctx)
	})
}

// refreshAll works out every container anew that was worked out by another policy.
func (g *Graph) refreshAll(ctx context.Context, progress func(done, total int64)) error {
	r := store.Under(key("c"))
	r.Limit = 256
	done := int64(0)
	epoch := g.rules.Load().epoch
	for {
		n := 0
		var ids []customer.ID
		for entry, err := range g.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			n++
			r.From = append(entry.Key, 0)
			if wire.Read(entry.Value).Kind() != "identity/forward" {
				ids = append(ids, customer.ID(entry.Key[len(key("c")):]))
			}
		}
		all, _, err := g.containers(ctx, ids)
		if err != nil {
			return err
		}
		for _, c := range all {
			if !bytes.Equal(c.epoch, epoch) {
				if err := g.refresh(ctx, c.id); err != nil {
					return err
				}
			}
			if !bytes.Equal(g.rules.Load().epoch, epoch) {
				return fmt.Errorf("%w: another one is applied meanwhile", ErrPolicy)
			}
			if done++; progress != nil {
				progress(done, -1)
			}
		}
		if n < r.Limit {
			return nil
		}
	}
}
