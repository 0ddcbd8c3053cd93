package integration

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// A shaky store says of some commits that it does not know whether they were made. Half of
// them were.
type shaky struct {
	store.Store
	mu sync.Mutex
	r  *rand.Rand
}

func (s *shaky) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	s.mu.Lock()
	n := s.r.IntN(12)
	s.mu.Unlock()
	if n == 0 {
		return 0, store.ErrUnknownOutcome
	}
	v, err := s.Store.Commit(ctx, b)
	if n == 1 && err == nil {
		return 0, store.ErrUnknownOutcome
	}
	return v, err
}

// Where it is often not known whether a commit was made, profiles come to the same, and say
// the same of the evidence they are given.
func TestProfileShaky(t *testing.T) {
	t.Cleanup(memories.Clear)
	chapters := book(t)
	said := func(answers []string) []string {
		return slices.DeleteFunc(slices.Clone(answers), func(a string) bool {
			return strings.HasPrefix(a, "sync") || strings.HasPrefix(a, "purge")
		})
	}
	want := (&shop{place: places[0], dir: t.TempDir()}).live(t, chapters)
	have := (&shop{place: places[1], dir: t.TempDir(), bad: true}).live(t, chapters)
	want.late.agree(t, have.late)
	want.purged.agree(t, have.purged)
	require.Equal(t, said(want.answers), said(have.answers))
}
