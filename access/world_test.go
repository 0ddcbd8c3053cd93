package access

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func atomOf(n int) (a customer.AtomID) {
	binary.BigEndian.PutUint64(a[8:], uint64(n))
	a[0] = 'a'
	return a
}

// A feed is a customer.Feed in memory. Safe for concurrent use.
type feed struct {
	mu     sync.Mutex
	shards [customer.Shards][]customer.Change
}

func (f *feed) add(c customer.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.Shard = customer.ShardOf(c.Customer)
	c.Seq, c.Part, c.Parts = uint64(len(f.shards[c.Shard])+1), 1, 1
	if c.At.IsZero() {
		c.At = noon.AddDate(0, 0, -30)
	}
	f.shards[c.Shard] = append(f.shards[c.Shard], c)
}

func (f *feed) created(id customer.ID, atoms ...customer.AtomID) {
	f.add(customer.Change{Verb: customer.Created, Customer: id, To: id, Atoms: atoms})
}

func (f *feed) merged(from, to customer.ID, atoms ...customer.AtomID) {
	for _, id := range []customer.ID{from, to} {
		f.add(customer.Change{Verb: customer.Merged, Customer: id, From: from, To: to, Atoms: atoms})
	}
}

func (f *feed) erased(id customer.ID, atoms ...customer.AtomID) {
	f.add(customer.Change{Verb: customer.Erased, Customer: id, From: id, Atoms: atoms})
}

func (f *feed) Changes(_ context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		f.mu.Lock()
		shards := f.shards
		f.mu.Unlock()
		for s := range shards {
			for _, c := range shards[s][after[s]:] {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

func (f *feed) Head(context.Context) (c customer.Cursor, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.shards {
		c[s] = uint64(len(f.shards[s]))
	}
	return c, nil
}

// A flaky store fails commits and reads when it is told to. Safe for concurrent use.
type flaky struct {
	store.Store
	mu      sync.Mutex
	commits int   // that are still taken; negative: any number
	err     error // of the next
	taken   bool  // they are taken nevertheless
}

var errFlaky = errors.New("flaky")

func (f *flaky) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.commits == 0 {
		if f.taken {
			_, _ = f.Store.Commit(ctx, b)
		}
		return 0, f.err
	}
	f.commits--
	return f.Store.Commit(ctx, b)
}

// fail lets so many more commits pass.
func (f *flaky) fail(after int, err error, taken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits, f.err, f.taken = after, err, taken
}

// A hooked store tells before it reads. Safe for concurrent use where hooks are.
type hooked struct {
	store.Store
	get, scan func()
}

func (h *hooked) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if h.get != nil {
		h.get()
	}
	return h.Store.Get(ctx, keys...)
}

func (h *hooked) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	if h.scan != nil {
		h.scan()
	}
	return h.Store.Scan(ctx, r)
}

// A world is a gate and all that is behind it.
type world struct {
	t        testing.TB
	feed     *feed
	data     *hooked // the store of profiles and consents
	profiles *profile.Profiles
	consents *consent.Consents
	store    *flaky // of the log
	log      *audit.Log
	approver Approver
	gate     *Gate
}

// newWorld opens profiles under a schema, with consents for the purposes offers and research.
func newWorld(t testing.TB, schema *profile.Schema) *world {
	ctx := context.Background()
	s := &hooked{Store: new(store.Memory)}
	w := &world{t: t, feed: new(feed), data: s, store: &flaky{Store: new(store.Memory), commits: -1}}
	var err error
	w.profiles, err = profile.Open(ctx, s, schema, nil)
	require.NoError(t, err)
	w.consents, err = consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
		{Name: "offers", Bases: []consent.Basis{consent.Consent}},
		{Name: "mail", Bases: []consent.Basis{consent.Consent}, Channels: []string{"email"}},
		{Name: "old", Bases: []consent.Basis{consent.Consent}, Retired: true},
	}}, w.profiles.Members, nil)
	require.NoError(t, err)
	w.log, err = audit.Open(w.store, nil)
	require.NoError(t, err)
	return w
}

// open opens the gate.
func (w *world) open(p *Policy) *Gate {
	g, err := Open(context.Background(), w.profiles, p, &Options{Log: w.log, Consents: w.consents, Approver: w.approver})
	require.NoError(w.t, err)
	w.gate = g
	return g
}

func (w *world) sync() { w.syncAt(noon) }

// syncAt has profiles learn of all changes at a time.
func (w *world) syncAt(at time.Time) {
	_, err := w.profiles.Sync(context.Background(), at, w.feed)
	require.NoError(w.t, err)
}

// state adds a statement of traits.
func (w *world) state(atom customer.AtomID, id string, values ...customer.Field) {
	w.add(profile.Evidence{Atom: atom, ID: id, Source: "shop", Time: noon.AddDate(0, 0, -10), Values: values})
}

func (w *world) add(e profile.Evidence) {
	_, err := w.profiles.Add(context.Background(), noon.AddDate(0, 0, -9), e)
	require.NoError(w.t, err)
}

