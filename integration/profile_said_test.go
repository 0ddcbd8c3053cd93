package integration

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/synth"
)

// knowledge is the schema that holds in the beginning: something of every rule and every
// aggregate.
func knowledge() *profile.Schema {
	s := &profile.Schema{Location: "Asia/Shanghai", Sources: []profile.Source{{Name: "crm"}}, Retention: 300}
	for i, name := range synth.CrowdChannels() {
		s.Sources = append(s.Sources, profile.Source{Name: name, Channel: fmt.Sprint("channel ", i/2)})
	}
	if !slices.ContainsFunc(s.Sources, func(x profile.Source) bool { return x.Name == "shop" }) {
		s.Sources = append(s.Sources, profile.Source{Name: "shop"})
	}
	s.Traits = []profile.Trait{
		{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal, Searchable: true, Policy: []profile.Rule{profile.VerifiedFirst, profile.MostComplete}},
		{Name: "city", Kind: customer.KindText, Policy: []profile.Rule{profile.Majority, profile.MostRecent}, Refresh: 90},
		{Name: "tags", Kind: customer.KindLabels, Policy: []profile.Rule{profile.Union}, Cap: 6, Sensitivity: profile.Internal},
		{
			Name: "points", Kind: customer.KindInt64, Policy: []profile.Rule{profile.Total},
			Check: profile.Check{Least: customer.Int64Value(0), Most: customer.Int64Value(1000)},
		},
		{
			Name: "level", Kind: customer.KindText, Policy: []profile.Rule{profile.SourcePriority},
			Check: profile.Check{In: []string{"gold", "silver", "bronze"}}, Sensitivity: profile.Personal, Searchable: true,
		},
		{Name: "since", Kind: customer.KindTime, Policy: []profile.Rule{profile.Smallest}},
		{Name: "rate", Kind: customer.KindDecimal, Policy: []profile.Rule{profile.Largest}},
		{Name: "vip", Kind: customer.KindBool},
		{Name: "note", Kind: customer.KindText, Sensitivity: profile.Sensitive, Policy: []profile.Rule{profile.Custom}, Custom: "join"},
	}
	s.Events = []profile.Event{
		{Name: "order", Fields: []profile.Field{
			{Name: "no", Kind: customer.KindText, Required: true},
			{Name: "amount", Kind: customer.KindInt64, Required: true, Check: profile.Check{Least: customer.Int64Value(0)}},
			{Name: "discount", Kind: customer.KindDecimal},
			{Name: "category", Kind: customer.KindText},
			{Name: "gift", Kind: customer.KindBool},
		}},
		{Name: "visit", Fields: []profile.Field{{Name: "page", Kind: customer.KindText}, {Name: "sections", Kind: customer.KindLabels}}},
		{Name: "ticket", Fields: []profile.Field{{Name: "case", Kind: customer.KindText, Required: true}}},
		{Name: "solved", Fields: []profile.Field{{Name: "case", Kind: customer.KindText, Required: true}}},
	}
	order, visit := []string{"order"}, []string{"visit"}
	s.Computed = []profile.Computed{
		{Name: "orders", Of: profile.Count, Events: order},
		{Name: "gifts_90d", Of: profile.Count, Events: order, Where: []profile.Condition{{Field: "gift", In: []customer.Value{customer.BoolValue(true)}}}, Window: profile.Window{Days: 90}},
		{Name: "spent", Of: profile.Sum, Events: order, Field: "amount"},
		{Name: "saved_60d", Of: profile.Sum, Events: order, Field: "discount", Window: profile.Window{Days: 60}},
		{Name: "mean_36h", Of: profile.Average, Events: order, Field: "amount", Window: profile.Window{Hours: 36}},
		{Name: "first_channel", Of: profile.First, Events: []string{"order", "visit"}, Field: "@channel"},
		{Name: "last_seen", Of: profile.Last, Events: []string{"order", "visit", "ticket"}, Field: "@time"},
		{Name: "least", Of: profile.Min, Events: order, Field: "amount"},
		{Name: "most_20d", Of: profile.Max, Events: order, Field: "amount", Window: profile.Window{Days: 20}},
		{Name: "pages", Of: profile.Distinct, Events: visit, Field: "page"},
		{Name: "favourites", Of: profile.Top, Events: order, Field: "category", Limit: 3},
		{Name: "median", Of: profile.Quantile, Events: order, Field: "amount", Quantile: 0.5},
		{Name: "gift_share", Of: profile.Share, Events: order, Field: "gift"},
		{Name: "stage", Of: profile.Lifecycle, Events: order},
		{Name: "likes", Of: profile.Affinity, Events: visit, Field: "sections", Limit: 3},
		{Name: "patience", Of: profile.Average, Events: []string{"ticket"}, Pair: &profile.Pair{Until: []string{"solved"}, By: "case"}},
	}
	return s
}

