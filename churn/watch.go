package churn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// WatchOptions say when a report wakes somebody. A plain value: safe for concurrent reads.
type WatchOptions struct {
	// Level is the probability, from 1e-9 to below 1, that a report calls some column shifted though
	// none is, and again that it finds fault with probabilities that hold. Intervals
	// have a confidence of 1 - Level. 0: 0.05.
	Level float64
	// Least is the PSI below which a column has not shifted, however certain a difference is.
	// 0: 0.01, the index of a mean that moves by a tenth of a standard deviation.
	Least float64
	// Importance is the part of what the columns add to scores from which on shifted columns
	// are a finding, together, from 0 to 1. 0: 0.01.
	Importance float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// leastLevel is below all levels that tell anything, and far enough from 0 for 1 - Level.
const leastLevel = 1e-9

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *WatchOptions) Validate() error {
	if o == nil {
		return nil
	}
	return errors.Join(
		faultUnless(o.Level == 0 || o.Level >= leastLevel && o.Level < 1, "WatchOptions.Level is not between 1e-9 and 1"),
		faultUnless(o.Least >= 0 && o.Least <= math.MaxFloat64, "WatchOptions.Least is negative or no number"),
		faultUnless(o.Importance >= 0 && o.Importance <= 1, "WatchOptions.Importance is outside 0 to 1"),
		faultUnless(o.Workers >= 0, "WatchOptions.Workers is negative"))
}

func (o *WatchOptions) filled() WatchOptions {
	var f WatchOptions
	if o != nil {
		f = *o
	}
	f.Level, f.Least, f.Importance = cmp.Or(f.Level, 0.05), cmp.Or(f.Least, 0.01), cmp.Or(f.Importance, 0.01)
	return f
}

// DriftLevel is what is said of a difference from what was at the fit. Safe for concurrent use.
type DriftLevel uint8

// What is said of a difference, from the least to the greatest.
const (
	DriftStable   DriftLevel = iota // chance explains it
	DriftOrdinary                   // chance does not, but single cut-offs of the past were as far from the others, or it is small
	DriftShifted                    // neither explains it
)

var driftNames = []string{"stable", "ordinary", "shifted"}

// String returns "stable", "ordinary" or "shifted".
func (d DriftLevel) String() string { return enum.Name(driftNames, d) }

// MarshalText returns the text of String.
func (d DriftLevel) MarshalText() ([]byte, error) {
	return enum.Marshal("churn", "drift", driftNames, d)
}

// UnmarshalText reads what MarshalText wrote.
func (d *DriftLevel) UnmarshalText(text []byte) error {
	return enum.Unmarshal("churn", "drift", driftNames, text, d)
}

// WatchReport tells whether a model still fits the customers whom it is asked about. See [Watch].
// The names of its JSON stay as they are. A plain value: safe for concurrent reads.
type WatchReport struct {
	Label     string  `json:"label"`     // of the model
	First     Day     `json:"first"`     // cut-off of the current rows
	Last      Day     `json:"last"`      // cut-off of the current rows
	Rows      int     `json:"rows"`      // current
	Customers int     `json:"customers"` // of Rows: how many there are
	FitFirst  Day     `json:"fit_first"` // cut-off of the training rows
	FitLast   Day     `json:"fit_last"`  // cut-off of the training rows
	FitRows   int     `json:"fit_rows"`  // training rows, which are the baseline
	Level     float64 `json:"level"`     // see WatchOptions
	// Past is the number of cut-offs of fit and calibration, and Independent how many of them are a
	// horizon apart, less one: what ordinary variation is known from. Below 4 it is not known,
	// and a PSI of 0.1 and a distance of 0.125 are taken as ordinary by convention.
	Past        int `json:"past"`
	Independent int `json:"independent"`

	Alarm    bool           `json:"alarm"`    // there are findings
	Findings []WatchFinding `json:"findings"` // what somebody should look at
	Summary  Text           `json:"summary"`  // in a line

	// Score is how far the probabilities are from those of the training rows.
	Score        WatchColumn `json:"score"`
	Mean         float64     `json:"mean"`          // of the probabilities
	BaselineMean float64     `json:"baseline_mean"` // of those of the training rows
	Shifted      int         `json:"shifted"`       // columns
	Ordinary     int         `json:"ordinary"`      // columns
	Stable       int         `json:"stable"`        // columns
	// ShiftedImportance is the sum of the importance of shifted columns, and WeightedPSI the mean of
	// the PSI of all columns beyond chance, weighted by importance.
	ShiftedImportance float64 `json:"shifted_importance"`
	WeightedPSI       float64 `json:"weighted_psi"`
	// Columns are those of the model: shifted ones first, then ordinary ones; each by importance times PSI,
	// ties in the order of the model.
	Columns []WatchColumn `json:"columns"`
	// Performance is how well the model did where it is known what came true. Nil without such rows.
	Performance *WatchPerformance `json:"performance,omitempty"`
}

