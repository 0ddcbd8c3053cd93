package main

import (
	"fmt"
	"io"
	"strings"
)

// A printer writes tables of aligned columns and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format, args...); p.err == nil {
		p.err = err
	}
}

// title prints the title of a part.
func (p *printer) title(text string) {
	p.printf("\n%s\n%s\n", text, strings.Repeat("=", width(text)))
}

// table prints a title, unless it is empty, and the rows below it.
func (p *printer) table(title string, rows [][]string) {
	if title != "" {
		p.printf("\n%s\n", title)
	}
	p.printf("\n")
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString("  " + cell + strings.Repeat(" ", widths[i]-width(cell)))
		}
		p.printf("%s\n", strings.TrimRight(line.String(), " "))
	}
}

// width is the number of columns of a terminal that s takes.
func width(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x2E80 {
			n++ // Chinese characters and full-width digits are twice as wide
		}
	}
	return n
}
