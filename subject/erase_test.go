package subject

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func TestEraseLeavesNothing(t *testing.T) {
	for _, keys := range []bool{true, false} {
		t.Run(fmt.Sprintf("keys %t", keys), func(t *testing.T) {
			w := open(t, store.Limited(new(store.Memory), store.MinLimits), keys)
			anna := w.person("anna", 0)
			deeds := w.deeds
			berta := w.person("berta", 20)
			require.NotEqual(t, anna, berta)
			w.sync(minute(100))

			e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
			require.NoError(t, err)
			require.Contains(t, e.Customers, anna)
			require.GreaterOrEqual(t, len(e.Atoms), 4)
			require.Empty(t, w.holds(planted("anna")))
			p, err := w.subjects.Prove(t.Context(), minute(111), e)
			require.NoError(t, err)
			out := new(strings.Builder)
			require.NoError(t, p.WriteText(out))
			t.Log(out)
			require.Regexp(t, `(?m)^looked through .* in 1 store$`, out)
			require.NoError(t, p.Err())

			// Nothing comes back.
			require.Zero(t, w.replay(deeds, minute(120)))
			w.sync(minute(121))
			require.Empty(t, w.holds(planted("anna")))
			p, err = w.subjects.Prove(t.Context(), minute(122), e)
			require.NoError(t, err)
			require.NoError(t, p.Err())

			_, err = w.graph.Customer(t.Context(), anna)
			require.ErrorIs(t, err, identity.ErrErased)
			_, err = w.profiles.Profile(t.Context(), anna, profile.Moment{At: minute(130)})
			require.ErrorIs(t, err, profile.ErrErased)
			one, err := w.profiles.Profile(t.Context(), berta, profile.Moment{At: minute(130)})
			require.NoError(t, err)
			require.Equal(t, customer.TextValue("name-berta-called"), one.Value("name"))
			require.Equal(t, customer.Int64Value(2), one.Value("visits"))
		})
	}
}

// An erasure is broken off at each of its commits, the last of which happens or not, and another process
// resumes it, or is asked the same again.
func TestEraseIsResumed(t *testing.T) {
	for _, finish := range []string{"resume", "again"} {
		t.Run(finish, func(t *testing.T) {
			for at := 0; ; at++ {
				b := &breaking{Store: store.Limited(new(store.Memory), store.MinLimits), left: math.MaxInt, late: at%2 == 0}
				w := open(t, b, true)
				w.orders = 40
				anna := w.person("anna", 0)
				deeds := w.deeds
				w.person("berta", 20)
				if at%3 == 0 {
					w.sync(minute(100))
				}
				b.left = at
				_, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
				b.left = math.MaxInt
				if err == nil {
					require.Greater(t, at, 10)
					return
				}
				require.ErrorIs(t, err, errBroken)

				again := open(t, b.Store, true) // another process
				again.deeds = w.deeds
				if _, err = again.subjects.Erased(t.Context(), "DSR-anna"); err != nil { // unless it was the last commit
					require.ErrorIs(t, err, ErrUnknown)
				}
				finished, err := again.subjects.Resume(t.Context(), minute(115))
				require.NoError(t, err)
				require.LessOrEqual(t, len(finished), 1)
				if len(finished) == 0 || finish == "again" { // it was not even written down
					_, err = again.subjects.Erase(t.Context(), minute(116), request(anna, "anna"))
					require.NoError(t, err)
				}
				left, err := again.subjects.Resume(t.Context(), minute(117))
				require.NoError(t, err)
				require.Empty(t, left)
				again.gone(anna, "anna", deeds)
				told := map[string]int{}
				_, _, err = again.log.Seal(t.Context(), minute(130))
				require.NoError(t, err)
				for e, err := range again.log.Entries(t.Context(), &audit.Query{Customer: anna}) {
					require.NoError(t, err)
					told[e.Action]++
				}
				require.Equal(t, map[string]int{"subject.erase": 1, "subject.erased": 1, "subject.prove": 2}, told)
			}
		})
	}
}

