package churn

import "errors"

// ContractEnd is the label that a contract ends and is not renewed. A contract that ends on
// day e is renewed if an event of Start comes later that day or on one of the Renewal days
// after it, and lost otherwise; of an End and a Start at the same second the End counts as the
// first, whatever the kinds are called. The label says OutcomeYes where the first lost contract
// ended in the horizon less its last Renewal days, whose renewals would come after
// the horizon and are not known; OutcomeTooEarly where it ended in the gap. What ends in the
// last Renewal days of the horizon is OutcomeNo: a later cut-off asks of it. So the
// horizon must be longer than Renewal, and cut-offs that are Horizon - Renewal days apart
// ask of each end once, save those that fall into a gap.
//
// The rule of KKBox's music subscriptions, no new subscription within 30 days after the
// last one expired, for what expires in the coming 30 days, is Renewal 30 with a
// horizon of 60.
//
// Subjects are those whose last event of either kind is a Start. A contract that is
// prolonged before it ends must not leave an End behind. A Start that is older than the Window
// of the plan is not seen, and who has no other is no subject: a Window must be longer than
// contracts are, or 0. What had ended before the cut-off, and arrived after it, is
// OutcomeTooEarly unless it is renewed in time.
//
// A plain value: safe for concurrent reads.
type ContractEnd struct {
	Start, End string // kinds of events, two different ones; mandatory
	Renewal    int    // days, 0 to 36525; 0: a renewal must come on the day of the end
}

// Name returns "expiry without renewal within 30 days" with the kinds of End and Start.
func (c ContractEnd) Name() string {
	return c.End + " without " + c.Start + " within " + daysText(c.Renewal)
}

// Subject reports whether a contract is running.
func (c ContractEnd) Subject(past *History) bool {
	running, _ := c.state(&past.events)
	return running
}

// Outcome tells where the first end falls that is not followed by a renewal.
func (c ContractEnd) Outcome(past *History, future *Future) Outcome {
	start, end := c.sets(&future.events)
	running, ended := c.state(future.truth(past))
	for lo, hi := 0, 0; lo < len(future.kind); lo = hi {
		hi = future.second(lo)
		day, kinds := Day(future.day[lo]), future.kind[lo:hi]
		if !running && day > ended+Day(c.Renewal) {
			break
		}
		if running && end.any(kinds) {
			running, ended = false, day
		}
		running = running || start.any(kinds)
	}
	if running || ended+Day(c.Renewal) >= future.end {
		return OutcomeNo
	}
	return future.when(ended)
}

// state reports whether a contract is running after some events, and otherwise when it ended.
func (c ContractEnd) state(e *events) (running bool, ended Day) {
	start, end := c.sets(e)
	running = true
	for lo, hi := 0, len(e.kind); hi > 0; hi = lo {
		for lo = hi - 1; lo > 0 && e.unix[lo-1] == e.unix[hi-1]; {
			lo--
		}
		if kinds := e.kind[lo:hi]; start.any(kinds) {
			return running, ended
		} else if end.any(kinds) {
			running, ended = false, Day(e.day[lo])
		}
	}
	return false, ended
}

func (c ContractEnd) sets(e *events) (start, end kindSet) {
	return kindsOf(e, []string{c.Start}), kindsOf(e, []string{c.End})
}

func (c ContractEnd) validate() error {
	return errors.Join(
		faultUnless(c.Start != "", "ContractEnd.Start is required"),
		faultUnless(c.End != "", "ContractEnd.End is required"),
		faultUnless(c.Start == "" || c.Start != c.End, "ContractEnd.Start and End must differ"),
		faultUnless(c.Renewal >= 0 && c.Renewal <= longestDays, "ContractEnd.Renewal must be 0 to 36525"))
}

func (c ContractEnd) fits(p *Plan) error {
	return faultUnless(p.Horizon > c.Renewal, "Plan.Horizon must be longer than ContractEnd.Renewal")
}
