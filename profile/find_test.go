package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// findSchema is syncSchema with traits that are searchable.
func findSchema(names ...string) *Schema {
	s := syncSchema()
	for i := range s.Traits {
		s.Traits[i].Searchable = slices.Contains(names, s.Traits[i].Name)
	}
	return s
}

// anIndex has keys of the versions, the newest first.
func anIndex(t testing.TB, versions ...uint32) *seal.Index {
	var keys []seal.IndexKey
	for _, v := range versions {
		keys = append(keys, seal.IndexKey{Version: v, Key: slices.Repeat([]byte{byte(v)}, seal.KeyBytes)})
	}
	x, err := seal.NewIndex(keys...)
	require.NoError(t, err)
	return x
}

func openFind(t testing.TB, s store.Store, schema *Schema, x *seal.Index) *Profiles {
	t.Helper()
	p, err := Open(t.Context(), s, schema, &Options{Index: x, Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}})
	require.NoError(t, err)
	return p
}

// requireIndex: both keys of each blind index are there, nothing is left of atoms that were
// erased, and what any log states is in the index under the newest key; exact: nothing else is.
func requireIndex(t testing.TB, p *Profiles, exact bool) {
	t.Helper()
	f, err := p.reread(t.Context())
	require.NoError(t, err)
	type pair struct {
		atom  customer.AtomID
		blind [seal.BlindBytes]byte
	}
	found, back := map[pair]bool{}, map[pair]bool{}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('f'))) {
		require.NoError(t, err)
		require.Empty(t, e.Value)
		k := e.Key[len(key('f')):]
		found[pair{customer.AtomID(k[seal.BlindBytes:]), [seal.BlindBytes]byte(k)}] = true
	}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('b'))) {
		require.NoError(t, err)
		require.Empty(t, e.Value)
		k := e.Key[len(key('b')):]
		back[pair{customer.AtomID(k), [seal.BlindBytes]byte(k[len(customer.AtomID{}):])}] = true
	}
	require.Equal(t, found, back)
	for e, err := range p.s.Scan(t.Context(), store.Under(key('a'))) {
		require.NoError(t, err)
		a := customer.AtomID(e.Key[len(key('a')):])
		h, err := decodeHead(e)
		require.NoError(t, err)
		if !h.erased {
			want := map[pair]bool{}
			err := p.eachLogged(t.Context(), f, a, h, func(e *entry) {
				p.blinder(f.bound, false).entry(e, func(b []byte) { want[pair{a, [seal.BlindBytes]byte(b)}] = true })
			})
			require.NoError(t, err)
			for k := range want {
				require.True(t, found[k], "stated and not in the index")
				delete(back, k)
			}
		}
		for k := range back {
			if k.atom == a {
				require.False(t, exact || h.erased, "in the index and not stated; erased %v", h.erased)
				delete(back, k)
			}
		}
	}
	require.Empty(t, back, "of atoms without a log")
}

// requireFound: Find finds at a moment who has a value by his profile.
func requireFound(t testing.TB, p *Profiles, m Moment) (found int) {
	t.Helper()
	schema, _, err := p.Schema(t.Context())
	require.NoError(t, err)
	type wanted struct {
		trait string
		value customer.Value
	}
	want := map[wanted][]customer.ID{}
	for one, err := range p.All(t.Context(), m) {
		require.NoError(t, err)
		for _, r := range one.Traits {
			if i := slices.IndexFunc(schema.Traits, func(t Trait) bool { return t.Name == r.Name }); !schema.Traits[i].Searchable {
				continue
			}
			if !r.Value.IsUnset() && r.Value != customer.LabelsValue() {
				want[wanted{r.Name, r.Value}] = append(want[wanted{r.Name, r.Value}], one.Customer)
				found++
			}
			for label := range r.Value.Labels() {
				w := wanted{r.Name, customer.TextValue(label)}
				want[w] = append(want[w], one.Customer)
			}
		}
	}
	for w, ids := range want {
		got, err := p.Find(t.Context(), w.trait, w.value, m)
		require.NoError(t, err)
		require.Equal(t, ids, got, "%s", w.trait)
	}
	for _, trait := range schema.Traits {
		if trait.Searchable && trait.Kind == customer.KindText {
			got, err := p.Find(t.Context(), trait.Name, customer.TextValue("nobody's"), m)
			require.NoError(t, err)
			require.Empty(t, got)
		}
	}
	return found
}

