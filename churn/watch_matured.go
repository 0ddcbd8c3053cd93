package churn

import (
	"context"
	"fmt"
	"slices"
)

// Matured looks back at cut-offs whose horizon is complete by now: the rows that the model was or
// could have been asked about there, with labels, for [Watch]. It could have been from the end of the last
// horizon of fit and calibration on. cutoffs nil are those a step of the model's plan
// apart, back from the latest whose horizon is complete to that day.
//
// Cut-offs whose horizon is not complete are left out and counted in Report.Incomplete; without
// cutoffs those are the steps up to the end of the log. Rows that came true in the gap are left out too, as by
// [Snapshots]. cutoffs may be in any order; those before that day are an error that wraps [ErrOptions],
// those outside of what is observed one that wraps [ErrCutoff]. None that is complete is one that
// wraps [ErrNoRows]. Other errors, own and the cost are those of [SnapshotAt].
func Matured[K comparable](ctx context.Context, l *Log[K], cutoffs []Day, label Label, m *Model, own []Own[K]) (*Dataset[K], error) {
	ordered, err := forModel(l, label, m, own)
	if err != nil {
		return nil, err
	}
	days, incomplete, err := maturedCutoffs(cutoffs, m, l.since, l.until)
	if err != nil {
		return nil, err
	}
	plan := m.plan
	plan.First, plan.Last = 0, 0
	d, err := (&snapshots[K]{
		log: l, plan: &plan, label: label, cutoffs: days, ahead: true, schema: m.schema, own: ordered,
	}).run(ctx)
	if err != nil {
		return nil, err
	}
	d.Report.Incomplete = incomplete
	return d, nil
}

// maturedCutoffs returns the cut-offs whose horizon is complete, ascending, and how many are not.
func maturedCutoffs(cutoffs []Day, m *Model, since, until Day) (days []Day, incomplete int, err error) {
	ready, complete := m.ready(), until-Day(m.plan.gap()+m.plan.Horizon)
	if cutoffs == nil {
		step := Day(m.plan.step())
		for day := complete; day >= max(ready, since); day -= step {
			days = append(days, day)
		}
		incomplete = int((until - max(complete, ready)) / step)
	}
	for _, day := range cutoffs {
		switch {
		case day < since || day > until:
			return nil, 0, fmt.Errorf("%w: it is %v, and can be from %v to %v", ErrCutoff, day, since, until)
		case day < ready:
			return nil, 0, fmt.Errorf("%w: cut-off %v is before %v, when the last horizon of which the model has learned ends", ErrOptions, day, ready)
		}
		days = append(days, day)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if cutoffs != nil {
		all := len(days)
		days = slices.DeleteFunc(days, func(day Day) bool { return day > complete })
		incomplete = all - len(days)
	}
	if len(days) == 0 {
		return nil, 0, fmt.Errorf("%w: no cut-off from %v on, when the last horizon of which the model has learned ends, has a whole horizon before %v", ErrNoRows, ready, until)
	}
	return days, incomplete, nil
}
