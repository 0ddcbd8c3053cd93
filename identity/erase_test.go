package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func TestEraseLeavesNothing(t *testing.T) {
	for name, open := range feedStores {
		t.Run(name, func(t *testing.T) {
			s := open()
			g := openSealed(t, s)
			all, personal := planted()
			r := observeEach(t, g, all...)
			stranger := observeEach(t, g, seenAt("x", 9, "stranger", ident("phone", "+8613700000001")))
			link := Ruling{ID: "planted-ruling", Actor: "planted-actor", Reason: "planted-reason", Time: noon}
			personal = append(personal, link.ID, link.Actor, link.Reason, "planted-relation")
			require.NoError(t, g.Link(t.Context(), link, Record{"shop", "planted-record-1", ""}, Record{"shop", "planted-record-2", ""}))
			require.NoError(t, g.Relate(t.Context(), Relation{ID: "planted-relation", Kind: "spouse", From: Record{"shop", "planted-record-1", ""}, To: Record{"shop", "stranger", ""}}))
			require.Empty(t, holdsAny(t, s, personal...), "nothing is in the clear")

			before := everything(t, s) // a copy of the database, as somebody may have kept it
			var opened int
			for _, err := range g.Observations(t.Context(), r.Customer) {
				require.NoError(t, err)
				opened++
			}
			require.Equal(t, len(all), opened)
			c, err := g.Customer(t.Context(), r.Customer)
			require.NoError(t, err)

			require.NoError(t, g.Erase(t.Context(), r.Customer, asked("planted-erasure", 60)))
			require.Empty(t, holdsAny(t, s, append(personal, "planted-erasure", "privacy office", "asked for it")...))
			for _, o := range all {
				kept := before[string(observationKey(g.blind("observation", o.ID)))]
				was, err := readSeen(store.Entry{Value: []byte(kept), Version: 1})
				require.NoError(t, err)
				require.Equal(t, seenLive, int(was.state))
				for _, vault := range []*seal.Vault{g.o.Vault, sealedOptions(t, s).Vault} {
					_, err = vault.Key(t.Context(), was.atom)
					require.ErrorIs(t, err, seal.ErrDestroyed, "the copy cannot be opened")
				}
				now, err := readSeen(store.Entry{Value: []byte(everything(t, s)[string(observationKey(g.blind("observation", o.ID)))]), Version: 1})
				require.NoError(t, err)
				require.Equal(t, seen{state: seenErased, sealed: []byte{}}, now)
			}
			for _, a := range c.Atoms {
				_, err := g.o.Vault.Key(t.Context(), a.ID)
				require.ErrorIs(t, err, seal.ErrDestroyed)
			}
			_, err = g.Customer(t.Context(), r.Customer)
			require.ErrorIs(t, err, ErrErased)
			for _, d := range all[1].Identifiers {
				found, err := g.Find(t.Context(), "", d)
				require.NoError(t, err)
				require.Empty(t, found)
			}
			_, _, err = g.Lookup(t.Context(), Record{"shop", "planted-record-1", ""})
			require.ErrorIs(t, err, ErrErased)
			_, _, err = g.Ruling(t.Context(), link.ID)
			require.ErrorIs(t, err, ErrErased)
			require.ErrorIs(t, g.Link(t.Context(), link, Record{"shop", "planted-record-1", ""}, Record{"shop", "planted-record-2", ""}), ErrErased)
			require.NoError(t, g.Revoke(t.Context(), noon, link.ID), "it is revoked already")
			kept, revoked, err := g.Ruling(t.Context(), "planted-erasure")
			require.NoError(t, err)
			require.False(t, revoked)
			require.Equal(t, asked("planted-erasure", 60), kept)
			require.ErrorIs(t, g.Revoke(t.Context(), noon, "planted-erasure"), ErrInput)

			left := checkGraph(t, g)
			require.Len(t, left, 1)
			require.Equal(t, stranger.Customer, left[0].ID)
			var last customer.Change
			for ch, err := range g.Changes(t.Context(), customer.Cursor{}) {
				require.NoError(t, err)
				if ch.From == r.Customer {
					last = ch
				}
			}
			require.Equal(t, customer.Erased, last.Verb)
			require.Equal(t, noon.Add(time.Hour), last.At)
			var atoms []customer.AtomID
			for _, a := range c.Atoms {
				atoms = append(atoms, a.ID)
			}
			require.Equal(t, atoms, last.Atoms)
		})
	}
}

