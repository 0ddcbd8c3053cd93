package consent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// Many write to one atom at the same time, and nothing is lost.
func TestTogether(t *testing.T) {
	s := new(store.Memory)
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			c := open(t, s, nil, &consent.Options{Backoff: &store.Backoff{Attempts: 1000}})
			for i := range 30 {
				if err := c.Record(t.Context(), later, grant(fmt.Sprintf("%d %d", w, i), 1, mail, "service", "sms", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	n := 0
	for _, err := range open(t, s, nil, nil).History(t.Context(), atom(1)) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 240, n)
}

var errDown = errors.New("down")

// failing fails a commit, before or after it has happened, as where a process is killed.
type failing struct {
	store.Store
	left  int
	after bool
}

func (f *failing) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if f.left--; f.left >= 0 {
		return f.Store.Commit(ctx, b)
	}
	if f.after && f.left == -1 {
		if _, err := f.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: %w", errDown, store.ErrUnknownOutcome)
}

// Recorded or erased again after a failure at any commit, all is as it would have been.
func TestStop(t *testing.T) {
	var records []consent.Record
	for i := range 400 {
		r := grant(fmt.Sprint(i), byte(1+i%2), mail, "service", "sms", i)
		r.Notice = strings.Repeat("x", 200)
		records = append(records, r)
	}
	for _, after := range []bool{false, true} {
		for left := range 30 {
			if race.Enabled && left%10 != 5 {
				continue
			}
			s := new(store.Memory)
			dying := open(t, &failing{s, left, after}, nil, nil)
			err := dying.Record(t.Context(), later, records...)
			require.Equal(t, left < 26, errors.Is(err, errDown), left)
			if err == nil {
				_ = dying.Erase(t.Context(), atom(1))
			}
			c := open(t, s, nil, nil)
			n := 0
			if errors.Is(c.Record(t.Context(), later, records...), consent.ErrErased) {
				require.NoError(t, c.Erase(t.Context(), atom(1)))
			} else {
				for _, err := range c.History(t.Context(), atom(1)) {
					require.NoError(t, err)
					n++
				}
				require.Equal(t, 200, n)
				require.NoError(t, c.Erase(t.Context(), atom(1)))
			}
			left := 0
			for _, part := range []string{"consent/p/\x01", "consent/i/\x01"} {
				for _, err := range s.Scan(t.Context(), store.Under([]byte(part))) {
					require.NoError(t, err)
					left++
				}
			}
			require.Zero(t, left)
		}
	}
}
