package profile

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A head is the beginning of an atom's log: whose the atom is, its newest entries, and
// what was set aside. It is the condition of every commit that changes the log: of its
// pages, of the ids in them and of the partial.
type head struct {
	version store.Version
	erased  bool          // then all but claims, edits, divided, stream and from is empty
	outside bool          // ids are outside the head, if perhaps in no page
	claims  []customer.ID // customers that have the atom, ascending; one, but for moments
	// edits is how often entries in pages were changed or deleted, and, of a stream, its
	// slices: while it is the same, a page that is there stays as it is.
	edits   uint64
	pages   int     // pages are numbered from 1
	first   int64   // no entry in pages is of an earlier time; 0 where there are none
	latest  int64   // or of a later one
	parts   int     // of the partial, which covers all pages; 0: it is not kept
	large   bool    // it was too large to be kept
	keyed   bool    // something in the log is sealed: the atom has a key
	marks   []byte  // of the newest evidence: see mark
	tail    []byte  // the newest entries: see page.go; empty: none
	aside   []byte  // as aside.encode returns it; empty: nothing
	taken   []taken // values that were not set aside, ever; ascending by source
	divided bool    // it is the log of a stream, of which slices are parts
	// The atom is a slice of a stream, from a time on. The stream is zero of a record.
	stream customer.AtomID
	from   int64
}

// What a head has.
const (
	headErased = 1 << iota
	headDivided
	headSlice
	headOutside
	headLarge
	headKeyed // only in version 2
)

// decodeHead reads a head; one that is not there is empty.
func decodeHead(e store.Entry) (*head, error) {
	h := new(head)
	if err := h.decode(e); err != nil {
		return nil, err
	}
	return h, nil
}

// decode reads a head into h, which is empty.
func (h *head) decode(e store.Entry) error {
	h.version = e.Version
	if e.Version == 0 {
		return nil
	}
	r := wire.Read(e.Value)
	r.Expect("profile/head", 2)
	flags := r.Uint()
	h.erased, h.divided = flags&headErased != 0, flags&headDivided != 0
	h.outside, h.large = flags&headOutside != 0, flags&headLarge != 0
	h.keyed = flags&headKeyed != 0
	if flags&headSlice != 0 {
		h.stream, h.from = customer.AtomID(readID(r)), r.Int()
	}
	if n := r.List(); n > 0 {
		h.claims = make([]customer.ID, n)
	}
	for i := range h.claims {
		h.claims[i] = readID(r)
	}
	h.edits = r.Uint()
	pages := r.Uint()
	parts := uint64(0)
	if pages > 0 {
		h.first, h.latest, parts = r.Int(), r.Int(), r.Uint()
	}
	h.pages, h.parts = int(min(pages, mostPages)), int(min(parts, mostParts))
	h.marks, h.tail, h.aside = r.Bytes(), r.Bytes(), r.Bytes()
	for r.More() {
		t := taken{readNumber(r), r.Uint()}
		if n := len(h.taken); n > 0 && h.taken[n-1].source >= t.source {
			fault(r)
		}
		h.taken = append(h.taken, t)
	}
	if flags >= 2*headKeyed || h.keyed != (r.Version() == 2) || flags&headSlice != 0 && h.stream == (customer.AtomID{}) || pages > mostPages || parts > mostParts || len(h.marks)%markSize != 0 || !ascending(h.claims) {
		fault(r)
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("profile: head of an atom: %w", err)
	}
	return nil
}

