package churn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/learn/score"
)

// BacktestOptions say how past lists are made. A plain value: safe for concurrent reads, if
// the functions are.
type BacktestOptions[K comparable] struct {
	// Fit is how models are fitted. Nil: the defaults of [Fit].
	Fit *FitOptions
	// First is the first cut-off at which a list is made. 0: the first that has rows to
	// learn from and to calibrate on.
	First Day
	// Refit is the number of cut-offs that a model serves. 0: 1, each has its own.
	Refit int
	// Delay is the days after the end of a horizon until its events have arrived, up to a
	// million: rows are learned from that much later. 0: none.
	Delay int
	// Share of the subjects of a cut-off that are alerted, above 0, up to 1. 0: 0.05.
	Share float64
	// Silence is the days of silence from which on the marketer's rule calls. 0: 60.
	Silence int
	// Days is how long an alert stands, up to a million. 0: the gap and the horizon of the plan.
	Days int
	// Economics order the list of the model by expected profit, and leave out who brings
	// none. Nil: the list is by probability.
	Economics *Economics
	// Values tells what a customer's staying was worth on the day of a cut-off, in minor units:
	// see [AlertOptions]. It is called from one goroutine, and must know no more than was known on
	// that day. Nil: the purchase money that [Alerts] takes. Values without Economics are an error.
	Values func(customer K, cutoff Day) int64
	// Exclude, where not nil, tells of customers who are not alerted.
	Exclude func(customer K) bool
	// Progress, where not nil, is called with the number of cut-offs done and the total.
	Progress func(done, total int64)
}

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *BacktestOptions[K]) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	for _, f := range []struct {
		bad  bool
		text string
	}{
		{o.Refit < 0, "Refit is negative"},
		{o.Delay < 0, "Delay is negative"},
		{!(o.Share >= 0 && o.Share <= 1), "Share is outside 0 to 1"},
		{o.Silence < 0, "Silence is negative"},
		{o.Days < 0, "Days is negative"},
		{max(o.Delay, o.Days) > maxLength, "Delay or Days is over a million"},
		{o.Values != nil && o.Economics == nil, "Values need Economics: without, the list is by probability"},
	} {
		if f.bad {
			faults = append(faults, fmt.Errorf("%w: BacktestOptions.%s", ErrOptions, f.text))
		}
	}
	if o.Economics != nil {
		faults = append(faults, o.Economics.Validate())
		if o.Values == nil {
			faults = append(faults, o.Economics.statesMargin())
		}
	}
	return errors.Join(faults...)
}

// filled returns the options with the defaults filled in.
func (o *BacktestOptions[K]) filled() BacktestOptions[K] {
	var f BacktestOptions[K]
	if o != nil {
		f = *o
	}
	f.Refit = max(f.Refit, 1)
	if f.Share == 0 {
		f.Share = defaultShare
	}
	if f.Silence == 0 {
		f.Silence = defaultSilence
	}
	return f
}

// BacktestResult tells how good lists were that would have been made in the past. A plain
// value: safe for concurrent reads.
type BacktestResult struct {
	Label   string  `json:"label"`   // its name
	Window  int     `json:"window"`  // days of the plan
	Gap     int     `json:"gap"`     // days of the plan: the least lead of a right alert
	Horizon int     `json:"horizon"` // days of the plan
	Share   float64 `json:"share"`   // of the subjects of a cut-off that may be alerted
	// ByProfit tells that the list of the model is by expected profit, not by probability.
	ByProfit bool `json:"by_profit"`
	// Untested is the number of cut-offs without a list: before First, without subjects, or
	// without rows of both classes to learn from and to calibrate on.
	Untested int             `json:"untested"`
	Cutoffs  []BacktestSlice `json:"cutoffs"` // those with a list, ascending
	Total    BacktestSlice   `json:"total"`   // all of them; Cutoff is the first
}

// BacktestSlice is one cut-off, or all together. A plain value: safe for concurrent reads.
type BacktestSlice struct {
	Cutoff Day `json:"cutoff"` // of all together the first
	// Trained and Calibrated are the rows of the model, Known the last day that their labels
	// are about: it is before the cut-off. 0 for all together.
	Trained    int `json:"trained,omitempty"`
	Calibrated int `json:"calibrated,omitempty"`
	Known      Day `json:"known,omitempty"`

	Rows     int `json:"rows"`      // subjects, each looked at
	Positive int `json:"positive"`  // of Rows: it came true in the horizon
	TooEarly int `json:"too_early"` // of Rows: it came true in the gap
	// AUC, Brier, LogLoss, ECE and Probability are of all rows but those of TooEarly: ranking
	// (NaN where all labels are the same), error and calibration of the probabilities, and
	// their mean, to be set beside Positive / (Rows - TooEarly).
	AUC         score.Estimate `json:"auc"`
	Brier       score.Estimate `json:"brier"`
	LogLoss     score.Estimate `json:"log_loss"`
	ECE         score.Estimate `json:"ece"`
	Probability float64        `json:"probability"`
	// Lists are, in this order: "model"; "longest silence" with as many alerts at each cut-off, or
	// all there are where fewer customers have a purchase and no alert that stands; "silent for n
	// days" with as many as there are; "nobody". Those of silence are missing where the rows have
	// no column purchase_days_since.
	Lists []ListQuality `json:"lists"`
}

