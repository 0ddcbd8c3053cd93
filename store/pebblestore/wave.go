package pebblestore

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
)

// Commits are made in waves: those that wait while one is written are the next. The
// requests of a wave do not touch each other's keys: none writes what another writes
// or has a condition on. So they can be checked and written at the same time, in
// any order, and whichever of them a crash leaves could have been alone.
//
// While one wave is synced the next is written already, and its conditions may rely on
// the first: in the log it comes later, so that a crash that takes the first takes
// both. But all of a wave's answers, refusals too, and all that readers see of it wait
// for its sync. Nobody outside hears of what a crash could still take back.
type wave struct {
	requests []*request
	keys     map[uint64]bool  // hashes of keys, true: written; filled from the second request on
	after    *pebble.Snapshot // with all of the wave; nil: nothing was written
}

// mostRequests of a wave.
const mostRequests = 256

// fits reports whether r touches no key of w. That two keys have one hash only
// makes it the next wave's.
func (w *wave) fits(r *request) bool {
	if len(w.requests) == 0 {
		return true
	}
	if r.alone || w.requests[0].alone || len(w.requests) == mostRequests {
		return false
	}
	if len(w.requests) == 1 {
		w.keys = map[uint64]bool{}
		w.note(w.requests[0])
	}
	for _, key := range r.writes {
		if _, ok := w.keys[key]; ok {
			return false
		}
	}
	for _, c := range r.conditions {
		if w.keys[c.hash] {
			return false
		}
	}
	return true
}

func (w *wave) add(r *request) {
	if len(w.requests) > 0 {
		w.note(r)
	}
	w.requests = append(w.requests, r)
}

func (w *wave) note(r *request) {
	for _, c := range r.conditions {
		w.keys[c.hash] = false
	}
	for _, key := range r.writes {
		w.keys[key] = true
	}
}

// collect makes a wave of r and what waits, up to the first that does not fit,
// which it returns as well.
func (s *Store) collect(r *request) (*wave, *request) {
	w := &wave{}
	for w.fits(r) {
		if r.state.CompareAndSwap(waiting, taken) {
			w.add(r)
		}
		select {
		case r = <-s.requests:
		default:
			return w, nil
		}
		if r == nil { // no more will come
			return w, nil
		}
	}
	return w, r
}

// work writes all requests, wave by wave, until no more will come. reserved is the
// counter of versions as Pebble has it.
func (s *Store) work(reserved uint64) {
	written := make(chan *wave)
	defer close(written)
	go s.acknowledge(written)
	for r := range s.requests {
		for r != nil {
			var w *wave
			w, r = s.collect(r)
			reserved = s.reserve(w, reserved)
			s.apply(w)
			written <- w
		}
	}
}

// versionBlock is how many versions are reserved at a time.
const versionBlock = 1 << 20

// reserve sees to it that the counter in Pebble is above all versions of w, before
// they are used.
func (s *Store) reserve(w *wave, reserved uint64) uint64 {
	highest := reserved
	for _, r := range w.requests {
		highest = max(highest, uint64(r.version))
	}
	if highest == reserved {
		return reserved
	}
	reserved = highest + versionBlock
	s.must(s.db.Set(versionKey, binary.BigEndian.AppendUint64(nil, reserved), pebble.Sync))
	return reserved
}

// apply checks and writes the requests of w, without a sync.
func (s *Store) apply(w *wave) {
	if len(w.requests) == 1 {
		s.commit(w.requests[0])
	} else {
		var all sync.WaitGroup
		for _, r := range w.requests {
			all.Go(func() { s.commit(r) })
		}
		all.Wait()
	}
	for _, r := range w.requests {
		if r.written {
			w.after = s.db.NewSnapshot()
			return
		}
	}
}

// commit checks the conditions of r and writes it.
func (s *Store) commit(r *request) {
	defer r.batch.Close()
	for i := range r.conditions {
		c := &r.conditions[i]
		var version store.Version
		if r.err = find(s.db, c.key, func(v store.Version, _ []byte) { version = v }); r.err != nil {
			return
		}
		if version != c.version {
			r.err = fmt.Errorf("%w: condition %d", store.ErrConflict, i)
			return
		}
	}
	if !r.batch.Empty() {
		s.must(s.db.Apply(r.batch, pebble.NoSync))
		r.written = true
	}
}

// acknowledge syncs waves, lets readers see them, and answers their requests.
func (s *Store) acknowledge(written <-chan *wave) {
	defer close(s.stopped)
	for w := range written {
		if w.after != nil {
			if s.durable {
				// A record without content: with it all that is before it in the log is synced.
				s.must(s.db.LogData(nil, pebble.Sync))
			}
			s.publish(w.after)
		}
		for _, r := range w.requests {
			r.done <- r.err
		}
	}
}

// must takes an error of a write for the failure it is: nobody knows what of it is
// on the disk.
func (s *Store) must(err error) {
	if err != nil {
		s.failure.Fatalf("%v", err)
	}
}
