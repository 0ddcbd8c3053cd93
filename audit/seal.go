package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Pages hold entries, one after the other.
const (
	pageEntries = 256
	pageBytes   = 24 << 10 // from which on a page takes no more
	pageGrows   = 64       // entries up to which a page is written anew with more

	mostEntryBytes = 32 << 10 // more than any entry has
)

// Append queues entries and commits them, for deeds that write nothing themselves, such as
// reads. Many go in several commits. Errors wrap [ErrEntry], before anything is committed, or are
// those of the store; after an unknown outcome the same can be appended again, if its entries have IDs,
// and may then be in the log twice where somebody has sealed meanwhile.
func (l *Log) Append(ctx context.Context, entries ...*Entry) error {
	for i, e := range entries {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("audit: entry %d: %w", i, err)
		}
	}
	return l.append(ctx, entries)
}

// append is Append for valid entries.
func (l *Log) append(ctx context.Context, entries []*Entry) error {
	const most, mostBytes = 128, 512 << 10 // of a batch: an entry has at most some 30 KiB
	var b store.Batch
	size, given := 0, map[uuid.UUID]bool{} // the ids of the batch that were not drawn
	var memory pieces
	b.Writes = make([]store.Write, 0, min(most, len(entries)))
	for i, e := range entries {
		memory.buf = l.queue(&b, e, memory.room(l.queuedBytes(e)))
		last := len(b.Writes) - 1
		if e.ID != uuid.Nil && given[e.ID] && slices.ContainsFunc(b.Writes[:last], func(w store.Write) bool { return bytes.Equal(w.Key, b.Writes[last].Key) }) {
			b.Writes = b.Writes[:last] // given twice
		} else {
			size += len(b.Writes[last].Value)
		}
		if e.ID != uuid.Nil {
			given[e.ID] = true
		}
		if len(b.Writes) < most && size < mostBytes && i < len(entries)-1 {
			continue
		}
		if _, err := l.store.Commit(ctx, &b); err != nil {
			return err
		}
		b.Writes, size = b.Writes[:0], 0
		memory.buf = memory.buf[:0]
		clear(given)
	}
	return nil
}

// Seal gives the entries that wait their numbers, oldest first, and returns the checkpoint
// after them and how many there were. now is when they are sealed. Any number of processes may seal:
// each batch is sealed by one of them, under the condition that the log has not grown
// meanwhile, and the others find it done. Of a log without entries the checkpoint is that of an
// empty tree. An entry that was damaged while it waited is replaced by one of actor and action
// "audit.unreadable" with the SHA-256 of what was found.
//
// Errors are those of the store and of the signer, wrap [ErrOptions] where now is not in the years 1 to 9999,
// or [ErrTampered] where the checkpoint or the end of the log is not what was sealed; what was
// sealed before stays so.
func (l *Log) Seal(ctx context.Context, now time.Time) (c Checkpoint, sealed int, err error) {
	if !civil.InYears(now) {
		return Checkpoint{}, 0, fmt.Errorf("%w: now is not in the years 1 to 9999", ErrOptions)
	}
	for {
		n, all, err := l.sealBatch(ctx, now)
		if err != nil {
			return Checkpoint{}, sealed, err
		}
		if sealed += n; all {
			c, err := l.Checkpoint(ctx)
			return c, sealed, err
		}
	}
}

// Checkpoint returns the newest checkpoint. Errors are those of the store, or wrap
// [ErrTampered].
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	h, _, err := l.head(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	return l.checkpoint(&h)
}

