package integration

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// Many open a store that is not there yet, all at once: each gets it.
func TestOpenAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		addr := e.address(t)
		for range 5 {
			dir := t.TempDir()
			var group sync.WaitGroup
			for i := range byte(8) {
				group.Go(func() {
					s, err := e.open(t.Context(), addr, dir, 2)
					if err != nil {
						t.Errorf("open: %v", err)
						return
					}
					defer s.Close()
					var b store.Batch
					b.Put([]byte{i}, nil)
					if _, err := s.Commit(t.Context(), &b); err != nil {
						t.Errorf("commit: %v", err)
					}
				})
			}
			group.Wait()
			n := 0
			for _, err := range e.storeAt(t, addr, dir, 2).Scan(t.Context(), store.Range{}) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 8, n)
		}
	})
}
