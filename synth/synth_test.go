package synth_test

import (
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

// The bounds of the statistical tests are four standard errors: a right
// generator misses one with probability 6e-5, and the seeds are fixed.

func london(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return loc
}

func newShop(t testing.TB, seed uint64, opts synth.Options) *synth.Shop {
	t.Helper()
	if opts.Location == nil {
		opts.Location = london(t)
	}
	shop, err := synth.New(seed, &opts)
	require.NoError(t, err)
	return shop
}

// cohort has every customer arrive in the first hour of two years without
// season.
func cohort(t testing.TB, customers int, rates *synth.Rates) *synth.Shop {
	t.Helper()
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	return newShop(t, 11, synth.Options{
		Location: time.UTC, Customers: customers, Since: start, ArriveUntil: start.Add(time.Hour),
		Season: &synth.Season{}, Rates: rates,
	})
}

// purchases returns the times of the i-th customer's purchases.
func purchases(shop *synth.Shop, i int) []time.Time {
	var out []time.Time
	for e := range shop.History(i) {
		if e.Kind == synth.Purchase {
			out = append(out, e.Time)
		}
	}
	return out
}

// near requires the mean of x to be want within four standard errors.
func near(t testing.TB, want float64, x []float64, what string) {
	t.Helper()
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	se := math.Sqrt(square) / float64(len(x))
	require.InDelta(t, want, mean, 4*se, what)
	require.Less(t, se, max(0.1*math.Abs(want), 0.02), "%s: too few to tell", what)
}

func TestPurchasesAndLivesFollowTheParetoNBD(t *testing.T) {
	race.Skip(t)
	shop := cohort(t, 30_000, &synth.Rates{})
	model := synth.DefaultPurchasing()
	for _, weeks := range []float64{4, 26, 100} {
		at := shop.Since().Add(time.Duration(weeks * float64(7*24*time.Hour)))
		var repeats, alive []float64
		for i := range shop.Len() {
			n := 0.0
			for _, p := range purchases(shop, i)[1:] {
				if p.Before(at) {
					n++
				}
			}
			repeats = append(repeats, n)
			stay := 0.0
			if shop.Customer(i).AliveAt(at) {
				stay = 1
			}
			alive = append(alive, stay)
		}
		near(t, model.Mean(weeks), repeats, "repeat purchases")
		near(t, model.Survival(weeks), alive, "alive")
	}
}

func TestTraitsHaveTheStatedMeans(t *testing.T) {
	shop := cohort(t, 30_000, nil)
	model, spend := synth.DefaultPurchasing(), synth.DefaultSpend()
	var rate, drop, worth []float64
	for c := range shop.Customers() {
		rate = append(rate, c.Rate)
		drop = append(drop, c.Dropout)
		worth = append(worth, c.MeanSpend)
	}
	near(t, model.R/model.Alpha, rate, "rate")
	near(t, model.S/model.Beta, drop, "dropout")
	near(t, 100*spend.Mean(), worth, "mean spend")
}

func TestAmountsFollowTheGammaGamma(t *testing.T) {
	shop := cohort(t, 30_000, &synth.Rates{})
	spend := synth.DefaultSpend()
	var first, ratio, forecast []float64
	for i := range shop.Len() {
		var amounts []float64
		for e := range shop.History(i) {
			amounts = append(amounts, float64(e.Amount)/100)
		}
		first = append(first, amounts[0])
		ratio = append(ratio, amounts[0]/shop.Customer(i).MeanSpend*100)
		if len(amounts) > 1 {
			forecast = append(forecast, amounts[1]/spend.MeanGiven(1, amounts[0]))
		}
	}
	near(t, spend.Mean(), first, "amount")
	near(t, 1, ratio, "amount to mean spend")
	near(t, 1, forecast, "second order to its forecast from the first")
	// Around its own mean an order is gamma distributed with shape P.
	square := make([]float64, len(ratio))
	for i, v := range ratio {
		square[i] = (v - 1) * (v - 1)
	}
	near(t, 1/spend.P, square, "variance of an order")
}

// TestAliveAndSilentAreCalibrated compares the posteriors with the truth in ten
// classes of equal size, on a shop with season, growth and arrivals all the
// time.
func TestAliveAndSilentAreCalibrated(t *testing.T) {
	shop := newShop(t, 5, synth.Options{Customers: 30_000, Growth: 0.5, Rates: &synth.Rates{}})
	at := time.Date(2024, 9, 15, 12, 0, 0, 0, london(t))
	until := at.AddDate(0, 2, 0)
	type row struct{ p, truth float64 }
	var alive, silent []row
	for i := range shop.Len() {
		all := purchases(shop, i)
		if all[0].After(at) {
			break
		}
		a := row{p: shop.Alive(all, at)}
		if shop.Customer(i).AliveAt(at) {
			a.truth = 1
		}
		alive = append(alive, a)
		s := row{p: shop.Silent(all, at, until), truth: 1}
		for _, p := range all {
			if p.After(at) && !p.After(until) {
				s.truth = 0
			}
		}
		silent = append(silent, s)
	}
	for name, rows := range map[string][]row{"alive": alive, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			slices.SortStableFunc(rows, func(a, b row) int {
				switch {
				case a.p < b.p:
					return -1
				case a.p > b.p:
					return 1
				}
				return 0
			})
			for class := range slices.Chunk(rows, (len(rows)+9)/10) {
				var p, truth, variance float64
				for _, r := range class {
					p += r.p
					truth += r.truth
					variance += r.p * (1 - r.p)
				}
				require.InDelta(t, p, truth, 4*math.Sqrt(variance)+1)
			}
			require.Less(t, rows[0].p, 0.3, "the test must see doubtful customers")
			require.Greater(t, rows[len(rows)-1].p, 0.9, "and sure ones")
		})
	}
}

