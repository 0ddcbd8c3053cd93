package segment

import (
	"context"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Diff says who came into a segment and who went between two snapshots of an index. Safe for concurrent reads.
type Diff struct {
	// Entered are those whom the later question selects and the earlier does not, Left the reverse. Customers of Left who
	// have been deleted are found by IDs of the earlier snapshot.
	Entered, Left Set
	// Stayed is how many both select.
	Stayed int
	// New is how many of Entered were no customers before, Deleted how many of Left are none any more. Who was deleted
	// and came back is a new customer, and counts in both.
	New, Deleted int
}

// Diff compares those whom q selects now, in s, with those whom was selected before, in another snapshot of the same
// index. The queries may be the same, or differ in moment or rule; Workers is that of q. It is ErrForeignSet if before
// is of another index, and ErrExpiredSet if Index.Compact or a restart from a file has begun a new epoch in between. Cost: as
// Set for both.
func (s *Snapshot) Diff(ctx context.Context, q Query, before *Snapshot, was Query) (*Diff, error) {
	switch {
	case s.index != before.index:
		return nil, ErrForeignSet
	case s.epoch != before.epoch:
		return nil, ErrExpiredSet
	}
	now, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	then, err := before.prepare(ctx, was)
	if err != nil {
		return nil, err
	}
	chunks := max(len(s.exists), len(before.exists))
	entered, left := make([]bitset.Set, chunks), make([]bitset.Set, chunks)
	type state struct {
		now, then *frame
		a, b, w   kernel.Words
		d         Diff
	}
	states, err := sweep(ctx, now.workers, chunks, func() *state {
		return &state{now: now.frame(), then: then.frame()}
	}, func(st *state, c int) {
		in := st.now.loadIfAny(now.root, c, &st.a)
		had := st.then.loadIfAny(then.root, c, &st.b)
		if in && had {
			st.d.Stayed += kernel.AndCount(&st.a, &st.b)
		}
		if in && kernel.AndNot(&st.w, &st.a, &st.b) {
			entered[c] = bitset.Of(&st.w, s.dense)
			st.d.New += entered[c].Len() - before.existing(c).AndCount(&st.w)
		}
		if had && kernel.AndNot(&st.w, &st.b, &st.a) {
			left[c] = bitset.Of(&st.w, s.dense)
			st.d.Deleted += left[c].Len() - s.existing(c).AndCount(&st.w)
		}
	})
	if err != nil {
		return nil, err
	}
	d := &Diff{
		Entered: Set{Index: s.index, Epoch: s.epoch, Bitmap: bitset.ToRoaring(entered)},
		Left:    Set{Index: s.index, Epoch: s.epoch, Bitmap: bitset.ToRoaring(left)},
	}
	for _, st := range states {
		d.Stayed += st.d.Stayed
		d.New += st.d.New
		d.Deleted += st.d.Deleted
	}
	return d, nil
}

// existing returns who exists in a chunk, which may lie beyond the last.
func (s *Snapshot) existing(c int) bitset.Set {
	if c < len(s.exists) {
		return s.exists[c]
	}
	return bitset.Set{}
}

// loadIfAny is load for a chunk that may lie beyond the last.
func (f *frame) loadIfAny(n *plan, c int, dst *kernel.Words) (any bool) {
	if c >= len(f.s.exists) {
		return zero(dst)
	}
	return f.load(n, c, dst)
}
