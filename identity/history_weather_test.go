package identity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clientele-go/clientele/store"
)

// A weather is a store whose commits come to nothing, or whose answers are lost, at
// random. Safe for concurrent use.
type weather struct {
	store.Store
	mu     sync.Mutex
	rng    *rand.Rand
	calm   bool
	cancel context.CancelFunc // ends the context of the call under way
}

// draws returns 0, which is fair, or the number of a fault.
func (s *weather) draws() (fault int, cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calm || s.rng.IntN(4) > 0 {
		return 0, nil
	}
	return 1 + s.rng.IntN(6), s.cancel
}

func (s *weather) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if fault, cancel := s.draws(); fault == 1 {
		return nil, store.ErrUnavailable
	} else if fault == 2 && cancel != nil {
		cancel()
	}
	return s.Store.Get(ctx, keys...)
}

func (s *weather) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	fault, cancel := s.draws()
	switch {
	case fault == 0 || fault > 4 && cancel == nil:
		return s.Store.Commit(ctx, b)
	case fault == 1:
		return 0, store.ErrUnavailable
	case fault == 2:
		return 0, fmt.Errorf("%w: gave way", store.ErrConflict)
	case fault == 3:
		return 0, store.ErrUnknownOutcome
	case fault == 5: // cut off before it was sent
		cancel()
		return 0, errors.Join(ctx.Err(), store.ErrUnknownOutcome)
	}
	_, err := s.Store.Commit(ctx, b)
	if fault == 6 {
		cancel()
	}
	if errors.Is(err, store.ErrConflict) {
		return 0, err
	}
	return 0, errors.Join(ctx.Err(), store.ErrUnknownOutcome)
}

// runInWeather takes a history on a store that fails, each step until it is acknowledged
// or refused. interrupted also ends contexts, as if the process was killed: another one
// goes on.
func (h *history) runInWeather(ctx context.Context, seed uint64, interrupted bool) error {
	s := &weather{Store: store.Limited(new(store.Memory), store.MinLimits), rng: rand.New(rand.NewPCG(seed, 4)), calm: true}
	g, err := Open(ctx, s, h.policy, h.options())
	if err != nil {
		return err
	}
	l := newLedger(g, h.policy)
	for i, st := range h.steps {
		s.calm = false
		var err error
		for range 1000 {
			var end context.Context
			end, s.cancel = context.WithCancel(ctx)
			if !interrupted {
				s.cancel = nil
			}
			_, err = st.take(end, g)
			if err == nil || refuses(err) {
				break
			}
			if !errors.Is(err, store.ErrUnknownOutcome) && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, context.Canceled) {
				break
			}
			s.calm = true
			if interrupted {
				if g, err = Open(ctx, s, nil, h.options()); err != nil {
					return fmt.Errorf("step %d: open: %w", i, err)
				}
			}
			s.calm = false
		}
		s.calm = true
		l.g = g
		if want := l.take(st); errorOf(err) != want {
			return fmt.Errorf("step %d: %v, should be %v", i, err, want)
		}
	}
	return l.check(ctx, g, false)
}

func TestHistoriesInBadWeather(t *testing.T) {
	everySeed(t, 500*time.Millisecond, func(seed uint64) {
		h := randomHistory(seed, 4, 12)
		run := func(h *history) error { return h.runInWeather(t.Context(), seed, seed%2 == 0) }
		if run(h) != nil {
			failHistory(t, seed, h, run)
		}
	})
}

// TestHistoriesAtOnce: several goroutines on two graphs of one store, each with steps that
// concern its own observations and rulings: in the end all is there that was acknowledged.
func TestHistoriesAtOnce(t *testing.T) {
	everySeed(t, 300*time.Millisecond, func(seed uint64) {
		if err := atOnce(t.Context(), seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	})
}

func atOnce(ctx context.Context, seed uint64) error {
	const writers, each = 4, 10
	s := store.Limited(new(store.Memory), store.MinLimits)
	shared := newWorld(rand.New(rand.NewPCG(seed, 5)))
	o := &Options{Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}}
	var graphs []*Graph
	for range 2 {
		g, err := Open(ctx, s, shared.policy, o)
		if err != nil {
			return err
		}
		graphs = append(graphs, g)
	}
	acknowledged := make([][]step, writers)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		w := *shared
		w.rng, w.n = rand.New(rand.NewPCG(seed, uint64(10+i))), 1000*i
		wg.Go(func() {
			for range each {
				st := w.step()
				if st.verb == "apply" || st.verb == "split" { // these do not commute with others
					continue
				}
				switch _, err := st.take(ctx, graphs[i%2]); {
				case err == nil:
					acknowledged[i] = append(acknowledged[i], st)
				case !refuses(err):
					errs[i] = errors.Join(errs[i], fmt.Errorf("%s: %w", st.verb, err))
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	l := newLedger(graphs[0], shared.policy)
	for _, verbs := range [][]string{{"observe", "many"}, {"link", "separate", "rebind"}, {"revoke"}, {"retract"}} {
		for _, steps := range acknowledged {
			for _, st := range steps {
				if slices.Contains(verbs, st.verb) {
					l.force(st)
				}
			}
		}
	}
	return l.check(ctx, graphs[1], false)
}
