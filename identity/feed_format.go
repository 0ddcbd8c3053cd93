package identity

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A feedHead says which entries a shard has: those after trimmed up to last.
type feedHead struct {
	last, trimmed uint64
	version       store.Version // of the store; 0: the shard has no entry yet
}

// A feedEntry is an entry of the feed as it is stored.
type feedEntry struct {
	change customer.Change // its only part, or without Atoms if these were written ahead
	twin   uint64          // number of the entry of the other customer, 0 if there is none
	parts  int             // of the atoms written ahead, 0 if they were not
	token  feedToken       // of the atoms written ahead
}

// A feedToken names atoms that were written ahead.
type feedToken [16]byte

// sides is the number of entries of the change.
func (e *feedEntry) sides() int { return sidesOf(&e.change) }

// sidesOf is the number of entries of a change.
func sidesOf(c *customer.Change) int {
	if c.From != uuid.Nil && c.To != uuid.Nil {
		return 2
	}
	return 1
}

// other is the customer on the other side of the change, or nobody.
func (e *feedEntry) other() customer.ID {
	if e.change.Customer == e.change.From {
		return e.change.To
	}
	return e.change.From
}

// A feedPlace is where an entry is.
type feedPlace struct {
	shard int
	seq   uint64
}

func (p feedPlace) key() []byte { return feedEntryKey(p.shard, p.seq) }

func (p feedPlace) fault(err error) error {
	return fmt.Errorf("identity: entry %d of shard %d: %w", p.seq, p.shard, err)
}

const feedEntryPrefix = "feed/entry/"

func feedHeadKey(shard int) []byte { return appendFeedHeadKey(nil, shard) }

func appendFeedHeadKey(to []byte, shard int) []byte {
	return append(append(to, "feed/head/"...), byte(shard))
}

func feedEntryKey(shard int, seq uint64) []byte {
	return appendFeedEntryKey(make([]byte, 0, len(feedEntryPrefix)+1+8), shard, seq)
}

func appendFeedEntryKey(to []byte, shard int, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(append(to, feedEntryPrefix...), byte(shard)), seq)
}

// readFeedPlace reads the key of an entry.
func readFeedPlace(key []byte) (p feedPlace, ok bool) {
	const n = len(feedEntryPrefix)
	if len(key) != n+1+8 {
		return p, false
	}
	return feedPlace{int(key[n]), binary.BigEndian.Uint64(key[n+1:])}, true
}

func feedAtomsKey(token feedToken, part int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte("feed/atoms/"), token[:]...), uint32(part))
}

func (h *feedHead) encode() []byte { return h.appendData(nil) }

func (h *feedHead) appendData(to []byte) []byte {
	w := wire.Append(to, "feed/head", feedVersion)
	w.Uint(h.last)
	w.Uint(h.trimmed)
	return w.Data()
}

func decodeFeedHead(data []byte) (feedHead, error) {
	r := wire.Read(data)
	r.Expect("feed/head", feedVersion)
	h := feedHead{last: r.Uint(), trimmed: r.Uint()}
	if err := r.Close(); err != nil {
		return feedHead{}, err
	}
	if h.last == 0 || h.trimmed > h.last {
		return feedHead{}, fmt.Errorf("%w: numbers of a head", store.ErrCorrupt)
	}
	return h, nil
}

func (e *feedEntry) encode() []byte { return e.appendData(nil) }

func (e *feedEntry) appendData(to []byte) []byte {
	c := &e.change
	w := wire.Append(to, "feed/entry", versionOf(c.Slices))
	w.Uint(uint64(c.Verb))
	writeFeedID(w, c.From)
	writeFeedID(w, c.To)
	w.Bool(c.Customer == c.To)
	w.Time(c.At)
	w.Uint(e.twin)
	w.Uint(uint64(e.parts))
	if e.parts > 0 {
		w.Bytes(e.token[:])
	} else {
		w.Bytes(joinAtoms(c.Atoms))
	}
	writeSlices(w, c.Slices)
	return w.Data()
}

