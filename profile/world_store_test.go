package profile_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"

	"github.com/clientele-go/clientele/store"
)

// A hurtStore is a store that fails now and then while it is armed, and altogether once it
// is cut.
type hurtStore struct {
	store.Store
	mu    sync.Mutex
	r     *rand.Rand
	armed bool
	left  int // calls until it is cut; negative: never
}

func (s *hurtStore) arm(armed bool, left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.left = armed, left
}

// hurt is what befalls a call: before is its error if it does not take place, after what it
// says though it did.
func (s *hurtStore) hurt(commit bool) (before, after error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed {
		return nil, nil
	}
	if s.left--; s.left == -1 {
		s.left = 0
		if commit && oneIn(s.r, 2) {
			return nil, fmt.Errorf("cut: %w", store.ErrUnknownOutcome)
		}
		return fmt.Errorf("cut: %w", store.ErrUnavailable), nil
	}
	if s.left >= 0 || !oneIn(s.r, 6) {
		return nil, nil
	}
	if !commit {
		if oneIn(s.r, 4) {
			return fmt.Errorf("hurt: %w", store.ErrUnavailable), nil
		}
		return nil, nil
	}
	switch s.r.IntN(5) {
	case 0:
		return fmt.Errorf("hurt: %w", store.ErrUnavailable), nil
	case 1:
		return nil, fmt.Errorf("hurt: %w", store.ErrUnknownOutcome)
	case 2:
		return fmt.Errorf("hurt: %w", store.ErrUnknownOutcome), nil
	default:
		return fmt.Errorf("hurt: %w", store.ErrConflict), nil
	}
}

// Get implements store.Store.
func (s *hurtStore) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if err, _ := s.hurt(false); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, keys...)
}

// Scan implements store.Store.
func (s *hurtStore) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		err, _ := s.hurt(false)
		for e, scanErr := range s.Store.Scan(ctx, r) {
			if !yield(e, scanErr) {
				return
			}
			if err != nil {
				break
			}
		}
		if err != nil {
			yield(store.Entry{}, err)
		}
	}
}

// Commit implements store.Store.
func (s *hurtStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	before, after := s.hurt(true)
	if before != nil {
		return 0, before
	}
	v, err := s.Store.Commit(ctx, b)
	if err == nil && after != nil {
		return 0, after
	}
	return v, err
}

// wounded tells whether an error is one of those that a hurtStore makes.
func wounded(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrConflict)
}