func TestFind(t *testing.T) {
	text := customer.TextValue
	schema := &Schema{
		Location: "UTC",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "phone", Kind: customer.KindText, Sensitivity: Personal, Policy: []Rule{Union}, Searchable: true},
			{Name: "city", Kind: customer.KindText, Searchable: true},
			{Name: "limit", Kind: customer.KindDecimal, Searchable: true},
			{Name: "tags", Kind: customer.KindLabels, Policy: []Rule{Union}, Searchable: true},
			{Name: "born", Kind: customer.KindTime, Searchable: true},
			{Name: "plain", Kind: customer.KindText},
		},
	}
	p := openFind(t, minimal(), schema, anIndex(t, 1))
	f := newFakeFeed()
	now := f.now
	a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	f.created(a, fakeAtoms(1, 2)...)
	f.created(b, fakeAtom(3))
	f.created(c, fakeAtom(4))
	said := 0
	say := func(atom int, at time.Time, values ...customer.Field) {
		t.Helper()
		said++
		_, err := p.Add(t.Context(), at, Evidence{Atom: fakeAtom(atom), ID: fmt.Sprint(said), Source: "crm", Time: at, Values: values})
		require.NoError(t, err)
	}
	sync := func() {
		t.Helper()
		_, err := p.Sync(t.Context(), now, f)
		require.NoError(t, err)
	}
	find := func(trait string, v customer.Value, m Moment, want ...customer.ID) {
		t.Helper()
		got, err := p.Find(t.Context(), trait, v, m)
		require.NoError(t, err)
		require.Equal(t, want, got)
		requireIndex(t, p, true)
	}
	say(1, now, customer.Field{Name: "phone", Value: text("1")}, customer.Field{Name: "city", Value: text("X")})
	say(2, now, customer.Field{Name: "phone", Value: text("2")}, customer.Field{Name: "limit", Value: customer.Int64Value(7)})
	say(3, now, customer.Field{Name: "phone", Value: text("2")}, customer.Field{Name: "tags", Value: customer.LabelsValue("r", "s")}, customer.Field{Name: "born", Value: customer.TimeValue(now)})
	say(4, now, customer.Field{Name: "city", Value: text("X")}, customer.Field{Name: "tags", Value: customer.LabelsValue("s")})
	find("phone", text("1"), Moment{At: now}) // nobody's atom yet
	sync()
	at := func(seconds int) Moment { return Moment{At: now.Add(time.Duration(seconds) * time.Second)} }
	find("phone", text("1"), at(0), a)
	find("phone", text("2"), at(0), a, b)
	find("phone", customer.LabelsValue("2", "1"), at(0), a)
	find("phone", customer.LabelsValue("2"), at(0), b)
	find("city", text("X"), at(0), a, c)
	find("city", text("x"), at(0))
	find("limit", customer.DecimalValue(70, 1), at(0), a)
	find("tags", text("s"), at(0), b, c)
	find("tags", text("r"), at(0), b)
	find("born", customer.TimeValue(now), at(0), b)
	find("city", text("X"), at(-1))
	before := Moment{At: now, Known: f.now}

	now = now.Add(time.Hour)
	say(1, now, customer.Field{Name: "city", Value: text("Y")}) // which replaces the other
	f.now = now
	f.merged(b, a)
	sync()
	find("city", text("X"), at(0), c)
	find("city", text("X"), at(-3600), a, c)
	find("city", text("Y"), at(0), a)
	find("phone", text("2"), at(0), a)
	find("phone", text("2"), before, a, b)
	require.NoError(t, p.Retract(t.Context(), now, fakeAtom(4), "4"))
	find("tags", text("s"), at(0), a)
	find("tags", text("s"), before, b, c)
	f.erased(a)
	sync()
	find("phone", text("2"), at(0))
	find("phone", text("2"), before)
	find("tags", text("s"), before, c)
	require.NotContains(t, string(dumped(t.Context(), p.s, "fb")), fmt.Sprintf("%x", fakeAtom(1)))

	for _, bad := range []struct {
		trait string
		value customer.Value
		m     Moment
		field string
	}{
		{"phone", text("1"), Moment{}, "at"},
		{"nobody", text("1"), at(0), "trait"},
		{"plain", text("1"), at(0), "trait"},
		{"city", customer.Int64Value(1), at(0), "value"},
		{"city", customer.Value{}, at(0), "value"},
		{"city", customer.LabelsValue("X"), at(0), "value"},
		{"city", text("\xff"), at(0), "value"},
		{"tags", customer.LabelsValue(), at(0), "value"},
		{"tags", customer.BoolValue(true), at(0), "value"},
		{"phone", text("\xff"), at(0), "value"},
	} {
		_, err := p.Find(t.Context(), bad.trait, bad.value, bad.m)
		var in *InputError
		require.ErrorAs(t, err, &in)
		require.Equal(t, bad.field, in.Field)
	}
}

