package rfm

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/parallel"
)

// ErrNoCustomers is returned where there is nobody to score.
var ErrNoCustomers = errors.New("rfm: no customers with a purchase")

// A Model is what [Analyze] and [Fit] learn: thresholds, the table of
// segments and the cuts of the eight classes. It scores customers it has never
// seen, and is written and read as JSON. The zero Model is for reading into: its
// other methods panic. A Model is immutable: safe for concurrent use.
type Model struct {
	counting   counting
	nested     bool
	bins       [dimensions]int
	thresholds [dimensions][]Thresholds
	weights    [dimensions]float64 // sum 1
	table      *SegmentTable       // nil for none
	lookup     []uint8             // index of the segment plus one by scores; 0 for none
	classes    fittedClasses
	scored     [dimensions][]int // customers by score, at fit time
}

// A counting says how the customers of a model were counted.
type counting struct {
	AsOf      string          `json:"as_of,omitempty"` // local day
	Location  string          `json:"location,omitempty"`
	Window    int             `json:"window,omitempty"`
	Frequency FrequencyUnit   `json:"frequency"`
	Monetary  MonetaryMeasure `json:"monetary"`
	Refunds   RefundPolicy    `json:"refunds"`
}

// Fit learns a model from a ready customer table, of which it uses the Values
// alone. AsOf and Location are not needed. Nil options are the defaults. The
// model does not depend on the order of customers, except where NTile is Nested:
// use [AnalyzeCustomers] there. Errors: a joined error for options, a
// [*CustomerError] for the first row that cannot be scored, ErrNoCustomers.
// Cost: O(n log n), on several goroutines.
func Fit[K comparable](ctx context.Context, customers []Customer[K], opts *Options) (*Model, error) {
	rows := append([]Customer[K](nil), customers...)
	return fit(ctx, rows, opts)
}

// fit learns a model from rows, sorted by id, and scores them.
func fit[K comparable](ctx context.Context, rows []Customer[K], opts *Options) (*Model, error) {
	o := opts.orDefault()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNoCustomers
	}
	f := fitter[K]{rows: rows, workers: parallel.Workers(o.Workers)}
	if err := f.extract(); err != nil {
		return nil, err
	}
	m := &Model{nested: o.Nested, table: o.table().clone()}
	m.counting = counting{Window: o.Window, Frequency: o.Frequency, Monetary: o.Monetary, Refunds: o.Refunds}
	if o.Location != nil {
		m.counting.Location = o.Location.String()
		if !o.AsOf.IsZero() {
			m.counting.AsOf = o.AsOf.In(o.Location).Format(time.DateOnly)
		}
	}
	for d := range dimensions {
		m.bins[d] = o.binning(d).bins()
	}
	m.setWeights(o.Weights)
	m.index()

	f.model = m
	for d := range dimensions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.fit(d, o.binning(d))
	}
	f.count()
	classes := o.Classes
	if classes == nil {
		classes = &Classes{}
	}
	m.classes = fitClasses(classes, &f)
	return m, ctx.Err()
}

func (m *Model) setWeights(w [3]float64) {
	sum := w[recency] + w[frequency] + w[monetary]
	if sum == 0 {
		w, sum = [3]float64{1, 1, 1}, 3
	}
	for d := range dimensions {
		m.weights[d] = w[d] / sum
	}
}

// group is the index of the thresholds of dimension d that hold for a
// customer with scores s in the dimensions before d.
func (m *Model) group(s Scores, d int) int {
	switch {
	case !m.nested || d == recency:
		return 0
	case d == frequency:
		return int(s.R) - 1
	}
	return (int(s.R)-1)*m.bins[frequency] + int(s.F) - 1
}

// Score is the scores of a customer with values v; the zero Scores where v
// cannot be scored (negative recency or frequency, money that is not finite).
// Cost: O(bins), below 100 ns with 5 of them, no allocation.
func (m *Model) Score(v Values) Scores {
	var s Scores
	if v.fault() != "" {
		return s
	}
	s.R = m.thresholds[recency][0].Score(float64(v.Recency))
	s.F = m.thresholds[frequency][m.group(s, frequency)].Score(float64(v.Frequency))
	s.M = m.thresholds[monetary][m.group(s, monetary)].Score(v.Monetary)
	return s
}

// Combined is the weighted mean of the scores, by [Options].Weights: between 1
// and the largest number of bins, 0 for a customer that is not scored.
func (m *Model) Combined(s Scores) float64 {
	return float64(m.weights[recency]*float64(s.R)) + float64(m.weights[frequency]*float64(s.F)) +
		float64(m.weights[monetary]*float64(s.M))
}

// Thresholds returns a copy of the thresholds of the three dimensions: one
// each, or with Nested one of frequency for each recency score, and one of
// money for each pair of a recency and a frequency score, recency first.
func (m *Model) Thresholds() (r, f, money []Thresholds) {
	var out [dimensions][]Thresholds
	for d := range dimensions {
		for _, t := range m.thresholds[d] {
			t.Cuts = slices.Clone(t.Cuts)
			out[d] = append(out[d], t)
		}
	}
	return out[recency], out[frequency], out[monetary]
}

// Scored returns how many customers the fit gave each score of the three
// dimensions: element i counts score i+1.
func (m *Model) Scored() (r, f, money []int) {
	return slices.Clone(m.scored[recency]), slices.Clone(m.scored[frequency]), slices.Clone(m.scored[monetary])
}
