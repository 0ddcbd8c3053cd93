package rfm

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"
	"unsafe"
)

// A unit is 96 bits that name an order or a day of one customer. Their upper
// byte, that of tag, keeps the kinds apart: 0 for numbers and days, the length
// of a text of up to shortText bytes, which is a unit as it is, and from 128 on
// for the 95 bits of a longer text's SHA-256. So a unit made from a hash is never that of
// another kind, whatever the text: only two long texts can collide.
//
// Units sort by high, then by tag; high is in two halves so that units need no padding.
type unit struct {
	low, high uint32 // of the upper 64 bits
	tag       uint32
}

const (
	tagNumber = 0
	tagDay    = 1
	tagLength = 24      // the lowest bit of a short text's length
	tagHash   = 1 << 31 // set for long texts

	shortText = 11
)

func newUnit(high uint64, tag uint32) unit {
	return unit{low: uint32(high), high: uint32(high >> 32), tag: tag}
}

// upper is the upper 64 bits.
func (u unit) upper() uint64 { return uint64(u.low) | uint64(u.high)<<32 }

func (u unit) less(v unit) bool {
	a, b := u.upper(), v.upper()
	return a < b || a == b && u.tag < v.tag
}

func (u unit) compare(v unit) int {
	return cmp.Or(cmp.Compare(u.upper(), v.upper()), cmp.Compare(u.tag, v.tag))
}

// textUnit is the unit of an order given as text.
func textUnit(order string) unit {
	if len(order) > shortText {
		sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(order), len(order)))
		return newUnit(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint32(sum[8:])|tagHash)
	}
	var text [12]byte
	copy(text[:], order)
	return newUnit(binary.BigEndian.Uint64(text[:]), binary.BigEndian.Uint32(text[8:])>>8|uint32(len(order))<<tagLength)
}

// A unitKey is a unit and the index of its customer's entry, its owner.
type unitKey struct {
	unit
	owner uint32
}

// A unitState is what netting refunds needs of an order.
type unitState struct {
	net      int64 // purchases less refunds
	last     int64 // unix seconds of the latest purchase, or never
	lines    uint32
	refunded bool
}

// add books on st what o has.
func (st *unitState) add(o *unitState) (carry uint32) {
	st.net += o.net
	st.last = max(st.last, o.last)
	st.lines, carry = bits.Add32(st.lines, o.lines, 0)
	st.refunded = st.refunded || o.refunded
	return carry
}

// stands tells whether an order counts: it was placed, and its refunds do not reach its amount.
func (st *unitState) stands() bool {
	return st.lines > 0 && (!st.refunded || st.net > 0)
}

// A unitTable holds the units of the customers of a shard, each once. What is added waits on a
// pile, where it may be known already, until fold sorts it in: adding touches no other memory.
// With net, it also keeps the money of each order.
type unitTable struct {
	units  []unit      // of one owner after the other, each owner's ascending
	states []unitState // parallel to units; nil unless net
	ends   []int       // where the units of each owner end

	pile       []unitKey
	pileStates []unitState // parallel to pile; nil unless net

	net    bool
	expect int    // how many units there may be soon, so that they need not be sorted in step by step
	carry  uint32 // not 0 once the lines of an order have left the range
}

// leastPile is the length up to which a pile grows in any case.
const leastPile = batchRuns

// limit is the length up to which the pile may grow. Unless more units are
// expected, it takes at most 8 bytes a unit and 2 an owner.
func (t *unitTable) limit(owners int) int {
	n := len(t.units)
	return max(leastPile, n/2+owners/8, min(t.expect-n, 4*n))
}

// grow makes room for a pile as long as it may get, and no more.
func (t *unitTable) grow(owners int) {
	n := max(len(t.pile)+1, t.limit(owners))
	t.pile = append(make([]unitKey, 0, n), t.pile...)
	if t.net {
		t.pileStates = append(make([]unitState, 0, n), t.pileStates...)
	}
}

// of returns where the units of an owner begin and end, in a table without a pile.
func (t *unitTable) of(owner int) (lo, hi int) {
	if owner >= len(t.ends) {
		return len(t.units), len(t.units)
	}
	if owner > 0 {
		lo = t.ends[owner-1]
	}
	return lo, t.ends[owner]
}

