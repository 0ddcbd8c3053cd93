package subject

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func (w *world) everything() map[string]string {
	all := map[string]string{}
	for e, err := range w.s.Scan(w.t.Context(), store.Range{}) {
		require.NoError(w.t, err)
		all[string(e.Key)] = string(e.Value)
	}
	return all
}

func (w *world) put(key string, value []byte) {
	b := new(store.Batch)
	b.Put([]byte(key), value)
	_, err := w.s.Commit(w.t.Context(), b)
	require.NoError(w.t, err)
}

// restore puts a key back as it was, or deletes it if it was not there.
func (w *world) restore(key string, all map[string]string) {
	value, there := all[key]
	if there {
		w.put(key, []byte(value))
		return
	}
	b := new(store.Batch)
	b.Delete([]byte(key))
	_, err := w.s.Commit(w.t.Context(), b)
	require.NoError(w.t, err)
}

// Every entry that an erasure changed or deleted is a fault when it is there again, if it is the person's.
func TestProveFindsWhatIsPutBack(t *testing.T) {
	for _, keys := range []bool{true, false} {
		t.Run(fmt.Sprintf("keys %t", keys), func(t *testing.T) {
			w := open(t, new(store.Memory), keys)
			w.orders = 250
			anna := w.person("anna", 0)
			w.orders = 4
			w.person("berta", 20)
			w.sync(minute(100))
			before := w.everything()
			e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
			require.NoError(t, err)
			after := w.everything()
			faults, passed := map[string]int{}, map[string]int{}
			for _, key := range slices.Sorted(maps.Keys(before)) {
				if value, there := after[key]; there && value == before[key] {
					continue
				}
				w.put(key, []byte(before[key]))
				for _, v := range w.subjects.parts.Vaults {
					v.Forget(e.memory.atoms...)
				}
				p, err := w.subjects.Prove(t.Context(), minute(120), e)
				require.NoError(t, err)
				kind := readKept(store.Entry{Key: []byte(key), Value: []byte(before[key])}).label
				if kind == "identity/ref" {
					kind = key[:5]
				}
				if p.Err() != nil {
					require.ErrorIs(t, p.Err(), ErrLeft)
					faults[kind]++
				} else if theirs(e, key+before[key]) {
					passed[kind]++
				}
				if kind == "key" && p.Err() != nil {
					require.Equal(t, 1, p.Keys.Live)
				}
				w.restore(key, after)
			}
			t.Log("faults", faults, "no faults", passed)
			for _, kind := range []string{
				"identity/observation", "identity/evidence", "id/u/", "id/r/", "id/v/", "profile/head", "profile/customer", "profile/member", "profile/row",
				"profile/page", "profile/id", "profile/partial", "profile/slice", "consent/head", "pf/",
			} {
				require.Positive(t, faults[kind], kind)
			}
			if keys {
				require.Equal(t, 4, faults["key"], "each that there was")
			}
			require.Empty(t, passed)
		})
	}
}

// theirs tells whether something is of whom was erased.
func theirs(e *Erasure, data string) bool {
	for _, id := range e.memory.customers {
		if strings.Contains(data, string(id[:])) {
			return true
		}
	}
	for _, a := range e.memory.atoms {
		if strings.Contains(data, string(a[:])) {
			return true
		}
	}
	for _, p := range e.memory.probes {
		for _, form := range p.forms {
			if strings.Contains(data, string(form)) {
				return true
			}
		}
	}
	return false
}

// A key that comes back with what is sealed under it opens.
func TestProveOpens(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	w.sync(minute(100))
	before := w.everything()
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	for key, value := range before {
		w.put(key, []byte(value))
	}
	p, err := w.subjects.Prove(t.Context(), minute(120), e)
	require.NoError(t, err)
	require.Positive(t, p.Keys.Live)
	require.Greater(t, p.Keys.Opened, 10)
	require.ErrorContains(t, p.Err(), "sealed values open")
}

