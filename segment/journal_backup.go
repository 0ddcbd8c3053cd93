package segment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/store"
)

// Backup copies all into a store that holds no live segments, as it is after some step, while steps and readers go on;
// OpenLive opens the copy. Sets made before the last checkpoint can be used in the copy; what both do from then on is another
// epoch. After an error the copy cannot be opened, and what there is under segment/ has to be deleted before another try. Checkpoints wait meanwhile. An error wraps
// store.ErrInvalid where there are live segments already, and errors.ErrUnsupported for a Live without a store; the others
// are those of the stores and of OpenLive. Cost: that of reading and writing all that is stored.
func (l *Live) Backup(ctx context.Context, to store.Store) error {
	j := l.journal
	if j == nil {
		return fmt.Errorf("segment: backup of live segments without a store: %w", errors.ErrUnsupported)
	}
	if is, err := empty(ctx, to); err != nil {
		return err
	} else if !is {
		return fmt.Errorf("segment: backup: %w: the store holds live segments already", store.ErrInvalid)
	}
	if err := j.lock(ctx); err != nil {
		return err
	}
	defer j.unlock()
	l.mu.Lock()
	k := j.shelf
	l.mu.Unlock()
	for {
		value, r, err := k.copy(ctx, to)
		if err == nil {
			err = j.copyLog(ctx, to, value, r.step)
		}
		if !errors.Is(err, ErrStale) && !errors.Is(err, errGap) {
			return err
		}
		// The writer, another process, may have written a checkpoint and deleted what the last one needs.
		_, now, lastErr := k.last(ctx)
		if lastErr != nil || r != nil && now.step == r.step {
			return errors.Join(err, lastErr)
		}
		if err := clearRange(ctx, to, store.Under([]byte(keyAll)), to.Commit); err != nil {
			return err
		}
	}
}

// copyLog copies the log after a checkpoint, and what makes a whole of both.
func (j *journal) copyLog(ctx context.Context, to store.Store, root []byte, after uint64) error {
	entries, err := j.s.Get(ctx, []byte(keyHead), []byte(keyTerm))
	if err != nil {
		return err
	}
	h, err := readHead(entries[0])
	if err != nil {
		return err
	}
	b, size, limits := &store.Batch{}, 0, to.Limits()
	err = readLog(ctx, j.s, after+1, h.step, func(step uint64, data []byte) error {
		for key, value := range logParts(step, data, limits) {
			if size += len(key) + len(value); full(b, size, limits) {
				if _, err := to.Commit(ctx, b); err != nil {
					return err
				}
				b, size = &store.Batch{}, len(key)+len(value)
			}
			b.Put(key, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := to.Commit(ctx, b); err != nil {
		return err
	}
	b = &store.Batch{}
	b.Put([]byte(rootKey), root)
	b.Put([]byte(keyLease), encodeLease(time.Time{}))
	for _, e := range entries {
		b.Put(e.Key, e.Value)
	}
	_, err = to.Commit(ctx, b)
	return err
}