// gone checks that nothing is left of somebody, and that nothing comes back.
func (w *world) gone(id customer.ID, name string, deeds []deed) {
	w.t.Helper()
	e, err := w.subjects.Erased(w.t.Context(), "DSR-"+name)
	require.NoError(w.t, err)
	prove := func(at int) {
		w.t.Helper()
		require.Empty(w.t, w.holds(planted(name)))
		p, err := w.subjects.Prove(w.t.Context(), minute(at), e)
		require.NoError(w.t, err)
		require.NoError(w.t, p.Err())
	}
	prove(118)
	_, err = w.graph.Customer(w.t.Context(), id)
	require.ErrorIs(w.t, err, identity.ErrErased)
	require.Zero(w.t, w.replay(deeds, minute(120)))
	w.sync(minute(121))
	prove(122)
}

// The answer to each commit is lost in turn.
func TestEraseWithLostAnswers(t *testing.T) {
	for at := 0; ; at++ {
		b := &breaking{Store: new(store.Memory), left: math.MaxInt}
		w := open(t, b, true)
		anna := w.person("anna", 0)
		w.person("berta", 20)
		deeds := w.deeds[:4]
		b.lost, b.left = true, at
		_, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
		if err != nil {
			require.ErrorIs(t, err, store.ErrUnknownOutcome)
			_, err = w.subjects.Erase(t.Context(), minute(111), request(anna, "anna"))
		}
		require.NoError(t, err)
		reached := b.left < 0
		b.lost, b.left = false, math.MaxInt
		w.gone(anna, "anna", deeds)
		if !reached {
			require.Greater(t, at, 8)
			return
		}
	}
}

