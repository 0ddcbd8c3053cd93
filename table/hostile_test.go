package table_test

import (
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/table"
)

// A table of many rows and columns, all of whose names are hostile.
func crowd() *table.Table[string] {
	t := &table.Table[string]{Compare: strings.Compare}
	for i := range 5000 {
		t.IDs = append(t.IDs, strconv.Itoa(i)+hostiletest.Hostile["bytes"])
	}
	for _, name := range []string{"blank", "bytes", "control", "turned", "long"} {
		t.Columns = append(t.Columns, table.NumberColumn(hostiletest.Hostile[name], make([]float64, 5000)...))
	}
	return t
}

// readsBack makes sure that a spreadsheet gets rows of the same length and no formula.
func readsBack(text string) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				panic("a formula: " + cell)
			}
		}
	}
}

func TestHostile(t *testing.T) {
	hostiletest.Run(t, hostiletest.Table{
		"Kind.UnmarshalText": hostiletest.Name((*table.Kind).UnmarshalText, "category"),
		"NumberColumn": {
			Call: table.NumberColumn, Names: "name values",
			Args: func() []any { return []any{"spend", []float64{1, 2, 3}} },
			NaN:  "the column holds the values as they are",
		},
		"CategoryColumn": {
			Call: table.CategoryColumn, Names: "name texts",
			Args: func() []any { return []any{"city", []string{"b", "a", "", "b"}} },
		},
		"Column.Level": {
			Call: (*table.Column).Level, Names: "column row",
			Args: func() []any { c := table.CategoryColumn("city", "b", "a", ""); return []any{&c, 1} },
			Hold: map[string]string{"column": "what Validate refuses is refused before"},
			Expect: map[string]any{
				"row min": hostiletest.Panic("out of range"), "row minus": hostiletest.Panic("out of range"),
				"row max": hostiletest.Panic("out of range"),
			},
		},
		"Column.Missing": {
			Call: (*table.Column).Missing, Names: "column row",
			Args: func() []any { c := table.NumberColumn("spend", 1, nan); return []any{&c, 1} },
			Hold: map[string]string{"column": "what Validate refuses is refused before"},
			Expect: map[string]any{
				"row min": hostiletest.Panic("out of range"), "row minus": hostiletest.Panic("out of range"),
				"row max": hostiletest.Panic("out of range"),
			},
		},
		"Table.Validate": {
			Call: (*table.Table[string]).Validate, Names: "table",
			Args: func() []any { return []any{shop()} },
			Expect: map[string]any{
				"table nil":                      "table: the table is nil",
				"table.IDs twice":                table.ErrDuplicateID,
				"table.IDs alike":                "2 rows, the first is 1: id is there more than once",
				"table.Columns[1].Code[2] min":   `column 1 "city": row 2: code is not -1`,
				"table.Columns[1].Code[2] max":   `column 1 "city": row 2: code is not -1`,
				"table.Columns[1].Code short":    `column 1 "city": has 2 values in a table of 3 rows`,
				"table.Columns[1].Code huge":     `column 1 "city": has 8192 values in a table of 3 rows`,
				"table.Columns[1].Levels nil":    "2 rows, the first is 0: code is not -1",
				"table.Columns[1].Levels twice":  "has an empty level or a level twice",
				"table.Columns[1].Kind":          `column 1 "city": has no valid kind`,
				"table.Columns[1].Kind one":      `column 1 "city": is a number with Code or Levels`,
				"table.Columns[1].Name empty":    "has no name",
				"table.Columns[1].Name long":     hostiletest.OK,
				"table.Compare nil":              hostiletest.OK,
				"table.Columns nil":              hostiletest.OK,
				"table.IDs nil":                  hostiletest.OK,
				"table.Columns twice":            `column 1 "spend": has the name of an earlier column`,
				"table.Columns huge":             `column 8191 "city": has the name of an earlier column`,
				"table.Columns[1].Levels turned": hostiletest.OK,
			},
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{&table.Table[string]{}} }, Want: hostiletest.OK},
				{Name: "infinite", Args: func() []any {
					s := shop()
					s.Columns[0].Num[2] = math.Inf(-1)
					return []any{s}
				}, Want: `column 0 "spend": row 2: value is infinite`},
				{Name: "crowd", Args: func() []any { return []any{crowd()} }, Want: hostiletest.OK},
			},
		},
		"Table.Rows": {
			Call: (*table.Table[string]).Rows, Names: "table",
			Args: func() []any { return []any{shop()} },
		},
		"Table.Column": {
			Call: (*table.Table[string]).Column, Names: "table name",
			Args: func() []any { return []any{shop(), "city"} },
		},
		"Table.Select": {
			Call: (*table.Table[string]).Select, Names: "table names",
			Args: func() []any { return []any{shop(), []string{"city", "spend"}} },
			NaN:  "a missing value is one",
			Expect: map[string]any{
				"names nil":           hostiletest.OK,
				"names[1] empty":      table.ErrNoColumn,
				"names[1] bytes":      table.ErrNoColumn,
				"names[1] control":    table.ErrNoColumn,
				"names[1] long":       table.ErrNoColumn,
				"table.Columns nil":   table.ErrNoColumn,
				"table.Columns empty": table.ErrNoColumn,
				"table.Columns twice": table.ErrNoColumn,
				"table nil":           "table: the table is nil",
			},
		},
		"Table.WriteCSV": {
			Call: func(t *table.Table[string]) (string, error) {
				var b strings.Builder
				err := (*table.Table[string]).WriteCSV(t, &b)
				if err != nil && b.Len() > 0 {
					panic("something is written")
				}
				return b.String(), err
			},
			Names: "table",
			Args:  func() []any { return []any{shop()} },
			Expect: map[string]any{
				"table nil": "table: the table is nil", "table.IDs twice": table.ErrDuplicateID, "table.Columns twice": "has the name of an earlier column",
				"table.Columns[1].Code short": "has 2 values in a table of 3 rows", "table.Compare nil": hostiletest.OK, "table.Columns nil": hostiletest.OK,
				"table.IDs[2]": hostiletest.OK, "table.Columns[1].Levels[1]": hostiletest.OK, "table.Columns[1].Levels[1] empty": "has an empty level",
			},
			Then:  func(results []any) { readsBack(results[0].(string)) },
			Cases: []hostiletest.Case{{Name: "crowd", Args: func() []any { return []any{crowd()} }, Want: hostiletest.OK}},
		},
		"Table.Take": {
			Call: (*table.Table[string]).Take, Names: "table rows",
			Args: func() []any { return []any{shop(), []int{2, 0}} },
			Hold: map[string]string{"table": "what Validate refuses is refused before"},
			NaN:  "a missing value is one",
			Expect: map[string]any{
				"rows[1] min": hostiletest.Panic("out of range"), "rows[1] minus": hostiletest.Panic("out of range"),
				"rows[1] max": hostiletest.Panic("out of range"), "rows nil": hostiletest.OK,
			},
		},
		"Table.Sorted": {
			Call: (*table.Table[string]).Sorted, Names: "table",
			Args: func() []any { return []any{shop()} },
			Hold: map[string]string{"table.Columns": "what Validate refuses is refused before"},
			NaN:  "a missing value is one",
			Expect: map[string]any{
				"table.Compare nil": table.ErrNoCompare, "table.IDs twice": table.ErrDuplicateID,
				"table.IDs turned": hostiletest.OK, "table.IDs[2]": hostiletest.OK,
				"table.IDs long": hostiletest.Panic("out of range"), "table.IDs huge": hostiletest.Panic("out of range"),
				"table nil": "table: the table is nil",
			},
			Cases: []hostiletest.Case{{Name: "crowd", Args: func() []any { return []any{crowd()} }, Want: hostiletest.OK}},
		},
	})
}
