package segment

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// TestReadersAndWriter moves customers between two cities while readers count both: no snapshot may show one of them on
// the way, or lose one.
func TestReadersAndWriter(t *testing.T) {
	const n, batches = 2000, 60
	ix, err := New(&Options{Tags: []Tag{
		{Name: "city", Kind: Enum}, {Name: "moves", Kind: Integer}, {Name: "likes", Kind: Labels}, {Name: "still", Kind: Flag},
	}})
	require.NoError(t, err)
	city := func(b *Batch, i int64, c string) { b.Set(customer.FromInt64(i), "city", customer.TextValue(c)) }
	var first Batch
	for i := range int64(n) {
		city(&first, i, "广州")
		first.Set(customer.FromInt64(i), "moves", customer.Int64Value(0))
	}
	require.NoError(t, ix.Apply(t.Context(), &first))

	var done atomic.Bool
	var readers sync.WaitGroup
	for reader := range 3 {
		readers.Go(func() {
			for !done.Load() {
				s := ix.Snapshot()
				count := func(r Rule) int {
					k, err := s.Count(t.Context(), Query{Rule: r, Workers: 1 + reader})
					if err != nil {
						t.Error(err)
					}
					return k
				}
				here, there := count(Eq("city", "广州")), count(Eq("city", "深圳"))
				if here+there != n || s.Len() != n || count(Not(In("city", "广州", "深圳"))) != 0 {
					t.Errorf("%d here, %d there, of %d", here, there, s.Len())
				}
				if moved := count(Ge("moves", 1)); moved > n {
					t.Errorf("%d moved", moved)
				}
				for _, id := range customersOf(t, s) {
					if !hasIn(t, s, id) || valueIn(t, s, id, "city").IsUnset() {
						t.Error("a customer is on the way")
					}
					break
				}
				if reader == 0 {
					var buf bytes.Buffer
					if err := s.Write(t.Context(), &buf); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(31, 1))
	for k := range batches {
		var b Batch
		for range 50 {
			i := rng.Int64N(n)
			city(&b, i, pick(rng, "广州", "深圳"))
			b.Increment(customer.FromInt64(i), "moves", customer.Int64Value(1))
			b.AddLabels(customer.FromInt64(i), "likes", pick(rng, "茶", "coffee", "tea"))
		}
		gone := rng.Int64N(n) // somebody goes and comes back in one batch
		b.Delete(customer.FromInt64(gone))
		city(&b, gone, "深圳")
		require.NoError(t, ix.Apply(t.Context(), &b))
		if k%20 == 19 {
			require.NoError(t, ix.Compact(t.Context()))
		}
	}
	done.Store(true)
	readers.Wait()
}
