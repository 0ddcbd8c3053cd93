package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

// A shelf keeps an index and its live segments in a store, as values of which each is written once. Who needs one reads
// it; who saves writes what has changed, under new keys, and at last a root that names what belongs together. Saving is
// for one goroutine at a time; reading is safe for concurrent use.
type shelf struct {
	store   store.Store
	limits  store.Limits
	workers int
	// commit makes a batch under the condition that nobody else has become the writer; nil: this process only reads. term is
	// the writer's.
	commit func(ctx context.Context, b *store.Batch) error
	term   uint64

	root  atomic.Pointer[root] // the last that was read or written
	stale atomic.Bool          // something that root names was not there any more
	pins  atomic.Int32         // copies under way: nothing is deleted meanwhile

	mu      sync.Mutex    // held by who saves
	saved   *saved        // what the root names; nil: there is none
	version store.Version // of the root
	settled bool          // version is known
	unsure  []*writing    // of which it is not known whether their roots are, or come, in force
	attempt uint64        // the last generation that was begun
	failed  []berth       // written, but for no root
	late    []berth       // may be deleted
	swept   bool          // writers before this one have left nothing
}

// The keys of a shelf.
const (
	rootKey   = "segment/root"
	valueKeys = "segment/k/" // then term, generation, number and part
	pageKeys  = "segment/n/" // then the number of the first notice
)

// partBytes is how many bytes of a value stand under one key: what every store takes, so that a copy fits in any.
const partBytes = 64 << 10

// A berth is where a value lies: under the term of its writer, the generation of the root it was written for, and a
// number. The zero berth is none. Safe for concurrent use.
type berth struct {
	term, generation   uint64
	number, bytes, sum uint32 // sum is the CRC-32C
}

func (b berth) parts() int { return max(1, (int(b.bytes)+partBytes-1)/partBytes) }

// key returns the key of a part.
func (b berth) key(part int) []byte {
	key := append(make([]byte, 0, len(valueKeys)+24), valueKeys...)
	key = binary.BigEndian.AppendUint64(key, b.term)
	key = binary.BigEndian.AppendUint64(key, b.generation)
	key = binary.BigEndian.AppendUint32(key, b.number)
	return binary.BigEndian.AppendUint32(key, uint32(part))
}

// errSum is what is wrong with a value that is not as it was written.
var errSum = errors.New("checksum")

// errNotThere is what is wrong with a value of which a part is missing.
var errNotThere = errors.New("a part is missing")

// check returns what is wrong with the data of the berth, nil for nothing.
func (b berth) check(data []byte) error {
	switch {
	case data == nil:
		return errNotThere
	case len(data) != int(b.bytes):
		return errors.New("length")
	case crc32.Checksum(data, castagnoli) != b.sum:
		return errSum
	}
	return nil
}

// read returns the data of berths, unchecked; nil where a part is missing. What has several parts is joined in room, as far as there
// is any.
func (k *shelf) read(ctx context.Context, berths []berth, room []byte) ([][]byte, error) {
	data := make([][]byte, len(berths))
	type part struct{ berth, part int }
	var parts []part
	var keys [][]byte
	size := 0
	flush := func() error {
		entries, err := k.store.Get(ctx, keys...)
		if err != nil {
			return err
		}
		for i, p := range parts {
			b := berths[p.berth]
			switch d := &data[p.berth]; {
			case entries[i].Version == 0:
				*d = nil
			case p.part == 0 && b.parts() == 1:
				*d = append(entries[i].Value, []byte{}...)
			case p.part == 0:
				n := int(b.bytes)
				if len(room) < n {
					room = make([]byte, n)
				}
				*d, room = append(room[:0:n], entries[i].Value...), room[n:]
			case *d != nil:
				*d = append(*d, entries[i].Value...)
			}
		}
		parts, keys, size = parts[:0], keys[:0], 0
		return nil
	}
	for i, b := range berths {
		for p := range b.parts() {
			if len(keys) == k.limits.Operations || size >= 4*fetchBytes {
				if err := flush(); err != nil {
					return nil, err
				}
			}
			parts, keys = append(parts, part{i, p}), append(keys, b.key(p))
			size += min(int(b.bytes)-p*partBytes, partBytes)
		}
	}
	if len(keys) > 0 {
		if err := flush(); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// value reads and checks one value; of is what it is.
func (k *shelf) value(ctx context.Context, of string, b berth) ([]byte, error) {
	all, err := k.values(ctx, of, []berth{b})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// values reads and checks values.
func (k *shelf) values(ctx context.Context, of string, berths []berth) ([][]byte, error) {
	data, err := k.read(ctx, berths, nil)
	if err != nil {
		return nil, err
	}
	for i, b := range berths {
		if err := b.check(data[i]); err != nil {
			return nil, k.missed(ctx, of, err)
		}
	}
	return data, nil
}

// missed returns the error for a value that is not as it should be: ErrStale if it has been deleted since.
func (k *shelf) missed(ctx context.Context, of string, why error) error {
	if errors.Is(why, errNotThere) {
		if _, r, err := k.last(ctx); err != nil {
			return err
		} else if r != nil && r.berth() != k.root.Load().berth() {
			k.stale.Store(true)
			return ErrStale
		}
	}
	return corrupt("%s: %w", of, why)
}

// ErrStale says that what a snapshot of another process would read has been deleted since: what is wanted has to be asked of
// a newer one, as Live.Follow makes it.
var ErrStale = errors.New("segment: snapshot is older than what the store keeps")
