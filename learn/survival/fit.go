package survival

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// determined is the share of a column's scale below which what those before it leave of
// it counts as nothing.
const determined = 1e-12

// FitCox fits a Cox model by the largest partial likelihood. Number columns are standardised
// inside and reported as they came; a category column has a term for each level that the fit
// saw but the first. A column that others determine, or that is constant among the rows at risk
// together, is left out (Term.Aliased).
//
// Weights are those of cases: with [Breslow] a row of weight 2 counts as two rows, with [Efron] as one event
// of weight 2, as in R. Weights that are sampling weights need Options.Cluster, one
// cluster a row if nothing else, for standard errors that mean something.
//
// A fault of the table is a [*table.Fault], and so is a missing value ([ErrMissing]; impute
// first) or a number beyond ±1e100 ([ErrTooLarge]). Other errors are those of [Data.Validate],
// [ErrLength], [ErrTooMany], [ErrNoEvents] or a [*MonotoneError]. A [*NotConvergedError] comes
// with a model. There may be no columns: the model is then the baseline.
//
// Ids of the table are unique. Rows that follow each other for one customer (Data.Entry) need ids of
// their own, such as customer and entry together, or none; Options.Cluster tells which belong together.
//
// A single number a million times as far away as the others costs digits of the standard errors,
// and one much farther the fit, with either error: bound such numbers first. The largest log-risks
// among those at risk at two times in one stratum may lie some 350 apart; a fit that goes beyond
// ends with [StopPrecision] and a [*NotConvergedError].
//
// The model does not depend on Workers, nor, where rows have ids that compare, on their order.
//
// Cost: some five passes, each O(rows·p²) for p coefficients, and a sort. Memory: 8·p bytes a row and,
// for each different time of events, 8·p bytes, twice that if some are tied; with Options.Cluster
// another 8·p bytes a cluster. With entries a pass also takes, for t times of events, O(p·t·log t).
func FitCox[K comparable](ctx context.Context, t *table.Table[K], d *Data, opts *Options) (*Cox, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.settled()
	order, err := check(t, d)
	if err != nil {
		return nil, err
	}
	if o.Cluster != nil && len(o.Cluster) != len(d.Exit) {
		return nil, fmt.Errorf("%w: %d exits, %d clusters", ErrLength, len(d.Exit), len(o.Cluster))
	}
	f := &fitting{ctx: ctx, o: &o, data: d}
	if err := f.prepare(t.Columns, order); err != nil {
		return nil, err
	}
	m, err := f.fit()
	if err != nil {
		return nil, err
	}
	chosen := opts != nil && opts.MaxIterations > 0
	if stop := m.report.Stop; stop == StopPrecision || stop == StopIterations && !chosen {
		err = &NotConvergedError{Iterations: m.report.Iterations, Gap: m.report.Gap}
	}
	return m, err
}

