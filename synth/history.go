package synth

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/enum"
)

// Kind says what an event or a line is. Safe for concurrent use.
type Kind uint8

// The kinds of events.
const (
	// Purchase is an order.
	Purchase Kind = iota
	// Refund gives back money of an earlier order.
	Refund
	// Contact is a contact with the service: a question or complaint.
	Contact
)

var kindNames = []string{"purchase", "refund", "contact"}

// String returns "purchase", "refund" or "contact".
func (k Kind) String() string { return enum.Name(kindNames, k) }

// MarshalText returns the text of String.
func (k Kind) MarshalText() ([]byte, error) {
	return enum.Marshal("synth", "kind", kindNames, k)
}

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("synth", "kind", kindNames, text, k)
}

// Event is something that happened between a customer and the shop. Safe for
// concurrent reads.
type Event struct {
	// Time is in whole seconds, in the shop's location.
	Time time.Time
	// Customer is the id, 0 for a guest.
	Customer int64
	// Order numbers the order that is placed, refunded or asked about: unique
	// in the shop, ascending within a customer, not in the order of time. 0 for
	// a contact that is about none.
	Order int64
	// Kind says what happened.
	Kind Kind
	// Amount is in minor units, never negative: what the order is worth, at
	// least 1, or what is refunded, at least 1 and at most the order. 0 for a
	// contact.
	Amount int64
	// Channel and Country are names from [Options].
	Channel, Country string

	gross           int64 // amount of the order
	channel, nation uint8
	form            form
}

// form says how a refund was made.
type form uint8

const (
	whole form = iota
	part
	credit
)

// item is an event on its way: 40 bytes, ordered by (unix, key).
type item struct {
	unix    int64
	key     int64 // order number << 3 | code
	amount  int64
	gross   int64
	channel uint8
	form    form
}

// Codes in the lowest three bits of a key.
const (
	codePurchase = iota
	codeRefund
	codeContactOrder
	codeContactRefund
	codeContactLeaving
)

func (a item) before(b item) bool {
	return a.unix < b.unix || a.unix == b.unix && a.key < b.key
}

// walker makes the events of one customer or guest, in time order.
type walker struct {
	number  int64 // of the customer, guests after all customers
	orders  int64 // placed so far
	clock   float64
	death   float64
	rate    float64
	nu      float64
	due     item   // the next purchase; unix is MaxInt64 if there is none
	later   []item // what earlier orders lead to, latest first
	link    int32  // next in the same bucket of a queue
	channel uint8
	nation  uint8

	visits, amounts, channels, refunds, contacts stream
}

// begin makes w the walker of number i, before its first event.
func (w *walker) begin(s *Shop, i int64) {
	t := s.traits(i)
	*w = walker{
		number: i, clock: t.born, death: t.born + t.life, rate: t.rate, nu: t.nu,
		later: w.later[:0], channel: t.channel, nation: t.nation,
		visits:   newStream(s.seed, forVisits, i),
		amounts:  newStream(s.seed, forAmounts, i),
		channels: newStream(s.seed, forChannels, i),
		refunds:  newStream(s.seed, forRefunds, i),
		contacts: newStream(s.seed, forContacts, i),
	}
	if r := s.opts.Rates; r.ContactLeaving > 0 && i < int64(s.opts.Customers) {
		if w.contacts.uniform() < r.ContactLeaving {
			at := max(t.born, w.death-float64(w.contacts.gamma(2)*r.ContactDelay/2))
			w.add(s, at, item{key: i<<(orderBits+3) | codeContactLeaving, channel: w.channel})
		}
	}
	w.order(s)
}

// add puts an item among the later ones unless it lies beyond the end.
func (w *walker) add(s *Shop, at float64, it item) {
	it.unix = s.clock.unix(at)
	if it.unix >= s.end {
		return
	}
	i := len(w.later)
	for i > 0 && w.later[i-1].before(it) {
		i--
	}
	w.later = slices.Insert(w.later, i, it)
}

