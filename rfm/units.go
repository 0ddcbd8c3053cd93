package rfm

import "math/bits"

// unitTable is a set of units of frequency (an order or a day of one customer),
// at most 24 bytes a unit. With states, it also keeps the money of each order.
//
// It is an open-addressing table kept in the order of the keys' hash: a hash
// maps monotonically to its home slot, an entry sits in the first slot at or
// after its home that keeps the order. Growing is one sequential pass, so that
// the table can stay between 70% and 87.5% full.
type unitTable struct {
	keys   []unitKey   // home slots, then some spare; the last is always empty
	states []unitState // parallel to keys; nil unless netting
	homes  int
	n      int
	net    bool
	expect int // how many units there may be soon: it grows at once to hold them

	touched uint32 // what touch read; without a use the reads would be optimised away
}

// A unitKey names a unit of one customer: 96 bits of the unit in mixed and low,
// and the owner's entry. It is a bijection of (unit, owner).
type unitKey struct {
	mixed uint64 // mix of the unit's high word, shifted by the owner
	low   uint32
	owner uint32 // index of the customer's entry plus one; 0 is an empty slot
}

// A unitState is what netting refunds needs of an order.
type unitState struct {
	net      int64 // purchases less refunds
	last     int64 // unix seconds of the latest purchase
	lines    uint32
	refunded bool
}

const ownerStep = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, odd

func newUnitKey(u unit, owner int) unitKey {
	return unitKey{mixed: mix(u.high^hashKey) + uint64(owner)*ownerStep, low: u.low, owner: uint32(owner) + 1}
}

// unit gives back what newUnitKey was made from, without the owner.
func (k unitKey) unit() unit {
	return unit{high: unmix(k.mixed-uint64(k.owner-1)*ownerStep) ^ hashKey, low: k.low}
}

// find returns the slot of k and whether it is there; if not, the slot where it belongs.
func (t *unitTable) find(k unitKey) (slot int, found bool) {
	home, _ := bits.Mul64(k.mixed, uint64(t.homes))
	for i := int(home); ; i++ {
		s := &t.keys[i]
		if s.owner == 0 || s.mixed > k.mixed {
			return i, false
		}
		if *s == k {
			return i, true
		}
	}
}

// touch reads the home slots of keys that are about to be added: the memory
// accesses overlap, and the slots are at hand when they are needed.
func (t *unitTable) touch(keys []unitKey) {
	if t.keys == nil {
		return
	}
	var sum uint32
	for _, k := range keys {
		home, _ := bits.Mul64(k.mixed, uint64(t.homes))
		sum += t.keys[home].owner
	}
	t.touched = sum
}

// add puts k into the table, returns its slot and whether it is new.
func (t *unitTable) add(k unitKey) (slot int, added bool) {
	if t.keys == nil {
		t.resize(8)
	}
	slot, found := t.find(k)
	if found {
		return slot, false
	}
	if (t.n+1)*8 > t.homes*7 {
		t.resize(max(t.n*10/7+8, min(t.expect*5/4, t.n*4)))
		slot, _ = t.find(k)
	}
	for {
		free := slot
		for t.keys[free].owner != 0 {
			free++
		}
		if free < len(t.keys)-1 {
			copy(t.keys[slot+1:free+1], t.keys[slot:free])
			t.keys[slot] = k
			if t.net {
				copy(t.states[slot+1:free+1], t.states[slot:free])
				t.states[slot] = unitState{}
			}
			t.n++
			return slot, true
		}
		t.resize(t.homes + t.homes/16 + 8)
		slot, _ = t.find(k)
	}
}

// trim gives back what room an expectation that did not come true has taken.
func (t *unitTable) trim() {
	t.expect = 0
	if t.homes*2 > t.n*3+16 {
		t.resize(t.n*10/7 + 8)
	}
}

// resize lays the table out anew over the given number of homes.
func (t *unitTable) resize(homes int) {
	size := homes + homes/512 + 32
	keys := make([]unitKey, size)
	var states []unitState
	if t.net {
		states = make([]unitState, size)
	}
	next := 0
	for i, k := range t.keys {
		if k.owner == 0 {
			continue
		}
		home, _ := bits.Mul64(k.mixed, uint64(homes))
		next = max(next, int(home))
		for next >= len(keys)-1 {
			keys = append(keys, make([]unitKey, 32)...)
			if t.net {
				states = append(states, make([]unitState, 32)...)
			}
		}
		keys[next] = k
		if t.net {
			states[next] = t.states[i]
		}
		next++
	}
	t.keys, t.states, t.homes = keys, states, homes
}

// mix is the finalizer of MurmurHash3 (Appleby 2011), a bijection of 64 bits.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// unmix is the inverse of mix.
func unmix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0x9cb4b2f8129337db
	x ^= x >> 33
	x *= 0x4f74430c22a54005
	return x ^ x>>33
}
