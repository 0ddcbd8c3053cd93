package cluster

import (
	"cmp"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/table"
)

// profiles returns what values each group has in a column, and last the base.
func (d *describer) profiles(c *table.Column) []ColumnProfile {
	all := make([]ColumnProfile, d.k+1)
	for g := range all {
		all[g] = ColumnProfile{Column: c.Name, Kind: c.Kind, Lift: math.NaN(), Position: 0.5}
	}
	count := func(p *ColumnProfile, missing bool) {
		if missing {
			p.Missing++
		} else {
			p.Rows++
		}
	}
	for i, label := range d.label {
		missing := c.Missing(i)
		count(&all[d.k], missing)
		if int(label) < d.k {
			count(&all[label], missing)
		}
	}
	if c.Kind == table.Number {
		d.numberProfiles(c, all)
	} else {
		d.levelProfiles(c, all)
	}
	return all
}

// ordered are the known values of a column, ascending, with the groups and weights of
// their rows.
type ordered struct {
	values  []float64
	label   []int32
	weights []float64 // nil: 1 each
}

func (o *ordered) weightOf(i int) float64 {
	if o.weights == nil {
		return 1
	}
	return o.weights[i]
}

func (d *describer) numberProfiles(c *table.Column, all []ColumnProfile) {
	order := radix.Order(c.Num)[:all[d.k].Rows]
	if len(order) == 0 {
		return
	}
	o := &ordered{gather32(c.Num, order), gather32(d.label, order), gather32(d.weight, order)}
	// The last bucket has the rows of no group.
	buckets, values := make([]moments, d.k+1), make([]ranked, d.k+1)
	for b := range buckets {
		buckets[b] = noMoments()
		if b < d.k {
			values[b].values = make([]float64, 0, all[b].Rows)
		}
	}
	origin := o.values[len(order)/2]
	for i, x := range o.values {
		w, m := o.weightOf(i), &buckets[o.label[i]]
		m.weight += w
		m.mean += float64(w * (x - origin))
		m.lo, m.hi = min(m.lo, x), max(m.hi, x)
		if v := &values[o.label[i]]; int(o.label[i]) < d.k {
			v.values = append(v.values, x)
			if o.weights != nil {
				v.upTo = append(v.upTo, w)
			}
		}
	}
	for b := range buckets {
		if m := &buckets[b]; m.weight > 0 {
			m.mean = origin + m.mean/m.weight
		}
	}
	for i, x := range o.values {
		m := &buckets[o.label[i]]
		delta := x - m.mean
		m.square += float64(o.weightOf(i) * float64(delta*delta))
	}
	total := noMoments()
	for _, m := range buckets {
		total = total.join(m)
	}
	whole := &all[d.k]
	d.numbers(whole, total, ranked{o.values, slices.Clone(o.weights)})
	for g := range d.k {
		p := &all[g]
		if d.numbers(p, buckets[g], values[g]); p.Rows == 0 {
			continue
		}
		if base := whole.Mean; base != 0 && (total.lo >= 0 || total.hi <= 0) {
			p.Lift = p.Mean / base
		}
		if whole.SD > 0 {
			p.Difference = (p.Mean - whole.Mean) / whole.SD
		}
	}
	d.order(o, buckets, all)
}

// numbers fills a profile from moments and ascending values. Of weights, values has each
// of them, and not yet their sums.
func (d *describer) numbers(p *ColumnProfile, m moments, values ranked) {
	if len(values.values) == 0 {
		return
	}
	unit := 1.0
	for _, w := range values.upTo {
		unit = min(unit, w)
	}
	sum := 0.0
	for i, w := range values.upTo {
		sum += w / unit
		values.upTo[i] = sum
	}
	p.Weight, p.Mean, p.SD, p.Least, p.Most = m.weight, m.mean, math.Sqrt(m.variance()), m.lo, m.hi
	p.Mean = min(max(p.Mean, p.Least), p.Most)
	p.Median = values.median()
	p.Quantiles = make([]float64, len(d.o.Quantiles))
	for i, q := range d.o.Quantiles {
		p.Quantiles[i] = values.quantile(q)
	}
}

