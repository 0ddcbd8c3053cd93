package survival

import (
	"math"

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
	ended   []int32 // rows of events
	leaves  []int32 // rows that are ever at risk ascending by slot of entry; nil without entries
	fresh   []bool
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
		deaths: make([]int32, len(l.time)), dead: make([]float64, len(l.time)), fresh: l.fresh(),
	}
	for i, row := range l.rows {
		r.weight[i], r.event[i] = d.weight(int(row)), d.Event[row]
		if r.event[i] {
			r.ended = append(r.ended, int32(i))
			q := l.at[i]
			r.deaths[q]++
			r.dead[q] += r.weight[i]
			r.tied = r.tied || r.deaths[q] > 1 && ties == Efron
		}
	}
	if l.from != nil {
		r.leaves = l.byEntry()
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

// linear sets eta to the log-risk of each row, and returns the largest of those that are ever at risk.
func (r *rows) linear(eta, b []float64) float64 {
	most := make([]float64, mostParts)
	parts := r.chunks(func(part, lo, hi int) {
		most[part] = math.Inf(-1)
		var dst [gram.Block]float64
		for k := lo; k < hi; k++ {
			gram.Combine(&dst, r.block[k*gram.Block*r.p:][:gram.Block*r.p], b)
			to := eta[k*gram.Block : min(r.n, (k+1)*gram.Block)]
			copy(to, dst[:])
			for i, x := range to {
				if x > most[part] && !r.never(k*gram.Block+i) {
					most[part] = x
				}
			}
		}
	})
	top := math.Inf(-1)
	for _, x := range most[:parts] {
		top = max(top, x)
	}
	return top
}

// room is how much total needs beside.
func (r *rows) room() int {
	if r.from == nil {
		return 0
	}
	return r.n
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
	// What remains of rows that come and go may be far smaller than what went: every row is added and
	// taken away by itself, with compensation.
	join, leave := r.n-1, len(r.leaves)-1
	var total sum
	for q := len(dst) - 1; q >= 0; q-- {
		if r.fresh[q] {
			total = sum{}
		}
		for ; leave >= 0 && r.from[r.leaves[leave]] >= int32(q); leave-- {
			if !r.fresh[q] {
				total.add(-all[r.leaves[leave]])
			}
		}
		for ; join >= 0 && r.at[join] >= int32(q); join-- {
			total.add(all[join])
		}
		if r.time[q] >= 0 {
			dst[q] = total.total()
		}
	}
}
