package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

var patient = &store.Backoff{Attempts: 1 << 20, Most: 50 * time.Millisecond}

// onEach runs a test on each kind of server, at the same time.
func onEach(t *testing.T, f func(t *testing.T, e *engine)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f(t, e)
		})
	}
}

// storeAt opens a store, to be closed by the end of the test.
func (e *engine) storeAt(t *testing.T, addr, dir string, connections int) store.Store {
	t.Helper()
	s, err := e.open(t.Context(), addr, dir, connections)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// A commit whose connection is cut after any of its requests is there or not, as a
// whole, and its error does not claim what is not so.
func TestCommitCut(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		addr := e.address(t)
		dir := t.TempDir()
		p := newProxy(t, addr)
		direct := e.storeAt(t, addr, dir, 2)
		cut := e.storeAt(t, p.Addr().String(), dir, 1)
		ctx := t.Context()
		a, b, c := []byte("a"), []byte("b"), []byte("c")
		batches := map[string]func(i string, versions []store.Entry) *store.Batch{
			"one key": func(i string, _ []store.Entry) *store.Batch {
				batch := &store.Batch{}
				batch.Put(a, []byte(i))
				return batch
			},
			"one key and its version": func(i string, found []store.Entry) *store.Batch {
				batch := &store.Batch{}
				batch.Put(a, []byte(i))
				batch.If(a, found[0].Version)
				return batch
			},
			"several keys": func(i string, found []store.Entry) *store.Batch {
				batch := &store.Batch{}
				batch.Put(a, []byte(i))
				batch.Put(b, []byte(i))
				batch.If(a, found[0].Version)
				batch.If(c, 0)
				return batch
			},
		}
		for name, build := range batches {
			t.Run(name, func(t *testing.T) {
				unknown, unknownButThere := 0, 0
				for n := 1; n <= 12; n++ {
					p.arm(0)
					for range 2 { // the connection is fresh, and knows the statements
						found, err := direct.Get(ctx, a)
						require.NoError(t, err)
						_, err = store.Update(ctx, cut, patient, func(context.Context) (*store.Batch, error) {
							return build("before", found), nil
						})
						require.NoError(t, err)
					}
					found, err := direct.Get(ctx, a)
					require.NoError(t, err)
					value := strconv.Itoa(n)
					batch := build(value, found)
					p.arm(n)
					_, err = cut.Commit(ctx, batch)
					p.arm(0)
					settle()
					after, getErr := direct.Get(ctx, a, b)
					require.NoError(t, getErr)
					there := string(after[0].Value) == value
					if len(batch.Writes) == 2 {
						require.Equal(t, there, string(after[1].Value) == value, "half a commit, cut after request %d", n)
					}
					switch {
					case err == nil:
						require.True(t, there)
					case errors.Is(err, store.ErrUnknownOutcome):
						unknown++
						if there {
							unknownButThere++
						}
					default:
						require.ErrorIs(t, err, store.ErrUnavailable)
						require.False(t, there, "cut after request %d: %v, but the commit is there", n, err)
					}
				}
				require.Positive(t, unknown)
				require.Positive(t, unknownButThere, "no commit was cut between itself and its answer")
			})
		}
	})
}

// Increments by Once over connections that are cut all the time happen once each.
func TestOnceCut(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		addr := e.address(t)
		dir := t.TempDir()
		p := newProxy(t, addr)
		direct := e.storeAt(t, addr, dir, 2)
		cut := e.storeAt(t, p.Addr().String(), dir, 2)
		random := rand.New(rand.NewPCG(1, 2))
		const n = 60
		for i := range n {
			p.arm(1 + random.IntN(10))
			require.NoError(t, increment(t.Context(), cut, "counter", fmt.Sprintf("token/%03d", i)))
		}
		p.arm(0)
		require.Positive(t, p.cuts.Load())
		require.Equal(t, n, number(t, direct, "counter"))
		require.Len(t, keysUnder(t, direct, "token/"), n)
	})
}

// increment adds one to a counter, once for each token.
func increment(ctx context.Context, s store.Store, counter, token string) error {
	_, _, err := store.Once(ctx, s, []byte(token), patient, func(ctx context.Context) (*store.Batch, error) {
		return added(ctx, s, map[string]int{counter: 1})
	})
	return err
}

// added is a batch that adds to counters.
func added(ctx context.Context, s store.Store, by map[string]int) (*store.Batch, error) {
	batch := &store.Batch{}
	for name, n := range by {
		found, err := s.Get(ctx, []byte(name))
		if err != nil {
			return nil, err
		}
		before := 0
		if found[0].Version != 0 {
			if before, err = strconv.Atoi(string(found[0].Value)); err != nil {
				return nil, err
			}
		}
		batch.Put([]byte(name), []byte(strconv.Itoa(before+n)))
		batch.If([]byte(name), found[0].Version)
	}
	return batch, nil
}

func number(t *testing.T, s store.Store, name string) int {
	t.Helper()
	found, err := s.Get(t.Context(), []byte(name))
	require.NoError(t, err)
	n, err := strconv.Atoi(string(found[0].Value))
	require.NoError(t, err)
	return n
}

func keysUnder(t *testing.T, s store.Store, prefix string) (keys []string) {
	t.Helper()
	for e, err := range s.Scan(t.Context(), store.Under([]byte(prefix))) {
		require.NoError(t, err)
		keys = append(keys, string(e.Key))
	}
	return keys
}
