package rfm

import (
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
)

// A fitter fits one dimension of a model after the other to rows, sorted by
// id, and writes the scores into them.
type fitter[K comparable] struct {
	rows    []Customer[K]
	workers int
	model   *Model
	all     [dimensions]*distribution // of all rows
}

// extract finds the distributions of all rows, or the first row that cannot be scored.
func (f *fitter[K]) extract() error {
	var values [dimensions][]float64
	for d := range values {
		values[d] = make([]float64, len(f.rows))
	}
	faults := make([]*CustomerError, f.workers)
	parallel.Ranges(f.workers, len(f.rows), f.workers, func(p, lo, hi int) {
		for i := lo; i < hi; i++ {
			c := &f.rows[i]
			if field := c.fault(); field != "" {
				faults[p] = &CustomerError{Row: i, Field: field, Reason: outOfRange}
				return
			}
			values[recency][i], values[frequency][i], values[monetary][i] = float64(c.Recency), float64(c.Frequency), c.Monetary
		}
	})
	for _, fault := range faults {
		if fault != nil {
			return fault
		}
	}
	parallel.For(f.workers, dimensions, func(d int) { f.all[d] = newDistribution(f.workers, values[d]) })
	return nil
}

// distribution is that of dimension d over members.
func (f *fitter[K]) distribution(d int, members []int) *distribution {
	values := make([]float64, len(members))
	for i, row := range members {
		values[i] = f.rows[row].Values.dimension(d)
	}
	return newDistribution(1, values)
}

func (f *fitter[K]) fit(d int, b *Binning) {
	m := f.model
	reversed := d == recency
	whole := b.fit(f.all[d], reversed)
	m.thresholds[d] = []Thresholds{whole}
	splits := []split{b.split(f.all[d], reversed)}
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
}

// count counts the customers of each score.
func (f *fitter[K]) count() {
	var counts [dimensions][MaxBins + 1]int
	for i := range f.rows {
		s := &f.rows[i].Scores
		counts[recency][s.R]++
		counts[frequency][s.F]++
		counts[monetary][s.M]++
	}
	for d := range dimensions {
		f.model.scored[d] = slices.Clone(counts[d][1 : f.model.bins[d]+1])
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