// ListQuality is how good a list of alerts was. All lists follow the same rules: a customer is
// not alerted again while an alert stands, see [AlertOptions.Previous]. Intervals of 95 % take
// the rows of a customer for one draw: Wilson's, with the number of rows that the variance is
// worth. A plain value: safe for concurrent reads.
type ListQuality struct {
	Name     string `json:"name"` // see BacktestSlice.Lists
	Alerts   int    `json:"alerts"`
	Hits     int    `json:"hits"`      // of Alerts: it came true in the horizon
	TooEarly int    `json:"too_early"` // of Alerts: it came true in the gap; no hits
	// Precision is Hits / Alerts.
	Precision score.Estimate `json:"precision"`
	// Recall is the share of Positive at whose cut-off an alert was given or still stood.
	Recall score.Estimate `json:"recall"`
	// Accuracy is the share of Rows that were told right: an alert was given or stood and it came true
	// in the horizon, or neither.
	Accuracy score.Estimate `json:"accuracy"`
	// Lift is Precision over the share of Positive among Rows, which its interval takes for known.
	Lift score.Estimate `json:"lift"`
	// Probability is the mean probability of the alerts but those of TooEarly, to be set beside
	// Hits / (Alerts - TooEarly), for a model is told nothing of who is gone in the gap. 0 without such
	// alerts, and for the lists of silence, which have none.
	Probability float64 `json:"probability"`
	// Lead is the median over Hits of the days from the cut-off to the day on whose evening the
	// label has come true for good: it stays true if nothing more happens up to the end of the
	// horizon, and if on each further day one event happens, of whatever kind. For [Silence] that is
	// the day on which the customer has been silent for so long, for [Absent] the last day of the
	// horizon. At least the gap; 0 without hits.
	Lead float64 `json:"lead"`
	// Earned is what the alerts would have earned at the acceptance of the economics, given
	// who left, in minor units; who left in the gap cost the contact. 0 without economics.
	Earned float64 `json:"earned"`
}

// Backtest makes the lists that would have been made at past cut-offs, and judges them by what
// came then. At each cut-off of the plan, in the order of time, it
//
//   - takes the rows whose horizon was over by then. The last fifth of their cut-offs, at least
//     one, is for calibration, and those whose horizon was over before it for training;
//   - fits a model and scores every subject of the cut-off, also those of whom it turns out
//     later that they left in the gap;
//   - makes the list: the share of subjects with the highest probability (or profit) without an
//     alert that stands;
//   - sets beside it, by the same rules, lists of the longest silence, and nobody.
//
// So nothing that came after a cut-off has a part in its list, with one exception: labels of
// training rows count events of their horizon that arrived later than Delay.
//
// An error of [Snapshots] or [Fit] is returned as it is; where no cut-off can be tested it
// wraps [ErrNoRows]. A label or feature that does not say the same when it is asked again is an
// error. The context is looked at before every cut-off. Cost: that of Snapshots,
// and one Fit and one prediction a cut-off.
func Backtest[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K], opts *BacktestOptions[K]) (*BacktestResult, error) {
	w, err := runBacktest(ctx, l, plan, label, features, opts)
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// runBacktest is Backtest with all that it knows of single rows.
func runBacktest[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K], opts *BacktestOptions[K]) (*backtestWalk[K], error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if features == nil {
		features = &Features[K]{}
	}
	all, err := Snapshots(ctx, l, plan, label, features)
	if err != nil {
		return nil, err
	}
	w := &backtestWalk[K]{
		log: l, plan: plan, label: label, own: features.Own, all: all, opts: opts.filled(),
		result: &BacktestResult{
			Label: label.Name(), Window: plan.Window, Gap: plan.gap(), Horizon: plan.Horizon,
		},
	}
	w.result.Share, w.result.ByProfit = w.opts.Share, w.opts.Economics != nil
	cutoffs := all.Report.Cutoffs
	for i := range cutoffs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.step(ctx, i); err != nil {
			return nil, err
		}
		if w.opts.Progress != nil {
			w.opts.Progress(int64(i+1), int64(len(cutoffs)))
		}
	}
	if len(w.result.Cutoffs) == 0 {
		return nil, w.untested()
	}
	w.result.Total = w.judge(0, len(w.rows))
	w.result.Total.Cutoff = w.result.Cutoffs[0].Cutoff
	return w, nil
}

// untested says why no cut-off has a list.
func (w *backtestWalk[K]) untested() error {
	cutoffs := w.all.Report.Cutoffs
	if last := cutoffs[len(cutoffs)-1].Cutoff; w.opts.First > last {
		return fmt.Errorf("%w: BacktestOptions.First is %v, the last cut-off is %v", ErrNoRows, w.opts.First, last)
	}
	err := fmt.Errorf("%w: none of %d cut-offs has subjects, and earlier ones with both classes to learn from and to calibrate on", ErrNoRows, len(cutoffs))
	if w.opts.Delay > 0 {
		err = fmt.Errorf("%w, whose horizons ended %d days before it", err, w.opts.Delay)
	}
	return err
}

// Defaults of what past lists and reports compare.
const (
	defaultShare   = 0.05
	defaultSilence = 60
)

// noEstimate is a measure that there is none of.
var noEstimate = score.Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
