package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/clientele-go/clientele/store"
)

// Sizes of the pages of a scan. A page is in memory as a whole. Its rows are chosen so
// that it has about pageBytes, going by the page before; at twice that it is cut short.
const (
	firstPage = 64
	mostRows  = 16384
	pageBytes = 4 << 20
)

// Scan implements [store.Store]. It reads pages of up to 16384 entries or about 4 MiB,
// each as of one moment, and holds no connection while the body of the loop runs.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	r.From, r.To = bytes.Clone(r.From), bytes.Clone(r.To)
	return func(yield func(store.Entry, error) bool) {
		r := r
		var page []store.Entry
		for n := firstPage; ; n = nextPage(page, n) {
			if r.Limit > 0 {
				n = min(n, r.Limit)
			}
			var more bool
			var err error
			if page, more, err = s.page(ctx, r, n, page); err != nil {
				yield(store.Entry{}, err)
				return
			}
			var last []byte
			if more {
				last = bytes.Clone(page[len(page)-1].Key) // whoever gets it may change it
			}
			for i := range page {
				if err := s.enter(ctx); err != nil {
					yield(store.Entry{}, err)
					return
				}
				s.leave()
				if !yield(page[i], nil) {
					return
				}
			}
			if !more || r.Limit == len(page) {
				return
			}
			if r.Limit > 0 {
				r.Limit -= len(page)
			}
			if r.Reverse {
				r.To = last
			} else {
				r.From = append(last, 0) // the first key after it
			}
		}
	}
}

// nextPage is how many rows to read after a page of n rows.
func nextPage(page []store.Entry, n int) int {
	size := 1
	for i := range page {
		size += len(page[i].Key) + len(page[i].Value)
	}
	return max(1, min(4*n, mostRows, int(int64(pageBytes)*int64(len(page))/int64(size))))
}

// page reads up to n entries of r, and tells whether there may be more. It reuses the
// memory of before, but not that of its entries.
func (s *Store) page(ctx context.Context, r store.Range, n int, before []store.Entry) (page []store.Entry, more bool, err error) {
	const op = "scan"
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	defer s.leave()
	if r.Limit < 0 {
		return nil, false, fmt.Errorf("sqlstore: %w: negative limit of a scan", store.ErrInvalid)
	}
	q := s.paged(r, n)
	page = before[:0]
	size, cut := 0, false
	reading, stop := context.WithCancel(ctx)
	defer stop()
	read := func(rows *sql.Rows) error {
		var e store.Entry
		if err := scanEntry(rows, &e); err != nil {
			return err
		}
		page = append(page, e)
		if size += len(e.Key) + len(e.Value); size > 2*pageBytes {
			cut = true
			stop() // or the rest would be sent as well
			return reading.Err()
		}
		return nil
	}
	err = s.patiently(ctx, func() error {
		page, size = before[:0], 0
		rows, err := s.query(reading, q)
		return each(rows, err, read)
	})
	switch {
	case cut:
		return page, true, nil
	case err != nil:
		return nil, false, s.failed(ctx, op, err)
	}
	return page, len(page) == n, nil
}

// paged is the query for the first n entries of r. The limit is a parameter, so that
// PostgreSQL, which then can't know that a page may be large, goes by the index.
func (s *Store) paged(r store.Range, n int) statement {
	q := s.ranged("SELECT "+s.columns+" FROM "+s.entries, r)
	q.text += " ORDER BY " + s.key
	if r.Reverse {
		q.text += " DESC"
	}
	q.args = append(q.args, n)
	q.text += " LIMIT " + s.parameter(len(q.args))
	return q
}

// ranged is a statement that begins with head about the keys of r.
func (s *Store) ranged(head string, r store.Range) statement {
	from := r.From
	if from == nil {
		from = []byte{}
	}
	q := statement{head + " WHERE " + s.key + " >= " + s.parameter(1), []any{from}}
	if len(r.To) > 0 {
		q.text += " AND " + s.key + " < " + s.parameter(2)
		q.args = append(q.args, r.To)
	}
	return q
}

// DeleteRange implements [store.RangeDeleter]: one DELETE statement, which on
// PostgreSQL waits for all commits under way and holds up those that come, and on
// MySQL those in the range.
func (s *Store) DeleteRange(ctx context.Context, r store.Range) error {
	const op = "delete range"
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if r.Limit != 0 || r.Reverse {
		return fmt.Errorf("sqlstore: %w: range to delete with a limit or reversed", store.ErrInvalid)
	}
	return s.write(ctx, op, s.clearing, func(conn *sql.Conn) error {
		q := s.ranged("DELETE FROM "+s.entries, r)
		if err := exec(ctx, conn, q.text, q.args...); err != nil {
			return s.failed(ctx, op, err)
		}
		return nil
	})
}
