package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

func TestView(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())

	v, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	require.Equal(t, id, v.Customer)
	require.Equal(t, noon, v.At)
	require.Equal(t, []string{"birthday", "favourite", "name", "phone"}, names(v, Masked, 0))
	require.Equal(t, []string{"city", "interests", "orders", "resolved"}, names(v, Plain, 0))
	require.Equal(t, []string{"illness"}, names(v, Denied, NoGrant))
	var order []string
	for _, f := range v.Fields {
		order = append(order, f.Name)
	}
	require.Equal(t, []string{"name", "phone", "illness", "city", "interests", "birthday", "orders", "favourite", "resolved"}, order)

	city, err := v.Value("city")
	require.NoError(t, err)
	require.Equal(t, customer.TextValue("广州"), city)
	_, err = v.Value("phone")
	require.ErrorIs(t, err, ErrMasked)
	require.NotErrorIs(t, err, ErrDenied)
	_, err = v.Value("illness")
	require.ErrorIs(t, err, ErrDenied)
	require.NotErrorIs(t, err, ErrConsent)
	_, err = v.Value("fone")
	require.ErrorIs(t, err, ErrInput)
	phone, err := v.Field("phone")
	require.NoError(t, err)
	require.Equal(t, customer.Text{EN: "Phone", ZH: "电话"}, phone.Label)
	masked, err := phone.Masked()
	require.NoError(t, err)
	require.Equal(t, MaskedText{Phone, "+86139****5670"}, masked)
	favourite, err := v.Field("favourite")
	require.NoError(t, err)
	masked, err = favourite.Masked()
	require.NoError(t, err)
	require.Equal(t, MaskedText{Hidden, "***"}, masked)
	birthday, err := v.Field("birthday") // of which there is none
	require.NoError(t, err)
	masked, err = birthday.Masked()
	require.NoError(t, err)
	require.Equal(t, MaskedText{Date, ""}, masked)
	illness, err := v.Field("illness")
	require.NoError(t, err)
	_, err = illness.Masked()
	require.ErrorIs(t, err, ErrDenied)
	plain, err := v.Field("city")
	require.NoError(t, err)
	_, err = plain.Masked()
	require.ErrorIs(t, err, ErrInput)

	all := w.entries()
	require.Len(t, all, 1)
	e := all[0].Entry
	e.ID = [16]byte{}
	require.Equal(t, audit.Entry{
		Time: noon, Actor: "emp-7", Action: ActionView, Purpose: "service", Customer: id,
		Details: []audit.Detail{{Name: "role", Text: "agent"}, {Name: "ticket", Text: "case 1024"}, {Name: "masked", Text: "name, phone, birthday, favourite"}},
	}, e)
}

func TestViewJSON(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	v, err := w.open(shopPolicy()).View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	data, err := json.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, `{"customer":"`+id.String()+`","at":"2026-03-10T12:00:00Z","role":"agent","purpose":"service","fields":[
		{"name":"name","label":{"en":"Name","zh":"姓名"},"sensitivity":"personal","show":"masked","masked":{"mask":"name","text":"欧阳**"}},
		{"name":"phone","label":{"en":"Phone","zh":"电话"},"sensitivity":"personal","show":"masked","masked":{"mask":"phone","text":"+86139****5670"}},
		{"name":"illness","sensitivity":"sensitive","show":"denied","reason":"no grant"},
		{"name":"city","sensitivity":"public","show":"plain","value":"广州"},
		{"name":"interests","sensitivity":"internal","show":"plain","value":["tea"]},
		{"name":"birthday","sensitivity":"personal","show":"masked","masked":{"mask":"date","text":""}},
		{"name":"orders","sensitivity":"public","show":"plain","value":1},
		{"name":"favourite","sensitivity":"personal","show":"masked","masked":{"mask":"hidden","text":"***"}},
		{"name":"resolved","sensitivity":"public","show":"plain","value":0}]}`, string(data))
	for _, s := range []string{string(data), fmt.Sprint(v), fmt.Sprintf("%+v", *v), fmt.Sprintf("%v", v.Fields), fmt.Sprintf("%#v", *v)} {
		for _, secret := range []string{"planted", "娜娜", "12345"} {
			require.NotContains(t, s, secret)
		}
	}
}