func TestErasedStayAway(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		t.Run(fmt.Sprintf("keyed %v", keyed), func(t *testing.T) {
			s := new(store.Memory)
			g := openGraph(t, s, nil)
			if keyed {
				s = new(store.Memory)
				g = openSealed(t, s)
			}
			all, personal := planted()
			r := observeEach(t, g, all...)
			require.NoError(t, g.Erase(t.Context(), r.Customer, asked("e", 60)))
			require.Empty(t, holdsAny(t, s, personal...), "also without keys")
			after := everything(t, s)
			for range 2 {
				require.NoError(t, g.Erase(t.Context(), r.Customer, asked("e", 60)), "again is nothing")
				require.ErrorIs(t, g.Erase(t.Context(), r.Customer, asked("e", 61)), ErrReused)
				require.ErrorIs(t, g.Erase(t.Context(), r.Customer, asked("f", 60)), ErrErased)
				for _, o := range all {
					_, err := g.Observe(t.Context(), o)
					require.ErrorIs(t, err, ErrErased)
					for _, text := range personal {
						require.NotContains(t, err.Error(), text)
					}
					require.ErrorIs(t, g.Retract(t.Context(), noon, o.ID), ErrErased)
					o.ID += "-again" // another system sends the same
					_, err = g.Observe(t.Context(), o)
					require.ErrorIs(t, err, ErrErased)
				}
				_, err := g.ObserveMany(t.Context(), slices.Values(all), nil)
				require.ErrorIs(t, err, ErrErased)
				require.Equal(t, after, everything(t, s))
			}
			// Later the same record and phone are somebody new.
			later := seenAt("later", 61, "planted-record-1", ident("phone", "+8613912345678"))
			anew := observeEach(t, g, later)
			require.True(t, anew.Created)
			require.NotEqual(t, r.Customer, anew.Customer)
			require.NotEqual(t, r.Atom, anew.Atom)
			again := observeEach(t, g, seenAt("later-2", 62, "planted-record-1", ident("email", "planted@mail.cn")))
			require.Equal(t, anew.Atom, again.Atom)
			_, err := g.Observe(t.Context(), seenAt("late", 59, "planted-record-1"))
			require.ErrorIs(t, err, ErrErased)
			_, err = g.Observe(t.Context(), seenAt("late", 59, "other", ident("email", "planted@mail.cn")))
			require.ErrorIs(t, err, ErrErased)
			checkGraph(t, g)
			// And is erased again, by a ruling that is dated before its last observation.
			require.NoError(t, g.Erase(t.Context(), anew.Customer, asked("g", 30)))
			_, err = g.Observe(t.Context(), seenAt("late", 62, "planted-record-1"))
			require.ErrorIs(t, err, ErrErased, "up to the last observation")
			third := observeEach(t, g, seenAt("third", 63, "planted-record-1", ident("cookie", "planted-cookie")))
			require.True(t, third.Created)
			require.NotEqual(t, anew.Atom, third.Atom)
			require.Len(t, checkGraph(t, g), 1)
		})
	}
}

func TestEraseRefuses(t *testing.T) {
	g := openSealed(t, new(store.Memory))
	r := observeEach(t, g, seenAt("1", 0, "r", ident("phone", "1")))
	for name, c := range map[string]struct {
		id   customer.ID
		r    Ruling
		want error
	}{
		"unknown":  {uuid.Max, asked("e", 0), ErrUnknown},
		"nobody":   {uuid.Nil, asked("e", 0), ErrUnknown},
		"no actor": {r.Customer, Ruling{ID: "e", Time: noon}, ErrInput},
		"no time":  {r.Customer, Ruling{ID: "e", Actor: "a"}, ErrInput},
	} {
		require.ErrorIs(t, g.Erase(t.Context(), c.id, c.r), c.want, name)
	}
	observeEach(t, g, seenAt("2", 1, "s", ident("phone", "1")))
	require.NoError(t, g.Link(t.Context(), asked("link", 0), Record{"shop", "r", ""}, Record{"shop", "s", ""}))
	require.ErrorIs(t, g.Erase(t.Context(), r.Customer, asked("link", 0)), ErrReused)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, g.Erase(ctx, r.Customer, asked("e", 0)), context.Canceled)
	require.Len(t, checkGraph(t, g), 1)
}

