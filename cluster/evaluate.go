package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// defaultSilhouetteSample is the number of rows for the silhouette where EvaluateOptions
// has none.
const defaultSilhouetteSample = 10_000

// EvaluateOptions says how [Evaluate] works. The zero value of every field is a sensible
// default. A plain value: safe for concurrent reads.
type EvaluateOptions struct {
	// Weights has one weight for each row of the table, at least 0 and not all 0: a row
	// of weight 2 counts as two equal rows. Nil: 1 each.
	Weights []float64
	// Sample is about the number of rows, drawn from each group by its size, from which
	// Indices.Silhouette is estimated. 0: 10,000. At least as many as
	// there are rows: it is exact, in time that grows with their square.
	Sample int
	// Seed decides the sample. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate returns every fault of the options, joined.
func (o *EvaluateOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	if o.Workers < 0 {
		faults = append(faults, fmt.Errorf("%w: EvaluateOptions.Workers is negative", ErrOptions))
	}
	if o.Sample < 0 {
		faults = append(faults, fmt.Errorf("%w: EvaluateOptions.Sample is negative", ErrOptions))
	}
	sum := 0.0
	for _, w := range o.Weights {
		if !(w >= 0) {
			sum = math.NaN()
		}
		sum += w
	}
	if o.Weights != nil && !(sum > 0 && sum <= largest) {
		faults = append(faults, fmt.Errorf("%w: EvaluateOptions.Weights are negative, not numbers, all 0 or too large", ErrOptions))
	}
	return errors.Join(faults...)
}

// Indices tell how well groups are apart, in prepared numbers. A plain value: safe for
// concurrent reads.
type Indices struct {
	// Inertia is the weighted sum of the squared distances of the rows to the mean of
	// their group.
	Inertia float64 `json:"inertia"`
	// CalinskiHarabasz is the sum of squares between groups divided by k-1 beside
	// Inertia divided by n-k, with n the weight of the rows and k the number of groups
	// that have some: larger is better. NaN where k is below 2 or not below n, or all rows
	// are equal; +Inf where groups are apart and Inertia is 0. Caliński and Harabasz 1974.
	CalinskiHarabasz float64 `json:"calinski_harabasz"`
	// DaviesBouldin is the mean over the groups of the largest (s+s')/d with another, s
	// being the mean distance of a group's rows to its mean, d that of both means: smaller
	// is better. NaN where there are fewer than 2 groups; +Inf where two wide ones have
	// the same mean. Davies and Bouldin 1979.
	DaviesBouldin float64 `json:"davies_bouldin"`
	// Simplified is the silhouette with distances to the means of groups in place of mean
	// distances to their rows. Hruschka, de Castro and Campello 2004.
	Simplified float64 `json:"simplified"`
	// Silhouette is the weighted mean of (b-a)/max(a,b), in [-1, 1], where a is the mean
	// distance of a row to the others of its group and b that to the rows of the nearest
	// other group. It is 0 for a row alone in its group, where there is one group, and
	// where a and b are 0. Rousseeuw 1987.
	Silhouette float64 `json:"silhouette"`
	// SilhouetteError is the standard error of Silhouette, 0 if it is exact: the exact one
	// is within twice the error in about 19 of 20 samples. It does not hold if groups have
	// only a few rows in the sample.
	SilhouetteError float64 `json:"silhouette_error"`
	// Groups has the silhouette of each group, 0 for one without rows.
	Groups []float64 `json:"groups"`
	// Rows has the silhouette of each row of the table. Nil if Silhouette is an estimate.
	Rows []float64 `json:"rows,omitempty"`
}

// MarshalJSON writes the indices, without those that are no finite number.
func (x Indices) MarshalJSON() ([]byte, error) {
	type plain Indices
	finite := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	return json.Marshal(struct {
		plain
		CalinskiHarabasz *float64 `json:"calinski_harabasz,omitempty"`
		DaviesBouldin    *float64 `json:"davies_bouldin,omitempty"`
	}{plain(x), finite(x.CalinskiHarabasz), finite(x.DaviesBouldin)})
}

// Evaluate tells how well the groups of m are apart on the rows of t, whose columns it
// finds as [Assign] does. Of a Prototypes model a differing category counts as much as in
// its distances; rows that a Trimmed model flags as outliers count as those of weight 0.
// Where t has ids and Compare the order of its rows does not matter.
//
// Weights of rows are numbers of equal rows: of a row of weight w, min(1, w) is not among
// the others of its group.
//
// Errors: those of [EvaluateOptions.Validate], of Weights of another number than there are rows, of [Assign]
// and of ctx. Cost: time for (rows * K + sample²) * (prepared numbers + category columns)
// and K² * (prepared numbers + levels), memory for rows * (prepared numbers + category
// columns) and K * (prepared numbers + levels); category columns and levels count only with
// Prototypes.
func Evaluate[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *EvaluateOptions) (*Indices, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &EvaluateOptions{}
	}
	o := *opts
	if o.Weights != nil && len(o.Weights) != t.Rows() {
		return nil, fmt.Errorf("cluster: Weights are %d, the table has %d rows", len(o.Weights), t.Rows())
	}
	if o.Sample == 0 {
		o.Sample = defaultSilhouetteSample
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	a, err := assignTable(ctx, m, t, o.Workers)
	if err != nil {
		return nil, err
	}
	order, err := canonicalOrder(t, o.Workers)
	if err != nil {
		return nil, err
	}
	r, err := m.rowsOf(ctx, t.Columns, weightsWithin(o.Weights, a.Outliers), order, o.Workers)
	if err != nil {
		return nil, err
	}
	x, err := evaluate(ctx, r, m.gamma, gather(a.Labels, order), m.k, o.Sample, o.Seed, o.Workers)
	if err != nil {
		return nil, err
	}
	if x.Rows != nil && order != nil {
		x.Rows = putBack(x.Rows, order)
	}
	return x, nil
}

// evaluate computes all indices. A code in which two rows differ adds gamma times its cost
// to their squared distance.
func evaluate(ctx context.Context, r *rows, gamma float64, label []int32, k, sample int, seed uint64, workers int) (*Indices, error) {
	if len(r.codes) > 0 {
		weighed := *r
		weighed.costs = make([]float64, len(r.costs))
		for c, cost := range r.costs {
			weighed.costs[c] = gamma * cost
		}
		r = &weighed
	}
	s, err := spreadOf(ctx, r, label, k, workers)
	if err != nil {
		return nil, err
	}
	x := &Indices{Inertia: s.within(), CalinskiHarabasz: s.calinskiHarabasz(), DaviesBouldin: s.daviesBouldin()}
	if x.Simplified, _, err = silhouetteSimplified(ctx, r, label, s, workers); err != nil {
		return nil, err
	}
	if sample < r.n {
		x.Silhouette, x.SilhouetteError, x.Groups, err = silhouetteSampled(ctx, r, label, k, sample, seed, workers)
		return x, err
	}
	if x.Rows, err = silhouettes(ctx, r, label, k, workers); err != nil {
		return nil, err
	}
	x.Silhouette, x.Groups = groupMeans(r, label, k, x.Rows)
	return x, nil
}

// rowsOf prepares the rows of a table that Assign has accepted, in an order.
func (m *Model) rowsOf(ctx context.Context, columns []table.Column, weights []float64, order []int, workers int) (*rows, error) {
	found, err := m.columnsOf(columns)
	if err != nil {
		return nil, err
	}
	l := &learner{
		options: &Options{Method: m.method, Workers: workers}, weights: gather(weights, order),
		features: slices.Clone(m.features), sources: make([]source, len(found)),
	}
	n := 0
	for i, c := range found {
		n = c.Len()
		l.sources[i] = m.features[i].source(&arranged([]table.Column{*c}, order, workers)[0])
	}
	return l.fill(ctx, n)
}

// weightsWithin are the weights with 0 for outliers; nil: 1 each.
func weightsWithin(weights []float64, outlier []bool) []float64 {
	if outlier == nil {
		return weights
	}
	within := make([]float64, len(outlier))
	for i, out := range outlier {
		switch {
		case out:
		case weights == nil:
			within[i] = 1
		default:
			within[i] = weights[i]
		}
	}
	return within
}
