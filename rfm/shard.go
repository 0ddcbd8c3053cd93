package rfm

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/civil"
)

// Customers are spread over shards by the hash of their id; a shard is worked
// on by one goroutine at a time and fits a processor's cache for a long while.
const (
	shardBits = 6
	shards    = 1 << shardBits
)

// seed and hashKey are random for each process, so that no input can be made
// to collide. No result depends on them.
var (
	seed    = maphash.MakeSeed()
	hashKey = maphash.String(seed, "rfm")
)

// hashOf is a hash of id that is not zero.
func hashOf[K comparable](id K) uint64 { return maphash.Comparable(seed, id) | 1 }

// never is the time of the last purchase of a customer without one.
const never = math.MinInt64

// An entry is what is kept of one customer.
type entry[K comparable] struct {
	id      K
	last    int64 // unix seconds of the latest purchase, or never
	revenue int64
	units   uint32 // frequency; with NetRefunds that of purchases outside the unit table
	lines   uint32 // purchase lines; likewise
}

// A shard maps ids to entries by open addressing, and keeps the units of its customers.
type shard[K comparable] struct {
	slots  []uint32     // 8 bits of the hash and 24 of the entry's index plus one; 0 is empty
	chunks [][]entry[K] // entries, chunkSize to a chunk; the first chunk grows to that
	n      int          // number of entries
	units  unitTable
	failed error
}

const (
	chunkSize = 512
	indexBits = 24
	indexMask = 1<<indexBits - 1
)

// at is entry e.
func (s *shard[K]) at(e int) *entry[K] {
	return &s.chunks[e/chunkSize][e%chunkSize]
}

// guess is the index of the entry that is likely to be that of hash, -1 for none.
func (s *shard[K]) guess(hash uint64) int {
	tag := hash >> (64 - shardBits - 8) << indexBits & 0xffffffff
	mask := len(s.slots) - 1
	for i := int(hash>>1) & mask; mask >= 0; i = (i + 1) & mask {
		slot := uint64(s.slots[i])
		if slot == 0 {
			break
		}
		if slot&^indexMask == tag {
			return int(slot&indexMask) - 1
		}
	}
	return -1
}

// entry returns the index of id's entry, which is made where there is none.
func (s *shard[K]) entry(hash uint64, id K) int {
	if s.n*4 >= len(s.slots)*3 {
		s.rehash(max(16, 2*len(s.slots)))
	}
	tag := uint32(hash >> (64 - shardBits - 8) << indexBits)
	mask := len(s.slots) - 1
	for i := int(hash>>1) & mask; ; i = (i + 1) & mask {
		slot := s.slots[i]
		if slot == 0 {
			if s.n == indexMask {
				s.failed = ErrOverflow
				return 0
			}
			s.push(entry[K]{id: id, last: never})
			s.slots[i] = tag | uint32(s.n)
			return s.n - 1
		}
		if slot&^indexMask == tag {
			if e := int(slot&indexMask) - 1; s.at(e).id == id {
				return e
			}
		}
	}
}

func (s *shard[K]) push(e entry[K]) {
	c := s.n / chunkSize
	if c == len(s.chunks) {
		s.chunks = append(s.chunks, nil)
		if c > 0 {
			s.chunks[c] = make([]entry[K], 0, chunkSize)
		}
	}
	s.chunks[c] = append(s.chunks[c], e)
	s.n++
}

func (s *shard[K]) rehash(size int) {
	s.slots = make([]uint32, size)
	mask := size - 1
	for e := range s.n {
		hash := hashOf(s.at(e).id)
		i := int(hash>>1) & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = uint32(hash>>(64-shardBits-8)<<indexBits) | uint32(e+1)
	}
}

// A unit names an order or a day. Text orders are the first 96 bits of their
// SHA-256; numbers and days are exact, marked by low.
type unit struct {
	high uint64
	low  uint32
}

const (
	lowNumber = 0
	lowDay    = 1
)

func textUnit(order string) unit {
	var sum [sha256.Size]byte
	var buf [64]byte
	if len(order) <= len(buf) {
		sum = sha256.Sum256(buf[:copy(buf[:], order)])
	} else {
		sum = sha256.Sum256([]byte(order))
	}
	return unit{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint32(sum[8:])}
}

// A row is one transaction that counts, without its customer.
type row struct {
	time   int64
	amount int64
	unit   unit
	named  bool // whether unit is an order
	kind   Kind
}