func TestAliveOfHistories(t *testing.T) {
	shop := cohort(t, 10, nil)
	day := func(n int) time.Time { return shop.Since().AddDate(0, 0, n) }
	require.True(t, math.IsNaN(shop.Alive(nil, day(9))), "no purchase")
	require.True(t, math.IsNaN(shop.Alive([]time.Time{day(9)}, day(8))), "all purchases later")
	require.Equal(t, 1.0, shop.Alive([]time.Time{day(1), day(9)}, day(9)), "just seen")
	require.Equal(t, shop.Alive([]time.Time{day(1)}, day(8)), shop.Alive([]time.Time{day(1), day(9)}, day(8)), "later ones are ignored")
	long := shop.Alive([]time.Time{day(1), day(3), day(5)}, day(300))
	require.Less(t, long, shop.Alive([]time.Time{day(1), day(3), day(5)}, day(30)))
	require.Less(t, long, shop.Alive([]time.Time{day(1)}, day(300)), "who came often and is silent is gone")
}

func TestGuestsAreTheStatedShare(t *testing.T) {
	race.Skip(t)
	for name, opts := range map[string]synth.Options{
		"default": {},
		"early arrivals, growth": {
			Growth: 0.4, ArriveSince: time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC),
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts.Customers = 20_000
			shop := newShop(t, 3, opts)
			guests := 0
			known := make([]float64, shop.Len())
			for e := range shop.Events() {
				switch {
				case e.Kind != synth.Purchase:
				case e.Customer == 0:
					guests++
				default:
					known[e.Customer-synth.FirstID]++
				}
			}
			require.Equal(t, shop.Guests(), guests)
			share := synth.DefaultRates().Guest
			near(t, float64(guests)*(1-share)/share/float64(shop.Len()), known, "orders a customer")
		})
	}
	require.Zero(t, newShop(t, 1, synth.Options{Rates: &synth.Rates{}}).Guests())
}

func TestArrivals(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 5000, Season: &synth.Season{}, Growth: 1})
	middle := shop.Since().Add(shop.Until().Sub(shop.Since()) / 2)
	early, last := 0.0, time.Time{}
	for c := range shop.Customers() {
		require.False(t, c.Arrived.Before(last))
		require.False(t, c.Arrived.Before(shop.Since()))
		require.True(t, c.Arrived.Before(shop.Until()))
		last = c.Arrived
		if c.Arrived.Before(middle) {
			early++
		}
	}
	// Arrivals are stratified: twice as many in the second year, to a few.
	require.InDelta(t, 5000.0/3, early, 10)
}

