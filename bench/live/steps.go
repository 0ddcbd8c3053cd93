package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/segment"
)

// one lets one core do all, until restore.
func one() (restore func()) {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}

// evaluating finds the members of all segments.
func evaluating(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	c, err := o.made(ctx)
	if err != nil {
		return nil, err
	}
	defer one()()
	cost, err := harness.Clock(func() error {
		_, err := c.live(1)
		return err
	})
	return []harness.Figure{{Name: "1,000 rules", Value: cost.CPU.Seconds(), Unit: "s", Target: "at most 2 s"}}, err
}

// updating writes batches of several sizes.
func updating(ctx context.Context, o *options, warm bool) (figures []harness.Figure, err error) {
	c, err := o.made(ctx)
	if err != nil {
		return nil, err
	}
	defer one()()
	l, err := c.live(1)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(3, 3))
	var b segment.Batch
	for _, size := range []int{1000, 10_000, 100_000, 300_000, 1_000_000} {
		took, n := time.Duration(0), 0
		for n < max(size, 300_000) {
			b.Reset()
			for range size {
				c.write(rng, &b, l.At())
			}
			cost, err := harness.Clock(func() error {
				_, err := l.Apply(ctx, l.At().Add(time.Microsecond), &b)
				return err
			})
			if err != nil {
				return nil, err
			}
			took += cost.CPU
			n += size
			if warm {
				break
			}
		}
		f := harness.Figure{Name: fmt.Sprintf("batches of %d", size), Value: float64(n) / took.Seconds(), Unit: "updates a second"}
		if size >= 300_000 {
			f.Target = "at least 300,000 a second"
		}
		figures = append(figures, f)
	}
	c.index = nil // the Live had it
	o.crowd = nil
	return figures, nil
}

// ticking moves the clock.
func ticking(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	c, err := o.made(ctx)
	if err != nil {
		return nil, err
	}
	defer one()()
	l, err := c.live(1)
	if err != nil {
		return nil, err
	}
	var idle, due []float64
	notices := 0
	for range 200 {
		next := l.Next()
		began := time.Now()
		told, err := l.Advance(ctx, next.Add(-1))
		idle = append(idle, time.Since(began).Seconds()*1e6)
		if err != nil || len(told) > 0 {
			return nil, fmt.Errorf("%d notices before the next, %w", len(told), err)
		}
		began = time.Now()
		told, err = l.Advance(ctx, next)
		due = append(due, time.Since(began).Seconds()*1e3)
		if err != nil {
			return nil, err
		}
		notices += len(told)
	}
	slices.Sort(idle)
	slices.Sort(due)
	return []harness.Figure{
		{Name: "nothing to flip", Value: harness.Median(idle), Unit: "µs", Target: "at most 50 µs"},
		{Name: "nothing to flip, slowest of 200", Value: idle[199], Unit: "µs"},
		{Name: "notices there after the instant they are due", Value: harness.Median(due), Unit: "ms", Target: "at most 10 ms"},
		{Name: "the same, slowest of 200", Value: due[199], Unit: "ms"},
		{Name: "notices each time", Value: float64(notices) / 200, Unit: "notices"},
	}, nil
}

// reading asks while nothing happens, and while a writer goes on.
func reading(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	c, err := o.made(ctx)
	if err != nil {
		return nil, err
	}
	l, err := c.live(1)
	if err != nil {
		return nil, err
	}
	questions := rand.New(rand.NewPCG(5, 5))
	rules := make([]segment.Rule, 50)
	for i := range rules {
		rules[i] = segment.And(c.condition(questions), c.condition(questions), segment.Not(c.condition(questions)))
	}
	ask := func(least time.Duration) (p50, p99 float64, err error) {
		var took []float64
		for i, all := 0, time.Now(); time.Since(all) < least; i++ {
			q := segment.Query{Rule: rules[i%len(rules)], AsOf: l.At(), Location: time.UTC, Workers: 1}
			began := time.Now()
			if _, err := l.Snapshot().Count(ctx, q); err != nil {
				return 0, 0, err
			}
			took = append(took, time.Since(began).Seconds()*1e3)
		}
		slices.Sort(took)
		return harness.Median(took), took[len(took)*99/100], nil
	}
	if _, _, err := ask(time.Second); err != nil {
		return nil, err
	}
	runtime.GC()
	idle50, idle99, err := ask(5 * time.Second)
	if err != nil {
		return nil, err
	}
	figures := []harness.Figure{
		{Name: "idle: median", Value: idle50, Unit: "ms"},
		{Name: "idle: p99", Value: idle99, Unit: "ms"},
	}
	rng := rand.New(rand.NewPCG(6, 6))
	for _, w := range []struct {
		size  int
		every time.Duration
		name  string
	}{{20_000, 100 * time.Millisecond, "beside batches of 20,000"}, {1_000_000, time.Millisecond, "beside batches of 1,000,000"}} {
		stop := c.writing(ctx, l, rng, w.size, w.every)
		p50, p99, err := ask(10 * time.Second)
		rate, werr := stop()
		if err = errors.Join(err, werr); err != nil {
			return nil, err
		}
		figures = append(figures,
			harness.Figure{Name: w.name + ": updates", Value: rate, Unit: "a second", Target: "200,000 a second"},
			harness.Figure{Name: w.name + ": median", Value: p50, Unit: "ms"},
			harness.Figure{Name: w.name + ": p99", Value: p99, Unit: "ms"},
			harness.Figure{Name: w.name + ": p99 against idle", Value: p99 / idle99, Unit: "ratio", Target: "at most 2"},
		)
	}
	o.crowd = nil
	return figures, nil
}

// writing writes batches in the background, as often as said or one after the other, until stop, which returns the updates a
// second.
func (c *crowd) writing(ctx context.Context, l *segment.Live, rng *rand.Rand, size int, every time.Duration) (stop func() (float64, error)) {
	batches := make([]segment.Batch, 4_000_000/size) // more than there is time for
	for i := range batches {
		for range size {
			c.write(rng, &batches[i], l.At())
		}
	}
	runtime.GC()
	end, ended := make(chan struct{}), make(chan error)
	n, began := 0, time.Now()
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-end:
				ended <- nil
				return
			case <-tick.C:
			}
			if _, err := l.Apply(ctx, l.At().Add(time.Microsecond), &batches[n%len(batches)]); err != nil {
				ended <- err
				return
			}
			n++
		}
	}()
	return func() (float64, error) {
		close(end)
		err := <-ended
		return float64(n*size) / time.Since(began).Seconds(), err
	}
}
