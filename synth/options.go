package synth

import (
	"errors"
	"fmt"
	"time"
)

// ErrOptions is wrapped by every fault that [Options.Validate] and [New]
// report.
var ErrOptions = errors.New("synth: invalid options")

// Options describe a shop. A nil pointer or an empty slice is the default; a
// pointer that is set is taken as it stands, so that its zeros mean none. Not
// safe for concurrent use while it is changed; [New] keeps no part of it.
type Options struct {
	// Location is the time zone of the shop: its seasons, opening hours and
	// printed times. Mandatory.
	Location *time.Location
	// Customers is the number of customers who ever arrive, at most 1<<34; 0
	// means 1,000.
	Customers int
	// Since and Until bound what is observed, [Since, Until), at most 100 years. A
	// zero Since means 2023-01-01 local, a zero Until two years after Since.
	Since, Until time.Time
	// ArriveSince and ArriveUntil bound the arrivals, [ArriveSince,
	// ArriveUntil). Zero means Since and Until. With ArriveSince before Since the
	// early histories are cut off at Since; with ArriveUntil before Until the
	// customers are a cohort.
	ArriveSince, ArriveUntil time.Time
	// Growth of the number of arrivals from year to year, more than -1 and at
	// most 100: 0.2 is 20% more every year (of 365.25/7 weeks of the clock). 0
	// means none.
	Growth float64
	// Purchasing says how often customers come and how long they stay; nil
	// means [DefaultPurchasing]. At most 10,000 purchases expected a customer.
	Purchasing *ParetoNBD
	// Spend says what orders are worth; nil means [DefaultSpend].
	Spend *GammaGamma
	// Season says how busy the shop is when; nil means [DefaultSeason].
	Season *Season
	// Channels are where orders are placed, at most 200; the first is always
	// open and stands in for channels that are closed. Empty means web .5, app
	// .2, store .25 (open 9 to 20), phone .05 (open 8 to 18).
	Channels []Channel
	// Countries are where customers live, at most 200; the first is home. Empty
	// means eight of Europe, 88% United Kingdom.
	Countries []Country
	// Products is the size of the catalogue, 10 to 20,000; 0 means 2,000.
	Products int
	// Rates are the shares of everything else; nil means [DefaultRates].
	Rates *Rates
}

// Channel is a way to order. Not safe for concurrent use while it is changed.
type Channel struct {
	// Name is what events carry.
	Name string
	// Weight is its share, relative to the other weights; not negative.
	Weight float64
	// Open and Close bound its local hours, [Open, Close); both 0 means always.
	Open, Close int
	// Ships says that orders are sent and may pay postage.
	Ships bool
}

// Country is where customers live. Not safe for concurrent use while it is
// changed.
type Country struct {
	// Name is what events carry.
	Name string
	// Weight is its share, relative to the other weights; not negative.
	Weight float64
	// Postage in minor units, paid by shipped orders of 3 to 12 times as much;
	// 0 means none.
	Postage int64
}

// Rates are probabilities, all in [0, 1], and mean delays. Delays are gamma
// distributed with shape 2, in weeks of the shop's clock. Not safe for
// concurrent use while it is changed.
type Rates struct {
	// Guest is the expected share of orders by guests without a customer id, at
	// most 0.95.
	Guest float64
	// Loyalty is the probability that an order uses the channel the customer
	// prefers; otherwise it uses one of all channels by weight.
	Loyalty float64
	// Refund is the probability that an order is refunded, at most once.
	Refund float64
	// RefundWhole and RefundCredit are the shares of refunds that return
	// everything or grant a discount of 10 to 30% afterwards; the rest return
	// part of the goods. Their sum is at most 1.
	RefundWhole, RefundCredit float64
	// RefundDelay is the mean time from order to refund.
	RefundDelay float64
	// ContactOrder is the probability that an order leads to a service contact.
	ContactOrder float64
	// ContactRefund is the probability that a refund leads to one, on top.
	ContactRefund float64
	// ContactLeaving is the probability that a customer contacts the service
	// before leaving. Such contacts tell more than [Shop.Alive] knows, see
	// there.
	ContactLeaving float64
	// ContactDelay is the mean time from the cause to the contact, and from the
	// last contact to leaving.
	ContactDelay float64
	// Sample is the probability that an order contains a sample at price zero.
	Sample float64
	// Duplicate is the probability that the till writes a line twice
	// ([Shop.CSV] only).
	Duplicate float64
}

