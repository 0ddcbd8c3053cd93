package profile

import (
	"context"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// sliceOperations is what the key of a slice, and the head of its stream, add to those of
// a batch: two each, with those for who has the slice before, mostly one customer.
const sliceOperations = 2

// slice returns where the atom of the step lies, if the change says so.
func (s *step) slice() (*sliceName, bool) {
	all, a := s.change.Slices, s.change.Atoms[s.atom]
	i, found := slices.BinarySearchFunc(all, a, func(s customer.Slice, a customer.AtomID) int { return compareAtoms(s.Atom, a) })
	if !found {
		return nil, false
	}
	return &sliceName{all[i].Stream, all[i].Since.UnixMicro(), a}, true
}

// divide reads what is known of the slices among the atoms of steps, and the heads of their
// streams.
func (f *following) divide(ctx context.Context, p *Profiles, steps []step) error {
	var keys [][]byte
	for i := range steps[:f.taken] {
		s := &steps[i]
		if s.ends() {
			continue
		}
		a := s.change.Atoms[s.atom]
		if f.lie[a] != nil {
			continue
		}
		h, err := f.head(a)
		if err != nil {
			return err
		}
		n, found := s.slice()
		if h.value.stream != (customer.AtomID{}) {
			n, found = &sliceName{h.value.stream, h.value.from, a}, true
		}
		if !found {
			continue
		}
		f.lie[a] = n
		f.slices[a] = &followed[*slice]{key: sliceKey(*n), index: len(f.read) + len(keys)}
		keys = append(keys, f.slices[a].key)
		if f.heads[n.stream] == nil {
			f.heads[n.stream] = &followed[*head]{key: headKey(n.stream), index: len(f.read) + len(keys)}
			keys = append(keys, f.heads[n.stream].key)
		}
	}
	// Slices are written by who follows only, and heads have conditions of their own: they
	// need not be as of the moment of the others.
	more, err := p.read(ctx, keys)
	f.read = append(f.read, more...)
	return err
}

// sliceOf returns a slice among the atoms of the steps.
func (f *following) sliceOf(a customer.AtomID) (*followed[*slice], error) {
	s := f.slices[a]
	if s.value == nil {
		var err error
		if s.value, err = readSlice(f.read[s.index]); err != nil {
			return nil, err
		}
		f.were[a] = s.value.claimed
	}
	return s, nil
}

// shift notes of an atom, if it is a slice, that it came to a customer or left one at a time;
// micros is what the change said. The claims are as they are then.
func (f *following) shift(h *head, a customer.AtomID, at, micros int64, comes bool) error {
	n := f.lie[a]
	if n == nil {
		return nil
	}
	s, err := f.sliceOf(a)
	if err != nil {
		return err
	}
	h.stream, h.from = n.stream, n.from
	more := int64(1)
	if !comes {
		more = -1
	}
	s.value.shift(at, more)
	s.changed = true
	if claimed := len(h.claims) > 0; claimed != s.value.claimed {
		s.value.claimed = claimed
		if !claimed {
			s.value.left, s.value.round = micros, f.at.round()
		}
	}
	return nil
}

// eraseSlice notes of an atom, if it is a slice, that its customer is erased.
func (f *following) eraseSlice(a customer.AtomID, at int64) error {
	if f.lie[a] == nil {
		return nil
	}
	s, err := f.sliceOf(a)
	if err != nil {
		return err
	}
	s.value.fate, s.value.at, s.value.until = sliceErasing, at, never
	s.changed, f.turned[a] = true, true
	return nil
}

// turn notes in the heads of streams that what their slices have changes, and has those
// customers wait who have the slices before. A slice that goes from one customer to another
// in one commit changes nothing.
func (f *following) turn(ctx context.Context, p *Profiles) error {
	for a, was := range f.were {
		if f.slices[a].value.claimed != was {
			f.turned[a] = true
		}
	}
	streams := map[customer.AtomID][]sliceName{}
	for a := range f.turned {
		streams[f.lie[a].stream] = append(streams[f.lie[a].stream], *f.lie[a])
	}
	var before []customer.AtomID
	scanned := false
	for stream, names := range streams {
		h, err := f.head(stream)
		if err != nil {
			return err
		}
		if h.value.divided { // else it has no slices yet
			scanned = true
			if before, err = f.neighbours(ctx, p, names, before); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(before, compareAtoms)
	before = slices.Compact(before)
	heads, err := p.heads(ctx, before) // claims are written by who follows only
	if err != nil {
		return err
	}
	for i, h := range heads {
		if own := f.heads[before[i]]; own != nil && own.value != nil {
			h = own.value
		}
		for _, id := range h.claims {
			f.waiting[id] = true
		}
	}
	if scanned { // and meanwhile others may have added to the streams
		if err := f.renew(ctx, p, slices.Collect(maps.Keys(streams))); err != nil {
			return err
		}
	}
	for stream := range streams {
		h := f.heads[stream]
		h.value.divided, h.changed = true, true
		h.value.edits++
	}
	return nil
}

// neighbours appends the slices that somebody has before some of a stream. Who has one of
// the slices of the commit, or had it, waits anyway.
func (f *following) neighbours(ctx context.Context, p *Profiles, names []sliceName, before []customer.AtomID) ([]customer.AtomID, error) {
	slices.SortFunc(names, func(x, y sliceName) int { return y.compare(x) })
	open := true // that before the last name which was passed is looked for
	for e, err := range p.s.Scan(ctx, store.Range{From: key('s', names[0].stream[:]), To: sliceKey(names[0]), Reverse: true}) {
		if err != nil {
			return nil, err
		}
		l, err := readLying(e)
		if err != nil {
			return nil, err
		}
		for len(names) > 1 && l.compare(names[1]) <= 0 {
			names, open = names[1:], true
		}
		if open && !f.turned[l.atom] {
			if l.claimed {
				before = append(before, l.atom)
			}
			open = !l.claimed && l.fate != sliceErasing
		}
		if !open && len(names) == 1 {
			break
		}
	}
	return before, nil
}

// renew reads the heads of streams again, so that between that and the commit little time
// passes.
func (f *following) renew(ctx context.Context, p *Profiles, streams []customer.AtomID) error {
	heads, err := p.heads(ctx, streams)
	if err != nil {
		return err
	}
	for i, h := range heads {
		if own := f.heads[streams[i]]; !own.changed {
			own.value = h
		}
	}
	return nil
}
