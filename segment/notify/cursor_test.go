package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A weather is a store whose commits come to nothing, or whose answers are lost, at random. Not safe for concurrent use.
type weather struct {
	store.Store
	rng  *rand.Rand
	kill context.CancelFunc // ends the context of the call under way; nil: not
}

func (s *weather) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if s.rng.IntN(8) == 0 {
		return nil, store.ErrUnavailable
	}
	return s.Store.Get(ctx, keys...)
}

func (s *weather) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	switch fault := s.rng.IntN(16); {
	case fault == 0:
		return 0, store.ErrUnavailable
	case fault == 1:
		return 0, fmt.Errorf("%w: gave way", store.ErrConflict)
	case fault == 2:
		return 0, store.ErrUnknownOutcome
	case fault == 3 && s.kill != nil: // cut off before it was sent
		s.kill()
		return 0, errors.Join(ctx.Err(), store.ErrUnknownOutcome)
	case fault < 6:
		_, err := s.Store.Commit(ctx, b)
		if fault == 5 && s.kill != nil {
			s.kill()
		}
		if err != nil {
			return 0, err
		}
		return 0, errors.Join(ctx.Err(), store.ErrUnknownOutcome)
	}
	return s.Store.Commit(ctx, b)
}

func TestMemoryCursor(t *testing.T) {
	c := MemoryCursor(Place{2, 3})
	p, err := c.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, Place{2, 3}, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Save(ctx, Place{9, 9}), context.Canceled)
	_, err = c.Load(ctx)
	require.ErrorIs(t, err, context.Canceled)
	p, _ = c.Load(t.Context())
	require.Equal(t, Place{2, 3}, p)
}

func TestStoreCursor(t *testing.T) {
	ctx := t.Context()
	s := store.Limited(new(store.Memory), store.MinLimits)
	key := []byte("key")
	open := func() Cursor {
		c, err := StoreCursor(s, key)
		require.NoError(t, err)
		return c
	}
	requirePlace := func(c Cursor, want Place) {
		p, err := c.Load(ctx)
		require.NoError(t, err)
		require.Equal(t, want, p)
	}
	first, second := open(), open()
	requirePlace(first, Place{})
	requirePlace(second, Place{})
	require.NoError(t, first.Save(ctx, Place{0, 5}))
	require.NoError(t, first.Save(ctx, Place{5, 7}))
	require.ErrorIs(t, second.Save(ctx, Place{0, 6}), ErrTaken, "the first has moved it")
	require.ErrorIs(t, open().Save(ctx, Place{5, 7}), ErrTaken, "not read before")
	requirePlace(second, Place{5, 7})
	require.NoError(t, second.Save(ctx, Place{7, 7}))
	require.ErrorIs(t, first.Save(ctx, Place{7, 9}), ErrTaken)
	require.ErrorIs(t, first.Save(ctx, Place{7, 7}), ErrTaken)
	requirePlace(open(), Place{7, 7})
	requirePlace(first, Place{7, 7})
	require.NoError(t, first.Save(ctx, Place{}), "back to the beginning")
	requirePlace(open(), Place{})

	for _, key := range [][]byte{nil, bytes.Repeat([]byte("k"), store.MinLimits.KeyBytes+1)} {
		_, err := StoreCursor(s, key)
		require.ErrorIs(t, err, ErrOptions)
	}
}

// What is stored under the key that docs/storage.md describes; anything else is corrupt.
func TestStoredPlace(t *testing.T) {
	ctx := t.Context()
	s := new(store.Memory)
	c, err := StoreCursor(s, []byte("key"))
	require.NoError(t, err)
	require.NoError(t, c.Save(ctx, Place{100, 200}))
	entries, err := s.Get(ctx, []byte("key"))
	require.NoError(t, err)
	require.Equal(t, "\x6dnotify/cursor\x01\x18\x64\x18\xc8", string(entries[0].Value))

	for name, value := range map[string]*wire.Writer{
		"other kind": wire.New("once", 1), "newer": wire.New("notify/cursor", 2), "short": wire.New("notify/cursor", 1),
		"backward": func() *wire.Writer { w := wire.New("notify/cursor", 1); w.Uint(3); w.Uint(2); return w }(),
		"too far":  func() *wire.Writer { w := wire.New("notify/cursor", 1); w.Uint(0); w.Uint(MostBatch + 1); return w }(),
		"too long": func() *wire.Writer { w := wire.New("notify/cursor", 1); w.Uint(0); w.Uint(0); w.Uint(0); return w }(),
	} {
		var b store.Batch
		b.Put([]byte("key"), value.Data())
		_, err := s.Commit(ctx, &b)
		require.NoError(t, err)
		_, err = c.Load(ctx)
		require.ErrorIs(t, err, store.ErrCorrupt, name)
		require.ErrorContains(t, err, "notify: cursor: ", name)
	}
}

// A store that does not tell what became of a commit: Save finds out.
func TestStoreCursorFindsOut(t *testing.T) {
	for seed := range uint64(60) {
		memory := new(store.Memory)
		c, err := StoreCursor(&weather{Store: memory, rng: rand.New(rand.NewPCG(seed, 3))}, []byte("key"))
		require.NoError(t, err)
		for n := range uint64(20) {
			if err := c.Save(t.Context(), Place{n, n + 1}); err != nil {
				require.ErrorIs(t, err, store.ErrUnknownOutcome, "only after 8 times")
				for err != nil {
					_, err = c.Load(t.Context())
				}
				continue
			}
			truth, err := StoreCursor(memory, []byte("key"))
			require.NoError(t, err)
			p, err := truth.Load(t.Context())
			require.NoError(t, err)
			require.Equal(t, Place{n, n + 1}, p)
		}
	}
}

// A storeBetween does something before each commit. Not safe for concurrent use.
type storeBetween struct {
	store.Store
	before func()
}

func (s *storeBetween) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
	return s.Store.Commit(ctx, b)
}

// Somebody else moves the cursor between what Save reads and what it commits.
func TestStoreCursorIsTakenMeanwhile(t *testing.T) {
	ctx := t.Context()
	s := &storeBetween{Store: new(store.Memory)}
	first, err := StoreCursor(s, []byte("key"))
	require.NoError(t, err)
	second, err := StoreCursor(s.Store, []byte("key"))
	require.NoError(t, err)
	s.before = func() { require.NoError(t, second.Save(ctx, Place{0, 9})) }
	require.ErrorIs(t, first.Save(ctx, Place{0, 5}), ErrTaken)
	p, err := first.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, Place{0, 9}, p)
}
