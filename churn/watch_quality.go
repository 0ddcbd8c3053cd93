package churn

import (
	"context"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/learn/score"
)

// WatchQuality is how well a model did on the rows on which it was calibrated, from which it has learned
// no more than that. A plain value: safe for concurrent reads.
type WatchQuality struct {
	Mean    float64        `json:"mean"`     // of the probabilities
	Rate    score.Estimate `json:"rate"`     // see WatchPerformance; bounds of 95 %
	AUC     score.Estimate `json:"auc"`      // bounds of 95 %
	Slope   score.Estimate `json:"slope"`    // see WatchPerformance; bounds of 95 %
	Brier   float64        `json:"brier"`    // mean squared error of the probability
	LogLoss float64        `json:"log_loss"` // mean of -log of the probability of what came; math.MaxFloat64 where that is infinite
	ECE     float64        `json:"ece"`      // over ten bins of equal width
}

func newWatchQuality[K comparable](probabilities []float64, d *Dataset[K]) (*WatchQuality, error) {
	groups, customers := customerGroups(d)
	b, err := score.NewBinary(probabilities, d.Labels, &score.BinaryOptions{Groups: groups, Replicates: 2, Workers: 1})
	if err != nil {
		return nil, fmt.Errorf("churn: %w", err)
	}
	q := &WatchQuality{Mean: meanOf(probabilities), Rate: rateOf(probabilities, d.Labels, groups, customers, normal95), AUC: b.AUC(), Brier: b.Brier().Value, LogLoss: min(b.LogLoss().Value, math.MaxFloat64), ECE: b.ECE(nil).Value}
	_, q.Slope = b.CalibrationLine()
	return q, nil
}

func (q *WatchQuality) valid() bool {
	if q == nil {
		return true
	}
	share := func(x float64) bool { return x >= 0 && x <= 1 }
	ordered := func(e score.Estimate) bool { return e.Low <= e.Value && e.Value <= e.High }
	return share(q.Mean) && share(q.Rate.Low) && share(q.Rate.High) && ordered(q.Rate) && share(q.AUC.Low) && share(q.AUC.High) && ordered(q.AUC) && share(q.Brier) && share(q.ECE) && q.LogLoss >= 0 &&
		(math.IsNaN(q.Slope.Value) || ordered(q.Slope))
}

// WatchPerformance is how well a model did on past rows of which it is known what came true. All intervals
// and verdicts take the rows of a customer for one draw. A plain value: safe for concurrent reads.
//
// A verdict is DriftStable where chance explains a difference, DriftOrdinary where it does not and the difference is
// small, or that of Rate no more than single cut-offs of the past had, and otherwise DriftShifted: where the three
// are as at the fit, WatchOptions.Level bounds the probability that any is called otherwise. AUC and Slope need 10
// rows that came true and 10 that did not, Rate as many predicted or in fact, and all of them as many in the
// calibration if there was one: else they are DriftStable.
type WatchPerformance struct {
	First     Day `json:"first"`     // cut-off of the rows
	Last      Day `json:"last"`      // the latest cut-off whose labels are complete
	Immature  int `json:"immature"`  // later cut-offs whose horizon has not ended: see Matured
	Rows      int `json:"rows"`      // judged
	Customers int `json:"customers"` // of Rows: how many there are
	Positive  int `json:"positive"`  // of Rows: it came true
	// Mean is that of the probabilities, to be set beside Rate, the share that came true, whose bounds are
	// those of the difference. What is judged is that less the one at the fit. Less than a twentieth is small. It is a
	// finding either way.
	Mean      float64        `json:"mean"`
	Rate      score.Estimate `json:"rate"`
	RateDrift DriftLevel     `json:"rate_drift"`
	// AUC is beside that of AtFit; less than 0.01 is small, and less of it a finding. NaN where all
	// labels are the same.
	AUC      score.Estimate `json:"auc"`
	AUCDrift DriftLevel     `json:"auc_drift"`
	// Slope is that of [score.Binary.CalibrationLine]: 1 where probabilities hold, less where high ones are too
	// high and low ones too low. Less than 0.1 from that at the fit, or from 1 where that is not known, is small. A finding
	// either way. NaN where there is none.
	Slope      score.Estimate `json:"slope"`
	SlopeDrift DriftLevel     `json:"slope_drift"`
	// Brier, LogLoss and ECE, over ten bins of equal width, are without a verdict: they depend on how
	// often it comes true.
	Brier   score.Estimate `json:"brier"`
	LogLoss score.Estimate `json:"log_loss"`
	ECE     score.Estimate `json:"ece"`
	// AtFit is what was on the rows of the calibration. Nil of a model without: then there is no verdict of AUC.
	AtFit *WatchQuality `json:"at_fit,omitempty"`
}

// What is small in a WatchPerformance, and how many rows of either kind there must be.
const (
	smallRate  = 0.05 // of the larger
	smallAUC   = 0.01
	smallSlope = 0.1
	fewRows    = 10
)

// judgeable returns what is wrong with past rows.
func judgeable[K comparable](m *Model, past *Dataset[K]) error {
	if err := watchable(m, past, "past"); err != nil {
		return err
	}
	if len(past.Labels) != past.Rows() {
		return fmt.Errorf("%w: the past rows have no labels", ErrSchema)
	}
	if first, _ := cutoffRange(past); first < m.ready() {
		return fmt.Errorf("%w: past begins %v, before %v, when the last horizon of which the model has learned ends", ErrOptions, first, m.ready())
	}
	return nil
}

