package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/table"
)

// DefaultSeed is the seed where Options has none.
const DefaultSeed uint64 = 0x636c7573746572 // "cluster"

// Bounds and defaults of [Options].
const (
	MaxK              = 4096 // groups at most
	defaultIterations = 300  // MaxIterations
	defaultTolerance  = 1e-4 // Tolerance
	defaultLeaves     = 1024 // Leaves
)

// Options says how rows become groups. Every field but K has a sensible zero value. A
// plain value: safe for concurrent reads.
type Options struct {
	// K is the number of groups, 1 to MaxK. Required.
	K int
	// Method is how groups are found: KMeans (default), Prototypes, Trimmed, Ward or Mixture.
	Method Method

	// Prepare says how a column becomes numbers, Columns the same of single columns by
	// name, in place of Prepare. Their zero values are z-scores and categories one-hot.
	Prepare Preparation
	Columns map[string]Preparation
	// Weights has one weight for each row of the table, at least 0 and not all 0: a row
	// of weight 2 counts as two equal rows. Nil: 1 each.
	Weights []float64

	// Starts is the number of starting points tried on the sample, of which the best goes
	// on with all rows: half of them by k-means++, the others the best so far with one
	// centre moved at random (k-means and Trimmed). 0: 16. Ward has none.
	Starts int
	// Sample is the number of rows, drawn once by the seed, on which starting points are
	// chosen and tried. 0: SampleRows(K). More than there are rows: all of them.
	// Ward does not look at it.
	Sample int
	// Centers, where not nil, are K starting points, in place of Starts and Sample: a
	// value for each number column that is not ignored, in the order of the table, in its
	// own units, before preparation, as [Model.Centers] gives them. Only for tables without
	// category columns and methods KMeans, Trimmed and Mixture.
	Centers [][]float64
	// MaxIterations ends a fit that has not converged. 0: 300. Ward, which
	// iterates only to find micro-clusters, does so 20 times at most.
	MaxIterations int
	// Tolerance ends a fit once the centres move, squared and summed, by at most
	// Tolerance times the mean variance of the prepared features (KMeans, Prototypes,
	// Trimmed), or the mean log-likelihood of a row grows by less than it (Mixture). 0:
	// 1e-4. Negative: not until no label changes; Mixture: not until the
	// likelihood grows no more.
	Tolerance float64

	// MinShare and MaxShare bound the share of the weight that a group has, in [0, 1]. 0:
	// no bound. Only for KMeans. See [Model] for what assigning does with them. Which group
	// a row belongs to follows from its numbers, so that equal rows, and rows exactly on a
	// border, are not divided: a bound may be missed by their weight, and with unequal
	// weights by that of the heaviest row. Where that does not explain it the error is
	// [*ShareError].
	MinShare, MaxShare float64
	// Trim is the share of the weight that Trimmed leaves out as outliers, in (0, 0.5].
	// 0: 0.05. No other method may have it.
	Trim float64
	// Gamma is what a differing category costs beside the squared distance of the
	// numbers, before the weight of the column. Only for Prototypes. 0: the mean variance
	// of the prepared number columns divided by the mean impurity 1-Σp² of the category
	// columns; 1 if one of them is 0, or there is no number column. The model reports what
	// was used.
	Gamma float64
	// Leaves is the largest number of micro-clusters that Ward joins; where the distinct
	// rows are no more than that it joins those themselves. At least K. 0: 1,024,
	// or K if that is more.
	Leaves int
	// Covariance is the shape of the parts of a Mixture: FullCovariance (default) or
	// DiagonalCovariance.
	Covariance Covariance

	// Seed decides everything random. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
	// Progress, where not nil, is called with the number of passes over the rows that are
	// done and the total, which is -1, unknown; by one goroutine at a time.
	Progress func(done, total int64)
}

// Method is how groups are found. A plain value: safe for concurrent reads.
type Method uint8

