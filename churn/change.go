package churn

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/table"
)

// Change is something in a customer's history that, had it been otherwise, would have brought
// the probability to a bound. A plain value: safe for concurrent reads.
type Change struct {
	// Kind is that of the events: [Purchase], [Contact] or [Refund].
	Kind string `json:"kind"`
	// Events is the number of events that would be there in addition, or, negative, of
	// the latest ones that would not.
	Events int `json:"events"`
	// Before and After are the probability as it is and as it would have been.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Text   Text    `json:"text"` // the same in words
}

// Sizes of changes.
const (
	changePurchases = 5 // most purchases in addition
	changeRhythm    = 7 // days between them for who has no gap of their own
)

// Changes returns what would have to be otherwise in what was known of a customer at a cut-off
// to bring the probability to at most bound:
//
//   - purchases in addition: one on the last day that is seen, further ones before it
//     in the customer's median gap (of who has none, a week) as far as the silence goes, at
//     most 5 in all, each worth the customer's median purchase, at the hour and with the channel
//     and category of the last one;
//   - the latest service contacts, or refunds, had there been none.
//
// Of each kind it is the least number that reaches the bound; a kind that does not reach
// it is left out. Fewer events come first, then what leads to the lower probability. Nothing comes
// back where the probability is at most bound as it is.
//
// All features, those of the caller too, are computed anew from the history with
// the change, so that they agree with each other: no count of 90 days is below that of 30. What
// comes back is a statement about the model, not a promise: a customer who is talked into a
// purchase is not one who came unasked, and a contact may have been the sign of a trouble
// and not the trouble.
//
// own gives the code of the caller's own features as for [SnapshotAt]. Errors wrap [ErrOptions]
// (a bound outside 0 to 1), [ErrSchema], [ErrCutoff], or [ErrNoRows] for a customer of whom
// nothing is known in the window. Cost: that of features for each number of events that is tried.
func Changes[K comparable](m *Model, l *Log[K], who Subject[K], own []Own[K], bound float64) ([]Change, error) {
	if !(bound >= 0 && bound <= 1) {
		return nil, fmt.Errorf("%w: bound is not a probability", ErrOptions)
	}
	w, err := newWhatIf(m, l, who, own)
	if err != nil {
		return nil, err
	}
	before, err := w.probability(&w.past)
	if err != nil || before <= bound {
		return nil, err
	}
	var changes []Change
	for _, kind := range []struct {
		name string
		edit func(n int) (History, bool)
	}{
		{Purchase, w.withPurchases},
		{Contact, func(n int) (History, bool) { return w.without(Contact, n) }},
		{Refund, func(n int) (History, bool) { return w.without(Refund, n) }},
	} {
		for n := 1; ; n++ {
			h, ok := kind.edit(n)
			if !ok {
				break
			}
			after, err := w.probability(&h)
			if err != nil {
				return nil, err
			}
			if after > bound {
				continue
			}
			change := Change{Kind: kind.name, Events: n, Before: before, After: after}
			if kind.name != Purchase {
				change.Events = -n
			}
			change.Text = change.text()
			changes = append(changes, change)
			break
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(max(a.Events, -a.Events), max(b.Events, -b.Events)), cmp.Compare(a.After, b.After))
	})
	return changes, nil
}

// whatIf computes probabilities of one customer's histories.
type whatIf[K comparable] struct {
	model    *Model
	log      *Log[K]
	customer K
	own      []Own[K]
	past     History
	x        *extractor
	columns  []table.Column // one row
	row      []float64
}

func newWhatIf[K comparable](m *Model, l *Log[K], who Subject[K], own []Own[K]) (*whatIf[K], error) {
	ordered, err := ownOf(&m.schema, own)
	if err != nil {
		return nil, err
	}
	if who.Cutoff <= l.since || who.Cutoff > l.until {
		return nil, fmt.Errorf("%w: it is %v, observed is from %v to before %v", ErrCutoff, who.Cutoff, l.since, l.until)
	}
	w := &whatIf[K]{
		model: m, log: l, customer: who.Customer, own: ordered, row: make([]float64, len(m.columns)),
		x: newExtractor(&m.schema, &l.events, l.starts, l.since, l.location),
	}
	at, found := slices.BinarySearchFunc(l.customers, who.Customer, l.compare)
	if !found {
		return nil, fmt.Errorf("%w: the customer is not in the log", ErrNoRows)
	}
	past, _ := l.view().past(at, who.Cutoff, m.plan.Window)
	if past.Len() == 0 {
		return nil, fmt.Errorf("%w: the customer has no event in the window", ErrNoRows)
	}
	w.past = *past
	for i := range m.columns {
		c := table.Column{Name: m.columns[i].Name, Kind: m.columns[i].kind(), Levels: m.columns[i].Levels}
		if c.Kind == table.Number {
			c.Num = make([]float64, 1)
		} else {
			c.Code = make([]int32, 1)
		}
		w.columns = append(w.columns, c)
	}
	return w, nil
}

