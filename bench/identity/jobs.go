package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/pebblestore"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// threeEach yields observations with three identifiers each: customers are seen ten
// times on average, each time under a record of its own.
func threeEach(n int) iter.Seq[identity.Observation] {
	return func(yield func(identity.Observation) bool) {
		customers := max(1, n/10)
		for i := range n {
			c := i * 7919 % customers
			o := identity.Observation{
				ID: fmt.Sprintf("event-%09d", i), Source: "shop", Record: fmt.Sprintf("order-%09d", i), Time: begin.Add(time.Duration(i) * time.Second),
				Identifiers: []identity.Identifier{
					{Type: "phone", Value: fmt.Sprintf("+86138%08d", c), Proof: identity.Verified},
					{Type: "account", Scope: []string{"app", "web"}[i%2], Value: fmt.Sprintf("%09d", c), Proof: identity.Verified},
					{Type: "device", Value: fmt.Sprintf("00000000-0000-4000-8000-%012d", c)},
				},
			}
			if !yield(o) {
				return
			}
		}
	}
}

func newIndex() (*seal.Index, error) {
	return seal.NewIndex(seal.IndexKey{Version: 1, Key: make([]byte, seal.KeyBytes)})
}

func open(ctx context.Context, s store.Store) (*identity.Graph, error) {
	x, err := newIndex()
	if err != nil {
		return nil, err
	}
	return identity.Open(ctx, s, nil, &identity.Options{Index: x})
}

// clock measures f, begun with a collected heap.
func clock(f func() error) (time.Duration, error) {
	runtime.GC()
	start := time.Now()
	err := f()
	return time.Since(start), err
}

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// A tracer notes what is read and committed, in copies: what it is given is the caller's.
type tracer struct {
	store.Store
	mu    sync.Mutex // held while committing, so that steps are in the order of versions
	steps []step
}

type step struct {
	keys  [][]byte
	batch *store.Batch
}

func (t *tracer) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	s := step{keys: make([][]byte, len(keys))}
	for i, k := range keys {
		s.keys[i] = bytes.Clone(k)
	}
	t.mu.Lock()
	t.steps = append(t.steps, s)
	t.mu.Unlock()
	return t.Store.Get(ctx, keys...)
}

func (t *tracer) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := &store.Batch{Writes: slices.Clone(b.Writes), Conditions: slices.Clone(b.Conditions)}
	for i := range kept.Writes {
		w := &kept.Writes[i]
		w.Key, w.Value = bytes.Clone(w.Key), bytes.Clone(w.Value)
	}
	for i := range kept.Conditions {
		c := &kept.Conditions[i]
		c.Key = bytes.Clone(c.Key)
	}
	t.steps = append(t.steps, step{batch: kept})
	return t.Store.Commit(ctx, b)
}

