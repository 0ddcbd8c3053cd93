package synth_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

func bulk(t *testing.T, customers, lines int) (customer, unix, amount, order []int64) {
	t.Helper()
	customer, unix, amount, order = make([]int64, lines), make([]int64, lines), make([]int64, lines), make([]int64, lines)
	require.NoError(t, synth.Bulk(1, customers, customer, unix, amount, order))
	return customer, unix, amount, order
}

func TestBulk(t *testing.T) {
	for _, c := range []struct {
		name                     string
		customers, lines, orders int
	}{
		{"one line each", 500, 500, 500},
		{"few lines", 500, 700, 500},
		{"ten each", 2000, 20_000, 5000},
		{"one customer", 1, 100, 25},
		{"two customers", 2, 100, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			customer, unix, amount, order := bulk(t, c.customers, c.lines)
			require.True(t, slices.IsSorted(unix))
			require.True(t, slices.IsSorted(order))
			require.EqualValues(t, c.orders, order[c.lines-1])
			seen := make(map[int64]bool)
			last := int64(0)
			for i := range customer {
				seen[customer[i]] = true
				require.True(t, customer[i] >= 1 && customer[i] <= int64(c.customers))
				require.True(t, amount[i] >= 50 && amount[i] <= 5000)
				if order[i] == last {
					require.Equal(t, customer[i-1], customer[i])
					require.Equal(t, unix[i-1], unix[i])
				} else {
					require.Equal(t, last+1, order[i])
				}
				last = order[i]
			}
			require.Len(t, seen, c.customers)
			again, _, _, _ := bulk(t, c.customers, c.lines)
			require.Equal(t, customer, again)
		})
	}
}

func TestBulkIsSkewed(t *testing.T) {
	const customers, lines = 1000, 80_000
	customer, _, _, order := bulk(t, customers, lines)
	count := make([]float64, customers)
	for i := range customer {
		if i == 0 || order[i] != order[i-1] {
			count[customer[i]-1]++
		}
	}
	slices.Sort(count)
	top := 0.0
	for _, n := range count[800:] {
		top += n
	}
	// 20,000 orders, 19,000 of them by rank: the first fifth of ranks has
	// 0.2^(1/3).
	require.InDelta(t, 200+19_000*0.5848, top, 4*70+100)
}

func TestBulkErrors(t *testing.T) {
	five, four := make([]int64, 5), make([]int64, 4)
	require.ErrorContains(t, synth.Bulk(1, 2, five, five, four, five), "lengths 5, 5, 4 and 5")
	require.ErrorContains(t, synth.Bulk(1, 0, five, five, five, five), "0 customers")
	require.ErrorContains(t, synth.Bulk(1, 6, five, five, five, five), "5 lines for 6 customers")
}
