package cluster

import (
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// ErrNoRefit is returned by [Refit], bare, for a model of Ward, which has no centres to go
// on from: fit anew and compare the two by [Compare].
var ErrNoRefit = errors.New("cluster: a model of Ward cannot be refitted")

// RefitOptions says how a model goes on with new rows. A plain value: safe for concurrent
// reads.
type RefitOptions struct {
	// Relearn learns the preparation of the columns anew, by the policies of the model:
	// means, scales, limits and levels. False keeps the model's, so that distances stay
	// what they were.
	Relearn bool
	// Weights, MaxIterations, Tolerance, MinShare, MaxShare, Workers and Progress are as
	// in Options. They are not taken over from the fit of the model.
	Weights            []float64
	MaxIterations      int
	Tolerance          float64
	MinShare, MaxShare float64
	Workers            int
	Progress           func(done, total int64)
	// Trim is as in Options. 0: that of the model, where it is known; else the share of the
	// rows of its fit that were outliers, half a row if none was, and at most 0.5.
	Trim float64
}

// options are those of a fit that goes on from m.
func (o *RefitOptions) options(m *Model) *Options {
	f := &Options{
		K: m.k, Method: m.method, Gamma: m.gamma, Weights: o.Weights, MaxIterations: o.MaxIterations, Tolerance: o.Tolerance,
		MinShare: o.MinShare, MaxShare: o.MaxShare, Trim: o.Trim, Workers: o.Workers, Progress: o.Progress,
		Prepare: Preparation{Ignore: true}, Columns: make(map[string]Preparation, len(m.features)),
	}
	for i := range m.features {
		f.Columns[m.features[i].Name] = m.features[i].Prepare
	}
	if m.mixture != nil {
		f.Covariance = m.mixture.Covariance
	}
	if m.method == Trimmed && f.Trim == 0 {
		f.Trim = m.trim
		if f.Trim == 0 {
			f.Trim = trimOf(&m.report)
		}
	}
	return f
}

// trimOf guesses the share that a fit left out from its report: half a row if it found no
// outliers, and no more than Options allow. Rows without weight count in the report.
func trimOf(r *Report) float64 {
	return min(0.5, max(0.5, float64(r.Outliers))/max(1, float64(r.Rows)))
}

// Refit fits m anew on the rows of t, starting from where its groups are, and keeps their
// numbers: of all ways to number the new groups it takes the one by which most rows of t
// keep the group that m assigns them, not the canonical order. K and the method stay the
// same; m does not change. Nil options are the defaults.
//
// The columns of m are found in t by name, and other columns of t take no part. With the
// preparation of m kept, a level that m does not know is nothing but different from all
// others, save that Prototypes takes it up as a level; a column that was constant stays
// without effect. With Relearn centres are carried over in the units of the columns.
// KMeans, Trimmed and Prototypes go on from the centres and modes, with Gamma kept, a
// Mixture from the groups that m assigns.
//
// Errors: [ErrNoRefit]; those of [Assign] and [Fit]. Cost: that of both, with few passes
// if little has changed.
func Refit[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *RefitOptions) (*Result, error) {
	if m.method == Ward {
		return nil, ErrNoRefit
	}
	if opts == nil {
		opts = &RefitOptions{}
	}
	options := opts.options(m)
	if err := options.Validate(); err != nil {
		return nil, err
	}
	o := options.withDefaults()
	before, err := assignTable(ctx, m, t, o.Workers)
	if err != nil {
		return nil, err
	}
	if err := checkTable(t, &o); err != nil {
		return nil, err
	}
	if err := checkOptions(t, &o); err != nil {
		return nil, err
	}
	order, err := canonicalOrder(t, o.Workers)
	if err != nil {
		return nil, err
	}
	l := &learner{options: &o, weights: gather(o.Weights, order)}
	for _, f := range m.features {
		c, _ := t.Column(f.Name)
		l.original = append(l.original, c)
	}
	columns := arranged(l.original, order, o.Workers)
	if opts.Relearn {
		err = l.learn(ctx, columns)
	} else {
		l.keep(m, columns)
	}
	if err != nil {
		return nil, err
	}
	r, err := l.fill(ctx, t.Rows())
	if err != nil {
		return nil, err
	}
	r.order = order
	start := m.carried(l.features, r.d, len(r.codes))
	s, err := start.solve(ctx, r, &o, gather(before.Labels, order))
	if err != nil {
		return nil, err
	}
	f := &fitting{options: o, columns: t.Columns, learner: l, rows: r}
	return f.finish(ctx, s, &o, before.Labels)
}

// keep takes over the preparation of a model for its columns, which it has in its order.
func (l *learner) keep(m *Model, columns []table.Column) {
	l.features = slices.Clone(m.features)
	for i := range l.features {
		f, c := &l.features[i], &columns[i]
		if f.native >= 0 {
			f.Category = f.Category.with(c)
		}
		l.sources = append(l.sources, f.source(c))
		if f.Constant {
			l.constant = append(l.constant, f.Name)
		}
		gaps := 0
		for row := range c.Len() {
			if c.Missing(row) {
				gaps++
			}
		}
		if gaps > 0 {
			l.imputed = append(l.imputed, Imputed{Column: f.Name, Rows: gaps})
		}
	}
}

// with returns the category with the levels that rows of a column have as well.
func (c *category) with(column *table.Column) *category {
	known := len(c.Levels)
	levels := slices.Clone(c.Levels)
	seen := make([]bool, len(column.Levels))
	for _, code := range column.Code {
		if code < 0 || seen[code] {
			continue
		}
		seen[code] = true
		if _, ok := c.index[column.Levels[code]]; !ok && column.Levels[code] != "" {
			levels = append(levels, column.Levels[code])
		}
	}
	if len(levels) == known {
		return c
	}
	slices.Sort(levels)
	wider := &category{Levels: levels}
	wider.indexLevels()
	if c.Fill != nil {
		fill := wider.index[c.Levels[*c.Fill]]
		wider.Fill = &fill
	}
	return wider
}

// renumber gives the groups of m new numbers, by which as many rows as possible have in
// labels what they have in before, and changes labels to them.
func (m *Model) renumber(before, labels []int32) {
	common := make([]int, m.k*m.k)
	for row, g := range labels {
		common[int(g)*m.k+int(before[row])]++
	}
	number := matchGroups(common, m.k, m.k)
	taken := make([]bool, m.k)
	for _, to := range number {
		if to >= 0 {
			taken[to] = true
		}
	}
	order := make([]int, m.k)
	for g, to := range number {
		if to < 0 { // without a row in common: the lowest number left
			to = slices.Index(taken, false)
			taken[to] = true
		}
		number[g], order[to] = to, g
	}
	for row, g := range labels {
		labels[row] = int32(number[g])
	}
	m.centers = permuted(m.centers, order, m.d)
	m.means = m.centers
	if m.offset != nil {
		m.offset = permuted(m.offset, order, 1)
	}
	if m.modes != nil {
		modes := make([][]int32, m.k)
		for to, from := range order {
			modes[to] = m.modes[from]
		}
		m.modes = modes
	}
	if m.mixture != nil {
		m.mixture.reorder(order)
		m.mixture.means = m.centers
	}
	m.complete()
}
