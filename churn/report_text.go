package churn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/clientele-go/clientele/learn/score"
)

// reportTable is a table for people: cells to the right, the first column to the left.
type reportTable struct {
	text strings.Builder
	rows [][]string
}

func (t *reportTable) row(cells ...string) { t.rows = append(t.rows, cells) }

// flush writes the rows out, in columns of equal width.
func (t *reportTable) flush() {
	width := 0
	for _, row := range t.rows {
		width = max(width, len([]rune(row[0])))
	}
	w := tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range t.rows {
		fmt.Fprintf(w, "%s%s", row[0], strings.Repeat(" ", width-len([]rune(row[0]))))
		for _, cell := range row[1:] {
			fmt.Fprintf(w, "\t%s", cell)
		}
		fmt.Fprint(w, "\t\n")
	}
	w.Flush()
	t.rows = nil
}

// reportNumber writes a number with digits after the point, a dash if there is none.
func reportNumber(x float64, digits int) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case math.IsInf(x, 0):
		return "inf"
	}
	return fmt.Sprintf("%.*f", digits, x)
}

// reportEstimate writes a value with its bounds.
func reportEstimate(e score.Estimate, digits int) string {
	if math.IsNaN(e.Value) {
		return "-"
	}
	if math.IsNaN(e.Low) || e.Low == e.High {
		return reportNumber(e.Value, digits)
	}
	return fmt.Sprintf("%s [%s, %s]", reportNumber(e.Value, digits), reportNumber(e.Low, digits), reportNumber(e.High, digits))
}

// String is the report for people: a line for each measure, a column for each contender, and the
// reliability of the model. Square brackets hold the bounds of intervals.
func (r *Report) String() string {
	var t reportTable
	fmt.Fprintf(&t.text, "%s: %d rows of %d customers, cut-offs %v to %v, %d came true (%.1f %%)\n",
		r.Label, r.Rows, r.Customers, r.First, r.Last, r.Positive, 100*float64(r.Positive)/float64(r.Rows))
	fmt.Fprintf(&t.text, "gap %d days, horizon %d days; intervals of %g %%, rows of a customer as one draw\n\n",
		r.Gap, r.Horizon, 100*r.Confidence)
	shown := r.Contenders
	line := func(name string, cell func(c *Contender) string) {
		cells := []string{name}
		for i := range shown {
			cells = append(cells, cell(&shown[i]))
		}
		t.row(cells...)
	}
	of := func(name string, digits int, measure func(c *Contender) score.Estimate) {
		line(name, func(c *Contender) string { return reportEstimate(measure(c), digits) })
	}
	line("", func(c *Contender) string { return c.Name })
	of("AUC", 3, func(c *Contender) score.Estimate { return c.AUC })
	line("model better by", func(c *Contender) string {
		if c.Name == r.Contenders[0].Name {
			return "-"
		}
		return reportEstimate(c.AUCGain, 3)
	})
	of("average precision", 3, func(c *Contender) score.Estimate { return c.AveragePrecision })
	of("KS", 3, func(c *Contender) score.Estimate { return c.KS })
	of("Brier", 3, func(c *Contender) score.Estimate { return c.Brier })
	of("log loss", 3, func(c *Contender) score.Estimate { return c.LogLoss })
	of("ECE", 3, func(c *Contender) score.Estimate { return c.ECE })
	of("expected maximum profit", 3, func(c *Contender) score.Estimate { return c.EMPC })
	t.flush()
	fmt.Fprintf(&t.text, "\nalerts for %g %% of the rows\n", 100*r.Share)
	points := func(point func(c *Contender) score.Budget) {
		line("alerts", func(c *Contender) string { return reportNumber(point(c).Rows, 0) })
		of("precision", 3, func(c *Contender) score.Estimate { return point(c).Precision })
		of("recall", 3, func(c *Contender) score.Estimate { return point(c).Recall })
		of("accuracy", 3, func(c *Contender) score.Estimate { return point(c).Accuracy })
		of("lift", 2, func(c *Contender) score.Estimate { return point(c).Lift })
	}
	line("", func(c *Contender) string { return c.Name })
	points(func(c *Contender) score.Budget { return c.At })
	t.flush()
	fmt.Fprintln(&t.text, "\nrules followed to the letter")
	shown = slices.DeleteFunc(slices.Clone(shown), func(c Contender) bool { return c.Own == nil })
	line("", func(c *Contender) string { return c.Name })
	points(func(c *Contender) score.Budget { return *c.Own })
	t.flush()
	if len(r.Reliability) > 0 {
		fmt.Fprintln(&t.text, "\nprobabilities of the model, and what came true")
		t.row("from", "to", "rows", "mean", "came true")
		for _, b := range r.Reliability {
			t.row(reportNumber(b.Low, 3), reportNumber(b.High, 3), reportNumber(b.Rows, 0), reportNumber(b.Mean, 3), reportEstimate(b.True, 3))
		}
		t.flush()
	}
	return t.text.String()
}

