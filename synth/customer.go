package synth

import (
	"time"
)

// Customer is the truth about one customer, known to the generator and to no
// analyst. Safe for concurrent reads.
type Customer struct {
	// ID is FirstID plus the number of customers who arrived before.
	ID int64
	// Arrived is the time of the first purchase.
	Arrived time.Time
	// Left is when the customer ceased to be one; zero if that is not before
	// the shop's Until.
	Left time.Time
	// Rate is λ, repeat purchases per week of the shop's clock while the
	// customer stays.
	Rate float64
	// Dropout is μ, the rate of leaving per week of the clock.
	Dropout float64
	// Lifetime is the time from arrival to leaving in weeks of the clock.
	Lifetime float64
	// MeanSpend is the expected amount of an order, in minor units.
	MeanSpend float64
	// Channel is the preferred one, Country where the customer lives.
	Channel, Country string
}

// AliveAt reports whether the customer has arrived by t and not left.
func (c Customer) AliveAt(t time.Time) bool {
	return !t.Before(c.Arrived) && (c.Left.IsZero() || t.Before(c.Left))
}

// traits is what is drawn once for a customer or guest.
type traits struct {
	born, life      float64 // weeks of the clock
	rate, drop, nu  float64
	channel, nation uint8
}

// born returns when number i arrives, in weeks of the clock.
func (s *Shop) born(i int64) float64 {
	r := newStream(s.seed, forArrival, i)
	n := int64(s.opts.Customers)
	if i >= n {
		return arrive(&r, i-n, s.guests, s.clock.at(s.start), s.clock.at(s.end), s.growth)
	}
	from, until := s.arrivals()
	return arrive(&r, i, n, from, until, s.growth)
}

// traits returns the traits of number i: a customer if below Len, else a guest,
// who lives for one purchase only.
func (s *Shop) traits(i int64) traits {
	t := traits{born: s.born(i)}
	var r stream
	if i < int64(s.opts.Customers) {
		r = newStream(s.seed, forRate, i)
		t.rate = r.gamma(s.opts.Purchasing.R) / s.opts.Purchasing.Alpha
		r = newStream(s.seed, forDropout, i)
		t.drop = r.gamma(s.opts.Purchasing.S) / s.opts.Purchasing.Beta
		t.life = r.exponential() / t.drop
	}
	r = newStream(s.seed, forSpend, i)
	t.nu = r.gamma(s.opts.Spend.Q) / s.opts.Spend.V
	r = newStream(s.seed, forPlace, i)
	t.nation = choose(s.countries, r.uniform())
	t.channel = choose(s.channels, r.uniform())
	return t
}

// Customer returns the truth about the i-th customer to arrive, 0 <= i < Len;
// any other i is a fault of the program and panics.
func (s *Shop) Customer(i int) Customer {
	s.check(i)
	t := s.traits(int64(i))
	c := Customer{
		ID:        FirstID + int64(i),
		Arrived:   s.time(s.clock.unix(t.born)),
		Rate:      t.rate,
		Dropout:   t.drop,
		Lifetime:  t.life,
		MeanSpend: min(100*s.opts.Spend.P/t.nu, maxAmount),
		Channel:   s.names.channels[t.channel],
		Country:   s.names.countries[t.nation],
	}
	if left := s.clock.unix(t.born + t.life); left < s.end {
		// A purchase in the last second of a life still belongs to it.
		c.Left = s.time(left + 1)
	}
	return c
}

func (s *Shop) check(i int) {
	if i < 0 || i >= s.opts.Customers {
		panic("synth: no customer of this number")
	}
}
