package churn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// backtestWalk goes through the cut-offs in the order of time.
type backtestWalk[K comparable] struct {
	log    *Log[K]
	plan   *Plan
	label  Label
	own    []Own[K]
	all    *Dataset[K]
	opts   BacktestOptions[K]
	result *BacktestResult

	model                    *Model
	served                   int // cut-offs that model has served
	trainRows, calibrateRows int
	known                    Day

	rows  []judgedRow
	lists []*backtestList[K]
	view  *view
}

// judgedRow is a subject at a cut-off, and what became of it.
type judgedRow struct {
	customer    int32 // index among the customers of the log
	cutoff      Day
	positive    bool // came true in the horizon
	early       bool // came true in the gap
	probability float64
	value       float64 // at stake
	lead        float64 // days to the day on which it came true; -1: not looked up
}

// backtestList is one way to make lists.
type backtestList[K comparable] struct {
	name            string
	standing        []Alert[K]
	alerted, warned []bool // of each judged row
}

// The names of the lists.
const (
	listModel   = "model"
	listSilence = "longest silence"
	listNobody  = "nobody"
)

// step makes and judges the lists of a cut-off.
func (w *backtestWalk[K]) step(ctx context.Context, i int) error {
	report := w.all.Report.Cutoffs[i]
	if report.Cutoff < w.opts.First || report.Rows+report.TooEarly == 0 {
		w.result.Untested++
		return nil
	}
	if w.model == nil || w.served == w.opts.Refit {
		ok, err := w.fit(ctx, i)
		if err != nil {
			return err
		}
		if !ok && w.model == nil {
			w.result.Untested++
			return nil
		}
		w.served = 0
	}
	w.served++
	test, labels, err := w.subjects(ctx, report)
	if err != nil {
		return err
	}
	probabilities, err := Predict(ctx, w.model, test)
	if err != nil {
		return err
	}
	from := len(w.rows)
	if err := w.addRows(test, labels, probabilities); err != nil {
		return err
	}
	if err := w.alert(test, from); err != nil {
		return err
	}
	slice := w.judge(from, len(w.rows))
	slice.Cutoff, slice.Trained, slice.Calibrated, slice.Known = report.Cutoff, w.trainRows, w.calibrateRows, w.known
	w.result.Cutoffs = append(w.result.Cutoffs, slice)
	return nil
}

// fit makes the model of cut-off i, or reports that there is too little to learn from.
func (w *backtestWalk[K]) fit(ctx context.Context, i int) (ok bool, err error) {
	known, err := w.all.SplitAsOf(w.all.Report.Cutoffs[i].Cutoff - Day(w.opts.Delay))
	if errors.Is(err, ErrNoRows) || errors.Is(err, ErrOneClass) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if w.model, err = Fit(ctx, known.Train, known.Calibrate, w.opts.Fit); err != nil {
		return false, err
	}
	_, last := cutoffRange(known.Calibrate)
	w.trainRows, w.calibrateRows, w.known = known.Train.Rows(), known.Calibrate.Rows(), w.all.known(last)-1
	return true, nil
}

// outcomeOf is what became of a subject.
type outcomeOf struct{ positive, early bool }

// subjects returns the rows of a cut-off as they were on that day, and what became of them.
// The rows of w.all lack those that came true in the gap: nobody could tell them apart then.
func (w *backtestWalk[K]) subjects(ctx context.Context, report CutoffReport) (*Dataset[K], []outcomeOf, error) {
	var rows []int
	for row, id := range w.all.Table.IDs {
		if id.Cutoff == report.Cutoff {
			rows = append(rows, row)
		}
	}
	if report.TooEarly == 0 {
		outcomes := make([]outcomeOf, len(rows))
		for i, row := range rows {
			outcomes[i].positive = w.all.Labels[row]
		}
		return w.all.Take(rows), outcomes, nil
	}
	test, err := SnapshotAt(ctx, w.log, report.Cutoff, w.label, w.model, w.own)
	if err != nil {
		return nil, nil, err
	}
	outcomes := make([]outcomeOf, test.Rows())
	at, early := 0, 0 // both are ascending by customer
	for i, id := range test.Table.IDs {
		if at < len(rows) && w.all.Table.IDs[rows[at]] == id {
			outcomes[i].positive = w.all.Labels[rows[at]]
			at++
		} else {
			outcomes[i].early = true
			early++
		}
	}
	if at != len(rows) || early != report.TooEarly {
		return nil, nil, fmt.Errorf("churn: looked at again, cut-off %v has other subjects: the label %q does not answer from what it is handed alone", report.Cutoff, w.label.Name())
	}
	return test, outcomes, nil
}

