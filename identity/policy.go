package identity

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Policy says what identifiers mean, for each kind of customer. It is data: it is
// kept in the store, and two processes on one store use the same. In JSON it has the names
// below, kinds and proofs by name and times as [time.ParseDuration] reads them; what was
// read there is yet to be validated. Safe for concurrent reads.
type Policy struct {
	// Entities are the kinds of customers, each name once. Customers of different
	// entities have nothing in common, also where their identifiers are equal.
	Entities []Entity `json:"entities"`
}

// An Entity is a kind of customer, such as person, organisation or household, with
// the types of its identifiers. Safe for concurrent reads.
type Entity struct {
	// Name is what observations name it by; the one named "" is that of
	// observations that name none.
	Name string `json:"name,omitempty"`
	// Types are the types of identifiers, the strongest first, each name once: what
	// a strong type joins is not taken apart by a weaker one.
	Types []Type `json:"types"`
	// Records is the most records on which a value is seen before it is taken for a
	// placeholder and shared, whatever its type. 0: 10,000.
	Records int `json:"records,omitempty"`
}

// A Type is the policy of one type of identifiers. Safe for concurrent reads.
type Type struct {
	// Name is what identifiers name it by, such as phone: not empty, without slash.
	Name string `json:"name"`
	// Kind is what an equal value means.
	Kind Kind `json:"kind"`
	// Most is the most values of the type that one customer has, for each scope.
	// What would give a customer more is not joined by this type or a weaker one.
	// 0: any number.
	Most int `json:"most,omitempty"`
	// Window makes Most a limit on the values seen within any such time, rather than
	// ever. 0: ever.
	Window time.Duration `json:"window,omitempty"`
	// FanOut is the most customers a value may be seen with before it is shared and
	// joins nobody. Counted is by contradiction: what it is seen with has so many
	// values of another type that it takes at least so many customers, by Most of that
	// type, to have them. 0: any number.
	FanOut int `json:"fan_out,omitempty"`
	// Silence is the time after which a value not seen may have passed to somebody
	// else, as phone numbers do after 90 days: what is seen before and after is
	// joined only where something else says so too. Shareable and Unique. 0: never.
	Silence time.Duration `json:"silence,omitempty"`
	// Lifetime is the time after which a value not seen is somebody else's, whatever
	// else is known. 0: never.
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// Proof is the least that makes a value count. The zero Proof takes all.
	Proof Proof `json:"proof,omitzero"`
}

// A Kind is what it means that two records have the same value of a type. Safe for
// concurrent use.
type Kind uint8

// The kinds of types.
const (
	// Unique: the value is of one customer, as an account or a membership number is.
	Unique Kind = iota + 1
	// Shareable: most often of one customer, but a family may share it, and it may
	// pass to somebody else: phone numbers, e-mail addresses.
	Shareable
	// Ephemeral: of a device or browser, and so of whoever uses it at the time: it
	// is cut into slices of time where another customer appears.
	Ephemeral
	// Descriptor: it never joins, but customers that differ in it are not joined by
	// weaker types: names, dates of birth. Nobody is found by it, so it can not become
	// another kind later.
	Descriptor
)

var kindNames = [...]string{"invalid", "unique", "shareable", "ephemeral", "descriptor"}

// String returns the kind in lower case, or "invalid".
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// MarshalText returns String, or an error that wraps ErrPolicy if k is not valid.
func (k Kind) MarshalText() ([]byte, error) {
	if k == 0 || int(k) >= len(kindNames) {
		return nil, fmt.Errorf("%w: unknown kind: %s", ErrPolicy, enum.NotOne(kindNames[1:]))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads what MarshalText writes; anything else is an error that wraps
// ErrPolicy and leaves k as it was.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("%w: unknown kind: %s", ErrPolicy, enum.NotOne(kindNames[1:]))
	}
	*k = Kind(i)
	return nil
}

// A Proof says how sure a source is that an identifier belongs to who it says. Proofs
// are ordered: each is more than those before. Safe for concurrent use.
type Proof uint8

// The proofs.
const (
	Claimed  Proof = iota // somebody said so: typed into a form, told on the phone
	Attested              // the company relies on it: an order delivered, a contract signed
	Verified              // the customer has shown it: a code entered, a login
)

var proofNames = [...]string{"claimed", "attested", "verified"}

// String returns the proof in lower case, or "invalid".
func (p Proof) String() string {
	if int(p) >= len(proofNames) {
		return kindNames[0]
	}
	return proofNames[p]
}

// MarshalText returns String, or an error if p is not valid.
func (p Proof) MarshalText() ([]byte, error) {
	return enum.Marshal("identity", "proof", proofNames[:], p)
}

// UnmarshalText reads what MarshalText writes; anything else is an error and leaves p as
// it was.
func (p *Proof) UnmarshalText(text []byte) error {
	return enum.Unmarshal("identity", "proof", proofNames[:], text, p)
}

// defaultRecords is what Entity.Records 0 means.
const defaultRecords = 10_000