func TestEraseOneOfTwo(t *testing.T) {
	record := func(name string) Record { return Record{"shop", name, ""} }
	family := []Observation{
		seenAt("1", 0, "mother", ident("phone", "home"), ident("member", "m")),
		seenAt("2", 1, "child", ident("phone", "home"), ident("email", "c")),
		seenAt("3", 2, "child2", ident("email", "c")),
	}
	t.Run("wrongly merged, split, erased", func(t *testing.T) {
		g := openSealed(t, new(store.Memory))
		both := observeEach(t, g, family...)
		require.NoError(t, g.Split(t.Context(), asked("split", 5), record("child"), record("child2")))
		mother, _, err := g.Lookup(t.Context(), record("mother"))
		require.NoError(t, err)
		child, _, err := g.Lookup(t.Context(), record("child"))
		require.NoError(t, err)
		require.NotEqual(t, mother, child)
		require.Equal(t, both.Customer, mother)
		before, err := g.Customer(t.Context(), mother)
		require.NoError(t, err)
		require.NoError(t, g.Erase(t.Context(), child, asked("e", 10)))
		after, err := g.Customer(t.Context(), mother)
		require.NoError(t, err)
		require.Equal(t, before, after)
		found, err := g.Find(t.Context(), "", ident("phone", "home"))
		require.NoError(t, err)
		require.Len(t, found, 1, "the phone is still the mother's")
		require.Equal(t, mother, found[0].Customer)
		observeEach(t, g, seenAt("4", 3, "mother", ident("phone", "home")))
		_, _, err = g.Ruling(t.Context(), "split")
		require.ErrorIs(t, err, ErrErased, "it parts nobody any more")
		checkGraph(t, g)
	})
	t.Run("what kept others apart is gone", func(t *testing.T) {
		g := openSealed(t, new(store.Memory))
		// The middle one fits either of two members, who differ: it is ambiguous.
		observeEach(t, g,
			seenAt("1", 0, "a", ident("phone", "p"), ident("member", "m1")),
			seenAt("2", 1, "b", ident("phone", "p"), ident("member", "m2")),
			seenAt("3", 2, "c", ident("phone", "p"), ident("email", "e")))
		a, _, err := g.Lookup(t.Context(), record("a"))
		require.NoError(t, err)
		b, _, err := g.Lookup(t.Context(), record("b"))
		require.NoError(t, err)
		c, _, err := g.Lookup(t.Context(), record("c"))
		require.NoError(t, err)
		require.Len(t, map[customer.ID]bool{a: true, b: true, c: true}, 3)
		require.NoError(t, g.Erase(t.Context(), a, asked("e", 10)))
		all := checkGraph(t, g)
		require.Len(t, all, 1)
		require.Equal(t, b, all[0].ID)
		require.Equal(t, []customer.ID{c}, all[0].Former)
	})
	t.Run("a ruling about others stays", func(t *testing.T) {
		g := openSealed(t, new(store.Memory))
		observeEach(t, g, family...)
		observeEach(t, g, seenAt("5", 3, "aunt", ident("phone", "home")))
		require.NoError(t, g.Separate(t.Context(), asked("apart", 5), []Record{record("mother")}, []Record{record("child"), record("child2")}, []Record{record("aunt")}))
		aunt, _, err := g.Lookup(t.Context(), record("aunt"))
		require.NoError(t, err)
		require.NoError(t, g.Erase(t.Context(), aunt, asked("e", 10)))
		_, _, err = g.Ruling(t.Context(), "apart")
		require.NoError(t, err)
		require.Len(t, checkGraph(t, g), 2)
	})
}

func TestEraseFormerCustomers(t *testing.T) {
	g := openSealed(t, new(store.Memory))
	var ids []customer.ID
	for i := range 4 {
		ids = append(ids, observeEach(t, g, seenAt(fmt.Sprint(i), i, fmt.Sprint("r", i), ident("phone", fmt.Sprint(i)))).Customer)
	}
	r := observeEach(t, g, seenAt("all", 9, "all", ident("phone", "0"), ident("phone", "1"), ident("phone", "2"), ident("phone", "3")))
	require.Len(t, r.Merged, 3)
	require.NoError(t, g.Erase(t.Context(), ids[2], asked("e", 60)), "by a former id")
	for _, id := range ids {
		_, err := g.Customer(t.Context(), id)
		require.ErrorIs(t, err, ErrErased)
		require.ErrorIs(t, g.Erase(t.Context(), id, asked("f", 60)), ErrErased)
	}
	require.Empty(t, checkGraph(t, g))
}

