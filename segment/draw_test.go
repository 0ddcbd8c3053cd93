package segment

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

func TestDrawTakesTheSmallestHashes(t *testing.T) {
	c := newPopulace()
	h, hashes := newSampler("pilot"), map[customer.ID]uint64{}
	for _, id := range c.ids {
		hashes[id] = h.hash(id)
	}
	for _, ch := range choices() {
		want := []customer.ID{}
		for i, row := range c.rows {
			if ch.is(row) {
				want = append(want, c.ids[i])
			}
		}
		slices.SortFunc(want, func(a, b customer.ID) int { return cmp.Compare(hashes[a], hashes[b]) })
		for _, n := range []int{7, 1000, math.MaxInt} {
			for _, workers := range []int{1, 3} {
				if workers == 1 && race.Enabled {
					continue
				}
				got, err := c.s.Draw(t.Context(), Query{Rule: ch.rule, Workers: workers}, n, "pilot")
				require.NoError(t, err)
				require.Equal(t, want[:min(n, len(want))], got)
			}
		}
	}
	got, err := c.s.Draw(t.Context(), Query{}, 0, "pilot")
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = c.s.Draw(t.Context(), Query{Rule: IsTrue("vop")}, 1, "")
	require.ErrorIs(t, err, ErrRule)
}

// The draw is that of the rule Sample: who is in a sample of a share is drawn before who is not.
func TestDrawAgreesWithSample(t *testing.T) {
	s := newPopulace().s
	n, err := s.Count(t.Context(), Query{Rule: Sample(3.5, "a/b")})
	require.NoError(t, err)
	drawn, err := s.Draw(t.Context(), Query{}, n, "a/b")
	require.NoError(t, err)
	for _, id := range drawn {
		in, err := s.Selects(t.Context(), Query{Rule: Sample(3.5, "a/b")}, id)
		require.NoError(t, err)
		require.True(t, in)
	}
}

func TestDrawDoesNotDependOnArrival(t *testing.T) {
	draw := func(ids []customer.ID) []customer.ID {
		ix, err := New(nil)
		require.NoError(t, err)
		var b Batch
		for _, id := range ids {
			b.Add(id)
		}
		require.NoError(t, ix.Apply(context.Background(), &b))
		drawn, err := ix.Snapshot().Draw(t.Context(), Query{}, 100, "x")
		require.NoError(t, err)
		return drawn
	}
	ids := make([]customer.ID, 3000)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	first := draw(ids)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	require.Equal(t, first, draw(ids))
}

func TestBestOfRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		n, size := 1+rng.IntN(20), rng.IntN(100)
		a, b := best[int]{n: n, compare: cmp.Compare[int]}, best[int]{n: n, compare: cmp.Compare[int]}
		all := rng.Perm(size)
		for i, x := range all {
			if i%3 == 0 {
				a.add(x)
			} else {
				b.add(x)
			}
		}
		a.merge(&b)
		slices.Sort(all)
		require.Equal(t, append([]int(nil), all[:min(n, size)]...), append([]int(nil), a.sorted()...))
	}
}
