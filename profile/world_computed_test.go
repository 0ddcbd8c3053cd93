package profile_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// An item is an event that counts, with the value that is aggregated.
type item struct {
	*said
	atom  customer.AtomID
	value customer.Value
}

// scores are those of all values of a taste.
type scores struct {
	of           map[string]float64
	limit, least float64
}

// met tells whether an event meets a condition.
func (m *model) met(s *said, c *profile.Condition) bool {
	v := m.field(s, c.Field)
	if v.IsUnset() {
		return false
	}
	among := func(list []customer.Value) bool {
		for _, one := range list {
			if label, ok := one.Text(); ok && v.Kind() == customer.KindLabels {
				for l := range v.Labels() {
					if l == label {
						return true
					}
				}
			} else if declared(one, v.Kind()) == v {
				return true
			}
		}
		return false
	}
	return (len(c.In) == 0 || among(c.In)) && !among(c.NotIn) &&
		(c.AtLeast.IsUnset() || compareValues(v, c.AtLeast) >= 0) && (c.Below.IsUnset() || compareValues(v, c.Below) < 0)
}

// begins are the events of types that meet conditions, and lie in a window.
func (m *model) begins(p part, types []string, where []profile.Condition, w profile.Window, at time.Time) []*said {
	var out []*said
	for _, s := range p.said {
		if s.Event == "" || !slices.Contains(types, s.Event) ||
			slices.ContainsFunc(where, func(c profile.Condition) bool { return !m.met(s, &c) }) ||
			w.Days > 0 && m.day(at)-m.day(s.Time) >= int64(w.Days) ||
			w.Hours > 0 && at.Sub(s.Time) >= time.Duration(w.Hours)*time.Hour {
			continue
		}
		out = append(out, s)
	}
	return out
}

// compute is a computed trait as of a time.
func (m *model) compute(c *profile.Computed, parts []part, at time.Time) (profile.Result, *scores) {
	at = micro(at)
	if c.Pair != nil {
		return m.pair(c, parts, at), nil
	}
	r := profile.Result{Name: c.Name}
	var items []item
	for _, p := range parts {
		var n int64
		for _, s := range m.begins(p, c.Events, c.Where, c.Window, at) {
			it := item{said: s, atom: p.atom}
			if c.Field != "" {
				if it.value = m.field(s, c.Field); it.value.IsUnset() {
					continue
				}
				if len(c.Bands) > 0 {
					i := slices.IndexFunc(c.Bands, func(b profile.Band) bool { return b.Below.IsUnset() || compareValues(it.value, b.Below) < 0 })
					if i < 0 {
						continue
					}
					it.value = customer.TextValue(c.Bands[i].Name)
				}
			}
			items = append(items, it)
			n++
		}
		if n > 0 {
			r.From = append(r.From, profile.Contribution{Atom: p.atom, Events: n})
			r.Events += n
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID), compareAtoms(a.atom, b.atom))
	})
	var taste *scores
	switch c.Of {
	case profile.Count:
		r.Value = customer.Int64Value(r.Events)
	case profile.Distinct:
		different := map[customer.Value]bool{}
		for _, it := range items {
			different[it.value] = true
		}
		r.Value = customer.Int64Value(int64(len(different)))
	case profile.Sum:
		kind := fieldOf(m.event(c.Events[0]), c.Field).Kind
		r.Value = exact(total(items), kind)
	case profile.Lifecycle:
		r.Value = m.stage(c, items, at)
	default:
		if len(items) == 0 {
			return r, nil
		}
		switch c.Of {
		case profile.Average, profile.Share:
			f, _ := new(big.Rat).Quo(total(items), new(big.Rat).SetInt64(r.Events)).Float64()
			r.Value = customer.Float64Value(f)
		case profile.First:
			r.Value = items[0].value
		case profile.Last:
			r.Value = items[len(items)-1].value
		case profile.Min:
			r.Value = slices.MinFunc(items, func(a, b item) int { return compareValues(a.value, b.value) }).value
		case profile.Max:
			r.Value = slices.MaxFunc(items, func(a, b item) int { return compareValues(a.value, b.value) }).value
		case profile.Quantile:
			slices.SortFunc(items, func(a, b item) int { return compareValues(a.value, b.value) })
			f, _ := number(items[rank(len(items), c.Quantile)].value).Float64()
			r.Value = customer.Float64Value(f)
		case profile.Top:
			weights := map[string]float64{}
			for _, it := range items {
				for _, v := range texts(it.value) {
					weights[v]++
				}
			}
			m.liked(&r, weights, c.Limit)
		case profile.Affinity:
			taste = m.taste(c, items, at)
			good := map[string]float64{}
			for v, score := range taste.of {
				if score >= taste.least {
					good[v] = score
				}
			}
			m.liked(&r, good, c.Limit)
		}
	}
	return r, taste
}

func total(items []item) *big.Rat {
	sum := new(big.Rat)
	for _, it := range items {
		if b, ok := it.value.Bool(); ok {
			if b {
				sum.Add(sum, new(big.Rat).SetInt64(1))
			}
			continue
		}
		sum.Add(sum, number(it.value))
	}
	return sum
}

// rank is the least k such that k+1 of n are at least the share q.
func rank(n int, q float64) int {
	k := 0
	for float64(k+1)/float64(n) < q {
		k++
	}
	return k
}

