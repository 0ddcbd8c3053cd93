package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/profile"
)

// Reason is why a value is not shown. The zero Reason: it is, plain or masked. Safe for concurrent use.
type Reason uint8

// The reasons.
const (
	// NoGrant: the policy does not allow it for the role and the purpose.
	NoGrant Reason = iota + 1
	// NoConsent: it comes from an atom of which the customer does not allow it for the purpose.
	NoConsent
)

var reasonNames = []string{"", "no grant", "no consent"}

var reasonNamesZH = []string{"", "无权限", "未获授权同意"}

// String returns such as "no consent", or nothing of the zero Reason.
func (r Reason) String() string { return enum.Name(reasonNames, r) }

// Chinese returns the same in Chinese.
func (r Reason) Chinese() string { return enum.Name(reasonNamesZH, r) }

// MarshalText returns the text of String.
func (r Reason) MarshalText() ([]byte, error) {
	return enum.Marshal("access", "reason", reasonNames, r)
}

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("access", "reason", reasonNames, text, r)
}

// View is what somebody may see of a customer. It holds nothing else: its JSON form, which has
// the fields below, can be sent to where they see it, and read there into a View. Safe for concurrent reads.
type View struct {
	Customer customer.ID `json:"customer"`       // the present one
	At       time.Time   `json:"at"`             // what was true then
	Known    time.Time   `json:"known,omitzero"` // what we knew then; zero: all that is known
	Role     string      `json:"role"`           // of the reader
	Purpose  string      `json:"purpose"`        // of the reader
	// Consent is what the customer says about the purpose; zero: it needs no consent.
	Consent consent.Reason `json:"consent,omitzero"`
	// Fields are all traits and computed traits, in the order of the schema.
	Fields []Field `json:"fields"`
}

// Value returns the value of a trait or computed trait that is shown plain, unset where the
// customer has none. The error is ErrMasked where it is shown masked, ErrDenied where it is not
// shown, which is ErrConsent where the customer has not agreed, and ErrInput if there is no such name.
// Cost: O(n) in the n fields.
func (v *View) Value(name string) (customer.Value, error) {
	f, err := v.Field(name)
	if err != nil {
		return customer.Value{}, err
	}
	return f.Value()
}

// Field returns the field of a name. The error wraps ErrInput if there is none. Cost: O(n) in
// the n fields.
func (v *View) Field(name string) (*Field, error) {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			return &v.Fields[i], nil
		}
	}
	return nil, fmt.Errorf("%w: there is no field %.64q", ErrInput, name)
}

// String returns the customer and how many fields there are, no values.
func (v *View) String() string {
	return fmt.Sprintf("view of %s, %d fields", v.Customer, len(v.Fields))
}

// Field is what somebody may see of a trait or computed trait. Its JSON form has the fields below and
// value, in the form of customer.Value, if it is shown plain and the customer has one, or
// masked, a MaskedText, if it is shown so. Safe for concurrent reads.
type Field struct {
	Name        string              `json:"name"`            // of the trait or computed trait
	Label       customer.Text       `json:"label,omitzero"`  // for people
	Sensitivity profile.Sensitivity `json:"sensitivity"`     // of the schema
	Show        Show                `json:"show"`            // how it is shown
	Reason      Reason              `json:"reason,omitzero"` // why it is not
	value       customer.Value
	masked      MaskedText
}

// Value returns the value if it is shown plain; it is unset if the customer has none. The error
// is ErrMasked, ErrDenied or ErrConsent.
func (f *Field) Value() (customer.Value, error) {
	switch f.Show {
	case Plain:
		return f.value, nil
	case Masked:
		return customer.Value{}, fmt.Errorf("%w: %s", ErrMasked, f.Name)
	}
	return customer.Value{}, f.denied()
}

