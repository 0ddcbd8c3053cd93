package churn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Happens is the label that an event of one of the kinds happens in the horizon: next
// purchase, response, reactivation. Asked of everybody; [Among] narrows it. What happens
// in the gap does not count. A plain value: safe for concurrent reads.
type Happens struct {
	Kinds []string // nil: Purchase
}

// Name returns the kinds: "purchase", "purchase or contact".
func (h Happens) Name() string { return kindsText(h.Kinds) }

// Subject reports whether anything is known of the customer.
func (h Happens) Subject(past *History) bool { return past.Len() > 0 }

// Outcome is OutcomeYes or OutcomeNo.
func (h Happens) Outcome(_ *History, future *Future) Outcome {
	last, ok := lastDay(&future.events, h.Kinds)
	if ok && last >= future.start {
		return OutcomeYes
	}
	return OutcomeNo
}

func (h Happens) validate() error { return kindsFault("Happens.Kinds", h.Kinds) }

// Absent is the label that no event of the kinds happens in the horizon: churn of those who
// owe nothing. Asked of customers with such an event in the window. What happens in the gap
// does not count: a customer who buys in the gap and not in the horizon is absent. A plain
// value: safe for concurrent reads.
type Absent struct {
	Kinds []string // nil: Purchase
}

// Name returns the kinds: "no purchase".
func (a Absent) Name() string { return "no " + kindsText(a.Kinds) }

// Subject reports whether there is an event of the kinds.
func (a Absent) Subject(past *History) bool {
	_, ok := lastDay(&past.events, a.Kinds)
	return ok
}

// Outcome is OutcomeYes or OutcomeNo.
func (a Absent) Outcome(past *History, future *Future) Outcome {
	if Happens(a).Outcome(past, future) == OutcomeYes {
		return OutcomeNo
	}
	return OutcomeYes
}

func (a Absent) validate() error { return kindsFault("Absent.Kinds", a.Kinds) }

// Among is a label asked only of customers with a property that History shows. Is may be
// the Subject of another label: those who are not silent for longer than 80% of their own
// gaps are
//
//	Among{Label: l, Who: "customers in their rhythm", Is: OwnGap{Quantile: 0.8}.Subject}
//
// A plain value: safe for concurrent reads, if the function is.
type Among struct {
	Label Label                    // what is asked; mandatory
	Who   string                   // what the property is, for the name; mandatory
	Is    func(past *History) bool // reports whether a customer has it; mandatory
}

// Name returns "no purchase for 30 days, among customers in their rhythm".
func (a Among) Name() string { return a.Label.Name() + ", among " + a.Who }

// Subject reports whether the customer has the property and is a subject of the label.
func (a Among) Subject(past *History) bool { return a.Is(past) && a.Label.Subject(past) }

// Outcome is that of the label.
func (a Among) Outcome(past *History, future *Future) Outcome {
	return a.Label.Outcome(past, future)
}

func (a Among) validate() error {
	errs := []error{
		faultUnless(a.Label != nil, "Among.Label is required"),
		faultUnless(a.Who != "", "Among.Who is required"),
		faultUnless(a.Is != nil, "Among.Is is required"),
	}
	if v, ok := a.Label.(validated); ok {
		errs = append(errs, v.validate())
	}
	return errors.Join(errs...)
}

func (a Among) fits(p *Plan) error {
	if f, ok := a.Label.(fitted); ok {
		return f.fits(p)
	}
	return nil
}

// kindsText names kinds for people, in the order of their names, each once.
func kindsText(kinds []string) string {
	if len(kinds) == 0 {
		return Purchase
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(kinds))), " or ")
}

// daysText is "1 day" or "30 days".
func daysText(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

func kindsFault(field string, kinds []string) error {
	if slices.Contains(kinds, "") {
		return fmt.Errorf("%w: %s has an empty text", ErrOptions, field)
	}
	return nil
}

func faultUnless(ok bool, text string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrOptions, text)
}