// ready is the day from which on all labels of which the model has learned are known: the first on which it
// could have been asked. Earlier cut-offs have days of their horizons in common with those labels.
func (m *Model) ready() Day {
	t := &m.training
	last := t.Last
	if t.CalibrationRows > 0 {
		last = t.CalibrationLast
	}
	return last + Day(m.plan.gap()+m.plan.Horizon)
}

func newPerformance[K comparable](ctx context.Context, m *Model, past *Dataset[K], o *WatchOptions) (*WatchPerformance, error) {
	probabilities, err := eachRow(ctx, m, past.Table, o.Workers, m.main.probability)
	if err != nil {
		return nil, err
	}
	groups, customers := customerGroups(past)
	b, err := score.NewBinary(probabilities, past.Labels, &score.BinaryOptions{Groups: groups, Confidence: 1 - o.Level, Workers: o.Workers})
	if err != nil {
		return nil, fmt.Errorf("churn: %w", err)
	}
	p := &WatchPerformance{
		Immature: past.Report.Incomplete, Rows: past.Rows(), Customers: customers, Positive: int(b.Positives()), Mean: meanOf(probabilities),
		AUC: b.AUC(), Brier: b.Brier(), LogLoss: b.LogLoss(), ECE: b.ECE(nil), AtFit: m.baseline.Quality,
	}
	if p.AtFit != nil {
		p.AtFit = new(*p.AtFit)
	}
	p.First, p.Last = cutoffRange(past)
	_, p.Slope = b.CalibrationLine()
	z := math.Sqrt2 * math.Erfinv(1-o.Level)
	certain := math.Sqrt2 * math.Erfinv(1-o.Level/3) // three verdicts
	p.Rate = rateOf(probabilities, past.Labels, groups, customers, z)
	rows, expected := float64(p.Rows), p.Mean*float64(p.Rows)
	few := max(expected, float64(p.Positive)) < fewRows || max(rows-expected, rows-float64(p.Positive)) < fewRows
	if t := &m.training; few || p.AtFit != nil && min(t.CalibrationPositive, t.CalibrationRows-t.CalibrationPositive) < fewRows {
		return p, ctx.Err()
	}
	// Beside a fit that was perfect, where there is none.
	fit := WatchQuality{AUC: noEstimate, Slope: score.Estimate{Value: 1, Low: 1, High: 1}}
	if p.AtFit != nil {
		fit = *p.AtFit
	}
	width := func(e score.Estimate) float64 { return max(e.High-e.Value, e.Value-e.Low) }
	scale := certain / z
	off := math.Abs(p.Rate.Value - p.Mean - (fit.Rate.Value - fit.Mean))
	error := math.Hypot(width(p.Rate)/z, width(fit.Rate)/normal95)
	p.RateDrift = driftOf(off > certain*error, off >= smallRate*max(p.Rate.Value, p.Mean))
	chance := func(far float64) float64 { return math.Erfc(far / error / math.Sqrt2) }
	if past := &m.baseline.Past; p.RateDrift == DriftShifted && past.beyond(off, past.Rate, conventionShare, chance) > o.Level/3 {
		p.RateDrift = DriftOrdinary
	}
	if min(p.Positive, p.Rows-p.Positive) < fewRows {
		return p, ctx.Err()
	}
	off = math.Abs(p.Slope.Value - fit.Slope.Value)
	p.SlopeDrift = driftOf(off > math.Hypot(scale*width(p.Slope), certain/normal95*width(fit.Slope)), off >= smallSlope)
	off = math.Abs(logOddsOf(p.AUC.Value) - logOddsOf(fit.AUC.Value))
	p.AUCDrift = driftOf(off > certain*math.Hypot(logitError(p.AUC, z), logitError(fit.AUC, normal95)), math.Abs(p.AUC.Value-fit.AUC.Value) >= smallAUC)
	return p, ctx.Err()
}

func driftOf(certain, large bool) DriftLevel {
	switch {
	case certain && large:
		return DriftShifted
	case certain:
		return DriftOrdinary
	}
	return DriftStable
}

// rateOf is the share that came true, with the bounds of its difference from the mean probability: z standard
// errors, each the greater of that of the sums of customers and that of probabilities that hold, which does not
// vanish where nothing came true.
func rateOf(probabilities []float64, labels []bool, groups []int32, customers int, z float64) score.Estimate {
	sums, variance, squares, positive := make([]float64, customers), 0.0, 0.0, 0.0
	for i, p := range probabilities {
		variance += p * (1 - p)
		if labels[i] {
			positive++
			p--
		}
		sums[groups[i]] += p
	}
	for _, s := range sums {
		squares += s * s
	}
	if customers > 1 {
		squares *= float64(customers) / float64(customers-1)
	}
	rows := float64(len(probabilities))
	rate, half := positive/rows, z*math.Sqrt(max(squares, variance))/rows
	return score.Estimate{Value: rate, Low: max(rate-half, 0), High: min(rate+half, 1)}
}

// logitError is the standard error on the log-odds of a share with bounds at z standard errors,
// infinite where one is 0 or 1.
func logitError(e score.Estimate, z float64) float64 {
	return (logOddsOf(e.High) - logOddsOf(e.Low)) / (2 * z)
}

func logOddsOf(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum / float64(len(values))
}
