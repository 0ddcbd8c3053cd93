package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// A task is what one goroutine does to a graph, one call after the other. Tasks may be
// done in any order, at once and again, also after one was broken off: the customers are
// the same in the end.
type task struct {
	observe []identity.Observation // one by one, or at once if many
	many    bool
	retract bool // what was observed
	link    bool // the records observed
	part    bool // the first of them from the others
	rebind  bool // the first identifier, when it was observed
	erase   bool // whose they are
	apply   *identity.Policy
}

var decided = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// last is the policy that is applied in the middle. Devices and cookies are not shared by
// it, however many records have them, so that they can always be rebound.
func last() *identity.Policy {
	p := strict()
	p.Entities[0].Records = 0
	return p
}

// tasks are those of a seed, in random order.
func tasks(seed uint64, people int) ([]task, error) {
	all, err := crowd(seed, people)
	if err != nil {
		return nil, err
	}
	var list []task
	for i := 0; i < len(all); i++ {
		x := task{observe: all[i : i+1]}
		three := all[i:min(i+3, len(all))]
		recorded := len(three) == 3 && !slices.ContainsFunc(three, func(o identity.Observation) bool { return o.Record == "" })
		switch {
		case i%13 == 0:
			x.retract = true
		case all[i].Record == "" && i%3 == 0:
			x.rebind = true
		case recorded && i%17 < 3:
			x.observe = three
			x.link, x.part = i%17 == 1, i%17 != 1
			i += 2
		}
		list = append(list, x)
	}
	for i := range 5 { // who leaves; the last with more than one commit can erase
		n := 3 + 220*(i/4)
		var o []identity.Observation
		for j := range n {
			o = append(o, identity.Observation{
				ID: fmt.Sprintf("stranger-%d-%d", i, j), Source: "shop", Record: fmt.Sprintf("stranger-%d-%d", i, j),
				Time: decided.Add(time.Duration(j) * time.Minute),
				Identifiers: []identity.Identifier{
					{Type: "account", Scope: "shop", Value: fmt.Sprint("stranger-", i), Proof: identity.Verified},
					{Type: "buyer", Scope: fmt.Sprintf("s%d-%d", i, j), Value: fmt.Sprint(i), Proof: identity.Verified},
				},
			})
		}
		list = append(list, task{observe: o, many: n > 3, erase: true})
	}
	random := rand.New(rand.NewPCG(seed, 2))
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	middle := len(list) / 20 * 10 // of those that all do
	return slices.Insert(list, middle, task{apply: last()}), nil
}

func (x *task) records() []identity.Record { return recordsOf(x.observe) }

// do does it, and tells whether all that is observed had been before.
func (x *task) do(ctx context.Context, g *identity.Graph) (known bool, err error) {
	if x.apply != nil {
		_, err := g.Apply(ctx, x.apply, nil)
		return false, err
	}
	first := x.observe[0]
	// gone is the error of what this task, done before, has taken away.
	gone := func(err error) bool {
		return x.retract && errors.Is(err, identity.ErrRetracted) || x.erase && errors.Is(err, identity.ErrErased)
	}
	known = true
	if x.many {
		sum, err := g.ObserveMany(ctx, slices.Values(x.observe), &identity.ManyOptions{Rejected: func(_ int, e error) {
			if !gone(e) {
				err = e
			}
		}})
		if err != nil {
			return false, err
		}
		known = sum.Observed == 0
	} else {
		for _, o := range x.observe {
			r, err := g.Observe(ctx, o)
			if err != nil && !gone(err) {
				return false, fmt.Errorf("observe: %w", err)
			}
			known = known && (r.Known || err != nil)
		}
	}
	ruling := identity.Ruling{ID: "of " + first.ID, Actor: "steward", Time: decided}
	records := x.records()
	switch {
	case x.retract:
		err = g.Retract(ctx, decided, first.ID)
	case x.link:
		err = g.Link(ctx, ruling, records...)
	case x.part:
		err = g.Separate(ctx, ruling, records[:1], records[1:])
	case x.rebind:
		err = g.Rebind(ctx, ruling, "", first.Identifiers[0], first.Time)
	case x.erase:
		id, _, missing := g.Lookup(ctx, records[0])
		if err = missing; err == nil {
			err = g.Erase(ctx, id, ruling)
		}
		if errors.Is(err, identity.ErrErased) {
			err = nil
		}
	}
	return known, err
}

// expected are the customers, without their ids, that there are when all tasks are done:
// those of a graph under the last policy from the beginning, that has observed what stays
// at once.
func expected(t *testing.T, list []task) []string {
	t.Helper()
	g, err := graphAt(t.Context(), new(store.Memory), last())
	require.NoError(t, err)
	var all []identity.Observation
	for _, x := range list {
		if !x.erase {
			all = append(all, x.observe...)
		}
	}
	_, err = g.ObserveMany(t.Context(), slices.Values(all), nil)
	require.NoError(t, err)
	for _, x := range list {
		if x.apply == nil && !x.erase {
			_, err := x.do(t.Context(), g)
			require.NoError(t, err)
		}
	}
	customers, err := mapping(t.Context(), g)
	require.NoError(t, err)
	return unnamed(t, customers)
}

