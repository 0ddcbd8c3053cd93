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

// Evidence of a stream stays in the stream's own log. A slice has of it what is of the times
// from its beginning up to that of the next slice that some customer has; of several that
// begin together the one of the highest atom has it. So what a slice has depends on which
// others somebody has: whatever changes that rewrites the head of the stream in the same
// commit, which makes it a condition for all who add to the log or read of it, and has the
// customer wait whose slice is before.

// A sliceName says where a slice lies. It never changes.
type sliceName struct {
	stream customer.AtomID
	from   int64 // in unix microseconds
	atom   customer.AtomID
}

// compare orders slices of a stream as their keys do.
func (n sliceName) compare(o sliceName) int {
	return cmp.Or(cmp.Compare(n.from, o.from), compareAtoms(n.atom, o.atom))
}

// A slice is what became of one that was ever seen.
type slice struct {
	claimed bool // some customer has it now
	// had are the times at which the number of customers that have it changed, by what was
	// known, ascending.
	had []shift
	// left and round are when the last customer that had it gave it up: the time that the
	// change had, and the round of following in which it was taken in.
	left  int64
	round uint64
	// Of one whose customer was erased at a time. As long as it is erasing its entries are
	// nobody's; then they are gone, and none of times before until is taken.
	fate  fate
	at    int64
	until int64
}

// A shift is by how many more customers have a slice.
type shift struct {
	at   int64
	more int64
}

type fate uint8

const (
	sliceLasts fate = iota
	sliceErasing
	sliceErased
)

// shift notes that at a time a customer more, or less, had it.
func (s *slice) shift(at, more int64) {
	i, found := slices.BinarySearchFunc(s.had, at, func(d shift, at int64) int { return cmp.Compare(d.at, at) })
	switch {
	case !found:
		s.had = slices.Insert(s.had, i, shift{at, more})
	case s.had[i].more == -more:
		s.had = slices.Delete(s.had, i, i+1)
	default:
		s.had[i].more += more
	}
	for len(s.had) > mostTurns {
		s.had[1].more += s.had[0].more
		s.had = s.had[1:]
	}
}

// bounds tells whether the slice before ends where it begins, by what was known then.
func (s *slice) bounds(known int64) bool {
	if s.fate == sliceErasing || known >= never-1 {
		return s.fate == sliceErasing || s.claimed
	}
	n := int64(0)
	for _, d := range s.had {
		if d.at <= known {
			n += d.more
		}
	}
	return n > 0
}

// erases tells whether an entry that is in the slice is of whom was erased: it is not of a later
// time, or was known by then. What the stream has since is not.
func (s *slice) erases(micros, learned int64) bool { return micros <= s.at || learned <= s.at }

func (s *slice) data() []byte {
	w := wire.Sized("profile/slice", 1, 64+8*len(s.had))
	w.Bool(s.claimed)
	w.Int(s.left)
	w.Uint(s.round)
	w.Uint(uint64(s.fate))
	if s.fate != sliceLasts {
		w.Int(s.at)
		w.Int(s.until)
	}
	for _, d := range s.had {
		w.Int(d.at)
		w.Int(d.more)
	}
	return w.Data()
}

// readSlice reads a slice; of one that is not there nothing is known.
func readSlice(e store.Entry) (*slice, error) {
	s := new(slice)
	if e.Version == 0 {
		return s, nil
	}
	r := wire.Read(e.Value)
	r.Expect("profile/slice", 1)
	s.claimed, s.left, s.round = r.Bool(), r.Int(), r.Uint()
	if s.fate = fate(min(r.Uint(), 255)); s.fate != sliceLasts {
		s.at, s.until = r.Int(), r.Int()
	}
	for r.More() {
		d := shift{r.Int(), r.Int()}
		if n := len(s.had); d.more == 0 || n > 0 && s.had[n-1].at >= d.at {
			fault(r)
		}
		s.had = append(s.had, d)
	}
	if s.fate > sliceErased {
		fault(r)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("profile: slice of a stream: %w", err)
	}
	return s, nil
}

// readSliceKey reads what sliceKey wrote.
func readSliceKey(k []byte) (n sliceName, err error) {
	name := k[len(key('s')):]
	if len(name) != len(n.stream)+8+len(n.atom) {
		return n, fmt.Errorf("%w: profile: key of a slice", store.ErrCorrupt)
	}
	name = name[copy(n.stream[:], name):]
	n.from = int64(binary.BigEndian.Uint64(name) ^ 1<<63)
	copy(n.atom[:], name[8:])
	return n, nil
}

// A lying slice is one with its place.
type lying struct {
	sliceName
	*slice
}

func readLying(e store.Entry) (lying, error) {
	n, err := readSliceKey(e.Key)
	if err != nil {
		return lying{}, err
	}
	s, err := readSlice(e)
	return lying{n, s}, err
}

// sliceEnd returns where what a slice has ends, by what was known then: never if there is no
// next one, where it begins if another has it all, or its customer was erased. Cost: a Scan.
func (p *Profiles) sliceEnd(ctx context.Context, n sliceName, known int64) (until int64, err error) {
	r := store.Range{From: sliceKey(n), To: store.Under(key('s', n.stream[:])).To}
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return 0, err
		}
		next, err := readLying(e)
		if err != nil {
			return 0, err
		}
		if next.sliceName == n && next.fate != sliceLasts {
			return n.from, nil
		}
		if next.sliceName != n && next.bounds(known) {
			return next.from, nil
		}
	}
	return never, nil
}

// slicesFrom returns the slices in which entries of a stream can lie that are of times
// from first to last, the latest first. Cost: a Scan.
func (p *Profiles) slicesFrom(ctx context.Context, stream customer.AtomID, first, last int64) ([]lying, error) {
	var all []lying
	r := store.Range{From: key('s', stream[:]), To: store.Under(key('s', stream[:], ordered(last))).To, Reverse: true}
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		l, err := readLying(e)
		if err != nil {
			return nil, err
		}
		if all = append(all, l); l.claimed && l.from <= first {
			break
		}
	}
	return all, nil
}

// sliceOf returns, of what slicesFrom returned, the atom that has an entry, zero if nobody
// has it, and whether it is of a slice whose customer was erased.
func sliceOf(all []lying, micros, learned int64) (a customer.AtomID, erased bool) {
	for _, l := range all {
		switch {
		case l.from > micros:
		case l.fate == sliceErasing:
			return a, l.erases(micros, learned)
		case l.fate == sliceErased && micros < l.until && l.erases(micros, learned):
			return a, true
		case l.claimed:
			return l.atom, false
		}
	}
	return a, false
}

// A tenants is who has to be folded anew because the logs of streams change: whoever has the
// slices in which they change.
type tenants map[customer.AtomID]bool

// wait has those who have the slices wait, if they still have them at the commit. Heads that the
// batch has conditions for are those of edited.
func (t tenants) wait(ctx context.Context, p *Profiles, b *store.Batch, edited map[customer.AtomID]bool, waiting map[customer.ID]bool) error {
	ids := make([]customer.AtomID, 0, len(t))
	for a := range t {
		ids = append(ids, a)
	}
	slices.SortFunc(ids, compareAtoms)
	heads, err := p.heads(ctx, ids)
	if err != nil {
		return err
	}
	for i, h := range heads {
		if !edited[ids[i]] {
			b.If(headKey(ids[i]), h.version)
		}
		for _, id := range h.claims {
			if !waiting[id] {
				waiting[id] = true
				b.Put(waitKey(id), waitMark)
			}
		}
	}
	return nil
}
