package score

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// DefaultReplicates is the number of bootstrap replicates where none is given.
const DefaultReplicates = 200

// DefaultSeed is the seed of the bootstrap where none is given.
const DefaultSeed uint64 = 1

// Binary is scores beside what came true, sorted once: what all measures of a binary
// classifier are read from. A higher score says that a row comes true more likely.
//
// Equal scores are one point: no measure depends on the order of the rows, to the bit.
// Rows of weight 0 are left out. Labels may be all the same: the measures that compare the
// two classes are then NaN, with bounds that are NaN. Scores may be infinite; the measures
// that read them as probabilities are NaN unless all are from 0 to 1.
//
// Safe for concurrent use.
type Binary struct {
	// Distinct scores, descending: blocks. Block i has the rows from start[i] to start[i+1],
	// and trues[i] and falses[i] are the weights of what came true and did not before it.
	score         []float64
	start         []int32
	trues, falses []float64
	// Rows, sorted by score, label, weight and group.
	row    []int32 // its number as given
	label  []bool
	weight []float64 // nil: 1 each
	group  []int32   // from 0 on; nil: each row is one
	groups int
	given  int // rows as given
	opts   BinaryOptions
	z      float64 // of opts.Confidence

	ranking func() (averagePrecision, ks Estimate) // those take a bootstrap: once
}

// BinaryOptions are what a Binary needs beside scores and labels. A plain value: safe for
// concurrent reads.
type BinaryOptions struct {
	// Weights has one weight for each row, at least 0; nil: 1 each. A weight of 2 counts as
	// two rows in every value, and as one row drawn in every interval: no measure but
	// Budget.Rows and its kin changes where all weights are multiplied. With n rows, weights
	// below n·2⁻⁵⁰ of the largest are taken as 0.
	Weights []float64
	// Groups has for each row the group of rows that are not independent, such as the
	// snapshots of one customer: intervals are those of drawing groups. Any numbers will do.
	// Nil: each row is one.
	Groups []int32
	// Confidence of all intervals, between 0 and 1; 0: 0.95.
	Confidence float64
	// Replicates of the bootstrap, at least 2; 0: DefaultReplicates.
	Replicates int
	// Seed of the bootstrap; 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines of the bootstrap; 0: GOMAXPROCS. No result
	// depends on it.
	Workers int
}

// Validate returns nil, or every fault of the options, each wrapping [ErrOptions], but not of the lengths of Weights and
// Groups. Weights that do not fit are a [RowError]. Nil options are valid.
func (o *BinaryOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	if !(o.Confidence >= 0 && o.Confidence < 1) {
		faults = append(faults, fmt.Errorf("%w: Confidence is not between 0 and 1", ErrOptions))
	}
	if o.Replicates < 0 || o.Replicates == 1 {
		faults = append(faults, fmt.Errorf("%w: Replicates is not 0 and not at least 2", ErrOptions))
	}
	for i, w := range o.Weights {
		if !(w >= 0 && w <= math.MaxFloat64) {
			faults = append(faults, &RowError{i, ErrWeight})
			break
		}
	}
	return errors.Join(faults...)
}

// NewBinary sorts the scores. It keeps none of the slices. Nil options are the defaults. A
// score that is NaN is a [RowError] that wraps ErrScore; slices of different lengths are an
// error that wraps ErrLength; no row with weight is ErrNoRows. More than
// 2³¹-1 rows are an error.
// Cost: O(n log n), without weights and groups O(n).
func NewBinary(scores []float64, labels []bool, opts *BinaryOptions) (*Binary, error) {
	var o BinaryOptions
	if opts != nil {
		o = *opts
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.Confidence = cmp.Or(o.Confidence, 0.95)
	o.Replicates = cmp.Or(o.Replicates, DefaultReplicates)
	o.Seed = cmp.Or(o.Seed, DefaultSeed)
	n := len(scores)
	if len(labels) != n || o.Weights != nil && len(o.Weights) != n || o.Groups != nil && len(o.Groups) != n {
		return nil, fmt.Errorf("%w: %d scores, %d labels, %d weights, %d groups", ErrLength, n, len(labels), len(o.Weights), len(o.Groups))
	}
	if n > math.MaxInt32 {
		return nil, fmt.Errorf("score: more than %d rows", math.MaxInt32)
	}
	if at := slices.IndexFunc(scores, math.IsNaN); at >= 0 {
		return nil, &RowError{at, ErrScore}
	}
	b := &Binary{given: n, opts: o, z: math.Sqrt2 * math.Erfinv(o.Confidence)}
	b.opts.Weights, b.opts.Groups = nil, nil
	b.sort(scores, labels, o.Weights, o.Groups)
	if len(b.row) == 0 {
		return nil, ErrNoRows
	}
	if total := b.Rows(); math.IsInf(total*total, 1) || total*total == 0 {
		return nil, fmt.Errorf("%w: their sum is too large or too small", ErrWeight)
	}
	b.ranking = sync.OnceValues(b.rankingIntervals)
	return b, nil
}

func (b *Binary) weightOf(i int) float64 {
	if b.weight == nil {
		return 1
	}
	return b.weight[i]
}

// truth is 1 if row i came true, and otherwise 0.
func (b *Binary) truth(i int) float64 {
	if b.label[i] {
		return 1
	}
	return 0
}

func (b *Binary) groupOf(i int) int {
	if b.group == nil {
		return i
	}
	return int(b.group[i])
}

// Rows is the sum of the weights: without those the number of rows.
func (b *Binary) Rows() float64 { return b.Positives() + b.negatives() }

// Positives is the sum of the weights of the rows that came true.
func (b *Binary) Positives() float64 { return b.trues[len(b.score)] }

func (b *Binary) negatives() float64 { return b.falses[len(b.score)] }

func (b *Binary) oneClass() bool { return b.Positives() == 0 || b.negatives() == 0 }

// squares adds up what each row gives, times its weight, over each group, and returns the
// sums of the squares of those sums.
func (b *Binary) squares(each func(i int) [3]float64) (sum [3]float64) {
	if b.group == nil {
		for i := range b.row {
			w := b.weightOf(i)
			for k, x := range each(i) {
				sum[k] += w * x * (w * x)
			}
		}
		return sum
	}
	of := make([][3]float64, b.groups)
	for i, g := range b.group {
		w := b.weightOf(i)
		for k, x := range each(i) {
			of[g][k] += w * x
		}
	}
	for _, g := range of {
		for k, x := range g {
			sum[k] += x * x
		}
	}
	return sum
}
