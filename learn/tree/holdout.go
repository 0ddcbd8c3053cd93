package tree

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// HoldOut returns the Sequence of a tree with the risk of its steps on rows that the tree
// has not seen, as of a later time: HeldOut is the mean loss of a row, StdErr as for
// CrossValidate. A Rule chooses one of them for Prune. weights has one for each row, nil is
// 1 each. Of prune, Risk and Groups count; Folds, Seed and Rule do nothing here, so that the
// options of CrossValidate will do.
//
// Classes that the fit did not have are of probability 0. For the risk Errors they have the
// class weight that the options of the fit had for them, 1 beyond. Errors are those of Apply,
// and those of Fit for classes and weights. Cost: O(rows·depth) and that of Sequence.
func HoldOut[K comparable](ctx context.Context, tree *Tree, t *table.Table[K], classes []int32, weights []float64, prune *PruneOptions) ([]Step, error) {
	columns, err := bind(tree, t)
	if err != nil {
		return nil, err
	}
	if err := (&Options{Weights: weights}).Validate(); err != nil {
		return nil, err
	}
	o, err := prune.complete(t.Rows())
	if err != nil {
		return nil, err
	}
	if _, err := countClasses(classes, weights, t.Rows()); err != nil {
		return nil, err
	}
	var rows []int32
	for row := range classes {
		if weights == nil || weights[row] > 0 {
			rows = append(rows, int32(row))
		}
	}
	if len(rows) == 0 {
		return nil, ErrNoRows
	}
	if ordered(t) {
		slices.SortFunc(rows, func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) })
	}
	steps := tree.Sequence(o.Risk)
	prices := make([]float64, len(steps))
	for i := range prices {
		prices[i] = steps[i].Alpha
	}
	own := newTrial(tree, o.Risk, prices)
	test := &tester{
		risk: o.Risk, steps: len(steps), workers: parallel.Workers(0), class: classes,
		weightOf: func(row int32) float64 {
			if weights == nil {
				return 1
			}
			return weights[row]
		},
		trial: func(int32) *trial { return &own },
		value: func(column int, row int32) float64 { return columns[column].At(int(row)) },
	}
	if err := test.run(ctx, unitsOf(rows, o.Groups, ordered(t)), steps); err != nil {
		return nil, err
	}
	return steps, nil
}

// trial is a tree that is held against rows at the prices of some steps.
type trial struct {
	tree *Tree
	from []int     // of each node: the first step at which it is a leaf, if it is there
	best []int32   // of each node: its class
	sum  []float64 // of each node: Σp²
}

func newTrial(t *Tree, risk Risk, prices []float64) trial {
	_, cut := t.sequence(risk)
	n := len(t.nodes)
	r := trial{tree: t, from: make([]int, n), best: make([]int32, n), sum: make([]float64, n)}
	for i := range t.nodes {
		r.from[i] = sort.Search(len(prices), func(k int) bool { return cut[i] <= prices[k] })
		r.best[i], _, _ = t.answer(&t.nodes[i])
		for class := range t.classes {
			p := t.share(i, int32(class))
			r.sum[i] += float64(p * p)
		}
	}
	return r
}

// tester measures steps on rows.
type tester struct {
	risk     Risk
	steps    int
	workers  int
	class    []int32
	weightOf func(row int32) float64
	trial    func(row int32) *trial
	value    func(column int, row int32) float64
	scale    float64 // a power of two, so that squares of weights neither over- nor underflow
}

// sums are, of the units so far, the sums of the loss of each step, its square and its
// product with the weight, each as what it is more than for the step before.
type sums struct {
	loss, square, cross []float64
	weight, weight2     float64
}

// change is what the loss of a unit is more from a step on.
type change struct {
	step int
	loss float64
}

// weigh returns the weight of a row.
func (e *tester) weigh(row int32) float64 {
	if e.risk != Errors {
		return e.weightOf(row)
	}
	return float64(e.weightOf(row) * e.trial(row).tree.factorOf(int(e.class[row])))
}

// run fills HeldOut and StdErr.
func (e *tester) run(ctx context.Context, units [][]int32, steps []Step) error {
	total := 0.0
	for _, rows := range units {
		for _, row := range rows {
			total += e.weigh(row)
		}
	}
	if unusable(total) {
		return errSum
	}
	_, exponent := math.Frexp(total)
	e.scale = math.Ldexp(1, -exponent)
	const unitsInPart = 4096
	parts := make([]sums, (len(units)+unitsInPart-1)/unitsInPart)
	parallel.Ranges(e.workers, len(units), len(parts), func(part, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		s := &parts[part]
		s.loss, s.square, s.cross = make([]float64, e.steps), make([]float64, e.steps), make([]float64, e.steps)
		var changes []change
		for _, rows := range units[lo:hi] {
			changes = e.unit(rows, changes[:0], s)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	all := &parts[0]
	for i := 1; i < len(parts); i++ {
		all.weight += parts[i].weight
		all.weight2 += parts[i].weight2
		for k := range e.steps {
			all.loss[k] += parts[i].loss[k]
			all.square[k] += parts[i].square[k]
			all.cross[k] += parts[i].cross[k]
		}
	}
	var loss, square, cross float64
	for k := range steps {
		loss, square, cross = loss+all.loss[k], square+all.square[k], cross+all.cross[k]
		mean := loss / all.weight
		squares := square - float64(2*float64(mean*cross)) + float64(float64(mean*mean)*all.weight2)
		steps[k].HeldOut, steps[k].StdErr = max(0, mean), math.Sqrt(max(0, squares))/all.weight
	}
	return nil
}

// unit adds the losses of a unit.
func (e *tester) unit(rows []int32, changes []change, s *sums) []change {
	weight := 0.0
	for _, row := range rows {
		r, w, class := e.trial(row), float64(e.weigh(row)*e.scale), e.class[row]
		weight += w
		for i, until := 0, e.steps; until > 0; {
			n := &r.tree.nodes[i]
			if from := r.from[i]; from < until {
				loss := float64(w * e.loss(r, i, class))
				if changes = append(changes, change{from, loss}); until < e.steps {
					changes = append(changes, change{until, -loss})
				}
				until = from
			}
			if n.column < 0 {
				break
			}
			i = r.tree.next(i, e.value(n.column, row))
		}
	}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.loss, b.loss))
	})
	s.weight += weight
	s.weight2 += float64(weight * weight)
	for i, loss := 0, 0.0; i < len(changes); {
		step, before := changes[i].step, loss
		for ; i < len(changes) && changes[i].step == step; i++ {
			loss += changes[i].loss
		}
		s.loss[step] += loss - before
		s.square[step] += float64(loss*loss) - float64(before*before)
		s.cross[step] += float64((loss - before) * weight)
	}
	return changes
}

// loss is that of a row of a class for which node i answers.
func (e *tester) loss(r *trial, i int, class int32) float64 {
	if e.risk == Impurity {
		return 1 - float64(2*r.tree.share(i, class)) + r.sum[i]
	}
	if r.best[i] == class {
		return 0
	}
	return 1
}
