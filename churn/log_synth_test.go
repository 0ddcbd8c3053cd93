package churn

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

// synthLog returns the log of a generated shop of two years, 2023 and 2024 in London, and
// the shop, which knows the truth. Guests are left out; the category is the country.
func synthLog(t testing.TB, seed uint64, customers int) (*Log[int64], *synth.Shop) {
	t.Helper()
	loc, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	shop, err := synth.New(seed, &synth.Options{Location: loc, Customers: customers})
	require.NoError(t, err)
	l, err := NewLog(t.Context(), synthEvents(shop), &LogOptions[int64]{
		Location: loc, Since: shop.Since(), Until: shop.Until(), Compare: cmp.Compare[int64],
	})
	require.NoError(t, err)
	return l, shop
}

// synthEvents yields the events of the customers of a shop, those of a customer together.
func synthEvents(shop *synth.Shop) func(yield func(Event[int64]) bool) {
	kinds := map[synth.Kind]string{synth.Purchase: Purchase, synth.Refund: Refund, synth.Contact: Contact}
	return func(yield func(Event[int64]) bool) {
		for i := range shop.Len() {
			for e := range shop.History(i) {
				if !yield(Event[int64]{
					Customer: e.Customer, Time: e.Time, Kind: kinds[e.Kind],
					Amount: e.Amount, Channel: e.Channel, Category: e.Country,
				}) {
					return
				}
			}
		}
	}
}

func TestSynthLog(t *testing.T) {
	l, shop := synthLog(t, 1, 200)
	events := slices.Collect(synthEvents(shop))
	r := l.Report()
	require.Equal(t, LogReport{Events: int64(len(events)), Kept: int64(len(events)), Customers: shop.Len()}, r)
	require.Equal(t, []string{Contact, Purchase, Refund}, l.events.kinds)
	require.Equal(t, Date(2023, 1, 1), l.Since())
	require.Equal(t, Date(2025, 1, 1), l.Until())
	v := l.view()
	for i, id := range l.Customers() {
		past, unknown := v.past(i, l.Until(), 0)
		require.Zero(t, unknown)
		require.Equal(t, id, shop.Customer(i).ID)
		at := 0
		for e := range shop.History(i) {
			require.Equal(t, e.Time.Unix(), past.At(at).Time.Unix())
			at++
		}
		require.Equal(t, at, past.Len())
	}
}