// better is the schema that is applied in the middle. It takes and refuses the same values.
func better() *profile.Schema {
	s := knowledge()
	s.Traits[1].Policy = []profile.Rule{profile.MostRecent}
	s.Traits[4].Policy = []profile.Rule{profile.Oldest}
	s.Computed[3].Window.Days = 45
	s.Computed = append(s.Computed,
		profile.Computed{
			Name: "price_band", Of: profile.Top, Events: []string{"order"}, Field: "amount", Window: profile.Window{Days: 200},
			Bands: []profile.Band{{Name: "low", Below: customer.Int64Value(5000)}, {Name: "high"}},
		},
		profile.Computed{
			Name: "solved", Of: profile.Share, Events: []string{"ticket"}, Pair: &profile.Pair{Until: []string{"solved"}, By: "case"},
		})
	return s
}

// profilesAt opens the profiles in a store; what is personal is sealed.
func profilesAt(ctx context.Context, s store.Store, schema *profile.Schema) (*profile.Profiles, error) {
	index, vault, err := keysOf(s)
	if err != nil {
		return nil, err
	}
	return profile.Open(ctx, s, schema, &profile.Options{Index: index, Vault: vault, Custom: map[string]profile.CustomRule{"join": func(all []profile.Candidate) customer.Value {
		var words []string
		for _, c := range all {
			word, _ := c.Value.Text()
			words = append(words, word)
		}
		return customer.TextValue(strings.Join(words, "; "))
	}}})
}

// partsOf are the parts of a store for a graph and for profiles. One of the least limits
// has no room for prefixes: there both are side by side.
func partsOf(s store.Store) (who, what store.Store, err error) {
	if s.Limits() == store.MinLimits {
		return s, s, nil
	}
	if who, err = store.Prefixed(s, []byte("who/")); err == nil {
		what, err = store.Prefixed(s, []byte("what/"))
	}
	return who, what, err
}

// opened opens graph and profiles in a store.
func opened(ctx context.Context, s store.Store, policy *identity.Policy, schema *profile.Schema) (*identity.Graph, *profile.Profiles, error) {
	who, what, err := partsOf(s)
	if err != nil {
		return nil, nil, err
	}
	g, err := graphAt(ctx, who, policy)
	if err != nil {
		return nil, nil, err
	}
	p, err := profilesAt(ctx, what, schema)
	return g, p, err
}

// planted and plantedAmount are in all evidence of strangers, and in no other.
const (
	planted       = "planted"
	plantedAmount = 0x0123456789abcdef
)

// A said is evidence, with when it is learned and whether it is taken back.
type said struct {
	profile.Evidence
	learned   time.Time
	retracted bool
	old       bool // an event beyond the retention, of a job
}

