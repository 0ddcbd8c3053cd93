package segment

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Query is a rule and what it takes to answer it. Its answers depend on nothing else than it and the Snapshot. Safe for
// concurrent reads.
type Query struct {
	Rule Rule // the zero Rule is everyone
	// AsOf is the moment of the question; needed where the rule speaks of time relative to it.
	AsOf time.Time
	// Location is whose calendar days count; needed where the rule speaks of days or dates.
	Location *time.Location
	// Sets finds the sets that InSet names; nil if there are none. Its error comes back, wrapped.
	Sets func(name string) (Set, error)
	// Segments finds the rules that Segment names; nil if there are none. Its error comes back, wrapped.
	Segments func(name string) (Rule, error)
	// Workers is the number of goroutines; 0 means GOMAXPROCS. Answers do not depend on it.
	Workers int
}

// Count returns the number of customers that the query selects.
func (s *Snapshot) Count(ctx context.Context, q Query) (int, error) {
	p, err := s.prepare(q)
	if err != nil {
		return 0, err
	}
	counts := make([]int, len(s.exists))
	err = p.each(ctx, func(f *frame, c int) { counts[c] = f.count(p.root, c) })
	if err != nil {
		return 0, err
	}
	n := 0
	for _, k := range counts {
		n += k
	}
	return n, nil
}

// Set returns the customers that the query selects.
func (s *Snapshot) Set(ctx context.Context, q Query) (Set, error) {
	chunks, err := s.chunks(ctx, q)
	if err != nil {
		return Set{}, err
	}
	return Set{Index: s.index, Epoch: s.epoch, Bitmap: bitset.ToRoaring(chunks)}, nil
}

// chunks returns the customers that the query selects, by chunk.
func (s *Snapshot) chunks(ctx context.Context, q Query) ([]bitset.Set, error) {
	p, err := s.prepare(q)
	if err != nil {
		return nil, err
	}
	chunks := make([]bitset.Set, len(s.exists))
	err = p.each(ctx, func(f *frame, c int) { chunks[c] = f.set(p.root, c) })
	return chunks, err
}

// Selects tells whether the query selects the customer, and is false for one that there is not.
func (s *Snapshot) Selects(q Query, id customer.ID) (bool, error) {
	p, err := s.prepare(q)
	if err != nil {
		return false, err
	}
	position, ok := s.position(id)
	if !ok {
		return false, nil
	}
	f := p.frame()
	w := f.take()
	w[uint16(position)>>6] = 1 << (position & 63)
	return f.narrow(p.root, int(position>>chunkBits), w), nil
}

// Members yields the customers that the query selects, in order of arrival. An error is the last element. The sequence
// can be used many times.
func (s *Snapshot) Members(ctx context.Context, q Query) iter.Seq2[customer.ID, error] {
	return func(yield func(customer.ID, error) bool) {
		_, err := s.walk(ctx, q, 0, func(p uint32) bool { return yield(s.ids.id(p), nil) })
		if err != nil {
			yield(customer.ID{}, err)
		}
	}
}

// walk calls f with the selected positions from first on until it returns false, and returns the position after the
// last.
func (s *Snapshot) walk(ctx context.Context, q Query, first uint32, f func(p uint32) bool) (next uint32, err error) {
	p, err := s.prepare(q)
	if err != nil {
		return 0, err
	}
	fr := p.frame()
	w := fr.take()
	for c := int(first >> chunkBits); c < len(s.exists); c++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if !fr.load(p.root, c, w) {
			continue
		}
		if base := uint32(c) << chunkBits; base < first {
			kernel.ClearRange(w, 0, int(first-base))
		}
		for m := range members(w) {
			if at := uint32(c)<<chunkBits | uint32(m); !f(at) {
				return at + 1, nil
			}
		}
	}
	return uint32(len(s.exists)) << chunkBits, nil
}

// Cursor is a place in the order of customers. The zero Cursor is the beginning. Safe for concurrent use.
type Cursor struct {
	index uuid.UUID
	epoch uint64
	next  uint32
	end   bool
}

// End tells whether no customers follow.
func (c Cursor) End() bool { return c.end }

// Page returns the first n customers at most that the query selects after the cursor, and the cursor after them. A
// cursor can be used on later snapshots: who is selected throughout comes exactly once. It is ErrForeignSet on another
// index, and ErrExpiredSet after Index.Compact.
func (s *Snapshot) Page(ctx context.Context, q Query, after Cursor, n int) ([]customer.ID, Cursor, error) {
	switch {
	case after.epoch == 0:
	case after.index != s.index:
		return nil, after, ErrForeignSet
	case after.epoch != s.epoch:
		return nil, after, ErrExpiredSet
	}
	if n <= 0 || after.end {
		return nil, after, nil
	}
	var page []customer.ID
	next, more := after.next, false
	_, err := s.walk(ctx, q, after.next, func(p uint32) bool {
		if len(page) == n {
			more = true
			return false
		}
		page = append(page, s.ids.id(p))
		next = p + 1
		return true
	})
	if err != nil {
		return nil, after, err
	}
	return page, Cursor{s.index, s.epoch, next, !more}, nil
}

// errCursor is the error of a text that is no cursor.
var errCursor = errors.New("segment: text is no cursor")

// MarshalText returns the cursor as letters and digits, "" for the beginning. It never fails.
func (c Cursor) MarshalText() ([]byte, error) {
	if c.epoch == 0 {
		return nil, nil
	}
	b := make([]byte, 0, 29)
	b = append(b, c.index[:]...)
	b = binary.BigEndian.AppendUint64(b, c.epoch)
	b = binary.BigEndian.AppendUint32(b, c.next)
	if c.end {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

// UnmarshalText reads what MarshalText writes.
func (c *Cursor) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Cursor{}
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(b) != 29 || b[28] > 1 || binary.BigEndian.Uint64(b[16:]) == 0 {
		return errCursor
	}
	*c = Cursor{uuid.UUID(b[:16]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint32(b[24:]), b[28] == 1}
	return nil
}
