package cluster

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Errors that a caller can act on. Those of a column are wrapped by a [*table.Fault].
var (
	// ErrOptions is wrapped by every fault of options.
	ErrOptions = errors.New("cluster: invalid options")
	// ErrMissing is a missing value in a column whose policy is Refuse, or a column
	// without any value.
	ErrMissing = errors.New("cluster: value is missing")
	// ErrTooLarge is a number whose squared distances cannot be added up: beyond ±1e100,
	// as it is or prepared, or a differing category of [Prototypes] that costs beyond 1e200.
	ErrTooLarge = errors.New("cluster: number is too large")
	// ErrNoColumns is returned, bare, where no column takes part: each is ignored or
	// constant.
	ErrNoColumns = errors.New("cluster: no column takes part: each is ignored or constant")
	// ErrNoRows is returned, bare, for a table without rows.
	ErrNoRows = errors.New("cluster: no rows")
)

// Matrix is the table of a matrix: a row for each of its rows, without ids, and a Number
// column for each of its columns. Names that are not given are x0, x1 and so on by the
// index of the column; it panics if there are more names than columns. The values are
// copied. Cost: O(rows * columns), for a [*mat.Dense] without a call for each.
func Matrix(m mat.Matrix, names ...string) *table.Table[int] {
	n, d := m.Dims()
	if len(names) > d {
		panic("cluster: Matrix: more names than columns")
	}
	t := &table.Table[int]{Columns: make([]table.Column, d)}
	values := make([]float64, n*d)
	for j := range d {
		name := "x" + strconv.Itoa(j)
		if j < len(names) {
			name = names[j]
		}
		t.Columns[j] = table.NumberColumn(name, values[j*n:(j+1)*n:(j+1)*n]...)
	}
	if dense, ok := m.(*mat.Dense); ok {
		raw := dense.RawMatrix()
		for i := range n {
			for j, x := range raw.Data[i*raw.Stride:][:d] {
				values[j*n+i] = x
			}
		}
		return t
	}
	for j := range d {
		for i := range n {
			values[j*n+i] = m.At(i, j)
		}
	}
	return t
}

// checkTable returns what table.Validate finds, but for infinities in columns that take
// part, which the learner finds, and ids that are there twice where there is Compare,
// which canonicalOrder finds.
func checkTable[K comparable](t *table.Table[K], o *Options) error {
	shape := table.Table[K]{Columns: slices.Clone(t.Columns)}
	if t.Compare == nil {
		shape.IDs = t.IDs
	}
	n, ok := t.Rows(), true
	for i := range shape.Columns {
		c := &shape.Columns[i]
		ok = ok && c.Len() == n
		if c.Kind == table.Category {
			ok = ok && coded(c)
			c.Code = c.Code[:0]
		} else if !o.preparation(c.Name).Ignore || !slices.ContainsFunc(c.Num, func(x float64) bool { return math.IsInf(x, 0) }) {
			c.Num = c.Num[:0]
		}
	}
	if !ok || shape.Validate() != nil {
		return t.Validate()
	}
	return nil
}

// coded tells that each code of a Category column is -1 or that of a level.
func coded(c *table.Column) bool {
	for _, code := range c.Code {
		if code < -1 || int(code) >= len(c.Levels) {
			return false
		}
	}
	return true
}

// canonicalOrder returns the rows ascending by id, or nil if they are that already or
// cannot be ordered.
func canonicalOrder[K comparable](t *table.Table[K], workers int) ([]int, error) {
	if t.IDs == nil || t.Compare == nil {
		return nil, nil
	}
	ids := t.IDs
	descent := false
	for i := 1; i < len(ids) && !descent; i++ {
		descent = t.Compare(ids[i-1], ids[i]) >= 0
	}
	if !descent {
		return nil, nil
	}
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	parallel.SortFunc(parallel.Workers(workers), order, func(i, j int) int {
		if c := t.Compare(ids[i], ids[j]); c != 0 {
			return c
		}
		return i - j
	})
	duplicate := &table.Fault{Index: -1, Row: -1, Err: table.ErrDuplicateID}
	for i := 1; i < len(order); i++ {
		if t.Compare(ids[order[i-1]], ids[order[i]]) == 0 {
			if duplicate.Count == 0 || order[i] < duplicate.Row {
				duplicate.Row = order[i]
			}
			duplicate.Count++
		}
	}
	if duplicate.Count > 0 {
		return nil, duplicate
	}
	return order, nil
}

// arranged are the columns with their rows in an order; nil: as they are.
func arranged(columns []table.Column, order []int, workers int) []table.Column {
	if order == nil {
		return columns
	}
	sorted := slices.Clone(columns)
	parallel.For(parallel.Workers(workers), len(sorted), func(i int) {
		sorted[i].Num, sorted[i].Code = gather(sorted[i].Num, order), gather(sorted[i].Code, order)
	})
	return sorted
}

// gather are the elements in an order; nil: as they are.
func gather[E any](values []E, order []int) []E {
	if values == nil || order == nil {
		return values
	}
	taken := make([]E, len(order))
	for i, row := range order {
		taken[i] = values[row]
	}
	return taken
}
