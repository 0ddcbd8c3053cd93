package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/rfm"
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

func (p *printer) title(format string, args ...any) { p.printf("\n"+format+"\n\n", args...) }

// table prints rows below a header; the first column is text, the others are numbers.
func (p *printer) table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, row := range append([][]string{header}, rows...) {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			if i == 0 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		p.printf("%s\n", strings.TrimRight(b.String(), " "))
	}
}

// width is the number of columns of a terminal that s takes.
func width(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x1100 {
			n++ // Chinese is twice as wide
		}
	}
	return n
}

// group writes thousands apart.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func cents(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%s.%02d", sign, group(n/100), n%100)
}

// percent is a share, "-" of nothing.
func percent(part, whole float64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*part/whole)
}

func (p *printer) quality(r *read) {
	p.title("Data quality")
	p.printf("  %s\n", strings.ReplaceAll(strings.TrimSpace(r.score.String()), "\n", "\n  "))
	p.title("What became of the lines")
	var rows [][]string
	total := tally{}
	add := func(name string, t tally) {
		total.rows, total.quantity, total.value = total.rows+t.rows, total.quantity+t.quantity, total.value+t.value
		rows = append(rows, []string{
			name, group(t.rows), percent(float64(t.rows), float64(r.report.Read)), group(t.quantity), cents(int64(math.Round(float64(t.value) / 100))),
		})
	}
	add("kept: purchases", r.purchases)
	add("kept: cancelled, booked as refunds", r.refunds)
	for _, a := range r.aside {
		add("set aside: "+a.reason, a.tally)
	}
	unreadable := tally{} // these lines have no amounts
	for _, rule := range r.report.Rules {
		if rule.Field != "" || rule.Reason != "" && !slices.ContainsFunc(r.aside, func(a *aside) bool { return a.reason == rule.Reason }) {
			unreadable.rows += rule.SetAside
		}
	}
	add("set aside: bad date, number or invoice", unreadable)
	whole := total
	total = tally{}
	add("all lines read", whole)
	p.table([]string{"", "lines", "share", "quantity", "value"}, rows)
}

func (p *printer) report(a *rfm.Analysis[string]) {
	r := a.Report
	p.printf("  %s purchase lines and %s refund lines of %s customers", group(r.Purchases), group(r.Refunds), group(int64(len(a.Customers))+r.RefundOnly))
	if r.SetAside() > 0 {
		p.printf("; %s lines are later than that day", group(r.SetAside()))
	}
	if r.RefundOnly > 0 {
		p.printf("; %s customers with refunds alone (%s) are not scored", group(r.RefundOnly), cents(r.RefundOnlyAmount))
	}
	p.printf(".\n\n")
}

// distribution prints how many customers have each score, and what it stands for.
func (p *printer) distribution(a *rfm.Analysis[string]) {
	rf, ff, mf := a.Model.Scored()
	rows := make([][]string, len(rf))
	for i := range rows {
		score := uint8(len(rf) - i)
		span := func(of func(c *rfm.Customer[string]) (uint8, int64), show func(int64) string) string {
			lo, hi, any := int64(0), int64(0), false
			for j := range a.Customers {
				if s, v := of(&a.Customers[j]); s == score {
					if !any {
						lo, hi, any = v, v, true
					}
					lo, hi = min(lo, v), max(hi, v)
				}
			}
			if !any {
				return "-"
			}
			return show(lo) + " to " + show(hi)
		}
		rows[i] = []string{
			strconv.Itoa(int(score)),
			group(int64(rf[score-1])), span(func(c *rfm.Customer[string]) (uint8, int64) { return c.Scores.R, int64(c.Recency) }, group),
			group(int64(ff[score-1])), span(func(c *rfm.Customer[string]) (uint8, int64) { return c.Scores.F, int64(c.Frequency) }, group),
			group(int64(mf[score-1])), span(func(c *rfm.Customer[string]) (uint8, int64) { return c.Scores.M, c.Revenue }, cents),
		}
	}
	p.table([]string{"score", "customers by R", "days", "by F", "orders", "by M", "revenue"}, rows)
}

func (p *printer) groups(title string, g *rfm.Grouping[string]) {
	p.title("%s", title)
	var rows [][]string
	for _, s := range g.Summary() {
		name := s.Name.EN + "  " + s.Name.ZH
		if strings.HasPrefix(s.ID, "tier") {
			name = s.Name.EN
		}
		rows = append(rows, []string{
			name, group(int64(s.Customers)), percent(s.Share, 1), group(s.Frequency), cents(s.Revenue), percent(s.RevenueShare, 1),
			fmt.Sprintf("%g", s.MedianRecency), fmt.Sprintf("%g", s.MedianFrequency), cents(int64(s.MedianMonetary)),
		})
	}
	p.table([]string{"", "customers", "share", "orders", "revenue", "of all", "med. days", "med. orders", "med. revenue"}, rows)
}

