package churn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
)

// SensitivityOptions say how definitions are compared. A plain value: safe for concurrent
// reads.
type SensitivityOptions struct {
	// Return is the days after the horizon in which a customer of whom a label came true
	// may come back. 0: the horizon of the plan.
	Return int
	// Kinds are the kinds of events that are coming back. Nil: Purchase.
	Kinds []string
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// SensitivityTable shows how much the answer depends on the definition: labels beside each
// other, at the same cut-offs of the same log. A plain value: safe for concurrent reads.
type SensitivityTable struct {
	Cutoffs []Day `json:"cutoffs"` // ascending
	// Incomplete is the number of cut-offs left out because the observation ends before their
	// horizon does.
	Incomplete int              `json:"incomplete"`
	Return     int              `json:"return"` // days after the horizon
	Rows       []SensitivityRow `json:"rows"`   // a label each, as they were given
}

// SensitivityRow is what one label says. A row of the log is a customer at a cut-off. A
// plain value: safe for concurrent reads.
//
// Intervals are of 95 %: Wilson's (1927, doi:10.1080/01621459.1927.10502953) of as many
// independent rows as would have the variance of the share when customers are drawn, with
// all their rows. Without rows, share and bounds are NaN.
type SensitivityRow struct {
	Label      string `json:"label"`       // its name
	Subjects   int    `json:"subjects"`    // rows it is asked of and that it answers with yes or no
	Positive   int    `json:"positive"`    // of Subjects: it came true
	NotSubject int    `json:"not_subject"` // rows it is not asked of
	// TooLate are the rows where it comes true in the gap if nothing more happens, TooEarly
	// those where it came true there and this could not be known. As in [CutoffReport] they
	// are not among Subjects, so that the rows are those of [Snapshots].
	TooLate  int `json:"too_late"`
	TooEarly int `json:"too_early"`
	// Rate is Positive over Subjects.
	Rate score.Estimate `json:"rate"`
	// Observed is how many of Positive are observed for Return days after their horizon,
	// Returned how many of those came back in these days, and Back the share. Of a
	// definition of churn it is the share of false churn.
	Observed int            `json:"observed"`
	Returned int            `json:"returned"`
	Back     score.Estimate `json:"back"`
	// Common is the number of rows that this label and the first one answer with yes or no,
	// Agreement the share of them on which they agree, and Kappa that share corrected for
	// chance (Cohen 1960, doi:10.1177/001316446002000104): 1 is full agreement, 0 that
	// of chance. All are 0 without common rows. Definitions can agree on who leaves and not on
	// when: 90 days of silence end a month later than 60, in another horizon.
	Common    int     `json:"common"`
	Agreement float64 `json:"agreement"`
	Kappa     float64 `json:"kappa"`
}

// Sensitivity asks several labels, at least one, of the same customers at the same cut-offs.
// Nil options are the defaults. Faults of the options, the plan and the labels wrap
// [ErrOptions] and are reported together; a plan that does not fit the log is an error that
// wraps [ErrCutoff] or [ErrNoRows]. A label without subjects is no error; one with an outcome that is
// none of the three is an error that wraps [ErrOptions] and names it.
// Cost: O(cut-offs · (labels + events in the window)).
func Sensitivity[K comparable](ctx context.Context, l *Log[K], plan *Plan, labels []Label, opts *SensitivityOptions) (*SensitivityTable, error) {
	var o SensitivityOptions
	if opts != nil {
		o = *opts
	}
	if err := checkSensitivity(&o, plan, labels); err != nil {
		return nil, err
	}
	o.Return = cmp.Or(o.Return, plan.Horizon)
	if len(l.customers) == 0 {
		return nil, fmt.Errorf("%w: the log has no events", ErrNoRows)
	}
	cutoffs, incomplete, err := plan.cutoffs(l.since, l.until)
	if err != nil {
		return nil, err
	}
	after := *plan
	after.Gap, after.Horizon = plan.gap()+plan.Horizon, o.Return
	// Customers are divided among goroutines, and so are the elements of the shares.
	rates, backs := make([]*clusteredShare, len(labels)), make([]*clusteredShare, len(labels))
	for i := range labels {
		rates[i], backs[i] = newClusteredShare(len(l.customers)), newClusteredShare(len(l.customers))
	}
	fresh := func() *sensitivity {
		return &sensitivity{
			view: l.view(), nothing: l.view().future, plan: plan, after: &after, labels: labels, kinds: o.Kinds,
			rates: rates, backs: backs,
			said: make([]answer, len(labels)), counts: make([]sensitivityCounts, len(labels)),
		}
	}
	parts := (len(l.customers) + snapshotPart - 1) / snapshotPart
	states := parallel.States(parallel.Workers(o.Workers), parts, fresh, func(s *sensitivity, part int) {
		if ctx.Err() != nil {
			return
		}
		for customer := part * snapshotPart; customer < min((part+1)*snapshotPart, len(l.customers)); customer++ {
			for _, cutoff := range cutoffs {
				s.add(customer, cutoff)
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &SensitivityTable{Cutoffs: cutoffs, Incomplete: incomplete, Return: o.Return}
	for i, label := range labels {
		var c sensitivityCounts
		for _, s := range states {
			c.merge(&s.counts[i])
		}
		if c.said[saysOdd] > 0 {
			return nil, errOutcome(label)
		}
		row := c.row()
		row.Label, row.Rate, row.Back = label.Name(), rates[i].estimate(), backs[i].estimate()
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func checkSensitivity(o *SensitivityOptions, plan *Plan, labels []Label) error {
	err := plan.Validate()
	errs := []error{
		err,
		faultUnless(len(labels) > 0, "labels are required"),
		faultUnless(o.Return >= 0 && o.Return <= maxLength, "SensitivityOptions.Return must be 0 to 1,000,000"),
		kindsFault("SensitivityOptions.Kinds", o.Kinds),
	}
	if err != nil {
		plan = nil
	}
	for _, l := range labels {
		errs = append(errs, checkLabel(l, plan))
	}
	return errors.Join(errs...)
}

// sensitivity asks labels of customers.
type sensitivity struct {
	view         *view
	nothing      Future // without events
	plan, after  *Plan  // after has as its horizon the days after that of plan
	labels       []Label
	kinds        []string
	rates, backs []*clusteredShare // a label each
	said         []answer          // scratch
	counts       []sensitivityCounts
}

// add asks of a customer at a cut-off.
func (s *sensitivity) add(customer int, cutoff Day) {
	past, future, _ := s.view.at(customer, cutoff, s.plan)
	if past.Len() == 0 {
		return
	}
	for i, l := range s.labels {
		s.said[i] = ask(l, past, future, &s.nothing, s.plan)
	}
	observed, back := false, false
	if future.end+Day(s.after.Horizon) <= s.view.until && slices.Contains(s.said, saysYes) {
		observed = true
		_, later, _ := s.view.at(customer, cutoff, s.after)
		last, ok := lastDay(&later.events, s.kinds)
		back = ok && last >= later.start
	}
	for i, said := range s.said {
		c := &s.counts[i]
		c.said[said]++
		if said < saysNo {
			continue
		}
		s.rates[i].add(int32(customer), said == saysYes)
		if said == saysYes && observed {
			s.backs[i].add(int32(customer), back)
			c.observed++
			if back {
				c.back++
			}
		}
		if first := s.said[0]; first >= saysNo {
			c.both[first-saysNo][said-saysNo]++
		}
	}
}

// sensitivityCounts are whole numbers, so that their sum does not depend on the order.
type sensitivityCounts struct {
	said           [answers]int // rows by answer
	observed, back int
	both           [2][2]int // rows by what the first label and this one say: no, yes
}

func (c *sensitivityCounts) merge(o *sensitivityCounts) {
	c.observed += o.observed
	c.back += o.back
	for i, n := range o.said {
		c.said[i] += n
	}
	for i, row := range o.both {
		for j, n := range row {
			c.both[i][j] += n
		}
	}
}

// row is all but the name and the shares.
func (c *sensitivityCounts) row() SensitivityRow {
	r := SensitivityRow{
		Subjects: c.said[saysNo] + c.said[saysYes], Positive: c.said[saysYes],
		NotSubject: c.said[notAsked], TooLate: c.said[tooLate], TooEarly: c.said[tooEarly],
		Observed: c.observed, Returned: c.back,
	}
	b := &c.both
	r.Common = b[0][0] + b[0][1] + b[1][0] + b[1][1]
	if r.Common == 0 {
		return r
	}
	n := float64(r.Common)
	r.Agreement = float64(b[0][0]+b[1][1]) / n
	first, this := float64(b[1][0]+b[1][1])/n, float64(b[0][1]+b[1][1])/n
	chance := float64(first*this) + float64((1-first)*(1-this))
	switch {
	case r.Agreement == 1:
		r.Kappa = 1
	case chance < 1:
		r.Kappa = (r.Agreement - chance) / (1 - chance)
	}
	return r
}

// String is a table with a line a label: subjects, how many came true and their share with its
// interval, how many are bound to come true in the gap and how many did so unforeseen, the share of those who came back and of how many
// it is known, and agreement and kappa with the first label.
func (t *SensitivityTable) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "subjects\tyes\trate\t95% interval\tlate\tearly\tback\tof\tagree\tkappa\t  label")
	percent := func(x float64) string {
		if math.IsNaN(x) {
			return "-"
		}
		return fmt.Sprintf("%.1f%%", 100*x)
	}
	for _, r := range t.Rows {
		fmt.Fprintf(w, "%d\t%d\t%s\t%s to %s\t%d\t%d\t%s\t%d\t", r.Subjects, r.Positive,
			percent(r.Rate.Value), percent(r.Rate.Low), percent(r.Rate.High), r.TooLate, r.TooEarly, percent(r.Back.Value), r.Observed)
		if r.Common == 0 {
			fmt.Fprint(w, "-\t-\t")
		} else {
			fmt.Fprintf(w, "%s\t%.2f\t", percent(r.Agreement), math.Round(r.Kappa*100)/100+0) // no -0.00
		}
		fmt.Fprintf(w, "  %s\n", r.Label)
	}
	if err := w.Flush(); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}
