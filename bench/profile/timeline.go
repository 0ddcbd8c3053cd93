package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// timeline reads a customer of 10,000 events in two atoms page by page, the newest first:
// events that came in the order in which they happened, and in none.
func timeline(ctx context.Context, _ *options, _ bool) (figures []harness.Figure, err error) {
	const events = 10_000
	all := orders(events, events/2)
	for i := range all {
		all[i].Atom = atomOf(i % 2)
		all[i].Time = begin.Add(-time.Duration(events-i) * time.Hour)
	}
	for _, of := range []struct {
		name string
		all  []profile.Evidence
	}{
		{"came in order", all},
		{"came in no order", disordered(all)},
	} {
		pages, err := paged(ctx, of.all)
		if err != nil {
			return nil, err
		}
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		figures = append(figures, harness.Figure{Name: of.name + ": the newest 50", Value: ms(pages[0]), Unit: "ms"})
		slices.Sort(pages)
		figures = append(figures,
			harness.Figure{Name: of.name + ": median of all pages of 50", Value: ms(pages[len(pages)/2]), Unit: "ms"},
			harness.Figure{Name: of.name + ": slowest of them", Value: ms(pages[len(pages)-1]), Unit: "ms"})
	}
	return figures, nil
}

// paged returns what each page of 50 took.
func paged(ctx context.Context, all []profile.Evidence) (took []time.Duration, err error) {
	const page = 50
	p, err := profile.Open(ctx, new(store.Memory), orderSchema(), nil)
	if err != nil {
		return nil, err
	}
	if err := addMany(ctx, p, all, 0); err != nil {
		return nil, err
	}
	if _, err := p.Sync(ctx, begin, newFeed(1, 2)); err != nil {
		return nil, err
	}
	q := &profile.TimelineQuery{Reverse: true, Limit: page}
	var last time.Time
	for seen := 0; seen < len(all); seen += page {
		d, err := clock(func() error {
			n := 0
			for e, err := range p.Timeline(ctx, customer.FromInt64(0), profile.Moment{At: begin}, q) {
				if err != nil {
					return err
				}
				if n++; n == page {
					q.After = e.Position()
				}
				if seen+n > 1 && e.Time.After(last) {
					return fmt.Errorf("event %d is out of order", seen+n)
				}
				last = e.Time
			}
			if n != page {
				return fmt.Errorf("a page of %d", n)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}
