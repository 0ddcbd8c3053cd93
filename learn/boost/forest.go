package boost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// ForestOptions say how a forest is fitted. A plain value: safe for concurrent reads.
type ForestOptions struct {
	// Trees is their number, at most 2^20. 0: 200.
	Trees int
	// MinLeaf is the smallest weight of the rows of a leaf, each counted once however often it
	// was drawn. 0: 10.
	MinLeaf float64
	// Columns is the number of columns drawn for each question; more where none of them has a
	// question that gains. 0: the root of the number of columns, rounded down.
	Columns int
	// Weights has one weight for each row, at least 0 and not all 0. Rows are drawn all alike and
	// count as what they weigh. Nil: 1 each.
	Weights []float64
	// Seed is of what is drawn. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
	// Progress is called by the goroutine of the fit after some of the trees. Nil: not.
	Progress func(done, total int64)
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions] or, of a weight, [ErrWeight]. Nil options are valid.
func (o *ForestOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: ForestOptions.%s", ErrOptions, text))
		}
	}
	fault(o.Trees < 0 || o.Trees > 1<<20, "Trees is negative or above 2^20")
	fault(!(o.MinLeaf >= 0) || math.IsInf(o.MinLeaf, 0), "MinLeaf is negative or not finite")
	fault(o.Columns < 0, "Columns is negative")
	fault(o.Workers < 0, "Workers is negative")
	return errors.Join(append(faults, validWeights(o.Weights))...)
}

// FitForest fits a random forest (Breiman 2001): deep trees, each on as many rows as there are,
// drawn with replacement, and each question about one of a few columns drawn for it. The score of
// the model is the mean over the trees of the share of true labels in the leaf, in [0, 1]; there
// are no log-odds. It has little to choose and [Report] has its out-of-bag shares, which are as
// good as those of rows that the fit has not seen; [Fit] is usually better, smaller and quicker to
// ask. Bins, missing values, categories, rows without weight and in another order, and errors, are
// as in [Fit].
//
// Cost: O(trees·rows·depth·Columns). Memory: for each row two bytes a column, about 70 bytes, 25
// for each worker and a bit for each tree; the model has 48 bytes a node, at most 2·rows/MinLeaf of
// them a tree. ctx is looked at once a tree.
func FitForest[K comparable](ctx context.Context, t *table.Table[K], labels []bool, opts *ForestOptions) (*Model, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := ForestOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Trees == 0 {
		o.Trees = 200
	}
	if o.MinLeaf == 0 {
		o.MinLeaf = 10
	}
	if o.Columns == 0 {
		o.Columns = max(1, int(math.Sqrt(float64(len(t.Columns)))))
	}
	f, rows, err := begin(ctx, t, targetOf(labels), SquaredError{}, &Options{
		MaxLeaves: 4096, MinLeaf: o.MinLeaf, LevelWeight: o.MinLeaf, LevelSmoothing: 1, Weights: o.Weights, Seed: o.Seed, Workers: o.Workers,
	})
	if err != nil {
		return nil, err
	}
	if _, err := (Logistic{}).Start(f.train.target, f.train.weight); err != nil {
		return nil, err
	}
	f.copies = mostCopies
	if err := f.prepare(); err != nil {
		return nil, err
	}
	f.train.start(0)
	if err := f.derive(); err != nil {
		return nil, err
	}
	f.model = f.newModel(0)
	bags, err := f.plant(&o)
	if err != nil {
		return nil, err
	}
	f.model.report = Report{Best: o.Trees}
	f.model.report.OutOfBag, err = f.outOfBag(bags, rows, len(labels))
	return f.model, err
}

// mostCopies is how often a tree may have a row: of as many draws as rows one is drawn more often
// once in 10^13. It bounds sums.
const mostCopies = 15

// planter grows trees of a forest, one at a time.
type planter struct {
	grower
	from   []cell // of a row drawn once
	target []float64
	copies []uint8
	order  []int // of columns
	cells  [256]cell
}

func (f *fitting) newPlanter() *planter {
	p := &planter{grower: f.grower, from: f.grower.pairs, target: f.train.target, copies: make([]uint8, f.train.n)}
	p.spare, p.ready, p.pairs = make([]int32, f.train.n), make([]int32, f.train.n), make([]cell, f.train.n)
	p.order = make([]int, len(f.columns))
	return p
}

// plant grows the trees and returns the rows that each was drawn with, as bits.
func (f *fitting) plant(o *ForestOptions) ([][]uint64, error) {
	bags := make([][]uint64, o.Trees)
	planters := make(chan *planter, f.workers)
	for range min(f.workers, o.Trees) {
		planters <- f.newPlanter()
	}
	// Values are whole multiples of 2^-52, so that their sum is exact and at most 1.
	unit := float64(1<<52) / float64(o.Trees)
	batch := 4 * f.workers
	trees := make([][]grown, batch)
	for lo := 0; lo < o.Trees; lo += batch {
		hi := min(lo+batch, o.Trees)
		parallel.For(f.workers, hi-lo, func(i int) {
			if f.ctx.Err() != nil {
				return
			}
			p := <-planters
			r := rand.New(rand.NewPCG(f.o.Seed, streamRounds+uint64(lo+i)))
			bags[lo+i] = p.draw(r)
			trees[i] = p.plant(r, o.Columns)
			for n := range trees[i] {
				node := &trees[i][n]
				node.value = math.Floor(min(max(node.value, 0), 1)*unit) / (1 << 52)
			}
			planters <- p
		})
		if err := f.ctx.Err(); err != nil {
			return nil, err
		}
		for _, nodes := range trees[:hi-lo] {
			f.add(nodes)
		}
		if o.Progress != nil {
			o.Progress(int64(hi), int64(o.Trees))
		}
	}
	return bags, nil
}

