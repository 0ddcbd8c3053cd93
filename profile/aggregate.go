package profile

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// An Aggregate says what a Computed makes of events. Safe for concurrent use.
type Aggregate uint8

// The aggregates. Where there are no events Count, Sum and Distinct are 0 and the others
// unset.
const (
	Count     Aggregate = iota + 1 // number of events; an int64
	Sum                            // of int64 or decimal fields, exact, of that kind; unset where it does not fit
	Average                        // arithmetic mean of int64, decimal or bool (0 or 1) fields; a float64
	First                          // the field in the first event; events of one instant by id
	Last                           // the field in the last event
	Min                            // the least value of numbers, times and texts
	Max                            // the greatest
	Distinct                       // number of different values; an int64: see the package documentation for its error
	Top                            // the most frequent texts, labels or bands; a text if Limit is 1, otherwise labels
	Quantile                       // of numbers, at most 1/128 off; a float64
	Share                          // share of events whose bool field is true; a float64
	Lifecycle                      // the name of a Stage; a text
	Affinity                       // the texts, labels or bands liked best, as in Taste; a text if Limit is 1, otherwise labels
)

var aggregates = [...]string{
	"", "count", "sum", "average", "first", "last", "min", "max", "distinct", "top", "quantile", "share", "lifecycle", "affinity",
}

// String returns the aggregate in lower case, or "invalid".
func (a Aggregate) String() string {
	if a == 0 || int(a) >= len(aggregates) {
		return "invalid"
	}
	return aggregates[a]
}

// MarshalText returns String, or an error if a is not valid.
func (a Aggregate) MarshalText() ([]byte, error) {
	if a.String() == "invalid" {
		return nil, fmt.Errorf("%w: aggregate %d is not valid", ErrSchema, uint8(a))
	}
	return []byte(a.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (a *Aggregate) UnmarshalText(text []byte) error {
	for i, name := range aggregates {
		if i > 0 && name == string(text) {
			*a = Aggregate(i)
			return nil
		}
	}
	return fmt.Errorf("%w: unknown aggregate %.32q: %s", ErrSchema, text, enum.NotOne(aggregates[:]))
}
