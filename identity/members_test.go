package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// checkMembers: the atoms of all customers are what a follower of the feed knows of them, and
// slices lie where it says, each up to the next that somebody has.
func checkMembers(ctx context.Context, g *Graph) (divided int, err error) {
	known, err := replay(ctx, g)
	if err != nil {
		return 0, err
	}
	streams := map[customer.AtomID][]customer.Slice{}
	for _, f := range known {
		for _, s := range f.slices {
			streams[s.Stream] = append(streams[s.Stream], s)
		}
	}
	for id, f := range known {
		c, err := g.Customer(ctx, id)
		switch {
		case errors.Is(err, ErrErased):
			if all, err := g.Members(ctx, id); err != nil || len(all) > 0 {
				return 0, fmt.Errorf("members of an erased customer: %d, %w", len(all), err)
			}
			continue
		case err != nil:
			if _, again := g.Members(ctx, id); errorOf(again) != errorOf(err) {
				return 0, fmt.Errorf("%w in place of %w", again, err)
			}
			continue
		}
		f = known[c.ID]
		var want []customer.Member
		for a := range f.atoms {
			m := customer.Member{Atom: a}
			if s, ok := f.slices[a]; ok {
				m.Since = s.Since
				for _, next := range streams[s.Stream] {
					after := next.Since.After(s.Since) || next.Since.Equal(s.Since) && bytes.Compare(next.Atom[:], a[:]) > 0
					if after && (m.Until.IsZero() || next.Since.Before(m.Until)) {
						m.Until = next.Since
						divided++
					}
				}
			}
			want = append(want, m)
		}
		slices.SortFunc(want, func(a, b customer.Member) int { return bytes.Compare(a.Atom[:], b.Atom[:]) })
		all, err := g.Members(ctx, id)
		if err != nil || !slices.EqualFunc(all, want, func(a, b customer.Member) bool {
			return a.Atom == b.Atom && a.Since.Equal(b.Since) && a.Until.Equal(b.Until)
		}) {
			return 0, fmt.Errorf("members are\n%v, should be\n%v: %w", all, want, err)
		}
	}
	return divided, nil
}

func TestMembersOfHistories(t *testing.T) {
	everySeed(t, time.Second, func(seed uint64) {
		h := randomHistory(seed, 5, 40)
		run := func(h *history) error {
			g, err := Open(t.Context(), new(store.Memory), h.policy, h.options())
			if err != nil {
				return err
			}
			for i, s := range h.steps {
				if _, err := s.take(t.Context(), g); err != nil && !refuses(err) {
					return err
				}
				if i%5 == 4 || i == len(h.steps)-1 {
					if _, err := checkMembers(t.Context(), g); err != nil {
						return fmt.Errorf("after step %d: %w", i, err)
					}
				}
			}
			return nil
		}
		if run(h) != nil {
			failHistory(t, seed, h, run)
		}
	})
}

// Devices that people use in turn, with logins that become known late, what was wrong, and erasures.
func TestMembersOfDevices(t *testing.T) {
	divided := 0
	for seed := range uint64(20) {
		g := openGraph(t, new(store.Memory), nil)
		r := rand.New(rand.NewPCG(seed, 12))
		var observed []string
		var customers []customer.ID
		for step := range 80 {
			o := Observation{ID: fmt.Sprint(step), Source: "web", Time: noon.Add(time.Duration(r.IntN(30)) * time.Minute)}
			o.Identifiers = []Identifier{ident("device", fmt.Sprint("d", r.IntN(2)))}
			if r.IntN(3) > 0 {
				o.Identifiers = append(o.Identifiers, ident("account", fmt.Sprint("a", r.IntN(4))))
			}
			if r.IntN(4) == 0 {
				o.Record = fmt.Sprint("r", r.IntN(10))
			}
			var err error
			switch n := r.IntN(20); {
			case n == 0 && len(customers) > 0:
				err = g.Erase(t.Context(), customers[r.IntN(len(customers))], asked(fmt.Sprint("e", step), step))
			case n < 4 && len(observed) > 0:
				err = g.Retract(t.Context(), noon, observed[r.IntN(len(observed))])
			default:
				var done Resolution
				if done, err = g.Observe(t.Context(), o); err == nil {
					observed, customers = append(observed, o.ID), append(customers, done.Customer)
				}
			}
			require.True(t, err == nil || refuses(err), "%v", err)
			if step%4 == 0 {
				n, err := checkMembers(t.Context(), g)
				require.NoError(t, err, "seed %d, step %d", seed, step)
				divided += n
			}
		}
	}
	require.Greater(t, divided, 1000)
}

