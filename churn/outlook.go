package churn

import "context"

// Outlook is the whole way from a log to the list of its last day: see [LookAhead]. A plain value: safe for concurrent
// reads.
type Outlook[K comparable] struct {
	// Test is how good a model of the earlier cut-offs is on the latest ones, whose rows it has not seen.
	Test *Report
	// Model is fitted on all rows whose labels are known at the end of the log.
	Model *Model
	// Now has the rows of that day, List whom of them to call.
	Now  *Dataset[K]
	List *AlertList[K]
}

// OutlookOptions are those of the steps of [LookAhead]; nil is the defaults of each. A plain value: safe for concurrent
// reads.
type OutlookOptions[K comparable] struct {
	Fit      *FitOptions      // of both models
	Evaluate *EvaluateOptions // of Test
	Alerts   *AlertOptions[K] // of List
}

// LookAhead does in one call what most programs do: it makes [Snapshots] of the log, splits them by time as
// [Dataset.Split] does by default, fits a model and evaluates it on the test slice; then it fits another on all that is
// known at the end of the log, as [Dataset.SplitAsOf] has it, scores the customers of that day, [Log.Until], and makes the
// list of alerts. The result is that of these steps one by one, and so are errors, of which [ErrNoRows], [ErrCutoff] and
// [ErrOneClass] say that there is too little history, and the cost. Who needs more of a step takes the steps.
func LookAhead[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K], opts *OutlookOptions[K]) (*Outlook[K], error) {
	if opts == nil {
		opts = &OutlookOptions[K]{}
	}
	if features == nil {
		features = &Features[K]{}
	}
	rows, err := Snapshots(ctx, l, plan, label, features)
	if err != nil {
		return nil, err
	}
	split, err := rows.Split(nil)
	if err != nil {
		return nil, err
	}
	early, err := Fit(ctx, split.Train, split.Calibrate, opts.Fit)
	if err != nil {
		return nil, err
	}
	out := &Outlook[K]{}
	if out.Test, err = Evaluate(ctx, early, split.Test, opts.Evaluate); err != nil {
		return nil, err
	}
	known, err := rows.SplitAsOf(l.Until())
	if err != nil {
		return nil, err
	}
	if out.Model, err = Fit(ctx, known.Train, known.Calibrate, opts.Fit); err != nil {
		return nil, err
	}
	if out.Now, err = SnapshotAt(ctx, l, l.Until(), label, out.Model, features.Own); err != nil {
		return nil, err
	}
	if out.List, err = Alerts(ctx, out.Model, out.Now, nil, opts.Alerts); err != nil {
		return nil, err
	}
	return out, nil
}

// Reasons says why alert i of the list is on it, as [Model.Reasons] does. It panics if there is no such alert.
func (o *Outlook[K]) Reasons(i int, opts *ReasonOptions) ([]Reason, error) {
	row, err := Row(o.Model, o.Now, o.List.Alerts[i].Row, nil)
	if err != nil {
		return nil, err
	}
	return o.Model.Reasons(row, opts), nil
}