// Many ask for the same at the same time, in processes of their own.
func TestEraseAtOnce(t *testing.T) {
	s := new(store.Memory)
	b := &breaking{Store: s, left: math.MaxInt}
	w := open(t, b, true)
	anna := w.person("anna", 0)
	deeds := w.deeds
	berta := w.person("berta", 20)
	b.left = 1 // the first request is written down
	_, err := w.subjects.Erase(t.Context(), minute(109), request(anna, "anna"))
	require.ErrorIs(t, err, errBroken)
	b.left = math.MaxInt
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		other := open(t, s, true)
		all.Go(func() {
			switch i % 3 {
			case 0:
				_, errs[i] = other.subjects.Erase(t.Context(), minute(110+i), request(anna, "anna"))
			case 1:
				_, errs[i] = other.subjects.Resume(t.Context(), minute(110+i))
			default: // two requests about one person
				_, errs[i] = other.subjects.Erase(t.Context(), minute(110+i), request(anna, fmt.Sprint("anna-", i)))
				if errors.Is(errs[i], identity.ErrErased) {
					errs[i] = nil
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	_, err = w.subjects.Resume(t.Context(), minute(117))
	require.NoError(t, err)
	fresh := open(t, s, true)
	fresh.gone(anna, "anna", deeds)
	_, err = fresh.profiles.Profile(t.Context(), berta, profile.Moment{At: minute(130)})
	require.NoError(t, err)
}

func TestEraseRefuses(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	berta := w.person("berta", 20)
	w.sync(minute(100))
	before := w.everything()
	for name, r := range map[string]Request{
		"nobody":    {ID: "x", Actor: "a"},
		"no id":     {Customer: anna, Actor: "a"},
		"no actor":  {Customer: anna, ID: "x"},
		"control":   {Customer: anna, ID: "x\n", Actor: "a"},
		"long":      {Customer: anna, ID: strings.Repeat("x", 201), Actor: "a"},
		"no atoms":  {Customer: anna, ID: "x", Actor: "a", Atoms: []customer.AtomID{}},
		"zero atom": {Customer: anna, ID: "x", Actor: "a", Atoms: []customer.AtomID{{}}},
		"many":      {Customer: anna, ID: "x", Actor: "a", Atoms: make([]customer.AtomID, 1001)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.subjects.Erase(t.Context(), minute(110), r)
			require.ErrorIs(t, err, ErrRequest)
		})
	}
	_, err := w.subjects.Erase(t.Context(), time.Time{}, request(anna, "x"))
	require.ErrorIs(t, err, ErrRequest)
	_, err = w.subjects.Erase(t.Context(), minute(110), request(customer.FromInt64(1), "x"))
	require.ErrorIs(t, err, identity.ErrUnknown)
	other, err := w.graph.Members(t.Context(), berta)
	require.NoError(t, err)
	r := request(anna, "x")
	for _, m := range other {
		r.Atoms = []customer.AtomID{m.Atom}
		_, err = w.subjects.Erase(t.Context(), minute(110), r)
		require.ErrorIs(t, err, ErrAtoms)
	}
	require.Equal(t, before, w.everything(), "nothing was written")

	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "x"))
	require.NoError(t, err)
	done := w.everything()
	again, err := w.subjects.Erase(t.Context(), minute(120), request(anna, "x"))
	require.NoError(t, err)
	require.Equal(t, done, w.everything(), "again is nothing")
	e.memory, again.memory = nil, nil
	require.Equal(t, e, again)
	_, err = w.subjects.Erase(t.Context(), minute(110), request(berta, "x"))
	require.ErrorIs(t, err, ErrReused)
	_, err = w.subjects.Erase(t.Context(), minute(110), request(anna, "y"))
	require.ErrorIs(t, err, identity.ErrErased)
	_, err = w.subjects.Prove(t.Context(), minute(110), &Erasure{ID: "z"})
	require.ErrorIs(t, err, ErrUnknown)

	// A vault that keeps its keys elsewhere is told.
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{7}, seal.KeyBytes))
	require.NoError(t, err)
	elsewhere, err := seal.NewVault(new(store.Memory), wrapper, nil)
	require.NoError(t, err)
	x, err := Open(w.s, Parts{Graph: w.graph, Vaults: []*seal.Vault{elsewhere}}, nil)
	require.NoError(t, err)
	_, err = x.Erase(t.Context(), minute(110), request(berta, "b"))
	require.ErrorIs(t, err, ErrParts)

	_, err = Open(nil, Parts{}, nil)
	require.ErrorIs(t, err, ErrParts)
	_, err = Open(w.s, Parts{}, &Options{Stores: []store.Store{nil}})
	require.ErrorIs(t, err, ErrParts)
	none, err := Open(w.s, Parts{}, nil)
	require.NoError(t, err)
	_, err = none.Erase(t.Context(), minute(110), request(anna, "x"))
	require.ErrorIs(t, err, ErrParts)
}

func TestEraseVeryManyAgain(t *testing.T) {
	unfinished := 0
	for at := 20; at < 30; at++ {
		b := &breaking{Store: store.Limited(new(store.Memory), store.MinLimits), left: math.MaxInt}
		w := open(t, b, true)
		w.observeMany(2000)
		id, _, err := w.graph.Lookup(t.Context(), identity.Record{Source: "shop", Record: "record-0"})
		require.NoError(t, err)
		b.left = at
		_, err = w.subjects.Erase(t.Context(), minute(110), request(id, "all"))
		b.left = math.MaxInt
		require.ErrorIs(t, err, errBroken)
		if _, there := w.everything()["id/erasing"]; there {
			unfinished++
		}
		e, err := w.subjects.Erase(t.Context(), minute(111), request(id, "all"))
		require.NoError(t, err, at)
		p, err := w.subjects.Prove(t.Context(), minute(118), e)
		require.NoError(t, err)
		require.NoError(t, p.Err(), at)
		require.Len(t, e.Atoms, 2000)
	}
	require.Positive(t, unfinished)
}

