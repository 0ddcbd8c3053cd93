package audit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/store"
)

// trimAction is what an entry says that tells of a removal.
const (
	trimAction = "audit.trim"
	trimBelow  = "below"  // number below which entries are removed
	trimBefore = "before" // time before which all of them happened
)

// Trim removes entries whose retention has ended: from the first on, while they are older than
// the retention before now, in whole pages. Their hashes stay, so that everything else can
// still be proven. An entry of actor that tells of it is sealed first; Verify takes the absence
// of entries for a fault without it. It returns the number of entries removed. A process that is killed in
// the middle leaves some to the next call. Errors are those of Seal.
func (l *Log) Trim(ctx context.Context, now time.Time, actor string) (removed int64, err error) {
	below, err := l.expired(ctx, now)
	if err != nil || below == 0 {
		return 0, err
	}
	told := &Entry{Time: now, Actor: actor, Action: trimAction, Details: []Detail{
		{trimBelow, strconv.FormatInt(below, 10)},
		{trimBefore, daysAfter(now, -l.retention).UTC().Format(time.RFC3339Nano)},
	}}
	if err := l.Append(ctx, told); err != nil {
		return 0, err
	}
	if _, _, err := l.Seal(ctx, now); err != nil {
		return 0, err
	}
	return l.remove(ctx, below)
}

// expired returns the number of the first entry that is to be kept, 0 if all are.
func (l *Log) expired(ctx context.Context, now time.Time) (below int64, err error) {
	h, _, err := l.head(ctx)
	if err != nil {
		return 0, err
	}
	// The last page may still grow; it stays.
	for e, err := range l.store.Scan(ctx, store.Range{From: l.key(partPage, 0), To: l.pageKey(h.page)}) {
		if err != nil {
			return 0, err
		}
		p, err := readPage(e)
		if err != nil {
			return 0, err
		}
		for _, data := range p.entries {
			entry, err := decodeEntry(data)
			if err != nil {
				return 0, err
			}
			if !daysAfter(entry.Time, l.retention).Before(now) {
				return below, nil
			}
		}
		below = p.end()
	}
	return below, nil
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
			e, err := decodeEntry(data)
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

// told returns below which number an entry tells that entries were removed whose retention
// had ended, 0 if it does not.
func told(e *Entry) int64 {
	below, before := int64(0), time.Time{}
	for _, d := range e.Details {
		switch d.Name {
		case trimBelow:
			below, _ = strconv.ParseInt(d.Text, 10, 64)
		case trimBefore:
			before, _ = time.Parse(time.RFC3339Nano, d.Text)
		}
	}
	if before.IsZero() || daysAfter(before, MinRetention).After(e.Time) {
		return 0
	}
	return below
}
