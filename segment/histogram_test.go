package segment

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestHistogram(t *testing.T) {
	eachQuestion(t, numericTags, func(t *testing.T, q *question) {
		for _, bins := range []int{1, 7, 500} {
			got, err := q.Histogram(t.Context(), q.Query, q.tag.Name, bins)
			require.NoError(t, err)
			if len(q.readings) == 0 {
				require.Empty(t, got)
				continue
			}
			require.LessOrEqual(t, len(got), bins)
			require.Equal(t, q.readings[0].value, got[0].From)
			at := 0
			for i, b := range got {
				first, last, end := at, i == len(got)-1, read(b.To, 0)
				if !last {
					require.Equal(t, got[i+1].From, b.To)
				}
				for ; at < len(q.readings) && (last || q.readings[at].compare(end) < 0); at++ {
				}
				require.Equal(t, at-first, b.Count)
				require.True(t, at == first || q.readings[first].compare(read(b.From, 0)) >= 0)
			}
			require.Equal(t, len(q.readings), at)
			end, greatest := got[len(got)-1].To, q.readings[len(q.readings)-1]
			switch {
			case q.tag.Kind == Float:
				require.Equal(t, greatest.value, end)
				if bins == 7 && len(got) == 7 {
					least := q.readings[0].f
					require.InDelta(t, least+(greatest.f-least)*3/7, read(got[3].From, 0).f, 1e-9*math.Abs(greatest.f-least))
				}
			case !end.IsUnset():
				require.Greater(t, read(end, 0).compare(greatest), 0)
				width := read(got[0].To, 0).i - read(got[0].From, 0).i
				for _, b := range got {
					require.Equal(t, width, read(b.To, 0).i-read(b.From, 0).i)
				}
			}
		}
	})
}

func TestHistogramAt(t *testing.T) {
	eachQuestion(t, numericTags, func(t *testing.T, q *question) {
		edges := []any{math.MinInt64, -100, -7, 0.5, 3, customer.DecimalValue(1234, 2), 100_000, 500_000, int64(math.MaxInt64 - 2)}
		if q.tag.Kind == Decimal {
			edges = edges[1 : len(edges)-1]
		}
		if q.tag.Kind == Time {
			edges = []any{
				time.Date(1950, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1_710_000_000, 1),
			}
		}
		got, err := q.HistogramAt(t.Context(), q.Query, q.tag.Name, edges...)
		require.NoError(t, err)
		require.Len(t, got, len(edges)+1)
		at := 0
		for i, b := range got {
			require.Equal(t, i == 0, b.From.IsUnset())
			require.Equal(t, i == len(edges), b.To.IsUnset())
			n := 0
			for ; at < len(q.readings) && (b.To.IsUnset() || isBelow(q.readings[at].value, b.To)); at++ {
				n++
			}
			require.Equal(t, n, b.Count, "bin %d", i)
		}
		got, err = q.HistogramAt(t.Context(), q.Query, q.tag.Name)
		require.NoError(t, err)
		require.Equal(t, []Bin{{Count: len(q.readings)}}, got)
	})
}

// isBelow compares exactly.
func isBelow(a, b customer.Value) bool {
	if x, ok := a.Time(); ok {
		y, _ := b.Time()
		return x.Before(y)
	}
	if x, ok := a.Int64(); ok {
		if y, ok := b.Int64(); ok {
			return x < y
		}
	}
	exact := func(v customer.Value) *big.Rat {
		r := new(big.Rat)
		if f, ok := v.Float64(); ok {
			return r.SetFloat64(f)
		}
		if n, ok := v.Int64(); ok {
			return r.SetInt64(n)
		}
		n, scale, _ := v.Decimal()
		return r.Quo(r.SetInt64(n), new(big.Rat).SetFloat64(math.Pow10(scale)))
	}
	return exact(a).Cmp(exact(b)) < 0
}

func TestHistogramOfFullRange(t *testing.T) {
	ix, err := New(&Options{Tags: []Tag{{Name: "n", Kind: Integer}, {Name: "f", Kind: Float}, {Name: "t", Kind: Time}}})
	require.NoError(t, err)
	var b Batch
	for i, n := range []int64{math.MinInt64, 0, math.MaxInt64} {
		id := customer.FromInt64(int64(i))
		b.Set(id, "n", customer.Int64Value(n))
		b.Set(id, "f", customer.Float64Value([]float64{-math.MaxFloat64, 0, math.MaxFloat64}[i]))
		b.Set(id, "t", customer.TimeValue(time.Date(9999, 12, 31, 23, 59, 50+i, 0, time.UTC)))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	s := ix.Snapshot()
	value := customer.Int64Value
	got, err := s.Histogram(t.Context(), Query{}, "n", 1)
	require.NoError(t, err)
	require.Equal(t, []Bin{{From: value(math.MinInt64), Count: 3}}, got)
	got, err = s.Histogram(t.Context(), Query{}, "n", 2)
	require.NoError(t, err)
	require.Equal(t, []Bin{{value(math.MinInt64), value(0), 1}, {From: value(0), Count: 2}}, got)
	got, err = s.Histogram(t.Context(), Query{}, "f", 2)
	require.NoError(t, err)
	float := customer.Float64Value
	require.Equal(t, []Bin{{float(-math.MaxFloat64), float(0), 1}, {float(0), float(math.MaxFloat64), 2}}, got)
	got, err = s.Histogram(t.Context(), Query{}, "t", 1)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 3, got[0].Count)
	got, err = s.Histogram(t.Context(), Query{}, "t", 3)
	require.NoError(t, err)
	require.Len(t, got, 3)

	stats, err := s.Stats(t.Context(), Query{}, "f")
	require.NoError(t, err)
	require.Equal(t, Stats{
		Selected: 3, Count: 3, Min: float(-math.MaxFloat64), Max: float(math.MaxFloat64), Sum: stats.Sum,
		Variance: math.Inf(1), StdDev: math.Inf(1),
	}, stats)
	_, err = s.Sum(t.Context(), Query{Rule: Gt("n", -1)}, "f")
	require.NoError(t, err)
}

func TestHistogramRefuses(t *testing.T) {
	c := newCrowd()
	for name, edges := range map[string][]any{
		"the same twice":         {1, 2, 2},
		"descending":             {0.7, 0.2},
		"a text":                 {"广州"},
		"an instant":             {time.Unix(0, 0)},
		"above all there can be": {1e19},
		"no value":               {customer.Value{}},
		"no number":              {math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.HistogramAt(t.Context(), Query{}, "spend", edges...)
			var tag *TagError
			require.ErrorAs(t, err, &tag)
			require.Equal(t, "spend", tag.Tag)
		})
	}
	_, err := c.HistogramAt(t.Context(), Query{}, "spend", make([]any, MaxBins+1)...)
	require.ErrorIs(t, err, ErrLimit)
	for _, bins := range []int{0, -1, MaxBins + 1} {
		_, err := c.Histogram(t.Context(), Query{}, "spend", bins)
		require.ErrorContains(t, err, "1 to 10000")
	}
}
