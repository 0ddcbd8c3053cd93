package segment

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

var (
	// ErrForeignSet says that a set is of another index: its positions mean nothing here. Sets travel between indexes as
	// customer ids.
	ErrForeignSet = errors.New("segment: set is of another index")
	// ErrExpiredSet says that the index has renumbered its customers since the set was made.
	ErrExpiredSet = errors.New("segment: set is of an earlier epoch of the index")
)

// Set is a set of customers outside the index, as positions in it. Positions mean something only together with the index
// and the epoch in which they were given out; Index.Compact begins a new epoch. The bitmap is the owner's: the index
// keeps no reference to it, and copy-on-write is off. Safe for concurrent reads.
type Set struct {
	Index  uuid.UUID
	Epoch  uint64
	Bitmap *roaring.Bitmap // nil is the empty set
}

// Len returns the number of positions in the set.
func (s Set) Len() int {
	if s.Bitmap == nil {
		return 0
	}
	return int(s.Bitmap.GetCardinality())
}

// checked returns the chunks of a set of this index and epoch, without the customers that are no more.
func (s *Snapshot) chunksOf(set Set) ([]bitset.Set, error) {
	switch {
	case set.Index != s.index:
		return nil, ErrForeignSet
	case set.Epoch != s.epoch:
		return nil, ErrExpiredSet
	case set.Bitmap == nil:
		return nil, nil
	}
	return bitset.FromRoaring(set.Bitmap, s.dense)
}

// SetOf returns the set of the customers with the ids, and how many of the ids are of no customer. Repetitions count
// once. Cost: a look-up an id.
func (s *Snapshot) SetOf(ctx context.Context, ids iter.Seq[customer.ID]) (set Set, unknown int, err error) {
	set = Set{Index: s.index, Epoch: s.epoch, Bitmap: roaring.New()}
	batch := make([]uint32, 0, 4096)
	n := 0
	for id := range ids {
		if n++; n%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return Set{}, 0, err
			}
		}
		p, ok := s.position(id)
		if !ok {
			unknown++
			continue
		}
		if batch = append(batch, p); len(batch) == cap(batch) {
			set.Bitmap.AddMany(batch)
			batch = batch[:0]
		}
	}
	set.Bitmap.AddMany(batch)
	return set, unknown, nil
}

// IDs yields the customers of a set in the order of their positions, those only who are in the snapshot. An error is the
// last element: ErrForeignSet, ErrExpiredSet, or that of ctx. The sequence can be used many times.
func (s *Snapshot) IDs(ctx context.Context, set Set) iter.Seq2[customer.ID, error] {
	return func(yield func(customer.ID, error) bool) {
		chunks, err := s.chunksOf(set)
		if err != nil {
			yield(customer.ID{}, err)
			return
		}
		var w kernel.Words
		for c := range min(len(chunks), len(s.exists)) {
			if err := ctx.Err(); err != nil {
				yield(customer.ID{}, err)
				return
			}
			chunks[c].Load(&w)
			if !s.exists[c].And(&w) {
				continue
			}
			for p := range members(&w) {
				if !yield(s.ids.id(uint32(c)<<chunkBits|uint32(p)), nil) {
					return
				}
			}
		}
	}
}

// Contains tells whether the customer is in the set.
func (s *Snapshot) Contains(set Set, id customer.ID) (bool, error) {
	switch {
	case set.Index != s.index:
		return false, ErrForeignSet
	case set.Epoch != s.epoch:
		return false, ErrExpiredSet
	}
	p, ok := s.position(id)
	return ok && set.Bitmap != nil && set.Bitmap.Contains(p), nil
}

// String says how many are in the set, and of which index and epoch.
func (s Set) String() string {
	return fmt.Sprintf("%d customers of index %s, epoch %d", s.Len(), s.Index, s.Epoch)
}
