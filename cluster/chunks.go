package cluster

import (
	"context"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// chunkBlocks is the number of blocks of a chunk. Sums run over the rows of a chunk in
// order, and then over the chunks in order, whatever the number of goroutines.
const chunkBlocks = chunkRows / nearest.Block

// sumChunks calls sum for every chunk of blocks, from block lo to block hi, and then add
// for every chunk in order with what its sum has left in the state. At most 2*workers
// states are made; sum must reset the one it gets. It returns the error of ctx, which it
// asks before every chunk.
func sumChunks[T any](ctx context.Context, r *rows, workers int, fresh func() T, sum func(state T, lo, hi int), add func(state T)) error {
	blocks := r.blockCount()
	chunks := (blocks + chunkBlocks - 1) / chunkBlocks
	workers = parallel.Workers(workers)
	states := make([]T, min(chunks, 2*workers))
	for i := range states {
		states[i] = fresh()
	}
	for first := 0; first < chunks; first += len(states) {
		n := min(len(states), chunks-first)
		parallel.For(workers, n, func(i int) {
			if ctx.Err() == nil {
				lo := (first + i) * chunkBlocks
				sum(states[i], lo, min(lo+chunkBlocks, blocks))
			}
		})
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, state := range states[:n] {
			add(state)
		}
	}
	return nil
}

// blockCount returns the number of blocks.
func (r *rows) blockCount() int { return (r.n + nearest.Block - 1) / nearest.Block }

// codesIn sets dst to the codes of the rows of block b, column by column, and returns it.
func (r *rows) codesIn(dst [][]int32, b int) [][]int32 {
	first, n := b*nearest.Block, r.inBlock(b)
	for c, codes := range r.codes {
		dst[c] = codes[first : first+n]
	}
	return dst
}

// inBlock returns the number of rows in block b.
func (r *rows) inBlock(b int) int {
	return min(nearest.Block, r.n-b*nearest.Block)
}

// columnMoments returns the weighted mean and variance of each of the d numbers.
func columnMoments(ctx context.Context, r *rows, workers int) (mean, variance []float64, err error) {
	total := make([]moments, r.d)
	err = sumChunks(ctx, r, workers, func() []moments { return make([]moments, r.d) },
		func(of []moments, lo, hi int) {
			clear(of)
			for b := lo; b < hi; b++ {
				first, n := b*nearest.Block, r.inBlock(b)
				for j := range of {
					x := r.block(b)[j*nearest.Block:][:n]
					of[j] = of[j].join(weightedMoments(x, slice(r.weight, first, first+n)))
				}
			}
		},
		func(of []moments) {
			for j := range total {
				total[j] = total[j].join(of[j])
			}
		})
	for _, m := range total {
		mean, variance = append(mean, m.mean), append(variance, m.variance())
	}
	return mean, variance, err
}