// WatchFinding is something to look at. A plain value: safe for concurrent reads.
type WatchFinding struct {
	// Code is "columns", "score", "auc", "rate" or "slope": see [Watch].
	Code string `json:"code"`
	Text Text   `json:"text"` // for people
}

// WatchColumn is how far a column is from what it was in the training rows. A plain value: safe
// for concurrent reads.
type WatchColumn struct {
	Name  string     `json:"name"`            // "probability" of Score
	Group Group      `json:"group,omitempty"` // of the column
	Drift DriftLevel `json:"drift"`           // the verdict
	// Importance is the mean size of what the column adds to scores, as a part of that of all. 1 for Score.
	Importance float64 `json:"importance"`
	// PSI is that of [score.PSI] over about ten bins or the levels, those not seen in the fit, and missing;
	// PSINoise what chance alone makes of it on average, and PSIOrdinary what single cut-offs of the past had
	// beyond that on average.
	PSI         float64 `json:"psi"`
	PSINoise    float64 `json:"psi_noise"`
	PSIOrdinary float64 `json:"psi_ordinary"`
	// PSIP is the probability of as large a difference by chance.
	PSIP float64 `json:"psi_p"`
	// KS is that of [score.KSDistance] of the known values, over about a hundred bins, KSOrdinary the root mean
	// square of single cut-offs of the past beyond chance, and KSP the probability by chance. 0, 0 and 1 of a category.
	KS         float64 `json:"ks"`
	KSOrdinary float64 `json:"ks_ordinary"`
	KSP        float64 `json:"ks_p"`
	// P bounds the probability that a cut-off with nothing wrong is as far, by PSI, KS, the share of missing or that
	// of unseen levels: by chance and ordinary variation together. It takes no account of the number of columns; Drift does.
	P               float64 `json:"p"`
	Missing         float64 `json:"missing"`          // share of the rows
	BaselineMissing float64 `json:"baseline_missing"` // of the training rows
	// Unseen is the share of rows with a level that the fit has not seen.
	Unseen float64 `json:"unseen"`
	// Median is that of the known values, nil where there is none and of a category.
	Median         *float64 `json:"median,omitempty"`
	BaselineMedian *float64 `json:"baseline_median,omitempty"` // of the training rows
}

