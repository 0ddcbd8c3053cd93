package churn

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// watchedRows are rows to be counted.
type watchedRows struct {
	columns       feature.Rows
	probabilities []float64
	cutoffs       []Day   // ascending
	cutoff        []int32 // of each row its index
	sizes         []int   // rows of each cut-off
	customers     rowGroups
	inTraining    []int32 // of each row of a later sample the group in the first, or -1
}

// watchRows predicts and groups the rows of a valid data set.
func watchRows[K comparable](ctx context.Context, m *Model, d *Dataset[K], workers int) (*watchedRows, error) {
	columns, err := m.bind(d.Table.Columns)
	if err != nil {
		return nil, err
	}
	w := &watchedRows{columns: columns, cutoff: make([]int32, d.Rows())}
	if w.probabilities, err = eachRow(ctx, m, d.Table, workers, m.main.probability); err != nil {
		return nil, err
	}
	for row := range d.Table.IDs {
		day := d.Table.IDs[row].Cutoff
		if at, ok := slices.BinarySearch(w.cutoffs, day); !ok {
			w.cutoffs = slices.Insert(w.cutoffs, at, day)
		}
	}
	w.sizes = make([]int, len(w.cutoffs))
	for row := range d.Table.IDs {
		at, _ := slices.BinarySearch(w.cutoffs, d.Table.IDs[row].Cutoff)
		w.cutoff[row] = int32(at)
		w.sizes[at]++
	}
	w.customers = newRowGroups(customerGroups(d))
	return w, nil
}

// column returns that of the model, after the last the probabilities.
func (w *watchedRows) column(i int) feature.Bound {
	if i == len(w.columns) {
		return feature.Bound{Column: table.Column{Kind: table.Number, Num: w.probabilities}}
	}
	return w.columns[i]
}

// rowGroups are rows in the order of their groups: those of group g from start[g] to start[g+1].
type rowGroups struct{ order, start []int32 }

func newRowGroups(group []int32, groups int) rowGroups {
	g := rowGroups{make([]int32, len(group)), make([]int32, groups+1)}
	for _, k := range group {
		g.start[k+1]++
	}
	for k := range groups {
		g.start[k+1] += g.start[k]
	}
	next := slices.Clone(g.start)
	for row, k := range group {
		g.order[next[k]] = int32(row)
		next[k]++
	}
	return g
}

// single tells that no group has more than a row.
func (g *rowGroups) single() bool { return len(g.start)-1 == len(g.order) }

// worth returns how many independent rows tell as much as these of the shares of classes, where the
// rows of a group are not independent: the rows over the mean of the design effects of the shares,
// weighted as Pearson's statistic does (Rao and Scott 1981), where that is above 1. of is the sum
// over rows of what surplus says.
func (g *rowGroups) worth(of float64, classes int) float64 {
	rows, groups := float64(len(g.order)), float64(len(g.start)-1)
	if g.single() || groups < 2 || classes < 2 {
		return groups
	}
	return rows / max(of*groups/(groups-1)/rows/float64(classes-1), 1)
}

// surplus returns for each row the number of rows of its group that are in its class, over the share of the
// class, less the number of rows of its group. Summed over independent rows it is their number, times
// classes - 1, on average.
func (g *rowGroups) surplus(class func(row int32) int32, counts []float64) []float64 {
	of, surplus, rows := make([]int, len(counts)), make([]float64, len(g.order)), float64(len(g.order))
	for k := range len(g.start) - 1 {
		members := g.order[g.start[k]:g.start[k+1]]
		for _, row := range members {
			of[class(row)]++
		}
		for _, row := range members {
			c := class(row)
			surplus[row] = float64(of[c])*rows/counts[c] - float64(len(members))
		}
		for _, row := range members {
			of[class(row)] = 0
		}
	}
	return surplus
}

// watchTally counts the rows of a column in the cells of its baseline: of a number the bins that its
// steps make, then missing; of a category its levels, then those that the fit has not seen, then
// missing.
type watchTally struct {
	cells   [][]int // by cut-off
	class   []int32 // of each cell: bin or level, unseen, missing
	at      []int32 // class of each row
	total   []float64
	surplus []float64 // of each row; nil where each customer has one row
	worth   float64   // independent rows
}

// cells writes the cell of each row and returns their number.
func (c *columnBaseline) cells(column *feature.Bound, dst []int32) int {
	if column.Kind == table.Category {
		levels := int32(len(c.Shares) - 1)
		as := make([]int32, len(column.As))
		for code, own := range column.As {
			if as[code] = int32(own); own < 0 {
				as[code] = levels
			}
		}
		for row, code := range column.Code {
			if dst[row] = levels + 1; code >= 0 {
				dst[row] = as[code]
			}
		}
		return int(levels) + 2
	}
	for row, x := range column.Num {
		dst[row] = int32(c.Steps.Of(x))
	}
	return len(c.Steps) + 2
}

// classes returns that of each cell.
func (c *columnBaseline) classes(number bool, cells int) (class []int32, classes int) {
	class = make([]int32, cells)
	for i := range class {
		switch {
		case !number:
			class[i] = int32(i)
		case i < len(c.Steps):
			class[i] = int32(c.Edges.Of(c.Steps[i]))
		default:
			class[i] = int32(len(c.Edges) + i - len(c.Steps))
		}
	}
	return class, int(class[cells-1]) + 1
}

