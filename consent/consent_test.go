package consent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func day(n int) time.Time { return start.AddDate(0, 0, n) }

// later is when most records are recorded: after all that was said.
var later = day(10_000)

var policy = &consent.Policy{Purposes: []consent.Purpose{
	{Name: "newsletter", Bases: []consent.Basis{consent.Consent}, Channels: []string{"email", "sms"}, Days: 365},
	{Name: "service", Bases: []consent.Basis{consent.Contract, consent.Consent}, Channels: []string{"email", "sms", "phone"}},
	{Name: "profiling", Bases: []consent.Basis{consent.LegitimateInterest, consent.Consent}, RetiredChannels: []string{"fax"}},
	{Name: "raffle", Bases: []consent.Basis{consent.Consent}, Channels: []string{"letter"}, Retired: true},
}}

func atom(i byte) customer.AtomID { return customer.AtomID{i} }

var phone, mail = consent.Identifier{Type: "phone", Blind: [20]byte{1}}, consent.Identifier{Type: "email", Blind: [20]byte{2}}

// crowd are customers and their atoms.
type crowd map[int64][]customer.AtomID

func (c crowd) members(_ context.Context, id customer.ID) (members []customer.Member, err error) {
	for n, atoms := range c {
		if customer.FromInt64(n) == id {
			for _, a := range atoms {
				members = append(members, customer.Member{Atom: a})
			}
		}
	}
	return members, nil
}

func open(t testing.TB, s store.Store, c crowd, opts *consent.Options) *consent.Consents {
	t.Helper()
	consents, err := consent.Open(s, policy, c.members, opts)
	require.NoError(t, err)
	return consents
}

func grant(id string, of byte, by consent.Identifier, purpose, channel string, at int) consent.Record {
	return consent.Record{
		ID: id, Atom: atom(of), Identifier: by, Purpose: purpose, Channel: channel, Basis: consent.Consent,
		Choice: consent.Granted, Collected: day(at),
	}
}

func deny(id string, of byte, by consent.Identifier, purpose, channel string, at int) consent.Record {
	return consent.Record{
		ID: id, Atom: atom(of), Identifier: by, Purpose: purpose, Channel: channel, Choice: consent.Withdrawn, Collected: day(at),
	}
}

func ends(r consent.Record, at int) consent.Record {
	r.Until = day(at)
	return r
}

func begins(r consent.Record, at int) consent.Record {
	r.Since = day(at)
	return r
}

func on(basis consent.Basis, r consent.Record) consent.Record {
	r.Basis = basis
	return r
}

