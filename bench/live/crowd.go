package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// A crowd is an index and the definitions over it.
type crowd struct {
	n           int
	tags        []segment.Tag
	index       *segment.Index
	definitions []segment.Definition
}

// start is what the clock begins with.
var start = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

func (o *options) made(ctx context.Context) (*crowd, error) {
	if o.crowd != nil {
		return o.crowd, nil
	}
	c := &crowd{n: o.customers, tags: tags(100)}
	var err error
	if c.index, err = c.fill(ctx); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for i := range 1000 {
		c.definitions = append(c.definitions, segment.Definition{Name: fmt.Sprintf("segment %d", i), Rule: c.rule(rng)})
	}
	o.crowd = c
	return c, nil
}

func tags(n int) (list []segment.Tag) {
	for i := range n {
		kind := []segment.Kind{
			segment.Flag, segment.Flag, segment.Flag, segment.Enum, segment.Enum, segment.Enum,
			segment.Integer, segment.Integer, segment.Integer, segment.Time,
		}[i%10]
		switch i % 100 {
		case 17, 37:
			kind = segment.Float
		case 55, 75, 95:
			kind = segment.Labels
		}
		list = append(list, segment.Tag{Name: fmt.Sprintf("tag%d", i), Kind: kind})
	}
	return list
}

// fill returns an index in which everybody has a value of every tag.
func (c *crowd) fill(ctx context.Context) (*segment.Index, error) {
	ix, err := segment.New(&segment.Options{Tags: c.tags, Workers: 1}) // the other core is for readers
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(10, 10))
	ids := make([]customer.ID, c.n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	for _, t := range c.tags {
		col := segment.Column{Tag: t.Name}
		switch t.Kind {
		case segment.Flag:
			col.Bools = drawn(c.n, func() bool { return rng.IntN(4) == 0 })
		case segment.Enum:
			for v := range 40 {
				col.Levels = append(col.Levels, fmt.Sprintf("value %d", v))
			}
			col.Codes = drawn(c.n, func() int32 { return rng.Int32N(40) })
		case segment.Labels:
			var lists [20][]string
			for i := range lists {
				lists[i] = []string{fmt.Sprintf("l%d", i)}
			}
			col.Lists = drawn(c.n, func() []string { return lists[rng.IntN(20)] })
		case segment.Float:
			col.Floats = drawn(c.n, rng.Float64)
		case segment.Integer:
			col.Ints = drawn(c.n, func() int64 { return rng.Int64N(10_000) })
		case segment.Time:
			col.Ints = drawn(c.n, func() int64 { return start.Unix() - rng.Int64N(400*86400) })
		}
		if err := ix.Load(ctx, time.Time{}, ids, []segment.Column{col}); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	return ix, nil
}

func drawn[T any](n int, draw func() T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = draw()
	}
	return list
}

// live evaluates all definitions.
func (c *crowd) live(workers int) (*segment.Live, error) {
	return segment.NewLive(c.index, &segment.LiveOptions{At: start, Location: time.UTC, Definitions: c.definitions, Workers: workers})
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func (c *crowd) rule(rng *rand.Rand) segment.Rule {
	parts := make([]segment.Rule, 2+rng.IntN(3))
	for i := range parts {
		parts[i] = c.condition(rng)
	}
	switch rng.IntN(4) {
	case 0:
		return segment.Or(parts...)
	case 1:
		return segment.And(parts[0], segment.Not(segment.Or(parts[1:]...)))
	}
	return segment.And(parts...)
}

func (c *crowd) condition(rng *rand.Rand) segment.Rule {
	t := pick(rng, c.tags)
	switch t.Kind {
	case segment.Flag:
		return segment.IsTrue(t.Name)
	case segment.Enum:
		return segment.In(t.Name, fmt.Sprintf("value %d", rng.IntN(40)), fmt.Sprintf("value %d", rng.IntN(40)))
	case segment.Labels:
		return segment.Has(t.Name, fmt.Sprintf("l%d", rng.IntN(20)))
	case segment.Integer:
		return segment.Ge(t.Name, rng.IntN(10_000))
	case segment.Float:
		return segment.Lt(t.Name, rng.Float64())
	}
	return segment.Within(t.Name, pick(rng, []segment.Window{
		segment.Days(7), segment.Days(30), segment.Days(90), segment.Hours(24), segment.Hours(720),
	}))
}

// write adds an update to a batch.
func (c *crowd) write(rng *rand.Rand, b *segment.Batch, at time.Time) {
	want := []segment.Kind{segment.Integer, segment.Integer, segment.Time, 0}[rng.IntN(4)]
	t := pick(rng, c.tags)
	for t.Kind != want && (want != 0 || t.Kind == segment.Integer || t.Kind == segment.Time) {
		t = pick(rng, c.tags)
	}
	id := customer.FromInt64(rng.Int64N(int64(c.n)))
	switch t.Kind {
	case segment.Integer:
		b.Increment(id, t.Name, customer.Int64Value(1+rng.Int64N(50)))
	case segment.Time:
		b.Set(id, t.Name, customer.TimeValue(at))
	case segment.Flag:
		b.Set(id, t.Name, customer.BoolValue(rng.IntN(4) == 0))
	case segment.Enum:
		b.Set(id, t.Name, customer.TextValue(fmt.Sprintf("value %d", rng.IntN(40))))
	case segment.Labels:
		b.Set(id, t.Name, customer.LabelsValue(fmt.Sprintf("l%d", rng.IntN(20)), fmt.Sprintf("l%d", rng.IntN(20))))
	case segment.Float:
		b.Set(id, t.Name, customer.Float64Value(rng.Float64()))
	}
}
