package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

var shanghai = time.FixedZone("", 8*60*60) // as Asia/Shanghai since 1991

// begin is when the customers are looked at.
var begin = time.Date(2026, 6, 1, 12, 0, 0, 0, shanghai)

const (
	eventsEach = 10  // of a customer
	days       = 730 // over which events are spread
	day        = 24 * time.Hour
)

// scattered is a number that looks like chance.
func scattered(n int) uint64 {
	z := uint64(n)*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// disorder is a permutation of 0 to n-1.
func disorder(i, n int) int {
	const prime = 2654435761
	return int(uint64(i) * prime % uint64(n))
}

// atomOf is an atom with a number. Those of neighbours lie far from each other.
func atomOf(n int) (a customer.AtomID) {
	binary.BigEndian.PutUint64(a[:8], scattered(n))
	binary.BigEndian.PutUint64(a[8:], uint64(n))
	return a
}

// words are texts with numbers.
func words(name string, n int) []customer.Value {
	all := make([]customer.Value, n)
	for i := range all {
		all[i] = customer.TextValue(name + " " + strconv.Itoa(i))
	}
	return all
}

var (
	brands     = words("brand", 200)
	categories = words("category", 40)
	reasons    = words("reason", 12)
	cities     = words("city", 300)
	levels     = words("level", 5)
)

// of picks one of some values, small numbers more often.
func of(values []customer.Value, chance uint64) customer.Value {
	n := uint64(len(values))
	return values[min(chance%n, chance>>20%n)]
}

// A feed begins n customers with atoms each.
type feed struct {
	n, atoms int
	head     customer.Cursor
}

func newFeed(n, atoms int) *feed {
	f := &feed{n: n, atoms: atoms}
	for i := range n {
		f.head[customer.ShardOf(customer.FromInt64(int64(i)))]++
	}
	return f
}

// Head implements customer.Feed.
func (f *feed) Head(context.Context) (customer.Cursor, error) { return f.head, nil }

// Changes implements customer.Feed.
func (f *feed) Changes(ctx context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		if after == f.head {
			return
		}
		var at customer.Cursor
		for i := range f.n {
			id := customer.FromInt64(int64(i))
			shard := customer.ShardOf(id)
			at[shard]++
			if at[shard] <= after[shard] {
				continue
			}
			c := customer.Change{
				Shard: shard, Seq: at[shard], Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id,
				Atoms: make([]customer.AtomID, f.atoms), At: begin,
			}
			for k := range c.Atoms {
				c.Atoms[k] = atomOf(f.atoms*i + k)
			}
			slices.SortFunc(c.Atoms, func(a, b customer.AtomID) int { return slices.Compare(a[:], b[:]) })
			if !yield(c, ctx.Err()) {
				return
			}
		}
	}
}

// A crowd is many customers: profiles of n, as of now.
type crowd struct {
	n     int
	p     *profile.Profiles
	store *store.Memory
	feed  *feed
	now   time.Time
	items bool // spent is of items, not of amounts
}

// crowdSchema is that of the crowd. Spent changes for every customer with items.
func crowdSchema(items bool) *profile.Schema {
	order, visit, contact := []string{"order"}, []string{"visit"}, []string{"contact"}
	all := []string{"order", "visit", "contact"}
	s := &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop"}, {Name: "app"}, {Name: "phone"}},
		Traits: []profile.Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "city", Kind: customer.KindText},
			{Name: "level", Kind: customer.KindText, Policy: []profile.Rule{profile.SourcePriority}, Refresh: 365},
		},
		Events: []profile.Event{
			{Name: "order", Fields: []profile.Field{
				{Name: "amount", Kind: customer.KindInt64, Required: true},
				{Name: "items", Kind: customer.KindInt64},
				{Name: "brand", Kind: customer.KindText},
				{Name: "category", Kind: customer.KindText},
			}},
			{Name: "visit", Fields: []profile.Field{{Name: "category", Kind: customer.KindText}, {Name: "seconds", Kind: customer.KindInt64}}},
			{Name: "contact", Fields: []profile.Field{{Name: "reason", Kind: customer.KindText}, {Name: "seconds", Kind: customer.KindInt64}}},
		},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: order},
			{Name: "orders_90d", Of: profile.Count, Events: order, Window: profile.Window{Days: 90}},
			{Name: "spent", Of: profile.Sum, Events: order, Field: "amount"},
			{Name: "spent_365d", Of: profile.Sum, Events: order, Field: "amount", Window: profile.Window{Days: 365}},
			{Name: "last_order", Of: profile.Last, Events: order, Field: "@time"},
			{Name: "visits_30d", Of: profile.Count, Events: visit, Window: profile.Window{Days: 30}},
			{Name: "contacts_365d", Of: profile.Count, Events: contact, Window: profile.Window{Days: 365}},
			{Name: "channel", Of: profile.Top, Events: all, Field: "@channel"},
			{Name: "category", Of: profile.Affinity, Events: []string{"order", "visit"}, Field: "category"},
			{Name: "stage", Of: profile.Lifecycle, Events: order},
		},
	}
	if items {
		s.Computed[2].Field = "items"
	}
	return s
}