func (h *head) encode() []byte {
	w := wire.Sized("profile/head", versionOf(h.keyed), 96+17*len(h.claims)+len(h.marks)+len(h.tail)+len(h.aside))
	flags := uint64(0)
	if h.erased {
		flags |= headErased
	}
	if h.divided {
		flags |= headDivided
	}
	if h.stream != (customer.AtomID{}) {
		flags |= headSlice
	}
	if h.outside {
		flags |= headOutside
	}
	if h.large {
		flags |= headLarge
	}
	if h.keyed {
		flags |= headKeyed
	}
	w.Uint(flags)
	if flags&headSlice != 0 {
		w.Bytes(h.stream[:])
		w.Int(h.from)
	}
	w.List(len(h.claims))
	for i := range h.claims {
		w.Bytes(h.claims[i][:])
	}
	w.Uint(h.edits)
	w.Uint(uint64(h.pages))
	if h.pages > 0 {
		w.Int(h.first)
		w.Int(h.latest)
		w.Uint(uint64(h.parts))
	}
	w.Bytes(h.marks)
	w.Bytes(h.tail)
	w.Bytes(h.aside)
	for _, t := range h.taken {
		w.Uint(uint64(t.source))
		w.Uint(t.n)
	}
	return w.Data()
}

// heads reads the heads of atoms, in the order of ids.
func (p *Profiles) heads(ctx context.Context, ids []customer.AtomID) ([]*head, error) {
	keys := make([][]byte, len(ids))
	for i, id := range ids {
		keys[i] = headKey(id)
	}
	entries, err := p.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	all, room := make([]*head, len(ids)), make([]head, len(ids))
	for i, e := range entries {
		all[i] = &room[i]
		if err := room[i].decode(e); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// read is a Get of any number of keys, which are as of one moment only if they are no more
// than the store takes at a time.
func (p *Profiles) read(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
	most := p.s.Limits().Operations
	if len(keys) <= most {
		return p.s.Get(ctx, keys...)
	}
	entries := make([]store.Entry, 0, len(keys))
	for len(keys) > 0 {
		n := min(most, len(keys))
		some, err := p.s.Get(ctx, keys[:n]...)
		if err != nil {
			return nil, err
		}
		entries = append(entries, some...)
		keys = keys[n:]
	}
	return entries, nil
}

// A taken is how many values of a source were taken.
type taken struct {
	source uint32
	n      uint64
}

// take counts values of a source.
func (h *head) take(source uint32, n int) {
	i, found := slices.BinarySearchFunc(h.taken, source, func(t taken, source uint32) int { return cmp.Compare(t.source, source) })
	if !found {
		h.taken = slices.Insert(h.taken, i, taken{source: source})
	}
	h.taken[i].n += uint64(n)
}

// A mark stands for evidence that was added, also where nothing of it was kept: the hash
// of its id, then a sum of what was said, zero once it was taken back.
const (
	sumSize  = 8
	markSize = len(idHash{}) + sumSize
)

type contentSum [sumSize]byte

// The last bit of a sum says that nothing was kept of the evidence, so that its id is free for
// evidence of which something is.
const voidBit = 1

func (s contentSum) void() bool { return s[sumSize-1]&voidBit != 0 }

// says tells whether two sums are of the same evidence, whatever became of it.
func (s contentSum) says(t contentSum) bool {
	s[sumSize-1] |= voidBit
	t[sumSize-1] |= voidBit
	return s == t
}

// sumOf makes a sum of a hash.
func sumOf(hash []byte) (s contentSum) {
	copy(s[:], hash)
	s[sumSize-1] &^= voidBit
	if s == (contentSum{}) { // which means something else
		s[0] = 1
	}
	return s
}

// find returns the place of the mark of an id, or -1.
func (h *head) find(id idHash) int {
	hash := binary.NativeEndian.Uint64(id[:])
	for at := 0; at < len(h.marks); at += markSize {
		if binary.NativeEndian.Uint64(h.marks[at:]) == hash {
			return at
		}
	}
	return -1
}

// sum returns the sum at a place that find returned.
func (h *head) sum(at int) contentSum {
	return contentSum(h.marks[at+len(idHash{}) : at+markSize])
}

// mark marks evidence, of which find returned the place at.
func (h *head) mark(at int, id idHash, sum contentSum) {
	if at >= 0 {
		copy(h.marks[at+len(id):], sum[:])
		return
	}
	h.marks = append(append(h.marks, id[:]...), sum[:]...)
}

// waitMark is what stands under a waitKey.
var waitMark = wire.New("profile/wait", 1).Data()