// check checks a table and its data together, and returns the order of rows by id, or nil.
func check[K comparable](t *table.Table[K], d *Data) ([]int, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	n := len(d.Exit)
	if t.Rows() != n && (t.IDs != nil || len(t.Columns) > 0) {
		return nil, fmt.Errorf("%w: %d exits, %d rows", ErrLength, n, t.Rows())
	}
	if t.IDs == nil || t.Compare == nil {
		return nil, nil
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	byID := func(a, b int) int { return t.Compare(t.IDs[a], t.IDs[b]) }
	if slices.IsSortedFunc(order, byID) {
		return nil, nil
	}
	slices.SortFunc(order, byID)
	return order, nil
}

// fitting is a fit on its way.
type fitting struct {
	ctx     context.Context
	o       *Options
	data    *Data
	rows    *rows
	columns []column
	terms   []Term
	kept    []int // the terms that are features of rows
}

// prepare makes the rows with one feature for each term.
func (f *fitting) prepare(columns []table.Column, order []int) error {
	l := newTimeline(f.data, order)
	var codes [][]int32 // of the model for each of the table
	for i := range columns {
		c := &columns[i]
		if fault := missing(c, i, f.data.Weights); fault != nil {
			return fault
		}
		if c.Kind == table.Number {
			f.columns = append(f.columns, column{feature.New(c.Name, c.Kind, nil), len(f.terms)})
			f.terms = append(f.terms, Term{Column: c.Name, Scale: 1})
			codes = append(codes, nil)
			continue
		}
		seen := make([]bool, len(c.Levels))
		for _, row := range l.rows {
			seen[c.Code[row]] = true
		}
		var levels []string
		code := make([]int32, len(c.Levels))
		for i, level := range c.Levels {
			if seen[i] {
				code[i] = int32(len(levels))
				levels = append(levels, level)
			}
		}
		f.columns, codes = append(f.columns, column{feature.New(c.Name, c.Kind, levels), len(f.terms)}), append(codes, code)
		for _, level := range levels[min(1, len(levels)):] {
			f.terms = append(f.terms, Term{Column: c.Name, Level: level, Scale: 1})
		}
		if len(f.terms) > MaxTerms {
			break
		}
	}
	if len(f.terms) > MaxTerms {
		return fmt.Errorf("%w: more than %d", ErrTooMany, MaxTerms)
	}
	f.rows = newRows(l, f.data, len(f.terms), f.o.Ties, parallel.Workers(f.o.Workers))
	if len(f.rows.ended) == 0 {
		return ErrNoEvents
	}
	parallel.For(f.rows.workers, len(f.columns), func(i int) {
		f.fill(&columns[i], &f.columns[i], codes[i])
	})
	for j := range f.terms {
		f.kept = append(f.kept, j)
	}
	return nil
}

// fill sets the features of a column.
func (f *fitting) fill(from *table.Column, c *column, code []int32) {
	r := f.rows
	if c.Kind == table.Category {
		for i, row := range r.timeline.rows {
			if level := code[from.Code[row]]; level > 0 {
				r.set(i, c.term+int(level)-1, 1)
			}
		}
		return
	}
	// Sums are those of blocks, added with compensation.
	t := &f.terms[c.term]
	var total, weight, squares sum
	for k := range r.blocks() {
		lo, hi := k*gram.Block, min(r.n, (k+1)*gram.Block)
		x := r.feature(k, c.term)[:hi-lo]
		weights := r.weight[lo:hi]
		blockTotal, blockWeight := 0.0, 0.0
		for i, row := range r.timeline.rows[lo:hi] {
			x[i] = from.Num[row]
			blockTotal += float64(weights[i] * x[i])
			blockWeight += weights[i]
		}
		total.add(blockTotal)
		weight.add(blockWeight)
	}
	t.Mean = total.total() / weight.total()
	for k := range r.blocks() {
		lo, hi := k*gram.Block, min(r.n, (k+1)*gram.Block)
		x := r.feature(k, c.term)[:hi-lo]
		block := 0.0
		for i, w := range r.weight[lo:hi] {
			x[i] -= t.Mean
			block += float64(w * x[i] * x[i])
		}
		squares.add(block)
	}
	if s := math.Sqrt(squares.total() / weight.total()); s > 1e-14*math.Abs(t.Mean) {
		t.Scale = s
		for k := range r.blocks() {
			x := r.feature(k, c.term)
			for i := range x {
				x[i] /= s
			}
		}
	}
	r.centre(c.term)
}

// leaveOut marks the terms that those before them determine, given coefficients 0, and takes
// them out of the rows.
func (f *fitting) leaveOut(l *likelihood) *likelihood {
	r := f.rows
	m := l.moments(nil)
	f.kept = nil
	cholesky.Factor(slices.Clone(m.information), r.p, m.scale, determined, func(j int) { f.terms[j].Aliased = true })
	for j := range f.terms {
		if !f.terms[j].Aliased {
			f.kept = append(f.kept, j)
		}
	}
	if len(f.kept) == r.p {
		return l
	}
	old := *r
	r.p = len(f.kept)
	r.shift = nil
	for _, j := range f.kept {
		r.shift = append(r.shift, old.shift[j])
	}
	r.block = make([]float64, r.blocks()*gram.Block*r.p)
	for k := range r.blocks() {
		for to, j := range f.kept {
			copy(r.feature(k, to), old.feature(k, j))
		}
	}
	l = newLikelihood(r)
	l.move(make([]float64, r.p))
	return l
}

func (f *fitting) fit() (*Cox, error) {
	l := newLikelihood(f.rows)
	l.move(make([]float64, f.rows.p))
	null := l.value
	if l = f.leaveOut(l); f.rows.p > 0 {
		if found := f.rows.alone(); found != nil {
			return nil, f.infinite(found)
		}
	}
	at0 := l.moments(nil)
	best, err := l.maximise(f.ctx, f.o.Tolerance, f.o.MaxIterations)
	if inf := (*infinite)(nil); errors.As(err, &inf) {
		return nil, f.infinite(inf.terms)
	}
	if err != nil {
		return nil, err
	}
	m := &Cox{ties: f.o.Ties, columns: f.columns, terms: f.terms}
	m.report = Report{
		Rows: f.rows.n, Events: len(f.rows.ended), Iterations: best.iterations, Gap: best.gap * f.rows.unit,
		LogLikelihood: f.rows.natural(l.value), NullLogLikelihood: f.rows.natural(null), Stop: best.stop,
	}
	var weight sum
	for _, w := range f.rows.weight {
		weight.add(w)
	}
	m.report.Weight = weight.total() * f.rows.unit
	f.infer(m, l, best, at0)
	m.baselines = l.baselines()
	return m, nil
}

// infinite is the error of features whose coefficients are infinite.
func (f *fitting) infinite(features []int) error {
	e := &MonotoneError{}
	for _, j := range features {
		t := &f.terms[f.kept[j]]
		if len(e.Columns) == 0 || e.Columns[len(e.Columns)-1] != t.Column {
			e.Columns = append(e.Columns, t.Column)
		}
		e.Level = t.Level
	}
	if len(features) != 1 {
		e.Level = ""
	}
	return e
}

// natural returns a log-likelihood for the weights as they came.
func (r *rows) natural(value float64) float64 {
	if r.unit == 1 {
		return value
	}
	var dead sum
	for _, w := range r.dead {
		dead.add(w)
	}
	return r.unit * (value - dead.total()*math.Log(r.unit))
}

// baselines are those at the coefficients of the likelihood: of a row whose features are all 0.
func (l *likelihood) baselines() []Baseline {
	r := l.rows
	hazard := l.hazard(nil)
	all := make([]Baseline, len(r.strata))
	for s := range all {
		b := &all[s]
		b.Stratum, b.End = r.strata[s], r.ends[s]
		b.Times = slices.Clone(r.time[r.base[s]+1 : r.base[s+1]])
		b.Hazard = make([]float64, len(b.Times))
		if len(b.Times) == 0 {
			continue
		}
		at := r.away(s, l.b)
		scale := -l.top[s] - at
		if math.Abs(scale) > farthest {
			b.LogRisk, scale = at, -l.top[s]
		}
		scale = math.Exp(scale)
		for i := range b.Hazard {
			b.Hazard[i] = hazard.slot[int(r.base[s])+1+i] * scale
		}
	}
	return all
}

// farthest is how far the log-hazard of a row at Term.Mean may be from that of the rows of the stratum.
const farthest = 300
