package churn

import (
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/learn/score"
)

// judge tells how good the lists of the judged rows [lo, hi) were.
func (w *backtestWalk[K]) judge(lo, hi int) BacktestSlice {
	rows := w.rows[lo:hi]
	s := BacktestSlice{Rows: len(rows)}
	var probabilities []float64
	var labels []bool
	var customers []int32
	for _, r := range rows {
		switch {
		case r.early:
			s.TooEarly++
			continue
		case r.positive:
			s.Positive++
		}
		probabilities, labels, customers = append(probabilities, r.probability), append(labels, r.positive), append(customers, r.customer)
		s.Probability += r.probability
	}
	s.AUC, s.Brier, s.LogLoss, s.ECE = noEstimate, noEstimate, noEstimate, noEstimate
	if len(labels) > 0 {
		s.Probability /= float64(len(labels))
		// Probabilities are numbers, or the lists could not have been made.
		if b, err := score.NewBinary(probabilities, labels, &score.BinaryOptions{Groups: customers}); err == nil {
			s.AUC, s.Brier, s.LogLoss, s.ECE = b.AUC(), b.Brier(), b.LogLoss(), b.ECE(nil)
		}
	}
	for _, l := range w.lists {
		s.Lists = append(s.Lists, w.quality(l, lo, hi))
	}
	nobody := &backtestList[K]{name: listNobody, alerted: make([]bool, hi), warned: make([]bool, hi)}
	s.Lists = append(s.Lists, w.quality(nobody, lo, hi))
	return s
}

// quality tells how good a list of the judged rows [lo, hi) was.
func (w *backtestWalk[K]) quality(l *backtestList[K], lo, hi int) ListQuality {
	q := ListQuality{Name: l.name}
	var leads []float64
	n := len(w.log.customers)
	hit, recalled, right := newClusteredShare(n), newClusteredShare(n), newClusteredShare(n)
	positives := 0
	for i := lo; i < hi; i++ {
		r := w.rows[i]
		if l.alerted[i] {
			q.Alerts++
			switch {
			case r.positive:
				q.Hits++
				leads = append(leads, w.lead(i))
			case r.early:
				q.TooEarly++
			}
			if l.name == listModel && !r.early {
				q.Probability += r.probability
			}
			q.Earned += w.earned(r)
			hit.add(r.customer, r.positive)
		}
		if r.positive {
			positives++
			recalled.add(r.customer, l.warned[i])
		}
		right.add(r.customer, l.warned[i] == r.positive)
	}
	q.Precision, q.Recall, q.Accuracy = hit.estimate(), recalled.estimate(), right.estimate()
	q.Lift = liftOf(q.Precision, float64(positives)/float64(hi-lo))
	if judged := q.Alerts - q.TooEarly; judged > 0 {
		q.Probability /= float64(judged)
	}
	q.Lead = middle(leads)
	return q
}

// earned is what an alert would have earned, given what came true.
func (w *backtestWalk[K]) earned(r judgedRow) float64 {
	if w.opts.Economics == nil {
		return 0
	}
	switch {
	case r.early:
		return -float64(w.opts.Economics.Contact)
	case r.positive:
		return w.opts.Economics.Profit(1, r.value)
	}
	return w.opts.Economics.Profit(0, r.value)
}

// lead returns the days from the cut-off of a judged row that came true to the day on whose
// evening it had for good.
func (w *backtestWalk[K]) lead(i int) float64 {
	r := &w.rows[i]
	if r.lead < 0 {
		if w.view == nil {
			w.view = w.log.view()
		}
		past, future, _ := w.view.at(int(r.customer), r.cutoff, w.plan)
		real := future.events
		day := future.end - 1
		for day > future.start && w.certain(past, future, &real, day-1) {
			day--
		}
		r.lead = float64(day - r.cutoff)
	}
	return r.lead
}

// certain reports whether a label is true on the evening of a day for good: if from then to the
// end of the horizon nothing happens, and if one event a day does, of each kind in turn.
func (w *backtestWalk[K]) certain(past *History, future *Future, real *events, evening Day) bool {
	future.events.cut(real, 0, sort.Search(len(real.day), func(i int) bool { return Day(real.day[i]) > evening }))
	if w.label.Outcome(past, future) != OutcomeYes {
		return false
	}
	known := future.events
	for kind := range known.kinds {
		future.events = known
		for day := evening + 1; day < future.end; day++ {
			future.add(w.log.start(day), day, uint8(kind))
		}
		if w.label.Outcome(past, future) != OutcomeYes {
			return false
		}
	}
	return true
}

// add appends an event that did not happen, of so much money that no sum comes out as without it.
// What it appends to has no room to grow, so that no memory of others is written to.
func (f *Future) add(unix int64, day Day, kind uint8) {
	const muchMoney = 1_000_000_000
	f.unix, f.day = append(f.unix, unix), append(f.day, civil.Day(day))
	f.kind, f.amount = append(f.kind, kind), append(f.amount, muchMoney)
	f.channel, f.category = append(f.channel, -1), append(f.category, -1)
	if f.arrived != nil {
		f.arrived = append(f.arrived, unix)
	}
}

// middle returns the median, 0 of nothing.
func middle(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
