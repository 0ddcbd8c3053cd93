package churn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// Sizes of a baseline.
const (
	baselineRows  = 16384 // at most, of which quantiles are taken and effects measured
	baselineBins  = 10    // of a number
	baselineSteps = 100   // of a number
)

// baseline is what the training rows looked like: for drift, reasons and changes. Edges, steps,
// deciles and effects are made of a sample of the rows, all else of all of them.
type baseline struct {
	Rows    int              `json:"rows"`    // of training
	Mean    float64          `json:"mean"`    // of the probabilities
	Score   columnBaseline   `json:"score"`   // of the probabilities
	Columns []columnBaseline `json:"columns"` // in the order of the model
	Past    pastCutoffs      `json:"past"`
	Quality *WatchQuality    `json:"quality,omitempty"` // on the rows of the calibration; nil without
}

// columnBaseline is the distribution of a column.
type columnBaseline struct {
	Edges  score.Bins `json:"edges,omitempty"` // of a number
	Shares []float64  `json:"shares"`          // of the rows in each bin, or of each level; then of missing
	// Deciles are the values at or below which at least 1 to 9 tenths of the known ones
	// are; nil of a category, or where no value is known.
	Deciles []float64 `json:"deciles,omitempty"`
	// Steps divide the known values of a number finely, the edges among them, and Counts are the rows
	// in the bins that they make. Nil of a category.
	Steps  score.Bins `json:"steps,omitempty"`
	Counts []int      `json:"counts,omitempty"`
	Worth  float64    `json:"worth"`            // independent rows that tell as much of the shares as all rows do
	Effect float64    `json:"effect,omitempty"` // mean size of what the column adds to the score
	// Past is how far single cut-offs were from the others, beyond chance.
	Past pastDistance `json:"past,omitzero"`
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

// newBaseline describes the rows of train, and of calibrate, which may be nil, how far they are from
// those and how well the model does there. Cost: O(rows·columns + sample·(log sample + cost of
// explaining)), and a prediction for each row.
func newBaseline[K comparable](ctx context.Context, m *Model, train, calibrate *Dataset[K], seed uint64, workers int) (baseline, error) {
	sample := baselineSample(train.Rows(), seed)
	b := baseline{Rows: train.Rows(), Columns: make([]columnBaseline, len(m.columns))}
	samples, err := pastSlices(ctx, m, train, calibrate, workers)
	if err != nil {
		return b, err
	}
	b.Past = pastOf(m, samples)
	parallel.For(parallel.Workers(workers), len(m.columns)+1, func(i int) {
		if ctx.Err() != nil {
			return
		}
		c := &b.Score
		if i < len(m.columns) {
			c = &b.Columns[i]
		}
		column := samples[0].column(i)
		if column.Kind == table.Number {
			values := make([]float64, len(sample))
			for k, row := range sample {
				values[k] = column.Num[row]
			}
			*c = numberBaseline(values)
		} else {
			c.Shares = make([]float64, len(m.columns[i].Levels)+1)
		}
		c.count(i, samples)
	})
	if err := ctx.Err(); err != nil {
		return b, err
	}
	b.Mean = meanOf(samples[0].probabilities)
	labels := [][]bool{train.Labels}
	if calibrate != nil {
		labels = append(labels, calibrate.Labels)
		if b.Quality, err = newWatchQuality(samples[1].probabilities, calibrate); err != nil {
			return b, err
		}
	}
	b.Past.Rate = pastRate(samples, labels...)
	return b, b.measureEffects(ctx, m, samples[0].columns, sample, workers)
}

// measureEffects fills in what columns add to scores.
func (b *baseline) measureEffects(ctx context.Context, m *Model, rows feature.Rows, sample []int, workers int) error {
	const chunk = 1024
	chunks := (len(sample) + chunk - 1) / chunk
	sums := make([][]float64, chunks)
	parallel.For(parallel.Workers(workers), chunks, func(part int) {
		if ctx.Err() != nil {
			return
		}
		sums[part] = make([]float64, len(m.columns))
		row, effects := make([]float64, len(m.columns)), make([]float64, 0, len(m.columns))
		for i := part * chunk; i < min((part+1)*chunk, len(sample)); i++ {
			rows.Read(row, sample[i])
			effects, _ = m.main.contributions(effects[:0], row)
			for k, e := range effects {
				sums[part][k] += math.Abs(e)
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, sum := range sums {
		for k, s := range sum {
			b.Columns[k].Effect += s / float64(len(sample))
		}
	}
	return nil
}

// numberBaseline chooses edges, deciles and steps by the values.
func numberBaseline(values []float64) columnBaseline {
	c := columnBaseline{Edges: score.QuantileBins(values, nil, baselineBins)}
	c.Shares = make([]float64, len(c.Edges)+2)
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if slices.Sort(known); len(known) > 0 {
		for i := 1; i <= 9; i++ {
			c.Deciles = append(c.Deciles, known[(i*len(known)+9)/10-1])
		}
	}
	c.Steps = stepsOf(known, c.Edges)
	return c
}

// stepsOf returns the edges and numbers that divide known values, which ascend, as nearly as ties
// allow in equal parts; up to that many different values, each is divided from the next. They are
// numbers of few digits that divide the values as the values themselves do.
func stepsOf(known []float64, edges score.Bins) score.Bins {
	steps := slices.Clone(edges)
	last := math.NaN()
	for i := 1; i <= baselineSteps && len(known) > 0; i++ {
		x := known[(i*len(known)+baselineSteps-1)/baselineSteps-1]
		if _, ok := slices.BinarySearch(edges, x); ok || x == last {
			continue
		}
		last = x
		above, _ := slices.BinarySearchFunc(known, x, func(y, x float64) int {
			if y > x {
				return 1
			}
			return -1
		})
		if above < len(known) {
			x = shortNumber(x, known[above])
		}
		steps = append(steps, x)
	}
	slices.Sort(steps)
	return slices.Compact(steps)
}

// shortNumber returns a number of few decimal digits from low on, and below high.
func shortNumber(low, high float64) float64 {
	for digits := range 16 {
		x, err := strconv.ParseFloat(strconv.FormatFloat(low, 'e', digits, 64), 64)
		if err == nil && x < low {
			unit := math.Pow(10, math.Floor(math.Log10(math.Abs(low)))-float64(digits))
			x, err = strconv.ParseFloat(strconv.FormatFloat(low+unit, 'e', digits, 64), 64)
		}
		if err == nil && x >= low && x < high {
			return x
		}
	}
	return low
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
	if b.Rows < 1 || b.Rows > math.MaxInt32 || len(b.Columns) != len(columns) {
		return fmt.Errorf("baseline of %d rows and %d columns", b.Rows, len(b.Columns))
	}
	if !(b.Mean >= 0 && b.Mean <= 1) || !b.Score.valid(&modelColumn{}, b.Rows) {
		return fmt.Errorf("baseline of the score is impossible")
	}
	for i := range columns {
		if !b.Columns[i].valid(&columns[i], b.Rows) {
			return fmt.Errorf("baseline of column %d is impossible", i)
		}
	}
	if !b.Past.valid() {
		return fmt.Errorf("past cut-offs are impossible")
	}
	if !b.Quality.valid() {
		return fmt.Errorf("quality of the calibration is impossible")
	}
	return nil
}

func (c *columnBaseline) valid(column *modelColumn, rows int) bool {
	bins := len(column.Levels)
	if column.kind() == table.Number {
		bins = len(c.Edges) + 1
	} else if c.Edges != nil || c.Deciles != nil || c.Steps != nil || c.Counts != nil {
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
	switch {
	case len(c.Shares) != bins+1 || !(math.Abs(sum-1) <= 1e-9):
		return false
	case !ascending(c.Edges, true) || !ascending(c.Deciles, false) || c.Deciles != nil && len(c.Deciles) != 9:
		return false
	case !(c.Worth > 0 && c.Worth <= float64(rows)) || !(c.Effect >= 0):
		return false
	case !c.Past.valid():
		return false
	case column.kind() == table.Category:
		return true
	}
	known := 0
	for _, n := range c.Counts {
		if n < 0 || n > rows-known {
			return false
		}
		known += n
	}
	for _, edge := range c.Edges {
		if _, ok := slices.BinarySearch(c.Steps, edge); !ok {
			return false
		}
	}
	return len(c.Steps) <= 10*baselineSteps && len(c.Counts) == len(c.Steps)+1 && ascending(c.Steps, true)
}
