package boost

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// rowsOf are rows and their scores.
type rowsOf struct {
	columns        []table.Column
	target, weight []float64
	n              int
	total          float64 // weight
	raw            []float64
	*matrix
}

func (r *rowsOf) take(rows []int32) {
	columns := slices.Clone(r.columns)
	for i := range columns {
		columns[i].Num, columns[i].Code = pick(columns[i].Num, rows), pick(columns[i].Code, rows)
	}
	r.columns, r.target, r.weight = columns, pick(r.target, rows), pick(r.weight, rows)
}

// weigh sums up the weights.
func (r *rowsOf) weigh() error {
	if r.total = float64(r.n); r.weight != nil {
		r.total = 0
		for _, w := range r.weight {
			r.total += w
		}
	}
	if !(r.total <= largest && r.total >= 1/largest) {
		return fmt.Errorf("%w: their sum is not in [1e-60, 1e60]", ErrWeight)
	}
	return nil
}

// start sets all scores to the same.
func (r *rowsOf) start(base float64) {
	r.raw = slices.Repeat([]float64{base}, r.n)
}

func targetOf(labels []bool) []float64 {
	target := make([]float64, len(labels))
	for i, label := range labels {
		if label {
			target[i] = 1
		}
	}
	return target
}

// weighted returns the rows that have a weight above 0.
func weighted(weights []float64, n int) []int32 {
	rows := make([]int32, 0, n)
	for row := range n {
		if weightOf(weights, row) > 0 {
			rows = append(rows, int32(row))
		}
	}
	return rows
}
