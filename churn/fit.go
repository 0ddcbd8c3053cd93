package churn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// FitOptions say how a model is fitted. A plain value: safe for concurrent reads.
type FitOptions struct {
	// Method is the learner; the zero value is Logistic.
	Method Method
	// Logistic are the options of the learner of that method. Nil: straight lines
	// with an L2 penalty of 1,000, which suits the many columns that say nearly the same.
	Logistic *logistic.Options
	// Tree are the options of the learner of that method. Nil: leaves of at least 50 rows,
	// and at most 8 questions before an answer. The tree is then pruned: of the subtrees that
	// lose least for their size, it is the smallest with the least Brier score in cross-validation
	// with all rows of a customer in one fold.
	Tree *tree.Options
	// Boost are the options of the learner of that method, whose Later must be nil. Nil: its
	// defaults, which give few rows small trees. Rising and Falling name columns, as of [Features].
	//
	// Where Rounds is 0 there are as many trees, up to 1,000, as predict rows of train best that
	// the others know nothing of: those of the last fifth of its cut-offs, from trees fitted on the
	// rows whose horizon ended before them. Where these are too few, one of five customers is
	// held out. Then so many trees are fitted on all rows. The rows of calibrate have no part in it,
	// since probabilities that had chosen the trees would look too well calibrated on them.
	Boost *boost.Options
	// Calibration is how probabilities are fitted to the later slice, from the log-odds of the
	// learner, of Tree from those of the share of the leaf, taken as at least 0.001 and at most
	// 0.999: [score.Platt] is the zero value. Without such a slice there is none.
	Calibration score.CalibrationMethod
	// Seed chooses the folds of Tree, what Boosted draws, and the rows of the baselines. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]. Nil
// options are valid.
func (o *FitOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrOptions, text))
		}
	}
	fault(int(o.Method) >= len(methodNames), "Method is unknown")
	fault(o.Calibration > score.Isotonic, "Calibration is unknown")
	fault(o.Tree != nil && o.Tree.Weights != nil || o.Logistic != nil && o.Logistic.Weights != nil ||
		o.Boost != nil && o.Boost.Weights != nil, "Weights are not for churn: every row counts once")
	if o.Tree != nil {
		if err := o.Tree.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("%w: Tree: %w", ErrOptions, err))
		}
	}
	if o.Logistic != nil {
		if err := o.Logistic.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("%w: Logistic: %w", ErrOptions, err))
		}
	}
	if o.Boost != nil {
		fault(o.Boost.Later != nil, "Boost.Later is chosen by Fit")
		trees := *o.Boost
		if trees.Later = nil; trees.Rounds == 0 {
			trees.Later = &boost.Slice{} // Patience has a meaning
		}
		if err := trees.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("%w: Boost: %w", ErrOptions, err))
		}
	}
	return errors.Join(faults...)
}

// settings are options with their defaults.
func (o *FitOptions) settings() FitOptions {
	s := FitOptions{}
	if o != nil {
		s = *o
	}
	if s.Seed == 0 {
		s.Seed = DefaultSeed
	}
	lines, questions, trees := defaultLogistic, defaultTree, defaultBoost
	if s.Logistic != nil {
		lines = *s.Logistic
	}
	if s.Tree != nil {
		questions = *s.Tree
	}
	if s.Boost != nil {
		trees = *s.Boost
	}
	if lines.Workers == 0 {
		lines.Workers = s.Workers
	}
	if questions.Workers == 0 {
		questions.Workers = s.Workers
	}
	if trees.Workers == 0 {
		trees.Workers = s.Workers
	}
	if trees.Seed == 0 {
		trees.Seed = s.Seed
	}
	s.Logistic, s.Tree, s.Boost = &lines, &questions, &trees
	return s
}

// nearlyConverged is the relative gap to the least objective below which a fit is good enough where
// the learner would have gone on.
const nearlyConverged = 1e-8

var (
	// Columns of features say the same thing many times over, and already have their logarithms.
	// Straight lines with a strong penalty then predict later slices best: on 2,000, 21,000 and 85,000
	// rows of generated shops and on 20,000 of a real one the area under the ROC curve of L2 from 1,000
	// to 10,000 was within 0.004 of the best of 10 to 10,000, that of 10 up to 0.035 below; with it, knots
	// lost 0.001 to 0.005.
	defaultLogistic  = logistic.Options{L2: 1000, Winsorize: 0.01}
	referenceOptions = logistic.Options{L2: 1, Tolerance: 1e-8}
	defaultTree      = tree.Options{MinLeaf: 50, MaxDepth: 8}
	defaultBoost     = boost.Options{}
)

