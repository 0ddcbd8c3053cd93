package logistic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Fit fits a model on rows whose labels say whether it came true.
//
// It finds the minimum by Newton's method (with L1, proximal Newton with coordinate
// descent), to the Tolerance and in fact far below it: the objective is that of any exact
// solver, on which packages that stop early differ.
//
// A number is standardised by its weighted mean and population standard deviation; a
// missing one counts as the mean, and where the fit saw any, a mark of 0 or 1 is a term of
// its own. A category has a term of 0 or 1 for each level that the fit saw (Unpenalized:
// but the first), and one for missing values where it saw any. A column that is the same in
// all rows has coefficient 0 and is listed in the report.
//
// A fault of the table is a [*table.Fault], and so is a number beyond ±1e100
// ([ErrTooLarge]). Other errors wrap [ErrLength], [ErrWeight] or [ErrTooMany], or are
// [ErrNoRows] or [ErrOneClass]; Unpenalized also [ErrTooFew] and a [*SeparationError]. A
// [*NotConvergedError] comes with a model. There may be more columns than rows if there is a
// penalty, and no columns at all.
//
// The model does not depend on Workers, nor, where rows have ids that compare, on their
// order.
//
// Cost: about ten passes over the rows, three to five of them O(d²/2) a row for d terms of
// numbers and of categories with up to six levels, and O(d+c) for each of c other categories,
// the rest O(d+c) a row; with each of those few, O(p³) for p coefficients. From 4,096 rows
// on, most are over a sample of the rows. ctx is looked at once a block of 256 rows.
// Memory: a copy of the table if it has ids that do not ascend, one of its number columns
// with Winsorize, a quarter of the table or less for the sample of many rows, 8 bytes a row
// if Unpenalized, about 30 bytes a row for each goroutine while Winsorize and Knots look for
// quantiles, and then about 10 MB and the larger of 32 MB and 100·p² bytes.
func Fit[K comparable](ctx context.Context, t *table.Table[K], labels []bool, opts *Options) (*Model, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.settled()
	n := t.Rows()
	if len(labels) != n {
		return nil, fmt.Errorf("%w: %d labels for %d rows", ErrLength, len(labels), n)
	}
	if o.Weights != nil && len(o.Weights) != n {
		return nil, fmt.Errorf("%w: %d weights for %d rows", ErrLength, len(o.Weights), n)
	}
	f := &fitting{ctx: ctx, o: &o, label: labels, columns: t.Columns, capped: opts != nil && opts.MaxIterations > 0}
	if t.IDs != nil && t.Compare != nil {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		byID := func(a, b int) int { return t.Compare(t.IDs[a], t.IDs[b]) }
		if !slices.IsSortedFunc(order, byID) {
			parallel.SortFunc(parallel.Workers(o.Workers), order, byID)
			f.sort(t.Take(order).Columns, order)
		}
	}
	return f.fit()
}

// fitting is a fit on its way.
type fitting struct {
	ctx     context.Context
	o       *Options
	columns []table.Column // in canonical order of rows, like label and o.Weights
	label   []bool
	capped  bool       // the caller has chosen MaxIterations
	classed [2]float64 // weight of the rows whose label is false and true
	report  Report
}

// sort puts the rows into an order.
func (f *fitting) sort(columns []table.Column, order []int) {
	label, weights := make([]bool, len(order)), []float64(nil)
	if f.o.Weights != nil {
		weights = make([]float64, len(order))
	}
	for to, from := range order {
		label[to] = f.label[from]
		if weights != nil {
			weights[to] = f.o.Weights[from]
		}
	}
	f.columns, f.label, f.o.Weights = columns, label, weights
}

