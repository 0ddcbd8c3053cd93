package customer

import "fmt"

// FieldError says which field of a Change or a RowBatch is at fault and how. It never
// holds the value. Safe for concurrent reads.
type FieldError struct {
	Row    int    // index of the row or delete in its batch, -1 where there is none
	Field  string // field of the type in lower case, or name of the value in its row
	Reason string // what is wrong, to be read after the field
}

// Error returns the sentence.
func (e *FieldError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("customer: %s %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("customer: row %d: %s %s", e.Row, e.Field, e.Reason)
}
