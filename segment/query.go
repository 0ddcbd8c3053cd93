package segment

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
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
	// Sets finds the sets that InSet names, with the context of the question; nil if there are none. Its error comes back,
	// wrapped. Live.Set is such a function.
	Sets func(ctx context.Context, name string) (Set, error)
	// Segments finds the rules that Segment names; nil if there are none. Its error comes back, wrapped.
	Segments func(name string) (Rule, error)
	// Workers is the number of goroutines; 0 means GOMAXPROCS. Answers do not depend on it.
	Workers int
}

// Count returns the number of customers that the query selects. Cost: binding and planning the rule, some microseconds for a
// small one, then the conditions on bitmaps for each chunk of 65,536 customers but those in which a value that it asks for
// is known not to occur; parts that the index keeps as sets are only counted.
func (s *Snapshot) Count(ctx context.Context, q Query) (int, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return 0, err
	}
	chunks := p.root.chunksOf(s)
	type tally struct {
		*frame
		n int
	}
	tallies, err := sweep(ctx, p.workers, len(chunks), func() *tally { return &tally{frame: p.frame()} }, func(t *tally, i int) {
		t.n += t.count(p.root, int(chunks[i]))
	})
	n := 0
	for _, t := range tallies {
		n += t.n
		t.release()
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Set returns the customers that the query selects. Cost: as Count, and 8 KiB for each chunk where the answer is expected
// to be large, else the memory of the answer.
func (s *Snapshot) Set(ctx context.Context, q Query) (Set, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return Set{}, err
	}
	set := Set{Index: s.index, Epoch: s.epoch}
	if p.root.estimate >= denseResult*float64(len(s.exists)) && p.root.makesBitmaps() {
		words := make([]uint64, len(s.exists)*kernel.Size)
		err = p.each(ctx, func(f *frame, c int) { f.load(p.root, c, (*kernel.Words)(words[c*kernel.Size:])) })
		set.Bitmap = roaring.FromDense(words, false)
	} else {
		chunks := make([]bitset.Set, len(s.exists))
		err = p.each(ctx, func(f *frame, c int) { chunks[c] = f.set(p.root, c) })
		set.Bitmap = bitset.ToRoaring(chunks)
	}
	if err != nil {
		return Set{}, err
	}
	return set, nil
}

// makesBitmaps tells whether most chunks of a large answer are expected to be bitmaps, and not runs, by what the parts are.
func (n *plan) makesBitmaps() bool {
	switch {
	case n.extent != nil:
		return 2*n.extent.bitmaps >= len(n.extent.sets)
	case n.form == formAny:
		return slices.ContainsFunc(n.kids, (*plan).makesBitmaps)
	case n.form == formAll:
		return !slices.ContainsFunc(n.kids, func(k *plan) bool { return !k.makesBitmaps() })
	}
	return true
}

// denseResult is how many customers a chunk must be expected to have on average for the answer to be collected as
// bitmaps.
const denseResult = 4096

// Selects tells whether the query selects the customer, and is false for one that there is not. Cost: the rule is bound and
// planned at every call; to ask about many customers use a Matcher, or Contains on a Set.
func (s *Snapshot) Selects(ctx context.Context, q Query, id customer.ID) (bool, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return false, err
	}
	position, ok, err := s.find(ctx, id)
	if !ok {
		return false, err
	}
	f := p.frame()
	w := f.take()
	w[uint16(position)>>6] = 1 << (position & 63)
	return f.narrow(p.root, int(position>>chunkBits), w), nil
}

// Members yields the customers that the query selects, in order of arrival. An error is the last element. The sequence
// can be used many times. Cost: each walk binds and plans the rule anew, then looks at chunks on one goroutine, as far as
// the sequence is read.
func (s *Snapshot) Members(ctx context.Context, q Query) iter.Seq2[customer.ID, error] {
	return func(yield func(customer.ID, error) bool) {
		err := s.walk(ctx, q, 0, func(p uint32) bool { return yield(s.ids.id(p), nil) })
		if err != nil {
			yield(customer.ID{}, err)
		}
	}
}

// walk calls f with the selected positions from first on, whose ids have been read, until it returns false.
func (s *Snapshot) walk(ctx context.Context, q Query, first uint32, f func(p uint32) bool) error {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return err
	}
	fr := p.frame()
	w := fr.take()
	for c := int(first >> chunkBits); c < len(s.exists); c++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !fr.load(p.root, c, w) {
			continue
		}
		if err := s.needIDs(ctx, c); err != nil {
			return err
		}
		base := uint32(c) << chunkBits
		if base < first {
			kernel.ClearRange(w, 0, int(first-base))
		}
		for m := range members(w) {
			if !f(base | uint32(m)) {
				return nil
			}
		}
	}
	return nil
}

// Cursor is a place in the order of customers of an index, and good as long as a Set would be. The zero Cursor is the
// beginning. Safe for concurrent use.
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
// index, and ErrExpiredSet after Index.Compact, or where the index was read from a file and the cursor is not of the
// epoch of the file or lies beyond the customers it had.
func (s *Snapshot) Page(ctx context.Context, q Query, after Cursor, n int) ([]customer.ID, Cursor, error) {
	if after.epoch != 0 {
		end, err := s.span(after.index, after.epoch)
		if err == nil && uint64(after.next) > end {
			err = ErrExpiredSet
		}
		if err != nil {
			return nil, after, err
		}
		after.epoch = s.epoch
	}
	if n <= 0 || after.end {
		return nil, after, nil
	}
	var page []customer.ID
	next, more := after.next, false
	err := s.walk(ctx, q, after.next, func(p uint32) bool {
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

// ErrCursor is the error of Cursor.UnmarshalText for a text that is no cursor.
var ErrCursor = errors.New("segment: text is no cursor")

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

// UnmarshalText reads what MarshalText writes; other texts are ErrCursor.
func (c *Cursor) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Cursor{}
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(b) != 29 || b[28] > 1 || binary.BigEndian.Uint64(b[16:]) == 0 {
		return ErrCursor
	}
	*c = Cursor{uuid.UUID(b[:16]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint32(b[24:]), b[28] == 1}
	return nil
}