// Find agrees with what all profiles say, whatever happens to customers and evidence, now and
// as known in the past.
func TestFindAgreesWithProfiles(t *testing.T) {
	for seed := range race.Fewer[uint64](10, 3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newSyncWorld(t, seed)
			var s store.Store = new(store.Memory)
			if seed%2 == 0 {
				s = minimal()
			}
			p := openFind(t, s, findSchema("name", "city", "tags"), anIndex(t, 1))
			found := 0
			for range 8 {
				for range w.r.IntN(8) {
					w.change()
				}
				require.NoError(t, w.say(p, w.r.IntN(60)))
				w.now = w.now.Add(5 * time.Hour)
				if w.r.IntN(2) == 0 {
					id := fmt.Sprint(1 + w.r.IntN(w.said+1))
					for n := range w.atoms {
						if err := p.Retract(t.Context(), w.now, fakeAtom(n+1), id); !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrErased) {
							require.NoError(t, err)
						}
					}
				}
				_, err := p.Sync(t.Context(), w.now, w.feed)
				require.NoError(t, err)
				requireIndex(t, p, true)
				found += requireFound(t, p, Moment{At: w.now})
				found += requireFound(t, p, Moment{At: w.now, Known: w.now.Add(-time.Duration(w.r.IntN(40)) * time.Hour)})
				if past := w.feed.learned; len(past) > 0 {
					found += requireFound(t, p, Moment{At: w.now, Known: past[w.r.IntN(len(past))].at})
				}
			}
			require.Greater(t, found, 20)
		})
	}
}

// Of streams of which customers have slices what was stated is found of whom it is, and not
// after he was erased.
func TestFindInSlices(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newSliceWorld(t, 400+seed)
			s := minimal()
			schema := logSchema()
			schema.Traits[0].Searchable, schema.Traits[1].Searchable = true, true
			p := openFind(t, s, schema, anIndex(t, 1))
			found, said := 0, 0
			for range 12 {
				for range w.r.IntN(5) {
					w.change(true)
				}
				w.say(p, w.r.IntN(10))
				for range w.r.IntN(60) {
					said++
					w.now = w.now.Add(time.Minute)
					w.feed.now = w.now
					_, err := p.Add(t.Context(), w.now, Evidence{
						Atom: w.streams[w.r.IntN(len(w.streams))], ID: fmt.Sprint("s", said), Source: "crm", Time: w.moment(), Values: []customer.Field{
							{Name: "city", Value: customer.TextValue(fmt.Sprint("c", w.r.IntN(8)))}, {Name: "age", Value: customer.Int64Value(w.r.Int64N(5))},
						},
					})
					if !errors.Is(err, ErrErased) {
						require.NoError(t, err)
					}
				}
				w.sync(p)
				found += requireFound(t, p, Moment{At: w.now})
				if past := w.feed.learned; len(past) > 0 {
					found += requireFound(t, p, Moment{At: w.now, Known: past[w.r.IntN(len(past))].at})
				}
				requireIndex(t, p, true)
			}
			require.Greater(t, found, 20)
		})
	}
}

