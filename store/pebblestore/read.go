package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
)

// A view is a moment at which all that was committed was synced. It is closed when
// nobody uses it any more.
type view struct {
	snapshot *pebble.Snapshot
	refs     int // guarded by Store.mu; one is that of Store.view
}

// look begins the call of a reader, and leave ends it.
func (s *Store) look(ctx context.Context) (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enterLocked(ctx); err != nil {
		return nil, err
	}
	s.view.refs++
	return s.view, nil
}

func (s *Store) leave(v *view) {
	s.release(v)
	s.calls.Done()
}

func (s *Store) release(v *view) {
	s.mu.Lock()
	v.refs--
	last := v.refs == 0
	s.mu.Unlock()
	if !last {
		return
	}
	closed := make(chan struct{})
	go func() { // which waits forever where Pebble has stopped after a failure
		v.snapshot.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-s.failure.happened:
	}
}

// publish lets readers see snapshot.
func (s *Store) publish(snapshot *pebble.Snapshot) {
	fresh := &view{snapshot: snapshot, refs: 1}
	s.mu.Lock()
	stale := s.view
	s.view = fresh
	s.mu.Unlock()
	s.release(stale)
}

// pebbleKey appends Pebble's key for key to buffer[:0].
func pebbleKey(buffer, key []byte) []byte {
	return append(append(buffer[:0], prefix), key...)
}

// split takes a stored value apart.
func split(value []byte) (store.Version, []byte, error) {
	if len(value) < 8 || int64(binary.BigEndian.Uint64(value)) <= 0 {
		return 0, nil, fmt.Errorf("%w: pebblestore: a value without version", store.ErrCorrupt)
	}
	return store.Version(binary.BigEndian.Uint64(value)), value[8:], nil
}

// find calls f with what is stored under a key of Pebble, if it is there. Both
// arguments of f are valid until it returns.
func find(r pebble.Reader, key []byte, f func(version store.Version, value []byte)) error {
	stored, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return readError(err)
	}
	defer closer.Close()
	version, value, err := split(stored)
	if err == nil {
		f(version, value)
	}
	return err
}

// Get implements store.Store. It costs some 20 microseconds a key in the cache, and
// a read of the disk for each that is not.
func (s *Store) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	v, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	defer s.leave(v)
	if err := store.CheckKeys(keys, limits); err != nil {
		return nil, err
	}
	entries := make([]store.Entry, len(keys))
	var buffer []byte
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		buffer = pebbleKey(buffer, key)
		err := find(v.snapshot, buffer, func(version store.Version, value []byte) { entries[i] = entry(key, value, version) })
		if err != nil {
			return nil, err
		}
		if entries[i].Version == 0 {
			entries[i].Key = bytes.Clone(key)
		}
	}
	return entries, nil
}

// entry copies key and value.
func entry(key, value []byte, version store.Version) store.Entry {
	b := append(append(make([]byte, 0, len(key)+len(value)), key...), value...)
	n := len(key)
	return store.Entry{Key: b[:n:n], Value: b[n:], Version: version}
}