// Masked returns what is shown of the value if it is shown masked. The error is
// ErrDenied or ErrConsent, or ErrInput where the value is shown plain.
func (f *Field) Masked() (MaskedText, error) {
	switch f.Show {
	case Plain:
		return MaskedText{}, fmt.Errorf("%w: %s is shown plain", ErrInput, f.Name)
	case Masked:
		return f.masked, nil
	}
	return MaskedText{}, f.denied()
}

func (f *Field) denied() error {
	if f.Reason == NoConsent {
		return fmt.Errorf("%w: %s", ErrConsent, f.Name)
	}
	return fmt.Errorf("%w: %s", ErrDenied, f.Name)
}

// String returns the name and how it is shown, no value.
func (f Field) String() string { return f.Name + ": " + f.Show.String() }

// MarshalJSON writes what the type says. Its error is that of the value.
func (f Field) MarshalJSON() ([]byte, error) {
	type plain Field // without this method
	out := struct {
		plain
		Value  *customer.Value `json:"value,omitempty"`
		Masked *MaskedText     `json:"masked,omitempty"`
	}{plain: plain(f)}
	switch {
	case f.Show == Plain && !f.value.IsUnset():
		out.Value = &f.value
	case f.Show == Masked:
		out.Masked = &f.masked
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote, so that a Field has what was shown where it is sent
// to. The error wraps ErrInput, without what was read; on error f stays as it was.
func (f *Field) UnmarshalJSON(data []byte) error {
	type plain Field // without this method
	var in struct {
		plain
		Value  *customer.Value `json:"value"`
		Masked *MaskedText     `json:"masked"`
	}
	if json.Unmarshal(data, &in) != nil {
		return fmt.Errorf("%w: no JSON of a field", ErrInput) // whose own error can hold a value
	}
	if in.Value != nil && in.Show != Plain || (in.Masked != nil) != (in.Show == Masked) || (in.Reason != 0) != (in.Show == Denied) {
		return fmt.Errorf("%w: JSON of a field has what is not shown, or lacks what is", ErrInput)
	}
	if in.Value != nil {
		in.value = *in.Value
	}
	if in.Masked != nil {
		in.masked = *in.Masked
	}
	*f = Field(in.plain)
	return nil
}

// View returns what the reader may see of a customer at a moment, of whom an id that was merged
// leads to the present one. The zero Moment.At is now. now is the time of the log and of
// the consent, which is as of now whatever the moment. Where the purpose needs consent and Moment.Known is set, what comes
// from slices of a stream is not shown, as it can be somebody else's now, nor are computed traits with a Pair.
//
// A view in which a Personal or Sensitive field is shown, plain or masked, is in the log before it
// is returned: who, in which role, what for, to which customer, which fields, whether or not the customer
// has a value; no values. A view that the policy refuses is in the log as denied, and so is
// one that shows no such field, and would if the customer had agreed. If the log fails nothing is returned.
//
// Errors wrap ErrInput where the reader is not valid, ErrDenied where the policy has nothing for the role and
// purpose, ErrPolicy after a change of the schema, or are those of profile.Profiles.Profile, of
// the consents and of the log. What is merely not shown is no error: each field tells.
//
// Cost: that of the profile, of the consents, and a commit of the log.
func (g *Gate) View(ctx context.Context, now time.Time, by Reader, id customer.ID, m profile.Moment) (*View, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	if m.At.IsZero() {
		m.At = now
	}
	d := &deed{at: now, reader: &by, action: ActionView, customer: id}
	if g.bound.Load().rights[charge{by.Role, by.Purpose}] == nil {
		return nil, g.deny(ctx, d, ErrDenied, NoGrant.String())
	}
	s, err := g.look(ctx, now, charge{by.Role, by.Purpose}, id, m)
	if err != nil {
		return nil, err
	}
	v := s.view(&by)
	d.customer = v.Customer
	switch plain, masked, withheld := s.lists(v); {
	case len(plain)+len(masked) > 0:
		d.list(detailPlain, plain)
		d.list(detailMasked, masked)
		err = g.record(ctx, d)
	case withheld:
		err = g.deny(ctx, d, nil, NoConsent.String())
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}