// Values in the clear are found in whatever form, wherever they are.
func TestProveFindsValues(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	w.sync(minute(100))
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	again, err := w.subjects.Erased(t.Context(), "DSR-anna")
	require.NoError(t, err)
	require.Equal(t, e.Atoms, again.Atoms)
	for name, value := range map[string]string{
		"text":      "x name-anna x",
		"label":     "allergy-anna",
		"UTF-16":    utf16LE("name-anna"),
		"digits":    "phone 13912345678",
		"set aside": `{"value":"undeclared-anna"}`,
		"evidence":  "evidence-anna-1",
		"field":     "address-anna",
		"birthday":  "born 1996-03-09",
		"id":        anna.String(),
		"atom":      e.Atoms[0].String(),
		"raw atom":  string(e.Atoms[0][:]),
	} {
		t.Run(name, func(t *testing.T) {
			w.put("app/cache/1", []byte(value))
			p, err := w.subjects.Prove(t.Context(), minute(120), e)
			require.NoError(t, err)
			require.ErrorContains(t, p.Err(), "app/")
			require.NotContains(t, p.Err().Error(), "anna ", "no value")
			for _, s := range planted("anna") {
				require.NotContains(t, p.Err().Error(), s)
			}
			// Who does not know the person looks for ids alone.
			p, err = w.subjects.Prove(t.Context(), minute(120), again)
			require.NoError(t, err)
			require.Zero(t, p.Values)
			require.Equal(t, name == "id" || strings.Contains(name, "atom"), p.Err() != nil)
			w.put("app/cache/1", nil)
		})
	}
	w.put("anna/name-anna", nil) // a key alone, which is not told
	p, err := w.subjects.Prove(t.Context(), minute(120), e)
	require.NoError(t, err)
	require.Error(t, p.Err())
	data, err := json.Marshal(p)
	require.NoError(t, err)
	require.NotContains(t, string(data), "anna/")
}

