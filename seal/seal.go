package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// Errors of this package, wrapped.
var (
	// ErrOpen: what is to be opened was not sealed by this key for this place, or
	// has been changed.
	ErrOpen = errors.New("seal: cannot be opened")
	// ErrNoKey: the atom has no key.
	ErrNoKey = errors.New("seal: no key")
	// ErrDestroyed: the atom's key has been destroyed, and what was sealed under it
	// is gone for good.
	ErrDestroyed = errors.New("seal: key destroyed")
)

// KeyBytes is the length of every key: 256 bits.
const KeyBytes = 32

// The first byte of a sealed value.
const (
	formPlain  = 0 // the plain text follows
	formAESGCM = 1 // 12 bytes of nonce, the ciphertext and 16 bytes of tag follow
)

// Overhead is the most by which a sealed value is longer than what it holds.
const Overhead = 1 + 12 + 16

// A Key seals what belongs to one atom. It comes from a [Vault]. Safe for
// concurrent use.
//
// The key of a nil Vault is for development: it seals nothing, Seal only puts a
// byte in front, and Open opens such values alone.
type Key struct {
	whose []byte      // tenant and atom, as [whose] writes them; nil: none
	aead  cipher.AEAD // nil: the key of a nil Vault
	raw   []byte      // the key itself, from which that of commitments is derived
	// mac is what computes commitments, where there was one and nobody is using it.
	mac atomic.Pointer[hash.Hash]
}

// newKey makes a key of KeyBytes bytes.
func newKey(tenant string, atom customer.AtomID, raw []byte) (*Key, error) {
	aead, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	return &Key{whose: whose(tenant, atom), aead: aead, raw: bytes.Clone(raw)}, nil
}

// newAEAD is AES-256-GCM with random nonces: up to 2^32 values a key.
func newAEAD(raw []byte) (cipher.AEAD, error) {
	if len(raw) != KeyBytes {
		return nil, fmt.Errorf("seal: key of %d bytes, want %d", len(raw), KeyBytes)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// whose is the part that a key has in all that is bound to it.
func whose(tenant string, atom customer.AtomID) []byte {
	w := wire.Onto(make([]byte, 0, len(tenant)+len(atom)+6))
	w.Text(tenant)
	w.Bytes(atom[:])
	return w.Data()
}

var (
	placeHead      = wire.New("seal", 1).Data()
	commitmentHead = wire.New("seal/commitment", 1).Data()
	nobodys        = whose("", customer.AtomID{})
)

// mostScratch is the longest memory that is kept for the next.
const mostScratch = 64 << 10

// scratch is memory for what is written to be bound or hashed, and not kept.
var scratch = sync.Pool{New: func() any { return new(make([]byte, 0, 128)) }}

// place writes what a sealed value is bound to: tenant, atom, field and schema.
func (k *Key) place(buf []byte, field string, schema uint64) []byte {
	w := wire.Onto(append(append(buf[:0], placeHead...), k.whose...))
	w.Text(field)
	w.Uint(schema)
	return w.Data()
}

// Seal appends to dst the value sealed for the given field of the atom, in the
// given version of the caller's schema, and returns the longer slice. dst must not
// overlap value. Sealing twice gives different bytes. Cost: of a short value about a
// fifth of a microsecond.
func (k *Key) Seal(dst, value []byte, field string, schema uint64) []byte {
	if k.aead == nil {
		return append(append(dst, formPlain), value...)
	}
	buf := scratch.Get().(*[]byte)
	*buf = k.place(*buf, field, schema)
	sealed := k.aead.Seal(append(dst, formAESGCM), nil, value, *buf)
	scratch.Put(buf)
	return sealed
}

// Open appends to dst what Seal was given and returns the longer slice. Where key,
// field or schema are others than then, or a byte was changed, it is ErrOpen.
func (k *Key) Open(dst, sealed []byte, field string, schema uint64) ([]byte, error) {
	switch {
	case len(sealed) == 0:
		return nil, fmt.Errorf("%w: empty", ErrOpen)
	case k.aead == nil && sealed[0] == formPlain:
		return append(dst, sealed[1:]...), nil
	case k.aead == nil:
		return nil, fmt.Errorf("%w: sealed, and there is no key", ErrOpen)
	case sealed[0] != formAESGCM:
		return nil, fmt.Errorf("%w: not sealed by this version", ErrOpen)
	}
	buf := scratch.Get().(*[]byte)
	*buf = k.place(*buf, field, schema)
	value, err := k.aead.Open(dst, nil, sealed[1:], *buf)
	scratch.Put(buf)
	if err != nil {
		return nil, ErrOpen
	}
	return value, nil
}

// random returns a new key.
func random() []byte {
	raw := make([]byte, KeyBytes)
	rand.Read(raw) // never fails
	return raw
}

// Commitment returns 32 bytes that stand for a value of a field of the atom where the value
// itself must not be, as in a log: who has the key and the value gets the same bytes, and
// once the key is destroyed nobody can tell whether a guess is right. Equal values of one atom and field have
// equal commitments, which shows that they are equal. It is the HMAC-SHA256, under a
// key derived from that of the atom, of tenant, atom, field and value. Under the key of a nil
// Vault it hides nothing. Cost: of a short value about a quarter of a microsecond, of a key's first some more. Safe for concurrent use.
func (k *Key) Commitment(value []byte, field string) []byte {
	mac := k.mac.Swap(nil)
	if mac == nil {
		mac = new(k.newMAC())
	}
	of := k.whose
	if of == nil {
		of = nobodys
	}
	buf := scratch.Get().(*[]byte)
	w := wire.Onto(append(append((*buf)[:0], commitmentHead...), of...))
	w.Text(field)
	w.Bytes(value)
	*buf = w.Data()
	(*mac).Reset()
	(*mac).Write(*buf)
	sum := (*mac).Sum(nil)
	k.mac.Store(mac)
	clear(*buf) // the value is not to stay behind
	if cap(*buf) <= mostScratch {
		scratch.Put(buf)
	}
	return sum
}

// newMAC returns what computes commitments. Most keys never make one.
func (k *Key) newMAC() hash.Hash {
	if k.raw == nil {
		return hmac.New(sha256.New, nil)
	}
	derived, err := hkdf.Key(sha256.New, k.raw, nil, "clientele commitment", sha256.Size)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return hmac.New(sha256.New, derived)
}
