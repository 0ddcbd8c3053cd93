// Package pebblestore is a store in a folder of one's own disk, for volume: where
// does the data go when one process writes more than SQL takes?
//
//	s, err := pebblestore.Open("data", nil)
//	...
//	defer s.Close()
//
//	var b store.Batch
//	b.Put([]byte("customer/ann"), []byte("12.00"))
//	version, err := s.Commit(ctx, &b)
//
// The package example has it whole.
//
// [Open] opens or makes the folder; the [Store] keeps the contract of package
// store, on Pebble, the log-structured engine of CockroachDB. One process at a time
// has the folder open.
//
// # What holds
//
// A commit is acknowledged when Pebble's log with it has been synced. Readers see
// the store as of the last finished sync, so what they have read stays, whatever
// happens to the machine, and they never wait for writers. Commits that meet are
// synced together: 32 goroutines commit many times more a second than one.
//
// A scan reads piece by piece and holds nothing open while the loop runs: it may
// take hours without keeping old data on the disk, and Close ends it with
// store.ErrClosed.
//
// # When the disk fails
//
// Pebble cannot go on after an error of its log or its list of files, such as a full
// disk, and by default ends the process. Here the commits under way return
// store.ErrUnknownOutcome, every later call store.ErrUnavailable, and the folder
// stays locked until the process ends; what was acknowledged is there when it is
// opened again.
//
// # Layout
//
// Pebble's keys begin with one byte: 0 for two entries of the adapter's own, format
// and version, and 1 for what is stored, followed by the key. A value is its
// version in 8 bytes, big-endian, and the value. Versions are taken from a counter
// whose blocks are reserved on the disk before they are used.
//
// # Building
//
// With cgo Pebble takes the C library of Zstandard, which is not used here but takes
// its time to compile; CGO_ENABLED=0 or the build tag pebblegozstd leave it out.
package pebblestore
