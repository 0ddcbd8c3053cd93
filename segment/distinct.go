package segment

import (
	"context"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/parallel"
)

// Distinct returns how many different values of a tag of any kind the customers have whom the query selects, exactly;
// unset is none, and of Labels each label is one. An unknown tag is a *TagError.
//
// Cost: that of GroupBy; for numbers and times a look at each value, and a bit for each value there could be between the
// least and the greatest or, where those are many, 16 bytes a value, which are sorted.
func (s *Snapshot) Distinct(ctx context.Context, q Query, tag string) (int, error) {
	p, t, d, err := s.ask(ctx, q, tag, Flag, Enum, Labels, Integer, Decimal, Float, Time)
	if err != nil {
		return 0, err
	}
	if t.Kind == Flag || t.Kind == Enum || t.Kind == Labels {
		groups, err := s.GroupBy(ctx, q, nil, tag)
		n := len(groups)
		for _, g := range groups {
			if g.Values[0].IsUnset() {
				n--
			}
		}
		return n, err
	}
	r, err := p.ranker(ctx, d)
	if err != nil {
		return 0, err
	}
	switch {
	case r.n == 0:
		return 0, nil
	case (r.hi-r.lo)/64 <= uint64(r.n)+1<<10:
		return r.distinctNear(ctx)
	}
	keys, err := r.take(ctx, 1)
	return len(slices.Compact(keys)), err
}

// distinctNear counts different keys by a bit for each that there could be.
func (r *ranker) distinctNear(ctx context.Context) (int, error) {
	seen := make([]uint64, (r.hi-r.lo)/64+1)
	parallel.For(r.workers, len(r.pieces), func(i int) {
		if ctx.Err() != nil {
			return
		}
		gather(r.pieces[i].col, r.pieces[i].w, func(_ []uint16, keys []uint64) {
			for _, key := range keys {
				word, bit := &seen[(key-r.lo)/64], uint64(1)<<((key-r.lo)%64)
				if atomic.LoadUint64(word)&bit == 0 {
					atomic.OrUint64(word, bit)
				}
			}
		})
	})
	n := 0
	for _, word := range seen {
		n += bits.OnesCount64(word)
	}
	return n, ctx.Err()
}