// DefaultRates returns the rates of a nil [Options].Rates. Near those of UCI
// Online Retail (Chen, Sain and Guo 2012) are the orders without a customer
// (3,528 of 22,064 invoices that are not cancellations, 16%), the cancellations
// (3,836 of 25,900, 15%) and the exact duplicates (5,268 of 541,909 lines, 1%);
// the rest is a judgement.
func DefaultRates() *Rates {
	return &Rates{
		Guest:         0.16,
		Loyalty:       0.75,
		Refund:        0.12,
		RefundWhole:   0.30,
		RefundCredit:  0.10,
		RefundDelay:   1.5,
		ContactOrder:  0.04,
		ContactRefund: 0.30,
		ContactDelay:  0.7,
		Sample:        0.01,
		Duplicate:     0.01,
	}
}

func defaultChannels() []Channel {
	return []Channel{
		{Name: "web", Weight: .50, Ships: true},
		{Name: "app", Weight: .20, Ships: true},
		{Name: "store", Weight: .25, Open: 9, Close: 20},
		{Name: "phone", Weight: .05, Open: 8, Close: 18, Ships: true},
	}
}

func defaultCountries() []Country {
	return []Country{
		{Name: "United Kingdom", Weight: .88, Postage: 295},
		{Name: "Germany", Weight: .03, Postage: 795},
		{Name: "France", Weight: .03, Postage: 795},
		{Name: "EIRE", Weight: .02, Postage: 595},
		{Name: "Netherlands", Weight: .01, Postage: 795},
		{Name: "Belgium", Weight: .01, Postage: 795},
		{Name: "Spain", Weight: .01, Postage: 895},
		{Name: "Switzerland", Weight: .01, Postage: 995},
	}
}

// filled returns a copy with every default in place.
func (o *Options) filled() Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Customers == 0 {
		out.Customers = 1000
	}
	if out.Since.IsZero() && out.Location != nil {
		out.Since = time.Date(2023, 1, 1, 0, 0, 0, 0, out.Location)
	}
	if out.Until.IsZero() && out.Location != nil {
		out.Until = out.Since.In(out.Location).AddDate(2, 0, 0)
	}
	if out.ArriveSince.IsZero() {
		out.ArriveSince = out.Since
	}
	if out.ArriveUntil.IsZero() {
		out.ArriveUntil = out.Until
	}
	if out.Purchasing == nil {
		out.Purchasing = DefaultPurchasing()
	}
	if out.Spend == nil {
		out.Spend = DefaultSpend()
	}
	if out.Season == nil {
		out.Season = DefaultSeason()
	}
	if len(out.Channels) == 0 {
		out.Channels = defaultChannels()
	}
	if len(out.Countries) == 0 {
		out.Countries = defaultCountries()
	}
	if out.Products == 0 {
		out.Products = 2000
	}
	if out.Rates == nil {
		out.Rates = DefaultRates()
	}
	return out
}

// Validate reports every fault at once, joined; each wraps [ErrOptions] and
// names its field.
func (o *Options) Validate() error {
	f := o.filled()
	var faults []error
	fault := func(field, reason string) {
		faults = append(faults, optionError(field, reason))
	}
	if f.Location == nil {
		fault("Location", "is missing")
	}
	if f.Customers < 0 || int64(f.Customers) > maxCustomers {
		fault("Customers", "is not in 1 to 1<<34")
	}
	if f.Products < 10 || f.Products > 20_000 {
		fault("Products", "is not in 10 to 20000")
	}
	if !(f.Growth > -1 && f.Growth <= 100) {
		fault("Growth", "is not above -1 and at most 100")
	}
	f.checkTimes(fault)
	f.checkModels(fault)
	f.Season.check(fault)
	f.checkPlaces(fault)
	f.Rates.check(fault)
	return errors.Join(faults...)
}

