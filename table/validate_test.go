package table_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestValidate(t *testing.T) {
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		alter func(*table.Table[string])
		want  string // "" if the table is valid
	}{
		"valid":          {func(*table.Table[string]) {}, ""},
		"no compare":     {func(t *table.Table[string]) { t.Compare = nil }, ""},
		"no columns":     {func(t *table.Table[string]) { t.Columns = nil }, ""},
		"spare level":    {func(t *table.Table[string]) { t.Columns[1].Levels = []string{"a", "b", "c"} }, ""},
		"id twice":       {func(t *table.Table[string]) { t.IDs[2] = "c" }, "table: ids: row 2: id is there more than once"},
		"id three times": {func(t *table.Table[string]) { t.IDs[1], t.IDs[2] = "c", "c" }, "table: ids: 2 rows, the first is 1: id is there more than once"},
		"too few ids": {
			func(t *table.Table[string]) { t.IDs = t.IDs[:2] },
			"table: column 0 \"spend\": has 3 values in a table of 2 rows\ntable: column 1 \"city\": has 3 values in a table of 2 rows",
		},
		"no ids, lengths differ": {
			func(t *table.Table[string]) { t.IDs, t.Columns[1].Code = nil, nil },
			`table: column 1 "city": has 0 values in a table of 3 rows`,
		},
		"no name":   {func(t *table.Table[string]) { t.Columns[0].Name = "" }, `table: column 0 "": has no name`},
		"same name": {func(t *table.Table[string]) { t.Columns[1].Name = "spend" }, `table: column 1 "spend": has the name of an earlier column`},
		"no kind":   {func(t *table.Table[string]) { t.Columns[1].Kind = 0 }, `table: column 1 "city": has no valid kind`},
		"infinite": {
			func(t *table.Table[string]) { t.Columns[0].Num = []float64{1, inf, -inf} },
			`table: column 0 "spend": 2 rows, the first is 1: value is infinite`,
		},
		"code too high": {
			func(t *table.Table[string]) { t.Columns[1].Code[0] = 2 },
			`table: column 1 "city": row 0: code is not -1 and not the index of a level`,
		},
		"code too low": {
			func(t *table.Table[string]) { t.Columns[1].Code[1] = -2 },
			`table: column 1 "city": row 1: code is not -1 and not the index of a level`,
		},
		"level twice": {func(t *table.Table[string]) { t.Columns[1].Levels = []string{"a", "a"} }, `table: column 1 "city": has an empty level or a level twice`},
		"empty level": {func(t *table.Table[string]) { t.Columns[1].Levels = []string{"a", ""} }, `table: column 1 "city": has an empty level or a level twice`},
		"number with codes": {
			func(t *table.Table[string]) { t.Columns[0].Code = []int32{0, 0, 0} },
			`table: column 0 "spend": is a number with Code or Levels`,
		},
		"category with numbers": {
			func(t *table.Table[string]) { t.Columns[1].Num = []float64{0, 0, 0} },
			`table: column 1 "city": is a category with Num`,
		},
		"all at once": {
			func(t *table.Table[string]) {
				t.IDs[1] = "c"
				t.Columns[0].Num[2] = inf
				t.Columns[1].Name, t.Columns[1].Code[0] = "", 9
			},
			"table: ids: row 1: id is there more than once\n" +
				"table: column 0 \"spend\": row 2: value is infinite\n" +
				"table: column 1 \"\": has no name\n" +
				"table: column 1 \"\": row 0: code is not -1 and not the index of a level",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab := shop()
			c.alter(tab)
			err := tab.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
}

func TestFaultNamesThePlace(t *testing.T) {
	tab := shop()
	tab.Columns[0].Num[2] = math.Inf(-1)
	fault, ok := errors.AsType[*table.Fault](tab.Validate())
	require.True(t, ok)
	require.Equal(t, "spend", fault.Column)
	require.Equal(t, 0, fault.Index)
	require.Equal(t, 2, fault.Row)
	require.Equal(t, 1, fault.Count)

	tab.IDs[2] = "c"
	require.ErrorIs(t, tab.Validate(), table.ErrDuplicateID)
}

func TestIDsThatAreNotNumbers(t *testing.T) {
	tab := table.Table[float64]{IDs: []float64{1, nan, nan}}
	require.EqualError(t, tab.Validate(), "table: ids: 2 rows, the first is 1: id is not equal to itself")
}
