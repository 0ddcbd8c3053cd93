package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

const (
	stated    = 20 // traits
	atomsEach = 5  // of a customer
)

// personSchema has 30 traits, 10 of them computed.
func personSchema() *profile.Schema {
	order, both := []string{"order"}, []string{"order", "visit"}
	s := &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop"}, {Name: "app"}, {Name: "phone"}, {Name: "mail"}},
		Events: []profile.Event{
			{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64}, {Name: "brand", Kind: customer.KindText}, {Name: "category", Kind: customer.KindText}}},
			{Name: "visit", Fields: []profile.Field{{Name: "category", Kind: customer.KindText}}},
			{Name: "opened", Fields: []profile.Field{{Name: "ticket", Kind: customer.KindText}}},
			{Name: "resolved", Fields: []profile.Field{{Name: "ticket", Kind: customer.KindText}}},
		},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: order},
			{Name: "orders_90d", Of: profile.Count, Events: order, Window: profile.Window{Days: 90}},
			{Name: "spent_365d", Of: profile.Sum, Events: order, Field: "amount", Window: profile.Window{Days: 365}},
			{Name: "basket", Of: profile.Quantile, Events: order, Field: "amount", Quantile: 0.5},
			{Name: "brands", Of: profile.Distinct, Events: order, Field: "brand"},
			{Name: "channel", Of: profile.Top, Events: both, Field: "@channel"},
			{Name: "category", Of: profile.Affinity, Events: both, Field: "category"},
			{Name: "stage", Of: profile.Lifecycle, Events: both},
			{Name: "last_order", Of: profile.Last, Events: order, Field: "@time"},
			{Name: "resolution", Of: profile.Average, Events: []string{"opened"}, Pair: &profile.Pair{Until: []string{"resolved"}, By: "ticket"}},
		},
	}
	policies := [][]profile.Rule{
		nil,
		{profile.MostRecent},
		{profile.SourcePriority},
		{profile.VerifiedFirst, profile.SourcePriority, profile.MostRecent},
		{profile.Majority},
		{profile.Oldest},
		{profile.MostComplete},
	}
	for i := range stated {
		t := profile.Trait{Name: "trait_" + strconv.Itoa(i), Kind: customer.KindText, Policy: policies[i%len(policies)]}
		if i >= stated-2 {
			t.Kind, t.Policy = customer.KindLabels, []profile.Rule{profile.Union}
		}
		s.Traits = append(s.Traits, t)
	}
	return s
}

