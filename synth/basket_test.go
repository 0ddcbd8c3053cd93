package synth_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

func TestBasketsSumToTheirEvents(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 800})
	codes := make(map[string]synth.Product)
	for _, p := range shop.Products() {
		codes[p.Code] = p
	}
	var atList, other, manual, orders int
	sold := make(map[int64]map[string]int64) // order, code, quantity
	for e := range shop.Events() {
		lines := shop.Basket(nil, e)
		sum := int64(0)
		for _, l := range lines {
			sum += l.Quantity * l.Price
			require.Equal(t, e.Time, l.Time)
			require.True(t, e.Customer == l.Customer && e.Order == l.Order && e.Kind == l.Kind)
			require.GreaterOrEqual(t, l.Price, int64(0))
			if p, ok := codes[l.Code]; ok {
				require.Equal(t, p.Description, l.Description)
			} else {
				require.Contains(t, []string{"POST", "M", "D"}, l.Code)
			}
		}
		switch e.Kind {
		case synth.Contact:
			require.Empty(t, lines)
		case synth.Purchase:
			require.Equal(t, e.Amount, sum)
			orders++
			sold[e.Order] = make(map[string]int64)
			for _, l := range lines {
				sold[e.Order][l.Code] += l.Quantity
				require.Positive(t, l.Quantity)
				p, ok := codes[l.Code]
				switch {
				case !ok && l.Code == "M":
					manual++
				case !ok || l.Price == 0:
				case p.Price == l.Price:
					atList++
				default:
					other++
					require.InDelta(t, p.Price, l.Price, 0.5*float64(p.Price)+20, "close to the list price")
				}
			}
		case synth.Refund:
			require.Equal(t, -e.Amount, sum)
			for _, l := range lines {
				require.Negative(t, l.Quantity)
				if l.Code != "D" {
					require.GreaterOrEqual(t, sold[e.Order][l.Code], -l.Quantity, "returned goods were bought")
				}
			}
		}
	}
	require.Less(t, other, orders, "at most one line an order is not at list price")
	require.Greater(t, atList, 2*other)
	require.Less(t, float64(manual), 0.06*float64(orders))
}

func TestBasketsOfExtremes(t *testing.T) {
	for name, v := range map[string]float64{"pennies": 0.001, "palaces": 1e8} {
		t.Run(name, func(t *testing.T) {
			shop := newShop(t, 1, synth.Options{Customers: 300, Spend: &synth.GammaGamma{P: 0.5, Q: 1.1, V: v}})
			for e := range shop.Events() {
				sum := int64(0)
				for _, l := range shop.Basket(nil, e) {
					sum += l.Quantity * l.Price
				}
				if e.Kind == synth.Refund {
					sum = -sum
				}
				require.Equal(t, e.Amount, sum)
			}
		})
	}
}

func TestLinesAreTheBaskets(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 100})
	var want, got []synth.Line
	for e := range shop.Events() {
		want = shop.Basket(want, e)
	}
	for l := range shop.Lines() {
		got = append(got, l)
	}
	require.Equal(t, want, got)
}

func TestSamplesDiscountsAndCountries(t *testing.T) {
	rates := synth.DefaultRates()
	rates.Sample = 0.2
	shop := newShop(t, 1, synth.Options{Customers: 8000, Rates: rates})
	var sample, home, credit []float64
	for e := range shop.Events() {
		if e.Kind == synth.Refund {
			credit = append(credit, btof(shop.Basket(nil, e)[0].Code == "D"))
		}
		if e.Kind != synth.Purchase {
			continue
		}
		n := 0.0
		for _, l := range shop.Basket(nil, e) {
			n += btof(l.Price == 0)
		}
		sample = append(sample, n)
	}
	for c := range shop.Customers() {
		home = append(home, btof(c.Country == "United Kingdom"))
	}
	near(t, 0.2, sample, "samples")
	near(t, 0.88, home, "home")
	near(t, rates.RefundCredit, credit, "discounts afterwards")
}

func TestCatalogue(t *testing.T) {
	race.Skip(t)
	for _, n := range []int{10, 2000, 20_000} {
		shop := newShop(t, 1, synth.Options{Products: n})
		products := shop.Products()
		require.Len(t, products, n)
		codes, names := make(map[string]bool), make(map[string]bool)
		total := 0.0
		for i, p := range products {
			require.Regexp(t, `^[2-8]\d{4}[A-F]?$`, p.Code)
			require.GreaterOrEqual(t, p.Price, int64(19))
			codes[p.Code], names[p.Description] = true, true
			total += p.Weight
			// Zipf and Mandelbrot: the weight of rank k is proportional to
			// (k+31)^-0.8.
			require.InEpsilon(t, math.Pow(float64(i+31)/31, -0.8), p.Weight/products[0].Weight, 1e-12)
		}
		require.Len(t, codes, n)
		require.Len(t, names, n)
		require.InDelta(t, 1, total, 1e-9)
	}
}

// TestPopularity compares the shares of products among first lines at list
// price with their weights.
func TestPopularity(t *testing.T) {
	race.Skip(t)
	rates := &synth.Rates{}
	shop := newShop(t, 1, synth.Options{
		Customers: 30_000, Products: 50, Rates: rates, Channels: []synth.Channel{{Name: "till", Weight: 1}},
		Spend: &synth.GammaGamma{P: 50, Q: 50, V: 1000},
	})
	products := shop.Products()
	count := make(map[string]float64)
	n := 0.0
	for i := range 20_000 {
		for e := range shop.History(i) {
			count[shop.Basket(nil, e)[0].Code]++ // dear enough for any first piece
			n++
			break
		}
	}
	for _, p := range products {
		require.InDelta(t, n*p.Weight, count[p.Code], 4*math.Sqrt(n*p.Weight))
	}
}