// Watch compares current rows, of which the future need not be known, with the training rows of a
// model, and the probabilities of past rows with what came of them. past is nil, or has rows with labels
// of cut-offs from the end of the last horizon of fit and calibration on, as [Matured] makes them.
//
// A column has shifted if neither chance nor what is ordinary explains its distance from the
// training rows, by PSI, KS, the share of missing or that of unseen levels. Chance is that of the tests of Pearson, of
// the likelihood ratio and of Kolmogorov and Smirnov, for as many independent rows as those of customers are worth
// who are there more than once. What is ordinary is how far single
// cut-offs of training and calibration were from the rest: one month is never like a year,
// and a season is no fault. The probabilities are those of both together, at most, the least of these tests times their number,
// and held against Level by the method of Holm (1979) over all columns and the score. So Level bounds the
// probability that any column is called shifted while none is, if cut-offs a horizon apart vary independently of
// each other, and there are enough of them: see [WatchReport].Past. What drifts slowly on is a shift one day, also
// where the fit has seen its beginning. Current rows of several cut-offs average over what is ordinary: it is then
// overstated.
//
// Findings are: "columns", shifted ones with an importance of [WatchOptions.Importance] together; "score",
// the probabilities have shifted; "auc", "rate" and "slope", see [WatchPerformance]. A column that
// the model makes nothing of can shift without any.
//
// Rows of another label, or of a plan with another window, gap or horizon, or without the columns of
// the model are an error that wraps [ErrSchema], as are past rows without labels; no rows are one that
// wraps [ErrNoRows]; past cut-offs that are too early one that wraps [ErrOptions]. Nil options are
// the defaults. Cost: O(rows · columns) and the predictions; with past a bootstrap of 200 replicates.
func Watch[K comparable](ctx context.Context, m *Model, current, past *Dataset[K], opts *WatchOptions) (*WatchReport, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.filled()
	if err := watchable(m, current, "current"); err != nil {
		return nil, err
	}
	if past != nil {
		if err := judgeable(m, past); err != nil {
			return nil, err
		}
	}
	rows, err := watchRows(ctx, m, current, o.Workers)
	if err != nil {
		return nil, err
	}
	t := &m.training
	r := &WatchReport{
		Label: m.label, First: rows.cutoffs[0], Last: rows.cutoffs[len(rows.cutoffs)-1], Rows: current.Rows(),
		Customers: len(rows.customers.start) - 1, FitFirst: t.First, FitLast: t.Last, FitRows: m.baseline.Rows,
		Level: o.Level, Past: m.baseline.Past.Cutoffs, Independent: m.baseline.Past.Independent,
		Mean: meanOf(rows.probabilities), BaselineMean: m.baseline.Mean, Findings: []WatchFinding{},
	}
	if err := r.compare(ctx, m, rows, &o); err != nil {
		return nil, err
	}
	if past != nil {
		if r.Performance, err = newPerformance(ctx, m, past, &o); err != nil {
			return nil, err
		}
	}
	r.find(&o)
	return r, nil
}

// watchable returns what is wrong with rows that a model is to be asked about.
func watchable[K comparable](m *Model, d *Dataset[K], name string) error {
	switch {
	case m == nil:
		return fmt.Errorf("%w: watching needs a model", ErrOptions)
	case d == nil || d.Table == nil || len(d.Table.IDs) == 0:
		return fmt.Errorf("%w: %s has none", ErrNoRows, name)
	}
	if err := d.Table.Validate(); err != nil {
		return fmt.Errorf("churn: %s: %w", name, err)
	}
	return sameQuestion(m, d)
}