// texts are the values of which a value consists: of labels each, of the empty text none.
func texts(v customer.Value) []string {
	switch v.Kind() {
	case customer.KindLabels:
		return slices.Collect(v.Labels())
	case customer.KindText:
		s, _ := v.Text()
		if s == "" {
			return nil
		}
		return []string{s}
	}
	return []string{shown(v)}
}

// liked sets the value to the texts of the most weight.
func (m *model) liked(r *profile.Result, weights map[string]float64, limit int) {
	limit = max(limit, 1)
	for v, w := range weights {
		r.Items = append(r.Items, profile.Item{Value: customer.TextValue(v), Weight: w})
	}
	slices.SortFunc(r.Items, func(a, b profile.Item) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), compareValues(a.Value, b.Value))
	})
	r.Items = r.Items[:min(len(r.Items), limit)]
	r.Value = ofItems(r.Items, limit)
}

func ofItems(items []profile.Item, limit int) customer.Value {
	if len(items) == 0 {
		return customer.Value{}
	}
	if max(limit, 1) == 1 {
		return items[0].Value
	}
	var labels []string
	for _, it := range items {
		if s, _ := it.Value.Text(); s != "" {
			labels = append(labels, s)
		}
	}
	return customer.LabelsValue(labels...)
}

func (m *model) taste(c *profile.Computed, items []item, at time.Time) *scores {
	t := profile.Taste{}
	if c.Taste != nil {
		t = *c.Taste
	}
	strength := max(0, cmp.Or(t.Strength, 2))
	half := float64(cmp.Or(t.HalfLife, 180))
	of, all := map[string]float64{}, 0.0
	for _, it := range items {
		w := math.Exp2(-float64(m.day(at)-m.day(it.Time)) / half)
		all += w
		for _, v := range texts(it.value) {
			of[v] += w
		}
	}
	for v, w := range of {
		of[v] = (w + strength*t.Prior[v]) / (all + strength)
	}
	return &scores{of: of, limit: float64(max(c.Limit, 1)), least: cmp.Or(t.Least, 0.1)}
}

func (m *model) stage(c *profile.Computed, items []item, at time.Time) customer.Value {
	stages := c.Stages
	if stages == nil {
		stages = profile.DefaultStages()
	}
	if len(items) == 0 {
		return customer.Value{}
	}
	since := func(it item) int64 { return m.day(at) - m.day(it.Time) }
	for _, s := range stages {
		if (s.First == 0 || since(items[0]) < int64(s.First)) && (s.Last == 0 || since(items[len(items)-1]) < int64(s.Last)) {
			return customer.TextValue(s.Name)
		}
	}
	return customer.Value{}
}

// pair is what follows from the times between events and their answers.
func (m *model) pair(c *profile.Computed, parts []part, at time.Time) profile.Result {
	r := profile.Result{Name: c.Name}
	var all part
	for _, p := range parts {
		all.said = append(all.said, p.said...)
		began := map[customer.Value]bool{}
		for _, s := range m.begins(p, c.Events, c.Where, profile.Window{}, at) {
			if by := m.field(s, c.Pair.By); !by.IsUnset() {
				began[by] = true
			}
		}
		if len(began) > 0 {
			r.From = append(r.From, profile.Contribution{Atom: p.atom, Events: int64(len(began))})
		}
	}
	first := map[customer.Value]time.Time{}
	for _, s := range m.begins(all, c.Events, c.Where, profile.Window{}, at) {
		by := m.field(s, c.Pair.By)
		if t, ok := first[by]; !by.IsUnset() && (!ok || s.Time.Before(t)) {
			first[by] = s.Time
		}
	}
	r.Events = int64(len(first))
	var between []int64 // microseconds
	for by, begin := range first {
		end := time.Time{}
		for _, s := range m.begins(all, c.Pair.Until, nil, profile.Window{}, at) {
			if m.field(s, c.Pair.By) == by && !s.Time.Before(begin) && (end.IsZero() || s.Time.Before(end)) {
				end = s.Time
			}
		}
		if !end.IsZero() {
			between = append(between, end.UnixMicro()-begin.UnixMicro())
		}
	}
	slices.Sort(between)
	seconds := func(micros *big.Int, of int) customer.Value {
		f, _ := new(big.Rat).SetFrac(micros, big.NewInt(int64(of)*1e6)).Float64()
		return customer.Float64Value(f)
	}
	switch n := len(between); {
	case c.Of == profile.Count:
		r.Value = customer.Int64Value(int64(n))
	case c.Of == profile.Share && len(first) > 0:
		r.Value = customer.Float64Value(float64(n) / float64(len(first)))
	case n == 0:
	case c.Of == profile.Average:
		sum := new(big.Int)
		for _, b := range between {
			sum.Add(sum, big.NewInt(b))
		}
		r.Value = seconds(sum, n)
	case c.Of == profile.Min:
		r.Value = seconds(big.NewInt(between[0]), 1)
	case c.Of == profile.Max:
		r.Value = seconds(big.NewInt(between[n-1]), 1)
	case c.Of == profile.Quantile:
		r.Value = seconds(big.NewInt(between[rank(n, c.Quantile)]), 1)
	}
	return r
}
