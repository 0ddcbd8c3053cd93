package consent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// watched tells of each Get before it happens, and counts what was read.
type watched struct {
	store.Store
	getting     func(keys [][]byte)
	keys, bytes int
}

func (w *watched) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if w.getting != nil {
		w.getting(keys)
	}
	entries, err := w.Store.Get(ctx, keys...)
	w.keys += len(keys)
	for _, e := range entries {
		w.bytes += len(e.Value)
	}
	return entries, err
}

// An atom is erased between the reads of its head and of its pages.
func TestEraseBeside(t *testing.T) {
	people := crowd{1: {atom(1)}}
	for name, read := range map[string]func(t *testing.T, c *consent.Consents){
		"Allowed": func(t *testing.T, c *consent.Consents) {
			d, err := c.Allowed(t.Context(), day(3), customer.FromInt64(1), "service", "sms")
			require.NoError(t, err)
			require.Equal(t, consent.Decision{Reason: consent.Erased}, d)
		},
		"Record": func(t *testing.T, c *consent.Consents) {
			require.ErrorIs(t, c.Record(t.Context(), later, grant("3", 1, mail, "service", "sms", 1)), consent.ErrErased)
		},
		"History": func(t *testing.T, c *consent.Consents) {
			for range c.History(t.Context(), atom(1)) {
				require.Fail(t, "erased")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(store.Memory)
			c := open(t, s, people, nil)
			var records []consent.Record
			for i := range 600 {
				records = append(records, grant(fmt.Sprint(i), 1, mail, "service", "sms", 1))
			}
			require.NoError(t, c.Record(t.Context(), later, records...))
			erased := false
			read(t, open(t, &watched{Store: s, getting: func(keys [][]byte) {
				if !erased && bytes.HasPrefix(keys[0], []byte("consent/p/")) {
					erased = true
					require.NoError(t, c.Erase(t.Context(), atom(1)))
				}
			}}, people, nil))
			require.True(t, erased)
		})
	}
}

// A page that is gone without an erasure is damage.
func TestNoPage(t *testing.T) {
	s := new(store.Memory)
	c := open(t, s, crowd{1: {atom(1)}}, nil)
	var records []consent.Record
	for i := range 600 {
		records = append(records, grant(fmt.Sprint(i), 1, mail, "service", "sms", 1))
	}
	require.NoError(t, c.Record(t.Context(), later, records...))
	b := new(store.Batch)
	for e, err := range s.Scan(t.Context(), store.Under([]byte("consent/p/"))) {
		require.NoError(t, err)
		b.Delete(e.Key)
	}
	require.NotEmpty(t, b.Writes)
	_, err := s.Commit(t.Context(), b)
	require.NoError(t, err)
	_, err = c.Allowed(t.Context(), day(3), customer.FromInt64(1), "service", "sms")
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.ErrorIs(t, c.Record(t.Context(), later, records[3]), store.ErrCorrupt)
	for _, err := range c.History(t.Context(), atom(1)) {
		require.ErrorIs(t, err, store.ErrCorrupt)
	}
}

// The last of thousands of records costs no more than the first hundreds, and an old one is known all the same.
func TestManyRecords(t *testing.T) {
	race.Skip(t)
	s := &watched{Store: store.Limited(new(store.Memory), store.MinLimits)}
	c := open(t, s, crowd{1: {atom(1)}}, nil)
	n := 1500
	for i := range n {
		s.keys, s.bytes = 0, 0
		r := consent.Record{ID: fmt.Sprint(i), Atom: atom(1), Choice: consent.Refused, Collected: day(i)}
		if i%2 == 0 {
			r = grant(r.ID, 1, mail, "service", "sms", i)
		}
		require.NoError(t, c.Record(t.Context(), later, r))
		require.LessOrEqual(t, s.keys, 2)
		require.LessOrEqual(t, s.bytes, 32<<10)
	}
	for _, i := range []int{0, 700, n - 2} {
		r := grant(fmt.Sprint(i), 1, mail, "service", "sms", i)
		s.keys = 0
		require.NoError(t, c.Record(t.Context(), later.Add(time.Hour), r))
		require.LessOrEqual(t, s.keys, 3)
		r.Notice = "another"
		require.ErrorIs(t, c.Record(t.Context(), later, r), consent.ErrReused)
	}
	i := 0
	for r, err := range c.History(t.Context(), atom(1)) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), r.ID)
		require.Equal(t, later, r.Recorded)
		i++
	}
	require.Equal(t, n, i)
}

