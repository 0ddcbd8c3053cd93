package rfm

import (
	"fmt"
	"math"
)

// Values are what a customer is scored on. Recency is not negative, frequency
// from 0 to 2^32-1, money at most 2^63 in size. It is a plain value: safe for
// concurrent reads.
type Values struct {
	Recency   int     `json:"recency"`   // whole local days from the last purchase to the as-of day
	Frequency int     `json:"frequency"` // orders, days or lines
	Monetary  float64 `json:"monetary"`  // minor units: total, mean of a line, or per order
}

func (v *Values) dimension(d int) float64 {
	switch d {
	case recency:
		return float64(v.Recency)
	case frequency:
		return float64(v.Frequency)
	}
	return v.Monetary
}

// outOfRange is the Reason of a value that cannot be scored.
const outOfRange = "negative, not finite or too large"

// fault names the field that cannot be scored, "" for none.
func (v *Values) fault() string {
	switch {
	case v.Recency < 0:
		return "recency"
	case v.Frequency < 0 || int64(v.Frequency) > math.MaxUint32:
		return "frequency"
	case !(math.Abs(v.Monetary) <= 1<<63):
		return "monetary"
	}
	return ""
}

// Scores are the scores of a customer, 1 (worst) to the number of bins (best);
// the zero value is not scored. It is a plain value: safe for concurrent reads.
type Scores struct {
	R uint8 `json:"r"` // of recency
	F uint8 `json:"f"` // of frequency
	M uint8 `json:"m"` // of money
}

// String is the scores as digits, such as 543, or with dashes where one has two digits.
func (s Scores) String() string {
	if max(s.R, s.F, s.M) > 9 {
		return fmt.Sprintf("%d-%d-%d", s.R, s.F, s.M)
	}
	return string([]byte{'0' + s.R, '0' + s.F, '0' + s.M})
}

func (s *Scores) dimension(d int) *uint8 {
	return [dimensions]*uint8{&s.R, &s.F, &s.M}[d]
}

// A Customer is one row of the customer table. It is a plain value: safe for
// concurrent reads.
type Customer[K comparable] struct {
	ID K `json:"id"` // the caller's key, each once in a table
	Values
	// Revenue is the money of the customer in minor units, exact: purchases
	// less refunds, by the refund policy. In a ready table it is what
	// summaries and tiers add up; it may be zero where that is not known.
	Revenue int64  `json:"revenue"`
	Scores  Scores `json:"scores"` // the zero value before scoring
}

// A CustomerError names a row of a customer table that cannot be used. It is a
// plain value: safe for concurrent reads.
type CustomerError struct {
	Row    int    // index in the table as given
	Field  string // "id", "recency", "frequency", "monetary", "revenue"; of an accumulator's JSON also "last", "lines", "seen"
	Reason string // what is wrong, without the value
}

// Error says which row and field is at fault; it never holds the value.
func (e *CustomerError) Error() string {
	return fmt.Sprintf("rfm: customer row %d: %s: %s", e.Row, e.Field, e.Reason)
}
