package segment

import (
	"encoding/binary"
	"math/bits"
	"sort"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
)

// dictTables is what a dictionary shares with its views while it changes.
type dictTables struct {
	seed   uint64
	shards [shardCount]atomic.Pointer[dictTable] // by the highest bits of the hash; nil is empty
}

// dictTable holds the newest position of each id of a shard, in the first free slot from the home of its hash. Between
// the home of an id and its slot no slot is ever empty, whatever moment a reader looks.
type dictTable struct {
	slots []uint32 // position plus slotFirst in the low bits, bits of the hash above; read and written atomically
	tags  uint32   // which bits of a slot are of the hash
	older atomic.Pointer[[]succession]
}

// succession says that the id at position had position before until then. A table keeps them in order of position.
type succession struct{ position, before uint32 }

// mix folds the product of a and b, which depends on every bit of both.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hash returns the hash of id. Both factors of the first product hang on the seed: were one known, ids could be made
// that turn it, and so every such product, to zero.
func (d *dictTables) hash(id *customer.ID) uint64 {
	a, b := binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])
	hi, lo := bits.Mul64(a^d.seed^0xa0761d6478bd642f, b^bits.RotateLeft64(d.seed, 32)^0xe7037ed1a0b428db)
	return mix(hi^0x8ebc6af09c88c6e3, lo^0x589965cc75374cc3)
}

func shardOf(h uint64) int { return int(h >> (64 - shardBits)) }

// firstSlots returns the size of the first table of shard s. Sizes are spread over the factor 1.5 by which tables grow,
// so that shards grow at different times, and a batch that adds few ids seldom waits for more than one.
func firstSlots(s int) int { return 32 + s/4 }

// newTable returns an empty table of n slots which can hold positions well above count, the number given so far.
func newTable(n, count int) *dictTable {
	top := min(uint64(count)*8/5+64, uint64(maxPositions-1)) + slotFirst
	return &dictTable{slots: make([]uint32, n), tags: ^uint32(1<<bits.Len64(top) - 1)}
}

// home returns the slot where a search for h begins.
func (t *dictTable) home(h uint64) int {
	hi, _ := bits.Mul64(h<<shardBits, uint64(len(t.slots)))
	return int(hi)
}

func (t *dictTable) next(i int) int {
	if i++; i < len(t.slots) {
		return i
	}
	return 0
}

func (t *dictTable) slotOf(h uint64, pos uint32) uint32 { return uint32(h)&t.tags | (pos + slotFirst) }

// before returns the newest position below count of the id at pos, or noPosition.
func (t *dictTable) before(pos, count uint32) uint32 {
	list := t.older.Load()
	for pos >= count {
		if list == nil {
			return noPosition
		}
		i := sort.Search(len(*list), func(i int) bool { return (*list)[i].position >= pos })
		if i == len(*list) || (*list)[i].position != pos {
			return noPosition
		}
		pos = (*list)[i].before
	}
	return pos
}

// room returns the table of shard s with room for the next position.
func (d *dictionary) room(s int) *dictTable {
	t := d.shards[s].Load()
	if t == nil || 4*(d.used[s]+1) > 3*len(t.slots) || d.count+slotFirst > ^t.tags {
		t = d.rebuild(s)
	}
	return t
}

// rebuild replaces the table of shard s by one that is half full, or larger if many more ids are likely to follow.
func (d *dictionary) rebuild(s int) *dictTable {
	t := newTable(max(firstSlots(s), 2*(d.held[s]+1), (d.held[s]+d.expect/shardCount)*8/5), int(d.count)+d.expect)
	if old := d.shards[s].Load(); old != nil {
		t.older.Store(old.older.Load())
		var at [256]uint32
		var hashes [256]uint64
		n := 0
		move := func() {
			for i, pos := range at[:n] {
				hashes[i] = d.hash(d.at(pos))
			}
			for j, pos := range at[:n] {
				i := t.home(hashes[j])
				for t.slots[i] != slotEmpty {
					i = t.next(i)
				}
				t.slots[i] = t.slotOf(hashes[j], pos)
			}
			n = 0
		}
		for _, slot := range old.slots {
			if slot < slotFirst {
				continue
			}
			if n == len(at) {
				move()
			}
			at[n] = slot&^old.tags - slotFirst
			n++
		}
		move()
	}
	d.used[s] = d.held[s]
	d.shards[s].Store(t)
	return t
}

// slot returns the slot that holds the newest position of id, or noPosition and the slot where it is to be put.
func (d *dictionary) slot(t *dictTable, h uint64, id *customer.ID) (i int, pos uint32) {
	tag, free := uint32(h)&t.tags, -1
	for i = t.home(h); ; i = t.next(i) {
		switch slot := t.slots[i]; {
		case slot == slotEmpty && free >= 0:
			return free, noPosition
		case slot == slotEmpty:
			return i, noPosition
		case slot == slotGone:
			if free < 0 {
				free = i
			}
		case slot&t.tags == tag:
			if pos = slot&^t.tags - slotFirst; *d.at(pos) == *id {
				return i, pos
			}
		}
	}
}