// Who gets the JSON has what was shown, and no empty values in place of it.
func TestViewJSONIsReadBack(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	for _, by := range []Reader{agent, manager, offering} {
		v, err := g.View(ctx, noon, by, id, profile.Moment{})
		require.NoError(t, err)
		data, err := json.Marshal(v)
		require.NoError(t, err)
		var back View
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, v, &back)
	}
	for name, bad := range map[string]string{
		"value of a masked field":    `{"name":"a","sensitivity":"personal","show":"masked","value":"secret","masked":{"mask":"name","text":"*"}}`,
		"masked without text":        `{"name":"a","sensitivity":"personal","show":"masked"}`,
		"masked of a plain field":    `{"name":"a","sensitivity":"personal","show":"plain","masked":{"mask":"name","text":"secret"}}`,
		"value of a denied field":    `{"name":"a","sensitivity":"personal","show":"denied","reason":"no grant","value":"secret"}`,
		"denied without reason":      `{"name":"a","sensitivity":"personal","show":"denied"}`,
		"plain with reason":          `{"name":"a","sensitivity":"personal","show":"plain","reason":"no grant"}`,
		"no show":                    `{"name":"a","sensitivity":"personal","value":"secret"}`,
		"another kind of name":       `{"name":13912345670,"sensitivity":"personal","show":"plain"}`,
		"value that is not of any":   `{"name":"a","sensitivity":"personal","show":"plain","value":1.5}`,
		"show that there is not":     `{"name":"a","sensitivity":"personal","show":"secret"}`,
		"text of a mask that is not": `{"name":"a","sensitivity":"personal","show":"masked","masked":{"mask":"secret","text":"secret"}}`,
	} {
		before := Field{Name: "before"}
		f := before
		err := json.Unmarshal([]byte(bad), &f)
		require.ErrorIs(t, err, ErrInput, name)
		require.NotContains(t, err.Error(), "secret", name)
		require.NotContains(t, err.Error(), "139", name)
		require.Equal(t, before, f, name)
	}
}

// What a slice was once known to have can be somebody else's now, whose consent nobody asked for.
func TestViewOfSlicesAsKnown(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	stream, one, two := customer.AtomID{0: 's'}, customer.FromInt64(1), customer.FromInt64(2)
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	at := func(n int, at time.Time, from time.Time) customer.Change {
		id := customer.FromInt64(int64(n))
		return customer.Change{
			Verb: customer.Created, Customer: id, To: id, Atoms: []customer.AtomID{atomOf(n)}, At: at,
			Slices: []customer.Slice{{Atom: atomOf(n), Stream: stream, Since: from}},
		}
	}
	w.feed.add(at(1, day(-30), day(-60)))
	for n, what := range []string{"tea", "pills"} { // of one, and of what is two's in truth
		w.add(profile.Evidence{
			Atom: stream, ID: fmt.Sprint(n), Source: "shop", Event: "order", Time: day(-50 + 30*n), Values: []customer.Field{text("what", what)},
		})
	}
	w.agree(atomOf(1), "1", day(-40), consent.Granted)
	w.syncAt(day(-30))
	w.feed.add(at(2, day(-5), day(-30)))
	w.sync()
	g := w.open(shopPolicy())
	view := func(id customer.ID, known time.Time) *View {
		v, err := g.View(ctx, noon, offering, id, profile.Moment{At: noon, Known: known})
		require.NoError(t, err)
		return v
	}
	orders, err := view(one, time.Time{}).Value("orders")
	require.NoError(t, err)
	require.Equal(t, customer.Int64Value(1), orders)
	_, err = view(two, time.Time{}).Value("orders")
	require.ErrorIs(t, err, ErrConsent)
	p, err := w.profiles.Profile(ctx, one, profile.Moment{At: noon, Known: day(-7)})
	require.NoError(t, err)
	require.Equal(t, customer.Int64Value(2), p.Value("orders"))
	_, err = view(one, day(-7)).Value("orders")
	require.ErrorIs(t, err, ErrConsent)
}

