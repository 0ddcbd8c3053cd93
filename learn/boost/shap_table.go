package boost

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// ShapleyOptions say what an unknown column is. A plain value: safe for concurrent reads.
type ShapleyOptions struct {
	// Background has columns with the names and kinds of those of the fit, in any order;
	// others are ignored. An unknown column takes its value from a row of them, and
	// contributions are the mean over the rows. Nil: contributions are those of
	// [Model.Contributions].
	Background []table.Column
	// Weights has one weight for each row of Background, at least 0 and not all 0. Nil: 1 each.
	Weights []float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. The result does not depend on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions] or, of a weight, [ErrWeight]; lengths and names
// are checked by Shapley. Nil options are valid.
func (o *ShapleyOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	if o.Workers < 0 {
		faults = append(faults, fmt.Errorf("%w: ShapleyOptions.Workers is negative", ErrOptions))
	}
	if o.Background == nil && o.Weights != nil {
		faults = append(faults, fmt.Errorf("%w: ShapleyOptions.Weights without a Background", ErrOptions))
	}
	return errors.Join(append(faults, validWeights(o.Weights))...)
}

// Shapley returns what each column adds to the score of each row: one row after the other, a
// value for each of Columns. The base and the values of a row add up to its score, to 1e-9
// of the sizes of the leaves.
//
// A value is the Shapley value of the game whose players are the columns: the mean, over all
// orders in which columns become known, of what the score rises by as the column does. What the
// score is before depends on what stands for an unknown column:
//
//   - Without Background, path-dependent (Lundberg et al. 2020): at its questions the row goes both
//     ways, in the shares of the rows of the fit that came there. These are not
//     independent of the questions above, so that of columns that go together one gets some of
//     the credit of the other; a column that no tree asks about gets none.
//   - With Background, interventional (Janzing, Minorics and Blöbaum 2020): it takes the value that a
//     row of the background has, whatever the known columns are. That is true to the model: a
//     column gets credit only if to change it changes the score. It asks the model about rows that
//     may never occur, where columns go together. The base is the mean score of the background,
//     so that "why more than other customers" is answered by those customers as the
//     background.
//
// Both explain the model and not the world: what would happen if a column were changed is
// neither, unless the model is of causes.
//
// Columns and levels are found by name as by [Scores], with its errors; those of the background
// name it, and wrap [ErrLength], [ErrWeight] or [ErrNoRows]. ctx is looked at once a block of
// rows of a tree. The result does not depend on Workers.
//
// Cost: without Background that of Contributions for each row. With it O((rows+background)·nodes),
// and for each leaf O(columns) for each pair of a row and a row of the background of which
// each passes another part of the questions on the path than those before: d columns on it
// make at most 2^d parts. Where a path asks about more than 56 columns, O(nodes) of that tree for
// each row and row of the background. Memory: without Background the result, with it twice
// that, the background, for each goroutine up to 16 MB, and of one tree at a time 2 KB a leaf
// and 16 bytes for each part.
func Shapley[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *ShapleyOptions) (values []float64, base float64, err error) {
	if err := opts.Validate(); err != nil {
		return nil, 0, err
	}
	var o ShapleyOptions
	if opts != nil {
		o = *opts
	}
	columns, err := bind(m, t)
	if err != nil {
		return nil, 0, err
	}
	workers := parallel.Workers(o.Workers)
	values = make([]float64, t.Rows()*len(columns))
	if o.Background != nil {
		b, err := newBackground(m, o.Background, o.Weights)
		if err != nil {
			return nil, 0, err
		}
		rows := make([]float64, len(values))
		columns.Fill(rows, 0, t.Rows())
		if err := b.explain(ctx, values, rows, workers); err != nil {
			return nil, 0, err
		}
		return values, b.base, nil
	}
	s := m.known()
	if s == nil {
		return values, m.base, nil
	}
	type state struct {
		walk
		rows []float64
	}
	n, p := t.Rows(), len(columns)
	parallel.States(workers, (n+chunkRows-1)/chunkRows, func() *state { return &state{rows: make([]float64, chunkRows*p)} },
		func(w *state, chunk int) {
			lo := chunk * chunkRows
			hi := min(lo+chunkRows, n)
			columns.Fill(w.rows, lo, hi)
			for i := range s.trees {
				if ctx.Err() != nil {
					return
				}
				w.prepare(m, &s.trees[i])
				for row := range hi - lo {
					w.add(m, s, &s.trees[i], values[(lo+row)*p:(lo+row+1)*p], nil, w.rows[row*p:(row+1)*p])
				}
			}
		})
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	return values, s.base, nil
}

// newBackground checks a background.
func newBackground(m *Model, columns []table.Column, weights []float64) (*background, error) {
	t := &table.Table[int]{Columns: columns}
	found, err := bind(m, t)
	if err != nil {
		return nil, fmt.Errorf("%w (in Background)", err)
	}
	n := t.Rows()
	if weights != nil && len(weights) != n {
		return nil, fmt.Errorf("%w: Background has %d rows, %d weights", ErrLength, n, len(weights))
	}
	b := &background{m: m, shares: m.known()}
	heaviest := 0.0 // so that the sum is finite
	for _, w := range weights {
		heaviest = max(heaviest, w)
	}
	total := 0.0
	for row := range n {
		w := 1.0
		if weights != nil {
			w = weights[row] / heaviest
		}
		if !(w > 0) {
			continue
		}
		total += w
		b.weights = append(b.weights, w)
		for i := range found {
			b.rows = append(b.rows, found[i].At(row))
		}
	}
	if total == 0 {
		return nil, fmt.Errorf("%w (in Background)", ErrNoRows)
	}
	for i := range b.weights {
		b.weights[i] /= total
		b.base += b.weights[i] * m.LogOdds(b.row(i))
	}
	return b, nil
}
