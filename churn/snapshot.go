package churn

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Snapshots looks at every customer at every cut-off of a plan: features from what was
// known there, labels from the horizon. A customer without an event in the window is
// looked at by nobody. features nil is the zero value; what they leave open is learned from
// what was known at the first cut-off, so that nothing later decides which columns there are.
//
// Faults of plan, label and features are reported together, each wrapping [ErrOptions]. Nobody
// to look at is an error that wraps [ErrNoRows], an infinity of a feature of the caller one
// that wraps [ErrOptions] and names the column, an outcome that is none of the three one that
// wraps it and names the label. Labels that are all the same are no error here.
//
// Cost: O(cut-offs · events in the window) and 8 bytes a row and column.
func Snapshots[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K]) (*Dataset[K], error) {
	if features == nil {
		features = &Features[K]{}
	}
	if err := checkSnapshots(plan, label, features); err != nil {
		return nil, err
	}
	if len(l.customers) == 0 {
		return nil, fmt.Errorf("%w: the log has no events", ErrNoRows)
	}
	cutoffs, incomplete, err := plan.cutoffs(l.since, l.until)
	if err != nil {
		return nil, err
	}
	s, err := bindFeatures(ctx, features, l, plan.Window, cutoffs[0])
	if err != nil {
		return nil, err
	}
	d, err := (&snapshots[K]{
		log: l, plan: plan, label: label, cutoffs: cutoffs, ahead: true, schema: s, own: features.Own,
		workers: features.Workers, progress: features.Progress,
	}).run(ctx)
	if err != nil {
		return nil, err
	}
	d.Report.Incomplete = incomplete
	return d, nil
}

// checkSnapshots returns every fault of plan, label and features.
func checkSnapshots[K comparable](plan *Plan, label Label, features *Features[K]) error {
	window := 0
	err := plan.Validate()
	if err == nil {
		window = plan.Window
		err = checkLabel(label, plan)
	} else if label == nil {
		err = errors.Join(err, fmt.Errorf("%w: label is required", ErrOptions))
	} else if v, ok := label.(validated); ok {
		err = errors.Join(err, v.validate())
	}
	return errors.Join(err, features.validate(window))
}

// SnapshotAt looks at every customer at one cut-off, of which the future need not be known:
// the rows to score today, for which Labels is nil. The features are those of the data set on
// which the model was fitted, and for one of its cut-offs the rows are the same. own gives
// the code of the caller's own features by the names that they had there, in any order.
//
// A label of another name, and own features other than those of the model, are an error
// that wraps [ErrSchema]; a cut-off that is not observed is one that wraps [ErrCutoff]. The
// last is the day after the last observed: [Log.Until]. Other errors and the cost are those
// of [Snapshots]; it runs on GOMAXPROCS goroutines.
func SnapshotAt[K comparable](ctx context.Context, l *Log[K], cutoff Day, label Label, m *Model, own []Own[K]) (*Dataset[K], error) {
	ordered, err := forModel(l, label, m, own)
	if err != nil {
		return nil, err
	}
	if cutoff < l.since || cutoff > l.until {
		return nil, fmt.Errorf("%w: it is %v, and can be from %v to %v", ErrCutoff, cutoff, l.since, l.until)
	}
	return (&snapshots[K]{
		log: l, plan: &m.plan, label: label, cutoffs: []Day{cutoff}, schema: m.schema, own: ordered,
	}).run(ctx)
}

// forModel checks that a log can be asked what a model wants to know, and returns the own
// features in the order of the model.
func forModel[K comparable](l *Log[K], label Label, m *Model, own []Own[K]) ([]Own[K], error) {
	if label == nil {
		return nil, fmt.Errorf("%w: label is required", ErrOptions)
	}
	if m == nil {
		return nil, fmt.Errorf("%w: model is required", ErrOptions)
	}
	if err := checkLabel(label, &m.plan); err != nil {
		return nil, err
	}
	if name := label.Name(); name != m.label {
		return nil, fmt.Errorf("%w: the label is %q, that of the model %q", ErrSchema, name, m.label)
	}
	ordered, err := ownOf(&m.schema, own)
	if err == nil && len(l.customers) == 0 {
		err = fmt.Errorf("%w: the log has no events", ErrNoRows)
	}
	return ordered, err
}

// ownOf returns the own features that a schema has, in its order.
func ownOf[K comparable](s *schema, own []Own[K]) ([]Own[K], error) {
	if err := (&Features[K]{Own: own}).validate(0); err != nil {
		return nil, err
	}
	var faults []error
	ordered := make([]Own[K], 0, s.Own)
	for _, info := range s.Columns[len(s.Columns)-s.Own:] {
		i := slices.IndexFunc(own, func(o Own[K]) bool { return o.Name == info.Name })
		if i < 0 {
			faults = append(faults, fmt.Errorf("%w: own feature %q is missing", ErrSchema, info.Name))
			continue
		}
		ordered = append(ordered, own[i])
	}
	if len(faults) == 0 && len(own) > s.Own {
		faults = append(faults, fmt.Errorf("%w: there are %d own features, the model has %d", ErrSchema, len(own), s.Own))
	}
	return ordered, errors.Join(faults...)
}