func TestAllowed(t *testing.T) {
	const news, mailing, sms = "newsletter", "email", "sms"
	one := crowd{1: {atom(1)}}
	both := crowd{1: {atom(1), atom(2)}}
	for name, c := range map[string]struct {
		crowd            crowd
		records          []consent.Record
		purpose, channel string
		at               int
		reason           consent.Reason
		record           string
		grants           []string // IDs of records
	}{
		"nothing was said": {one, nil, news, mailing, 10, consent.NotGranted, "", nil},
		"nobody":           {crowd{}, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, mailing, 10, consent.NotGranted, "", nil},
		"granted":          {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, mailing, 10, consent.InForce, "a", []string{"a"}},
		"the same moment":  {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, mailing, 1, consent.InForce, "a", []string{"a"}},
		"later":            {one, []consent.Record{grant("a", 1, mail, news, mailing, 11)}, news, mailing, 10, consent.NotGranted, "", nil},
		"another channel":  {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, sms, 10, consent.NotGranted, "", nil},
		"another purpose":  {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, "service", mailing, 10, consent.NotGranted, "", nil},
		"withdrawn": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, mail, news, mailing, 5)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"not yet withdrawn": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, mail, news, mailing, 11)},
			news, mailing, 10,
			consent.InForce, "a",
			[]string{"a"},
		},
		"withdrawn and granted in one moment": {
			one,
			[]consent.Record{deny("a", 1, mail, news, mailing, 1), grant("b", 1, mail, news, mailing, 1)},
			news, mailing, 10,
			consent.Denied, "a", nil,
		},
		"granted again": {
			one,
			[]consent.Record{deny("a", 1, mail, news, mailing, 1), grant("b", 1, mail, news, mailing, 2)},
			news, mailing, 10,
			consent.InForce, "b",
			[]string{"b"},
		},
		"all channels withdrawn": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, mail, news, "", 5)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"all purposes withdrawn": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, mail, "", "", 5)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"another channel withdrawn": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, mail, news, sms, 5)},
			news, mailing, 10,
			consent.InForce, "a",
			[]string{"a"},
		},
		"ended":          {one, []consent.Record{ends(grant("a", 1, mail, news, mailing, 1), 10)}, news, mailing, 10, consent.Ended, "a", nil},
		"about to end":   {one, []consent.Record{ends(grant("a", 1, mail, news, mailing, 1), 10)}, news, mailing, 9, consent.InForce, "a", []string{"a"}},
		"by the purpose": {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, mailing, 366, consent.Ended, "a", nil},
		"a day before":   {one, []consent.Record{grant("a", 1, mail, news, mailing, 1)}, news, mailing, 365, consent.InForce, "a", []string{"a"}},
		"not begun":      {one, []consent.Record{begins(grant("a", 1, mail, news, mailing, 1), 20)}, news, mailing, 10, consent.NotBegun, "a", nil},
		"renewed ahead": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), begins(grant("b", 1, mail, news, mailing, 5), 20)},
			news, mailing, 10,
			consent.InForce, "a",
			[]string{"a"},
		},
		"what came before does not come back": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), ends(grant("b", 1, mail, news, mailing, 2), 5)},
			news, mailing, 10,
			consent.Ended, "b", nil,
		},
		"two grants of one moment": {
			one,
			[]consent.Record{ends(grant("a", 1, mail, "service", mailing, 1), 5), grant("b", 1, mail, "service", mailing, 1)},
			"service", mailing, 10,
			consent.Ended, "a", nil,
		},
		"two grants of one moment, the other way": {
			one,
			[]consent.Record{ends(grant("b", 1, mail, news, mailing, 1), 5), ends(grant("a", 1, mail, news, mailing, 1), 20)},
			news, mailing, 10,
			consent.Ended, "b", nil,
		},
		"all refused by a retired channel": {
			one,
			[]consent.Record{deny("a", 1, mail, "", "fax", 1), deny("b", 1, mail, "raffle", "letter", 1), deny("c", 1, mail, "profiling", "fax", 1), grant("d", 1, mail, news, mailing, 1)},
			news, mailing, 10,
			consent.InForce, "d",
			[]string{"d"},
		},
		"recorded late": {
			one,
			[]consent.Record{deny("b", 1, mail, news, mailing, 5), grant("a", 1, mail, news, mailing, 1)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"by two identifiers": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), grant("b", 1, phone, news, mailing, 1)},
			news, mailing, 10,
			consent.InForce, "a",
			[]string{"a", "b"},
		},
		"another identifier denies": {
			one,
			[]consent.Record{grant("a", 1, mail, news, mailing, 1), deny("b", 1, phone, news, mailing, 1)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"another atom denies": {
			both,
			[]consent.Record{grant("a", 1, mail, news, mailing, 5), deny("b", 2, mail, news, mailing, 1)},
			news, mailing, 10,
			consent.Denied, "b", nil,
		},
		"another atom is silent": {both, []consent.Record{grant("a", 1, mail, news, mailing, 5)}, news, mailing, 10, consent.InForce, "a", []string{"a"}},
		"of somebody else":       {one, []consent.Record{grant("a", 2, mail, news, mailing, 5)}, news, mailing, 10, consent.NotGranted, "", nil},
		// Apache Unomi removes the ended consent of the profile that stays, and does not take over the valid one that comes.
		"ended in one, in force in the other": {
			both,
			[]consent.Record{ends(grant("a", 1, mail, news, mailing, 1), 5), grant("b", 2, mail, news, mailing, 2)},
			news, mailing, 10,
			consent.InForce, "b",
			[]string{"b"},
		},
		// It fails where a consent has no date of revocation.
		"neither has an end": {
			both,
			[]consent.Record{grant("a", 1, mail, "service", mailing, 1), grant("b", 2, mail, "service", mailing, 2)},
			"service", mailing, 9999,
			consent.InForce, "a",
			[]string{"a", "b"},
		},
		"by contract in spite of a refusal": {
			one,
			[]consent.Record{on(consent.Contract, grant("a", 1, mail, "service", mailing, 1)), deny("b", 1, mail, "", "", 5)},
			"service", mailing, 10,
			consent.InForce, "a",
			[]string{"a"},
		},
		"contract ended by name": {
			one,
			[]consent.Record{on(consent.Contract, grant("a", 1, mail, "service", mailing, 1)), on(consent.Contract, deny("b", 1, mail, "service", "", 5))},
			"service", mailing, 10,
			consent.Denied, "b", nil,
		},
		"use of data": {both, []consent.Record{grant("a", 1, consent.Identifier{}, "profiling", "", 1)}, "profiling", "", 10, consent.InForce, "a", []string{"a"}},
		"objection": {
			one,
			[]consent.Record{on(consent.LegitimateInterest, grant("a", 1, consent.Identifier{}, "profiling", "", 1)), deny("b", 1, consent.Identifier{}, "profiling", "", 3)},
			"profiling", "", 10,
			consent.Denied, "b", nil,
		},
		"interest refused, consent in force": {
			one,
			[]consent.Record{on(consent.LegitimateInterest, deny("b", 1, phone, "profiling", "", 3)), grant("a", 1, mail, "profiling", "", 1)},
			"profiling", "", 10,
			consent.InForce, "a",
			[]string{"a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			consents := open(t, store.Limited(new(store.Memory), store.MinLimits), c.crowd, nil)
			require.NoError(t, consents.Record(t.Context(), later, c.records...))
			d, err := consents.Allowed(t.Context(), day(c.at), customer.FromInt64(1), c.purpose, c.channel)
			require.NoError(t, err)
			require.Equal(t, c.reason, d.Reason, d.Reason.String())
			require.Equal(t, c.reason == consent.InForce, d.Allowed)
			var grants []string
			for _, g := range d.Grants {
				grants = append(grants, g.Record)
			}
			require.Equal(t, c.grants, grants)
			if c.record == "" {
				require.Nil(t, d.Record)
			} else {
				require.Equal(t, c.record, d.Record.ID)
			}
		})
	}
}

