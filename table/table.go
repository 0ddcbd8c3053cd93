// Package table answers what a row of features is: a Table has one row a customer and
// typed columns, and is what features come in everywhere.
//
//	features := &table.Table[int]{
//		IDs:     []int{1042, 1007, 1019},
//		Compare: cmp.Compare[int],
//		Columns: []table.Column{
//			table.NumberColumn("spend", 128.5, 64, math.NaN()), // NaN is missing
//			table.CategoryColumn("city", "Wuhan", "Beijing", ""),
//		},
//	}
//	sorted, err := features.Sorted()
//	...
//	spend, ok := sorted.Column("spend")
//	fmt.Println(sorted.IDs, spend.Num)
//
// The package example has it whole. [Events] are what happened to customers, of which features are made.
package table

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Errors that a caller can act on.
var (
	// ErrDuplicateID is wrapped by the Fault of an id that several rows have.
	ErrDuplicateID = errors.New("table: id is there more than once")
	// ErrNoCompare is returned by Sorted, bare, if the table has no Compare.
	ErrNoCompare = errors.New("table: Compare is nil")
	// ErrNoColumn is wrapped by the error of Select for a name that no column has.
	ErrNoColumn = errors.New("table: no such column")

	errNil = errors.New("table: the table is nil")
)

// Table holds the features of customers: one row for each id, and columns that all have
// as many values as there are ids. The methods never change the table; those that
// return one say what it shares with t. All but Validate take for granted that Validate
// finds no fault; of a nil table, which is one, Rows and Column find nothing, and the
// others that return an error return it. Safe for concurrent reads.
type Table[K comparable] struct {
	// IDs names the rows, each once. Nil: the rows have no ids and keep their order.
	IDs []K
	// Compare orders the ids: negative, zero or positive as a is before, the same as or
	// after b, like cmp.Compare. Zero only if a == b. Required where rows are sorted.
	Compare func(a, b K) int
	// Columns have different names. Their order matters to models.
	Columns []Column
}

// Rows returns the number of rows: that of ids or, without ids, that of the values of
// the first column.
func (t *Table[K]) Rows() int {
	if t == nil {
		return 0
	}
	if t.IDs == nil && len(t.Columns) > 0 {
		return t.Columns[0].Len()
	}
	return len(t.IDs)
}

// Column returns the column with the name, or false. Cost: O(columns).
func (t *Table[K]) Column(name string) (Column, bool) {
	if t == nil {
		return Column{}, false
	}
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Select returns the table of the columns with the names, in the order of the names. It
// shares ids and values with t. A name that no column has is an error that wraps
// ErrNoColumn.
func (t *Table[K]) Select(names ...string) (*Table[K], error) {
	if t == nil {
		return nil, errNil
	}
	columns := make([]Column, len(names))
	for i, name := range names {
		var ok bool
		if columns[i], ok = t.Column(name); !ok {
			return nil, fmt.Errorf("%w: %q", ErrNoColumn, name)
		}
	}
	return &Table[K]{IDs: t.IDs, Compare: t.Compare, Columns: columns}, nil
}

// Take returns the table of the rows with the given indexes, in that order. It shares
// the levels of the columns with t. It panics if an index is out of range. Cost:
// O(len(rows) * columns).
func (t *Table[K]) Take(rows []int) *Table[K] {
	taken := &Table[K]{IDs: take(t.IDs, rows), Compare: t.Compare}
	taken.Columns = make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		c.Num, c.Code = take(c.Num, rows), take(c.Code, rows)
		taken.Columns[i] = c
	}
	return taken
}

// Sorted returns the table of the same rows ascending by id, so that what is computed
// from it does not depend on the order in which rows came. If t is sorted already the
// result shares its ids and values, otherwise only the levels. It returns ErrNoCompare
// if Compare is nil and a *Fault that wraps ErrDuplicateID if Compare finds two ids the
// same. A table without ids comes back as it is. Cost: O(n log n) comparisons, n if t is
// sorted.
func (t *Table[K]) Sorted() (*Table[K], error) {
	if t == nil {
		return nil, errNil
	}
	if t.IDs == nil {
		return &Table[K]{Compare: t.Compare, Columns: t.Columns}, nil
	}
	if t.Compare == nil {
		return nil, ErrNoCompare
	}
	sorted := &Table[K]{IDs: t.IDs, Compare: t.Compare, Columns: t.Columns}
	rows := make([]int, len(t.IDs))
	for i := range rows {
		rows[i] = i
	}
	if !slices.IsSortedFunc(t.IDs, t.Compare) {
		slices.SortFunc(rows, func(i, j int) int {
			return cmp.Or(t.Compare(t.IDs[i], t.IDs[j]), cmp.Compare(i, j))
		})
		sorted = t.Take(rows)
	}
	var duplicates tally
	for i := 1; i < len(rows); i++ {
		if t.Compare(sorted.IDs[i-1], sorted.IDs[i]) == 0 {
			duplicates.add(rows[i])
		}
	}
	if duplicates.count > 0 {
		return nil, duplicates.fault("", -1, ErrDuplicateID)
	}
	return sorted, nil
}

// take returns the elements with the given indexes, or nil of nil.
func take[E any](values []E, rows []int) []E {
	if values == nil {
		return nil
	}
	taken := make([]E, len(rows))
	for i, row := range rows {
		taken[i] = values[row]
	}
	return taken
}
