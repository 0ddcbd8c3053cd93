package segment

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestDiffCountsWhatRowsSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	ix, err := New(&Options{Tags: []Tag{{Name: "vip", Kind: Flag}, {Name: "seen", Kind: Time}}})
	require.NoError(t, err)
	day := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	write := func(from, to int) {
		var b Batch
		for i := from; i < to; i++ {
			if b.Add(customer.FromInt64(int64(i))); i%8 > 0 {
				continue
			}
			id := customer.FromInt64(int64(i))
			b.Set(id, "vip", customer.BoolValue(rng.IntN(3) == 0))
			b.Set(id, "seen", customer.TimeValue(day.AddDate(0, 0, -rng.IntN(40))))
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
	}
	write(0, 60_000)
	before := ix.Snapshot()
	var b Batch
	for i := range 60_000 {
		if rng.IntN(40) == 0 {
			b.Delete(customer.FromInt64(int64(i)))
		}
	}
	for i := range 50 { // some come back
		b.Delete(customer.FromInt64(int64(i)))
		b.Set(customer.FromInt64(int64(i)), "vip", customer.BoolValue(i%2 == 0))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	write(59_000, 68_000)
	after := ix.Snapshot()

	within := Query{Rule: Within("seen", Days(7)), AsOf: day, Location: time.UTC}
	later := within
	later.AsOf = day.AddDate(0, 0, 1)
	for name, queries := range map[string][2]Query{
		"rule":        {{Rule: IsTrue("vip")}, {Rule: IsTrue("vip")}},
		"moment":      {later, within},
		"two rules":   {{Rule: Not(IsTrue("vip")), Workers: 3}, {Rule: IsTrue("vip")}},
		"everyone":    {{}, {}},
		"from nobody": {{}, {Rule: Or()}},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(now *Snapshot, q Query, then *Snapshot, was Query) {
				d, err := now.Diff(t.Context(), q, then, was)
				require.NoError(t, err)
				in, had := positions(t, now, q), positions(t, then, was)
				var entered, left, stayed, fresh, gone int
				for p := range in {
					if had[p] {
						stayed++
						continue
					}
					entered++
					if !d.Entered.Bitmap.Contains(p) {
						t.Fatalf("%d has not entered", p)
					}
					if !alive(then, p) {
						fresh++
					}
				}
				for p := range had {
					if in[p] {
						continue
					}
					left++
					if !d.Left.Bitmap.Contains(p) {
						t.Fatalf("%d has not left", p)
					}
					if !alive(now, p) {
						gone++
					}
				}
				require.Equal(t, [5]int{entered, left, stayed, fresh, gone},
					[5]int{d.Entered.Len(), d.Left.Len(), d.Stayed, d.New, d.Deleted})
			}
			check(after, queries[0], before, queries[1])
			check(before, queries[1], after, queries[0])
			check(after, queries[0], after, queries[1])
		})
	}

	t.Run("workers", func(t *testing.T) {
		one, err := after.Diff(t.Context(), Query{Rule: IsTrue("vip"), Workers: 1}, before, Query{Rule: IsTrue("vip")})
		require.NoError(t, err)
		three, err := after.Diff(t.Context(), Query{Rule: IsTrue("vip"), Workers: 3}, before, Query{Rule: IsTrue("vip")})
		require.NoError(t, err)
		require.Equal(t, one, three)
	})
	t.Run("deleted are found before", func(t *testing.T) {
		d, err := after.Diff(t.Context(), Query{}, before, Query{})
		require.NoError(t, err)
		require.Positive(t, d.Deleted)
		require.Equal(t, d.Deleted, d.Left.Len())
		found := 0
		for _, err := range before.IDs(t.Context(), d.Left) {
			require.NoError(t, err)
			found++
		}
		require.Equal(t, d.Left.Len(), found)
	})
}

// positions returns whom the query selects, one customer at a time.
func positions(t *testing.T, s *Snapshot, q Query) map[uint32]bool {
	in := map[uint32]bool{}
	for id, err := range s.Members(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		p, _ := s.position(id)
		in[p] = true
	}
	return in
}

func alive(s *Snapshot, p uint32) bool { return s.existing(int(p >> chunkBits)).Contains(uint16(p)) }

func TestDiffRefusesOtherNumbers(t *testing.T) {
	var batch Batch
	batch.Add(customer.FromInt64(1))
	ix, err := New(&Options{ID: uuid.MustParse("0191d2a4-5c3e-8000-a000-000000000001")})
	require.NoError(t, err)
	require.NoError(t, ix.Apply(t.Context(), &batch))
	other, err := New(nil)
	require.NoError(t, err)
	before := ix.Snapshot()
	_, err = other.Snapshot().Diff(t.Context(), Query{}, before, Query{})
	require.ErrorIs(t, err, ErrForeignSet)
	require.NoError(t, ix.Compact(t.Context()))
	_, err = ix.Snapshot().Diff(t.Context(), Query{}, before, Query{})
	require.ErrorIs(t, err, ErrExpiredSet)
	_, err = before.Diff(t.Context(), Query{Rule: IsTrue("vop")}, before, Query{})
	require.ErrorIs(t, err, ErrRule)
	_, err = before.Diff(t.Context(), Query{}, before, Query{Rule: IsTrue("vop")})
	require.ErrorIs(t, err, ErrRule)
}
