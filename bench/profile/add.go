package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/pebblestore"
)

// clock measures f, begun with a collected heap.
func clock(f func() error) (time.Duration, error) {
	runtime.GC()
	start := time.Now()
	err := f()
	return time.Since(start), err
}

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// cores has the process use at most n cores until the function that it returns is called.
func cores(n int) (restore func()) {
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(min(n, before))
	return func() { runtime.GOMAXPROCS(before) }
}

func orderSchema() *profile.Schema {
	return &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Events: []profile.Event{{Name: "order", Fields: []profile.Field{
			{Name: "amount", Kind: customer.KindInt64},
			{Name: "brand", Kind: customer.KindText},
			{Name: "category", Kind: customer.KindText},
			{Name: "price", Kind: customer.KindDecimal},
		}}},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "spent_90d", Of: profile.Sum, Events: []string{"order"}, Field: "amount", Window: profile.Window{Days: 90}},
		},
	}
}

// orders are n events of four fields, each atoms' after the other.
func orders(n, each int) []profile.Evidence {
	all := make([]profile.Evidence, n)
	for i := range all {
		chance := scattered(i)
		all[i] = profile.Evidence{
			Atom: atomOf(i / each), ID: fmt.Sprintf("order-%08d", i), Source: "shop", Event: "order", Time: begin.Add(-time.Duration(chance % uint64(days*day))),
			Values: []customer.Field{
				{Name: "amount", Value: customer.Int64Value(int64(chance >> 32 % 100_000))},
				{Name: "brand", Value: of(brands, chance)},
				{Name: "category", Value: of(categories, chance>>8)},
				{Name: "price", Value: customer.DecimalValue(int64(chance>>32%100_000), 2)},
			},
		}
	}
	return all
}

// disordered is all in no order.
func disordered(all []profile.Evidence) []profile.Evidence {
	out := make([]profile.Evidence, len(all))
	for i := range out {
		out[i] = all[disorder(i, len(all))]
	}
	return out
}

// addMany adds all with AddMany.
func addMany(ctx context.Context, p *profile.Profiles, all []profile.Evidence, workers int) error {
	sum, err := p.AddMany(ctx, begin, slices.Values(all), &profile.ManyOptions{Workers: workers})
	if err == nil && sum.Added != len(all) {
		err = fmt.Errorf("added %d of %d", sum.Added, len(all))
	}
	return err
}

// addEach adds all one by one, by some goroutines.
func addEach(ctx context.Context, p *profile.Profiles, all []profile.Evidence, goroutines int) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	failed := make([]error, goroutines)
	for g := range goroutines {
		wait.Go(func() {
			for failed[g] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				var sum profile.Summary
				sum, failed[g] = p.Add(ctx, begin, all[i])
				if failed[g] == nil && sum.Added != 1 {
					failed[g] = errors.New("not added")
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// A busy atom has so many events that most of them lie in pages, and what follows from those in
// partials.
const busyEach = 1000

func adding(ctx context.Context, o *options, _ bool) (figures []harness.Figure, err error) {
	together, busy := orders(o.events, eventsEach), disordered(orders(o.events, busyEach))
	random := disordered(together)
	defer cores(1)()
	for _, of := range []struct {
		name   string
		all    []profile.Evidence
		each   int  // of an atom
		single bool // one by one
		target string
	}{
		{"AddMany, random", random, eventsEach, false, "at least 100,000 a second"},
		{"AddMany, together", together, eventsEach, false, ""},
		{"Add, random, one by one", random, eventsEach, true, ""},
		{"AddMany, 1,000 an atom, random", busy, busyEach, false, "at least 100,000 a second"},
		{"Add, 1,000 an atom, random, one by one", busy, busyEach, true, ""},
	} {
		p, err := profile.Open(ctx, new(store.Memory), orderSchema(), nil)
		if err != nil {
			return nil, err
		}
		added, err := clock(func() error {
			if of.single {
				return addEach(ctx, p, of.all, 1)
			}
			return addMany(ctx, p, of.all, 1)
		})
		if err != nil {
			return nil, err
		}
		synced, err := afterwards(ctx, p, len(of.all)/of.each)
		if err != nil {
			return nil, err
		}
		figures = append(figures,
			harness.Figure{Name: of.name, Value: rate(len(of.all), added), Unit: "events a second"},
			harness.Figure{Name: of.name + ", and Sync", Value: rate(len(of.all), added+synced), Unit: "events a second", Target: of.target})
	}
	return figures, nil
}

// afterwards measures Sync, with the feed of as many customers as two atoms each make.
func afterwards(ctx context.Context, p *profile.Profiles, atoms int) (time.Duration, error) {
	f := newFeed(atoms/2, 2)
	return clock(func() error {
		done, err := p.Sync(ctx, begin, f)
		if err == nil && done.Rows != f.n {
			err = fmt.Errorf("handed on %d of %d", done.Rows, f.n)
		}
		return err
	})
}

func durable(ctx context.Context, o *options, _ bool) (figures []harness.Figure, err error) {
	all, busy := disordered(orders(o.events/4, eventsEach)), disordered(orders(o.events, busyEach))
	many := func(all []profile.Evidence) func(p *profile.Profiles) error {
		return func(p *profile.Profiles) error { return addMany(ctx, p, all, 0) }
	}
	by := func(goroutines int, all []profile.Evidence) func(p *profile.Profiles) error {
		return func(p *profile.Profiles) error { return addEach(ctx, p, all, goroutines) }
	}
	const target = "at least 10,000 a second"
	for _, of := range []struct {
		name, target string
		n, each      int // events, of all atoms and of one
		add          func(p *profile.Profiles) error
	}{
		{"AddMany", target, len(all), eventsEach, many(all)},
		{"Add by 16 goroutines", "", len(all), eventsEach, by(16, all)},
		{"Add by 64 goroutines", target, len(all), eventsEach, by(64, all)},
		{"AddMany, 1,000 an atom", target, len(busy), busyEach, many(busy)},
		{"Add by 64 goroutines, 1,000 an atom", target, len(busy), busyEach, by(64, busy)},
	} {
		added, synced, err := durably(ctx, o.dir, of.n/of.each, of.add)
		if err != nil {
			return nil, err
		}
		figures = append(figures,
			harness.Figure{Name: of.name, Value: rate(of.n, added), Unit: "events a second"},
			harness.Figure{Name: of.name + ", and Sync", Value: rate(of.n, added+synced), Unit: "events a second", Target: of.target})
	}
	return figures, nil
}

// durably measures adding the events of so many atoms to a new store on the disk, and Sync
// afterwards.
func durably(ctx context.Context, folder string, atoms int, add func(p *profile.Profiles) error) (added, synced time.Duration, err error) {
	dir, err := os.MkdirTemp(folder, "pebble")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, err := profile.Open(ctx, s, orderSchema(), nil)
	if err != nil {
		return 0, 0, err
	}
	if added, err = clock(func() error { return add(p) }); err != nil {
		return 0, 0, err
	}
	synced, err = afterwards(ctx, p, atoms)
	return added, synced, err
}