func (o *Options) checkTimes(fault func(field, reason string)) {
	if o.Location == nil && (o.Since.IsZero() || o.Until.IsZero()) {
		return
	}
	if !o.Since.Before(o.Until) {
		fault("Until", "is not after Since")
	}
	if !o.ArriveSince.Before(o.ArriveUntil) {
		fault("ArriveUntil", "is not after ArriveSince")
	}
	if o.ArriveUntil.After(o.Until) {
		fault("ArriveUntil", "is after Until")
	}
	first := o.first()
	if y := first.Year(); y < 1 || y > 9000 || o.Until.After(first.AddDate(100, 0, 1)) {
		fault("Until", "is more than 100 years after the first arrival, or out of the years 1 to 9000")
	}
}

// first returns the earlier of Since and ArriveSince.
func (o *Options) first() time.Time {
	if o.ArriveSince.Before(o.Since) {
		return o.ArriveSince
	}
	return o.Since
}

func (o *Options) checkModels(fault func(field, reason string)) {
	if !o.Purchasing.valid() {
		fault("Purchasing", "needs R, Alpha, S and Beta from 0.05 to 10000")
	}
	if g := o.Spend; !(g.P >= 0.05 && g.P <= 1e4 && g.Q > 1 && g.Q <= 1e4 && g.V > 0 && g.V <= 1e9) {
		fault("Spend", "needs P from 0.05 to 10000, Q above 1 to 10000, V above 0 to 1e9")
	}
}

func (o *Options) checkPlaces(fault func(field, reason string)) {
	total := 0.0
	for _, c := range o.Channels {
		if !(c.Weight >= 0 && c.Weight <= 1e6) {
			fault("Channels", "needs weights from 0 to 1e6")
		}
		if c.Open < 0 || c.Close > 24 || c.Close < c.Open || (c.Open == c.Close && c.Open != 0) {
			fault("Channels", "needs hours with 0 <= Open < Close <= 24, or both 0")
		}
		total += c.Weight
	}
	if first := o.Channels[0]; first.Close != 0 {
		fault("Channels", "needs a first channel that is always open")
	}
	if !(total > 0) || len(o.Channels) > 200 {
		fault("Channels", "needs 1 to 200 channels and a positive weight")
	}
	total = 0
	for _, c := range o.Countries {
		if !(c.Weight >= 0 && c.Weight <= 1e6) {
			fault("Countries", "needs weights from 0 to 1e6")
		}
		if c.Postage < 0 || c.Postage > maxAmount {
			fault("Countries", "needs postage from 0 to 1e12")
		}
		total += c.Weight
	}
	if !(total > 0) || len(o.Countries) > 200 {
		fault("Countries", "needs 1 to 200 countries and a positive weight")
	}
}

func (r *Rates) check(fault func(field, reason string)) {
	for _, p := range []struct {
		name string
		p    float64
	}{
		{"Guest", r.Guest},
		{"Loyalty", r.Loyalty},
		{"Refund", r.Refund},
		{"RefundWhole", r.RefundWhole},
		{"RefundCredit", r.RefundCredit},
		{"ContactOrder", r.ContactOrder},
		{"ContactRefund", r.ContactRefund},
		{"ContactLeaving", r.ContactLeaving},
		{"Sample", r.Sample},
		{"Duplicate", r.Duplicate},
		{"RefundWhole+RefundCredit", r.RefundWhole + r.RefundCredit},
	} {
		if !(p.p >= 0 && p.p <= 1) {
			fault("Rates."+p.name, "is not in 0 to 1")
		}
	}
	if r.Guest > 0.95 {
		fault("Rates.Guest", "is above 0.95")
	}
	for _, d := range []struct {
		name string
		d    float64
	}{{"RefundDelay", r.RefundDelay}, {"ContactDelay", r.ContactDelay}} {
		if !(d.d >= 0 && d.d <= 5200) {
			fault("Rates."+d.name, "is not in 0 to 5200 weeks")
		}
	}
}

func optionError(field, reason string) error {
	return fmt.Errorf("%w: %s %s", ErrOptions, field, reason)
}
