package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Measures say how well customers are unified, and where to look for faults. Its JSON
// form has the fields below. Safe for concurrent reads.
type Measures struct {
	Entity string `json:"entity"` // whom they are about
	// Customers there are; the Records, and the slices of time of observations without
	// record, that they have; and the Observations of these.
	Customers    int `json:"customers"`
	Records      int `json:"records"`
	Slices       int `json:"slices"`
	Observations int `json:"observations"`
	// Unified are the records and slices whose customer has evidence of more than one
	// source, and UnificationRate is their share of all; 0 if there are none.
	Unified         int     `json:"unified"`
	UnificationRate float64 `json:"unification_rate"`
	// Sources, ascending by name.
	Sources []SourceMeasure `json:"sources"`
	// Identifiers are the numbers of customers with 0, 1, 2... identifiers; the last
	// of 101 is those with 100 or more. Descriptors, values that are shared, and those
	// without the proof that the type asks for are not counted. MeanIdentifiers is the
	// mean, 0 if there are no customers.
	Identifiers     []int   `json:"identifiers"`
	MeanIdentifiers float64 `json:"mean_identifiers"`
	// Largest are the ten customers with the most records and slices, which is Count,
	// the largest first, then by id.
	Largest []Standout `json:"largest"`
	// Refused, ascending by reason, without those of which there are none.
	Refused []RefusedMeasure `json:"refused"`
	// Suspicious is the number of customers with more different verified values of a
	// Unique type and scope than its Most, be it that a record has them or that a
	// steward linked them. Suspects are 100 of them at most, those with the lowest ids,
	// with each such type and the Count of its values.
	Suspicious int        `json:"suspicious"`
	Suspects   []Standout `json:"suspects"`
	// Shared are the numbers of values that are shared, in the order of the policy and
	// by scope.
	Shared []Count `json:"shared"`
	// Pending are the customers whose evidence has not been worked out yet under the
	// policy in force, because Apply is at work or a large change is under way.
	Pending int `json:"pending"`
}

// A SourceMeasure says how well the customers of a source are unified with those of
// others. Its JSON form has the fields below. Safe for concurrent reads.
type SourceMeasure struct {
	Source string `json:"source"`
	// Customers with evidence of the source.
	Customers int `json:"customers"`
	// Atoms are the records of the source, and the slices with observations of it.
	Atoms int `json:"atoms"`
	// Unified are the Atoms whose customer has evidence of another source too, and
	// UnificationRate is their share.
	Unified         int     `json:"unified"`
	UnificationRate float64 `json:"unification_rate"`
}

// A RefusedMeasure counts what was refused for a reason. Its JSON form has the fields
// below. Safe for concurrent reads.
type RefusedMeasure struct {
	Reason Reason `json:"reason"`
	// Merges are the pairs of customers that are not one because of it.
	Merges int `json:"merges"`
	// Values are the values that do not count with a customer because of it, where it
	// is not about another: once for each value and customer.
	Values int `json:"values"`
}

// A Standout is a customer to look at. Its JSON form has the fields below. Safe for
// concurrent reads.
type Standout struct {
	Customer customer.ID `json:"customer"`
	// Type and Scope of which it has too many values; empty where it has many records.
	Type  string `json:"type,omitzero"`
	Scope string `json:"scope,omitzero"`
	Count int    `json:"count"` // of values, or records
}

// The most that Measures list.
const (
	maxLargest     = 10
	maxSuspects    = 100
	maxIdentifiers = 100
)

// Measure measures the customers of an entity in one pass over all evidence. It is no
// snapshot: customers who are changed meanwhile may be counted as before or after, and
// those who are joined meanwhile twice or not at all.
//
// Errors: ErrInput if the policy has no such entity, and those of the store. Cost: a read
// for every 256 containers of evidence, of all entities, and the mapping of each of this
// one, in one goroutine. Memory: the largest container, and 20 bytes for each shared value.
func (g *Graph) Measure(ctx context.Context, entity string) (Measures, error) {
	entries, err := g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return Measures{}, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return Measures{}, err
	}
	m := measurer{
		e: r.policy.entity(entity), epoch: r.epoch, out: Measures{Entity: entity},
		sources: map[string]*SourceMeasure{}, shared: map[blind]kindKey{}, refused: map[Reason]*RefusedMeasure{},
	}
	if m.e == nil {
		return Measures{}, &InputError{-1, "entity", "is not in the policy"}
	}
	for c, err := range g.everything(ctx) {
		if err != nil {
			return Measures{}, err
		}
		if c.ev.entity == entity {
			m.add(c)
		}
	}
	return m.finish(), nil
}