func utf16LE(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// What is printed of an erasure, and of what is found, has nothing of the person.
func TestNothingIsPrinted(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	w.sync(minute(100))
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	require.NotEmpty(t, e.memory.probes)
	p, err := w.subjects.Prove(t.Context(), minute(120), e)
	require.NoError(t, err)
	data, err := json.Marshal(e)
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", e, e, e, *e, *e, *e, data) + fmt.Sprintf("%+v", p)
	for _, s := range append(planted("anna"), "13912345678") {
		require.NotContains(t, printed, s)
	}
	_, _, err = w.log.Seal(t.Context(), minute(121))
	require.NoError(t, err)
	for entry, err := range w.log.Entries(t.Context(), nil) {
		require.NoError(t, err)
		data, err := json.Marshal(entry)
		require.NoError(t, err)
		for _, s := range planted("anna") {
			require.NotContains(t, string(data), s)
		}
	}
}

// How values are looked for.
func TestForms(t *testing.T) {
	days, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	m := &memory{known: map[string]bool{}, words: []byte(`{"in":["female"]}`)}
	m.text("name", "王小红\"")
	m.value("birthday", customer.TimeValue(time.Date(1996, 3, 8, 16, 0, 0, 0, time.UTC)), days)
	m.value("score", customer.Float64Value(1234.75), days)
	m.evidence("v1", true)
	m.text("phone", "+86 139-1234-5678")
	hash := sha256.Sum256([]byte("v1"))
	for i, want := range [][]string{
		{"王小红\"", `王小红\"`, `\u738b\u5c0f\u7ea2\"`, utf16LE("王小红\"")},
		{"1996-03-08", "1996-03-09"},
		{"1234.75"},
		{string(hash[:8])},
		{"+86 139-1234-5678", "8613912345678"},
	} {
		var forms []string
		for _, form := range m.probes[i].forms {
			forms = append(forms, string(form))
		}
		require.Subset(t, forms, want)
	}
	m.text("gender", "female") // as the schema says
	m.text("name", "Ann")
	m.text("none", "")
	require.Len(t, m.probes, 5)
	require.Equal(t, 2, m.short)
}

func TestNeedles(t *testing.T) {
	var n needles
	n.add([]byte("abcd"), 1)
	n.add([]byte("abcdef"), 2)
	n.add([]byte("bcde"), 3)
	for data, want := range map[string][]int{
		"": nil, "abc": nil, "abcd": {1}, "xabcdefx": {1, 2, 3}, "abcdabcd": {1, 1}, "ab cdef": nil,
	} {
		var got []int
		n.find([]byte(data), func(what int) { got = append(got, what) })
		require.Equal(t, want, got, data)
	}
}

func TestProveAfterReturn(t *testing.T) {
	for _, keys := range []bool{true, false} {
		w := open(t, new(store.Memory), keys)
		anna := w.person("anna", 0)
		w.person("berta", 20)
		require.NoError(t, w.graph.Relate(t.Context(), identity.Relation{ID: "relation-1", Kind: "household", From: record("anna", 1), To: record("berta", 1), Since: minute(5)}))
		e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
		require.NoError(t, err)
		r := w.do(identity.Observation{
			ID: "back-again", Source: "shop", Record: "record-anna-1", Time: minute(300),
			Identifiers: []identity.Identifier{verified("account", "account-anna"), verified("phone", "13912345678")},
		}, nil)
		require.NotEqual(t, anna, r.Customer)
		require.NoError(t, w.graph.Relate(t.Context(), identity.Relation{ID: "relation-2", Kind: "household", From: record("anna", 1), To: record("berta", 1), Since: minute(5)}))
		p, err := w.subjects.Prove(t.Context(), minute(318), e)
		require.NoError(t, err)
		require.NoError(t, p.Err())
	}
}

func TestProveOfAnID(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	p, err := w.subjects.Prove(t.Context(), minute(111), &Erasure{ID: e.ID, Customer: e.Customer})
	require.NoError(t, err)
	require.Equal(t, 1+3, p.Names, "the customer and its atoms")
}

func TestProveKnowsTheSchema(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	_, atom, err := w.graph.Lookup(t.Context(), record("anna", 1))
	require.NoError(t, err)
	_, err = w.profiles.Add(t.Context(), minute(50), profile.Evidence{Atom: atom, ID: "g", Source: "shop", Time: minute(50), Values: []customer.Field{text("name", "birthday")}})
	require.NoError(t, err)
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	p, err := w.subjects.Prove(t.Context(), minute(111), e)
	require.NoError(t, err)
	require.NoError(t, p.Err())
}

func TestProveUnderPrefix(t *testing.T) {
	for _, keys := range []bool{false, true} {
		raw := new(store.Memory)
		s, err := store.Prefixed(raw, []byte("tenant/"))
		require.NoError(t, err)
		w := open(t, s, keys)
		w.orders = 200
		anna := w.person("anna", 0)
		w.sync(minute(100))
		before := w.everything()
		x, err := Open(w.s, Parts{Graph: w.graph, Profiles: w.profiles, Consents: w.consents, Log: w.log, Vaults: []*seal.Vault{w.vault}}, &Options{Stores: []store.Store{raw}})
		require.NoError(t, err)
		e, err := x.Erase(t.Context(), minute(110), request(anna, "anna"))
		require.NoError(t, err)
		p, err := x.Prove(t.Context(), minute(111), e)
		require.NoError(t, err)
		require.NoError(t, p.Err())
		for k, v := range before {
			if strings.HasPrefix(k, "pf/e/") {
				w.put(k, []byte(v))
			}
		}
		p, err = x.Prove(t.Context(), minute(111), e)
		require.NoError(t, err)
		for _, f := range p.Found {
			require.False(t, f.Elsewhere, f.What)
		}
	}
}

func TestProveFindsShortIDs(t *testing.T) {
	for _, keys := range []bool{true, false} {
		w := open(t, new(store.Memory), keys)
		anna := w.do(identity.Observation{ID: "1", Source: "web", Time: minute(1), Identifiers: []identity.Identifier{verified("cookie", "tablet"), verified("account", "a")}},
			func(r identity.Resolution) []profile.Evidence {
				return []profile.Evidence{{Atom: r.Stream, ID: "v1", Source: "web", Event: "visit", Time: minute(1), Values: []customer.Field{text("query", "query-anna")}}}
			})
		w.do(identity.Observation{ID: "2", Source: "web", Time: minute(2), Identifiers: []identity.Identifier{verified("cookie", "tablet"), verified("account", "b")}},
			func(r identity.Resolution) []profile.Evidence {
				return []profile.Evidence{{Atom: r.Stream, ID: "v2", Source: "web", Event: "visit", Time: minute(2), Values: []customer.Field{text("query", "query-berta")}}}
			})
		w.sync(minute(100))
		head := "pf/a/" + string(anna.Stream[:])
		before := w.everything()[head]
		e, err := w.subjects.Erase(t.Context(), minute(110), request(anna.Customer, "anna"))
		require.NoError(t, err)
		p, err := w.subjects.Prove(t.Context(), minute(111), e)
		require.NoError(t, err)
		require.NoError(t, p.Err())
		w.put(head, []byte(before))
		p, err = w.subjects.Prove(t.Context(), minute(111), e)
		require.NoError(t, err)
		require.Error(t, p.Err())
	}
}