func TestUntil(t *testing.T) {
	c := open(t, new(store.Memory), crowd{1: {atom(1), atom(2)}}, nil)
	require.NoError(t, c.Record(t.Context(), later, grant("a", 1, mail, "newsletter", "email", 1), ends(grant("b", 2, phone, "newsletter", "email", 1), 50)))
	d, err := c.Allowed(t.Context(), day(2), customer.FromInt64(1), "newsletter", "email")
	require.NoError(t, err)
	require.Equal(t, day(50), d.Until)
	require.Equal(t, day(366), d.Grants[0].Until)
	for _, undeclared := range [][2]string{{"x", "email"}, {"newsletter", ""}, {"newsletter", "phone"}, {"profiling", "email"}, {"profiling", "fax"}, {"raffle", "letter"}, {"", ""}} {
		d, err := c.Allowed(t.Context(), day(2), customer.FromInt64(1), undeclared[0], undeclared[1])
		require.ErrorIs(t, err, consent.ErrPurpose)
		require.False(t, d.Allowed)
		require.False(t, c.Declares(undeclared[0], undeclared[1]))
	}
	require.True(t, c.Declares("newsletter", "email"))
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var read consent.Decision
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, d, read)
}

// draw is a record by chance.
func draw(r *rand.Rand, i int) consent.Record {
	rec := consent.Record{
		ID: fmt.Sprint(i), Atom: atom(byte(1 + r.IntN(4))), Identifier: []consent.Identifier{{}, phone, mail}[r.IntN(3)],
		Collected: day(r.IntN(12)), Recorded: day(r.IntN(20)), Choice: consent.Choice(1 + r.IntN(3)),
	}
	p := policy.Purposes[r.IntN(3)]
	rec.Purpose = p.Name
	if len(p.Channels) > 0 {
		rec.Channel = p.Channels[r.IntN(2)]
	}
	rec.Basis = p.Bases[r.IntN(len(p.Bases))]
	if rec.Choice == consent.Granted {
		if r.IntN(3) == 0 {
			rec.Since = day(r.IntN(12))
		}
		if r.IntN(3) == 0 {
			rec.Until = rec.Collected.AddDate(0, 0, 1+r.IntN(8))
			if rec.Since.After(rec.Collected) {
				rec.Until = rec.Since.AddDate(0, 0, 1+r.IntN(8))
			}
		}
		return rec
	}
	if r.IntN(3) == 0 {
		rec.Basis = consent.AnyBasis
	}
	if r.IntN(3) == 0 {
		rec.Channel = ""
	}
	if rec.Channel == "" && r.IntN(3) == 0 {
		rec.Purpose = ""
	}
	return rec
}

