package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Where things are in the store; docs/storage.md says what they hold.
const (
	policyKey = "id/policy"
	epochKey  = "id/epoch"
	indexKey  = "id/index"
	// erasingKey is there while an erasure is not finished.
	erasingKey = "id/erasing"
)

// A key is the prefix of its family and a name.
func key(family string, name ...[]byte) []byte {
	size := 4 + len(family)
	for _, n := range name {
		size += len(n)
	}
	return appendKey(make([]byte, 0, size), family, name...)
}

func appendKey(k []byte, family string, name ...[]byte) []byte {
	k = append(append(append(k, "id/"...), family...), '/')
	for _, n := range name {
		k = append(k, n...)
	}
	return k
}

func containerKey(id customer.ID) []byte { return key("c", id[:]) }
func valueKey(b blind) []byte            { return key("v", b[:]) }
func recordKey(a customer.AtomID) []byte { return key("r", a[:]) }
func observationKey(b blind) []byte      { return key("o", b[:]) }
func customerKey(id customer.ID) []byte  { return key("u", id[:]) }

// blindOf makes a blind of what Index.Blind returned.
func blindOf(b []byte) (h blind) {
	copy(h[:], b)
	return h
}

// idOf makes an id in the layout of UUIDv7 of a time and a hash, so that ids order by
// the time of what they are named for.
func idOf(micros int64, h blind) (id customer.ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(min(max(micros/1000, 0), 1<<48-1))<<16)
	copy(id[6:], h[len(h)-10:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// atomOf names the atom of a record, or of a piece without one, by its hash.
func atomOf(h blind) (a customer.AtomID) {
	copy(a[:], h[4:])
	return a
}

// sliceOf names a slice of a stream by the observation that begins it, and an atom of a
// record that was erased before by the time of that.
func sliceOf(stream, first blind) (a customer.AtomID) {
	sum := sha256.Sum256(append(stream[:], first[:]...))
	copy(a[:], sum[:])
	return a
}

// streamOf names the stream of an ephemeral value.
func streamOf(h blind) (a customer.AtomID) {
	sum := sha256.Sum256(h[:])
	copy(a[:], sum[:])
	return a
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// readPointers are pointers of values as they were read.
type readPointers struct {
	few  []namedPointer
	many map[blind]versioned // in place of few, where they are many
}

type namedPointer struct {
	name blind
	versioned
}

const mostFew = 32

// of returns the pointer of a value, and whether it was read.
func (r *readPointers) of(h blind) (versioned, bool) {
	if r.many != nil {
		p, ok := r.many[h]
		return p, ok
	}
	for i := range r.few {
		if r.few[i].name == h {
			return r.few[i].versioned, true
		}
	}
	return versioned{}, false
}

// add notes the pointer of a value.
func (r *readPointers) add(h blind, p versioned) {
	if r.many == nil && len(r.few) < mostFew {
		r.few = append(r.few, namedPointer{h, p})
		return
	}
	if r.many == nil {
		r.many = make(map[blind]versioned, 2*mostFew)
		for _, f := range r.few {
			r.many[f.name] = f.versioned
		}
	}
	r.many[h] = p
}

// A state says what a pointer leads to.
type state uint8

const (
	nowhere   state = iota // nothing, but it may remember an erasure
	contained              // the container of the value, record or customer
	shared                 // the value is shared: it is in no container because of itself
)

// A pointer leads from a value, record or customer to its container.
type pointer struct {
	state state
	// container where it is contained, not always the present one: see forward. Where
	// it is shared, the generation of the list of the pieces it is on.
	to customer.ID
	// erased says that what was observed up to then has been erased, in microseconds.
	erased *int64
}

func (r pointer) data() []byte { return r.appendData(make([]byte, 0, 48)) }

func (r pointer) appendData(to []byte) []byte {
	w := wire.Append(to, "identity/ref", 1)
	w.Uint(uint64(r.state))
	w.Bytes(r.to[:])
	if r.erased == nil {
		w.Null()
	} else {
		w.Int(*r.erased)
	}
	return w.Data()
}

// readPointer reads a pointer; one that is not there is nowhere.
func readPointer(e store.Entry) (r pointer, err error) {
	if e.Version == 0 {
		return r, nil
	}
	d := wire.Read(e.Value)
	d.Expect("identity/ref", 1)
	r.state = state(min(d.Uint(), 255))
	r.to = readID(d)
	if !d.Null() {
		at := d.Int()
		r.erased = &at
	}
	if err := d.Close(); err != nil {
		return pointer{}, err
	}
	if r.state > shared || r.state != nowhere && r.to == uuid.Nil {
		return pointer{}, store.ErrCorrupt
	}
	return r, nil
}

// readID reads an id; one of another length is the zero id, which callers refuse where
// it may not be.
func readID(d *wire.Reader) (id customer.ID) {
	if b := d.Bytes(); len(b) == len(id) {
		copy(id[:], b)
	}
	return id
}

func readBlind(d *wire.Reader) (h blind) {
	if b := d.Bytes(); len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}
