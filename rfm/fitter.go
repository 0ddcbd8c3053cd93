package rfm

import (
	"cmp"
	"slices"

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
	if f.all[d] == nil {
		f.all[d] = f.distribution(d, nil)
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
	var groups [][]int // members of each group, where the thresholds are nested
	if m.nested && d > recency {
		groups = f.groups(d)
		m.thresholds[d] = make([]Thresholds, len(groups))
		for g, members := range groups {
			m.thresholds[d][g] = whole // for a group nobody is in
			if len(members) > 0 {
				m.thresholds[d][g] = b.fit(f.distribution(d, members), reversed)
			}
		}
	}
	if b.Mode == NTile {
		f.rank(d, groups)
	} else {
		parallel.Ranges(f.workers, len(f.rows), f.workers, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				c := &f.rows[i]
				*c.Scores.dimension(d) = m.thresholds[d][m.group(c.Scores, d)].Score(c.Values.dimension(d))
			}
		})
	}
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

// rank scores dimension d by NTILE within each group, nil for one of all rows.
func (f *fitter[K]) rank(d int, groups [][]int) {
	if groups == nil {
		all := make([]int, len(f.rows))
		for i := range all {
			all[i] = i
		}
		groups = [][]int{all}
	}
	sign := 1
	if d == recency {
		sign = -1 // worst first
	}
	parallel.For(f.workers, len(groups), func(g int) {
		members := groups[g]
		slices.SortFunc(members, func(a, b int) int {
			va, vb := f.rows[a].Values.dimension(d), f.rows[b].Values.dimension(d)
			return cmp.Or(sign*cmp.Compare(va, vb), cmp.Compare(a, b))
		})
		for rank, row := range members {
			*f.rows[row].Scores.dimension(d) = uint8(ntile(f.model.bins[d], len(members), rank))
		}
	})
}
