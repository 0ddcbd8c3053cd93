package cluster

import "github.com/clientele-go/clientele/internal/nearest"

// rows are prepared rows, what every method works on. They are in canonical order: that
// of the ids where the table can be sorted by them.
type rows struct {
	n int // rows
	d int // numbers a row, after preparation
	// blocks has the numbers in blocks of nearest.Block rows: feature j of row i is
	// blocks[(i/nearest.Block*d+j)*nearest.Block+i%nearest.Block]. Rows beyond n are 0.
	blocks []float64
	codes  [][]int32 // Prototypes: the codes of each category column, never -1; nil elsewhere
	levels []int     // number of levels of each of codes
	costs  []float64 // squared weight of each of codes
	weight []float64 // nil: 1 each
	total  float64   // sum of the weights
	order  []int     // the row of the table that each row is; nil: the same
}

// block returns the numbers of the rows from b*nearest.Block on.
func (r *rows) block(b int) []float64 {
	size := r.d * nearest.Block
	return r.blocks[b*size : (b+1)*size]
}

// row copies the numbers of row i to dst, which has d of them.
func (r *rows) row(dst []float64, i int) {
	block, at := r.block(i/nearest.Block), i%nearest.Block
	for j := range dst {
		dst[j] = block[j*nearest.Block+at]
	}
}

// weightOf returns the weight of row i.
func (r *rows) weightOf(i int) float64 {
	if r.weight == nil {
		return 1
	}
	return r.weight[i]
}

// take returns the rows with the given indexes, which may repeat, in their order. Their
// order is nil.
func (r *rows) take(index []int) *rows {
	t := newRows(len(index), r.d)
	t.total = 0
	for k, i := range index {
		from, to := r.block(i/nearest.Block), t.block(k/nearest.Block)
		for j := range r.d {
			to[j*nearest.Block+k%nearest.Block] = from[j*nearest.Block+i%nearest.Block]
		}
		t.total += r.weightOf(i)
	}
	if r.weight != nil {
		t.weight = make([]float64, len(index))
		for k, i := range index {
			t.weight[k] = r.weight[i]
		}
	}
	t.levels, t.costs = r.levels, r.costs
	for _, codes := range r.codes {
		taken := make([]int32, len(index))
		for k, i := range index {
			taken[k] = codes[i]
		}
		t.codes = append(t.codes, taken)
	}
	return t
}

// newRows returns n rows of d zeros with weight 1 each.
func newRows(n, d int) *rows {
	blocks := (n + nearest.Block - 1) / nearest.Block
	return &rows{n: n, d: d, blocks: make([]float64, blocks*d*nearest.Block), total: float64(n)}
}
