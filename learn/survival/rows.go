package survival

import (
	"math"
	"math/bits"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
)

// rows is a prepared table on the timeline: blocks of gram.Block rows, feature by feature, the
// last filled up with rows of weight 0.
type rows struct {
	*timeline
	n, p    int
	workers int
	block   []float64
	weight  []float64
	event   []bool
	ended   []int32     // rows of events
	spans   [][]int32   // see spanned; nil without entries
	shift   [][]float64 // what centre took from each feature, by stratum
	unit    float64     // a power of 2: weights are those of the data divided by it, about 1 on average
	ties    Ties

	deaths []int32   // events in each slot
	dead   []float64 // sum of their weights
	tied   bool      // there are slots of several events
}

func newRows(l *timeline, d *Data, p int, ties Ties, workers int) *rows {
	n := len(l.rows)
	blocks := (n + gram.Block - 1) / gram.Block
	r := &rows{
		timeline: l, n: n, p: p, workers: workers, ties: ties,
		block: make([]float64, blocks*gram.Block*p), weight: make([]float64, n), event: make([]bool, n),
		deaths: make([]int32, len(l.time)), dead: make([]float64, len(l.time)), unit: l.unit(d), shift: make([][]float64, p),
	}
	for i, row := range l.rows {
		r.weight[i], r.event[i] = d.weight(int(row))/r.unit, d.Event[row]
		if r.event[i] {
			r.ended = append(r.ended, int32(i))
			q := l.at[i]
			r.deaths[q]++
			r.dead[q] += r.weight[i]
			r.tied = r.tied || r.deaths[q] > 1 && ties == Efron
		}
	}
	if l.from != nil {
		r.spans = r.spanned()
	}
	return r
}

// feature returns feature j of a block.
func (r *rows) feature(block, j int) []float64 {
	return r.block[(block*r.p+j)*gram.Block:][:gram.Block]
}

// set sets feature j of a row.
func (r *rows) set(row, j int, x float64) {
	r.block[(row/gram.Block*r.p+j)*gram.Block+row%gram.Block] = x
}

// blocks is the number of blocks.
func (r *rows) blocks() int { return (r.n + gram.Block - 1) / gram.Block }

// parts is into how many parts blocks are cut, so that a matrix for each takes no more than 64 MB together.
func (r *rows) parts(blocks int) int {
	return min(mostParts, max(1, 1<<23/max(1, r.p*r.p)), blocks)
}

const mostParts = 64

// chunks cuts the blocks into parts whose sums are added in order, and calls f for each.
func (r *rows) chunks(f func(part, lo, hi int)) (parts int) {
	parts = r.parts(r.blocks())
	parallel.Ranges(r.workers, r.blocks(), parts, f)
	return parts
}

// linear sets eta to the log-risk of each row.
func (r *rows) linear(eta, b []float64) {
	r.chunks(func(_, lo, hi int) {
		var dst [gram.Block]float64
		for k := lo; k < hi; k++ {
			gram.Combine(&dst, r.block[k*gram.Block*r.p:][:gram.Block*r.p], b)
			copy(eta[k*gram.Block:min(r.n, (k+1)*gram.Block)], dst[:])
		}
	})
}

// bounds returns the least and the largest value of each stratum among the rows that are ever at risk.
func (r *rows) bounds(value []float64) (low, top []float64) {
	low, top = make([]float64, len(r.strata)), make([]float64, len(r.strata))
	for s := range r.strata {
		low[s], top[s] = math.Inf(1), math.Inf(-1)
		for i := r.begin[s]; i < r.begin[s+1]; i++ {
			if !r.never(int(i)) {
				low[s], top[s] = min(low[s], value[i]), max(top[s], value[i])
			}
		}
	}
	return low, top
}

