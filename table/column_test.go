package table_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestCategoryColumn(t *testing.T) {
	column := table.CategoryColumn("city", "武汉", "", "Beijing", "武汉")
	require.Equal(t, table.Column{
		Name: "city", Kind: table.Category,
		Code: []int32{1, -1, 0, 1}, Levels: []string{"Beijing", "武汉"},
	}, column)
	require.Equal(t, 4, column.Len())
	for row, want := range []string{"武汉", "", "Beijing", "武汉"} {
		require.Equal(t, want, column.Level(row))
		require.Equal(t, want == "", column.Missing(row))
	}
	empty := table.CategoryColumn("city")
	require.Zero(t, empty.Len())
	require.NotNil(t, empty.Code)
}

func TestNumberColumn(t *testing.T) {
	column := table.NumberColumn("spend", 1, nan)
	require.Equal(t, table.Number, column.Kind)
	require.Equal(t, 2, column.Len())
	require.False(t, column.Missing(0))
	require.True(t, column.Missing(1))
}

func TestKindText(t *testing.T) {
	for kind, name := range map[table.Kind]string{table.Number: "number", table.Category: "category"} {
		require.Equal(t, name, kind.String())
		text, err := kind.MarshalText()
		require.NoError(t, err)
		var back table.Kind
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, kind, back)
	}
	for _, kind := range []table.Kind{0, 3} {
		require.Equal(t, "invalid", kind.String())
		_, err := kind.MarshalText()
		require.Error(t, err)
	}
	back := table.Number
	require.Error(t, back.UnmarshalText([]byte("invalid")))
	require.Equal(t, table.Number, back)
}
