package synth_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

func TestOptionsFaults(t *testing.T) {
	nan := math.NaN()
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	with := func(change func(*synth.Rates)) *synth.Rates {
		r := synth.DefaultRates()
		change(r)
		return r
	}
	cases := []struct {
		name  string
		opts  *synth.Options
		fault string
	}{
		{"nil", nil, "Location is missing"},
		{"no location", &synth.Options{}, "Location is missing"},
		{"negative customers", &synth.Options{Customers: -1}, "Customers"},
		{"tiny catalogue", &synth.Options{Products: 3}, "Products"},
		{"growth", &synth.Options{Growth: nan}, "Growth"},
		{"shrinking away", &synth.Options{Growth: -1}, "Growth"},
		{"backwards", &synth.Options{Since: start, Until: start}, "Until is not after Since"},
		{"arrivals backwards", &synth.Options{Since: start, ArriveUntil: start.AddDate(-1, 0, 0)}, "ArriveUntil is not after ArriveSince"},
		{"arrivals too late", &synth.Options{Since: start, ArriveUntil: start.AddDate(9, 0, 0)}, "ArriveUntil is after Until"},
		{"a century", &synth.Options{Since: start, Until: start.AddDate(101, 0, 0)}, "100 years"},
		{"a lost year", &synth.Options{Since: time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)}, "years 1 to 9000"},
		{"purchasing", &synth.Options{Purchasing: &synth.ParetoNBD{R: 1, Alpha: 1, S: nan, Beta: 1}}, "Purchasing needs"},
		{"frantic purchasing", &synth.Options{Purchasing: &synth.ParetoNBD{R: 100, Alpha: .05, S: 1, Beta: 1}}, "10000 purchases"},
		{"spend without mean", &synth.Options{Spend: &synth.GammaGamma{P: 1, Q: 1, V: 1}}, "Spend"},
		{"negative month", &synth.Options{Season: &synth.Season{Month: [12]float64{-1}}}, "Season.Month"},
		{"infinite weekday", &synth.Options{Season: &synth.Season{Weekday: [7]float64{math.Inf(1)}}}, "Season.Weekday"},
		{"hour", &synth.Options{Season: &synth.Season{Hour: [24]float64{nan}}}, "Season.Hour"},
		{"peak", &synth.Options{Season: &synth.Season{Peaks: []synth.Peak{{Month: 13, Day: 1, Days: 1}}}}, "Season.Peaks has a span"},
		{"peak factor", &synth.Options{Season: &synth.Season{Peaks: []synth.Peak{{Month: 1, Day: 1, Days: 1, Factor: nan}}}}, "Season.Peaks needs"},
		{"always closed", &synth.Options{Season: &synth.Season{Peaks: []synth.Peak{{Month: 1, Day: 1, Days: 366}}}}, "keeps the shop closed"},
		{"weightless channels", &synth.Options{Channels: []synth.Channel{{Name: "a"}}}, "Channels needs 1 to 200"},
		{"closed first channel", &synth.Options{Channels: []synth.Channel{{Name: "a", Weight: 1, Open: 9, Close: 12}}}, "first channel"},
		{"channel hours", &synth.Options{Channels: []synth.Channel{{Weight: 1}, {Open: 12, Close: 9}}}, "hours"},
		{"country weight", &synth.Options{Countries: []synth.Country{{Weight: -1}}}, "Countries needs weights"},
		{"country postage", &synth.Options{Countries: []synth.Country{{Weight: 1, Postage: -1}}}, "postage"},
		{"guest", &synth.Options{Rates: with(func(r *synth.Rates) { r.Guest = 1 })}, "Rates.Guest"},
		{"crowds of guests", &synth.Options{Customers: 1 << 30, Rates: with(func(r *synth.Rates) { r.Guest = .9 })}, "Rates.Guest makes"},
		{"refund", &synth.Options{Rates: with(func(r *synth.Rates) { r.Refund = nan })}, "Rates.Refund "},
		{"refund shares", &synth.Options{Rates: with(func(r *synth.Rates) { r.RefundWhole, r.RefundCredit = .7, .7 })}, "RefundWhole+RefundCredit"},
		{"delay", &synth.Options{Rates: with(func(r *synth.Rates) { r.ContactDelay = -1 })}, "ContactDelay"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.opts != nil && c.name != "no location" {
				c.opts.Location = time.UTC
			}
			_, err := synth.New(1, c.opts)
			require.ErrorIs(t, err, synth.ErrOptions)
			require.ErrorContains(t, err, "synth: invalid options: ")
			require.ErrorContains(t, err, c.fault)
		})
	}

	t.Run("all at once", func(t *testing.T) {
		err := (&synth.Options{Customers: -1, Products: -1, Growth: nan}).Validate()
		require.Len(t, strings.Split(err.Error(), "\n"), 4)
	})
}

