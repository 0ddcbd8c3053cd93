package churn

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// LowAlive is the label that the probability of still being a customer falls below a bound:
// the first day at whose end it is below falls into the horizon. Who is below it at
// the cut-off has left and is no subject.
//
// Time is in days from the first event of the kinds that the history shows, divided by
// Unit. A day with several events counts as one, so that at the end of day d
//
//	x  = days with events - 1
//	tx = (last such day - first such day) / Unit
//	t  = (d - first such day) / Unit
//
// A plan with a Window hides what was before it, also from the model; Window 0 is what
// such models are fitted for. The probability must not rise with t. On a day with an event a
// customer is not gone, whatever the model says; a NaN is not below any bound. The
// parameters of the model are the caller's: to be honest they are fitted on what came
// before the first cut-off.
//
// A plain value: safe for concurrent reads, if the model is.
type LowAlive struct {
	Kinds []string   // nil: Purchase
	Model AliveModel // mandatory
	Unit  float64    // days in a unit of the model's time, above 0; 0: 7
	Below float64    // bound of the probability, above 0, at most 1; 0: 0.5
}

// AliveModel gives the probability that a customer has not left: x repeat purchases, the
// last of them tx after the first purchase, seen until t after the first. The models of
// purchases until death meet it, such as [synth.ParetoNBD]. Implementations are safe for
// concurrent use.
//
// [synth.ParetoNBD]: https://pkg.go.dev/github.com/clientele-go/clientele/synth#ParetoNBD
type AliveModel interface {
	// Alive returns that probability, 0 to 1.
	Alive(x int, tx, t float64) float64
}

// Name returns "P(alive) by purchase below 0.5", with Unit where it is not 7. The model has no
// part in it: labels with different models that are compared need [Among] around them, whose Who
// tells them apart.
func (a LowAlive) Name() string {
	a = a.orDefault()
	text := fmt.Sprintf("P(alive) by %s below %g", kindsText(a.Kinds), a.Below)
	if a.Unit != 7 {
		text += fmt.Sprintf(" (unit of %g days)", a.Unit)
	}
	return text
}

// rhythm is what a model knows of a customer: the first and the last day with an event,
// and the number of such days less one.
type rhythm struct {
	first, last Day
	repeats     int
}

// Subject reports whether the probability is not below the bound yet.
func (a LowAlive) Subject(past *History) bool {
	a = a.orDefault()
	r, ok := rhythmOf(past.Days(a.Kinds...))
	return ok && !a.gone(r, past.cutoff-1)
}

// Outcome tells where the first day falls at whose end the probability is below the bound. It
// is OutcomeTooEarly where that is so already before the cut-off, by events that arrived after it.
func (a LowAlive) Outcome(past *History, future *Future) Outcome {
	a = a.orDefault()
	r, _ := rhythmOf(future.truth(past).daysIn(&future.days, a.Kinds))
	if a.gone(r, past.cutoff-1) {
		return OutcomeTooEarly
	}
	from := past.cutoff // not gone on the day before
	for _, day := range future.Days(a.Kinds...) {
		if a.gone(r, day-1) {
			return future.when(a.firstGone(r, from, day-1))
		}
		r.last, from = day, day+1
		r.repeats++
	}
	if !a.gone(r, future.end-1) {
		return OutcomeNo
	}
	return future.when(a.firstGone(r, from, future.end-1))
}

// rhythmOf sums up the days of a history; false: there are none.
func rhythmOf(days []Day) (r rhythm, ok bool) {
	if len(days) == 0 {
		return r, false
	}
	return rhythm{first: days[0], last: days[len(days)-1], repeats: len(days) - 1}, true
}

// gone reports whether the probability is below the bound at the end of a day.
func (a LowAlive) gone(r rhythm, day Day) bool {
	if day <= r.last {
		return false
	}
	return a.Model.Alive(r.repeats, float64(r.last-r.first)/a.Unit, float64(day-r.first)/a.Unit) < a.Below
}

// firstGone finds the first day in [from, to] on which a customer is gone who is on to.
func (a LowAlive) firstGone(r rhythm, from, to Day) Day {
	return from + Day(sort.Search(int(to-from), func(i int) bool { return a.gone(r, from+Day(i)) }))
}

func (a LowAlive) orDefault() LowAlive {
	if a.Unit == 0 {
		a.Unit = 7
	}
	if a.Below == 0 {
		a.Below = 0.5
	}
	return a
}

func (a LowAlive) validate() error {
	a = a.orDefault()
	return errors.Join(
		kindsFault("LowAlive.Kinds", a.Kinds),
		faultUnless(a.Model != nil, "LowAlive.Model is required"),
		faultUnless(a.Unit > 0 && a.Unit <= math.MaxFloat64, "LowAlive.Unit must be positive and finite"),
		faultUnless(a.Below > 0 && a.Below <= 1, "LowAlive.Below must be above 0 and at most 1"))
}
