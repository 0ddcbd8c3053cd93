package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A breaking store breaks after some commits, if they are not negative.
type breaking struct {
	store.Store
	left int
}

var errBroken = errors.New("broken")

func (b *breaking) Commit(ctx context.Context, batch *store.Batch) (store.Version, error) {
	if b.left == 0 {
		return 0, errBroken
	}
	b.left--
	return b.Store.Commit(ctx, batch)
}

// A leaving is a shop in which somebody has just been erased.
type leaving struct {
	shop
	who    customer.ID
	said   []said // of whom is erased
	kept   customer.ID
	was    string // the profile of whom is kept
	ledger ledger
}

const strangerRecords = 6

// leave has a stranger known in every way there is, and erased: records with few entries
// and with many, one whose observation was retracted, evidence that was taken back, that
// was not what the schema takes, of a device, and that comes while the erasure is not yet known.
func (x *leaving) leave(t *testing.T) {
	ctx := t.Context()
	x.open(t, lenient(), better())
	begun := decided.Add(-100 * time.Hour)
	device := identity.Identifier{Type: "device", Value: "tablet", Proof: identity.Verified}
	var all []identity.Observation
	for i := range 2 {
		for j := range strangerRecords {
			o := stranger(i, j, begun.Add(time.Duration(j)*time.Hour))
			if i == 1 {
				o.ID = "some" + o.ID
			} else if j == 2 {
				o.Identifiers = append(o.Identifiers, device)
			}
			all = append(all, o)
		}
	}
	all = append(all, identity.Observation{ID: "stranger alone", Source: "shop", Time: begun.Add(4 * time.Hour), Identifiers: []identity.Identifier{device}})
	for i, o := range all {
		r, err := x.g.Observe(ctx, o)
		require.NoError(t, err)
		atom := r.Atom
		if r.Stream != (customer.AtomID{}) {
			atom = r.Stream
		}
		all := saidOf(o, atom)
		for k := range all {
			if all[k].learned = begun; o.Record == "" { // within the slice
				all[k].Time = o.Time.Add(time.Duration(k) * time.Minute)
			}
		}
		for _, s := range all[:min(2, len(all))] {
			_, err := x.p.Add(ctx, begun, s.Evidence)
			require.NoError(t, err)
		}
		if len(all) > 1 {
			if err := x.p.Retract(ctx, begun, atom, all[1].ID); err != nil {
				require.ErrorIs(t, err, profile.ErrUnknown) // it lacked a field
			}
			all = slices.Delete(all, 1, 2)
		}
		if i%3 == 0 {
			_, err := x.p.Sync(ctx, decided, x.g)
			require.NoError(t, err)
		}
		if o.ID[:4] == "some" {
			x.kept = r.Customer
			continue
		}
		x.who = r.Customer
		_, err = x.p.AddMany(ctx, begun, evidenceOf(all), nil)
		require.NoError(t, err)
		x.said = append(x.said, all...)
	}
	require.NoError(t, x.g.Retract(ctx, decided, all[3].ID))
	_, err := x.p.Sync(ctx, decided, x.g)
	require.NoError(t, err)
	require.NoError(t, x.ledger.follow(ctx, x.p))
	require.Contains(t, x.ledger.rows, x.who)
	one, err := x.p.Profile(ctx, x.kept, profile.Moment{At: decided})
	require.NoError(t, err)
	x.was = text(t, one)
	_, err = x.p.Profile(ctx, x.who, profile.Moment{At: decided})
	require.NoError(t, err)

	require.NoError(t, x.g.Erase(ctx, x.who, rulingOf("erase", decided, nil)))
	for k, s := range x.said {
		if k%7 == 0 {
			s.ID += " once more"
			_, err := x.p.Add(ctx, decided, s.Evidence)
			require.NoError(t, err)
			x.said = append(x.said, s)
		}
	}
	require.Greater(t, len(traces(t, x.s, ofStrangers()...)), 10)
}

// check: nothing is left of whom is erased, and of the other all.
func (x *leaving) check(t *testing.T) {
	ctx := t.Context()
	m := profile.Moment{At: decided}
	require.Empty(t, traces(t, x.s, ofStrangers()...))
	_, err := x.p.Profile(ctx, x.who, m)
	require.ErrorIs(t, err, profile.ErrErased)
	_, err = x.p.Profile(ctx, x.who, profile.Moment{At: decided, Known: decided.Add(-time.Hour)})
	require.ErrorIs(t, err, profile.ErrErased)
	for _, err := range x.p.Timeline(ctx, x.who, m, nil) {
		require.ErrorIs(t, err, profile.ErrErased)
	}
	for i, s := range x.said {
		_, err := x.p.Add(ctx, decided, s.Evidence)
		require.ErrorIs(t, err, profile.ErrErased)
		s.ID = fmt.Sprint("new ", i)
		_, err = x.p.Add(ctx, decided, s.Evidence)
		require.ErrorIs(t, err, profile.ErrErased)
		rejected, err := x.p.SetAside(ctx, s.Atom)
		require.NoError(t, err)
		require.Empty(t, rejected)
	}
	require.NoError(t, x.ledger.follow(ctx, x.p))
	require.NotContains(t, x.ledger.rows, x.who)
	one, err := x.p.Profile(ctx, x.kept, m)
	require.NoError(t, err)
	require.Equal(t, x.was, text(t, one))
	find(t, x.g, x.p, decided, &x.ledger, &ledger{})
	require.Empty(t, traces(t, x.s, ofStrangers()...))
}

// Of who is erased nothing is left in any store after the next Sync, and nothing that is
// said of them again is taken.
func TestProfileErased(t *testing.T) {
	t.Cleanup(memories.Clear)
	onPlaces(t, nil, func(t *testing.T, p *place) {
		x := &leaving{shop: shop{place: p, dir: t.TempDir()}}
		x.leave(t)
		_, err := x.p.Sync(t.Context(), decided, x.g)
		require.NoError(t, err)
		x.check(t)
		require.NoError(t, x.s.Close())
	})
}

// So it is where Sync was broken off, after whatever commit.
func TestProfileErasedBroken(t *testing.T) {
	t.Cleanup(memories.Clear)
	for _, p := range places[:2] {
		t.Run(p.name, func(t *testing.T) {
			ctx := t.Context()
			n := 0
			for ; ; n++ {
				x := &leaving{shop: shop{place: p, dir: t.TempDir()}}
				x.leave(t)
				b := &breaking{Store: x.s, left: -1}
				_, breaks, err := opened(ctx, b, nil, nil)
				require.NoError(t, err)
				b.left = n
				_, broken := breaks.Sync(ctx, decided, x.g)
				if n > 0 {
					_, err = x.p.Profile(ctx, x.who, profile.Moment{At: decided})
					require.ErrorIs(t, err, profile.ErrErased)
				}
				_, err = x.p.Sync(ctx, decided, x.g)
				require.NoError(t, err)
				x.check(t)
				if broken == nil {
					break
				}
				require.ErrorIs(t, broken, errBroken)
			}
			require.Greater(t, n, 3)
		})
	}
}
