package identity

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// threeEach yields observations with three identifiers each: customers are seen ten
// times, each time under a record of its own, with a phone, a device and one of two
// accounts.
func threeEach(n int) iter.Seq[Observation] {
	return func(yield func(Observation) bool) {
		for i := range n {
			c := i * 7919 % max(1, n/10)
			if !yield(seenAt(fmt.Sprint(i), i, fmt.Sprint(i),
				ident("phone", fmt.Sprintf("+86138%08d", c)),
				Identifier{Type: "account", Scope: []string{"app", "web"}[i%2], Value: fmt.Sprint(c), Proof: Verified},
				ident("device", fmt.Sprintf("00000000-0000-4000-8000-%012d", c)),
			)) {
				return
			}
		}
	}
}

func benchmarkObserving(b *testing.B, observe func(g *Graph, all []Observation) error) {
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: make([]byte, seal.KeyBytes)})
	require.NoError(b, err)
	for _, n := range []int{1000, 20_000} {
		all := slices.Collect(threeEach(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g, err := Open(b.Context(), new(store.Memory), nil, &Options{Index: index})
				require.NoError(b, err)
				require.NoError(b, observe(g, all))
			}
			b.ReportMetric(float64(b.Elapsed())/float64(time.Nanosecond)/float64(b.N)/float64(n), "ns/observation")
		})
	}
}

// What the same reads, commits and hashes cost alone is measured in bench/identity.
func BenchmarkObserve(b *testing.B) {
	benchmarkObserving(b, func(g *Graph, all []Observation) error {
		for _, o := range all {
			if _, err := g.Observe(b.Context(), o); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkObserveMany(b *testing.B) {
	benchmarkObserving(b, func(g *Graph, all []Observation) error {
		_, err := g.ObserveMany(b.Context(), slices.Values(all), nil)
		return err
	})
}