func TestShopKeepsNothingOfTheOptions(t *testing.T) {
	opts := synth.Options{
		Location: time.UTC, Customers: 50, Purchasing: synth.DefaultPurchasing(), Spend: synth.DefaultSpend(),
		Season: synth.DefaultSeason(), Rates: synth.DefaultRates(),
		Channels: []synth.Channel{{Name: "a", Weight: 1}}, Countries: []synth.Country{{Name: "b", Weight: 1}},
	}
	shop := newShop(t, 1, opts)
	want := slices.Collect(shop.Events())
	opts.Purchasing.R, opts.Spend.P, opts.Season.Hour[3], opts.Rates.Refund = 9, 9, 99, 1
	opts.Channels[0], opts.Countries[0] = synth.Channel{Name: "x", Open: 3, Close: 4}, synth.Country{}
	require.Equal(t, want, slices.Collect(shop.Events()))
}

// FuzzShop holds that any options either are refused or give a shop whose
// events are in order, within the observation and add up.
func FuzzShop(f *testing.F) {
	f.Add(uint64(1), 20, 0.8, 9.9, 0.6, 11.0, 6.25, 3.74, 15.0, 0.16, 0.12, 0.3, 1.5, 0.2, int64(3600*24*300))
	f.Add(uint64(2), 3, 0.05, 10_000.0, 0.05, 0.05, 0.05, 1.0001, 1e9, 0.95, 1.0, 0.0, 5200.0, 100.0, int64(3601))
	f.Add(uint64(3), 1, 30.0, 0.1, 3.0, 10_000.0, 1e4, 1e4, 1e-9, 0.0, 1.0, 1.0, 0.0, -0.999, int64(1))
	f.Fuzz(func(t *testing.T, seed uint64, customers int, r, alpha, s, beta, p, q, v, guest, refund, whole, delay, growth float64, seconds int64) {
		if customers < 0 || customers > 30 || r/alpha > 10 || seconds > 86400*1000 {
			t.Skip("too long for a fuzz case")
		}
		start := time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)
		shop, err := synth.New(seed, &synth.Options{
			Location: time.UTC, Customers: customers, Products: 20, Since: start, Until: start.Add(time.Duration(seconds) * time.Second),
			Growth: growth, Purchasing: &synth.ParetoNBD{R: r, Alpha: alpha, S: s, Beta: beta},
			Spend: &synth.GammaGamma{P: p, Q: q, V: v},
			Rates: &synth.Rates{Guest: guest, Refund: refund, RefundWhole: whole, RefundDelay: delay, ContactOrder: refund, ContactLeaving: whole, ContactDelay: delay},
		})
		if err != nil {
			require.ErrorIs(t, err, synth.ErrOptions)
			return
		}
		last := shop.Since()
		worth := make(map[int64]int64)
		var lines []synth.Line
		n := 0
		for e := range shop.Events() {
			require.False(t, e.Time.Before(last))
			require.True(t, e.Time.Before(shop.Until()))
			last = e.Time
			sum := int64(0)
			lines = shop.Basket(lines[:0], e)
			for _, l := range lines {
				sum += l.Quantity * l.Price
			}
			switch e.Kind {
			case synth.Purchase:
				require.Equal(t, e.Amount, sum)
				worth[e.Order] = sum
			case synth.Refund:
				require.Equal(t, -e.Amount, sum)
				require.LessOrEqual(t, e.Amount, worth[e.Order])
			}
			if n++; n == 20_000 {
				break
			}
		}
	})
}
