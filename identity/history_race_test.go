package identity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A racer does steps in their order while others do theirs.
type racer struct {
	steps []step
	errs  []error // the sentinel of each
}

// TestHistoriesRace: two graphs on one store, each with steps of every kind on the same few
// records. Some order of the steps, in which each graph's own stay in theirs, explains what
// all answered and what there is in the end.
func TestHistoriesRace(t *testing.T) {
	kinds := map[string]int{}
	everySeed(t, 500*time.Millisecond, func(seed uint64) {
		if err := raced(t.Context(), seed, kinds); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	})
	for _, verb := range []string{"observe", "retract", "split", "revoke", "separate", "link", "rebind", "apply", "relate"} {
		if kinds[verb] == 0 {
			t.Errorf("nobody has done %s", verb)
		}
	}
}

// raceOf draws steps that are taken first, and those that two take at once.
func raceOf(seed uint64) (w *world, first []step, racers [2]racer) {
	w = newWorld(rand.New(rand.NewPCG(seed, 20)))
	w.ruling = 30
	for range 6 {
		first = append(first, step{verb: "observe", all: []Observation{w.observation()}})
	}
	for i := range racers {
		for len(racers[i].steps) < 3 {
			s := w.step()
			switch n := w.rng.IntN(10); {
			case n == 0:
				s = step{verb: "relate", id: w.name("k"), sides: [][]Record{w.some(2)}}
			case n < 3:
				s = step{verb: "split", ruling: Ruling{ID: w.name("d"), Actor: "steward", Time: w.time()}, sides: [][]Record{w.some(1)}}
				w.ruled = append(w.ruled, s)
			}
			switch s.verb {
			case "many": // takes several commits, and others may come in between
			case "apply":
				if i == 0 && !slices.ContainsFunc(racers[0].steps, func(s step) bool { return s.verb == "apply" }) {
					s.all = []Observation{} // what a preview says is of another moment
					racers[i].steps = append(racers[i].steps, s)
				}
			case "relate":
				if len(s.sides[0]) == 2 {
					racers[i].steps = append(racers[i].steps, s)
				}
			default:
				racers[i].steps = append(racers[i].steps, s)
			}
		}
	}
	return w, first, racers
}

// raced lets two race, and returns an error if no order explains it. It counts the steps
// that were done.
func raced(ctx context.Context, seed uint64, kinds map[string]int) error {
	w, first, racers := raceOf(seed)
	s := store.Observed(store.Limited(new(store.Memory), store.MinLimits), func(context.Context, store.Call) func(store.Outcome) {
		runtime.Gosched() // to others, in the middle of what is done
		return nil
	})
	o := &Options{Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}}
	var graphs [2]*Graph
	for i := range graphs {
		g, err := Open(ctx, s, w.policy, o)
		if err != nil {
			return err
		}
		graphs[i] = g
	}
	for _, s := range first {
		if _, err := s.take(ctx, graphs[0]); err != nil && !refuses(err) {
			return err
		}
	}
	var wg sync.WaitGroup
	for i := range racers {
		r := &racers[i]
		wg.Go(func() {
			for _, s := range r.steps {
				_, err := s.take(ctx, graphs[i])
				r.errs = append(r.errs, errorOf(err))
			}
		})
	}
	wg.Wait()
	for _, r := range racers {
		for i, err := range r.errs {
			if err != nil && !refuses(err) {
				return fmt.Errorf("%s: %w", r.steps[i].verb, err)
			}
			if err == nil {
				kinds[r.steps[i].verb]++
			}
		}
	}
	all, err := exported(ctx, graphs[1])
	if err != nil {
		return err
	}
	have := unnamed(all)
	for order := range uint(1) << 6 { // bit i: who is next
		l := newLedger(graphs[1], w.policy)
		for _, s := range first {
			_ = l.take(s)
		}
		if !l.explains(order, racers) || unnamed(l.mapping()) != have {
			continue
		}
		if err := l.check(ctx, graphs[1], false); err != nil {
			return err
		}
		return checkRelations(ctx, graphs[0], racers, homesOf(all))
	}
	return errors.New("no order explains the mapping\n" + have + "\n" + describeRace(w, first, racers))
}

// explains takes the steps of racers in an order, and tells whether all answer as they did.
func (l *ledger) explains(order uint, racers [2]racer) bool {
	var next [2]int
	for range len(racers[0].steps) + len(racers[1].steps) {
		i := order & 1
		order >>= 1
		if next[i] == len(racers[i].steps) {
			return false
		}
		if l.take(racers[i].steps[next[i]]) != racers[i].errs[next[i]] {
			return false
		}
		next[i]++
	}
	return true
}

// checkRelations: every relation that was acknowledged is there from both ends, as far as
// these have observations.
func checkRelations(ctx context.Context, g *Graph, racers [2]racer, homes map[customer.AtomID]customer.ID) error {
	for _, r := range racers {
		for i, s := range r.steps {
			if s.verb != "relate" || r.errs[i] != nil {
				continue
			}
			var ends [2]customer.ID
			for j, rec := range s.sides[0] {
				ends[j] = homes[atomOf(g.recordBlind(rec.Entity, rec.Source, rec.Record))]
			}
			for j, id := range ends {
				if id == uuid.Nil || ends[1-j] == uuid.Nil {
					continue
				}
				found, err := g.Relations(ctx, time.Time{}, id)
				if err != nil {
					return err
				}
				if !slices.Contains(found, Related{ID: s.id, Kind: "knows", Other: ends[1-j], Outgoing: j == 0}) {
					return fmt.Errorf("relation %q is not there: %v", s.id, found)
				}
			}
		}
	}
	return nil
}

func describeRace(w *world, first []step, racers [2]racer) string {
	var b strings.Builder
	b.WriteString((&history{policy: w.policy, steps: first}).String())
	for _, r := range racers {
		for i, s := range r.steps {
			fmt.Fprintf(&b, "   %v: %v\n", s, r.errs[i])
		}
		b.WriteString("   --\n")
	}
	return b.String()
}

// Who rules what somebody else is ruling too, under the same id, has ruled it: what is read
// of the customer is then of after the ruling, which leaves nothing to split.
func TestSplitTwiceAtOnce(t *testing.T) {
	memory := new(store.Memory)
	other := openGraph(t, memory, nil)
	observeAll(t, other, onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "1")))
	split := func(g *Graph) error { return g.Split(t.Context(), asked("s1", 9), shopRef("a").Record) }
	begun, done := false, false
	g := openGraph(t, store.Observed(memory, func(_ context.Context, c store.Call) func(store.Outcome) {
		return func(store.Outcome) {
			if begun && !done && c.Method == "Get" { // the ruling has been looked for
				done = true
				require.NoError(t, split(other))
			}
		}
	}), nil)
	begun = true
	require.NoError(t, split(g))
	require.True(t, done)
}