// migration prints the groups that somebody is in; columns are named by letters.
func (p *printer) migration(m *rfm.Migration[string]) {
	var from, to []int
	for i := range m.From {
		for j := range m.To {
			if m.Count(i, j) > 0 {
				from, to = append(from, i), append(to, j)
			}
		}
	}
	slices.Sort(to)
	from, to = slices.Compact(from), slices.Compact(to)
	header := []string{""}
	for _, j := range to {
		header = append(header, string(rune('A'+j)))
	}
	var rows [][]string
	for _, i := range from {
		name := "   " + m.From[i].Name.EN
		if i < len(m.From)-1 {
			name = string(rune('A'+i)) + "  " + m.From[i].Name.EN
		}
		row := []string{name}
		for _, j := range to {
			row = append(row, group(int64(m.Count(i, j))))
		}
		rows = append(rows, row)
	}
	p.table(header, rows)
	p.printf("\n  %c: no purchase in the later quarter; (absent before): none in the earlier\n", 'A'+len(m.To)-1)
}

func (p *printer) backtest(b *rfm.Backtest) {
	var rows [][]string
	for _, o := range append(b.Groups, b.All) {
		rows = append(rows, []string{
			o.Name.EN, group(int64(o.Customers)), group(int64(o.Buyers)), percent(float64(o.Buyers), float64(o.Customers)), cents(o.Revenue),
			cents(int64(o.PerCustomer)), fmt.Sprintf("%.2f", o.Lift),
		})
	}
	p.table([]string{"", "customers", "bought again", "share", "revenue", "a customer", "lift"}, rows)
	p.printf("\n  %s customers who were not there before brought %s.\n", group(int64(b.New.Customers)), cents(b.New.Revenue))
}

func (p *printer) top(a *rfm.Analysis[string], n int) {
	p.title("The %d customers with the largest revenue", n)
	best := slices.Clone(a.Customers)
	slices.SortStableFunc(best, func(x, y rfm.Customer[string]) int {
		switch {
		case x.Revenue > y.Revenue:
			return -1
		case x.Revenue < y.Revenue:
			return 1
		}
		return 0
	})
	var rows [][]string
	for _, c := range best[:min(n, len(best))] {
		rows = append(rows, []string{
			c.ID, group(int64(c.Recency)), group(int64(c.Frequency)), cents(c.Revenue), c.Scores.String(), a.Model.Segment(c.Scores).Name.EN,
		})
	}
	p.table([]string{"customer", "days", "orders", "revenue", "RFM", "segment"}, rows)
}

// writeFiles writes the customers and the segments as CSV.
func writeFiles(dir string, a *rfm.Analysis[string], tiers *rfm.Grouping[string]) error {
	customers := [][]string{{"customer", "recency_days", "orders", "revenue_minor", "r", "f", "m", "segment", "class", "tier"}}
	for i, c := range a.Customers {
		customers = append(customers, []string{
			c.ID, strconv.Itoa(c.Recency), strconv.Itoa(c.Frequency), strconv.FormatInt(c.Revenue, 10),
			strconv.Itoa(int(c.Scores.R)), strconv.Itoa(int(c.Scores.F)), strconv.Itoa(int(c.Scores.M)),
			a.Model.Segment(c.Scores).ID, a.Model.Class(c.Values, c.Scores).ID, tiers.Groups[tiers.Of(i)].ID,
		})
	}
	segments := [][]string{{"grouping", "id", "name_en", "name_zh", "customers", "orders", "revenue_minor", "advice_en", "advice_zh"}}
	for _, g := range []struct {
		name string
		of   *rfm.Grouping[string]
	}{{"segment", a.BySegment()}, {"class", a.ByClass()}, {"tier", tiers}} {
		for _, s := range g.of.Summary() {
			segments = append(segments, []string{
				g.name, s.ID, s.Name.EN, s.Name.ZH, strconv.Itoa(s.Customers), strconv.FormatInt(s.Frequency, 10),
				strconv.FormatInt(s.Revenue, 10), s.Advice.EN, s.Advice.ZH,
			})
		}
	}
	for name, rows := range map[string][][]string{"customers.csv": customers, "segments.csv": segments} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := csv.NewWriter(f).WriteAll(rows); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
