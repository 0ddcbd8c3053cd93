package boost

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
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

func targetOf(labels []bool) []float64 {
	target := make([]float64, len(labels))
	for i, label := range labels {
		if label {
			target[i] = 1
		}
	}
	return target
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

// weighted returns the rows that have a weight above 0.
func weighted(weights []float64, n int) []int32 {
	rows := make([]int32, 0, n)
	for row := range n {
		if weightOf(weights, row) > 0 {
			rows = append(rows, int32(row))
		}
	}
	return rows
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

// rowsOf are rows and their scores.
type rowsOf struct {
	columns        []table.Column
	target, weight []float64
	n              int
	total          float64 // weight
	raw            []float64
	*matrix
}

func (r *rowsOf) take(rows []int32) {
	columns := slices.Clone(r.columns)
	for i := range columns {
		columns[i].Num, columns[i].Code = pick(columns[i].Num, rows), pick(columns[i].Code, rows)
	}
	r.columns, r.target, r.weight = columns, pick(r.target, rows), pick(r.weight, rows)
}

// weigh sums up the weights.
func (r *rowsOf) weigh() error {
	if r.total = float64(r.n); r.weight != nil {
		r.total = 0
		for _, w := range r.weight {
			r.total += w
		}
	}
	if !(r.total <= largest && r.total >= 1/largest) {
		return fmt.Errorf("%w: their sum is not in [1e-60, 1e60]", ErrWeight)
	}
	return nil
}

// start sets all scores to the same.
func (r *rowsOf) start(base float64) {
	r.raw = slices.Repeat([]float64{base}, r.n)
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

// rounds grows the trees.
func (f *fitting) rounds() error {
	best := math.Inf(1)
	losses, err := f.losses()
	if err != nil {
		return err
	}
	f.report.Start = losses
	if f.later != nil {
		best = losses.Later
	}
	f.report.Stop = StopRounds
	for round := range f.o.Rounds {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(f.o.Seed, streamRounds+uint64(round)))
		rows := f.draw(r)
		if err := f.derive(); err != nil {
			return err
		}
		nodes := f.grower.grow(rows)
		if len(nodes) == 1 && f.o.RowShare == 1 && f.o.ColumnShare == 1 {
			f.report.Stop = StopNothing
			break
		}
		if err := f.score(nodes, len(rows)); err != nil {
			return err
		}
		f.add(nodes)
		if losses, err = f.losses(); err != nil {
			return err
		}
		f.report.Rounds = append(f.report.Rounds, losses)
		if f.o.Progress != nil {
			f.o.Progress(int64(round+1), int64(f.o.Rounds))
		}
		if f.later == nil {
			f.report.Best = round + 1
			continue
		}
		if losses.Later < best {
			best, f.report.Best = losses.Later, round+1
		} else if round+1-f.report.Best >= f.o.Patience {
			f.report.Stop = StopPatience
			break
		}
	}
	f.model.cut(f.report.Best)
	f.report.LearningRate, f.report.MaxLeaves = f.o.LearningRate, f.o.MaxLeaves
	f.model.report = f.report
	return nil
}

// draw chooses the rows and columns of a tree. Rows that it does not choose are at the end of
// the buffer.
func (f *fitting) draw(r *rand.Rand) []int32 {
	g := &f.grower
	rows := g.ready[:f.train.n]
	if f.o.RowShare == 1 {
		for i := range rows {
			rows[i] = int32(i)
		}
	} else {
		want := max(1, int(math.Round(f.o.RowShare*float64(len(rows)))))
		in, out := 0, len(rows)
		for i := range len(rows) { // selection sampling
			if r.IntN(len(rows)-i) < want-in {
				rows[in] = int32(i)
				in++
			} else {
				out--
				rows[out] = int32(i)
			}
		}
		rows = rows[:in]
	}
	clear(g.used)
	left := len(g.chosen)
	want := int(math.Ceil(f.o.ColumnShare * float64(left) * (1 - 1e-12)))
	for i := range g.chosen {
		g.chosen[i] = want == left || r.IntN(left) < want
		left--
		if g.chosen[i] {
			want--
			g.used[i/lanes] = true
		}
	}
	return rows
}

// derive computes gradients and hessians of all rows, and their integers.
func (f *fitting) derive() error {
	n := f.train.n
	blocks := (n + blockRows - 1) / blockRows
	type bounds struct{ g, h, low float64 }
	found := make([]bounds, blocks)
	f.grower.ranges(n, blocks, func(block, lo, hi int) {
		gradient, hessian := f.gradient[lo:hi], f.hessian[lo:hi]
		if !f.derived {
			f.objective.Gradients(gradient, hessian, f.train.raw[lo:hi], f.train.target[lo:hi])
		}
		b := bounds{}
		for i, g := range gradient {
			b.g, b.h, b.low = max(b.g, math.Abs(g)), max(b.h, hessian[i]), min(b.low, hessian[i])
		}
		found[block] = b
	})
	all := bounds{}
	for _, b := range found {
		all = bounds{max(all.g, b.g), max(all.h, b.h), min(all.low, b.low)}
	}
	if !(all.g <= largest && all.h <= largest && all.low >= 0) {
		return fmt.Errorf("%w: a derivative", ErrObjective)
	}
	g, h := all.g*f.train.total*f.copies, all.h*f.train.total*f.copies
	if math.IsInf(g*g*h, 1) { // what gains are compared by
		return fmt.Errorf("%w: sums of derivatives", ErrObjective)
	}
	s := &f.grower.scale
	s.fix(g, h)
	byG, byH := 1/s.g, 1/s.h
	f.grower.ranges(n, blocks, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if f.units == nil {
				f.grower.pairs[i] = cell{
					G:  int64(math.RoundToEven(f.gradient[i] * byG)),
					HW: fairly(f.hessian[i]*byH, i)<<s.shift + 1,
				}
				continue
			}
			w := f.train.weight[i]
			f.grower.pairs[i] = cell{
				G:  int64(math.RoundToEven(f.gradient[i] * w * byG)),
				HW: fairly(f.hessian[i]*w*byH, i)<<s.shift + f.units[i],
			}
		}
	})
	return nil
}

