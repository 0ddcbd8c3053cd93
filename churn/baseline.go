package churn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// Sizes of a baseline.
const (
	baselineRows = 16384 // at most, which stand for all
	baselineBins = 10    // of a number
)

// baseline is what the training rows looked like: for drift, reasons and changes. It is made
// of a sample of the rows.
type baseline struct {
	Rows    int              `json:"rows"`    // of the sample
	Score   columnBaseline   `json:"score"`   // of the probabilities
	Columns []columnBaseline `json:"columns"` // in the order of the model
}

// columnBaseline is the distribution of a column.
type columnBaseline struct {
	Edges  score.Bins `json:"edges,omitempty"` // of a number
	Shares []float64  `json:"shares"`          // of the rows in each bin, or of each level; then of missing
	// Deciles are the values at or below which at least 1 to 9 tenths of the known ones
	// are; nil of a category, or where no value is known.
	Deciles []float64 `json:"deciles,omitempty"`
	Effect  float64   `json:"effect,omitempty"` // mean size of what the column adds to the score
}

// median returns that of the known values, NaN where there is none.
func (c *columnBaseline) median() float64 {
	if c.Deciles == nil {
		return math.NaN()
	}
	return c.Deciles[4]
}

// baselineSample returns the rows that stand for n: one, by chance, from each of as many
// equal stretches, so that those of a customer or a cut-off are not preferred.
func baselineSample(n int, seed uint64) []int {
	k := min(n, baselineRows)
	random := rand.New(rand.NewPCG(seed, 0x626173656c696e65))
	sample := make([]int, k)
	for i := range sample {
		lo, hi := i*n/k, (i+1)*n/k
		sample[i] = lo + random.IntN(hi-lo)
	}
	return sample
}

// newBaseline describes the rows of train. Cost: O(sample·(log sample + cost of explaining)).
func newBaseline[K comparable](ctx context.Context, m *Model, train *Dataset[K], seed uint64, workers int) (baseline, error) {
	t := train.Table.Take(baselineSample(train.Rows(), seed))
	b := baseline{Rows: t.Rows(), Columns: make([]columnBaseline, len(m.columns))}
	parallel.For(parallel.Workers(workers), len(m.columns), func(i int) {
		if c := &t.Columns[i]; c.Kind == table.Number {
			b.Columns[i] = numberBaseline(c.Num)
		} else {
			b.Columns[i] = categoryBaseline(c)
		}
	})
	probabilities, err := eachRow(ctx, m, t, workers, m.main.probability)
	if err != nil {
		return b, err
	}
	b.Score = numberBaseline(probabilities)

	const chunk = 1024
	chunks := (t.Rows() + chunk - 1) / chunk
	sums := make([][]float64, chunks)
	rows, err := m.bind(t.Columns)
	if err != nil {
		return b, err
	}
	parallel.For(parallel.Workers(workers), chunks, func(part int) {
		if ctx.Err() != nil {
			return
		}
		sums[part] = make([]float64, len(m.columns))
		row, effects := make([]float64, len(m.columns)), make([]float64, 0, len(m.columns))
		for i := part * chunk; i < min((part+1)*chunk, t.Rows()); i++ {
			rows.read(row, i)
			effects, _ = m.main.contributions(effects[:0], row)
			for k, e := range effects {
				sums[part][k] += math.Abs(e)
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return b, err
	}
	for _, sum := range sums {
		for k, s := range sum {
			b.Columns[k].Effect += s / float64(t.Rows())
		}
	}
	return b, nil
}

func numberBaseline(values []float64) columnBaseline {
	c := columnBaseline{Edges: score.QuantileBins(values, nil, baselineBins)}
	counts := make([]float64, len(c.Edges)+2)
	for _, x := range values {
		counts[c.Edges.Of(x)]++
	}
	c.Shares = sharesOf(counts, len(values))
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if slices.Sort(known); len(known) > 0 {
		for i := 1; i <= 9; i++ {
			c.Deciles = append(c.Deciles, known[(i*len(known)+9)/10-1])
		}
	}
	return c
}

func categoryBaseline(column *table.Column) columnBaseline {
	counts := make([]float64, len(column.Levels)+1)
	for _, code := range column.Code {
		if code < 0 {
			code = int32(len(column.Levels))
		}
		counts[code]++
	}
	return columnBaseline{Shares: sharesOf(counts, len(column.Code))}
}

func sharesOf(counts []float64, rows int) []float64 {
	for i := range counts {
		counts[i] /= float64(rows)
	}
	return counts
}

// columnsByEffect returns the columns, those first that add most to scores, with ties in their
// order.
func (m *Model) columnsByEffect() []int {
	order := make([]int, len(m.columns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(m.baseline.Columns[j].Effect, m.baseline.Columns[i].Effect)
	})
	return order
}

// validate checks a baseline that was read for columns.
func (b *baseline) validate(columns []modelColumn) error {
	if b.Rows < 1 || b.Rows > baselineRows || len(b.Columns) != len(columns) {
		return fmt.Errorf("baseline of %d rows and %d columns", b.Rows, len(b.Columns))
	}
	if !b.Score.valid(&modelColumn{}) {
		return fmt.Errorf("baseline of the score is impossible")
	}
	for i := range columns {
		if !b.Columns[i].valid(&columns[i]) {
			return fmt.Errorf("baseline of column %d is impossible", i)
		}
	}
	return nil
}

func (c *columnBaseline) valid(column *modelColumn) bool {
	bins := len(column.Levels)
	if column.kind() == table.Number {
		bins = len(c.Edges) + 1
	} else if c.Edges != nil || c.Deciles != nil {
		return false
	}
	sum := 0.0
	for _, s := range c.Shares {
		if !(s >= 0 && s <= 1) {
			return false
		}
		sum += s
	}
	ascending := func(x []float64, strictly bool) bool {
		for i := 1; i < len(x); i++ {
			if x[i] < x[i-1] || strictly && x[i] == x[i-1] {
				return false
			}
		}
		return true
	}
	return len(c.Shares) == bins+1 && math.Abs(sum-1) <= 1e-9 && c.Effect >= 0 &&
		ascending(c.Edges, true) && ascending(c.Deciles, false) && (c.Deciles == nil || len(c.Deciles) == 9)
}
