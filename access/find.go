package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// Find returns the customers, ascending, of whom a trait has a value now, that the reader may
// find by it: Grant.Find names the trait, and where the purpose needs consent those alone are found
// whose value the reader would see. The value is compared as it is: make it canonical first.
//
// It is in the log before anybody is returned, without the value: the trait and each customer who
// was found, or that nobody was. If the log fails nothing is returned.
//
// Errors wrap ErrInput where the reader is not valid or the schema has no such trait, ErrDenied where the policy does
// not allow it, ErrLimit where more than Options.Found customers have the value, of whom none is
// returned, ErrPolicy after a change of the schema, or are those of profile.Profiles.Find and
// Gate.View.
//
// Cost: that of profile.Profiles.Find, and where consent is needed that of a view of each.
func (g *Gate) Find(ctx context.Context, now time.Time, by Reader, trait string, value customer.Value) ([]customer.ID, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	for range mostTries {
		b, err := g.bind(ctx)
		if err != nil {
			return nil, err
		}
		found, err := g.find(ctx, now, b, &by, trait, value)
		if err != nil {
			return nil, err
		}
		// What was found under another schema may be denied by now.
		if again, err := g.bind(ctx); err != nil {
			return nil, err
		} else if again.version != b.version {
			continue
		}
		return g.tell(ctx, now, b, &by, trait, value, found)
	}
	return nil, errSchema
}

// find returns the customers of whom a trait has a value, whether or not they agree, if the
// policy allows it.
func (g *Gate) find(ctx context.Context, now time.Time, b *bound, by *Reader, trait string, value customer.Value) ([]customer.ID, error) {
	index, ok := b.index[trait]
	if !ok || index >= b.traits {
		return nil, fmt.Errorf("%w: the schema has no trait %.64q", ErrInput, trait)
	}
	r := b.rights[charge{by.Role, by.Purpose}]
	if r == nil || !slices.Contains(r.grant.Find, trait) || r.show[index] == Denied {
		return nil, g.deny(ctx, by.find(now, trait), ErrDenied, NoGrant.String())
	}
	return g.profiles.Find(ctx, trait, value, profile.Moment{At: now})
}

// find returns a deed about a search.
func (r *Reader) find(now time.Time, trait string) *deed {
	return &deed{at: now, reader: r, action: ActionFind, object: trait}
}

// tell returns those of the customers who were found that the reader may find, once it is in the log.
func (g *Gate) tell(
	ctx context.Context, now time.Time, b *bound, by *Reader, trait string, value customer.Value, found []customer.ID,
) ([]customer.ID, error) {
	d := by.find(now, trait)
	if len(found) > g.o.Found {
		if err := g.deny(ctx, d, nil, "too many"); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: more than %d customers have the value", ErrLimit, g.o.Found)
	}
	if b.rights[charge{by.Role, by.Purpose}].purpose.Consent != "" {
		var err error
		if found, err = g.agreeing(ctx, now, by, trait, value, found); err != nil {
			return nil, err
		}
	}
	var deeds []*deed
	for i := range max(len(found), 1) {
		one := *d
		if len(found) > 0 {
			one.customer = found[i]
		}
		one.add(detailFound, strconv.Itoa(len(found)))
		if i > 0 {
			one.add(detailPart, strconv.Itoa(i+1))
		}
		deeds = append(deeds, &one)
	}
	if err := g.record(ctx, deeds...); err != nil {
		return nil, err
	}
	return found, nil
}

// agreeing returns those of customers whose trait the reader would see, if it still has the value.
func (g *Gate) agreeing(
	ctx context.Context, now time.Time, by *Reader, trait string, value customer.Value, found []customer.ID,
) ([]customer.ID, error) {
	var agree []customer.ID
	for _, id := range found {
		s, err := g.look(ctx, now, charge{by.Role, by.Purpose}, id, profile.Moment{At: now})
		if errors.Is(err, profile.ErrErased) || errors.Is(err, profile.ErrUnknown) {
			continue // meanwhile
		}
		if err != nil {
			return nil, err
		}
		f, err := s.view(by).Field(trait)
		if err != nil {
			return nil, err
		}
		if f.Show != Denied && s.profile.Customer == id && has(s.profile.Value(trait), value) {
			agree = append(agree, id)
		}
	}
	return agree, nil
}

// has tells whether a value is one that was looked for, which can be a label of it. One of another kind, such as a
// decimal found by a whole number, is taken for it.
func has(v, wanted customer.Value) bool {
	label, ok := wanted.Text()
	switch {
	case v.Kind() == wanted.Kind():
		return v == wanted
	case ok && v.Kind() == customer.KindLabels:
		return slices.Contains(slices.Collect(v.Labels()), label)
	}
	return !v.IsUnset()
}
