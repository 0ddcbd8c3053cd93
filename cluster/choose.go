package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// Defaults of [ChooseOptions].
const (
	defaultBootstraps    = 20     // samples for stability
	defaultBootstrapRows = 20_000 // rows of each
	defaultReferences    = 10     // reference sets of the gap statistic
	defaultGapRows       = 5000   // rows of each
)

// ChooseOptions says what the table over k holds. The zero value of every field is a
// sensible default. A plain value: safe for concurrent reads.
type ChooseOptions struct {
	// Fit is how each k is fitted; its K and Centers are not used.
	Fit Options
	// Sample is about the number of rows that the silhouette is estimated from. 0:
	// 10,000.
	Sample int
	// Bootstraps is the number of samples with replacement that stability is measured on,
	// each of BootstrapRows rows, at most as many as there are. 0: 20 samples
	// of 20,000 rows. Negative Bootstraps: no stability.
	Bootstraps, BootstrapRows int
	// References is the number of reference sets of the gap statistic, which is measured
	// on GapRows of the rows. 0: 10 sets, on 5,000 rows. Negative
	// References: no gap. Prototypes and Mixture have none, nor has a k above GapRows.
	// Neither these fits nor those for stability look at MinShare and MaxShare.
	References, GapRows int
	// Progress, where not nil, is called with the number of ks, samples and reference sets
	// that are done and how many there are, by one goroutine at a time. Fit.Progress is
	// not called.
	Progress func(done, total int64)
}

// Candidate is a line of the table over k. A plain value: safe for concurrent reads.
type Candidate struct {
	K int // groups
	// Model is what [Fit] returns for this K; [Assign] gives its labels.
	Model *Model
	// Indices are those of [Evaluate], without those of single rows.
	Indices
	// BIC is -2·ln L + p·ln n with n the weight of the rows; smaller is better. Of a
	// Mixture it is that of the report. Elsewhere groups are taken for normal with one
	// variance for all features and groups, each row in its group alone: ln L =
	// Σ n_c·ln(n_c/n) - nd/2·(ln(2π·σ²)+1) with σ² = Inertia/(nd), and p = (k-1) + kd + 1;
	// outliers do not count. NaN for Prototypes and where Inertia is 0.
	BIC float64
	// Gap is by how much ln(Inertia) is smaller than among rows without groups, and
	// GapError its error (Tibshirani, Walther and Hastie 2001). NaN: not asked for.
	Gap, GapError float64
	// Stability is, for each group, the mean of its largest Jaccard coefficients with the
	// groups of bootstrap samples: from 0.75 on a group is stable, below 0.6 it is not to
	// be trusted (Hennig 2007). Nil: not asked for.
	Stability []float64
	// SmallestShare is the share of the weight that the smallest group has.
	SmallestShare float64
}

// MarshalJSON writes the figures, without the model and without those that are no finite
// number.
func (c Candidate) MarshalJSON() ([]byte, error) {
	type plain struct { // no methods, which would be those of Indices
		K             int       `json:"k"`
		Indices       Indices   `json:"indices"`
		BIC           *float64  `json:"bic,omitempty"`
		Gap           *float64  `json:"gap,omitempty"`
		GapError      *float64  `json:"gap_error,omitempty"`
		Stability     []float64 `json:"stability,omitempty"`
		SmallestShare float64   `json:"smallest_share"`
	}
	p := plain{K: c.K, Indices: c.Indices, Stability: c.Stability, SmallestShare: c.SmallestShare}
	for _, v := range []struct {
		to   **float64
		from float64
	}{{&p.BIC, c.BIC}, {&p.Gap, c.Gap}, {&p.GapError, c.GapError}} {
		if !math.IsNaN(v.from) {
			*v.to = &v.from
		}
	}
	return json.Marshal(p)
}

// MinStability is the stability of the least stable group, NaN without stability.
func (c *Candidate) MinStability() float64 {
	if len(c.Stability) == 0 {
		return math.NaN()
	}
	return slices.Min(c.Stability)
}

// Choice is the table over k. A plain value: safe for concurrent reads.
type Choice struct {
	Candidates []Candidate // ascending by K
}

