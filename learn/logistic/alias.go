package logistic

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
)

// determined is the share of a column's variance, given those before it, below which it
// counts as determined by them: 1-R².
const determined = 1e-9

// leaveOut marks the terms that those before them determine, and returns the rows
// without them.
func (f *fitting) leaveOut(o *objective, all []prepared, terms []Term) (*rows, error) {
	r := o.rows
	at, err := o.at(make([]float64, r.p), true)
	if err != nil {
		return nil, err
	}
	rank := r.p
	order := r.inOrder()
	cholesky.Factor(cholesky.Part(at.hessian, r.p, order), r.p, nil, determined, func(j int) {
		terms[r.term[order[j]]].Aliased = true
		rank--
	})
	if rank < r.p {
		r = newRows(f.columns, all, terms, r.label, r.weight)
	}
	if f.report.Rows <= rank {
		return nil, fmt.Errorf("%w: %d rows, %d coefficients", ErrTooFew, f.report.Rows, rank)
	}
	return r, nil
}

// inOrder returns the variables in the order of their terms.
func (r *rows) inOrder() []int {
	order := make([]int, r.p)
	for v := range order {
		order[v] = v
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(r.term[a], r.term[b]) })
	return order
}
