package segment

import (
	"encoding/binary"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// savedLive is what a root names of a live segment.
type savedLive struct {
	at             berth
	name           string
	version        int
	count, waiting int
	sizes          sizeLog
	chunks         [2]int // of members and held, which may be fewer than the index has
	definitions    berth  // all versions
	members, held  []berth
	records        []berth // by chunk; zero: nobody
	history        []Version
	woken          atomic.Pointer[frozenSegment] // as it was written, once it is read
}

func (s *savedLive) encode() []byte {
	v := wire.Sized(kindShelfLive, shelfFormat, 256+16*len(s.sizes.kept)+24*len(s.records))
	v.Text(s.name)
	for _, n := range [...]int{s.version, s.count, s.waiting, s.chunks[0], s.chunks[1], s.sizes.every, s.sizes.last} {
		v.Uint(uint64(n))
	}
	v.List(3 * len(s.sizes.kept))
	for _, size := range s.sizes.kept {
		v.Int(size.At.UnixNano())
		v.Uint(uint64(size.Version))
		v.Uint(uint64(size.Members))
	}
	writeBerth(v, s.definitions)
	writeBerths(v, s.members)
	writeBerths(v, s.held)
	writeBerths(v, s.records)
	return v.Data()
}

// decodeLive reads a segment of an index of so many chunks, but for its history.
func decodeLive(data []byte, chunks int) (*savedLive, error) {
	v := openValue(data, kindShelfLive)
	s := &savedLive{name: v.Text(), version: v.count(), count: v.count(), waiting: v.count()}
	s.chunks[0], s.chunks[1] = v.count(), v.count()
	s.sizes.every, s.sizes.last = v.count(), v.count()
	n := v.List()
	for range n / 3 {
		s.sizes.kept = append(s.sizes.kept, Size{time.Unix(0, v.Int()).UTC(), v.count(), v.count()})
	}
	s.definitions = v.berth()
	s.members, s.held, s.records = v.berths(), v.berths(), v.berths()
	v.bad = v.bad || n%3 != 0 || n == 0 || s.sizes.every == 0 || len(s.records) > chunks ||
		s.chunks[0] > chunks || len(s.members) != groupsOf(s.chunks[0]) ||
		s.chunks[1] > chunks || len(s.held) != groupsOf(s.chunks[1])
	return s, v.close()
}

func encodeDefinitions(history []Version) ([]byte, error) {
	v := wire.New(kindDefinitions, shelfFormat)
	text, err := json.Marshal(history)
	v.Bytes(text)
	return v.Data(), err
}

// decodeDefinitions reads the history of s.
func (s *savedLive) decodeDefinitions(data []byte) error {
	v := openValue(data, kindDefinitions)
	text := v.Bytes()
	if err := v.close(); err != nil {
		return err
	}
	if json.Unmarshal(text, &s.history) != nil || len(s.history) == 0 {
		return errForm
	}
	for i := range s.history {
		h := &s.history[i]
		if h.Definition.Name != s.name || h.Definition.Validate() != nil {
			return errForm
		}
		h.At = clockTime(h.At)
	}
	if s.history[len(s.history)-1].Number != s.version {
		return errForm
	}
	return nil
}

// encodeRecords returns what a timed segment knows of the customers of a chunk.
func encodeRecords(c int, records map[uint16]record) []byte {
	var w kernel.Words
	for p := range records {
		addMember(&w, p)
	}
	states, since := make([]byte, 0, len(records)), make([]byte, 0, 4*len(records))
	last := int64(0)
	for p := range members(&w) {
		r := records[p]
		b := byte(r.state)
		if r.pending {
			b |= recordPending
		}
		states, since, last = append(states, b), binary.AppendVarint(since, r.since-last), r.since
	}
	v := wire.Sized(kindRecords, shelfFormat, 128+len(states)+len(since))
	v.Uint(uint64(c))
	v.Bytes(bitset.AppendSet(nil, bitset.Of(&w, kernel.Bits/64)))
	v.Bytes(states)
	v.Bytes(since)
	return v.Data()
}

const recordPending = 1 << 7

func decodeRecords(data []byte, c int) (map[uint16]record, error) {
	v := openValue(data, kindRecords)
	chunk, places, states, since := v.Uint(), v.Bytes(), v.Bytes(), v.Bytes()
	if err := v.close(); err != nil {
		return nil, err
	}
	set, n, err := bitset.ReadSet(places, kernel.Bits/64)
	if err != nil || n != len(places) || set.Len() != len(states) {
		return nil, errForm
	}
	if chunk != uint64(c) {
		return nil, errPlace
	}
	records := make(map[uint16]record, len(states))
	last := int64(0)
	for p := range set.All() {
		delta, size := binary.Varint(since)
		is := state(states[0] &^ recordPending)
		if size <= 0 || is > stateWaiting {
			return nil, errForm
		}
		last += delta
		records[p] = record{is, states[0]&recordPending != 0, last}
		states, since = states[1:], since[size:]
	}
	if len(since) > 0 {
		return nil, errForm
	}
	return records, nil
}
