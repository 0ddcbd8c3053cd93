package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/line"
)

// barColumns is how long the longest bar in plain text is.
const barColumns = 24

// text writes the report for a terminal.
func (r *Report) text(lang Language) []byte {
	p := &printer{lang: lang}
	var b strings.Builder
	for _, line := range []string{lang.of(r.Title), lang.of(r.Subtitle)} {
		if line != "" {
			b.WriteString(line + "\n")
		}
	}
	for _, s := range r.Sections {
		title := lang.of(s.Title)
		b.WriteString("\n" + title + "\n" + strings.Repeat("=", line.Width(title)) + "\n")
		if intro := lang.of(s.Intro); intro != "" {
			b.WriteString("\n" + intro + "\n")
		}
		for _, block := range s.Blocks {
			v := block.view(p)
			b.WriteString("\n")
			if v.Title != "" {
				b.WriteString(v.Title + "\n\n")
			}
			v.plain(&b, lang)
		}
	}
	return []byte(b.String())
}

// plain writes a block without its title.
func (v *view) plain(b *strings.Builder, lang Language) {
	switch {
	case v.Kind == "note":
		b.WriteString(v.Note + "\n")
		return
	case v.Kind == "facts":
		var rows [][]string
		for _, f := range v.Facts {
			rows = append(rows, []string{f.Name, f.Value, f.Note})
		}
		align(b, rows, []bool{true, false, true})
	case v.Kind == "chart" && v.Grid == nil:
		b.WriteString("  " + v.Drawing.Desc + "\n")
	default:
		v.Grid.plain(b, v.lengths, lang)
	}
	if v.Note != "" {
		b.WriteString("\n  " + v.Note + "\n")
	}
}

// plain writes a grid, that of a matrix with numbers for the names of columns, which are those of its legend.
func (g *grid) plain(b *strings.Builder, lengths []float64, lang Language) {
	header, left := []string{}, []bool{}
	numbered := g.Matrix && len(g.Columns) > flatColumns
	if g.Matrix {
		header, left = append(header, strings.Join(g.Corner, "  ")), append(left, true)
	}
	for i, c := range g.Columns {
		name := c.Name
		if numbered {
			name = strconv.Itoa(i + 1)
		}
		header, left = append(header, name), append(left, c.Left)
	}
	rows := [][]string{header}
	for i, r := range g.Rows {
		var cells []string
		for _, c := range r.Cells {
			cells = append(cells, strings.Join(c.Lines, lang.pick("; ", "；")))
		}
		if numbered && i < len(g.Columns) && cells[0] == g.Columns[i].Name {
			cells[0] = strconv.Itoa(i+1) + " " + cells[0]
		}
		if lengths != nil {
			bar := ""
			if n := lengths[i]; !math.IsNaN(n) {
				bar = strings.Repeat("█", int(math.Round(n*barColumns)))
			}
			cells = append(cells, bar)
		}
		rows = append(rows, cells)
	}
	if lengths != nil {
		rows[0], left = append(rows[0], ""), append(left, true)
	}
	align(b, rows, left)
	if numbered {
		for i, c := range g.Columns {
			if i >= len(g.Rows) || g.Rows[i].Cells[0].Lines[0] != c.Name {
				b.WriteString("\n  " + strconv.Itoa(i+1) + ": " + c.Name)
			}
		}
		b.WriteString("\n")
	}
}

// align writes rows of cells in columns, two spaces apart and before the first.
func align(b *strings.Builder, rows [][]string, left []bool) {
	if len(rows) == 0 {
		return
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], line.Width(cell))
		}
	}
	for _, row := range rows {
		var out strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-line.Width(cell))
			if left[i] {
				out.WriteString("  " + cell + pad)
			} else {
				out.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
}
