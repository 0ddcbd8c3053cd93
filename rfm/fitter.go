package rfm

import (
	"github.com/clientele-go/clientele/internal/parallel"
)

// A fitter fits one dimension of a model after the other to rows, sorted by
// id, and writes the scores into them.
type fitter[K comparable] struct {
	rows    []Customer[K]
	workers int
	model   *Model
	all     [dimensions]*distribution // of all rows, made when needed
}

// values is the distribution of dimension d over all rows.
func (f *fitter[K]) values(d int) *distribution {
	if f.all[0] == nil {
		parallel.For(f.workers, dimensions, func(i int) {
			i = dimensions - 1 - i // money, the most work, first
			f.all[i] = f.distribution(i, nil)
		})
	}
	return f.all[d]
}

// distribution is that of dimension d over members, nil for all rows.
func (f *fitter[K]) distribution(d int, members []int) *distribution {
	if members == nil {
		values := make([]float64, len(f.rows))
		for i := range f.rows {
			values[i] = f.rows[i].Values.dimension(d)
		}
		return newDistribution(values)
	}
	values := make([]float64, len(members))
	for i, row := range members {
		values[i] = f.rows[row].Values.dimension(d)
	}
	return newDistribution(values)
}

func (f *fitter[K]) fit(d int, b *Binning) {
	m := f.model
	reversed := d == recency
	whole := b.fit(f.values(d), reversed)
	m.thresholds[d] = []Thresholds{whole}
	splits := []split{b.split(f.values(d), reversed)}
	if m.nested && d > recency {
		groups := f.groups(d)
		m.thresholds[d], splits = make([]Thresholds, len(groups)), make([]split, len(groups))
		for g, members := range groups {
			m.thresholds[d][g] = whole // for a group nobody is in
			if len(members) > 0 {
				own := f.distribution(d, members)
				m.thresholds[d][g], splits[g] = b.fit(own, reversed), b.split(own, reversed)
			}
		}
	}
	workers := f.workers
	if b.Mode == NTile {
		workers = 1 // equal customers are cut apart in the order of ids
	}
	parallel.Ranges(workers, len(f.rows), workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			c := &f.rows[i]
			g, v := m.group(c.Scores, d), c.Values.dimension(d)
			score := m.thresholds[d][g].Score(v)
			if b.Mode == NTile {
				score = splits[g].score(v, score)
			}
			*c.Scores.dimension(d) = score
		}
	})
	m.scored[d] = make([]int, m.bins[d])
	for i := range f.rows {
		m.scored[d][*f.rows[i].Scores.dimension(d)-1]++
	}
}

// groups lists the rows of each group of nested dimension d.
func (f *fitter[K]) groups(d int) [][]int {
	n := f.model.bins[recency]
	if d == monetary {
		n *= f.model.bins[frequency]
	}
	groups := make([][]int, n)
	for i := range f.rows {
		g := f.model.group(f.rows[i].Scores, d)
		groups[g] = append(groups[g], i)
	}
	return groups
}
