package score

import (
	"errors"
	"fmt"
)

// Errors that a caller can act on.
var (
	// ErrOptions is wrapped by every fault of options, but for that of a weight.
	ErrOptions = errors.New("score: invalid options")
	// ErrLength is wrapped where scores, labels, weights or groups have different lengths.
	ErrLength = errors.New("score: lengths differ")
	// ErrNoRows is returned, bare, where there is no row of positive weight.
	ErrNoRows = errors.New("score: no rows with weight")
	// ErrScore is wrapped by the [RowError] of a score that is no number or, where a
	// calibration is fitted, infinite.
	ErrScore = errors.New("score: not a usable number")
	// ErrWeight is wrapped by the [RowError] of a weight that is negative, infinite or no number.
	ErrWeight = errors.New("score: not a usable weight")
	// ErrLabel is wrapped by the [RowError] of a label that is missing or neither 0 nor 1, and
	// where labels cannot be read from a column.
	ErrLabel = errors.New("score: not a usable label")
	// ErrOneClass is wrapped where a fit needs rows of both classes.
	ErrOneClass = errors.New("score: labels are all the same")
	// ErrPaired is wrapped where two sets of scores are not of the same rows.
	ErrPaired = errors.New("score: not the same rows")
)

// RowError is what is wrong with a row. It never holds the value. Safe for concurrent reads.
type RowError struct {
	Row int   // from 0, as given
	Err error // ErrScore, ErrWeight or ErrLabel
}

// Error returns the sentence.
func (e *RowError) Error() string { return fmt.Sprintf("%v: row %d", e.Err, e.Row) }

// Unwrap returns Err.
func (e *RowError) Unwrap() error { return e.Err }
