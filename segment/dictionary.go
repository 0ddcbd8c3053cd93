package segment

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
)

const (
	blockSize = 1 << chunkBits // ids in a block: those of a chunk

	shardBits  = 6
	shardCount = 1 << shardBits // tables

	noPosition   = ^uint32(0)     // of an id that is not there
	maxPositions = noPosition - 1 // so that a slot can hold every position plus slotFirst

	slotEmpty = 0 // ends a search
	slotGone  = 1 // held a position that was truncated; a search goes on
	slotFirst = 2 // position 0
)

var errPositions = fmt.Errorf("%w: an index gives at most %d positions to customers", ErrLimit, maxPositions)

// dictionary numbers customer ids in order of arrival. A position is never given to another id, so an id that is added
// again after its customer was deleted has several positions, of which the newest counts.
//
// The ids lie in blocks of a chunk each. Tables with open addressing lead from the hash of an id to its newest position.
// Nothing in either is a pointer, so the garbage collector does not look inside. It takes at most 26 bytes an id from
// 100,000 ids up: 16 for the id, 1 for room at the end of the last block, 5.3 to 8 for slots of 4 bytes that are half
// to three quarters in use. An id that is added again needs no slot, but 8.5 bytes that say what it had before.
//
// Not safe for concurrent use; its views may be read meanwhile. The zero dictionary is empty. A dictionary must not be
// copied after first use.
type dictionary struct {
	dictTables
	count  uint32          // positions given
	blocks [][]customer.ID // shared with views: replaced, never changed below the count of a view
	expect int             // more ids that are likely to follow
	kept   *shelvedIDs     // nil: none lie on a shelf
	used   [shardCount]int // slots that are not empty
	held   [shardCount]int // slots that hold a position
}

