package customer

import "time"

// A Member is an atom that a customer has. Safe for concurrent reads.
type Member struct {
	Atom AtomID `json:"atom"`
	// From and To are, of a slice of a stream, when it begins and ends (excluded). Zero:
	// open; of all other atoms both are.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Has tells whether what happened at a time is the member's.
func (m *Member) Has(at time.Time) bool {
	return (m.From.IsZero() || !at.Before(m.From)) && (m.To.IsZero() || at.Before(m.To))
}