type allowance struct {
	atom  customer.AtomID
	by    consent.Identifier
	basis consent.Basis
}

// slowly follows the rules of the package comment, word for word.
func slowly(records []consent.Record, atoms []customer.AtomID, p consent.Purpose, channel string, at time.Time) map[allowance]bool {
	refusable := []consent.Basis{consent.Consent, consent.SeparateConsent, consent.LegitimateInterest}
	allowed := map[allowance]bool{}
	said := func(r *consent.Record) time.Time {
		if r.Recorded.Before(r.Collected) {
			return r.Recorded
		}
		return r.Collected
	}
	never := day(1_000_000)
	end := func(r *consent.Record) time.Time {
		ends := never
		if p.Days > 0 && r.Since.IsZero() {
			ends = said(r).AddDate(0, 0, p.Days)
		} else if p.Days > 0 {
			ends = r.Since.AddDate(0, 0, p.Days)
		}
		if !r.Until.IsZero() && r.Until.Before(ends) {
			ends = r.Until
		}
		return ends
	}
	for _, basis := range p.Bases {
		granted, refused := map[allowance]bool{}, false
		for _, a := range atoms {
			for _, by := range []consent.Identifier{{}, phone, mail} {
				var counts *consent.Record
				for i := range records {
					r := &records[i]
					about := r.Purpose == p.Name && r.Channel == channel && r.Basis == basis
					if r.Choice != consent.Granted {
						about = (r.Purpose == p.Name || r.Purpose == "") && (r.Channel == channel || r.Channel == "") &&
							(r.Basis == basis || r.Basis == consent.AnyBasis && slices.Contains(refusable, basis))
					}
					begun := r.Choice != consent.Granted || !r.Since.After(at)
					if r.Atom != a || r.Identifier != by || !about || said(r).After(at) || !begun {
						continue
					}
					last := counts == nil || said(r).After(said(counts))
					if counts != nil && said(r).Equal(said(counts)) {
						if r.Choice == consent.Granted && counts.Choice == consent.Granted {
							last = end(r).Before(end(counts)) || end(r).Equal(end(counts)) && r.ID > counts.ID
						} else {
							last = r.Choice != consent.Granted && (counts.Choice == consent.Granted || r.ID > counts.ID)
						}
					}
					if last {
						counts = r
					}
				}
				if counts == nil {
					continue
				}
				if counts.Choice != consent.Granted {
					refused = true
					continue
				}
				if at.Before(end(counts)) {
					granted[allowance{a, by, basis}] = true
				}
			}
		}
		if !refused {
			for g := range granted {
				allowed[g] = true
			}
		}
	}
	return allowed
}

func ask(t *testing.T, c *consent.Consents, id int64, purpose, channel string, at time.Time) map[allowance]bool {
	t.Helper()
	d, err := c.Allowed(t.Context(), at, customer.FromInt64(id), purpose, channel)
	require.NoError(t, err)
	require.Equal(t, d.Allowed, len(d.Grants) > 0)
	allowed := map[allowance]bool{}
	for _, g := range d.Grants {
		allowed[allowance{g.Atom, g.Identifier, g.Basis}] = true
	}
	return allowed
}

// Random histories: the answer is that of the rules, whatever the order of recording, and a merge allows nothing that
// was not allowed before.
func TestRandom(t *testing.T) {
	rounds := 120
	if race.Enabled {
		rounds = 20 // there are no goroutines
	}
	before, allowed := 0, 0
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), 1))
		var records []consent.Record
		for i := range 1 + r.IntN(25) {
			records = append(records, draw(r, i))
		}
		people := crowd{1: {atom(1), atom(2)}, 2: {atom(3), atom(4)}, 3: {atom(1), atom(2), atom(3), atom(4)}}
		s := new(store.Memory)
		c := open(t, s, people, nil)
		for _, i := range r.Perm(len(records)) {
			require.NoError(t, c.Record(t.Context(), records[i].Recorded, records[i]))
		}
		for _, p := range policy.Purposes[:3] {
			channels := p.Channels
			if len(channels) == 0 {
				channels = []string{""}
			}
			for _, channel := range channels {
				for n := range 14 {
					at := day(n)
					merged := ask(t, c, 3, p.Name, channel, at)
					require.Equal(t, slowly(records, people[3], p, channel, at), merged, "round %d %s %s %d", round, p.Name, channel, n)
					one, two := ask(t, c, 1, p.Name, channel, at), ask(t, c, 2, p.Name, channel, at)
					for a := range merged {
						require.True(t, one[a] || two[a])
					}
					before += len(one) + len(two)
					allowed += len(merged)
				}
			}
		}
	}
	require.Greater(t, allowed, rounds)
	require.Greater(t, before, allowed)
}