// DefaultPolicy returns a policy for consumers, of one entity named "". Its types, the
// strongest first: account, member and unionid, openid (all Unique, one a customer and
// scope), name (Descriptor, one a customer), phone (at most 5 a customer, of at most 10
// customers, passing to somebody else after 90 days of silence), email (5 a customer,
// of at most 10), device and cookie (Ephemeral; a cookie lives for 400
// days). The caller may change it.
func DefaultPolicy() *Policy {
	const day = 24 * time.Hour
	return &Policy{Entities: []Entity{{Types: []Type{
		{Name: "account", Kind: Unique, Most: 1, Proof: Verified},
		{Name: "member", Kind: Unique, Most: 1},
		{Name: "unionid", Kind: Unique, Most: 1},
		{Name: "openid", Kind: Unique, Most: 1},
		{Name: "name", Kind: Descriptor, Most: 1},
		{Name: "phone", Kind: Shareable, Most: 5, FanOut: 10, Silence: 90 * day},
		{Name: "email", Kind: Shareable, Most: 5, FanOut: 10},
		{Name: "device", Kind: Ephemeral},
		{Name: "cookie", Kind: Ephemeral, Lifetime: 400 * day},
	}}}}
}

// Validate returns every fault, each wrapping ErrPolicy, or nil.
func (p *Policy) Validate() error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: %s", ErrPolicy, fmt.Sprintf(format, args...)))
	}
	if p == nil || len(p.Entities) == 0 {
		fault("no entity")
		return errors.Join(errs...)
	}
	entities := map[string]bool{}
	for _, e := range p.Entities {
		if entities[e.Name] {
			fault("entity %q twice", e.Name)
		}
		entities[e.Name] = true
		if !validName(e.Name) {
			fault("entity %q: the name is longer than 64 bytes or has other than letters, digits, -, _ and .", e.Name)
		}
		if e.Records < 0 || e.Records > math.MaxInt32 {
			fault("entity %q: Records is negative or above 2^31-1", e.Name)
		}
		if len(e.Types) == 0 || len(e.Types) > maxTypes {
			fault("entity %q: not 1 to %d types", e.Name, maxTypes)
		}
		types := map[string]bool{}
		for _, t := range e.Types {
			at := func(reason string) { fault("entity %q, type %q: %s", e.Name, t.Name, reason) }
			if types[t.Name] {
				at("is there twice")
			}
			types[t.Name] = true
			if t.Name == "" || !validName(t.Name) {
				at("the name is empty, longer than 64 bytes, or has other than letters, digits, -, _ and .")
			}
			if t.Kind < Unique || t.Kind > Descriptor {
				at("no such kind")
			}
			if t.Most > math.MaxInt32 || t.FanOut > math.MaxInt32 {
				at("a limit is above 2^31-1")
			}
			if t.Most < 0 || t.FanOut < 0 || t.Window < 0 || t.Silence < 0 || t.Lifetime < 0 {
				at("a limit or time is negative")
			}
			if t.Proof > Verified {
				at("no such proof")
			}
			switch {
			case t.Kind == Descriptor && (t.Most == 0 || t.FanOut != 0 || t.Silence != 0 || t.Lifetime != 0):
				at("a descriptor has Most, and neither FanOut nor Silence nor Lifetime")
			case t.Kind == Ephemeral && (t.Most != 0 || t.FanOut != 0 || t.Silence != 0):
				at("an ephemeral type has no Most, FanOut or Silence")
			case t.Window != 0 && t.Most == 0:
				at("a Window without Most")
			}
		}
	}
	if len(errs) == 0 && len(p.data()) > maxPolicy {
		fault("it is larger than %d bytes", maxPolicy)
	}
	return errors.Join(errs...)
}

// maxPolicy bounds a policy as it is stored, so that every store takes it.
const maxPolicy = 32 << 10

// maxTypes bounds the types of an entity.
const maxTypes = 64

// validName reports whether s can stand in keys and messages.
func validName(s string) bool {
	if len(s) > 64 {
		return false
	}
	for _, r := range s {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
		if !ok {
			return false
		}
	}
	return true
}

// follows returns an error if p can not take the place of a policy in force.
func (p *Policy) follows(old *Policy) error {
	for _, e := range old.Entities {
		next := p.entity(e.Name)
		if next == nil {
			return fmt.Errorf("%w: entity %q is in force and missing", ErrPolicy, e.Name)
		}
		for _, t := range e.Types {
			// Values of a descriptor are not found again, so they can not join later.
			if next.describes(t.Name) != (t.Kind == Descriptor) && (t.Kind == Descriptor || next.index(t.Name) >= 0) {
				return fmt.Errorf("%w: entity %q, type %q: a descriptor stays one, and nothing else becomes one", ErrPolicy, e.Name, t.Name)
			}
		}
	}
	return nil
}

// entity returns the entity of a name, nil if there is none.
func (p *Policy) entity(name string) *Entity {
	for i := range p.Entities {
		if p.Entities[i].Name == name {
			return &p.Entities[i]
		}
	}
	return nil
}

// index returns the place of a type in the entity's list, -1 if it is not there.
func (e *Entity) index(name string) int {
	for i := range e.Types {
		if e.Types[i].Name == name {
			return i
		}
	}
	return -1
}

// describes reports whether a type is a Descriptor.
func (e *Entity) describes(name string) bool {
	i := e.index(name)
	return i >= 0 && e.Types[i].Kind == Descriptor
}

// records is the limit in force.
func (e *Entity) records() int {
	if e.Records == 0 {
		return defaultRecords
	}
	return e.Records
}