// addRows takes the rows of a cut-off in, with what became of them.
func (w *backtestWalk[K]) addRows(test *Dataset[K], outcomes []outcomeOf, probabilities []float64) error {
	values := make([]float64, test.Rows())
	switch {
	case w.opts.Values != nil:
		for i, id := range test.Table.IDs {
			values[i] = float64(w.opts.Values(id.Customer, id.Cutoff))
		}
	case w.opts.Economics != nil:
		var err error
		if values, _, err = alertValues(test, nil); err != nil {
			return err
		}
	}
	for i, id := range test.Table.IDs {
		customer, _ := slices.BinarySearchFunc(w.log.customers, id.Customer, w.log.compare)
		w.rows = append(w.rows, judgedRow{
			customer: int32(customer), cutoff: id.Cutoff, positive: outcomes[i].positive, early: outcomes[i].early,
			probability: probabilities[i], value: values[i], lead: -1,
		})
	}
	return nil
}

// alert makes all lists of the judged rows from an index on, which are those of test.
func (w *backtestWalk[K]) alert(test *Dataset[K], from int) error {
	rows := w.rows[from:]
	capacity := max(1, int(math.Round(w.opts.Share*float64(len(rows)))))
	ones, scores := make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		ones[i], scores[i] = 1, r.probability
	}
	opts := AlertOptions[K]{Capacity: capacity, Days: w.opts.Days, Exclude: w.opts.Exclude}
	model, values := opts, ones
	if w.opts.Economics != nil {
		model.Economics = *w.opts.Economics
		values = make([]float64, len(rows))
		for i, r := range rows {
			values[i] = r.value
		}
	}
	alerts, err := w.list(listModel).add(test, scores, values, &model)
	if err != nil {
		return err
	}
	silence, ok := test.Table.Column(silenceColumn)
	if !ok || silence.Kind != table.Number {
		return nil
	}
	for i, days := range silence.Num {
		scores[i] = silenceScore(days)
	}
	silent := opts
	if silent.Capacity = alerts; alerts == 0 { // which would be no limit
		silent.Exclude = func(K) bool { return true }
	}
	if _, err := w.list(listSilence).add(test, scores, ones, &silent); err != nil {
		return err
	}
	for i, days := range silence.Num {
		scores[i] = 0
		if days >= float64(w.opts.Silence) {
			scores[i] = 1
		}
	}
	opts.Capacity = 0
	_, err = w.list(silentFor(w.opts.Silence)).add(test, scores, ones, &opts)
	return err
}

// silenceScore ranks by silence, from 0 to 1: 0, never called, is a customer without a purchase.
func silenceScore(days float64) float64 {
	if math.IsNaN(days) {
		return 0
	}
	return (days + 1) / (days + 2)
}

// list returns the list with the name, a new one where it is not there yet.
func (w *backtestWalk[K]) list(name string) *backtestList[K] {
	for _, l := range w.lists {
		if l.name == name {
			return l
		}
	}
	w.lists = append(w.lists, &backtestList[K]{name: name})
	return w.lists[len(w.lists)-1]
}

// add makes the list of a cut-off and returns the number of its alerts.
func (b *backtestList[K]) add(test *Dataset[K], scores, values []float64, opts *AlertOptions[K]) (int, error) {
	made := *opts
	made.Previous = b.standing
	list, pool, err := makeAlerts(test, scores, values, &made)
	if err != nil {
		return 0, err
	}
	from := len(b.alerted)
	b.alerted = append(b.alerted, make([]bool, test.Rows())...)
	b.warned = append(b.warned, make([]bool, test.Rows())...)
	for _, a := range list.Alerts {
		b.alerted[from+a.Row], b.warned[from+a.Row] = true, true
	}
	for _, row := range pool.standing {
		b.warned[from+row] = true
	}
	b.standing = slices.DeleteFunc(b.standing, func(a Alert[K]) bool { return a.Expires <= list.Cutoff })
	b.standing = append(b.standing, list.Alerts...)
	return len(list.Alerts), nil
}
