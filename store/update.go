package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"
)

// A Backoff says how often and how long to wait before trying again. Nil is the
// defaults. Safe for concurrent reads.
type Backoff struct {
	// Attempts is the most tries in all. 0: 64.
	Attempts int
	// First is the longest wait after the first try, doubled after each further
	// one; the wait is drawn from 0 up to it. 0: 1 ms.
	First time.Duration
	// Most is where the doubling ends. 0: 250 ms.
	Most time.Duration
}

func (b *Backoff) orDefault() Backoff {
	var o Backoff
	if b != nil {
		o = *b
	}
	if o.Attempts <= 0 {
		o.Attempts = 64
	}
	if o.First <= 0 {
		o.First = time.Millisecond
	}
	if o.Most <= 0 {
		o.Most = 250 * time.Millisecond
	}
	return o
}

// wait sleeps after the given try, the first being 0, or until the context ends.
func (b *Backoff) wait(ctx context.Context, attempt int) error {
	limit := b.Most
	if attempt < 62 && b.First<<attempt>>attempt == b.First {
		limit = min(limit, b.First<<attempt)
	}
	// A fresh seed is as good as a random number: writers that met must not meet again.
	random := maphash.Comparable(maphash.MakeSeed(), attempt)
	timer := time.NewTimer(time.Duration(random % uint64(limit+1)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retry calls try until it succeeds or fails for good.
func retry(ctx context.Context, b *Backoff, try func() error) error {
	o := b.orDefault()
	for attempt := 0; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := try()
		switch {
		case err == nil || !errors.Is(err, ErrConflict) && !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnknownOutcome):
			return err
		case attempt+1 >= o.Attempts:
			return fmt.Errorf("store: given up after %d attempts: %w", o.Attempts, err)
		}
		if err := o.wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// Update changes what it has read: it calls build, which reads from s and returns
// a batch with conditions on what it read, and commits the batch. On ErrConflict
// and ErrUnavailable, of the commit or of build, it waits and begins again, so
// that build may be called several times and must have no effect but through its
// batch. A nil batch ends the work with version 0. Any other error ends it as it
// is, among them [ErrUnknownOutcome]: where that matters use [Once].
//
// Safe for concurrent use; cost: a read and a commit for each attempt.
func Update(ctx context.Context, s Store, backoff *Backoff, build func(ctx context.Context) (*Batch, error)) (Version, error) {
	var version Version
	err := retry(ctx, backoff, func() error {
		version = 0
		batch, err := build(ctx)
		if err != nil || batch == nil {
			return err
		}
		version, err = s.Commit(ctx, batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}
