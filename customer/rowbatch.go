package customer

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// RowBatch carries changes of rows, one row a customer, from who derives them to who
// keeps a table of customers: a merge deletes the loser and upserts the survivor. It
// applies as a whole: the rows of Deletes go, those of Upserts are set. To apply a batch
// twice is the same as once, as long as no later one has been applied in between. Its
// JSON form has the fields below. Safe for concurrent reads.
type RowBatch struct {
	Upserts []Row `json:"upserts,omitempty"` // each customer once
	Deletes []ID  `json:"deletes,omitempty"` // each customer once, none of Upserts
	// Merges say which of Deletes are part of another customer now: what they had is in the
	// row of that one, here or in an earlier or later batch. Each of Deletes at most once.
	Merges []Merge `json:"merges,omitempty"`

	// Cursor is the place in the feed up to which this batch and those before it hold
	// everything. The receiver stores it together with the rows and resumes from it. It
	// never goes back from batch to batch, but may stay: values also change because time
	// passes.
	Cursor Cursor `json:"cursor"`
}

// A Merge is that a customer has become part of another. Safe for concurrent use.
type Merge struct {
	Loser    ID `json:"loser"`    // who is no more
	Survivor ID `json:"survivor"` // who goes on
}

// Row is the customer's values that are set anew; values not named stay as they are.
// Safe for concurrent reads.
type Row struct {
	ID     ID      `json:"id"`     // whose values these are
	Values []Field `json:"values"` // each name once
}

// Field is a value and its name. An unset value takes away the one that is there. Safe
// for concurrent use.
type Field struct {
	Name  string `json:"name"` // not empty, UTF-8, case matters
	Value Value  `json:"value"`
}

// UnmarshalJSON refuses a field without a value, which would be taken for an unset one.
func (f *Field) UnmarshalJSON(data []byte) error {
	var read struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return unreadable(err)
	}
	if read.Value == nil {
		return errors.New("customer: field has no value")
	}
	f.Name = read.Name
	return f.Value.UnmarshalJSON(read.Value)
}

// Validate returns nil, or every fault of b: *FieldErrors joined by errors.Join, whose
// Row counts within Upserts, Deletes or Merges. Cost: O(fields), with maps of the customers.
func (b RowBatch) Validate() error {
	var errs []error
	fault := func(row int, field, reason string) {
		errs = append(errs, &FieldError{Row: row, Field: field, Reason: reason})
	}
	seen := make(map[ID]bool, len(b.Upserts)+len(b.Deletes))
	customer := func(row int, field string, id ID) {
		switch {
		case id == uuid.Nil:
			fault(row, field, "is nobody")
		case seen[id]:
			fault(row, field, "is in the batch twice")
		}
		seen[id] = true
	}
	names := make(map[string]bool)
	for i, row := range b.Upserts {
		customer(i, "id", row.ID)
		clear(names)
		for _, f := range row.Values {
			switch {
			case f.Name == "" || !utf8.ValidString(f.Name):
				fault(i, "name of a value", "is empty or not UTF-8")
			case names[f.Name]:
				fault(i, f.Name, "is in the row twice")
			}
			names[f.Name] = true
			if err := f.Value.Validate(); err != nil {
				fault(i, f.Name, "is not valid: "+strings.TrimPrefix(err.Error(), "customer: "))
			}
		}
	}
	losers := make(map[ID]bool)
	for i, id := range b.Deletes {
		customer(i, "delete", id)
		losers[id] = len(b.Merges) > 0
	}
	for i, m := range b.Merges {
		switch {
		case !losers[m.Loser]:
			fault(i, "loser", "is not deleted by the batch, or merged twice")
		case m.Survivor == uuid.Nil || m.Survivor == m.Loser:
			fault(i, "survivor", "is nobody else")
		}
		losers[m.Loser] = false
	}
	return errors.Join(errs...)
}

// MarshalJSON returns an error if b is not valid.
func (b RowBatch) MarshalJSON() ([]byte, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	type plain RowBatch
	return json.Marshal(plain(b))
}

// UnmarshalJSON returns an error, and leaves b as it was, if the batch is not valid.
// Unknown fields are ignored.
func (b *RowBatch) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errUTF8
	}
	type plain RowBatch
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return unreadable(err)
	}
	if err := RowBatch(read).Validate(); err != nil {
		return err
	}
	*b = RowBatch(read)
	return nil
}