// What is not allowed for a role, a purpose or by the customer is refused and written down.
func TestViewDenied(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	for i, by := range []Reader{
		{Actor: "emp-7", Role: "agent", Purpose: "marketing"},
		{Actor: "emp-7", Role: "guest", Purpose: "service"},
		{Actor: "emp-7", Role: "root", Purpose: "service"},
		{Actor: "emp-7", Role: "agent", Purpose: "curiosity"},
	} {
		// Nobody learns that way who is a customer.
		for _, whom := range []customer.ID{id, customer.FromInt64(99)} {
			v, err := g.View(ctx, noon, by, whom, profile.Moment{})
			require.ErrorIs(t, err, ErrDenied)
			require.Nil(t, v)
		}
		all := w.entries()
		require.Len(t, all, 2*i+2)
		for _, e := range all[2*i:] {
			require.Equal(t, audit.Denied, e.Outcome)
			require.Equal(t, by.Purpose, e.Purpose)
			require.Equal(t, []audit.Detail{{Name: "role", Text: by.Role}, {Name: "reason", Text: "no grant"}}, e.Details)
		}
	}
	for _, by := range []Reader{
		{},
		{Actor: "emp-7", Role: "agent"},
		{Actor: "emp-7", Purpose: "service"},
		{Role: "agent", Purpose: "service"},
		{Actor: "emp\n7", Role: "agent", Purpose: "service"},
		{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: strings.Repeat("x", 257)},
	} {
		v, err := g.View(ctx, noon, by, id, profile.Moment{})
		require.ErrorIs(t, err, ErrInput)
		require.Nil(t, v)
	}
	_, err := g.View(ctx, noon, agent, customer.FromInt64(99), profile.Moment{})
	require.ErrorIs(t, err, profile.ErrUnknown)
}

// Each value is shown as far as the atoms that it comes from allow it.
func TestViewConsent(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	view := func(by Reader) *View {
		v, err := g.View(ctx, noon, by, id, profile.Moment{})
		require.NoError(t, err)
		return v
	}
	everything := []string{"birthday", "city", "favourite", "illness", "interests", "name", "orders", "phone", "resolved"}

	v := view(offering)
	require.Equal(t, everything, names(v, Denied, NoConsent))
	require.Equal(t, consent.NotGranted, v.Consent)
	_, err := v.Value("city")
	require.ErrorIs(t, err, ErrConsent)
	require.ErrorIs(t, err, ErrDenied)
	all := w.entries()
	require.Len(t, all, 1)
	require.Equal(t, audit.Denied, all[0].Outcome)

	// One atom agrees: what the other says, and what may come from both, is not shown.
	w.agree(atomOf(11), "1", noon.AddDate(0, 0, -2), consent.Granted)
	v = view(offering)
	require.Equal(t, []string{"illness", "name", "phone", "resolved"}, names(v, Denied, NoConsent))
	require.Equal(t, []string{"birthday", "city", "favourite", "interests", "orders"}, names(v, Plain, 0))
	require.Equal(t, consent.InForce, v.Consent)
	v = view(marketer)
	require.Equal(t, []string{"birthday", "favourite", "illness", "interests", "name"}, names(v, Denied, NoGrant))
	require.Equal(t, []string{"phone", "resolved"}, names(v, Denied, NoConsent))

	w.agree(atomOf(10), "1", noon.AddDate(0, 0, -2), consent.Granted)
	require.Equal(t, everything, names(view(offering), Plain, 0))
	require.Equal(t, []string{"phone"}, names(view(marketer), Masked, 0))
	// Whose atoms they were at an earlier knowledge is not known to be allowed for a pair.
	v, err = g.View(ctx, noon, offering, id, profile.Moment{At: noon, Known: noon})
	require.NoError(t, err)
	require.Equal(t, []string{"resolved"}, names(v, Denied, NoConsent))

	// An atom that comes to the customer brings its refusal.
	other := customer.FromInt64(2)
	w.feed.created(other, atomOf(20))
	w.state(atomOf(20), "1", text("city", "深圳"))
	w.agree(atomOf(20), "1", noon.AddDate(0, 0, -1), consent.Refused)
	w.sync()
	require.Equal(t, everything, names(view(offering), Plain, 0))
	w.feed.merged(other, id, atomOf(20))
	w.sync()
	v = view(offering)
	require.Equal(t, everything, names(v, Denied, NoConsent))
	require.Equal(t, consent.Denied, v.Consent)
	require.Empty(t, names(view(manager), Denied, NoConsent)) // a contract needs none

	w.feed.erased(id, atomOf(10), atomOf(11), atomOf(20))
	w.sync()
	for _, by := range []Reader{manager, offering} {
		_, err = g.View(ctx, noon, by, id, profile.Moment{})
		require.ErrorIs(t, err, profile.ErrErased)
	}
}

