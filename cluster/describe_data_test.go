package cluster_test

import (
	"encoding/csv"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/table"
)

// describedWholesale is UCI's Wholesale customers: 440 rows with a channel (1: hotels,
// restaurants, cafés; 2: retail), a region and the spend on six kinds of goods.
func describedWholesale(t *testing.T) *table.Table[int] {
	t.Helper()
	f := dataset.Open(t, "wholesale/wholesale.csv")
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	tab := &table.Table[int]{}
	for c, name := range records[0] {
		var texts []string
		var values []float64
		for _, record := range records[1:] {
			x, err := strconv.ParseFloat(record[c], 64)
			require.NoError(t, err)
			texts, values = append(texts, record[c]), append(values, x)
		}
		if c < 2 {
			tab.Columns = append(tab.Columns, table.CategoryColumn(name, texts...))
		} else {
			tab.Columns = append(tab.Columns, table.NumberColumn(name, values...))
		}
	}
	return tab
}

// TestDescribeWholesale describes the channels. The numbers of retail are those of SciPy
// 1.10.1 and NumPy 1.24.2: ks_2samp(a, b).statistic, mannwhitneyu(a, b).statistic/298/142,
// a.mean(), quantile(a, [.05, .25, .5, .75, .95]) and (a.mean()-x.mean())/x.std(), where a
// are the values of retail, b those of the other channel and x all.
func TestDescribeWholesale(t *testing.T) {
	tab := describedWholesale(t)
	channel := tab.Columns[0]
	d := described(t, tab, &cluster.Assignment{Labels: channel.Code}, &cluster.DescribeOptions{
		RuleColumns: []string{"Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen"},
	})
	retail := &d.Groups[1]
	require.Equal(t, 142, retail.Rows)
	for _, want := range []struct {
		column                     string
		separation, position, mean float64
		quantiles                  []float64
		difference                 float64
	}{
		{"Fresh", 0.1741658001701484, 0.38975801115417336, 8904.323943661971, []float64{200.95, 2347.75, 5993.5, 12229.75, 26287}, -0.2450713488147358},
		{"Milk", 0.6454296247282352, 0.878946497778618, 10716.5, []float64{3052.7, 5938, 7812, 12162.75, 27391.5}, 0.6674231814984342},
		{"Grocery", 0.743028641648549, 0.9377304093014462, 16322.852112676057, []float64{5235.55, 9245.25, 12390, 20183.5, 34731.7}, 0.8819278792087762},
		{"Frozen", 0.25621514320824273, 0.35409774080725964, 1652.612676056338, []float64{130.05, 534.25, 1081, 2146.75, 5133.1}, -0.2926942065622207},
		{"Detergents_Paper", 0.8429908308913886, 0.9606059173834955, 7269.507042253521, []float64{996.1, 3683.5, 5614.5, 8662.5, 18890.4}, 0.9213806343004409},
		{"Delicassen", 0.22714812364117593, 0.6018409112392475, 1753.4366197183099, []float64{110.5, 566.75, 1350, 2156, 5182.25}, 0.08114104508923778},
	} {
		for _, got := range retail.Columns {
			if got.Column == want.column {
				require.InDelta(t, want.separation, got.Separation, 1e-12)
				require.InDelta(t, want.position, got.Position, 1e-12)
				require.InDelta(t, want.mean, got.Mean, 1e-9)
				require.InDelta(t, want.difference, got.Difference, 1e-12)
				require.InDeltaSlice(t, want.quantiles, got.Quantiles, 1e-9)
			}
		}
	}
	require.InDelta(t, 1, retail.Columns[0].Separation, 1e-12, "the channel itself")
	require.InDelta(t, 0.07122601380092634, retail.Columns[1].Separation, 1e-12, "half the sum of |differences of shares|")
	require.Equal(t, "Detergents_Paper", retail.Columns[retail.Separating[1]].Column)
	// 154 rows have Detergents_Paper >= 1,750 and Milk >= 2,500, of which 132 are of retail.
	require.Equal(t, "Detergents_Paper >= 1,750 and Milk >= 2,500", retail.Rule.String())
	require.InDelta(t, 132.0/154, retail.Rule.Precision, 1e-12)
	require.InDelta(t, 132.0/142, retail.Rule.Coverage, 1e-12)
}

// TestDescribeFitted describes what Fit finds: three groups of 330, 60 and 50 rows, as
// published for k-means of the spend as it is.
func TestDescribeFitted(t *testing.T) {
	tab := describedWholesale(t)
	fitted, err := cluster.Fit(t.Context(), tab, &cluster.Options{K: 3, Prepare: cluster.Preparation{Scale: cluster.Unscaled}, Columns: map[string]cluster.Preparation{
		"Channel": {Ignore: true}, "Region": {Ignore: true},
	}})
	require.NoError(t, err)
	d := described(t, tab, &fitted.Assignment, nil)
	var rows []int
	for _, g := range d.Groups {
		rows = append(rows, g.Rows)
		for _, row := range g.Exemplars {
			require.EqualValues(t, g.Label, fitted.Labels[row])
		}
		for row, label := range fitted.Labels {
			if int(label) == g.Label {
				require.GreaterOrEqual(t, fitted.Distances[row], fitted.Distances[g.Exemplars[0]])
			}
		}
		require.Greater(t, g.Rule.Precision*g.Rule.Coverage, 0.7)
	}
	require.Equal(t, []int{330, 60, 50}, rows)
}
