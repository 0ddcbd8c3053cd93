package churn

import (
	"errors"
	"fmt"
	"slices"
)

// NoGap is the Gap of a plan whose horizon begins at the cut-off.
const NoGap = -1

// A Plan says from which moments one looks back and ahead. All lengths are whole local
// days; a cut-off is the first instant of its day.
//
//	         window                gap        horizon
//	|<----------------------->|<--------->|<---------->|
//	                       cut-off
//
// A cut-off can be any day from the first that a log observes, where nothing is known yet, to
// the day after the last, where all is known and nothing to come. Its horizon is complete
// if cut-off + gap + horizon is not after that day.
//
// A plain value: safe for concurrent reads.
type Plan struct {
	// Window is how many days before the cut-off features see. 0: all since the begin of the
	// log; rows of early cut-offs then know less than those of late ones.
	Window int
	// Gap is the days between cut-off and horizon: the time that it takes to act. What comes
	// in the gap is neither seen nor told. Mandatory; [NoGap] is none.
	Gap int
	// Horizon is the days that the label looks at. Mandatory.
	Horizon int
	// Step is the days between cut-offs. 0: Horizon, so that horizons do not overlap.
	Step int
	// First and Last bound the cut-offs. Cut-offs are counted back from Last in steps. 0: First
	// is the begin of the log plus Window (plus Horizon where Window is 0), Last is the latest day
	// whose horizon is complete. A Last with an incomplete horizon is no error: cut-offs without
	// a whole horizon are left out and counted. A First or Last that is not a day that can be a
	// cut-off is an error that wraps [ErrCutoff]. As 0 is the default, 1970-01-01 cannot be named.
	First, Last Day
}

// maxLength is the most days that a length of a plan has.
const maxLength = 1_000_000

// Validate reports every fault at once, each wrapping [ErrOptions]. A nil plan is a fault:
// Gap and Horizon are mandatory. No length is over a million days.
func (p *Plan) Validate() error {
	if p == nil {
		p = new(Plan)
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrOptions, text))
		}
	}
	fault(p.Window < 0, "Plan.Window is negative")
	fault(p.Gap == 0, "Plan.Gap is required: days, or NoGap")
	fault(p.Gap < 0 && p.Gap != NoGap, "Plan.Gap is negative")
	fault(p.Horizon == 0, "Plan.Horizon is required")
	fault(p.Horizon < 0, "Plan.Horizon is negative")
	fault(p.Step < 0, "Plan.Step is negative")
	fault(max(p.Window, p.Gap, p.Horizon, p.Step) > maxLength, "Plan has a length over a million days")
	fault(p.First != 0 && p.Last != 0 && p.First > p.Last, "Plan.First is after Last")
	return errors.Join(faults...)
}

// gap returns Gap with NoGap as 0.
func (p *Plan) gap() int { return max(p.Gap, 0) }

// step returns Step with its default.
func (p *Plan) step() int {
	if p.Step == 0 {
		return p.Horizon
	}
	return p.Step
}

// cutoffs returns the cut-offs of the plan, which is valid, over what is observed, ascending,
// and how many more have an incomplete horizon. A First or Last outside of it is an error that
// wraps ErrCutoff, no cut-off one that wraps ErrNoRows.
func (p *Plan) cutoffs(since, until Day) (days []Day, incomplete int, err error) {
	for _, bound := range []struct {
		field string
		day   Day
	}{{"First", p.First}, {"Last", p.Last}} {
		if bound.day != 0 && (bound.day < since || bound.day > until) {
			return nil, 0, fmt.Errorf("%w: Plan.%s is %v, and can be from %v to %v", ErrCutoff, bound.field, bound.day, since, until)
		}
	}
	first, last, complete := p.First, p.Last, until-Day(p.gap()+p.Horizon)
	before := p.Window // days from since to the first cut-off
	if before == 0 {
		before = p.Horizon
	}
	if first == 0 {
		first = since + Day(before)
	}
	if last == 0 {
		last = complete
	}
	for d := last; d >= first; d -= Day(p.step()) {
		if d > complete {
			incomplete++
		} else {
			days = append(days, d)
		}
	}
	switch {
	case len(days) > 0:
		slices.Reverse(days)
		return days, incomplete, nil
	case incomplete > 0:
		return nil, incomplete, fmt.Errorf("%w: of the cut-offs from %v to %v none has a whole horizon before %v", ErrNoRows, first, last, until)
	default:
		return nil, 0, fmt.Errorf("%w: a window, gap and horizon of %d days do not fit between %v and %v, "+
			"or between Plan.First and Last", ErrNoRows, before+p.gap()+p.Horizon, since, until)
	}
}
