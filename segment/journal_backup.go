package segment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/store"
)

// Backup copies all into a store that holds no live segments, as it is after some step, while steps and readers go on;
// OpenLive opens the copy. Its values are as large as those of the store. After an error the copy cannot be opened, and what
// there is under segment/ has to be deleted before another try. Checkpoints wait meanwhile. An error wraps
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
	for {
		entries, err := j.s.Get(ctx, []byte(keyTerm), []byte(keyHead), []byte(keyRoot))
		if err != nil {
			return err
		}
		err = j.copy(ctx, to, entries[0], entries[1], entries[2])
		if !errors.Is(err, errGap) {
			return err
		}
		// The writer, another process, may have written a checkpoint and deleted what this one needs.
		again, getErr := j.s.Get(ctx, []byte(keyRoot))
		if getErr != nil || again[0].Version == entries[2].Version {
			return errors.Join(err, getErr)
		}
		if err := clearRange(ctx, to, store.Under([]byte(keyAll)), to.Commit); err != nil {
			return err
		}
	}
}

// copy copies what the root names and the log up to the head, and then what makes a whole of it.
func (j *journal) copy(ctx context.Context, to store.Store, term, at, root store.Entry) error {
	h, err := readHead(at)
	if err != nil {
		return err
	}
	if root.Version == 0 || h.step == 0 {
		return errNothing
	}
	b, size, limits := &store.Batch{}, 0, to.Limits()
	put := func(key, value []byte) error {
		if size += len(key) + len(value); full(b, size, limits) && len(b.Writes) > 0 {
			if _, err := to.Commit(ctx, b); err != nil {
				return err
			}
			b, size = &store.Batch{}, len(key)+len(value)
		}
		b.Put(key, value)
		return nil
	}
	from, err := copyShelf(ctx, j.s, root, put)
	if err != nil {
		return err
	}
	err = readLog(ctx, j.s, from+1, h.step, func(step uint64, data []byte) error {
		for key, value := range logParts(step, data, limits) {
			if err := put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range []store.Entry{root, at, term} {
		if err := put(e.Key, e.Value); err != nil {
			return err
		}
	}
	b.Put([]byte(keyLease), encodeLease(time.Time{}))
	_, err = to.Commit(ctx, b)
	return err
}