// TestEraseSlices: the atoms of somebody who has been erased are never somebody else's.
func TestEraseSlices(t *testing.T) {
	s := new(store.Memory)
	g := openSealed(t, s)
	tablet := func(id string, minutes int, member string) Observation {
		return seenAt(id, minutes, "", ident("cookie", "tablet"), ident("member", member))
	}
	first := observeEach(t, g, tablet("1", 0, "a"))
	second := observeEach(t, g, tablet("2", 1, "b"))
	observeEach(t, g, tablet("3", 2, "a"), tablet("4", 3, "b"))
	require.NotEqual(t, first.Atom, second.Atom)
	require.NoError(t, g.Erase(t.Context(), first.Customer, asked("e", 10)))
	all := checkGraph(t, g)
	require.Len(t, all, 1)
	require.Equal(t, second.Customer, all[0].ID)
	require.Len(t, all[0].Atoms, 1)
	require.NotEqual(t, first.Atom, all[0].Atoms[0].ID)
	observeEach(t, g, tablet("0", -1, "b")) // late, which is allowed: the tablet is also of b
	require.Equal(t, second.Customer, observeEach(t, g, tablet("5", 20, "b")).Customer)
	// Once nobody has it, the next one's first slice has another name too.
	for _, id := range []string{"0", "2", "4", "5"} {
		require.NoError(t, g.Retract(t.Context(), noon, id))
	}
	third := observeEach(t, g, tablet("6", 30, "c"))
	require.NotEqual(t, first.Atom, third.Atom)
	_, err := g.o.Vault.Key(t.Context(), third.Atom)
	require.ErrorIs(t, err, seal.ErrNoKey)
	checkGraph(t, g)
}

func TestEraseSharedValues(t *testing.T) {
	policy := &Policy{Entities: []Entity{{Types: []Type{
		{Name: "member", Kind: Unique, Most: 1},
		{Name: "phone", Kind: Shareable, Most: 5, FanOut: 2},
	}}}}
	open := func(t *testing.T, members ...int) (*Graph, []customer.ID) {
		g := openGraph(t, new(store.Memory), policy)
		var ids []customer.ID
		for i, m := range members {
			ids = append(ids, observeEach(t, g, seenAt(fmt.Sprint(i), i, fmt.Sprint("r", i), ident("phone", "office"), ident("member", fmt.Sprint(m)))).Customer)
		}
		found, err := g.Find(t.Context(), "", ident("phone", "office"))
		require.NoError(t, err)
		require.Equal(t, []Binding{{Shared: true}}, found)
		return g, ids
	}
	t.Run("it stays shared", func(t *testing.T) {
		g, ids := open(t, 1, 2, 3, 4, 1)
		require.NoError(t, g.Erase(t.Context(), ids[0], asked("e", 60)))
		require.Len(t, checkGraph(t, g), 3)
		observeEach(t, g, seenAt("x", 30, "x", ident("phone", "office")))
	})
	t.Run("it is shared no more", func(t *testing.T) {
		g, ids := open(t, 1, 2, 3)
		observeEach(t, g, seenAt("x", 30, "x", ident("phone", "office")))
		require.NoError(t, g.Erase(t.Context(), ids[2], asked("e", 60)))
		checkGraph(t, g)
		found, err := g.Find(t.Context(), "", ident("phone", "office"))
		require.NoError(t, err)
		require.NotEqual(t, []Binding{{Shared: true}}, found)
		require.Empty(t, feedKeys(t, g.s, "id/b/"))
	})
	t.Run("nobody else has it", func(t *testing.T) {
		policy := &Policy{Entities: []Entity{{Types: []Type{{Name: "member", Kind: Unique, Most: 1}, {Name: "phone", Kind: Shareable}}, Records: 3}}}
		g := openGraph(t, new(store.Memory), policy)
		var id customer.ID
		for i := range 3 {
			id = observeEach(t, g, seenAt(fmt.Sprint(i), i, fmt.Sprint("r", i), ident("member", "m"), ident("phone", "p"))).Customer
		}
		observeEach(t, g, seenAt("3", 3, "r3", ident("phone", "p"), ident("phone", "q")))
		require.NoError(t, g.Link(t.Context(), asked("link", 0), Record{"shop", "r3", ""}, Record{"shop", "r0", ""}))
		found, err := g.Find(t.Context(), "", ident("phone", "p"))
		require.NoError(t, err)
		require.Equal(t, []Binding{{Shared: true}}, found)
		require.NoError(t, g.Erase(t.Context(), id, asked("e", 60)))
		require.Empty(t, checkGraph(t, g))
		require.Empty(t, feedKeys(t, g.s, "id/b/"))
		_, err = g.Observe(t.Context(), seenAt("x", 30, "x", ident("phone", "p")))
		require.ErrorIs(t, err, ErrErased)
		require.True(t, observeEach(t, g, seenAt("x", 90, "x", ident("phone", "p"))).Created)
		checkGraph(t, g)
	})
}

