package churn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// EvaluateOptions say what a report has. A plain value: safe for concurrent reads.
type EvaluateOptions struct {
	// Share of the rows that is alerted, above 0, up to 1. 0: 0.05.
	Share float64
	// Silence is the days of silence from which on the marketer's rule calls. 0: 60.
	Silence int
	// Profit is the campaign of the expected maximum profit. Nil: that of Verbraken et al., see
	// [score.Binary.ExpectedMaximumProfit].
	Profit *score.ProfitOptions
	// Confidence of all intervals, between 0 and 1. 0: 0.95.
	Confidence float64
	// Seed of the bootstrap that some intervals take. 0: score.DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *EvaluateOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	for _, f := range []struct {
		bad  bool
		text string
	}{
		{!(o.Share >= 0 && o.Share <= 1), "Share is outside 0 to 1"},
		{o.Silence < 0, "Silence is negative"},
		{!(o.Confidence >= 0 && o.Confidence < 1), "Confidence is not between 0 and 1"},
		{o.Workers < 0, "Workers is negative"},
	} {
		if f.bad {
			faults = append(faults, fmt.Errorf("%w: EvaluateOptions.%s", ErrOptions, f.text))
		}
	}
	if o.Profit != nil {
		if err := o.Profit.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("%w: EvaluateOptions.Profit: %w", ErrOptions, err))
		}
	}
	return errors.Join(faults...)
}

// Evaluate tells how good a model is on rows that it has not seen, beside
//
//   - the straight-line logistic regression that was fitted on the same rows;
//   - the marketer's rule, the longest silence: ranked by it, and called from
//     [EvaluateOptions.Silence] days on. It is missing where the rows have no column
//     purchase_days_since;
//   - the share of positives in the latest slice that the model knows, that of calibration or else
//     of training, as everybody's probability;
//   - telling of nobody that it comes true, which ranks nobody and earns nothing.
//
// The rows of [Snapshots] lack those that came true in the gap, which lists of today have:
// [Backtest] tells what such lists are worth. All intervals take the rows of a customer for
// one draw. Rows on which the model was fitted or calibrated flatter it: take the test slice of
// [Dataset.Split].
//
// A data set without labels, with another label than the model, of a plan with another window,
// gap or horizon, or without the columns of the model is an error that wraps [ErrSchema]; labels
// that are all the same wrap [ErrOneClass], no rows [ErrNoRows]. The context is looked at before
// every contender. Cost: the predictions, and O(n log n) for each contender and two bootstraps of
// 200 replicates for each of the first three.
func Evaluate[K comparable](ctx context.Context, m *Model, test *Dataset[K], opts *EvaluateOptions) (*Report, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := evaluable(m, test); err != nil {
		return nil, err
	}
	e := newEvaluation(test, opts)
	if err := contend(ctx, e, m, test); err != nil {
		return nil, err
	}
	return e.report, nil
}

// evaluable returns what is wrong with rows that a model is to be judged by.
func evaluable[K comparable](m *Model, test *Dataset[K]) error {
	switch {
	case m == nil:
		return fmt.Errorf("%w: evaluation needs a model", ErrOptions)
	case test == nil || test.Table == nil || len(test.Table.IDs) == 0:
		return fmt.Errorf("%w: nothing to evaluate on", ErrNoRows)
	case len(test.Labels) != test.Rows():
		return fmt.Errorf("%w: the rows have no labels", ErrSchema)
	}
	if err := sameQuestion(m, test); err != nil {
		return err
	}
	for _, label := range test.Labels[1:] {
		if label != test.Labels[0] {
			return nil
		}
	}
	return fmt.Errorf("%w: %d rows", ErrOneClass, test.Rows())
}

