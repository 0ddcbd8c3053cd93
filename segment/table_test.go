package segment

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/table"
)

// TestColumnsOf asks of an index what was in the table, counted row by row.
func TestColumnsOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	const n = 1000
	spend, city, ids := make([]float64, n), make([]string, n), make([]customer.ID, n)
	for i := range n {
		spend[i], city[i], ids[i] = float64(rng.IntN(20)), []string{"", "Wuhan", "Beijing"}[rng.IntN(3)], customer.FromInt64(int64(i))
		if rng.IntN(4) == 0 {
			spend[i] = math.NaN()
		}
	}
	rows := &table.Table[int]{Columns: []table.Column{table.NumberColumn("spend", spend...), table.CategoryColumn("city", city...)}}
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Unix(1, 0), ids, ColumnsOf(rows)))
	s := ix.Snapshot()
	tag, ok := s.Catalogue().Tag("spend")
	require.True(t, ok)
	require.Equal(t, Float, tag.Kind)
	count := func(rule string, is func(i int) bool) {
		t.Helper()
		want := 0
		for i := range n {
			if is(i) {
				want++
			}
		}
		r, err := Parse(rule)
		require.NoError(t, err)
		got, err := s.Count(t.Context(), Query{Rule: r})
		require.NoError(t, err)
		require.Equal(t, want, got, rule)
	}
	count(`city = "Wuhan"`, func(i int) bool { return city[i] == "Wuhan" })
	count(`city is set`, func(i int) bool { return city[i] != "" })
	for least := range 21 {
		count("spend >= "+strconv.Itoa(least), func(i int) bool { return spend[i] >= float64(least) })
	}
}