func TestHistoriesAreTheFilteredEvents(t *testing.T) {
	race.Skip(t)
	rates := synth.DefaultRates()
	rates.ContactLeaving = 0.5
	for name, opts := range map[string]synth.Options{
		"default": {},
		"late start": {
			Since: time.Date(2023, 6, 1, 12, 0, 0, 0, time.UTC), Until: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC),
			ArriveSince: time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), ArriveUntil: time.Date(2023, 9, 1, 0, 0, 0, 0, time.UTC),
		},
		"leaving contacts": {Rates: rates},
	} {
		t.Run(name, func(t *testing.T) {
			opts.Customers = 3000
			shop := newShop(t, 9, opts)
			byCustomer := make(map[int64][]synth.Event)
			var last synth.Event
			for e := range shop.Events() {
				require.False(t, e.Time.Before(last.Time), "in order")
				require.False(t, e.Time.Before(shop.Since()))
				require.True(t, e.Time.Before(shop.Until()))
				byCustomer[e.Customer] = append(byCustomer[e.Customer], e)
				last = e
			}
			for i := range shop.Len() {
				require.Equal(t, byCustomer[synth.FirstID+int64(i)], slices.Collect(shop.History(i)))
			}
		})
	}
}

func TestEventsAgreeWithTheTruth(t *testing.T) {
	race.Skip(t)
	rates := synth.DefaultRates()
	rates.ContactLeaving = 1
	shop := newShop(t, 2, synth.Options{Customers: 5000, Rates: rates})
	orders := make(map[int64]synth.Event)
	refunded := make(map[int64]bool)
	farewells := make(map[int64]time.Time)
	truth := slices.Collect(shop.Customers())
	for e := range shop.Events() {
		var c *synth.Customer
		if e.Customer != 0 {
			c = &truth[e.Customer-synth.FirstID]
			require.Equal(t, c.Country, e.Country)
			require.False(t, e.Time.Before(c.Arrived))
		}
		switch e.Kind {
		case synth.Purchase:
			require.Zero(t, orders[e.Order].Order, "order numbers are unique")
			require.Positive(t, e.Amount)
			orders[e.Order] = e
			if c != nil {
				require.True(t, c.AliveAt(e.Time), "no purchase after leaving")
			}
		case synth.Refund:
			o := orders[e.Order]
			require.Equal(t, e.Order, o.Order, "of an earlier order")
			require.Equal(t, o.Customer, e.Customer)
			require.Equal(t, o.Channel, e.Channel)
			require.False(t, refunded[e.Order], "refunded once")
			require.Positive(t, e.Amount)
			require.LessOrEqual(t, e.Amount, o.Amount)
			refunded[e.Order] = true
		case synth.Contact:
			require.Zero(t, e.Amount)
			if e.Order == 0 {
				farewells[e.Customer] = e.Time
				require.True(t, c.AliveAt(e.Time))
			} else {
				require.Equal(t, e.Order, orders[e.Order].Order, "of an earlier order")
			}
		}
	}
	for _, c := range truth {
		if !c.Left.IsZero() {
			require.False(t, farewells[c.ID].IsZero(), "everybody contacts before leaving")
		}
	}
}

func TestRates(t *testing.T) {
	race.Skip(t)
	want := *synth.DefaultRates()
	want.ContactRefund = 0
	shop := cohort(t, 20_000, &want)
	settled := shop.Clock(shop.Until()) - 40
	type order struct{ at, amount float64 }
	orders := make(map[int64]order)
	var refund, whole, delay, contact []float64
	share := make(map[int64]float64)
	for e := range shop.Events() {
		at := shop.Clock(e.Time)
		o, ok := orders[e.Order]
		switch {
		case e.Kind == synth.Purchase && at < settled:
			orders[e.Order] = order{at, float64(e.Amount)}
		case !ok:
		case e.Kind == synth.Refund:
			share[e.Order] += float64(e.Amount) / o.amount
			delay = append(delay, at-o.at)
		case e.Kind == synth.Contact:
			contact = append(contact, at-o.at)
		}
	}
	for id := range orders {
		s, ok := share[id]
		refund = append(refund, btof(ok))
		if ok {
			whole = append(whole, btof(s == 1))
		}
	}
	near(t, want.Refund, refund, "refunds")
	near(t, want.RefundDelay, delay, "delay of a refund")
	near(t, want.ContactDelay, contact, "delay of a contact")
	contacts := make([]float64, len(orders))
	for i := range contact {
		contacts[i] = 1
	}
	near(t, want.ContactOrder, contacts, "contacts")
	// A refund in part may return the only piece.
	mean := 0.0
	for _, v := range whole {
		mean += v / float64(len(whole))
	}
	require.Greater(t, mean, want.RefundWhole-0.02)
	require.Less(t, mean, want.RefundWhole+0.15)
}

