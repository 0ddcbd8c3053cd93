package profile

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// secretSchema has what is protected and what is not side by side.
func secretSchema() *Schema {
	return &Schema{
		Location: "Asia/Shanghai", Retention: 300,
		Sources: []Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "phone", Kind: customer.KindText, Sensitivity: Personal, Searchable: true, Policy: []Rule{Oldest}, Check: Check{Pattern: "1[0-9]*"}},
			{Name: "tags", Kind: customer.KindLabels, Sensitivity: Sensitive, Searchable: true, Policy: []Rule{Union}},
			{Name: "account", Kind: customer.KindInt64, Sensitivity: Personal},
			{Name: "born", Kind: customer.KindTime, Sensitivity: Sensitive},
			{Name: "income", Kind: customer.KindDecimal, Sensitivity: Sensitive},
			{Name: "city", Kind: customer.KindText},
		},
		Events: []Event{{Name: "order", Fields: []Field{
			{Name: "amount", Kind: customer.KindInt64, Required: true},
			{Name: "address", Kind: customer.KindText, Sensitivity: Personal},
			{Name: "items", Kind: customer.KindLabels, Sensitivity: Sensitive},
			{Name: "payer", Kind: customer.KindInt64, Sensitivity: Personal},
		}}},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "addresses", Of: Top, Events: []string{"order"}, Field: "address", Limit: 3, Sensitivity: Personal},
			{Name: "items", Of: Distinct, Events: []string{"order"}, Field: "items"},
			{Name: "last_payer", Of: Last, Events: []string{"order"}, Field: "payer", Sensitivity: Personal},
			{Name: "first_address", Of: First, Events: []string{"order"}, Field: "address", Sensitivity: Personal},
		},
	}
}

// A plantation makes evidence whose protected values are all different, and knows them.
type plantation struct {
	r       *rand.Rand
	n       int
	planted [][]byte // what must not be found, in all forms
	now     time.Time
}

// text is a secret with characters that JSON and UTF-16 write in another way.
func (w *plantation) text(prefix string) string {
	w.n++
	s := fmt.Sprintf("%s%08d%s", prefix, w.r.IntN(1e8), "号<é")
	if prefix == "1" { // passes as a phone
		s = fmt.Sprintf("1%010d", w.r.Int64N(1e10))
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	var le, be []byte
	for _, u := range utf16.Encode([]rune(s)) {
		le, be = binary.LittleEndian.AppendUint16(le, u), binary.BigEndian.AppendUint16(be, u)
	}
	w.planted = append(w.planted, []byte(s), bytes.Trim(quoted, `"`), le, be)
	return s
}

// number is a secret of ten digits.
func (w *plantation) number() int64 {
	w.n++
	n := 1e9 + w.r.Int64N(9e9)
	w.plain(customer.Int64Value(n))
	w.planted = append(w.planted, fmt.Append(nil, n))
	return n
}

// plain plants the form that a value is stored in.
func (w *plantation) plain(v customer.Value) {
	x := wire.New("", 1)
	x.Reset()
	writeValue(x, v)
	w.planted = append(w.planted, x.Data())
}

func (w *plantation) evidence(atom customer.AtomID) Evidence {
	e := Evidence{
		Atom: atom, ID: fmt.Sprint("e", w.n, "-", w.r.IntN(1000)), Source: []string{"crm", "shop"}[w.r.IntN(2)],
		Time: w.now.Add(-time.Duration(w.r.Int64N(int64(400 * 24 * time.Hour)))).Truncate(time.Second),
	}
	add := func(name string, v customer.Value) { e.Values = append(e.Values, customer.Field{Name: name, Value: v}) }
	if w.r.IntN(3) > 0 {
		e.Event = "order"
		if w.r.IntN(8) > 0 {
			add("amount", customer.Int64Value(w.r.Int64N(100)))
		}
		add("address", customer.TextValue(w.text("Road ")))
		add("items", customer.LabelsValue(w.text("x"), w.text("y")))
		if w.r.IntN(4) > 0 {
			add("payer", customer.Int64Value(w.number()))
		} else { // of another kind
			add("payer", customer.TextValue(w.text("payer ")))
		}
	} else {
		phone := w.text([]string{"1", "not a phone "}[w.r.IntN(2)])
		add("phone", customer.TextValue(phone))
		add("tags", customer.LabelsValue(w.text("t")))
		add("account", customer.Int64Value(w.number()))
		born := customer.TimeValue(time.Unix(w.r.Int64N(1e9), 1+w.r.Int64N(1e9-2)))
		w.plain(born)
		add("born", born)
		income := customer.DecimalValue(w.number(), 2)
		w.plain(income)
		add("income", income)
		add("city", customer.TextValue("Shanghai"))
	}
	if w.r.IntN(5) == 0 {
		add("undeclared", customer.TextValue(w.text("what ")))
	}
	if w.r.IntN(9) == 0 {
		add(w.text("name "), customer.Int64Value(w.number()))
	}
	return e
}

// search looks for what was planted in keys, values and errors.
func (w *plantation) search(t *testing.T, s store.Store, errs []error) {
	t.Helper()
	var all bytes.Buffer
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all.Write(e.Key)
		all.WriteByte('\n')
		all.Write(e.Value)
		all.WriteByte('\n')
	}
	for _, err := range errs {
		fmt.Fprintf(&all, "%v %+v %#v\n", err, err, err)
	}
	for _, secret := range w.planted {
		if at := bytes.Index(all.Bytes(), secret); at >= 0 {
			begin := max(0, at-60)
			require.Failf(t, "found", "%q in %q", secret, all.Bytes()[begin:min(all.Len(), at+len(secret)+10)])
		}
	}
}

