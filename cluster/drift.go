package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Defaults of [DriftOptions].
const (
	defaultAlarm    = 0.01 // probability of a false alarm of a report
	defaultModerate = 0.1  // population stability index
	defaultStrong   = 0.25 // population stability index
)

// DriftOptions says what counts as drift. A plain value: safe for concurrent reads.
type DriftOptions struct {
	// Weights has one weight for each row of the table, as Options.Weights. Nil: 1 each.
	Weights []float64
	// Alarm is the probability, in (0, 1), that the report finds drift in anything where
	// nothing has changed: each of its shifts has that of Alarm divided by their number.
	// 0: 0.01. Two things are beyond it. The parts of a Mixture that had few rows
	// for its many numbers suit those rows more than others: with 1,000 rows of noise, ten
	// columns and four parts, 4 reports of 100 found a shift of Shares. And with a smaller
	// Moderate more reports than that find one of Distances, see DriftReport.
	Alarm float64
	// Moderate and Strong are the population stability indexes from which a shift is
	// moderate and strong, in excess of the noise. 0: 0.1 and 0.25.
	Moderate, Strong float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]: those that show without a
// table. Nil options have none.
func (o *DriftOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, what string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: DriftOptions.%s", ErrOptions, what))
		}
	}
	sum, weights := 0.0, true
	for _, w := range o.Weights {
		weights = weights && w >= 0
		sum += w
	}
	fault(!weights, "Weights holds a negative weight or one that is not a number")
	fault(weights && o.Weights != nil && !(sum > 0 && sum <= largest), "Weights are all 0 or too large")
	fault(!(o.Alarm >= 0 && o.Alarm < 1), "Alarm is not in [0, 1)")
	fault(!(o.Moderate >= 0) || !(o.Strong >= 0), "Moderate or Strong is negative or not a number")
	fault(cmp.Or(o.Moderate, defaultModerate) > cmp.Or(o.Strong, defaultStrong), "Moderate is more than Strong")
	fault(o.Workers < 0, "Workers is negative")
	return errors.Join(faults...)
}

// DriftReport is how the rows of a table differ from those that a model was fitted on. A
// plain value: safe for concurrent reads.
type DriftReport struct {
	Rows int `json:"rows"`
	// Verdict is the worst of those of all shifts; of Distances only if the fit had at least
	// 100 rows a group (of equal weight), because those of fewer have drawn the centres
	// towards themselves by more than can be made up for. DriftStrong says that the model
	// should be fitted anew, or that something is wrong with the data.
	Verdict DriftLevel `json:"verdict"`
	// Shares is the shift of the shares of the groups, Distances that of the squared
	// distances of the rows to their centres, those of rows now made smaller by as much as
	// the rows of the fit, of which the centres are means, are nearer to them. A model of
	// Ward has no Distances (PSI 0, P 1): the rows of the fit are its micro-clusters or
	// have made them, so that other rows are always farther.
	Shares    Shift `json:"shares"`
	Distances Shift `json:"distances"`
	// Columns has the shift of each column, the worst first: by verdict, then by PSI in
	// excess of the noise, then in the order of the table of the fit.
	Columns []Shift `json:"columns"`
	// Groups has each group, by number.
	Groups []GroupDrift `json:"groups"`
	// Far is the share of the weight that is farther from its centre than 99 % of the rows
	// of the fit were; FarBefore was that of the fit: 0.01 or, with ties, less. Rows that
	// were not in the fit are farther on the whole, those of a Ward model by much. No
	// verdict looks at it.
	FarBefore float64 `json:"far_before"`
	Far       float64 `json:"far"`
	// Outliers is the share of the weight that a Trimmed model takes for outliers; 0 for
	// other methods.
	Outliers float64 `json:"outliers"`
}

// Shift is how one distribution has changed. A plain value: safe for concurrent reads.
type Shift struct {
	// Column is the name of the column; "" of shares and distances.
	Column  string     `json:"column,omitempty"`
	Verdict DriftLevel `json:"verdict"`
	// PSI, Noise and P are those of [score.Stability]. Numbers are in ten bins with equal
	// shares of the rows of the fit, categories in their 50 most frequent levels, of those
	// that at least 5 rows of the fit had, and all others, missing values in a class of
	// their own. Classes in which fewer than 15 rows of the fit were, or fewer than 5 now
	// are to be expected, are joined in this order until they have as many.
	PSI   float64 `json:"psi"`
	Noise float64 `json:"noise"`
	P     float64 `json:"p"`
	// MissingBefore and Missing are the shares of the weight without a value.
	MissingBefore float64 `json:"missing_before,omitempty"`
	Missing       float64 `json:"missing,omitempty"`
	// NewLevels are the levels that no row of the fit had, ascending, and NewShare is the
	// share of the weight that has them. Only of category columns that take part.
	NewLevels []string `json:"new_levels,omitempty"`
	NewShare  float64  `json:"new_share,omitempty"`
}

