package cluster

import (
	"cmp"
	"context"

	"github.com/clientele-go/clientele/table"
)

// Fit divides the rows of t into opts.K groups.
//
// The result depends on the rows, their ids and the options. Where t has ids and Compare
// the order of its rows does not matter; elsewhere it is part of the input. Labels are in
// canonical order: by weight descending, of groups of equal weight that with the smaller
// centre first, compared number by number.
//
// Errors: those of [Options.Validate] and of options that do not fit t, joined; those of
// [table.Table.Validate]; [*table.Fault] with [ErrMissing] or [ErrTooLarge];
// [ErrNoColumns] and [ErrNoRows]; those of the methods; that of ctx.
//
// Memory beside t at its peak: 8 bytes for each prepared number of each row and about 60
// for each row; 8 for each value if the rows of t are not ascending by id, and as much of
// columns with Power or Winsorize; and about 30 for each row and goroutine where
// Options.Sample is all of many rows. Cost of everything but the method: O(rows * columns), and a sort for
// quantiles.
func Fit[K comparable](ctx context.Context, t *table.Table[K], opts *Options) (*Result, error) {
	f, err := newFitting(ctx, t, opts)
	if err != nil {
		return nil, err
	}
	return f.fit(ctx, &f.options)
}

// fitting is a table made ready for methods.
type fitting struct {
	options Options // with defaults
	columns []table.Column
	learner *learner
	rows    *rows
}

func newFitting[K comparable](ctx context.Context, t *table.Table[K], opts *Options) (*fitting, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	f := &fitting{options: opts.withDefaults(), columns: t.Columns}
	o := &f.options
	if err := checkTable(t, o); err != nil {
		return nil, err
	}
	if err := checkOptions(t, o); err != nil {
		return nil, err
	}
	order, err := canonicalOrder(t, o.Workers)
	if err != nil {
		return nil, err
	}
	f.learner = &learner{options: o, original: t.Columns, weights: gather(o.Weights, order)}
	if err := f.learner.learn(ctx, arranged(t.Columns, order, o.Workers)); err != nil {
		return nil, cmp.Or(t.Validate(), err)
	}
	if f.rows, err = f.learner.fill(ctx, t.Rows()); err != nil {
		return nil, err
	}
	f.rows.order = order
	o.Centers, err = f.learner.prepareCenters(o.Centers, f.rows.d)
	return f, err
}

// fit runs the method of o, which differs from f.options in nothing that preparation
// looks at.
func (f *fitting) fit(ctx context.Context, o *Options) (*Result, error) {
	s, err := solve(ctx, f.rows, o)
	if err != nil {
		return nil, err
	}
	return f.finish(ctx, s, o, nil)
}

// finish makes the model of what a method found, and assigns the rows. Its groups are
// numbered so that most rows keep their label of like, or, where that is nil, in canonical
// order.
func (f *fitting) finish(ctx context.Context, s *solution, o *Options, like []int32) (*Result, error) {
	r := f.rows
	m := &Model{method: o.Method, features: f.learner.features, k: s.k, d: r.d, codes: len(r.codes), gamma: s.gamma, trim: o.Trim}
	a, err := m.take(ctx, s, r, o.Workers)
	if err != nil {
		return nil, err
	}
	m.report = newReport(s, r, f.learner, a)
	a = a.restore(r.order)
	if like != nil {
		m.renumber(like, a.Labels)
	}
	m.baseline = newBaseline(m.used(f.columns), a.Labels, a.Distances, o.Weights, r.order, m.k, o.Workers)
	if s.tree != nil {
		m.tree.countFar(s.micro, s.dist, r, m.baseline.Distance.last())
		m.group(m.k)
	}
	return &Result{Model: m, Assignment: *a}, nil
}

// newReport completes what the method reported.
func newReport(s *solution, r *rows, l *learner, a *Assignment) Report {
	report := Report{
		Rows: r.n, Weight: r.total, Iterations: s.Iterations, Stop: s.Stop, Inertia: s.Inertia,
		History: s.History, Sample: s.Sample, Starts: s.Starts, Repaired: s.Repaired,
		Constant: l.constant, Imputed: l.imputed, Gamma: s.gamma,
		Likelihood: s.Likelihood, BIC: s.BIC,
	}
	for _, is := range a.Outliers {
		if is {
			report.Outliers++
		}
	}
	return report
}
