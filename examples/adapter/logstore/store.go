// Package logstore is a store written from scratch, as one writes it for a database of one's own. It keeps everything in a
// log file; docs/adapter.md tells how it came about.
package logstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

// A Store keeps everything in a log file, to which each commit appends a record,
// and what the log comes to in memory. It is good for some 100,000 keys; the file
// only grows, and one process at a time has it open. Safe for concurrent use.
type Store struct {
	closed     atomic.Bool
	committing chan struct{} // a mutex that a context can end the wait for; guards the next four
	file       *os.File
	end        int64         // of the last record
	last       store.Version // of the last record
	broken     error         // of all further commits

	mu      sync.RWMutex // guards what readers see
	entries map[string]store.Entry
	keys    []string // those of entries, in order
}

var limits = store.Limits{KeyBytes: 1024, ValueBytes: 1 << 20, Operations: 10_000, BatchBytes: 8 << 20}

// Open opens the store in the folder dir, on Unix. A damaged log is store.ErrCorrupt, one that another has open
// store.ErrUnavailable.
func Open(ctx context.Context, dir string) (*Store, error) {
	file, err := os.OpenFile(filepath.Join(dir, "store.log"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("logstore: %w", err)
	}
	s := &Store{file: file, committing: make(chan struct{}, 1), entries: map[string]store.Entry{}}
	if err = lock(file); err == nil {
		err = s.recover(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("logstore: open: %w", err), file.Close())
	}
	return s, nil
}

func (s *Store) check(ctx context.Context) error {
	if s.closed.Load() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// Get reads under one lock, so that all entries are of one moment.
func (s *Store) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	if err := store.CheckKeys(keys, limits); err != nil {
		return nil, err
	}
	entries := make([]store.Entry, len(keys))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, key := range keys {
		e := s.entries[string(key)]
		entries[i] = store.Entry{Key: bytes.Clone(key), Value: bytes.Clone(e.Value), Version: e.Version}
	}
	return entries, nil
}

// Scan looks each entry up when it is its turn, and holds nothing in between.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		from, to := string(r.From), string(r.To)
		for n := 0; r.Limit <= 0 || n < r.Limit; n++ {
			err := s.check(ctx)
			if err == nil && r.Limit < 0 {
				err = fmt.Errorf("%w: logstore: negative limit", store.ErrInvalid)
			}
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			key, e := s.next(from, to, r.Reverse)
			if e.Version == 0 || !yield(store.Entry{Key: []byte(key), Value: bytes.Clone(e.Value), Version: e.Version}, nil) {
				return
			}
			from = key + "\x00" // the first key that could follow
			if r.Reverse {
				from, to = string(r.From), key
			}
		}
	}
}

// next is the first key of [from, to), or with last the last one; an empty to is no bound.
func (s *Store) next(from, to string, last bool) (string, store.Entry) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	begin, _ := slices.BinarySearch(s.keys, from)
	end := len(s.keys)
	if to != "" {
		end, _ = slices.BinarySearch(s.keys, to)
	}
	if begin >= end {
		return "", store.Entry{}
	}
	if last {
		begin = end - 1
	}
	return s.keys[begin], s.entries[s.keys[begin]]
}

// Commit appends a record, syncs the file, and only then lets readers see the
// change: nobody sees what a crash could take back, and no reader waits for the disk.
func (s *Store) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	if err := b.Check(limits); err != nil {
		return 0, err
	}
	select {
	case s.committing <- struct{}{}:
		defer func() { <-s.committing }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if s.broken != nil {
		return 0, s.broken
	}
	// Nobody else changes entries now: what holds here still holds when the record is written.
	for i, c := range b.Conditions {
		if s.entries[string(c.Key)].Version != c.Version {
			return 0, fmt.Errorf("%w: condition %d", store.ErrConflict, i)
		}
	}
	version := s.last + 1
	record := encode(s.end, version, b.Writes)
	if _, err := s.file.WriteAt(record, s.end); err != nil { // a part of it: the next is written over it
		return 0, fmt.Errorf("%w: logstore: %w", store.ErrUnavailable, err)
	}
	if err := s.file.Sync(); err != nil { // nobody knows what is on the disk, even if the next one works
		s.broken = fmt.Errorf("%w: logstore: open it again: %w", store.ErrUnavailable, err)
		return 0, fmt.Errorf("%w: logstore: %w", store.ErrUnknownOutcome, err)
	}
	s.end += int64(len(record))
	s.apply(version, b.Writes)
	return version, nil
}

