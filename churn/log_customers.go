package churn

import (
	"hash/maphash"
	"reflect"
)

// zeroIsNobody reports whether the zero value of K is no customer: the empty string and the
// zero array (such as a nil UUID).
func zeroIsNobody[K comparable]() bool {
	kind := reflect.TypeFor[K]().Kind()
	return kind == reflect.String || kind == reflect.Array
}

// newHash returns a hash that is random for each call, so that no input can be made to collide.
func newHash[K comparable]() func(K) uint64 {
	seed := maphash.MakeSeed()
	return func(id K) uint64 { return maphash.Comparable(seed, id) }
}

// A numbering numbers customers from 0 in the order in which they come, by open addressing.
type numbering[K comparable] struct {
	hash   func(K) uint64
	slots  []uint32 // 1 + number; 0 is empty
	groups []group[K]

	customers []K // scratch of who uses it
}

func (n *numbering[K]) reset() {
	clear(n.slots)
	n.groups = n.groups[:0]
}

// number returns the number of a customer, a new one where it has none.
func (n *numbering[K]) number(customer K) int {
	if 2*len(n.groups) >= len(n.slots) {
		n.grow()
	}
	mask := len(n.slots) - 1
	for i := int(n.hash(customer)) & mask; ; i = (i + 1) & mask {
		if n.slots[i] == 0 {
			n.groups = append(n.groups, group[K]{customer: customer})
			n.slots[i] = uint32(len(n.groups))
			return len(n.groups) - 1
		}
		if id := int(n.slots[i]) - 1; n.groups[id].customer == customer {
			return id
		}
	}
}

func (n *numbering[K]) grow() {
	n.slots = make([]uint32, max(64, 2*len(n.slots)))
	mask := len(n.slots) - 1
	for id := range n.groups {
		i := int(n.hash(n.groups[id].customer)) & mask
		for n.slots[i] != 0 {
			i = (i + 1) & mask
		}
		n.slots[i] = uint32(id + 1)
	}
}
