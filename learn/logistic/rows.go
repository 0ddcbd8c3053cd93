package logistic

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/table"
)

// rows are the rows of a fit. Their prepared columns are made block by block, whenever
// they are needed. Variables are numbered: the dense ones, which are the intercept, lines,
// hinges and marks of missing numbers, and the levels of categories that have few; then
// those of other categories.
type rows struct {
	n      int
	number []dense // the intercept first
	few    []coded // categories with few levels
	many   []coded
	d      int   // dense variables
	p      int   // variables
	term   []int // the term of each variable
	label  []bool
	weight []float64 // nil: 1 each
}

// fewLevels is the number of variables of a category up to which they are dense: it is
// faster to multiply by zeros then.
const fewLevels = 6

// dense is the intercept, a line, a hinge or the mark of a missing number.
type dense struct {
	values []float64 // nil: the intercept
	bend   bend      // slope: 1/Scale
	part   Part
	gaps   bool // some values are missing
}

// coded is a category: each row has at most one of its variables.
type coded struct {
	codes    []int32
	variable []int32 // by code + 1; -1: none
}

// newRows numbers the variables of the terms that are not aliased. The first term is the
// intercept, the others those of each column.
func newRows(columns []table.Column, all []prepared, terms []Term, label []bool, weight []float64) *rows {
	r := &rows{n: len(label), number: []dense{{}}, term: []int{0}, label: label, weight: weight}
	at := 1
	for i := range columns {
		for range all[i].terms {
			if t := &terms[at]; columns[i].Kind == table.Number && !t.Aliased {
				r.number = append(r.number, newDense(columns[i].Num, t, all[i].gaps))
				r.term = append(r.term, at)
			}
			at++
		}
	}
	code := func(few bool) (list []coded) {
		at := 1
		for i := range columns {
			n := len(all[i].terms)
			if columns[i].Kind == table.Category && (n <= fewLevels) == few {
				list = append(list, r.code(columns[i].Code, &all[i], terms, at))
			}
			at += n
		}
		return list
	}
	r.few = code(true)
	r.d = len(r.term)
	r.many = code(false)
	r.p = len(r.term)
	return r
}

func newDense(values []float64, t *Term, gaps bool) dense {
	return dense{values: values, part: t.Part, gaps: gaps, bend: newBend(t, 1/t.Scale)}
}

// newBend is the bend of a Line or Hinge.
func newBend(t *Term, slope float64) bend {
	if t.Part == Hinge {
		return bend{t.Knot, t.Knot + t.Mean, slope}
	}
	return bend{math.Inf(-1), t.Mean, slope}
}

// code numbers the variables of a category whose first term is the one given.
func (r *rows) code(codes []int32, p *prepared, terms []Term, at int) coded {
	number := func(t int) int32 {
		if terms[t].Aliased {
			return -1
		}
		r.term = append(r.term, t)
		return int32(len(r.term) - 1)
	}
	if p.first {
		at--
	}
	byLevel := make([]int32, len(p.levels))
	for level := range byLevel {
		byLevel[level] = -1
		if !p.first || level > 0 {
			byLevel[level] = number(at + level)
		}
	}
	c := coded{codes: codes, variable: make([]int32, len(p.codes)+1)}
	c.variable[0] = -1
	if p.gaps {
		c.variable[0] = number(at + len(p.levels))
	}
	for code, level := range p.codes {
		c.variable[code+1] = -1
		if level >= 0 {
			c.variable[code+1] = byLevel[level]
		}
	}
	return c
}

// blocks returns the number of blocks.
func (r *rows) blocks() int { return (r.n + gram.Block - 1) / gram.Block }

// fill sets dst to the dense variables of the n rows from first on; rows beyond n get 0.
func (r *rows) fill(dst []float64, first, n int) {
	for j := range r.number {
		r.number[j].fill((*[gram.Block]float64)(dst[j*gram.Block:]), first, n)
	}
	clear(dst[len(r.number)*gram.Block : r.d*gram.Block])
	for c := range r.few {
		variable := r.few[c].variable
		for i, code := range r.few[c].codes[first:][:n] {
			if v := variable[code+1]; v >= 0 {
				dst[int(v)*gram.Block+i] = 1
			}
		}
	}
}

func (d *dense) fill(dst *[gram.Block]float64, first, n int) {
	clear(dst[n:])
	to := dst[:n]
	if d.values == nil {
		for i := range to {
			to[i] = 1
		}
		return
	}
	x := d.values[first:][:n]
	switch {
	case d.part == Missing:
		for i, v := range x {
			to[i] = 0
			if v != v {
				to[i] = 1
			}
		}
		return
	case d.part == Hinge:
		for i, v := range x {
			if v < d.bend.knot {
				v = d.bend.knot
			}
			to[i] = v
		}
		gram.Shift(dst, dst, d.bend.center, d.bend.slope)
	case n == gram.Block:
		gram.Shift(dst, (*[gram.Block]float64)(x), d.bend.center, d.bend.slope)
	default:
		copy(to, x)
		gram.Shift(dst, dst, d.bend.center, d.bend.slope)
	}
	clear(dst[n:])
	if d.gaps {
		for i, v := range to {
			if v != v {
				to[i] = 0
			}
		}
	}
}

// variables sets dst to the variables of a category of the rows from first on, -1: none.
func (c *coded) variables(dst []int32, first int) {
	for i, code := range c.codes[first:][:len(dst)] {
		dst[i] = c.variable[code+1]
	}
}

// take returns every step-th row, from the first on.
func (r *rows) take(step int) *rows {
	t := *r
	t.n = (r.n + step - 1) / step
	t.label, t.weight = every(r.label, step), every(r.weight, step)
	t.number = slices.Clone(r.number)
	for j := range t.number {
		t.number[j].values = every(r.number[j].values, step)
	}
	t.few, t.many = everyCoded(r.few, step), everyCoded(r.many, step)
	return &t
}

func everyCoded(list []coded, step int) []coded {
	taken := slices.Clone(list)
	for c := range taken {
		taken[c].codes = every(list[c].codes, step)
	}
	return taken
}

// every returns every step-th value, from the first on; of nil, nil.
func every[T any](values []T, step int) []T {
	if values == nil {
		return nil
	}
	taken := make([]T, 0, (len(values)+step-1)/step)
	for i := 0; i < len(values); i += step {
		taken = append(taken, values[i])
	}
	return taken
}
