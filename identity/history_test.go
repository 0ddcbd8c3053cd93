package identity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A history is what happens to a graph, one step after the other.
type history struct {
	policy *Policy
	steps  []step
	bounds bounds
}

func (h *history) options() *Options { return &Options{Backoff: noWait, bounds: h.bounds} }

// A step is one call.
type step struct {
	verb   string  // the method, in lower case
	policy *Policy // applied
	all    []Observation
	id     string // of what is retracted, revoked or related
	ruling Ruling
	sides  [][]Record // of what is linked or related (one side), separated or split
	entity string
	value  Identifier // rebound
	at     time.Time  // of rebind, retract and revoke
}

func (s step) String() string {
	var b strings.Builder
	b.WriteString(s.verb)
	minutes := func(t time.Time) string { return fmt.Sprintf("%+.0fm", t.Sub(noon).Minutes()) }
	for _, o := range s.all {
		fmt.Fprintf(&b, " %q of %q/%q/%q at %s:", o.ID, o.Entity, o.Source, o.Record, minutes(o.Time))
		for _, d := range o.Identifiers {
			fmt.Fprintf(&b, " %s/%s=%s(%v)", d.Type, d.Scope, d.Value, d.Proof)
		}
		b.WriteByte(';')
	}
	switch s.verb {
	case "retract", "revoke", "relate":
		fmt.Fprintf(&b, " %q %v", s.id, s.sides)
	case "rebind":
		fmt.Fprintf(&b, " %q %q %s/%s=%s at %s", s.ruling.ID, s.entity, s.value.Type, s.value.Scope, s.value.Value, minutes(s.at))
	case "apply":
		b.WriteString((&history{policy: s.policy}).String())
	case "link", "separate", "split":
		fmt.Fprintf(&b, " %q at %s:", s.ruling.ID, minutes(s.ruling.Time))
		for _, side := range s.sides {
			fmt.Fprintf(&b, " %v", side)
		}
	}
	return b.String()
}

func (h *history) String() string {
	var b strings.Builder
	for _, e := range h.policy.Entities {
		fmt.Fprintf(&b, "entity %q, records %d\n", e.Name, e.Records)
		for _, t := range e.Types {
			fmt.Fprintf(&b, "  %s %v most %d window %v fan-out %d silence %v lifetime %v proof %v\n", t.Name, t.Kind, t.Most, t.Window, t.FanOut, t.Silence, t.Lifetime, t.Proof)
		}
	}
	fmt.Fprintf(&b, "bounds %+v\n", h.bounds)
	for i, s := range h.steps {
		fmt.Fprintf(&b, "%2d %v\n", i, s)
	}
	return b.String()
}

// take makes the call of a step.
func (s step) take(ctx context.Context, g *Graph) ([]Resolution, error) {
	switch s.verb {
	case "observe":
		r, err := g.Observe(ctx, s.all[0])
		return []Resolution{r}, err
	case "many":
		_, err := g.ObserveMany(ctx, slices.Values(s.all), &ManyOptions{Rejected: func(int, error) {}})
		return nil, err
	case "apply":
		preview, err := g.Preview(ctx, s.policy, nil)
		if err != nil {
			return nil, err
		}
		done, err := g.Apply(ctx, s.policy, nil)
		if err == nil && g.o.bounds == (bounds{}) && s.all == nil && !reflect.DeepEqual(preview, done) {
			return nil, fmt.Errorf("preview says %+v, done is %+v", preview, done)
		}
		return nil, err
	case "retract":
		return nil, g.Retract(ctx, s.at, s.id)
	case "link":
		return nil, g.Link(ctx, s.ruling, s.sides[0]...)
	case "separate":
		return nil, g.Separate(ctx, s.ruling, s.sides...)
	case "split":
		return nil, g.Split(ctx, s.ruling, s.sides[0]...)
	case "rebind":
		return nil, g.Rebind(ctx, s.ruling, s.entity, s.value, s.at)
	case "revoke":
		return nil, g.Revoke(ctx, s.at, s.id)
	case "relate":
		return nil, g.Relate(ctx, Relation{ID: s.id, Kind: "knows", From: s.sides[0][0], To: s.sides[0][1]})
	}
	panic("no such step")
}

