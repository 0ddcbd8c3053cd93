package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// heap is the live heap in bytes.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// size is the bytes of all keys and values.
func size(ctx context.Context, s store.Store) (n int, err error) {
	for e, err := range s.Scan(ctx, store.Range{}) {
		if err != nil {
			return 0, err
		}
		n += len(e.Key) + len(e.Value)
	}
	return n, nil
}

// loading begins a crowd, which it leaves behind.
func loading(ctx context.Context, o *options, warm bool) ([]harness.Figure, error) {
	defer cores(2)()
	n := o.customers
	if warm {
		n = max(100, n/20)
	}
	o.crowd = nil
	before := heap()
	made := 0
	making, _ := clock(func() error {
		for range crowdEvidence(n) {
			made++
		}
		return nil
	})
	c, err := newCrowd(ctx, n)
	if err != nil {
		return nil, err
	}
	o.crowd = c
	added, err := clock(func() error { return c.add(ctx) })
	if err != nil {
		return nil, err
	}
	bytes, err := size(ctx, c.store)
	if err != nil {
		return nil, err
	}
	evidence := heap() - before
	synced, err := clock(func() error {
		done, err := c.sync(ctx, n)
		if err == nil && done.Changes != n {
			err = fmt.Errorf("%d changes", done.Changes)
		}
		return err
	})
	const mib = 1 << 20
	return []harness.Figure{
		{Name: "making the evidence alone", Value: making.Seconds(), Unit: "s"},
		{Name: "AddMany", Value: added.Seconds(), Unit: "s"},
		{Name: "AddMany, but for making it", Value: rate(made, added-making), Unit: "a second"},
		{Name: "stored", Value: float64(bytes) / float64(made), Unit: "bytes a piece of evidence"},
		{Name: "heap with the evidence", Value: float64(evidence) / mib, Unit: "MiB"},
		{Name: "first Sync, with the feed", Value: synced.Seconds(), Unit: "s"},
		{Name: "heap with the rows", Value: float64(heap()-before) / mib, Unit: "MiB"},
	}, err
}

// recomputing folds all customers anew, with all rows changed and without storing anything.
func recomputing(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	defer cores(2)()
	c, err := o.loaded(ctx)
	if err != nil {
		return nil, err
	}
	head, err := c.p.RowsHead(ctx)
	if err != nil {
		return nil, err
	}
	synced, err := harness.Clock(func() error {
		c.items = !c.items
		if _, err := c.p.Apply(ctx, c.now, crowdSchema(c.items)); err != nil {
			return err
		}
		_, err := c.sync(ctx, c.n)
		return err
	})
	if err != nil {
		return nil, err
	}
	handed, err := clock(func() error {
		rows := 0
		for b, err := range c.p.Rows(ctx, head) {
			if err != nil {
				return err
			}
			rows += len(b.Upserts)
			head = b.Cursor
		}
		if rows != c.n {
			return fmt.Errorf("%d rows", rows)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.p.TrimRows(ctx, head); err != nil {
		return nil, err
	}
	m := profile.Moment{At: c.now}
	all, err := clock(func() error { return walked(c.p.All(ctx, m), c.n) })
	if err != nil {
		return nil, err
	}
	table, err := clock(func() error { return c.table(ctx, m) })
	const target = "at most 20 s of a million"
	return []harness.Figure{
		{Name: "Apply and Sync, all rows changed", Value: synced.Wall.Seconds(), Unit: "s", Target: target},
		{Name: "the same, time of processors", Value: synced.CPU.Seconds(), Unit: "s"},
		{Name: "Rows", Value: handed.Seconds(), Unit: "s"},
		{Name: "All", Value: all.Seconds(), Unit: "s", Target: target},
		{Name: "Table", Value: table.Seconds(), Unit: "s", Target: target},
	}, err
}

// table makes a table of the crowd and counts its orders.
func (c *crowd) table(ctx context.Context, m profile.Moment) error {
	t, err := c.p.Table(ctx, m)
	if err != nil {
		return err
	}
	for _, column := range t.Columns {
		if column.Name != "orders" {
			continue
		}
		sum := 0.0
		for _, n := range column.Num {
			sum += n
		}
		if t.Rows() != c.n || sum != float64(5*c.n) {
			return fmt.Errorf("%d rows with %g orders", t.Rows(), sum)
		}
		return nil
	}
	return errors.New("no orders")
}

// passing has a day pass.
func passing(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	defer cores(2)()
	c, err := o.loaded(ctx)
	if err != nil {
		return nil, err
	}
	y, m, d := c.now.Date()
	c.now = time.Date(y, m, d+1, 0, 5, 0, 0, c.now.Location())
	var done profile.Synced
	took, err := clock(func() error {
		var err error
		done, err = c.sync(ctx, -1)
		return err
	})
	share := 100 * float64(done.Refolded) / float64(c.n)
	if err == nil && (share < 0.5 || share > 10) {
		err = fmt.Errorf("%g percent of the customers are due", share)
	}
	return []harness.Figure{
		{Name: "customers due", Value: share, Unit: "percent"},
		{Name: "rows handed on", Value: float64(done.Rows), Unit: "rows"},
		{Name: "Sync", Value: took.Seconds(), Unit: "s"},
		{Name: "Sync, each customer that is due", Value: took.Seconds() * 1e6 / float64(max(1, done.Refolded)), Unit: "µs"},
	}, err
}

// measuring measures the quality of all data.
func measuring(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	defer cores(2)()
	c, err := o.loaded(ctx)
	if err != nil {
		return nil, err
	}
	took, err := clock(func() error {
		q, err := c.p.Quality(ctx, c.now)
		if err == nil && q.Customers != int64(c.n) {
			err = fmt.Errorf("%d customers", q.Customers)
		}
		return err
	})
	return []harness.Figure{
		{Name: "Quality", Value: took.Seconds(), Unit: "s"},
		{Name: "customers", Value: rate(c.n, took), Unit: "a second"},
	}, err
}
