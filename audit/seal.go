package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Pages hold entries, one after the other.
const (
	pageEntries = 256
	pageBytes   = 24 << 10 // from which on a page takes no more
	pageGrows   = 64       // entries up to which a page is written anew with more
)

// Append queues entries and commits them, for deeds that write nothing themselves, such as
// reads. Many go in several commits. Errors wrap [ErrEntry] or are those of the store; an
// unknown outcome can be tried again, before the next Seal, with entries that have an ID.
func (l *Log) Append(ctx context.Context, entries ...*Entry) error {
	const most, mostBytes = 128, 512 << 10 // of a batch: an entry has at most some 30 KiB
	var b store.Batch
	size := 0
	for i, e := range entries {
		if err := l.Queue(&b, e); err != nil {
			return err
		}
		size += len(b.Writes[len(b.Writes)-1].Value)
		if len(b.Writes) < most && size < mostBytes && i < len(entries)-1 {
			continue
		}
		if _, err := l.store.Commit(ctx, &b); err != nil {
			return err
		}
		b, size = store.Batch{}, 0
	}
	return nil
}

// Seal gives all entries that wait their numbers, oldest first, and returns the checkpoint
// after them and how many there were. now is what the checkpoint says of its time. Any number
// of processes may seal: each batch is sealed by one of them, under the condition that the
// log has not grown meanwhile, and the others find it done. It returns when nothing waits
// any more. Of a log without entries the checkpoint is that of an empty tree.
//
// Errors are those of the store and of the signer, or wrap [ErrTampered] where the end of the log
// does not fit its root; what was sealed before stays so.
func (l *Log) Seal(ctx context.Context, now time.Time) (c Checkpoint, sealed int, err error) {
	for {
		n, err := l.sealBatch(ctx, now)
		if err != nil {
			return Checkpoint{}, sealed, err
		}
		if sealed += n; n == 0 {
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

func (l *Log) checkpoint(h *head) (Checkpoint, error) {
	if h.size == 0 {
		return Checkpoint{Origin: l.origin, Root: h.root}, nil
	}
	c, err := ParseCheckpoint(string(h.note), l.origin, nil)
	if err == nil && (c.Size != h.size || c.Root != h.root) {
		err = fmt.Errorf("%w: the checkpoint is not that of the head", ErrTampered)
	}
	return c, err
}

// sealBatch seals as many entries as go into one batch and returns their number.
func (l *Log) sealBatch(ctx context.Context, now time.Time) (sealed int, err error) {
	_, err = store.Update(ctx, l.store, l.backoff, func(ctx context.Context) (*store.Batch, error) {
		sealed = 0
		h, version, err := l.head(ctx)
		if err != nil {
			return nil, err
		}
		waiting, err := l.waiting(ctx)
		if err != nil || len(waiting) == 0 {
			return nil, err
		}
		b := new(store.Batch)
		b.If(l.key(partHead, 0), version)
		if err := l.grow(ctx, b, &h, waiting, now); err != nil {
			return nil, err
		}
		sealed = len(waiting)
		return b, nil
	})
	if err != nil {
		return 0, err
	}
	return sealed, nil
}

// queued is an entry that waits.
type queued struct {
	key, data []byte
	customer  uuid.UUID
}

// waiting reads the first entries of the queue, as many as a batch takes.
func (l *Log) waiting(ctx context.Context) (list []queued, err error) {
	const (
		mostOperations = 8192
		mostBytes      = 4 << 20
		others         = 2*tileLevels + 8 // operations beside those of entries, pages and full tiles
		otherBytes     = 1 << 18          // of last tiles, a page that grows, and the head
	)
	operations := min(l.store.Limits().Operations, mostOperations) - others
	bytes := min(l.store.Limits().BatchBytes, mostBytes) - otherBytes
	for e, err := range l.store.Scan(ctx, store.Range{
		From: l.key(partQueue, 0), To: store.Under(l.key(partQueue, 0)).To, Limit: operations / 2,
	}) {
		if err != nil {
			return nil, err
		}
		// One that cannot be read is sealed too, or the log would end here; Verify reports it.
		entry, _ := decodeEntry(e.Value)
		// It leaves the queue, and has a key for its customer, a place in a page and a hash in a tile.
		operations -= 2
		if len(list)%32 == 0 {
			operations -= 2
		}
		bytes -= 2*(len(l.prefix)+longestKey) + len(e.Value) + 2*tlog.HashSize
		if operations < 0 || bytes < 0 {
			break
		}
		list = append(list, queued{e.Key, e.Value, entry.Customer})
	}
	return list, nil
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
	for i := range entries {
		q := &entries[i]
		if p.full() {
			b.Put(l.pageKey(p.first), p.encode())
			p = page{first: e.size}
		}
		if q.customer != uuid.Nil {
			b.Put(l.customerKey(q.customer, e.size), nil)
		}
		p.entries = append(p.entries, q.data)
		p.bytes += len(q.data)
		e.add(tlog.RecordHash(q.data))
		b.Delete(q.key)
	}
	b.Put(l.pageKey(p.first), p.encode())
	for _, t := range lastTiles(e.size) {
		if t.L == 0 || changed(h.size, e.size, t.L) {
			b.Put(l.tileKey(t.L, t.N), encodeTile(e.tiles[t.L]))
		}
	}
	c := Checkpoint{Origin: l.origin, Size: e.size, Root: e.root(), Time: now}
	text, err := checkpointText(&c, l.signer)
	if err != nil {
		return err
	}
	next := head{size: c.Size, root: c.Root, page: p.first, note: []byte(text)}
	b.Put(l.key(partHead, 0), next.encode())
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