// A statement of more labels than fit into a commit.
func TestFindManyLabels(t *testing.T) {
	s := minimal()
	p := openFind(t, s, findSchema("tags"), nil)
	labels := make([]string, 3000)
	for i := range labels {
		labels[i] = fmt.Sprint(i)
	}
	f := newFakeFeed()
	f.created(customer.FromInt64(1), fakeAtom(1))
	var all []Evidence
	for i := range 5 {
		all = append(all, Evidence{
			Atom: fakeAtom(1), ID: fmt.Sprint(i), Source: "crm", Time: f.now,
			Values: []customer.Field{{Name: "tags", Value: customer.LabelsValue(labels[i*500 : i*500+1000]...)}},
		})
	}
	_, err := p.Add(t.Context(), f.now, all...)
	require.NoError(t, err)
	all[0].ID, all[0].Values[0].Value = "all", customer.LabelsValue(labels...)
	_, err = p.Add(t.Context(), f.now, all[0])
	require.NoError(t, err)
	_, err = p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	requireIndex(t, p, true)
	got, err := p.Find(t.Context(), "tags", customer.TextValue("2999"), Moment{At: f.now})
	require.NoError(t, err)
	require.Equal(t, []customer.ID{customer.FromInt64(1)}, got)
	f.erased(customer.FromInt64(1))
	_, err = p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	require.Empty(t, dumped(t.Context(), s, "fb"))
}

// While commits come to nothing, or nobody knows, and whatever call it is killed at.
func TestFindInBadWeather(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		w := newSyncWorld(t, 50+seed)
		s := &badWeather{Store: minimal(), rng: rand.New(rand.NewPCG(seed, 4)), calm: true}
		p := openFind(t, s, findSchema("name", "city", "tags"), anIndex(t, 1))
		persist := func(do func() error) {
			for range 100 {
				err := do()
				if err == nil {
					return
				}
				require.True(t, errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome), "%v", err)
			}
			require.Fail(t, "never succeeds")
		}
		for range 5 {
			for range 6 {
				w.change()
			}
			s.calm = false
			persist(func() error { return w.say(p, 20) })
			w.now = w.now.Add(time.Hour)
			persist(func() error { _, err := p.Sync(t.Context(), w.now, w.feed); return err })
			s.calm = true
			_, err := p.Sync(t.Context(), w.now, w.feed)
			require.NoError(t, err)
			requireIndex(t, p, true)
			requireFound(t, p, Moment{At: w.now})
		}
	}
}

// Erasing is killed at every commit: what is in the index is found by who goes on.
func TestIndexOfErasedKilled(t *testing.T) {
	for n := 0; ; n++ {
		s := minimal()
		p := openFind(t, s, findSchema("name", "city", "tags"), nil)
		w := newSyncWorld(t, 1)
		for range 12 {
			w.found()
		}
		require.NoError(t, w.say(p, 200))
		_, err := p.Sync(t.Context(), w.now, w.feed)
		require.NoError(t, err)
		require.NotEmpty(t, dumped(t.Context(), s, "f"))
		for _, id := range slices.Collect(maps.Keys(w.feed.truth())) {
			w.feed.erased(id)
		}
		killed := openFind(t, crashAfter(s, n, n%2 == 0), nil, nil)
		_, err = killed.Sync(t.Context(), w.now, w.feed)
		if err == nil {
			require.Greater(t, n, 5)
			require.Empty(t, dumped(t.Context(), s, "fb"))
			break
		}
		require.ErrorIs(t, err, errCrash)
		_, err = p.Sync(t.Context(), w.now, w.feed)
		require.NoError(t, err)
		require.Empty(t, dumped(t.Context(), s, "fb"))
	}
}

