package subject

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

var noon = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// A world is a store with all parts, and what people did.
type world struct {
	t        testing.TB
	s        store.Store
	index    *seal.Index
	vault    *seal.Vault
	graph    *identity.Graph
	profiles *profile.Profiles
	consents *consent.Consents
	log      *audit.Log
	subjects *Subjects

	deeds  []deed
	orders int  // of a person
	alone  bool // who comes has a phone and a tablet of their own
}

// A deed is what can be replayed.
type deed struct {
	observation identity.Observation
	evidence    func(r identity.Resolution) []profile.Evidence
}

var backoff = &store.Backoff{First: time.Microsecond, Most: time.Millisecond}

func schema() *profile.Schema {
	return &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop"}, {Name: "web"}},
		Traits: []profile.Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal, Searchable: true},
			{Name: "birthday", Kind: customer.KindTime, Sensitivity: profile.Personal},
			{Name: "card", Kind: customer.KindInt64, Sensitivity: profile.Sensitive},
			{Name: "allergies", Kind: customer.KindLabels, Sensitivity: profile.Sensitive, Searchable: true, Policy: []profile.Rule{profile.Union}},
			{Name: "city", Kind: customer.KindText},
		},
		Events: []profile.Event{
			{Name: "order", Fields: []profile.Field{
				{Name: "amount", Kind: customer.KindInt64, Required: true},
				{Name: "address", Kind: customer.KindText, Sensitivity: profile.Personal},
			}},
			{Name: "visit", Fields: []profile.Field{{Name: "query", Kind: customer.KindText, Sensitivity: profile.Personal}}},
		},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "visits", Of: profile.Count, Events: []string{"visit"}},
		},
	}
}

// open opens all parts on a store. Without keys all is readable.
func open(t testing.TB, s store.Store, keys bool) *world {
	w := &world{t: t, s: s}
	if keys {
		wrapper, err := seal.NewLocal(bytes.Repeat([]byte{7}, seal.KeyBytes))
		require.NoError(t, err)
		w.vault, err = seal.NewVault(s, wrapper, nil)
		require.NoError(t, err)
		w.index, err = seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{8}, seal.KeyBytes)})
		require.NoError(t, err)
	}
	require.NoError(t, w.open(t.Context()))
	return w
}

func (w *world) open(ctx context.Context) (err error) {
	if w.graph, err = identity.Open(ctx, w.s, nil, &identity.Options{Index: w.index, Vault: w.vault, Backoff: backoff}); err != nil {
		return err
	}
	if w.profiles, err = profile.Open(ctx, w.s, schema(), &profile.Options{Vault: w.vault, Index: w.index, Backoff: backoff, Workers: 1}); err != nil {
		return err
	}
	policy := &consent.Policy{Purposes: []consent.Purpose{
		{Name: "newsletter", Label: customer.Text{EN: "Newsletter", ZH: "资讯"}, Bases: []consent.Basis{consent.Consent}, Channels: []string{"sms"}, Days: 700},
	}}
	if w.consents, err = consent.Open(w.s, policy, w.graph.Members, &consent.Options{Backoff: backoff}); err != nil {
		return err
	}
	if w.log, err = audit.Open(w.s, &audit.Options{Backoff: backoff}); err != nil {
		return err
	}
	w.subjects, err = Open(w.s, Parts{Graph: w.graph, Profiles: w.profiles, Consents: w.consents, Log: w.log, Vaults: []*seal.Vault{w.vault}}, &Options{Backoff: backoff})
	return err
}

func text(name, s string) customer.Field {
	return customer.Field{Name: name, Value: customer.TextValue(s)}
}

func verified(typ, value string) identity.Identifier {
	return identity.Identifier{Type: typ, Value: value, Proof: identity.Verified}
}

// do observes, adds evidence and consent, and notes that it did.
func (w *world) do(o identity.Observation, evidence func(r identity.Resolution) []profile.Evidence) identity.Resolution {
	w.t.Helper()
	r, err := w.graph.Observe(w.t.Context(), o)
	require.NoError(w.t, err)
	if evidence != nil {
		_, err = w.profiles.Add(w.t.Context(), o.Time, evidence(r)...)
		require.NoError(w.t, err)
	}
	require.NoError(w.t, w.consents.Record(w.t.Context(), o.Time, w.grant(o, r.Atom)))
	w.deeds = append(w.deeds, deed{o, evidence})
	return r
}

func (w *world) grant(o identity.Observation, atom customer.AtomID) consent.Record {
	by := consent.Identifier{Type: "phone"}
	copy(by.Blind[:], w.index.Blind("phone", "13912345678"))
	return consent.Record{
		ID: "consent of " + o.ID, Atom: atom, Identifier: by, Purpose: "newsletter", Channel: "sms", Basis: consent.Consent,
		Choice: consent.Granted, Collected: o.Time, Notice: "privacy 4",
	}
}

// sync has the profiles follow.
func (w *world) sync(at time.Time) {
	_, err := w.profiles.Sync(w.t.Context(), at, w.graph)
	require.NoError(w.t, err)
}

// planted are what must not be found of a person, whose name is an infix of all.
func planted(person string) []string {
	return []string{
		"observation-" + person, "record-" + person, "name-" + person, "allergy-" + person, "address-" + person, "query-" + person,
		"undeclared-" + person, "evidence-" + person, "visit-" + person, person + "@mail.cn", "account-" + person,
	}
}

