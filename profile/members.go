package profile

import (
	"context"
	"errors"

	"github.com/clientele-go/clientele/customer"
)

// Members returns the atoms that a customer has now, ascending, by what was followed of the
// feed: of one who was merged into another, those of the other. Of a slice it says of which times
// it has what its stream has: a slice that has nothing, as another begins with it, ends
// where it begins. There are none, and no error, of one who was erased. The error is
// ErrUnknown if there is no such customer or nothing is left of it, or one of the store.
//
// It is what package consent needs to know of customers, but for names that slices had before,
// which the feed has not told: identity's Graph.Holders has them.
//
// Cost: that of Profile without the evidence: some Gets and a Scan, and a Scan for each slice.
func (p *Profiles) Members(ctx context.Context, id customer.ID) ([]customer.Member, error) {
	_, ids, err := p.members(ctx, id, moment{known: never})
	if errors.Is(err, ErrErased) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	heads, err := p.heads(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]customer.Member, len(ids))
	var sliced []int
	var names []sliceName
	for i, h := range heads {
		all[i].Atom = ids[i]
		if h.stream != (customer.AtomID{}) {
			sliced, names = append(sliced, i), append(names, sliceName{h.stream, h.from, ids[i]})
		}
	}
	parts, err := p.portions(ctx, names, never)
	if err != nil {
		return nil, err
	}
	for k, i := range sliced {
		all[i].Since, all[i].Until = microTime(parts[k].from), microTime(parts[k].until)
	}
	return all, nil
}
