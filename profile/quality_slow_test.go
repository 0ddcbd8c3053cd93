package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// Quality agrees with its definitions, word by word, on random pasts and stores.
func TestQualitySlow(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 3) {
		s := []store.Store{new(store.Memory), store.Limited(new(store.Memory), store.MinLimits)}[seed%2]
		schema := readsSchema()
		schema.Traits[1].Refresh, schema.Traits[3].Refresh = 60, 1
		schema.Traits[5].Check = Check{Least: customer.Int64Value(0), Most: customer.Int64Value(999)}
		schema.Retention = int(seed%3) * 50
		w := newReadsWorld(t, s, seed, schema, &Options{Workers: 1 + int(seed%3)})
		w.build(25)
		w.say(300, w.feed.members(w.one())...) // so that atoms have pages
		for i := range 20 {                    // again under another id
			e := w.said[w.rand.IntN(len(w.said))].Evidence
			e.ID += fmt.Sprint(" again ", i)
			_, err := w.p.Add(t.Context(), w.feed.now, e)
			require.NoError(t, err)
			w.said = append(w.said, readsSaid{Evidence: e, learned: w.feed.now})
		}
		w.soil(60)
		w.sync(w.p, w.feed)
		for _, at := range []time.Time{w.feed.now, w.moment().At} {
			got, err := w.p.Quality(t.Context(), at)
			require.NoError(t, err)
			require.Equal(t, slowQuality(w, schema, at), got)
			require.Greater(t, len(got.Rejected), 5)
		}
	}
}

// soil adds evidence with values that are set aside; what was said is the rest.
func (w *readsWorld) soil(n int) {
	for range n {
		e := w.evidence(fakeAtom(1 + w.rand.IntN(w.atoms)))
		told := e
		told.Values = slices.Clone(e.Values)
		reject := func(name string, r Reason, v customer.Value) {
			told.Values = append(told.Values, customer.Field{Name: name, Value: v})
			if r == Undeclared {
				name = ""
			}
			w.soiled = append(w.soiled, readsSoiled{e.Atom, Rejection{Source: e.Source, Name: name, Reason: r, Values: 1}})
		}
		whole := false
		switch i := slices.IndexFunc(told.Values, func(f customer.Field) bool { return f.Name == "amount" }); {
		case i >= 0 && w.rand.IntN(2) == 0: // nothing of it is kept
			whole = true
			told.Values = slices.Delete(told.Values, i, i+1)
			w.soiled = append(w.soiled, readsSoiled{e.Atom, Rejection{Source: e.Source, Name: "amount", Reason: Incomplete, Values: 1}})
		case e.Event == "" && !slices.ContainsFunc(e.Values, func(f customer.Field) bool { return f.Name == "points" }):
			if w.rand.IntN(2) == 0 {
				reject("points", OutOfRange, customer.Int64Value(-1))
			} else {
				reject("points", WrongKind, customer.TextValue("many"))
			}
		}
		if w.rand.IntN(2) == 0 {
			reject(fmt.Sprint("unheard of ", w.rand.IntN(3)), Undeclared, customer.Int64Value(1))
		}
		_, err := w.p.Add(w.t.Context(), w.feed.now, told)
		require.NoError(w.t, err)
		if !whole {
			w.said = append(w.said, readsSaid{Evidence: e, learned: w.feed.now})
		}
	}
}

