package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/pebblestore"
	"github.com/clientele-go/clientele/store/sqlite"
	"github.com/clientele-go/clientele/synth"
)

// A place is where a graph may be kept.
type place struct {
	name  string
	start func(t testing.TB) // what it needs, or skips the test
	open  func(ctx context.Context, dir string, connections int) (store.Store, error)
	// stays: it is there when it has been closed; shared: several processes may have it
	// open. Pebble locks its folder.
	stays, shared bool
	least         bool // of the smallest limits
}

// memories are kept by directory, as they are when they are opened again.
var memories sync.Map

func memory(_ context.Context, dir string, _ int) (store.Store, error) {
	s, _ := memories.LoadOrStore(dir, new(store.Memory))
	return s.(*store.Memory), nil
}

var places = []*place{
	{name: "memory", open: memory},
	{name: "memory of least limits", least: true, open: func(ctx context.Context, dir string, n int) (store.Store, error) {
		s, err := memory(ctx, dir, n)
		return store.Limited(s, store.MinLimits), err
	}},
	{name: "sqlite", stays: true, shared: true, open: func(ctx context.Context, dir string, _ int) (store.Store, error) {
		return sqlite.Open(ctx, filepath.Join(dir, "store.db"))
	}},
	{name: "pebble", stays: true, open: func(_ context.Context, dir string, _ int) (store.Store, error) {
		return pebblestore.Open(filepath.Join(dir, "pebble"), nil)
	}},
	served(postgres),
	served(mariadb),
}

func served(e *engine) *place {
	return &place{
		name: e.name, stays: true, shared: true,
		start: func(t testing.TB) { e.address(t) },
		open: func(ctx context.Context, dir string, connections int) (store.Store, error) {
			return e.open(ctx, os.Getenv(e.addrEnv), dir, connections)
		},
	}
}

// onPlaces runs a test on each kind of store that ok, if not nil, says yes to, at the same time.
func onPlaces(t *testing.T, ok func(p *place) bool, f func(t *testing.T, p *place)) {
	for _, p := range places {
		if ok != nil && !ok(p) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if p.start != nil {
				p.start(t)
			}
			f(t, p)
		})
	}
}

// keysOf are an index and a vault in a store, with keys that every process knows.
func keysOf(s store.Store) (*seal.Index, *seal.Vault, error) {
	key := sha256.Sum256([]byte("of tests"))
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: key[:]})
	if err != nil {
		return nil, nil, err
	}
	wrapper, err := seal.NewLocal(key[:])
	if err != nil {
		return nil, nil, err
	}
	vault, err := seal.NewVault(s, wrapper, nil)
	return index, vault, err
}

// graphAt opens the graph in a store.
func graphAt(ctx context.Context, s store.Store, p *identity.Policy) (*identity.Graph, error) {
	index, vault, err := keysOf(s)
	if err != nil {
		return nil, err
	}
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	if err != nil {
		return nil, err
	}
	email, err := normalize.Email(nil)
	if err != nil {
		return nil, err
	}
	return identity.Open(ctx, s, p, &identity.Options{
		Index: index, Vault: vault,
		Normalizers: map[string]normalize.Normalizer{"phone": phone, "email": email, "name": normalize.Name(nil)},
	})
}

// lenient is the default policy, with the ids of buyers on marketplaces.
func lenient() *identity.Policy {
	p := identity.DefaultPolicy()
	buyer := identity.Type{Name: "buyer", Kind: identity.Unique, Most: 1}
	p.Entities[0].Types = slices.Insert(p.Entities[0].Types, 4, buyer)
	return p
}

// strict is lenient with tighter limits, by which many values are shared.
func strict() *identity.Policy {
	p := lenient()
	e := &p.Entities[0]
	e.Records = 8
	for i := range e.Types {
		switch t := &e.Types[i]; t.Name {
		case "phone":
			t.Most, t.FanOut, t.Silence = 2, 2, 45*24*time.Hour
		case "email":
			t.Most, t.FanOut = 1, 1
		}
	}
	return p
}

