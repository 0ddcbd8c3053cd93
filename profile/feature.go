package profile

import (
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// A feature is a trait or computed trait of many customers.
type feature struct {
	name     string
	kind     customer.Kind // of its values
	computed bool
	index    int // in Schema.Traits, or Schema.Computed
}

// of returns the value of a customer.
func (c *feature) of(f *folded) customer.Value {
	if c.computed {
		return f.computed[c.index]
	}
	return f.traits[c.index]
}

// features returns those that are named, in that order, or, of no names, all that are Public
// or Internal, in the order of the schema.
func (b *bound) features(names []string) ([]feature, error) {
	all := make([]feature, 0, len(b.Traits)+len(b.Computed))
	add := func(c feature, s Sensitivity) {
		if len(names) > 0 || s <= Internal {
			all = append(all, c)
		}
	}
	for i := range b.Traits {
		add(feature{b.Traits[i].Name, b.traitKinds[i], false, i}, b.Traits[i].Sensitivity)
	}
	for i := range b.Computed {
		add(feature{b.Computed[i].Name, b.computedKinds[i], true, i}, b.Computed[i].Sensitivity)
	}
	if len(names) == 0 {
		return all, nil
	}
	named := make([]feature, len(names))
	for i, name := range names {
		at := slices.IndexFunc(all, func(c feature) bool { return c.name == name })
		if at < 0 {
			return nil, &InputError{-1, name, "is not a trait or computed trait of the schema"}
		}
		if slices.Contains(names[:i], name) {
			return nil, &InputError{-1, name, "is named twice"}
		}
		named[i] = all[at]
	}
	return named, nil
}