// Choose fits t with each of ks and returns the table of what speaks for each. Which k
// is right depends on what the groups are for: the table shows, [Choice.By] applies the
// rule that the caller names. The rows are prepared once; a Ward hierarchy is made once.
//
// Errors: no ks, or one twice; those of [Fit] for the first k that it refuses. Cost: a
// fit for each k and, for each, that of [Evaluate], Bootstraps fits of BootstrapRows rows
// and 1+References fits of GapRows rows.
func Choose[K comparable](ctx context.Context, t *table.Table[K], ks []int, opts *ChooseOptions) (*Choice, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := checkKs(ks); err != nil {
		return nil, err
	}
	o := opts.withDefaults()
	ks = slices.Sorted(slices.Values(ks))
	o.Fit.K, o.Fit.Centers, o.Fit.Progress = ks[len(ks)-1], nil, nil
	f, err := newFitting(ctx, t, &o.Fit)
	if err != nil {
		return nil, err
	}
	gap := o.References >= 0 && f.options.Method != Prototypes && f.options.Method != Mixture
	total := len(ks) + max(o.Bootstraps, 0)
	if gap {
		total += 1 + o.References
	}
	done := countedOf(o.Progress, total)
	c := &Choice{Candidates: make([]Candidate, len(ks))}
	labels := make([][]int32, len(ks)) // in the order of f.rows
	for i, k := range ks {
		one := f.options
		one.K = k
		if i > 0 && one.Method == Ward {
			if c.Candidates[i].Model, err = c.Candidates[0].Model.cutTo(k); err != nil {
				return nil, err
			}
		}
		if labels[i], err = c.Candidates[i].assess(ctx, f, &one, o.Sample); err != nil {
			return nil, err
		}
		done()
	}

	again := f.options
	again.MinShare, again.MaxShare = 0, 0
	r := f.rows
	if r.weight != nil && slices.Contains(r.weight, 0) { // rows that count for nothing
		index := weighty(r)
		r = r.take(index)
		for i := range labels {
			labels[i] = gather(labels[i], index)
		}
	}
	if o.Bootstraps >= 0 {
		found, err := bootstrapStability(ctx, r, &again, ks, labels, o.Bootstraps, min(o.BootstrapRows, r.n), done)
		if err != nil {
			return nil, err
		}
		for i := range found {
			c.Candidates[i].Stability = found[i]
		}
	}
	if gap {
		gaps, err := gapStatistics(ctx, r, &again, ks, o.References, o.GapRows, done)
		if err != nil {
			return nil, err
		}
		for i, g := range gaps {
			c.Candidates[i].Gap, c.Candidates[i].GapError = g.value, g.err
		}
	}
	return c, nil
}

// cutTo is Cut, with the error that Fit has for as many groups.
func (m *Model) cutTo(k int) (*Model, error) {
	if leaves := len(m.tree.Dendrogram.Weights); k > leaves {
		return nil, &TooFewDistinctError{Distinct: leaves, K: k}
	}
	return m.Cut(k)
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions], but for those of
// Fit, which depend on k. Nil options are valid.
func (o *ChooseOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	for _, v := range []struct {
		name  string
		value int
	}{{"Sample", o.Sample}, {"BootstrapRows", o.BootstrapRows}, {"GapRows", o.GapRows}} {
		if v.value < 0 {
			faults = append(faults, fmt.Errorf("%w: ChooseOptions.%s is negative", ErrOptions, v.name))
		}
	}
	return errors.Join(faults...)
}

func (o *ChooseOptions) withDefaults() ChooseOptions {
	var c ChooseOptions
	if o != nil {
		c = *o
	}
	c.Sample = cmp.Or(c.Sample, defaultSilhouetteSample)
	c.Bootstraps, c.BootstrapRows = cmp.Or(c.Bootstraps, defaultBootstraps), cmp.Or(c.BootstrapRows, defaultBootstrapRows)
	c.References, c.GapRows = cmp.Or(c.References, defaultReferences), cmp.Or(c.GapRows, defaultGapRows)
	return c
}

func checkKs(ks []int) error {
	if len(ks) == 0 {
		return fmt.Errorf("%w: Choose has no k to choose from", ErrOptions)
	}
	seen := make(map[int]bool, len(ks))
	for _, k := range ks {
		if k < 1 || k > MaxK || seen[k] {
			return fmt.Errorf("%w: k of %d is there twice or not in 1 to %d", ErrOptions, k, MaxK)
		}
		seen[k] = true
	}
	return nil
}

// assess fits, unless there is a model already, and computes all that needs no other rows.
// It returns the labels in the order of f.rows.
func (c *Candidate) assess(ctx context.Context, f *fitting, o *Options, sample int) ([]int32, error) {
	r := f.rows
	c.K, c.BIC, c.Gap, c.GapError = o.K, math.NaN(), math.NaN(), math.NaN()
	if c.Model == nil {
		result, err := f.fit(ctx, o)
		if err != nil {
			return nil, err
		}
		c.Model = result.Model
	}
	a, err := c.Model.assignRows(ctx, r, o.Workers)
	if err != nil {
		return nil, err
	}
	within := *r
	within.weight = weightsWithin(r.weight, a.Outliers)
	x, err := evaluate(ctx, &within, c.Model.gamma, a.Labels, c.K, sample, o.Seed, o.Workers)
	if err != nil {
		return nil, err
	}
	c.Indices = *x
	c.Rows = nil
	c.SmallestShare = slices.Min(weightsByGroup(r, a.Labels, c.K)) / r.total
	switch {
	case o.Method == Mixture:
		c.BIC = c.Model.report.BIC
	case o.Method != Prototypes && c.Inertia > 0:
		inside := weightsByGroup(&within, a.Labels, c.K)
		c.BIC = sphericalBIC(inside, sumOf(inside), c.Inertia, r.d)
	}
	return a.Labels, nil
}

// sphericalBIC is the BIC of groups with the weights, see Candidate.
func sphericalBIC(weights []float64, n, inertia float64, d int) float64 {
	k, dims := float64(len(weights)), float64(d)
	likelihood := -n * dims / 2 * (math.Log(2*math.Pi*inertia/(n*dims)) + 1)
	for _, w := range weights {
		if w > 0 {
			likelihood += w * math.Log(w/n)
		}
	}
	return -2*likelihood + (k-1+k*dims+1)*math.Log(n)
}
