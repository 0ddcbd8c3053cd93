package segment

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// census says how to count who has which value of which tag, in a part of the customers and in a whole that holds it.
// It is not changed while it counts.
type census struct {
	s       *Snapshot
	workers int
	part    *plan // within the whole, unless union
	whole   *plan
	union   bool // the whole is what either of part and whole selects
	slots   []slot
	size    int // number of counts
}

// slot says where the counts of a tag stand: from first on, at 0 that of the customers with any value, then for a Flag
// true, for an Enum and Labels one for each code, for others the customers with at least each of cuts.
type slot struct {
	tag    int
	first  int
	n      int
	ints   []int64   // cuts of whole numbers, ascending
	floats []float64 // cuts of floats, ascending
}

// tally is what a census finds. All numbers of customers fit in 32 bits.
type tally struct {
	part, whole   []uint32 // by slot
	nPart, nWhole int
}

func newCensus(s *Snapshot, workers int, part, whole *plan, tags []int) *census {
	c := &census{s: s, workers: workers, part: part, whole: whole}
	for _, tag := range tags {
		n := 1
		switch c.s.tags.tags[tag].Kind {
		case Flag:
			n = 2
		case Enum, Labels:
			n = 1 + c.s.data[tag].last
		}
		c.slots = append(c.slots, slot{tag: tag, n: n})
	}
	c.place()
	return c
}

// place gives each slot its counts.
func (c *census) place() {
	c.size = 0
	for i := range c.slots {
		c.slots[i].first = c.size
		c.size += c.slots[i].n
	}
}

// counter is what one goroutine counts with. Not safe for concurrent use.
type counter struct {
	*census
	frame       *frame
	everyone    bool         // the whole is everyone
	part, whole kernel.Words // of the chunk; whole is not used if it is everyone
	inPart      int          // customers of the chunk in part
	ranks       kernel.Ranks // of part
	found       tally
}

func (c *census) counter() *counter {
	return &counter{
		census: c, frame: &frame{s: c.s}, everyone: c.whole.isEveryone(),
		found: tally{part: make([]uint32, c.size), whole: make([]uint32, c.size)},
	}
}

// load finds part and whole of a chunk, and tells whether anyone is in them.
func (k *counter) load(chunk int) (any bool) {
	k.frame.load(k.census.part, chunk, &k.part)
	inWhole := k.s.exists[chunk].Len()
	if !k.everyone {
		k.frame.load(k.census.whole, chunk, &k.whole)
		if k.union {
			kernel.Or(&k.whole, &k.whole, &k.part)
		} else {
			kernel.And(&k.part, &k.part, &k.whole)
		}
		inWhole = kernel.Count(&k.whole)
	}
	k.inPart = k.ranks.Rank(&k.part)
	k.found.nPart += k.inPart
	k.found.nWhole += inWhole
	return inWhole > 0
}

// count counts every chunk.
func (c *census) count(ctx context.Context) (tally, error) {
	counters, err := sweep(ctx, c.workers, len(c.s.exists), c.counter, func(k *counter, chunk int) {
		if !k.load(chunk) {
			return
		}
		for i := range c.slots {
			sl := &c.slots[i]
			k.column(sl, c.s.data[sl.tag].column(chunk))
		}
	})
	if err != nil {
		return tally{}, err
	}
	t := counters[0].found
	for _, k := range counters[1:] {
		t.nPart += k.found.nPart
		t.nWhole += k.found.nWhole
		for i := range t.part {
			t.part[i] += k.found.part[i]
			t.whole[i] += k.found.whole[i]
		}
	}
	return t, nil
}

// column counts a column.
func (k *counter) column(sl *slot, col column) {
	if col == nil {
		return
	}
	k.set(sl.first, col.members())
	switch col := col.(type) {
	case *flagColumn:
		k.set(sl.first+1, col.yes)
	case *enumColumn:
		k.enum(sl, col)
	case *labelsColumn:
		for i, code := range col.codes {
			k.set(sl.first+int(code), col.sets[i])
		}
	case *intColumn:
		for i, at := range sl.ints {
			switch col.reach(at, math.MaxInt64) {
			case reachAll:
				k.set(sl.first+1+i, col.set)
			case reachSome:
				w := k.frame.scrap()
				col.within(w, at, math.MaxInt64)
				k.words(sl.first+1+i, w)
				k.frame.give(w)
			}
		}
	case *floatColumn:
		for i, at := range sl.floats {
			switch col.reach(at, math.MaxFloat64) {
			case reachAll:
				k.set(sl.first+1+i, col.set)
			case reachSome:
				w := k.frame.scrap()
				col.within(w, at, math.MaxFloat64)
				k.words(sl.first+1+i, w)
				k.frame.give(w)
			}
		}
	}
}

