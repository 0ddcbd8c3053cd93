package segment

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/internal/wire"
)

// idHashes are hashes of the ids of a chunk, by which somebody is found without reading all ids. They are of those who exist, and
// each customer who exists has one position.
type idHashes struct {
	loanState
	chunk  int
	exist  bitset.Set
	at     berth
	hashes []uint32 // ascending
	places []uint16 // of the hashes; ascending where they are equal
}

func (x *idHashes) berths() []berth { return []berth{x.at} }
func (x *idHashes) name() string    { return fmt.Sprintf("hashes of the ids of chunk %d", x.chunk) }

func (x *idHashes) take(data [][]byte) (err error) {
	x.hashes, x.places, err = decodeHashes(data[0], x.chunk, x.exist)
	return err
}

// hashOf returns the hash of an id. It need not be one that is hard to foresee: ids of one hash are compared.
func hashOf(id *customer.ID) uint32 { return crc32.Checksum(id[:], castagnoli) }

// find returns the position of a customer who exists. It reads the hashes of all chunks, once, and the ids of chunks in which a hash is that
// of the id.
func (k *shelvedIDs) find(ctx context.Context, id customer.ID) (position uint32, ok bool, err error) {
	var list []loan
	for c := range k.hashes {
		if x := &k.hashes[c]; !x.read.Load() {
			list = append(list, x)
		}
	}
	if err := k.shelf.fetch(ctx, list...); err != nil {
		return 0, false, err
	}
	h := hashOf(&id)
	for c := range k.hashes {
		x := &k.hashes[c]
		i, found := slices.BinarySearch(x.hashes, h)
		if !found {
			continue
		}
		if err := k.need(ctx, []int{c}); err != nil {
			return 0, false, err
		}
		for ; i < len(x.hashes) && x.hashes[i] == h; i++ {
			if p := x.places[i]; k.blocks[c].ids[p] == id {
				return uint32(c)<<chunkBits | uint32(p), true, nil
			}
		}
	}
	return 0, false, nil
}

const kindHashes = "segment/hashes"

// encodeHashes returns the hashes of a chunk as a value.
func (s *Snapshot) encodeHashes(c int) []byte {
	n := s.exists[c].Len()
	keys := make([]uint64, 0, n)
	ids := s.ids.ids(c)
	for p := range s.exists[c].All() {
		keys = append(keys, uint64(hashOf(&ids[p]))<<chunkBits|uint64(p))
	}
	keys = radix.Sort(1, keys, make([]uint64, n), chunkBits)
	hashes, places := make([]byte, 0, 4*n), make([]byte, 0, 2*n)
	for _, key := range keys {
		hashes = binary.LittleEndian.AppendUint32(hashes, uint32(key>>chunkBits))
		places = binary.LittleEndian.AppendUint16(places, uint16(key))
	}
	v := wire.Sized(kindHashes, 1, 6*n+64)
	v.Uint(uint64(c))
	v.Bytes(hashes)
	v.Bytes(places)
	return v.Data()
}

// decodeHashes reads the hashes of a chunk in which exist exists.
func decodeHashes(data []byte, c int, exist bitset.Set) (hashes []uint32, places []uint16, err error) {
	v := wire.Read(data)
	v.Expect(kindHashes, 1)
	chunk, low, high := v.Uint(), v.Bytes(), v.Bytes()
	if err := v.Close(); err != nil {
		return nil, nil, err
	}
	n := exist.Len()
	if chunk != uint64(c) {
		return nil, nil, errPlace
	}
	if len(low) != 4*n || len(high) != 2*n {
		return nil, nil, errForm
	}
	hashes, places = make([]uint32, n), make([]uint16, n)
	var here, want kernel.Words
	last := int64(math.MinInt64)
	for i := range hashes {
		h, p := binary.LittleEndian.Uint32(low[4*i:]), binary.LittleEndian.Uint16(high[2*i:])
		key := int64(h)<<chunkBits | int64(p)
		if key <= last {
			return nil, nil, errForm
		}
		hashes[i], places[i], last = h, p, key
		addMember(&here, p)
	}
	if exist.Load(&want); here != want {
		return nil, nil, errForm
	}
	return hashes, places, nil
}
