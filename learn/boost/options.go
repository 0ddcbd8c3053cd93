package boost

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// DefaultSeed is the seed where Options.Seed is 0.
const DefaultSeed uint64 = 1

// Errors that a caller can act on.
var (
	// ErrOptions is wrapped by every fault of options.
	ErrOptions = errors.New("boost: invalid options")
	// ErrOneClass is returned, bare, where all rows that have a weight have the same label.
	ErrOneClass = errors.New("boost: labels are all the same")
	// ErrTarget is wrapped by the error of a target that the objective is not defined for,
	// which names the row.
	ErrTarget = errors.New("boost: target is out of range")
	// ErrWeight is wrapped by the error of a weight that is negative or not finite, which
	// names the row, and of weights whose sum is not in [1e-60, 1e60].
	ErrWeight = errors.New("boost: weight is negative or not finite")
	// ErrObjective is wrapped by the error of an objective whose start, derivatives or leaves are
	// not finite or are above 1e60, whose second derivative is negative, whose loss is not finite,
	// or whose weighted derivatives are so large that G²·H of all rows is not finite.
	ErrObjective = errors.New("boost: objective gives numbers that are of no use")
	// ErrLength is wrapped by the error of targets or weights of another length than rows.
	ErrLength = errors.New("boost: lengths differ")
	// ErrNoRows is returned, bare, where no row has a weight above 0; of Later it is wrapped.
	ErrNoRows = errors.New("boost: no row has any weight")
	// ErrColumn is wrapped by the error of a column of the model or of the options that a
	// table does not have, or has as another kind.
	ErrColumn = errors.New("boost: no such column")
)

// Options say how a model is fitted. With the zero value all sizes are chosen from the rows:
// let m be the weight of the rarer label (of an objective other than Logistic, a quarter of
// the weight). It is at most half of the rows, and of a million rows with 100 true labels it is
// 100, which is about what these tell (Harrell 2015, section 4.4). Small data get few small
// trees, which is what generalises there. A plain value: safe for concurrent reads.
type Options struct {
	// Rounds is the largest number of trees. 0: 4·√m, at least 40 and at most 200, or 1000
	// with Later.
	Rounds int
	// LearningRate is by what the values of each tree are multiplied, above 0 and at most 1.
	// 0: 0.05 where m is below 10,000, else 0.1.
	LearningRate float64
	// MaxLeaves is the largest number of leaves of a tree, 2 to 4096. 0: √m/8, at least 4 and at
	// most 31.
	MaxLeaves int
	// MaxDepth is the largest number of questions before a leaf. 0: no limit but MaxLeaves.
	MaxDepth int
	// MinLeaf is the smallest weight of the rows of a leaf: with Weights it is not a number of
	// rows. 0: 20.
	MinLeaf float64
	// MinHessian is the smallest sum of weight·hessian of a leaf. 0: 0.001.
	MinHessian float64
	// MinGain is what a question must gain at least: G²/(H+L2) of both sides less that of all.
	// 0: more than nothing.
	MinGain float64
	// L2 is added to the hessian of each leaf: its value is -G/(H+L2), of Logistic at most 20 in
	// size, so that no tree runs away where labels are rare. 0: 1, of SquaredError none; a value
	// such as 1e-12 is as none.
	L2 float64
	// Bins is the largest number of bins of a column, 2 to 255. 0: 255. Of a category with
	// more levels the heaviest are kept, the others are as missing.
	Bins int
	// RowShare is the share of the rows that each tree is grown on, drawn anew for each, above
	// 0 and at most 1. 0: all.
	RowShare float64
	// ColumnShare is the share of the columns, rounded up, that each tree may ask about, drawn
	// anew for each. 0: all.
	ColumnShare float64
	// LevelWeight is the smallest weight of rows in a node for a level of a category to be
	// told apart there; lighter ones go the way of missing values. 0: 10.
	LevelWeight float64
	// LevelSmoothing is added to the hessian of each level where levels are sorted by
	// G/(H+LevelSmoothing), so that light levels are in the middle. 0: 10.
	LevelSmoothing float64
	// Rising and Falling name number columns with which the score must not fall, or not rise,
	// all else equal. Missing values are not compared: their score may be any. Nil: none.
	Rising, Falling []string
	// Weights has one weight for each row, at least 0 and not all 0: a row of weight 2 counts
	// as two equal rows. MinLeaf, MinHessian, L2, LevelWeight, LevelSmoothing, and m, are
	// absolute: of weights whose sum is 1 no leaf has the weight 20, and nothing is learned. Use
	// weights of mean 1. Nil: 1 each.
	Weights []float64
	// Later has rows of a later time. The model keeps the trees up to the round after which
	// the loss over them was least, none if none made it less. Nil: no early stopping.
	Later *Slice
	// Patience is the number of rounds without a new least loss over Later after which the
	// fit ends. 0: 2/LearningRate, at least 10.
	Patience int
	// Seed is of what is drawn. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines, of which no more than GOMAXPROCS are used to grow trees.
	// Between two steps they look for the next for less than 0.1 ms before they sleep. 0:
	// GOMAXPROCS. No result depends on it.
	Workers int
	// Progress is called after each round by the goroutine of the fit. Nil: not.
	Progress func(done, total int64)
}

