package rfm_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/rfm"
)

// liveHeap is the size of what is reachable.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC() // what finalizers let go in the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// TestMemoryPerCustomer bounds the live heap of what is kept of some 300,000 customers beyond their ids, of 8 bytes: 48 bytes
// a customer in an accumulator, 100 with the analysis beside it, and 24 an order more where orders count.
func TestMemoryPerCustomer(t *testing.T) {
	race.Skip(t)
	c := benchColumns(1_800_000, 460_000)
	orders := map[int64]bool{}
	for _, order := range c.OrderNumbers {
		orders[order] = true
	}
	n := float64(len(orders))
	both := map[rfm.FrequencyUnit]float64{}
	for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders} {
		before := liveHeap()
		acc, err := rfm.NewAccumulator[int64](nil, &rfm.Options{AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC, Frequency: unit, Workers: 2})
		require.NoError(t, err)
		require.NoError(t, acc.AddColumns(t.Context(), c))
		alone := liveHeap() - before
		a, err := acc.Analyze(t.Context(), time.Time{})
		require.NoError(t, err)
		both[unit] = liveHeap() - before
		frequency := 0
		for i := range a.Customers {
			frequency += a.Customers[i].Frequency
		}
		require.Equal(t, map[rfm.FrequencyUnit]int{rfm.Lines: c.Len(), rfm.Orders: len(orders)}[unit], frequency, unit)
		customers := float64(acc.Len())
		require.Greater(t, customers, 290_000.0)
		more := map[rfm.FrequencyUnit]float64{rfm.Orders: 24 * n}[unit]
		require.LessOrEqual(t, alone-more, (48+8)*customers+2*600_000, "%v: the accumulator", unit)
		require.LessOrEqual(t, both[unit]-more, (100+2*8)*customers, "%v: with the analysis", unit)
		t.Logf("%v: %.1f and %.1f bytes a customer beyond ids", unit, alone/customers-8, both[unit]/customers-16)
		runtime.KeepAlive(acc)
		runtime.KeepAlive(a)
	}
	require.LessOrEqual(t, both[rfm.Orders]-both[rfm.Lines], 24*n)
	t.Logf("%.1f bytes an order", (both[rfm.Orders]-both[rfm.Lines])/n)
	runtime.KeepAlive(c)
}
