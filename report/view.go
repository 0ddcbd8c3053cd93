package report

import (
	"cmp"
	"fmt"
	"strconv"
)

// A printer lays blocks out in a language.
type printer struct {
	lang   Language
	charts int // that have an id
}

// drawing returns an empty picture with an id of its own.
func (p *printer) drawing(title Text) *drawing {
	p.charts++
	return &drawing{ID: "c" + strconv.Itoa(p.charts), Title: p.lang.of(title)}
}

// A view is a block laid out, for the template and for plain text.
type view struct {
	Kind        string // chart, table, matrix, facts or note; a class as well
	Title, Note string
	Drawing     *drawing
	Grid        *grid // of a chart: its numbers; nil: too many
	Facts       []factView
	Summary     string // of the numbers of a chart
	Region      string // what a table that scrolls is called

	lengths []float64 // of bars in plain text, 1 the longest; one a row of the grid
}

// A factView is one figure.
type factView struct{ Name, Value, Note string }

// A grid is a table of texts.
type grid struct {
	Matrix  bool
	Corner  []string // of a matrix: what rows and columns are
	Columns []gridColumn
	Rows    []gridRow
}

type gridColumn struct {
	Name string
	Left bool // a column of texts
	Wide bool // of long texts
}

type gridRow struct {
	Cells []gridCell
	Total bool
}

type gridCell struct {
	Lines []string
	Class string
}

// wide is the number of columns of long texts.
func (g *grid) wide() (n int) {
	for _, c := range g.Columns {
		if c.Wide {
			n++
		}
	}
	return n
}

// row appends a row of one line each.
func (g *grid) row(cells ...string) {
	r := gridRow{}
	for _, c := range cells {
		r.Cells = append(r.Cells, gridCell{Lines: []string{c}})
	}
	g.Rows = append(g.Rows, r)
}

// figures is a grid with columns of the given names, the first left if it is of texts.
func figures(left bool, names ...string) *grid {
	g := &grid{}
	for i, n := range names {
		g.Columns = append(g.Columns, gridColumn{Name: n, Left: left && i == 0})
	}
	return g
}

// chart completes a view of kind chart.
func (p *printer) chart(title, note Text, d *drawing, g *grid) view {
	if g != nil && (len(g.Rows) > MaxFigures || len(g.Rows) == 0) {
		g = nil
	}
	return view{
		Kind: "chart", Title: d.Title, Note: p.lang.of(note), Drawing: d, Grid: g,
		Summary: p.lang.pick("Numbers", "数据"), Region: cmp.Or(d.Title, p.lang.pick("Numbers", "数据")),
	}
}

// nothing draws that there is nothing.
func (p *printer) nothing(d *drawing) *drawing {
	text := p.lang.pick("no data", "无数据")
	d.Desc = text
	d.text("t m", chartWidth/2, 30, text, "")
	return d.finish(50)
}

// count writes a number of things: "12 points".
func (p *printer) count(n int, one, many, zh string) string {
	switch {
	case p.lang == Chinese:
		return fmt.Sprintf("%s%s", Number.whole(int64(n)), zh)
	case n == 1:
		return "1 " + one
	}
	return Number.whole(int64(n)) + " " + many
}
