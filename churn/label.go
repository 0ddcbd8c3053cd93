package churn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
)

// Outcome is what a label says of a customer at a cut-off; there are no others than these. Safe
// for concurrent use.
type Outcome uint8

// The outcomes.
const (
	OutcomeNo       Outcome = iota // it did not come true in the horizon
	OutcomeYes                     // it came true in the horizon
	OutcomeTooEarly                // it came true in the gap: too late to act on, left out and counted
)

var outcomeNames = []string{"no", "yes", "too early"}

// String returns "no", "yes" or "too early".
func (o Outcome) String() string { return enum.Name(outcomeNames, o) }

// MarshalText returns the text of String.
func (o Outcome) MarshalText() ([]byte, error) {
	return enum.Marshal("churn", "outcome", outcomeNames, o)
}

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error {
	return enum.Unmarshal("churn", "outcome", outcomeNames, text, o)
}

// Label says of whom something is asked, and what: any event, or its absence. The labels of
// this package are plain values; a team's own implement the three methods, and must answer
// from what they are handed alone. Implementations are safe for concurrent use.
//
// Who is a subject depends on what was known at the cut-off alone. The outcome is the truth: the
// labels of this package count an event that happened before the cut-off and arrived
// after it.
type Label interface {
	// Name is stable text for reports: "no purchase for 30 days". Labels that differ have
	// different names.
	Name() string
	// Subject reports whether the question makes sense for a customer at a cut-off: who has
	// left already is no subject.
	Subject(past *History) bool
	// Outcome says what came true. It is asked of subjects alone, first with a future without
	// events: who comes out as OutcomeTooEarly then is bound to be gone before anything can be
	// done, and has no row.
	Outcome(past *History, future *Future) Outcome
}

// validated labels know their faults, fitted ones those of a plan that is not for them; all
// wrap ErrOptions.
type (
	validated interface{ validate() error }
	fitted    interface{ fits(p *Plan) error }
)

// checkLabel returns every fault of a label for a valid plan, or with nil those of any plan.
func checkLabel(l Label, p *Plan) error {
	if l == nil {
		return fmt.Errorf("%w: label is required", ErrOptions)
	}
	var errs []error
	if v, ok := l.(validated); ok {
		errs = append(errs, v.validate())
	}
	if f, ok := l.(fitted); ok && p != nil {
		errs = append(errs, f.fits(p))
	}
	return errors.Join(errs...)
}

// kindSet is a set of kinds as indexes into events.kinds.
type kindSet [4]uint64

// kindsOf returns the set of the kinds with the names; none is Purchase alone.
func kindsOf(e *events, names []string) kindSet {
	var set kindSet
	add := func(name string) {
		if k, ok := slices.BinarySearch(e.kinds, name); ok {
			set[k>>6&3] |= 1 << (k & 63)
		}
	}
	if len(names) == 0 {
		add(Purchase)
	}
	for _, name := range names {
		add(name)
	}
	return set
}

func (s *kindSet) has(kind uint8) bool { return s[kind>>6]>>(kind&63)&1 != 0 }

func (s *kindSet) any(kinds []uint8) bool { return slices.ContainsFunc(kinds, s.has) }

// lastDay returns the day of the last event of one of the kinds.
func lastDay(e *events, kinds []string) (Day, bool) {
	set := kindsOf(e, kinds)
	for i, k := range slices.Backward(e.kind) {
		if set.has(k) {
			return Day(e.day[i]), true
		}
	}
	return 0, false
}

// truth is what had happened before the cut-off, arrived or not.
func (f *Future) truth(past *History) *events {
	if len(f.before.unix) > 0 {
		return &f.before
	}
	return &past.events
}

// when is the outcome of what comes true on a day.
func (f *Future) when(day Day) Outcome {
	switch {
	case day < f.start:
		return OutcomeTooEarly
	case day < f.end:
		return OutcomeYes
	}
	return OutcomeNo
}

// answer is what a label says of a row.
type answer uint8

const (
	notAsked answer = iota
	tooLate         // bound to come true in the gap
	tooEarly        // came true in the gap, which could not be known
	saysOdd         // none of the outcomes
	saysNo
	saysYes
	answers
)

// ask asks a label of a customer of whom something is known at a cut-off of the plan: whether it
// is a subject, what comes true if nothing more happens, and what came true. Where the future is
// not known (nil) the last is not asked and the answer to it is no. nothing is a future without
// events, whose days are set here.
func ask(l Label, past *History, future, nothing *Future, plan *Plan) answer {
	if !l.Subject(past) {
		return notAsked
	}
	nothing.start = past.cutoff + Day(plan.gap())
	nothing.end = nothing.start + Day(plan.Horizon)
	switch o := l.Outcome(past, nothing); {
	case o > OutcomeTooEarly:
		return saysOdd
	case o == OutcomeTooEarly:
		return tooLate
	case future == nil:
		return saysNo
	}
	switch l.Outcome(past, future) {
	case OutcomeNo:
		return saysNo
	case OutcomeYes:
		return saysYes
	case OutcomeTooEarly:
		return tooEarly
	}
	return saysOdd
}

// errOutcome is the error of a label that says what is not an outcome.
func errOutcome(l Label) error {
	return fmt.Errorf("%w: label %q has an Outcome that is none of the three", ErrOptions, l.Name())
}