// Fit learns from the rows of train and calibrates on those of calibrate, whose first
// cut-off must not be before the end of the last horizon of train; nil: the probabilities
// are those of the learner. A straight-line logistic regression with an L2 penalty
// of 1 is fitted and calibrated beside every model, as the baseline of reports.
//
// Errors wrap [ErrOptions] (options, or a calibrate that is too early), [ErrNoRows],
// [ErrOneClass] (of train or calibrate, also without labels), [ErrSchema] (the two
// disagree), or are those of the learner. Fewer rows than columns are no error with a
// penalty. Cost: that of the learner, twice for Logistic and for Boosted.
func Fit[K comparable](ctx context.Context, train, calibrate *Dataset[K], opts *FitOptions) (*Model, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	s := opts.settings()
	positive, err := checkLabels("train", train)
	if err != nil {
		return nil, err
	}
	m := &Model{label: train.label, plan: train.plan, schema: train.schema, method: s.Method}
	m.training = training{Rows: train.Rows(), Positive: positive}
	m.training.First, m.training.Last = cutoffRange(train)
	if calibrate != nil {
		if err := checkCalibrate(train, calibrate, &m.training); err != nil {
			return nil, err
		}
	}
	train = withSeenLevels(train)
	for i := range train.Table.Columns {
		c := &train.Table.Columns[i]
		m.columns = append(m.columns, modelColumn{c.Name, c.Levels})
	}
	if s.Method == Boosted {
		if err := chooseRounds(ctx, train, &s, &m.training); err != nil {
			return nil, err
		}
	}
	if m.main, err = fitLearner(ctx, train, s.Method, &s); err != nil {
		return nil, err
	}
	straight := s
	lines := referenceOptions
	lines.Workers = s.Workers
	straight.Logistic = &lines
	if m.reference, err = fitLearner(ctx, train, Logistic, &straight); err != nil {
		return nil, err
	}
	if calibrate != nil {
		for _, l := range []*learner{&m.main, &m.reference} {
			if err := calibrateLearner(ctx, m, l, calibrate, &s); err != nil {
				return nil, err
			}
		}
	}
	if m.baseline, err = newBaseline(ctx, m, train, calibrate, s.Seed, s.Workers); err != nil {
		return nil, err
	}
	return m, nil
}

// withSeenLevels returns the data set with only those levels of categories that rows have, in
// the same order, so that all learners number them alike.
func withSeenLevels[K comparable](d *Dataset[K]) *Dataset[K] {
	seen, t := *d, *d.Table
	t.Columns = slices.Clone(t.Columns)
	seen.Table = &t
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind != table.Category {
			continue
		}
		as := make([]int32, len(c.Levels)+1) // at code+1
		for _, code := range c.Code {
			as[code+1] = 1
		}
		levels, codes := []string{}, make([]int32, len(c.Code))
		as[0] = -1
		for code, level := range c.Levels {
			if as[code+1] > 0 {
				as[code+1] = int32(len(levels))
				levels = append(levels, level)
			}
		}
		for row, code := range c.Code {
			codes[row] = as[code+1]
		}
		c.Levels, c.Code = levels, codes
	}
	return &seen
}

// checkLabels returns the number of positives.
func checkLabels[K comparable](name string, d *Dataset[K]) (positive int, err error) {
	if d == nil || d.Table == nil || len(d.Table.IDs) == 0 {
		return 0, fmt.Errorf("%w: %s", ErrNoRows, name)
	}
	if err := d.Table.Validate(); err != nil {
		return 0, fmt.Errorf("churn: %s: %w", name, err)
	}
	if d.Labels == nil {
		return 0, fmt.Errorf("%w: %s has none", ErrOneClass, name)
	}
	if len(d.Labels) != d.Rows() || len(d.Columns) != len(d.Table.Columns) || !slices.Equal(d.Columns, d.schema.Columns) {
		return 0, fmt.Errorf("%w: %s is not as it was made", ErrSchema, name)
	}
	for _, yes := range d.Labels {
		if yes {
			positive++
		}
	}
	if positive == 0 || positive == d.Rows() {
		return 0, fmt.Errorf("%w: %s", ErrOneClass, name)
	}
	return positive, nil
}