func TestMembers(t *testing.T) {
	g := openSealed(t, new(store.Memory))
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute).UTC() }
	tablet := func(id string, minutes int, member string) Observation {
		return seenAt(id, minutes, "", ident("cookie", "tablet"), ident("member", member))
	}
	first := observeEach(t, g, tablet("1", 0, "a"))
	second := observeEach(t, g, tablet("2", 10, "b"))
	again := observeEach(t, g, tablet("3", 20, "a"))
	record := observeEach(t, g, seenAt("4", 30, "r", ident("member", "a")))
	alone := observeEach(t, g, seenAt("5", 30, "", ident("member", "a")))
	require.Equal(t, first.Customer, alone.Customer)
	members := func(id customer.ID) map[customer.AtomID]customer.Member {
		all, err := g.Members(t.Context(), id)
		require.NoError(t, err)
		by := map[customer.AtomID]customer.Member{}
		for _, m := range all {
			by[m.Atom] = m
		}
		require.Len(t, by, len(all))
		return by
	}
	require.Equal(t, map[customer.AtomID]customer.Member{
		first.Atom:  {Atom: first.Atom, Since: minute(0), Until: minute(10)},
		again.Atom:  {Atom: again.Atom, Since: minute(20)},
		record.Atom: {Atom: record.Atom},
		alone.Atom:  {Atom: alone.Atom},
	}, members(first.Customer))
	require.Equal(t, map[customer.AtomID]customer.Member{
		second.Atom: {Atom: second.Atom, Since: minute(10), Until: minute(20)},
	}, members(second.Customer))
	of := members(first.Customer)[first.Atom]
	require.True(t, of.Has(minute(9)))
	require.False(t, of.Has(minute(10)), "said by whoever had it then")

	// Of one that has been merged they are those of the survivor.
	other := observeEach(t, g, seenAt("6", 40, "s", ident("phone", "13912345678")))
	joined := observeEach(t, g, seenAt("7", 41, "s", ident("member", "b")))
	require.Equal(t, []customer.ID{other.Customer}, joined.Merged)
	require.Equal(t, members(second.Customer), members(other.Customer))
	require.Len(t, members(other.Customer), 2)

	_, err := g.Members(t.Context(), customer.FromInt64(1))
	require.ErrorIs(t, err, ErrUnknown)
	require.NoError(t, g.Erase(t.Context(), other.Customer, asked("e", 60)))
	for _, id := range []customer.ID{other.Customer, second.Customer} {
		require.Empty(t, members(id))
	}
	// What the other left between is now of who had it before.
	require.Equal(t, customer.Member{Atom: first.Atom, Since: minute(0)}, members(first.Customer)[first.Atom])
	_, err = checkMembers(t.Context(), g)
	require.NoError(t, err)
}

// Where what begins a slice is gone, and it is not worked out yet what becomes of the rest,
// nothing counts as said in it.
func TestMembersWithoutBeginning(t *testing.T) {
	home := customer.FromInt64(1)
	ev := &evidence{
		kinds:  []kindKey{{typ: "cookie"}},
		values: []value{{blind: blind{1}}},
		pieces: []piece{{own: home, home: home, slice: customer.AtomID{7}}},
		seen:   []observation{{id: blind{2}, at: noon.UnixMicro(), marks: []mark{{value: 0}}}},
	}
	all := ev.members(home)
	require.Len(t, all, 1)
	require.Equal(t, customer.AtomID{7}, all[0].Atom)
	for _, at := range []time.Time{noon.Add(-1), noon, noon.Add(time.Hour)} {
		require.False(t, all[0].Has(at))
	}
}
