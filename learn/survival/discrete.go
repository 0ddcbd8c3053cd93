package survival

import (
	"fmt"
	"math"
	"strconv"

	"github.com/clientele-go/clientele/table"
)

// Periods cut time into periods: k is the times t with Ends[k-1] < t <= Ends[k], from 0 on. A
// plain value: safe for concurrent reads.
type Periods struct {
	Ends []float64 // above 0, ascending
	// Column is the name of the column that the expansion adds after the others: the index of
	// the period. Empty: "period".
	Column string
	// Category makes that a category column with the levels "0", "1" and so on, one for each period, so that a linear
	// classifier learns a hazard for each. False: a number column, along which a linear classifier can only let the
	// log-odds rise or fall evenly; it misses a peak such as that at the end of a yearly contract.
	Category bool
}

// Validate returns nil or an error that wraps [ErrPeriods]. Cost: O(periods).
func (p *Periods) Validate() error {
	if p == nil || len(p.Ends) == 0 {
		return fmt.Errorf("%w: there are none", ErrPeriods)
	}
	before := 0.0
	for i, end := range p.Ends {
		if !(end > before) || math.IsInf(end, 1) {
			return fmt.Errorf("%w: period %d", ErrPeriods, i)
		}
		before = end
	}
	return nil
}

func (p *Periods) column() string {
	if p.Column == "" {
		return "period"
	}
	return p.Column
}

// values is the column of the period.
func (p *Periods) values(period []float64) table.Column {
	if !p.Category {
		return table.NumberColumn(p.column(), period...)
	}
	c := table.Column{Name: p.column(), Kind: table.Category, Code: make([]int32, len(period))}
	for k := range p.Ends {
		c.Levels = append(c.Levels, strconv.Itoa(k))
	}
	for i, k := range period {
		c.Code[i] = int32(k)
	}
	return c
}

// PersonPeriod names a row of an expansion. A plain value: safe for concurrent use.
type PersonPeriod[K comparable] struct {
	ID     K   // of the row that was expanded
	Period int // from 0
}

// Expansion is a table of one row for each row and period in which it was at risk. A plain value: safe for
// concurrent reads.
type Expansion[K comparable] struct {
	// Table has the columns of the table that was expanded, and the column of the period as its last.
	// It has ids if that had.
	Table *table.Table[PersonPeriod[K]]
	Ended []bool // whether the row ended in the period: what a classifier learns
	// Weights are those of the data; nil if that had none.
	Weights []float64
	Source  []int // index of the row of the table that was expanded
	// Left is the number of rows that have a weight and are at risk in no whole period, and LeftEvents how many of them
	// ended: they are not in the table.
	Left, LeftEvents int
}

// Expand makes the person-period table of rows, from which any classifier learns the
// hazard of a period, the probability to end in it for those who were there at its beginning
// (Singer and Willett 1993, doi:10.2307/1165085). A row is at risk in a period if it entered at its beginning
// or before and, unless it ended in the period, was watched to its end. Weight 0 leaves a row out.
//
// Faults are those of the table and of [Data.Validate], [ErrLength] and [ErrPeriods]; strata play no part. A
// column with the name of the period is a [*table.Fault]. Cost: O(rows·periods·columns).
func Expand[K comparable](t *table.Table[K], d *Data, p *Periods) (*Expansion[K], error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if _, err := check(t, d); err != nil {
		return nil, err
	}
	e := &Expansion[K]{}
	var period []float64
	for row, exit := range d.Exit {
		if d.weight(row) == 0 {
			continue
		}
		entry := 0.0
		if d.Entry != nil {
			entry = d.Entry[row]
		}
		rows := len(period)
		begin, ended := 0.0, false
		for k, end := range p.Ends {
			ended = d.Event[row] && exit <= end
			if exit < end && !ended {
				break
			}
			if entry <= begin {
				period = append(period, float64(k))
				e.Ended, e.Source = append(e.Ended, ended), append(e.Source, row)
				if d.Weights != nil {
					e.Weights = append(e.Weights, d.Weights[row])
				}
			}
			if ended {
				break
			}
			begin = end
		}
		if len(period) == rows {
			e.Left++
			if d.Event[row] {
				e.LeftEvents++
			}
		}
	}
	e.Table = &table.Table[PersonPeriod[K]]{}
	if t.IDs != nil {
		e.Table.IDs = make([]PersonPeriod[K], len(period))
		for i, row := range e.Source {
			e.Table.IDs[i] = PersonPeriod[K]{t.IDs[row], int(period[i])}
		}
	}
	if compare := t.Compare; compare != nil {
		e.Table.Compare = func(a, b PersonPeriod[K]) int {
			if c := compare(a.ID, b.ID); c != 0 {
				return c
			}
			return a.Period - b.Period
		}
	}
	bare := table.Table[K]{Columns: t.Columns}
	e.Table.Columns = append(bare.Take(e.Source).Columns, p.values(period))
	return e, e.Table.Validate()
}

// Classifier gives the probability that a row comes true, as the models of logistic.Fit and boost.Fit do, and those that
// boost reads from other tools if their scores are log-odds. The scores of other models of boost, as with SquaredError, are
// no probabilities, even where all are in [0, 1]. PredictRow of a tree.Tree is the class; this makes a classifier of one that
// has learnt the classes 0 and 1:
//
//	type shares struct{ *tree.Tree }
//
//	func (s shares) PredictRow(row []float64) float64 { return s.Probability(row, 1) }
//
// A classifier that is used by several goroutines has to be safe for concurrent use.
type Classifier interface {
	// PredictRow returns the probability of a row of numbers and codes of levels.
	PredictRow(row []float64) float64
}

// Discrete forecasts from the hazards of periods, which a classifier has learnt from an
// [Expansion]. It has no JSON of its own: keep that of the classifier and of the Periods, and make it
// anew. If its classifier is, it is safe for concurrent use.
type Discrete struct {
	classifier Classifier
	ends       []float64
	category   bool
}

// NewDiscrete returns the forecaster of a classifier, whose rows have the values of the table that was
// expanded and then the index of the period. With Periods.Category it is asked for what stands for the period's
// level, if it has a method Code(column int, level string) float64 as the models of learn/logistic, learn/boost and learn/tree
// do: these number levels as the fit saw them; the hazard of a period in which nobody was at risk there is that of a missing
// value. A fault of the periods wraps [ErrPeriods].
func NewDiscrete(c Classifier, p *Periods) (*Discrete, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Discrete{c, append([]float64(nil), p.Ends...), p.Category}, nil
}

// Forecast returns the forecast of a row, in which it can only end at the end of a
// period: S(end of k) = Π (1 - hazard of periods up to k), so that Survival and Within are
// right at ends of periods and in between as of the last one. The
// row has a value for each column of the table that was expanded. A
// hazard that is not in [0, 1] makes it NaN. Cost: one prediction for each period.
func (d *Discrete) Forecast(row []float64) Forecast {
	f := Forecast{times: d.ends, hazard: make([]float64, len(d.ends)), factor: 1, end: d.ends[len(d.ends)-1]}
	values := make([]float64, len(row)+1)
	copy(values, row)
	total := 0.0
	coder, codes := d.classifier.(interface {
		Code(column int, level string) float64
	})
	for k := range d.ends {
		if values[len(row)] = float64(k); codes && d.category {
			values[len(row)] = coder.Code(len(row), strconv.Itoa(k))
		}
		h := d.classifier.PredictRow(values)
		if !(h >= 0 && h <= 1) {
			f.factor = math.NaN()
		}
		total -= math.Log1p(-h)
		f.hazard[k] = total
	}
	return f
}
