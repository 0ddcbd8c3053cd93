package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A printer writes tables of aligned columns.
type printer struct{ w io.Writer }

func (p printer) printf(format string, args ...any) { must(fmt.Fprintf(p.w, format, args...)) }

// title prints the title of a part.
func (p printer) title(text string) {
	p.printf("\n%s\n%s\n", text, strings.Repeat("=", width(text)))
}

// table prints a title, unless it is empty, and the rows below it.
func (p printer) table(title string, rows [][]string) {
	if title != "" {
		p.printf("\n%s\n", title)
	}
	p.printf("\n")
	var widths []int
	for _, row := range rows {
		widths = append(widths, make([]int, max(0, len(row)-len(widths)))...)
		for i, cell := range row {
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

// show is a value as people read it.
func show(name string, v customer.Value) string {
	switch v.Kind() {
	case customer.KindInt64:
		n, _ := v.Int64()
		return strconv.FormatInt(n, 10)
	case customer.KindDecimal:
		n, scale, _ := v.Decimal()
		return fmt.Sprintf("%.2f", float64(n)/math.Pow10(scale))
	case customer.KindFloat64:
		f, _ := v.Float64()
		if name == "resolved_in" {
			return strings.TrimSuffix(time.Duration(f*float64(time.Second)).Round(time.Minute).String(), "0s")
		}
		return fmt.Sprintf("%.2f", f)
	case customer.KindTime:
		t, _ := v.Time()
		return minute(t)
	case customer.KindText:
		s, _ := v.Text()
		return s
	case customer.KindUnset:
		return "-"
	}
	return strings.Join(slices.Collect(v.Labels()), " ")
}

func day(t time.Time) string    { return t.In(shanghai).Format("01-02") }
func minute(t time.Time) string { return t.In(shanghai).Format("01-02 15:04") }
