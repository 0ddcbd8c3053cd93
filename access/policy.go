package access

import (
	"maps"
	"slices"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/profile"
)

// Show is how somebody sees a value. The zero Show is not at all. Safe for concurrent use.
type Show uint8

// The ways to show a value, each more open than those before.
const (
	Denied Show = iota // not at all
	Masked             // as a MaskedText
	Plain              // as it is
)

var showNames = []string{"denied", "masked", "plain"}

var showNamesZH = []string{"不可见", "脱敏", "明文"}

// String returns "denied", "masked" or "plain".
func (s Show) String() string { return enum.Name(showNames, s) }

// Chinese returns the same in Chinese.
func (s Show) Chinese() string { return enum.Name(showNamesZH, s) }

// MarshalText returns the text of String.
func (s Show) MarshalText() ([]byte, error) {
	return enum.Marshal("access", "show", showNames, s)
}

// UnmarshalText reads what MarshalText wrote.
func (s *Show) UnmarshalText(text []byte) error {
	return enum.Unmarshal("access", "show", showNames, text, s)
}

// Policy says who may see what for which purpose. It is data, and its JSON form has the fields
// below. What no grant allows is denied. Safe for concurrent reads.
type Policy struct {
	// Purposes are what data is used for, each name once. At least one.
	Purposes []Purpose `json:"purposes"`
	// Roles are what people and services here are, each name once. At least one.
	Roles []Role `json:"roles"`
	// Masks are how values of traits and computed traits are masked, by name. Others are
	// Hidden.
	Masks map[string]Mask `json:"masks,omitempty"`
}

// Purpose is what data is used for, and what allows it: the consent of each customer, or
// another legal basis. Exactly one of Consent and Basis is set. Safe for concurrent reads.
type Purpose struct {
	Name  string        `json:"name"`           // such as "service"; 1 to 64 bytes
	Label customer.Text `json:"label,omitzero"` // for people
	// Consent names the purpose of package consent, one without channels, that a customer has
	// to allow: then values are shown whose atoms all have it.
	Consent string `json:"consent,omitempty"`
	// Basis is why nobody has to be asked: Contract, LegalDuty, VitalInterest or PublicTask.
	// What rests on another basis can be refused, and needs a Consent.
	Basis consent.Basis `json:"basis,omitzero"`
}

// Role is what somebody does here, and what that allows. Safe for concurrent reads.
type Role struct {
	Name  string        `json:"name"`           // such as "agent"; 1 to 64 bytes
	Label customer.Text `json:"label,omitzero"` // for people
	// Grants are what the role allows, one for each purpose. Without one for a purpose nothing
	// is allowed for it.
	Grants []Grant `json:"grants,omitempty"`
}

// Grant is what a role allows for a purpose. The zero Grant allows nothing. Safe for concurrent reads.
type Grant struct {
	Purpose string `json:"purpose"` // one of Policy.Purposes
	// Show is how values are shown by how sensitive they are.
	Show Levels `json:"show,omitzero"`
	// Traits are exceptions to Show, by the name of a trait or computed trait. A change of the
	// schema that drops one of them makes the policy invalid.
	Traits map[string]Show `json:"traits,omitempty"`
	// Find are the names of the traits by whose value customers may be found, which are
	// Searchable in the schema and not denied. Who may find by a value that is shown masked can
	// also try values until a customer is found: each try is in the log.
	Find []string `json:"find,omitempty"`
	// Bulk allows Gate.Export.
	Bulk bool `json:"bulk,omitempty"`
}

// Levels are how values are shown by their profile.Sensitivity. What is more sensitive is
// not shown more openly. Safe for concurrent reads.
type Levels struct {
	Public    Show `json:"public,omitzero"`    // profile.Public
	Internal  Show `json:"internal,omitzero"`  // profile.Internal
	Personal  Show `json:"personal,omitzero"`  // profile.Personal
	Sensitive Show `json:"sensitive,omitzero"` // profile.Sensitive
}

// of returns how values of a sensitivity are shown; Denied where it is unknown.
func (l *Levels) of(s profile.Sensitivity) Show {
	switch s {
	case profile.Public:
		return l.Public
	case profile.Internal:
		return l.Internal
	case profile.Personal:
		return l.Personal
	case profile.Sensitive:
		return l.Sensitive
	}
	return Denied
}

// clone returns a copy that shares nothing.
func (p *Policy) clone() *Policy {
	c := &Policy{Purposes: slices.Clone(p.Purposes), Roles: slices.Clone(p.Roles), Masks: maps.Clone(p.Masks)}
	for i := range c.Roles {
		grants := slices.Clone(c.Roles[i].Grants)
		for j := range grants {
			grants[j].Traits, grants[j].Find = maps.Clone(grants[j].Traits), slices.Clone(grants[j].Find)
		}
		c.Roles[i].Grants = grants
	}
	return c
}