func (f *fitting) fit() (*Model, error) {
	factor, err := f.classes()
	if err != nil {
		return nil, err
	}
	var spans []span
	f.columns, spans = winsorize(f.columns, f.o)
	all, err := prepare(f.columns, spans, f.o)
	if err != nil {
		return nil, err
	}
	terms := []Term{{Scale: 1}}
	for i := range all {
		terms = append(terms, all[i].terms...)
		if !all[i].unequal {
			f.report.Constant = append(f.report.Constant, f.columns[i].Name)
		}
	}
	r := newRows(f.columns, all, terms, f.label, f.o.Weights)
	o := &objective{ctx: f.ctx, rows: r, l1: f.o.L1, l2: f.o.L2, factor: factor, workers: parallel.Workers(f.o.Workers)}
	if f.o.Unpenalized {
		if o.rows, err = f.leaveOut(o, all, terms); err != nil {
			return nil, err
		}
		o.spare, o.kept = nil, nil
		if err := f.pure(all); err != nil {
			return nil, err
		}
		o.z = make([]float64, r.n)
	}
	s, err := f.minimise(o)
	if separated := (*separated)(nil); errors.As(err, &separated) {
		return nil, f.name(o, separated.step, terms)
	}
	if err != nil {
		return nil, err
	}
	f.finish(o, s, terms)
	m := newModel(f.columns, all, terms, f.report)
	if s.stop == StopIterations && !f.capped {
		return m, &NotConvergedError{Iterations: s.iterations, Gap: s.gap}
	}
	return m, nil
}

// classes sums up the weights of the two classes and returns by what to multiply those of
// each.
func (f *fitting) classes() (factor [2]float64, err error) {
	var weight [2]float64
	for row, label := range f.label {
		w := 1.0
		if f.o.Weights != nil {
			w = f.o.Weights[row]
		}
		if w > 0 {
			f.report.Rows++
		}
		if label {
			weight[1] += w
		} else {
			weight[0] += w
		}
	}
	f.classed = weight
	sum := weight[0] + weight[1]
	f.report.Weight, f.report.Positive = sum, min(weight[1], math.Nextafter(sum, 0))
	switch {
	case f.report.Rows == 0:
		return factor, ErrNoRows
	case weight[0] == 0 || weight[1] == 0:
		return factor, ErrOneClass
	case sum > largest || sum < 1/largest:
		return factor, fmt.Errorf("%w: the sum is not in [1e-100, 1e100]", ErrWeight)
	}
	factor = [2]float64{1, 1}
	if f.o.Balanced {
		factor = [2]float64{sum / (2 * weight[0]), sum / (2 * weight[1])}
		f.report.Shift = math.Log(weight[1] / weight[0])
	}
	for i, w := range weight {
		f.report.NullDeviance -= 2 * factor[i] * w * math.Log(factor[i]*w/(factor[0]*weight[0]+factor[1]*weight[1]))
	}
	return factor, nil
}

// sampleRows is the least number of rows of a sample.
const sampleRows = 1 << 10

// minimise starts from the minimum over a sample of the rows, every so manieth, if there
// are many, and from an intercept alone if there are not or if that is better.
func (f *fitting) minimise(o *objective) (*solution, error) {
	null := make([]float64, o.rows.p)
	null[0] = math.Log(o.factor[1] * f.classed[1] / (o.factor[0] * f.classed[0]))
	// A sample may lack rare levels, or one of the labels for them.
	if step := o.rows.n / max(sampleRows, 20*o.rows.p); step >= 4 && len(o.rows.many) == 0 {
		sample := *o
		sample.rows, sample.z, sample.spare, sample.kept = o.rows.take(step), nil, nil, nil
		sample.factor[0] *= float64(step)
		sample.factor[1] *= float64(step)
		start, err := sample.at(null, true)
		if err != nil {
			return nil, err
		}
		s, err := sample.minimise(start, 1e-7, 20)
		if err != nil {
			return nil, err
		}
		if start, err = o.at(s.b, true); err != nil {
			return nil, err
		}
		// A sample without one of the classes, or one that is separated, leads far astray:
		// beyond what the intercept alone has, or where Newton's step promises too much.
		_, decrease := o.newQuadratic(start).step(start)
		if start.total < f.report.NullDeviance/2 && decrease < start.total {
			return o.minimise(start, f.o.Tolerance, f.o.MaxIterations)
		}
	}
	start, err := o.at(null, true)
	if err != nil {
		return nil, err
	}
	return o.minimise(start, f.o.Tolerance, f.o.MaxIterations)
}