// crowdEvidence is the events of n customers in no order, and a statement of each. Those
// of a customer are of two atoms: an account of the shop, and one of the app.
func crowdEvidence(n int) iter.Seq[profile.Evidence] {
	const each = eventsEach + 1
	return func(yield func(profile.Evidence) bool) {
		for i := range n * each {
			j := disorder(i, n*each)
			chance := scattered(j)
			number := func(name string, n uint64) customer.Field {
				return customer.Field{Name: name, Value: customer.Int64Value(int64(1 + n))}
			}
			c, k := j/each, j%each
			e := profile.Evidence{Atom: atomOf(2 * c), Time: begin.Add(-time.Duration(chance % uint64(days*day)))}
			switch {
			case k < 5:
				e.Source, e.Event, e.ID = "shop", "order", "order-"+strconv.Itoa(j)
				e.Values = []customer.Field{
					number("amount", 1000+chance>>32%100_000), number("items", chance>>40%5),
					{Name: "brand", Value: of(brands, chance)},
					{Name: "category", Value: of(categories, chance>>8)},
				}
			case k < 9:
				e.Atom, e.Source, e.Event, e.ID = atomOf(2*c+1), "app", "visit", "visit-"+strconv.Itoa(j)
				e.Values = []customer.Field{{Name: "category", Value: of(categories, chance>>8)}, number("seconds", chance>>32%1000)}
			case k == 9:
				e.Atom, e.Source, e.Event, e.ID = atomOf(2*c+1), "phone", "contact", "contact-"+strconv.Itoa(j)
				e.Values = []customer.Field{{Name: "reason", Value: of(reasons, chance)}, number("seconds", chance>>32%1000)}
			default:
				e.Source, e.ID = "crm", "record-"+strconv.Itoa(j)
				e.Values = []customer.Field{
					{Name: "name", Value: customer.TextValue("customer " + strconv.Itoa(c))},
					{Name: "city", Value: of(cities, chance)},
					{Name: "level", Value: of(levels, chance)},
				}
			}
			if !yield(e) {
				return
			}
		}
	}
}

// newCrowd begins a crowd without evidence.
func newCrowd(ctx context.Context, n int) (*crowd, error) {
	s := new(store.Memory)
	p, err := profile.Open(ctx, s, crowdSchema(false), nil)
	return &crowd{n: n, p: p, store: s, feed: newFeed(n, 2), now: begin}, err
}

func (c *crowd) add(ctx context.Context) error {
	sum, err := c.p.AddMany(ctx, begin, crowdEvidence(c.n), nil)
	if want := (eventsEach + 1) * c.n; err == nil && (sum.Added != want || sum.SetAside != 0) {
		err = fmt.Errorf("added %d of %d, %d values set aside", sum.Added, want, sum.SetAside)
	}
	return err
}

// sync checks that as many customers were folded as want says, unless it is negative.
func (c *crowd) sync(ctx context.Context, want int) (profile.Synced, error) {
	done, err := c.p.Sync(ctx, c.now, c.feed)
	if err == nil && want >= 0 && (done.Refolded != want || done.Rows != want) {
		err = fmt.Errorf("folded %d, handed on %d of %d", done.Refolded, done.Rows, want)
	}
	return done, err
}

// loaded is the crowd that the job on loading has left behind, or a new one.
func (o *options) loaded(ctx context.Context) (*crowd, error) {
	if o.crowd != nil && o.crowd.n == o.customers {
		return o.crowd, nil
	}
	c, err := newCrowd(ctx, o.customers)
	if err == nil {
		err = c.add(ctx)
	}
	if err == nil {
		_, err = c.sync(ctx, c.n)
	}
	o.crowd = c
	return c, err
}
