package survival

import (
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
	"github.com/clientele-go/clientele/internal/feature"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/table"
)

// Transform is what a coefficient is taken to be linear in, in the test whether it stays the same
// over time. Safe for concurrent use.
type Transform uint8

// The transforms.
const (
	// KM is 1 less the curve of Kaplan and Meier of all rows just before the time: every event
	// moves it by much the same, so that late times with few events do not dominate.
	KM Transform = iota
	// Identity is the time itself.
	Identity
)

var transformNames = []string{"km", "identity"}

// String returns the name in lower case: "km".
func (t Transform) String() string { return enum.Name(transformNames, t) }

// MarshalText writes the name.
func (t Transform) MarshalText() ([]byte, error) {
	return enum.Marshal("survival", "transform", transformNames, t)
}

// UnmarshalText reads the name.
func (t *Transform) UnmarshalText(text []byte) error {
	return enum.Unmarshal("survival", "transform", transformNames, text, t)
}

// Proportionality is the test whether the coefficients of a column stay the same over time. A plain
// value: safe for concurrent reads.
type Proportionality struct {
	Column string // "": of all columns together
	ChiSquare
}

// ProportionalHazards tests each column of a model, and at the end all together, for coefficients that
// change with time, on the table and data of the fit (Grambsch and Therneau 1994,
// doi:10.1093/biomet/81.3.515). It is the score test of one more coefficient for each term, that of x·g(time), as cox.zph
// of R's survival from version 3 on; the curve of [KM] is weighted here, in R it is not.
// A small P says that the hazard ratio of the column changes; with many events it is small
// also where the change does not matter.
//
// A column whose terms are all aliased has no degrees of freedom and a P of NaN. Faults are those
// of [FitCox] and [LogRisks]. The model takes all rows for independent. Cost: three passes of a fit.
func ProportionalHazards[K comparable](ctx context.Context, m *Cox, t *table.Table[K], d *Data, g Transform, opts *PredictOptions) ([]Proportionality, error) {
	if g > Identity {
		return nil, fmt.Errorf("survival: %v is no transform", g)
	}
	workers, err := opts.workers()
	if err != nil {
		return nil, err
	}
	order, err := check(t, d)
	if err != nil {
		return nil, err
	}
	columns, err := m.bind(t.Columns, d.Weights)
	if err != nil {
		return nil, err
	}
	l := newTimeline(d, order)
	var kept []int
	for j := range m.terms {
		if !m.terms[j].Aliased {
			kept = append(kept, j)
		}
	}
	p := len(kept)
	r := newRows(l, d, p, m.ties, workers)
	if len(r.ended) == 0 {
		return nil, ErrNoEvents
	}
	b, place := m.fill(r, l, columns, kept)
	like := newLikelihood(r)
	like.move(b)
	times := l.transform(d, order, g)
	squared := make([]float64, len(times))
	for q, x := range times {
		squared[q] = x * x
	}
	var sums [3]*moments
	for i, g := range [][]float64{nil, times, squared} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sums[i] = like.moments(g)
	}
	tests := make([]Proportionality, 0, len(m.columns)+1)
	for i := range m.columns {
		c := &m.columns[i]
		var of []int
		for j := c.term; j < c.term+c.terms(); j++ {
			if place[j] >= 0 {
				of = append(of, place[j])
			}
		}
		tests = append(tests, Proportionality{c.Name, scoreTest(sums, p, of, r.unit)})
	}
	return append(tests, Proportionality{"", scoreTest(sums, p, upTo(p), r.unit)}), nil
}

// fill writes the terms that are kept into rows, and returns the coefficient of each and, for all terms, which of the
// kept ones they are, or -1.
func (m *Cox) fill(r *rows, l *timeline, columns feature.Rows, kept []int) (b []float64, place []int) {
	b, place = make([]float64, len(kept)), make([]int, len(m.terms))
	for j := range place {
		place[j] = slices.Index(kept, j)
	}
	for i := range m.columns {
		c := &m.columns[i]
		for j := c.term; j < c.term+c.terms(); j++ {
			if place[j] < 0 {
				continue
			}
			term := &m.terms[j]
			b[place[j]] = term.Coefficient * term.Scale
			for to, row := range l.rows {
				x := 0.0
				if c.Kind == table.Number {
					x = (columns[i].Num[row] - term.Mean) / term.Scale
				} else if columns[i].At(int(row)) == float64(j-c.term+1) {
					x = 1
				}
				r.set(to, place[j], x)
			}
			if c.Kind == table.Number {
				r.centre(place[j])
			}
		}
	}
	return b, place
}

func upTo(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

// scoreTest is that of coefficients for x·g of some features beside those of all p: sums has
// the moments for g⁰, g¹ and g², for weights divided by unit.
func scoreTest(sums [3]*moments, p int, of []int, unit float64) ChiSquare {
	n := p + len(of)
	information, scale := make([]float64, n*n), make([]float64, n)
	entry := func(a []float64, i, j int) float64 { return a[max(i, j)*p+min(i, j)] }
	for i := range p {
		copy(information[i*n:], sums[0].information[i*p:][:i+1])
	}
	u := make([]float64, n)
	for k, i := range of {
		u[p+k] = sums[1].gradient[i]
		for j := range p {
			information[(p+k)*n+j] = entry(sums[1].information, i, j)
		}
		for q, j := range of[:k+1] {
			information[(p+k)*n+p+q] = entry(sums[2].information, i, j)
		}
	}
	for i := range scale {
		scale[i] = information[i*(n+1)]
	}
	rank := len(of)
	cholesky.Factor(information, n, scale, 1e-12, func(j int) {
		if j >= p {
			rank--
		}
	})
	cholesky.Forward(information, n, u)
	return newChiSquare(unit*cholesky.Dot(u, u), rank)
}

// transform returns g of each slot less its mean over the events.
func (l *timeline) transform(d *Data, order []int, g Transform) []float64 {
	times := slices.Clone(l.time)
	if g == KM {
		all := *d
		all.Strata = nil
		whole := newTimeline(&all, order)
		risk, events := whole.counts(&all)
		var curve Curve
		curve.Level = 0.5
		curve.fill(whole.time[1:], risk[1:], events[1:])
		for q, t := range l.time {
			at, _ := slices.BinarySearch(whole.time[1:], t)
			if times[q] = 0; at > 0 {
				times[q] = 1 - curve.Steps[at-1].Survival
			}
		}
	}
	var total, count sum
	for i, row := range l.rows {
		if d.Event[row] {
			total.add(times[l.at[i]])
			count.add(1)
		}
	}
	mean := total.total() / count.total()
	for q := range times {
		times[q] -= mean
	}
	return times
}
