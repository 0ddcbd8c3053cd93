package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/store"
)

// FaultKind is what is wrong with a log. Safe for concurrent use.
type FaultKind uint8

// The kinds of faults.
const (
	// EntryAltered is an entry that is not the one that was sealed under its number, that cannot be
	// read, or that lies behind the end of the log.
	EntryAltered FaultKind = iota
	// EntryMissing is one that is not there, though the checkpoint does not say that it was removed.
	EntryMissing
	// HashAltered is a stored hash of the tree, of the entries from Number on, that does not
	// follow from those below.
	HashAltered
	// RootAltered is a checkpoint, that of the head or one that is trusted, whose root is not that
	// of its number of entries, which is Number.
	RootAltered
	// CheckpointForged is a checkpoint of the head without the signature.
	CheckpointForged
	// IndexAltered is that the keys by which entries about a customer are found are not those
	// of the entries. It is looked for where nothing else is wrong.
	IndexAltered
)

var faultNames = []string{
	"entry altered", "entry missing", "hash altered", "root altered", "checkpoint forged", "index altered",
}

var faultNamesZH = []string{"条目被改动", "条目缺失", "哈希被改动", "根哈希不符", "检查点系伪造", "索引被改动"}

// String returns such as "entry altered".
func (k FaultKind) String() string { return enum.Name(faultNames, k) }

// Chinese returns the same in Chinese.
func (k FaultKind) Chinese() string { return enum.Name(faultNamesZH, k) }

// MarshalText returns the text of String.
func (k FaultKind) MarshalText() ([]byte, error) {
	return enum.Marshal("audit", "kind of fault", faultNames, k)
}

// UnmarshalText reads what MarshalText wrote.
func (k *FaultKind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("audit", "kind of fault", faultNames, text, k)
}

// Fault is a sign that a log was tampered with. Safe for concurrent reads.
type Fault struct {
	Kind   FaultKind `json:"kind"`   // what is wrong
	Number int64     `json:"number"` // of the entry, or as the kind says
}

// String returns the kind and number, such as "entry altered: 17".
func (f Fault) String() string { return f.Kind.String() + ": " + strconv.FormatInt(f.Number, 10) }

// Verification is what Verify found. Safe for concurrent reads.
type Verification struct {
	Size   int64   `json:"size"`   // entries sealed
	First  int64   `json:"first"`  // number of the first that is kept; those before are past their retention
	Faults []Fault `json:"faults"` // at most 1,000, in the order of numbers
	More   int64   `json:"more"`   // further ones
}

const mostFaults = 1000

