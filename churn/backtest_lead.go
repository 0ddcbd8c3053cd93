package churn

import (
	"context"
	"fmt"
	"slices"
)

// Leads are backtests that differ in the gap between cut-off and horizon alone: in how many
// days ahead a customer is told of. Ascending by gap. A plain value: safe for concurrent reads.
type Leads []*BacktestResult

// BacktestLeads is [Backtest] for each gap of days, in place of that of the plan; nil: 3 to 7.
// All have the same cut-offs: those whose horizon is complete with the largest gap; a Plan.Last
// that is later is taken back by whole steps. Lists begin at the same one too, the first that the
// largest gap has, and differ only where a cut-off has no subjects or one class to learn from with one gap and
// not with another. A gap below 1 is an error that wraps [ErrOptions]. Progress counts the
// cut-offs of all. Cost: that of Backtest for each gap.
func BacktestLeads[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K], days []int, opts *BacktestOptions[K]) (Leads, error) {
	if days == nil {
		days = []int{3, 4, 5, 6, 7}
	}
	days = slices.Compact(slices.Sorted(slices.Values(days)))
	if len(days) == 0 || days[0] < 1 {
		return nil, fmt.Errorf("%w: leads are at least one day, and there is at least one", ErrOptions)
	}
	if plan == nil {
		return nil, plan.Validate()
	}
	same := *plan
	same.Gap = days[len(days)-1]
	if err := same.Validate(); err != nil {
		return nil, err
	}
	last, complete := same.Last, l.Until()-Day(same.Gap+same.Horizon)
	if last == 0 {
		last = complete
	}
	if step := Day(same.step()); last > complete {
		last -= (last - complete + step - 1) / step * step
	}
	if same.Last <= l.Until() && last >= max(l.Since(), same.First) { // or Snapshots says what is wrong
		same.Last = last
	}
	var settings BacktestOptions[K]
	if opts != nil {
		settings = *opts
	}
	// The largest gap first: its lists begin latest.
	leads := make(Leads, len(days))
	for i := range days {
		at := len(days) - 1 - i
		same.Gap = days[at]
		if opts != nil && opts.Progress != nil {
			settings.Progress = func(done, total int64) {
				opts.Progress(int64(i)*total+done, int64(len(days))*total)
			}
		}
		result, err := Backtest(ctx, l, &same, label, features, &settings)
		if err != nil {
			return nil, fmt.Errorf("churn: lead of %d days: %w", same.Gap, err)
		}
		leads[at], settings.First = result, max(settings.First, result.Cutoffs[0].Cutoff)
	}
	return leads, nil
}
