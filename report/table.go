package report

import (
	"cmp"
	"fmt"

	"github.com/clientele-go/clientele/internal/line"
)

// A Table is rows of texts and numbers. A column of texts is written from the left, others from the right. A plain value:
// safe for concurrent reads.
type Table struct {
	Title   Text      // above the table
	Note    Text      // below the table; empty: none
	Columns []Measure // names of columns, and how their numbers are written
	// Rows hold a value for each column, at most MaxRows of them: a string, a [Text], a []Text for several lines, an
	// [Estimate], any kind of integer or float, a [fmt.Stringer], or nil for an empty cell. Integers are written exactly.
	Rows [][]any
	// Total sets the last row apart as that of all.
	Total bool
}

// narrow is up to how many columns a table may have another block beside it.
const narrow = 3

// stacked is up to how many columns beside those of long texts a table may have whose long texts are below the others on a
// phone.
const stacked = 4

// Add appends a row.
func (t *Table) Add(cells ...any) { t.Rows = append(t.Rows, cells) }

func (t Table) name() Text { return t.Title }

func (t Table) check() []string {
	var p problems
	p.limit("Rows", len(t.Rows), MaxRows)
	for j, c := range t.Columns {
		p.format(fmt.Sprintf("Columns[%d].Format", j), c.Format)
	}
	for i, row := range t.Rows {
		p.length(fmt.Sprintf("Rows[%d]", i), len(row), len(t.Columns))
		for j, v := range row {
			if _, err := Number.cell(v, English); err != nil {
				p.add("Rows[%d][%d]: %v", i, j, err)
			}
		}
		if len(p) > 0 {
			return p // the first row that is wrong
		}
	}
	return p
}

func (t Table) view(p *printer) view {
	g := &grid{}
	for j, c := range t.Columns {
		left := len(t.Rows) > 0
		for _, row := range t.Rows {
			left = left && (isText(row[j]) || row[j] == nil)
		}
		g.Columns = append(g.Columns, gridColumn{Name: p.lang.of(c.Name), Left: left})
	}
	for i, row := range t.Rows {
		r := gridRow{Total: t.Total && i == len(t.Rows)-1}
		for j, v := range row {
			lines, _ := t.Columns[j].Format.cell(v, p.lang) // check has seen it
			for _, text := range lines {
				g.Columns[j].Wide = g.Columns[j].Wide || g.Columns[j].Left && j > 0 && line.Width(text) > 24
			}
			r.Cells = append(r.Cells, gridCell{Lines: lines})
		}
		g.Rows = append(g.Rows, r)
	}
	view := view{Kind: "table", Title: p.lang.of(t.Title), Note: p.lang.of(t.Note), Region: cmp.Or(p.lang.of(t.Title), p.lang.pick("Table", "表格")), Grid: g}
	if len(t.Columns) <= narrow {
		view.Kind += " half"
	}
	if thin := len(g.Columns) - g.wide(); thin < len(g.Columns) && thin <= stacked {
		view.Kind += " stack"
	}
	if len(g.Rows) == 0 {
		view.Note = sentence(p.lang.pick("No rows.", "没有数据行。"), view.Note)
	}
	return view
}

// Facts are figures that one reads first, side by side. Safe for concurrent reads.
type Facts []Fact

// A Fact is one figure. A plain value: safe for concurrent reads.
type Fact struct {
	Measure
	Value any  // as in a Table
	Note  Text // a few words below the figure; empty: none
}

func (f Facts) name() Text { return Text{} }

func (f Facts) check() []string {
	var p problems
	p.limit("Facts", len(f), MaxBars)
	for i, fact := range f {
		p.format(fmt.Sprintf("Facts[%d].Format", i), fact.Format)
		if _, err := Number.cell(fact.Value, English); err != nil {
			p.add("Facts[%d].Value: %v", i, err)
		}
	}
	return p
}

func (f Facts) view(p *printer) view {
	v := view{Kind: "facts"}
	for _, fact := range f {
		lines, _ := fact.Format.cell(fact.Value, p.lang) // check has seen it
		v.Facts = append(v.Facts, factView{p.lang.of(fact.Name), sentence(lines...), p.lang.of(fact.Note)})
	}
	return v
}

// A Note is a paragraph. Safe for concurrent reads.
type Note Text

func (n Note) name() Text { return Text{} }

func (n Note) check() []string { return nil }

func (n Note) view(p *printer) view { return view{Kind: "note", Note: p.lang.of(Text(n))} }