// GroupDrift is how a group has changed. A plain value: safe for concurrent reads.
type GroupDrift struct {
	Group int `json:"group"`
	// ShareBefore and Share are its shares of the weight, FarBefore and Far the shares of
	// its own weight that are far from its centre, as in DriftReport.
	ShareBefore float64 `json:"share_before"`
	Share       float64 `json:"share"`
	FarBefore   float64 `json:"far_before"`
	Far         float64 `json:"far"`
}

// DriftLevel is how much something has changed. A plain value: safe for concurrent reads.
type DriftLevel uint8

// The verdicts on drift.
const (
	DriftSteady   DriftLevel = iota // no more than noise, or less than moderate
	DriftModerate                   // beyond DriftOptions.Moderate
	DriftStrong                     // beyond DriftOptions.Strong
)

var driftLevelNames = []string{"steady", "moderate", "strong"}

// String is the verdict in lower case.
func (d DriftLevel) String() string { return enum.Name(driftLevelNames, d) }

// MarshalText writes the verdict in lower case.
func (d DriftLevel) MarshalText() ([]byte, error) {
	return enum.Marshal("cluster", "drift", driftLevelNames, d)
}

// UnmarshalText reads the verdict in lower case.
func (d *DriftLevel) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "drift", driftLevelNames, text, d)
}

// Drift assigns the rows of t to the groups of m and tells how they differ from the rows
// that m was fitted on: the shares of the groups, the distances to the centres and each
// column of the model; columns that were ignored in the fit take no part. A shift is
// moderate or strong only where it is more than chance (see DriftOptions.Alarm) and its
// population stability index exceeds the noise by that much: a small sample raises
// no alarm by its noise, a large one none by a difference that does not matter.
//
// Distances and columns are compared by at most 16,384 rows of each side, the shares of
// groups and of far rows and new levels by all.
//
// Errors: those of [DriftOptions.Validate], [table.Table.Validate] and [Assign];
// [ErrNoRows]; one for weights that are not as many as rows. Cost: that of Assign, and about
// 3 ms a column; a sort if the rows are not ascending by id.
func Drift[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *DriftOptions) (*DriftReport, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := DriftOptions{}
	if opts != nil {
		o = *opts
	}
	n := t.Rows()
	switch {
	case n == 0:
		return nil, ErrNoRows
	case o.Weights != nil && len(o.Weights) != n:
		return nil, fmt.Errorf("%w: DriftOptions.Weights are %d, the table has %d rows", ErrOptions, len(o.Weights), n)
	}
	if err := checkTable(t, &Options{Prepare: Preparation{Ignore: true}, Workers: o.Workers}); err != nil {
		return nil, err
	}
	order, err := canonicalOrder(t, o.Workers)
	if err != nil {
		return nil, err
	}
	a, err := assignTable(ctx, m, t, o.Workers)
	if err != nil {
		return nil, err
	}
	d := newDrift(m, t.Columns, n, o.Weights, order)
	r := &DriftReport{Rows: n, Columns: make([]Shift, len(d.columns))}
	d.groups(r, a)
	r.Distances = Shift{P: 1}
	if m.method != Ward {
		r.Distances = d.distances(m, a)
	}
	parallel.For(parallel.Workers(o.Workers), len(r.Columns), func(i int) { r.Columns[i] = d.shift(&d.columns[i]) })
	o.judge(r, m.method != Ward && m.baseline.Size >= settledRows*float64(m.k))
	return r, nil
}

// judge sets the verdicts and puts the columns into order. settled tells that distances
// count in that of the report.
func (o *DriftOptions) judge(r *DriftReport, settled bool) {
	alarm := cmp.Or(o.Alarm, defaultAlarm) / float64(2+len(r.Columns))
	moderate, strong := cmp.Or(o.Moderate, defaultModerate), cmp.Or(o.Strong, defaultStrong)
	judge := func(s *Shift) {
		switch excess := s.PSI - s.Noise; {
		case s.P >= alarm || excess < moderate:
			s.Verdict = DriftSteady
		case excess < strong:
			s.Verdict = DriftModerate
		default:
			s.Verdict = DriftStrong
		}
	}
	judge(&r.Shares)
	judge(&r.Distances)
	r.Verdict = r.Shares.Verdict
	if settled {
		r.Verdict = max(r.Verdict, r.Distances.Verdict)
	}
	for i := range r.Columns {
		judge(&r.Columns[i])
		r.Verdict = max(r.Verdict, r.Columns[i].Verdict)
	}
	slices.SortStableFunc(r.Columns, func(a, b Shift) int {
		return cmp.Or(cmp.Compare(b.Verdict, a.Verdict), cmp.Compare(b.PSI-b.Noise, a.PSI-a.Noise))
	})
}
