package profile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/store"
)

// An observation of January that arrives in July moves what a customer has had since June:
// what was known in June is what it was.
func TestKnownBeforeLateObservation(t *testing.T) {
	s := new(store.Memory)
	g, err := identity.Open(t.Context(), s, nil, nil)
	require.NoError(t, err)
	p := openLog(t, s)
	month := func(m time.Month) time.Time { return time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC) }
	sync := func(at time.Time) {
		_, err := p.Sync(t.Context(), at, g)
		require.NoError(t, err)
	}
	seen := func(id, record string, at time.Time, phones ...string) identity.Resolution {
		o := identity.Observation{ID: id, Source: "shop", Record: record, Time: at}
		for _, phone := range phones {
			o.Identifiers = append(o.Identifiers, identity.Identifier{Type: "phone", Value: phone, Proof: identity.Verified})
		}
		r, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
		return r
	}
	first := seen("1", "old", month(1), "13912345001")
	second := seen("2", "new", month(6), "13912345002")
	require.NotEqual(t, first.Customer, second.Customer)
	_, err = p.Add(t.Context(), month(6), Evidence{
		Atom: second.Atom, ID: "1", Source: "shop", Event: "order", Time: month(6),
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(7)}},
	})
	require.NoError(t, err)
	sync(month(6))
	answer := func(id customer.ID, m Moment) string {
		one, err := p.Profile(t.Context(), id, m)
		require.NoError(t, err)
		one.Known = time.Time{}
		data, err := json.Marshal(one)
		require.NoError(t, err)
		return string(data)
	}
	june := Moment{At: month(6), Known: month(6)}
	was := answer(second.Customer, Moment{At: month(6)})
	asTable := func(m Moment) string {
		got, err := p.Table(t.Context(), m)
		require.NoError(t, err)
		return fmt.Sprint(got.IDs, got.Columns)
	}
	table := asTable(Moment{At: month(6)})

	seen("3", "new", month(1), "13912345001")
	require.Equal(t, was, answer(second.Customer, june), "before it is followed")
	sync(month(7))
	now, err := p.Profile(t.Context(), second.Customer, Moment{At: month(7)})
	require.NoError(t, err)
	require.Equal(t, first.Customer, now.Customer)
	require.Equal(t, was, answer(second.Customer, june))
	require.Equal(t, table, asTable(june))
	before, err := p.Profile(t.Context(), first.Customer, june)
	require.NoError(t, err)
	require.Empty(t, before.Computed[0].From, "what moves in July is nobody else's before")

	// Nothing is known from a time on that lies before what is known already.
	seen("4", "third", month(7), "13912345001")
	sync(month(2))
	require.Equal(t, was, answer(second.Customer, june))
	require.Equal(t, table, asTable(june))
}

// What is answered at any time is answered again of that time, whatever becomes known late
// since: of records, of devices and of rulings.
func TestKnownIsWhatWasAnswered(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := minimal()
			g, err := identity.Open(t.Context(), s, nil, nil)
			require.NoError(t, err)
			p := openLog(t, s)
			r := rand.New(rand.NewPCG(seed, 31))
			now := sliceStart.AddDate(0, 0, 40)
			type past struct {
				at  time.Time
				was []*Profile
			}
			var history []past
			var observed, links []string
			late := 0
			for step := range 120 {
				now = now.Add(time.Minute)
				at := now
				if r.IntN(2) == 0 {
					at = now.Add(-time.Duration(r.IntN(30*24)) * time.Hour)
					late++
				}
				ruling := identity.Ruling{ID: fmt.Sprint("ruling ", step), Actor: "steward", Time: now}
				switch n := r.IntN(20); {
				case n < 14:
					o := identity.Observation{ID: fmt.Sprint(step), Source: "shop", Time: at}
					if r.IntN(2) == 0 {
						o.Record = fmt.Sprint("record ", r.IntN(12))
					}
					if o.Record == "" || r.IntN(2) == 0 {
						o.Identifiers = append(o.Identifiers, identity.Identifier{Type: "device", Value: fmt.Sprint("tablet-", r.IntN(3))})
					}
					if o.Record != "" {
						o.Identifiers = append(o.Identifiers, identity.Identifier{Type: "account", Value: fmt.Sprint("user-", r.IntN(8)), Proof: identity.Verified})
					}
					res, err := g.Observe(t.Context(), o)
					require.NoError(t, err)
					observed = append(observed, o.ID)
					e := Evidence{
						Atom: res.Atom, ID: o.ID, Source: "shop", Event: "order", Time: at,
						Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(int64(step))}},
					}
					if o.Record == "" {
						e.Atom = res.Stream
					}
					if e.Atom != (customer.AtomID{}) {
						_, err = p.Add(t.Context(), now, e)
						require.NoError(t, err)
					}
				case n < 16:
					record := func() identity.Record {
						return identity.Record{Source: "shop", Record: fmt.Sprint("record ", r.IntN(12))}
					}
					if g.Link(t.Context(), ruling, record(), record()) == nil {
						links = append(links, ruling.ID)
					}
				case n < 17 && len(links) > 0:
					require.NoError(t, g.Revoke(t.Context(), now, links[r.IntN(len(links))]))
				case n < 19 && len(observed) > 0:
					require.NoError(t, g.Retract(t.Context(), now, observed[r.IntN(len(observed))]))
				}
				if r.IntN(4) == 0 {
					_, err := p.Sync(t.Context(), now, g)
					require.NoError(t, err)
					history = append(history, past{now, collectProfiles(t, t.Context(), p, Moment{At: now})})
				}
			}
			require.Greater(t, late, 20)
			some := 0
			for _, h := range history {
				then := collectProfiles(t, t.Context(), p, Moment{At: h.at, Known: h.at})
				for _, one := range then {
					one.Known = time.Time{}
				}
				requireSameJSON(t, h.was, then)
				some += len(then)
			}
			require.Greater(t, some, 50)
		})
	}
}
