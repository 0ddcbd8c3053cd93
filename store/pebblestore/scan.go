package pebblestore

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
)

// A scan reads a piece at a time. The first is small, for scans that are left
// early; in a large one the cost of beginning anew is lost.
const (
	firstPiece = 32      // entries, four times as many in each further piece
	mostPiece  = 4096    // entries
	pieceBytes = 1 << 20 // a piece ends with the entry that reaches them

	blockBytes = 8 << 10 // of memory for small entries
	smallBytes = 1 << 10
)

// Scan implements store.Store. Up to some thousand entries are read at a time, as of one
// moment, and nothing is held while the loop runs. Small entries share blocks of
// memory of 8 KiB: who keeps few of many entries had better copy them.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		p := newPiece(r)
		for more := true; more; {
			var err error
			if more, err = s.read(ctx, p); err != nil {
				yield(store.Entry{}, err)
				return
			}
			for p.next() {
				err := ctx.Err()
				if s.closed.Load() {
					err = store.ErrClosed
				}
				if err != nil {
					yield(store.Entry{}, err)
					return
				}
				if !yield(p.entry(), nil) {
					return
				}
			}
		}
	}
}

// A piece is what a scan reads at once. Its entries are kept as bytes and lengths
// and made when it is their turn, so that nothing in it is for the garbage
// collector to follow.
type piece struct {
	bounds  pebble.IterOptions // of the keys that are left
	size    int                // most entries
	limit   int                // most entries of this and all further pieces, 0: no limit
	reverse bool

	blocks [][]byte // keys and stored values; they become the caller's
	bytes  int      // in all of them
	slots  []slot
	at     int // the slot that comes next
}

// A slot says where in the blocks a key is, with its stored value behind it.
type slot struct{ block, at, key, stored int }

func newPiece(r store.Range) *piece {
	p := &piece{size: firstPiece, limit: r.Limit, reverse: r.Reverse}
	p.bounds.LowerBound, p.bounds.UpperBound = bounds(r)
	return p
}

// bounds are those of r in Pebble.
func bounds(r store.Range) (from, to []byte) {
	from, to = pebbleKey(nil, r.From), endKey
	if len(r.To) > 0 {
		to = pebbleKey(nil, r.To)
	}
	return from, to
}

// read fills p, and reports whether there may be more.
func (s *Store) read(ctx context.Context, p *piece) (more bool, err error) {
	v, err := s.look(ctx)
	if err != nil {
		return false, err
	}
	defer s.leave(v)
	if p.limit < 0 {
		return false, fmt.Errorf("%w: pebblestore: negative limit of a scan", store.ErrInvalid)
	}
	it, err := v.snapshot.NewIter(&p.bounds)
	if err != nil {
		return false, readError(err)
	}
	more, err = p.fill(ctx, it)
	if closing := it.Close(); closing != nil && err == nil {
		err = readError(closing)
	}
	return more, err
}

func (p *piece) fill(ctx context.Context, it *pebble.Iterator) (more bool, err error) {
	begin, next := it.First, it.Next
	if p.reverse {
		begin, next = it.Last, it.Prev
	}
	size := p.size
	if p.limit > 0 {
		size = min(size, p.limit)
	}
	clear(p.blocks)
	p.blocks, p.bytes, p.slots, p.at = p.blocks[:0], 0, p.slots[:0], 0
	for ok := begin(); ok; ok = next() {
		if len(p.slots)%64 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		stored, err := it.ValueAndErr()
		if err != nil {
			return false, readError(err)
		}
		if _, _, err := split(stored); err != nil {
			return false, err
		}
		p.add(it.Key()[1:], stored)
		if len(p.slots) == size || p.bytes >= pieceBytes {
			return p.goOn(it.Key()), nil
		}
	}
	if err := it.Error(); err != nil {
		return false, readError(err)
	}
	return false, nil
}

func (p *piece) add(key, stored []byte) {
	n, last := len(key)+len(stored), len(p.blocks)-1
	if last < 0 || n > cap(p.blocks[last])-len(p.blocks[last]) {
		room := n
		if n <= smallBytes {
			room = blockBytes
		}
		p.blocks = append(p.blocks, make([]byte, 0, room))
		last++
	}
	block := p.blocks[last]
	p.slots = append(p.slots, slot{last, len(block), len(key), len(stored)})
	p.blocks[last] = append(append(block, key...), stored...)
	p.bytes += n
}

// next reports whether entry has one to return.
func (p *piece) next() bool { return p.at < len(p.slots) }

// entry takes the next entry out. It is the caller's.
func (p *piece) entry() store.Entry {
	at := p.slots[p.at]
	p.at++
	b := p.blocks[at.block][at.at:]
	version, value, _ := split(b[at.key : at.key+at.stored : at.key+at.stored])
	return store.Entry{Key: b[:at.key:at.key], Value: value, Version: version}
}

// goOn makes p what comes after the last key of Pebble, and reports whether that
// can be anything.
func (p *piece) goOn(last []byte) (more bool) {
	if p.reverse {
		p.bounds.UpperBound = slices.Clone(last)
	} else {
		p.bounds.LowerBound = append(slices.Clone(last), 0)
	}
	p.size = min(4*p.size, mostPiece)
	if p.limit > 0 {
		p.limit -= len(p.slots)
		return p.limit > 0
	}
	return true
}
