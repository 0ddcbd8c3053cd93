package profile

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/sketch"
	"github.com/clientele-go/clientele/internal/wire"
)

// pair keeps when events began and ended something, by what they are paired by.
type pair struct {
	a *aggregation
	// halves ascend, each once, up to settled. Without retention only what can still matter
	// is kept: of a name the first beginning, and the ends up to the first at or after it.
	halves  []half
	settled int
	latest  civil.Day // of all that came, where there is retention
}

// A half is a beginning or an end. Of one instant the beginning is the lesser.
type half struct {
	name string
	time int64
	ends bool
}

func compareHalves(x, y half) int {
	if c := cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(x.time, y.time)); c != 0 || x.ends == y.ends {
		return c
	}
	if y.ends {
		return -1
	}
	return 1
}

func freshPair(a *aggregation) state { return &pair{a: a, latest: firstDay} }

func (s *pair) add(o *occurrence) {
	if o.by.IsUnset() {
		return
	}
	s.halves = append(s.halves, half{pairName(o.by), o.time, o.ends})
	s.came(o.day)
}

func (s *pair) merge(t state) {
	f := t.(*pair)
	s.halves = append(s.halves, f.halves...)
	s.came(f.latest)
}

func (s *pair) reset() { *s = pair{a: s.a, halves: emptied(s.halves), latest: firstDay} }

func (s *pair) came(day civil.Day) {
	if s.a.retention > 0 {
		s.latest = max(s.latest, day)
	}
	if len(s.halves) > 2*s.settled+64 {
		s.settle()
	}
}

// pairName tells values of one kind apart.
func pairName(v customer.Value) string {
	if v.Kind() != customer.KindLabels {
		return likeText(v)
	}
	var b strings.Builder
	for label := range v.Labels() {
		b.WriteString(strconv.Itoa(len(label)) + ":" + label)
	}
	return b.String()
}

// since is the time from which events count on a day.
func (s *pair) since(at civil.Day) int64 {
	if s.a.retention == 0 {
		return -never
	}
	return (at - civil.Day(s.a.retention) + 1).Start(s.a.loc).UnixMicro()
}

// settle brings halves into the form that is a function of the events alone.
func (s *pair) settle() {
	if s.settled == len(s.halves) {
		return
	}
	slices.SortFunc(s.halves, compareHalves)
	since := s.since(s.latest)
	kept, begun, ended := s.halves[:0], false, false
	for i, h := range s.halves {
		switch {
		case i == 0 || h.name != s.halves[i-1].name:
			begun, ended = false, false
		case h == s.halves[i-1]:
			continue
		}
		if h.time < since {
			continue
		}
		if s.a.retention == 0 {
			if ended || begun && !h.ends {
				continue
			}
			ended = begun && h.ends
			begun = begun || !h.ends
		}
		kept = append(kept, h)
	}
	clear(s.halves[len(kept):])
	s.halves = kept
	s.settled = len(kept)
}

// opens is the first instant of the window.
func (s *pair) opens(at asOf) int64 {
	switch w := s.a.Window; {
	case w.Days > 0:
		return (at.day - civil.Day(w.Days) + 1).Start(s.a.loc).UnixMicro()
	case w.Hours > 0:
		return at.micros - int64(w.Hours)*time.Hour.Microseconds() + 1
	}
	return -never
}

// spans returns how many have begun in the window, how long those lasted that have ended, in
// microseconds, when the first of them began, and when the first of all did.
func (s *pair) spans(at asOf) (begun int64, spans []int64, first, firstOfAll int64) {
	s.settle()
	since, opens := s.since(at.day), s.opens(at)
	first, firstOfAll = never, never
	for i := 0; i < len(s.halves); {
		began, ended := never, never
		for name := s.halves[i].name; i < len(s.halves) && s.halves[i].name == name; i++ {
			switch h := s.halves[i]; {
			case h.time < since || ended != never:
			case h.ends && began != never:
				ended = h.time
			case !h.ends && began == never:
				began = h.time
			}
		}
		firstOfAll = min(firstOfAll, began)
		if began == never || began < opens {
			continue
		}
		begun++
		first = min(first, began)
		if ended != never {
			spans = append(spans, ended-began)
		}
	}
	return begun, spans, first, firstOfAll
}

func (s *pair) result(at asOf) result {
	begun, spans, _, _ := s.spans(at)
	r := result{events: begun}
	switch n := len(spans); {
	case s.a.Of == Count:
		r.value = customer.Int64Value(int64(n))
	case s.a.Of == Share && begun > 0:
		r.value = customer.Float64Value(float64(n) / float64(begun))
	case s.a.Of == Share || n == 0:
	case s.a.Of == Average:
		r.value = customer.Float64Value(seconds(spans...))
	case s.a.Of == Min:
		r.value = customer.Float64Value(seconds(slices.Min(spans)))
	case s.a.Of == Max:
		r.value = customer.Float64Value(seconds(slices.Max(spans)))
	case s.a.Of == Quantile:
		slices.Sort(spans)
		r.value = customer.Float64Value(seconds(spans[rankOf(s.a.Quantile, n)]))
	}
	return r
}

// seconds is the mean of spans of microseconds, in seconds.
func seconds(spans ...int64) float64 {
	var sum wide
	for _, n := range spans {
		sum.add(wideInt(n))
	}
	return mean(sum, int64(len(spans)), 6)
}

func (s *pair) next(at asOf) int64 {
	_, _, first, firstOfAll := s.spans(at)
	next := never
	ends := func(began int64, of span) {
		if began != never && of != (span{}) {
			next = min(next, of.ends(began, civil.DayOf(time.UnixMicro(began), s.a.loc), s.a.loc))
		}
	}
	ends(first, span{s.a.Window.Days, int64(s.a.Window.Hours) * time.Hour.Microseconds()})
	ends(firstOfAll, span{days: s.a.retention}) // then what was begun again may begin
	return next
}

// rankOf is the index of a quantile among n ascending values: see sketch.Rank.
func rankOf(q float64, n int) int { return int(sketch.Rank(q, uint64(n))) - 1 }

func (s *pair) encode(w *wire.Writer) {
	s.settle()
	names := 0
	for i, h := range s.halves {
		if i == 0 || h.name != s.halves[i-1].name {
			names++
		}
	}
	w.List(2 * names)
	for from, to := 0, 0; from < len(s.halves); from = to {
		for to < len(s.halves) && s.halves[to].name == s.halves[from].name {
			to++
		}
		w.Text(s.halves[from].name)
		w.List(2 * (to - from))
		var before int64
		for _, h := range s.halves[from:to] {
			w.Int(h.time - before)
			w.Bool(h.ends)
			before = h.time
		}
	}
}

func (s *pair) decode(r *wire.Reader) {
	var halves []half
	n := r.List()
	for range n / 2 {
		name, m := r.Text(), r.List()
		before, at := len(halves), int64(0)
		for range m / 2 {
			at += r.Int()
			halves = append(halves, half{name, at, r.Bool()})
			if at > lastMicros || at < -lastMicros {
				fault(r)
				return
			}
		}
		if len(halves) == before || m%2 != 0 || before > 0 && name <= halves[before-1].name {
			fault(r)
			return
		}
	}
	if n%2 != 0 || !slices.IsSortedFunc(halves, compareHalves) {
		fault(r)
		return
	}
	s.halves = halves
	if s.a.retention > 0 {
		for _, h := range halves {
			s.latest = max(s.latest, civil.DayOf(time.UnixMicro(h.time), s.a.loc))
		}
	}
	s.settle()
}
