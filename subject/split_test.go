package subject

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

func record(name string, n int) identity.Record {
	return identity.Record{Source: map[int]string{1: "shop", 2: "crm"}[n], Record: fmt.Sprintf("record-%s-%d", name, n)}
}

// whole is all that is known of somebody, but for the id.
func (w *world) whole(id customer.ID) string {
	w.t.Helper()
	ctx := w.t.Context()
	p, err := w.profiles.Profile(ctx, id, profile.Moment{At: minute(200)})
	require.NoError(w.t, err)
	p.Customer = customer.ID{}
	members, err := w.graph.Members(ctx, id)
	require.NoError(w.t, err)
	var observations []identity.Observation
	for o, err := range w.graph.Observations(ctx, id) {
		require.NoError(w.t, err)
		observations = append(observations, o)
	}
	var kept []profile.KeptEvidence
	for e, err := range w.profiles.Evidence(ctx, id) {
		require.NoError(w.t, err)
		kept = append(kept, e)
	}
	var records []consent.Record
	for _, m := range members {
		for r, err := range w.consents.History(ctx, m.Atom) {
			require.NoError(w.t, err)
			records = append(records, r)
		}
	}
	allowed, err := w.consents.Allowed(ctx, minute(200), id, "newsletter", "sms")
	require.NoError(w.t, err)
	require.True(w.t, allowed.Allowed)
	data, err := json.MarshalIndent([]any{p, members, observations, kept, records, allowed}, "", " ")
	require.NoError(w.t, err)
	return string(data)
}

// merge has two people merged by mistake, by a steward, and returns who they are then, and the atoms of the
// records of one.
func (w *world) merge(one, other string) (customer.ID, []customer.AtomID) {
	w.t.Helper()
	var atoms []customer.AtomID
	for n := 1; n <= 2; n++ {
		_, atom, err := w.graph.Lookup(w.t.Context(), record(one, n))
		require.NoError(w.t, err)
		atoms = append(atoms, atom)
	}
	err := w.graph.Link(w.t.Context(), identity.Ruling{ID: "mistake", Actor: "li", Time: minute(90)}, record(one, 1), record(other, 1))
	require.NoError(w.t, err)
	a, _, err := w.graph.Lookup(w.t.Context(), record(one, 1))
	require.NoError(w.t, err)
	b, _, err := w.graph.Lookup(w.t.Context(), record(other, 2))
	require.NoError(w.t, err)
	require.Equal(w.t, a, b)
	return a, atoms
}

// Somebody who was merged with another by mistake is erased, and the other is who she would be
// had they never been merged: broken off at every commit.
func TestEraseOneOfTwo(t *testing.T) {
	for at := -1; ; at++ {
		b := &breaking{Store: store.Limited(new(store.Memory), store.MinLimits), left: math.MaxInt, late: at%2 == 0}
		w := open(t, b, true)
		w.alone = true
		first := at % 4 / 2 * 40 // either is the older, whose id both get
		w.person("cleo", first)
		deeds := w.deeds
		dora := w.person("dora", 20)
		w.sync(minute(80))
		want := w.whole(dora)
		both, atoms := w.merge("cleo", "dora")
		if at%3 == 0 {
			w.sync(minute(95))
		}
		r := request(both, "cleo")
		r.Atoms = atoms
		if at >= 0 {
			b.left = at
		}
		e, err := w.subjects.Erase(t.Context(), minute(110), r)
		if reached := b.left < 0; at >= 0 && !reached {
			require.NoError(t, err)
			require.Greater(t, at, 12)
			return
		}
		b.left = math.MaxInt
		w = open(t, b.Store, true) // another process
		if err != nil {
			require.ErrorIs(t, err, errBroken)
			finished, err := w.subjects.Resume(t.Context(), minute(115))
			require.NoError(t, err)
			if len(finished) == 0 {
				finished = make([]*Erasure, 1)
				finished[0], err = w.subjects.Erase(t.Context(), minute(116), r)
				require.NoError(t, err)
			}
			e = finished[0]
		}
		require.Subset(t, e.Atoms, atoms)
		require.Len(t, e.Atoms, 3, "the records, and what was seen without one")
		dora, _, err = w.graph.Lookup(t.Context(), record("dora", 1))
		require.NoError(t, err)
		require.Equal(t, want, w.whole(dora))
		require.Empty(t, w.holds(planted("cleo")))
		p, err := w.subjects.Prove(t.Context(), minute(118), e)
		require.NoError(t, err)
		require.NoError(t, p.Err())
		require.Zero(t, w.replay(deeds, minute(120)))
		w.sync(minute(121))
		require.Equal(t, want, w.whole(dora))
	}
}