func TestRecord(t *testing.T) {
	s := store.Limited(new(store.Memory), store.MinLimits)
	var told []string
	c := open(t, s, crowd{1: {atom(1)}}, &consent.Options{Committing: func(b *store.Batch, records []consent.Record) error {
		for _, r := range records {
			told = append(told, r.ID)
			b.Put([]byte("told/"+r.ID), nil)
		}
		return nil
	}})
	first := grant("a", 1, mail, "newsletter", "email", 1)
	require.NoError(t, c.Record(t.Context(), later, first, first, deny("b", 1, mail, "newsletter", "", 2)))
	require.NoError(t, c.Record(t.Context(), later, first))
	require.Equal(t, []string{"a", "b"}, told)
	other := first
	other.Collected = day(3)
	require.ErrorIs(t, c.Record(t.Context(), later, other), consent.ErrReused)
	first.Collected = first.Collected.In(time.FixedZone("east", 8*3600)).Add(300)
	require.NoError(t, c.Record(t.Context(), later, first)) // the same microsecond

	// Hundreds of records go into pages.
	for i := range 700 {
		require.NoError(t, c.Record(t.Context(), later, grant(fmt.Sprintf("more %d", i), 1, mail, "service", "sms", i%50)))
	}
	require.NoError(t, c.Record(t.Context(), later, first, grant("more 3", 1, mail, "service", "sms", 3)))
	n := 0
	for r, err := range c.History(t.Context(), atom(1)) {
		require.NoError(t, err)
		if n == 1 {
			require.Equal(t, "b", r.ID)
		}
		n++
	}
	require.Equal(t, 702, n)
	d, err := c.Allowed(t.Context(), day(60), customer.FromInt64(1), "service", "sms")
	require.NoError(t, err)
	require.True(t, d.Allowed)

	require.NoError(t, c.Erase(t.Context(), atom(1), atom(2)))
	require.NoError(t, c.Erase(t.Context(), atom(1)))
	for range c.History(t.Context(), atom(1)) {
		require.Fail(t, "erased")
	}
	require.ErrorIs(t, c.Record(t.Context(), later, first), consent.ErrErased)
	require.ErrorIs(t, c.Record(t.Context(), later, grant("x", 2, mail, "service", "sms", 1)), consent.ErrErased)
	d, err = c.Allowed(t.Context(), day(60), customer.FromInt64(1), "service", "sms")
	require.NoError(t, err)
	require.Equal(t, consent.Decision{Reason: consent.Erased}, d)
	n = 0
	for e, err := range s.Scan(t.Context(), store.Under([]byte("consent/"))) {
		require.NoError(t, err)
		require.Less(t, len(e.Value), 20)
		n++
	}
	require.Equal(t, 2, n)
}

