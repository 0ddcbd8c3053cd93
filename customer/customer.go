// Package customer answers what the other packages mean by a customer: it holds the
// types that travel between them and no behaviour beyond what keeps those safe.
//
//	member := customer.FromInt64(1042) // an id of another system
//	n, ok := customer.ToInt64(member)  // and back
//
//	outlet, err := customer.FromString("GZ-TH-0017")
//	code, ok := customer.ToString(outlet)
//
// The package example has it whole.
//
// A customer is an [ID]. Ids of other systems are embedded in one and read back
// ([FromInt64], [FromString]), or hashed where they may be longer ([FromHash]). What is known of a customer hangs on atoms, each named
// by an [AtomID]; a [Change] says which atoms moved from which customer to which; a
// [Feed] is the sequence of changes, read from a [Cursor]. A [RowBatch] carries the
// values that follow from them to whoever keeps a table of customers, and a [Column] declares them.
package customer

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
)

// ID names a customer. It is a UUID of any version; uuid.Nil names nobody. Ids order
// by their bytes. Safe for concurrent use.
type ID = uuid.UUID

// Compare orders ids by their bytes: it is -1, 0 or 1 as a is before b, the same or after it.
func Compare(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// AtomID names an atom, the smallest piece of evidence that moves as a whole between
// customers: one record of one source, or one slice of time of an identifier that
// people share. It says nothing of a person by itself and is not an ID. The zero
// AtomID names no atom. AtomIDs order by their bytes. Safe for concurrent use.
type AtomID uuid.UUID

// String returns the lower case UUID form, as
// 0191d2a4-5c3e-8000-a000-000000000001.
func (a AtomID) String() string {
	return uuid.UUID(a).String()
}

// MarshalText returns String. It never fails.
func (a AtomID) MarshalText() ([]byte, error) {
	return uuid.UUID(a).MarshalText()
}

// UnmarshalText reads what String writes, and the other forms that uuid.Parse reads.
func (a *AtomID) UnmarshalText(text []byte) error {
	if (*uuid.UUID)(a).UnmarshalText(text) != nil {
		return fmt.Errorf("customer: an atom id of %d bytes is none", len(text))
	}
	return nil
}

// Shards is the number of shards of a feed.
const Shards = 64

// ShardOf returns the shard, from 0 to Shards-1, that holds the changes of customer
// id. It is a fixed function of the bytes of id and spreads ids of every kind evenly.
func ShardOf(id ID) int {
	// The finalizer of MurmurHash3 (Appleby 2011) over both halves.
	mix := func(x uint64) uint64 {
		x ^= x >> 33
		x *= 0xff51afd7ed558ccd
		x ^= x >> 33
		x *= 0xc4ceb9fe1a85ec53
		return x ^ x>>33
	}
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	return int(mix(mix(high)^low) % Shards)
}
