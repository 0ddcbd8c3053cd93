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

// affinity keeps how many events there were by value and day. They are weighed when it is
// asked: sums of weights that shrink every day would depend on the order of adding.
type affinity struct {
	a *aggregation
	// likes ascend by value and day, each pair once, up to settled. The empty value stands
	// for all events: an event may have several values, or none.
	likes   []onLike
	settled int
	// weighing is as of a day, if weighed: until something is added.
	weighing weighing
	weighed  bool
}

// onLike is how many events with a value there were on a day.
type onLike struct {
	value string
	onDay
}

func freshAffinity(a *aggregation) state { return &affinity{a: a} }

func (s *affinity) add(o *occurrence) {
	if o.value.IsUnset() {
		return
	}
	day := onDay{o.day, 1}
	s.likes = append(s.likes, onLike{"", day})
	if o.value.Kind() == customer.KindLabels {
		for label := range o.value.Labels() {
			s.likes = append(s.likes, onLike{label, day})
		}
	} else if text := likeText(o.value); text != "" {
		s.likes = append(s.likes, onLike{text, day})
	}
	if len(s.likes) > 2*s.settled+64 {
		s.settle()
	}
}

func (s *affinity) reset() {
	*s = affinity{a: s.a, likes: emptied(s.likes), weighing: weighing{values: emptied(s.weighing.values)}}
}

func (s *affinity) merge(t state) {
	s.likes = append(s.likes, t.(*affinity).likes...)
	if len(s.likes) > 2*s.settled+64 {
		s.settle()
	}
}

// settle brings likes into the form that is a function of the events alone.
func (s *affinity) settle() {
	if s.settled == len(s.likes) {
		return
	}
	slices.SortFunc(s.likes, func(x, y onLike) int {
		if x.value != y.value {
			return strings.Compare(x.value, y.value)
		}
		return int(x.day) - int(y.day)
	})
	kept := s.likes[:0]
	for _, l := range s.likes {
		if n := len(kept) - 1; n >= 0 && kept[n].value == l.value && kept[n].day == l.day {
			kept[n].events += l.events
		} else {
			kept = append(kept, l)
		}
	}
	clear(s.likes[len(kept):])
	s.likes = kept
	if s.a.retention > 0 {
		latest := s.latest()
		s.likes = slices.DeleteFunc(kept, func(l onLike) bool { return !s.a.counts(l.day, latest) })
	}
	s.settled, s.weighed = len(s.likes), false
}

// latest is the day of the last event.
func (s *affinity) latest() civil.Day {
	all := sort.Search(len(s.likes), func(i int) bool { return s.likes[i].value != "" })
	return s.likes[all-1].day
}

// likeText is the text that stands for a value that is not labels: of one kind each value
// has its own.
func likeText(v customer.Value) string {
	if text, ok := v.Text(); ok {
		return text
	}
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

func (s *affinity) encode(w *wire.Writer) {
	s.settle()
	values := 0
	for i, l := range s.likes {
		if i == 0 || l.value != s.likes[i-1].value {
			values++
		}
	}
	w.List(2 * values)
	for from, to := 0, 0; from < len(s.likes); from = to {
		var days []onDay
		for ; to < len(s.likes) && s.likes[to].value == s.likes[from].value; to++ {
			days = append(days, s.likes[to].onDay)
		}
		w.Text(s.likes[from].value)
		writeDays(w, days)
	}
}

func (s *affinity) decode(r *wire.Reader) {
	n := r.List()
	if n%2 != 0 {
		fault(r)
		return
	}
	for i := range n / 2 {
		value, days := r.Text(), readDays(r)
		// The empty value, of all events, comes first.
		if len(days) == 0 || (i == 0) != (value == "") || i > 0 && value <= s.likes[len(s.likes)-1].value {
			fault(r)
			s.likes = nil
			return
		}
		for _, d := range days {
			s.likes = append(s.likes, onLike{value, d})
		}
	}
	s.settle()
}
