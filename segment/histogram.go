package segment

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
)

// MaxBins is the largest number of bins that a histogram is asked for.
const MaxBins = 10_000

// Bin is a stretch of the values of a tag, From <= value < To. Safe for concurrent use.
type Bin struct {
	From, To customer.Value // unset where the bin is open
	Count    int            // customers with such a value
}

// Histogram returns how the values of an Integer, a Decimal, a Float or a Time spread over the customers whom the query
// selects and who have a value: up to bins bins of equal width, of which the first begins at the least value and the
// last holds the greatest; none if there are no values. bins is 1 to MaxBins. The width is the least number of whole
// units of the tag that will do, so that there may be fewer bins; the last one is open if its end is beyond what the tag
// can hold. For a Float it is (greatest - least) / bins, and the last bin ends with the greatest value and holds it. An
// unknown tag, or one of another kind, is a *TagError.
//
// Cost: that of the quantiles 0 and 1, and a look at every value.
func (s *Snapshot) Histogram(ctx context.Context, q Query, tag string, bins int) ([]Bin, error) {
	if bins < 1 || bins > MaxBins {
		return nil, fmt.Errorf("segment: histogram: bins must be 1 to %d", MaxBins)
	}
	p, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float, Time)
	if err != nil {
		return nil, err
	}
	r, err := p.ranker(ctx, d)
	if err != nil || r.n == 0 {
		return nil, err
	}
	lo, err := r.at(ctx, 0)
	if err != nil {
		return nil, err
	}
	hi, err := r.at(ctx, r.n-1)
	if err != nil {
		return nil, err
	}
	starts, end := t.bins(lo, hi, bins)
	counts, err := r.histogram(ctx, starts[1:])
	if err != nil {
		return nil, err
	}
	list := make([]Bin, len(starts))
	for i, start := range starts {
		list[i] = Bin{From: t.keyed(start), To: end, Count: counts[i]}
		if i > 0 {
			list[i-1].To = list[i].From
		}
	}
	return list, nil
}

// HistogramAt is Histogram with bins that are cut at the edges, which ascend: one bin below the first, one from each edge
// to the next, and one from the last on, so that every value is counted. Edges are given as numbers and instants are
// to the functions that build rules; there are at most MaxBins.
func (s *Snapshot) HistogramAt(ctx context.Context, q Query, tag string, edges ...any) ([]Bin, error) {
	p, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float, Time)
	if err != nil {
		return nil, err
	}
	if len(edges) > MaxBins {
		return nil, fmt.Errorf("segment: histogram of more than %d edges: %w", MaxBins, ErrLimit)
	}
	list := make([]Bin, len(edges)+1)
	starts := make([]uint64, len(edges))
	for i, edge := range edges {
		v, key, reason := t.edge(edge)
		if reason == "" && i > 0 && !ascends(list[i].From, v) {
			reason = "it is not above the one before it"
		}
		if reason != "" {
			return nil, &TagError{Tag: tag, Reason: fmt.Sprintf("edge %d of the histogram cannot be used: %s", i, reason)}
		}
		list[i].To, list[i+1].From, starts[i] = v, v, key
	}
	r, err := p.ranker(ctx, d)
	if err != nil {
		return nil, err
	}
	counts, err := r.histogram(ctx, starts)
	if err != nil {
		return nil, err
	}
	for i, n := range counts {
		list[i].Count = n
	}
	return list, nil
}

// bins returns the keys at which bins of equal width from lo to hi begin, and the end of the last.
func (t *Tag) bins(lo, hi uint64, bins int) (starts []uint64, end customer.Value) {
	if t.Kind == Float {
		least, greatest := keyFloat(lo), keyFloat(hi)
		for i := range bins {
			x := float64(i) / float64(bins)
			starts = append(starts, max(lo, min(hi, floatKey(least*(1-x)+greatest*x))))
		}
		return slices.Compact(starts), t.keyed(hi)
	}
	width := (hi-lo)/uint64(bins) + 1 // 0 is 2^64
	n := uint64(0)
	if width > 0 {
		n = (hi - lo) / width
	}
	for i := range n + 1 {
		starts = append(starts, lo+i*width)
	}
	last := starts[n] + width
	if width == 0 || last < width || t.Kind == Time && !validTime(unitTime(keyInt(last), t.unit())) {
		return starts, end
	}
	return starts, t.keyed(last)
}

// edge returns an edge as a value, and the least key of what is not below it; or why it cannot be used.
func (t *Tag) edge(given any) (v customer.Value, key uint64, reason string) {
	l, fault := literalOf(given)
	if fault != "" {
		return v, 0, fault
	}
	v = l.value
	at, isTime := v.Time()
	if isTime != (t.Kind == Time) || !isTime && !isNumber(v) {
		return v, 0, t.mismatch(v.Kind().String()).Error()
	}
	if t.Kind == Float {
		return v, floatKey(nearestFloat(v) + 0), ""
	}
	var n int64
	ok := true
	if isTime {
		n, ok = ceilUnits(at, t.unit())
		ok = ok || n < 0
	} else {
		lo, hi := intRange(ge, v, t.Scale)
		n, ok = lo, lo <= hi
	}
	if !ok {
		return v, 0, "it is above all that the tag can hold"
	}
	return v, intKey(n), ""
}

// ascends tells whether v, a number or an instant, is below w, which is of the same sort.
func ascends(v, w customer.Value) bool {
	if a, ok := v.Time(); ok {
		b, _ := w.Time()
		return a.Before(b)
	}
	return rat(v).Cmp(rat(w)) < 0
}

// histogram returns the number of keys below the first start, from each start to the next, and from the last on.
func (r *ranker) histogram(ctx context.Context, starts []uint64) ([]int, error) {
	parts := make([][]int, len(r.pieces))
	parallel.For(r.workers, len(r.pieces), func(i int) {
		if ctx.Err() == nil {
			parts[i] = r.pieces[i].histogram(starts)
		}
	})
	counts := make([]int, len(starts)+1)
	for _, part := range parts {
		for i, n := range part {
			counts[i] += n
		}
	}
	return counts, ctx.Err()
}

// binTable is the number of entries of the table of histogram.
const binTable = 1 << 10

func (p *piece) histogram(starts []uint64) []int {
	counts := make([]int, len(starts)+1)
	bin := func(key uint64) int { return sort.Search(len(starts), func(i int) bool { return starts[i] > key }) }
	lo, hi := p.col.span()
	first, last := bin(lo), bin(hi)
	if first == last {
		counts[first] = p.n
		return counts
	}
	// The bins of evenly spread keys: between two of them lie few starts.
	shift := max(bits.Len64(hi-lo)-bits.Len(binTable-1), 0)
	var table [binTable + 1]uint16
	for i := range table {
		table[i] = uint16(last)
		if from := lo + uint64(i)<<shift; i < binTable && from >= lo && from <= hi {
			table[i] = uint16(bin(from))
		}
	}
	gather(p.col, p.w, func(_ []uint16, keys []uint64) {
		for _, key := range keys {
			at := (key - lo) >> shift
			i, end := int(table[at]), int(table[at+1])
			for end-i > 4 {
				if mid := (i + end) / 2; starts[mid] <= key {
					i = mid + 1
				} else {
					end = mid
				}
			}
			for i < end && starts[i] <= key {
				i++
			}
			counts[i]++
		}
	})
	return counts
}
