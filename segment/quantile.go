package segment

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sort"
	"sync"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/internal/simd"
)

// Quantiles returns for each p of ps, from 0 to 1, the least value v of an Integer, a Decimal, a Float or a Time so that
// at least p*n of the n values are at most v, counting the customers whom the query selects and who have a value:
// definition 1 of Hyndman and Fan, Sample quantiles in statistical packages (The American Statistician 50, 1996), the
// inverse of the empirical distribution function. It is always a value that occurs; p = 0 is the minimum, 0.5 the lower
// median, 1 the maximum. A p*n that is off a whole number by rounding alone is taken as that number. Quantiles of nobody
// are unset. An unknown tag, or one of another kind, is a *TagError.
//
// Cost: a sample of about n^(2/3) values says between which two values each quantile will lie; one or two passes for each
// quantile, over the highest bits of all values, count who is below and pick out the few in between. Up to 16,384
// values are sorted.
func (s *Snapshot) Quantiles(ctx context.Context, q Query, tag string, ps ...float64) ([]customer.Value, error) {
	for _, p := range ps {
		if !(p >= 0 && p <= 1) {
			return nil, fmt.Errorf("segment: quantile is asked for a share that is not from 0 to 1")
		}
	}
	program, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float, Time)
	if err != nil {
		return nil, err
	}
	r, err := program.ranker(ctx, d)
	if err != nil {
		return nil, err
	}
	values := make([]customer.Value, len(ps))
	if r.n == 0 {
		return values, nil
	}
	for i, p := range ps {
		key, err := r.at(ctx, rankOf(p, r.n))
		if err != nil {
			return nil, err
		}
		values[i] = t.keyed(key)
	}
	return values, nil
}

// rankOf returns the place, from 0, of the quantile p among n values in order.
func rankOf(p float64, n int) int {
	x := p * float64(n)
	at := math.Ceil(x)
	if whole := math.Round(x); math.Abs(x-whole) <= 4*0x1p-52*x {
		at = whole
	}
	return min(max(int(at), 1), n) - 1
}

// keyed returns the value of a key.
func (t *Tag) keyed(key uint64) customer.Value {
	if t.Kind == Float {
		return customer.Float64Value(keyFloat(key))
	}
	return t.value(keyInt(key))
}

// piece is what a question is about of one chunk.
type piece struct {
	col numeric
	w   *kernel.Words // the customers selected who have a value; not changed
	n   int           // how many, at least 1
}

// A ranker knows the values of a numeric tag that selected customers have.
type ranker struct {
	workers int
	pieces  []piece  // in order of chunks
	n       int      // values
	lo, hi  uint64   // all keys lie in lo to hi
	sample  []uint64 // keys of some, ascending; of all if there are n. nil: not drawn yet
}

func (p *program) ranker(ctx context.Context, d *tagData) (*ranker, error) {
	all := make([]piece, len(p.s.exists))
	err := p.each(ctx, func(f *frame, c int) {
		col, ok := d.column(c).(numeric)
		if !ok {
			return
		}
		w := f.scrap()
		chosen := f.selected(c, w)
		n := 0
		if chosen != nil {
			chosen, n = f.having(c, chosen, col.members(), w)
		}
		if chosen != w {
			f.give(w)
		}
		all[c] = piece{col, chosen, n}
	})
	r := &ranker{workers: p.workers, lo: math.MaxUint64}
	r.pieces = slices.DeleteFunc(all, func(p piece) bool { return p.n == 0 })
	for _, p := range r.pieces {
		lo, hi := p.col.span()
		r.n, r.lo, r.hi = r.n+p.n, min(r.lo, lo), max(r.hi, hi)
	}
	return r, err
}

// sortMax is the number of values up to which all are sorted.
const sortMax = 1 << 14

var spareWords = sync.Pool{New: func() any { return new(kernel.Words) }}

// sampleWords is the number of neighbouring words that are taken: the bits of their values share cache lines.
const sampleWords = 4

