package boost

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Streams of random numbers beside the seed; those of rounds follow.
const (
	streamBins = iota
	streamPermutation
	streamRounds
)

// within is the slack of comparisons with sums of weights that are rounded to units.
const within = 1 - 1e-4

// blockRows is the number of rows of which a sum is taken at once.
const blockRows = 4096

// Fit fits trees that together give the log-odds of a label: it is FitTarget with targets of
// 0 and 1 and the objective [Logistic]. Labels that are all the same are [ErrOneClass].
func Fit[K comparable](ctx context.Context, t *table.Table[K], labels []bool, opts *Options) (*Model, error) {
	o, err := checked(opts)
	if err != nil {
		return nil, err
	}
	if o.Later != nil {
		later := *o.Later
		if later.Target != nil {
			return nil, fmt.Errorf("%w: Later has a Target, which is for FitTarget", ErrLength)
		}
		later.Target = targetOf(later.Labels)
		o.Later = &later
	}
	return fit(ctx, t, targetOf(labels), Logistic{}, o)
}

// FitTarget fits trees that make an objective small over rows with targets.
//
// Each round grows a tree on the derivatives of the objective at the scores so far, G and H
// summed with weights over rows: the leaf whose question gains most is divided next, and a
// leaf adds LearningRate·(-G/(H+L2)) to the score. A question about a number is "x <= c" with
// c halfway between values where there are at most Bins of them, otherwise near quantiles
// (of 200,000 rows where there are more: a value of a few rows in a million may then have no
// threshold of its own); one about a category is "x in S", with S from the order of the levels by
// G/(H+LevelSmoothing), or any set of up to four levels. Missing values go to the side where
// they gain more, where a node had none to the heavier side. A level that the fit has not seen
// goes the way of missing values.
//
// A fault of the table is a [*table.Fault]. Other errors wrap [ErrLength], [ErrWeight],
// [ErrTarget], [ErrColumn] or [ErrObjective], or are [ErrNoRows] or that of the objective. Columns
// may be constant, or none.
//
// The model does not depend on Workers, nor, where rows have ids that compare and differ, on
// their order. That of the rows of Later changes the rounding of their loss, which can decide
// which of two rounds as good as equal is best.
//
// Cost: a round is about O(rows·columns·log(MaxLeaves)/2) additions where leaves are of like
// size, at worst O(rows·columns·MaxLeaves/2), and O(MaxLeaves·bins) for the bins of all columns.
// Memory: for each row two bytes a column and about 70 bytes, and for each leaf 4 KB a column,
// columns counted in eights; a copy of the table if rows are without weight or have ids that do
// not ascend. ctx is looked at once a round.
func FitTarget[K comparable](ctx context.Context, t *table.Table[K], target []float64, objective Objective, opts *Options) (*Model, error) {
	o, err := checked(opts)
	if err != nil {
		return nil, err
	}
	if o.Later != nil && o.Later.Labels != nil {
		return nil, fmt.Errorf("%w: Later has Labels, which are for Fit", ErrLength)
	}
	return fit(ctx, t, target, objective, o)
}

func checked(opts *Options) (*Options, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		return &Options{}, nil
	}
	o := *opts
	return &o, nil
}

func fit[K comparable](ctx context.Context, t *table.Table[K], target []float64, objective Objective, o *Options) (*Model, error) {
	f, _, err := begin(ctx, t, target, objective, o)
	if err != nil {
		return nil, err
	}
	base, err := f.objective.Start(f.train.target, f.train.weight)
	if err != nil {
		return nil, err
	}
	if !(math.Abs(base) <= largest) {
		return nil, fmt.Errorf("%w: its start", ErrObjective)
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	f.grower.team = newTeam(min(f.workers, runtime.GOMAXPROCS(0)))
	defer f.grower.dismiss()
	f.model = f.newModel(base)
	f.train.start(base)
	if f.later != nil {
		f.later.start(base)
	}
	if err := f.rounds(); err != nil {
		return nil, err
	}
	return f.model, nil
}

// begin checks what a fit is of and returns it with the rows of the table that it has, those with
// weight in the order of their ids.
func begin[K comparable](ctx context.Context, t *table.Table[K], target []float64, objective Objective, o *Options) (*fitting, []int32, error) {
	if err := t.Validate(); err != nil {
		return nil, nil, err
	}
	n := t.Rows()
	if len(t.Columns) == 0 && t.IDs == nil {
		n = len(target)
	}
	if len(target) != n || o.Weights != nil && len(o.Weights) != n {
		return nil, nil, fmt.Errorf("%w: %d rows, %d targets, %d weights", ErrLength, n, len(target), len(o.Weights))
	}
	if err := checkSigns(t.Columns, o); err != nil {
		return nil, nil, err
	}
	objective = plain(objective)
	rows := weighted(o.Weights, n)
	if len(rows) == 0 {
		return nil, nil, ErrNoRows
	}
	if err := checkTarget(objective, target, rows); err != nil {
		return nil, nil, err
	}
	if t.IDs != nil && t.Compare != nil {
		byID := func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) }
		if !slices.IsSortedFunc(rows, byID) {
			parallel.SortFunc(parallel.Workers(o.Workers), rows, byID)
		}
	}
	f := &fitting{ctx: ctx, copies: 1, objective: objective, workers: parallel.Workers(o.Workers), columns: t.Columns}
	f.train = &rowsOf{columns: t.Columns, target: target, weight: o.Weights, n: len(rows)}
	if len(rows) < n || !slices.IsSorted(rows) {
		f.train.take(rows)
	}
	if err := f.train.weigh(); err != nil {
		return nil, nil, err
	}
	f.o = o.settled(f.rarer(), f.objective)
	return f, rows, nil
}