// Slice has rows beside those of a fit, to stop by. A plain value: safe for concurrent reads.
type Slice struct {
	// Columns have the names and kinds of those of the fit, in any order; others are ignored.
	Columns []table.Column
	// Labels has the label of each row, for Fit. Nil for FitTarget.
	Labels []bool
	// Target has the target of each row, for FitTarget. Nil for Fit.
	Target []float64
	// Weights has one weight for each row, at least 0 and not all 0. Nil: 1 each.
	Weights []float64
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions] or, of a weight, [ErrWeight]; lengths and names
// are checked by Fit. Nil options are valid.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: Options.%s", ErrOptions, text))
		}
	}
	size := func(x float64, name string) {
		fault(!(x >= 0) || math.IsInf(x, 0), name+" is negative or not finite")
	}
	share := func(x float64, name string) { fault(!(x >= 0 && x <= 1), name+" is not in [0, 1]") }
	fault(o.Rounds < 0 || o.Rounds > 1<<20, "Rounds is negative or above 2^20")
	share(o.LearningRate, "LearningRate")
	fault(o.MaxLeaves != 0 && (o.MaxLeaves < 2 || o.MaxLeaves > 4096), "MaxLeaves is not in [2, 4096]")
	fault(o.MaxDepth < 0, "MaxDepth is negative")
	size(o.MinLeaf, "MinLeaf")
	size(o.MinHessian, "MinHessian")
	size(o.MinGain, "MinGain")
	size(o.L2, "L2")
	fault(o.Bins != 0 && (o.Bins < 2 || o.Bins > maxBins), "Bins is not in [2, 255]")
	share(o.RowShare, "RowShare")
	share(o.ColumnShare, "ColumnShare")
	size(o.LevelWeight, "LevelWeight")
	size(o.LevelSmoothing, "LevelSmoothing")
	fault(o.Patience < 0, "Patience is negative")
	fault(o.Patience > 0 && o.Later == nil, "Patience is set without Later")
	fault(o.Workers < 0, "Workers is negative")
	for _, name := range o.Rising {
		if slices.Contains(o.Falling, name) {
			faults = append(faults, fmt.Errorf("%w: Options: column %q is in Rising and in Falling", ErrOptions, name))
		}
	}
	faults = append(faults, validWeights(o.Weights))
	if o.Later != nil {
		if err := validWeights(o.Later.Weights); err != nil {
			faults = append(faults, fmt.Errorf("%w (in Later)", err))
		}
	}
	return errors.Join(faults...)
}

func validWeights(weights []float64) error {
	for row, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("%w: row %d", ErrWeight, row)
		}
	}
	return nil
}

// settled returns the options with defaults in place of zeros; m is as in Options.
func (o *Options) settled(m float64, objective Objective) Options {
	s := *o
	if _, ok := objective.(SquaredError); !ok && s.L2 == 0 {
		s.L2 = 1
	}
	root := math.Sqrt(m)
	if s.Rounds == 0 {
		if s.Rounds = int(min(max(40, 4*root), 200)); s.Later != nil {
			s.Rounds = 1000
		}
	}
	if s.LearningRate == 0 {
		if s.LearningRate = 0.1; m < 10_000 {
			s.LearningRate = 0.05
		}
	}
	if s.MaxLeaves == 0 {
		s.MaxLeaves = int(min(max(4, root/8), 31))
	}
	if s.Patience == 0 {
		s.Patience = int(min(max(10, 2/s.LearningRate), 1<<20))
	}
	if s.Bins == 0 {
		s.Bins = maxBins
	}
	if s.Seed == 0 {
		s.Seed = DefaultSeed
	}
	if s.MaxDepth == 0 {
		s.MaxDepth = s.MaxLeaves
	}
	for _, d := range []struct {
		field *float64
		value float64
	}{
		{&s.MinLeaf, 20},
		{&s.MinHessian, 1e-3},
		{&s.RowShare, 1},
		{&s.ColumnShare, 1},
		{&s.LevelWeight, 10},
		{&s.LevelSmoothing, 10},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return s
}