// What is to be erased has become part of somebody else meanwhile, and is found there.
func TestEraseAtomsThatMoved(t *testing.T) {
	b := &breaking{Store: new(store.Memory), left: math.MaxInt}
	w := open(t, b, true)
	w.alone = true
	w.person("cleo", 0)
	deeds := w.deeds
	w.person("dora", 20)
	w.person("emma", 40)
	both, atoms := w.merge("cleo", "dora")
	w.sync(minute(95))
	r := request(both, "cleo")
	r.Atoms = atoms
	b.left = 1 // the request alone is written down
	_, err := w.subjects.Erase(t.Context(), minute(110), r)
	require.ErrorIs(t, err, errBroken)
	b.left = math.MaxInt
	// A steward takes the mistake back, and makes another.
	require.NoError(t, w.graph.Revoke(t.Context(), minute(111), "mistake"))
	require.NoError(t, w.graph.Link(t.Context(), identity.Ruling{ID: "another", Actor: "li", Time: minute(112)}, record("cleo", 2), record("emma", 1)))
	finished, err := w.subjects.Resume(t.Context(), minute(115))
	require.NoError(t, err)
	require.Len(t, finished, 1)
	require.Empty(t, w.holds(planted("cleo")))
	p, err := w.subjects.Prove(t.Context(), minute(118), finished[0])
	require.NoError(t, err)
	require.NoError(t, p.Err())
	require.Positive(t, p.Values, "who finished knows what there was")
	require.Zero(t, w.replay(deeds, minute(120)))
	for _, name := range []string{"dora", "emma"} {
		id, _, err := w.graph.Lookup(t.Context(), record(name, 1))
		require.NoError(t, err)
		one, err := w.profiles.Profile(t.Context(), id, profile.Moment{At: minute(200)})
		require.NoError(t, err)
		require.Equal(t, customer.TextValue("name-"+name+"-called"), one.Value("name"))
		require.Equal(t, customer.Int64Value(4), one.Value("orders"))
	}
}

// Of all records of a customer nothing is split off.
func TestEraseAllRecords(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	deeds := w.deeds
	w.person("berta", 20)
	r := request(anna, "anna")
	for n := 1; n <= 2; n++ {
		_, atom, err := w.graph.Lookup(t.Context(), record("anna", n))
		require.NoError(t, err)
		r.Atoms = append(r.Atoms, atom)
	}
	e, err := w.subjects.Erase(t.Context(), minute(110), r)
	require.NoError(t, err)
	require.Len(t, e.Atoms, 4)
	w.gone(anna, "anna", deeds)
}

// Who is to be erased has become part of somebody else meanwhile: then that is who it is.
func TestEraseWhoWasMerged(t *testing.T) {
	b := &breaking{Store: new(store.Memory), left: math.MaxInt}
	w := open(t, b, true)
	w.alone = true
	cleo := w.person("cleo", 20)
	w.person("dora", 0)
	deeds := w.deeds
	b.left = 1
	_, err := w.subjects.Erase(t.Context(), minute(110), request(cleo, "cleo"))
	require.ErrorIs(t, err, errBroken)
	b.left = math.MaxInt
	both, _ := w.merge("cleo", "dora")
	require.NotEqual(t, cleo, both, "she is part of the other")
	finished, err := w.subjects.Resume(t.Context(), minute(115))
	require.NoError(t, err)
	require.Len(t, finished, 1)
	require.Len(t, finished[0].Atoms, 6)
	require.Subset(t, finished[0].Customers, []customer.ID{cleo, both})
	require.Empty(t, w.holds(append(planted("cleo"), planted("dora")...)))
	p, err := w.subjects.Prove(t.Context(), minute(118), finished[0])
	require.NoError(t, err)
	require.NoError(t, p.Err())
	require.Zero(t, w.replay(deeds, minute(120)))
}

