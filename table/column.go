package table

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
)

// Kind is the type of a column. The zero Kind is not valid. Safe for concurrent use.
type Kind uint8

const (
	// Number columns hold a float64 a row.
	Number Kind = iota + 1
	// Category columns hold one of a few texts a row, or none.
	Category
)

var kindNames = [...]string{"invalid", "number", "category"}

// String returns "number", "category" or "invalid".
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// MarshalText returns the text of String, or an error if k is not valid.
func (k Kind) MarshalText() ([]byte, error) {
	if k == 0 || int(k) >= len(kindNames) {
		return nil, errors.New("table: unknown kind")
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("table: unknown kind: %s", enum.NotOne(kindNames[1:]))
	}
	*k = Kind(i)
	return nil
}

// Column is a feature: a value for each row, or a mark that it is missing. Safe for
// concurrent reads.
type Column struct {
	Name string // unique in a table
	Kind Kind   // which of the fields below holds the values
	// Num has the values of a Number column; NaN is missing, infinities are not valid.
	// Nil in a Category column.
	Num []float64
	// Code has the values of a Category column as indexes into Levels; -1 is missing.
	// Nil in a Number column.
	Code []int32
	// Levels has the texts that Code stands for, each once. Levels that no row has are
	// allowed. Nil in a Number column.
	Levels []string
}

// NumberColumn returns a Number column that holds values, without a copy.
func NumberColumn(name string, values ...float64) Column {
	return Column{Name: name, Kind: Number, Num: values}
}

// CategoryColumn returns a Category column of the texts, of which the empty one is
// missing. Its levels are the different texts ascending by their bytes. Cost: O(n) and
// a map of the levels.
func CategoryColumn(name string, texts ...string) Column {
	index := make(map[string]int32)
	for _, text := range texts {
		index[text] = 0
	}
	delete(index, "")
	levels := make([]string, 0, len(index))
	for text := range index {
		levels = append(levels, text)
	}
	slices.Sort(levels)
	for i, level := range levels {
		index[level] = int32(i)
	}
	index[""] = -1
	code := make([]int32, len(texts))
	for row, text := range texts {
		code[row] = index[text]
	}
	return Column{Name: name, Kind: Category, Code: code, Levels: levels}
}

// Len returns the number of values.
func (c *Column) Len() int {
	if c.Kind == Category {
		return len(c.Code)
	}
	return len(c.Num)
}

// Missing reports whether the value of a row is missing. It panics if row is out of
// range.
func (c *Column) Missing(row int) bool {
	if c.Kind == Category {
		return c.Code[row] < 0
	}
	return math.IsNaN(c.Num[row])
}

// Level returns the text of a row of a Category column, or "" if it is missing. It
// panics if row is out of range.
func (c *Column) Level(row int) string {
	if code := c.Code[row]; code >= 0 {
		return c.Levels[code]
	}
	return ""
}