// personEvidence is that of n customers, of five atoms each: a record of a CRM, an account
// of the shop with orders, one of the app with visits, calls with tickets, and a newsletter.
// What happens does so a number of times.
func personEvidence(n, times int) iter.Seq[profile.Evidence] {
	schema := personSchema()
	return func(yield func(profile.Evidence) bool) {
		for c := range n {
			for _, e := range personFacts(schema, c, times) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

func personFacts(schema *profile.Schema, c, times int) (all []profile.Evidence) {
	start := begin.Add(-200 * day)
	add := func(atom int, event string, at time.Duration, values ...customer.Field) {
		source := schema.Sources[atom].Name
		all = append(all, profile.Evidence{
			Atom: atomOf(atomsEach*c + atom), ID: fmt.Sprint(source, " ", c, " ", len(all)), Source: source, Event: event,
			Time: start.Add(at + time.Duration(c%1000)*time.Second), Verified: source == "crm", Values: values,
		})
	}
	text := func(name, v string) customer.Field { return customer.Field{Name: name, Value: customer.TextValue(v)} }
	for atom, source := range schema.Sources {
		for change := range time.Duration(3) { // states most of the traits, then changes some
			var values []customer.Field
			for i, t := range schema.Traits {
				switch {
				case (i+atom)%5 == 0 || change > 0 && (i+atom+int(change))%7 != 0:
				case t.Kind == customer.KindLabels:
					values = append(values, customer.Field{Name: t.Name, Value: customer.LabelsValue("sport", source.Name)})
				default:
					values = append(values, text(t.Name, fmt.Sprint("value ", (c+atom+int(change))%3)))
				}
			}
			add(atom, "", time.Duration(atom)*day+40*change*day, values...)
		}
	}
	for i := range 10 * times {
		add(1, "order", time.Duration(20*i)*day/time.Duration(times),
			customer.Field{Name: "amount", Value: customer.Int64Value(int64(9900 + 700*(i%10)))},
			customer.Field{Name: "brand", Value: brands[(c+i)%7]}, customer.Field{Name: "category", Value: categories[(c+i)%3]})
	}
	for i := range 12 * times {
		add(2, "visit", time.Duration(15*i)*day/time.Duration(times)+time.Hour, customer.Field{Name: "category", Value: categories[(c+i)%2]})
	}
	for i := range 2 * times {
		at := time.Duration(50*i) * day / time.Duration(times)
		add(3, "opened", at, text("ticket", strconv.Itoa(i)))
		add(3, "resolved", at+5*time.Hour, text("ticket", strconv.Itoa(i)))
	}
	return all
}

// folding walks over customers of 30 traits and five atoms, on one core.
func folding(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	n := o.folded
	p, err := profile.Open(ctx, new(store.Memory), personSchema(), &profile.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	if _, err := p.AddMany(ctx, begin, personEvidence(n, 1), nil); err != nil {
		return nil, err
	}
	customers := newFeed(n, atomsEach)
	if _, err := p.Sync(ctx, begin, customers); err != nil {
		return nil, err
	}
	defer cores(1)()
	m := profile.Moment{At: begin}
	one, err := clock(func() error {
		for i := range n {
			full, err := p.Profile(ctx, customer.FromInt64(int64(disorder(i, n))), m)
			if err != nil {
				return err
			}
			if len(full.Traits) != stated || len(full.Computed) != 10 {
				return fmt.Errorf("%d traits and %d computed", len(full.Traits), len(full.Computed))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all, err := leastOf(5, func() error { return walked(p.All(ctx, m), n) })
	if err != nil {
		return nil, err
	}
	table := func() error {
		t, err := p.Table(ctx, m)
		if err == nil && t.Rows() != n {
			err = fmt.Errorf("%d rows", t.Rows())
		}
		return err
	}
	lean, err := leastOf(5, table)
	if err != nil {
		return nil, err
	}
	if err := p.Refold(ctx); err != nil {
		return nil, err
	}
	sync, err := clock(func() error {
		done, err := p.Sync(ctx, begin, customers)
		if err == nil && (done.Refolded != n || done.Rows != 0) {
			err = fmt.Errorf("folded %d, handed on %d", done.Refolded, done.Rows)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	bare := personSchema()
	bare.Traits, bare.Computed = bare.Traits[:1], nil
	if _, err := p.Apply(ctx, begin, bare); err != nil {
		return nil, err
	}
	reading, err := leastOf(5, table)
	if err != nil {
		return nil, err
	}
	often, err := foldingPages(ctx, n/20)
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }
	return []harness.Figure{
		{Name: "Profile", Value: each(one), Unit: "µs"},
		{Name: "All, each customer", Value: each(all), Unit: "µs"},
		{Name: "Sync of all, rows the same", Value: each(sync), Unit: "µs"},
		{Name: "Table", Value: each(lean), Unit: "µs"},
		{Name: "Table under a schema of one trait", Value: each(reading), Unit: "µs"},
		{Name: "the fold with provenance", Value: each(all - reading), Unit: "µs", Target: "at most 25 µs"},
		{Name: "the fold without", Value: each(lean - reading), Unit: "µs"},
		{Name: "All, each customer of 535 events and statements", Value: float64(often.Nanoseconds()) / 1000 / float64(n/20), Unit: "µs"},
	}, err
}

// leastOf clocks f several times. The least is what stands where times are compared.
func leastOf(times int, f func() error) (least time.Duration, err error) {
	for i := range times {
		took, err := clock(f)
		if err != nil {
			return 0, err
		}
		if i == 0 || took < least {
			least = took
		}
	}
	return least, nil
}

// foldingPages walks over n customers most of whose events lie in pages.
func foldingPages(ctx context.Context, n int) (time.Duration, error) {
	p, err := profile.Open(ctx, new(store.Memory), personSchema(), &profile.Options{Workers: 1})
	if err != nil {
		return 0, err
	}
	if _, err := p.AddMany(ctx, begin, personEvidence(n, 20), nil); err != nil {
		return 0, err
	}
	if _, err := p.Sync(ctx, begin, newFeed(n, atomsEach)); err != nil {
		return 0, err
	}
	return clock(func() error { return walked(p.All(ctx, profile.Moment{At: begin}), n) })
}

// walked goes through all of a sequence of n profiles.
func walked(all iter.Seq2[*profile.Profile, error], n int) error {
	for _, err := range all {
		if err != nil {
			return err
		}
		n--
	}
	if n != 0 {
		return fmt.Errorf("%d profiles are missing", n)
	}
	return nil
}
