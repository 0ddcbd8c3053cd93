package churn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// snapshotPart is the number of customers that one goroutine takes at a time.
const snapshotPart = 1024

// snapshots makes a data set in two passes: who has a row, and what is in it, so that columns
// are made once, at their size.
type snapshots[K comparable] struct {
	log      *Log[K]
	plan     *Plan
	label    Label
	cutoffs  []Day
	ahead    bool // the future is known
	schema   schema
	own      []Own[K]
	workers  int
	progress func(done, total int64)

	parts int
	mu    sync.Mutex // of done
	done  int64
}

// snapshotRow is a row on its way.
type snapshotRow struct {
	customer, cutoff int32 // indexes
	yes              bool
}

func (r *snapshots[K]) run(ctx context.Context) (*Dataset[K], error) {
	r.parts = (len(r.log.customers) + snapshotPart - 1) / snapshotPart
	rows, report, err := r.choose(ctx, func(int) *snapshots[K] { return r }, nil)
	if err != nil {
		return nil, err
	}
	return r.build(ctx, rows, report)
}

// build makes the data set of the rows that were chosen.
func (r *snapshots[K]) build(ctx context.Context, rows [][]snapshotRow, report SnapshotReport) (*Dataset[K], error) {
	first := make([]int, r.parts+1) // row of each part
	for part := range rows {
		first[part+1] = first[part] + len(rows[part])
	}
	if first[r.parts] == 0 {
		return nil, r.nobody(report)
	}
	d := &Dataset[K]{
		Table: &table.Table[Subject[K]]{
			IDs: make([]Subject[K], first[r.parts]), Compare: compareSubjects(r.log.compare),
		},
		Columns: r.schema.Columns, Report: report,
		label: report.Label, plan: *r.plan, schema: r.schema,
	}
	if r.ahead {
		d.Labels = make([]bool, d.Rows())
	}
	if err := r.fill(ctx, d, rows, first); err != nil {
		return nil, err
	}
	return d, nil
}

// choose asks the label about all customers, at each cut-off as at says, and tells each, unless it is nil, of every row that
// it finds: of which part, customer and cut-off it is, and whether it came true. The view shows the customer.
func (r *snapshots[K]) choose(
	ctx context.Context, at func(cutoff int) *snapshots[K], each func(v *view, part, customer, cutoff int, yes bool),
) ([][]snapshotRow, SnapshotReport, error) {
	type state struct {
		view    *view
		nothing Future // without events
		counts  []CutoffReport
		odd     bool // an outcome is none of the three
	}
	fresh := func() *state {
		v := r.log.view()
		return &state{view: v, nothing: v.future, counts: make([]CutoffReport, len(r.cutoffs))}
	}
	rows := make([][]snapshotRow, r.parts)
	states := parallel.States(parallel.Workers(r.workers), r.parts, fresh, func(s *state, part int) {
		if ctx.Err() != nil {
			return
		}
		lo, hi := r.customers(part)
		for customer := lo; customer < hi; customer++ {
			for i, cutoff := range r.cutoffs {
				switch said := at(i).ask(s.view, &s.nothing, customer, cutoff, &s.counts[i]); said {
				case saysNo, saysYes:
					rows[part] = append(rows[part], snapshotRow{int32(customer), int32(i), said == saysYes})
					if each != nil {
						each(s.view, part, customer, i, said == saysYes)
					}
				case saysOdd:
					s.odd = true
				}
			}
		}
		r.step(hi - lo)
	})
	if slices.ContainsFunc(states, func(s *state) bool { return s.odd }) {
		return nil, SnapshotReport{}, errOutcome(r.label)
	}
	counts := make([][]CutoffReport, len(states))
	for i, s := range states {
		counts[i] = s.counts
	}
	return rows, r.report(counts), ctx.Err()
}

// report adds up what goroutines counted at each cut-off.
func (r *snapshots[K]) report(counts [][]CutoffReport) SnapshotReport {
	report := SnapshotReport{Label: r.label.Name(), Cutoffs: make([]CutoffReport, len(r.cutoffs))}
	for i := range report.Cutoffs {
		c := &report.Cutoffs[i]
		c.Cutoff = r.cutoffs[i]
		for _, of := range counts {
			c.Rows += of[i].Rows
			c.Positive += of[i].Positive
			c.NotSubject += of[i].NotSubject
			c.TooEarly += of[i].TooEarly
			c.TooLate += of[i].TooLate
			c.Unknown += of[i].Unknown
		}
	}
	return report
}

