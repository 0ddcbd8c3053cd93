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
	DefaultBootstraps    = 20     // samples for stability
	DefaultBootstrapRows = 20_000 // rows of each
	DefaultReferences    = 10     // reference sets of the gap statistic
	DefaultGapRows       = 5000   // rows of each
)

// ChooseOptions says what the table over k holds. The zero value of every field is a
// sensible default. A plain value: safe for concurrent reads.
type ChooseOptions struct {
	// Fit is how each k is fitted; its K and Centers are not used.
	Fit Options
	// Silhouette is about the number of rows that the silhouette is estimated from. 0:
	// DefaultSilhouetteSample.
	Silhouette int
	// Bootstraps is the number of samples with replacement that stability is measured on,
	// each of BootstrapRows rows, at most as many as there are. 0: DefaultBootstraps and
	// DefaultBootstrapRows. Negative Bootstraps: no stability.
	Bootstraps, BootstrapRows int
	// References is the number of reference sets of the gap statistic, which is measured
	// on GapRows of the rows. 0: DefaultReferences and DefaultGapRows. Negative
	// References: no gap. Prototypes and Mixture have none, nor has a k above GapRows.
	References, GapRows int
	// Progress, where not nil, is called with the number of ks that are done and their
	// total, by one goroutine at a time. Fit.Progress is not called.
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
	// Σ n_c·ln(n_c/n) - nd/2·(ln(2π·σ²)+1) with σ² = Inertia/(nd), and p = (k-1) + kd + 1.
	// NaN for Prototypes and where Inertia is 0.
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
	if opts == nil {
		opts = &ChooseOptions{}
	}
	if err := opts.validate(ks); err != nil {
		return nil, err
	}
	ks = slices.Sorted(slices.Values(ks))
	plain := opts.Fit
	plain.K, plain.Centers, plain.Progress = ks[len(ks)-1], nil, nil
	f, err := newFitting(ctx, t, &plain)
	if err != nil {
		return nil, err
	}
	c := &Choice{Candidates: make([]Candidate, len(ks))}
	labels := make([][]int32, len(ks)) // in the order of f.rows
	for i, k := range ks {
		o := f.options
		o.K = k
		if i > 0 && o.Method == Ward {
			if c.Candidates[i].Model, err = c.Candidates[0].Model.Cut(k); err != nil {
				return nil, err
			}
		}
		if labels[i], err = c.Candidates[i].assess(ctx, f, &o, opts.Silhouette); err != nil {
			return nil, err
		}
		if opts.Progress != nil {
			opts.Progress(int64(i+1), int64(len(ks)))
		}
	}
	if opts.Bootstraps >= 0 {
		samples, size := cmp.Or(opts.Bootstraps, DefaultBootstraps), min(cmp.Or(opts.BootstrapRows, DefaultBootstrapRows), f.rows.n)
		found, err := bootstrapStability(ctx, f.rows, &f.options, ks, labels, samples, size)
		if err != nil {
			return nil, err
		}
		for i := range found {
			c.Candidates[i].Stability = found[i]
		}
	}
	if opts.References >= 0 && f.options.Method != Prototypes && f.options.Method != Mixture {
		gaps, err := gapStatistics(ctx, f.rows, &f.options, ks, cmp.Or(opts.References, DefaultReferences), cmp.Or(opts.GapRows, DefaultGapRows))
		if err != nil {
			return nil, err
		}
		for i, g := range gaps {
			c.Candidates[i].Gap, c.Candidates[i].GapError = g.value, g.err
		}
	}
	return c, nil
}

func (o *ChooseOptions) validate(ks []int) error {
	if len(ks) == 0 {
		return errors.New("cluster: Choose has no k to choose from")
	}
	seen := make(map[int]bool, len(ks))
	for _, k := range ks {
		if k < 1 || k > MaxK || seen[k] {
			return fmt.Errorf("cluster: k of %d is there twice or not in 1 to %d", k, MaxK)
		}
		seen[k] = true
	}
	if o.Silhouette < 0 || o.BootstrapRows < 0 || o.GapRows < 0 {
		return errors.New("cluster: Silhouette, BootstrapRows or GapRows is negative")
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
	within.weight = weightsWithin(r.weight, a.Outlier)
	x, err := evaluate(ctx, within.embedded(c.Model.gamma), a.Labels, c.K, cmp.Or(sample, DefaultSilhouetteSample), o.Seed, o.Workers)
	if err != nil {
		return nil, err
	}
	c.Indices = *x
	c.Rows = nil
	weights := make([]float64, c.K)
	for i, g := range a.Labels {
		weights[g] += r.weightOf(i)
	}
	c.SmallestShare = slices.Min(weights) / r.total
	switch {
	case o.Method == Mixture:
		c.BIC = c.Model.report.BIC
	case o.Method != Prototypes && c.Inertia > 0:
		c.BIC = sphericalBIC(weights, r.total, c.Inertia, r.d)
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
