package ingest

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// keySet is an exact set of byte strings: an open-addressing table of references into
// chunks that hold the keys, each after its length. A key costs its own bytes, one or
// two for the length, and 11 to 21 bytes of table, 33 while the table grows.
type keySet struct {
	seed   maphash.Seed
	table  []uint64 // 0, or 16 bits of hash, 28 of chunk number plus one, 20 of offset
	chunks [][]byte
	n      int
}

const (
	keyChunkBits = 20
	keyChunk     = 1 << keyChunkBits
	maxKeyChunks = 1<<28 - 1
)

// add inserts key unless it is there and reports whether it was new. The memory of
// the set, in bytes, may grow by at most *budget, which add reduces; beyond it the set
// is unchanged and the error is ErrTooLarge.
func (s *keySet) add(key []byte, budget *int64) (bool, error) {
	if s.table == nil {
		s.seed = maphash.MakeSeed()
	}
	h := maphash.Bytes(s.seed, key)
	if s.has(key, h) {
		return false, nil
	}
	if 4*(s.n+1) > 3*len(s.table) {
		size := max(64, 2*len(s.table))
		if int64(8*size) > *budget { // the old table lives until the new one is full
			return false, ErrTooLarge
		}
		*budget -= int64(8 * (size - len(s.table)))
		old := s.table
		s.table = make([]uint64, size)
		for _, ref := range old {
			if ref != 0 {
				s.insert(ref, maphash.Bytes(s.seed, s.key(ref)))
			}
		}
	}
	ref, ok := s.store(key, budget)
	if !ok {
		return false, ErrTooLarge
	}
	s.insert(h>>48<<48|ref, h)
	s.n++
	return true, nil
}

func (s *keySet) has(key []byte, h uint64) bool {
	if len(s.table) == 0 {
		return false
	}
	mask := uint64(len(s.table) - 1)
	for i := h & mask; s.table[i] != 0; i = (i + 1) & mask {
		if ref := s.table[i]; ref>>48 == h>>48 && bytes.Equal(s.key(ref), key) {
			return true
		}
	}
	return false
}

func (s *keySet) insert(ref, h uint64) {
	mask := uint64(len(s.table) - 1)
	i := h & mask
	for s.table[i] != 0 {
		i = (i + 1) & mask
	}
	s.table[i] = ref
}

func (s *keySet) key(ref uint64) []byte {
	chunk := s.chunks[ref>>keyChunkBits&maxKeyChunks-1][ref&(keyChunk-1):]
	n, w := binary.Uvarint(chunk)
	return chunk[w : w+int(n)]
}

// store appends key to the last chunk, or to a new one, which is larger for a key that
// needs it, and returns the reference.
func (s *keySet) store(key []byte, budget *int64) (uint64, bool) {
	need := len(key) + binary.MaxVarintLen64
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last]) >= keyChunk || cap(s.chunks[last])-len(s.chunks[last]) < need {
		size := keyChunk
		if last < 0 {
			size = 1 << 12 // small inputs stay small
		}
		if size = max(size, need); int64(size) > *budget || len(s.chunks) == maxKeyChunks {
			return 0, false
		}
		*budget -= int64(size)
		s.chunks = append(s.chunks, make([]byte, 0, size))
		last++
	}
	chunk := s.chunks[last]
	ref := uint64(last+1)<<keyChunkBits | uint64(len(chunk))
	chunk = binary.AppendUvarint(chunk, uint64(len(key)))
	s.chunks[last] = append(chunk, key...)
	return ref, true
}