// centre takes from feature j its mean in each stratum among the rows that are ever at risk there, which the
// likelihood does not see: differences between strata cost no digits.
func (r *rows) centre(j int) {
	if len(r.strata) == 1 {
		return
	}
	r.shift[j] = make([]float64, len(r.strata))
	for s := range r.strata {
		var total, weight sum
		for i := int(r.begin[s]); i < int(r.begin[s+1]); i++ {
			if !r.never(i) {
				total.add(r.weight[i] * r.feature(i/gram.Block, j)[i%gram.Block])
				weight.add(r.weight[i])
			}
		}
		if weight.total() == 0 {
			continue
		}
		mean := total.total() / weight.total()
		r.shift[j][s] = mean
		most := 0.0
		for i := int(r.begin[s]); i < int(r.begin[s+1]); i++ {
			x := &r.feature(i/gram.Block, j)[i%gram.Block]
			if *x -= mean; !r.never(i) {
				most = max(most, math.Abs(*x))
			}
		}
		if most > 1e-12*(1+math.Abs(mean)) {
			continue
		}
		for i := r.begin[s]; i < r.begin[s+1]; i++ { // constant but for rounding
			r.set(int(i), j, 0)
		}
	}
}

// away is by how much centre moved the log-risks of a stratum.
func (r *rows) away(s int, b []float64) float64 {
	total := 0.0
	for j, shift := range r.shift {
		if shift != nil {
			total += float64(shift[s] * b[j])
		}
	}
	return total
}

// room is how much total needs beside.
func (r *rows) room() int {
	if r.from == nil {
		return 0
	}
	return r.n + len(r.time)
}

// total sets dst, one number a slot, to the sum of x over the rows at risk there, and where
// deaths is not nil, that to the sum over its events. x gives the numbers of a block, 0 for rows that
// are never at risk; all has room for those of all rows if there are entries.
func (r *rows) total(dst, deaths, all []float64, x func(block int, scratch *[gram.Block]float64) []float64) {
	clear(dst)
	clear(deaths)
	var scratch [gram.Block]float64
	end := 0
	for k := range r.blocks() {
		lo, hi := k*gram.Block, min(r.n, (k+1)*gram.Block)
		values := x(k, &scratch)[:hi-lo]
		at := r.at[lo:hi]
		if r.from != nil {
			copy(all[lo:], values)
		} else {
			for i, v := range values {
				dst[at[i]] += v
			}
		}
		if deaths != nil {
			for ; end < len(r.ended) && int(r.ended[end]) < hi; end++ {
				i := int(r.ended[end]) - lo
				deaths[at[i]] += values[i]
			}
		}
	}
	if r.from == nil {
		r.suffix(dst, nil)
		return
	}
	part := all[r.n:]
	for level, rows := range r.spans {
		if len(rows) == 0 {
			continue
		}
		clear(part)
		for _, i := range rows {
			part[r.at[i]] += all[i]
			if level > 0 {
				part[r.from[i]+1] += all[i]
			}
		}
		halves(len(part), level, func(lo, mid, hi int) {
			total := 0.0
			for q := lo; q < mid; q++ {
				total += part[q]
				dst[q] += total
			}
			total = 0
			for q := hi - 1; q >= mid; q-- {
				total += part[q]
				dst[q] += total
			}
		})
	}
}

// spanned sorts the rows that are ever at risk by the level of the slots from+1 to at in which they are:
// 0 if these are one, and otherwise the level of the least aligned block of 2^level slots that has them all. Its
// middle is among them, so that they are the end of its first half and the beginning of its second: sums over
// the rows of a slot, or the slots of a row, are sums from the middle outwards or inwards, and nothing is ever taken
// away, which would leave rounding of what was large.
func (r *rows) spanned() [][]int32 {
	spans := make([][]int32, bits.Len(uint(len(r.time)))+1)
	for i := range r.n {
		if !r.never(i) {
			level := bits.Len32(uint32(r.from[i]+1) ^ uint32(r.at[i]))
			spans[level] = append(spans[level], int32(i))
		}
	}
	return spans
}

// halves calls f with the bounds of the two halves of each block of a level; at level 0 with a second half alone.
func halves(slots, level int, f func(lo, mid, hi int)) {
	size := 1 << level
	for lo := 0; lo < slots; lo += size {
		f(lo, min(slots, lo+size/2), min(slots, lo+size))
	}
}
