package customer

import "time"

// A Member is an atom that a customer has. Safe for concurrent reads.
type Member struct {
	Atom AtomID `json:"atom"`
	// Since and Until are, of a slice of a stream, when it begins and ends (excluded). Zero:
	// open; of all other atoms both are.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Has tells whether what happened at a time is the member's.
func (m *Member) Has(at time.Time) bool {
	return (m.Since.IsZero() || !at.Before(m.Since)) && (m.Until.IsZero() || at.Before(m.Until))
}
