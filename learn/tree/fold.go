package tree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/table"
)

// Rule chooses one of the steps of pruning. Safe for concurrent use.
type Rule uint8

// The rules.
const (
	// LeastRisk takes the smallest tree of the least risk on unseen rows: for the best
	// probabilities.
	LeastRisk Rule = iota
	// OneStandardError takes the smallest tree whose risk on unseen rows is at most one
	// standard error above the least (Breiman et al. section 3.4.3): for the fewest questions.
	OneStandardError
)

var ruleNames = []string{"least risk", "one standard error"}

// String returns "least risk" or "one standard error".
func (r Rule) String() string { return enum.Name(ruleNames, r) }

// MarshalText returns the text of String.
func (r Rule) MarshalText() ([]byte, error) { return enum.Marshal("tree", "rule", ruleNames, r) }

// UnmarshalText reads what MarshalText wrote.
func (r *Rule) UnmarshalText(text []byte) error {
	return enum.Unmarshal("tree", "rule", ruleNames, text, r)
}

// Choose returns the index of the step that the rule takes, by HeldOut and StdErr. It
// panics if there is none.
func (r Rule) Choose(steps []Step) int {
	least := 0
	for i := range steps {
		if steps[i].HeldOut <= steps[least].HeldOut {
			least = i
		}
	}
	if r == LeastRisk {
		return least
	}
	bound := steps[least].HeldOut + steps[least].StdErr
	for i := len(steps) - 1; i > least; i-- {
		if steps[i].HeldOut <= bound {
			return i
		}
	}
	return least
}

const (
	// DefaultFolds is the number of folds where PruneOptions has none.
	DefaultFolds = 5
	// DefaultSeed is the seed where PruneOptions has none.
	DefaultSeed uint64 = 0x74726565 // "tree"
)

// PruneOptions says how far a tree is pruned. The zero value prunes by five folds, the
// Brier score to the least risk. A plain value: safe for concurrent reads.
type PruneOptions struct {
	// Risk is what is weighed against the number of leaves. 0: Impurity.
	Risk Risk
	// Rule chooses the step. 0: LeastRisk.
	Rule Rule
	// Folds is the number of parts of the rows of which each is held out once, at least 2.
	// More than there are groups: each group is one. 0: DefaultFolds.
	Folds int
	// Groups has a number for each row: rows of one number, as those of one customer, are
	// held out together, and standard errors take them for one. Nil: each row by itself.
	Groups []int32
	// Seed decides which groups are in one fold. 0: DefaultSeed.
	Seed uint64
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]; lengths are
// checked where rows are known. Nil options are valid.
func (o *PruneOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: PruneOptions.%s", ErrOptions, text))
		}
	}
	fault(int(o.Risk) >= len(riskNames), "Risk is unknown")
	fault(int(o.Rule) >= len(ruleNames), "Rule is unknown")
	fault(o.Folds < 0 || o.Folds == 1, "Folds is negative or 1")
	return errors.Join(faults...)
}

// complete checks the options for n rows and returns them with their defaults.
func (o *PruneOptions) complete(n int) (PruneOptions, error) {
	if err := o.Validate(); err != nil {
		return PruneOptions{}, err
	}
	var c PruneOptions
	if o != nil {
		c = *o
	}
	if c.Groups != nil && len(c.Groups) != n {
		return c, fmt.Errorf("%w: %d groups for %d rows", ErrLength, len(c.Groups), n)
	}
	c.Folds, c.Seed = cmp.Or(c.Folds, DefaultFolds), cmp.Or(c.Seed, DefaultSeed)
	return c, nil
}

// FitPruned grows a tree and prunes it to the size at which trees grown without a part of
// the rows do best on that part: CrossValidate, then Prune to the step that the rule
// chooses. It needs no bound on depth or leaves not to overfit. Errors and cost are those
// of CrossValidate.
func FitPruned[K comparable](ctx context.Context, t *table.Table[K], classes []int32, opts *Options, prune *PruneOptions) (*Tree, error) {
	tree, steps, err := CrossValidate(ctx, t, classes, opts, prune)
	if err != nil {
		return nil, err
	}
	var o PruneOptions
	if prune != nil {
		o = *prune
	}
	return tree.Prune(steps[o.Rule.Choose(steps)].Alpha, o.Risk), nil
}

