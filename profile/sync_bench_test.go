package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// BenchmarkRefold folds all of 20,000 customers of ten events each, and writes their rows:
// the first time, again with no row changed, and again with all rows changed.
func BenchmarkRefold(b *testing.B) {
	const customers, events = 20_000, 10
	ctx, now := b.Context(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p, err := Open(ctx, new(store.Memory), syncSchema(), nil)
	require.NoError(b, err)
	all := func(yield func(Evidence) bool) {
		for i := range customers * events {
			e := Evidence{
				Atom: fakeAtom(i % customers), ID: fmt.Sprint("order ", i), Source: "shop", Event: "order", Time: now.Add(-time.Duration(i%1000) * time.Hour),
				Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(int64(i % 100))}},
			}
			if !yield(e) {
				return
			}
		}
	}
	_, err = p.AddMany(ctx, now, all, nil)
	require.NoError(b, err)
	feed := newManyFeed(customers, now)
	_, err = p.follow(ctx, now.UnixMicro(), feed)
	require.NoError(b, err)
	run := func(name string, again func() error) {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				b.StopTimer()
				require.NoError(b, again())
				b.StartTimer()
				done, err := p.Sync(ctx, now, feed)
				require.NoError(b, err)
				require.Equal(b, customers, done.Refolded)
				n += done.Refolded
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "customers/s")
		})
	}
	run("first", func() error {
		batch := new(store.Batch)
		commit := func(least int) error {
			if len(batch.Writes) < least || len(batch.Writes) == 0 {
				return nil
			}
			_, err := p.s.Commit(ctx, batch)
			batch = new(store.Batch)
			return err
		}
		for _, family := range []byte("rd") {
			for e, err := range p.s.Scan(ctx, store.Under(key(family))) {
				if err != nil {
					return err
				}
				batch.Delete(e.Key)
				if err := commit(5000); err != nil {
					return err
				}
			}
		}
		if err := commit(0); err != nil {
			return err
		}
		for i := range customers {
			batch.Put(waitKey(customer.FromInt64(int64(i))), waitMark)
			if err := commit(5000); err != nil {
				return err
			}
		}
		return commit(0)
	})
	run("same", func() error { return p.Refold(ctx) })
	run("changed", func() error {
		now = now.Add(48 * time.Hour)
		return p.Refold(ctx)
	})
}
