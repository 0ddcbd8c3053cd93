package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/profile"
)

const (
	mostName = 64  // bytes of a name
	mostText = 256 // bytes of other texts, as in an audit log
)

func validName(s string) bool { return s != "" && line.Valid(s, mostName) }

// Validate reports every fault of a policy at once, each wrapping [ErrPolicy]. schema is that of
// the profiles: names that it does not have are faults, as they can be misspelt. Nil: names of traits
// are not looked at.
func (p *Policy) Validate(schema *profile.Schema) error {
	if p == nil {
		return fmt.Errorf("%w: it is nil", ErrPolicy)
	}
	v := validator{known: map[string]customer.Kind{}, lax: schema == nil}
	if schema != nil {
		v.traits(schema)
	}
	v.fault(len(p.Purposes) == 0, "no Purposes")
	v.fault(len(p.Roles) == 0, "no Roles")
	purposes := map[string]bool{}
	for i := range p.Purposes {
		q := &p.Purposes[i]
		v.fault(!validName(q.Name), "purpose %d: Name is not a line of 1 to %d bytes", i, mostName)
		v.fault(purposes[q.Name], "purpose %d: Name of another", i)
		purposes[q.Name] = true
		v.label(fmt.Sprintf("purpose %q", q.Name), q.Label)
		switch q.Basis {
		case consent.AnyBasis:
			v.fault(q.Consent == "", "purpose %q: neither Consent nor Basis", q.Name)
		case consent.Contract, consent.LegalDuty, consent.VitalInterest, consent.PublicTask:
			v.fault(q.Consent != "", "purpose %q: Consent and Basis", q.Name)
		default:
			v.fault(true, "purpose %q: Basis can be refused, or is unknown", q.Name)
		}
	}
	roles := map[string]bool{}
	for i := range p.Roles {
		r := &p.Roles[i]
		v.fault(!validName(r.Name), "role %d: Name is not a line of 1 to %d bytes", i, mostName)
		v.fault(roles[r.Name], "role %d: Name of another", i)
		roles[r.Name] = true
		v.label(fmt.Sprintf("role %q", r.Name), r.Label)
		granted := map[string]bool{}
		for j := range r.Grants {
			g := &r.Grants[j]
			v.fault(!purposes[g.Purpose], "role %q: grant %d: no such Purpose", r.Name, j)
			v.fault(granted[g.Purpose], "role %q: grant %d: Purpose of another", r.Name, j)
			granted[g.Purpose] = true
			v.grant(fmt.Sprintf("role %q: grant %d", r.Name, j), g, schema)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Masks)) {
		mask, at := p.Masks[name], fmt.Sprintf("mask of %.64q", name)
		v.fault(int(mask) >= len(maskNames), "%s: unknown", at)
		if kind, ok := v.kind(at, name); ok {
			v.fault(!mask.takes(kind), "%s: not one of %s values", at, kind)
		}
	}
	return errors.Join(v.faults...)
}

// A validator collects the faults of a policy. Not safe for concurrent use.
type validator struct {
	known  map[string]customer.Kind
	lax    bool // every name is taken
	faults []error
}

func (v *validator) fault(bad bool, format string, args ...any) {
	if bad {
		v.faults = append(v.faults, fmt.Errorf("%w: %s", ErrPolicy, fmt.Sprintf(format, args...)))
	}
}

func (v *validator) label(of string, label customer.Text) {
	v.fault(!line.Valid(label.EN, mostText) || !line.Valid(label.ZH, mostText), "%s: a label is not a line of at most %d bytes", of, mostText)
}

// traits takes the names of a schema. Of a computed trait the kind of its values is not declared: it is KindUnset.
func (v *validator) traits(s *profile.Schema) {
	for i := range s.Traits {
		v.known[s.Traits[i].Name] = s.Traits[i].Kind
	}
	for i := range s.Computed {
		v.known[s.Computed[i].Name] = customer.KindUnset
	}
}

// kind returns the kind of a name, or notes that there is none.
func (v *validator) kind(at, name string) (k customer.Kind, ok bool) {
	if v.lax {
		return customer.KindUnset, false
	}
	k, ok = v.known[name]
	v.fault(!ok, "%s: the schema has no %.64q", at, name)
	return k, ok
}

func (v *validator) grant(at string, g *Grant, schema *profile.Schema) {
	levels := []Show{g.Show.Public, g.Show.Internal, g.Show.Personal, g.Show.Sensitive}
	for i, s := range levels {
		v.fault(s > Plain, "%s: Show of %s is unknown", at, profile.Sensitivity(i))
		v.fault(i > 0 && s > levels[i-1], "%s: %s is shown more openly than %s", at, profile.Sensitivity(i), profile.Sensitivity(i-1))
	}
	for _, name := range slices.Sorted(maps.Keys(g.Traits)) {
		v.kind(at+": Traits", name)
		v.fault(g.Traits[name] > Plain, "%s: Traits: Show of %.64q is unknown", at, name)
	}
	for i, name := range g.Find {
		v.fault(slices.Contains(g.Find[:i], name), "%s: Find has %.64q twice", at, name)
		if schema == nil {
			continue
		}
		j := slices.IndexFunc(schema.Traits, func(t profile.Trait) bool { return t.Name == name })
		v.fault(j < 0, "%s: Find: the schema has no trait %.64q", at, name)
		v.fault(j >= 0 && !schema.Traits[j].Searchable, "%s: Find has %.64q, which is not searchable", at, name)
		v.fault(j >= 0 && g.show(name, schema.Traits[j].Sensitivity) == Denied, "%s: Find has %.64q, which is denied", at, name)
	}
}

// show returns how a trait of a sensitivity is shown.
func (g *Grant) show(name string, s profile.Sensitivity) Show {
	if exception, ok := g.Traits[name]; ok {
		return exception
	}
	return g.Show.of(s)
}

// UnmarshalJSON reads what json.Marshal writes of a Policy, and validates it but for names of
// traits. A member that a policy does not have is an error too, as it may be a misspelt
// restriction, and so are one that is there twice and what is not UTF-8. Errors wrap [ErrPolicy]. On error p
// stays as it was.
func (p *Policy) UnmarshalJSON(data []byte) error {
	type plain Policy // without this method
	var read plain
	if !utf8.Valid(data) { // which encoding/json would repair
		return fmt.Errorf("%w: JSON is not UTF-8", ErrPolicy)
	}
	if err := single(json.NewDecoder(bytes.NewReader(data)), 0, false); err != nil {
		return fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		return fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: there is more after the JSON", ErrPolicy)
	}
	if err := (*Policy)(&read).Validate(nil); err != nil {
		return err
	}
	*p = Policy(read)
	return nil
}

// single reads a value of JSON and returns an error if an object in it has a member twice, or
// it is nested deeply. Of members that are fields encoding/json takes those that differ in
// case alone for the same; names is whether they are names of traits.
func single(d *json.Decoder, depth int, names bool) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > 16 {
		return errors.New("nested too deeply")
	}
	var seen []string
	for d.More() {
		ofTraits := false
		if delim == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := t.(string)
			if slices.ContainsFunc(seen, func(s string) bool { return s == name || !names && strings.EqualFold(s, name) }) {
				return errors.New("a member is there twice")
			}
			seen = append(seen, name)
			ofTraits = strings.EqualFold(name, "traits") || strings.EqualFold(name, "masks")
		}
		if err := single(d, depth+1, ofTraits); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