// The methods.
const (
	// KMeans puts K centres where the sum of squared distances of the rows to their
	// nearest centre is small. Category columns are one-hot coded.
	KMeans Method = iota
	// Prototypes is k-means with categories as they are: beside the mean of the numbers a
	// group has the most frequent level of each category column (Huang 1998). With no
	// number column it is k-modes.
	Prototypes
	// Trimmed is k-means that leaves out the share Trim of the rows, those farthest from
	// their centre, and flags as outliers the rows beyond them (k-means--, Chawla and
	// Gionis 2013).
	Trimmed
	// Ward joins rows or micro-clusters two by two, each time where the sum of squares
	// grows least, and cuts the dendrogram where K groups are left (Ward 1963).
	Ward
	// Mixture fits K normal distributions by expectation maximisation (Dempster, Laird and
	// Rubin 1977), starting from the groups of KMeans; a row belongs to each of them with
	// a probability, see [Memberships]. A millionth of the variance that a feature has
	// over all rows is added to its variance within each of them, so that none collapses. One
	// that loses its rows keeps its place without them.
	Mixture
)

// Covariance is the shape of the parts of a mixture. A plain value: safe for concurrent reads.
type Covariance uint8

// The covariances.
const (
	FullCovariance     Covariance = iota // a matrix of each part's own
	DiagonalCovariance                   // features independent within a part
)

var (
	methodNames     = []string{"kmeans", "prototypes", "trimmed", "ward", "mixture"}
	covarianceNames = []string{"full", "diagonal"}
)

// String is the method's name in lower case.
func (m Method) String() string { return enum.Name(methodNames, m) }

// MarshalText writes the method's name.
func (m Method) MarshalText() ([]byte, error) {
	return enum.Marshal("cluster", "method", methodNames, m)
}

// UnmarshalText reads the method's name.
func (m *Method) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "method", methodNames, text, m)
}

// String is the covariance's name in lower case.
func (c Covariance) String() string { return enum.Name(covarianceNames, c) }

// MarshalText writes the covariance's name.
func (c Covariance) MarshalText() ([]byte, error) {
	return enum.Marshal("cluster", "covariance", covarianceNames, c)
}

// UnmarshalText reads the covariance's name.
func (c *Covariance) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "covariance", covarianceNames, text, c)
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]: those that show without a
// table. Nil options have no K, which is a fault.
func (o *Options) Validate() error {
	if o == nil {
		o = &Options{}
	}
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: Options."+format, append([]any{ErrOptions}, args...)...))
		}
	}
	fault(o.K < 1 || o.K > MaxK, "K is %d, want 1 to %d", o.K, MaxK)
	fault(int(o.Method) >= len(methodNames), "Method is unknown")
	fault(int(o.Covariance) >= len(covarianceNames), "Covariance is unknown")
	o.Prepare.check(func(bad bool, text string) { fault(bad, "Prepare.%s", text) })
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		p := o.Columns[name]
		p.check(func(bad bool, text string) { fault(bad, "Columns[%q].%s", name, text) })
	}
	sum, weights := 0.0, true
	for _, w := range o.Weights {
		weights = weights && w >= 0
		sum += w
	}
	fault(!weights, "Weights holds a negative weight or one that is not a number")
	fault(weights && o.Weights != nil && !(sum > 0), "Weights are all 0")
	fault(weights && sum > largest, "Weights are too large")
	fault(o.Starts < 0, "Starts is negative")
	fault(o.Sample < 0, "Sample is negative")
	fault(o.MaxIterations < 0, "MaxIterations is negative")
	fault(math.IsNaN(o.Tolerance) || math.IsInf(o.Tolerance, 1), "Tolerance is not finite")
	fault(o.Leaves < 0, "Leaves is negative")
	fault(o.Workers < 0, "Workers is negative")

	k := float64(o.K)
	for _, share := range []struct {
		name  string
		value float64
	}{{"MinShare", o.MinShare}, {"MaxShare", o.MaxShare}} {
		fault(!(share.value >= 0 && share.value <= 1), "%s is not in [0, 1]", share.name)
		fault(share.value != 0 && o.Method != KMeans, "%s goes with KMeans alone", share.name)
	}
	fault(o.MinShare*k > 1+1e-12, "MinShare is more than 1/K")
	fault(o.MaxShare > 0 && o.MaxShare*k < 1-1e-12, "MaxShare is less than 1/K")
	fault(o.MaxShare > 0 && o.MinShare > o.MaxShare, "MinShare is more than MaxShare")
	fault(!(o.Trim >= 0 && o.Trim <= 0.5), "Trim is not in [0, 0.5]")
	fault(o.Trim != 0 && o.Method != Trimmed, "Trim goes with Trimmed alone")
	fault(!(o.Gamma >= 0 && o.Gamma <= math.MaxFloat64), "Gamma is negative or not finite")
	fault(o.Gamma != 0 && o.Method != Prototypes, "Gamma goes with Prototypes alone")
	fault(o.Leaves != 0 && o.Method != Ward, "Leaves goes with Ward alone")
	fault(o.Leaves > 0 && o.Leaves < o.K, "Leaves is less than K")
	fault(o.Covariance != FullCovariance && o.Method != Mixture, "Covariance goes with Mixture alone")
	if o.Centers != nil {
		fault(o.Method == Prototypes || o.Method == Ward, "Centers go with KMeans, Trimmed and Mixture alone")
		fault(len(o.Centers) != o.K, "Centers are %d, K is %d", len(o.Centers), o.K)
		for i, center := range o.Centers {
			fault(slices.ContainsFunc(center, func(x float64) bool { return !(math.Abs(x) <= largest) }),
				"Centers[%d] holds a number that is missing or too large", i)
		}
	}
	return errors.Join(faults...)
}

