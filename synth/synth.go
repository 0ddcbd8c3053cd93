package synth

import (
	"iter"
	"math"
	"slices"
	"time"
)

// FirstID is the id of the first customer; ids follow the order of arrival.
const FirstID int64 = 10001

const (
	orderBits    = 24                // of an order number, for the count within a customer
	maxCustomers = 1 << 34           // and as many guests: with orderBits and 3 bits of code below 1<<63
	maxAmount    = 1_000_000_000_000 // minor units: amounts are cut off here
)

// Shop is a shop with known truth. It holds the season's clock and the
// catalogue, some 16 bytes an hour and 100 bytes a product, and no customers:
// they are made when they are asked for. Safe for concurrent use.
type Shop struct {
	seed      uint64
	opts      Options
	clock     *clock
	catalogue *catalogue
	start     int64 // Unix seconds of the observation, [start, end)
	end       int64
	guests    int64
	growth    float64 // of the density of arrivals, per week of the clock
	channels  []float64
	countries []float64
	names     places
}

// places holds the names that events carry.
type places struct{ channels, countries []string }

// New returns the shop of a seed and options. Every fault of the options is
// reported at once, see [Options.Validate]; so is a season that keeps the shop
// closed during all arrivals. The same seed and options give the same shop on
// every architecture and in every process.
func New(seed uint64, opts *Options) (*Shop, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.filled()
	s := &Shop{seed: seed, opts: o, start: ceilUnix(o.Since), end: ceilUnix(o.Until)}
	copied := *o.Purchasing
	s.opts.Purchasing = &copied
	spend, rates := *o.Spend, *o.Rates
	s.opts.Spend, s.opts.Rates = &spend, &rates
	s.opts.Channels, s.opts.Countries = slices.Clone(o.Channels), slices.Clone(o.Countries)
	for _, c := range o.Channels {
		s.channels = append(s.channels, c.Weight)
		s.names.channels = append(s.names.channels, c.Name)
	}
	for _, c := range o.Countries {
		s.countries = append(s.countries, c.Weight)
		s.names.countries = append(s.names.countries, c.Name)
	}
	cumulate(s.channels)
	cumulate(s.countries)
	s.growth = ln(1+o.Growth) / (365.25 / 7)
	s.clock = newClock(o.Season, o.first(), o.Until, o.Location)
	if err := s.checkClock(); err != nil {
		return nil, err
	}
	if s.guests = s.countGuests(); s.guests > maxCustomers {
		return nil, optionError("Rates.Guest", "makes more than 1<<34 guests")
	}
	s.catalogue = newCatalogue(seed, o.Products)
	return s, nil
}

func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func (s *Shop) checkClock() error {
	var err error
	fault := func(field, reason string) { err = optionError(field, reason) }
	from, until := s.arrivals()
	if !(until > from) {
		fault("Season", "keeps the shop closed during all arrivals")
	}
	if s.opts.Purchasing.R/s.opts.Purchasing.Alpha*(s.clock.at(s.end)-s.clock.at(s.start)) > 1e4 {
		fault("Purchasing", "expects more than 10000 purchases a customer")
	}
	return err
}

// cumulate turns weights into cumulated shares.
func cumulate(w []float64) {
	sum := 0.0
	for i := range w {
		sum += w[i]
		w[i] = sum
	}
	for i := range w {
		w[i] /= sum
	}
}

// choose returns the index of the share in which u lies.
func choose(cumulated []float64, u float64) uint8 {
	for i, c := range cumulated {
		if u < c {
			return uint8(i)
		}
	}
	return uint8(len(cumulated) - 1)
}

// Len returns the number of customers who ever arrive.
func (s *Shop) Len() int { return s.opts.Customers }

// Guests returns the number of orders by guests, chosen so that they are the
// expected share [Rates].Guest of all orders.
func (s *Shop) Guests() int { return int(s.guests) }

// Since returns the beginning of the observation; no event is before it.
func (s *Shop) Since() time.Time { return s.time(s.start) }

// Until returns the end of the observation; no event is at or after it.
func (s *Shop) Until() time.Time { return s.time(s.end) }

