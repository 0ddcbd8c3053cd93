package profile

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// affinity keeps how many events there were by day, and by value and day. They are weighed
// when it is asked: sums of weights that shrink every day would depend on the order of adding.
type affinity struct {
	a   *aggregation
	all []onDay // ascending; of all events: one may have several values, or none
	// likings ascend by value, each once, up to settled.
	likings []liking
	settled int
	// weighing is as of a day, if weighed: until something is added.
	weighing weighing
	weighed  bool
}

// A liking is how many events with a value there were by day, ascending.
type liking struct {
	value string
	days  []onDay
}

func freshAffinity(a *aggregation) state { return &affinity{a: a} }

func (s *affinity) add(o *occurrence) {
	if o.value.IsUnset() {
		return
	}
	days := [1]onDay{{o.day, 1}}
	s.all, s.weighed = putDays(s.all, days[:]), false
	if o.value.Kind() == customer.KindLabels {
		for label := range o.value.Labels() {
			s.put(label, days[:])
		}
	} else if text := likeText(o.value); text != "" {
		s.put(text, days[:])
	}
}

func (s *affinity) merge(t state) {
	from := t.(*affinity)
	s.all, s.weighed = putDays(s.all, from.all), false
	for i := range from.likings {
		s.put(from.likings[i].value, from.likings[i].days)
	}
}

func (s *affinity) put(value string, days []onDay) {
	n := len(s.likings)
	i := sort.Search(s.settled, func(i int) bool { return s.likings[i].value >= value })
	if i == s.settled || s.likings[i].value != value {
		l := liking{value: value}
		if n < cap(s.likings) { // room that reset has left
			l.days = s.likings[:n+1][n].days[:0]
		}
		if s.settled == n && n < few {
			s.settled++
		} else {
			i = n
		}
		s.likings = slices.Insert(s.likings, i, l)
	}
	s.likings[i].days = putDays(s.likings[i].days, days)
	if n > 2*s.settled+few {
		s.settle()
	}
}

func (s *affinity) reset() {
	likings := s.likings
	if cap(likings) > few {
		likings = nil
	}
	for i := range likings {
		likings[i] = liking{days: emptied(likings[i].days)}
	}
	*s = affinity{a: s.a, all: emptied(s.all), likings: likings[:0], weighing: weighing{values: emptied(s.weighing.values)}}
}

// settle brings all into the form that is a function of the events alone.
func (s *affinity) settle() {
	if s.settled < len(s.likings) {
		slices.SortFunc(s.likings, func(x, y liking) int { return strings.Compare(x.value, y.value) })
		kept := s.likings[:0]
		for _, l := range s.likings {
			if n := len(kept) - 1; n >= 0 && kept[n].value == l.value {
				kept[n].days = putDays(kept[n].days, l.days)
			} else {
				kept = append(kept, l)
			}
		}
		clear(s.likings[len(kept):])
		s.likings = kept
	}
	// Each day of a liking is among all.
	if len(s.all) > 0 && !s.a.counts(s.all[0].day, s.latest()) {
		latest := s.latest()
		gone := func(d onDay) bool { return !s.a.counts(d.day, latest) }
		s.all = slices.DeleteFunc(s.all, gone)
		for i := range s.likings {
			s.likings[i].days = slices.DeleteFunc(s.likings[i].days, gone)
		}
		s.likings = slices.DeleteFunc(s.likings, func(l liking) bool { return len(l.days) == 0 })
	}
	s.settled = len(s.likings)
}

// latest is the day of the last event.
func (s *affinity) latest() civil.Day { return s.all[len(s.all)-1].day }

// likeText is the text that stands for a value that is not labels: of one kind each value
// has its own.
func likeText(v customer.Value) string {
	if text, ok := v.Text(); ok {
		return text
	}
	return written(v)
}

// written is likeText of a value that is no text.
func written(v customer.Value) string {
	if b, ok := v.Bool(); ok {
		return strconv.FormatBool(b)
	}
	if n, ok := v.Int64(); ok {
		return strconv.FormatInt(n, 10)
	}
	if f, ok := v.Float64(); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	if t, ok := v.Time(); ok {
		return t.Format(time.RFC3339Nano)
	}
	coefficient, scale, _ := v.Decimal()
	sign, digits := "", strconv.FormatInt(coefficient, 10)
	if coefficient < 0 {
		sign, digits = "-", digits[1:]
	}
	if scale == 0 {
		return sign + digits
	}
	digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// encode writes the days of all events, as those of the empty value, which is none, then
// those of each value.
func (s *affinity) encode(w *wire.Writer) {
	s.settle()
	w.List(2 * (min(len(s.all), 1) + len(s.likings)))
	if len(s.all) > 0 {
		w.Text("")
		writeDays(w, s.all)
	}
	for i := range s.likings {
		w.Text(s.likings[i].value)
		writeDays(w, s.likings[i].days)
	}
}

func (s *affinity) decode(r *wire.Reader) {
	n := r.List()
	if n%2 != 0 {
		fault(r)
		return
	}
	before := ""
	for i := range n / 2 {
		value, days := r.Text(), readDays(r)
		if len(days) == 0 || (i == 0) != (value == "") || i > 0 && value <= before {
			fault(r)
			*s = affinity{a: s.a}
			return
		}
		if i == 0 {
			s.all = days
		} else {
			s.likings = append(s.likings, liking{value, days})
		}
		before = value
	}
	s.settled = len(s.likings)
	s.settle()
}
