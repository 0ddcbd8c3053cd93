package profile

import (
	"errors"
	"fmt"
	"strconv"
)

// Errors of this package, wrapped.
var (
	// ErrSchema: a schema contradicts itself, or is not the one in the store.
	ErrSchema = errors.New("profile: schema")
	// ErrInput: what was passed in is not valid. The message names the field and never
	// the value.
	ErrInput = errors.New("profile: input")
	// ErrReused: the id is that of other evidence of the atom.
	ErrReused = errors.New("profile: id used before for something else")
	// ErrRetracted: the evidence has been retracted; it needs a new id to be added again.
	ErrRetracted = errors.New("profile: retracted")
	// ErrErased: the customer has been erased, or the evidence is of an atom that has.
	ErrErased = errors.New("profile: erased")
	// ErrUnknown: there is no such customer, atom or evidence.
	ErrUnknown = errors.New("profile: unknown")
)

// InputError says which field of which evidence is not valid, never its value. It wraps
// ErrInput. Safe for concurrent reads.
type InputError struct {
	Row    int    // index of the evidence, -1 where there is none
	Field  string // as in Evidence, in lower case, or the name of a value
	Reason string // what is wrong, to be read after the field
}

// Error returns the sentence.
func (e *InputError) Error() string {
	field := e.Field
	if quoted := strconv.Quote(field); quoted[1:len(quoted)-1] != field {
		field = quoted // a name that was asked for, and may be anything
	}
	if e.Row < 0 {
		return fmt.Sprintf("%v: %s %s", ErrInput, field, e.Reason)
	}
	return fmt.Sprintf("%v: row %d: %s %s", ErrInput, e.Row, field, e.Reason)
}

// Unwrap returns ErrInput.
func (e *InputError) Unwrap() error { return ErrInput }
