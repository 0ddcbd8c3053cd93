package segment

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestTopAndBottom(t *testing.T) {
	eachQuestion(t, numericTags, func(t *testing.T, q *question) {
		up := make([]Ranked, len(q.readings))
		down := make([]Ranked, 0, len(q.readings))
		for i, r := range q.readings {
			up[i] = Ranked{q.ids[r.at], r.value}
		}
		for end := len(up); end > 0; { // equal values stay in order of arrival
			first := end - 1
			for first > 0 && up[first-1].Value == up[end-1].Value {
				first--
			}
			down = append(down, up[first:end]...)
			end = first
		}
		for _, k := range []int{1, 100, 10_000} {
			got, err := q.Top(t.Context(), q.Query, q.tag.Name, k)
			require.NoError(t, err)
			require.True(t, slices.Equal(down[:min(k, len(down))], got), "top %d", k)
			got, err = q.Bottom(t.Context(), q.Query, q.tag.Name, k)
			require.NoError(t, err)
			require.True(t, slices.Equal(up[:min(k, len(up))], got), "bottom %d", k)
		}
		var least, most customer.Value
		if len(up) > 0 {
			least, most = up[0].Value, down[0].Value
		}
		got, err := q.Min(t.Context(), q.Query, q.tag.Name)
		require.NoError(t, err)
		require.Equal(t, least, got)
		got, err = q.Max(t.Context(), q.Query, q.tag.Name)
		require.NoError(t, err)
		require.Equal(t, most, got)
	})
}

func TestTopOfAll(t *testing.T) {
	c := newCrowd()
	for _, tag := range []string{"spend", "rare", "few"} {
		got, err := c.Bottom(t.Context(), Query{}, tag, len(c.ids))
		require.NoError(t, err)
		require.True(t, slices.EqualFunc(c.sorted[tag], got, func(r reading, g Ranked) bool { return g == Ranked{c.ids[r.at], r.value} }))
	}
}

func TestTopOfNone(t *testing.T) {
	for _, k := range []int{0, -1} {
		got, err := newCrowd().Top(t.Context(), Query{}, "spend", k)
		require.NoError(t, err)
		require.Empty(t, got)
	}
}
