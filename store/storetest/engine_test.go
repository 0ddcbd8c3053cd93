package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/store"
)

// An engine is a small store that keeps the contract, and can be told to break it
// in one place. It is in memory, or in an append-only log file as well. What is written to the
// file survives the end of the process; it is not synced, which would only matter to a machine.
// Safe for concurrent use.
type engine struct {
	fault string // what it does wrong; "": nothing

	mu     sync.RWMutex
	keys   []string // sorted
	data   map[string]store.Entry
	last   store.Version
	counts map[string]store.Version // puts of a key, for faults
	log    *os.File                 // nil: memory only
	buffer []byte                   // not written yet, for faults
	closed bool
}

func (e *engine) is(fault string) bool { return e.fault == fault }

// openEngine returns a function that opens engines with the fault, in memory.
func openEngine(fault string) Open {
	return func(context.Context, string) (store.Store, error) {
		return &engine{fault: fault, data: map[string]store.Entry{}, counts: map[string]store.Version{}}, nil
	}
}

// openLog returns a function that opens engines with the fault, on a file.
func openLog(fault string) Open {
	return func(_ context.Context, dir string) (store.Store, error) {
		log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		e := &engine{fault: fault, data: map[string]store.Entry{}, counts: map[string]store.Version{}, log: log}
		if err := e.replay(); err != nil {
			return nil, errors.Join(err, log.Close())
		}
		return e, nil
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// replay reads the log up to its end or to a record that was cut off, which is removed.
func (e *engine) replay() error {
	text, err := io.ReadAll(e.log)
	if err != nil {
		return err
	}
	rest := text
	for len(rest) >= 8 {
		n := binary.BigEndian.Uint32(rest)
		if uint64(len(rest)) < 8+uint64(n) || crc32.Checksum(rest[8:8+n], castagnoli) != binary.BigEndian.Uint32(rest[4:]) {
			break
		}
		version, writes := decode(rest[8 : 8+n])
		e.apply(writes, version)
		e.last = max(e.last, version)
		rest = rest[8+n:]
	}
	end := int64(len(text) - len(rest))
	if e.is("version counter from what is there") {
		e.last = 0
		for _, entry := range e.data {
			e.last = max(e.last, entry.Version)
		}
	}
	if e.is("versions begin anew") {
		e.last = 0
	}
	if err := e.log.Truncate(end); err != nil {
		return err
	}
	_, err = e.log.Seek(end, io.SeekStart)
	return err
}

func encode(version store.Version, writes []store.Write) []byte {
	b := binary.AppendUvarint(make([]byte, 8), uint64(version))
	for _, w := range writes {
		kind := byte(1)
		if w.Delete {
			kind = 2
		}
		b = append(b, kind)
		for _, s := range [][]byte{w.Key, w.Value} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-8))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b
}

func decode(b []byte) (store.Version, []store.Write) {
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return n
	}
	part := func() []byte {
		n := number()
		s := b[:n]
		b = b[n:]
		return s
	}
	version := store.Version(number())
	var writes []store.Write
	for len(b) > 0 {
		kind := b[0]
		b = b[1:]
		key := part()
		writes = append(writes, store.Write{Key: key, Value: part(), Delete: kind == 2})
	}
	return version, writes
}

// save appends the writes to the log.
func (e *engine) save(version store.Version, writes []store.Write) error {
	if e.log == nil {
		return nil
	}
	records := [][]byte{}
	switch {
	case e.is("batch in several records"):
		for _, w := range writes {
			records = append(records, encode(version, []store.Write{w}))
		}
	case e.is("deletes not logged"):
		writes = slices.DeleteFunc(slices.Clone(writes), func(w store.Write) bool { return w.Delete })
		fallthrough
	default:
		records = append(records, encode(version, writes))
	}
	for i, r := range records {
		if e.is("written late") || e.is("written later") {
			if e.buffer = append(e.buffer, r...); len(e.buffer) < 4096 {
				continue
			}
			r, e.buffer = e.buffer, nil
		}
		if _, err := e.log.Write(r); err != nil {
			return err
		}
		if i%20 == 1 {
			pause() // as long as a disk would take
		}
	}
	return nil
}

// apply makes the writes in memory.
func (e *engine) apply(writes []store.Write, version store.Version) {
	for _, w := range writes {
		k := string(w.Key)
		i, found := slices.BinarySearch(e.keys, k)
		if w.Delete {
			if found {
				e.keys = slices.Delete(e.keys, i, i+1)
			}
			delete(e.data, k)
			if e.is("version by count since delete") {
				delete(e.counts, k)
			}
			continue
		}
		if !found {
			e.keys = slices.Insert(e.keys, i, k)
		}
		v := version
		e.counts[k]++
		switch {
		case e.is("version by count since delete"):
			v = e.counts[k]
		case e.is("version of the content"):
			v = store.Version(crc32.ChecksumIEEE(w.Value)) + 1
		}
		entry := store.Entry{Key: bytes.Clone(w.Key), Value: bytes.Clone(w.Value), Version: v}
		if e.is("keeps the slices given") {
			entry = store.Entry{Key: w.Key, Value: w.Value, Version: v}
		}
		e.data[k] = entry
	}
}

func (e *engine) ready(ctx context.Context) error {
	if e.closed {
		return store.ErrClosed
	}
	return ctx.Err()
}

func copied(e store.Entry) store.Entry {
	return store.Entry{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value), Version: e.Version}
}

