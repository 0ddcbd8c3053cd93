package logistic

import (
	"cmp"
	"math"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// negligible is what a move of log-odds against a label may be, of the largest towards one:
// rounding.
const negligible = 1e-9

// apparent is what a row moves towards its label, of the most that one does, for it to count as
// told apart: less is what the columns that are not needed leave in a step that has not yet
// converged.
const apparent = 1e-5

// separates reports whether coefficients that move log-odds as they came to the point
// separate the labels (Albert and Anderson 1984): no row moves away from its label and some
// move towards it. On that line the likelihood never falls.
func (p *point) separates() bool {
	return p.greatest > 0 && p.least >= -negligible*p.greatest
}

// separated is the error of a step that separates the labels.
type separated struct{ step []float64 }

// Error is never shown.
func (*separated) Error() string { return "logistic: separated" }

// separation returns an error if the step from the pass before to a point, of no less than
// a thousandth in some log-odds, separates the labels.
func (o *objective) separation(to *point) error {
	if o.z == nil || to.greatest <= still || !to.separates() {
		return nil
	}
	step := slices.Clone(to.b)
	for j, x := range to.from {
		step[j] -= x
	}
	return &separated{step}
}

// name returns the error of a step that separates, with the columns that it needs: of
// those of the smallest coefficients first, columns without which it still does are left
// out.
func (f *fitting) name(o *objective, step []float64, terms []Term) error {
	type part struct {
		column    string
		variables []int
		size      float64
	}
	var parts []part
	for _, v := range o.rows.inOrder()[1:] {
		column := terms[o.rows.term[v]].Column
		if n := len(parts); n == 0 || parts[n-1].column != column {
			parts = append(parts, part{column: column})
		}
		p := &parts[len(parts)-1]
		p.variables = append(p.variables, v)
		p.size = max(p.size, math.Abs(step[v]))
	}
	move := func(step []float64) (*point, error) {
		clear(o.z)
		return o.at(step, false)
	}
	needless := map[string]bool{}
	bySize := slices.SortedStableFunc(slices.Values(parts), func(a, b part) int { return cmp.Compare(a.size, b.size) })
	for _, p := range bySize {
		without := slices.Clone(step)
		for _, v := range p.variables {
			without[v] = 0
		}
		at, err := move(without)
		if err != nil {
			return err
		}
		if at.separates() {
			step, needless[p.column] = without, true
		}
	}
	at, err := move(step)
	if err != nil {
		return err
	}
	for j := range step {
		step[j] /= at.greatest
	}
	if at, err = move(step); err != nil {
		return err
	}
	e := &SeparationError{Rows: at.moved, Complete: at.moved == f.report.Rows}
	for _, p := range parts {
		if !needless[p.column] {
			e.Columns = append(e.Columns, p.column)
		}
	}
	return e
}

// pure returns a SeparationError if one column separates the labels: all rows of a level, or
// all without a value, have the same, or no number of the one is above any of the other.
func (f *fitting) pure(all []prepared) error {
	e := &SeparationError{}
	apart := make([]bool, len(f.label))
	for i := range f.columns {
		c := &f.columns[i]
		if c.Kind == table.Number && all[i].unequal && f.apart(c.Num, apart) {
			e.Columns = append(e.Columns, c.Name)
			continue
		}
		var value func(row int) int // 0: missing
		switch {
		case c.Kind == table.Category:
			value = func(row int) int { return int(c.Code[row]) + 1 }
		case all[i].gaps:
			value = func(row int) int {
				if math.IsNaN(c.Num[row]) {
					return 0
				}
				return 1
			}
		default:
			continue
		}
		count := make([][2]int, max(2, len(c.Levels)+1))
		f.each(func(row int) { count[value(row)][index(f.label[row])]++ })
		one := func(n [2]int) bool { return n[0] == 0 || n[1] == 0 }
		found := false
		f.each(func(row int) {
			if one(count[value(row)]) {
				apart[row], found = true, true
			}
		})
		if found {
			e.Columns = append(e.Columns, c.Name)
		}
	}
	if e.Columns == nil {
		return nil
	}
	for _, a := range apart {
		e.Rows += index(a)
	}
	e.Complete = e.Rows == f.report.Rows
	return e
}

// apart reports whether the numbers of one label are all up to those of the other, and
// marks the rows, but those of the number that both have.
func (f *fitting) apart(values []float64, mark []bool) bool {
	least, most := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	f.each(func(row int) {
		if x := values[row]; !math.IsNaN(x) {
			label := index(f.label[row])
			least[label], most[label] = min(least[label], x), max(most[label], x)
		}
	})
	low := 0 // the label of the small numbers
	if most[0] > least[1] {
		low = 1
	}
	edge, high := most[low], least[1-low]
	if edge > high {
		return false
	}
	found := false
	f.each(func(row int) {
		if x := values[row]; x < high || x > edge {
			mark[row], found = true, true
		}
	})
	return found
}

// each calls g for every row that has a weight.
func (f *fitting) each(g func(row int)) {
	for row := range f.label {
		if f.o.Weights == nil || f.o.Weights[row] > 0 {
			g(row)
		}
	}
}

// index is 1 for true.
func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