// TestEraseAsIfNeverObserved: the others are who they would be without the evidence of the
// erased, for random histories.
func TestEraseAsIfNeverObserved(t *testing.T) {
	everySeed(t, time.Second/2, func(seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(rng)
		if seed%3 > 0 {
			w.ruling = 0 // with rulings it is not compared
		}
		s := feedStores[[]string{"memory", "minimal limits"}[seed%2]]()
		g, err := Open(t.Context(), s, w.policy, &Options{Backoff: &store.Backoff{First: time.Microsecond}})
		require.NoError(t, err)
		live, erased := map[string]Observation{}, map[string]bool{}
		erasures, tidy := 0, true
		for range 5 + rng.IntN(40) {
			st := w.step()
			tidy = tidy && st.verb != "many" && st.verb != "apply" // they leave lists behind
			rejected := map[string]bool{}                          // also where it is there twice
			if st.verb == "many" {
				_, err = g.ObserveMany(t.Context(), slices.Values(st.all), &ManyOptions{Rejected: func(row int, err error) {
					rejected[st.all[row].ID] = true
					require.True(t, errors.Is(err, ErrErased) || !erased[st.all[row].ID], "seed %d: %v", seed, err)
				}})
			} else {
				_, err = st.take(t.Context(), g)
			}
			switch {
			case err != nil:
				require.True(t, errors.Is(err, ErrErased) || errors.Is(err, ErrRetracted) || errors.Is(err, ErrReused) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrInput), "seed %d: %v", seed, err)
				if st.verb == "observe" && erased[st.all[0].ID] {
					require.ErrorIs(t, err, ErrErased, "seed %d", seed)
				}
			case st.verb == "retract":
				delete(live, st.id)
			default:
				for _, o := range st.all {
					if !rejected[o.ID] {
						require.False(t, erased[o.ID], "seed %d: somebody has come back", seed)
						if _, known := live[o.ID]; !known {
							live[o.ID] = o
						}
					}
				}
			}
			if rng.IntN(8) > 0 {
				continue
			}
			all, err := exported(t.Context(), g)
			require.NoError(t, err)
			if len(all) == 0 {
				continue
			}
			victim := all[rng.IntN(len(all))]
			for o, err := range g.Observations(t.Context(), victim.ID) {
				require.NoError(t, err)
				delete(live, o.ID)
				erased[o.ID] = true
			}
			erasures++
			require.NoError(t, g.Erase(t.Context(), victim.ID, asked(fmt.Sprint("e", erasures), rng.IntN(40)-5)), "seed %d", seed)

			have := checkWhole(t, g, tidy)
			if w.ruling > 0 {
				continue
			}
			fresh, err := Open(t.Context(), new(store.Memory), g.Policy(), nil)
			require.NoError(t, err)
			for _, id := range slices.Sorted(maps.Keys(live)) {
				_, err := fresh.Observe(t.Context(), live[id])
				require.NoError(t, err)
			}
			want, err := exported(t.Context(), fresh)
			require.NoError(t, err)
			require.Equal(t, withoutAtoms(want), withoutAtoms(have), "seed %d", seed)
		}
	})
}