func (e *engine) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.ready(ctx); err != nil {
		return nil, err
	}
	if err := store.CheckKeys(keys, e.Limits()); err != nil {
		return nil, err
	}
	entries := make([]store.Entry, len(keys))
	for i, k := range keys {
		if e.is("gets one by one") && i > 0 {
			e.mu.RUnlock()
			runtime.Gosched()
			e.mu.RLock()
		}
		entries[i] = copied(e.data[string(k)])
		if e.is("returns what it keeps") {
			entries[i] = e.data[string(k)]
		}
		entries[i].Key = bytes.Clone(k)
	}
	return entries, nil
}

// next is the first key of r after or, in reverse, before the last one; nil is none yet.
func (e *engine) next(r store.Range, last *string) (string, bool) {
	lo, _ := slices.BinarySearch(e.keys, string(r.From))
	hi := len(e.keys)
	if len(r.To) > 0 {
		hi, _ = slices.BinarySearch(e.keys, string(r.To))
	}
	if last != nil {
		i, found := slices.BinarySearch(e.keys, *last)
		switch {
		case r.Reverse:
			hi = min(hi, i)
		case found:
			lo = max(lo, i+1)
		default:
			lo = max(lo, i)
		}
	}
	switch {
	case lo >= hi:
		return "", false
	case r.Reverse:
		return e.keys[hi-1], true
	}
	return e.keys[lo], true
}

func (e *engine) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if r.Limit < 0 {
			yield(store.Entry{}, fmt.Errorf("%w: limit", store.ErrInvalid))
			return
		}
		if e.is("locks for a scan") {
			e.mu.RLock()
			defer e.mu.RUnlock()
		}
		var last *string
		for n := 0; n < r.Limit || r.Limit == 0; n++ {
			if !e.is("locks for a scan") {
				e.mu.RLock()
			}
			err := e.ready(ctx)
			k, ok := e.next(r, last)
			entry := copied(e.data[k])
			if !e.is("locks for a scan") {
				e.mu.RUnlock()
			}
			switch {
			case err != nil:
				yield(store.Entry{}, err)
				return
			case !ok || !yield(entry, nil):
				return
			}
			last = &k
		}
	}
}

// holds checks the conditions of b.
func (e *engine) holds(b *store.Batch) error {
	for _, c := range b.Conditions {
		if e.data[string(c.Key)].Version != c.Version {
			return store.ErrConflict
		}
	}
	return nil
}

func (e *engine) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.ready(ctx); err != nil {
		return 0, err
	}
	if err := b.Check(e.Limits()); err != nil {
		return 0, err
	}
	switch {
	case e.is("checks conditions after writing"):
		defer func(last store.Version) { e.last = max(e.last, last+1) }(e.last)
		before := e.undo(b)
		e.apply(b.Writes, e.last+1)
		if err := e.holds(b); err != nil {
			e.apply(before, e.last)
			return 0, err
		}
		return e.last + 1, nil
	case e.is("writes before it checks"):
		keys, data := slices.Clone(e.keys), map[string]store.Entry{}
		maps.Copy(data, e.data)
		err := e.holds(b)
		e.last++
		v := e.last
		e.apply(b.Writes, v)
		if err != nil {
			e.mu.Unlock()
			runtime.Gosched()
			pause()
			e.mu.Lock()
			e.keys, e.data = keys, data
			return 0, err
		}
		return v, nil
	}
	if err := e.holds(b); err != nil {
		if e.is("half a batch on conflict") {
			e.last++
			e.apply(b.Writes[:len(b.Writes)/2], e.last)
		}
		return 0, err
	}
	if len(b.Writes) == 0 {
		return e.last, nil
	}
	if err := e.save(e.last+1, b.Writes); err != nil {
		return 0, errors.Join(store.ErrUnknownOutcome, err)
	}
	e.last++
	e.apply(b.Writes, e.last)
	return e.last, nil
}

// undo is the writes that bring back what b writes to.
func (e *engine) undo(b *store.Batch) (writes []store.Write) {
	for _, w := range b.Writes {
		entry, ok := e.data[string(w.Key)]
		writes = append(writes, store.Write{Key: w.Key, Value: entry.Value, Delete: !ok})
	}
	return writes
}

func (e *engine) DeleteRange(ctx context.Context, r store.Range) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.ready(ctx); err != nil {
		return err
	}
	if r.Limit != 0 || r.Reverse {
		return fmt.Errorf("%w: limit or reverse", store.ErrInvalid)
	}
	var writes []store.Write
	for k, ok := e.next(r, nil); ok; k, ok = e.next(r, &k) {
		writes = append(writes, store.Write{Key: []byte(k), Delete: true})
	}
	if e.is("deletes ranges in steps") {
		for i := range writes {
			e.apply(writes[i:i+1], e.last)
			e.mu.Unlock()
			runtime.Gosched()
			e.mu.Lock()
		}
		return nil
	}
	if !e.is("range deletes not logged") {
		if err := e.save(e.last, writes); err != nil {
			return errors.Join(store.ErrUnknownOutcome, err)
		}
	}
	e.apply(writes, e.last)
	return nil
}

func (e *engine) Limits() store.Limits {
	return store.Limits{KeyBytes: 600, ValueBytes: 100_000, Operations: 1200, BatchBytes: 1_200_000}
}

func (e *engine) Durable() bool { return e.log != nil }

func (e *engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	if e.log == nil {
		return nil
	}
	if !e.is("written later") {
		if _, err := e.log.Write(e.buffer); err != nil {
			return err
		}
	}
	return e.log.Close()
}