func cutoffRange[K comparable](d *Dataset[K]) (first, last Day) {
	first, last = d.Table.IDs[0].Cutoff, d.Table.IDs[0].Cutoff
	for i := range d.Table.IDs {
		first, last = min(first, d.Table.IDs[i].Cutoff), max(last, d.Table.IDs[i].Cutoff)
	}
	return first, last
}

// checkCalibrate checks the later slice and fills in what the model keeps of it.
func checkCalibrate[K comparable](train, calibrate *Dataset[K], t *training) error {
	positive, err := checkLabels("calibrate", calibrate)
	if err != nil {
		return err
	}
	p, q := &train.plan, &calibrate.plan
	switch {
	case train.label != calibrate.label:
		return fmt.Errorf("%w: calibrate has another label than train", ErrSchema)
	case p.gap() != q.gap() || p.Horizon != q.Horizon || p.Window != q.Window:
		return fmt.Errorf("%w: calibrate has another plan than train", ErrSchema)
	case !slices.Equal(train.Columns, calibrate.Columns):
		return fmt.Errorf("%w: calibrate has other columns than train", ErrSchema)
	}
	t.CalibrationRows, t.CalibrationPositive = calibrate.Rows(), positive
	t.CalibrationFirst, t.CalibrationLast = cutoffRange(calibrate)
	if end := t.Last + Day(p.gap()+p.Horizon); t.CalibrationFirst < end {
		return fmt.Errorf("%w: calibrate begins %s, before the last horizon of train ends %s", ErrOptions, t.CalibrationFirst, end)
	}
	return nil
}

func fitLearner[K comparable](ctx context.Context, train *Dataset[K], method Method, s *FitOptions) (l learner, err error) {
	switch method {
	case Logistic:
		l.logistic, err = logistic.Fit(ctx, train.Table, train.Labels, s.Logistic)
		var slow *logistic.NotConvergedError
		if errors.As(err, &slow) && slow.Gap <= nearlyConverged {
			err = nil
		}
		if err != nil {
			return l, fmt.Errorf("churn: %w", err)
		}
		return l, nil
	case Boosted:
		if l.boost, err = boost.Fit(ctx, train.Table, train.Labels, s.Boost); err != nil {
			return l, fmt.Errorf("churn: %w", err)
		}
		return l, nil
	}
	classes := make([]int32, train.Rows())
	for row, yes := range train.Labels {
		if yes {
			classes[row] = 1
		}
	}
	groups, customers := customerGroups(train)
	if customers < 2 {
		return l, fmt.Errorf("%w: train has one customer, of whom a tree cannot hold any out", ErrNoRows)
	}
	prune := &tree.PruneOptions{Groups: groups, Folds: min(tree.DefaultFolds, customers), Seed: s.Seed}
	if l.tree, err = tree.FitPruned(ctx, train.Table, classes, s.Tree, prune); err != nil {
		return l, fmt.Errorf("churn: %w", err)
	}
	return l, nil
}

// customerGroups numbers the customers of the rows in the order in which they come.
func customerGroups[K comparable](d *Dataset[K]) (groups []int32, customers int) {
	number := make(map[K]int32)
	groups = make([]int32, d.Rows())
	for row := range groups {
		id := d.Table.IDs[row].Customer
		n, ok := number[id]
		if !ok {
			n = int32(len(number))
			number[id] = n
		}
		groups[row] = n
	}
	return groups, len(number)
}

func calibrateLearner[K comparable](ctx context.Context, m *Model, l *learner, d *Dataset[K], s *FitOptions) error {
	logOdds, err := eachRow(ctx, m, d.Table, s.Workers, l.logOdds)
	if err != nil {
		return err
	}
	if l.calibration, err = score.Calibrate(s.Calibration, logOdds, d.Labels, nil); err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	return nil
}

// eachRow returns f of each row of a table, laid out as m.Columns says.
func eachRow[K comparable](ctx context.Context, m *Model, t *table.Table[K], workers int, f func(row []float64) float64) ([]float64, error) {
	rows, err := m.bind(t.Columns)
	if err != nil {
		return nil, err
	}
	result := make([]float64, t.Rows())
	const chunk = 4096
	parallel.Ranges(parallel.Workers(workers), len(result), (len(result)+chunk-1)/chunk, func(_, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		row := make([]float64, len(m.columns))
		for i := lo; i < hi; i++ {
			rows.Read(row, i)
			result[i] = f(row)
		}
	})
	return result, ctx.Err()
}
