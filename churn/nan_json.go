package churn

import (
	"encoding/json"
	"fmt"
	"math"
)

// optional is a number that is null in JSON where it is NaN. A pointer to one, in a form that is read, leaves
// what it points to as it was where there is null: NaN. Safe for concurrent use.
type optional float64

func (x optional) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// plainReason is a Reason without methods. Safe for concurrent reads.
type plainReason Reason

// reasonJSON is a Reason of which numbers may be null. Safe for concurrent reads.
type reasonJSON struct {
	*plainReason
	Value   *optional `json:"value"`
	Typical *optional `json:"typical"`
}

// MarshalJSON writes the fields, with null for a Value or Typical that is NaN.
func (r Reason) MarshalJSON() ([]byte, error) {
	return json.Marshal(reasonJSON{(*plainReason)(&r), (*optional)(&r.Value), (*optional)(&r.Typical)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Reason) UnmarshalJSON(data []byte) error {
	read := Reason{Value: math.NaN(), Typical: math.NaN()}
	form := reasonJSON{(*plainReason)(&read), (*optional)(&read.Value), (*optional)(&read.Typical)}
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("churn: reason: %w", err)
	}
	*r = read
	return nil
}

// plainContribution is a Contribution without methods. Safe for concurrent reads.
type plainContribution Contribution

// contributionJSON is a Contribution of which numbers may be null. Safe for concurrent reads.
type contributionJSON struct {
	*plainContribution
	Value *optional `json:"value"`
}

// MarshalJSON writes the fields, with null for a Value that is NaN.
func (c Contribution) MarshalJSON() ([]byte, error) {
	return json.Marshal(contributionJSON{(*plainContribution)(&c), (*optional)(&c.Value)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Contribution) UnmarshalJSON(data []byte) error {
	read := Contribution{Value: math.NaN()}
	form := contributionJSON{(*plainContribution)(&read), (*optional)(&read.Value)}
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("churn: contribution: %w", err)
	}
	*c = read
	return nil
}

// plainSuspect is a Suspect without methods. Safe for concurrent reads.
type plainSuspect Suspect

// suspectJSON is a Suspect of which numbers may be null. Safe for concurrent reads.
type suspectJSON struct {
	*plainSuspect
	Strength *optional `json:"strength"`
}

// MarshalJSON writes the fields, with null for a Strength that is NaN.
func (s Suspect) MarshalJSON() ([]byte, error) {
	return json.Marshal(suspectJSON{(*plainSuspect)(&s), (*optional)(&s.Strength)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Suspect) UnmarshalJSON(data []byte) error {
	read := Suspect{Strength: math.NaN()}
	form := suspectJSON{(*plainSuspect)(&read), (*optional)(&read.Strength)}
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("churn: suspect: %w", err)
	}
	*s = read
	return nil
}