// slowQuality goes through everything that was said once for each number.
func slowQuality(w *readsWorld, schema *Schema, at time.Time) *Quality {
	loc := tasteZone(w.t, schema.Location)
	age := func(u time.Time) int { return int(civil.DayOf(at, loc) - civil.DayOf(u, loc)) }
	live := w.atomsAt(time.Time{})
	owner := map[customer.AtomID]customer.ID{}
	for id, atoms := range live {
		for _, a := range atoms {
			owner[a] = id
		}
	}
	var said []readsSaid
	for _, e := range w.said {
		if _, owned := owner[e.Atom]; owned && !e.Time.After(at) && e.retracted.IsZero() &&
			(e.Event == "" || schema.Retention == 0 || age(e.Time) < schema.Retention) {
			said = append(said, e)
		}
	}
	slices.SortStableFunc(said, func(a, b readsSaid) int {
		return cmp.Or(a.Time.Compare(b.Time), a.learned.Compare(b.learned), cmp.Compare(a.ID, b.ID), slices.Compare(b.Atom[:], a.Atom[:]))
	})
	// states is the latest statement of those that are asked for, if it has a value.
	states := func(trait string, of func(e readsSaid) bool) (e readsSaid, v customer.Value) {
		for _, s := range said {
			if s.Event != "" || !of(s) {
				continue
			}
			for _, f := range s.Values {
				if f.Name == trait {
					e, v = s, f.Value
				}
			}
		}
		return e, v
	}
	var atoms []customer.AtomID
	for a := range owner {
		atoms = append(atoms, a)
	}
	q := &Quality{At: at.Truncate(time.Microsecond).UTC(), Schema: 1, Customers: int64(len(live)), Atoms: int64(len(atoms))}
	resolved := map[customer.ID]*Profile{}
	for id := range live {
		one, err := w.p.Profile(w.t.Context(), id, Moment{At: at})
		require.NoError(w.t, err)
		resolved[id] = one
	}
	for _, source := range schema.Sources {
		s := SourceQuality{Source: source.Name, Channel: cmp.Or(source.Channel, source.Name)}
		customers, newest, things := map[customer.ID]bool{}, map[customer.AtomID]time.Time{}, map[string]bool{}
		for _, e := range said {
			if e.Source != source.Name {
				continue
			}
			s.Evidence++
			customers[owner[e.Atom]] = true
			newest[e.Atom], s.Newest = e.Time, e.Time
			values := slices.Clone(e.Values)
			slices.SortFunc(values, func(a, b customer.Field) int { return cmp.Compare(a.Name, b.Name) })
			var thing strings.Builder
			thing.WriteString(fmt.Sprint(owner[e.Atom], e.Event, e.Time))
			for _, f := range values {
				data, _ := f.Value.MarshalJSON()
				thing.WriteString(fmt.Sprintf("%q%q", f.Name, data))
			}
			if things[thing.String()] {
				s.Repeated.N++
			}
			things[thing.String()] = true
			if e.Event != "" {
				if s.Events == nil {
					s.Events = map[string]int64{}
				}
				s.Events[e.Event]++
			}
		}
		for _, e := range w.said { // whether it counts or not
			if _, owned := owner[e.Atom]; owned && e.Source == source.Name {
				s.Valid.N += int64(len(e.Values))
			}
		}
		s.Valid.Of, s.Repeated.Of = s.Valid.N, s.Evidence
		for _, x := range w.soiled {
			if _, owned := owner[x.atom]; owned && x.Source == source.Name {
				s.Valid.Of++
			}
		}
		s.Customers, s.Atoms = int64(len(customers)), int64(len(newest))
		s.Surplus = Portion{s.Atoms - s.Customers, s.Atoms}
		if s.Evidence > 0 {
			s.Newest = s.Newest.UTC()
		}
		var ages []int
		for _, u := range newest {
			ages = append(ages, age(u))
		}
		if slices.Sort(ages); len(ages) > 0 {
			s.Age = Ages{ages[rankOf(0.5, len(ages))], ages[rankOf(0.9, len(ages))], ages[len(ages)-1]}
		}
		for _, trait := range schema.Traits {
			c := SourceTrait{Trait: trait.Name, Stated: Portion{0, s.Atoms}}
			for a := range newest {
				if e, v := states(trait.Name, func(e readsSaid) bool { return e.Atom == a && e.Source == source.Name }); !v.IsUnset() {
					c.Stated.N++
					if trait.Refresh > 0 {
						c.Stale.Of++
						if age(e.Time) >= trait.Refresh {
							c.Stale.N++
						}
					}
				}
			}
			for id := range customers {
				v := slowStated(states, trait.Name, live[id], func(e readsSaid) bool { return e.Source == source.Name }).value
				if v.IsUnset() || slices.Contains(trait.Policy, Total) {
					continue
				}
				c.Agreed.Of++
				all := true
				for l := range v.Labels() {
					all = all && slices.Contains(slices.Collect(resolved[id].Value(trait.Name).Labels()), l)
				}
				if v == resolved[id].Value(trait.Name) || slices.Contains(trait.Policy, Union) && all {
					c.Agreed.N++
				}
			}
			s.Traits = append(s.Traits, c)
		}
		q.Sources = append(q.Sources, s)
	}
	for _, trait := range schema.Traits {
		c := TraitQuality{Trait: trait.Name, Known: Portion{0, q.Customers}}
		for id, atoms := range live {
			if !resolved[id].Value(trait.Name).IsUnset() {
				c.Known.N++
			}
			stated, stale := false, true
			channels := map[string]customer.Value{}
			for _, source := range schema.Sources {
				says := slowStated(states, trait.Name, atoms, func(e readsSaid) bool { return e.Source == source.Name })
				if says.value.IsUnset() {
					continue
				}
				stated = true
				stale = stale && age(says.time) >= trait.Refresh
				channel := cmp.Or(source.Channel, source.Name)
				channels[channel] = slowStated(states, trait.Name, atoms, func(e readsSaid) bool {
					return slices.ContainsFunc(schema.Sources, func(s Source) bool { return s.Name == e.Source && cmp.Or(s.Channel, s.Name) == channel })
				}).value
			}
			if stated && trait.Refresh > 0 {
				c.Stale.Of++
				if stale {
					c.Stale.N++
				}
			}
			if len(channels) >= 2 {
				c.Consistent.Of++
				same := map[customer.Value]bool{}
				for _, v := range channels {
					same[v] = true
				}
				if len(same) == 1 {
					c.Consistent.N++
				}
			}
		}
		q.Traits = append(q.Traits, c)
	}
	for _, x := range w.soiled {
		if _, owned := owner[x.atom]; !owned {
			continue
		}
		same := func(r Rejection) bool { return r.Source == x.Source && r.Name == x.Name && r.Reason == x.Reason }
		if i := slices.IndexFunc(q.Rejected, same); i >= 0 {
			q.Rejected[i].Values++
		} else {
			q.Rejected = append(q.Rejected, x.Rejection)
		}
	}
	slices.SortFunc(q.Rejected, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
	})
	return q
}

type slowStatement struct {
	value customer.Value
	time  time.Time
}

// slowStated is the latest of what some sources state of each atom of a customer.
func slowStated(states func(string, func(readsSaid) bool) (readsSaid, customer.Value), trait string, atoms []customer.AtomID, of func(readsSaid) bool) (s slowStatement) {
	var latest readsSaid
	for _, a := range atoms {
		for _, source := range []string{"crm", "shop", "app"} {
			e, v := states(trait, func(e readsSaid) bool { return e.Atom == a && e.Source == source && of(e) })
			if v.IsUnset() {
				continue
			}
			if s.value.IsUnset() || cmp.Or(latest.Time.Compare(e.Time), latest.learned.Compare(e.learned), cmp.Compare(latest.ID, e.ID)) < 0 {
				latest, s = e, slowStatement{v, e.Time}
			}
		}
	}
	return s
}