// A watched store keeps all keys and values that are ever written, also those that are deleted again. Safe for use by one goroutine.
type watched struct {
	store.Store
	written bytes.Buffer
}

func (s *watched) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	for _, w := range b.Writes {
		s.written.Write(w.Key)
		s.written.WriteByte('\n')
		s.written.Write(w.Value)
		s.written.WriteByte('\n')
	}
	return s.Store.Commit(ctx, b)
}

// wrong asks for what cannot be, with what is personal in the wrong place, and returns the errors.
func (w *plantation) wrong(t *testing.T, p *Profiles) (errs []error) {
	t.Helper()
	ctx, id, now := t.Context(), customer.FromInt64(1), Moment{At: w.now}
	note := func(err error) {
		t.Helper()
		require.Error(t, err)
		errs = append(errs, err)
	}
	e := w.evidence(fakeAtom(1))
	for _, change := range []func(e *Evidence){
		func(e *Evidence) { e.ID = "" }, // ids are readable
		func(e *Evidence) { e.Source = w.text("source ") + "\x00" }, func(e *Evidence) { e.Event = w.text("event ") + "\x00" },
		func(e *Evidence) { e.Time = time.Time{} }, func(e *Evidence) { e.Atom = customer.AtomID{} },
		func(e *Evidence) { e.Values = []customer.Field{{Name: w.text("name ") + "\x00"}} },
		func(e *Evidence) {
			name := w.text("name ")
			e.Values = []customer.Field{{Name: name, Value: customer.TextValue("a")}, {Name: name, Value: customer.TextValue("b")}}
		},
		func(e *Evidence) {
			e.Values = []customer.Field{{Name: "phone", Value: customer.TextValue(w.text("bad ") + "\xff")}}
		},
	} {
		bad := e
		change(&bad)
		if _, err := p.Add(ctx, w.now, bad); err != nil {
			errs = append(errs, err)
		}
	}
	require.Greater(t, len(errs), 5)
	note(p.Retract(ctx, w.now, fakeAtom(1), w.text("id ")))
	_, err := p.Find(ctx, "no such trait", customer.TextValue(w.text("1")), now)
	note(err)
	_, err = p.Find(ctx, "phone", customer.Int64Value(w.number()), now)
	note(err)
	for _, q := range []*TimelineQuery{{Events: []string{w.text("event ")}}, {After: w.text("after ")}, {Limit: -1}} {
		for _, err := range p.Timeline(ctx, id, now, q) {
			note(err)
		}
	}
	_, err = p.Table(ctx, now, "no such trait")
	note(err)
	note(p.WriteCSV(ctx, io.Discard, now, "no such trait"))
	note(p.WriteJSON(ctx, io.Discard, now, "no such trait"))
	return errs
}

// results are what has no personal data, as it is printed.
func (w *plantation) results(t *testing.T, p *Profiles, feed customer.Feed) (printed []byte) {
	t.Helper()
	ctx := t.Context()
	members, err := p.Members(ctx, customer.FromInt64(1))
	require.NoError(t, err)
	head, err := p.RowsHead(ctx)
	require.NoError(t, err)
	synced, err := p.Sync(ctx, w.now, feed)
	require.NoError(t, err)
	quality, err := p.Quality(ctx, w.now)
	require.NoError(t, err)
	sum, err := p.Add(ctx, w.now, w.evidence(fakeAtom(1)))
	require.NoError(t, err)
	for _, r := range []any{members, head, synced, *quality, sum} {
		printed = fmt.Appendf(printed, "%v %+v %#v\n", r, r, r)
	}
	return printed
}

// found returns what was planted and is in data, or nothing.
func (w *plantation) found(data []byte) string {
	for _, secret := range w.planted {
		if bytes.Contains(data, secret) {
			return fmt.Sprintf("%q", secret)
		}
	}
	return ""
}

