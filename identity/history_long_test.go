//go:build long

package identity

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clientele-go/clientele/store"
)

// manyHistories is how many TestManyHistories takes: two in three of 4 to 8 steps, the
// others of up to 40.
const manyHistories = 1_000_000

func TestManyHistories(t *testing.T) {
	var next atomic.Uint64
	var failed atomic.Uint64
	var wg sync.WaitGroup
	start := time.Now()
	run := func(ctx context.Context, seed uint64) func(*history) error {
		return func(h *history) error { return h.run(ctx, new(store.Memory), seed%16 == 0, seed%16 == 1) }
	}
	draw := func(seed uint64) *history {
		if seed%3 == 0 {
			return randomHistory(seed, 5, 40)
		}
		return randomHistory(seed, 4, 8)
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= manyHistories && failed.Load() == 0; seed = next.Add(1) {
				if run(t.Context(), seed)(draw(seed)) != nil {
					failed.Store(seed)
				}
				if seed%100_000 == 0 {
					t.Logf("%d histories in %v", seed, time.Since(start).Round(time.Second))
				}
			}
		})
	}
	wg.Wait()
	if seed := failed.Load(); seed != 0 {
		failHistory(t, seed, draw(seed), run(t.Context(), seed))
	}
	t.Logf("%.0f histories a second", manyHistories/time.Since(start).Seconds())
}

func TestManyOrders(t *testing.T) {
	for seed := range uint64(200_000) {
		testAnyOrder(t, seed)
	}
}

func TestGroupEqualsReferenceLong(t *testing.T) {
	for seed := range uint64(1_000_000) {
		testGroup(t, seed)
	}
}

func TestThousandsOfRecordsOverAndBack(t *testing.T) {
	phone := func(int) []Identifier { return []Identifier{ident("phone", "p")} }
	overAndBack(t, 3000, 1000, []Type{{Name: "phone", Kind: Shareable}}, phone)
}

func TestCustomerOfThousands(t *testing.T) { testParts(t, 5000, 6) }

func TestManyHistoriesInBadWeather(t *testing.T) {
	for seed := range uint64(50_000) {
		h := randomHistory(seed, 4, 20)
		run := func(h *history) error { return h.runInWeather(t.Context(), seed, seed%2 == 0) }
		if run(h) != nil {
			failHistory(t, seed, h, run)
		}
	}
}

func TestManyHistoriesAtOnce(t *testing.T) {
	for seed := range uint64(10_000) {
		if err := atOnce(t.Context(), seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestManyHistoriesRace(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(30_000) {
		if err := raced(t.Context(), seed, kinds); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	t.Log(kinds)
}
