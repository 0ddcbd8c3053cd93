package profile

import (
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A Profile is what is known of a customer as of a moment. Its JSON form has the fields
// below; equal evidence gives equal bytes, Customer apart. Safe for concurrent reads.
type Profile struct {
	Customer customer.ID `json:"customer"`       // the present one
	At       time.Time   `json:"at"`             // what was true then
	Known    time.Time   `json:"known,omitzero"` // what we knew then; zero: all that is known
	Schema   uint64      `json:"schema"`         // version of the schema
	// Traits, in the order of the schema, without those that nobody states.
	Traits []Resolved `json:"traits,omitempty"`
	// Computed, all of them, in the order of the schema.
	Computed []Result `json:"computed,omitempty"`
	// Next is the earliest instant at which a value can change because time passes; zero:
	// never. It may come before the change, but not after it. The scores of Affinity, which
	// are no values, change every day.
	Next time.Time `json:"next,omitzero"`
}

// Resolved is the value of a trait, and where it comes from. Safe for concurrent reads.
type Resolved struct {
	Name  string         `json:"name"`  // of the trait
	Value customer.Value `json:"value"` // unset where nothing could be made of the candidates
	// Rule is the one that decided: Union, Total or Custom, or else the last that left some
	// out. Zero where all candidates have the same value, and where no rule left any out, so
	// that the total order of candidates decided.
	Rule Rule `json:"rule,omitzero"`
	// From are the candidates that the value was made of, the winner alone where it was
	// picked; Losers are the others, also those of which a Union's cap took no label. Both in
	// the total order of Rule.
	From   []Candidate `json:"from"`
	Losers []Candidate `json:"losers,omitempty"`
}

// A Candidate is what a source states of a trait for an atom. Safe for concurrent reads.
type Candidate struct {
	Atom     customer.AtomID `json:"atom"`
	Evidence string          `json:"evidence"` // its id
	Source   string          `json:"source"`
	Time     time.Time       `json:"time"`               // since when, says the source
	Learned  time.Time       `json:"learned"`            // when it was added
	Verified bool            `json:"verified,omitempty"` // as in Evidence
	Value    customer.Value  `json:"value"`              // never unset
}

// A Result is the value of a computed trait, and what it was made of. Safe for concurrent
// reads.
type Result struct {
	Name  string         `json:"name"`  // of the computed trait
	Value customer.Value `json:"value"` // unset where there is none
	// Items are the values of Top and Affinity, the first best.
	Items []Item `json:"items,omitempty"`
	// Events is the number of events that count; of a Pair of those that begin one. From
	// says which atoms they are of, ascending; of a Pair each atom by itself, so that what
	// begins in two atoms is counted for both.
	Events int64          `json:"events"`
	From   []Contribution `json:"from,omitempty"`
}

// An Item is a value of Top, with the number of its events, or of Affinity, with its score,
// which Profile.Next does not speak of. Items are ordered by weight, then by value. Safe for
// concurrent reads.
type Item struct {
	Value  customer.Value `json:"value"`
	Weight float64        `json:"weight"`
}

// A Contribution is how many of the events are of an atom. Safe for concurrent reads.
type Contribution struct {
	Atom   customer.AtomID `json:"atom"`
	Events int64           `json:"events"`
}

// CustomRule is a function that makes one value of the candidates of a trait, which are in the
// total order of Rule and at least one. It must be a pure function of them; a value of
// another kind than the trait's counts as unset. Several goroutines call it at once: it has to be
// safe for concurrent use.
type CustomRule func(candidates []Candidate) customer.Value

// Value returns the value of a trait or computed trait by its name, unset if it has none or
// the schema has no such name. Cost: O(n) in the n traits.
func (p *Profile) Value(name string) customer.Value {
	for i := range p.Traits {
		if p.Traits[i].Name == name {
			return p.Traits[i].Value
		}
	}
	for i := range p.Computed {
		if p.Computed[i].Name == name {
			return p.Computed[i].Value
		}
	}
	return customer.Value{}
}
