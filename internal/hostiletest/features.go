package hostiletest

import (
	"math"
	"strings"

	"github.com/clientele-go/clientele/table"
)

// Features returns what a customer spends and where, of eight who are not in their order: a table for the argument of
// that name, of which TableFaults says what is wrong with it. One row has no number, another no city.
func Features() *table.Table[string] {
	return &table.Table[string]{
		IDs: []string{"h", "b", "c", "d", "e", "f", "g", "a"}, Compare: strings.Compare,
		Columns: []table.Column{
			table.NumberColumn("spend", 1, 2, math.NaN(), 4, 5, 6, 7, 8),
			table.CategoryColumn("city", "x", "y", "x", "", "z", "z", "y", "x"),
		},
	}
}

// TableFaults are the expectations of an argument table as of Features.
func TableFaults() map[string]any {
	return map[string]any{
		"table nil": "table: ", "table.IDs twice": table.ErrDuplicateID, "table.IDs short": "table: ", "table.IDs turned": OK,
		"table.IDs nil": OK, "table.Compare nil": OK, "table.Columns twice": "table: ",
		"table.Columns[1].Code[7] max": "row 7", "table.Columns[1].Code short": "has 7 values",
	}
}