// crowd is what a company observes of people, in random order. What has only a device or
// cookie is of no record.
func crowd(seed uint64, people int) ([]identity.Observation, error) {
	o := synth.DefaultCrowd()
	o.Frequency = 0.2
	o.Recycled, o.Family, o.Tablet = 0.1, 0.1, 0.1
	c, err := synth.NewCrowd(seed, people, o)
	if err != nil {
		return nil, err
	}
	var all []identity.Observation
	for r := range c.Records() {
		x := identity.Observation{ID: r.Channel + "/" + r.ID, Source: r.Channel, Record: r.ID, Time: r.Time}
		loose := len(r.Fields) > 0 && r.Name == ""
		for _, m := range r.Fields {
			d := identity.Identifier{Type: m.Type, Scope: m.Scope, Value: m.Value}
			if m.Verified {
				d.Proof = identity.Verified
			}
			x.Identifiers = append(x.Identifiers, d)
			loose = loose && (m.Type == "device" || m.Type == "cookie")
		}
		if r.Name != "" {
			x.Identifiers = append(x.Identifiers, identity.Identifier{Type: "name", Value: r.Name, Proof: identity.Attested})
		}
		if loose && len(x.Identifiers) > 0 {
			x.Record = ""
		}
		all = append(all, x)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

// mapping is all customers, ascending.
func mapping(ctx context.Context, g *identity.Graph) ([]identity.Customer, error) {
	var all []identity.Customer
	for c, err := range g.Customers(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// unnamed are customers without their ids: equal lists are equal mappings up to renaming.
func unnamed(t testing.TB, all []identity.Customer) []string {
	t.Helper()
	lines := make([]string, len(all))
	for i, c := range all {
		c.ID, c.Former = customer.ID{}, nil
		lines[i] = text(t, c)
	}
	slices.Sort(lines)
	return lines
}

func text(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// A follower knows of every customer what the feed says.
type follower struct {
	cursor customer.Cursor
	atoms  map[customer.ID]map[customer.AtomID]bool
	n      int
}

// follow takes all changes after those it has taken: the entries of every shard come
// without gaps, and no atom joins a customer it is with or leaves one it is not with.
func (f *follower) follow(ctx context.Context, g *identity.Graph) error {
	if f.atoms == nil {
		f.atoms = map[customer.ID]map[customer.AtomID]bool{}
	}
	for c, err := range g.Changes(ctx, f.cursor) {
		if err != nil {
			return err
		}
		if err := errors.Join(c.Validate(), f.cursor.Advance(c)); err != nil {
			return err
		}
		f.n++
		if f.atoms[c.Customer] == nil {
			f.atoms[c.Customer] = map[customer.AtomID]bool{}
		}
		for _, a := range c.Atoms {
			if joins := c.Customer == c.To; f.atoms[c.Customer][a] == joins {
				return fmt.Errorf("entry %d of shard %d, %v: atom joins where it is, or leaves where it is not", c.Seq, c.Shard, c.Verb)
			} else if joins {
				f.atoms[c.Customer][a] = true
			} else {
				delete(f.atoms[c.Customer], a)
			}
		}
	}
	return nil
}

// homes are the atoms of each customer who has some.
func (f *follower) homes() map[customer.ID][]customer.AtomID {
	homes := map[customer.ID][]customer.AtomID{}
	for id, atoms := range f.atoms {
		if len(atoms) > 0 {
			homes[id] = slices.SortedFunc(maps.Keys(atoms), func(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) })
		}
	}
	return homes
}

func homesOf(all []identity.Customer) map[customer.ID][]customer.AtomID {
	homes := map[customer.ID][]customer.AtomID{}
	for _, c := range all {
		for _, a := range c.Atoms {
			homes[c.ID] = append(homes[c.ID], a.ID)
		}
	}
	return homes
}

// checkFeed: the feed, followed from the beginning, leads to the mapping and to the head,
// and f, which may have followed it while it grew, has come to the same.
func checkFeed(t testing.TB, g *identity.Graph, all []identity.Customer, f *follower) {
	t.Helper()
	anew := &follower{}
	require.NoError(t, anew.follow(t.Context(), g))
	require.NoError(t, f.follow(t.Context(), g))
	require.Equal(t, anew.n, f.n)
	require.Equal(t, anew.cursor, f.cursor)
	head, err := g.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, head, f.cursor)
	require.Equal(t, homesOf(all), anew.homes())
	require.Equal(t, homesOf(all), f.homes())
}
