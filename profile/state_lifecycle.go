package profile

import (
	"slices"
	"sort"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// onDay is how many events there were on a local day.
type onDay struct {
	day    civil.Day
	events int64
}

// lifecycle keeps the days of the first and the last event, or all days where retention
// makes another day the first.
type lifecycle struct {
	a      *aggregation
	days   []onDay // ascending; without retention the first and the last, which holds the rest
	stages []Stage
}

var defaultStages = DefaultStages()

func freshLifecycle(a *aggregation) state {
	s := &lifecycle{a: a, stages: a.Stages}
	if s.stages == nil {
		s.stages = defaultStages
	}
	return s
}

func (s *lifecycle) add(o *occurrence) { s.put(onDay{o.day, 1}) }

func (s *lifecycle) merge(t state) {
	for _, d := range t.(*lifecycle).days {
		s.put(d)
	}
}

func (s *lifecycle) reset() { s.days = emptied(s.days) }

func (s *lifecycle) put(d onDay) {
	n := len(s.days)
	if s.a.retention > 0 {
		if n > 0 && !s.a.counts(d.day, s.days[n-1].day) {
			return
		}
		s.days = putDay(s.days, d)
		s.days = s.kept(s.days[len(s.days)-1].day)
		return
	}
	if n == 2 && d.day > s.days[0].day && d.day < s.days[1].day {
		s.days[1].events += d.events
		return
	}
	s.days = putDay(s.days, d)
	if len(s.days) > 2 {
		s.days[2].events += s.days[1].events
		s.days = slices.Delete(s.days, 1, 2)
	}
}

// putDays adds days to ascending ones.
func putDays(days, more []onDay) []onDay {
	for _, d := range more {
		days = putDay(days, d)
	}
	return days
}

// putDay adds to ascending days.
func putDay(days []onDay, d onDay) []onDay {
	n := len(days)
	if n == 0 || days[n-1].day < d.day {
		return append(days, d)
	}
	i := sort.Search(n, func(i int) bool { return days[i].day >= d.day })
	if days[i].day == d.day {
		days[i].events += d.events
		return days
	}
	days = append(days, d)
	copy(days[i+1:], days[i:])
	days[i] = d
	return days
}

// counts tells whether events of a day count on another, not earlier.
func (a *aggregation) counts(day, at civil.Day) bool {
	return a.retention == 0 || int(at)-int(day) < a.retention
}

// kept returns the days that count on a day.
func (s *lifecycle) kept(at civil.Day) []onDay {
	days := s.days
	for len(days) > 0 && !s.a.counts(days[0].day, at) {
		days = days[1:]
	}
	return days
}

// stage returns the index of the stage on a day, -1 for none.
func (s *lifecycle) stage(at civil.Day) int {
	days := s.kept(at)
	if len(days) == 0 {
		return -1
	}
	first, last := int(at)-int(days[0].day), int(at)-int(days[len(days)-1].day)
	return slices.IndexFunc(s.stages, func(g Stage) bool {
		return (g.First == 0 || first < g.First) && (g.Last == 0 || last < g.Last)
	})
}

func (s *lifecycle) result(at asOf) result {
	var r result
	for _, d := range s.kept(at.day) {
		r.events += d.events
	}
	if i := s.stage(at.day); i >= 0 {
		r.value = customer.TextValue(s.stages[i].Name)
	}
	return r
}

func (s *lifecycle) next(at asOf) int64 {
	stage, day := s.stage(at.day), at.day
	for range lookAhead {
		next := s.change(day)
		if next == day {
			return never
		}
		if day = next; s.stage(day) != stage {
			break
		}
	}
	return midnight(day, s.a.loc)
}

// lookAhead bounds how many changes that change no value a state looks past for the next
// one that does.
const lookAhead = 32

// change returns the first day after at on which a stage or the retention ends, or at.
func (s *lifecycle) change(at civil.Day) civil.Day {
	days := s.kept(at)
	if len(days) == 0 {
		return at
	}
	next := at
	ends := func(day civil.Day, window int) {
		if end := day + civil.Day(window); window > 0 && end > at && (next == at || end < next) {
			next = end
		}
	}
	first, last := days[0].day, days[len(days)-1].day
	for _, g := range s.stages {
		ends(first, g.First)
		ends(last, g.Last)
	}
	ends(first, s.a.retention)
	return next
}

// Between these lie the days that times in years 1 to 9999 can fall in.
var (
	firstDay = civil.Date(0, time.December, 30)
	lastDay  = civil.Date(10000, time.January, 2)
)

// midnight returns when a day begins, or never if no profile is as of it.
func midnight(day civil.Day, loc *time.Location) int64 {
	if day > lastDay {
		return never
	}
	return within(day.Start(loc).UnixMicro())
}

func (s *lifecycle) encode(w *wire.Writer) { writeDays(w, s.days) }

func (s *lifecycle) decode(r *wire.Reader) {
	days := readDays(r)
	if s.a.retention == 0 && len(days) > 2 {
		fault(r)
		return
	}
	s.days = days
	if n := len(days); n > 0 {
		s.days = s.kept(days[n-1].day)
	}
}

// writeDays writes ascending days as the first and the steps between.
func writeDays(w *wire.Writer, days []onDay) {
	w.List(2 * len(days))
	var before civil.Day
	for _, d := range days {
		w.Int(int64(d.day - before))
		w.Uint(uint64(d.events))
		before = d.day
	}
}

// readDays reads what writeDays wrote.
func readDays(r *wire.Reader) []onDay {
	n := r.List()
	if n%2 != 0 {
		fault(r)
		return nil
	}
	days := make([]onDay, 0, n/2)
	var day int64
	for i := range n / 2 {
		step, events := r.Int(), r.Uint()
		day += step
		if i > 0 && step <= 0 || day < int64(firstDay) || day > int64(lastDay) || events == 0 || events > 1<<53 {
			fault(r)
			return nil
		}
		days = append(days, onDay{civil.Day(day), int64(events)})
	}
	return days
}
