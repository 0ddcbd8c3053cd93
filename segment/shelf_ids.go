package segment

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// shelvedIDs are the ids of a dictionary that lie on a shelf until somebody needs them: those of a chunk where positions
// are given, all of them where many ids are looked up or one is written. Safe for concurrent use.
type shelvedIDs struct {
	shelf  *shelf
	dict   *dictionary
	blocks []idBlock  // by chunk
	hashes []idHashes // by chunk

	mu    sync.Mutex // held by who fills the tables
	ready atomic.Bool
}

// idBlock are the ids of a chunk.
type idBlock struct {
	loanState
	chunk, n int
	at       berth
	ids      []customer.ID
}

func (b *idBlock) berths() []berth { return []berth{b.at} }
func (b *idBlock) name() string    { return fmt.Sprintf("ids of chunk %d", b.chunk) }

func (b *idBlock) take(data [][]byte) (err error) {
	b.ids, err = decodeIDs(data[0], b.chunk, b.n)
	return err
}

// block returns the ids of a chunk, which have been read.
func (k *shelvedIDs) block(c int) []customer.ID {
	b := &k.blocks[c]
	if !b.read.Load() {
		panic("segment: ids that were not read are looked at: " + b.name())
	}
	return b.ids
}

// need reads the ids of chunks, which ascend.
func (k *shelvedIDs) need(ctx context.Context, chunks []int) error {
	var list []loan
	for _, c := range chunks {
		if c < len(k.blocks) && !k.blocks[c].read.Load() {
			list = append(list, &k.blocks[c])
		}
	}
	return k.shelf.fetch(ctx, list...)
}

// index reads all ids and fills the tables, once.
func (k *shelvedIDs) index(ctx context.Context) error {
	if k.ready.Load() {
		return nil
	}
	if err := k.need(ctx, allOf(len(k.blocks))); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.ready.Load() {
		blocks := make([][]customer.ID, len(k.blocks))
		for c := range blocks {
			blocks[c] = k.blocks[c].ids
		}
		k.dict.restore(blocks, k.shelf.workers)
		k.ready.Store(true)
	}
	return nil
}

// indexed panics if ids cannot be looked up yet.
func (k *shelvedIDs) indexed() {
	if k != nil && !k.ready.Load() {
		panic("segment: ids are looked up before they were read")
	}
}

const kindShelfIDs = "segment/ids"

// encodeIDs returns the ids of a chunk as a value: zeros for those who are no more.
func (s *Snapshot) encodeIDs(c int) []byte {
	ids := s.ids.ids(c)
	v := wire.Sized(kindShelfIDs, 1, 16*len(ids)+64)
	v.Uint(uint64(c))
	data := make([]byte, 16*len(ids))
	for p := range s.exists[c].All() {
		copy(data[16*int(p):], ids[p][:])
	}
	v.Bytes(data)
	return v.Data()
}

// decodeIDs reads the n ids of a chunk.
func decodeIDs(data []byte, c, n int) ([]customer.ID, error) {
	v := wire.Read(data)
	v.Expect(kindShelfIDs, 1)
	chunk, all := v.Uint(), v.Bytes()
	if err := v.Close(); err != nil {
		return nil, err
	}
	if chunk != uint64(c) || len(all) != 16*n {
		return nil, errPlace
	}
	ids := make([]customer.ID, n)
	for i := range ids {
		copy(ids[i][:], all[16*i:])
	}
	return ids, nil
}
