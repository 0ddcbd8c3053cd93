package churn

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// Subject is a customer at a cut-off: what a row is about. A plain value: safe for
// concurrent reads.
type Subject[K comparable] struct {
	Customer K   // who
	Cutoff   Day // the first day that is not seen
}

// Dataset is rows of features, and labels where the future is known. Its fields are not to
// be written to. Safe for concurrent reads.
type Dataset[K comparable] struct {
	// Table has a row a subject, ascending by customer, then cut-off.
	Table *table.Table[Subject[K]]
	// Labels has one for each row: it came true. Nil where the future is not known.
	Labels []bool
	// Columns describe the columns of Table, in their order.
	Columns []Info
	// Report says who is in it and who is not.
	Report SnapshotReport

	label  string // its name
	plan   Plan
	schema schema
}

// SnapshotReport says what became of every customer at every cut-off. A plain value: safe
// for concurrent reads.
type SnapshotReport struct {
	Label   string         `json:"label"`   // its name
	Cutoffs []CutoffReport `json:"cutoffs"` // ascending
	// Incomplete is the number of cut-offs that were left out because the observation ends
	// before their horizon does.
	Incomplete int `json:"incomplete"`
}

// CutoffReport says who is looked at at one cut-off. A plain value: safe for concurrent
// reads.
//
//	customers with events in the window = Rows + NotSubject + TooLate + TooEarly
type CutoffReport struct {
	Cutoff     Day `json:"cutoff"`      // the day
	Rows       int `json:"rows"`        // subjects, each with a row
	Positive   int `json:"positive"`    // of Rows: it came true
	NotSubject int `json:"not_subject"` // left already, or never asked
	// TooLate is the number of those of whom it comes true in the gap if nothing more happens:
	// nobody can act on them in time, so that they have no row, to learn from or to score.
	TooLate  int `json:"too_late"`
	TooEarly int `json:"too_early"` // came true in the gap, which could not be known
	// Unknown is the number of events that had happened by the cut-off and arrived after
	// it: they are not seen.
	Unknown int `json:"unknown"`
}

// Rows returns the number of rows.
func (d *Dataset[K]) Rows() int { return d.Table.Rows() }

// table returns the table, which a data set that is nil or was not made by Snapshots and its kin does not have.
func (d *Dataset[K]) table() (*table.Table[Subject[K]], error) {
	if d == nil || d.Table == nil {
		return nil, fmt.Errorf("%w: the data set is nil", ErrNoRows)
	}
	return d.Table, nil
}

// Take returns the data set of the rows with the given indexes, which must ascend. Its report
// counts these rows alone: cut-offs without any are not in it, nor who has no row. It shares the
// levels of the columns with d. It panics if an index is out of range or rows do not ascend.
// Cost: O(len(rows) · columns).
func (d *Dataset[K]) Take(rows []int) *Dataset[K] {
	for i := range rows[min(1, len(rows)):] {
		if rows[i] >= rows[i+1] {
			panic("churn: rows to take do not ascend")
		}
	}
	taken := *d
	taken.Table = d.Table.Take(rows)
	if d.Labels != nil {
		taken.Labels = make([]bool, len(rows))
		for i, row := range rows {
			taken.Labels[i] = d.Labels[row]
		}
	}
	at := make(map[Day]int, len(d.Report.Cutoffs))
	all := make([]CutoffReport, len(d.Report.Cutoffs))
	for i, c := range d.Report.Cutoffs {
		at[c.Cutoff] = i
		all[i].Cutoff = c.Cutoff
	}
	for i, id := range taken.Table.IDs {
		c := &all[at[id.Cutoff]]
		c.Rows++
		if taken.Labels != nil && taken.Labels[i] {
			c.Positive++
		}
	}
	taken.Report = SnapshotReport{Label: d.Report.Label, Cutoffs: slices.DeleteFunc(all, func(c CutoffReport) bool { return c.Rows == 0 })}
	return &taken
}

func compareSubjects[K comparable](compare func(a, b K) int) func(a, b Subject[K]) int {
	return func(a, b Subject[K]) int {
		if c := compare(a.Customer, b.Customer); c != 0 {
			return c
		}
		return cmp.Compare(a.Cutoff, b.Cutoff)
	}
}
