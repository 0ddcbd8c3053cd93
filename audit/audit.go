// Package audit answers who did what, when, to which customer and for which purpose, and whether
// the record of it was tampered with: it keeps a log that shows it if anyone changes it.
//
//	log, err := audit.Open(s, &audit.Options{Origin: "shop.example/audit", Signer: signer, Verifier: verifier})
//	...
//	err = log.Queue(b, &audit.Entry{ // in the batch of the deed itself
//		Time: now, Actor: "agent-7", Action: "consent.withdraw", Purpose: "service", Customer: id, Object: "sms",
//	})
//	_, err = s.Commit(ctx, b)
//	checkpoint, sealed, err := log.Seal(ctx, now) // every few seconds
//
//	found, err := log.Verify(ctx, &audit.VerifyOptions{Verifier: verifier})
//	fmt.Println(len(found.Faults)) // what was altered, removed, added or moved
//	proof, err := log.Prove(ctx, 1, checkpoint)
//
// The package example has it whole; docs/theory/protection.md has what it guarantees and where that ends.
//
// [Log.Queue] adds an [Entry] to the very batch whose deed it describes, so that there is no deed
// without entry and no entry without deed; [Log.Append] commits entries by themselves, for
// reads. [Log.Seal] then gives entries their numbers and makes them the leaves of a Merkle tree
// (RFC 6962, by package golang.org/x/mod/sumdb/tlog), whose root is signed in a [Checkpoint].
// [Log.Verify] reads all and reports every entry that was altered, removed, added or moved;
// [Log.Prove] proves a single entry, and [Log.ProveExtends] that nothing before a checkpoint
// changed, to somebody who has only checkpoints; [Log.Export] writes what [VerifyExport] checks
// without the store.
//
// # What it does not see
//
// Entries that still wait for Seal are not protected: seal every few seconds. Who may write
// to the store can bring back an older state with its checkpoint, and who has the signing key as
// well can write another history: give checkpoints to somebody else from time to time, and
// have Verify compare with them. Without a signer there is nothing else to hold on to.
//
// # Personal data
//
// Entries live longer than customers. They hold ids that say nothing by themselves, names of
// fields, and of values only commitments, such as those of seal.Key, which nobody can check
// against a guess when the key is destroyed. Nothing of an entry is removed when a customer
// is erased, or the tree would break. IDs that are drawn by chance also keep its hash, which
// outlives it, from being guessed.
package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Errors, wrapped with what they are about.
var (
	// ErrOptions is wrapped by what Open says of impossible options.
	ErrOptions = errors.New("audit: invalid options")
	// ErrEntry is wrapped by what is wrong with an entry that is to be queued.
	ErrEntry = errors.New("audit: invalid entry")
	// ErrUnknown: there is no such entry, or its retention has ended.
	ErrUnknown = errors.New("audit: no such entry")
	// ErrTampered is wrapped by all that shows that a log is not what was sealed.
	ErrTampered = errors.New("audit: tampered with")
)

// MinRetention is the least number of days for which entries are kept.
const MinRetention = 365

const mostRetention = 36500

// DefaultOrigin names a log whose options do not.
const DefaultOrigin = "clientele/audit"

// Options of a log. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Prefix begins the store's keys of the log. Nil: "audit/".
	Prefix []byte
	// Origin names the log in its checkpoints: a line of text that no other log has, such as
	// "shop.example/audit". It must not change. Empty: DefaultOrigin.
	Origin string
	// Signer signs checkpoints. Its key belongs elsewhere than the store. Nil: checkpoints are
	// not signed, and who may write to the store can replace the whole log.
	Signer note.Signer
	// Verifier has the public key of Signer, and is mandatory with it: Seal and Trim go on from a
	// checkpoint only if it is signed, or they would sign what somebody else has written.
	Verifier note.Verifier
	// Retention is the number of days, each of 24 hours, for which Trim keeps entries after they
	// were sealed. 0: MinRetention; less, or more than 36,500, is an error. Of all processes that
	// seal the longest counts.
	Retention int
	// Backoff is how to retry where another process seals at the same time. Nil: the defaults
	// of store.
	Backoff *store.Backoff
}

// Log is an audit log in a store. Safe for concurrent use; so are several, in any number of
// processes, on one store.
type Log struct {
	store     store.Store
	prefix    []byte
	origin    string
	signer    note.Signer
	verifier  note.Verifier
	retention int
	backoff   *store.Backoff

	mu     sync.Mutex
	seen   Checkpoint // the newest: what is older now was brought back
	parsed Checkpoint // the last that was read, and found to be signed
}

