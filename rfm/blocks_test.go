package rfm_test

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/rfm"
)

// TestBlocks has more rows than a block, of 1<<20, and so many chunks that goroutines finish them in any order: the
// bytes are those of one goroutine, in whatever order the rows come, and the customers those of the definition.
func TestBlocks(t *testing.T) {
	race.Skip(t)
	r := rand.New(rand.NewPCG(3, 8))
	const n, customers = 1<<20 + 30_000, 9_000
	orders := make([]string, n/4)
	for i := range orders[1:] {
		orders[i+1] = strconv.Itoa(i)
	}
	var c rfm.Columns[int]
	for i := range n { // a customer's rows are near each other, and some far away
		order := r.IntN(len(orders)/customers*2) * (i % 3)
		customer := (i/64 + r.IntN(40)) % customers
		c.Customers, c.Times = append(c.Customers, customer), append(c.Times, start.Unix()+r.Int64N(52*86400))
		c.Amounts, c.Kinds = append(c.Amounts, r.Int64N(5)*100-1+min(1, int64(i%100))), append(c.Kinds, rfm.Kind(max(0, r.IntN(5)-3)))
		c.Orders = append(c.Orders, orders[order])
	}
	o := rfm.Options{AsOf: start.AddDate(0, 0, 50), Location: time.UTC, Refunds: rfm.NetRefunds, Workers: 1}
	analyze := func() (*rfm.Analysis[int], string) {
		a, err := rfm.AnalyzeColumns(t.Context(), c, &o)
		require.NoError(t, err)
		data, err := json.Marshal(a)
		require.NoError(t, err)
		return a, string(data)
	}
	a, want := analyze()
	require.EqualValues(t, n, a.Report.Rows)
	require.NotZero(t, a.Report.Negative)
	require.NotZero(t, a.Report.Future)

	var some []rfm.Transaction[int]
	for i, id := range c.Customers {
		if id%90 == 0 {
			some = append(some, rfm.Transaction[int]{Customer: id, Time: time.Unix(c.Times[i], 0), Amount: c.Amounts[i], Order: c.Orders[i], Kind: c.Kinds[i]})
		}
	}
	slow, _, _ := slowCustomers(some, &o)
	require.Greater(t, len(slow), 50)
	for _, got := range a.Customers {
		if got.ID%90 != 0 {
			continue
		}
		require.Equal(t, slow[got.ID].Values, got.Values, got.ID)
		require.Equal(t, slow[got.ID].Revenue, got.Revenue)
		delete(slow, got.ID)
	}
	require.Empty(t, slow)

	o.Workers = 2
	_, got := analyze()
	require.True(t, want == got, "2 workers")
	r.Shuffle(n, func(i, j int) {
		c.Customers[i], c.Customers[j] = c.Customers[j], c.Customers[i]
		c.Times[i], c.Times[j] = c.Times[j], c.Times[i]
		c.Amounts[i], c.Amounts[j] = c.Amounts[j], c.Amounts[i]
		c.Kinds[i], c.Kinds[j] = c.Kinds[j], c.Kinds[i]
		c.Orders[i], c.Orders[j] = c.Orders[j], c.Orders[i]
	})
	o.Workers = 5
	_, got = analyze()
	require.True(t, want == got, "5 workers, shuffled")
}
