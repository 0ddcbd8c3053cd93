package logistic

import (
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// prepared is what is learnt of a column before the fit.
type prepared struct {
	terms   []Term
	levels  []string // that rows have
	codes   []int32  // category: the index in levels of each code of the table, -1: none
	first   bool     // category: the first level has no term
	gaps    bool     // some rows have no value, and others do
	fault   *table.Fault
	unequal bool // not the same in all rows, as far as the standard deviation tells
	excess  int  // category: its levels if these are more than MaxTerms; there are no terms then
}

// prepare learns the preparation of all columns from the rows that have a weight.
func prepare(columns []table.Column, spans []span, o *Options) ([]prepared, error) {
	all := make([]prepared, len(columns))
	parallel.For(parallel.Workers(o.Workers), len(columns), func(i int) {
		if columns[i].Kind == table.Number {
			all[i] = prepareNumber(&columns[i], spans[i], o.Knots, o.Weights)
		} else {
			all[i] = prepareCategory(&columns[i], o.Unpenalized, o.Weights)
		}
	})
	count, most := 1, 0
	for i := range all {
		if f := all[i].fault; f != nil {
			f.Index = i
			return nil, f
		}
		count += all[i].size()
		if all[i].size() > all[most].size() {
			most = i
		}
	}
	if count > MaxTerms {
		return nil, fmt.Errorf("%w: %d, of which %d of column %q", ErrTooMany, count, all[most].size(), columns[most].Name)
	}
	return all, nil
}

// size is the number of terms that the column has or would have.
func (p *prepared) size() int { return len(p.terms) + p.excess }

func prepareNumber(c *table.Column, s span, knots int, weights []float64) prepared {
	m := momentsOf(c.Num, weights, math.Inf(-1))
	p := prepared{gaps: m.gaps > 0 && m.weight > 0, unequal: m.gaps > 0 && m.weight > 0}
	line := Term{Column: c.Name, Part: Line, Low: s.low, High: s.high, Scale: 1, Aliased: true}
	if m.weight > 0 {
		if m.lo < -largest || m.hi > largest {
			p.fault = tooLarge(c)
			return p
		}
		line.Mean = m.mean
		if m.lo < m.hi && m.deviation() > 0 {
			line.Scale, line.Aliased, p.unequal = m.deviation(), false, true
		}
	}
	p.terms = append(p.terms, line)
	if knots > 0 && !line.Aliased {
		for _, knot := range knotsOf(c.Num, weights, knots, m.lo, m.hi) {
			h := momentsOf(c.Num, weights, knot)
			hinge := Term{Column: c.Name, Part: Hinge, Low: s.low, High: s.high, Knot: knot, Mean: h.mean - knot, Scale: h.deviation()}
			if hinge.Scale > 0 {
				p.terms = append(p.terms, hinge)
			}
		}
	}
	if p.gaps {
		p.terms = append(p.terms, Term{Column: c.Name, Part: Missing, Mean: m.gaps / (m.gaps + m.weight), Scale: 1})
	}
	return p
}

// tooLarge is the fault of a column with numbers beyond ±largest.
func tooLarge(c *table.Column) *table.Fault {
	f := &table.Fault{Column: c.Name, Row: -1, Err: ErrTooLarge}
	for row, x := range c.Num {
		if math.Abs(x) > largest {
			if f.Count == 0 {
				f.Row = row
			}
			f.Count++
		}
	}
	return f
}

func prepareCategory(c *table.Column, first bool, weights []float64) prepared {
	sum := make([]float64, len(c.Levels)+1) // from -1 on
	total := 0.0
	for row, code := range c.Code {
		w := 1.0
		if weights != nil {
			w = weights[row]
		}
		sum[code+1] += w
		total += w
	}
	if seen := len(slices.DeleteFunc(slices.Clone(sum[1:]), func(w float64) bool { return w == 0 })); seen > MaxTerms {
		return prepared{excess: seen}
	}
	p := prepared{codes: make([]int32, len(c.Levels))}
	for code, level := range c.Levels {
		p.codes[code] = -1
		if w := sum[code+1]; w > 0 {
			p.codes[code] = int32(len(p.levels))
			p.levels = append(p.levels, level)
			p.terms = append(p.terms, Term{Column: c.Name, Part: Level, Level: level, Mean: w / total, Scale: 1})
		}
	}
	p.gaps = sum[0] > 0 && len(p.levels) > 0
	if p.gaps {
		p.terms = append(p.terms, Term{Column: c.Name, Part: Missing, Mean: sum[0] / total, Scale: 1})
	}
	p.unequal = len(p.terms) > 1
	if !p.unequal && len(p.terms) == 1 {
		p.terms[0].Aliased = true
	}
	if first && len(p.levels) > 0 {
		p.first = true
		p.terms = p.terms[1:]
	}
	return p
}

// moments are those of max(x, knot) over the values that are there.
type moments struct {
	weight, gaps float64 // of the rows with and without a value
	lo, hi       float64 // of x
	mean, square float64 // square: the mean square about the mean
}

func (m *moments) deviation() float64 { return math.Sqrt(m.square) }

// momentsOf sums in two passes: the mean, then the squares about it.
func momentsOf(values, weights []float64, knot float64) moments {
	if weights == nil {
		if m, ok := plainMoments(values, knot); ok {
			return m
		}
	}
	m := moments{lo: math.Inf(1), hi: math.Inf(-1)}
	weightOf := func(row int) float64 {
		if weights == nil {
			return 1
		}
		return weights[row]
	}
	sum := 0.0
	for i, x := range values {
		w := weightOf(i)
		switch {
		case w == 0:
		case math.IsNaN(x):
			m.gaps += w
		default:
			m.weight += w
			m.lo, m.hi = min(m.lo, x), max(m.hi, x)
			sum += float64(w * max(x, knot))
		}
	}
	if m.weight == 0 {
		return m
	}
	m.mean = sum / m.weight
	first, second := 0.0, 0.0
	for i, x := range values {
		if w := weightOf(i); w > 0 && !math.IsNaN(x) {
			t := max(x, knot) - m.mean
			first += float64(w * t)
			second += float64(float64(w*t) * t)
		}
	}
	m.settle(first, second, knot)
	return m
}

// plainMoments is momentsOf for values that are all there and weigh 1 each, in four sums;
// ok is false if one is missing.
func plainMoments(values []float64, knot float64) (m moments, ok bool) {
	if len(values) == 0 {
		return m, false
	}
	m = moments{weight: float64(len(values)), lo: values[0], hi: values[0]}
	var s, q [4]float64
	whole := len(values) &^ 3
	for i := 0; i < whole; i += 4 {
		x := (*[4]float64)(values[i:])
		for k, v := range x {
			if v < m.lo {
				m.lo = v
			}
			if v > m.hi {
				m.hi = v
			}
			if v < knot {
				v = knot
			}
			s[k] += v
		}
	}
	for _, v := range values[whole:] {
		m.lo, m.hi = min(m.lo, v), max(m.hi, v)
		s[0] += max(v, knot)
	}
	sum := (s[0] + s[1]) + (s[2] + s[3])
	if math.IsNaN(sum) {
		return m, false
	}
	m.mean, s = sum/m.weight, [4]float64{}
	for i := 0; i < whole; i += 4 {
		x := (*[4]float64)(values[i:])
		for k, v := range x {
			if v < knot {
				v = knot
			}
			t := v - m.mean
			s[k] += t
			q[k] += float64(t * t)
		}
	}
	for _, v := range values[whole:] {
		t := max(v, knot) - m.mean
		s[0] += t
		q[0] += float64(t * t)
	}
	m.settle((s[0]+s[1])+(s[2]+s[3]), (q[0]+q[1])+(q[2]+q[3]), knot)
	return m, true
}

// settle takes over the sums of differences from the mean and of their squares.
func (m *moments) settle(first, second, knot float64) {
	shift := first / m.weight
	m.mean += shift
	m.square = max(0, second/m.weight-float64(shift*shift))
	if m.lo == m.hi {
		m.mean = max(m.lo, knot)
	}
}
