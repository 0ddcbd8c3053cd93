package churn

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// longestDays bounds all lengths in days: a hundred years.
const longestDays = 36525

// Silence is the label that a customer falls silent: the day on which nothing of the kinds
// has happened for Days days falls into the horizon.
//
// Days are whole, and the day itself is one of them. After an event on 1 January, 30 days of
// silence are 2 to 31 January: without another event in them the customer is gone on the
// 31st, and a purchase on the 31st comes just in time. So who never lets pass more than n
// days from one purchase day to the next is never gone by Days n. At the cut-off the
// silence is that of the days before it; who has been silent for Days then has left and is
// no subject, as is who has no event of the kinds at all.
//
// The first silence of Days counts, whether or not the customer comes back later in the
// horizon. A Window of the plan that is shorter than Days is an error: it would hide customers
// who are not gone yet. A plain value: safe for concurrent reads.
type Silence struct {
	Kinds []string // nil: Purchase
	Days  int      // days of silence after which a customer is gone, 1 to 36525; mandatory
}

// Name returns "no purchase for 30 days".
func (s Silence) Name() string {
	return "no " + kindsText(s.Kinds) + " for " + daysText(s.Days)
}

// Subject reports whether the customer is not silent for Days yet.
func (s Silence) Subject(past *History) bool {
	last, ok := lastDay(&past.events, s.Kinds)
	return ok && goneOn(last, s.Days) >= past.cutoff
}

// Outcome tells where the first day falls on which the customer is silent for Days.
func (s Silence) Outcome(past *History, future *Future) Outcome {
	return silent(past, s.Days, s.Kinds, future)
}

func (s Silence) validate() error {
	return errors.Join(kindsFault("Silence.Kinds", s.Kinds),
		faultUnless(s.Days >= 1 && s.Days <= longestDays, "Silence.Days must be 1 to 36525"))
}

func (s Silence) fits(p *Plan) error {
	return faultUnless(p.Window == 0 || p.Window >= s.Days, "Plan.Window must not be shorter than Silence.Days")
}

// goneOn is the day on which a customer has been silent for n days after the last event.
func goneOn(last Day, n int) Day { return last + Day(n) }

// silent is the outcome of the first silence of n days of a customer who is not gone at the
// cut-off.
func silent(past *History, n int, kinds []string, future *Future) Outcome {
	last, _ := lastDay(future.truth(past), kinds)
	set := kindsOf(&future.events, kinds)
	for i, k := range future.kind {
		if !set.has(k) {
			continue
		}
		day := Day(future.day[i])
		if day > goneOn(last, n) {
			break
		}
		last = day
	}
	return future.when(goneOn(last, n))
}

// OwnGap is [Silence] by a customer's own measure: gone who is silent for longer than is
// usual for this customer. Gaps are the days from one day with an event of the kinds to the
// next such day, in the history at the cut-off; those of a customer who buys on the 1st, 4th
// and 10th are 3 and 6. The bound is
//
//	n = ⌈Factor · quantile of the gaps⌉ days, at least 1
//
// with the quantile between order statistics of R's type 7 (Hyndman and Fan 1996,
// doi:10.1080/00031305.1996.10473566), which is NumPy's default. What exceeds a whole number by
// less than 1e-9 of it is not rounded up. The bound does not change after the cut-off. The
// rest is as Silence with Days n: gaps of up to n days are no leaving. Gaps are those that the
// Window of the plan shows; one that is shorter than Fallback is an error, and where Factor makes
// the bound longer than the Window, who is silent for longer than the Window is not looked at.
//
// A plain value: safe for concurrent reads.
type OwnGap struct {
	Kinds    []string // nil: Purchase
	Quantile float64  // above 0, at most 1; 0: 0.95
	Factor   float64  // multiplies the quantile, above 0; 0: 1
	MinGaps  int      // with fewer gaps, Fallback counts; 0: 3
	Fallback int      // days of silence for those, up to 36525; 0: they are no subjects
}

// Name returns "no purchase for longer than 95% of own gaps", with Factor, Fallback and the
// MinGaps that go with it where they are not 1, 0 and 3.
func (g OwnGap) Name() string {
	g = g.orDefault()
	text := "no " + kindsText(g.Kinds) + " for longer than "
	if g.Factor != 1 {
		text += fmt.Sprintf("%g times ", g.Factor)
	}
	text += fmt.Sprintf("%g%% of own gaps", math.Round(g.Quantile*1e8)/1e6)
	if g.Fallback > 0 {
		text += fmt.Sprintf(" (%s with fewer than %d gaps)", daysText(g.Fallback), g.MinGaps)
	} else if g.MinGaps != 3 {
		text += fmt.Sprintf(" (of %d gaps or more)", g.MinGaps)
	}
	return text
}

// Subject reports whether the customer has a bound and is within it.
func (g OwnGap) Subject(past *History) bool {
	n, last := g.bound(past)
	return n > 0 && goneOn(last, n) >= past.cutoff
}

// Outcome tells where the first day falls on which the customer is silent for the bound.
func (g OwnGap) Outcome(past *History, future *Future) Outcome {
	n, _ := g.bound(past)
	return silent(past, n, g.Kinds, future)
}

func (g OwnGap) orDefault() OwnGap {
	if g.Quantile == 0 {
		g.Quantile = 0.95
	}
	if g.Factor == 0 {
		g.Factor = 1
	}
	if g.MinGaps == 0 {
		g.MinGaps = 3
	}
	return g
}

func (g OwnGap) validate() error {
	g = g.orDefault()
	return errors.Join(
		kindsFault("OwnGap.Kinds", g.Kinds),
		faultUnless(g.Quantile > 0 && g.Quantile <= 1, "OwnGap.Quantile must be above 0 and at most 1"),
		faultUnless(g.Factor > 0 && g.Factor <= math.MaxFloat64, "OwnGap.Factor must be positive and finite"),
		faultUnless(g.MinGaps > 0, "OwnGap.MinGaps must not be negative"),
		faultUnless(g.Fallback >= 0 && g.Fallback <= longestDays, "OwnGap.Fallback must be 0 to 36525"))
}

func (g OwnGap) fits(p *Plan) error {
	return faultUnless(p.Window == 0 || p.Window >= g.Fallback, "Plan.Window must not be shorter than OwnGap.Fallback")
}

// bound returns the days of silence after which a customer is gone, 0 where there is no
// bound, and the last day with an event.
func (g OwnGap) bound(past *History) (n int, last Day) {
	g = g.orDefault()
	days := past.Days(g.Kinds...)
	if len(days) == 0 {
		return 0, 0
	}
	last = days[len(days)-1]
	if len(days)-1 < g.MinGaps {
		return g.Fallback, last
	}
	var room [64]float64
	gaps := room[:0]
	for i, day := range days[1:] {
		gaps = append(gaps, float64(day-days[i]))
	}
	slices.Sort(gaps)
	at := float64(g.Quantile * float64(len(gaps)-1))
	low := min(int(at), len(gaps)-1)
	high := min(low+1, len(gaps)-1)
	q := gaps[low] + float64((at-float64(low))*(gaps[high]-gaps[low]))
	return int(min(max(1, math.Ceil(g.Factor*q*(1-1e-9))), longestDays)), last
}