// Open returns the log that s has, which begins empty. The store stays the caller's. Errors
// wrap [ErrOptions]. Cost: none; the store is not asked.
func Open(s store.Store, opts *Options) (*Log, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	l := &Log{
		store: s, prefix: bytes.Clone(o.Prefix), origin: o.Origin, signer: o.Signer, verifier: o.Verifier,
		retention: o.Retention, backoff: o.Backoff,
	}
	if o.Prefix == nil {
		l.prefix = []byte("audit/")
	}
	if l.origin == "" {
		l.origin = DefaultOrigin
	}
	if l.retention == 0 {
		l.retention = MinRetention
	}
	var faults []error
	if l.retention < MinRetention {
		faults = append(faults, fmt.Errorf("%w: Retention of %d days is less than %d", ErrOptions, l.retention, MinRetention))
	}
	if l.retention > mostRetention {
		faults = append(faults, fmt.Errorf("%w: Retention of more than %d days", ErrOptions, mostRetention))
	}
	if (o.Signer == nil) != (o.Verifier == nil) ||
		o.Signer != nil && (o.Signer.Name() != o.Verifier.Name() || o.Signer.KeyHash() != o.Verifier.KeyHash()) {
		faults = append(faults, fmt.Errorf("%w: Signer and Verifier are not of one key", ErrOptions))
	}
	if !line.Valid(l.origin, mostText) {
		faults = append(faults, fmt.Errorf("%w: Origin is not one line of at most %d bytes", ErrOptions, mostText))
	}
	if n := len(l.prefix) + longestKey; n > s.Limits().KeyBytes {
		faults = append(faults, fmt.Errorf("%w: Prefix: keys of %d bytes, the store takes %d", ErrOptions, n, s.Limits().KeyBytes))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return l, nil
}

// The parts of the keys, behind the prefix.
const (
	partHead     = "head"
	partQueue    = "q/" // time, id and hash of an entry that waits
	partPage     = "e/" // number of the first entry
	partTile     = "t/" // level and index
	partCustomer = "c/" // customer and number of an entry about it

	longestKey = len(partQueue) + 12 + 16 + 8
)

// key is the prefix with what follows; n more bytes have room.
func (l *Log) key(part string, n int) []byte {
	k := make([]byte, 0, len(l.prefix)+len(part)+n)
	return append(append(k, l.prefix...), part...)
}

func (l *Log) pageKey(first int64) []byte {
	return binary.BigEndian.AppendUint64(l.key(partPage, 8), uint64(first))
}

func (l *Log) tileKey(level int, index int64) []byte {
	return binary.BigEndian.AppendUint64(append(l.key(partTile, 9), byte(level)), uint64(index))
}

func (l *Log) customerKey(id [16]byte, n int64) []byte {
	return l.appendCustomerKey(nil, id, n)
}

func (l *Log) appendCustomerKey(k []byte, id [16]byte, n int64) []byte {
	k = append(append(append(k, l.prefix...), partCustomer...), id[:]...)
	return binary.BigEndian.AppendUint64(k, uint64(n))
}

// numberOf is the number at the end of a key.
func numberOf(key []byte) int64 {
	if len(key) < 8 {
		return -1
	}
	return int64(binary.BigEndian.Uint64(key[len(key)-8:]))
}

// head is the state of the log.
type head struct {
	size  int64
	root  hash
	page  int64  // number of the first entry of the last page
	first int64  // number of the first entry that Trim has kept
	days  int    // the longest retention of those who sealed
	note  []byte // the checkpoint
	// floor is the newest checkpoint that was seen before the head was read.
	floor Checkpoint
}

func (h *head) encode() []byte {
	w := wire.New("audit/head", 1)
	w.Uint(uint64(h.size))
	w.Bytes(h.root[:])
	w.Uint(uint64(h.page))
	w.Uint(uint64(h.first))
	w.Uint(uint64(h.days))
	w.Bytes(h.note)
	return w.Data()
}

// head reads the state, zero of a log without entries, and its version.
func (l *Log) head(ctx context.Context) (head, store.Version, error) {
	l.mu.Lock()
	floor := l.seen
	l.mu.Unlock()
	entries, err := l.store.Get(ctx, l.key(partHead, 0))
	if err != nil {
		return head{}, 0, err
	}
	h, err := readHead(entries[0])
	h.floor = floor
	return h, entries[0].Version, err
}

func readHead(e store.Entry) (h head, err error) {
	if e.Version == 0 {
		h.root = emptyRoot
		return h, nil
	}
	r := wire.Read(e.Value)
	r.Expect("audit/head", 1)
	size, root, page, first, days := r.Uint(), r.Bytes(), r.Uint(), r.Uint(), r.Uint()
	h.note = bytes.Clone(r.Bytes())
	if err := r.Close(); err != nil {
		return head{}, fmt.Errorf("audit: head: %w", err)
	}
	if size == 0 || size > mostEntries || page >= size || first > page || days > mostRetention || copy(h.root[:], root) != len(h.root) || len(root) != len(h.root) {
		return head{}, fmt.Errorf("audit: head: %w", store.ErrCorrupt)
	}
	h.size, h.page, h.first, h.days = int64(size), int64(page), int64(first), int(days)
	return h, nil
}
