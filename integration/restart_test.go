package integration

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that is restarted, and killed, while several goroutines count by Once loses
// nothing and counts nothing twice.
func TestRestart(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		server := e.own(t)
		s := e.storeAt(t, server.addr(), t.TempDir(), 8)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		const goroutines = 4
		var (
			group sync.WaitGroup
			over  atomic.Bool
			done  [goroutines]atomic.Int64
		)
		errs := make(chan error, goroutines)
		for i := range goroutines {
			group.Go(func() {
				for n := 0; !over.Load(); n++ {
					if err := increment(ctx, s, fmt.Sprintf("counter/%d", i), fmt.Sprintf("token/%d/%06d", i, n)); err != nil {
						errs <- err
						return
					}
					done[i].Add(1)
				}
			})
		}
		progress := func() { // each goroutine has gone on, so that the server is in use
			for i := range goroutines {
				for from := done[i].Load(); done[i].Load() < from+3 && ctx.Err() == nil; {
					time.Sleep(5 * time.Millisecond)
				}
			}
		}
		for _, end := range []func(){server.stop, server.kill, server.kill} {
			progress()
			end()
			require.NoError(t, server.again())
		}
		progress()
		over.Store(true)
		group.Wait()
		close(errs)
		require.NoError(t, <-errs)
		for i := range goroutines {
			n := int(done[i].Load())
			require.Equal(t, n, number(t, s, fmt.Sprintf("counter/%d", i)))
			require.Len(t, keysUnder(t, s, fmt.Sprintf("token/%d/", i)), n)
		}
	})
}

// again starts the server on its data and port, which it may take a killed one some
// time to leave.
func (s *server) again() (err error) {
	for range 200 {
		if err = s.run(); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}