// state is what is kept of a unit; nothing unless netting.
func (t *unitTable) state(i int) unitState {
	if !t.net {
		return unitState{}
	}
	return t.states[i]
}

// fold sorts the pile into the units; gained is told how many of an owner are new.
func (t *unitTable) fold(owners int, gained func(owner, n int)) {
	if len(t.pile) == 0 {
		return
	}
	// The pile is spread over new slices, behind room for the units that each owner has; then
	// these are moved there, and the new ones sorted in.
	next := make([]int, owners)
	for i := range t.pile {
		next[t.pile[i].owner]++
	}
	at := 0
	for owner, n := range next {
		lo, hi := t.of(owner)
		at += hi - lo
		next[owner] = at
		at += n
	}
	old := *t
	t.units = make([]unit, at)
	if t.net {
		t.states = make([]unitState, at)
	}
	for i := range t.pile {
		k := &t.pile[i]
		t.units[next[k.owner]] = k.unit
		if t.net {
			t.states[next[k.owner]] = t.pileStates[i]
		}
		next[k.owner]++
	}
	from, end := 0, 0 // of an owner's room, and of what is in its final place
	for owner, to := range next {
		lo, hi := old.of(owner)
		begin := end
		if t.net {
			copy(t.states[end:], old.states[lo:hi])
		}
		end += copy(t.units[end:], old.units[lo:hi])
		if fresh := from + hi - lo; fresh < to {
			end = t.insert(begin, end, fresh, to)
			gained(owner, end-begin-(hi-lo))
		}
		from, next[owner] = to, end
	}
	t.ends = next
	t.units = t.units[:end]
	if t.net {
		t.states = t.states[:end]
	}
	if at-end > end/9 {
		t.units, t.states = slices.Clone(t.units), slices.Clone(t.states)
	}
	t.pile, t.pileStates = t.pile[:0], t.pileStates[:0]
}

// insert sorts the units [from, to), which are in any order and may repeat, into those of
// [begin, end), which ascend, and returns the new end. Units that come nearly in order, as most
// do, take constant time each.
func (t *unitTable) insert(begin, end, from, to int) int {
	moves := 0
	for ; from < to && moves <= 8*(to-begin); from++ {
		u := t.units[from]
		i := end
		for i > begin && u.less(t.units[i-1]) {
			i--
		}
		moves += end - i
		var state unitState
		if t.net {
			state = t.states[from]
		}
		if i > begin && t.units[i-1] == u {
			if t.net {
				t.carry |= t.states[i-1].add(&state)
			}
			continue
		}
		copy(t.units[i+1:end+1], t.units[i:end])
		t.units[i] = u
		if t.net {
			copy(t.states[i+1:end+1], t.states[i:end])
			t.states[i] = state
		}
		end++
	}
	if from == to {
		return end
	}
	// The others are sorted together with those in place.
	sorted := unitTable{units: t.units[begin : end+to-from], net: t.net}
	copy(sorted.units[end-begin:], t.units[from:to])
	if t.net {
		sorted.states = t.states[begin : end+to-from]
		copy(sorted.states[end-begin:], t.states[from:to])
	}
	sort.Sort(&sorted)
	n := sorted.compact()
	t.carry |= sorted.carry
	return begin + n
}

// Len, Less and Swap order the units by themselves.
func (t *unitTable) Len() int           { return len(t.units) }
func (t *unitTable) Less(i, j int) bool { return t.units[i].less(t.units[j]) }
func (t *unitTable) Swap(i, j int) {
	t.units[i], t.units[j] = t.units[j], t.units[i]
	if t.net {
		t.states[i], t.states[j] = t.states[j], t.states[i]
	}
}

// compact moves the first of equal units, which stand together, with the sum of their states to
// the front, and returns how many there are.
func (t *unitTable) compact() int {
	n := 0
	for i, u := range t.units {
		if n > 0 && t.units[n-1] == u {
			if t.net {
				t.carry |= t.states[n-1].add(&t.states[i])
			}
			continue
		}
		t.units[n] = u
		if t.net {
			t.states[n] = t.states[i]
		}
		n++
	}
	return n
}
