package rfm

import (
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/clientele-go/clientele/internal/civil"
)

// Customers are spread over shards by the hash of their id; a shard is worked
// on by one goroutine at a time and fits a processor's cache for a long while.
const (
	shardBits = 7
	shards    = 1 << shardBits
)

// seed and hashKey are random for each process, so that no input can be made
// to collide. No result depends on them.
var (
	seed    = maphash.MakeSeed()
	hashKey = maphash.String(seed, "rfm")
)

// shardOf is the shard of the customer with the given hash.
func shardOf(hash uint64) int { return int(hash >> (64 - shardBits)) }

// never is the time of the last purchase of a customer without one.
const never = math.MinInt64

// An entry is what is kept of one customer.
type entry[K comparable] struct {
	last    int64 // unix seconds of the latest purchase, or never
	id      K
	revenue int64
	units   uint32 // frequency; with NetRefunds that of purchases outside the unit table
	lines   uint32 // purchase lines; likewise
}

// A shard maps ids to entries by open addressing, and keeps the units of its customers.
type shard[K comparable] struct {
	slots  []uint32     // 8 bits of the hash and 24 of the entry's index plus one; 0 is empty
	size   int          // slots that are homes, a power of two
	chunks [][]entry[K] // entries, chunkSize to a chunk; the first chunk grows to that
	n      int          // number of entries
	units  unitTable
	failed error
	order  *order[K]
	texts  []byte // room for the texts of the next ids

	touched uint32 // what locate read ahead; without a use the reads would be optimised away
}

const (
	chunkSize = 512
	indexBits = 24
	indexMask = 1<<indexBits - 1
)

// touch reads both ends of the entry, which may lie in two cache lines.
func (e *entry[K]) touch() uint32 { return uint32(e.last) + e.lines }

// at is entry e.
func (s *shard[K]) at(e int) *entry[K] {
	return &s.chunks[uint(e)/chunkSize][uint(e)%chunkSize]
}

// home is the slot at which the search for hash begins.
func (s *shard[K]) home(hash uint64) int { return int(hash>>1) & (s.size - 1) }

// tag is the part of hash that slots hold.
func tag(hash uint64) uint32 { return uint32(hash>>(64-shardBits-8)) << indexBits }

// guess is the index of the entry that is likely to be that of hash; any
// index, or -1, where there is none. It has no branches that depend on the
// slots, so that the memory accesses of many guesses overlap.
func (s *shard[K]) guess(hash uint64) int {
	t := tag(hash)
	w := (*[4]uint32)(s.slots[s.home(hash):])
	slot := uint32(0)
	if w[3]&^indexMask == t {
		slot = w[3]
	}
	if w[2]&^indexMask == t {
		slot = w[2]
	}
	if w[1]&^indexMask == t {
		slot = w[1]
	}
	if w[0]&^indexMask == t {
		slot = w[0]
	}
	return int(slot&indexMask) - 1
}

// entry returns the index of id's entry, which is made where there is none.
func (s *shard[K]) entry(hash uint64, id K) int {
	if s.n*2 >= s.size {
		s.rehash(max(16, 2*s.size))
	}
	t := tag(hash)
	for i := s.home(hash); ; i++ {
		if i == len(s.slots) {
			s.rehash(2 * s.size)
			return s.entry(hash, id)
		}
		slot := s.slots[i]
		if slot == 0 {
			if s.n == indexMask {
				s.failed = ErrOverflow
				return 0
			}
			s.push(entry[K]{id: s.own(id), last: never})
			s.slots[i] = t | uint32(s.n)
			return s.n - 1
		}
		if slot&^indexMask == t {
			if e := int(slot&indexMask) - 1; s.at(e).id == id {
				return e
			}
		}
	}
}

// own returns the id with its text, if it has one, copied to where those of the
// other ids are: comparing finds it near, and what the caller read it from can go.
func (s *shard[K]) own(id K) K {
	if !s.order.texts {
		return id
	}
	text := s.order.written(&id)
	if len(text) > cap(s.texts)-len(s.texts) {
		s.texts = make([]byte, 0, max(len(text), min(2*cap(s.texts), 1<<14), 64))
	}
	from := len(s.texts)
	s.texts = append(s.texts, text...)
	text = unsafe.String(unsafe.SliceData(s.texts[from:]), len(text))
	return *(*K)(unsafe.Pointer(&text))
}