// Errors, what is printed of results, and all that is ever written have nothing of what is protected, and what is searchable is found.
func TestSealedSaysNothing(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 1) {
		ctx := t.Context()
		s := &watched{Store: store.Limited(new(store.Memory), store.MinLimits)}
		p, err := Open(ctx, s, secretSchema(), withVault(t, s, &Options{Rows: []string{"orders", "phone", "tags"}}))
		require.NoError(t, err)
		w := &plantation{r: rand.New(rand.NewPCG(seed, 12)), now: logStart}
		feed := newFakeFeed()
		feed.created(customer.FromInt64(1), fakeAtoms(1, 2)...)
		var errs []error
		for range 20 {
			w.now = w.now.Add(time.Hour)
			_, err := p.Add(ctx, w.now, w.evidence(fakeAtom(1)), w.evidence(fakeAtom(2)))
			require.NoError(t, err)
			_, err = p.Sync(ctx, w.now, feed)
			require.NoError(t, err)
			errs = append(errs, w.wrong(t, p)...)
		}
		printed := w.results(t, p, feed)
		one, err := p.Profile(ctx, customer.FromInt64(1), Moment{At: w.now})
		require.NoError(t, err)
		ids, err := p.Find(ctx, "phone", one.Value("phone"), Moment{At: w.now})
		require.NoError(t, err)
		require.Equal(t, []customer.ID{customer.FromInt64(1)}, ids)
		for _, err := range errs {
			require.Empty(t, w.found(fmt.Appendf(nil, "%v %+v %#v", err, err, err)))
		}
		require.Empty(t, w.found(printed))
		require.Empty(t, w.found(s.written.Bytes()))
	}
}

// Nothing that the schema protects, and nothing that was set aside, can be read in the store or in an
// error: as text, as digits, as JSON, as UTF-16, or as values are stored. Nor is there a sum of
// what was said that a guess can be held against.
func TestSealedStoresNothingReadable(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 2) {
		ctx, s := t.Context(), store.Limited(new(store.Memory), store.MinLimits)
		p, err := Open(ctx, s, secretSchema(), withVault(t, s, &Options{Rows: []string{"orders", "phone", "tags", "addresses", "last_payer"}}))
		require.NoError(t, err)
		w := &plantation{r: rand.New(rand.NewPCG(seed, 11)), now: logStart}
		feed := newFakeFeed()
		feed.created(customer.FromInt64(1), fakeAtoms(1, 2)...)
		feed.created(customer.FromInt64(2), fakeAtoms(3)...)
		feed.created(customer.FromInt64(3), fakeAtoms(4, 5)...)
		var errs []error
		note := func(err error) {
			if err != nil {
				errs = append(errs, err)
			}
		}
		var sums [][]byte
		var said []Evidence
		for range 60 {
			w.now = w.now.Add(time.Hour)
			var some []Evidence
			for range 1 + w.r.IntN(12) {
				some = append(some, w.evidence(fakeAtom(1+w.r.IntN(5)*w.r.IntN(2))))
			}
			said = append(said, some...)
			_, err := p.Add(ctx, w.now, some...)
			require.NoError(t, err)
			again := said[w.r.IntN(len(said))]
			_, err = p.Add(ctx, w.now, again)
			note(err)
			again.Values = append([]customer.Field{{Name: "city", Value: customer.TextValue(w.text("other "))}}, again.Values...)
			_, err = p.Add(ctx, w.now, again)
			note(err)
			if w.r.IntN(4) == 0 {
				gone := said[w.r.IntN(len(said))]
				note(p.Retract(ctx, w.now, gone.Atom, gone.ID))
			}
			if w.r.IntN(9) == 0 {
				_, err := p.Sync(ctx, w.now, feed)
				require.NoError(t, err)
			}
		}
		for i := range said {
			g := given{Evidence: &said[i]}
			require.NoError(t, g.check(wire.New("", 1)))
			secret := said[i].Event != "" || len(said[i].Values) > 0
			if secret {
				void := g.sum
				void[sumSize-1] |= voidBit
				sums = append(sums, g.sum[:], void[:])
			}
		}
		check := func() {
			t.Helper()
			w.search(t, s, errs)
			(&plantation{planted: sums}).search(t, s, nil)
		}
		_, err = p.Sync(ctx, w.now, feed)
		require.NoError(t, err)
		check()
		heads, err := p.heads(ctx, fakeAtoms(1))
		require.NoError(t, err)
		require.Positive(t, heads[0].pages)
		require.Positive(t, heads[0].parts)
		aside, err := p.SetAside(ctx, fakeAtom(1))
		require.NoError(t, err)
		require.NotEmpty(t, aside)
		_, err = p.Purge(ctx, w.now)
		require.NoError(t, err)
		_, err = p.Sync(ctx, w.now, feed)
		require.NoError(t, err)
		check()
		// What was planted is what is found where nothing is sealed.
		one, err := p.Profile(ctx, customer.FromInt64(1), Moment{At: w.now})
		require.NoError(t, err)
		phone, _ := one.Value("phone").Text()
		require.True(t, strings.HasPrefix(phone, "1"))
		require.Contains(t, string(bytes.Join(w.planted, []byte("\n"))), phone)
		require.True(t, len(errs) > 0 && errors.Is(errors.Join(errs...), ErrReused))
		b := new(store.Batch)
		b.Put([]byte("z"), []byte(phone))
		_, err = s.Commit(ctx, b)
		require.NoError(t, err)
		require.True(t, inStore(t, s, phone), "the search finds it")
	}
}