// newDictionary returns an empty dictionary. Who does not know seed cannot find many ids of one hash.
func newDictionary(seed uint64) *dictionary {
	d := new(dictionary)
	d.seed = mix(seed^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return d
}

// restoreDictionary returns the dictionary whose ids are those of blocks, in their order; the last position of an id
// that occurs several times counts. All blocks but the last must be full. The dictionary keeps the blocks.
func restoreDictionary(seed uint64, blocks [][]customer.ID, workers int) (*dictionary, error) {
	d := newDictionary(seed)
	total := 0
	for i, b := range blocks {
		if len(b) > blockSize || len(b) == 0 || len(b) < blockSize && i < len(blocks)-1 {
			return nil, fmt.Errorf("segment: block %d of ids holds %d", i, len(b))
		}
		total += len(b)
	}
	if uint64(total) > uint64(maxPositions) {
		return nil, errPositions
	}
	d.count = uint32(total)
	d.restore(blocks, workers)
	return d, nil
}

// restore fills the tables, which are empty, from the blocks, which hold all ids.
func (d *dictionary) restore(blocks [][]customer.ID, workers int) {
	d.blocks = blocks
	workers = min(parallel.Workers(workers), shardCount)
	parallel.For(workers, workers, func(w int) { d.index(w*shardCount/workers, (w+1)*shardCount/workers) })
	d.fit()
}

// index fills the tables of shards lo to hi-1, which are empty, from the blocks.
func (d *dictionary) index(lo, hi int) {
	var sizes [shardCount]int
	d.each(lo, hi, func(h uint64, _ uint32) { sizes[shardOf(h)]++ })
	for s := lo; s < hi; s++ {
		d.shards[s].Store(newTable(max(firstSlots(s), sizes[s]*8/5), int(d.count)))
	}
	d.each(lo, hi, func(h uint64, pos uint32) {
		s := shardOf(h)
		t := d.shards[s].Load()
		i, before := d.slot(t, h, d.at(pos))
		if before == noPosition {
			d.used[s]++
			d.held[s]++
		}
		t.slots[i] = t.slotOf(h, pos)
	})
}

// each calls f for the positions whose ids are of shards lo to hi-1, in order.
func (d *dictionary) each(lo, hi int, f func(h uint64, pos uint32)) {
	var hashes [256]uint64
	var at [256]uint32
	for b, block := range d.blocks {
		for first := 0; first < len(block); first += len(hashes) {
			n := 0
			for i := range block[first:min(first+len(hashes), len(block))] {
				h := d.hash(&block[first+i])
				if s := shardOf(h); lo <= s && s < hi {
					hashes[n], at[n] = h, uint32(b<<chunkBits+first+i)
					n++
				}
			}
			var sum uint32 // reads all homes first, so that the waits for memory overlap
			for _, h := range hashes[:n] {
				if t := d.shards[shardOf(h)].Load(); t != nil {
					sum += t.slots[t.home(h)]
				}
			}
			runtime.KeepAlive(sum)
			for i, h := range hashes[:n] {
				f(h, at[i])
			}
		}
	}
}

// at returns the id of a position.
func (d *dictionary) at(pos uint32) *customer.ID { return &d.blocks[pos>>chunkBits][pos%blockSize] }

// lookup returns the newest position of id.
func (d *dictionary) lookup(id customer.ID) (pos uint32, ok bool) { return d.view().lookup(id) }

// add gives id a new position, also if it has one. It returns noPosition if there are no more.
func (d *dictionary) add(id customer.ID) uint32 {
	if d.count == maxPositions {
		return noPosition
	}
	h := d.hash(&id)
	t := d.room(shardOf(h))
	i, before := d.slot(t, h, &id)
	return d.put(t, i, h, &id, before)
}

// addAll writes the positions of ids to dst, which is as long. An id that has none gets the next, in order of first
// occurrence, and so does one whose newest position is not live. Only positions given before the call are asked for;
// nil says that all are live. live is called by several goroutines. If there are not enough positions, it returns an
// error that wraps ErrLimit, and none was given.
func (d *dictionary) addAll(ids []customer.ID, dst []uint32, workers int, live func(pos uint32) bool) error {
	workers = parallel.Workers(workers)
	start := d.count
	hashes := make([]uint64, min(1<<16, len(ids)))
	for done := 0; done < len(ids); {
		n := 2048 // what the search touches is still in the cache when the ids are added
		if workers > 1 && done > 0 {
			n = len(hashes)
		}
		n = min(n, len(ids)-done)
		if !d.addSome(ids[done:done+n], dst[done:done+n], hashes[:n], workers, start, live) {
			d.truncate(start)
			return errPositions
		}
		done += n
		d.expect = int(float64(d.count-start) / float64(done) * float64(len(ids)-done))
	}
	d.fit()
	return nil
}

// addSome is addAll for some of the ids. It reports false if there are not enough positions.
func (d *dictionary) addSome(
	ids []customer.ID, dst []uint32, hashes []uint64, workers int, start uint32, live func(uint32) bool,
) bool {
	v := d.view()
	parallel.Ranges(workers, len(ids), (len(ids)+lookupGroup-1)/lookupGroup, func(_, lo, hi int) {
		v.search(ids[lo:hi], dst[lo:hi], hashes[lo:hi])
		if live == nil {
			return
		}
		for i, pos := range dst[lo:hi] {
			if pos < start && !live(pos) {
				dst[lo+i] = noPosition
			}
		}
	})
	for i, pos := range dst {
		if pos != noPosition {
			continue
		}
		h := hashes[i]
		t := d.room(shardOf(h))
		at, before := d.slot(t, h, &ids[i])
		if before != noPosition && before >= start { // added for an id before it in ids
			dst[i] = before
			continue
		}
		if d.count == maxPositions {
			return false
		}
		dst[i] = d.put(t, at, h, &ids[i], before)
	}
	return true
}

// put gives the next position to id. i and before are what slot returned.
func (d *dictionary) put(t *dictTable, i int, h uint64, id *customer.ID, before uint32) uint32 {
	pos, s := d.count, shardOf(h)
	if pos>>chunkBits == uint32(len(d.blocks)) || pos%blockSize == uint32(len(d.blocks[pos>>chunkBits])) {
		d.extend(max(64, int(pos)/16))
	}
	*d.at(pos) = *id
	if before != noPosition {
		var list []succession
		if p := t.older.Load(); p != nil {
			list = *p
		}
		if len(list) == cap(list) { // append would make more room than the limit of bytes allows
			list = append(make([]succession, 0, len(list)+len(list)/16+16), list...)
		}
		list = append(list, succession{pos, before})
		t.older.Store(&list) // before the slot: who sees pos finds what was before
	} else {
		d.held[s]++
		if t.slots[i] == slotEmpty {
			d.used[s]++
		}
	}
	atomic.StoreUint32(&t.slots[i], t.slotOf(h, pos))
	d.count++
	return pos
}

// extend makes room for n ids after the last, or to the end of its block, and no more.
func (d *dictionary) extend(n int) {
	b, in := int(d.count>>chunkBits), int(d.count%blockSize)
	blocks := make([][]customer.ID, b+1)
	copy(blocks, d.blocks)
	blocks[b] = make([]customer.ID, min(blockSize, in+n))
	if in > 0 {
		copy(blocks[b], d.blocks[b][:in])
	}
	d.blocks = blocks
}

// truncate takes back the positions from count on, as if they had not been given. No view may be in use that has them.
// It copies the table of each shard where an id had been added again.
func (d *dictionary) truncate(count uint32) {
	if count >= d.count {
		return
	}
	var copies [shardCount]*dictTable // published when they are finished
	for ; d.count > count; d.count-- {
		pos := d.count - 1
		id := d.at(pos)
		h := d.hash(id)
		s := shardOf(h)
		t := copies[s]
		if t == nil {
			t = d.shards[s].Load()
		}
		i, _ := d.slot(t, h, id)
		if p := t.older.Load(); p != nil && len(*p) > 0 && (*p)[len(*p)-1].position == pos {
			last := len(*p) - 1
			before, list := (*p)[last].before, (*p)[:last:last] // who appends next copies
			if copies[s] == nil {
				// A reader may have read a slot and not yet the list: for it both stay as they are.
				t = &dictTable{slots: slices.Clone(t.slots), tags: t.tags}
				copies[s] = t
			}
			t.older.Store(&list)
			t.slots[i] = t.slotOf(h, before)
			continue
		}
		d.held[s]--
		atomic.StoreUint32(&t.slots[i], slotGone)
		if t.slots[t.next(i)] != slotEmpty {
			continue
		}
		for t.slots[i] == slotGone { // nothing lies behind them
			atomic.StoreUint32(&t.slots[i], slotEmpty)
			d.used[s]--
			if i--; i < 0 {
				i = len(t.slots) - 1
			}
		}
	}
	for s, t := range copies {
		if t != nil {
			d.shards[s].Store(t)
		}
	}
	d.fit()
	n := (int(count) + blockSize - 1) >> chunkBits
	d.blocks = d.blocks[:n:n]
	if n > 0 && n<<chunkBits-blockSize+len(d.blocks[n-1]) > int(count)+int(count)/16+64 {
		d.extend(0)
	}
}

// fit replaces the tables that are larger than they would have grown one id at a time.
func (d *dictionary) fit() {
	d.expect = 0
	for s := range shardCount {
		if t := d.shards[s].Load(); t != nil && len(t.slots) > firstSlots(s) && 25*(d.held[s]+1) < 12*len(t.slots) {
			d.rebuild(s)
		}
	}
}
