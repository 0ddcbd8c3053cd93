package customer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ErrForeignID is wrapped by the error of FromString for an id that is empty or longer
// than 15 bytes. Where ids of a system may be longer, take FromHash for all of them.
var ErrForeignID = errors.New("customer: foreign id does not fit")

// A UUIDv8 (RFC 9562, section 5.8) has 122 free bits: octets 0 to 5, 7 and 9 to 15
// whole, the low half of octet 6 and six bits of octet 8. Embedded ids use them so:
//
//	octet 8, bits 5-4  the kind: 0 integer, 1 text of up to 14 bytes, 2 text of 15, 3 hash
//	integer            octets 7 and 9 to 15: the number, big endian, sign bit flipped
//	text up to 14      octets 0 to 5, 7, 9 to 15: the bytes, then zeros;
//	                   octet 8, bits 3-0: the length
//	text of 15         the same for the first 14; the last one has its high half in
//	                   octet 6 and its low half in octet 8
//	hash               the first 16 octets of the SHA-256, but for octet 6, bits 7-4, and
//	                   octet 8, bits 7-4
//
// Bits not named are zero, so every id has one form.
const (
	kindInteger = 0x80 // octet 8, with the variant in its two high bits
	kindShort   = 0x90
	kindLong    = 0xa0
	kindHash    = 0xb0
	versionByte = 0x80 // octet 6
	longest     = 15
)

// FromInt64 embeds the id n of another system as a UUIDv8. Different numbers give
// different ids, which differ from those of all texts and order as the numbers do.
// ToInt64 reads it back.
func FromInt64(n int64) ID {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n)^1<<63)
	id := ID{6: versionByte, 7: number[0], 8: kindInteger}
	copy(id[9:], number[1:])
	return id
}

// ToInt64 returns the number that FromInt64 embedded in id. ok is false if id is not
// of that form.
func ToInt64(id ID) (n int64, ok bool) {
	number := [8]byte{id[7]}
	copy(number[1:], id[9:])
	n = int64(binary.BigEndian.Uint64(number[:]) ^ 1<<63)
	return n, id == FromInt64(n)
}

// FromString embeds the id s of another system as a UUIDv8. s is 1 to 15 bytes of any
// value; otherwise the error wraps ErrForeignID. Different texts give different ids.
// ToString reads it back.
//
// Whoever sees the id can read s, so s must not be personal data: telephone numbers
// and mail addresses are identifiers, for package identity, not ids.
func FromString(s string) (ID, error) {
	if s == "" || len(s) > longest {
		return uuid.Nil, fmt.Errorf("%w: it has %d bytes, not 1 to %d", ErrForeignID, len(s), longest)
	}
	var b [longest]byte
	copy(b[:], s)
	id := ID{6: versionByte, 7: b[6], 8: kindShort | byte(len(s))}
	if len(s) == longest {
		id[6] |= b[14] >> 4
		id[8] = kindLong | b[14]&0xf
	}
	copy(id[:6], b[:6])
	copy(id[9:], b[7:14])
	return id, nil
}

// ToString returns the text that FromString embedded in id. ok is false if id is not
// of that form. A UUIDv8 made elsewhere by other rules may look like a text of 15 bytes.
func ToString(id ID) (s string, ok bool) {
	var b [longest]byte
	copy(b[:6], id[:6])
	b[6] = id[7]
	copy(b[7:14], id[9:])
	b[14] = id[6]<<4 | id[8]&0xf
	n := longest
	if id[8]&0xf0 == kindShort {
		n = int(id[8] & 0xf)
	}
	s = string(b[:n])
	embedded, err := FromString(s)
	if err != nil || embedded != id {
		return "", false
	}
	return s, true
}

// FromHash returns the id that 120 bits of the SHA-256 of namespace, a zero byte and s give,
// as a UUIDv8: for ids of another system that FromString may refuse as too long. It is the
// same everywhere and always, and none that FromInt64 or FromString gives. That any two of a
// billion texts have the same has a probability of 4e-19. namespace names the system, so that
// equal ids of two systems are two customers; it should have no zero byte. An s that is empty
// gives uuid.Nil, which names nobody.
//
// Nothing reads it back: keep s beside the id. It hides nothing either, since whoever guesses
// s can check it.
func FromHash(namespace, s string) ID {
	if s == "" {
		return uuid.Nil
	}
	sum := sha256.Sum256([]byte(namespace + "\x00" + s))
	id := ID(sum[:16])
	id[6] = versionByte | id[6]&0xf
	id[8] = kindHash | id[8]&0xf
	return id
}
