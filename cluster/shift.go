package cluster

import (
	"slices"

	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// A class is compared by itself if that many rows of each side are to be expected in it. Of
// the rows of the fit they are more, because bins are made of those: quantiles of few rows
// are so uncertain that many rows now would tell.
const (
	fewestBefore = 15
	fewestNow    = 5
)

// settledRows is how many rows a group the fit must have had for the distances to count in
// the verdict.
const settledRows = 100

// drift compares rows of a table with a baseline.
type drift struct {
	base        *baseline
	columns     []driftColumn
	all, sample *sampling
}

// driftColumn is a column of the table beside its bins in the baseline.
type driftColumn struct {
	base    *bins
	now     *table.Column
	feature *feature
}

// newDrift pairs the columns of a table that Assign has accepted with those of the baseline
// of m, by name.
func newDrift(m *Model, columns []table.Column, n int, weights []float64, order []int) *drift {
	d := &drift{base: &m.baseline}
	d.all, d.sample = newSampling(n, weights, order)
	for i := range d.base.Columns {
		c := driftColumn{base: &d.base.Columns[i], feature: m.featureOf(d.base.Columns[i].Name)}
		for j := range columns {
			if columns[j].Name == c.base.Name && columns[j].Kind.String() == c.base.Kind {
				c.now = &columns[j]
			}
		}
		if c.now != nil && c.feature != nil {
			d.columns = append(d.columns, c)
		}
	}
	return d
}

// featureOf is the feature of the column with the name, or nil.
func (m *Model) featureOf(name string) *feature {
	at := slices.IndexFunc(m.features, func(f feature) bool { return f.Name == name })
	if at < 0 {
		return nil
	}
	return &m.features[at]
}

// groups fills in what the report has of the groups and of far rows.
func (d *drift) groups(r *DriftReport, a *Assignment) {
	k := len(d.base.Shares)
	shares, far := d.all.groups(a.Labels, a.Distances, d.base.Distance.last(), k)
	for g := range k {
		r.Groups = append(r.Groups, GroupDrift{
			Group: g, ShareBefore: d.base.Shares[g], Share: shares[g], FarBefore: d.base.Far[g], Far: far[g],
		})
		r.FarBefore += d.base.Shares[g] * d.base.Far[g]
		r.Far += shares[g] * far[g]
	}
	if a.Outliers != nil {
		r.Outliers = d.all.shares(2, func(row int) int {
			if a.Outliers[row] {
				return 1
			}
			return 0
		})[1]
	}
	r.Shares.set(d.base.Shares, shares, d.base.Size, d.all.size())
}

// distances compares squared distances to centres with those of the rows of the fit, which
// have drawn the centres towards themselves. What the distance of a row would be with the
// row left out of its group follows from its distance and its share u of the group: d for
// 1/(1-u)² of it, or for d/(1-u-u·d) with covariances of the group's own. Rows now are put
// through the inverse, as if they had been in the fit.
func (d *drift) distances(m *Model, a *Assignment) Shift {
	share := make([]float64, len(d.base.Shares))
	for g, s := range d.base.Shares {
		if s > 0 {
			share[g] = min(1, 1/(s*d.base.Size))
		}
	}
	expected := make([]float64, len(a.Distances))
	for row, x := range a.Distances {
		u := share[a.Labels[row]]
		if m.method == Mixture {
			expected[row] = x * (1 - u) / (1 + u*x)
		} else {
			expected[row] = x * (1 - u) * (1 - u)
		}
	}
	return d.shift(&driftColumn{base: &d.base.Distance, now: &table.Column{Num: expected}})
}

// shift compares the values of a column with its bins in the baseline.
func (d *drift) shift(c *driftColumn) Shift {
	shares := d.sample.shares(len(c.base.Shares), c.base.classOf(c.now))
	last := len(shares) - 1
	s := Shift{Column: c.base.Name, MissingBefore: c.base.Shares[last], Missing: shares[last]}
	s.set(c.base.Shares, shares, d.base.Sample, d.sample.size())
	if c.feature != nil && c.feature.Category != nil && c.now.Kind == table.Category {
		s.NewLevels, s.NewShare = d.newLevels(c.feature, c.now)
	}
	return s
}

// set compares shares. Classes too small to be compared by themselves are joined, in their
// order, until they are not. What is too small goes by the base alone: classes chosen for
// what they hold now would differ by that choice.
func (s *Shift) set(base, now []float64, baseRows, nowRows float64) {
	var before, after []float64
	restBefore, restAfter := 0.0, 0.0
	small := func(share float64) bool {
		const exact = 1 + 1e-9
		return share*baseRows*exact < fewestBefore || share*nowRows*exact < fewestNow
	}
	for i, p := range base {
		q := now[i]
		if small(p) {
			restBefore, restAfter = restBefore+p, restAfter+q
			if small(restBefore) {
				continue
			}
			p, q, restBefore, restAfter = restBefore, restAfter, 0, 0
		}
		before, after = append(before, p), append(after, q)
	}
	stability := score.PSI(append(before, restBefore), append(after, restAfter), baseRows, nowRows)
	s.PSI, s.Noise, s.P = stability.PSI, stability.Noise, stability.P
}

// newLevels returns the levels that rows have and the model does not know, and their share.
func (d *drift) newLevels(f *feature, c *table.Column) (levels []string, share float64) {
	shares := d.all.shares(len(c.Levels)+1, func(row int) int { return int(c.Code[row]) + 1 })
	for code, level := range c.Levels {
		_, known := slices.BinarySearch(f.Category.Levels, level)
		if part := shares[code+1]; part > 0 && !known && level != "" {
			levels = append(levels, level)
			share += part
		}
	}
	slices.Sort(levels)
	return levels, share
}
