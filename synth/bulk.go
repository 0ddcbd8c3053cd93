package synth

import "fmt"

// Bulk fills four columns of equal length with invoice lines for timing other
// code: customers 1 to customers, each with at least one order; ascending Unix
// seconds from 2023-01-01 to 2025-01-01 UTC; amounts in minor units of about
// 0.5 to 50.00; order numbers ascending from 1. The lines of an order are
// adjacent and share customer and second; their number is geometric with a mean
// of len/orders, where orders is the larger of customers and len/4. The orders
// beyond the first of each customer go to customer ranks as floor(customers
// u^3), u uniform: the first fifth of ranks has 58% of them. Ranks are
// scattered over ids.
//
// It is a shape for benchmarks: customers do not arrive or leave and there are
// no seasons. Use a [Shop] to judge a model. The cost is O(lines). It
// is an error if the lengths differ or are below customers, or customers is
// below 1.
func Bulk(seed uint64, customers int, customer, unix, amount, order []int64) error {
	m := len(customer)
	switch {
	case len(unix) != m || len(amount) != m || len(order) != m:
		return fmt.Errorf("synth: bulk: columns of lengths %d, %d, %d and %d", m, len(unix), len(amount), len(order))
	case customers < 1:
		return fmt.Errorf("synth: bulk: %d customers", customers)
	case m < customers:
		return fmt.Errorf("synth: bulk: %d lines for %d customers", m, customers)
	}
	const start, span = 1672531200, 731 * 86400
	var (
		r      = newStream(seed, forBulk, 0)
		n      = uint64(customers)
		orders = uint64(max(customers, m/4))
		step   = coprime(n)
		placed uint64 // orders so far
		seen   uint64 // customers whose sure order has been
		buyer  int64
		when   int64
	)
	for i := range m {
		// Of the lines left, as many begin an order as there are orders left.
		if i == 0 || uint64(r.below(m-i)) < orders-placed {
			rank := seen
			if (placed+1)*n/orders > seen {
				seen++
			} else {
				u := r.uniform()
				rank = uint64(u * u * u * float64(n))
			}
			placed++
			buyer = int64(rank*step%n) + 1
			when = start + int64(float64(i)/float64(m)*span)
		}
		customer[i], unix[i], order[i] = buyer, when, int64(placed)
		u := r.uniform()
		amount[i] = 50 + int64(4950*u*u*u)
	}
	return nil
}

// coprime returns a number near 0.618 n without a common factor with n, so that
// multiplication by it permutes the numbers below n.
func coprime(n uint64) uint64 {
	for k := n*5/8 + 1; ; k++ {
		a, b := k, n
		for b > 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return k
		}
	}
}
