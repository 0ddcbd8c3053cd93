package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Assign returns the groups of the rows of t by m, each a function of m and that row
// alone. The columns of the model are found in t by name, their levels by text; other
// columns of t do not matter, nor do its ids.
//
// Errors: one for a zero Model, and one for negative Workers; one that wraps
// [table.ErrNoColumn] for a column that is not there; [*table.Fault] for two columns of
// one name, a column of another kind, or with [ErrMissing] or [ErrTooLarge]; that of ctx.
// Where lengths, codes, or distances that are not finite show that t is wrong, what
// [table.Table.Validate] finds comes first. Nothing else is checked: Winsorize limits an
// infinite number like any other, a number beyond ±1e100 passes if its distance is
// finite, and a column that was constant in the fit is not looked at.
//
// Cost: O(rows * K * prepared numbers).
func Assign[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *AssignOptions) (*Assignment, error) {
	if opts == nil {
		opts = &AssignOptions{}
	}
	if opts.Workers < 0 {
		return nil, errors.New("cluster: AssignOptions.Workers is negative")
	}
	return assignTable(ctx, m, t, opts.Workers)
}

// AssignOptions says how [Assign] works; nil is the zero value. A plain value: safe for
// concurrent reads.
type AssignOptions struct {
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// assignTable is Assign on a number of goroutines.
func assignTable[K comparable](ctx context.Context, m *Model, t *table.Table[K], workers int) (*Assignment, error) {
	columns, err := m.columnsOf(t.Columns)
	if err != nil {
		return nil, err
	}
	if !readable(columns, t.Rows()) {
		if err := t.Validate(); err != nil {
			return nil, err
		}
	}
	n := t.Rows()
	sources := make([]source, len(columns))
	for i, c := range columns {
		sources[i] = m.features[i].source(c)
	}
	a, ok, err := m.assign(ctx, workers, n, m.newScratch, func(s *scratch, lo, hi int) {
		prepareBlock(m.features, sources, s.block, s.codes, lo, hi)
	})
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := t.Validate(); err != nil {
			return nil, err
		}
		return nil, m.fault(t.Columns, columns, a.Distances)
	}
	return a, nil
}

// scratch is a block of prepared rows.
type scratch struct {
	block   []float64
	codes   [][]int32
	bad     bool // a row had no finite distance, or no code
	mixture *mixtureBlock
}

func (m *Model) newScratch() *scratch {
	s := &scratch{block: make([]float64, m.d*nearest.Block), codes: make([][]int32, m.codes)}
	for c := range s.codes {
		s.codes[c] = make([]int32, nearest.Block)
	}
	return s
}

// assignRows assigns prepared rows, in their order.
func (m *Model) assignRows(ctx context.Context, r *rows, workers int) (*Assignment, error) {
	fresh := func() *scratch { return &scratch{codes: make([][]int32, len(r.codes))} }
	a, _, err := m.assign(ctx, workers, r.n, fresh, func(s *scratch, lo, hi int) {
		s.block = r.block(lo / nearest.Block)
		for c := range s.codes {
			s.codes[c] = r.codes[c][lo:hi]
		}
	})
	return a, err
}

// assign assigns n rows that prepare puts into a scratch block by block. It reports
// whether each has a finite distance and codes.
func (m *Model) assign(ctx context.Context, workers, n int, fresh func() *scratch, prepare func(s *scratch, lo, hi int)) (*Assignment, bool, error) {
	a := &Assignment{Labels: make([]int32, n), Distances: make([]float64, n)}
	if !math.IsInf(m.cutoff, 1) {
		a.Outliers = make([]bool, n)
	}
	states := parallel.States(parallel.Workers(workers), (n+chunkRows-1)/chunkRows, fresh, func(s *scratch, chunk int) {
		if ctx.Err() != nil {
			return
		}
		for lo := chunk * chunkRows; lo < min((chunk+1)*chunkRows, n); lo += nearest.Block {
			hi := min(lo+nearest.Block, n)
			prepare(s, lo, hi)
			m.assignBlock(a.Labels[lo:hi], a.Distances[lo:hi], s)
			if a.Outliers != nil {
				for i, x := range a.Distances[lo:hi] {
					a.Outliers[lo+i] = x > m.cutoff
				}
			}
		}
	})
	ok := true
	for _, s := range states {
		ok = ok && !s.bad
	}
	return a, ok, ctx.Err()
}