func btof(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestChannels(t *testing.T) {
	rates := synth.DefaultRates()
	rates.Loyalty = 0.6
	open := []synth.Channel{{Name: "a", Weight: 5}, {Name: "b", Weight: 3}, {Name: "c", Weight: 2}}
	shop := newShop(t, 1, synth.Options{Customers: 10_000, Channels: open, Rates: rates})
	var a, preferred []float64
	for i := range shop.Len() {
		c := shop.Customer(i)
		for e := range shop.History(i) { // the first event is the first order
			a = append(a, btof(e.Channel == "a"))
			preferred = append(preferred, btof(e.Channel == c.Channel))
			break
		}
	}
	near(t, 0.5, a, "share of a channel")
	near(t, 0.6+0.4*(0.25+0.09+0.04), preferred, "share of the preferred channel")

	t.Run("hours", func(t *testing.T) {
		shop := newShop(t, 1, synth.Options{Customers: 3000})
		store := 0
		for e := range shop.Events() {
			if e.Kind == synth.Purchase && e.Channel == "store" {
				store++
				require.GreaterOrEqual(t, e.Time.Hour(), 9)
				require.Less(t, e.Time.Hour(), 20)
			}
		}
		require.Positive(t, store)
	})
}

// TestSettingsDoNotReshuffle holds that each purpose has its own random
// numbers: orders stay the same whatever else changes.
func TestSettingsDoNotReshuffle(t *testing.T) {
	type order struct {
		at     int64
		id     int64
		amount int64
	}
	orders := func(shop *synth.Shop) (out []order) {
		for i := range shop.Len() {
			for e := range shop.History(i) {
				if e.Kind == synth.Purchase {
					out = append(out, order{e.Time.Unix(), e.Order, e.Amount})
				}
			}
		}
		return out
	}
	want := orders(newShop(t, 4, synth.Options{}))
	busy := synth.DefaultRates()
	busy.Refund, busy.ContactLeaving, busy.ContactOrder, busy.Guest = 0.9, 0.9, 0.9, 0.5
	require.Equal(t, want, orders(newShop(t, 4, synth.Options{Rates: busy})))
	require.Equal(t, want, orders(newShop(t, 4, synth.Options{Rates: &synth.Rates{}, Products: 50})))
	require.NotEqual(t, want, orders(newShop(t, 5, synth.Options{})))

	t.Run("a later start cuts off", func(t *testing.T) {
		first := time.Date(2023, 1, 1, 0, 0, 0, 0, london(t))
		late := newShop(t, 4, synth.Options{
			ArriveSince: first, Since: first.AddDate(1, 0, 0), Until: first.AddDate(2, 0, 0),
		})
		var rest []order
		for _, o := range want {
			if o.at >= late.Since().Unix() {
				rest = append(rest, o)
			}
		}
		require.Equal(t, rest, orders(late))
	})
}

func TestConcurrentUseAndGOMAXPROCS(t *testing.T) {
	opts := synth.Options{Customers: 400, Location: london(t)}
	shop := newShop(t, 6, opts)
	want := slices.Collect(shop.Events())
	histories := make([][]synth.Event, shop.Len())
	for i := range histories {
		histories[i] = slices.Collect(shop.History(i))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		again := newShop(t, 6, opts)
		var wait sync.WaitGroup
		for g := range 4 {
			wait.Go(func() {
				for i := g; i < again.Len(); i += 4 {
					if !slices.Equal(histories[i], slices.Collect(again.History(i))) {
						t.Errorf("history %d differs", i)
					}
				}
				if !slices.Equal(want, slices.Collect(again.Events())) {
					t.Error("events differ")
				}
			})
		}
		wait.Wait()
	}
}

func TestBreakingOut(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 50})
	require.Len(t, take(shop.Events(), 3), 3)
	require.Len(t, take(shop.Lines(), 3), 3)
	require.Len(t, take(shop.Customers(), 3), 3)
	require.Len(t, take(shop.History(0), 1), 1)
	require.Panics(t, func() { shop.History(50) })
	require.Panics(t, func() { shop.Customer(-1) })
}

func take[T any](seq iter.Seq[T], n int) (out []T) {
	for v := range seq {
		if out = append(out, v); len(out) == n {
			break
		}
	}
	return out
}

func TestKindText(t *testing.T) {
	for i, name := range []string{"purchase", "refund", "contact"} {
		value, back := synth.Kind(i), synth.Kind(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := synth.Kind(9).MarshalText()
	require.Error(t, err)
}

func TestOriginText(t *testing.T) {
	for i, name := range []string{"own", "recycled", "family", "tablet", "masked", "junk", "gift"} {
		value, back := synth.Origin(i), synth.Origin(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := synth.Origin(9).MarshalText()
	require.Error(t, err)
}
