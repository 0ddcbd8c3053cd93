package rfm_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/table"
)

func TestTableRoundTrip(t *testing.T) {
	a := analyzed(t, randomBase(rand.New(rand.NewPCG(5, 9)), 200, 300))
	tab := a.Table()
	require.NoError(t, tab.Validate())
	customers, err := rfm.CustomersOf(tab)
	require.NoError(t, err)
	again, err := rfm.AnalyzeCustomers(t.Context(), customers, cmp.Compare[int], nil)
	require.NoError(t, err)
	require.Equal(t, a.Customers, again.Customers)
	segment, _ := tab.Column("segment")
	class, _ := tab.Column("class")
	for i, c := range a.Customers {
		require.Equal(t, a.Model.Segment(c.Scores).ID, segment.Levels[segment.Code[i]])
		require.Equal(t, a.Model.Class(c.Values, c.Scores).ID, class.Levels[class.Code[i]])
	}
}

func TestGroupingTable(t *testing.T) {
	a := analyzed(t, randomBase(rand.New(rand.NewPCG(5, 9)), 200, 300))
	groups, err := a.By([]rfm.Group{{ID: "odd", Name: rfm.Text{EN: "Odd", ZH: "奇"}}, {ID: "none"}, {ID: "even", Name: rfm.Text{EN: "Even", ZH: "偶"}}},
		func(c *rfm.Customer[int]) int { return 2 - c.ID%2*2 })
	require.NoError(t, err)
	tab := groups.Table()
	require.NoError(t, tab.Validate())
	require.Equal(t, []string{"odd", "none", "even"}, tab.IDs)
	name, _ := tab.Column("name_zh")
	require.Equal(t, []string{"奇", "", "偶"}, []string{name.Level(0), name.Level(1), name.Level(2)})
	for row, s := range groups.Summary() {
		for column, want := range map[string]float64{
			"customers": float64(s.Customers), "share": s.Share, "frequency": float64(s.Frequency), "revenue": float64(s.Revenue), "revenue_share": s.RevenueShare,
			"min_revenue": float64(s.MinRevenue), "max_revenue": float64(s.MaxRevenue),
			"median_recency": s.MedianRecency, "median_frequency": s.MedianFrequency, "median_monetary": s.MedianMonetary,
		} {
			c, ok := tab.Column(column)
			require.True(t, ok, column)
			if s.Customers == 0 && strings.HasPrefix(column, "m") {
				require.True(t, c.Missing(row), column)
			} else {
				require.Equal(t, want, c.Num[row], column)
			}
		}
	}
	require.Len(t, tab.Columns, 2+10)
}

func TestCustomersOfFaults(t *testing.T) {
	base := func() *table.Table[string] {
		return &table.Table[string]{IDs: []string{"a", "b"}, Columns: []table.Column{
			table.NumberColumn("recency", 1, 2), table.NumberColumn("frequency", 3, 4), table.NumberColumn("monetary", 5.5, 6.5),
		}}
	}
	customers, err := rfm.CustomersOf(base())
	require.NoError(t, err)
	require.EqualValues(t, 6, customers[0].Revenue, "half to even")
	for name, test := range map[string]struct {
		spoil func(*table.Table[string])
		want  string
	}{
		"missing column": {func(x *table.Table[string]) { x.Columns = x.Columns[:2] }, `"monetary"`},
		"missing value":  {func(x *table.Table[string]) { x.Columns[1].Num[1] = math.NaN() }, "row 1: frequency"},
		"not whole":      {func(x *table.Table[string]) { x.Columns[0].Num[0] = 1.5 }, "row 0: recency"},
		"text":           {func(x *table.Table[string]) { x.Columns[0] = table.CategoryColumn("recency", "x", "y") }, "not of numbers"},
		"no ids":         {func(x *table.Table[string]) { x.IDs = nil }, "no ids"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := base()
			test.spoil(bad)
			_, err := rfm.CustomersOf(bad)
			require.ErrorContains(t, err, test.want)
		})
	}
}
