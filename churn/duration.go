package churn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/learn/survival"
)

// Spans are rows of features with how long it took until a label came true: what answers
// when, where a [Dataset] answers whether. Its fields are not to be written to. Safe for
// concurrent reads.
type Spans[K comparable] struct {
	// Rows has a row for each customer and cut-off, with features as in [Snapshots]. Its Labels are
	// nil: those that came true are Data.Event, and the others are not known to stay as they are.
	Rows *Dataset[K]
	// Data has the days from the cut-off to the end of each row: 1 is the day of the cut-off, the first that
	// is not seen. An Event came true on that day; the others had not come true by the end of it.
	Data *survival.Data
	// Cluster numbers the customers of the rows, from 0: rows of one customer depend on each other,
	// and this as survival.Options.Cluster makes standard errors that know it.
	Cluster []int
}

// Durations looks at every customer at every cut-off of a plan, as [Snapshots] does, and measures how many
// days it took until a label came true. It came true on day n if n is the least horizon with which its
// outcome is OutcomeYes, so that for each horizon the events up to it are the labels of Snapshots with
// [NoGap]. That day is always one on which it was known:
//
//   - of [Happens], the day of the first event: the time to the next purchase;
//   - of [Silence], [OwnGap] and [LowAlive], the day on which the silence has become too long, not the one
//     on which it began, which nobody could tell then;
//   - of [ContractEnd], Renewal days after the day of the end: the last on which it could have been renewed.
//
// A label of the caller must keep to it that what has come true within a horizon has done so within every
// longer one. [Absent] does not, and is an error that wraps [ErrOptions]: ask for Happens, whose curve of
// survival is the probability of absence.
//
// A silence cannot be too long before its days have passed, which no model of straight lines follows. To
// forecast it, ask for the next purchase: survival.Forecast.Survival of the days that the silence still
// needs is the probability that it gets there.
//
// Rows are watched for Plan.Horizon days, and for less where the log ends before: they are then censored
// at [Log.Until], so that cut-offs need no whole horizon. Plan.Last is by default the latest cut-off
// before Until that is whole steps from the last one with a whole horizon; Report.Incomplete is 0.
// Plan.Gap must be [NoGap]: to ask about days after a gap, ask the forecast, by
// survival.Forecast.Within(gap, days).
//
// All cut-offs of a customer together are the stacked landmarks of van Houwelingen (2007,
// doi:10.1111/j.1467-9469.2006.00529.x): the clock starts at the cut-off, and how long somebody has been
// silent there is a feature. Plan.Step below Horizon makes spans overlap, which costs nothing but
// correlated rows: see Cluster.
//
// Other errors, the order of rows and what they see are those of Snapshots. Report.Cutoffs[].Positive is
// the number of events. Cost: that of Snapshots, and log(Horizon) outcomes for each event.
func Durations[K comparable](ctx context.Context, l *Log[K], plan *Plan, label Label, features *Features[K]) (*Spans[K], error) {
	if features == nil {
		features = &Features[K]{}
	}
	err := checkSnapshots(plan, label, features)
	if plan != nil && plan.Gap > 0 {
		err = errors.Join(err, fmt.Errorf("%w: Plan.Gap must be NoGap where days are counted from the cut-off", ErrOptions))
	}
	if absence(label) {
		err = errors.Join(err, fmt.Errorf("%w: absence comes true on no day: ask when it Happens", ErrOptions))
	}
	if err != nil {
		return nil, err
	}
	if len(l.customers) == 0 {
		return nil, fmt.Errorf("%w: the log has no events", ErrNoRows)
	}
	cutoffs, err := plan.spanCutoffs(l.since, l.until)
	if err != nil {
		return nil, err
	}
	s, err := bindFeatures(ctx, features, l, plan.Window, cutoffs[0])
	if err != nil {
		return nil, err
	}
	return (&spans[K]{snapshots: snapshots[K]{
		log: l, plan: plan, label: label, cutoffs: cutoffs, ahead: true, schema: s, own: features.Own,
		workers: features.Workers, progress: features.Progress,
	}}).run(ctx)
}

// absence reports whether a label is that nothing happens.
func absence(l Label) bool {
	if among, ok := l.(Among); ok {
		return absence(among.Label)
	}
	_, is := l.(Absent)
	return is
}

// spanCutoffs returns the cut-offs of a valid plan that have at least a day to look at, ascending.
func (p *Plan) spanCutoffs(since, until Day) ([]Day, error) {
	q := *p
	q.Step, q.Horizon = p.step(), 1
	if q.First == 0 && p.Window == 0 {
		q.First = since + Day(p.Horizon)
		if q.First >= until {
			return nil, fmt.Errorf("%w: a horizon of %d days before the first cut-off does not fit between %v and %v", ErrNoRows, p.Horizon, since, until)
		}
	}
	if q.Last == 0 {
		q.Last = until - 1 - Day((p.Horizon-1)%q.Step)
		if q.Last < max(q.First, since) {
			return nil, fmt.Errorf("%w: steps of %d days leave no cut-off between %v and %v", ErrNoRows, q.Step, max(q.First, since), until)
		}
	}
	days, _, err := q.cutoffs(since, until)
	return days, err
}

