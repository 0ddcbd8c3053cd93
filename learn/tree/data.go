package tree

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/table"
)

// entry is a number of a column with its row and the class of that.
type entry struct {
	value float64
	row   int32
	class int32
}

// data is what trees of some rows grow from.
type data struct {
	measure
	o       *Options
	workers int
	columns []table.Column
	class   []int32
	weight  []float64 // nil: 1 each
	k       int
	rows    []int32   // those of some weight
	numbers [][]entry // of each column ascending by value, missing ones last; nil: a category
	codes   [][]int32 // of each column; nil: a number
	levels  []int
}

// sort fills numbers, codes and levels.
func (d *data) sort(ctx context.Context) error {
	n := len(d.columns)
	d.numbers, d.codes, d.levels = make([][]entry, n), make([][]int32, n), make([]int, n)
	parallel.For(d.workers, n, func(i int) {
		c := &d.columns[i]
		if c.Kind == table.Category {
			d.codes[i], d.levels[i] = c.Code, len(c.Levels)
			return
		}
		if ctx.Err() != nil {
			return
		}
		values := make([]float64, len(d.rows))
		for at, row := range d.rows {
			values[at] = c.Num[row]
		}
		d.numbers[i] = make([]entry, len(d.rows))
		for to, at := range radix.Order(values) {
			row := d.rows[at]
			d.numbers[i][to] = entry{values[at], row, d.class[row]}
		}
	})
	return ctx.Err()
}

func (d *data) weightOf(row int32) float64 {
	if d.weight == nil {
		return 1
	}
	return d.weight[row]
}

// training returns a copy without the rows of a fold. The numbers of it are put into those
// of into.
func (d *data) training(fold []int32, of int32, into *data) *data {
	part := *d
	part.rows = slices.DeleteFunc(append(into.rows[:0], d.rows...), func(row int32) bool { return fold[row] == of })
	part.numbers = into.numbers
	if part.numbers == nil {
		part.numbers = make([][]entry, len(d.numbers))
	}
	parallel.For(d.workers, len(d.numbers), func(i int) {
		if d.numbers[i] == nil {
			return
		}
		kept := part.numbers[i][:0]
		if cap(kept) < len(part.rows) {
			kept = make([]entry, 0, len(d.rows))
		}
		for _, e := range d.numbers[i] {
			if fold[e.row] != of {
				kept = append(kept, e)
			}
		}
		part.numbers[i] = kept
	})
	return &part
}