// ask says what the label says of a customer at a cut-off, and counts it.
func (r *snapshots[K]) ask(v *view, nothing *Future, customer int, cutoff Day, count *CutoffReport) answer {
	var past *History
	var future *Future
	var late int
	if r.ahead {
		past, future, late = v.at(customer, cutoff, r.plan)
	} else {
		past, late = v.past(customer, cutoff, r.plan.Window)
	}
	count.Unknown += late
	if past.Len() == 0 {
		return notAsked
	}
	said := ask(r.label, past, future, nothing, r.plan)
	switch said {
	case notAsked:
		count.NotSubject++
	case tooLate:
		count.TooLate++
	case tooEarly:
		count.TooEarly++
	case saysNo:
		count.Rows++
	case saysYes:
		count.Rows++
		count.Positive++
	}
	return said
}

// fill makes the columns.
func (r *snapshots[K]) fill(ctx context.Context, d *Dataset[K], rows [][]snapshotRow, first []int) error {
	type state struct {
		view *view
		x    *extractor
	}
	fresh := func() *state {
		return &state{r.log.view(), newExtractor(&r.schema, &r.log.events, r.log.starts, r.log.since, r.log.location)}
	}
	builtin := r.schema.columns()
	d.Table.Columns = make([]table.Column, len(r.schema.Columns))
	parallel.For(parallel.Workers(r.workers), len(d.Table.Columns), func(i int) {
		c := &d.Table.Columns[i]
		c.Name = r.schema.Columns[i].Name
		if i < len(builtin) && builtin[i].levels != nil {
			c.Kind, c.Code, c.Levels = table.Category, make([]int32, d.Rows()), builtin[i].levels
		} else {
			c.Kind, c.Num = table.Number, make([]float64, d.Rows())
		}
	})
	infinite := make([]int, r.parts) // 1 + the first own feature that is infinite
	parallel.States(parallel.Workers(r.workers), r.parts, fresh, func(s *state, part int) {
		if ctx.Err() != nil {
			return
		}
		for i, row := range rows[part] {
			at := first[part] + i
			customer, cutoff := r.log.customers[row.customer], r.cutoffs[row.cutoff]
			d.Table.IDs[at] = Subject[K]{customer, cutoff}
			if r.ahead {
				d.Labels[at] = row.yes
			}
			past, _ := s.view.past(int(row.customer), cutoff, r.plan.Window)
			s.x.read(past)
			s.x.write(d.Table.Columns, at)
			for j, own := range r.own {
				value := own.Feature.Extract(customer, past)
				if math.IsInf(value, 0) && (infinite[part] == 0 || j < infinite[part]-1) {
					infinite[part] = 1 + j
				}
				d.Table.Columns[len(builtin)+j].Num[at] = value
			}
		}
		lo, hi := r.customers(part)
		r.step(hi - lo)
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	least := 0
	for _, j := range infinite {
		if j > 0 && (least == 0 || j < least) {
			least = j
		}
	}
	if least > 0 {
		return fmt.Errorf("%w: features: own feature %q is infinite", ErrOptions, r.own[least-1].Name)
	}
	return nil
}

// customers returns the range of a part.
func (r *snapshots[K]) customers(part int) (lo, hi int) {
	return part * snapshotPart, min((part+1)*snapshotPart, len(r.log.customers))
}

func (r *snapshots[K]) step(customers int) {
	if r.progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += int64(customers)
	r.progress(r.done, 2*int64(len(r.log.customers)))
}

// nobody says why there are no rows.
func (r *snapshots[K]) nobody(report SnapshotReport) error {
	notSubject, late, early := 0, 0, 0
	for _, c := range report.Cutoffs {
		notSubject += c.NotSubject
		late += c.TooLate
		early += c.TooEarly
	}
	if notSubject+late+early == 0 {
		return fmt.Errorf("%w: no customer has an event in the window of any of %d cut-offs", ErrNoRows, len(r.cutoffs))
	}
	return fmt.Errorf("%w: over %d cut-offs, customers were %d times no subject of the label, %d times bound to come true in the gap, "+
		"and %d times it came true there", ErrNoRows, len(r.cutoffs), notSubject, late, early)
}
