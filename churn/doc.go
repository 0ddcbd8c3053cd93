// Package churn answers who is leaving, why, and whom to call while there is still time.
//
//	log, err := churn.NewLog(ctx, events, &churn.LogOptions[int64]{Location: time.UTC, Until: end, Compare: cmp.Compare[int64]})
//	// Every two weeks: what was known then, and whether a purchase came between 3 and 63 days later.
//	label, plan := churn.Absent{}, &churn.Plan{Window: 365, Gap: 3, Horizon: 60, Step: 14}
//	rows, err := churn.Snapshots(ctx, log, plan, label, nil)
//	split, err := rows.Split(nil) // by time
//	model, err := churn.Fit(ctx, split.Train, split.Calibrate, nil)
//	report, err := churn.Evaluate(ctx, model, split.Test, nil) // beside the rule a marketer would use
//
//	now, err := churn.SnapshotAt(ctx, log, log.Until(), label, model, nil)
//	list, err := churn.Alerts(ctx, model, now, nil, &churn.AlertOptions[int64]{Capacity: 200})
//	for _, alert := range list.Alerts {
//		row, err := churn.Row(model, now, alert.Row, nil)
//		...
//		for _, reason := range model.Reasons(row, nil) {
//			fmt.Println(alert.Customer, alert.Probability, reason.Text.EN, reason.Text.ZH)
//		}
//	}
//
// The package example has it whole, on a generated shop.
//
// It goes from raw events to a ranked list of customers with reasons, and tells how good
// such lists were in the past:
//
//   - [NewLog] takes the events: who, when, what, how much.
//   - A [Label] says what leaving means, a [Plan] from which moments one looks ahead, and how
//     far. [Snapshots] makes rows of features from what was known at each such moment,
//     and labels from what came after. Feature code is handed a [History] that ends at
//     the cut-off, so it cannot see the future.
//   - [Dataset.Split] divides rows by time and customer, [Probe] looks for columns that
//     know too much.
//   - [Fit] makes a [Model], by [Logistic] regression, a [Tree] that people can read or trees that are
//     [Boosted], calibrated on a later slice of time; [Evaluate] sets it beside a logistic baseline and the
//     rule a marketer would use.
//   - [Model.Explain] and [Model.Reasons] say why, [Alerts] whom to call within a budget, and
//     [Backtest] what would have come of it. [LookAhead] goes this way in one call.
//   - [Watch] tells whether the model still fits the customers of today, and by [Matured] whether it was right
//     about those of the past months; noise and seasons are no alarm.
//   - [Durations] measures how long it took until a label came true, and [FitTime] and [Forecasts] say when
//     it will: within 30 days, the median, the whole curve.
//
// docs/theory/churn.md has the ideas, the formulas and where they mislead, with what to expect on real and generated shops.
package churn
