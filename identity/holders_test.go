package identity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// What was refused on a device stays refused when an earlier visit becomes known, which gives the
// time of the device another name; what was granted there does not come back.
func TestHoldersKeepRefusals(t *testing.T) {
	s := new(store.Memory)
	g := openSealed(t, s)
	choices, err := consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
		{Name: "offers", Bases: []consent.Basis{consent.Consent}},
	}}, g.Holders, nil)
	require.NoError(t, err)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute).UTC() }
	visit := func(id string, minutes int) Resolution {
		return observeEach(t, g, seenAt(id, minutes, "", ident("cookie", "tablet"), ident("member", "a")))
	}
	choose := func(id string, atom customer.AtomID, choice consent.Choice, at time.Time) {
		require.NoError(t, choices.Record(t.Context(), at, consent.Record{
			ID: id, Atom: atom, Purpose: "offers", Basis: consent.Consent, Choice: choice, Collected: at,
		}))
	}
	allowed := func(id customer.ID) consent.Reason {
		d, err := choices.Allowed(t.Context(), minute(60), id, "offers", "")
		require.NoError(t, err)
		return d.Reason
	}
	record := observeEach(t, g, seenAt("form", 1, "r", ident("member", "a")))
	choose("granted", record.Atom, consent.Granted, minute(1))
	late := visit("late", 10)
	require.Equal(t, record.Customer, late.Customer)
	require.Equal(t, consent.InForce, allowed(record.Customer))
	choose("withdrawn", late.Atom, consent.Withdrawn, minute(11))
	require.Equal(t, consent.Denied, allowed(record.Customer))

	early := visit("early", 5)
	has, err := g.Members(t.Context(), record.Customer)
	require.NoError(t, err)
	require.NotContains(t, has, customer.Member{Atom: late.Atom, Since: minute(10)})
	require.NotEqual(t, early.Atom, late.Atom)
	require.Equal(t, consent.Denied, allowed(record.Customer))

	choose("granted there", early.Atom, consent.Granted, minute(12))
	choose("taken back", record.Atom, consent.Withdrawn, minute(13))
	require.Equal(t, consent.Denied, allowed(record.Customer))

	// Without the refusal a grant under the former name is none.
	other := observeEach(t, g, seenAt("1", 20, "", ident("cookie", "phone"), ident("member", "b")))
	choose("yes", other.Atom, consent.Granted, minute(20))
	require.Equal(t, consent.InForce, allowed(other.Customer))
	observeEach(t, g, seenAt("2", 15, "", ident("cookie", "phone"), ident("member", "b")))
	require.Equal(t, consent.NotGranted, allowed(other.Customer))
	holders, err := g.Holders(t.Context(), other.Customer)
	require.NoError(t, err)
	require.Contains(t, holders, customer.Member{Atom: other.Atom, Since: instant(0), Until: instant(0)})

	require.NoError(t, g.Erase(t.Context(), other.Customer, asked("e", 60)))
	holders, err = g.Holders(t.Context(), other.Customer)
	require.NoError(t, err)
	require.Empty(t, holders)
}
