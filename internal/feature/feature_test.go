package feature_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

func shop() feature.Columns {
	return feature.Columns{
		feature.New("city", table.Category, []string{"Wuhan", "Bonn"}),
		feature.New("spend", table.Number, nil),
	}
}

func TestCode(t *testing.T) {
	c := shop()[0]
	require.Equal(t, []int32{0, 1, -1, -1}, []int32{c.Code("Wuhan"), c.Code("Bonn"), c.Code("Bath"), c.Code("")})
	c.Other = 2
	require.Equal(t, []int32{1, 2}, []int32{c.Code("Bonn"), c.Code("Bath")})
	number := shop()[1]
	require.EqualValues(t, -1, number.Code("Bonn"))
}

func TestDistinct(t *testing.T) {
	for name, c := range map[string]feature.Column{
		"none": feature.New("x", table.Category, nil),
		"two":  feature.New("x", table.Category, []string{"a", "b"}),
	} {
		require.True(t, c.Distinct(), name)
	}
	twice := feature.New("x", table.Category, []string{"a", "b", "a"})
	require.False(t, twice.Distinct())
}

// TestBind has a table whose columns and levels are in another order, with one more of each.
func TestBind(t *testing.T) {
	columns := []table.Column{
		table.NumberColumn("visits", 1, 2, 3, 4),
		table.NumberColumn("spend", 10, math.NaN(), 30, 40),
		table.CategoryColumn("city", "Bonn", "Wuhan", "", "Bath"),
	}
	require.Equal(t, []string{"city", "spend"}, shop().Names())
	rows, err := shop().Bind(columns)
	require.NoError(t, err)
	want := [][]float64{{1, 10}, {0, math.NaN()}, {math.NaN(), 30}, {-1, 40}}
	row := make([]float64, 2)
	for i := range want {
		rows.Read(row, i)
		require.InDeltaSlice(t, want[i], row, 0, "row %d", i)
	}
	block := make([]float64, 6)
	rows.Fill(block, 1, 4)
	for i, values := range want[1:] {
		require.InDeltaSlice(t, values, block[i*2:i*2+2], 0, "row %d", i+1)
	}
}

func TestBindFaults(t *testing.T) {
	for name, c := range map[string]struct {
		columns []table.Column
		fault   string
	}{
		"nothing":      {nil, `category column "city"`},
		"another kind": {[]table.Column{table.NumberColumn("city", 1), table.NumberColumn("spend", 1)}, `category column "city"`},
		"not there":    {[]table.Column{table.CategoryColumn("city", "Bonn")}, `number column "spend"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shop().Bind(c.columns)
			require.EqualError(t, err, c.fault)
		})
	}
}
