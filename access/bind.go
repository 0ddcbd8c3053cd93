package access

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// A bound is the policy under a version of the schema.
type bound struct {
	version uint64
	zone    *time.Location
	fields  []field                           // traits, then computed traits, in the order of the schema
	index   map[string]int                    // of fields
	traits  int                               // how many of fields are traits
	events  map[[2]string]profile.Sensitivity // of a field, by the type of the event and its name
	rights  map[charge]*rights
}

// A field is a trait or computed trait.
type field struct {
	name        string
	label       customer.Text
	sensitivity profile.Sensitivity
	mask        Mask
	pair        bool // where it comes from is not all in profile.Result.From
}

// protected tells whether who reads it is written down.
func (f *field) protected() bool { return f.sensitivity >= profile.Personal }

// A charge is what somebody is here, and what for.
type charge struct{ role, purpose string }

// rights are what a grant allows.
type rights struct {
	grant   *Grant
	purpose *Purpose
	show    []Show // of each field
	pair    bool   // a field with pair is shown
}

// bind reads the schema in force and binds the policy to it.
func (g *Gate) bind(ctx context.Context) (*bound, error) {
	schema, version, err := g.profiles.Schema(ctx)
	if err != nil {
		return nil, err
	}
	old := g.bound.Load()
	if old != nil && old.version == version {
		return old, nil
	}
	if err := g.policy.Validate(schema); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(schema.Location)
	if err != nil {
		return nil, err
	}
	b := &bound{version: version, zone: zone, index: map[string]int{}, traits: len(schema.Traits), events: map[[2]string]profile.Sensitivity{}, rights: map[charge]*rights{}}
	for i := range schema.Traits {
		t := &schema.Traits[i]
		b.fields = append(b.fields, field{name: t.Name, label: t.Label, sensitivity: t.Sensitivity})
	}
	for i := range schema.Computed {
		c := &schema.Computed[i]
		b.fields = append(b.fields, field{name: c.Name, label: c.Label, sensitivity: c.Sensitivity, pair: c.Pair != nil})
	}
	for i := range b.fields {
		f := &b.fields[i]
		b.index[f.name], f.mask = i, g.policy.Masks[f.name]
	}
	for i := range schema.Events {
		for _, f := range schema.Events[i].Fields {
			b.events[[2]string{schema.Events[i].Name, f.Name}] = f.Sensitivity
		}
	}
	for i := range g.policy.Roles {
		role := &g.policy.Roles[i]
		for j := range role.Grants {
			grant := &role.Grants[j]
			b.rights[charge{role.Name, grant.Purpose}] = b.allow(grant, g.policy.purpose(grant.Purpose))
		}
	}
	for old == nil || old.version < b.version {
		if g.bound.CompareAndSwap(old, b) {
			break
		}
		old = g.bound.Load()
	}
	return b, nil
}

// allow returns what a grant allows.
func (b *bound) allow(grant *Grant, purpose *Purpose) *rights {
	r := &rights{grant: grant, purpose: purpose, show: make([]Show, len(b.fields))}
	for i := range b.fields {
		f := &b.fields[i]
		r.show[i] = grant.show(f.name, f.sensitivity)
		r.pair = r.pair || f.pair && r.show[i] != Denied
	}
	return r
}

// column returns how a field is shown; nil rights show nothing.
func (b *bound) column(r *rights, i int) Column {
	f := &b.fields[i]
	c := Column{Name: f.name, Label: f.label, Sensitivity: f.sensitivity}
	if r != nil {
		c.Show = r.show[i]
	}
	if c.Show == Masked {
		c.Mask = f.mask
	}
	return c
}

// purpose returns the purpose of a name, which a valid policy has.
func (p *Policy) purpose(name string) *Purpose {
	for i := range p.Purposes {
		if p.Purposes[i].Name == name {
			return &p.Purposes[i]
		}
	}
	return nil
}

// mostTries is how often something is tried while the schema changes.
const mostTries = 8

var errSchema = fmt.Errorf("access: %w: it changes all the time", profile.ErrSchema)