// share is the numbers of those of n tasks that one of several does. A tenth of them all do.
func share(n, part, parts int) (numbers []int) {
	for i := range n {
		if i%parts == part || i%10 == 0 {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

// doAll does tasks, several at once, and tells of each that is done, and whether it had
// been before.
func doAll(ctx context.Context, goroutines int, numbers []int, do func(ctx context.Context, i int) (bool, error), done func(i int, known bool)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	var next atomic.Int64
	for range goroutines {
		group.Go(func() {
			for at := int(next.Add(1)) - 1; at < len(numbers) && ctx.Err() == nil; at = int(next.Add(1)) - 1 {
				known, err := do(ctx, numbers[at])
				if err != nil {
					cancel(fmt.Errorf("task %d: %w", numbers[at], err))
					return
				}
				done(numbers[at], known)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// A tally counts what a store was asked to do. Safe for concurrent use.
type tally struct {
	Gets, Commits, Conflicts, Failures atomic.Int64
}

func (c *tally) observe(s store.Store) store.Store {
	return store.Observed(s, func(_ context.Context, call store.Call) func(store.Outcome) {
		return func(o store.Outcome) {
			switch {
			case call.Method == "Get":
				c.Gets.Add(1)
			case call.Method != "Commit":
				return
			case o.Err == nil:
				c.Commits.Add(1)
			case errors.Is(o.Err, store.ErrConflict):
				c.Conflicts.Add(1)
			}
			if o.Err != nil && !errors.Is(o.Err, store.ErrConflict) {
				c.Failures.Add(1)
			}
		}
	})
}

func (c *tally) String() string {
	return fmt.Sprintf("%d gets, %d commits, %d conflicts, %d failures", c.Gets.Load(), c.Commits.Load(), c.Conflicts.Load(), c.Failures.Load())
}

// checkEnd: the customers are the expected ones, the feed leads to them, and whatever was
// acknowledged is there.
func checkEnd(t *testing.T, g *identity.Graph, list []task, want []string, f *follower) {
	t.Helper()
	all, err := mapping(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, want, unnamed(t, all))
	checkFeed(t, g, all, f)
	for i := range list {
		known, err := list[i].do(t.Context(), g)
		require.NoError(t, err)
		require.True(t, known || list[i].apply != nil, "task %d", i)
		for _, r := range list[i].records() {
			_, _, err := g.Lookup(t.Context(), r)
			switch {
			case list[i].retract:
				require.ErrorIs(t, err, identity.ErrUnknown)
			case list[i].erase:
				require.ErrorIs(t, err, identity.ErrErased)
			default:
				require.NoError(t, err)
			}
		}
	}
	again, err := mapping(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, all, again)
}

const crewSeed = 11

var crewPeople = race.Fewer(40, 20)

// Two graphs on one store, each with eight goroutines, come to the customers of one graph
// that is told everything in order; and who follows the feed meanwhile sees every change
// once.
func TestIdentityGoroutines(t *testing.T) {
	list, err := tasks(crewSeed, crewPeople)
	require.NoError(t, err)
	want := expected(t, list)
	onPlaces(t, nil, func(t *testing.T, p *place) {
		ctx := t.Context()
		x := &scene{place: p, dir: t.TempDir()}
		x.open(t, lenient())
		calls := &tally{}
		group, errs := sync.WaitGroup{}, make([]error, 3)
		begun := time.Now()
		for i := range 2 {
			group.Go(func() {
				g, err := graphAt(ctx, calls.observe(x.s), nil)
				if err == nil {
					err = doAll(ctx, 8, share(len(list), i, 2), func(ctx context.Context, i int) (bool, error) {
						return list[i].do(ctx, g)
					}, func(int, bool) {})
				}
				errs[i] = err
			})
		}
		f := &follower{}
		over := make(chan struct{})
		go func() {
			defer close(over)
			errs[2] = f.until(ctx, x.g, func() { group.Wait() })
		}()
		group.Wait()
		t.Logf("%d tasks in %v: %v", len(list), time.Since(begun).Round(time.Millisecond), calls)
		<-over
		require.NoError(t, errors.Join(errs...))
		x.open(t, nil)
		checkEnd(t, x.g, list, want, f)
		require.NoError(t, x.s.Close())
	})
}

// until follows the feed until what it waits for is over.
func (f *follower) until(ctx context.Context, g *identity.Graph, wait func()) error {
	return until(wait, func() error { return f.follow(ctx, g) })
}

// until does something again and again until what it waits for is over.
func until(wait func(), again func() error) error {
	over := make(chan struct{})
	go func() {
		defer close(over)
		wait()
	}()
	for {
		if err := again(); err != nil {
			return err
		}
		select {
		case <-over:
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}
