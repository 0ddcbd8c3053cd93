package rfm

import (
	"context"
	"iter"
)

// AnalyzePeriods analyzes two periods so that what moves between them is the customers and not the thresholds: earlier is
// that of [Analyze] with the options before; later has the customers of Analyze with the options after, who are scored
// as [Apply] does by the model of earlier. [Grouping.Migration] and [Grouping.Backtest] then compare the two. The
// transactions are gone through twice. Errors are those of Analyze: [ErrNoCustomers] if there are none in one of the
// periods.
func AnalyzePeriods[K comparable](ctx context.Context, transactions iter.Seq[Transaction[K]], before, after *Options) (earlier, later *Analysis[K], err error) {
	if earlier, err = Analyze(ctx, transactions, before); err != nil {
		return nil, nil, err
	}
	own, err := Analyze(ctx, transactions, after)
	if err != nil {
		return nil, nil, err
	}
	if later, err = Apply(earlier.Model, own.Customers, own.compare); err != nil {
		return nil, nil, err
	}
	later.Report = own.Report
	return earlier, later, nil
}
