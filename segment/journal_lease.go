package segment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

var (
	// ErrLease is wrapped where another process writes live segments in the same store, or has taken over from a Live, or Close
	// has given the lease back: the Live takes no step any more, and what it has acknowledged stays.
	ErrLease = errors.New("segment: no lease for live segments")
	// ErrReader is wrapped where a Live that only reads is asked for a step, and where there is nothing to read.
	ErrReader = errors.New("segment: live segments are only read")
)

const (
	kindTerm    = "segment/term"
	kindLease   = "segment/lease"
	leaseFormat = 1
)

// writerTerm is the time of one writer, from when it took over until the next one does. Safe for concurrent reads.
type writerTerm struct {
	number  uint64 // from 1
	owner   string
	mark    uint64 // tells it from one that another process has tried to begin
	version store.Version
}

func (t *writerTerm) encode() []byte {
	w := wire.New(kindTerm, leaseFormat)
	w.Uint(t.number)
	w.Bytes([]byte(t.owner))
	w.Uint(t.mark)
	return sealed(w, keyTerm)
}

func readTerm(e store.Entry) (t writerTerm, err error) {
	if e.Version == 0 {
		return writerTerm{}, nil
	}
	r, err := unsealed(e.Value, keyTerm, kindTerm, leaseFormat)
	if err == nil {
		t = writerTerm{number: r.Uint(), owner: string(r.Bytes()), mark: r.Uint(), version: e.Version}
		err = r.Close()
	}
	if err != nil {
		return writerTerm{}, corrupt("term of live segments: %w", err)
	}
	return t, nil
}

// encodeLease returns a lease that lasts until an instant; the zero time is none.
func encodeLease(until time.Time) []byte {
	w := wire.New(kindLease, leaseFormat)
	w.Time(until)
	return sealed(w, keyLease)
}

func readLease(e store.Entry) (until time.Time, err error) {
	if e.Version == 0 {
		return time.Time{}, nil
	}
	r, err := unsealed(e.Value, keyLease, kindLease, leaseFormat)
	if err == nil {
		until = r.Time()
		err = r.Close()
	}
	if err != nil {
		return time.Time{}, corrupt("lease of live segments: %w", err)
	}
	return until, nil
}

// takeOver begins a term, unless that of another is not over.
func (j *journal) takeOver(ctx context.Context) error {
	mark := byChance()
	unsure := false
	version, err := store.Update(ctx, hazy{j.s, &unsure}, j.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		entries, err := j.s.Get(ctx, []byte(keyTerm), []byte(keyLease), []byte(keyHead))
		if err != nil {
			return nil, err
		}
		now := j.o.Clock()
		last, err := readTerm(entries[0])
		until, err2 := readLease(entries[1])
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		switch {
		case last.number == 0:
			if is, err := empty(ctx, j.s); err != nil {
				return nil, err
			} else if !is {
				return nil, corrupt("live segments: a backup that was not finished")
			}
		case last.mark == mark: // it has happened
			j.term = last
			return nil, nil
		case until.After(now):
			return nil, heldBy(&last, until)
		}
		j.term = writerTerm{number: last.number + 1, owner: j.o.Owner, mark: mark}
		j.until = now.Add(j.o.Lease)
		b := &store.Batch{}
		b.Put([]byte(keyTerm), j.term.encode())
		b.Put([]byte(keyLease), encodeLease(j.until))
		if last.number == 0 {
			b.Put([]byte(keyHead), head{}.encode())
			b.If([]byte(keyHead), 0)
		}
		b.If([]byte(keyTerm), entries[0].Version)
		b.If([]byte(keyLease), entries[1].Version)
		return b, nil
	})
	if err == nil && version != 0 {
		j.term.version = version
	}
	return err
}

func heldBy(t *writerTerm, until time.Time) error {
	return fmt.Errorf("%w: %q has it until %s", ErrLease, t.owner, until.Format(time.RFC3339Nano))
}

// empty tells whether a store holds nothing of live segments.
func empty(ctx context.Context, s store.Store) (bool, error) {
	r := store.Under([]byte(keyAll))
	r.Limit = 1
	for _, err := range s.Scan(ctx, r) {
		return false, err
	}
	return true, nil
}

// deposed returns the error of a commit whose conditions do not hold.
func (j *journal) deposed(ctx context.Context) error {
	entries, err := j.s.Get(ctx, []byte(keyTerm))
	if err != nil {
		return err
	}
	t, err := readTerm(entries[0])
	switch {
	case err != nil:
		return err
	case t.version == j.term.version:
		return errMoved
	}
	return j.lose(fmt.Errorf("%w: %q has taken over", ErrLease, t.owner))
}

// renewal adds to a batch that the lease lasts longer, where less than half of it is left, and returns until when it
// lasts then.
func (j *journal) renewal(b *store.Batch) time.Time {
	now := j.o.Clock()
	if now.Add(j.o.Lease / 2).Before(j.until) {
		return j.until
	}
	until := now.Add(j.o.Lease)
	b.Put([]byte(keyLease), encodeLease(until))
	return until
}

// renew makes the lease last longer, where less than half of it is left.
func (j *journal) renew(ctx context.Context) error {
	b := &store.Batch{}
	until := j.renewal(b)
	if len(b.Writes) == 0 {
		return nil
	}
	if _, err := j.commit(ctx, b); err != nil {
		return err
	}
	j.until = until
	return nil
}

// release gives the lease back.
func (j *journal) release(ctx context.Context) error {
	if j.lost.Load() != nil {
		return nil
	}
	b := &store.Batch{}
	b.Put([]byte(keyLease), encodeLease(time.Time{}))
	_, err := j.commit(ctx, b)
	return err
}
