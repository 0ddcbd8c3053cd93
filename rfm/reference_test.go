package rfm_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
)

// slowCustomers is the obvious way from transactions to customers: group,
// then apply the definitions of the options one after the other.
func slowCustomers(txns []rfm.Transaction[int], o *rfm.Options) (customers map[int]rfm.Customer[int], refundOnly, refundOnlyAmount int64) {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(o.Location).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	today := day(o.AsOf)
	byCustomer := map[int][]rfm.Transaction[int]{}
	for _, t := range txns {
		switch {
		case t.Kind > rfm.Refund, t.Time.IsZero(), t.Amount < 0, day(t.Time).After(today):
		case o.Window > 0 && !day(t.Time).After(today.AddDate(0, 0, -o.Window)):
		case t.Kind == rfm.Refund && o.Refunds == rfm.IgnoreRefunds:
		default:
			byCustomer[t.Customer] = append(byCustomer[t.Customer], t)
		}
	}
	customers = map[int]rfm.Customer[int]{}
	for id, all := range byCustomer {
		c := rfm.Customer[int]{ID: id}
		var purchases []rfm.Transaction[int]
		net, refunded := map[string]int64{}, map[string]bool{}
		for _, t := range all {
			if t.Kind == rfm.Refund {
				c.Revenue -= t.Amount
				net[t.Order] -= t.Amount
				refunded[t.Order] = true
				continue
			}
			c.Revenue += t.Amount
			net[t.Order] += t.Amount
			purchases = append(purchases, t)
		}
		if o.Refunds == rfm.NetRefunds {
			purchases = slices.DeleteFunc(purchases, func(t rfm.Transaction[int]) bool {
				return t.Order != "" && refunded[t.Order] && net[t.Order] <= 0
			})
		}
		if len(purchases) == 0 {
			refundOnly++
			refundOnlyAmount += c.Revenue
			continue
		}
		last := purchases[0].Time
		orders, days, noOrder := map[string]time.Time{}, map[time.Time]bool{}, 0
		for _, t := range purchases {
			if t.Time.After(last) {
				last = t.Time
			}
			if t.Order == "" {
				noOrder++
				days[day(t.Time)] = true
				continue
			}
			if o.Refunds != rfm.NetRefunds {
				days[day(t.Time)] = true
			}
			if t.Time.After(orders[t.Order]) {
				orders[t.Order] = t.Time
			}
		}
		if o.Refunds == rfm.NetRefunds { // an order counts on the day of its last line
			for _, at := range orders {
				days[day(at)] = true
			}
		}
		c.Recency = int(today.Sub(day(last)).Hours() / 24)
		switch o.Frequency {
		case rfm.Orders:
			c.Frequency = len(orders) + noOrder
		case rfm.Days:
			c.Frequency = len(days)
		case rfm.Lines:
			c.Frequency = len(purchases)
		}
		c.Monetary = float64(c.Revenue)
		switch o.Monetary {
		case rfm.MeanLine:
			c.Monetary /= float64(len(purchases))
		case rfm.PerOrder:
			c.Monetary /= float64(c.Frequency)
		}
		customers[id] = c
	}
	return customers, refundOnly, refundOnlyAmount
}

// randomTransactions has few customers, orders and days, so that all cases
// meet; some faults among them.
func randomTransactions(r *rand.Rand, n int, start time.Time) []rfm.Transaction[int] {
	txns := make([]rfm.Transaction[int], n)
	for i := range txns {
		t := rfm.Transaction[int]{
			Customer: r.IntN(n/5 + 1),
			Time:     start.Add(time.Duration(r.IntN(60*24*60)) * time.Minute),
			Amount:   r.Int64N(4) * 100,
			Kind:     rfm.Kind(max(0, r.IntN(5)-3)),
		}
		if r.IntN(5) > 0 {
			t.Order = strconv.Itoa(r.IntN(n / 3))
		}
		switch r.IntN(100) {
		case 0:
			t.Amount = -1
		case 1:
			t.Time = time.Time{}
		case 2:
			t.Kind = 7
		}
		txns[i] = t
	}
	return txns
}

// eachPolicy calls f for every combination of the options that count.
func eachPolicy(t *testing.T, f func(t *testing.T, o rfm.Options)) {
	zone, err := time.LoadLocation("America/Santiago") // daylight saving within the random dates
	require.NoError(t, err)
	for _, unit := range []rfm.FrequencyUnit{rfm.Orders, rfm.Days, rfm.Lines} {
		for _, refunds := range []rfm.RefundPolicy{rfm.SubtractRefunds, rfm.NetRefunds, rfm.IgnoreRefunds} {
			for _, money := range []rfm.MonetaryMeasure{rfm.Total, rfm.MeanLine, rfm.PerOrder} {
				if money == rfm.PerOrder && unit != rfm.Orders {
					continue
				}
				for _, window := range []int{0, 20} {
					o := rfm.Options{
						AsOf: time.Date(2024, 4, 20, 1, 0, 0, 0, time.UTC), Location: zone, Window: window,
						Frequency: unit, Refunds: refunds, Monetary: money,
					}
					t.Run(unit.String()+"/"+refunds.String()+"/"+money.String()+"/"+strconv.Itoa(window), func(t *testing.T) { f(t, o) })
				}
			}
		}
	}
}
