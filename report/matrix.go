package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Matrix is a heat map: a number in every cell, and the darker the larger it is beside others. It is drawn as a table,
// so that it can be read out, copied and scrolled. NaN is an empty cell. A plain value: safe for concurrent reads.
type Matrix struct {
	Title   Text        // above the chart
	Note    Text        // below the chart; empty: none
	Value   Measure     // of the cells
	Row     Text        // what rows are: "a quarter ago"; empty: nothing is said
	Column  Text        // what columns are
	Rows    []Text      // up to MaxSide
	Columns []Text      // up to MaxSide
	Values  [][]float64 // one slice a row, each with one element a column
	Shade   Shade       // ByTable, if nothing is said
}

// Shade is what the shading of a cell stands for. Safe for concurrent reads.
type Shade uint8

const (
	// ByTable shades a cell by its value over the largest of the table; values below 0 are not shaded.
	ByTable Shade = iota
	// ByRow shades a cell by its share of the sum of its row, as fits counts of who moved where.
	ByRow
	// ByHalf shades shares: none at 0.5, one colour towards 0 and another towards 1.
	ByHalf
	lastShade = ByHalf
)

var shadeNames = []string{"table", "row", "half"}

// String returns "table", "row" or "half".
func (s Shade) String() string { return enum.Name(shadeNames, s) }

// MarshalText returns the text of String.
func (s Shade) MarshalText() ([]byte, error) {
	return enum.Marshal("report", "shade", shadeNames, s)
}

// UnmarshalText reads what MarshalText wrote.
func (s *Shade) UnmarshalText(text []byte) error {
	return enum.Unmarshal("report", "shade", shadeNames, text, s)
}

// flatColumns is up to how many columns names stand level above them; more are turned.
const flatColumns = 5

// shades is the number of steps of a colour.
const shades = 8

// Add appends a row.
func (m *Matrix) Add(row Text, values ...float64) {
	m.Rows, m.Values = append(m.Rows, row), append(m.Values, values)
}

func (m Matrix) name() Text { return m.Title }

func (m Matrix) check() []string {
	var p problems
	p.limit("Rows", len(m.Rows), MaxSide)
	p.limit("Columns", len(m.Columns), MaxSide)
	p.format("Value.Format", m.Value.Format)
	p.length("Values", len(m.Values), len(m.Rows))
	if m.Shade > lastShade {
		p.add("Shade is unknown: %d", m.Shade)
	}
	for i, row := range m.Values {
		what := fmt.Sprintf("Values[%d]", i)
		p.length(what, len(row), len(m.Columns))
		p.finite(what, row)
		for j, v := range row {
			if m.Shade == ByHalf && (v < 0 || v > 1) {
				p.add("%s[%d] is no share, 0 to 1", what, j)
				break
			}
		}
	}
	return p
}

func (m Matrix) view(p *printer) view {
	title := p.lang.of(m.Title)
	v := view{Kind: "matrix", Title: title, Note: p.lang.of(m.Note), Region: cmp.Or(title, p.lang.pick("Table", "表格")), Grid: &grid{Matrix: true}}
	row, column := p.lang.of(m.Row), p.lang.of(m.Column)
	if row != "" {
		v.Grid.Corner = append(v.Grid.Corner, "↓ "+row)
	}
	if column != "" {
		v.Grid.Corner = append(v.Grid.Corner, "→ "+column)
	}
	if len(m.Columns) > flatColumns {
		v.Kind += " tall"
	} else if len(m.Columns) <= narrow {
		v.Kind += " half"
	}
	for _, c := range m.Columns {
		v.Grid.Columns = append(v.Grid.Columns, gridColumn{Name: p.lang.of(c)})
	}
	_, largest := extent(m.Values...)
	for i, values := range m.Values {
		sum := 0.0
		for _, c := range values {
			if c > 0 {
				sum += c
			}
		}
		r := gridRow{Cells: []gridCell{{Lines: []string{p.lang.of(m.Rows[i])}, Class: "row"}}}
		for _, c := range values {
			if math.IsNaN(c) {
				r.Cells = append(r.Cells, gridCell{Lines: []string{""}})
				continue
			}
			class := m.shade(c, sum, largest)
			if c == 0 && class == "" {
				class = "z"
			}
			r.Cells = append(r.Cells, gridCell{Lines: []string{m.Value.Format.number(c)}, Class: class})
		}
		v.Grid.Rows = append(v.Grid.Rows, r)
	}
	return v
}

// shade is the class of a cell: h for more, l for less than half, with 1 to 8; empty for none.
func (m *Matrix) shade(v, sum, largest float64) string {
	part, class := 0.0, "h"
	switch m.Shade {
	case ByRow:
		part = v / sum
	case ByTable:
		part = v / largest
	case ByHalf:
		if part = 2*v - 1; part < 0 {
			part, class = -part, "l"
		}
	}
	if !(part > 0) {
		return ""
	}
	if n := int(math.Ceil(part*shades - 0.5)); n > 0 {
		return class + strconv.Itoa(min(n, shades))
	}
	return ""
}
