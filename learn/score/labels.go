package score

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// Labels reads what came true from a column. In a number column 1 is true, 0 is not, and
// positive must be empty. In a category column the level positive is true and every other
// is not; it is an error if positive is none of the levels. A value that is missing, or a
// number that is neither, or a code of no level, is a [RowError] that wraps ErrLabel, of the first such row.
// Cost: O(n).
func Labels(c table.Column, positive string) ([]bool, error) {
	labels := make([]bool, c.Len())
	switch c.Kind {
	case table.Number:
		if positive != "" {
			return nil, fmt.Errorf("%w: a number column has no level that is positive", ErrLabel)
		}
		for row, x := range c.Num {
			if x != 0 && x != 1 {
				return nil, &RowError{row, ErrLabel}
			}
			labels[row] = x == 1
		}
	case table.Category:
		level := slices.Index(c.Levels, positive)
		if level < 0 {
			return nil, fmt.Errorf("%w: the column has no such level", ErrLabel)
		}
		for row, code := range c.Code {
			if code < 0 || int(code) >= len(c.Levels) {
				return nil, &RowError{row, ErrLabel}
			}
			labels[row] = int(code) == level
		}
	default:
		return nil, fmt.Errorf("%w: the column is neither of numbers nor of categories", ErrLabel)
	}
	return labels, nil
}
