package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// TestReadersOfOneSnapshot puts every question to a snapshot from several goroutines at once, while it still has values
// beside its columns, which the first who needs them together builds, and while the writer goes on. The answers are those of
// a copy without such values.
func TestReadersOfOneSnapshot(t *testing.T) {
	const n, batches, readers = 9000, 2, 4 // enough for bit slices
	rng := rand.New(rand.NewPCG(32, 1))
	ix, err := New(&Options{Tags: []Tag{
		{Name: "vip", Kind: Flag},
		{Name: "city", Kind: Enum},
		{Name: "likes", Kind: Labels},
		{Name: "orders", Kind: Integer},
		{Name: "spend", Kind: Decimal, Scale: 2},
		{Name: "score", Kind: Float},
		{Name: "seen", Kind: Time},
	}})
	require.NoError(t, err)
	var b Batch
	write := func(i int64) {
		id := customer.FromInt64(i)
		b.Set(id, "vip", customer.BoolValue(rng.IntN(4) == 0))
		b.Set(id, "city", customer.TextValue(pick(rng, "广州", "深圳", "Lyon")))
		b.Set(id, "likes", customer.LabelsValue(pick(rng, "tea", "咖啡"), "run"))
		b.Set(id, "orders", customer.Int64Value(rng.Int64N(1000)))
		b.Set(id, "spend", customer.DecimalValue(rng.Int64N(1e6), 2))
		b.Set(id, "score", customer.Float64Value(float64(rng.IntN(4000))/8))
		b.Set(id, "seen", customer.TimeValue(randomMoment.Add(-time.Duration(rng.IntN(1e6))*time.Second)))
	}
	for i := range int64(n) {
		write(i)
	}
	require.NoError(t, ix.Apply(t.Context(), &b))

	vip := IsTrue("vip")
	q := Query{Rule: vip, AsOf: randomMoment, Location: time.UTC}
	everyone := Query{}
	questions := []func(s *Snapshot) (any, error){
		func(s *Snapshot) (any, error) {
			return s.Count(t.Context(), Query{Rule: And(vip, Ge("orders", 500), Lt("score", 100))})
		},
		func(s *Snapshot) (any, error) { return s.GroupBy(t.Context(), q, &GroupOptions{Sum: "spend"}, "city") },
		func(s *Snapshot) (any, error) {
			return s.GroupBy(t.Context(), everyone, &GroupOptions{Sum: "score"}, "city", "vip")
		},
		func(s *Snapshot) (any, error) { return s.Sum(t.Context(), q, "spend") },
		func(s *Snapshot) (any, error) { return s.Sum(t.Context(), q, "score") },
		func(s *Snapshot) (any, error) { return s.Stats(t.Context(), q, "orders") },
		func(s *Snapshot) (any, error) { return s.Quantiles(t.Context(), q, "seen", 0.1, 0.5) },
		func(s *Snapshot) (any, error) { return s.Quantiles(t.Context(), q, "score", 0.9) },
		func(s *Snapshot) (any, error) { return s.Top(t.Context(), q, "orders", 20) },
		func(s *Snapshot) (any, error) { return s.Bottom(t.Context(), q, "score", 20) },
		func(s *Snapshot) (any, error) { return s.Histogram(t.Context(), q, "spend", 10) },
		func(s *Snapshot) (any, error) { return s.HistogramAt(t.Context(), q, "orders", 100, 200) },
		func(s *Snapshot) (any, error) { return s.Distinct(t.Context(), q, "spend") },
		func(s *Snapshot) (any, error) { return s.Distinct(t.Context(), q, "city") },
		func(s *Snapshot) (any, error) { return s.Portrait(t.Context(), q, &PortraitOptions{MaxQ: 1}) },
		func(s *Snapshot) (any, error) {
			o, err := s.Overlap(t.Context(), q, Eq("city", "Lyon"), Ge("orders", 500), Within("seen", Days(5)))
			return o.String(), err
		},
		func(s *Snapshot) (any, error) {
			return s.Lookalike(t.Context(), q, everyone, 20, &LookalikeOptions{MaxQ: 1, Reasons: 3})
		},
		func(s *Snapshot) (any, error) { return s.Draw(t.Context(), q, 20, "spring") },
		func(s *Snapshot) (any, error) { return s.Row(t.Context(), customer.FromInt64(7)) },
		func(s *Snapshot) (any, error) {
			return s.Explain(t.Context(), Query{Rule: Or(vip, Eq("city", "Lyon"), Gt("spend", 9000))})
		},
	}
	ask := func(s *Snapshot, first int) []string {
		answers := make([]string, len(questions))
		for k := range questions {
			at := (first + k) % len(questions)
			answer, err := questions[at](s)
			if err != nil {
				t.Error(err)
			}
			answers[at] = fmt.Sprintf("%+v", answer)
		}
		return answers
	}
	for range batches {
		b.Reset()
		for range 40 {
			write(rng.Int64N(n))
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
		s := ix.Snapshot()
		require.NotNil(t, s.data[1].latest(0).(*enumColumn).late)
		require.NotNil(t, s.data[3].latest(0).(*intColumn).late)
		require.NotNil(t, s.data[5].latest(0).(*floatColumn).late)
		answers := make([][]string, readers)
		var asked sync.WaitGroup
		for reader := range readers {
			asked.Go(func() { answers[reader] = ask(s, reader*len(questions)/readers) })
		}
		b.Reset()
		write(rng.Int64N(n))
		require.NoError(t, ix.Apply(t.Context(), &b))
		asked.Wait()
		want := ask(reread(t, fileOf(t, s)).Snapshot(), 0)
		for _, got := range answers {
			require.Equal(t, want, got)
		}
	}
}