// again does on an empty store what was noted.
func (t *tracer) again(ctx context.Context) error {
	s := new(store.Memory)
	for _, step := range t.steps {
		var err error
		if step.batch != nil {
			_, err = s.Commit(ctx, step.batch)
		} else {
			_, err = s.Get(ctx, step.keys...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func observing(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	all := slices.Collect(threeEach(o.observations))
	observe := func(s store.Store) error {
		g, err := open(ctx, s)
		if err != nil {
			return err
		}
		for i := range all {
			if _, err := g.Observe(ctx, all[i]); err != nil {
				return err
			}
		}
		return nil
	}
	ours, err := clock(func() error { return observe(new(store.Memory)) })
	if err != nil {
		return nil, err
	}
	trace := &tracer{Store: new(store.Memory)}
	if err := observe(trace); err != nil {
		return nil, err
	}
	bare, err := clock(func() error { return trace.again(ctx) })
	return []harness.Figure{
		{Name: "observations", Value: rate(len(all), ours), Unit: "a second"},
		{Name: "the same on the bare store", Value: rate(len(all), bare), Unit: "a second"},
		{Name: "rate against the bare store", Value: bare.Seconds() / ours.Seconds(), Unit: "ratio", Target: "at least 0.5: half the rate of the same reads and commits on the bare store"},
	}, err
}

func durable(ctx context.Context, o *options, _ bool) (figures []harness.Figure, err error) {
	all := slices.Collect(threeEach(o.observations))
	for _, writers := range []int{16, 64, 256} {
		dir, err := os.MkdirTemp(o.dir, "pebble")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		s, err := pebblestore.Open(dir, nil)
		if err != nil {
			return nil, err
		}
		g, err := open(ctx, s)
		if err != nil {
			return nil, err
		}
		var next atomic.Int64
		var wait sync.WaitGroup
		failed := make([]error, writers)
		took, _ := clock(func() error {
			for w := range writers {
				wait.Go(func() {
					for failed[w] == nil {
						i := int(next.Add(1)) - 1
						if i >= len(all) {
							return
						}
						_, failed[w] = g.Observe(ctx, all[i])
					}
				})
			}
			wait.Wait()
			return nil
		})
		for _, err := range append(failed, s.Close()) {
			if err != nil {
				return nil, err
			}
		}
		figures = append(figures, harness.Figure{Name: fmt.Sprintf("%d goroutines", writers), Value: rate(len(all), took), Unit: "a second", Target: "at least 10,000 a second"})
	}
	return figures, nil
}

func observingMany(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	all := slices.Collect(threeEach(o.many))
	s := new(store.Memory)
	g, err := open(ctx, s)
	if err != nil {
		return nil, err
	}
	ours, err := clock(func() error {
		sum, err := g.ObserveMany(ctx, slices.Values(all), nil)
		if err == nil && sum.Created != max(1, len(all)/10) {
			err = fmt.Errorf("%d customers", sum.Created)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	size := 0
	for e, err := range s.Scan(ctx, store.Range{}) {
		if err != nil {
			return nil, err
		}
		size += len(e.Key) + len(e.Value)
	}
	s, g = nil, nil
	x, err := newIndex()
	if err != nil {
		return nil, err
	}
	bare, err := clock(func() error {
		if groups := hashAndUnite(x, all); groups != max(1, len(all)/10) {
			return fmt.Errorf("%d groups", groups)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	some := all[:min(len(all), 1_000_000)] // what they commit is kept
	storing, err := storingMany(ctx, some)
	return []harness.Figure{
		{Name: "stored", Value: float64(size) / float64(3*len(all)), Unit: "bytes a binding"},
		{Name: "observations", Value: rate(len(all), ours), Unit: "a second"},
		{Name: "hashing and union-find alone", Value: rate(len(all), bare), Unit: "a second"},
		{Name: fmt.Sprintf("the same reads and commits on the bare store, of %d", len(some)), Value: rate(len(some), storing), Unit: "a second"},
		{Name: "time against hashing and union-find", Value: ours.Seconds() / bare.Seconds(), Unit: "ratio", Target: "at most 3"},
	}, err
}

// storingMany is the time that the bare store takes for what ObserveMany reads and commits.
func storingMany(ctx context.Context, all []identity.Observation) (time.Duration, error) {
	trace := &tracer{Store: new(store.Memory)}
	g, err := open(ctx, trace)
	if err != nil {
		return 0, err
	}
	if _, err := g.ObserveMany(ctx, slices.Values(all), nil); err != nil {
		return 0, err
	}
	trace.Store = nil
	return clock(func() error { return trace.again(ctx) })
}

// hashAndUnite is the least that has to be done. It returns the number of groups.
func hashAndUnite(x *seal.Index, all []identity.Observation) int {
	type hash [seal.BlindBytes]byte
	type hashes struct {
		id, record hash
		values     [3]hash
	}
	hashed := make([]hashes, len(all))
	const block = 4096
	parallel.For(parallel.Workers(0), (len(all)+block-1)/block, func(b int) {
		for i := b * block; i < min(len(all), (b+1)*block); i++ {
			o, h := &all[i], &hashed[i]
			h.id, h.record = hash(x.Blind("observation", o.ID)), hash(x.Blind("record", o.Source+"\x00"+o.Record))
			for j, d := range o.Identifiers {
				h.values[j] = hash(x.Blind(d.Type+"\x00"+d.Scope, d.Value))
			}
		}
	})
	parent := make([]int32, len(all))
	owner := map[hash]int32{}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	groups := len(all)
	for i := range hashed {
		parent[i] = int32(i)
		for _, h := range [...]hash{hashed[i].values[0], hashed[i].values[1], hashed[i].values[2], hashed[i].record} {
			j, ok := owner[h]
			if !ok {
				owner[h] = int32(i)
				continue
			}
			if a, b := find(j), find(int32(i)); a != b {
				parent[max(a, b)] = min(a, b)
				groups--
			}
		}
	}
	return groups
}

// retracting retracts observations of a customer of 1,000 identifiers: a chain of
// records, each with an identifier of the next.
func retracting(ctx context.Context, _ *options, _ bool) ([]harness.Figure, error) {
	return retractingFrom(ctx, new(store.Memory), nil)
}

// retractingSealed is the same with all that is personal sealed under a key for each record.
func retractingSealed(ctx context.Context, _ *options, _ bool) ([]harness.Figure, error) {
	s := new(store.Memory)
	key := make([]byte, seal.KeyBytes)
	wrapper, err := seal.NewLocal(key)
	if err != nil {
		return nil, err
	}
	vault, err := seal.NewVault(s, wrapper, nil)
	if err != nil {
		return nil, err
	}
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: key})
	if err != nil {
		return nil, err
	}
	return retractingFrom(ctx, s, &identity.Options{Index: index, Vault: vault})
}

func retractingFrom(ctx context.Context, s store.Store, o *identity.Options) ([]harness.Figure, error) {
	policy := &identity.Policy{Entities: []identity.Entity{{Types: []identity.Type{{Name: "card", Kind: identity.Unique}}}}}
	g, err := identity.Open(ctx, s, policy, o)
	if err != nil {
		return nil, err
	}
	const n = 999
	for i := range n {
		card := func(i int) identity.Identifier { return identity.Identifier{Type: "card", Value: fmt.Sprint(i)} }
		o := identity.Observation{ID: fmt.Sprint(i), Source: "shop", Record: fmt.Sprint(i), Time: begin.Add(time.Duration(i) * time.Minute), Identifiers: []identity.Identifier{card(i), card(i + 1)}}
		if _, err := g.Observe(ctx, o); err != nil {
			return nil, err
		}
	}
	var took []time.Duration
	for i := range 50 {
		d, err := clock(func() error { return g.Retract(ctx, begin.AddDate(1, 0, 0), fmt.Sprint((i*613+331)%n)) })
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	return []harness.Figure{
		{Name: "median of 50", Value: took[25].Seconds() * 1000, Unit: "ms"},
		{Name: "slowest of 50", Value: took[49].Seconds() * 1000, Unit: "ms", Target: "at most 50 ms"},
	}, nil
}

func previewing(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	n := min(o.many, 1_000_000)
	g, err := open(ctx, new(store.Memory))
	if err != nil {
		return nil, err
	}
	if _, err := g.ObserveMany(ctx, threeEach(n), nil); err != nil {
		return nil, err
	}
	policy := g.Policy()
	policy.Entities[0].Types[0].Most = 2 // accounts
	took, err := clock(func() error {
		_, err := g.Preview(ctx, policy, nil)
		return err
	})
	return []harness.Figure{{Name: fmt.Sprintf("%d observations", n), Value: rate(n, took), Unit: "a second"}}, err
}