// saidOf is what is said of an observation: mostly a few things, sometimes many. Some lies
// long before, some in the future, and some is not what the schema takes.
func saidOf(o identity.Observation, atom customer.AtomID) (all []said) {
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(o.ID))
	r := rand.New(rand.NewPCG(seed.Sum64(), 5))
	stranger := strings.HasPrefix(o.ID, "stranger")
	text := func(words ...string) customer.Value {
		word := words[r.IntN(len(words))]
		if stranger {
			word = planted + " " + word
		}
		return customer.TextValue(word)
	}
	n := 1 + r.IntN(4)
	if r.IntN(25) == 0 || strings.HasSuffix(o.ID, "-0-0") {
		n = 150
	}
	learned := o.Time.Add(time.Duration(r.IntN(50)) * time.Hour)
	for i := range n {
		e := profile.Evidence{Atom: atom, ID: fmt.Sprintf("%s/%d", o.ID, i), Source: o.Source, Time: o.Time, Verified: r.IntN(4) == 0}
		if stranger {
			e.ID = planted + e.ID
		}
		if r.IntN(5) == 0 {
			e.Source = "crm"
		}
		switch r.IntN(8) {
		case 0:
			e.Time = e.Time.Add(-time.Duration(r.IntN(200*24)) * time.Hour)
		case 1:
			e.Time = e.Time.Add(time.Duration(r.IntN(40*24)) * time.Hour)
		default:
			e.Time = e.Time.Add(-time.Duration(r.IntN(1000)) * time.Minute)
		}
		put := func(name string, v customer.Value) { e.Values = append(e.Values, customer.Field{Name: name, Value: v}) }
		kind := r.IntN(12)
		if o.Record == "" || i > 40 && kind == 0 {
			kind = 4
		}
		switch {
		case kind < 4: // a statement
			put("city", text("Guangzhou", "Shenzhen", "Foshan"))
			if r.IntN(2) == 0 {
				put("name", text("Li", "Li Na", "L. Na"))
				put("tags", customer.LabelsValue(fmt.Sprint("tag", r.IntN(9)), fmt.Sprint("tag", r.IntN(9))))
				put("points", customer.Int64Value(int64(r.IntN(1100)-50))) // some are out of range
			}
			if r.IntN(2) == 0 {
				put("level", text("gold", "silver", "bronze", "platinum"))
				put("since", customer.TimeValue(e.Time.Add(-time.Hour)))
				put("rate", []customer.Value{customer.Int64Value(int64(r.IntN(3))), customer.DecimalValue(int64(r.IntN(300)), 2)}[r.IntN(2)])
			}
			if r.IntN(3) == 0 {
				put("vip", []customer.Value{customer.BoolValue(true), customer.BoolValue(false), {}}[r.IntN(3)])
				put("note", text("call", "do not call"))
				put("shoe", text("41", "42")) // the schema does not have it
			}
		case kind < 7:
			e.Event = "visit"
			put("page", text("home", "sale", "help", fmt.Sprint("item", r.IntN(400))))
			put("sections", customer.LabelsValue(fmt.Sprint("section", r.IntN(4)), fmt.Sprint("section", r.IntN(4))))
		case kind < 10:
			e.Event = "order"
			put("no", text(fmt.Sprint(r.IntN(1e6))))
			put("category", text("tea", "shoes", "books", "toys"))
			put("gift", customer.BoolValue(r.IntN(3) == 0))
			put("discount", customer.DecimalValue(int64(r.IntN(900)), 1))
			switch amount := int64(r.IntN(20000)); {
			case stranger:
				put("amount", customer.Int64Value(plantedAmount))
			case amount > 500: // others lack it
				put("amount", customer.Int64Value(amount))
			}
		default:
			e.Event = []string{"ticket", "solved"}[kind-10]
			put("case", text(fmt.Sprint(r.IntN(5))))
		}
		all = append(all, said{Evidence: e, learned: learned, retracted: r.IntN(20) == 0})
	}
	return all
}

func evidenceOf(all []said) iter.Seq[profile.Evidence] {
	return func(yield func(profile.Evidence) bool) {
		for i := range all {
			if !yield(all[i].Evidence) {
				return
			}
		}
	}
}

// atomsOf are the atoms to which the evidence of observations belongs: a record, or the
// stream where there is none.
func atomsOf(ctx context.Context, all []identity.Observation) ([]customer.AtomID, error) {
	g, err := graphAt(ctx, new(store.Memory), lenient())
	if err != nil {
		return nil, err
	}
	atoms := make([]customer.AtomID, len(all))
	for i, o := range all {
		r, err := g.Observe(ctx, o)
		if err != nil {
			return nil, err
		}
		if atoms[i] = r.Atom; r.Stream != (customer.AtomID{}) {
			atoms[i] = r.Stream
		}
	}
	return atoms, nil
}
