// Package feature holds what a model knows of the columns of the table that it was fitted on, and reads the rows of
// another table as the model sees them: a float64 for each column, a number or the code of a level, NaN where the value
// is missing.
package feature

import (
	"fmt"
	"math"

	"github.com/clientele-go/clientele/table"
)

// Column is a column as a model knows it. Safe for concurrent reads.
type Column struct {
	Name   string     // in a table
	Kind   table.Kind // of its values
	Levels []string   // that the fit saw, in their order; nil of a number
	Other  int32      // code of a text that is no level
	code   map[string]int32
}

// New returns the column whose codes are the indexes of the levels, and -1 for all other texts. It keeps levels.
func New(name string, kind table.Kind, levels []string) Column {
	c := Column{Name: name, Kind: kind, Levels: levels, Other: -1, code: make(map[string]int32, len(levels))}
	for code, level := range levels {
		c.code[level] = int32(code)
	}
	return c
}

// Distinct tells whether each level is there once.
func (c *Column) Distinct() bool { return len(c.code) == len(c.Levels) }

// Code returns the code of a level.
func (c *Column) Code(level string) int32 {
	if code, ok := c.code[level]; ok {
		return code
	}
	return c.Other
}

// Columns are those of a model, in its order. Safe for concurrent reads.
type Columns []Column

// Names returns the names of the columns.
func (c Columns) Names() []string {
	names := make([]string, len(c))
	for i := range c {
		names[i] = c[i].Name
	}
	return names
}

// Bind finds the columns in those of a valid table, which may have others. The error for the first that is not there, or
// is of another kind, is the kind and the name that were looked for. Cost: O(columns + levels).
func (c Columns) Bind(columns []table.Column) (Rows, error) {
	at := make(map[string]int, len(columns))
	for i := range columns {
		at[columns[i].Name] = i
	}
	rows := make(Rows, len(c))
	for i := range c {
		want := &c[i]
		k, ok := at[want.Name]
		if !ok || columns[k].Kind != want.Kind {
			return nil, fmt.Errorf("%s column %q", want.Kind, want.Name)
		}
		found := Bound{Column: columns[k], As: make([]float64, len(columns[k].Levels))}
		for code, level := range found.Levels {
			found.As[code] = float64(want.Code(level))
		}
		rows[i] = found
	}
	return rows, nil
}

// Bound is a column of a table as a model sees it. Safe for concurrent reads.
type Bound struct {
	table.Column
	As []float64 // codes of the model for the levels of the table
}

// At returns the value of a row.
func (b *Bound) At(row int) float64 {
	if b.Kind == table.Number {
		return b.Num[row]
	} else if code := b.Code[row]; code >= 0 {
		return b.As[code]
	}
	return math.NaN()
}

// Rows are the columns of a table in the order of a model. Safe for concurrent reads.
type Rows []Bound

// Read writes the values of a row to dst, which has an element for each column.
func (r Rows) Read(dst []float64, row int) {
	for i := range r {
		dst[i] = r[i].At(row)
	}
}

// Fill writes the values of the rows from lo to hi to dst, one row after the other.
func (r Rows) Fill(dst []float64, lo, hi int) {
	for i := range r {
		for row := lo; row < hi; row++ {
			dst[(row-lo)*len(r)+i] = r[i].At(row)
		}
	}
}