// everything yields all containers, in the order of their ids.
func (g *Graph) everything(ctx context.Context) iter.Seq2[*container, error] {
	return func(yield func(*container, error) bool) {
		r := store.Under(key("c"))
		r.Limit = 256
		for n := r.Limit; n == r.Limit; {
			n = 0
			var page []store.Entry
			for entry, err := range g.s.Scan(ctx, r) {
				if err != nil {
					yield(nil, err)
					return
				}
				n++
				page = append(page, entry)
			}
			for _, entry := range page {
				r.From = append(entry.Key, 0)
				c, err := g.settled(ctx, entry)
				if err != nil || c != nil {
					if !yield(c, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// settled decodes a container, which it reads again while others change it; nil if it
// has become part of another.
func (g *Graph) settled(ctx context.Context, entry store.Entry) (*container, error) {
	for range 8 {
		if entry.Version == 0 {
			return nil, nil
		}
		if d := wire.Read(entry.Value); d.Kind() == "identity/forward" {
			return nil, nil
		}
		c, err := g.readContainer(ctx, customer.ID(entry.Key[len(key("c")):]), entry)
		if !errors.Is(err, store.ErrConflict) {
			return c, err
		}
		entries, err := g.s.Get(ctx, entry.Key)
		if err != nil {
			return nil, err
		}
		entry.Version, entry.Value = entries[0].Version, entries[0].Value
	}
	return nil, errMoved
}

// A measurer adds up what containers hold.
type measurer struct {
	e       *Entity
	epoch   []byte
	out     Measures
	sources map[string]*SourceMeasure
	shared  map[blind]kindKey
	refused map[Reason]*RefusedMeasure
	sum     int // of identifiers
}

// add adds a container.
func (m *measurer) add(c *container) {
	ev := c.ev
	number := map[customer.ID]int32{} // of the customers here
	var ids []customer.ID
	of := make([]int32, len(ev.pieces))
	live := make([]bool, len(ev.pieces))
	for i := range ev.seen {
		live[ev.seen[i].piece] = true
	}
	for p := range ev.pieces {
		of[p] = -1
		if home := ev.pieces[p].home; live[p] && home != uuid.Nil {
			n, ok := number[home]
			if !ok {
				n = int32(len(ids))
				number[home], ids = n, append(ids, home)
			}
			of[p] = n
		}
	}
	m.out.Customers += len(ids)
	if !bytes.Equal(c.epoch, m.epoch) {
		m.out.Pending += len(ids)
	}
	m.addAtoms(ev, of, ids)
	m.addValues(ev, of, ids)
	m.addRefused(m.e.group(ev), of)
}

// addAtoms adds records and slices, by the customers of the pieces.
func (m *measurer) addAtoms(ev *evidence, of []int32, ids []customer.ID) {
	type origin struct {
		of     int32
		atom   customer.AtomID
		slice  bool
		source int32
	}
	var all []origin // each atom once for each source
	for p := range ev.pieces {
		if q := &ev.pieces[p]; of[p] >= 0 {
			all = append(all, origin{of[p], q.present(), q.atom == (customer.AtomID{}), q.source})
		}
	}
	slices.SortFunc(all, func(a, b origin) int {
		return cmp.Or(cmp.Compare(a.of, b.of), bytes.Compare(a.atom[:], b.atom[:]), cmp.Compare(a.source, b.source))
	})
	all = slices.Compact(all)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].of == all[0].of {
			n++
		}
		theirs := all[:n]
		all = all[n:]
		unified := slices.ContainsFunc(theirs, func(x origin) bool { return x.source != theirs[0].source })
		atoms := 0
		var sources []int32
		for i, x := range theirs {
			s := m.source(ev.sources[x.source])
			s.Atoms++
			if unified {
				s.Unified++
			}
			if !slices.Contains(sources, x.source) {
				sources = append(sources, x.source)
				s.Customers++
			}
			if i > 0 && theirs[i-1].atom == x.atom {
				continue
			}
			atoms++
			if x.slice {
				m.out.Slices++
			} else {
				m.out.Records++
			}
		}
		if unified {
			m.out.Unified += atoms
		}
		m.out.Largest = keep(m.out.Largest, Standout{Customer: ids[theirs[0].of], Count: atoms}, maxLargest, func(a, b Standout) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), bytes.Compare(a.Customer[:], b.Customer[:]))
		})
	}
}

func (m *measurer) source(name string) *SourceMeasure {
	s := m.sources[name]
	if s == nil {
		s = &SourceMeasure{Source: name}
		m.sources[name] = s
	}
	return s
}

// keep inserts into a list in order, of which no more than most are kept.
func keep(list []Standout, s Standout, most int, compare func(a, b Standout) int) []Standout {
	i, _ := slices.BinarySearchFunc(list, s, compare)
	if i == most {
		return list
	}
	list = slices.Insert(list, i, s)
	return list[:min(len(list), most)]
}

// addValues adds observations and their values.
func (m *measurer) addValues(ev *evidence, of []int32, ids []customer.ID) {
	type had struct {
		of, value int32
		verified  bool
	}
	var all []had
	for i := range ev.seen {
		o := &ev.seen[i]
		if of[o.piece] < 0 {
			continue
		}
		m.out.Observations++
		for _, k := range o.marks {
			v := &ev.values[k.value]
			level := m.e.index(ev.kinds[v.kind].typ)
			switch {
			case level < 0:
			case v.shared:
				m.shared[v.blind] = ev.kinds[v.kind]
			case m.e.Types[level].Kind != Descriptor && k.proof >= m.e.Types[level].Proof:
				all = append(all, had{of[o.piece], k.value, k.proof == Verified})
			}
		}
	}
	slices.SortFunc(all, func(a, b had) int {
		verified := 0
		if a.verified != b.verified {
			verified = 1
			if a.verified {
				verified = -1
			}
		}
		return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(ev.values[a.value].kind, ev.values[b.value].kind), cmp.Compare(a.value, b.value), verified)
	})
	all = slices.CompactFunc(all, func(a, b had) bool { return a.of == b.of && a.value == b.value })
	for n := range ids {
		count, suspicious := 0, false
		for len(all) > 0 && all[0].of == int32(n) {
			kind, same, verified := ev.values[all[0].value].kind, 0, 0
			for same < len(all) && all[same].of == int32(n) && ev.values[all[same].value].kind == kind {
				if all[same].verified {
					verified++
				}
				same++
			}
			all = all[same:]
			count += same
			k := ev.kinds[kind]
			if t := &m.e.Types[m.e.index(k.typ)]; t.Kind == Unique && t.Most > 0 && verified > t.Most {
				suspicious = true
				m.out.Suspects = keep(m.out.Suspects, Standout{ids[n], k.typ, k.scope, verified}, maxSuspects, m.compareSuspects)
			}
		}
		if suspicious {
			m.out.Suspicious++
		}
		m.sum += count
		count = min(count, maxIdentifiers)
		for len(m.out.Identifiers) <= count {
			m.out.Identifiers = append(m.out.Identifiers, 0)
		}
		m.out.Identifiers[count]++
	}
}