func TestInvalid(t *testing.T) {
	long := string(make([]byte, 300))
	c := open(t, new(store.Memory), nil, nil)
	for name, change := range map[string]func(r *consent.Record){
		"no ID":                 func(r *consent.Record) { r.ID = "" },
		"long ID":               func(r *consent.Record) { r.ID = long },
		"no atom":               func(r *consent.Record) { r.Atom = customer.AtomID{} },
		"no time":               func(r *consent.Record) { r.Collected = time.Time{} },
		"far time":              func(r *consent.Record) { r.Until = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"old time":              func(r *consent.Record) { r.Collected = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC) },
		"no choice":             func(r *consent.Record) { r.Choice = 0 },
		"choice":                func(r *consent.Record) { r.Choice = 4 },
		"basis":                 func(r *consent.Record) { r.Basis = 99 },
		"basis of a grant":      func(r *consent.Record) { r.Basis = consent.AnyBasis },
		"basis not declared":    func(r *consent.Record) { r.Basis = consent.Contract },
		"purpose":               func(r *consent.Record) { r.Purpose = "other" },
		"purpose of a grant":    func(r *consent.Record) { r.Purpose = "" },
		"channel":               func(r *consent.Record) { r.Channel = "phone" },
		"channel of a grant":    func(r *consent.Record) { r.Channel = "" },
		"blind without type":    func(r *consent.Record) { r.Identifier = consent.Identifier{Blind: [20]byte{1}} },
		"control":               func(r *consent.Record) { r.Notice = "a\x00b" },
		"not UTF-8":             func(r *consent.Record) { r.Source = "\xff" },
		"ends at once":          func(r *consent.Record) { r.Until = r.Collected },
		"ends before it begins": func(r *consent.Record) { r.Since, r.Until = day(9), day(8) },
		"refusal that ends":     func(r *consent.Record) { r.Choice, r.Until = consent.Refused, day(9) },
		"retired purpose":       func(r *consent.Record) { r.Purpose, r.Channel = "raffle", "letter" },
		"retired channel": func(r *consent.Record) {
			r.Purpose, r.Channel, r.Basis = "profiling", "fax", consent.LegitimateInterest
		},
		"refusal of no channel":         func(r *consent.Record) { *r = deny("a", 1, mail, "newsletter", "e-mail", 1) },
		"refusal of all, of no channel": func(r *consent.Record) { *r = deny("a", 1, mail, "", "e-mail", 1) },
		"refusal of no basis": func(r *consent.Record) {
			*r = on(consent.LegitimateInterest, deny("a", 1, mail, "newsletter", "email", 1))
		},
		"refusal of all, of no basis": func(r *consent.Record) { *r = on(consent.PublicTask, deny("a", 1, mail, "", "", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := grant("a", 1, mail, "newsletter", "email", 1)
			change(&r)
			err := c.Record(t.Context(), later, grant("good", 1, mail, "newsletter", "email", 1), r)
			require.ErrorIs(t, err, consent.ErrRecord)
			require.ErrorContains(t, err, "record 1")
			for range c.History(t.Context(), atom(1)) {
				require.Fail(t, "something was written")
			}
		})
	}
	for name, p := range map[string]*consent.Policy{
		"nil":        nil,
		"empty":      {},
		"no name":    {Purposes: []consent.Purpose{{Bases: []consent.Basis{1}}}},
		"twice":      {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}}, {Name: "a", Bases: []consent.Basis{1}}}},
		"no basis":   {Purposes: []consent.Purpose{{Name: "a"}}},
		"any basis":  {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{0}}}},
		"basis":      {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{8}}}},
		"channel":    {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}, Channels: []string{""}}}},
		"retired":    {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}, Channels: []string{"b"}, RetiredChannels: []string{"b"}}}},
		"channels":   {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}, Channels: []string{"b", "b"}}}},
		"days":       {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}, Days: -1}}},
		"long label": {Purposes: []consent.Purpose{{Name: "a", Bases: []consent.Basis{1}, Label: customer.Text{EN: long}}}},
	} {
		t.Run("policy "+name, func(t *testing.T) {
			_, err := consent.Open(new(store.Memory), p, crowd{}.members, nil)
			require.ErrorIs(t, err, consent.ErrPolicy)
		})
	}
	_, err := consent.Open(store.Limited(new(store.Memory), store.MinLimits), policy, crowd{}.members, &consent.Options{Prefix: make([]byte, 500)})
	require.ErrorIs(t, err, consent.ErrPolicy)
	_, err = consent.Open(new(store.Memory), policy, nil, nil)
	require.ErrorIs(t, err, consent.ErrPolicy)
}

func TestMembersFail(t *testing.T) {
	c, err := consent.Open(new(store.Memory), policy, func(context.Context, customer.ID) ([]customer.Member, error) { return nil, errDown }, nil)
	require.NoError(t, err)
	d, err := c.Allowed(t.Context(), day(1), customer.FromInt64(1), "service", "sms")
	require.ErrorIs(t, err, errDown)
	require.False(t, d.Allowed)
}

func BenchmarkAllowed(b *testing.B) {
	people := crowd{1: {atom(1), atom(2), atom(3), atom(4), atom(5)}}
	c := open(b, new(store.Memory), people, nil)
	for i := range 50 {
		require.NoError(b, c.Record(b.Context(), later, grant(fmt.Sprint(i), byte(1+i%5), mail, "newsletter", "email", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Allowed(b.Context(), day(70), customer.FromInt64(1), "newsletter", "email"); err != nil {
			b.Fatal(err)
		}
	}
}
