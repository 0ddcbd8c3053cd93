package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// soakBegin is what the service's clock begins with, and soakDays how far it goes. What
// happens lies from soakPast days before it to the end, so that part of it is to come when
// it is told.
var soakBegin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	soakDays = 30
	soakPast = 40
	day      = 24 * time.Hour
)

// A deed is what an observer does with one call after the other: it is acknowledged when
// all is done, and may be done again. All of it follows from its number. So do the people
// there are: person i has account i and phone i, and the devices i; i and i^1 are a pair.
type deed struct {
	n       int
	person  int
	observe []identity.Observation
	say     []profile.Evidence // of the last observation; the atom is to be filled in
	retract bool               // the last observation is taken back
	unsay   bool               // all that is said is taken back
	part    bool               // the first two records are ruled to be of different customers
	link    bool               // the first two records are ruled to be of one
	revoke  bool               // the ruling is revoked
}

// The kinds of pairs.
const (
	pairNothing   = iota // have nothing to do with each other
	pairHousehold        // use one phone
	pairSeparated        // use one phone, and a steward separates them
	pairMembers          // use one phone and one tablet in turn, but are different members
	pairLinked           // a steward links them
	pairRevoked          // a steward links them and revokes that
	pairKinds
)

func pairOf(person int) int {
	return rand.New(rand.NewPCG(uint64(person/2), 8)).IntN(pairKinds)
}

// deedOf returns the deed of a number.
func deedOf(n int) *deed {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	people := n/5 + 2
	i := r.IntN(people)
	d := &deed{n: n, person: i}
	at := soakBegin.Add(-soakPast*day + time.Duration(r.Int64N(int64((soakPast+soakDays)*day/time.Second)))*time.Second)
	at = at.Add(time.Duration(n%1e6) * time.Microsecond) // no two statements of a customer at once
	observe := func(source, record, id string, ids ...identity.Identifier) {
		d.observe = append(d.observe, identity.Observation{ID: id, Source: source, Record: record, Time: at, Identifiers: ids})
	}
	name := fmt.Sprint(n)
	order := func() {
		d.say = []profile.Evidence{{ID: name, Source: "shop", Event: "order", Time: at, Values: []customer.Field{
			{Name: "amount", Value: customer.Int64Value(r.Int64N(200))},
		}}}
	}
	switch k := r.IntN(100); {
	case k < 45:
		observe("shop", "order "+name, "order "+name, accountOf(i))
		order()
	case k < 62:
		from := deviceOf(i)
		if pairOf(i) == pairMembers && r.IntN(2) == 0 {
			from = tabletOf(i)
		}
		observe("app", "", "visit "+name, from)
		d.say = []profile.Evidence{{ID: name, Source: "app", Event: "visit", Time: at, Values: []customer.Field{
			{Name: "page", Value: customer.TextValue(fmt.Sprint("page ", r.IntN(20)))},
		}}}
	case k < 76:
		observe("crm", fmt.Sprint("person ", i), "state "+name, accountOf(i), mobileOf(i), deviceOf(i))
		d.say = []profile.Evidence{{ID: name, Source: "crm", Time: at, Values: []customer.Field{
			{Name: "city", Value: customer.TextValue(soakCities[r.IntN(len(soakCities))])},
			{Name: "tags", Value: customer.LabelsValue(soakTags[r.IntN(len(soakTags))], soakTags[r.IntN(len(soakTags))])},
		}}}
	case k < 80 && pairOf(i) == pairMembers:
		d.members(i, observe)
		observe("app", "login "+name, "login "+name, accountOf(i), tabletOf(i))
	case k < 80:
		observe("app", "login "+name, "login "+name, accountOf(i), deviceOf(i))
	case k < 90:
		d.pair(i, observe)
	case k < 94: // typed into the wrong form, and found out
		observe("shop", "wrong "+name, "wrong "+name, accountOf(i), mobileOf(r.IntN(people)))
		order()
		d.retract = true
	default: // sent back
		observe("shop", "return "+name, "return "+name, accountOf(i))
		order()
		d.unsay = true
	}
	return d
}

// observing adds an observation to a deed.
type observing func(source, record, id string, ids ...identity.Identifier)

// members makes it known that the two of a pair are different members.
func (d *deed) members(i int, observe observing) {
	for _, i := range []int{i &^ 1, i | 1} {
		name := fmt.Sprint("member ", i, " ", d.n)
		observe("crm", name, name, accountOf(i), memberOf(i))
	}
}

// pair makes the deed one of a pair of people.
func (d *deed) pair(i int, observe observing) {
	a, b := i&^1, i|1
	name := fmt.Sprint(d.n)
	switch pairOf(i) {
	case pairHousehold:
		observe("shop", "family "+name, "family "+name, accountOf(i), mobileOf(i^1))
		observe("shop", "family of "+name, "family of "+name, accountOf(i^1), mobileOf(i^1))
	case pairSeparated:
		observe("shop", "his "+name, "his "+name, accountOf(a), mobileOf(a))
		observe("shop", "hers "+name, "hers "+name, accountOf(b), mobileOf(a))
		d.part = true
	case pairMembers:
		observe("shop", "gift "+name, "gift "+name, accountOf(i), mobileOf(i^1))
		d.members(i, observe)
		observe("shop", "gift of "+name, "gift of "+name, accountOf(i^1), mobileOf(i^1))
	case pairLinked, pairRevoked:
		observe("shop", "linked "+name, "linked "+name, accountOf(a))
		observe("shop", "to "+name, "to "+name, accountOf(b))
		d.link, d.revoke = true, pairOf(i) == pairRevoked
	default:
		observe("app", "login "+name, "login "+name, accountOf(i), deviceOf(i))
	}
}