// order makes the purchase at the present clock.
func (w *walker) order(s *Shop) {
	w.orders++
	unix := s.clock.unix(w.clock)
	amount := w.amounts.gamma(s.opts.Spend.P) / w.nu * 100
	it := item{
		unix:   unix,
		key:    (w.number<<orderBits | w.orders) << 3,
		amount: int64(math.RoundToEven(max(1, min(amount, maxAmount)))),
	}
	it.gross = it.amount
	it.channel = w.channel
	if u := w.channels.uniform(); u >= s.opts.Rates.Loyalty {
		it.channel = choose(s.channels, w.channels.uniform())
	}
	if c := &s.opts.Channels[it.channel]; c.Close > 0 && unix < s.end {
		if h := int(s.clock.hour[s.clock.slot(unix)]); h < c.Open || h >= c.Close {
			it.channel = 0
		}
	}
	w.due = it
}

// peek returns the next event without taking it; ok is false if there is none
// before the end.
func (w *walker) peek(s *Shop) (it item, ok bool) {
	it = w.due
	if n := len(w.later); n > 0 && w.later[n-1].before(it) {
		it = w.later[n-1]
	}
	return it, it.unix < s.end
}

// take removes the event that peek returned and makes what follows from it.
func (w *walker) take(s *Shop) {
	if n := len(w.later); n > 0 && w.later[n-1].before(w.due) {
		w.later = w.later[:n-1]
		return
	}
	w.follow(s, w.due)
	w.clock += w.visits.exponential() / w.rate
	if w.clock < w.death {
		w.order(s)
	} else {
		w.due.unix = math.MaxInt64
	}
}

// follow makes the refund and the contacts that an order leads to.
func (w *walker) follow(s *Shop, order item) {
	r := s.opts.Rates
	if r.ContactOrder > 0 && w.contacts.uniform() < r.ContactOrder {
		at := w.clock + float64(w.contacts.gamma(2)*r.ContactDelay/2)
		w.add(s, at, item{key: order.key | codeContactOrder, channel: order.channel})
	}
	if r.Refund == 0 || w.refunds.uniform() >= r.Refund {
		return
	}
	it := order
	it.key |= codeRefund
	at := w.clock + float64(w.refunds.gamma(2)*r.RefundDelay/2)
	switch u := w.refunds.uniform(); {
	case u < r.RefundWhole:
		it.form = whole
	case u < r.RefundWhole+r.RefundCredit:
		it.form = credit
		it.amount = max(1, int64(float64(it.gross)*(0.1+float64(0.2*w.refunds.uniform()))))
	default:
		it.form = part
		it.amount = s.returned(order.key>>3, order.gross, order.channel, w.nation)
	}
	w.add(s, at, it)
	if r.ContactRefund > 0 && w.contacts.uniform() < r.ContactRefund {
		at += float64(w.contacts.gamma(2) * r.ContactDelay / 2)
		w.add(s, at, item{key: order.key | codeContactRefund, channel: order.channel})
	}
}

// event turns an item of the walker into an event.
func (w *walker) event(s *Shop, it item) Event {
	e := Event{
		Time:    s.time(it.unix),
		Order:   it.key >> 3,
		Amount:  it.amount,
		Channel: s.names.channels[it.channel],
		Country: s.names.countries[w.nation],
		gross:   it.gross,
		channel: it.channel,
		nation:  w.nation,
		form:    it.form,
	}
	if w.number < int64(s.opts.Customers) {
		e.Customer = FirstID + w.number
	}
	switch it.key & 7 {
	case codePurchase:
	case codeRefund:
		e.Kind = Refund
	case codeContactLeaving:
		e.Kind, e.Order = Contact, 0
	default:
		e.Kind = Contact
	}
	return e
}

// History returns the events of the i-th customer in time order, the same as
// those of [Shop.Events] with that customer's id. It may be ranged over any
// number of times, and the histories of different customers by different
// goroutines. An i outside 0 <= i < Len is a fault of the program and panics.
func (s *Shop) History(i int) iter.Seq[Event] {
	s.check(i)
	return func(yield func(Event) bool) {
		var w walker
		w.begin(s, int64(i))
		for {
			it, ok := w.peek(s)
			if !ok {
				return
			}
			if it.unix >= s.start && !yield(w.event(s, it)) {
				return
			}
			w.take(s)
		}
	}
}
