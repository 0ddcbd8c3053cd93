package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// All keys of live segments, of which docs/storage.md tells.
const (
	keyAll   = "segment/"
	keyTerm  = "segment/term"
	keyLease = "segment/lease"
	keyHead  = "segment/head"
	keyLog   = "segment/l/" // 8 bytes step, 4 bytes part
)

const (
	kindHeadOfLog = "segment/head"
	kindLog       = "segment/log"
	logFormat     = 1
)

// journal is the side of a Live that a store keeps: who may write, and the log of what every step was given. Its fields
// are those of who holds Live.mu, unless they are said to be others. Not safe for concurrent use.
type journal struct {
	s     store.Store // not changed, as the next ones
	o     OpenOptions
	term  writerTerm
	shelf *shelf

	until     time.Time // of the lease
	head      head
	headIs    store.Version
	loose     *loose // nil: it is known what the last commit did
	replaying bool   // what steps do was logged before
	closed    bool
	heard     *uint64 // a Reader's: up to which notice Follow has told, if it has read all anew and not told all

	lost   atomic.Pointer[error] // set where somebody else has taken over
	since  int64                 // bytes of the log since the last checkpoint
	saving chan struct{}         // held by who writes a checkpoint or copies it
	work   sync.WaitGroup        // the checkpoint in the background
	end    context.CancelFunc    // ends it; nil: there is none
}

// loose is a commit of which nobody knows whether it happened.
type loose struct {
	input []byte // of the step that it accepts; nil: it accepts none
}

// head says how far the log goes. Safe for concurrent reads.
type head struct {
	step  uint64 // the last one accepted
	at    int64  // its clock, in nanoseconds since 1970
	stirs uint64 // grows where a commit under way must not happen any more
	term  uint64 // the number of the term in which it was written
}

func (h head) encode() []byte {
	w := wire.New(kindHeadOfLog, logFormat)
	w.Uint(h.step)
	w.Int(h.at)
	w.Uint(h.stirs)
	w.Uint(h.term)
	return sealed(w, keyHead)
}

func readHead(e store.Entry) (h head, err error) {
	if e.Version == 0 {
		return head{}, corrupt("head of the log %w", errGap)
	}
	r, err := unsealed(e.Value, keyHead, kindHeadOfLog, logFormat)
	if err == nil {
		h = head{r.Uint(), r.Int(), r.Uint(), r.Uint()}
		err = r.Close()
	}
	if err != nil {
		return head{}, corrupt("head of the log: %w", err)
	}
	return h, nil
}

// sealed returns what w has written, with a checksum of it and of its key as the last item.
func sealed(w *wire.Writer, key string) []byte {
	sum := crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, w.Data())
	w.Bytes(binary.BigEndian.AppendUint32(nil, sum))
	return w.Data()
}

// unsealed begins to read what sealed returned.
func unsealed(data []byte, key, kind string, newest uint64) (*wire.Reader, error) {
	const size = 5 // a head and four bytes
	if len(data) < size || data[len(data)-size] != 0x44 {
		return nil, errors.New("cut short")
	}
	rest := data[:len(data)-size]
	sum := crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, rest)
	if binary.BigEndian.Uint32(data[len(rest)+1:]) != sum {
		return nil, errors.New("checksum")
	}
	r := wire.Read(rest)
	r.Expect(kind, newest)
	return r, nil
}

// errMoved says that a condition of a commit does not hold though nobody has taken over: a commit before it, of which it
// was not known whether it happened, has happened meanwhile.
var errMoved = errors.New("segment: what only the writer changes has changed")

// commit commits a batch under the condition that the term lasts, and tries again where it is not known whether it has
// happened, until ctx ends or the tries of Backoff are used up. It may be called by anybody at any time. The batch must
// leave room for the condition.
func (j *journal) commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	b.If([]byte(keyTerm), j.term.version)
	var there store.Version
	again, unsure := false, false
	version, err := store.Update(ctx, hazy{j.s, &unsure}, j.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		if !again {
			again = true
			return b, nil
		}
		holds, err := j.holds(ctx, b)
		if err != nil || holds {
			return b, err
		}
		if unsure {
			if there, err = j.there(ctx, b); err != nil || there != 0 {
				return nil, err
			}
		}
		return nil, j.deposed(ctx)
	})
	if !unsure && errors.Is(err, store.ErrConflict) && ctx.Err() == nil {
		if holds, getErr := j.holds(ctx, b); getErr == nil && !holds {
			err = j.deposed(ctx)
		}
	}
	switch {
	case err != nil && unsure && !errors.Is(err, store.ErrUnknownOutcome):
		return 0, errors.Join(store.ErrUnknownOutcome, err)
	case there != 0:
		return there, nil
	}
	return version, err
}

// hazy is a store of which an unknown outcome of a commit is to be tried again, and kept in mind.
type hazy struct {
	store.Store
	unsure *bool
}

// Commit implements store.Store.
func (s hazy) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	version, err := s.Store.Commit(ctx, b)
	if errors.Is(err, store.ErrUnknownOutcome) {
		*s.unsure = true
		if ctx.Err() == nil {
			return 0, store.ErrUnavailable
		}
	}
	return version, err
}

// holds tells whether all conditions of b hold.
func (j *journal) holds(ctx context.Context, b *store.Batch) (bool, error) {
	keys := make([][]byte, len(b.Conditions))
	for i, c := range b.Conditions {
		keys[i] = c.Key
	}
	entries, err := j.s.Get(ctx, keys...)
	if err != nil {
		return false, err
	}
	for i, c := range b.Conditions {
		if entries[i].Version != c.Version {
			return false, nil
		}
	}
	return true, nil
}

