package access

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

func TestFind(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	one, two := w.person(1), w.person(2)
	w.state(atomOf(20), "2", text("phone", "+8613800138001"))
	w.sync()
	g := w.open(shopPolicy())

	found, err := g.Find(ctx, noon, agent, "phone", customer.TextValue("+8613800138001"))
	require.NoError(t, err)
	require.Equal(t, []customer.ID{two}, found)
	found, err = g.Find(ctx, noon.Add(1e9), agent, "phone", customer.TextValue("+8613800138002"))
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = g.Find(ctx, noon.Add(2e9), manager, "city", customer.TextValue("广州"))
	require.NoError(t, err)
	require.Equal(t, []customer.ID{one, two}, found)

	all := w.entries()
	require.Len(t, all, 4)
	for i, want := range []customer.ID{two, {}} {
		e := all[i]
		require.Equal(t, ActionFind, e.Action)
		require.Equal(t, want, e.Customer)
		require.Equal(t, "phone", e.Object)
		require.Equal(t, audit.Done, e.Outcome)
		for _, d := range e.Details {
			require.NotContains(t, d.Text, "138001")
		}
	}
	require.ElementsMatch(t, []customer.ID{one, two}, []customer.ID{all[2].Customer, all[3].Customer})
	in, err := g.Inspect(ctx, noon, noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Len(t, in.Deeds, 2)
	require.Equal(t, int64(1), in.Deeds[0].Finds)
	require.Equal(t, int64(2), in.Deeds[1].Finds)
}

func TestFindDenied(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	phone := customer.TextValue("+8613912345670")
	for _, test := range []struct {
		by    Reader
		trait string
		err   error
	}{
		{agent, "city", ErrDenied},
		{agent, "illness", ErrDenied},
		{agent, "name", ErrDenied},
		{marketer, "phone", ErrDenied},
		{Reader{Actor: "x", Role: "agent", Purpose: "marketing"}, "phone", ErrDenied},
		{Reader{Actor: "x", Role: "root", Purpose: "service"}, "phone", ErrDenied},
		{Reader{Role: "agent", Purpose: "service"}, "phone", ErrInput},
		{agent, "fone", ErrInput},
		{agent, "orders", ErrInput},
	} {
		found, err := g.Find(ctx, noon, test.by, test.trait, phone)
		require.ErrorIs(t, err, test.err)
		require.Empty(t, found)
	}
	_, err := g.Find(ctx, noon, agent, "phone", customer.Int64Value(1))
	require.ErrorIs(t, err, profile.ErrInput)
	all := w.entries()
	require.Len(t, all, 6)
	for _, e := range all {
		require.Equal(t, audit.Denied, e.Outcome)
	}
}

func TestFindLimit(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	for n := range 21 {
		w.person(n + 1)
	}
	w.sync()
	g := w.open(shopPolicy())
	found, err := g.Find(ctx, noon, manager, "city", customer.TextValue("广州"))
	require.ErrorIs(t, err, ErrLimit)
	require.Empty(t, found)
	require.Len(t, w.entries(), 1)
	g, err = Open(ctx, w.profiles, shopPolicy(), &Options{Log: w.log, Consents: w.consents, Found: 21})
	require.NoError(t, err)
	found, err = g.Find(ctx, noon, manager, "city", customer.TextValue("广州"))
	require.NoError(t, err)
	require.Len(t, found, 21)
}

// Nobody is found by what they do not allow to be used.
func TestFindConsent(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	one, two := w.person(1), w.person(2)
	w.person(3)
	w.sync()
	g := w.open(shopPolicy())
	phone, city := customer.TextValue("+8613912345670"), customer.TextValue("广州")
	w.agree(atomOf(10), "1", noon.AddDate(0, 0, -1), consent.Granted) // of the phone, not of the city
	w.agree(atomOf(20), "1", noon.AddDate(0, 0, -1), consent.Granted)
	w.agree(atomOf(21), "1", noon.AddDate(0, 0, -1), consent.Granted)
	found, err := g.Find(ctx, noon, offering, "phone", phone)
	require.NoError(t, err)
	require.Equal(t, []customer.ID{one, two}, found)
	found, err = g.Find(ctx, noon, offering, "city", city)
	require.NoError(t, err)
	require.Equal(t, []customer.ID{two}, found)
	found, err = g.Find(ctx, noon, manager, "city", city)
	require.NoError(t, err)
	require.Len(t, found, 3)
}

// That many have a value is not told either before it is in the log.
func TestFindLimitNeedsLog(t *testing.T) {
	w := newWorld(t, shopSchema())
	for n := range 21 {
		w.person(n + 1)
	}
	w.sync()
	g := w.open(shopPolicy())
	w.store.fail(0, errFlaky, false)
	_, err := g.Find(context.Background(), noon, manager, "city", customer.TextValue("广州"))
	require.ErrorIs(t, err, errFlaky)
	require.NotErrorIs(t, err, ErrLimit)
	require.NotContains(t, err.Error(), "more than")
}

// Whenever the schema changes, nobody is found by what was denied before the index was read.
func TestFindWhileSchemaChanges(t *testing.T) {
	ctx := context.Background()
	denied := 0
	for changes := range 20 {
		w := newWorld(t, shopSchema())
		w.person(1)
		w.sync()
		g := w.open(shopPolicy())
		gets, changed, late := 0, false, false
		w.data.get = func() {
			if gets++; gets != changes+1 {
				return
			}
			changed = true
			w.data.get = nil
			schema := shopSchema()
			schema.Traits[1].Sensitivity = profile.Sensitive // phone
			_, err := w.profiles.Apply(ctx, noon, schema)
			require.NoError(t, err)
		}
		w.data.scan = func() { late = late || changed }
		w.state(atomOf(1), "x") // a Get
		gets = 0
		found, err := g.Find(ctx, noon, Reader{Actor: "emp-7", Role: "agent", Purpose: "service"}, "phone", customer.TextValue("+8613912345670"))
		if late {
			// The policy does not fit the schema any more: who may find by a trait has to see it.
			require.Error(t, err, changes)
			require.Empty(t, found, changes)
			denied++
		}
	}
	require.NotZero(t, denied)
}

// Who states something else meanwhile is not found by what an atom says that never agreed.
func TestFindWhileValueChanges(t *testing.T) {
	ctx := context.Background()
	for changes := range 40 {
		w := newWorld(t, shopSchema())
		w.person(1)
		w.agree(atomOf(11), "1", noon.AddDate(0, 0, -5), consent.Granted)
		w.sync()
		g := w.open(shopPolicy())
		gets := 0
		w.data.get = func() {
			if gets++; gets != changes+1 {
				return
			}
			w.data.get = nil
			w.add(profile.Evidence{Atom: atomOf(11), ID: "2", Source: "shop", Time: noon.AddDate(0, 0, -1), Values: []customer.Field{text("phone", "+8613800138000")}})
		}
		found, err := g.Find(ctx, noon, offering, "phone", customer.TextValue("+8613912345670"))
		require.NoError(t, err)
		require.Empty(t, found, changes)
	}
}

// By a label those are found who agree.
func TestFindConsentOfLabels(t *testing.T) {
	ctx := context.Background()
	schema := shopSchema()
	schema.Traits[4].Searchable = true
	schema.Traits = append(schema.Traits, profile.Trait{Name: "limit", Kind: customer.KindDecimal, Searchable: true})
	w := newWorld(t, schema)
	id := w.person(1)
	w.state(atomOf(11), "2", customer.Field{Name: "limit", Value: customer.Int64Value(100)})
	w.agree(atomOf(11), "1", noon.AddDate(0, 0, -5), consent.Granted)
	w.sync()
	p := shopPolicy()
	p.Roles[1].Grants[1].Find = []string{"interests", "limit"}
	g := w.open(p)
	for _, value := range []customer.Value{customer.TextValue("tea"), customer.LabelsValue("tea")} {
		found, err := g.Find(ctx, noon, offering, "interests", value)
		require.NoError(t, err)
		require.Equal(t, []customer.ID{id}, found)
	}
	found, err := g.Find(ctx, noon, offering, "limit", customer.Int64Value(100))
	require.NoError(t, err)
	require.Equal(t, []customer.ID{id}, found)
}