// apply changes what readers see, all at one moment.
func (s *Store) apply(version store.Version, writes []store.Write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = version
	for _, w := range writes {
		key := string(w.Key)
		at, there := slices.BinarySearch(s.keys, key)
		switch {
		case w.Delete && there:
			delete(s.entries, key)
			s.keys = slices.Delete(s.keys, at, at+1)
		case !w.Delete:
			s.entries[key] = store.Entry{Value: bytes.Clone(w.Value), Version: version}
			if !there {
				s.keys = slices.Insert(s.keys, at, key)
			}
		}
	}
}

// Limits says what a batch may hold.
func (s *Store) Limits() store.Limits { return limits }

// Durable says that what was acknowledged stays.
func (s *Store) Durable() bool { return true }

// Close waits for the commit under way.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.committing <- struct{}{}
	defer func() { <-s.committing }()
	s.broken = store.ErrClosed
	return s.file.Close()
}

// The log is a line that names its format, then a record for each commit: a head
// (4 bytes size of the body, 4 bytes checksum of the body, 4 bytes headSum) and a
// body (8 bytes version; for each write 2 bytes size of the key, 4 bytes size of the
// value or all ones for a delete, key, value). Numbers are big-endian.
const (
	magic    = "clientele example adapter 1\n"
	headSize = 12
	deleted  = 1<<32 - 1
)

var big, castagnoli = binary.BigEndian, crc32.MakeTable(crc32.Castagnoli)

// headSum is over the offset as well: what looks like a record elsewhere, in a value say, is none.
func headSum(head []byte, offset int64) uint32 {
	return crc32.Checksum(big.AppendUint64(bytes.Clone(head[:8]), uint64(offset)), castagnoli)
}

// encode makes the record that is to be written at offset.
func encode(offset int64, version store.Version, writes []store.Write) []byte {
	record := big.AppendUint64(make([]byte, headSize), uint64(version))
	for _, w := range writes {
		value, size := w.Value, uint32(len(w.Value))
		if w.Delete {
			value, size = nil, deleted
		}
		record = big.AppendUint32(big.AppendUint16(record, uint16(len(w.Key))), size)
		record = append(append(record, w.Key...), value...)
	}
	big.PutUint32(record, uint32(len(record)-headSize))
	big.PutUint32(record[4:], crc32.Checksum(record[headSize:], castagnoli))
	big.PutUint32(record[8:], headSum(record, offset))
	return record
}

// body is that of the record at offset, or nil where there is no whole one.
func body(log []byte, offset int) []byte {
	head := log[offset:]
	if len(head) < headSize || big.Uint32(head[8:]) != headSum(head, int64(offset)) {
		return nil
	}
	size, rest := uint64(big.Uint32(head)), head[headSize:]
	if size < 8 || size > uint64(len(rest)) || big.Uint32(head[4:]) != crc32.Checksum(rest[:size], castagnoli) {
		return nil
	}
	return rest[:size]
}

// writes takes what follows the version in a body apart. They point into it.
func writes(body []byte) (writes []store.Write, err error) {
	for len(body) >= 6 {
		w, key, value := store.Write{}, uint64(big.Uint16(body)), uint64(big.Uint32(body[2:]))
		if value == deleted {
			w.Delete, value = true, 0
		}
		if key+value > uint64(len(body)-6) {
			break
		}
		w.Key, w.Value, body = body[6:6+key], body[6+key:6+key+value], body[6+key+value:]
		writes = append(writes, w)
	}
	if len(body) > 0 {
		return nil, fmt.Errorf("%w: a write cut short", store.ErrCorrupt)
	}
	return writes, nil
}

// recover brings the log into memory. A crash leaves at most one record torn, the last, and nobody
// was told of it: it is cut off. One with a whole one behind it was whole itself, and is damaged.
func (s *Store) recover(ctx context.Context) error {
	folder, err := os.Open(filepath.Dir(s.file.Name()))
	if err != nil {
		return err
	}
	defer folder.Close()
	log, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	if bytes.HasPrefix([]byte(magic), log) { // a new file, or not even its first line is whole
		log = []byte(magic)
		if _, err := s.file.WriteAt(log, 0); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(log, []byte(magic)) {
		return fmt.Errorf("%w: not a log of this format", store.ErrCorrupt)
	}
	at := len(magic)
	for b := body(log, at); b != nil; b = body(log, at) {
		writes, err := writes(b[8:])
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		s.apply(store.Version(big.Uint64(b)), writes)
		at += headSize + len(b)
	}
	for behind := at; behind < len(log); behind++ {
		if body(log, behind) != nil {
			return fmt.Errorf("%w: damaged record at byte %d", store.ErrCorrupt, at)
		}
	}
	s.end = int64(at)
	// A killed process may not have synced what readers see from now on; the folder holds the file's name.
	return errors.Join(s.file.Truncate(s.end), s.file.Sync(), folder.Sync())
}