// there returns the version that all puts of b have, 0 if they are not all there.
func (j *journal) there(ctx context.Context, b *store.Batch) (version store.Version, err error) {
	var keys [][]byte
	var values [][]byte
	for _, w := range b.Writes {
		if !w.Delete {
			keys, values = append(keys, w.Key), append(values, w.Value)
		}
	}
	entries, err := j.s.Get(ctx, keys...)
	if err != nil {
		return 0, err
	}
	for i, e := range entries {
		if !bytes.Equal(e.Value, values[i]) || i > 0 && e.Version != version {
			return 0, nil
		}
		version = e.Version
	}
	return version, nil
}

// lose notes that nothing can be written any more.
func (j *journal) lose(err error) error {
	j.lost.CompareAndSwap(nil, &err)
	return err
}

// lead returns nil if l may take a step, after it has found out what became of the step before.
func (l *Live) lead(ctx context.Context) error {
	j := l.journal
	switch {
	case j == nil || j.replaying:
		return nil
	case j.o.Reader:
		return ErrReader
	case j.closed:
		return fmt.Errorf("%w: Close has given it back", ErrLease)
	}
	return l.settle(ctx)
}

// settle finds out what became of the last commit, and does in memory what the store says was done.
func (l *Live) settle(ctx context.Context) error {
	j := l.journal
	if lost := j.lost.Load(); lost != nil {
		return *lost
	}
	for tries := 0; j.loose != nil; tries++ {
		h, version, err := j.readHead(ctx)
		if err != nil {
			return j.unknown(err)
		}
		ours := h.term == j.term.number
		if ours && h.step == j.head.step+1 && j.loose.input != nil {
			if _, err := l.carryOut(context.WithoutCancel(ctx), h.step, j.loose.input); err != nil {
				return err
			}
			j.since += int64(len(j.loose.input))
			j.head, j.headIs, j.loose = h, version, nil
			return nil
		}
		if h.step != j.head.step || !ours && version != j.headIs {
			return j.lose(fmt.Errorf("%w: %w", ErrLease, errMoved))
		}
		// What is under way fails from here on, as the version of the head is another.
		h.stirs, h.term = h.stirs+1, j.term.number
		b := &store.Batch{}
		b.Put([]byte(keyHead), h.encode())
		b.If([]byte(keyHead), version)
		version, err = j.commit(ctx, b)
		switch {
		case err == nil:
			j.head, j.headIs, j.loose = h, version, nil
		case errors.Is(err, errMoved) && tries < 8: // it has happened meanwhile
		default:
			return j.unknown(err)
		}
	}
	return nil
}

// unknown returns err, which leaves open what became of a commit.
func (j *journal) unknown(err error) error {
	if lost := j.lost.Load(); lost != nil {
		return *lost
	}
	if errors.Is(err, store.ErrUnknownOutcome) {
		return err
	}
	return errors.Join(store.ErrUnknownOutcome, err)
}

func (j *journal) readHead(ctx context.Context) (head, store.Version, error) {
	entries, err := j.s.Get(ctx, []byte(keyHead))
	if err != nil {
		return head{}, 0, err
	}
	h, err := readHead(entries[0])
	return h, entries[0].Version, err
}

// accept makes what a step was given durable. The step must be one that cannot fail from here on. After an error nothing
// is to be done, unless settle says so later.
func (l *Live) accept(ctx context.Context, in *input) error {
	j := l.journal
	if j == nil || j.replaying {
		return nil
	}
	data, err := in.encode()
	if err == nil {
		err = j.append(ctx, in.at, data)
	}
	if err == nil {
		l.saveSoon()
	}
	return err
}

// append writes the next step to the log: parts that do not fit into one commit before, and the head with the last one.
func (j *journal) append(ctx context.Context, at time.Time, data []byte) error {
	limits := j.s.Limits()
	if j.o.limits != nil {
		limits = *j.o.limits
	}
	h := head{step: j.head.step + 1, at: at.UnixNano(), stirs: j.head.stirs, term: j.term.number}
	b, size := &store.Batch{}, 0
	for key, value := range logParts(h.step, data, limits) {
		if full(b, size+len(key)+len(value), limits) {
			b.If([]byte(keyHead), j.headIs)
			if _, err := j.commit(ctx, b); err != nil {
				return j.failed(err, nil)
			}
			b, size = &store.Batch{}, 0
		}
		b.Put(key, value)
		size += len(key) + len(value)
	}
	b.Put([]byte(keyHead), h.encode())
	b.If([]byte(keyHead), j.headIs)
	until := j.renewal(b)
	version, err := j.commit(ctx, b)
	if err != nil {
		return j.failed(err, data)
	}
	j.head, j.headIs, j.until = h, version, until
	j.since += int64(len(data))
	return nil
}

// What is left free in a batch for the head, the lease and the conditions.
const (
	roomInBatch      = 4 << 10
	roomInOperations = 8
)

// full tells whether a batch of writes cannot have one more, with which they have size bytes.
func full(b *store.Batch, size int, l store.Limits) bool {
	return len(b.Writes)+roomInOperations >= l.Operations || size+roomInBatch > l.BatchBytes
}

// lasts keeps the lease from running out in a step that writes nothing.
func (l *Live) lasts(ctx context.Context) error {
	if j := l.journal; j != nil && !j.replaying {
		return j.renew(ctx)
	}
	return nil
}

// failed notes what the error of a commit to the log means.
func (j *journal) failed(err error, data []byte) error {
	switch {
	case errors.Is(err, errMoved):
		return j.lose(fmt.Errorf("%w: %w", ErrLease, err))
	case errors.Is(err, store.ErrUnknownOutcome):
		j.loose = &loose{data}
	}
	return err
}