// checkpoint returns that of a head, and checks its signature and that it is not older than
// one that was seen before the head was read.
func (l *Log) checkpoint(h *head) (c Checkpoint, err error) {
	c = Checkpoint{Origin: l.origin, Root: h.root}
	if h.size > 0 {
		c, err = l.parse(string(h.note))
		if err == nil && (c.Size != h.size || c.Root != h.root || c.First != h.first) {
			err = fmt.Errorf("%w: the checkpoint is not that of the head", ErrTampered)
		}
	}
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Size < h.floor.Size || c.Size == h.floor.Size && c.Size > 0 && c.Root != h.floor.Root {
		return Checkpoint{}, fmt.Errorf("%w: the log is not the one that was seen before", ErrTampered)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Size > l.seen.Size {
		l.seen = c
	}
	return c, nil
}

// parse is ParseCheckpoint for the log's own checkpoints: the one that it read last it need not
// check again.
func (l *Log) parse(text string) (Checkpoint, error) {
	l.mu.Lock()
	c := l.parsed
	l.mu.Unlock()
	if text != "" && c.Text == text {
		return c, nil
	}
	c, err := ParseCheckpoint(text, l.origin, l.verifier)
	if err != nil {
		return Checkpoint{}, err
	}
	l.mu.Lock()
	l.parsed = c
	l.mu.Unlock()
	return c, nil
}

// sealBatch seals as many entries as go into one batch, and tells whether these were all.
func (l *Log) sealBatch(ctx context.Context, now time.Time) (sealed int, all bool, err error) {
	_, err = store.Update(ctx, l.store, l.backoff, func(ctx context.Context) (*store.Batch, error) {
		var b *store.Batch
		h, version, err := l.head(ctx)
		if err == nil {
			b, sealed, all, err = l.batch(ctx, &h, version, now)
		}
		if errors.Is(err, ErrTampered) {
			// Or others have sealed and trimmed since the head was read.
			if _, again, err := l.head(ctx); err == nil && again != version {
				return nil, store.ErrConflict
			}
		}
		return b, err
	})
	if err != nil {
		return 0, false, err
	}
	return sealed, all, nil
}

// batch makes the batch that seals the entries that wait first.
func (l *Log) batch(ctx context.Context, h *head, version store.Version, now time.Time) (b *store.Batch, sealed int, all bool, err error) {
	if _, err := l.checkpoint(h); err != nil {
		return nil, 0, false, err
	}
	waiting, all, err := l.waiting(ctx, now)
	if err != nil || len(waiting) == 0 {
		return nil, 0, all, err
	}
	b = new(store.Batch)
	b.If(l.key(partHead, 0), version)
	return b, len(waiting), all, l.grow(ctx, b, h, waiting, now)
}

// queued is an entry that waits, and the leaf that it becomes.
type queued struct {
	key      []byte
	record   []byte // a zero, and the leaf
	customer uuid.UUID
}

// pieces is memory for many byte strings, taken in pieces of which each has twice the bytes of
// the one before. Not safe for concurrent use.
type pieces struct{ buf []byte } // the piece in use, as far as it is

// room returns what is in use of a piece that has room for n more bytes.
func (p *pieces) room(n int) []byte {
	const most = 64 << 10
	if cap(p.buf)-len(p.buf) < n {
		p.buf = make([]byte, 0, max(n, min(2*cap(p.buf), most)))
	}
	return p.buf
}

// last returns the last n bytes that were written.
func (p *pieces) last(n int) []byte { return p.buf[len(p.buf)-n : len(p.buf) : len(p.buf)] }

// record returns a zero and the leaf of an entry.
func (p *pieces) record(entry []byte, at time.Time) []byte {
	const timeBytes = 16
	buf := p.room(1 + len(entry) + timeBytes)
	start := len(buf)
	p.buf = leaf(append(append(buf, 0), entry...), at)
	return p.buf[start:len(p.buf):len(p.buf)]
}

// waiting reads the first entries of the queue, as many as a batch takes, and tells whether these
// are all.
func (l *Log) waiting(ctx context.Context, now time.Time) (list []queued, all bool, err error) {
	const (
		mostOperations = 8192
		mostBytes      = 4 << 20
		others         = 2*tileLevels + 8 // operations beside those of entries, pages and full tiles
		otherBytes     = 1 << 18          // of last tiles, a page that grows, and the head
		each           = 3                // operations of an entry: of the queue, of its customer, and room for pages and tiles
	)
	operations := min(l.store.Limits().Operations, mostOperations) - others
	room := min(l.store.Limits().BatchBytes, mostBytes) - otherBytes
	queue := store.Under(l.key(partQueue, 0))
	queue.Limit = operations/each + 1
	var leaves pieces
	for e, err := range l.store.Scan(ctx, queue) {
		if err != nil {
			return nil, false, err
		}
		about, ok := customerOf(e.Value, false)
		if !ok || len(e.Value) > mostEntryBytes {
			entry, err := decodeEntry(e.Value)
			if err != nil || len(e.Value) > mostEntryBytes {
				entry = unreadable(e.Value, now)
				e.Value = entry.encode()
			}
			about = entry.Customer
		}
		q := queued{e.Key, leaves.record(e.Value, now), about}
		operations -= each
		room -= 2*(len(l.prefix)+longestKey) + len(q.record) + 2*tlog.HashSize
		if operations < 0 || room < 0 {
			return list, false, nil
		}
		list = append(list, q)
	}
	return list, true, nil
}

// unreadable stands for an entry that was damaged while it waited.
func unreadable(data []byte, now time.Time) Entry {
	sum := sha256.Sum256(data)
	return Entry{
		ID: uuid.UUID(sum[:16]), Time: now, Actor: reserved + "unreadable", Action: reserved + "unreadable",
		Commitments: []Commitment{{Name: "sha256", Sum: sum[:]}},
	}
}

// grow adds to a batch what the entries make of the log.
func (l *Log) grow(ctx context.Context, b *store.Batch, h *head, entries []queued, now time.Time) error {
	e, err := l.readEdge(ctx, h)
	if err != nil {
		return err
	}
	e.full = func(level int, index int64, data []byte) {
		b.Put(l.tileKey(level, index), encodeTile(data))
	}
	p, err := l.lastPage(ctx, h)
	if err != nil {
		return err
	}
	var keys pieces
	b.Writes = slices.Grow(b.Writes, 2*len(entries)+len(entries)/64+16)
	for i := range entries {
		q := &entries[i]
		if p.full() {
			b.Put(l.pageKey(p.first), p.encode())
			p = page{first: e.size, entries: p.entries[:0]}
		}
		if q.customer != uuid.Nil {
			keys.buf = l.appendCustomerKey(keys.room(len(l.prefix)+longestKey), q.customer, e.size)
			b.Put(keys.last(len(l.prefix)+len(partCustomer)+24), nil)
		}
		p.entries = append(p.entries, q.record[1:])
		p.bytes += len(q.record) - 1
		e.add(recordHash(q.record))
		b.Delete(q.key)
	}
	b.Put(l.pageKey(p.first), p.encode())
	for _, t := range lastTiles(e.size) {
		if t.L == 0 || changed(h.size, e.size, t.L) {
			b.Put(l.tileKey(t.L, t.N), encodeTile(e.tiles[t.L]))
		}
	}
	c := Checkpoint{Origin: l.origin, Size: e.size, Root: e.root(), Time: now, First: h.first}
	next := head{size: c.Size, root: c.Root, page: p.first, first: h.first, days: max(h.days, l.retention)}
	return l.putHead(b, &next, &c)
}

// putHead puts a head with its checkpoint.
func (l *Log) putHead(b *store.Batch, h *head, c *Checkpoint) error {
	text, err := checkpointText(c, l.signer)
	if err != nil {
		return err
	}
	if _, err := l.parse(text); err != nil {
		return fmt.Errorf("audit: the signer's checkpoint: %w", err)
	}
	h.note = []byte(text)
	b.Put(l.key(partHead, 0), h.encode())
	return nil
}

// changed tells whether the hashes of a level changed when a log grew.
func changed(from, to int64, level int) bool {
	return from>>(tileHeight*level) != to>>(tileHeight*level)
}

// page is some entries, which follow each other.
type page struct {
	first   int64
	entries [][]byte
	bytes   int
}

// full tells whether a page takes no more.
func (p *page) full() bool { return len(p.entries) >= pageEntries || p.bytes >= pageBytes }

// end is the number after that of the last entry.
func (p *page) end() int64 { return p.first + int64(len(p.entries)) }

func (p *page) encode() []byte {
	w := wire.Sized("audit/page", 1, p.bytes+3*len(p.entries)+32)
	w.Uint(uint64(p.first))
	w.List(len(p.entries))
	for _, data := range p.entries {
		w.Bytes(data)
	}
	return w.Data()
}

// readPage reads a page; its entries share memory with the value.
func readPage(e store.Entry) (page, error) {
	r := wire.Read(e.Value)
	r.Expect("audit/page", 1)
	first := r.Uint()
	p := page{first: int64(min(first, mostEntries)), entries: make([][]byte, 0, r.List())}
	for range cap(p.entries) {
		data := r.Bytes()
		p.entries = append(p.entries, data)
		p.bytes += len(data)
	}
	err := r.Close()
	if err == nil && (p.first != numberOf(e.Key) || len(p.entries) == 0) {
		err = store.ErrCorrupt
	}
	if err != nil {
		return page{}, fmt.Errorf("audit: page: %w", err)
	}
	return p, nil
}

// lastPage returns the page that goes on: the last one while it is small.
func (l *Log) lastPage(ctx context.Context, h *head) (page, error) {
	if h.size == 0 || h.size-h.page >= pageGrows {
		return page{first: h.size}, nil
	}
	entries, err := l.store.Get(ctx, l.pageKey(h.page))
	if err != nil {
		return page{}, err
	}
	if entries[0].Version == 0 {
		return page{}, fmt.Errorf("%w: the last page is not there", ErrTampered)
	}
	p, err := readPage(entries[0])
	if err != nil {
		return page{}, err
	}
	if p.end() < h.size {
		return page{}, fmt.Errorf("%w: the last page ends before the log", ErrTampered)
	}
	// It is longer where another process has sealed meanwhile.
	for _, data := range p.entries[h.size-p.first:] {
		p.bytes -= len(data)
	}
	p.entries = p.entries[:h.size-p.first]
	return p, nil
}
