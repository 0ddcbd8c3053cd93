package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// benchWorld is a customer of five atoms under a schema of 30 traits, 10 of them computed:
// a CRM record, an account of the shop with orders, one of the app with visits, calls with
// tickets, and a newsletter.
func benchWorld() (s *Schema, facts []fact, m moment) {
	s = &Schema{
		Location: "Asia/Shanghai",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}, {Name: "app"}, {Name: "phone"}, {Name: "mail"}},
		Events: []Event{
			{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindInt64}, {Name: "brand", Kind: customer.KindText}, {Name: "category", Kind: customer.KindText}}},
			{Name: "visit", Fields: []Field{{Name: "category", Kind: customer.KindText}}},
			{Name: "opened", Fields: []Field{{Name: "ticket", Kind: customer.KindText}}},
			{Name: "resolved", Fields: []Field{{Name: "ticket", Kind: customer.KindText}}},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "orders 90 days", Of: Count, Events: []string{"order"}, Window: Window{Days: 90}},
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "spent 365 days", Of: Sum, Events: []string{"order"}, Field: "amount", Window: Window{Days: 365}},
			{Name: "basket", Of: Average, Events: []string{"order"}, Field: "amount"},
			{Name: "last order", Of: Last, Events: []string{"order"}, Field: "@time"},
			{Name: "visits 24 hours", Of: Count, Events: []string{"visit"}, Window: Window{Hours: 24}},
			{Name: "stage", Of: Lifecycle, Events: []string{"order", "visit"}},
			{Name: "category", Of: Affinity, Events: []string{"order", "visit"}, Field: "category"},
			{Name: "resolution", Of: Average, Events: []string{"opened"}, Pair: &Pair{Until: []string{"resolved"}, By: "ticket"}},
		},
	}
	policies := [][]Rule{nil, {MostRecent}, {SourcePriority}, {VerifiedFirst, SourcePriority, MostRecent}, {Majority}, {Oldest}, {MostComplete}}
	for i := range 20 {
		t := Trait{Name: fmt.Sprint("trait ", i), Kind: customer.KindText, Policy: policies[i%len(policies)]}
		if i >= 18 {
			t.Kind, t.Policy = customer.KindLabels, []Rule{Union}
		}
		s.Traits = append(s.Traits, t)
	}
	day := 24 * hour
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	add := func(atom byte, source, event string, at int64, values ...customer.Field) {
		at += start
		facts = append(facts, fact{
			atom: atom, id: fmt.Sprint(source, " ", len(facts)), time: at, learned: at + hour,
			source: source, event: event, verified: source == "crm", values: values,
		})
	}
	text := func(name, v string) customer.Field { return customer.Field{Name: name, Value: customer.TextValue(v)} }
	for n, source := range s.Sources {
		atom := byte(n + 1)
		for change := range 3 { // states most of the traits, then changes some
			var values []customer.Field
			for i := range 20 {
				switch {
				case (i+n)%5 == 0 || change > 0 && (i+n+change)%7 != 0:
				case i >= 18:
					values = append(values, customer.Field{Name: s.Traits[i].Name, Value: customer.LabelsValue("sport", source.Name)})
				default:
					values = append(values, text(s.Traits[i].Name, fmt.Sprint("value ", (n+change)%3)))
				}
			}
			add(atom, source.Name, "", int64(n+40*change)*day, values...)
		}
	}
	categories := []string{"shoes", "coats", "bags"}
	for i := range 10 {
		add(2, "shop", "order", int64(20*i)*day, customer.Field{Name: "amount", Value: customer.Int64Value(int64(9900 + 700*i))}, text("brand", "b"), text("category", categories[i%3]))
	}
	for i := range 12 {
		add(3, "app", "visit", int64(15*i)*day+hour, text("category", categories[i%2]))
	}
	for i := range 2 {
		add(4, "phone", "opened", int64(50*i)*day, text("ticket", fmt.Sprint(i)))
		add(4, "phone", "resolved", int64(50*i)*day+5*hour, text("ticket", fmt.Sprint(i)))
	}
	return s, facts, moment{at: start + 200*day, known: never}
}

// BenchmarkFold folds the customer from entries as they are decoded; without the computed
// traits; from partials, which are decoded too; and with provenance.
func BenchmarkFold(b *testing.B) {
	s, facts, m := benchWorld()
	in := bindFor(b, s, nil)
	atoms := atomsOf(in, facts)
	b.Run("entries", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			in.fold(atoms, m)
		}
	})
	b.Run("stated alone", func(b *testing.B) {
		stated := *s
		stated.Computed = nil
		in := bindFor(b, &stated, nil)
		b.ReportAllocs()
		for b.Loop() {
			in.fold(atoms, m)
		}
	})
	b.Run("sealed", func(b *testing.B) {
		sealed, data := make([]atom, len(atoms)), make([][]byte, len(atoms))
		for i := range atoms {
			p, room := in.newPartial(), in.reader()
			for j := range atoms[i].entries {
				p.add(in, &atoms[i].entries[j], room)
			}
			sealed[i].id, data[i] = atoms[i].id, encodePartial(p)
		}
		b.ReportAllocs()
		for b.Loop() {
			for i := range sealed {
				sealed[i].paged = in.readPartial(wire.Read(data[i]))
			}
			in.fold(sealed, m)
		}
	})
	b.Run("explain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			in.explain(atoms, m)
		}
	})
}
