package audit

import (
	"context"
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

type hash = tlog.Hash

// emptyRoot is that of a tree without leaves.
var emptyRoot = hash(sha256.Sum256(nil))

// The tree is stored in tiles: that of a level ℓ and index i has the hashes, one after the
// other, of up to 256 complete subtrees of 256^ℓ leaves each. Only the last tile of a level has
// fewer.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileLevels = 8 // enough for mostEntries
)

// edge is the right edge of a tree as it grows: the last tile of each level, with fewer than
// 256 hashes.
type edge struct {
	size  int64
	tiles [tileLevels][]byte
	// full is told of each tile that gets its last hash; data is not to be kept.
	full func(level int, index int64, data []byte)
}

// add adds a leaf.
func (e *edge) add(leaf hash) {
	e.size++
	for level, at := 0, e.size; ; level++ {
		if e.tiles[level] == nil {
			e.tiles[level] = make([]byte, 0, tileWidth*tlog.HashSize)
		}
		e.tiles[level] = append(e.tiles[level], leaf[:]...)
		if at%tileWidth != 0 {
			return
		}
		at /= tileWidth
		data := e.tiles[level]
		if e.full != nil {
			e.full(level, at-1, data)
		}
		leaf = tileRoot(data)
		e.tiles[level] = data[:0]
	}
}

// tileRoot is the root of a tile of 256 hashes.
func tileRoot(data []byte) hash { return subtreeRoot(data[:tileWidth*tlog.HashSize]) }

// subtreeRoot is the root of 1, 2, 4, ... or 256 hashes.
func subtreeRoot(data []byte) hash {
	var nodes [tileWidth / 2 * tlog.HashSize]byte
	for n := len(data) / tlog.HashSize / 2; n > 0; n /= 2 {
		for i := range n { // the pair is read before it is written over
			node := nodeHash(data[2*i*tlog.HashSize:])
			copy(nodes[i*tlog.HashSize:], node[:])
		}
		data = nodes[:]
	}
	return hash(data[:tlog.HashSize])
}

// nodeHash is that of a node with the two hashes at the beginning of data below it.
func nodeHash(data []byte) hash {
	var buf [1 + 2*tlog.HashSize]byte
	buf[0] = 1
	copy(buf[1:], data)
	return sha256.Sum256(buf[:])
}

// recordHash is the hash of a leaf, whose bytes follow a zero in record.
func recordHash(record []byte) hash { return sha256.Sum256(record) }

// root is that of all leaves: all subtrees it is made of lie in the edge, the smallest last.
func (e *edge) root() hash {
	if e.size == 0 {
		return emptyRoot
	}
	var pair [2 * tlog.HashSize]byte // a subtree, and all those after it
	rest := pair[tlog.HashSize:]
	first := true
	for level, n := 0, e.size; n > 0; level, n = level+1, n/tileWidth {
		data := e.tiles[level]
		for bit := range tileHeight {
			if n>>bit&1 == 0 {
				continue
			}
			from := len(data) - tlog.HashSize<<bit
			left := subtreeRoot(data[from:])
			data = data[:from]
			if first {
				first = false
				copy(rest, left[:])
				continue
			}
			copy(pair[:], left[:])
			both := nodeHash(pair[:])
			copy(rest, both[:])
		}
	}
	return hash(rest)
}

// last lists the tiles of the edge of a tree that are not empty.
func lastTiles(size int64) (tiles []tlog.Tile) {
	for level, n := 0, size; n > 0; level, n = level+1, n/tileWidth {
		if w := int(n % tileWidth); w > 0 {
			tiles = append(tiles, tlog.Tile{H: tileHeight, L: level, N: n / tileWidth, W: w})
		}
	}
	return tiles
}

// readEdge reads that of a tree, and checks that it leads to the root.
func (l *Log) readEdge(ctx context.Context, h *head) (*edge, error) {
	e := &edge{size: h.size}
	tiles := lastTiles(h.size)
	data, err := l.readTiles(ctx, tiles)
	if err != nil {
		return nil, err
	}
	for i, t := range tiles {
		e.tiles[t.L] = data[i]
	}
	if e.root() != h.root {
		return nil, fmt.Errorf("%w: the last hashes do not lead to the root", ErrTampered)
	}
	return e, nil
}

// readTiles reads the first W hashes of each tile.
func (l *Log) readTiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	if len(tiles) == 0 {
		return nil, nil
	}
	keys := make([][]byte, len(tiles))
	for i, t := range tiles {
		keys[i] = l.tileKey(t.L, t.N)
	}
	entries, err := l.store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		all, err := readTile(entries[i])
		if err != nil {
			return nil, err
		}
		if len(all) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("%w: a tile of hashes is too short", ErrTampered)
		}
		data[i] = all[:t.W*tlog.HashSize]
	}
	return data, nil
}

func encodeTile(data []byte) []byte {
	w := wire.Sized("audit/tile", 1, len(data)+24)
	w.Bytes(data)
	return w.Data()
}

// readTile reads the hashes of a tile; one that is not there has none.
func readTile(e store.Entry) ([]byte, error) {
	if e.Version == 0 {
		return nil, nil
	}
	r := wire.Read(e.Value)
	r.Expect("audit/tile", 1)
	data := r.Bytes()
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("audit: tile: %w", err)
	}
	return data, nil
}

// tileReader is what package tlog reads tiles through.
type tileReader struct {
	ctx context.Context
	log *Log
	err error // of the store
}

// prove makes a proof of hashes of a tree, each of which package tlog has seen to lead to the
// root.
func (l *Log) prove(ctx context.Context, size int64, root hash, make func(tlog.HashReader) ([]hash, error)) ([]hash, error) {
	r := &tileReader{ctx: ctx, log: l}
	proof, err := make(tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, r))
	if r.err != nil {
		return nil, r.err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return proof, nil
}

func (r *tileReader) Height() int { return tileHeight }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	data, r.err = r.log.readTiles(r.ctx, tiles)
	return data, r.err
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
