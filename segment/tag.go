package segment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	names "github.com/clientele-go/clientele/internal/enum"
)

// Kind is the type of a tag. Every tag of every kind can also be unset. Safe for concurrent use.
type Kind uint8

// The kinds of a tag, and the kind of customer.Value each takes.
const (
	Flag    Kind = iota + 1 // yes or no: KindBool
	Enum                    // one of some texts: KindText
	Labels                  // a set of texts: KindLabels
	Integer                 // a whole number: KindInt64
	Decimal                 // a decimal fraction with Tag.Scale digits after the point: KindDecimal, KindInt64
	Float                   // a finite number: KindFloat64, KindInt64
	Time                    // an instant, to Tag.Unit: KindTime
)

var kindNames = [...]string{"", "flag", "enum", "labels", "integer", "decimal", "float", "time"}

// String returns the kind in lower case: flag, enum, labels, integer, decimal, float, time, or kind(n) if it is none.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// MarshalText returns String, or an error if k is not valid.
func (k Kind) MarshalText() ([]byte, error) {
	if k == 0 || int(k) >= len(kindNames) {
		return nil, fmt.Errorf("segment: %s is no kind", k)
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads what MarshalText writes. The error lists the kinds there are.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("segment: unknown kind of tag: %s", names.NotOne(kindNames[:]))
	}
	*k = Kind(i)
	return nil
}

// Origin says where the values of a tag come from. The zero Origin is not stated. Safe for concurrent use.
type Origin string

// The origins of a tag.
const (
	FromFact   Origin = "fact"   // recorded: a birthday, the last order
	FromRule   Origin = "rule"   // derived by a rule: new customer
	FromModel  Origin = "model"  // estimated: probability of leaving
	FromPerson Origin = "manual" // put there by a person
)

// Tag declares a tag: its type, and what people have to know of it. Safe for concurrent reads.
type Tag struct {
	// Name is how rules call it: 1 to 128 bytes of UTF-8 without control characters; case matters. Names that are not
	// letters, digits, underscores and dots alone are written `between backquotes` in rules.
	Name string `json:"name"`
	Kind Kind   `json:"kind"`

	// Scale is the number of digits after the point of a Decimal, 0 to 18; 0 elsewhere.
	Scale int `json:"scale,omitempty"`
	// Unit is the resolution of a Time: times are rounded down to whole multiples of it since 1970-01-01 UTC. At least a
	// nanosecond; 0 is a second. With a day, that is a day of UTC: for local days keep seconds. 0 for other kinds. An instant has to lie within 2^63 units of 1970.
	Unit time.Duration `json:"unit,omitempty"`
	// Hierarchy says that the values of an Enum are paths such as 广东/广州/天河, from the large to the small: a rule on
	// 广东/广州 covers all values that begin with 广东/广州/ as well.
	Hierarchy bool `json:"hierarchy,omitempty"`

	// Path is the place in the taxonomy of tags, such as behaviour/orders; "" is none. It, the labels and the owner are
	// UTF-8 of at most 64 KiB each.
	Path string `json:"path,omitempty"`
	// Label is shown to people.
	Label customer.Text `json:"label,omitzero"`
	// Origin says where the values come from; "" is not stated.
	Origin Origin `json:"origin,omitempty"`
	// Owner is who answers for the tag; "" is not stated.
	Owner string `json:"owner,omitempty"`
	// Refresh is how often the values have to be written anew; a tag not written for longer is stale. 0 is never.
	Refresh time.Duration `json:"refresh,omitempty"`
}

// unit is Unit with its default.
func (t *Tag) unit() time.Duration {
	if t.Unit == 0 {
		return time.Second
	}
	return t.Unit
}

// validName tells whether a name can be that of a tag, a set or a segment.
func validName(name string) bool {
	return name != "" && len(name) <= 128 && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '`' })
}

// Validate returns nil, or an error with every field that is not as its comment says, in the order of the fields; several
// are joined by errors.Join.
func (t *Tag) Validate() error {
	if !validName(t.Name) {
		return errors.New("segment: tag: name must be " + nameRule)
	}
	var errs []error
	fault := func(wrong bool, field, why string) {
		if wrong {
			errs = append(errs, fmt.Errorf("segment: tag %q: %s %s", t.Name, field, why))
		}
	}
	const text = "must be UTF-8, at most 64 KiB"
	bad := func(s string) bool { return len(s) > 64<<10 || !utf8.ValidString(s) }
	fault(t.Kind == 0 || int(t.Kind) >= len(kindNames), "kind", "is none of the kinds")
	fault(t.Scale < 0 || t.Scale > 18 || t.Scale != 0 && t.Kind != Decimal, "scale", "must be 0 to 18 for a decimal and 0 elsewhere")
	fault(t.Unit < 0 || t.Unit != 0 && t.Kind != Time, "unit", "must be positive for a time and 0 elsewhere")
	fault(t.Hierarchy && t.Kind != Enum, "hierarchy", "is for enums")
	fault(bad(t.Path), "path", text)
	fault(bad(t.Label.EN) || bad(t.Label.ZH), "label", text)
	switch t.Origin {
	case "", FromFact, FromRule, FromModel, FromPerson:
	default:
		fault(true, "origin", "is none of fact, rule, model and manual")
	}
	fault(bad(t.Owner), "owner", text)
	fault(t.Refresh < 0, "refresh", "must not be negative")
	return errors.Join(errs...)
}

// infer declares a tag by a value of it.
func infer(name string, v customer.Value) Tag {
	t := Tag{Name: name}
	switch v.Kind() {
	case customer.KindBool:
		t.Kind = Flag
	case customer.KindInt64:
		t.Kind = Integer
	case customer.KindFloat64:
		t.Kind = Float
	case customer.KindDecimal:
		t.Kind = Decimal
		_, t.Scale, _ = v.Decimal()
	case customer.KindTime:
		t.Kind = Time
	case customer.KindText:
		t.Kind = Enum
	case customer.KindLabels:
		t.Kind = Labels
	}
	return t
}