// spare is the number of slots after the last home: a search does not wrap.
const spare = 64

func (s *shard[K]) rehash(size int) {
	for full := true; full; size *= 2 {
		s.size, s.slots, full = size, make([]uint32, size+spare), false
		for e := range s.n {
			hash := s.order.hash(&s.at(e).id)
			i := s.home(hash)
			for i < len(s.slots) && s.slots[i] != 0 {
				i++
			}
			if full = i == len(s.slots); full {
				break
			}
			s.slots[i] = tag(hash) | uint32(e+1)
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

// unit is the unit that row i counts for, if it is told apart from others: its
// order where orders matter, else with Days its day.
func (c *Columns[K]) unit(i int, p *policy, calendar *civil.Calendar) (u unit, ok bool) {
	if p.frequency == Orders || p.refunds == NetRefunds {
		if len(c.OrderNumbers) > 0 {
			return newUnit(uint64(c.OrderNumbers[i]), tagNumber), true
		}
		if c.hasOrder(i) {
			return textUnit(c.Orders[i]), true
		}
	}
	if p.frequency == Days && c.kind(i) == Purchase {
		return newUnit(uint64(calendar.Day(c.Times[i])), tagDay), true
	}
	return unit{}, false
}

func (c *Columns[K]) kind(i int) Kind {
	if len(c.Kinds) == 0 {
		return Purchase
	}
	return c.Kinds[i]
}

func (c *Columns[K]) hasOrder(i int) bool {
	return len(c.OrderNumbers) > 0 || len(c.Orders) > 0 && c.Orders[i] != ""
}

// sameOrder tells whether two rows name the same order.
func (c *Columns[K]) sameOrder(i, j int) bool {
	if len(c.OrderNumbers) > 0 {
		return c.OrderNumbers[i] == c.OrderNumbers[j]
	}
	return c.hasOrder(i) && c.Orders[i] == c.Orders[j]
}

// A batch is the scratch space of booking a few runs of one shard step by
// step, so that the memory accesses of a step overlap.
type batch struct {
	entries [batchRuns]int
	hit     [batchRuns]bool
}

const batchRuns = 64

// add books the runs with the given indexes, all of this shard and at most batchRuns.
func (s *shard[K]) add(p *policy, runs []run[K], b *batch) {
	s.foldFull(len(runs))
	s.locate(runs, b)
	if p.refunds == NetRefunds {
		for j := range runs {
			s.addNet(&runs[j], b.entries[j])
		}
		return
	}
	entries := b.entries[:len(runs)]
	for j := range runs {
		r := &runs[j]
		e := s.at(entries[j])
		if r.kind == Refund {
			e.revenue -= r.amount
			continue
		}
		e.revenue += r.amount
		e.last = max(e.last, r.last)
		s.count(&e.lines, uint32(r.lines))
		switch {
		case p.frequency == Lines:
			e.units = e.lines
		case r.counted:
			s.place(r.unit, b.entries[j], unitState{})
		default:
			s.count(&e.units, 1)
		}
	}
}

// locate finds the entries of runs. Before slots and entries are looked at, a
// tight loop reads them, which has many more memory accesses under way.
func (s *shard[K]) locate(runs []run[K], b *batch) {
	entries, hit := b.entries[:len(runs)], b.hit[:len(runs)]
	if s.n == 0 {
		clear(hit)
	} else {
		touched := uint32(0)
		for j := range runs {
			touched += s.slots[s.home(runs[j].hash)]
		}
		for j := range runs {
			entries[j] = max(0, s.guess(runs[j].hash))
		}
		for j := range entries {
			touched += s.at(entries[j]).touch()
		}
		for j := range runs {
			hit[j] = s.at(entries[j]).id == runs[j].id
		}
		s.touched = touched
	}
	for j := range runs {
		if !hit[j] {
			entries[j] = s.entry(runs[j].hash, runs[j].id)
		}
	}
}

// addNet keeps what is needed to tell, once all is read, which orders stand.
func (s *shard[K]) addNet(r *run[K], entry int) {
	e := s.at(entry)
	state := unitState{net: r.amount, last: r.last, lines: uint32(r.lines)}
	if r.kind == Refund {
		state = unitState{net: -r.amount, last: never, refunded: true}
	}
	e.revenue += state.net
	switch {
	case r.counted:
		s.place(r.unit, entry, state)
	case r.kind == Purchase: // an order of its own, which no refund can name
		e.last = max(e.last, r.last)
		s.count(&e.lines, uint32(r.lines))
		s.count(&e.units, 1)
	}
}

func (s *shard[K]) count(n *uint32, by uint32) {
	t, carry := bits.Add32(*n, by, 0)
	if carry != 0 {
		s.failed = ErrOverflow
	}
	*n = t
}

// place puts a unit of an entry, with what is kept of it, on the pile.
func (s *shard[K]) place(u unit, entry int, state unitState) {
	t := &s.units
	if len(t.pile) == cap(t.pile) {
		t.grow(s.n)
	}
	t.pile = append(t.pile, unitKey{u, uint32(entry)})
	if t.net {
		t.pileStates = append(t.pileStates, state)
	}
}

// foldFull sorts the pile in where n more units would make it longer than it may get.
func (s *shard[K]) foldFull(n int) {
	if len(s.units.pile)+n > s.units.limit(s.n) {
		s.fold()
	}
}

// fold sorts the pile into the units, and counts those that are new to their customers.
func (s *shard[K]) fold() {
	s.units.fold(s.n, func(entry, n int) {
		if !s.units.net {
			s.count(&s.at(entry).units, uint32(n))
		}
	})
	if s.units.carry != 0 {
		s.failed = ErrOverflow
	}
}

// trim gives back what room the pile takes beyond its limit, now that nothing is expected.
func (s *shard[K]) trim() {
	t := &s.units
	t.expect = 0
	if cap(t.pile) > t.limit(s.n) {
		s.fold()
		t.pile, t.pileStates = nil, nil
	}
}

// merge books all of o on s; the piles of o are sorted in.
func (s *shard[K]) merge(o *shard[K]) {
	o.fold()
	if o.failed != nil {
		s.failed = o.failed
	}
	for i := range o.n {
		oe := o.at(i)
		e := s.entry(s.order.hash(&oe.id), oe.id)
		c := s.at(e)
		c.last = max(c.last, oe.last)
		c.revenue += oe.revenue
		s.count(&c.lines, oe.lines)
		lo, hi := o.units.of(i)
		if o.units.net {
			s.count(&c.units, oe.units)
		} else {
			s.count(&c.units, oe.units-uint32(hi-lo)) // without those that are counted once they are sorted in
		}
		for j := lo; j < hi; j++ {
			s.foldFull(1)
			s.place(o.units.units[j], e, o.units.state(j))
		}
	}
}

// settled returns the shard with the standing orders counted in its entries:
// itself, or with NetRefunds a copy.
func (s *shard[K]) settled(p *policy, calendar *civil.Calendar) *shard[K] {
	s.fold()
	if !s.units.net {
		return s
	}
	out := &shard[K]{n: s.n, failed: s.failed}
	for _, chunk := range s.chunks {
		out.chunks = append(out.chunks, slices.Clone(chunk))
	}
	var days []int
	for e := range s.n {
		c := out.at(e)
		lo, hi := s.units.of(e)
		days = days[:0]
		for i := lo; i < hi; i++ {
			st := &s.units.states[i]
			if !st.stands() {
				continue
			}
			c.last = max(c.last, st.last)
			out.count(&c.lines, st.lines)
			switch p.frequency {
			case Orders:
				out.count(&c.units, 1)
			case Lines:
				out.count(&c.units, st.lines)
			case Days:
				days = append(days, int(calendar.Day(st.last)))
			}
		}
		slices.Sort(days)
		out.count(&c.units, uint32(len(slices.Compact(days))))
	}
	return out
}