// take returns the keys of the values in one word of every so many, ascending.
func (r *ranker) take(ctx context.Context, every int) ([]uint64, error) {
	parts := make([][]uint64, len(r.pieces))
	parallel.For(r.workers, len(r.pieces), func(i int) {
		if ctx.Err() != nil {
			return
		}
		p := &r.pieces[i]
		w := p.w
		if every > 1 {
			w = spareWords.Get().(*kernel.Words)
			defer spareWords.Put(w)
			*w = kernel.Words{}
			for at := (i * 389) % every * sampleWords; at < len(w); at += every * sampleWords {
				copy(w[at:min(at+sampleWords, len(w))], p.w[at:])
			}
		}
		part := make([]uint64, 0, p.n/every+64)
		gather(p.col, w, func(_ []uint16, keys []uint64) { part = append(part, keys...) })
		parts[i] = part
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := slices.Concat(parts...)
	return radix.Sort(1, all, make([]uint64, len(all)), 0), nil
}

// maxGuesses is how many times a range is guessed from the sample before it is halved, which comes to an end even if the
// sample says nothing of the rest.
const maxGuesses = 8

// at returns the key at a place, from 0, in the order of all values.
func (r *ranker) at(ctx context.Context, rank int) (uint64, error) {
	if r.sample == nil {
		every := 1
		if r.n > sortMax {
			every = r.n / int(math.Pow(float64(r.n), 2.0/3))
		}
		var err error
		if r.sample, err = r.take(ctx, every); err != nil {
			return 0, err
		}
	}
	if len(r.sample) == r.n {
		return r.sample[rank], nil
	}
	lo, hi := r.lo, r.hi
	below, within := 0, r.n // the keys under lo, and in lo to hi
	at, margin, err := r.aim(ctx, rank)
	if err != nil {
		return 0, err
	}
	for guesses := 0; lo < hi; guesses++ {
		if guesses > 0 {
			at, margin = r.place(lo, hi, float64(rank-below)/float64(within))
		}
		from, to, pick := r.guess(lo, hi, at, margin)
		if guesses >= maxGuesses {
			from, to, pick = lo, lo+(hi-lo)/2, false
		}
		f, err := r.find(ctx, from, to, pick)
		if err != nil {
			return 0, err
		}
		switch {
		case rank < f.below:
			hi, within = from-1, f.below-below
		case rank >= f.below+f.within:
			lo, within, below = to+1, below+within-f.below-f.within, f.below+f.within
		case pick:
			return radix.Sort(1, f.keys, make([]uint64, len(f.keys)), 0)[rank-f.below], nil
		default:
			lo, hi, below, within = from, to, f.below, f.within
		}
	}
	return lo, nil
}

// within returns what of the sample lies in lo to hi.
func (r *ranker) within(lo, hi uint64) []uint64 {
	first := sort.Search(len(r.sample), func(i int) bool { return r.sample[i] >= lo })
	end := sort.Search(len(r.sample), func(i int) bool { return r.sample[i] > hi })
	return r.sample[first:end]
}

// place returns where among the sample in lo to hi the share of those keys will lie, and how far that may be off.
func (r *ranker) place(lo, hi uint64, share float64) (at, margin int) {
	m := float64(len(r.within(lo, hi)))
	return int(share * m), 2 + int(3*math.Sqrt(m*share*(1-share)))
}

// aim returns where among the sample the key at a place will lie, and how far that may be off. Where many keys would be
// picked out, all are counted first, by their highest bits, up to where the sample alone says: how far that is off says
// better where to look.
func (r *ranker) aim(ctx context.Context, rank int) (at, margin int, err error) {
	at, margin = r.place(r.lo, r.hi, float64(rank)/float64(r.n))
	each := float64(r.n) / float64(len(r.sample)) // keys that one of the sample stands for
	_, whole := r.pieces[0].col.(*intColumn)
	if !whole || len(r.sample) == 0 || 2*float64(margin)*each < float64(manyPicked()*len(r.pieces)) {
		return at, margin, nil
	}
	if margin <= at && at+margin < len(r.sample) && r.sample[at-margin] == r.sample[at+margin] {
		return at, margin, nil // it will be that one
	}
	const grain = 2 // of the sample
	at = min(at, len(r.sample)-1)
	key := r.sample[at]
	span := r.sample[min(at+grain, len(r.sample)-1)] - key
	parts := make([]int, len(r.pieces))
	parallel.For(r.workers, len(r.pieces), func(i int) {
		if ctx.Err() == nil {
			parts[i] = r.pieces[i].below(key, span)
		}
	})
	off := float64(rank)
	for _, n := range parts {
		off -= float64(n)
	}
	off /= each
	first := sort.Search(at, func(i int) bool { return r.sample[i] >= key }) // of those with that key
	at = min(max(first+int(off), 0), len(r.sample)-1)
	return at, 2*grain + int(3*math.Sqrt(math.Abs(off))), ctx.Err()
}

// manyPicked is the number of keys of a chunk from which looking at their highest bits once more is cheaper.
func manyPicked() int {
	if simd.InUse == simd.Go {
		return 512
	}
	return 96
}

// below counts the keys of whole numbers below key, more or less: those less than span off may be taken for one or the
// other.
func (p *piece) below(key, span uint64) int {
	lo, hi := p.col.span()
	switch {
	case hi < key:
		return p.n
	case lo >= key:
		return 0
	}
	col := p.col.(*intColumn)
	if col.sparse() {
		return p.find(key, key, true).below
	}
	offset := (key - lo) >> col.shift
	low := max(bits.Len64(span>>col.shift)-1, 0)
	if offset >>= low; offset == 0 {
		return 0
	}
	w := spareWords.Get().(*kernel.Words)
	defer spareWords.Put(w)
	kernel.Between(w, col.slices[low*kernel.Size:], 0, offset-1)
	return kernel.AndCount(w, p.w)
}

// guess returns a range of keys within lo to hi, margin to either side of the place among the sample there. If pick is
// true, few keys are likely to be in it; else it is a single key that many values have.
func (r *ranker) guess(lo, hi uint64, at, margin int) (from, to uint64, pick bool) {
	sample := r.within(lo, hi)
	m := len(sample)
	if m == 0 {
		mid := lo + (hi-lo)/2
		return mid, mid, false
	}
	from, to = lo, hi
	if at-margin >= 0 {
		from = sample[at-margin]
	}
	if at+margin < m {
		to = sample[at+margin]
	}
	count := func(from, to uint64) int {
		return sort.Search(m, func(i int) bool { return sample[i] > to }) - sort.Search(m, func(i int) bool { return sample[i] >= from })
	}
	if count(from, to) <= 3*margin {
		return from, to, true
	}
	most := sample[min(at, m-1)]
	for _, key := range []uint64{from, to} {
		if count(key, key) > count(most, most) {
			most = key
		}
	}
	return most, most, false
}

// found is how many keys are below a range and in it, and which.
type found struct {
	below, within int
	keys          []uint64
}

// find counts the keys below from and in from to to, and with pick returns the latter in any order.
func (r *ranker) find(ctx context.Context, from, to uint64, pick bool) (found, error) {
	parts := make([]found, len(r.pieces))
	parallel.For(r.workers, len(r.pieces), func(i int) {
		if ctx.Err() == nil {
			parts[i] = r.pieces[i].find(from, to, pick)
		}
	})
	var all found
	for i := range parts {
		all.below += parts[i].below
		all.within += parts[i].within
		all.keys = append(all.keys, parts[i].keys...)
	}
	return all, ctx.Err()
}

// manyTaken is the number of keys of a chunk, taken by their highest bits, from which reading the others of all is
// cheaper than looking at each.
const manyTaken = 1 << 11

func (p *piece) find(from, to uint64, pick bool) (f found) {
	lo, hi := p.col.span()
	switch {
	case hi < from:
		return found{below: p.n}
	case lo > to:
		return f
	case from <= lo && hi <= to && !pick:
		return found{within: p.n}
	}
	w := p.w
	if col, ok := p.col.(*intColumn); ok && !col.sparse() {
		w = spareWords.Get().(*kernel.Words)
		defer spareWords.Put(w)
		f.below, f.within = col.cut(w, p.w, from, to, !pick)
		if !pick {
			return f
		}
		if f.within > manyTaken {
			f.below, f.within = col.cut(w, p.w, from, to, true)
		}
		f.keys = make([]uint64, 0, f.within)
	}
	f.within = 0
	gather(p.col, w, func(_ []uint16, keys []uint64) {
		for _, key := range keys {
			switch {
			case key < from:
				f.below++
			case key <= to:
				f.within++
				if pick {
					f.keys = append(f.keys, key)
				}
			}
		}
	})
	return f
}

// cut counts the positions in w, which must be set, with keys below from and those in from to to, which it leaves in
// dst. The keys of the column reach into the range. Unless exact, it takes instead of from a key somewhat lower and
// instead of to one somewhat higher, which saves reading low bits.
func (c *intColumn) cut(dst, w *kernel.Words, from, to uint64, exact bool) (below, within int) {
	least, greatest := c.span()
	var lo uint64
	if from > least {
		lo = (from - least + (1<<c.shift - 1)) >> c.shift
	}
	hi := (min(to, greatest) - least) >> c.shift
	slices := c.slices
	if !exact && lo < hi {
		g := bits.Len64((hi - lo) >> 4)
		lo, hi, slices = lo>>g, hi>>g, slices[g*kernel.Size:]
	}
	less := spareWords.Get().(*kernel.Words)
	defer spareWords.Put(less)
	kernel.Split(less, dst, slices, lo, hi)
	kernel.And(dst, dst, w)
	return kernel.AndCount(less, w), kernel.Count(dst)
}