// checkOptions reports every fault of options that shows with the table.
func checkOptions[K comparable](t *table.Table[K], o *Options) error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: Options."+format, append([]any{ErrOptions}, args...)...))
		}
	}
	n := t.Rows()
	if n == 0 {
		return ErrNoRows
	}
	fault(o.K > n, "K is %d, the table has %d rows", o.K, n)
	fault(o.Weights != nil && len(o.Weights) != n, "Weights are %d, the table has %d rows", len(o.Weights), n)
	numbers, taken := 0, 0
	for _, c := range t.Columns {
		if o.preparation(c.Name).Ignore {
			continue
		}
		taken++
		if c.Kind == table.Number {
			numbers++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		_, ok := t.Column(name)
		if !ok {
			faults = append(faults, fmt.Errorf("%w: Options.Columns: %w: %q", ErrOptions, table.ErrNoColumn, name))
		}
	}
	fault(o.Centers != nil && numbers < taken, "Centers do not go with category columns")
	for i, center := range o.Centers {
		fault(len(center) != numbers, "Centers[%d] has %d numbers, the table has %d number columns that are not ignored", i, len(center), numbers)
	}
	return errors.Join(faults...)
}

// preparation is that of the column with the name, with its weight in place.
func (o *Options) preparation(name string) Preparation {
	p, ok := o.Columns[name]
	if !ok {
		p = o.Prepare
	}
	if p.Weight == 0 {
		p.Weight = 1
	}
	return p
}

// withDefaults is a copy with the defaults in the place of zeros, but for Sample and
// Gamma, which depend on the rows.
func (o *Options) withDefaults() Options {
	c := *o
	c.Starts = cmp.Or(c.Starts, defaultStarts)
	c.MaxIterations = cmp.Or(c.MaxIterations, defaultIterations)
	c.Tolerance = cmp.Or(c.Tolerance, defaultTolerance)
	c.Leaves = cmp.Or(c.Leaves, max(defaultLeaves, c.K))
	c.Seed = cmp.Or(c.Seed, DefaultSeed)
	if c.Method == Trimmed {
		c.Trim = cmp.Or(c.Trim, 0.05)
	}
	return c
}