// A union is made of all atoms, and needs the consent of all.
func TestViewUnion(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.state(atomOf(10), "2", customer.Field{Name: "interests", Value: customer.LabelsValue("books")})
	w.sync()
	g := w.open(shopPolicy())
	w.agree(atomOf(11), "1", noon.AddDate(0, 0, -2), consent.Granted)
	v, err := g.View(ctx, noon, offering, id, profile.Moment{})
	require.NoError(t, err)
	_, err = v.Value("interests")
	require.ErrorIs(t, err, ErrConsent)
	w.agree(atomOf(10), "1", noon.AddDate(0, 0, -2), consent.Granted)
	v, err = g.View(ctx, noon, offering, id, profile.Moment{})
	require.NoError(t, err)
	got, err := v.Value("interests")
	require.NoError(t, err)
	require.Equal(t, customer.LabelsValue("tea", "books"), got)
}

// The consents are those of now, also of a view of the past.
func TestViewOfThePast(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	w.agree(atomOf(11), "1", noon.AddDate(0, 0, -9), consent.Granted)
	w.agree(atomOf(11), "2", noon.AddDate(0, 0, -1), consent.Withdrawn)
	past := profile.Moment{At: noon.AddDate(0, 0, -5)}
	v, err := g.View(ctx, noon, offering, id, past)
	require.NoError(t, err)
	_, err = v.Value("city")
	require.ErrorIs(t, err, ErrConsent)
	v, err = g.View(ctx, noon, manager, id, past)
	require.NoError(t, err)
	orders, err := v.Value("orders")
	require.NoError(t, err)
	require.Equal(t, customer.Int64Value(0), orders)
	require.Equal(t, past.At, v.At)
}

// What is not in the log is not seen, whatever the log says.
func TestViewNeedsLog(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	for _, err := range []error{errFlaky, store.ErrUnknownOutcome, store.ErrConflict} {
		for _, taken := range []bool{false, true} {
			w.store.fail(0, err, taken)
			v, got := g.View(ctx, noon, agent, id, profile.Moment{})
			require.ErrorIs(t, got, err)
			require.Nil(t, v)
			v, got = g.View(ctx, noon, offering, id, profile.Moment{}) // refused by the customer
			require.ErrorIs(t, got, err)
			require.Nil(t, v)
			v, got = g.View(ctx, noon, Reader{Actor: "emp-7", Role: "guest", Purpose: "service"}, id, profile.Moment{})
			require.ErrorIs(t, got, err)
			require.ErrorIs(t, got, ErrDenied)
			require.Nil(t, v)
			found, got := g.Find(ctx, noon, agent, "phone", customer.TextValue("+8613912345670"))
			require.ErrorIs(t, got, err)
			require.Empty(t, found)
		}
	}
	w.store.fail(-1, nil, false)
	_, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)

	// What is public needs no entry.
	w.store.fail(0, errFlaky, false)
	p := shopPolicy()
	p.Roles[0].Grants[0] = Grant{Purpose: "service", Show: Levels{Public: Plain, Internal: Plain}}
	v, err := w.open(p).View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	require.Equal(t, []string{"city", "interests", "orders", "resolved"}, names(v, Plain, 0))
}