// compare fills in columns and score.
func (r *WatchReport) compare(ctx context.Context, m *Model, rows *watchedRows, o *WatchOptions) error {
	columns, chance := make([]WatchColumn, len(m.columns)+1), make([]float64, len(m.columns)+1)
	effects, medians := m.importances(), m.baseline.medians()
	parallel.For(parallel.Workers(o.Workers), len(columns), func(i int) {
		if ctx.Err() != nil {
			return
		}
		c := &columns[i]
		if i == len(m.columns) {
			c.Name, c.Importance = "probability", 1
		} else {
			c.Name, c.Group, c.Importance = m.columns[i].Name, m.schema.Columns[i].Group, effects[i]
		}
		chance[i] = c.compare(m, rows, &medians, i)
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	all := make([]float64, len(columns))
	for i := range columns {
		all[i] = columns[i].P
	}
	beyondChance, beyond := holm(chance, o.Level), holm(all, o.Level)
	for i := range columns {
		c := &columns[i]
		switch {
		case beyond[i] && c.PSI >= o.Least:
			c.Drift = DriftShifted
		case beyondChance[i]:
			c.Drift = DriftOrdinary
		}
	}
	r.Score, r.Columns = columns[len(m.columns)], columns[:len(m.columns)]
	for i := range r.Columns {
		c := &r.Columns[i]
		switch c.Drift {
		case DriftShifted:
			r.Shifted++
			r.ShiftedImportance += c.Importance
		case DriftOrdinary:
			r.Ordinary++
		default:
			r.Stable++
		}
		r.WeightedPSI += c.Importance * max(c.PSI-c.PSINoise, 0)
	}
	r.ShiftedImportance = min(r.ShiftedImportance, 1)
	slices.SortStableFunc(r.Columns, func(a, b WatchColumn) int {
		return cmp.Or(cmp.Compare(b.Drift, a.Drift), cmp.Compare(b.Importance*b.PSI, a.Importance*a.PSI))
	})
	return nil
}

// importances returns the effects of the columns as parts of their sum.
func (m *Model) importances() []float64 {
	largest, sum := 0.0, 0.0
	for i := range m.baseline.Columns {
		largest = max(largest, m.baseline.Columns[i].Effect)
	}
	parts := make([]float64, len(m.columns))
	if largest == 0 {
		return parts
	}
	for i := range parts {
		parts[i] = m.baseline.Columns[i].Effect / largest // so that no sum overflows
		sum += parts[i]
	}
	for i := range parts {
		parts[i] /= sum
	}
	return parts
}

// compare fills in what is said of column i, but for the verdict, and returns the probability
// of the difference by chance.
func (c *WatchColumn) compare(m *Model, rows *watchedRows, medians *pastDistance, i int) (chance float64) {
	b := &m.baseline.Score
	if i < len(m.columns) {
		b = &m.baseline.Columns[i]
	}
	column := rows.column(i)
	number := column.Kind == table.Number
	t := b.tally(rows, i)
	classes, steps := b.base(number, m.baseline.Rows)
	base := &watchedSample{classes, steps, float64(m.baseline.Rows), b.Worth}
	now := &watchedSample{classes: t.total, rows: float64(len(rows.cutoff)), worth: t.worth}
	if number {
		now.steps = t.steps()
		c.Median = medianOf(column.Num)
		if b.Deciles != nil {
			c.BaselineMedian = new(b.median())
		}
	} else {
		c.Unseen = t.total[len(t.total)-2] / now.rows
	}
	c.Missing, c.BaselineMissing = t.total[len(t.total)-1]/now.rows, b.Shares[len(b.Shares)-1]
	d := newDifference(base, now)
	past := b.Past.drawn(medians, m.baseline.Past.Independent)
	p := m.baseline.Past.nulls(&d, &past)
	c.PSI, c.PSINoise, c.PSIOrdinary, c.PSIP = d.psi, d.noise, b.Past.PSI*b.Past.PSI, p.psi
	c.KS, c.KSOrdinary, c.KSP = d.ks, b.Past.KS, p.ks
	c.P = min(p.tests*p.ordinary, 1)
	return min(p.tests*p.chance, 1)
}

// medianOf returns the lower median of the known values, nil where there is none.
func medianOf(values []float64) *float64 {
	known := make([]float64, 0, len(values))
	for _, x := range values {
		if !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	if len(known) == 0 {
		return nil
	}
	// Quickselect: what is sought is between lo and hi.
	at := (len(known) - 1) / 2
	for lo, hi := 0, len(known)-1; lo < hi; {
		pivot := known[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for known[i] < pivot {
				i++
			}
			for known[j] > pivot {
				j--
			}
			if i <= j {
				known[i], known[j] = known[j], known[i]
				i++
				j--
			}
		}
		switch {
		case at <= j:
			hi = j
		case at >= i:
			lo = i
		default:
			lo, hi = at, at
		}
	}
	return new(known[at])
}

// holm tells which of the hypotheses with these probabilities are rejected, so that any true
// one is with a probability of level at most (Holm 1979).
func holm(p []float64, level float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return p[order[i]] < p[order[j]] })
	rejected := make([]bool, len(p))
	for rank, i := range order {
		if p[i] > level/float64(len(p)-rank) {
			break
		}
		rejected[i] = true
	}
	return rejected
}