// probability returns that of a history.
func (w *whatIf[K]) probability(h *History) (float64, error) {
	w.x.read(h)
	w.x.write(w.columns, 0)
	for i, own := range w.own {
		value := own.Feature.Extract(w.customer, h)
		if math.IsInf(value, 0) {
			return 0, fmt.Errorf("%w: own feature %q is infinite", ErrOptions, own.Name)
		}
		w.columns[len(w.columns)-len(w.own)+i].Num[0] = value
	}
	rows, err := w.model.bind(w.columns)
	if err != nil {
		return 0, err
	}
	rows.Read(w.row, 0)
	return w.model.PredictRow(w.row), nil
}

// copied returns the history with events of its own, which may be changed.
func (w *whatIf[K]) copied() History {
	h, e := w.past, &w.past.events
	h.unix, h.day, h.kind, h.amount = slices.Clone(e.unix), slices.Clone(e.day), slices.Clone(e.kind), slices.Clone(e.amount)
	h.channel, h.category, h.arrived = slices.Clone(e.channel), slices.Clone(e.category), slices.Clone(e.arrived)
	h.days = nil
	return h
}

// without returns the history less the n latest events of a kind, if there are so many.
func (w *whatIf[K]) without(kind string, n int) (History, bool) {
	h := w.copied()
	for i := len(h.unix) - 1; i >= 0 && n > 0; i-- {
		if h.kinds[h.kind[i]] != kind {
			continue
		}
		h.unix, h.day, h.kind = slices.Delete(h.unix, i, i+1), slices.Delete(h.day, i, i+1), slices.Delete(h.kind, i, i+1)
		h.amount, h.channel = slices.Delete(h.amount, i, i+1), slices.Delete(h.channel, i, i+1)
		h.category = slices.Delete(h.category, i, i+1)
		if h.arrived != nil {
			h.arrived = slices.Delete(h.arrived, i, i+1)
		}
		n--
	}
	return h, n == 0
}

// withPurchases returns the history with n purchases more, if the silence has room for them.
func (w *whatIf[K]) withPurchases(n int) (History, bool) {
	h := w.copied()
	last, amounts := -1, []int64(nil)
	for i := range h.kind {
		if h.kinds[h.kind[i]] == Purchase {
			last, amounts = i, append(amounts, h.amount[i])
		}
	}
	days := h.Days(Purchase)
	gap := Day(changeRhythm)
	if len(days) > 1 {
		gaps := make([]Day, len(days)-1)
		for i := range gaps {
			gaps[i] = days[i+1] - days[i]
		}
		slices.Sort(gaps)
		gap = gaps[(len(gaps)-1)/2]
	}
	first := h.cutoff - 1 - Day(n-1)*gap
	if last < 0 || n > changePurchases || first <= Day(h.day[last]) {
		return h, false
	}
	slices.Sort(amounts)
	amount := amounts[(len(amounts)-1)/2]
	ofDay := h.unix[last] - w.start(Day(h.day[last]))
	kind, channel, category := h.kind[last], h.channel[last], h.category[last]
	for day := first; day < h.cutoff; day += gap {
		unix := min(w.start(day)+ofDay, w.start(day+1)-1)
		i, _ := slices.BinarySearch(h.unix, unix+1)
		h.unix, h.day = slices.Insert(h.unix, i, unix), slices.Insert(h.day, i, civil.Day(day))
		h.kind, h.amount = slices.Insert(h.kind, i, kind), slices.Insert(h.amount, i, amount)
		h.channel, h.category = slices.Insert(h.channel, i, channel), slices.Insert(h.category, i, category)
		if h.arrived != nil {
			h.arrived = slices.Insert(h.arrived, i, unix)
		}
	}
	return h, true
}

// start returns the first instant of a day of the log.
func (w *whatIf[K]) start(day Day) int64 { return w.log.starts[day-w.log.since] }

var (
	textPurchase = Text{
		"With one purchase more, on the last day, the probability would be {after} and not {before}",
		"若最后一天再购买1次，概率将由{before}降至{after}",
	}
	textPurchases = Text{
		"With {n} purchases more, in the usual rhythm up to the last day, the probability would be {after} and not {before}",
		"若按平时节奏再购买{n}次，概率将由{before}降至{after}",
	}
	textWithoutOne = Text{
		"Without the last {event} the probability would be {after} and not {before}",
		"若没有最近1次{event}，概率将由{before}降至{after}",
	}
	textWithout = Text{
		"Without the last {n} {events} the probability would be {after} and not {before}",
		"若没有最近{n}次{event}，概率将由{before}降至{after}",
	}
)

func (c *Change) text() Text {
	n := max(c.Events, -c.Events)
	t := textPurchases
	switch {
	case c.Events == 1:
		t = textPurchase
	case c.Events == -1:
		t = textWithoutOne
	case c.Events < 0:
		t = textWithout
	}
	kind := kindTexts[c.Kind]
	replace := func(text, event string) string {
		return strings.NewReplacer("{n}", strconv.Itoa(n), "{event}", event, "{events}", kind.many,
			"{before}", writeShare(c.Before), "{after}", writeShare(c.After)).Replace(text)
	}
	return Text{replace(t.EN, kind.one), replace(t.ZH, kind.chinese)}
}
