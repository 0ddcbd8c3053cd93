package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
)

// A request is a commit on its way. It keeps nothing of the caller's, who may leave
// before it is done.
type request struct {
	batch      *pebble.Batch
	conditions []condition
	writes     []uint64 // hashes of the keys written
	alone      bool     // it may touch any key
	version    store.Version
	state      atomic.Int32
	written    bool
	err        error // for done
	done       chan error
}

// A condition is on a key of Pebble.
type condition struct {
	key     []byte
	hash    uint64
	version store.Version
}

// The states of a request. Who moves it on from waiting has it.
const (
	waiting = iota
	taken   // by work
	withdrawn
)

// Commit implements store.Store. If the context ends while the batch is being written
// or synced it does not wait for the outcome.
func (s *Store) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.calls.Done()
	if err := b.Check(limits); err != nil {
		return 0, err
	}
	r := s.request(b)
	if err := s.settle(ctx, r); err != nil {
		return 0, err
	}
	return r.version, nil
}

// DeleteRange implements store.RangeDeleter. It costs no more than a commit, however
// many keys there are.
func (s *Store) DeleteRange(ctx context.Context, r store.Range) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Done()
	if r.Limit != 0 || r.Reverse {
		return fmt.Errorf("%w: pebblestore: range to delete with a limit or reversed", store.ErrInvalid)
	}
	q := &request{batch: s.db.NewBatch(), alone: true, version: s.nextVersion(), done: make(chan error, 1)}
	if from, to := bounds(r); bytes.Compare(from, to) < 0 {
		if err := q.batch.DeleteRange(from, to, nil); err != nil {
			return fmt.Errorf("pebblestore: %w", err)
		}
	}
	return s.settle(ctx, q)
}

func (s *Store) nextVersion() store.Version { return store.Version(s.version.Add(1)) }

// request copies b into a batch of Pebble.
func (s *Store) request(b *store.Batch) *request {
	r := &request{version: s.nextVersion(), done: make(chan error, 1)}
	size := 32
	for i := range b.Writes {
		size += len(b.Writes[i].Key) + len(b.Writes[i].Value) + 24
	}
	r.batch = s.db.NewBatchWithSize(size)
	r.writes = make([]uint64, len(b.Writes))
	for i := range b.Writes {
		w := &b.Writes[i]
		r.writes[i] = maphash.Bytes(s.seed, w.Key)
		if w.Delete {
			op := r.batch.DeleteDeferred(1 + len(w.Key))
			pebbleKey(op.Key, w.Key)
			op.Finish()
			continue
		}
		op := r.batch.SetDeferred(1+len(w.Key), 8+len(w.Value))
		pebbleKey(op.Key, w.Key)
		binary.BigEndian.PutUint64(op.Value, uint64(r.version))
		copy(op.Value[8:], w.Value)
		op.Finish()
	}
	r.conditions = make([]condition, len(b.Conditions))
	for i := range b.Conditions {
		c := &b.Conditions[i]
		r.conditions[i] = condition{pebbleKey(nil, c.Key), maphash.Bytes(s.seed, c.Key), c.Version}
	}
	return r
}

// settle hands r to work and waits for the outcome.
func (s *Store) settle(ctx context.Context, r *request) error {
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failure.happened:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, s.failure.reason())
	}
	var reason error
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		reason = ctx.Err()
	case <-s.failure.happened:
		reason = s.failure.reason()
	}
	if r.state.CompareAndSwap(waiting, withdrawn) {
		if ctx.Err() == nil {
			return fmt.Errorf("%w: %w", store.ErrUnavailable, reason)
		}
		return reason
	}
	select {
	case err := <-r.done:
		return err
	default:
		return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, reason)
	}
}
