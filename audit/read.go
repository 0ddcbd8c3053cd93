package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Sealed is an entry in the log. Safe for concurrent reads.
type Sealed struct {
	Number   int64     `json:"number"`    // from 0 on
	SealedAt time.Time `json:"sealed_at"` // when it got its number, by the clock of whoever sealed it
	Entry
}

// Query selects entries; nil is all of them. Safe for concurrent reads.
type Query struct {
	From, To int64 // numbers, To excluded; To 0: to the end
	// Customer selects those about a customer, by an index. Zero: all. The entries
	// about customers who were merged stand under the id they had.
	Customer customer.ID
	Actor    string    // of somebody; empty: of all
	Action   string    // of a kind; empty: of all
	Since    time.Time // not before; zero: no bound
	Until    time.Time // before; zero: no bound
}

func (q *Query) takes(e *Sealed) bool {
	return (q.Customer == uuid.Nil || e.Customer == q.Customer) &&
		(q.Actor == "" || e.Actor == q.Actor) &&
		(q.Action == "" || e.Action == q.Action) &&
		(q.Since.IsZero() || !e.Time.Before(q.Since)) &&
		(q.Until.IsZero() || e.Time.Before(q.Until))
}

// Entry returns the entry of a number. It is not proven to be as it was sealed: [Log.Prove]
// does that. Errors wrap [ErrUnknown] or are those of the store.
// Cost: reading a page of up to 256 entries.
func (l *Log) Entry(ctx context.Context, number int64) (Sealed, error) {
	h, _, err := l.head(ctx)
	if err != nil {
		return Sealed{}, err
	}
	if number >= h.size {
		return Sealed{}, fmt.Errorf("%w: number %d", ErrUnknown, number)
	}
	data, err := l.data(ctx, number)
	if err != nil {
		return Sealed{}, err
	}
	return decodeSealed(number, data)
}

// data returns the bytes of an entry.
func (l *Log) data(ctx context.Context, number int64) ([]byte, error) {
	if number < 0 || number >= mostEntries {
		return nil, fmt.Errorf("%w: number %d", ErrUnknown, number)
	}
	for e, err := range l.store.Scan(ctx, store.Range{From: l.key(partPage, 0), To: l.pageKey(number + 1), Limit: 1, Reverse: true}) {
		if err != nil {
			return nil, err
		}
		p, err := readPage(e)
		if err != nil {
			return nil, err
		}
		if number >= p.end() {
			break
		}
		return p.entries[number-p.first], nil
	}
	return nil, fmt.Errorf("%w: number %d", ErrUnknown, number)
}

// Entries yields the sealed entries that a query selects, in the order of their numbers. An
// error is the last element. Cost: of a customer a page read for each entry about it, else
// reading all entries from From to To.
func (l *Log) Entries(ctx context.Context, q *Query) iter.Seq2[Sealed, error] {
	if q == nil {
		q = &Query{}
	}
	own := *q
	own.From = min(max(own.From, 0), mostEntries)
	if own.To == 0 || own.To > mostEntries {
		own.To = mostEntries
	}
	return func(yield func(Sealed, error) bool) {
		h, _, err := l.head(ctx)
		if err != nil {
			yield(Sealed{}, err)
			return
		}
		own := own
		own.To = max(min(own.To, h.size), own.From)
		all := l.pages(ctx, own.From, own.To)
		if own.Customer != uuid.Nil {
			all = l.about(ctx, own.Customer, own.From, own.To)
		}
		for data, err := range all {
			var e Sealed
			if err == nil {
				e, err = decodeSealed(data.number, data.data)
			}
			if err != nil {
				yield(Sealed{}, err)
				return
			}
			if own.takes(&e) && !yield(e, nil) {
				return
			}
		}
	}
}

// numberedData is an entry as it is stored.
type numberedData struct {
	number int64
	data   []byte
}

// pages yields the entries from one number to another that are there.
func (l *Log) pages(ctx context.Context, from, to int64) iter.Seq2[numberedData, error] {
	return func(yield func(numberedData, error) bool) {
		r := store.Range{From: l.key(partPage, 0), To: l.pageKey(to)}
		// The page that has the first of them may begin before it.
		for e, err := range l.store.Scan(ctx, store.Range{From: r.From, To: l.pageKey(from + 1), Limit: 1, Reverse: true}) {
			if err != nil {
				yield(numberedData{}, err)
				return
			}
			r.From = e.Key
		}
		for e, err := range l.store.Scan(ctx, r) {
			var p page
			if err == nil {
				p, err = readPage(e)
			}
			if err != nil {
				yield(numberedData{}, err)
				return
			}
			for i, data := range p.entries {
				if n := p.first + int64(i); n >= from && n < to && !yield(numberedData{n, data}, nil) {
					return
				}
			}
		}
	}
}

// about yields the entries about a customer.
func (l *Log) about(ctx context.Context, id customer.ID, from, to int64) iter.Seq2[numberedData, error] {
	return func(yield func(numberedData, error) bool) {
		for e, err := range l.store.Scan(ctx, store.Range{From: l.customerKey(id, from), To: l.customerKey(id, to)}) {
			var data []byte
			number := numberOf(e.Key)
			if err == nil {
				data, err = l.data(ctx, number)
			}
			if errors.Is(err, ErrUnknown) {
				// Trim may have removed it meanwhile.
				var h head
				if h, _, err = l.head(ctx); err == nil && number < h.first {
					continue
				} else if err == nil {
					err = fmt.Errorf("%w: entry %d is missing", ErrTampered, number)
				}
			}
			if err != nil {
				yield(numberedData{}, err)
				return
			}
			if !yield(numberedData{number, data}, nil) {
				return
			}
		}
	}
}
