package segment

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Draw returns n of the customers that q selects, drawn at random without replacement; all of them if they are at most
// n, none if n is not positive.
//
// The draw is stable: those are drawn whose hashes by salt, those of Sample, are the smallest, and they come in the
// order of their hashes. So the draw depends on the ids of the selected customers and on the salt alone, not on machine
// or order of arrival; the first k are the draw of k; and someone who is drawn stays drawn until enough others with
// smaller hashes are selected too. Draws by different salts have nothing to do with each other. Cost: as Members, and
// memory for 2n customers a goroutine.
func (s *Snapshot) Draw(ctx context.Context, q Query, n int, salt string) ([]customer.ID, error) {
	p, err := s.prepare(ctx, q)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && n > 0 {
		err = s.needIDs(ctx)
	}
	if err != nil || n <= 0 {
		return nil, err
	}
	type lot struct {
		hash     uint64
		position uint32
	}
	compare := func(a, b lot) int {
		if c := cmp.Compare(a.hash, b.hash); c != 0 || a.position == b.position {
			return c
		}
		return compareIDs(s.ids.id(a.position), s.ids.id(b.position))
	}
	type state struct {
		frame *frame
		w     kernel.Words
		best  best[lot]
	}
	sampler := newSampler(salt)
	states, err := sweep(ctx, p.workers, len(s.exists), func() *state {
		return &state{frame: p.frame(), best: best[lot]{n: min(n, s.alive), compare: compare}}
	}, func(st *state, c int) {
		if !st.frame.load(p.root, c, &st.w) {
			return
		}
		ids := s.ids.ids(c)
		for m := range members(&st.w) {
			st.best.add(lot{sampler.hash(ids[m]), uint32(c)<<chunkBits | uint32(m)})
		}
	})
	if err != nil {
		return nil, err
	}
	all := states[0].best
	for _, st := range states[1:] {
		all.merge(&st.best)
	}
	drawn := make([]customer.ID, 0, all.n)
	for _, l := range all.sorted() {
		drawn = append(drawn, s.ids.id(l.position))
	}
	return drawn, nil
}

func compareIDs(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) }

// best keeps the first n of what is added to it, by an order in which no two are equal. Not safe for concurrent use.
type best[T any] struct {
	n       int
	compare func(a, b T) int
	kept    []T
	full    bool // n were found that come before last, or are it
	last    T
}

func (b *best[T]) add(x T) {
	if b.full && b.compare(x, b.last) > 0 {
		return
	}
	if b.kept = append(b.kept, x); len(b.kept) >= 2*b.n {
		b.sorted()
	}
}

func (b *best[T]) merge(other *best[T]) {
	for _, x := range other.kept {
		b.add(x)
	}
}

// sorted returns the first n, in order.
func (b *best[T]) sorted() []T {
	slices.SortFunc(b.kept, b.compare)
	if len(b.kept) >= b.n && b.n > 0 {
		b.kept = b.kept[:b.n]
		b.full, b.last = true, b.kept[b.n-1]
	}
	return b.kept
}