// Err returns nil if there are no faults, else an error that wraps [ErrTampered] with the
// first of them.
func (v *Verification) Err() error {
	if len(v.Faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s, and %d more", ErrTampered, v.Faults[0], int64(len(v.Faults)-1)+v.More)
}

func (v *Verification) fault(kind FaultKind, number int64) {
	if len(v.Faults) == mostFaults {
		v.More++
		return
	}
	v.Faults = append(v.Faults, Fault{kind, number})
}

// VerifyOptions say what to compare a log with. Nil compares it with itself. Safe for
// concurrent reads.
type VerifyOptions struct {
	// Verifier has the public key of the log's signer. Nil: that of the log's options, and
	// without it the signature is not looked at.
	Verifier note.Verifier
	// Trusted are checkpoints that were given away earlier: the log must go on from each.
	Trusted []Checkpoint
	// Progress is called with entries done and in all. Nil: not at all.
	Progress func(done, total int64)
}

// Verify reads the whole log and checks it: that each entry is there and is the one that was
// sealed, that all hashes follow from them, and that the checkpoints are those of the tree.
// Entries that Trim has removed are checked by their hashes. What is tampered with is in the
// result, not an error; errors are those of the store. Entries may be sealed meanwhile: the log is checked as it was
// when Verify began. Where entries are removed meanwhile the error wraps [store.ErrConflict]: verify again.
// Cost: O(entries), about a second a million.
func (l *Log) Verify(ctx context.Context, opts *VerifyOptions) (*Verification, error) {
	o := VerifyOptions{}
	if opts != nil {
		o = *opts
	}
	h, _, err := l.head(ctx)
	if errors.Is(err, store.ErrCorrupt) {
		return &Verification{Faults: []Fault{{RootAltered, 0}}}, nil
	}
	if err != nil {
		return nil, err
	}
	v := &verifying{ctx: ctx, log: l, options: &o, head: h, tileAt: -1, seed: maphash.MakeSeed()}
	v.tree.full = v.full
	v.result.Size = h.size
	verifier := o.Verifier
	if verifier == nil {
		verifier = l.verifier
	}
	v.checkHead(l.origin, verifier)
	if err := v.entries(); err != nil {
		return nil, err
	}
	if err := v.rest(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(v.result.Faults, func(a, b Fault) int { return cmp.Compare(a.Number, b.Number) })
	return &v.result, nil
}

// verifying is a verification on its way.
type verifying struct {
	ctx     context.Context
	log     *Log
	options *VerifyOptions
	head    head
	tree    edge   // of what is stored
	record  []byte // a zero and its leaf
	leaves  []byte // the tile of leaves that is being compared, of tileAt
	tileAt  int64
	trusted []Checkpoint // those not passed yet, by size
	seed    maphash.Seed
	index   uint64 // sum of hashes of the keys of customers that should be there
	err     error  // of the store, while a tile is compared
	result  Verification
}

// checkHead compares the head with its checkpoint, and that with those that are trusted.
func (v *verifying) checkHead(origin string, verifier note.Verifier) {
	if v.head.size > 0 {
		c, err := ParseCheckpoint(string(v.head.note), origin, nil)
		if err != nil || c.Size != v.head.size || c.Root != v.head.root || c.First != v.head.first {
			v.result.fault(RootAltered, v.head.size)
		}
		if verifier != nil {
			if _, err := ParseCheckpoint(string(v.head.note), origin, verifier); err != nil {
				v.result.fault(CheckpointForged, v.head.size)
			}
		}
	}
	for _, t := range v.options.Trusted {
		if t.Size > v.head.size || t.Origin != origin {
			v.result.fault(RootAltered, t.Size)
		}
	}
	v.trusted = slices.SortedFunc(slices.Values(v.options.Trusted), func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
}

// entries reads all pages. Hashes stand in for what is not there.
func (v *verifying) entries() error {
	first := true
	pages := store.Range{From: v.log.key(partPage, 0), To: store.Under(v.log.key(partPage, 0)).To}
	for e, err := range v.log.store.Scan(v.ctx, pages) {
		if err != nil {
			return err
		}
		number := numberOf(e.Key)
		p, err := readPage(e)
		if err != nil {
			v.result.fault(EntryAltered, number)
			continue
		}
		if p.first >= v.head.size {
			break
		}
		if first {
			first = false
			v.result.First = p.first
			if err := v.missing(p.first, nil); err != nil {
				return err
			}
		}
		if err := v.missing(p.first, v.gap); err != nil {
			return err
		}
		for i, data := range p.entries {
			if n := p.first + int64(i); n < v.tree.size {
				v.result.fault(EntryAltered, n)
				continue
			} else if n >= v.head.size {
				break
			}
			if err := v.entry(data); err != nil {
				return err
			}
		}
	}
	if err := v.missing(v.head.size, v.gap); err != nil {
		return err
	}
	if v.result.First > v.head.first {
		v.result.fault(EntryMissing, v.head.first)
	}
	return nil
}

func (v *verifying) gap(n int64) { v.result.fault(EntryMissing, n) }

// missing takes the hashes of entries that are not there, up to a number.
func (v *verifying) missing(to int64, each func(n int64)) error {
	for v.tree.size < min(to, v.head.size) {
		if each != nil {
			each(v.tree.size)
		}
		leaf, err := v.stored(v.tree.size)
		if err != nil {
			return err
		}
		if err := v.leaf(leaf); err != nil {
			return err
		}
	}
	return nil
}

// entry checks the next entry.
func (v *verifying) entry(data []byte) error {
	n := v.tree.size
	v.record = append(append(v.record[:0], 0), data...)
	leaf := recordHash(v.record)
	stored, err := v.stored(n)
	if err != nil {
		return err
	}
	about, ok := customerOf(data, true)
	if !ok {
		e, err := decodeSealed(n, data)
		about, ok = e.Customer, err == nil
	}
	if leaf != stored || !ok {
		v.result.fault(EntryAltered, n)
	}
	if ok && about != uuid.Nil {
		v.index += maphash.Bytes(v.seed, v.log.customerKey(about, n))
	}
	return v.leaf(leaf)
}

// stored returns the stored hash of an entry, zero if there is none.
func (v *verifying) stored(n int64) (leaf hash, err error) {
	if at := n / tileWidth; at != v.tileAt {
		entries, err := v.log.store.Get(v.ctx, v.log.tileKey(0, n/tileWidth))
		if err != nil {
			return leaf, err
		}
		// One that cannot be read has no hashes.
		v.leaves, _ = readTile(entries[0])
		v.tileAt = at
	}
	copy(leaf[:], v.leaves[min(len(v.leaves), int(n%tileWidth)*tlog.HashSize):])
	return leaf, nil
}

// leaf adds a leaf to the tree and looks at what it completes.
func (v *verifying) leaf(leaf hash) error {
	v.grow(leaf)
	if v.err != nil {
		return v.err
	}
	if n := v.tree.size; n%4096 == 0 || n == v.head.size {
		if v.options.Progress != nil {
			v.options.Progress(n, v.head.size)
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// grow adds a leaf, and compares the tree with the trusted checkpoints of its size.
func (v *verifying) grow(leaf hash) {
	v.tree.add(leaf)
	for len(v.trusted) > 0 && v.trusted[0].Size <= v.tree.size {
		if t := v.trusted[0]; t.Size == v.tree.size && t.Root != v.tree.root() {
			v.result.fault(RootAltered, t.Size)
		}
		v.trusted = v.trusted[1:]
	}
}

// full compares a tile that has all its hashes with the stored one.
func (v *verifying) full(level int, index int64, data []byte) {
	if v.err == nil {
		v.err = v.compare(tlog.Tile{L: level, N: index, W: tileWidth}, data)
	}
}

func (v *verifying) compare(t tlog.Tile, data []byte) error {
	entries, err := v.log.store.Get(v.ctx, v.log.tileKey(t.L, t.N))
	if err != nil {
		return err
	}
	stored, err := readTile(entries[0])
	if err != nil || len(stored) < len(data) || !bytes.Equal(stored[:len(data)], data) {
		v.result.fault(HashAltered, t.N<<(tileHeight*(t.L+1)))
	}
	return nil
}

// rest compares what is there once all leaves are.
func (v *verifying) rest() error {
	for _, t := range lastTiles(v.head.size) {
		if err := v.compare(t, v.tree.tiles[t.L]); err != nil {
			return err
		}
	}
	if v.tree.root() != v.head.root {
		v.result.fault(RootAltered, v.head.size)
	}
	return v.behind()
}

// behind looks for what is stored of entries behind the end of the log, and compares the keys of
// customers.
func (v *verifying) behind() error {
	var numbers []int64
	pages := store.Range{From: v.log.pageKey(v.head.page), To: store.Under(v.log.key(partPage, 0)).To}
	for e, err := range v.log.store.Scan(v.ctx, pages) {
		if err != nil {
			return err
		}
		if p, err := readPage(e); err == nil && p.end() > v.head.size {
			numbers = append(numbers, p.end()-1)
		}
	}
	keys := v.log.key(partCustomer, 0)
	for e, err := range v.log.store.Scan(v.ctx, store.Under(keys)) {
		if err != nil {
			return err
		}
		if n := numberOf(e.Key); n < v.head.size {
			v.index -= maphash.Bytes(v.seed, e.Key)
		} else {
			numbers = append(numbers, n)
		}
	}
	end, _, err := v.log.head(v.ctx)
	if err != nil {
		return err
	}
	if end.first != v.head.first {
		return fmt.Errorf("audit: entries were removed meanwhile: %w", store.ErrConflict)
	}
	if end.size < v.head.size {
		v.result.fault(RootAltered, end.size)
	}
	for _, n := range numbers {
		if n >= end.size {
			v.result.fault(EntryAltered, n)
		}
	}
	if v.index != 0 && len(v.result.Faults) == 0 {
		v.result.fault(IndexAltered, 0)
	}
	return nil
}