// The largest records there can be fit into heads and pages, the smallest into the batches that make them.
func TestExtremes(t *testing.T) {
	long := fmt.Sprintf("%0256d", 1)
	p := &consent.Policy{Purposes: []consent.Purpose{{Name: long, Bases: []consent.Basis{consent.Consent}, Channels: []string{long}}}}
	c, err := consent.Open(store.Limited(new(store.Memory), store.MinLimits), p, crowd{}.members, nil)
	require.NoError(t, err)
	var large, small []consent.Record
	for i := range 100 {
		large = append(large, consent.Record{
			ID: fmt.Sprintf("%0256d", i), Atom: atom(1), Identifier: consent.Identifier{Type: long}, Purpose: long, Channel: long,
			Basis: consent.Consent, Choice: consent.Granted, Collected: day(1), Since: day(2), Until: start.AddDate(7000, 0, 0),
			Notice: long, Mechanism: long, Source: long, Jurisdiction: long,
		})
	}
	for i := range 1500 {
		small = append(small, consent.Record{ID: fmt.Sprint(i), Atom: atom(2), Choice: consent.Refused, Collected: day(1)})
	}
	for i := range 11 { // the head is just below its size when 16 come
		require.NoError(t, c.Record(t.Context(), later, large[i]))
	}
	require.NoError(t, c.Record(t.Context(), later, large...))
	require.NoError(t, c.Record(t.Context(), later, small...))
	n := 0
	for _, a := range []byte{1, 2} {
		for _, err := range c.History(t.Context(), atom(a)) {
			require.NoError(t, err)
			n++
		}
	}
	require.Equal(t, 1600, n)
}

// A customer of whom an atom was erased is allowed nothing while Members names it.
func TestErasedMember(t *testing.T) {
	people := crowd{1: {atom(1), atom(2)}}
	c := open(t, new(store.Memory), people, nil)
	require.NoError(t, c.Record(t.Context(), later, grant("a", 1, mail, "service", "email", 1),
		on(consent.Contract, grant("b", 1, mail, "service", "email", 1)), deny("c", 2, mail, "", "", 2)))
	ask := func(want consent.Reason) {
		t.Helper()
		d, err := c.Allowed(t.Context(), day(9), customer.FromInt64(1), "service", "email")
		require.NoError(t, err)
		require.Equal(t, want, d.Reason)
		require.Equal(t, want == consent.InForce, d.Allowed)
		require.Equal(t, d.Allowed, len(d.Grants) > 0)
	}
	ask(consent.InForce) // by contract
	require.NoError(t, c.Erase(t.Context(), atom(2)))
	ask(consent.Erased)
	require.NoError(t, c.Record(t.Context(), later, on(consent.Contract, deny("d", 1, mail, "service", "", 3)), deny("e", 1, mail, "", "", 3)))
	ask(consent.Denied)
	people[1] = people[1][:1]
	require.NoError(t, c.Record(t.Context(), later, grant("f", 1, mail, "service", "email", 4)))
	ask(consent.InForce)
}

// What a slice was granted outside its time is not the customer's, and what it refused is.
func TestSlice(t *testing.T) {
	member := customer.Member{Atom: atom(1), Since: day(2), Until: day(5)}
	c, err := consent.Open(new(store.Memory), policy, func(context.Context, customer.ID) ([]customer.Member, error) {
		return []customer.Member{member}, nil
	}, nil)
	require.NoError(t, err)
	require.NoError(t, c.Record(t.Context(), later, grant("a", 1, phone, "service", "sms", 1), grant("b", 1, mail, "service", "sms", 2),
		grant("c", 1, consent.Identifier{}, "service", "sms", 4), grant("d", 1, consent.Identifier{Type: "x"}, "service", "sms", 5)))
	ask := func(want ...string) {
		t.Helper()
		d, err := c.Allowed(t.Context(), day(9), customer.FromInt64(1), "service", "sms")
		require.NoError(t, err)
		var have []string
		for _, g := range d.Grants {
			have = append(have, g.Record)
		}
		require.Equal(t, want, have)
	}
	ask("c", "b")
	member.Until = day(4)
	ask("b")
	member.Until = time.Time{}
	ask("c", "b", "d")
	member = customer.Member{Atom: atom(1)}
	ask("c", "b", "a", "d")
	member = customer.Member{Atom: atom(1), Since: day(2), Until: day(5)}
	require.NoError(t, c.Record(t.Context(), later, deny("e", 1, phone, "", "", 7)))
	ask()
}

