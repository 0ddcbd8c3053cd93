package identity

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/civil"
)

// An Observation says that a source saw identifiers together: somebody logged in, an
// order came with a phone number, a record of a customer was changed. Safe for
// concurrent reads.
type Observation struct {
	// ID names the observation for ever: an event id, or record number and change
	// number. 1 to 256 bytes. To observe again what was observed is no fault; to
	// observe something else under the same id is ErrReused.
	ID string `json:"id"`
	// Source and Record name what was observed: a table and a primary key, a channel
	// and an order number. All observations of a record are of one customer. Source
	// has 1 to 256 bytes, Record up to 256. Without Record the observation stands for
	// itself, and belongs to whoever its ephemeral identifier is of at the time. Source
	// is kept in the clear: it names a system, never a person. Record is sealed.
	Source string `json:"source"`
	Record string `json:"record,omitempty"`
	// Entity is the kind of customer, as in the policy.
	Entity string `json:"entity,omitempty"`
	// Time is when it happened, not when it was recorded, in years 1 to 9999, to the
	// microsecond.
	Time time.Time `json:"time"`
	// Identifiers are what was seen, at most MaxIdentifiers. One that occurs twice
	// counts with the better proof. None is allowed where there is a Record.
	Identifiers []Identifier `json:"identifiers,omitempty"`
}

// MaxIdentifiers is the most identifiers of an observation.
const MaxIdentifiers = 32

// An Identifier is a value by which somebody may be known again. Safe for concurrent
// reads.
type Identifier struct {
	// Type is one of the policy's.
	Type string `json:"type"`
	// Scope is what the value means something in, such as the app of an OpenID:
	// letters, digits, -, _ and ., up to 64. Empty where there is one scope.
	Scope string `json:"scope,omitempty"`
	// Value is compared byte by byte after Options.Normalizers: 1 to 1,024 bytes.
	Value string `json:"value"`
	// Proof says how sure the source is.
	Proof Proof `json:"proof,omitzero"`
}

// A Record names a record of a source. Safe for concurrent reads.
type Record struct {
	Source string `json:"source"` // Source and Record are those of Observation
	Record string `json:"record"`
	// Entity is the kind of customer, as in Observation.
	Entity string `json:"entity,omitempty"`
}

// InputError says which field is not valid, never its value. It wraps ErrInput. Safe
// for concurrent reads.
type InputError struct {
	Row    int    // index of the observation where there are several, otherwise -1
	Field  string // as in Observation, in lower case
	Reason string // what is wrong, to be read after the field
}

// Error returns the sentence.
func (e *InputError) Error() string {
	if e.Row >= 0 {
		return fmt.Sprintf("%v: observation %d: %s %s", ErrInput, e.Row, e.Field, e.Reason)
	}
	return fmt.Sprintf("%v: %s %s", ErrInput, e.Field, e.Reason)
}

// Unwrap returns ErrInput.
func (e *InputError) Unwrap() error { return ErrInput }

// validate returns every fault.
func (o *Observation) validate(row int, e *Entity) error {
	var errs []error
	fault := func(field, reason string) { errs = append(errs, &InputError{row, field, reason}) }
	if e == nil {
		fault("entity", "is not in the policy")
	}
	checkText(fault, "id", o.ID, 1, 256)
	checkText(fault, "source", o.Source, 1, 256)
	checkText(fault, "record", o.Record, 0, 256)
	if !civil.InYears(o.Time) {
		fault("time", "is not in years 1 to 9999")
	}
	if len(o.Identifiers) > MaxIdentifiers {
		fault("identifiers", fmt.Sprintf("are more than %d", MaxIdentifiers))
		return errors.Join(errs...)
	}
	if len(o.Identifiers) == 0 && o.Record == "" {
		fault("identifiers", "are missing, and there is no record")
	}
	for i := range o.Identifiers {
		d := &o.Identifiers[i]
		fault := func(field, reason string) { fault(fmt.Sprintf("identifiers[%d].%s", i, field), reason) }
		if e != nil && e.index(d.Type) < 0 {
			fault("type", "is not in the policy")
		}
		if !validName(d.Scope) {
			fault("scope", "is longer than 64 bytes or has other than letters, digits, -, _ and .")
		}
		checkText(fault, "value", d.Value, 1, 1024)
		if d.Proof > Verified {
			fault("proof", "is none")
		}
	}
	return errors.Join(errs...)
}

// checkText reports a text that is too short, too long or not UTF-8.
func checkText(fault func(field, reason string), field, s string, least, most int) {
	switch {
	case len(s) < least:
		fault(field, "is empty")
	case len(s) > most:
		fault(field, fmt.Sprintf("is longer than %d bytes", most))
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		fault(field, "is not UTF-8, or has a zero byte")
	}
}
