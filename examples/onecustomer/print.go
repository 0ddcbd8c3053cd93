package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/report"
)

// A page is the part of the output that is being made.
type page struct {
	part report.Section
	raw  bytes.Buffer // what parts of the library write themselves, below
}

func (p *page) begin(title string) { p.part = report.Section{Title: report.Same(title)} }

func (p *page) end(w io.Writer) {
	check((&report.Report{Sections: []report.Section{p.part}}).WriteText(w, report.English))
	must(p.raw.WriteTo(w))
}

func (p *page) printf(format string, args ...any) {
	p.part.Blocks = append(p.part.Blocks, report.Note(report.Same(fmt.Sprintf(format, args...))))
}

// table adds a table. The first row has the names of its columns; others may be shorter.
func (p *page) table(title string, rows [][]string) {
	t := report.Table{Title: report.Same(title)}
	for _, name := range rows[0] {
		t.Columns = append(t.Columns, report.Measure{Name: report.Same(name)})
	}
	for _, row := range rows[1:] {
		cells := make([]any, len(t.Columns))
		for i, cell := range row {
			cells[i] = cell
		}
		t.Add(cells...)
	}
	p.part.Blocks = append(p.part.Blocks, t)
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
