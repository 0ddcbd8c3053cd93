package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// faulty is a store whose commits go wrong as fault says.
type faulty struct {
	store.Memory
	fault func(ctx context.Context, b *store.Batch) (store.Version, error)
}

func (f *faulty) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	return f.fault(ctx, b)
}

// increment is a build function that adds one to the number under key.
func increment(s store.Store, key string) func(context.Context) (*store.Batch, error) {
	return func(ctx context.Context) (*store.Batch, error) {
		entries, err := s.Get(ctx, []byte(key))
		if err != nil {
			return nil, err
		}
		n, _ := strconv.Atoi(string(entries[0].Value))
		var b store.Batch
		b.If([]byte(key), entries[0].Version)
		b.Put([]byte(key), []byte(strconv.Itoa(n+1)))
		return &b, nil
	}
}

func number(t *testing.T, s store.Store, key string) int {
	entries, err := s.Get(t.Context(), []byte(key))
	require.NoError(t, err)
	n, _ := strconv.Atoi(string(entries[0].Value))
	return n
}

func TestUpdateLosesNothing(t *testing.T) {
	var s store.Memory
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				if _, err := store.Update(t.Context(), &s, &store.Backoff{Attempts: 10_000, Most: time.Millisecond}, increment(&s, "n")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, 320, number(t, &s, "n"))
}

func TestUpdateGivesUp(t *testing.T) {
	for _, always := range []error{store.ErrConflict, store.ErrUnavailable, fmt.Errorf("wrapped: %w", store.ErrConflict)} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			s := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) {
				tries++
				return 0, always
			}}
			start := time.Now()
			_, err := store.Update(t.Context(), s, &store.Backoff{Attempts: 100, First: time.Second, Most: time.Minute}, increment(s, "n"))
			require.ErrorIs(t, err, always)
			require.ErrorContains(t, err, "given up after 100 attempts")
			require.Equal(t, 100, tries)
			require.Less(t, time.Since(start), 99*time.Minute)
			require.Greater(t, time.Since(start), 10*time.Minute, "the waits grow")
		})
	}
}

func TestUpdateEnds(t *testing.T) {
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		commit, build, want error
		tries               int
	}{
		"unknown outcome":          {commit: store.ErrUnknownOutcome, want: store.ErrUnknownOutcome, tries: 1},
		"unknown and unavailable":  {commit: errors.Join(store.ErrUnavailable, store.ErrUnknownOutcome), want: store.ErrUnknownOutcome, tries: 1},
		"another error":            {commit: mine, want: mine, tries: 1},
		"an error of build":        {build: mine, want: mine, tries: 1},
		"a conflict told by build": {build: store.ErrConflict, want: store.ErrConflict, tries: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) { return 0, c.commit }}
			tries := 0
			_, err := store.Update(t.Context(), s, &store.Backoff{Attempts: 3}, func(ctx context.Context) (*store.Batch, error) {
				tries++
				return new(store.Batch), c.build
			})
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.tries, tries)
		})
	}
}

func TestUpdateWithNothingToDo(t *testing.T) {
	version, err := store.Update(t.Context(), new(store.Memory), nil, func(context.Context) (*store.Batch, error) { return nil, nil })
	require.NoError(t, err)
	require.Zero(t, version)
}

func TestUpdateHonoursTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) { return 0, store.ErrConflict }}
		start := time.Now()
		_, err := store.Update(ctx, s, &store.Backoff{Attempts: 1 << 30, First: time.Hour, Most: time.Hour}, increment(s, "n"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
}

// TestOnce: whatever becomes of the answers, each piece of work happens once.
func TestOnce(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var late []*store.Batch // sent, but not arrived yet
		s := &faulty{}
		s.fault = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if len(late) > 0 && r.IntN(2) == 0 {
				_, _ = s.Memory.Commit(ctx, late[0])
				late = late[1:]
			}
			switch r.IntN(5) {
			case 0:
				return 0, store.ErrUnavailable
			case 1: // lost on the way
				return 0, store.ErrUnknownOutcome
			case 2: // the answer is lost
				_, _ = s.Memory.Commit(ctx, b)
				return 0, fmt.Errorf("%w: connection cut", store.ErrUnknownOutcome)
			case 3: // on the way for a long time
				late = append(late, b)
				return 0, store.ErrUnknownOutcome
			}
			return s.Memory.Commit(ctx, b)
		}
		backoff := &store.Backoff{Attempts: 1000, Most: 1}
		versions := map[string]store.Version{}
		for range 20 {
			token := "token" + strconv.Itoa(r.IntN(8))
			version, before, err := store.Once(t.Context(), s, []byte(token), backoff, increment(s, "n"))
			require.NoError(t, err)
			if seen, ok := versions[token]; ok {
				require.True(t, before)
				require.Equal(t, seen, version)
			}
			versions[token] = version
		}
		for _, b := range late {
			_, err := s.Memory.Commit(t.Context(), b)
			require.ErrorIs(t, err, store.ErrConflict)
		}
		require.Equal(t, len(versions), number(t, s, "n"), "seed %d", seed)
	}
}

func TestOnceUnsettled(t *testing.T) {
	mine := errors.New("mine")
	unknown := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) { return 0, store.ErrUnknownOutcome }}
	token := []byte("token")

	t.Run("given up", func(t *testing.T) {
		_, _, err := store.Once(t.Context(), unknown, token, &store.Backoff{Attempts: 3}, increment(unknown, "n"))
		require.ErrorIs(t, err, store.ErrUnknownOutcome)
	})
	t.Run("build fails later", func(t *testing.T) {
		tries := 0
		_, _, err := store.Once(t.Context(), unknown, token, nil, func(context.Context) (*store.Batch, error) {
			if tries++; tries == 2 {
				return nil, mine
			}
			return new(store.Batch), nil
		})
		require.ErrorIs(t, err, store.ErrUnknownOutcome)
		require.ErrorIs(t, err, mine)
	})
	t.Run("context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) {
			cancel()
			return 0, store.ErrUnknownOutcome
		}}
		_, _, err := store.Once(ctx, s, token, nil, increment(s, "n"))
		require.ErrorIs(t, err, store.ErrUnknownOutcome)
		_, _, err = store.Once(ctx, s, token, nil, increment(s, "n"))
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, store.ErrUnknownOutcome, "nothing was tried")
	})
}

func TestOncePutsItsOwnToken(t *testing.T) {
	var s store.Memory
	token := []byte("observation/1")
	batch := func(context.Context) (*store.Batch, error) {
		var b store.Batch
		b.Put(token, []byte("own"))
		return &b, nil
	}
	for i := range 2 {
		version, before, err := store.Once(t.Context(), &s, token, nil, batch)
		require.NoError(t, err)
		require.EqualValues(t, 1, version)
		require.Equal(t, i > 0, before)
	}
	entries, err := s.Get(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, "own", string(entries[0].Value))
}

// TestOnceUnsettledWithNothingToDo: build finds nothing to do, but the commit before
// is still on its way.
func TestOnceUnsettledWithNothingToDo(t *testing.T) {
	tries := 0
	s := &faulty{fault: func(context.Context, *store.Batch) (store.Version, error) { return 0, store.ErrUnknownOutcome }}
	_, _, err := store.Once(t.Context(), s, []byte("token"), nil, func(context.Context) (*store.Batch, error) {
		if tries++; tries > 1 {
			return nil, nil
		}
		return new(store.Batch), nil
	})
	require.ErrorIs(t, err, store.ErrUnknownOutcome)
	_, _, err = store.Once(t.Context(), s, []byte("token"), nil, func(context.Context) (*store.Batch, error) { return nil, nil })
	require.NoError(t, err, "nothing was tried")
}
