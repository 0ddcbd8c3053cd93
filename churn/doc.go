// Package churn answers who is leaving, why, and whom to call while there is still time.
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
// docs/churn.md has the ideas, the formulas and where they mislead.
package churn
