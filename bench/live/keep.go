package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store/sqlite"
)

// keeping opens what a file of SQLite holds: the crowd, 900 tags more that one in twenty has, and the live segments.
func keeping(ctx context.Context, o *options, warm bool) (figures []harness.Figure, err error) {
	note := func(name string, value float64, unit, target string) {
		figures = append(figures, harness.Figure{Name: name, Value: value, Unit: unit, Target: target})
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	if o.kept == "" {
		folder, err := os.MkdirTemp(o.dir, "live-")
		if err != nil {
			return nil, err
		}
		o.kept = filepath.Join(folder, "live.db")
		if err := begin(ctx, o, o.kept, note); err != nil {
			return nil, err
		}
		o.written, figures = figures, nil
	}
	if warm {
		return nil, nil
	}
	figures = slices.Clone(o.written)
	runtime.GC()
	began := time.Now()
	s, err := sqlite.Open(ctx, o.kept)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	note("open the file", ms(time.Since(began)), "ms", "")
	began = time.Now()
	l, err := segment.OpenLive(ctx, s, &segment.OpenOptions{Live: segment.LiveOptions{Location: time.UTC, Workers: 2}, Clock: time.Now, Lease: time.Minute})
	if err != nil {
		return nil, err
	}
	note("OpenLive", ms(time.Since(began)), "ms", "at most 200 ms")
	began = time.Now()
	n, err := l.Snapshot().Count(ctx, segment.Query{Rule: segment.And(segment.IsTrue("tag1"), segment.Ge("tag6", 5000), segment.In("tag3", "value 1", "value 2"))})
	if err != nil || n == 0 {
		return nil, fmt.Errorf("%d customers: %w", n, err)
	}
	note("first answer: Count of three conditions", ms(time.Since(began)), "ms", "at most 100 ms")
	began = time.Now()
	if _, err := l.Set(ctx, "segment 0"); err != nil {
		return nil, err
	}
	note("Members of a live segment", ms(time.Since(began)), "ms", "")
	began = time.Now()
	row, err := l.Snapshot().Row(ctx, customer.FromInt64(int64(o.customers/2)))
	if err != nil || len(row) < 100 {
		return nil, fmt.Errorf("row of %d: %w", len(row), err)
	}
	note("first row by id, for which hashes of all ids are read", ms(time.Since(began)), "ms", "")
	began = time.Now()
	if _, err = l.Snapshot().Row(ctx, customer.FromInt64(int64(o.customers/3))); err != nil {
		return nil, err
	}
	note("another row", ms(time.Since(began)), "ms", "")
	c := &crowd{n: o.customers, tags: tags(100)}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	var b segment.Batch
	for i, size := range []int{1, 100, 10_000, 100_000} {
		var took []float64
		for range max(1, 20/(i*i+1)) {
			b.Reset()
			for range size {
				c.write(rng, &b, l.At())
			}
			began := time.Now()
			if _, err := l.Apply(ctx, l.At().Add(time.Microsecond), &b); err != nil {
				return nil, err
			}
			took = append(took, ms(time.Since(began)))
		}
		if i == 0 {
			note("first step, for which the live segments are read", took[0], "ms", "")
			took = took[1:]
		}
		slices.Sort(took)
		note(fmt.Sprintf("durable step of %d updates", size), harness.Median(took), "ms", "")
	}
	began = time.Now()
	if err := l.Checkpoint(ctx); err != nil {
		return nil, err
	}
	note("checkpoint of what these changed", ms(time.Since(began)), "ms", "")
	began = time.Now()
	if err := l.Close(ctx); err != nil {
		return nil, err
	}
	note("Close", ms(time.Since(began)), "ms", "")
	return figures, nil
}

// begin makes the file.
func begin(ctx context.Context, o *options, path string, note func(name string, value float64, unit, target string)) error {
	c, err := o.made(ctx)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(11, 11))
	for i := range 900 {
		t := segment.Tag{Name: fmt.Sprintf("rare%d", i), Kind: []segment.Kind{segment.Flag, segment.Flag, segment.Enum, segment.Integer, segment.Time}[i%5]}
		if err := c.index.Declare(t); err != nil {
			return err
		}
		first := rng.IntN(20)
		n := (c.n - first + 19) / 20
		ids := make([]customer.ID, n)
		for k := range ids {
			ids[k] = customer.FromInt64(int64(first + 20*k))
		}
		col := segment.Column{Tag: t.Name}
		switch t.Kind {
		case segment.Flag:
			col.Bools = drawn(n, func() bool { return true })
		case segment.Enum:
			col.Levels = []string{"a", "b", "c", "d", "e"}
			col.Codes = drawn(n, func() int32 { return rng.Int32N(5) })
		case segment.Integer:
			col.Ints = drawn(n, func() int64 { return rng.Int64N(1000) })
		case segment.Time:
			col.Ints = drawn(n, func() int64 { return start.Unix() - rng.Int64N(400*86400) })
		}
		if err := c.index.Load(ctx, time.Time{}, ids, []segment.Column{col}); err != nil {
			return err
		}
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	began := time.Now()
	l, err := segment.OpenLive(ctx, s, &segment.OpenOptions{
		From: c.index.Snapshot(), Clock: time.Now, Lease: time.Hour,
		Live: segment.LiveOptions{At: start, Location: time.UTC, Definitions: c.definitions},
	})
	if err != nil {
		return err
	}
	if err := l.Close(ctx); err != nil {
		return err
	}
	o.crowd = nil
	note("write it all for the first time", time.Since(began).Seconds(), "s", "")
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	note("file", float64(info.Size())/(1<<30), "GiB", "")
	return nil
}
