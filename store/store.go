package store

import (
	"context"
	"iter"
)

// A Store keeps values under byte keys, in the order of the keys' bytes (that of
// bytes.Compare). Implementations are safe for concurrent use.
//
// The rules below hold for all methods; storetest checks each of them.
//
//   - Keys have 1 to Limits().KeyBytes bytes of any value, values 0 to
//     Limits().ValueBytes. A nil value and an empty one are the same.
//   - What is passed in belongs to the caller: it is neither changed nor kept.
//     What is returned belongs to the caller as well, who may write to it.
//   - A context that has ended before the call is its error (errors.Is with
//     ctx.Err()), and nothing happens. So it is where it ends during a call, which
//     then returns soon; of Commit see there.
//   - After Close every method returns ErrClosed.
//   - Errors wrap a sentinel of this package where one fits, and hold neither keys
//     nor values.
//   - All calls together are linearizable but for Scan: each takes effect at one
//     moment between its beginning and its end, whichever goroutine, process or
//     machine it comes from.
type Store interface {
	// Get returns the entries of keys, all as of one moment and in the order
	// given; a key may be given twice. Of a key that is not there Version is 0
	// and Value nil. At most Limits().Operations keys are read at a time; more
	// are ErrTooLarge. Of no keys there are no entries, and no error.
	Get(ctx context.Context, keys ...[]byte) ([]Entry, error)

	// Scan yields the entries of a range in the order of keys, or against it.
	// An error is the last element, with a zero Entry. Leaving the loop early
	// releases everything. Commits are allowed meanwhile, in the loop too: an
	// entry that is there all the time is seen exactly once, as it was at some
	// moment of the scan; one that comes or goes meanwhile is seen or not. The
	// sequence can be used again, and then scans anew. The bounds of r are the
	// store's to read until the last loop over it ends.
	Scan(ctx context.Context, r Range) iter.Seq2[Entry, error]

	// Commit makes all writes of b, or none, provided that its conditions hold
	// at that moment. It returns the version that every key put by b has now.
	// Where a condition does not hold the error is ErrConflict.
	//
	// A nil error says that the writes are there for all who read from now on,
	// and in a Durable store that they stay, whatever happens to the process. An
	// error says that nothing was written, with one exception: ErrUnknownOutcome,
	// where the store can't tell. If the context ends in the middle of a commit
	// the error is ErrUnknownOutcome and ctx.Err() both, unless it is known that
	// nothing was written. A batch without writes only checks its conditions.
	Commit(ctx context.Context, b *Batch) (Version, error)

	// Limits returns what the store takes: at least MinLimits, and always the same.
	Limits() Limits

	// Close waits for calls under way, or ends them with ErrClosed, and releases
	// what the store holds. Closing again does nothing and returns nil.
	Close() error
}

// A Version names a state of a key. It is opaque: only equality means something.
// It is between 1 and 1<<63-1, so that any database can hold it; 0 stands for a
// key that is not there. A version is never used again for the same key, even if
// the key was deleted in between or the store was closed and opened. Safe for
// concurrent use.
type Version uint64

// An Entry is a key with its value. Not safe for concurrent use.
type Entry struct {
	Key     []byte
	Value   []byte
	Version Version // 0: the key is not there
}

// A Range is the keys from From, included, up to To, excluded, in the order of
// bytes.Compare. Bounds may be longer than any key. A range that ends before it
// begins is empty. The zero value is all keys. Not safe for concurrent use.
type Range struct {
	From    []byte // empty: from the first key
	To      []byte // empty: to the last key, included
	Limit   int    // most entries to yield; 0 is no limit, a negative one ErrInvalid
	Reverse bool   // in descending order: Limit then counts from the end
}

// Under returns the range of all keys that begin with prefix, which is copied.
func Under(prefix []byte) Range {
	r := Range{From: append([]byte(nil), prefix...)}
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			r.To = append([]byte(nil), prefix[:i+1]...)
			r.To[i]++
			break
		}
	}
	return r
}

// Limits is what a store takes. Safe for concurrent use.
type Limits struct {
	KeyBytes   int // longest key
	ValueBytes int // longest value
	Operations int // most writes and conditions of a batch together, and most keys of a Get
	BatchBytes int // most bytes of a batch: keys and values of writes, keys of conditions
}

// MinLimits is what every store takes at least, and what code that is to run on
// every store keeps to.
var MinLimits = Limits{KeyBytes: 512, ValueBytes: 64 << 10, Operations: 1000, BatchBytes: 1 << 20}