func (s *Shop) time(unix int64) time.Time { return time.Unix(unix, 0).In(s.opts.Location) }

// Products returns the catalogue, most popular first. The slice belongs to the
// caller.
func (s *Shop) Products() []Product { return slices.Clone(s.catalogue.products) }

// Clock returns the weeks that the shop's clock shows at t: the integral of the
// seasonal multiplier m (see [Season]) since the clock's origin. Differences
// are what [ParetoNBD] calls weeks. Before the first arrival and after Until the
// clock runs at speed 1.
func (s *Shop) Clock(t time.Time) float64 { return s.clock.at(t.Unix()) }

// Alive returns the exact probability that a customer is still one at a moment,
// given all purchases of that customer until then, the first included: the
// posterior of [ParetoNBD.Alive] on the shop's clock. Purchases are in time
// order; later ones than at are ignored; without any the result is NaN.
//
// It is exact for a customer whose first purchase is among them (ArriveSince not
// before Since). Refunds and contacts after orders and refunds tell nothing
// more; contacts before leaving do, if [Rates].ContactLeaving is set: then this
// is the posterior given purchases alone. That times are whole seconds matters
// only to customers who buy many times a day.
func (s *Shop) Alive(purchases []time.Time, at time.Time) float64 {
	x, tx, t := s.summary(purchases, at)
	return s.opts.Purchasing.Alive(x, tx, t)
}

// Silent returns the exact probability that a customer makes no purchase in
// (at, until], given the purchases until at, as for [Shop.Alive].
func (s *Shop) Silent(purchases []time.Time, at, until time.Time) float64 {
	x, tx, t := s.summary(purchases, at)
	return s.opts.Purchasing.Silent(x, tx, t, s.Clock(until)-s.Clock(at))
}

// summary returns the sufficient statistics of a history.
func (s *Shop) summary(purchases []time.Time, at time.Time) (x int, tx, t float64) {
	n := len(purchases)
	for n > 0 && purchases[n-1].After(at) {
		n--
	}
	if n == 0 {
		return 0, math.NaN(), math.NaN()
	}
	birth := s.Clock(purchases[0])
	return n - 1, s.Clock(purchases[n-1]) - birth, s.Clock(at) - birth
}

// arrivals returns the weeks between which customers arrive.
func (s *Shop) arrivals() (from, until float64) {
	return s.clock.at(ceilUnix(s.opts.ArriveSince)), s.clock.at(ceilUnix(s.opts.ArriveUntil))
}

// arrive returns when the i-th of n arrives between two moments of the clock:
// in the i-th of n slices that are equally likely under a density growing by
// growth a week.
func arrive(s *stream, i, n int64, from, until, growth float64) float64 {
	u := (float64(i) + s.uniform()) / float64(n)
	span := until - from
	if growth == 0 {
		return from + float64(u*span)
	}
	return from + min(span, ln(1+float64(u*(exp(growth*span)-1)))/growth)
}

// countGuests returns how many orders by guests make the expected share: the
// expected orders of customers are summed over 1,024 quantiles of the arrivals.
func (s *Shop) countGuests() int64 {
	share := s.opts.Rates.Guest
	if share == 0 {
		return 0
	}
	const n = 1024
	from, until := s.arrivals()
	start, end := s.clock.at(s.start), s.clock.at(s.end)
	orders := 0.0
	src := newStream(s.seed, forArrival, -1)
	for i := range int64(n) {
		born := arrive(&src, i, n, from, until, s.growth)
		orders += s.opts.Purchasing.Mean(end - born)
		if born >= start {
			orders++
		} else {
			orders -= s.opts.Purchasing.Mean(start - born)
		}
	}
	return int64(math.Round(share / (1 - share) * orders / n * float64(s.opts.Customers)))
}

// Customers returns the truth about every customer in order of arrival. It may
// be ranged over any number of times.
func (s *Shop) Customers() iter.Seq[Customer] {
	return func(yield func(Customer) bool) {
		for i := range s.opts.Customers {
			if !yield(s.Customer(i)) {
				return
			}
		}
	}
}