// A customer of so many records that the entry of the feed, the names and the keys are in several
// parts.
func TestEraseVeryMany(t *testing.T) {
	if race.Enabled {
		t.Skip("one goroutine")
	}
	const records = 4100
	w := open(t, store.Limited(new(store.Memory), store.MinLimits), true)
	w.observeMany(records)
	id, atom, err := w.graph.Lookup(t.Context(), identity.Record{Source: "shop", Record: "record-0"})
	require.NoError(t, err)
	require.NoError(t, w.consents.Record(t.Context(), minute(1), w.grant(identity.Observation{ID: "x", Time: minute(0)}, atom)))
	e, err := w.subjects.Erase(t.Context(), minute(110), request(id, "all"))
	require.NoError(t, err)
	require.Len(t, e.Atoms, records)
	p, err := w.subjects.Prove(t.Context(), minute(118), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
	require.Equal(t, records, p.Keys.Destroyed)
}

// Where the feed was trimmed before an erasure was done it says so, and does nothing wrong.
func TestEraseAfterTrim(t *testing.T) {
	b := &breaking{Store: new(store.Memory), left: math.MaxInt}
	w := open(t, b, true)
	anna := w.person("anna", 0)
	b.left = 1
	_, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.ErrorIs(t, err, errBroken)
	b.left = math.MaxInt
	w.person("berta", 20)
	head, err := w.graph.Head(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.graph.Trim(t.Context(), head))
	_, err = w.subjects.Resume(t.Context(), minute(115))
	require.ErrorIs(t, err, customer.ErrCursorExpired)
	_, err = w.subjects.Erased(t.Context(), "DSR-anna")
	require.ErrorIs(t, err, ErrUnknown)
}

func TestEraseWhoWasMergedBefore(t *testing.T) {
	for at := 1; at <= 2; at++ { // the request is written down, and the ids that it is about
		b := &breaking{Store: new(store.Memory), left: math.MaxInt}
		w := open(t, b, true)
		w.alone = true
		cleo := w.person("cleo", 20)
		deeds := w.deeds
		dora := w.person("dora", 0)
		both, _ := w.merge("cleo", "dora")
		require.Equal(t, dora, both)
		w.sync(minute(95))
		b.left = at
		_, err := w.subjects.Erase(t.Context(), minute(110), request(cleo, "cleo"))
		b.left = math.MaxInt
		require.ErrorIs(t, err, errBroken)
		require.NoError(t, w.graph.Revoke(t.Context(), minute(111), "mistake"))
		finished, err := w.subjects.Resume(t.Context(), minute(115))
		require.NoError(t, err)
		require.Len(t, finished, 1)
		require.Len(t, finished[0].Atoms, 3)
		require.NotContains(t, finished[0].Customers, dora)
		require.Empty(t, w.holds(planted("cleo")))
		p, err := w.subjects.Prove(t.Context(), minute(118), finished[0])
		require.NoError(t, err)
		require.NoError(t, p.Err())
		require.Zero(t, w.replay(deeds, minute(120)))
		one, err := w.profiles.Profile(t.Context(), dora, profile.Moment{At: minute(200)})
		require.NoError(t, err)
		require.Equal(t, customer.TextValue("name-dora-called"), one.Value("name"))
	}
}

func TestEraseAfterSplit(t *testing.T) {
	for at := 1; at <= 2; at++ {
		b := &breaking{Store: new(store.Memory), left: math.MaxInt}
		w := open(t, b, true)
		w.alone = true
		cleo := w.person("cleo", 0)
		dora := w.person("dora", 20)
		both, _ := w.merge("cleo", "dora")
		require.Equal(t, cleo, both)
		w.sync(minute(95))
		b.left = at
		_, err := w.subjects.Erase(t.Context(), minute(110), request(cleo, "cleo"))
		require.ErrorIs(t, err, errBroken)
		b.left = math.MaxInt
		require.NoError(t, w.graph.Revoke(t.Context(), minute(111), "mistake"))
		finished, err := w.subjects.Resume(t.Context(), minute(115))
		require.NoError(t, err)
		require.Len(t, finished, 1)
		require.NotContains(t, finished[0].Customers, dora, at)
		require.Len(t, finished[0].Atoms, 3)
		p, err := w.subjects.Prove(t.Context(), minute(118), finished[0])
		require.NoError(t, err)
		require.NoError(t, p.Err())
		w.whole(dora)
	}
}

func TestEraseBothOfTwoAtOnce(t *testing.T) {
	for range 10 {
		s := new(store.Memory)
		w := open(t, s, true)
		w.alone = true
		w.person("cleo", 0)
		w.person("dora", 20)
		w.person("emma", 40)
		both, cleos := w.merge("cleo", "dora")
		w.sync(minute(80))
		var doras []customer.AtomID
		for n := 1; n <= 2; n++ {
			_, atom, err := w.graph.Lookup(t.Context(), record("dora", n))
			require.NoError(t, err)
			doras = append(doras, atom)
		}
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, atoms := range [][]customer.AtomID{cleos, doras} {
			other := open(t, s, true)
			r := request(both, []string{"cleo", "dora"}[i])
			r.Atoms = atoms
			all.Go(func() { _, errs[i] = other.subjects.Erase(t.Context(), minute(110+i), r) })
		}
		all.Wait()
		for i, err := range errs {
			name := []string{"cleo", "dora"}[i]
			if errors.Is(err, ErrAtoms) || errors.Is(err, identity.ErrErased) || errors.Is(err, identity.ErrUnknown) { // the other was first, and the id is of nobody
				id, _, err := w.graph.Lookup(t.Context(), record(name, 1))
				require.NoError(t, err)
				_, err = w.subjects.Erase(t.Context(), minute(113), request(id, name+" again"))
				require.NoError(t, err)
				continue
			}
			require.NoError(t, err)
			w2 := open(t, s, true)
			e, err := w2.subjects.Erased(t.Context(), "DSR-"+name)
			require.NoError(t, err)
			p, err := w2.subjects.Prove(t.Context(), minute(114), e)
			require.NoError(t, err)
			require.NoError(t, p.Err())
		}
		require.Empty(t, w.holds(append(planted("cleo"), planted("dora")...)))
		fresh := open(t, s, true)
		id, _, err := fresh.graph.Lookup(t.Context(), record("emma", 1))
		require.NoError(t, err)
		fresh.whole(id)
	}
}

// A meddling store has something else happen before a commit that puts a key, once.
type meddling struct {
	store.Store
	prefix string
	meddle func()
}

func (s *meddling) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if do := s.meddle; do != nil && slices.ContainsFunc(b.Writes, func(w store.Write) bool { return strings.HasPrefix(string(w.Key), s.prefix) }) {
		s.meddle = nil
		do()
	}
	return s.Store.Commit(ctx, b)
}

// Somebody else joins whom is to be erased by the atoms in the last moment, and stays whole.
func TestEraseAtomsThatOthersJoin(t *testing.T) {
	s := &meddling{Store: new(store.Memory), prefix: "subject/p/"}
	w := open(t, s, true)
	w.alone = true
	w.person("cleo", 0)
	emma := w.person("emma", 20)
	w.sync(minute(80))
	want := w.whole(emma)
	r := Request{ID: "DSR-cleo", Actor: "privacy-office"}
	for n := 1; n <= 2; n++ {
		id, atom, err := w.graph.Lookup(t.Context(), record("cleo", n))
		require.NoError(t, err)
		r.Customer, r.Atoms = id, append(r.Atoms, atom)
	}
	s.meddle = func() { w.merge("cleo", "emma") }
	e, err := w.subjects.Erase(t.Context(), minute(110), r)
	require.NoError(t, err)
	require.Nil(t, s.meddle)
	require.Len(t, e.Atoms, 3)
	emma, _, err = w.graph.Lookup(t.Context(), record("emma", 1))
	require.NoError(t, err)
	require.Equal(t, want, w.whole(emma))
	require.Empty(t, w.holds(planted("cleo")))
	p, err := w.subjects.Prove(t.Context(), minute(118), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
}