// decodeFeedEntry reads the entry stored at place.
func decodeFeedEntry(place feedPlace, data []byte) (feedEntry, error) {
	r := wire.Read(data)
	r.Expect("feed/entry", feedVersionSlices)
	verb := r.Uint()
	from, fromOK := readFeedID(r)
	to, toOK := readFeedID(r)
	customerIsTo, at := r.Bool(), r.Time()
	twin, parts, tail := r.Uint(), r.Uint(), r.Bytes()
	lie, lieOK := readSlices(r)
	if err := r.Close(); err != nil {
		return feedEntry{}, place.fault(err)
	}
	e := feedEntry{
		change: customer.Change{
			Shard: place.shard, Seq: place.seq, Part: 1, Parts: 1,
			Verb: customer.Verb(min(verb, math.MaxUint8)), Customer: from, From: from, To: to, At: at, Slices: lie,
		},
		twin:  twin,
		parts: int(min(parts, math.MaxInt32)),
	}
	if customerIsTo {
		e.change.Customer = to
	}
	ok := fromOK && toOK && lieOK && parts <= math.MaxInt32 && (twin > 0) == (e.sides() == 2)
	if parts > 0 {
		ok = ok && len(tail) == len(e.token) && copy(e.token[:], tail) > 0 && e.token != feedToken{}
	} else {
		var whole bool
		e.change.Atoms, whole = splitAtoms(tail)
		ok = ok && whole
	}
	if !ok || e.change.Validate() != nil {
		return feedEntry{}, place.fault(fmt.Errorf("%w: not an entry", store.ErrCorrupt))
	}
	return e, nil
}

// encodeFeedAtoms encodes a part, and where those of its atoms lie that are slices.
func encodeFeedAtoms(atoms []customer.AtomID, lie []customer.Slice) []byte {
	w := wire.New("feed/atoms", versionOf(lie))
	w.Bytes(joinAtoms(atoms))
	writeSlices(w, lie)
	return w.Data()
}

// decodeFeedAtoms reads a part whose atoms come after last.
func decodeFeedAtoms(data []byte, last customer.AtomID) ([]customer.AtomID, []customer.Slice, error) {
	r := wire.Read(data)
	r.Expect("feed/atoms", feedVersionSlices)
	joined := r.Bytes()
	lie, ok := readSlices(r)
	if err := r.Close(); err != nil {
		return nil, nil, err
	}
	atoms, whole := splitAtoms(joined)
	ok = ok && whole && len(atoms) > 0
	for _, a := range atoms {
		ok = ok && bytes.Compare(last[:], a[:]) < 0
		last = a
	}
	if !ok {
		return nil, nil, fmt.Errorf("%w: atoms do not ascend", store.ErrCorrupt)
	}
	return atoms, lie, nil
}

// versionOf is the version of the format: the second has slices.
func versionOf(lie []customer.Slice) uint64 {
	if len(lie) > 0 {
		return feedVersionSlices
	}
	return feedVersion
}

// writeSlices writes slices, if there are any.
func writeSlices(w *wire.Writer, lie []customer.Slice) {
	if len(lie) == 0 {
		return
	}
	w.List(3 * len(lie))
	for _, s := range lie {
		w.Bytes(s.Atom[:])
		w.Bytes(s.Stream[:])
		w.Time(s.Since)
	}
}

func readSlices(r *wire.Reader) (lie []customer.Slice, ok bool) {
	if r.Version() < feedVersionSlices {
		return nil, true
	}
	n := r.List()
	if n == 0 || n%3 != 0 {
		return nil, false
	}
	for range n / 3 {
		atom, stream := r.Bytes(), r.Bytes()
		s := customer.Slice{Since: r.Time()}
		if len(atom) != len(s.Atom) || len(stream) != len(s.Stream) {
			return nil, false
		}
		copy(s.Atom[:], atom)
		copy(s.Stream[:], stream)
		lie = append(lie, s)
	}
	return lie, true
}

// writeFeedID writes nobody as the absence of an item.
func writeFeedID(w *wire.Writer, id customer.ID) {
	if id == uuid.Nil {
		w.Null()
		return
	}
	w.Bytes(id[:])
}

func readFeedID(r *wire.Reader) (id customer.ID, ok bool) {
	if r.Null() {
		return id, true
	}
	b := r.Bytes()
	return id, len(b) == len(id) && copy(id[:], b) > 0 && id != uuid.Nil
}

// joinAtoms puts the bytes of atoms one after the other.
func joinAtoms(atoms []customer.AtomID) []byte {
	joined := make([]byte, 0, len(atoms)*len(customer.AtomID{}))
	for i := range atoms {
		joined = append(joined, atoms[i][:]...)
	}
	return joined
}

// splitAtoms is the inverse of joinAtoms; no atoms are nil.
func splitAtoms(joined []byte) (atoms []customer.AtomID, ok bool) {
	const n = len(customer.AtomID{})
	if len(joined)%n != 0 {
		return nil, false
	}
	if len(joined) > 0 {
		atoms = make([]customer.AtomID, 0, len(joined)/n)
	}
	for a := range slices.Chunk(joined, n) {
		atoms = append(atoms, customer.AtomID(a))
	}
	return atoms, true
}
