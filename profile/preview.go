package profile

import (
	"context"
	"encoding/json"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A Diff is what a schema would change. Safe for concurrent reads.
type Diff struct {
	Version   uint64    `json:"version"`   // of the schema in force
	At        time.Time `json:"at"`        // what the values are as of
	Customers int64     `json:"customers"` // that were looked at
	Differ    int64     `json:"differ"`    // customers of whom some value differs
	// Traits are those of the new schema, then those that only the present one has: traits
	// before computed traits, in the order of each schema.
	Traits []TraitDiff `json:"traits"`
}

// A TraitDiff is what a schema would change of a trait or computed trait. Safe for
// concurrent reads.
type TraitDiff struct {
	Name string `json:"name"` // of the trait or computed trait
	// Of is what becomes of the definition. The values of a trait that is kept can differ
	// too: by the order of sources, the retention, the time zone, fields of events.
	Of Redefinition `json:"of"`
	// How many customers gain a value, lose it, and have another one than before.
	Gained  int64 `json:"gained"`
	Lost    int64 `json:"lost"`
	Changed int64 `json:"changed"`
	// Sample are the lowest ids of those, at most 10.
	Sample []customer.ID `json:"sample,omitempty"`
}

// A Redefinition is what becomes of the definition of a trait: kept, changed, added or
// removed. Safe for concurrent use.
type Redefinition string

// The redefinitions. A trait that becomes a computed trait is Changed.
const (
	Kept    Redefinition = "kept"    // defined as before
	Changed Redefinition = "changed" // defined in another way
	Added   Redefinition = "added"   // in the new schema alone
	Removed Redefinition = "removed" // in the present schema alone
)

// sampled is the most ids of TraitDiff.Sample.
const sampled = 10

// Preview tells what Apply would change: it folds all customers at a time under the schema
// in force and under another, and compares the values. Nothing is stored. The result does
// not depend on Options.Workers.
//
// Errors are those of Apply; cost: that of folding all customers twice, and, where what is
// computed changes, of reading all their events.
func (p *Profiles) Preview(ctx context.Context, at time.Time, schema *Schema) (*Diff, error) {
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	m, err := Moment{At: at}.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	next := &storedSchema{version: f.version + 1, names: f.names}
	if next.json, err = schema.data(); err != nil {
		return nil, err
	}
	b, err := p.bind(next)
	if err != nil {
		return nil, err
	}
	g := &inForce{b, f.read}
	names := comparedNames(f.bound, g.bound)
	diff := &Diff{Version: f.version, At: microTime(m.at), Traits: make([]TraitDiff, len(names))}
	for i := range names {
		diff.Traits[i] = TraitDiff{Name: names[i].name, Of: names[i].of}
	}
	work := func(ctx context.Context, page []holding) (*Diff, error) {
		before, err := p.loadPage(ctx, f, page, m)
		if err != nil {
			return nil, err
		}
		after, err := p.loadUnder(ctx, g, before, m)
		if err != nil {
			return nil, err
		}
		d := &Diff{Customers: int64(len(page)), Traits: make([]TraitDiff, len(names))}
		for i := range before {
			d.compare(before[i].id, names, f.fold(before[i].atoms, m), g.fold(after[i].atoms, m))
		}
		return d, nil
	}
	err = walkHoldings(ctx, p, m, work, func(d *Diff) error {
		diff.add(d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return diff, nil
}

// loadUnder returns a page as it would be loaded under another schema: only what was made
// under the first one has to be read again.
func (p *Profiles) loadUnder(ctx context.Context, g *inForce, page []loading, m moment) ([]loading, error) {
	var ids []customer.AtomID
	for i := range page {
		for j := range page[i].atoms {
			if page[i].atoms[j].paged != nil {
				ids = append(ids, page[i].atoms[j].id)
			}
		}
	}
	if len(ids) == 0 {
		return page, nil
	}
	again, err := p.load(ctx, g, ids, m)
	if err != nil {
		return nil, err
	}
	loaded := make([]loading, len(page))
	for i := range page {
		loaded[i] = loading{page[i].id, append([]atom(nil), page[i].atoms...)}
		for j := range loaded[i].atoms {
			if loaded[i].atoms[j].paged != nil {
				loaded[i].atoms[j], again = again[0], again[1:]
			}
		}
	}
	return loaded, nil
}

// A compared is a name of either of two schemas.
type compared struct {
	name          string
	of            Redefinition
	before, after slot
}

// A slot is where a folded profile has the value of a name.
type slot struct {
	list  int // 0: nowhere; 1: traits; 2: computed
	index int
}

func (l slot) value(f *folded) customer.Value {
	switch l.list {
	case 1:
		return f.traits[l.index]
	case 2:
		return f.computed[l.index]
	}
	return customer.Value{}
}

// comparedNames returns all names of two schemas, in the order of Diff.Traits.
func comparedNames(f, g *bound) []compared {
	names, before := slotsOf(f)
	order, after := slotsOf(g)
	var all []compared
	for _, name := range names {
		if after[name].list == 0 {
			order = append(order, name)
		}
	}
	for _, name := range order {
		p := compared{name: name, before: before[name], after: after[name]}
		switch {
		case p.before.list == 0:
			p.of = Added
		case p.after.list == 0:
			p.of = Removed
		case f.definition(p.before) == g.definition(p.after):
			p.of = Kept
		default:
			p.of = Changed
		}
		all = append(all, p)
	}
	return all
}

func slotsOf(b *bound) (names []string, slots map[string]slot) {
	slots = make(map[string]slot, len(b.Traits)+len(b.Computed))
	for i := range b.Traits {
		names, slots[b.Traits[i].Name] = append(names, b.Traits[i].Name), slot{1, i}
	}
	for i := range b.Computed {
		names, slots[b.Computed[i].Name] = append(names, b.Computed[i].Name), slot{2, i}
	}
	return names, slots
}

// definition returns what defines the values of a name, labels for people left out.
func (b *bound) definition(l slot) string {
	var data []byte
	if l.list == 1 {
		t := b.Traits[l.index]
		t.Label = customer.Text{}
		data, _ = json.Marshal(t) // the schema has been validated
	} else {
		c := b.Computed[l.index]
		c.Label = customer.Text{}
		data, _ = json.Marshal(c)
	}
	return string(data)
}

// compare takes a customer in.
func (d *Diff) compare(id customer.ID, names []compared, before, after *folded) {
	differs := false
	for i := range names {
		v, w := names[i].before.value(before), names[i].after.value(after)
		if v == w {
			continue
		}
		differs = true
		t := &d.Traits[i]
		switch {
		case v.IsUnset():
			t.Gained++
		case w.IsUnset():
			t.Lost++
		default:
			t.Changed++
		}
		if len(t.Sample) < sampled {
			t.Sample = append(t.Sample, id)
		}
	}
	if differs {
		d.Differ++
	}
}

// add takes in that of the customers that follow.
func (d *Diff) add(e *Diff) {
	d.Customers += e.Customers
	d.Differ += e.Differ
	for i := range d.Traits {
		t, u := &d.Traits[i], &e.Traits[i]
		t.Gained += u.Gained
		t.Lost += u.Lost
		t.Changed += u.Changed
		t.Sample = append(t.Sample, u.Sample[:min(len(u.Sample), sampled-len(t.Sample))]...)
	}
}
