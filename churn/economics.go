package churn

import (
	"errors"
	"fmt"
	"math"
)

// DefaultAcceptance is the share of leavers who take an offer and stay where none is given:
// the mean of the beta distribution that Verbraken et al. assume.
const DefaultAcceptance = 0.3

// Economics is the money of a campaign that is to keep customers. Of a customer who leaves
// with probability p, and whose staying is worth V, an alert is expected to earn
//
//	p·Acceptance·(Margin·V - Offer) - (1-p)·(1-Decline)·Offer - Contact
//
// A would-be leaver who accepts costs the offer and stays; who does not accept costs the
// contact alone and leaves; who would have stayed anyway takes the offer with pleasure. With
// Decline 0 and Margin 1 this is the profit of Neslin et al. 2006 (J. Marketing Research
// 43:204-211, without the fixed cost) for a single customer, and that of Verbraken, Verbeke
// and Baesens 2013 (IEEE TKDE 25:961-973).
//
// It assumes
//
//  1. that p is a probability, not just a score: see the calibration in [Report];
//  2. that Acceptance does not depend on p or V, and that a contact makes nobody leave;
//  3. that the value counts from the day of the list, and all of it is lost with who leaves.
//
// Where 2 is in doubt, measure Acceptance by leaving some of the list alone. A plain value:
// safe for concurrent reads.
type Economics struct {
	// Contact is what it costs to contact a customer, in minor units, whatever comes of it.
	// 0: nothing.
	Contact int64 `json:"contact"`
	// Offer is what an offer costs that is taken, in minor units. 0: nothing.
	Offer int64 `json:"offer"`
	// Acceptance is the probability that a would-be leaver takes the offer and stays, up to
	// 1. 0: [DefaultAcceptance].
	Acceptance float64 `json:"acceptance"`
	// Decline is the probability that who would have stayed anyway does not take the offer,
	// up to 1. 0: all of them take it.
	Decline float64 `json:"decline"`
	// Margin is the part of the value at stake that is profit, up to 1. 0: 1, the values are
	// profits. Purchase money is not: state the margin where values are purchase money, 1 if
	// all of it is profit. [Alerts] and [Backtest] insist on it where they take that money
	// themselves and there is a Contact or an Offer.
	Margin float64 `json:"margin"`
}

// Validate reports every fault at once, each wrapping [ErrOptions].
func (e Economics) Validate() error {
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: Economics.%s", ErrOptions, text))
		}
	}
	fault(e.Contact < 0, "Contact is negative")
	fault(e.Offer < 0, "Offer is negative")
	fault(!(e.Acceptance >= 0 && e.Acceptance <= 1), "Acceptance is outside 0 to 1")
	fault(!(e.Decline >= 0 && e.Decline <= 1), "Decline is outside 0 to 1")
	fault(!(e.Margin >= 0 && e.Margin <= 1), "Margin is outside 0 to 1")
	return errors.Join(faults...)
}

// statesMargin returns an error if costs are set against purchase money without a margin.
func (e Economics) statesMargin() error {
	return faultUnless(e.Margin != 0 || e.Contact <= 0 && e.Offer <= 0,
		"Economics.Margin is required where values are purchase money: state the part that is profit, 1 if all of it is")
}

// Profit returns what an alert is expected to earn, in minor units: p is the probability
// that the customer leaves, value what the customer's staying is worth, in minor units.
func (e Economics) Profit(p, value float64) float64 { return e.money().profit(p, value) }

// Cost returns what an alert is expected to cost, in minor units: the contact, and the offer
// as often as it is taken.
func (e Economics) Cost(p float64) float64 { return e.money().cost(p) }

// BreakEven returns the acceptance at which Profit is 0: with a lower one the alert loses
// money. Above 1, it loses money even if every would-be leaver accepts; math.MaxFloat64
// where nobody would leave or staying is not worth the offer, so that no acceptance helps; 0
// where nothing is spent on who does not accept.
func (e Economics) BreakEven(p, value float64) float64 {
	m := e.money()
	spent, saved := m.wasted(p)*m.offer+m.contact, p*(m.margin*value-m.offer)
	switch {
	case spent == 0:
		return 0
	case !(saved > 0):
		return math.MaxFloat64
	}
	return min(spent/saved, math.MaxFloat64)
}

// money is economics with the defaults filled in and costs that need not be whole.
type money struct{ contact, offer, acceptance, decline, margin float64 }

func (e Economics) money() money {
	m := money{float64(e.Contact), float64(e.Offer), e.Acceptance, e.Decline, e.Margin}
	if m.acceptance == 0 {
		m.acceptance = DefaultAcceptance
	}
	if m.margin == 0 {
		m.margin = 1
	}
	return m
}

// kept is the probability of a leaver who takes the offer and stays, wasted that of a stayer
// who takes it.
func (m money) kept(p float64) float64   { return p * m.acceptance }
func (m money) wasted(p float64) float64 { return (1 - p) * (1 - m.decline) }

func (m money) profit(p, value float64) float64 {
	return m.kept(p)*(m.margin*value-m.offer) - m.wasted(p)*m.offer - m.contact
}

func (m money) cost(p float64) float64 { return m.contact + m.offer*(m.kept(p)+m.wasted(p)) }

// variance is that of what an alert earns.
func (m money) variance(p, value float64) float64 {
	saved := m.margin*value - m.offer
	mean := m.kept(p)*saved - m.wasted(p)*m.offer
	return max(m.kept(p)*saved*saved+m.wasted(p)*m.offer*m.offer-mean*mean, 0)
}