func (m *measurer) compareSuspects(a, b Standout) int {
	return cmp.Or(bytes.Compare(a.Customer[:], b.Customer[:]), cmp.Compare(m.e.index(a.Type), m.e.index(b.Type)), cmp.Compare(a.Scope, b.Scope))
}

// addRefused adds refusals.
func (m *measurer) addRefused(out *grouping, of []int32) {
	type what struct {
		reason      Reason
		a, b, value int32
	}
	var all []what
	for _, r := range out.refused {
		switch a := of[r.a]; {
		case a < 0:
		case r.b < 0:
			all = append(all, what{r.reason, a, -1, r.value})
		case of[r.b] >= 0 && of[r.b] != a:
			all = append(all, what{r.reason, min(a, of[r.b]), max(a, of[r.b]), -1})
		}
	}
	slices.SortFunc(all, func(x, y what) int {
		return cmp.Or(cmp.Compare(x.reason, y.reason), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.value, y.value))
	})
	for _, w := range slices.Compact(all) {
		r := m.refused[w.reason]
		if r == nil {
			r = &RefusedMeasure{Reason: w.reason}
			m.refused[w.reason] = r
		}
		if w.b < 0 {
			r.Values++
		} else {
			r.Merges++
		}
	}
}

// finish completes the measures.
func (m *measurer) finish() Measures {
	out := &m.out
	rate := func(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }
	out.UnificationRate = rate(out.Unified, out.Records+out.Slices)
	out.MeanIdentifiers = rate(m.sum, out.Customers)
	for _, name := range slices.Sorted(maps.Keys(m.sources)) {
		s := *m.sources[name]
		s.UnificationRate = rate(s.Unified, s.Atoms)
		out.Sources = append(out.Sources, s)
	}
	for _, reason := range slices.Sorted(maps.Keys(m.refused)) {
		out.Refused = append(out.Refused, *m.refused[reason])
	}
	counts := map[kindKey]int{}
	for _, k := range m.shared {
		counts[k]++
	}
	for k, n := range counts {
		out.Shared = append(out.Shared, Count{k.typ, k.scope, n})
	}
	slices.SortFunc(out.Shared, func(a, b Count) int {
		return cmp.Or(cmp.Compare(m.e.index(a.Type), m.e.index(b.Type)), cmp.Compare(a.Scope, b.Scope))
	})
	return *out
}
