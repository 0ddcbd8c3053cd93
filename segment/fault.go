package segment

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// WriteError says which write of a batch, or which row of a load, cannot be carried out and why. It never holds the
// value. Safe for concurrent reads.
type WriteError struct {
	Row    int    // index of the row, or of the call of a method of the Batch; -1 where it is none in particular
	Tag    string // the tag, or "" for the customer
	Reason string // what is wrong
}

// Error returns the sentence.
func (e *WriteError) Error() string {
	switch {
	case e.Row < 0:
		return fmt.Sprintf("segment: tag %q: %s", e.Tag, e.Reason)
	case e.Tag == "":
		return fmt.Sprintf("segment: row %d: %s", e.Row, e.Reason)
	}
	return fmt.Sprintf("segment: row %d: tag %q: %s", e.Row, e.Tag, e.Reason)
}

// maxFaults is how many faults an error of Apply and Load tells.
const maxFaults = 20

// faults collects what is wrong with a batch.
type faults struct {
	mu    sync.Mutex
	list  []*WriteError
	first int // added to rows
}

func (f *faults) add(row int, tag, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if row >= 0 {
		row += f.first
	}
	f.list = append(f.list, &WriteError{row, tag, reason})
}

// err joins the first faults in order of rows.
func (f *faults) err() error {
	slices.SortStableFunc(f.list, func(a, b *WriteError) int { return a.Row - b.Row })
	var errs []error
	for i, e := range f.list {
		if i == maxFaults {
			errs = append(errs, fmt.Errorf("segment: and %d faults more", len(f.list)-i))
			break
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