// String is the result for people: the lists of all cut-offs together, then a line for each
// cut-off. Square brackets hold the bounds of intervals of 95 %.
func (r *BacktestResult) String() string {
	s := &r.Total
	if len(r.Cutoffs) == 0 || len(s.Lists) < 2 {
		return r.Label + ": no lists\n"
	}
	var t reportTable
	by := "probability"
	if r.ByProfit {
		by = "expected profit"
	}
	fmt.Fprintf(&t.text, "%s: %d lists from %v to %v, gap %d days, horizon %d days, %g %% of the subjects each, by %s\n",
		r.Label, len(r.Cutoffs), r.Cutoffs[0].Cutoff, r.Cutoffs[len(r.Cutoffs)-1].Cutoff, r.Gap, r.Horizon, 100*r.Share, by)
	fmt.Fprintf(&t.text, "%d subjects, %d came true (%.1f %%)", s.Rows, s.Positive, 100*float64(s.Positive)/float64(s.Rows))
	if s.TooEarly > 0 {
		fmt.Fprintf(&t.text, ", %d in the gap", s.TooEarly)
	}
	judged := s.Rows - s.TooEarly
	fmt.Fprintf(&t.text, "\nAUC %s, ECE %s, mean probability %.3f beside %.3f\n\n", reportEstimate(s.AUC, 3), reportEstimate(s.ECE, 3),
		s.Probability, float64(s.Positive)/float64(max(judged, 1)))
	line := func(name string, cell func(q *ListQuality) string) {
		cells := []string{name}
		for i := range s.Lists {
			cells = append(cells, cell(&s.Lists[i]))
		}
		t.row(cells...)
	}
	line("", func(q *ListQuality) string { return q.Name })
	line("alerts", func(q *ListQuality) string { return fmt.Sprint(q.Alerts) })
	line("right", func(q *ListQuality) string { return fmt.Sprint(q.Hits) })
	if slices.ContainsFunc(s.Lists, func(q ListQuality) bool { return q.TooEarly > 0 }) {
		line("in the gap", func(q *ListQuality) string { return fmt.Sprint(q.TooEarly) })
	}
	line("precision", func(q *ListQuality) string { return reportEstimate(q.Precision, 3) })
	line("recall", func(q *ListQuality) string { return reportEstimate(q.Recall, 3) })
	line("accuracy", func(q *ListQuality) string { return reportEstimate(q.Accuracy, 3) })
	line("lift", func(q *ListQuality) string { return reportEstimate(q.Lift, 2) })
	line("mean probability", func(q *ListQuality) string {
		return unlessNone(q.Name != listModel || q.Alerts == 0, reportNumber(q.Probability, 3))
	})
	line("median lead, days", func(q *ListQuality) string { return unlessNone(q.Hits == 0, reportNumber(q.Lead, 1)) })
	if r.ByProfit {
		line("earned, minor units", func(q *ListQuality) string { return reportNumber(q.Earned, 0) })
	}
	t.flush()
	fmt.Fprintln(&t.text)
	t.row("cut-off", "subjects", "came true", "AUC", "alerts", "right", "precision", "mean probability", "recall", "precision of "+s.Lists[1].Name)
	for i := range r.Cutoffs {
		c := &r.Cutoffs[i]
		if len(c.Lists) < 2 {
			continue
		}
		q := &c.Lists[0]
		t.row(c.Cutoff.String(), fmt.Sprint(c.Rows), fmt.Sprint(c.Positive), reportNumber(c.AUC.Value, 3), fmt.Sprint(q.Alerts), fmt.Sprint(q.Hits),
			reportEstimate(q.Precision, 3), unlessNone(q.Alerts == 0, reportNumber(q.Probability, 3)), reportEstimate(q.Recall, 3),
			reportNumber(c.Lists[1].Precision.Value, 3))
	}
	t.flush()
	return t.text.String()
}

// String is the table for people: a line for each gap. Square brackets hold the bounds of
// intervals of 95 %.
func (l Leads) String() string {
	var t reportTable
	t.row("days ahead", "alerts", "precision", "recall", "accuracy", "nobody", "silence", "AUC", "median lead")
	for _, r := range l {
		if r == nil || len(r.Total.Lists) < 2 {
			continue
		}
		q := &r.Total.Lists[0]
		silence := "-"
		if r.Total.Lists[1].Name == listSilence {
			silence = reportNumber(r.Total.Lists[1].Precision.Value, 3)
		}
		nobody := &r.Total.Lists[len(r.Total.Lists)-1]
		t.row(fmt.Sprint(r.Gap), fmt.Sprint(q.Alerts), reportEstimate(q.Precision, 3), reportEstimate(q.Recall, 3), reportEstimate(q.Accuracy, 3),
			reportNumber(nobody.Accuracy.Value, 3), silence, reportEstimate(r.Total.AUC, 3), unlessNone(q.Hits == 0, reportNumber(q.Lead, 1)))
	}
	t.flush()
	return t.text.String()
}

func unlessNone(none bool, text string) string {
	if none {
		return "-"
	}
	return text
}