// order fills Position and Separation. With C(g) the weight of group g up to a value, W(g)
// that of all its values, and C and W the same of the base, the shares below differ by
// C(g)/W(g) - (C-C(g))/(W-W(g)), whose extremes lie just before and just after a value
// that the group has.
func (d *describer) order(o *ordered, buckets []moments, all []ColumnProfile) {
	upTo, here := make([]float64, d.k+1), make([]float64, d.k+1)
	higher := make([]float64, d.k+1) // weight of pairs in which the group's is the higher value
	total, sum := all[d.k].Weight, 0.0
	var touched []int32
	differ := func(g int32) {
		if rest := total - buckets[g].weight; int(g) < d.k && rest > 0 {
			difference := upTo[g]/buckets[g].weight - (sum-upTo[g])/rest
			all[g].Separation = max(all[g].Separation, math.Abs(difference))
		}
	}
	for lo := 0; lo < len(o.values); {
		hi, run := lo, 0.0
		touched = touched[:0]
		for x := o.values[lo]; hi < len(o.values) && o.values[hi] == x; hi++ {
			g, w := o.label[hi], o.weightOf(hi)
			if here[g] == 0 {
				touched = append(touched, g)
				differ(g)
			}
			here[g] += w
			run += w
		}
		for _, g := range touched {
			higher[g] += float64(here[g] * ((sum - upTo[g]) + float64((run-here[g])/2)))
		}
		sum += run
		for _, g := range touched {
			upTo[g] += here[g]
			here[g] = 0
			differ(g)
		}
		lo = hi
	}
	for g := range d.k {
		if rest := total - buckets[g].weight; all[g].Rows > 0 && all[g].Rows < all[d.k].Rows {
			all[g].Position = min(1, higher[g]/buckets[g].weight/rest)
			all[g].Separation = min(1, all[g].Separation)
		} else {
			all[g].Separation = 0
		}
	}
}

func (d *describer) levelProfiles(c *table.Column, all []ColumnProfile) {
	n := len(c.Levels)
	weights := make([]float64, (d.k+1)*n) // of each level, group by group; the base last
	base := weights[d.k*n:]
	for i, code := range c.Code {
		if code < 0 {
			continue
		}
		w, g := d.weightOf(int32(i)), int(d.label[i])
		base[code] += w
		all[d.k].Weight += w
		if g < d.k {
			weights[g*n+int(code)] += w
			all[g].Weight += w
		}
	}
	whole := all[d.k].Weight
	for g := range all {
		p, own := &all[g], weights[g*n:(g+1)*n]
		if p.Rows == 0 {
			continue
		}
		rest := whole - p.Weight
		for level, w := range own {
			if base[level] == 0 {
				continue
			}
			l := LevelProfile{Level: c.Levels[level], Weight: w, Share: w / p.Weight, BaseShare: base[level] / whole}
			l.Lift = l.Share / l.BaseShare
			p.Levels = append(p.Levels, l)
			if p.Rows < all[d.k].Rows {
				p.Separation += math.Abs(l.Share-(base[level]-w)/rest) / 2
			}
		}
		p.Separation = min(1, p.Separation)
		slices.SortStableFunc(p.Levels, func(a, b LevelProfile) int { return cmp.Compare(b.Share, a.Share) })
		p.Levels = slices.Clip(p.Levels[:min(len(p.Levels), d.o.Levels)])
	}
}

// separating are the columns by separation descending, without those of none.
func separating(columns []ColumnProfile) []int {
	order := []int{}
	for i := range columns {
		if columns[i].Separation > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(columns[b].Separation, columns[a].Separation)
	})
	return order
}