func TestEraseRelations(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	berta := w.person("berta", 20)
	for _, id := range []string{"relation-anna-live", "relation-anna-past"} {
		require.NoError(t, w.graph.Relate(t.Context(), identity.Relation{ID: id, Kind: "household", From: record("anna", 1), To: record("berta", 1), Since: minute(5)}))
	}
	require.NoError(t, w.graph.Unrelate(t.Context(), "relation-anna-past"))
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	p, err := w.subjects.Prove(t.Context(), minute(118), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
	left, err := w.graph.Relations(t.Context(), time.Time{}, berta)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestEraseConsentsOfFormerSlices(t *testing.T) {
	w := open(t, new(store.Memory), true)
	tablet := func(id, account string, at int) identity.Resolution {
		return w.do(identity.Observation{ID: id, Source: "web", Time: minute(at), Identifiers: []identity.Identifier{verified("cookie", "tablet"), verified("account", account)}}, nil)
	}
	r := tablet("late", "a", 10)
	tablet("other", "b", 30)
	s := tablet("early", "a", 5)
	require.Equal(t, r.Customer, s.Customer)
	require.NotEqual(t, r.Atom, s.Atom)
	_, held := w.export(request(r.Customer, "anna"))
	require.Len(t, held.Members, 1)
	require.Len(t, held.Consents, 2)
	e, err := w.subjects.Erase(t.Context(), minute(110), request(r.Customer, "anna"))
	require.NoError(t, err)
	for _, a := range []customer.AtomID{r.Atom, s.Atom} {
		n := 0
		for range w.consents.History(t.Context(), a) {
			n++
		}
		require.Zero(t, n)
	}
	p, err := w.subjects.Prove(t.Context(), minute(111), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
}

func TestEraseSearchable(t *testing.T) {
	w := open(t, new(store.Memory), true)
	states := func(name string, at int) identity.Resolution {
		return w.do(identity.Observation{
			ID: "observation of " + name, Source: "web", Time: minute(at),
			Identifiers: []identity.Identifier{verified("cookie", "tablet"), verified("account", name)},
		}, func(r identity.Resolution) []profile.Evidence {
			return []profile.Evidence{{Atom: r.Stream, ID: "stated by " + name, Source: "web", Time: minute(at), Values: []customer.Field{text("name", name)}}}
		})
	}
	anna := states("anna", 1)
	states("berta", 2)
	w.sync(minute(100))
	count := func() (n int) {
		for k := range w.everything() {
			if strings.HasPrefix(k, "pf/f/") || strings.HasPrefix(k, "pf/b/") {
				n++
			}
		}
		return n
	}
	require.Equal(t, 4, count())
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna.Customer, "anna"))
	require.NoError(t, err)
	require.Equal(t, 2, count())
	p, err := w.subjects.Prove(t.Context(), minute(111), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
}

func TestEraseOthersAtOnce(t *testing.T) {
	for range 10 {
		s := new(store.Memory)
		w := open(t, s, true)
		w.alone = true
		names := []string{"anna", "berta", "clara", "doris"}
		ids := make([]customer.ID, len(names))
		w.orders = 300
		for i, name := range names {
			ids[i] = w.person(name, 100*i)
		}
		w.sync(minute(1000))
		var all sync.WaitGroup
		errs := make([]error, len(names))
		for i, name := range names[:3] {
			other := open(t, s, true)
			all.Go(func() {
				e, err := other.subjects.Erase(t.Context(), minute(1100), request(ids[i], name))
				if err == nil {
					var p *Proof
					if p, err = other.subjects.Prove(t.Context(), minute(1101), e); err == nil {
						err = p.Err()
					}
				}
				errs[i] = err
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Empty(t, w.holds(slices.Concat(planted("anna"), planted("berta"), planted("clara"))))
		one, err := w.profiles.Profile(t.Context(), ids[3], profile.Moment{At: minute(2000)})
		require.NoError(t, err)
		require.Equal(t, customer.Int64Value(300), one.Value("orders"))
	}
}

func TestEraseWithoutKeys(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	deeds := w.deeds
	w.person("berta", 20)
	w.sync(minute(100))
	members, err := w.graph.Members(t.Context(), anna)
	require.NoError(t, err)
	b := new(store.Batch)
	for _, m := range members {
		w.vault.Destroy(b, m.Atom)
		w.vault.Forget(m.Atom)
	}
	_, err = w.s.Commit(t.Context(), b)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = w.subjects.Export(t.Context(), minute(105), request(anna, "anna"), &out)
	require.ErrorIs(t, err, seal.ErrDestroyed)
	require.False(t, json.Valid(out.Bytes()), "what is broken off is no document")
	for _, s := range planted("anna") {
		require.NotContains(t, err.Error(), s)
	}
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	p, err := w.subjects.Prove(t.Context(), minute(111), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
	require.True(t, p.Unread)
	w.gone(anna, "anna", deeds)
}

func TestEraseBesideOthers(t *testing.T) {
	s := new(store.Memory)
	w := open(t, s, true)
	anna := w.person("anna", 0)
	w.person("berta", 20)
	w.sync(minute(80))
	require.NoError(t, w.graph.Separate(t.Context(), identity.Ruling{ID: "DSR-anna", Actor: "li", Time: minute(90)}, []identity.Record{record("anna", 1)}, []identity.Record{record("berta", 1)}))
	other := open(t, s, true)
	other.export(request(anna, "anna"))
	_, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	e, err := other.subjects.Erased(t.Context(), "DSR-anna")
	require.NoError(t, err)
	p, err := other.subjects.Prove(t.Context(), minute(111), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
	require.Positive(t, p.Keys.Destroyed)
}

func TestEraseWithoutFollowing(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	members, err := w.graph.Members(t.Context(), anna)
	require.NoError(t, err)
	head, err := w.graph.Head(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.graph.Trim(t.Context(), head))
	_, err = w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.ErrorIs(t, err, customer.ErrCursorExpired)
	_, err = w.graph.Customer(t.Context(), anna)
	require.ErrorIs(t, err, identity.ErrErased)
	for _, m := range members {
		for range w.consents.History(t.Context(), m.Atom) {
			t.Error("a consent is left")
		}
	}
}

// The profiles have keys of their own: those of the person are destroyed too, and found where they are not.
func TestEraseTwoVaults(t *testing.T) {
	s := new(store.Memory)
	w := open(t, s, true)
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{9}, seal.KeyBytes))
	require.NoError(t, err)
	second, err := seal.NewVault(s, wrapper, &seal.Options{Prefix: []byte("second/"), Tenant: "profiles"})
	require.NoError(t, err)
	w.profiles, err = profile.Open(t.Context(), s, schema(), &profile.Options{Vault: second, Index: w.index, Workers: 1})
	require.NoError(t, err)
	w.subjects, err = Open(s, Parts{Graph: w.graph, Profiles: w.profiles, Consents: w.consents, Log: w.log, Vaults: []*seal.Vault{w.vault, second}}, nil)
	require.NoError(t, err)
	anna := w.person("anna", 0)
	deeds := w.deeds
	w.person("berta", 20)
	w.sync(minute(100))
	before := w.everything()
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	w.gone(anna, "anna", deeds)
	after := w.everything()
	live := 0
	for k, v := range before {
		if !strings.HasPrefix(k, "second/") || after[k] == v {
			continue
		}
		w.put(k, []byte(v))
		p, err := w.subjects.Prove(t.Context(), minute(120), e)
		require.NoError(t, err)
		require.Equal(t, 1, p.Keys.Live)
		require.Error(t, p.Err())
		// What is sealed under it opens, wherever it is.
		w.put("pf/a/"+k[len("second/"):], []byte(before["pf/a/"+k[len("second/"):]]))
		p, err = w.subjects.Prove(t.Context(), minute(120), e)
		require.NoError(t, err)
		require.Positive(t, p.Keys.Opened)
		w.restore(k, after)
		live++
	}
	require.Equal(t, 2, live, "of the records; slices are sealed under the key of the device")
}
