package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sort"
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

// dictView is a dictionary as it was when the view was taken. Safe for concurrent use, also while the dictionary grows.
type dictView struct {
	tables *dictTables
	blocks [][]customer.ID // nil: see kept
	count  uint32
	kept   *shelvedIDs
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

// at returns the id of a position.
func (d *dictionary) at(pos uint32) *customer.ID { return &d.blocks[pos>>chunkBits][pos%blockSize] }

// view returns the dictionary as it is now.
func (d *dictionary) view() dictView {
	return dictView{tables: &d.dictTables, blocks: d.blocks, count: d.count, kept: d.kept}
}

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