// sameQuestion returns an error where rows ask something else than a model answers.
func sameQuestion[K comparable](m *Model, d *Dataset[K]) error {
	p, q := &m.plan, &d.plan
	switch {
	case d.label != m.label:
		return fmt.Errorf("%w: the label of the rows is %q, that of the model %q", ErrSchema, d.label, m.label)
	case p.Window != q.Window || p.gap() != q.gap() || p.Horizon != q.Horizon:
		return fmt.Errorf("%w: window, gap and horizon of the rows are %d, %d and %d days, those of the model %d, %d and %d", ErrSchema,
			q.Window, q.gap(), q.Horizon, p.Window, p.gap(), p.Horizon)
	}
	return nil
}

// contend adds all contenders to a report.
func contend[K comparable](ctx context.Context, e *evaluation, m *Model, test *Dataset[K]) error {
	probabilities, err := Predict(ctx, m, test)
	if err != nil {
		return err
	}
	if err := e.add(ctx, "model", probabilities, true, math.NaN()); err != nil {
		return err
	}
	if probabilities, err = predictReference(ctx, m, test); err != nil {
		return err
	}
	if err := e.add(ctx, "logistic baseline", probabilities, true, math.NaN()); err != nil {
		return err
	}
	scores := make([]float64, test.Rows())
	if silence, ok := test.Table.Column(silenceColumn); ok && silence.Kind == table.Number {
		for i, days := range silence.Num {
			if scores[i] = days; math.IsNaN(days) {
				scores[i] = -1
			}
		}
		if err := e.add(ctx, silentFor(e.opts.Silence), scores, false, float64(e.opts.Silence)); err != nil {
			return err
		}
	}
	for i := range scores {
		scores[i] = m.training.latest()
	}
	if err := e.add(ctx, "share so far", scores, true, math.NaN()); err != nil {
		return err
	}
	e.addNobody()
	return ctx.Err()
}

// latest is the share of positives in the latest slice that a model knows.
func (t training) latest() float64 {
	if t.CalibrationRows > 0 {
		return float64(t.CalibrationPositive) / float64(t.CalibrationRows)
	}
	return float64(t.Positive) / float64(t.Rows)
}

// silentFor is the name of the marketer's rule.
func silentFor(days int) string { return fmt.Sprintf("silent for %d days", days) }

// evaluation is a report in the making.
type evaluation struct {
	opts   EvaluateOptions // filled in
	labels []bool
	groups []int32 // of each row the customer, from 0
	model  *score.Binary
	report *Report
}

func newEvaluation[K comparable](test *Dataset[K], opts *EvaluateOptions) *evaluation {
	e := &evaluation{labels: test.Labels, groups: make([]int32, test.Rows())}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Share == 0 {
		e.opts.Share = defaultShare
	}
	if e.opts.Silence == 0 {
		e.opts.Silence = defaultSilence
	}
	if e.opts.Confidence == 0 {
		e.opts.Confidence = 0.95
	}
	ids := test.Table.IDs
	r := &Report{
		Label: test.label, Gap: test.plan.gap(), Horizon: test.plan.Horizon, First: ids[0].Cutoff, Last: ids[0].Cutoff,
		Rows: len(ids), Customers: 1, Share: e.opts.Share, Confidence: e.opts.Confidence,
	}
	for row, id := range ids {
		if row > 0 && id.Customer != ids[row-1].Customer {
			r.Customers++
		}
		e.groups[row] = int32(r.Customers - 1)
		r.First, r.Last = min(r.First, id.Cutoff), max(r.Last, id.Cutoff)
		if test.Labels[row] {
			r.Positive++
		}
	}
	e.report = r
	return e
}