// set counts the members of a set.
func (k *counter) set(at int, set bitset.Set) {
	if k.inPart > 0 {
		k.found.part[at] += uint32(set.RankedCount(&k.part, &k.ranks))
	}
	if k.everyone {
		k.found.whole[at] += uint32(set.Len())
	} else {
		k.found.whole[at] += uint32(set.AndCount(&k.whole))
	}
}

// words counts existing customers.
func (k *counter) words(at int, w *kernel.Words) {
	k.found.part[at] += uint32(kernel.AndCount(w, &k.part))
	if k.everyone {
		k.found.whole[at] += uint32(kernel.Count(w))
	} else {
		k.found.whole[at] += uint32(kernel.AndCount(w, &k.whole))
	}
}

// enum counts codes: one look at each customer counts all of them.
func (k *counter) enum(sl *slot, col *enumColumn) {
	part, whole := k.found.part[sl.first:][:sl.n], k.found.whole[sl.first:][:sl.n]
	anyPart, anyWhole := part[0], whole[0] // counting adds the customers without value here
	if k.inPart > 0 {
		col.count(part, &k.part)
	}
	if k.everyone {
		for i, code := range col.codes {
			whole[code] += uint32(col.sets[i].Len())
		}
	} else {
		col.count(whole, &k.whole)
	}
	part[0], whole[0] = anyPart, anyWhole
}

// cut divides the numbers of each tag into at most so many bands, with about as many customers of the whole in each.
// Cuts are values that occur.
func (c *census) cut(ctx context.Context, bands int) error {
	numeric := *c
	numeric.slots = nil
	for _, sl := range c.slots {
		if isBanded(c.s.tags.tags[sl.tag].Kind) {
			numeric.slots = append(numeric.slots, sl)
		}
	}
	if len(numeric.slots) == 0 || bands < 2 {
		return nil
	}
	numeric.place()
	found, err := numeric.count(ctx)
	if err != nil {
		return err
	}
	samples, err := numeric.sample(ctx, found.whole)
	if err != nil {
		return err
	}
	for i := range c.slots {
		sl := &c.slots[i]
		if isBanded(c.s.tags.tags[sl.tag].Kind) {
			sl.ints, sl.floats = cuts(samples[0].ints, bands), cuts(samples[0].floats, bands)
			sl.n += len(sl.ints) + len(sl.floats)
			samples = samples[1:]
		}
	}
	c.place()
	return nil
}

func isBanded(k Kind) bool { return k == Integer || k == Decimal || k == Float || k == Time }

// cuts returns the quantiles between bands of equal size, each once and none that is the least value.
func cuts[T cmp.Ordered](values []T, bands int) (at []T) {
	slices.Sort(values)
	for i := 1; i < bands && len(values) > 0; i++ {
		v := values[int(int64(len(values))*int64(i)/int64(bands))]
		if v > values[0] && (len(at) == 0 || v > at[len(at)-1]) {
			at = append(at, v)
		}
	}
	return at
}

// sampleSize is how many values of a tag are enough to find cuts from. The standard error of the share below a cut is
// then at most 0.5/sqrt(2^17), 0.14 % of all.
const sampleSize = 1 << 17

// numbers are values of a tag.
type numbers struct {
	ints   []int64
	floats []float64
}

// sample returns values of the tags: all where there are at most sampleSize, else about so many, chosen by the hashes of
// their positions. sizes are the numbers of values there are.
func (c *census) sample(ctx context.Context, sizes []uint32) ([]numbers, error) {
	type sampler struct {
		*counter
		samples []numbers
	}
	samplers, err := sweep(ctx, c.workers, len(c.s.exists), func() *sampler {
		return &sampler{c.counter(), make([]numbers, len(sizes))}
	}, func(k *sampler, chunk int) {
		if !k.load(chunk) {
			return
		}
		w := k.frame.scrap()
		defer k.frame.give(w)
		for i, sl := range c.slots {
			col := c.s.data[sl.tag].column(chunk)
			if col == nil {
				continue
			}
			col.members().Load(w)
			if !k.everyone {
				kernel.And(w, w, &k.whole)
			}
			if sizes[i] > sampleSize {
				below := uint64(sampleSize<<32/uint64(sizes[i])) << 32
				keep(w, func(p uint16) bool { return splitmix(uint64(chunk)<<chunkBits|uint64(p)) < below })
			}
			to := &k.samples[i]
			switch col := col.(type) {
			case *intColumn:
				col.each(w, func(_ uint16, v int64) { to.ints = append(to.ints, v) })
			case *floatColumn:
				col.each(w, func(_ uint16, v float64) { to.floats = append(to.floats, v) })
			}
		}
	})
	if err != nil {
		return nil, err
	}
	all := make([]numbers, len(sizes))
	for _, k := range samplers {
		for i := range all {
			all[i].ints = append(all[i].ints, k.samples[i].ints...)
			all[i].floats = append(all[i].floats, k.samples[i].floats...)
		}
	}
	return all, nil
}