// refuses reports whether an error is an answer, rather than a fault of the store.
func refuses(err error) bool {
	return slices.Contains([]error{ErrUnknown, ErrReused, ErrRetracted, ErrInput, ErrErased, ErrPolicy}, errorOf(err))
}

// errorOf is the sentinel of this package that an error wraps, or itself.
func errorOf(err error) error {
	for _, sentinel := range []error{ErrUnknown, ErrReused, ErrRetracted, ErrInput, ErrErased, ErrPolicy} {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	return err
}

// noWait gives up early what would never succeed.
var noWait = &store.Backoff{Attempts: 64, First: 1, Most: 1}

// run takes a history on a store, and returns what is wrong. Strict compares with the
// reference of the rules.
func (h *history) run(ctx context.Context, s store.Store, everyStep, strict bool) error {
	g, err := Open(ctx, s, h.policy, h.options())
	if err != nil {
		return err
	}
	l := newLedger(g, h.policy)
	l.strict = strict
	// Attempts of ObserveMany that are made anew leave lists that nobody reads.
	tidy := !slices.ContainsFunc(h.steps, func(s step) bool { return s.verb == "many" || s.verb == "apply" })
	for i, s := range h.steps {
		before, err := g.Head(ctx)
		if err != nil {
			return err
		}
		results, err := s.take(ctx, g)
		if want := l.take(s); errorOf(err) != want {
			return fmt.Errorf("step %d: %v, should be %v", i, err, want)
		}
		if err == nil {
			for j, r := range results {
				if err := errors.Join(checkResolution(ctx, g, s.all[j], r), checkChanges(ctx, g, before, r, h.bounds.changes > 0), checkRefusals(ctx, g, s.all[j], r)); err != nil {
					return fmt.Errorf("step %d: %w", i, err)
				}
			}
		}
		if everyStep {
			if err := l.check(ctx, g, tidy); err != nil {
				return fmt.Errorf("after step %d: %w", i, err)
			}
		}
	}
	return l.check(ctx, g, tidy)
}

// checkResolution: what an observation answers is what is read afterwards.
func checkResolution(ctx context.Context, g *Graph, o Observation, r Resolution) error {
	if o.Record != "" {
		id, atom, err := g.Lookup(ctx, Record{o.Source, o.Record, o.Entity})
		if err != nil || id != r.Customer || atom != r.Atom {
			return fmt.Errorf("the record is looked up as another customer's: %w", err)
		}
	}
	c, err := g.Customer(ctx, r.Customer)
	switch {
	case err != nil:
		return fmt.Errorf("customer of an observation: %w", err)
	case c.ID != r.Customer:
		return errors.New("an observation answers a customer of the past")
	case !slices.ContainsFunc(c.Atoms, func(a Atom) bool { return a.ID == r.Atom }):
		return errors.New("an observation answers an atom that the customer does not have")
	}
	for _, id := range r.Merged {
		if !slices.Contains(c.Former, id) {
			return errors.New("a merged customer is not a former one")
		}
	}
	return nil
}

// checkChanges: an observation answers Created and Merged as the feed does after a cursor. Where
// the changes may take several commits, who begins may get atoms of others in an earlier one.
func checkChanges(ctx context.Context, g *Graph, before customer.Cursor, r Resolution, several bool) error {
	created, split := false, false
	var merged []customer.ID
	for c, err := range g.Changes(ctx, before) {
		switch {
		case err != nil:
			return err
		case r.Known:
			return errors.New("a known observation changes something")
		case c.To != r.Customer || c.Customer != c.To || c.Part != 1:
		case c.Verb == customer.Created:
			created = true
		case c.Verb == customer.Split:
			split = true
		case c.Verb == customer.Merged:
			merged = append(merged, c.From)
		}
	}
	created = created || several && split && r.Created
	if merged = ascending(merged); created != r.Created || !slices.Equal(merged, r.Merged) {
		return fmt.Errorf("created %t, merged %v; the feed says %t, %v", r.Created, r.Merged, created, merged)
	}
	return nil
}

// checkRefusals: Explain gives each reason why the observation was not joined to another
// customer.
func checkRefusals(ctx context.Context, g *Graph, o Observation, r Resolution) error {
	at := Ref{Observation: o.ID}
	for _, f := range r.Refused {
		if f.With == uuid.Nil {
			continue
		}
		if f.With == r.Customer {
			return errors.New("not joined to the customer that it is of")
		}
		e, err := g.Explain(ctx, at, Ref{Customer: f.With})
		if err != nil {
			return fmt.Errorf("explain: %w", err)
		}
		if e.Same || e.A.Customer != r.Customer || e.B.Customer != f.With {
			return fmt.Errorf("refused: %+v; explained: %+v", f, e)
		}
		if !slices.ContainsFunc(e.Apart, func(o Obstacle) bool {
			if f.Reason == Separated && f.Type == "" { // a link: the ruling against it is told once, with a value where there is one
				return o.Reason == Separated
			}
			return o.Reason == f.Reason && o.Type == f.Type && o.Scope == f.Scope && o.Limit == f.Limit && o.LimitScope == f.LimitScope
		}) {
			return fmt.Errorf("refused: %+v; explained: %+v", f, e.Apart)
		}
	}
	return nil
}

// shrink drops steps, types and entities as long as the history fails.
func (h *history) shrink(fails func(*history) error) (*history, error) {
	err := fails(h)
	for smaller := true; smaller; {
		smaller = false
		try := func(c *history) {
			if failed := fails(c); failed != nil {
				h, err, smaller = c, failed, true
			}
		}
		for i := len(h.steps) - 1; i >= 0; i-- {
			try(&history{h.policy, slices.Delete(slices.Clone(h.steps), i, i+1), h.bounds})
		}
		for i, s := range h.steps {
			for j, o := range s.all {
				for k := len(o.Identifiers) - 1; k >= 0; k-- {
					if len(h.steps[i].all[j].Identifiers) <= k || len(h.steps[i].all[j].Identifiers) == 1 && o.Record == "" {
						continue
					}
					c := &history{h.policy, slices.Clone(h.steps), h.bounds}
					c.steps[i].all = slices.Clone(c.steps[i].all)
					c.steps[i].all[j].Identifiers = slices.Delete(slices.Clone(c.steps[i].all[j].Identifiers), k, k+1)
					try(c)
				}
			}
		}
		for i := range h.policy.Entities {
			for j, t := range h.policy.Entities[i].Types {
				for _, f := range []func(*Type){
					func(t *Type) { t.Window = 0 },
					func(t *Type) { t.Silence = 0 },
					func(t *Type) { t.Lifetime = 0 },
					func(t *Type) { t.FanOut = 0 },
					func(t *Type) { t.Proof = 0 },
					func(t *Type) { t.Most, t.Window = 0, 0 },
				} {
					c := &history{h.policy.clone(), h.steps, h.bounds}
					f(&c.policy.Entities[i].Types[j])
					if c.policy.Entities[i].Types[j] != t && c.policy.Validate() == nil {
						try(c)
					}
				}
			}
		}
	}
	return h, err
}

// randomHistory draws a history of least to most steps.
func randomHistory(seed uint64, least, most int) *history {
	w := newWorld(rand.New(rand.NewPCG(seed, 3)))
	h := &history{policy: w.policy}
	if w.chance(25) {
		h.bounds = bounds{merged: 2, changes: 1 + w.rng.IntN(3)}
	}
	for range least + w.rng.IntN(most-least+1) {
		h.steps = append(h.steps, w.step())
	}
	return h
}

// failHistory shrinks a history that fails and ends the test.
func failHistory(t *testing.T, seed uint64, h *history, fails func(*history) error) {
	t.Helper()
	h, err := h.shrink(fails)
	t.Fatalf("seed %d: %v\n%v", seed, err, h)
}

func TestHistories(t *testing.T) {
	everySeed(t, time.Second, func(seed uint64) {
		h := randomHistory(seed, 5, 40)
		run := func(h *history) error { return h.run(t.Context(), new(store.Memory), seed%8 == 0, seed%16 == 1) }
		if run(h) != nil {
			failHistory(t, seed, h, run)
		}
	})
}