// add judges a contender, the model first. Of one whose scores are no probabilities those
// measures are NaN; threshold is the score from which on it calls, NaN if it has none.
func (e *evaluation) add(ctx context.Context, name string, scores []float64, probabilities bool, threshold float64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := score.NewBinary(scores, e.labels, &score.BinaryOptions{
		Groups: e.groups, Confidence: e.opts.Confidence, Seed: e.opts.Seed, Workers: e.opts.Workers,
	})
	if err != nil {
		return fmt.Errorf("churn: %s: %w", name, err)
	}
	if e.model == nil {
		e.model = b
		e.report.Reliability = b.Reliability(score.QuantileBins(scores, nil, 10))
	}
	c := Contender{Name: name, Brier: noEstimate, LogLoss: noEstimate, ECE: noEstimate, At: b.At(e.opts.Share)}
	constant := len(b.Curve()) == 2
	if constant {
		c.rankNothing(b)
	} else {
		c.AUC, c.AveragePrecision = b.AUC(), b.AveragePrecision()
		c.KS, _ = b.KS()
	}
	if c.AUCGain, c.P, err = score.AUCDifference(e.model, b); err != nil {
		return fmt.Errorf("churn: %s: %w", name, err)
	}
	profit, err := b.ExpectedMaximumProfit(e.opts.Profit)
	if err != nil {
		return fmt.Errorf("churn: %s: %w", name, err)
	}
	c.EMPC, c.Target = score.Estimate{Value: profit.PerRow, Low: profit.PerRow, High: profit.PerRow}, profit.Target
	if !constant {
		if c.EMPC, err = b.ExpectedMaximumProfitInterval(e.opts.Profit); err != nil {
			return fmt.Errorf("churn: %s: %w", name, err)
		}
	}
	if probabilities {
		c.Brier, c.LogLoss = b.Brier(), b.LogLoss()
		if constant {
			c.ECE = distance(b.At(1).Precision, scores[0])
		} else {
			c.ECE = b.ECE(nil)
		}
		parts := b.BrierParts(nil)
		c.BrierParts = &parts
	}
	if !math.IsNaN(threshold) {
		own := b.AtThreshold(threshold)
		c.Own = &own
	}
	c.Gains = b.Gains(gainPoints)
	c.Curve = curveOf(b)
	e.report.Contenders = append(e.report.Contenders, c)
	return nil
}

// gainPoints is the number of shares at which gains are told.
const gainPoints = 10

// rankNothing fills in how well equal scores rank, which takes no bootstrap: the precision of any
// number of alerts is the share of all rows that came true.
func (c *Contender) rankNothing(b *score.Binary) {
	c.AUC, c.AveragePrecision, c.KS = score.Estimate{Value: 0.5, Low: 0.5, High: 0.5}, b.At(1).Precision, score.Estimate{}
}

// distance is that of a share from a number: 0 is within its bounds where the number is
// within those of the share.
func distance(share score.Estimate, from float64) score.Estimate {
	low, high := math.Abs(share.Low-from), math.Abs(share.High-from)
	d := score.Estimate{Value: math.Abs(share.Value - from), Low: min(low, high), High: max(low, high)}
	if share.Low <= from && from <= share.High {
		d.Low = 0
	}
	return d
}

// addNobody adds telling of nobody that it comes true.
func (e *evaluation) addNobody() {
	nothing := e.model.AtThreshold(math.Inf(1))
	e.report.Contenders = append(e.report.Contenders, Contender{
		Name: "nobody", AUC: noEstimate, AveragePrecision: noEstimate, KS: noEstimate, AUCGain: noEstimate, P: math.NaN(),
		Brier: noEstimate, LogLoss: noEstimate, ECE: noEstimate, At: nothing, Own: &nothing,
		Gains: slices.Repeat([]score.Budget{nothing}, gainPoints), Curve: []score.Point{{Score: math.Inf(1), Precision: 1}},
	})
}

// curveOf returns about a hundred points of a curve, the first and the last among them.
func curveOf(b *score.Binary) []score.Point {
	var curve []score.Point
	all := b.Curve()
	next := 0.0
	for i, p := range all {
		if p.Alerted >= next || i == len(all)-1 {
			curve = append(curve, p)
			next = math.Floor(p.Alerted*100)/100 + 0.01
		}
	}
	return curve
}