// score adds the values of a new tree, with the learning rate, to all scores.
func (f *fitting) score(nodes []grown, drawn int) error {
	g := &f.grower
	for i := range nodes {
		n := &nodes[i]
		n.value *= f.o.LearningRate
		if !(math.Abs(n.value) <= largest) || n.column >= 0 && math.IsInf(n.gain, 0) {
			return fmt.Errorf("%w: a leaf", ErrObjective)
		}
	}
	g.run(len(nodes), func(_, i int) {
		if n := &nodes[i]; n.column < 0 {
			for _, row := range g.ready[n.lo:n.hi] {
				f.train.raw[row] += n.value
			}
		}
	})
	rest := g.ready[drawn:f.train.n]
	g.ranges(len(rest), (len(rest)+blockRows-1)/blockRows, func(_, lo, hi int) {
		for _, row := range rest[lo:hi] {
			f.train.raw[row] += nodes[g.walk(nodes, f.train.matrix, row)].value
		}
	})
	if f.later == nil {
		return nil
	}
	g.ranges(f.later.n, (f.later.n+blockRows-1)/blockRows, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			f.later.raw[row] += nodes[g.walk(nodes, f.later.matrix, int32(row))].value
		}
	})
	return nil
}

// losses returns the mean losses over the rows of the fit and the later ones. Of Logistic the former
// comes with the derivatives.
func (f *fitting) losses() (Loss, error) {
	train, later := f.train, f.later
	f.derived = f.isLogistic()
	loss := Loss{Later: math.NaN(), Training: meanLoss(f.grower.team, train, func(weight []float64, lo, hi int) float64 {
		if f.derived {
			return logistic(f.gradient[lo:hi], f.hessian[lo:hi], train.raw[lo:hi], train.target[lo:hi], weight)
		}
		return f.objective.Loss(train.raw[lo:hi], train.target[lo:hi], weight)
	})}
	if later != nil {
		loss.Later = meanLoss(f.grower.team, later, func(weight []float64, lo, hi int) float64 {
			return f.objective.Loss(later.raw[lo:hi], later.target[lo:hi], weight)
		})
	}
	infinite := func(x float64) bool { return !(math.Abs(x) <= math.MaxFloat64) }
	if infinite(loss.Training) || later != nil && infinite(loss.Later) {
		return loss, fmt.Errorf("%w: a loss", ErrObjective)
	}
	return loss, nil
}

// meanLoss returns the mean over rows of a loss that is told their weights, nil being 1 each.
func meanLoss(t *team, r *rowsOf, loss func(weight []float64, lo, hi int) float64) float64 {
	blocks := (r.n + blockRows - 1) / blockRows
	sums := make([]float64, blocks)
	t.run(blocks, func(_, block int) {
		lo, hi := block*blockRows, min((block+1)*blockRows, r.n)
		var weight []float64
		if r.weight != nil {
			weight = r.weight[lo:hi]
		}
		sums[block] = loss(weight, lo, hi)
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return sum / r.total
}
