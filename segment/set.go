package segment

import (
	"context"
	"crypto/rand"
	"encoding/binary"
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
	// ErrExpiredSet says that the positions of a set may mean other customers by now: the index has renumbered them since
	// the set was made, or was made anew, or was read from a file that did not have all of them.
	ErrExpiredSet = errors.New("segment: set is of another epoch of the index")
)

// Set is a set of customers outside the index, as positions in it. Positions mean something only together with the index
// and the epoch in which they were given out. An epoch is a number other than 0, drawn by chance; New, Read and
// Index.Compact begin a new one. After Read, sets of the epoch of the file are good still if all their positions had been
// given when it was written. The bitmap is the owner's: the index keeps no reference to it, and copy-on-write is off.
// Safe for concurrent reads.
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

// former is an epoch that an index has taken over the first positions of.
type former struct{ epoch, positions uint64 }

// byChance draws an epoch, or a seed of a dictionary. It is not 0.
func byChance() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // it never fails
		if n := binary.LittleEndian.Uint64(b[:]); n != 0 {
			return n
		}
	}
}

// allPositions is more than every position.
const allPositions = 1 << 32

// span returns the number of positions of an epoch of an index that mean here what they meant there: those below it.
func (s *Snapshot) span(index uuid.UUID, epoch uint64) (end uint64, err error) {
	switch {
	case index != s.index:
		return 0, ErrForeignSet
	case epoch == s.epoch:
		return allPositions, nil
	case epoch != 0 && epoch == s.formerly.epoch:
		return s.formerly.positions, nil
	}
	return 0, ErrExpiredSet
}

// good returns nil if the positions of the set mean here what they meant where it was made.
func (s *Snapshot) good(set Set) error {
	end, err := s.span(set.Index, set.Epoch)
	if err == nil && set.Bitmap != nil && set.Bitmap.IntersectsWithInterval(end, allPositions) {
		err = ErrExpiredSet
	}
	return err
}

// chunksOf returns the chunks of a set that is good here. They may hold positions of customers that are no more.
func (s *Snapshot) chunksOf(set Set) ([]bitset.Set, error) {
	end, err := s.span(set.Index, set.Epoch)
	if err != nil || set.Bitmap == nil {
		return nil, err
	}
	chunks, err := bitset.FromRoaring(set.Bitmap, s.dense)
	if err != nil || len(chunks) == 0 {
		return nil, err
	}
	c := len(chunks) - 1
	if last := chunks[c].Select(chunks[c].Len() - 1); uint64(c)<<chunkBits|uint64(last) >= end {
		return nil, ErrExpiredSet
	}
	return chunks, nil
}

// SetOf returns the set of the customers with the ids, and how many of the ids are of no customer. Repetitions count
// once. Cost: a look-up an id.
func (s *Snapshot) SetOf(ctx context.Context, ids iter.Seq[customer.ID]) (set Set, unknown int, err error) {
	if err := s.needLookup(ctx); err != nil {
		return Set{}, 0, err
	}
	set = Set{Index: s.index, Epoch: s.epoch, Bitmap: roaring.New()}
	batch, positions := make([]customer.ID, 0, 4096), make([]uint32, 4096)
	flush := func() {
		s.ids.lookupAll(batch, positions)
		known := positions[:0]
		for _, p := range positions[:len(batch)] {
			if p != noPosition && s.exists[p>>chunkBits].Contains(uint16(p)) {
				known = append(known, p)
			}
		}
		unknown += len(batch) - len(known)
		set.Bitmap.AddMany(known)
		batch = batch[:0]
	}
	for id := range ids {
		if batch = append(batch, id); len(batch) == cap(batch) {
			if err := ctx.Err(); err != nil {
				return Set{}, 0, err
			}
			flush()
		}
	}
	if err := ctx.Err(); err != nil {
		return Set{}, 0, err
	}
	flush()
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
			if err := s.needIDs(ctx, c); err != nil {
				yield(customer.ID{}, err)
				return
			}
			for p := range members(&w) {
				if !yield(s.ids.id(uint32(c)<<chunkBits|uint32(p)), nil) {
					return
				}
			}
		}
	}
}

// Contains tells whether the customer is in the set. It is ErrForeignSet or ErrExpiredSet for a set that is not good here.
func (s *Snapshot) Contains(ctx context.Context, set Set, id customer.ID) (bool, error) {
	if err := s.good(set); err != nil {
		return false, err
	}
	p, ok, err := s.find(ctx, id)
	if err != nil {
		return false, err
	}
	return ok && set.Bitmap != nil && set.Bitmap.Contains(p), nil
}

// String says how many are in the set, and of which index and epoch.
func (s Set) String() string {
	return fmt.Sprintf("%d customers of index %s, epoch %d", s.Len(), s.Index, s.Epoch)
}