// assignBlock assigns the rows of a scratch.
func (m *Model) assignBlock(label []int32, dist []float64, s *scratch) {
	switch m.method {
	case Prototypes:
		m.prototypes.nearest(label, dist, s.block, s.codes)
		for _, codes := range s.codes {
			s.bad = s.bad || slices.Min(codes[:len(label)]) < 0
		}
	case Mixture:
		if s.mixture == nil {
			s.mixture = newMixtureBlock(m.k, m.d)
		}
		m.mixture.expect(label, dist, s.block, s.mixture)
	default:
		nearest.Nearest(label, dist, s.block, m.centers, m.offset, m.d)
		if m.offset != nil {
			ownDistances(dist, label, s.block, m.centers, m.d)
		}
		if m.leaf != nil {
			for i, c := range label {
				label[i] = m.leaf[c]
			}
		}
	}
	s.bad = s.bad || !finite(dist)
}

// finite tells that each squared distance is below the largest number, which a mixture
// gives where others give infinity or none. As bits they are in order, and what is no
// number may have the sign.
func finite(dist []float64) bool {
	largest := int64(math.Float64bits(math.MaxFloat64)) - 1
	sign := int64(0)
	for _, x := range dist {
		bits := int64(math.Float64bits(x))
		sign |= bits | (largest - bits)
	}
	return sign >= 0
}

var errSameName = errors.New("cluster: has the name of an earlier column")

// columnsOf returns the column of each feature.
func (m *Model) columnsOf(columns []table.Column) ([]*table.Column, error) {
	if m.k == 0 {
		return nil, errZeroModel
	}
	index := make(map[string]int, len(columns))
	for i := range columns {
		name := columns[i].Name
		if _, twice := index[name]; twice {
			return nil, &table.Fault{Column: name, Index: i, Row: -1, Err: errSameName}
		}
		index[name] = i
	}
	found := make([]*table.Column, len(m.features))
	for i := range m.features {
		f := &m.features[i]
		at, ok := index[f.Name]
		if !ok {
			return nil, fmt.Errorf("cluster: the model needs a column more: %w: %q", table.ErrNoColumn, f.Name)
		}
		if found[i] = &columns[at]; found[i].Kind != f.kind() {
			return nil, &table.Fault{Column: f.Name, Index: at, Row: -1, Err: fmt.Errorf("cluster: is not a %v as in the model", f.kind())}
		}
	}
	return found, nil
}

// readable tells that reading n rows of the columns cannot panic.
func readable(columns []*table.Column, n int) bool {
	return !slices.ContainsFunc(columns, func(c *table.Column) bool {
		return c.Len() != n || c.Kind == table.Category && !coded(c)
	})
}

// restore puts the rows back into the order of the table.
func (a *Assignment) restore(order []int) *Assignment {
	if order == nil {
		return a
	}
	b := &Assignment{Labels: putBack(a.Labels, order), Distances: putBack(a.Distances, order)}
	if a.Outliers != nil {
		b.Outliers = putBack(a.Outliers, order)
	}
	return b
}

func putBack[E any](values []E, order []int) []E {
	out := make([]E, len(values))
	for i, row := range order {
		out[row] = values[i]
	}
	return out
}

// fault names what made a distance that is not finite.
func (m *Model) fault(all []table.Column, columns []*table.Column, distances []float64) error {
	for i, c := range columns {
		f := &m.features[i]
		if f.Constant {
			continue
		}
		at := slices.IndexFunc(all, func(other table.Column) bool { return other.Name == c.Name })
		missing := &table.Fault{Column: c.Name, Index: at, Err: ErrMissing}
		large := &table.Fault{Column: c.Name, Index: at, Err: ErrTooLarge}
		for row, distance := range distances {
			switch {
			case c.Missing(row):
				if f.Prepare.Missing == Refuse {
					count(missing, row)
				}
			case f.Number != nil && !(distance < math.MaxFloat64) && !(math.Abs(f.value(c.Num[row])) <= largest):
				count(large, row)
			}
		}
		switch {
		case missing.Count > 0:
			return missing
		case large.Count > 0:
			return large
		}
	}
	return ErrTooLarge
}