func (c *columnBaseline) tally(w *watchedRows, i int) *watchTally {
	column := w.column(i)
	at := make([]int32, len(w.cutoff))
	cells := c.cells(&column, at)
	class, classes := c.classes(column.Kind == table.Number, cells)
	t := &watchTally{cells: make([][]int, len(w.cutoffs)), class: class, total: make([]float64, classes)}
	for k := range t.cells {
		t.cells[k] = make([]int, cells)
	}
	for row, cell := range at {
		t.cells[w.cutoff[row]][cell]++
	}
	for k := range t.cells {
		for cell, n := range t.cells[k] {
			t.total[class[cell]] += float64(n)
		}
	}
	for row, cell := range at {
		at[row] = class[cell]
	}
	if t.at, t.worth = at, float64(len(at)); !w.customers.single() {
		t.surplus = w.customers.surplus(func(row int32) int32 { return at[row] }, t.total)
		sum := 0.0
		for _, x := range t.surplus {
			sum += x
		}
		t.worth = w.customers.worth(sum, len(t.total)-countOf(t.total, 0))
	}
	return t
}

// of returns the rows of a cut-off in the classes, and of a number in the bins of its steps.
func (t *watchTally) of(cutoff int) (classes, steps []float64) {
	classes = make([]float64, len(t.total))
	for cell, n := range t.cells[cutoff] {
		classes[t.class[cell]] += float64(n)
	}
	for _, n := range t.cells[cutoff][:len(t.class)-1] {
		steps = append(steps, float64(n))
	}
	return classes, steps
}

// steps returns the rows of all cut-offs in the bins of the steps.
func (t *watchTally) steps() []float64 {
	sum := make([]float64, len(t.class)-1)
	for _, cells := range t.cells {
		for i := range sum {
			sum[i] += float64(cells[i])
		}
	}
	return sum
}

// base returns the training rows in the classes, and of a number in the bins of its steps.
func (c *columnBaseline) base(number bool, rows int) (classes, steps []float64) {
	for _, share := range c.Shares {
		classes = append(classes, share*float64(rows))
	}
	if !number {
		return slices.Insert(classes, len(classes)-1, 0), nil // none that the fit has not seen
	}
	for _, n := range c.Counts {
		steps = append(steps, float64(n))
	}
	return classes, steps
}

// count fills in what a baseline says of the training rows, the first of the samples, and how far
// single cut-offs are from them, of a column whose edges and steps stand.
func (c *columnBaseline) count(i int, samples []*watchedRows) {
	t := c.tally(samples[0], i)
	column := samples[0].column(i)
	number := column.Kind == table.Number
	rows := float64(len(samples[0].cutoff))
	c.Worth = max(math.Floor(t.worth), 1)
	c.Shares = c.Shares[:0]
	for class, n := range t.total {
		if number || class != len(t.total)-2 {
			c.Shares = append(c.Shares, n/rows)
		}
	}
	steps := t.steps()
	if number {
		for _, n := range steps {
			c.Counts = append(c.Counts, int(n))
		}
	}
	past := newPastDistances(t, samples[0], steps, number)
	past.training()
	for _, later := range samples[1:] {
		past.later(c.tally(later, i), later)
	}
	c.Past = past.mean()
}

// countOf returns how many of the values are x.
func countOf(values []float64, x float64) (n int) {
	for _, v := range values {
		if v == x {
			n++
		}
	}
	return n
}

// fourDigits rounds, so that it takes little room in a file.
func fourDigits(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return x
	}
	return short
}

// watchedSample is the rows of a sample in the classes of a column, and of a number in the bins of
// its steps.
type watchedSample struct {
	classes, steps []float64
	rows, worth    float64
}

// known returns the part of the worth that has a value.
func (s *watchedSample) known() float64 {
	n := 0.0
	for _, x := range s.steps {
		n += x
	}
	return s.worth * n / s.rows
}

// difference is how far two samples of a column are apart.
type difference struct {
	number     bool
	psi, noise float64 // the index, and its mean by chance
	// square is the less of Pearson's statistic and that of the likelihood ratio, times scale; by
	// chance they have about a chi-square distribution with free degrees of freedom. Pearson's is too large
	// where a class has next to no rows in the larger sample, the other where one has few in the smaller.
	square, free, scale float64
	ks                  float64
	missing, unseen     [2]float64 // shares in either
	worth, known        [2]float64 // independent rows in either, and those with a value
}

func newDifference(base, now *watchedSample) difference {
	s := score.PSI(base.classes, now.classes, base.worth, now.worth)
	d := difference{
		psi: s.PSI, noise: s.Noise, free: float64(s.Classes - 1), scale: 1/base.worth + 1/now.worth,
		worth: [2]float64{base.worth, now.worth},
	}
	last := len(base.classes) - 1
	d.missing = [2]float64{base.classes[last] / base.rows, now.classes[last] / now.rows}
	if d.number = now.steps != nil; d.number {
		d.ks, d.known = score.KSDistance(base.steps, now.steps), [2]float64{base.known(), now.known()}
	} else {
		d.unseen = [2]float64{0, now.classes[last-1] / now.rows}
	}
	pearson, ratio := 0.0, 0.0
	part := now.worth / (base.worth + now.worth)
	for i := range base.classes {
		n, m := base.classes[i]*base.worth/base.rows, now.classes[i]*now.worth/now.rows
		if n+m == 0 {
			continue
		}
		expected, expectedNow := (n+m)*(1-part), (n+m)*part
		pearson += (n-expected)*(n-expected)/expected + (m-expectedNow)*(m-expectedNow)/expectedNow
		ratio += 2 * (timesLog(n, expected) + timesLog(m, expectedNow))
	}
	d.square = max(min(pearson, ratio), 0) * d.scale
	return d
}

// timesLog is n·ln(n/expected).
func timesLog(n, expected float64) float64 {
	if n == 0 {
		return 0
	}
	return n * math.Log(n/expected)
}
