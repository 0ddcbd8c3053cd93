package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// BlindBytes is the length of a blind index: 4 bytes with the version of the key
// and 16 of the hash. Two values of a billion collide with odds of about 10^-21.
const BlindBytes = 4 + 16

// An Index computes blind indexes: HMAC-SHA-256 of a value, under a key derived
// (HKDF-SHA-256) from one of the caller's for each kind of value. Safe for
// concurrent use.
//
// The nil Index is for development: it hashes without a key, which hides nothing.
type Index struct {
	versions []*indexKey // newest first
}

// An IndexKey is a key of an index with its version. Safe for concurrent reads.
type IndexKey struct {
	Version uint32 // any but 0, each once
	Key     []byte // KeyBytes random bytes, not kept
}

type indexKey struct {
	version uint32
	raw     []byte
	kinds   sync.Map // kind to *sync.Pool of *mac
}

// NewIndex returns an index with the given keys. The first computes the hash under
// which values are stored, all those under which they are looked for, so that a key
// can be replaced while values move from the old hash to the new.
func NewIndex(keys ...IndexKey) (*Index, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: an index without a key")
	}
	x := &Index{}
	seen := map[uint32]bool{}
	for i, k := range keys {
		switch {
		case k.Version == 0 || seen[k.Version]:
			return nil, fmt.Errorf("seal: index key %d: version %d is zero or given twice", i, k.Version)
		case len(k.Key) != KeyBytes:
			return nil, fmt.Errorf("seal: index key %d: %d bytes, want %d", i, len(k.Key), KeyBytes)
		}
		seen[k.Version] = true
		x.versions = append(x.versions, &indexKey{version: k.Version, raw: append([]byte(nil), k.Key...)})
	}
	return x, nil
}

// unkeyed is what the nil Index computes with.
var unkeyed = &indexKey{version: 0, raw: make([]byte, KeyBytes)}

// Blind returns the blind index of value, of BlindBytes bytes, under the newest
// key. kind separates values: an equal phone number and account number have
// nothing in common. Cost: of a short value about a fifth of a microsecond.
func (x *Index) Blind(kind, value string) []byte {
	return x.blind(make([]byte, BlindBytes), kind, value) // made here: callers can have it on their stack
}

func (x *Index) blind(out []byte, kind, value string) []byte {
	if x == nil {
		return unkeyed.blind(out, kind, value)
	}
	return x.versions[0].blind(out, kind, value)
}

// All returns the blind indexes of value under all keys, newest first.
func (x *Index) All(kind, value string) [][]byte {
	if x == nil {
		return [][]byte{x.Blind(kind, value)}
	}
	all := make([][]byte, len(x.versions))
	for i, k := range x.versions {
		all[i] = k.blind(make([]byte, BlindBytes), kind, value)
	}
	return all
}

// blind fills out, of BlindBytes bytes, and returns it.
func (k *indexKey) blind(out []byte, kind, value string) []byte {
	pool, ok := k.kinds.Load(kind)
	if !ok {
		derived, err := hkdf.Key(sha256.New, k.raw, nil, "clientele blind index\x00"+kind, KeyBytes)
		if err != nil {
			panic(err) // only for lengths beyond 255 hashes
		}
		pool, _ = k.kinds.LoadOrStore(kind, &sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, derived)} }})
	}
	m := pool.(*sync.Pool).Get().(*mac)
	m.buf = append(m.buf[:0], value...)
	m.hash.Reset()
	m.hash.Write(m.buf)
	clear(m.buf) // the value is not to stay behind
	m.buf = m.hash.Sum(m.buf[:0])
	binary.BigEndian.PutUint32(out, k.version)
	copy(out[4:], m.buf)
	if cap(m.buf) <= mostScratch {
		pool.(*sync.Pool).Put(m)
	}
	return out
}

// mac computes the hashes of a kind of values. Not safe for concurrent use.
type mac struct {
	hash hash.Hash
	buf  []byte
}
