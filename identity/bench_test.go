package identity

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// sized is how many observations the benchmarks take: SIZE, or n.
func sized(n int) int {
	if size, err := strconv.Atoi(os.Getenv("SIZE")); err == nil {
		return size
	}
	return n
}

// threeEach yields observations with three identifiers each: customers are seen ten
// times on average, each time under a record of its own, with a phone, a device and one
// of two accounts.
func threeEach(n int) iter.Seq[Observation] {
	return func(yield func(Observation) bool) {
		customers := max(1, n/10)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range n {
			c := i * 7919 % customers
			o := Observation{
				ID: fmt.Sprintf("event-%09d", i), Source: "shop", Record: fmt.Sprintf("order-%09d", i), Time: at.Add(time.Duration(i) * time.Second),
				Identifiers: []Identifier{
					{Type: "phone", Value: fmt.Sprintf("+86138%08d", c), Proof: Verified},
					{Type: "account", Scope: []string{"app", "web"}[i%2], Value: fmt.Sprintf("%09d", c), Proof: Verified},
					{Type: "device", Value: fmt.Sprintf("00000000-0000-4000-8000-%012d", c)},
				},
			}
			if !yield(o) {
				return
			}
		}
	}
}

func benchIndex(b *testing.B) *seal.Index {
	x, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: make([]byte, seal.KeyBytes)})
	require.NoError(b, err)
	return x
}

// A tracer notes what is read and committed.
type tracer struct {
	store.Store
	gets    [][][]byte
	batches []*store.Batch
	order   []bool // true: a commit
}

func (t *tracer) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	t.gets, t.order = append(t.gets, keys), append(t.order, false)
	return t.Store.Get(ctx, keys...)
}

func (t *tracer) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	t.batches, t.order = append(t.batches, b), append(t.order, true)
	return t.Store.Commit(ctx, b)
}

// BenchmarkObserve compares observing in memory with the same reads and commits on the
// bare store.
func BenchmarkObserve(b *testing.B) {
	all := slices.Collect(threeEach(sized(20_000)))
	perObservation := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/observation")
		b.ReportMetric(0, "ns/op")
	}
	run := func(b *testing.B, s store.Store) {
		g, err := Open(b.Context(), s, nil, &Options{Index: benchIndex(b)})
		require.NoError(b, err)
		for _, o := range all {
			_, err := g.Observe(b.Context(), o)
			require.NoError(b, err)
		}
	}
	b.Run("observe", func(b *testing.B) {
		for b.Loop() {
			run(b, new(store.Memory))
		}
		perObservation(b)
	})
	b.Run("bare", func(b *testing.B) {
		trace := &tracer{Store: new(store.Memory)}
		run(b, trace)
		for b.Loop() {
			s := new(store.Memory)
			gets, batches := trace.gets, trace.batches
			for _, commit := range trace.order {
				var err error
				if commit {
					_, err = s.Commit(b.Context(), batches[0])
					batches = batches[1:]
				} else {
					_, err = s.Get(b.Context(), gets[0]...)
					gets = gets[1:]
				}
				require.NoError(b, err)
			}
		}
		perObservation(b)
	})
}

// BenchmarkObserveMany compares many observations, strings in and the mapping in the
// store, with hashing their strings and union-find over the hashes.
func BenchmarkObserveMany(b *testing.B) {
	all := slices.Collect(threeEach(sized(200_000)))
	perObservation := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/observation")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("observe", func(b *testing.B) {
		for b.Loop() {
			g, err := Open(b.Context(), new(store.Memory), nil, &Options{Index: benchIndex(b)})
			require.NoError(b, err)
			sum, err := g.ObserveMany(b.Context(), slices.Values(all), nil)
			require.NoError(b, err)
			require.Equal(b, len(all), sum.Observed)
		}
		perObservation(b)
	})
	b.Run("bare", func(b *testing.B) {
		x := benchIndex(b)
		for b.Loop() {
			groups := hashAndUnite(x, all)
			require.Equal(b, max(1, len(all)/10), groups)
		}
		perObservation(b)
	})
}

// hashAndUnite is the least that has to be done: the hashes of all strings, on all
// cores, and union-find over records and identifiers.
func hashAndUnite(x *seal.Index, all []Observation) int {
	type hashes struct {
		id, record blind
		values     [3]blind
	}
	hashed := make([]hashes, len(all))
	const block = 4096
	parallel.For(parallel.Workers(0), (len(all)+block-1)/block, func(b int) {
		for i := b * block; i < min(len(all), (b+1)*block); i++ {
			o := &all[i]
			h := &hashed[i]
			h.id, h.record = blindOf(x.Blind("observation", o.ID)), blindOf(x.Blind("record", o.Source+"\x00"+o.Record))
			for j, d := range o.Identifiers {
				h.values[j] = blindOf(x.Blind(d.Type+"\x00"+d.Scope, d.Value))
			}
		}
	})
	parent := make([]int32, len(all))
	owner := map[blind]int32{}
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
		for _, h := range append(hashed[i].values[:], hashed[i].record) {
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
