package profile

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// WriteText writes the numbers as tables for a person, in plain text, and returns the error of
// w. Names with characters that cannot be printed, or that begin with ", are quoted as in Go:
// names of what was set aside are as the evidence had them.
func (q *Quality) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = printable(cells[i])
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	number := func(n int64) string { return fmt.Sprint(n) }

	fmt.Fprintf(t, "Data of %d customers (%d atoms) at %s, schema %d\n\n", q.Customers, q.Atoms, q.At.Format(time.RFC3339), q.Schema)
	row("SOURCE", "CHANNEL", "CUSTOMERS", "ATOMS", "EVIDENCE", "VALID", "SURPLUS", "REPEATED", "AGE (DAYS: MEDIAN, 90%, OLDEST)")
	for _, s := range q.Sources {
		age := "-"
		if s.Atoms > 0 {
			age = fmt.Sprintf("%d, %d, %d", s.Age.Median, s.Age.P90, s.Age.Oldest)
		}
		row(s.Source, s.Channel, number(s.Customers), number(s.Atoms), number(s.Evidence), percent(s.Valid), percent(s.Surplus), percent(s.Repeated), age)
	}
	row()
	row("TRAIT", "SOURCE", "COMPLETE", "STALE", "AGREED", "CONSISTENT")
	for i, trait := range q.Traits {
		row(trait.Trait, "all", percent(trait.Known), percent(trait.Stale), "-", percent(trait.Consistent))
		for _, s := range q.Sources {
			if c := s.Traits[i]; c.Stated.N > 0 {
				row("", s.Source, percent(c.Stated), percent(c.Stale), percent(c.Agreed), "-")
			}
		}
	}
	if len(q.Rejected) > 0 {
		row()
		row("SET ASIDE", "NAME", "REASON", "VALUES")
	}
	for _, r := range q.Rejected {
		row(r.Source, r.Name, r.Reason.String(), number(r.Values))
	}
	return t.Flush()
}

// printable returns a text that is on one line, and in one cell, and moves no cursor.
func printable(s string) string {
	if strings.HasPrefix(s, `"`) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func percent(p Portion) string {
	share, ok := p.Share()
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}