// spans makes rows and how long they last.
type spans[K comparable] struct {
	snapshots[K]
	exits [][]int32 // of the rows of each part
}

func (r *spans[K]) run(ctx context.Context) (*Spans[K], error) {
	r.parts = (len(r.log.customers) + snapshotPart - 1) / snapshotPart
	rows, report, err := r.chooseSpans(ctx)
	if err != nil {
		return nil, err
	}
	d, err := r.build(ctx, rows, report)
	if err != nil {
		return nil, err
	}
	s := &Spans[K]{Rows: d, Data: &survival.Data{Event: d.Labels, Exit: make([]float64, 0, d.Rows())}}
	d.Labels = nil
	for _, part := range r.exits {
		for _, days := range part {
			s.Data.Exit = append(s.Data.Exit, float64(days))
		}
	}
	s.number()
	return s, nil
}

// number sets Cluster.
func (s *Spans[K]) number() {
	groups, _ := customerGroups(s.Rows)
	s.Cluster = make([]int, len(groups))
	for row, g := range groups {
		s.Cluster[row] = int(g)
	}
}

// chooseSpans asks the label about all customers, and when it came true.
func (r *spans[K]) chooseSpans(ctx context.Context) ([][]snapshotRow, SnapshotReport, error) {
	// At each cut-off the horizon ends with the log.
	at := make([]*snapshots[K], len(r.cutoffs))
	for i, cutoff := range r.cutoffs {
		plan := *r.plan
		plan.Horizon = min(plan.Horizon, int(r.log.until-cutoff))
		at[i] = &snapshots[K]{plan: &plan, label: r.label, ahead: true}
	}
	r.exits = make([][]int32, r.parts)
	return r.choose(ctx, func(i int) *snapshots[K] { return at[i] }, func(v *view, part, customer, i int, yes bool) {
		exit := at[i].plan.Horizon
		if yes {
			exit = r.when(v, customer, exit)
		}
		r.exits[part] = append(r.exits[part], int32(exit))
	})
}

// when returns the least horizon in which the label comes true of the customer whom the view shows, which
// it does in most days.
func (r *spans[K]) when(v *view, customer, most int) int {
	least := 1
	for least < most {
		days := (least + most) / 2
		if r.label.Outcome(&v.history, v.upTo(customer, days)) == OutcomeYes {
			most = days
		} else {
			least = days + 1
		}
	}
	return least
}

// upTo returns what came in the days from the cut-off that the view shows of a customer.
func (v *view) upTo(customer, days int) *Future {
	v.future.end = v.future.start + Day(days)
	v.future.cut(v.all, v.cut, v.search(v.cut, v.first[customer+1], v.future.end))
	return &v.future
}

// Split divides rows at a day, as one who stood there would have to: earlier has the rows with cut-offs
// before it, watched up to it and no longer, later those with cut-offs from it on. Rows of one customer
// can be in both. A day that leaves one of them without rows is an error that wraps [ErrNoRows]. Cost:
// that of [Dataset.Take].
func (s *Spans[K]) Split(day Day) (earlier, later *Spans[K], err error) {
	var rows [2][]int
	for i, id := range s.Rows.Table.IDs {
		side := 0
		if id.Cutoff >= day {
			side = 1
		}
		rows[side] = append(rows[side], i)
	}
	for side, name := range []string{"before", "from"} {
		if len(rows[side]) == 0 {
			return nil, nil, fmt.Errorf("%w: no cut-off is %s %v", ErrNoRows, name, day)
		}
	}
	return s.take(rows[0], day), s.take(rows[1], math.MaxInt32), nil
}

// take returns the spans of rows, watched up to a day.
func (s *Spans[K]) take(rows []int, until Day) *Spans[K] {
	t := &Spans[K]{Rows: s.Rows.Take(rows), Data: &survival.Data{}}
	at := make(map[Day]int, len(t.Rows.Report.Cutoffs))
	for i, c := range t.Rows.Report.Cutoffs {
		at[c.Cutoff] = i
	}
	for i, row := range rows {
		exit, event, cutoff := s.Data.Exit[row], s.Data.Event[row], t.Rows.Table.IDs[i].Cutoff
		if most := float64(until) - float64(cutoff); exit > most {
			exit, event = most, false
		}
		t.Data.Exit, t.Data.Event = append(t.Data.Exit, exit), append(t.Data.Event, event)
		if event {
			t.Rows.Report.Cutoffs[at[cutoff]].Positive++
		}
	}
	t.number()
	return t
}