// draw draws rows with replacement. Those of a tree are there once, with the sums of all their
// copies but the weight of one.
func (p *planter) draw(r *rand.Rand) (bag []uint64) {
	n := len(p.from)
	clear(p.copies)
	for range n {
		if k := r.IntN(n); p.copies[k] < mostCopies {
			p.copies[k]++
		}
	}
	bag, p.ready = make([]uint64, (n+63)/64), p.ready[:0]
	for row, copies := range p.copies {
		if copies > 0 {
			bag[row/64] |= 1 << (row % 64)
			p.ready = append(p.ready, int32(row))
			one, c := p.from[row], int64(copies)
			p.pairs[row] = cell{G: one.G * c, HW: one.HW>>p.shift*c<<p.shift + p.units(one)}
		}
	}
	return bag
}

// plant grows a tree over the rows that were drawn.
func (p *planter) plant(r *rand.Rand, columns int) []grown {
	root := &leaf{hi: len(p.ready), limits: limits{math.Inf(-1), math.Inf(1)}}
	root.sum = p.sum(p.ready)
	for i := range p.order {
		p.order[i] = i
	}
	nodes := []grown{p.node(root)}
	for open := []*leaf{root}; len(open) > 0; {
		l := open[len(open)-1]
		open = open[:len(open)-1]
		if !p.divisible(l) || p.pure(l) {
			continue
		}
		if p.question(l, r, columns); l.best.column < 0 {
			continue
		}
		left, right := p.divide(l)
		left.node, right.node = len(nodes), len(nodes)+1
		n := &nodes[l.node]
		n.split, n.left, n.right = l.best, left.node, right.node
		nodes = append(nodes, p.node(left), p.node(right))
		open = append(open, right, left)
	}
	return nodes
}

// pure reports whether all rows of a leaf have the same label.
func (p *planter) pure(l *leaf) bool {
	rows := p.ready[l.lo:l.hi]
	for _, row := range rows[1:] {
		if p.target[row] != p.target[rows[0]] {
			return false
		}
	}
	return true
}

// question looks for the best question of a leaf about columns that it draws.
func (p *planter) question(l *leaf, r *rand.Rand, columns int) {
	base := p.base(l)
	l.best = split{column: -1, gain: base + float64(1e-12*math.Abs(base))}
	for k := range p.order {
		if k >= columns && l.best.column >= 0 {
			break
		}
		other := k + r.IntN(len(p.order)-k)
		p.order[k], p.order[other] = p.order[other], p.order[k]
		i := p.order[k]
		clear(p.cells[:p.bins[i]])
		p.cells[missing] = cell{}
		bins := p.columns[i]
		for _, row := range p.ready[l.lo:l.hi] {
			c, pair := &p.cells[bins[row]], p.pairs[row]
			c.G += pair.G
			c.HW += pair.HW
		}
		p.column(l, &p.cells, i, &l.best)
	}
	l.best.gain -= base
}

// outOfBag returns for each of n rows of the caller the mean over the trees it was not drawn for.
func (f *fitting) outOfBag(bags [][]uint64, rows []int32, n int) ([]float64, error) {
	columns, err := bind(f.model, &table.Table[int]{Columns: f.train.columns})
	if err != nil {
		return nil, err
	}
	shares := make([]float64, n)
	for row := range shares {
		shares[row] = math.NaN()
	}
	width, m := len(columns), f.model
	parallel.States(f.workers, (f.train.n+chunkRows-1)/chunkRows, func() []float64 { return make([]float64, chunkRows*width) },
		func(values []float64, chunk int) {
			lo, hi := chunk*chunkRows, min((chunk+1)*chunkRows, f.train.n)
			if f.ctx.Err() != nil {
				return
			}
			columns.Fill(values, lo, hi)
			var sum, trees [chunkRows]float64
			for tree, bag := range bags {
				for row := lo; row < hi; row++ {
					if bag[row/64]>>(row%64)&1 == 0 {
						at := row - lo
						sum[at] += m.facts[m.leaf(m.roots[tree], values[at*width:(at+1)*width])].value
						trees[at]++
					}
				}
			}
			for row := lo; row < hi; row++ {
				if k := trees[row-lo]; k > 0 {
					shares[rows[row]] = sum[row-lo] * float64(len(bags)) / k
				}
			}
		})
	return shares, f.ctx.Err()
}