// A clock that is ahead puts no grant after a refusal that is recorded after it, and delays no refusal.
func TestClock(t *testing.T) {
	c := open(t, new(store.Memory), crowd{1: {atom(1)}}, nil)
	reason := func(at int) consent.Reason {
		d, err := c.Allowed(t.Context(), day(at), customer.FromInt64(1), "newsletter", "email")
		require.NoError(t, err)
		return d.Reason
	}
	ahead := grant("a", 1, mail, "newsletter", "email", 30)
	require.NoError(t, c.Record(t.Context(), day(1), ahead))
	require.Equal(t, consent.NotGranted, reason(0))
	require.Equal(t, consent.InForce, reason(1))
	require.Equal(t, consent.InForce, reason(365))
	require.Equal(t, consent.Ended, reason(366))
	require.NoError(t, c.Record(t.Context(), day(2), deny("b", 1, mail, "", "", 2)))
	require.Equal(t, consent.Denied, reason(2))
	require.Equal(t, consent.Denied, reason(31))
	require.NoError(t, c.Record(t.Context(), day(40), ahead, ahead)) // again: it stays with the time at which it was recorded first
	require.Equal(t, consent.Denied, reason(41))
	require.NoError(t, c.Record(t.Context(), day(50), grant("c", 1, mail, "newsletter", "email", 50), deny("d", 1, mail, "", "", 90)))
	require.Equal(t, consent.Denied, reason(50))
	require.ErrorIs(t, c.Record(t.Context(), time.Time{}, ahead), consent.ErrRecord)
	for r, err := range c.History(t.Context(), atom(1)) {
		require.NoError(t, err)
		require.Equal(t, map[string]time.Time{"a": day(1), "b": day(2), "c": day(50), "d": day(50)}[r.ID], r.Recorded)
		r.Recorded = time.Time{}
		if r.ID == "a" {
			require.Equal(t, ahead, r)
		}
	}
}

// The zero time is the same in all zones.
func TestZeroTime(t *testing.T) {
	c := open(t, new(store.Memory), nil, nil)
	r := grant("a", 1, mail, "service", "sms", 1)
	r.Since, r.Until = time.Time{}.In(time.FixedZone("east", 3600)), time.Time{}.In(time.FixedZone("west", -3600))
	for range 2 {
		require.NoError(t, c.Record(t.Context(), later, r, r))
	}
	r.Collected = time.Time{}.In(time.FixedZone("east", 3600))
	require.ErrorContains(t, c.Record(t.Context(), later, r), "no Collected")
}

// The same address under two keys of an index.
func TestRotation(t *testing.T) {
	old, present := consent.Identifier{Type: "email", Blind: [20]byte{3: 1, 4: 9}}, consent.Identifier{Type: "email", Blind: [20]byte{3: 2, 4: 7}}
	c := open(t, new(store.Memory), crowd{1: {atom(1)}}, nil)
	decide := func() consent.Decision {
		d, err := c.Allowed(t.Context(), day(9), customer.FromInt64(1), "newsletter", "email")
		require.NoError(t, err)
		return d
	}
	require.NoError(t, c.Record(t.Context(), later, deny("a", 1, old, "", "", 1), grant("b", 1, present, "newsletter", "email", 2)))
	require.Equal(t, consent.Denied, decide().Reason)
	require.NoError(t, c.Record(t.Context(), later, grant("c", 1, old, "newsletter", "email", 2)))
	d := decide()
	require.True(t, d.Allows(atom(1), present))
	require.NoError(t, c.Record(t.Context(), later, deny("d", 1, present, "", "", 3)))
	d = decide()
	require.Equal(t, consent.Denied, d.Reason)
	require.False(t, d.Allows(atom(1), present, old))
}

// What is allowed of a customer after a merge is allowed to the atom and identifier that granted it.
func TestAllows(t *testing.T) {
	people := crowd{2: {atom(2)}}
	c := open(t, new(store.Memory), people, nil)
	require.NoError(t, c.Record(t.Context(), later, grant("a", 1, mail, "newsletter", "email", 1), grant("b", 2, consent.Identifier{}, "profiling", "", 1)))
	decide := func(purpose, channel string) consent.Decision {
		d, err := c.Allowed(t.Context(), day(9), customer.FromInt64(2), purpose, channel)
		require.NoError(t, err)
		return d
	}
	d := decide("newsletter", "email")
	require.False(t, d.Allowed)
	require.False(t, d.Allows(atom(1), mail))
	people[2] = append(people[2], atom(1))
	d = decide("newsletter", "email")
	require.True(t, d.Allowed)
	require.True(t, d.Allows(atom(1), mail))
	require.True(t, d.Allows(atom(1), phone, mail))
	require.False(t, d.Allows(atom(2), mail))
	require.False(t, d.Allows(atom(1), phone))
	require.False(t, d.Allows(atom(1), consent.Identifier{}))
	require.False(t, d.Allows(atom(1)))
	d = decide("profiling", "")
	require.True(t, d.Allows(atom(2), consent.Identifier{}))
	require.False(t, d.Allows(atom(2), mail))
}

// A failing store's error comes out of whatever reads it.
func TestReadsFail(t *testing.T) {
	s := new(store.Memory)
	c := open(t, s, crowd{1: {atom(1)}}, nil)
	require.NoError(t, s.Close())
	_, err := c.Allowed(t.Context(), day(1), customer.FromInt64(1), "service", "sms")
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, c.Record(t.Context(), later, grant("a", 1, mail, "service", "sms", 1)), store.ErrClosed)
	require.ErrorIs(t, c.Erase(t.Context(), atom(1)), store.ErrClosed)
	for _, err := range c.History(t.Context(), atom(1)) {
		require.True(t, errors.Is(err, store.ErrClosed))
	}
}
