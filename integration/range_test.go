package integration

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// A key that is only ever put together with another one is there with it or not at
// all, though the range that holds both is deleted all the time. The other one is
// there before as well, so that a deletion meets it while the first comes to be.
func TestDeleteRangeWhole(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		s := e.storeAt(t, e.address(t), t.TempDir(), 8)
		deleter, ok := store.As[store.RangeDeleter](s)
		require.True(t, ok)
		ctx := t.Context()
		const deletes = 150
		names := [][]byte{[]byte("a"), []byte("z")}
		var group sync.WaitGroup
		var over atomic.Bool
		errs := make(chan error, 8)
		loop := func(f func(i int) error) {
			group.Go(func() {
				for i := 0; !over.Load(); i++ {
					if err := f(i); err != nil && !errors.Is(err, store.ErrConflict) {
						errs <- err
						over.Store(true)
					}
				}
			})
		}
		for range 3 {
			loop(func(i int) error {
				b := &store.Batch{}
				b.Put(names[0], []byte(strconv.Itoa(i)))
				if i%2 == 0 {
					b.Put(names[1], []byte(strconv.Itoa(i)))
				} else {
					b.Delete(names[1])
				}
				if i%4 < 2 { // one that looks whether they are there, and one that does not
					found, err := s.Get(ctx, names[0])
					if err != nil {
						return err
					}
					b.If(names[0], found[0].Version)
				}
				_, err := s.Commit(ctx, b)
				return err
			})
		}
		var both, none atomic.Int64
		loop(func(int) error { return whole(ctx, s, names, &both, &none) })
		for n := 0; n < deletes && !over.Load(); {
			switch err := deleter.DeleteRange(ctx, store.Range{}); {
			case err == nil:
				n++
				if err := whole(ctx, s, names, &both, &none); err != nil {
					errs <- err
				}
			case !errors.Is(err, store.ErrConflict):
				errs <- err
				n = deletes
			}
		}
		over.Store(true)
		group.Wait()
		close(errs)
		require.NoError(t, <-errs)
		require.Positive(t, both.Load())
		require.Positive(t, none.Load())
	})
}

// whole is an error if the second key is there without the first one of the same commit.
func whole(ctx context.Context, s store.Store, names [][]byte, both, none *atomic.Int64) error {
	found, err := s.Get(ctx, names...)
	if err != nil {
		return err
	}
	switch {
	case found[1].Version != 0 && found[0].Version != found[1].Version:
		return errors.New("part of a commit, or of a deleted range, is there")
	case found[1].Version != 0:
		both.Add(1)
	case found[0].Version == 0:
		none.Add(1)
	}
	return nil
}
