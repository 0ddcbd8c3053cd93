package profile

import (
	"context"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// Shares returns how much of all customers' taste each value of an Affinity is, as of at:
//
//	share(v) = W(v) / W
//
// where W(v) is the sum over the events of all customers with v of 2^(-age/HalfLife), and W
// that over all their events, as in Taste. That is the chance that an event of today is one
// with v if nothing is known of the customer: what Taste.Prior is for. Shares lie between 0
// and 1; they add up to 1 unless events have several labels, or none. Without events the
// map is empty. Taste's Prior, Strength and Least have no part in it.
//
// They depend neither on the order of customers and events nor on Options.Workers. The
// error is an InputError if no computed trait of that name is an Affinity, or at is not
// valid. Cost: what is known of every customer is read. The room it takes grows with the
// number of different pairs of value and day.
func (p *Profiles) Shares(ctx context.Context, at time.Time, computed string) (map[string]float64, error) {
	m, err := Moment{At: at}.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	c := slices.IndexFunc(f.Computed, func(c Computed) bool { return c.Name == computed && c.Of == Affinity })
	if c < 0 {
		return nil, &InputError{-1, "computed", "is not the name of an affinity"}
	}
	all := f.computed[c].fresh()
	err = walk(ctx, p, f, m, func(page []loading) (state, error) {
		some, room := f.computed[c].fresh(), f.reader()
		for i := range page {
			for j := range page[i].atoms {
				a := &page[i].atoms[j]
				if a.paged != nil && a.paged.computed[c] != nil {
					some.merge(a.paged.computed[c])
				}
				for k := range a.entries {
					if e := &a.entries[k]; e.event != 0 && e.counts(m) {
						f.bound.read(e, room, func(i int, o *occurrence) {
							if i == c {
								some.add(o)
							}
						})
					}
				}
			}
		}
		return some, nil
	}, func(some state) error {
		all.merge(some)
		return nil
	})
	if err != nil {
		return nil, err
	}
	w := all.(*affinity).weigh(civil.DayOf(time.UnixMicro(m.at), f.loc))
	shares := make(map[string]float64, len(w.values))
	for _, v := range w.values {
		shares[v.value] = v.weight / w.total
	}
	return shares, nil
}
