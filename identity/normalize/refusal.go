package normalize

import (
	"errors"
	"strconv"
)

// A Refusal says why a field, or a part of it, is no identifier. It never holds the value. It
// is safe for concurrent reads.
type Refusal struct {
	Kind   string // what the Normalizer reads: "phone", "email", ..., "" if it does not matter
	Part   int    // which part of the field, from 1; 1 also for the whole of it
	Reason Reason // why
}

// Error returns a text like "normalize: phone: part of it is hidden", without the value.
func (r *Refusal) Error() string {
	text := "normalize: "
	if r.Kind != "" {
		text += r.Kind + ": "
	}
	if r.Part > 1 {
		text += "part " + strconv.Itoa(r.Part) + ": "
	}
	return text + r.Reason.English()
}

// Refusals lists the Refusals in an error of a Normalizer, by part.
func Refusals(err error) []*Refusal {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var list []*Refusal
		for _, err := range joined.Unwrap() {
			list = append(list, Refusals(err)...)
		}
		return list
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return []*Refusal{r}
	}
	return nil
}

// ReasonOf returns the Reason of the first Refusal in err, 0 if there is none.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return 0
}

func join(refused []error) error {
	if len(refused) == 1 {
		return refused[0]
	}
	return errors.Join(refused...)
}
