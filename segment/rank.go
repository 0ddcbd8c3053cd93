package segment

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// Ranked is a customer and the value of a tag. Safe for concurrent use.
type Ranked struct {
	ID    customer.ID    // who it is
	Value customer.Value // what the customer has
}

// Top returns the k customers with the largest values of an Integer, a Decimal, a Float or a Time, the largest first, of
// those whom the query selects and who have a value; fewer if there are fewer. Equal values stand in order of arrival,
// and of those at the end the earliest are in. An unknown tag, or one of another kind, is a *TagError.
//
// Cost: chunks with larger values are looked at first, and those that cannot have one of the k are not looked at; in
// the others the highest bits tell who can be. Memory: 2k values.
func (s *Snapshot) Top(ctx context.Context, q Query, tag string, k int) ([]Ranked, error) {
	return s.rank(ctx, q, tag, k, false)
}

// Bottom returns the k customers with the smallest values, the smallest first, and is as Top otherwise.
func (s *Snapshot) Bottom(ctx context.Context, q Query, tag string, k int) ([]Ranked, error) {
	return s.rank(ctx, q, tag, k, true)
}

// Max returns the largest value of an Integer, a Decimal, a Float or a Time of the customers whom the query selects,
// unset if none has a value. Errors and cost are those of Top.
func (s *Snapshot) Max(ctx context.Context, q Query, tag string) (customer.Value, error) {
	return first(s.Top(ctx, q, tag, 1))
}

// Min returns the smallest value, and is as Max otherwise.
func (s *Snapshot) Min(ctx context.Context, q Query, tag string) (customer.Value, error) {
	return first(s.Bottom(ctx, q, tag, 1))
}

func first(ranked []Ranked, err error) (customer.Value, error) {
	if len(ranked) == 0 {
		return customer.Value{}, err
	}
	return ranked[0].Value, nil
}

// rank is Top, and with down Bottom.
func (s *Snapshot) rank(ctx context.Context, q Query, tag string, k int, down bool) ([]Ranked, error) {
	p, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float, Time)
	if err != nil || k <= 0 {
		return nil, err
	}
	b := &podium{k: k}
	if down {
		b.flip = math.MaxUint64
	}
	if err := b.search(ctx, p, d); err != nil {
		return nil, err
	}
	if err := s.needIDsOf(ctx, func(yield func(uint32) bool) {
		for _, e := range b.list {
			if !yield(e.position) {
				return
			}
		}
	}); err != nil {
		return nil, err
	}
	ranked := make([]Ranked, len(b.list))
	for i, e := range b.list {
		ranked[i] = Ranked{s.ids.id(e.position), t.keyed(e.key ^ b.flip)}
	}
	return ranked, nil
}

// entry is a customer and the key of a value, or for Bottom its complement.
type entry struct {
	key      uint64
	position uint32
}

func (e entry) compare(f entry) int {
	return cmp.Or(cmp.Compare(f.key, e.key), cmp.Compare(e.position, f.position))
}

// podium collects the k entries that come first. Safe for concurrent use by search.
type podium struct {
	k     int
	flip  uint64        // what keys are xored with
	floor atomic.Uint64 // no key below it is one of the k
	mu    sync.Mutex
	list  []entry
}

// reach returns the largest key of a column, flipped.
func (b *podium) reach(col numeric) uint64 {
	lo, hi := col.span()
	if b.flip != 0 {
		return lo ^ b.flip
	}
	return hi
}

func (b *podium) search(ctx context.Context, p *program, d *tagData) error {
	type place struct {
		col  numeric
		c    int
		most uint64
	}
	var places []place
	for c := range p.s.exists {
		if col, ok := d.column(c).(numeric); ok {
			places = append(places, place{col, c, b.reach(col)})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.most, a.most) })
	parallel.States(p.workers, len(places), p.frame, func(f *frame, i int) {
		if at := places[i]; ctx.Err() == nil && at.most >= b.floor.Load() {
			b.chunk(f, at.c, at.col)
		}
	})
	b.prune(b.k)
	return ctx.Err()
}

// chunk looks at a chunk.
func (b *podium) chunk(f *frame, c int, col numeric) {
	w := f.scrap()
	defer f.give(w)
	chosen := f.selected(c, w)
	if chosen == nil {
		return
	}
	chosen, n := f.having(c, chosen, col.members(), w)
	if n == 0 {
		return
	}
	floor := b.floor.Load()
	if ints, ok := col.(*intColumn); ok && !ints.sparse() && n > probeMax {
		if chosen != w {
			*w = *chosen
		}
		ints.reduce(w, f, floor, b.flip)
		chosen = w
	}
	gather(col, chosen, func(at []uint16, keys []uint64) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, key := range keys {
			if key ^= b.flip; key >= b.floor.Load() {
				b.list = append(b.list, entry{key, uint32(c)<<chunkBits | uint32(at[i])})
				if len(b.list)-b.k >= max(b.k, 64) {
					b.prune(b.k)
				}
			}
		}
	})
}

// prune leaves the first k entries, in order.
func (b *podium) prune(k int) {
	slices.SortFunc(b.list, entry.compare)
	if len(b.list) >= k {
		b.list = b.list[:k]
		b.floor.Store(b.list[k-1].key)
	}
}

// reduce takes positions out of w, all of which must be set, whose keys xored with flip are below floor: as many as are
// told from the others by few bits. It goes from the highest bit down and keeps who is above floor for sure, and
// who is level with it so far. (Rinfret, O'Neil and O'Neil, Bit-sliced index arithmetic, SIGMOD 2001, for finding the
// largest values.)
func (c *intColumn) reduce(w *kernel.Words, f *frame, floor, flip uint64) {
	least, greatest := c.span()
	floor ^= flip
	down := flip != 0
	switch { // from here on floor is an offset: at least it, and with down at most
	case !down && floor <= least || down && floor >= greatest:
		return
	case down && floor < least || !down && floor > greatest:
		*w = kernel.Words{}
		return
	case down:
		floor = (floor - least) >> c.shift
	default:
		floor = (floor - least + (1<<c.shift - 1)) >> c.shift
	}
	above, more := f.take(), f.scrap()
	defer f.give(above)
	defer f.give(more)
	step := 0
	for k := int(c.width) - 1; k >= 0; k-- {
		slice := (*kernel.Words)(c.slices[k*kernel.Size:])
		one := floor>>k&1 == 1
		any := false
		switch {
		case one && !down:
			any = kernel.And(w, w, slice)
		case one:
			if kernel.AndNot(more, w, slice) {
				kernel.Or(above, above, more)
			}
			any = kernel.And(w, w, slice)
		case down:
			any = kernel.AndNot(w, w, slice)
		default:
			if kernel.And(more, w, slice) {
				kernel.Or(above, above, more)
			}
			any = kernel.AndNot(w, w, slice)
		}
		if step++; !any || step%4 == 0 && kernel.Count(w) <= probeMax {
			break
		}
	}
	kernel.Or(w, w, above)
}