// withoutAtoms is the mapping without names: records that were erased before have others.
func withoutAtoms(all []Customer) string {
	for i := range all {
		for j := range all[i].Atoms {
			all[i].Atoms[j].ID = customer.AtomID{}
		}
		slices.SortFunc(all[i].Atoms, func(a, b Atom) int {
			return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last), a.Observations-b.Observations, strings.Compare(fmt.Sprint(a.Slice), fmt.Sprint(b.Slice)))
		})
	}
	return unnamed(all)
}

// A breaking store fails all calls from a commit on.
type breaking struct {
	store.Store
	mu   sync.Mutex
	left int  // commits that succeed
	late bool // the commit that fails happens, and the answer is lost
}

var errBroken = errors.New("the process is gone")

func (s *breaking) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left < 0 {
		if s.late && s.left == -1 {
			_, _ = s.Store.Commit(ctx, b)
		}
		return 0, errBroken
	}
	return s.Store.Commit(ctx, b)
}

// TestEraseIsResumed breaks an erasure off at each of its commits.
func TestEraseIsResumed(t *testing.T) {
	for _, records := range []int{3, 500} {
		for _, finish := range []string{"resume", "erase", "open"} {
			if records > 100 && finish != "open" && race.Enabled {
				continue
			}
			t.Run(fmt.Sprintf("%d records, %s", records, finish), func(t *testing.T) {
				build := func() (store.Store, *Options, customer.ID, customer.ID) {
					memory := new(store.Memory)
					o := sealedOptions(t, memory)
					g, err := Open(t.Context(), memory, nil, o)
					require.NoError(t, err)
					_, err = g.ObserveMany(t.Context(), func(yield func(Observation) bool) {
						for i := range records {
							if !yield(seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ident("account", "a"), ident("phone", fmt.Sprint(i)), ident("email", "both"))) {
								return
							}
						}
					}, nil)
					require.NoError(t, err)
					observeEach(t, g, seenAt("other", 5, "other", ident("account", "b"), ident("email", "both")))
					id, _, err := g.Lookup(t.Context(), Record{"shop", "r0", ""})
					require.NoError(t, err)
					other, _, err := g.Lookup(t.Context(), Record{"shop", "other", ""})
					require.NoError(t, err)
					return store.Limited(memory, store.MinLimits), o, id, other
				}
				s, o, id, other := build()
				g, err := Open(t.Context(), s, nil, o)
				require.NoError(t, err)
				require.NoError(t, g.Erase(t.Context(), id, asked("e", 10_000)))
				want := everything(t, s)
				require.Len(t, checkGraph(t, g), 1)
				kept := string(observationKey(g.blind("observation", "other")))
				for at := 0; ; at++ {
					s, o, id, _ = build()
					b := &breaking{Store: s, left: at, late: at%2 == 0}
					vault, err := seal.NewVault(b, wrapperOf(t), nil)
					require.NoError(t, err)
					o.Vault = vault
					g, err := Open(t.Context(), b, nil, o)
					require.NoError(t, err)
					err = g.Erase(t.Context(), id, asked("e", 10_000))
					if err == nil {
						require.Equal(t, records > 100, at > 3, "commits: %d", at)
						break
					}
					require.ErrorIs(t, err, errBroken)
					again, err := Open(t.Context(), s, nil, sealedOptions(t, s))
					require.NoError(t, err)
					switch finish {
					case "resume":
						require.NoError(t, again.Resume(t.Context()))
						_, err := again.Customer(t.Context(), id)
						if err == nil { // it has not happened
							require.Empty(t, feedKeys(t, s, "id/e/"))
							require.NoError(t, again.Erase(t.Context(), id, asked("e", 10_000)))
						} else {
							require.ErrorIs(t, err, ErrErased)
						}
					case "open": // whoever comes finds it done or not begun
						r, err := again.Observe(t.Context(), seenAt("o1", 1, "r1", ident("account", "a"), ident("phone", "1"), ident("email", "both")))
						if err == nil {
							require.True(t, r.Known)
							require.NoError(t, again.Erase(t.Context(), id, asked("e", 10_000)))
						} else {
							require.ErrorIs(t, err, ErrErased)
						}
						require.NoError(t, again.Resume(t.Context()))
					default:
						require.NoError(t, again.Erase(t.Context(), id, asked("e", 10_000)))
						require.NoError(t, again.Resume(t.Context()))
					}
					have := everything(t, s)
					require.Equal(t, slices.Sorted(maps.Keys(withoutTokens(want))), slices.Sorted(maps.Keys(withoutTokens(have))))
					for k, v := range want {
						if strings.HasPrefix(k, "id/") && !strings.HasPrefix(k, "id/d/") && k != kept && len(v) < 200 { // sealed values differ
							require.Equal(t, v, have[k])
						}
					}
					left := checkGraph(t, again)
					require.Len(t, left, 1)
					require.Equal(t, other, left[0].ID)
				}
			})
		}
	}
}

