package segment

import (
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
)

// dictView is a dictionary as it was when the view was taken. Safe for concurrent use, also while the dictionary grows.
type dictView struct {
	tables *dictTables
	blocks [][]customer.ID // nil: see kept
	count  uint32
	kept   *shelvedIDs
}

// view returns the dictionary as it is now.
func (d *dictionary) view() dictView {
	return dictView{tables: &d.dictTables, blocks: d.blocks, count: d.count, kept: d.kept}
}

// len returns the number of positions: they are 0 to len-1.
func (v dictView) len() uint32 { return v.count }

// id returns the id of a position below len.
func (v dictView) id(pos uint32) customer.ID { return *v.at(pos) }

func (v *dictView) at(pos uint32) *customer.ID {
	if b := v.blocks[pos>>chunkBits]; b != nil {
		return &b[pos%blockSize]
	}
	return &v.kept.block(int(pos >> chunkBits))[pos%blockSize]
}

// ids returns the ids of a chunk in order of position. They are shared and must not be changed.
func (v dictView) ids(chunk int) []customer.ID {
	n := min(blockSize, int(v.count)-chunk<<chunkBits)
	b := v.blocks[chunk]
	if b == nil {
		b = v.kept.block(chunk)
	}
	return b[:n:n]
}

// lookup returns the newest position of id.
func (v dictView) lookup(id customer.ID) (pos uint32, ok bool) {
	v.kept.indexed()
	h := v.tables.hash(&id)
	t := v.tables.shards[shardOf(h)].Load()
	if t == nil {
		return noPosition, false
	}
	pos = v.find(t, t.home(h), h, &id)
	return pos, pos != noPosition
}

// find searches t from slot i for id, whose hash is h.
func (v *dictView) find(t *dictTable, i int, h uint64, id *customer.ID) uint32 {
	tags := t.tags
	tag := uint32(h) & tags
	for {
		slot := atomic.LoadUint32(&t.slots[i])
		if slot == slotEmpty {
			return noPosition
		}
		if slot&tags == tag {
			pos := slot&^tags - slotFirst // of slotGone: noPosition
			if pos >= v.count {
				pos = t.before(pos, v.count)
			}
			if pos < v.count && *v.at(pos) == *id {
				return pos
			}
		}
		i = t.next(i)
	}
}

// lookupGroup is how many ids are searched together, so that the waits for memory overlap.
const lookupGroup = 128

// lookupAll writes the newest position of each id to dst, which is as long; noPosition if there is none.
func (v dictView) lookupAll(ids []customer.ID, dst []uint32) {
	v.kept.indexed()
	var hashes [lookupGroup]uint64
	for len(ids) > 0 {
		n := min(lookupGroup, len(ids))
		v.search(ids[:n], dst[:n], hashes[:n])
		ids, dst = ids[n:], dst[n:]
	}
}

// search is lookupAll for at most lookupGroup ids. It leaves their hashes in hashes.
func (v *dictView) search(ids []customer.ID, dst []uint32, hashes []uint64) {
	var tables [lookupGroup]*dictTable
	var at, slots [lookupGroup]uint32
	for i := range ids {
		h := v.tables.hash(&ids[i])
		hashes[i] = h
		if t := v.tables.shards[shardOf(h)].Load(); t != nil {
			home := t.home(h)
			tables[i], at[i], slots[i] = t, uint32(home), atomic.LoadUint32(&t.slots[home])
		}
	}
	for i, h := range hashes[:len(ids)] {
		if slots[i] == slotEmpty {
			continue
		}
		t := tables[i]
		tag, k, slot := uint32(h)&t.tags, int(at[i]), slots[i]
		for slot != slotEmpty && slot&t.tags != tag {
			k = t.next(k)
			slot = atomic.LoadUint32(&t.slots[k])
		}
		at[i], slots[i] = uint32(k), slot
	}
	for i, slot := range slots[:len(ids)] {
		if slot == slotEmpty {
			dst[i] = noPosition
			continue
		}
		pos := slot&^tables[i].tags - slotFirst
		if pos >= v.count || *v.at(pos) != ids[i] {
			pos = v.find(tables[i], int(at[i]), hashes[i], &ids[i])
		}
		dst[i] = pos
	}
}

// bytes returns the memory that the dictionary holds now.
func (v dictView) bytes() int {
	n := 0
	for c, b := range v.blocks {
		if b == nil && v.kept.blocks[c].read.Load() {
			b = v.kept.blocks[c].ids
		}
		n += cap(b)*len(customer.ID{}) + 24
	}
	for s := range v.tables.shards {
		if t := v.tables.shards[s].Load(); t != nil {
			n += 4 * cap(t.slots)
			if list := t.older.Load(); list != nil {
				n += 8 * cap(*list)
			}
		}
	}
	if v.kept != nil {
		for c := range v.kept.hashes {
			if x := &v.kept.hashes[c]; x.read.Load() {
				n += 4*cap(x.hashes) + 2*cap(x.places)
			}
		}
	}
	return n
}
