package table

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Fault is something wrong with a table. It names the place and never holds an id, a
// value or a level. Safe for concurrent reads.
type Fault struct {
	Column string // name of the column, "" if the fault is in the ids or the name
	Index  int    // index of the column, -1 if the fault is in the ids
	Row    int    // the first row with the fault, -1 if it is not in a row
	Count  int    // number of rows with the fault, 0 if it is not in a row
	Err    error  // what is wrong
}

// Error returns the sentence.
func (f *Fault) Error() string {
	place, reason := "ids", strings.TrimPrefix(f.Err.Error(), "table: ")
	if f.Index >= 0 {
		place = fmt.Sprintf("column %d %q", f.Index, f.Column)
	}
	switch {
	case f.Row < 0:
		return fmt.Sprintf("table: %s: %s", place, reason)
	case f.Count == 1:
		return fmt.Sprintf("table: %s: row %d: %s", place, f.Row, reason)
	}
	return fmt.Sprintf("table: %s: %d rows, the first is %d: %s", place, f.Count, f.Row, reason)
}

// Unwrap returns Err.
func (f *Fault) Unwrap() error {
	return f.Err
}

// tally counts the rows that have one fault.
type tally struct{ first, count int }

func (t *tally) add(row int) {
	if t.count == 0 || row < t.first {
		t.first = row
	}
	t.count++
}

var (
	errUnequalID    = errors.New("id is not equal to itself")
	errNoName       = errors.New("has no name")
	errSameName     = errors.New("has the name of an earlier column")
	errKind         = errors.New("has no valid kind")
	errInfinite     = errors.New("value is infinite")
	errCode         = errors.New("code is not -1 and not the index of a level")
	errLevels       = errors.New("has an empty level or a level twice")
	errNumInstead   = errors.New("is a category with Num")
	errCodesInstead = errors.New("is a number with Code or Levels")
)

// Validate returns nil, or every fault of t: *Faults joined by errors.Join, one for each
// kind of fault in each column, with the first row that has it and their count. A nil
// Compare is no fault; a nil table is an error of its own. Cost: O(rows * columns), and a map of the ids.
func (t *Table[K]) Validate() error {
	if t == nil {
		return errNil
	}
	errs := t.validateIDs()
	names := make(map[string]bool, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		fault := func(err error) {
			errs = append(errs, &Fault{Column: c.Name, Index: i, Row: -1, Err: err})
		}
		if c.Name == "" {
			fault(errNoName)
		} else if names[c.Name] {
			fault(errSameName)
		}
		names[c.Name] = true
		var rows tally
		var wrong error
		switch c.Kind {
		case Number:
			if c.Code != nil || c.Levels != nil {
				fault(errCodesInstead)
			}
			wrong = errInfinite
			for row, v := range c.Num {
				if math.IsInf(v, 0) {
					rows.add(row)
				}
			}
		case Category:
			if c.Num != nil {
				fault(errNumInstead)
			}
			if !validLevels(c.Levels) {
				fault(errLevels)
			}
			wrong = errCode
			for row, code := range c.Code {
				if code < -1 || int(code) >= len(c.Levels) {
					rows.add(row)
				}
			}
		default:
			fault(errKind)
			continue
		}
		if n := t.Rows(); c.Len() != n {
			fault(fmt.Errorf("has %d values in a table of %d rows", c.Len(), n))
		}
		if rows.count > 0 {
			errs = append(errs, rows.fault(c.Name, i, wrong))
		}
	}
	return errors.Join(errs...)
}

func (t *Table[K]) validateIDs() (errs []error) {
	seen := make(map[K]struct{}, len(t.IDs))
	var unequal, duplicate tally
	for row, id := range t.IDs {
		if id != id { // NaN, or something that holds it
			unequal.add(row)
			continue
		}
		before := len(seen)
		seen[id] = struct{}{}
		if len(seen) == before {
			duplicate.add(row)
		}
	}
	if unequal.count > 0 {
		errs = append(errs, unequal.fault("", -1, errUnequalID))
	}
	if duplicate.count > 0 {
		errs = append(errs, duplicate.fault("", -1, ErrDuplicateID))
	}
	return errs
}

func (t *tally) fault(column string, index int, err error) *Fault {
	return &Fault{Column: column, Index: index, Row: t.first, Count: t.count, Err: err}
}

func validLevels(levels []string) bool {
	seen := make(map[string]bool, len(levels))
	for _, level := range levels {
		if level == "" || seen[level] {
			return false
		}
		seen[level] = true
	}
	return true
}
