package churn

import (
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// columnsOf writes events as columns.
func columnsOf[K comparable](ctx context.Context, all iter.Seq[Event[K]], progress func(done, total int64)) (*table.Events[K], error) {
	c := new(table.Events[K])
	kinds, channels, categories := interner(&c.KindNames), interner(&c.ChannelNames), interner(&c.CategoryNames)
	for e := range all {
		if n := len(c.Customers); n > 0 && n%(1<<16) == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if progress != nil {
				progress(int64(n), -1)
			}
		}
		at, arrived := civil.Unix(e.Time), civil.Unix(e.Arrived)
		if arrived > at && c.Arrived == nil {
			c.Arrived = append(make([]int64, 0, cap(c.Times)), c.Times...)
		}
		if c.Arrived != nil {
			c.Arrived = append(c.Arrived, arrived)
		}
		c.Customers, c.Times, c.Amounts = append(c.Customers, e.Customer), append(c.Times, at), append(c.Amounts, e.Amount)
		c.Kinds = append(c.Kinds, kinds(e.Kind))
		c.Channels = append(c.Channels, channels(e.Channel))
		c.Categories = append(c.Categories, categories(e.Category))
	}
	if progress != nil {
		progress(int64(len(c.Customers)), -1)
	}
	return c, ctx.Err()
}

// interner returns a function that gives texts their index into names, -1 to the empty one.
func interner(names *[]string) func(text string) int32 {
	known := map[string]int32{"": -1}
	return func(text string) int32 {
		i, ok := known[text]
		if !ok {
			i = int32(len(*names))
			known[text] = i
			*names = append(*names, text)
		}
		return i
	}
}

// build makes a log of columns of equal length.
func build[K comparable](ctx context.Context, c *table.Events[K], o *LogOptions[K]) (*Log[K], error) {
	l := &Log[K]{location: o.Location, compare: o.Compare, until: DayOf(o.Until, o.Location)}
	b := &builder[K]{
		c: c, o: o, log: l, workers: parallel.Workers(o.Workers), hash: newHash[K](),
		from: math.MinInt64, to: l.until.Start(o.Location).Unix(),
	}
	if !o.Since.IsZero() {
		l.since = o.since()
		b.from = l.since.Start(o.Location).Unix()
	}
	t, err := b.read(ctx)
	if err != nil {
		return nil, err
	}
	if o.Since.IsZero() {
		l.since = l.until
		if t.report.Kept > 0 {
			l.since = Day(civil.DayOf(time.Unix(t.first, 0), o.Location))
		}
	}
	if int64(l.until)-int64(l.since) > maxDays {
		return nil, fmt.Errorf("%w: the first event is more than %d days before LogOptions.Until: set LogOptions.Since", ErrOptions, maxDays)
	}
	for d := l.since; d <= l.until; d++ {
		l.starts = append(l.starts, d.Start(o.Location).Unix())
	}
	l.report = t.report
	b.arrives = t.arrives
	if err := b.names(t); err != nil {
		return nil, err
	}
	b.scatter(t.report.Kept)
	if err := b.number(ctx); err != nil {
		return nil, err
	}
	if err := b.arrange(); err != nil {
		return nil, err
	}
	l.report.Customers = len(l.customers)
	if err := b.fill(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// names gives the log the names that are used.
func (b *builder[K]) names(t *tally) error {
	e := &b.log.events
	e.kinds, b.kind = usedNames(b.c.KindNames, t.kinds, Purchase)
	e.channels, b.channel = usedNames(b.c.ChannelNames, t.channels, "")
	e.categories, b.category = usedNames(b.c.CategoryNames, t.categories, "")
	if len(e.kinds) > maxKinds {
		return fmt.Errorf("%w: %d kinds, at most %d can be told apart", ErrEvents, len(e.kinds), maxKinds)
	}
	return nil
}

// maxKinds is what a byte tells apart.
const maxKinds = 256