// withoutTokens leaves out the keys that are drawn.
func withoutTokens(all map[string]string) map[string]string {
	maps.DeleteFunc(all, func(k, _ string) bool {
		return strings.HasPrefix(k, "feed/atoms/") || strings.HasPrefix(k, "id/p/") || strings.HasPrefix(k, "id/g/")
	})
	return all
}

func wrapperOf(t testing.TB) seal.Wrapper {
	w, err := seal.NewLocal(bytes.Repeat([]byte{7}, seal.KeyBytes))
	require.NoError(t, err)
	return w
}

// TestEraseMany: a customer of 2,500 records, on the smallest store there may be.
func TestEraseMany(t *testing.T) {
	memory := new(store.Memory)
	o := sealedOptions(t, memory)
	g, err := Open(t.Context(), memory, nil, o)
	require.NoError(t, err)
	_, err = g.ObserveMany(t.Context(), func(yield func(Observation) bool) {
		for i := range 2500 {
			if !yield(seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ident("account", "a"), ident("phone", fmt.Sprint(i%1250)))) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	stranger := observeEach(t, g, seenAt("x", 0, "x", ident("account", "b"), ident("phone", "7")))
	s := store.Limited(memory, store.MinLimits)
	g, err = Open(t.Context(), s, nil, o)
	require.NoError(t, err)
	id, _, err := g.Lookup(t.Context(), Record{"shop", "r0", ""})
	require.NoError(t, err)
	require.NoError(t, g.Erase(t.Context(), id, asked("e", 10_000)))
	left := checkGraph(t, g)
	require.Len(t, left, 1)
	require.Equal(t, stranger.Customer, left[0].ID)
	require.Empty(t, append(feedKeys(t, s, "id/e/"), feedKeys(t, s, erasingKey)...))
	for _, i := range []int{0, 17, 2499} {
		_, err := g.Observe(t.Context(), seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ident("account", "a")))
		require.ErrorIs(t, err, ErrErased)
		_, err = g.Observe(t.Context(), seenAt(fmt.Sprint("new", i), i, fmt.Sprint("r", i)))
		require.ErrorIs(t, err, ErrErased)
	}
	live := 0
	for k, v := range everything(t, s) {
		if strings.HasPrefix(k, "key/") && len(v) > 10 {
			live++
		}
	}
	require.Equal(t, 2, live, "the keys of the stranger and of the ruling")
}

// TestEraseAmongOthers: others observe the same person meanwhile, in several processes,
// and the erasure needs more than one commit.
func TestEraseAmongOthers(t *testing.T) {
	memory := new(store.Memory)
	person := func(i int) Observation {
		return seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ident("member", "m"), ident("phone", fmt.Sprint(i)))
	}
	_, err := openSealed(t, memory).ObserveMany(t.Context(), func(yield func(Observation) bool) {
		for i := range 400 {
			if !yield(person(i)) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	s := store.Limited(memory, store.MinLimits)
	graphs := []*Graph{openSealed(t, s), openSealed(t, s), openSealed(t, s)}
	id, _, err := graphs[0].Lookup(t.Context(), Record{"shop", "r0", ""})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for n, g := range graphs {
		wg.Go(func() {
			for i := 400 + n; i < 430; i += 3 {
				for _, o := range []Observation{person(i), person(i - 100), seenAt(fmt.Sprint("late", i), i, fmt.Sprint("r", i-200))} {
					if _, err := g.Observe(t.Context(), o); err != nil && !errors.Is(err, ErrErased) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Go(func() {
		if err := graphs[1].Erase(t.Context(), id, asked("e", 10_000)); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	// All is of a time up to the erasure's, so that it is gone, but for new records with
	// none of its identifiers: there are none.
	require.Empty(t, checkGraph(t, graphs[0]))
	for i := range 430 {
		_, err := graphs[2].Observe(t.Context(), person(i))
		require.ErrorIs(t, err, ErrErased)
	}
}