// checkSigns looks for a column of Rising or Falling that is not there.
func checkSigns(columns []table.Column, o *Options) error {
	for _, name := range slices.Concat(o.Rising, o.Falling) {
		if numberColumn(columns, name) < 0 {
			return fmt.Errorf("%w: number column %q of Rising or Falling", ErrColumn, name)
		}
	}
	return nil
}

func numberColumn(columns []table.Column, name string) int {
	return slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == name && c.Kind == table.Number })
}

// fitting is a fit on its way.
type fitting struct {
	ctx       context.Context
	o         Options
	objective Objective
	copies    float64 // how often a row may count
	workers   int
	columns   []table.Column
	train     *rowsOf
	later     *rowsOf // nil: none
	binnings  []binning
	units     []int64 // of the weights; nil: 1 each

	gradient, hessian []float64
	derived           bool // they are those of the scores
	grower            grower
	model             *Model
	report            Report
}

func (f *fitting) isLogistic() bool {
	_, ok := f.objective.(Logistic)
	return ok
}

// rarer is m of Options.
func (f *fitting) rarer() float64 {
	if !f.isLogistic() {
		return f.train.total / 4
	}
	sum := 0.0
	for row, y := range f.train.target {
		sum += float64(weightOf(f.train.weight, row) * y)
	}
	return min(sum, f.train.total-sum)
}

// prepare puts rows into bins.
func (f *fitting) prepare() error {
	sample := sampleRows(f.train.n, f.o.Seed)
	f.binnings = make([]binning, len(f.columns))
	parallel.For(f.workers, len(f.columns), func(i int) {
		if f.ctx.Err() == nil {
			f.binnings[i] = newBinning(&f.train.columns[i], f.train.weight, f.o.Bins, sample)
		}
	})
	if err := f.ctx.Err(); err != nil {
		return err
	}
	codes := make([][]uint8, len(f.columns))
	for i := range codes {
		codes[i] = f.binnings[i].code
	}
	f.train.matrix = newMatrix(f.train.columns, f.binnings, codes, f.train.n, f.workers)
	if f.o.Later != nil {
		if err := f.prepareLater(f.o.Later); err != nil {
			return err
		}
	}
	f.gradient, f.hessian = make([]float64, f.train.n), make([]float64, f.train.n)
	g := &f.grower
	g.spare, g.ready = make([]int32, f.train.n), make([]int32, f.train.n)
	g.o = &f.o
	f.units = g.weigh(f.train.weight, f.train.n)
	g.minUnits = max(1, int64(min(math.Ceil(f.o.MinLeaf/g.w*g.slack), 1<<60)))
	if g.most = math.Inf(1); f.isLogistic() {
		g.most = mostLogistic
	}
	g.histograms = histograms{matrix: f.train.matrix, pairs: make([]cell, f.train.n)}
	g.used = make([]bool, g.stride)
	g.category, g.sign, g.chosen = make([]bool, len(f.columns)), make([]int8, len(f.columns)), make([]bool, len(f.columns))
	for i := range f.columns {
		g.counts = append(g.counts, f.binnings[i].bins)
		g.category[i] = f.columns[i].Kind == table.Category
	}
	g.bins = g.counts
	for _, name := range f.o.Rising {
		g.sign[numberColumn(f.columns, name)] = 1
	}
	for _, name := range f.o.Falling {
		g.sign[numberColumn(f.columns, name)] = -1
	}
	return nil
}

// prepareLater puts the rows to stop by into bins.
func (f *fitting) prepareLater(s *Slice) error {
	t := &table.Table[int]{Columns: s.Columns}
	if err := t.Validate(); err != nil {
		return fmt.Errorf("%w (in Later)", err)
	}
	n := t.Rows()
	if len(f.columns) == 0 {
		n = len(s.Target)
	}
	if n == 0 {
		return fmt.Errorf("%w (in Later)", ErrNoRows)
	}
	if len(s.Target) != n || s.Weights != nil && len(s.Weights) != n {
		return fmt.Errorf("%w: Later has %d rows, %d targets, %d weights", ErrLength, n, len(s.Target), len(s.Weights))
	}
	rows := weighted(s.Weights, n)
	if len(rows) == 0 {
		return fmt.Errorf("%w (in Later)", ErrNoRows)
	}
	if err := checkTarget(f.objective, s.Target, rows); err != nil {
		return fmt.Errorf("%w (in Later)", err)
	}
	later := &rowsOf{target: s.Target, weight: s.Weights, n: len(rows)}
	codes := make([][]uint8, len(f.columns))
	for i := range f.columns {
		c, ok := t.Column(f.columns[i].Name)
		if !ok || c.Kind != f.columns[i].Kind {
			return fmt.Errorf("%w: %s column %q of Later", ErrColumn, f.columns[i].Kind, f.columns[i].Name)
		}
		later.columns = append(later.columns, c)
		codes[i] = f.binnings[i].matching(c.Levels)
	}
	if later.n < n {
		later.take(rows)
	}
	if err := later.weigh(); err != nil {
		return fmt.Errorf("%w (in Later)", err)
	}
	if _, err := f.objective.Start(later.target, later.weight); err != nil && err != ErrOneClass {
		return fmt.Errorf("%w (in Later)", err)
	}
	later.matrix = newMatrix(later.columns, f.binnings, codes, later.n, f.workers)
	f.later = later
	return nil
}
