package audit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/store"
)

// trimAction is what an entry says that tells of a removal.
const (
	trimAction = reserved + "trim"
	trimBelow  = "below"  // number below which entries are removed
	trimBefore = "before" // time before which all of them were sealed
)

// Trim removes entries whose retention has ended: from the first on, while they were sealed more than the
// retention before now, in whole pages. Their hashes stay, so that everything else can
// still be proven. An entry of actor, with action "audit.trim", that tells of it is sealed first, and the checkpoint says from
// which number on entries are kept; Verify takes any other absence for a fault. It returns the number of entries
// removed. Nothing is removed that is not as it was sealed: errors are those of Seal, and [ErrEntry] where actor or now cannot be
// those of an entry. A process that
// is killed in the middle leaves some to the next call.
func (l *Log) Trim(ctx context.Context, now time.Time, actor string) (removed int64, err error) {
	below, before, err := l.expired(ctx, now)
	if err != nil {
		return 0, err
	}
	if below > 0 {
		told := &Entry{Time: now, Actor: actor, Action: trimAction, Details: []Detail{
			{trimBelow, strconv.FormatInt(below, 10)},
			{trimBefore, before.UTC().Format(time.RFC3339Nano)},
		}}
		if err := told.validate(); err != nil {
			return 0, err
		}
		if err := l.append(ctx, []*Entry{told}); err != nil {
			return 0, err
		}
		if _, _, err := l.Seal(ctx, now); err != nil {
			return 0, err
		}
		if err := l.keepFrom(ctx, below); err != nil {
			return 0, err
		}
	}
	h, _, err := l.head(ctx)
	if err != nil {
		return 0, err
	}
	return l.remove(ctx, h.first)
}

// keepFrom has the checkpoint say from which number on entries are kept.
func (l *Log) keepFrom(ctx context.Context, first int64) error {
	_, err := store.Update(ctx, l.store, l.backoff, func(ctx context.Context) (*store.Batch, error) {
		h, version, err := l.head(ctx)
		if err != nil || h.first >= first {
			return nil, err
		}
		c, err := l.checkpoint(&h)
		if err != nil {
			return nil, err
		}
		h.first, c.First = first, first
		b := new(store.Batch)
		b.If(l.key(partHead, 0), version)
		return b, l.putHead(b, &h, &c)
	})
	return err
}

// expired returns the number of the first entry that is to be kept, 0 if nothing new is to be
// removed, and the time before which all before it were sealed.
func (l *Log) expired(ctx context.Context, now time.Time) (below int64, before time.Time, err error) {
	h, _, err := l.head(ctx)
	if err == nil {
		_, err = l.checkpoint(&h)
	}
	if err != nil {
		return 0, before, err
	}
	before = now.Add(-time.Duration(max(h.days, l.retention)) * 24 * time.Hour)
	tiles := &tileReader{ctx: ctx, log: l}
	tree := tlog.TileHashReader(tlog.Tree{N: h.size, Hash: h.root}, tiles)
	// The last page may still grow; it stays.
	for e, err := range l.store.Scan(ctx, store.Range{From: l.pageKey(h.first), To: l.pageKey(h.page)}) {
		if err != nil {
			return 0, before, err
		}
		p, err := readPage(e)
		if err != nil {
			return 0, before, err
		}
		all, err := p.sealedBefore(before, tree)
		if tiles.err != nil {
			return 0, before, tiles.err
		}
		if err != nil {
			return 0, before, err
		}
		if !all {
			break
		}
		below = p.end()
	}
	return below, before, nil
}

// sealedBefore tells whether all entries of a page were sealed before a time, having checked
// that they are those of the tree.
func (p *page) sealedBefore(before time.Time, tree tlog.HashReader) (bool, error) {
	indexes := make([]int64, len(p.entries))
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, p.first+int64(i))
	}
	leaves, err := tree.ReadHashes(indexes)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	for i, data := range p.entries {
		number := p.first + int64(i)
		if leaves[i] != tlog.RecordHash(data) {
			return false, fmt.Errorf("%w: entry %d", ErrTampered, number)
		}
		e, err := decodeSealed(number, data)
		if err != nil || !e.SealedAt.Before(before) {
			return false, err
		}
	}
	return true, nil
}

// remove removes the pages of entries below a number, with their keys for customers.
func (l *Log) remove(ctx context.Context, below int64) (removed int64, err error) {
	for {
		var found store.Entry
		for e, err := range l.store.Scan(ctx, store.Range{From: l.key(partPage, 0), To: l.pageKey(below), Limit: 1}) {
			if err != nil {
				return removed, err
			}
			found = e
		}
		if found.Version == 0 {
			return removed, nil
		}
		p, err := readPage(found)
		if err != nil {
			return removed, err
		}
		var b store.Batch
		for i, data := range p.entries {
			e, err := decodeSealed(p.first+int64(i), data)
			if err != nil {
				return removed, fmt.Errorf("audit: entry %d: %w", p.first+int64(i), err)
			}
			if e.Customer != uuid.Nil {
				b.Delete(l.customerKey(e.Customer, p.first+int64(i)))
			}
		}
		b.Delete(found.Key)
		if _, err := l.store.Commit(ctx, &b); err != nil {
			return removed, err
		}
		removed += int64(len(p.entries))
	}
}