// Where nobody can say what the customer allows, nothing is shown, found or written.
func TestConsentsFail(t *testing.T) {
	w, _ := exporting(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fail := func() error { return errFlaky }
	var err error
	w.consents, err = consent.Open(w.data, &consent.Policy{Purposes: []consent.Purpose{{Name: "offers", Bases: []consent.Basis{consent.Consent}}}},
		func(context.Context, customer.ID) ([]customer.Member, error) { return nil, fail() }, nil)
	require.NoError(t, err)
	g := w.open(shopPolicy())
	for _, want := range []error{errFlaky, context.Canceled} {
		v, err := g.View(ctx, noon, offering, customer.FromInt64(1), profile.Moment{})
		require.ErrorIs(t, err, want)
		require.Nil(t, v)
		found, err := g.Find(ctx, noon, offering, "city", customer.TextValue("广州"))
		require.ErrorIs(t, err, want)
		require.Empty(t, found)
		require.Empty(t, w.entries())
		fail = func() error { cancel(); return ctx.Err() }
	}
	fail = func() error { return errFlaky }
	var out bytes.Buffer
	done, err := g.Export(context.Background(), noon, offering, all("city"), &out)
	require.ErrorIs(t, err, errFlaky)
	require.Zero(t, done.Rows)
	require.Zero(t, out.Len())
}

// So many fields that they do not fit into one entry are all in the log.
func TestViewOfManyFields(t *testing.T) {
	ctx := context.Background()
	schema := &profile.Schema{Location: "UTC", Sources: []profile.Source{{Name: "shop"}}}
	var want []string
	for i := range 400 {
		name := fmt.Sprintf(`%03d "%s", `, i, strings.Repeat("x", 50)) + "z"
		want = append(want, name)
		schema.Traits = append(schema.Traits, profile.Trait{Name: name, Kind: customer.KindText, Sensitivity: profile.Sensitive})
	}
	w := newWorld(t, schema)
	id := customer.FromInt64(1)
	w.feed.created(id, atomOf(1))
	w.state(atomOf(1), "1", text(want[7], "x"))
	w.sync()
	g := w.open(&Policy{
		Purposes: []Purpose{{Name: "service", Basis: consent.Contract}},
		Roles:    []Role{{Name: "agent", Grants: []Grant{{Purpose: "service", Show: Levels{Plain, Plain, Plain, Plain}}}}},
	})
	_, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	all := w.entries()
	require.Greater(t, len(all), 1)
	in, err := g.Inspect(ctx, noon, noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Len(t, in.Deeds, 1)
	require.Equal(t, int64(1), in.Deeds[0].Views)
	got := in.Deeds[0].Plain
	require.Len(t, got, len(want))
	for _, name := range want {
		require.Equal(t, int64(1), got[name], name)
	}
	require.Empty(t, in.Deeds[0].Masked)
}

// A change of the schema counts at once, and one that the policy does not fit ends all.
func TestViewAfterSchemaChange(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	_, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	schema := shopSchema()
	schema.Traits[3].Sensitivity = profile.Sensitive // city
	_, err = w.profiles.Apply(ctx, noon, schema)
	require.NoError(t, err)
	v, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	_, err = v.Value("city")
	require.ErrorIs(t, err, ErrDenied)

	schema.Traits[0].Name = "full name" // of which the policy says how it is masked
	_, err = w.profiles.Apply(ctx, noon, schema)
	require.NoError(t, err)
	for range 2 {
		_, err = g.View(ctx, noon, agent, id, profile.Moment{})
		require.ErrorIs(t, err, ErrPolicy)
		_, err = g.Find(ctx, noon, agent, "phone", customer.TextValue("x"))
		require.ErrorIs(t, err, ErrPolicy)
		_, err = g.Export(ctx, noon, manager, Selection{}, nil)
		require.ErrorIs(t, err, ErrPolicy)
		_, err = g.Inspect(ctx, noon, noon)
		require.ErrorIs(t, err, ErrPolicy)
	}
	_, err = Open(ctx, w.profiles, shopPolicy(), &Options{Unaudited: true, Consents: w.consents})
	require.ErrorIs(t, err, ErrPolicy)
}

func TestJoinNames(t *testing.T) {
	for _, names := range [][]string{
		nil, {"a"}, {""}, {"a", "b"}, {"a, b", `"`, " x", "x ", "", "日", "\u2028"}, {strings.Repeat("x", 64), strings.Repeat("y", 64), strings.Repeat("z", 64), strings.Repeat("\U000e0001", 16)},
	} {
		texts := joinNames(names, 256)
		var back []string
		for _, s := range texts {
			require.LessOrEqual(t, len(s), 256)
			some, ok := cutNames(s)
			require.True(t, ok)
			back = append(back, some...)
		}
		require.Equal(t, names, back)
	}
	require.Equal(t, []string{`a, "b,c"`, "dddd"}, joinNames([]string{"a", "b,c", "dddd"}, 9))
}

func FuzzCutNames(f *testing.F) {
	for _, s := range []string{"", "a", "a, b", `"a, b", c`, `"`, `"a"b`, "a,", ",", ", ", `"\x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		names, ok := cutNames(s)
		if !ok {
			return
		}
		var back []string
		for _, text := range joinNames(names, 1<<20) {
			some, ok := cutNames(text)
			require.True(t, ok)
			back = append(back, some...)
		}
		require.Equal(t, names, back)
	})
}