// agree records what an atom says of offers.
func (w *world) agree(atom customer.AtomID, id string, at time.Time, c consent.Choice) {
	require.NoError(w.t, w.consents.Record(context.Background(), at, consent.Record{
		ID: id, Atom: atom, Purpose: "offers", Basis: consent.Consent, Choice: c, Collected: at,
	}))
}

// entries seals the log and returns what is in it.
func (w *world) entries() (all []audit.Sealed) {
	ctx := context.Background()
	_, _, err := w.log.Seal(ctx, noon)
	require.NoError(w.t, err)
	for e, err := range w.log.Entries(ctx, nil) {
		require.NoError(w.t, err)
		all = append(all, e)
	}
	return all
}

func text(name, value string) customer.Field {
	return customer.Field{Name: name, Value: customer.TextValue(value)}
}

// shopSchema has fields of each sensitivity, and a pair.
func shopSchema() *profile.Schema {
	return &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "name", Label: customer.Text{EN: "Name", ZH: "姓名"}, Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "phone", Label: customer.Text{EN: "Phone", ZH: "电话"}, Kind: customer.KindText, Sensitivity: profile.Personal, Searchable: true},
			{Name: "illness", Kind: customer.KindText, Sensitivity: profile.Sensitive, Searchable: true},
			{Name: "city", Kind: customer.KindText, Searchable: true},
			{Name: "interests", Kind: customer.KindLabels, Sensitivity: profile.Internal, Policy: []profile.Rule{profile.Union}},
			{Name: "birthday", Kind: customer.KindTime, Sensitivity: profile.Personal},
		},
		Events: []profile.Event{
			{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64}, {Name: "what", Kind: customer.KindText, Sensitivity: profile.Personal}}},
			{Name: "opened", Fields: []profile.Field{{Name: "case", Kind: customer.KindText}}},
			{Name: "closed", Fields: []profile.Field{{Name: "case", Kind: customer.KindText}}},
		},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "favourite", Of: profile.Top, Events: []string{"order"}, Field: "what", Sensitivity: profile.Personal},
			{Name: "resolved", Of: profile.Count, Events: []string{"opened"}, Pair: &profile.Pair{Until: []string{"closed"}, By: "case"}},
		},
	}
}

// shopPolicy has an agent, who sees personal values masked, a manager, who sees all, and a
// marketer, who needs consent.
func shopPolicy() *Policy {
	return &Policy{
		Purposes: []Purpose{
			{Name: "service", Label: customer.Text{EN: "Service", ZH: "客户服务"}, Basis: consent.Contract},
			{Name: "marketing", Label: customer.Text{EN: "Marketing", ZH: "营销"}, Consent: "offers"},
		},
		Roles: []Role{
			{Name: "agent", Label: customer.Text{EN: "Agent", ZH: "客服"}, Grants: []Grant{{
				Purpose: "service", Show: Levels{Public: Plain, Internal: Plain, Personal: Masked}, Find: []string{"phone"},
			}}},
			{Name: "manager", Grants: []Grant{
				{Purpose: "service", Show: Levels{Plain, Plain, Plain, Plain}, Find: []string{"phone", "illness", "city"}, Bulk: true},
				{Purpose: "marketing", Show: Levels{Plain, Plain, Plain, Plain}, Find: []string{"phone", "city"}, Bulk: true},
			}},
			{Name: "marketer", Grants: []Grant{{
				Purpose: "marketing", Show: Levels{Public: Plain, Internal: Plain},
				Traits: map[string]Show{"phone": Masked, "interests": Denied}, Bulk: true,
			}}},
			{Name: "guest"},
		},
		Masks: map[string]Mask{"name": Name, "phone": Phone, "birthday": Date},
	}
}

var (
	agent    = Reader{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "case 1024"}
	manager  = Reader{Actor: "emp-1", Role: "manager", Purpose: "service"}
	offering = Reader{Actor: "emp-1", Role: "manager", Purpose: "marketing"}
	marketer = Reader{Actor: "emp-9", Role: "marketer", Purpose: "marketing"}
)

// person is customer n with atoms 10n and 10n+1: name, phone and illness of the first, city and an order of the second.
func (w *world) person(n int) customer.ID {
	id, one, two := customer.FromInt64(int64(n)), atomOf(10*n), atomOf(10*n+1)
	w.feed.created(id, one, two)
	w.state(one, "1", text("name", "欧阳娜娜"), text("phone", "+8613912345670"), text("illness", "planted asthma"))
	w.state(two, "1", text("city", "广州"), customer.Field{Name: "interests", Value: customer.LabelsValue("tea")})
	w.add(profile.Evidence{
		Atom: two, ID: "o", Source: "shop", Event: "order", Time: noon.AddDate(0, 0, -3),
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(100)}, text("what", "planted pills")},
	})
	return id
}

// names returns the names of fields that are shown in a way.
func names(v *View, show Show, reason Reason) (all []string) {
	for _, f := range v.Fields {
		if f.Show == show && f.Reason == reason {
			all = append(all, f.Name)
		}
	}
	slices.Sort(all)
	return all
}