// add books a row on entry e.
func (s *shard[K]) add(p *policy, calendar *civil.Calendar, e int, r *row) {
	c := s.at(e)
	amount := r.amount
	if r.kind == Refund {
		amount = -amount
	}
	s.book(&c.revenue, amount)
	if p.refunds == NetRefunds {
		s.addNet(p, calendar, e, r, amount)
		return
	}
	if r.kind == Refund {
		return
	}
	c.last = max(c.last, r.time)
	s.count(&c.lines, 1)
	switch {
	case p.frequency == Days:
		if _, added := s.units.add(newUnitKey(dayUnit(calendar, r.time), e)); added {
			c.units++
		}
	case p.frequency == Orders && r.named:
		if _, added := s.units.add(newUnitKey(r.unit, e)); added {
			s.count(&c.units, 1)
		}
	default:
		s.count(&c.units, 1)
	}
}

// addNet keeps what is needed to tell, once all is read, which orders stand.
func (s *shard[K]) addNet(p *policy, calendar *civil.Calendar, e int, r *row, amount int64) {
	c := s.at(e)
	u := r.unit
	if !r.named {
		if r.kind == Refund {
			return
		}
		if p.frequency != Days { // an order of its own, which no refund can name
			c.last = max(c.last, r.time)
			s.count(&c.lines, 1)
			s.count(&c.units, 1)
			return
		}
		u = dayUnit(calendar, r.time)
	}
	slot, added := s.units.add(newUnitKey(u, e))
	st := &s.units.states[slot]
	if added {
		st.last = never
	}
	s.book(&st.net, amount)
	if r.kind == Refund {
		st.refunded = true
		return
	}
	st.last = max(st.last, r.time)
	s.count(&st.lines, 1)
}

// stands tells whether an order counts: it was placed, and its refunds do not reach its amount.
func (st *unitState) stands() bool {
	return st.lines > 0 && (!st.refunded || st.net > 0)
}

func dayUnit(calendar *civil.Calendar, unix int64) unit {
	return unit{high: uint64(calendar.Day(unix)), low: lowDay}
}

func (s *shard[K]) book(sum *int64, amount int64) {
	t := *sum + amount
	if (t^*sum)&(t^amount) < 0 {
		s.failed = ErrOverflow
	}
	*sum = t
}

func (s *shard[K]) count(n *uint32, by uint32) {
	t, carry := bits.Add32(*n, by, 0)
	if carry != 0 {
		s.failed = ErrOverflow
	}
	*n = t
}

// merge books all of o on s.
func (s *shard[K]) merge(o *shard[K]) {
	if o.failed != nil {
		s.failed = o.failed
	}
	owners := make([]int, o.n)
	for i := range owners {
		oe := o.at(i)
		e := s.entry(hashOf(oe.id), oe.id)
		owners[i] = e
		c := s.at(e)
		c.last = max(c.last, oe.last)
		s.book(&c.revenue, oe.revenue)
		s.count(&c.lines, oe.lines)
		s.count(&c.units, oe.units)
	}
	for i, k := range o.units.keys {
		if k.owner == 0 {
			continue
		}
		e := owners[k.owner-1]
		slot, added := s.units.add(newUnitKey(k.unit(), e))
		if !s.units.net {
			if !added {
				s.at(e).units-- // counted on both sides
			}
			continue
		}
		st, ost := &s.units.states[slot], &o.units.states[i]
		if added {
			st.last = never
		}
		st.last = max(st.last, ost.last)
		s.book(&st.net, ost.net)
		s.count(&st.lines, ost.lines)
		st.refunded = st.refunded || ost.refunded
	}
}

// settled returns the shard with the standing orders counted in its entries:
// itself, or with NetRefunds a copy.
func (s *shard[K]) settled(p *policy, calendar *civil.Calendar) *shard[K] {
	if !s.units.net {
		return s
	}
	out := &shard[K]{n: s.n, failed: s.failed}
	for _, chunk := range s.chunks {
		out.chunks = append(out.chunks, slices.Clone(chunk))
	}
	var days unitTable
	for i, k := range s.units.keys {
		if k.owner == 0 || !s.units.states[i].stands() {
			continue
		}
		st := &s.units.states[i]
		e := int(k.owner - 1)
		c := out.at(e)
		c.last = max(c.last, st.last)
		out.count(&c.lines, st.lines)
		switch p.frequency {
		case Orders:
			out.count(&c.units, 1)
		case Lines:
			out.count(&c.units, st.lines)
		case Days:
			if _, added := days.add(newUnitKey(dayUnit(calendar, st.last), e)); added {
				c.units++
			}
		}
	}
	return out
}