// CrossValidate grows a tree of all rows and measures its Sequence by cross-validation
// (Breiman et al. section 3.4.2): for each fold a tree of the other rows is grown in the
// same way and pruned at the geometric mean of the alphas of each step and the next; HeldOut
// is the mean risk of those trees on the rows held out, over all rows, and StdErr is
// √Σ(loss - HeldOut·weight)² over the groups, divided by the weight of all rows. rpart
// calls them xerror and xstd, in units of the risk of the root.
//
// Groups whose highest class is the same are dealt to the folds by turns, so that rare
// classes are in all. The folds depend on Seed and on the order of the lowest ids of the
// groups; without ids that compare, on the order of the numbers in Groups or, without
// these too, of the rows.
//
// Errors are those of Fit, and ErrLength for Groups, ErrFolds where there are fewer than
// two groups. Cost: that of Fit once for each fold and once more, the columns sorted only
// once. Memory: twice that of Fit.
func CrossValidate[K comparable](ctx context.Context, t *table.Table[K], classes []int32, opts *Options, prune *PruneOptions) (*Tree, []Step, error) {
	d, err := prepare(ctx, t, classes, opts, true)
	if err != nil {
		return nil, nil, err
	}
	o, err := prune.complete(t.Rows())
	if err != nil {
		return nil, nil, err
	}
	units := unitsOf(d.rows, o.Groups, ordered(t))
	folds := min(o.Folds, len(units))
	if folds < 2 {
		return nil, nil, ErrFolds
	}
	fold := deal(units, classes, folds, o.Seed)
	parts := make([]*Tree, folds)
	memory := &data{}
	for f := range parts {
		memory = d.training(fold, int32(f), memory)
		if parts[f], err = memory.tree(ctx); err != nil {
			return nil, nil, err
		}
	}
	rows := slices.Clone(d.rows) // tree uses them up
	tree, err := d.tree(ctx)
	if err != nil {
		return nil, nil, err
	}
	d.rows = rows
	steps := tree.Sequence(o.Risk)
	prices := make([]float64, len(steps))
	for i := range prices {
		prices[i] = math.Inf(1)
		if i+1 < len(steps) {
			prices[i] = math.Sqrt(float64(steps[i].Alpha * steps[i+1].Alpha))
		}
	}
	trials := make([]trial, folds)
	for f := range trials {
		trials[f] = newTrial(parts[f], o.Risk, prices)
	}
	test := &tester{
		risk: o.Risk, steps: len(steps), workers: d.workers, class: classes, weightOf: d.weightOf,
		trial: func(row int32) *trial { return &trials[fold[row]] },
		value: func(column int, row int32) float64 {
			if c := &t.Columns[column]; c.Kind == table.Category {
				return float64(c.Code[row])
			}
			return t.Columns[column].Num[row]
		},
	}
	if err := test.run(ctx, units, steps); err != nil {
		return nil, nil, err
	}
	return tree, steps, nil
}

// unitsOf returns the rows by group, in their order; the groups ascending by number or, if
// first is true, by their first rows.
func unitsOf(rows, groups []int32, first bool) [][]int32 {
	units := make([][]int32, 0, len(rows))
	if groups == nil {
		for i := range rows {
			units = append(units, rows[i:i+1:i+1])
		}
		return units
	}
	at := make(map[int32]int)
	for _, row := range rows {
		i, ok := at[groups[row]]
		if !ok {
			i = len(units)
			at[groups[row]], units = i, append(units, nil)
		}
		units[i] = append(units[i], row)
	}
	if !first {
		slices.SortFunc(units, func(a, b []int32) int { return cmp.Compare(groups[a[0]], groups[b[0]]) })
	}
	return units
}

// deal returns the fold of each row: units in random order, those of one highest class
// together, go to the folds by turns.
func deal(units [][]int32, classes []int32, folds int, seed uint64) []int32 {
	top := make([]int32, len(units))
	for i, rows := range units {
		for _, row := range rows {
			top[i] = max(top[i], classes[row])
		}
	}
	order := rand.New(rand.NewPCG(seed, 0)).Perm(len(units))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(top[b], top[a]) })
	fold := make([]int32, len(classes))
	for turn, i := range order {
		for _, row := range units[i] {
			fold[row] = int32(turn % folds)
		}
	}
	return fold
}
