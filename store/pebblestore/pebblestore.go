package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options are the settings of [Open]; nil is the defaults. Not safe for concurrent
// use.
type Options struct {
	// CacheBytes is the memory for blocks that were read, in bytes. 0: 64 MiB.
	CacheBytes int64
	// MemTableBytes is the memory for writes that are not yet in a table, in bytes;
	// up to twice as much is used. Larger is faster for many writes, and slower to
	// open after a crash. 0: 32 MiB. At most 1 GiB.
	MemTableBytes int64
	// NoSync acknowledges commits before they are synced, for data that can be
	// loaded again: a crash may take the last of them, but never a part of one or
	// one before another that stays. The store is then not Durable. False: sync.
	NoSync bool
}

// Validate reports every fault of o.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	if o.CacheBytes < 0 {
		faults = append(faults, errors.New("pebblestore: negative CacheBytes"))
	}
	if o.MemTableBytes < 0 || o.MemTableBytes > 1<<30 {
		faults = append(faults, errors.New("pebblestore: MemTableBytes must be from 0 to 1 GiB"))
	}
	return errors.Join(faults...)
}

// A Store keeps the contract of store.Store in a folder, and is a
// store.RangeDeleter and store.Durable. Use [Open] to make one. Safe for
// concurrent use.
type Store struct {
	db      *pebble.DB
	lock    *pebble.Lock
	durable bool
	seed    maphash.Seed

	version  atomic.Uint64 // the last given out
	requests chan *request // to work
	stopped  chan struct{} // closed when all of them have been answered
	released chan struct{} // closed when Close has done what it can
	failure  failure

	mu     sync.Mutex  // guards what follows
	closed atomic.Bool // set under mu
	view   *view       // what readers see
	calls  sync.WaitGroup
}

// limits leave room for prefixes.
var limits = store.Limits{KeyBytes: 1024, ValueBytes: 1 << 20, Operations: 10_000, BatchBytes: 8 << 20}

// Pebble's keys.
var (
	formatKey  = []byte("\x00format")
	versionKey = []byte("\x00version") // no version above its value was ever given out
	endKey     = []byte{prefix + 1}
)

const (
	prefix = 1 // of the keys of what is stored
	format = 1
)

// Open opens the store in the folder path, which is made if it is not there. A
// folder that is open already, here or in another process, is
// store.ErrUnavailable; one that holds something else, is damaged, or was written
// by a newer version of this package is store.ErrCorrupt. After a crash it reads
// the log again, up to twice MemTableBytes.
func Open(path string, o *Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	var options Options
	if o != nil {
		options = *o
	}
	return open(vfs.Default, path, options)
}

func open(fs vfs.FS, path string, o Options) (*Store, error) {
	if err := fs.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("pebblestore: %w", err)
	}
	lock, err := pebble.LockDirectory(path, fs)
	if err != nil {
		return nil, fmt.Errorf("%w: pebblestore: the folder cannot be locked, is it open elsewhere? %w", store.ErrUnavailable, err)
	}
	s := &Store{
		lock:     lock,
		durable:  !o.NoSync,
		seed:     maphash.MakeSeed(),
		requests: make(chan *request, 64),
		stopped:  make(chan struct{}),
		released: make(chan struct{}),
	}
	s.failure.happened = make(chan struct{})
	if s.db, err = pebble.Open(path, s.pebbleOptions(fs, o)); err != nil {
		return nil, errors.Join(readError(err), lock.Close())
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.db.Close(), lock.Close())
	}
	s.view = &view{snapshot: s.db.NewSnapshot(), refs: 1}
	s.failure.opened.Store(true)
	go s.work(s.version.Load())
	return s, nil
}

func (s *Store) pebbleOptions(fs vfs.FS, o Options) *pebble.Options {
	p := &pebble.Options{
		FS:                 watchedFS{fs, &s.failure},
		Lock:               s.lock,
		Logger:             &s.failure,
		FormatMajorVersion: pebble.FormatValueSeparation,
		CacheSize:          o.CacheBytes,
		MemTableSize:       uint64(o.MemTableBytes),
		EventListener: &pebble.EventListener{
			DataCorruption: func(pebble.DataCorruptionInfo) {}, // the read returns it
		},
	}
	if p.CacheSize == 0 {
		p.CacheSize = 64 << 20
	}
	if p.MemTableSize == 0 {
		p.MemTableSize = 32 << 20
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return p
}

// begin checks what the folder holds, and reads the counter of versions.
func (s *Store) begin() error {
	stored, err := s.number(formatKey)
	switch {
	case err != nil:
		return err
	case stored > format:
		return fmt.Errorf("%w: pebblestore: written in format %d by a newer version, this one knows %d", store.ErrCorrupt, stored, format)
	case stored == 0:
		if err := s.markNew(); err != nil {
			return err
		}
	}
	last, err := s.number(versionKey)
	s.version.Store(last)
	return err
}

// markNew writes the format into a database that has to be empty.
func (s *Store) markNew() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return readError(err)
	}
	empty := !it.First()
	if err := it.Close(); err != nil {
		return readError(err)
	}
	if !empty {
		return fmt.Errorf("%w: pebblestore: a Pebble database of something else", store.ErrCorrupt)
	}
	return s.db.Set(formatKey, binary.BigEndian.AppendUint64(nil, format), pebble.Sync)
}

// number reads 8 bytes of a key of the adapter's own, 0 if it is not there.
func (s *Store) number(key []byte) (uint64, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, readError(err)
	}
	defer closer.Close()
	if len(value) != 8 || int64(binary.BigEndian.Uint64(value)) <= 0 {
		return 0, fmt.Errorf("%w: pebblestore: format or version", store.ErrCorrupt)
	}
	return binary.BigEndian.Uint64(value), nil
}

// enter begins a call, and if it returns nil s.calls.Done ends it.
func (s *Store) enter(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enterLocked(ctx)
}

func (s *Store) enterLocked(ctx context.Context) error {
	if s.closed.Load() {
		return store.ErrClosed
	}
	if err := s.failure.reason(); err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.calls.Add(1)
	return nil
}

// Limits implements store.Store.
func (s *Store) Limits() store.Limits { return limits }

// Durable implements store.Durable: true unless opened with NoSync.
func (s *Store) Durable() bool { return s.durable }

// Close implements store.Store: it waits for calls under way, writes out what is
// not yet in the log, and unlocks the folder. After a failure of the disk it
// returns that and leaves the folder as it is.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed.Swap(true)
	s.mu.Unlock()
	if again {
		<-s.released
		return nil
	}
	defer close(s.released)
	if err := s.failure.reason(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		s.calls.Wait()
		close(s.requests)
		<-s.stopped
		err := errors.Join(s.view.snapshot.Close(), s.db.Close(), s.lock.Close())
		if err != nil {
			err = fmt.Errorf("pebblestore: close: %w", err)
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-s.failure.happened:
		return s.failure.reason()
	}
}