func TestFindErrors(t *testing.T) {
	s := newCutStore(new(store.Memory))
	p := openFind(t, s, findSchema("city"), anIndex(t, 2, 1))
	f := newFakeFeed()
	stream := customer.AtomID{0: 's'}
	f.slices[fakeAtom(1)] = customer.Slice{Atom: fakeAtom(1), Stream: stream, Since: sliceStart}
	f.created(customer.FromInt64(1), fakeAtom(1))
	_, err := p.Add(t.Context(), sliceStart, Evidence{Atom: stream, ID: "1", Source: "crm", Time: sliceStart, Values: []customer.Field{{Name: "city", Value: customer.TextValue("X")}}})
	require.NoError(t, err)
	_, err = p.Sync(t.Context(), sliceStart, f)
	require.NoError(t, err)
	for _, known := range []time.Time{{}, sliceStart} {
		failsEverywhere(t, s, 8, func() error {
			got, err := p.Find(t.Context(), "city", customer.TextValue("X"), Moment{At: sliceStart, Known: known})
			if err == nil {
				require.Equal(t, []customer.ID{customer.FromInt64(1)}, got)
			}
			return err
		})
	}
	for _, k := range [][]byte{append(foundKey(make([]byte, 20), fakeAtom(1)), 0), key('f', anIndex(t, 1).Blind("profile/city", p.blinder(p.schema.Load().bound, false).plain(customer.TextValue("X"))), []byte("short"))} {
		b := new(store.Batch)
		b.Put(k, nil)
		_, err := s.Commit(t.Context(), b)
		require.NoError(t, err)
	}
	_, err = p.Find(t.Context(), "city", customer.TextValue("X"), Moment{At: sliceStart})
	require.ErrorIs(t, err, store.ErrCorrupt)
	b := new(store.Batch)
	b.Put(key('b', fakeAtoms(1)[0][:], []byte("short")), nil)
	_, err = s.Commit(t.Context(), b)
	require.NoError(t, err)
	_, err = p.reindex(t.Context(), fakeAtom(1))
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.ErrorIs(t, p.unindex(t.Context(), fakeAtom(1)), store.ErrCorrupt)
}

func TestSearchableSchema(t *testing.T) {
	of := func(kind customer.Kind, policy ...Rule) *Schema {
		s := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}, Traits: []Trait{{Name: "t", Kind: kind, Policy: policy, Searchable: true}}}
		if lastRule(policy) == Custom {
			s.Traits[0].Custom = "f"
		}
		return s
	}
	for _, kind := range []customer.Kind{
		customer.KindBool, customer.KindInt64, customer.KindFloat64, customer.KindDecimal, customer.KindTime, customer.KindText, customer.KindLabels,
	} {
		require.NoError(t, of(kind).Validate())
	}
	for _, rule := range []Rule{Total, Custom} {
		err := of(customer.KindInt64, SourcePriority, rule).Validate()
		require.ErrorIs(t, err, ErrSchema)
		require.ErrorContains(t, err, "traits[0].searchable: is not for the rule "+rule.String())
	}
	data, err := json.Marshal(of(customer.KindText))
	require.NoError(t, err)
	require.Contains(t, string(data), `"searchable":true`)
	back := new(Schema)
	require.NoError(t, json.Unmarshal(data, back))
	require.Equal(t, of(customer.KindText), back)
	back.Traits[0].Searchable = false
	data, err = json.Marshal(back)
	require.NoError(t, err)
	require.NotContains(t, string(data), "searchable", "what is stored of schemas without is as it was")
}

// Values of all kinds are found as they are, and as nothing else.
func TestFindAllKinds(t *testing.T) {
	schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
	var ev []Evidence
	f := newFakeFeed()
	for n, v := range allKinds {
		if v.IsUnset() || v == customer.LabelsValue() {
			continue
		}
		name := fmt.Sprint("t", n)
		schema.Traits = append(schema.Traits, Trait{Name: name, Kind: v.Kind(), Searchable: true})
		for i := range 2 { // the second says something else
			f.created(customer.FromInt64(int64(2*n+i)), fakeAtom(2*n+i))
			value := v
			if i == 1 {
				value = otherValue(v)
			}
			ev = append(ev, Evidence{Atom: fakeAtom(2*n + i), ID: "1", Source: "crm", Time: f.now, Values: []customer.Field{{Name: name, Value: value}}})
		}
	}
	p := openFind(t, minimal(), schema, anIndex(t, 1))
	_, err := p.Add(t.Context(), f.now, ev...)
	require.NoError(t, err)
	_, err = p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	require.Equal(t, len(ev), requireFound(t, p, Moment{At: f.now}))
	requireIndex(t, p, true)
}

// otherValue is another one of the kind.
func otherValue(v customer.Value) customer.Value {
	switch v.Kind() {
	case customer.KindBool:
		b, _ := v.Bool()
		return customer.BoolValue(!b)
	case customer.KindInt64:
		return customer.Int64Value(123456)
	case customer.KindFloat64:
		return customer.Float64Value(1234.5)
	case customer.KindDecimal:
		return customer.DecimalValue(1234567, 3)
	case customer.KindTime:
		return customer.TimeValue(time.Unix(1234567, 0))
	case customer.KindText:
		return customer.TextValue("another")
	}
	return customer.LabelsValue("another", "one")
}
