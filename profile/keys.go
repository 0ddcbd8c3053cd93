package profile

import (
	"encoding/binary"

	"github.com/clientele-go/clientele/customer"
)

// Where things are in the store; docs/storage.md says what they hold.
//
//	pf/schema                    which schema is in force
//	pf/schema/ version 8 part 2  every schema that was in force, with the table of names
//	pf/follow                    how far the feed of changes has been followed
//	pf/refold                    how far a refolding of all customers has come
//	pf/a/ atom                   head of an atom's log: owners, newest entries, what was set aside
//	pf/e/ atom page 4            page of entries that the head had no room for
//	pf/i/ atom hash 8            id of an entry in a page
//	pf/p/ atom part 2            partial aggregates of all pages, a cache
//	pf/s/ stream from 8 atom     when anybody had a slice of a stream
//	pf/x/ atom                   mark: pages of an erased atom are still to be deleted
//	pf/x/ customer 01            mark: the atoms of an erased customer are still to be forgotten
//	pf/l/ survivor loser         mark: a customer was merged into another
//	pf/c/ customer               state of a customer
//	pf/m/ customer atom          when the atom was the customer's
//	pf/w/ customer               mark: the customer waits for being folded anew
//	pf/r/ customer               row of a customer as it was handed on
//	pf/d/ time 8 customer        mark: the customer's row can change at that time
//	pf/h/ shard 1                head of a shard of the rows' feed
//	pf/q/ shard 1 number 8       entry of the rows' feed
//	pf/f/ blind index 20 atom    the atom's log states a value of a searchable trait
//	pf/b/ atom blind index 20    the same
const (
	schemaKey = "pf/schema"
	followKey = "pf/follow"
	refoldKey = "pf/refold"
)

// key is the prefix of a family, of one letter, and a name.
func key(family byte, name ...[]byte) []byte {
	size := 5
	for _, n := range name {
		size += len(n)
	}
	k := append(make([]byte, 0, size), 'p', 'f', '/', family, '/')
	for _, n := range name {
		k = append(k, n...)
	}
	return k
}

func big16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
func big32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func big64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func schemaVersionKey(version uint64) []byte             { return append([]byte(schemaKey+"/"), big64(version)...) }
func headKey(a customer.AtomID) []byte                   { return key('a', a[:]) }
func pageKey(a customer.AtomID, n int) []byte            { return key('e', a[:], big32(uint32(n))) }
func entryKey(a customer.AtomID, h idHash) []byte        { return key('i', a[:], h[:]) }
func partialKey(a customer.AtomID, part int) []byte      { return key('p', a[:], big16(uint16(part))) }
func purgeKey(a customer.AtomID) []byte                  { return key('x', a[:]) }
func customerKey(id customer.ID) []byte                  { return key('c', id[:]) }
func memberKey(id customer.ID, a customer.AtomID) []byte { return key('m', id[:], a[:]) }
func mergedKey(survivor, loser customer.ID) []byte       { return key('l', survivor[:], loser[:]) }
func waitKey(id customer.ID) []byte                      { return key('w', id[:]) }
func rowKey(id customer.ID) []byte                       { return key('r', id[:]) }
func shardKey(shard int) []byte                          { return key('h', []byte{byte(shard)}) }
func queueKey(shard int, seq uint64) []byte              { return key('q', []byte{byte(shard)}, big64(seq)) }

// ordered is a time as it stands in keys, which are ordered by it: its sign bit is flipped.
func ordered(micros int64) []byte { return big64(uint64(micros) ^ 1<<63) }

func dueKey(micros int64, id customer.ID) []byte { return key('d', ordered(micros), id[:]) }

// sliceKey orders the slices of a stream by where they begin.
func sliceKey(n sliceName) []byte { return key('s', n.stream[:], ordered(n.from), n.atom[:]) }
