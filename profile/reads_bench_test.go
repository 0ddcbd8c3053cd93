package profile

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// benchReads has n customers with one statement and events events each, in memory.
func benchReads(b *testing.B, n, events int) *Profiles {
	s := new(store.Memory)
	p, err := Open(b.Context(), s, readsSchema(), nil)
	require.NoError(b, err)
	for chunk := range slices.Chunk(slices.Collect(func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}), 400) {
		batch := new(store.Batch)
		for _, i := range chunk {
			w := &whereabouts{turns: []turn{{since: 1, now: live}}, atoms: 1}
			batch.Put(customerKey(readsID(i)), w.data())
			batch.Put(memberKey(readsID(i), fakeAtom(i)), (&member{bounds: []int64{1}}).data())
		}
		_, err := s.Commit(b.Context(), batch)
		require.NoError(b, err)
	}
	_, err = p.AddMany(b.Context(), crowdTime, func(yield func(Evidence) bool) {
		for i := range n {
			e := Evidence{Atom: fakeAtom(i), ID: "s", Source: "crm", Time: crowdTime.Add(-200 * 24 * time.Hour), Values: []customer.Field{
				{Name: "name", Value: customer.TextValue(fmt.Sprint("n", i))},
				{Name: "city", Value: customer.TextValue(fmt.Sprint("c", i%300))},
				{Name: "vip", Value: customer.BoolValue(i%10 == 0)},
				{Name: "points", Value: customer.Int64Value(int64(i))},
			}}
			for j := 0; ; j++ {
				if !yield(e) {
					return
				}
				if j == events {
					break
				}
				e = Evidence{
					Atom: fakeAtom(i), ID: strconv.Itoa(j), Source: "shop", Event: "order",
					Time: crowdTime.Add(-time.Duration(j*(i%17)) * time.Hour), Values: []customer.Field{
						{Name: "amount", Value: customer.Int64Value(int64(100 * j))}, {Name: "category", Value: customer.TextValue(fmt.Sprint("k", j%7))},
					},
				}
			}
		}
	}, nil)
	require.NoError(b, err)
	return p
}

func BenchmarkReads(b *testing.B) {
	const n = 20_000
	p := benchReads(b, n, 10)
	m := Moment{At: crowdTime}
	perCustomer := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/customer")
	}
	b.Run("Table", func(b *testing.B) {
		for b.Loop() {
			t, err := p.Table(b.Context(), m)
			require.NoError(b, err)
			require.Equal(b, n, t.Rows())
		}
		perCustomer(b)
	})
	b.Run("WriteCSV", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, p.WriteCSV(b.Context(), io.Discard, m))
		}
		perCustomer(b)
	})
	b.Run("All", func(b *testing.B) {
		for b.Loop() {
			got := 0
			for _, err := range p.All(b.Context(), m) {
				require.NoError(b, err)
				got++
			}
			require.Equal(b, n, got)
		}
		perCustomer(b)
	})
	b.Run("Profile", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Profile(b.Context(), readsID(7), m)
			require.NoError(b, err)
		}
	})
	b.Run("ProfileKnownThen", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Profile(b.Context(), readsID(7), Moment{At: crowdTime, Known: crowdTime})
			require.NoError(b, err)
		}
	})
	b.Run("Timeline", func(b *testing.B) {
		for b.Loop() {
			benchTimeline(b, p, &TimelineQuery{}, 10)
		}
	})
}

func BenchmarkTimelineOfManyEntries(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		p := benchReads(b, 8, n)
		for name, q := range map[string]*TimelineQuery{"newest 50": {Reverse: true, Limit: 50}, "all": {}} {
			b.Run(fmt.Sprint(name, " of ", n), func(b *testing.B) {
				for b.Loop() {
					benchTimeline(b, p, q, max(q.Limit, n*(1-min(q.Limit, 1))))
				}
			})
		}
	}
}

func benchTimeline(b *testing.B, p *Profiles, q *TimelineQuery, want int) {
	got := 0
	for _, err := range p.Timeline(context.Background(), readsID(7), Moment{At: crowdTime}, q) {
		require.NoError(b, err)
		got++
	}
	require.Equal(b, want, got)
}