// observeMany adds observations of n records of one customer.
func (w *world) observeMany(n int) {
	_, err := w.graph.ObserveMany(w.t.Context(), func(yield func(identity.Observation) bool) {
		for i := range n {
			o := identity.Observation{
				ID: fmt.Sprint("observation-", i), Source: "shop", Record: fmt.Sprint("record-", i), Time: minute(0),
				Identifiers: []identity.Identifier{verified("account", "account-of-all")},
			}
			if !yield(o) {
				return
			}
		}
	}, nil)
	require.NoError(w.t, err)
}

// person has somebody do what people do, by a record of the shop, one of the call centre, and on a tablet that is
// shared. Members of a family have a phone in common.
func (w *world) person(name string, at int) customer.ID {
	phone, tablet := "13912345678", "shared-tablet"
	var card int64 = 6222_0000_0000_0000
	for i, c := range name {
		card += int64(c) * int64(i+1)
	}
	if w.alone {
		phone, tablet = fmt.Sprint(13_800_000_000+card%100_000_000), "tablet-"+name
	}
	first := w.do(identity.Observation{
		ID: "observation-" + name + "-1", Source: "shop", Record: "record-" + name + "-1", Time: minute(at),
		Identifiers: []identity.Identifier{verified("account", "account-"+name), verified("phone", phone), verified("email", name+"@mail.cn")},
	}, func(r identity.Resolution) []profile.Evidence {
		all := []profile.Evidence{
			{Atom: r.Atom, ID: "evidence-" + name + "-1", Source: "shop", Time: minute(at), Values: []customer.Field{
				text("name", "name-"+name),
				{Name: "birthday", Value: customer.TimeValue(noon.AddDate(-30, 0, len(name)))},
				{Name: "card", Value: customer.Int64Value(card)},
				text("city", "Guangzhou"),
				{Name: "allergies", Value: customer.LabelsValue("allergy-"+name, "nuts")},
			}},
			{Atom: r.Atom, ID: "evidence-" + name + "-aside", Source: "shop", Time: minute(at), Values: []customer.Field{text("undeclared", "undeclared-"+name)}},
		}
		for i := range max(w.orders, 4) {
			all = append(all, profile.Evidence{
				Atom: r.Atom, ID: fmt.Sprintf("evidence-%s-order-%d", name, i), Source: "shop", Event: "order", Time: minute(at).Add(time.Duration(i) * time.Second),
				Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(100)}, text("address", "address-"+name)},
			})
		}
		return all
	})
	w.do(identity.Observation{
		ID: "observation-" + name + "-2", Source: "crm", Record: "record-" + name + "-2", Time: minute(at + 1),
		Identifiers: []identity.Identifier{verified("account", "account-"+name), verified("phone", phone)},
	}, func(r identity.Resolution) []profile.Evidence {
		return []profile.Evidence{{Atom: r.Atom, ID: "evidence-" + name + "-2", Source: "crm", Time: minute(at), Values: []customer.Field{text("name", "name-"+name+"-called")}}}
	})
	for i := range 2 { // each time it is somebody else's turn
		w.do(identity.Observation{
			ID: fmt.Sprintf("observation-%s-tablet-%d", name, i), Source: "web", Time: minute(at + 3 + 40*i),
			Identifiers: []identity.Identifier{verified("cookie", tablet), verified("account", "account-"+name)},
		}, func(r identity.Resolution) []profile.Evidence {
			return []profile.Evidence{{
				Atom: r.Stream, ID: fmt.Sprintf("visit-%s-%d", name, i), Source: "web", Event: "visit", Time: minute(at + 3 + 40*i),
				Values: []customer.Field{text("query", "query-"+name)},
			}}
		})
	}
	return first.Customer
}

// replayed does again all that was done, and returns how much of it was taken.
func (w *world) replay(deeds []deed, now time.Time) (taken int) {
	ok := func(err error) bool {
		if err == nil {
			return true
		}
		erased := errors.Is(err, identity.ErrErased) || errors.Is(err, profile.ErrErased) || errors.Is(err, consent.ErrErased)
		require.True(w.t, erased, "%v", err)
		return false
	}
	for _, d := range deeds {
		r, err := w.graph.Observe(w.t.Context(), d.observation)
		if !ok(err) {
			continue
		}
		taken++
		if d.evidence != nil {
			_, err := w.profiles.Add(w.t.Context(), now, d.evidence(r)...)
			ok(err)
		}
		ok(w.consents.Record(w.t.Context(), now, w.grant(d.observation, r.Atom)))
	}
	return taken
}

// holds returns which texts are in the store, as they are or in UTF-16.
func (w *world) holds(texts []string) (found []string) {
	for e, err := range w.s.Scan(w.t.Context(), store.Range{}) {
		require.NoError(w.t, err)
		for _, s := range texts {
			if bytes.Contains(e.Key, []byte(s)) || bytes.Contains(e.Value, []byte(s)) {
				found = append(found, s+" in "+readKept(e).label)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func request(id customer.ID, name string) Request {
	return Request{Customer: id, ID: "DSR-" + name, Actor: "privacy-office", Ticket: "ticket 17"}
}

// A breaking store fails all commits from one on.
type breaking struct {
	store.Store
	mu   sync.Mutex
	left int  // commits that succeed
	late bool // the commit that fails happens, and the answer is lost
	lost bool // the answer is lost, and the process goes on
}

var errBroken = errors.New("the process is gone")

func (s *breaking) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left--
	switch {
	case s.lost:
		v, err := s.Store.Commit(ctx, b)
		if err == nil && s.left == -1 {
			return 0, store.ErrUnknownOutcome
		}
		return v, err
	case s.left < 0:
		if s.late && s.left == -1 {
			_, _ = s.Store.Commit(ctx, b)
		}
		return 0, errBroken
	}
	return s.Store.Commit(ctx, b)
}
