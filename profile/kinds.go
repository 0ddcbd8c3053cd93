package profile

import (
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// atKind returns the kind of a name such as @time.
func atKind(name string) customer.Kind {
	if name == "@time" {
		return customer.KindTime
	}
	return customer.KindText
}

// has tells whether a trait or computed trait has the name.
func (s *Schema) has(name string) bool {
	return slices.ContainsFunc(s.Traits, func(t Trait) bool { return t.Name == name }) ||
		slices.ContainsFunc(s.Computed, func(c Computed) bool { return c.Name == name })
}

// aggregatedKind returns the kind of what a computed trait aggregates, KindUnset where it is
// events as such, or the time between them.
func (b *bound) aggregatedKind(c *Computed) customer.Kind {
	switch {
	case c.Field == "":
		return customer.KindUnset
	case len(c.Bands) > 0:
		return customer.KindText
	}
	_, kind := b.bindField(b.role(b.event(c.Events[0])).index, c.Field)
	return kind
}

// resultKind returns the kind of the value of a valid computed trait that aggregates what
// is of a kind.
func (c *Computed) resultKind(kind customer.Kind) customer.Kind {
	switch c.Of {
	case Count, Distinct:
		return customer.KindInt64
	case Average, Quantile, Share:
		return customer.KindFloat64
	case Lifecycle:
		return customer.KindText
	case Top, Affinity:
		if c.Limit > 1 {
			return customer.KindLabels
		}
		return customer.KindText
	}
	if c.Pair != nil { // seconds
		return customer.KindFloat64
	}
	return kind
}

// traitScale returns the most digits after the point that values of a trait have; 0: the schema does not say. What a Custom
// rule makes is not checked.
func (b *bound) traitScale(trait int) int {
	t := &b.Traits[trait]
	if slices.Contains(t.Policy, Custom) {
		return 0
	}
	return t.Check.Scale
}

// computedScale is traitScale of a computed trait: that of its field, in the event where it is greatest.
func (b *bound) computedScale(computed int) (scale int) {
	c := &b.Computed[computed]
	if b.computedKinds[computed] != customer.KindDecimal {
		return 0
	}
	for _, event := range c.Events {
		e := &b.Events[b.role(b.event(event)).index]
		i := slices.IndexFunc(e.Fields, func(f Field) bool { return f.Name == c.Field })
		if i < 0 || e.Fields[i].Check.Scale == 0 {
			return 0
		}
		scale = max(scale, e.Fields[i].Check.Scale)
	}
	return scale
}

// reads tells whether a computed trait reads a field, or a name such as @channel.
func (c *Computed) reads(field string) bool {
	return c.Field == field || slices.ContainsFunc(c.Where, func(w Condition) bool { return w.Field == field })
}
