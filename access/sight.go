package access

import (
	"context"
	"time"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// A sight is a customer's profile, and what of it may be seen. Not safe for concurrent use.
type sight struct {
	bound   *bound
	rights  *rights
	profile *profile.Profile
	permit  *permit // nil: no consent is needed
}

// A permit is what a customer allows for a purpose.
type permit struct {
	reason consent.Reason
	atoms  map[customer.AtomID]bool // whose data may be used
	// all: of every atom that the customer has or had meanwhile. It is known where a field
	// with pair is looked at.
	all bool
}

// any tells whether the customer allows anything.
func (p *permit) any() bool { return len(p.atoms) > 0 }

// look reads a customer's profile and what may be seen of it. The rights are there.
func (g *Gate) look(ctx context.Context, now time.Time, c charge, id customer.ID, m profile.Moment) (*sight, error) {
	for range mostTries {
		s := &sight{bound: g.bound.Load()}
		s.rights = s.bound.rights[c]
		if s.rights == nil {
			return nil, ErrDenied
		}
		var before []customer.Member
		// What was the customer's by an earlier knowledge can be somebody else's now.
		past := !m.Known.IsZero()
		members := s.rights.purpose.Consent != "" && (s.rights.pair || past)
		var err error
		if members {
			if before, err = g.profiles.Members(ctx, id); err != nil {
				return nil, err
			}
		}
		if s.profile, err = g.profiles.Profile(ctx, id, m); err != nil {
			return nil, err
		}
		if s.profile.Schema != s.bound.version {
			if _, err := g.bind(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err := g.ask(ctx, now, s, id); err != nil {
			return nil, err
		}
		if members {
			after, err := g.profiles.Members(ctx, id)
			if err != nil {
				return nil, err
			}
			s.permit.narrow(append(before, after...), past)
		}
		return s, nil
	}
	return nil, errSchema
}

// narrow takes in which atoms the customer has, or had meanwhile.
func (p *permit) narrow(members []customer.Member, past bool) {
	p.all = !past && len(members) > 0
	for _, m := range members {
		p.all = p.all && p.atoms[m.Atom]
		if past && (!m.Since.IsZero() || !m.Until.IsZero()) {
			delete(p.atoms, m.Atom) // a slice, which can have been longer
		}
	}
}

// ask asks for the consent that a purpose needs.
func (g *Gate) ask(ctx context.Context, now time.Time, s *sight, id customer.ID) error {
	if s.rights.purpose.Consent == "" {
		return nil
	}
	d, err := g.o.Consents.Allowed(ctx, now, id, s.rights.purpose.Consent, "")
	if err != nil {
		return err
	}
	s.permit = &permit{reason: d.Reason, atoms: map[customer.AtomID]bool{}}
	if !d.Allowed {
		return nil
	}
	for i := range d.Grants {
		s.permit.atoms[d.Grants[i].Atom] = true
	}
	return nil
}

// allows tells whether the customer allows what comes from some atoms to be seen. What comes
// from none says that there is nothing, and may be seen where anything may.
func (s *sight) allows(f *field, atoms int, atom func(i int) customer.AtomID) bool {
	switch p := s.permit; {
	case p == nil:
		return true
	case !p.any():
		return false
	case f.pair:
		return p.all
	default:
		for i := range atoms {
			if !p.atoms[atom(i)] {
				return false
			}
		}
		return true
	}
}

// view returns what may be seen.
func (s *sight) view(by *Reader) *View {
	p := s.profile
	v := &View{
		Customer: p.Customer, At: p.At, Known: p.Known, Role: by.Role, Purpose: by.Purpose, Fields: make([]Field, len(s.bound.fields)),
	}
	if s.permit != nil {
		v.Consent = s.permit.reason
	}
	traits, computed := p.Traits, p.Computed
	for i := range s.bound.fields {
		f := &s.bound.fields[i]
		var value customer.Value
		n, atom := 0, func(int) (a customer.AtomID) { return a }
		switch {
		case i < s.bound.traits && len(traits) > 0 && traits[0].Name == f.name:
			from := traits[0].From
			value, n, atom = traits[0].Value, len(from), func(i int) customer.AtomID { return from[i].Atom }
			traits = traits[1:]
		case i >= s.bound.traits && len(computed) > 0 && computed[0].Name == f.name:
			from := computed[0].From
			value, n, atom = computed[0].Value, len(from), func(i int) customer.AtomID { return from[i].Atom }
			computed = computed[1:]
		}
		to := &v.Fields[i]
		*to = Field{Name: f.name, Label: f.label, Sensitivity: f.sensitivity}
		switch show := s.rights.show[i]; {
		case show == Denied:
			to.Reason = NoGrant
		case !s.allows(f, n, atom):
			to.Reason = NoConsent
		case show == Masked:
			to.Show, to.masked = Masked, f.mask.Of(value, s.bound.zone)
		case show == Plain:
			to.Show, to.value = Plain, value
		}
	}
	return v
}

// lists returns the names of the Personal and Sensitive fields that a view shows, and whether
// there are some that it does not show for want of consent.
func (s *sight) lists(v *View) (plain, masked []string, withheld bool) {
	for i := range v.Fields {
		f := &v.Fields[i]
		switch {
		case !s.bound.fields[i].protected():
		case f.Show == Plain:
			plain = append(plain, f.Name)
		case f.Show == Masked:
			masked = append(masked, f.Name)
		case f.Reason == NoConsent:
			withheld = true
		}
	}
	return plain, masked, withheld
}
