package tree

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// MaxClasses is the largest number of classes.
const MaxClasses = 256

// Errors that a caller can act on.
var (
	// ErrClass is wrapped by the error of a class below 0 or not below MaxClasses, which
	// names the row.
	ErrClass = errors.New("tree: class is out of range")
	// ErrWeight is wrapped by the error of a weight that is negative or not finite, which
	// names the row, and of weights whose sum, or that times class weights, is below 1e-280 or
	// above 6e153.
	ErrWeight = errors.New("tree: weight is negative or not finite")
	// ErrLength is wrapped by the error of classes, weights or a row of another length
	// than rows or columns.
	ErrLength = errors.New("tree: lengths differ")
	// ErrFolds is returned, bare, where fewer than two groups of rows have a weight, so that
	// none can be held out.
	ErrFolds = errors.New("tree: fewer than two groups of rows")
	// ErrNoRows is returned, bare, where no row has a weight above 0.
	ErrNoRows = errors.New("tree: no row has any weight")
	// ErrColumn is wrapped by the error of a column of the tree that a table does not
	// have, or has as another kind.
	ErrColumn = errors.New("tree: no such column")
)

// Options says how a tree grows. The zero value grows it until every leaf has rows of one
// class, or of equal features. A plain value: safe for concurrent reads.
type Options struct {
	// Criterion is the impurity that questions lower. 0: Gini.
	Criterion Criterion
	// MaxDepth is the largest number of questions before an answer. 0: no limit.
	MaxDepth int
	// MinSplit is the smallest weight of rows of which a question is asked. 0: any.
	MinSplit float64
	// MinLeaf is the smallest weight of a leaf. 0: any.
	MinLeaf float64
	// MinGain is the least that a question must lower the impurity, times the share of the
	// weight that comes to the question. 0: questions that lower nothing are asked as well,
	// since the next one may.
	MinGain float64
	// Weights has one weight for each row, at least 0 and not all 0: a row of weight 2
	// counts as two equal rows. Nil: 1 each.
	Weights []float64
	// ClassWeights has one factor above 0 for each class, by which the weights of its rows
	// are multiplied where impurities and errors are measured and where the class of a leaf
	// is chosen; a factor is what it costs to miss a row of that class. All else, the
	// probabilities above all, and MinSplit and MinLeaf, is of Weights alone. Those beyond
	// the last class of the rows count in HoldOut, where such classes may come. Nil: 1 each.
	ClassWeights []float64
	// Smoothing is a weight m of rows with the shares of the root that join the rows of each
	// node for its probabilities, (w + m·share)/(W + m) instead of w/W (Cestnik 1990), so
	// that leaves of few rows are less certain. 0: none.
	Smoothing float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, as a joined error; lengths are
// checked by Fit. Nil options are valid.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, errors.New("tree: Options."+text))
		}
	}
	fault(int(o.Criterion) >= len(criterionNames), "Criterion is unknown")
	fault(o.MaxDepth < 0, "MaxDepth is negative")
	fault(!(o.MinSplit >= 0) || math.IsInf(o.MinSplit, 0), "MinSplit is negative or not finite")
	fault(!(o.MinLeaf >= 0) || math.IsInf(o.MinLeaf, 0), "MinLeaf is negative or not finite")
	fault(!(o.MinGain >= 0) || math.IsInf(o.MinGain, 0), "MinGain is negative or not finite")
	fault(!(o.Smoothing >= 0) || math.IsInf(o.Smoothing, 0), "Smoothing is negative or not finite")
	fault(slices.ContainsFunc(o.ClassWeights, func(w float64) bool { return !(w > 0) || math.IsInf(w, 0) }), "ClassWeights are not all positive and finite")
	fault(o.Workers < 0, "Workers is negative")
	for row, w := range o.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			faults = append(faults, fmt.Errorf("%w: row %d", ErrWeight, row))
			break
		}
	}
	return errors.Join(faults...)
}
