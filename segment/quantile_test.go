package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

func TestQuantiles(t *testing.T) {
	ps := []float64{0.5, 0, 1, 0.1, 0.9, 0.999, 1e-9, 0.25, 0.7}
	eachQuestion(t, numericTags, func(t *testing.T, q *question) {
		got, err := q.Quantiles(t.Context(), q.Query, q.tag.Name, ps...)
		require.NoError(t, err)
		require.Len(t, got, len(ps))
		for i, p := range ps {
			if len(q.readings) == 0 {
				require.True(t, got[i].IsUnset())
				continue
			}
			at := 0 // so many values before the last of which at most is the quantile
			for float64(at+1) < p*float64(len(q.readings))-1e-6 {
				at++
			}
			require.Equal(t, q.readings[at].value, got[i], "p = %v", p)
		}
	})
}

// The least rank, from 0, of those below or at which there are at least p*n of n values.
func TestRankOf(t *testing.T) {
	for _, c := range []struct {
		p    float64
		n    int
		want int
	}{
		{0, 10, 0},
		{0.05, 10, 0},
		{0.1, 10, 0},
		{0.11, 10, 1},
		{0.5, 10, 4},
		{0.51, 10, 5},
		{1, 10, 9},
		{0.5, 1, 0},
		{0.5, 2, 0},
		{0.5, 3, 1},
		{0.07, 100, 6},  // 0.07 * 100 is above 7 in floats
		{0.29, 100, 28}, // and 0.29 * 100 below 29
		{math.Nextafter(1, 0), 1 << 32, 1<<32 - 1},
		{math.SmallestNonzeroFloat64, 1 << 32, 0},
	} {
		require.Equal(t, c.want, rankOf(c.p, c.n), "%v of %d", c.p, c.n)
	}
}

func TestQuantilesRefuse(t *testing.T) {
	for _, p := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		_, err := newCrowd().Quantiles(t.Context(), Query{}, "spend", 0.5, p)
		require.ErrorContains(t, err, "from 0 to 1")
	}
	got, err := newCrowd().Quantiles(t.Context(), Query{}, "spend")
	require.NoError(t, err)
	require.Equal(t, []customer.Value{}, got)
}

// crowdOf has an Integer tag v of n customers, and returns its values in order too.
func crowdOf(t *testing.T, n int, value func(rng *rand.Rand) int64) (*Snapshot, []int64) {
	rng := rand.New(rand.NewPCG(1, 2))
	ids, values := make([]customer.ID, n), make([]int64, n)
	for i := range ids {
		ids[i], values[i] = customer.FromInt64(int64(i)+1), value(rng)
	}
	ix, err := New(&Options{Tags: []Tag{{Name: "v", Kind: Integer}}})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{{Tag: "v", Ints: values}}))
	slices.Sort(values)
	return ix.Snapshot(), values
}

// Where many values are the same, a place in the middle of them is not taken for their first.
func TestRankerAimsAtTies(t *testing.T) {
	for _, keys := range []int64{2, 10, 20} {
		s, sorted := crowdOf(t, 4*kernel.Bits, func(rng *rand.Rand) int64 { return rng.Int64N(keys) })
		p, _, d, err := s.ask(t.Context(), Query{}, "v", Integer)
		require.NoError(t, err)
		r, err := p.ranker(t.Context(), d)
		require.NoError(t, err)
		_, err = r.at(t.Context(), 0) // draws the sample
		require.NoError(t, err)
		near := r.n / int(2*keys+5)
		for rank := near; rank < r.n-near; rank += r.n / 1000 {
			if sorted[rank-near] != sorted[rank+near] {
				continue // where one key ends and the next begins
			}
			at, margin, err := r.aim(t.Context(), rank)
			require.NoError(t, err)
			from, to, _ := r.guess(r.lo, r.hi, at, margin)
			key := intKey(sorted[rank])
			require.True(t, from <= key && key <= to, "%d keys, rank %d: %d is not in %d to %d", keys, rank, sorted[rank], keyInt(from), keyInt(to))
		}
	}
}

// Values in two heaps far apart: the highest bits of a range that reaches into both do not tell a heap's apart.
func TestQuantilesFarApart(t *testing.T) {
	s, sorted := crowdOf(t, 2*kernel.Bits, func(rng *rand.Rand) int64 { return rng.Int64N(1000) + rng.Int64N(2)<<40 })
	ps := []float64{0, 0.25, 0.499, 0.5, 0.501, 0.75, 1}
	got, err := s.Quantiles(t.Context(), Query{}, "v", ps...)
	require.NoError(t, err)
	for i, p := range ps {
		require.Equal(t, customer.Int64Value(sorted[rankOf(p, len(sorted))]), got[i], "p = %v", p)
	}
	p, _, d, err := s.ask(t.Context(), Query{}, "v", Integer)
	require.NoError(t, err)
	r, err := p.ranker(t.Context(), d)
	require.NoError(t, err)
	f, err := r.find(t.Context(), intKey(990), intKey(1<<40+9), true)
	require.NoError(t, err)
	first, _ := slices.BinarySearch(sorted, 990)
	end, _ := slices.BinarySearch(sorted, 1<<40+10)
	require.Equal(t, []int{first, end - first, end - first}, []int{f.below, f.within, len(f.keys)})
}

// A sample that says nothing of the order of the rest must not keep a ranker from its end.
func TestRankerWithoutHelp(t *testing.T) {
	c := newCrowd()
	for _, tag := range []string{"spend", "extreme", "ties", "score"} {
		p, _, d, err := c.ask(t.Context(), Query{}, tag, Integer, Float)
		require.NoError(t, err)
		r, err := p.ranker(t.Context(), d)
		require.NoError(t, err)
		r.sample = []uint64{r.lo, r.lo, r.lo, r.hi}
		sorted := c.sorted[tag]
		for _, rank := range []int{0, 1, 1000, len(sorted) / 2, len(sorted) - 1} {
			key, err := r.at(t.Context(), rank)
			require.NoError(t, err)
			if tag == "score" {
				require.Equal(t, sorted[rank].f, keyFloat(key))
			} else {
				require.Equal(t, sorted[rank].i, keyInt(key))
			}
		}
	}
}

// Customers of whom none is in the sample: it takes every 39th word of a chunk of as many.
func TestQuantilesWithoutSample(t *testing.T) {
	ids, in, tens := make([]customer.ID, kernel.Bits), make([]bool, kernel.Bits), make([]int64, kernel.Bits)
	var sorted []int64
	for i := range ids {
		ids[i], in[i], tens[i] = customer.FromInt64(int64(i)+1), i>>6%39 != 0, int64(i)*40_503%kernel.Bits*10
		if in[i] {
			sorted = append(sorted, tens[i])
		}
	}
	slices.Sort(sorted)
	ix, err := New(&Options{Tags: []Tag{{Name: "in", Kind: Flag}, {Name: "tens", Kind: Integer}}})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{{Tag: "in", Bools: in}, {Tag: "tens", Ints: tens}}))
	ps := []float64{0, 0.001, 0.5, 0.9, 1}
	got, err := ix.Snapshot().Quantiles(t.Context(), Query{Rule: IsTrue("in")}, "tens", ps...)
	require.NoError(t, err)
	for i, p := range ps {
		require.Equal(t, customer.Int64Value(sorted[rankOf(p, len(sorted))]), got[i], "p = %v", p)
	}
}