var (
	soakCities = []string{"Guangzhou", "Shenzhen", "Foshan", "Zhuhai"}
	soakTags   = []string{"tea", "wine", "books", "toys", "shoes", "run"}
)

func identifier(kind string, i int) identity.Identifier {
	return identity.Identifier{Type: kind, Value: fmt.Sprint(kind, i), Proof: identity.Verified}
}

func accountOf(i int) identity.Identifier { return identifier("account", i) }
func memberOf(i int) identity.Identifier  { return identifier("member", i) }
func mobileOf(i int) identity.Identifier  { return identifier("mobile", i) }
func deviceOf(i int) identity.Identifier  { return identifier("device", i) }

// tabletOf is the device that a pair uses in turn.
func tabletOf(i int) identity.Identifier {
	d := identifier("tablet", i/2)
	d.Type = "device"
	return d
}

// soakPolicy has no limit but that nobody is two members.
func soakPolicy() *identity.Policy {
	return &identity.Policy{Entities: []identity.Entity{{Types: []identity.Type{
		{Name: "account", Kind: identity.Unique},
		{Name: "member", Kind: identity.Unique, Most: 1},
		{Name: "mobile", Kind: identity.Shareable},
		{Name: "device", Kind: identity.Ephemeral},
	}}}}
}

func soakSchema() *profile.Schema {
	order := []string{"order"}
	return &profile.Schema{
		Location: "UTC",
		Sources:  []profile.Source{{Name: "shop"}, {Name: "app"}, {Name: "crm"}},
		Traits: []profile.Trait{
			{Name: "city", Kind: customer.KindText, Policy: []profile.Rule{profile.MostRecent}},
			{Name: "tags", Kind: customer.KindLabels, Policy: []profile.Rule{profile.Union}},
		},
		Events: []profile.Event{
			{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64, Required: true}}},
			{Name: "visit", Fields: []profile.Field{{Name: "page", Kind: customer.KindText}}},
		},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: order},
			{Name: "spent", Of: profile.Sum, Events: order, Field: "amount"},
			{Name: "orders_7d", Of: profile.Count, Events: order, Window: profile.Window{Days: 7}},
			{Name: "last_order", Of: profile.Last, Events: order, Field: "@time"},
			{Name: "visits", Of: profile.Count, Events: []string{"visit"}},
		},
	}
}

// recordOf is how rulings name what was observed.
func recordOf(o identity.Observation) identity.Record {
	return identity.Record{Source: o.Source, Record: o.Record}
}

// do does the deed at a time, and tells whether all of it had been done before.
func (d *deed) do(ctx context.Context, g *identity.Graph, p *profile.Profiles, at time.Time) (known bool, err error) {
	known = true
	var r identity.Resolution
	last := len(d.observe) - 1
	for i, o := range d.observe {
		r, err = g.Observe(ctx, o)
		if i == last && d.retract && errors.Is(err, identity.ErrRetracted) {
			return known, nil // what is said of it was said before it was taken back
		}
		if err != nil {
			return false, fmt.Errorf("observe: %w", err)
		}
		known = known && r.Known
	}
	atom := r.Atom
	if r.Stream != (customer.AtomID{}) {
		atom = r.Stream
	}
	if len(d.say) > 0 {
		all := slices.Clone(d.say)
		for i := range all {
			all[i].Atom = atom
		}
		sum, err := p.Add(ctx, at, all...)
		if err != nil && !(d.unsay && errors.Is(err, profile.ErrRetracted)) {
			return false, fmt.Errorf("add: %w", err)
		}
		if sum.Rejected+sum.SetAside > 0 {
			return false, fmt.Errorf("add: %+v", sum)
		}
		known = known && sum.Added == 0
	}
	ruling := identity.Ruling{ID: fmt.Sprint("case ", d.n), Actor: "steward", Time: soakBegin.Add(soakDays * day)}
	switch {
	case d.unsay:
		err = p.Retract(ctx, at, atom, d.say[0].ID)
	case d.retract:
		err = g.Retract(ctx, ruling.Time, d.observe[last].ID)
	case d.part:
		err = g.Separate(ctx, ruling, []identity.Record{recordOf(d.observe[0])}, []identity.Record{recordOf(d.observe[1])})
	case d.link:
		err = g.Link(ctx, ruling, recordOf(d.observe[0]), recordOf(d.observe[1]))
		if d.revoke && (err == nil || errors.Is(err, identity.ErrRetracted)) {
			err = g.Revoke(ctx, ruling.Time, ruling.ID)
		}
	}
	return known, err
}
