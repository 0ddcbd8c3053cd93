package profile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func explainSchema() *Schema {
	return &Schema{
		Location: "Asia/Shanghai",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}},
		Traits:   []Trait{{Name: "city", Kind: customer.KindText}, {Name: "score", Kind: customer.KindInt64}},
		Events: []Event{
			{Name: "order", Fields: []Field{{Name: "brand", Kind: customer.KindText}}},
			{Name: "ticket", Fields: []Field{{Name: "number", Kind: customer.KindText}}},
			{Name: "answer", Fields: []Field{{Name: "number", Kind: customer.KindText}}},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}, Window: Window{Hours: 24}},
			{Name: "brands", Of: Top, Events: []string{"order"}, Field: "brand", Limit: 2},
			{Name: "answered", Of: Count, Events: []string{"ticket"}, Pair: &Pair{Until: []string{"answer"}, By: "number"}},
		},
	}
}

func explainFacts() []fact {
	brand := func(s string) []customer.Field {
		return []customer.Field{{Name: "brand", Value: customer.TextValue(s)}}
	}
	number := []customer.Field{{Name: "number", Value: customer.TextValue("7")}}
	return []fact{
		{atom: 1, id: "c1", time: 10 * hour, learned: 11 * hour, source: "crm", verified: true, values: []customer.Field{{Name: "city", Value: customer.TextValue("Shanghai")}}},
		{atom: 2, id: "s1", time: 20*hour + 5, learned: 21 * hour, source: "shop", values: []customer.Field{{Name: "city", Value: customer.TextValue("Beijing")}}},
		{atom: 1, id: "o1", time: 30 * hour, source: "crm", event: "order", values: brand("a")},
		{atom: 2, id: "o2", time: 31 * hour, source: "shop", event: "order", values: brand("b")},
		{atom: 2, id: "o3", time: 32 * hour, source: "shop", event: "order", values: brand("b")},
		{atom: 2, id: "o4", time: 90 * hour, source: "shop", event: "order", values: brand("b")},
		{atom: 1, id: "t1", time: 33 * hour, source: "crm", event: "ticket", values: number},
		{atom: 2, id: "t2", time: 34 * hour, source: "shop", event: "answer", values: number},
	}
}

func TestExplain(t *testing.T) {
	b := bindFor(t, explainSchema(), nil)
	p := b.explain(atomsOf(b, explainFacts()), moment{at: 40 * hour, known: never})
	at := func(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
	require.Equal(t, &Profile{
		At: at(40 * hour), Schema: 7, Next: at(54 * hour),
		Traits: []Resolved{{
			Name: "city", Value: customer.TextValue("Beijing"), Rule: MostRecent,
			From: []Candidate{{
				Atom: atomNamed(2), Evidence: "s1", Source: "shop", Time: at(20*hour + 5), Learned: at(21 * hour), Value: customer.TextValue("Beijing"),
			}},
			Losers: []Candidate{{
				Atom: atomNamed(1), Evidence: "c1", Source: "crm", Time: at(10 * hour), Learned: at(11 * hour), Verified: true,
				Value: customer.TextValue("Shanghai"),
			}},
		}},
		Computed: []Result{
			{Name: "orders", Value: customer.Int64Value(3), Events: 3, From: []Contribution{{atomNamed(1), 1}, {atomNamed(2), 2}}},
			{
				Name: "brands", Value: customer.LabelsValue("a", "b"),
				Items:  []Item{{customer.TextValue("b"), 2}, {customer.TextValue("a"), 1}},
				Events: 3, From: []Contribution{{atomNamed(1), 1}, {atomNamed(2), 2}},
			},
			{Name: "answered", Value: customer.Int64Value(1), Events: 1, From: []Contribution{{atomNamed(1), 1}}},
		},
	}, p)
	p = b.explain(atomsOf(b, explainFacts()), moment{at: 40 * hour, known: 12 * hour})
	require.Equal(t, at(12*hour), p.Known)
	require.Equal(t, customer.TextValue("Shanghai"), p.Value("city"), "before the other was known")
}

func TestProfileAsJSON(t *testing.T) {
	b := bindFor(t, explainSchema(), nil)
	p := b.explain(atomsOf(b, explainFacts()), moment{at: 25 * hour, known: never})
	p.Customer = customer.FromInt64(1)
	require.JSONEq(t, fmt.Sprintf(`{
		"customer": %q, "at": "1970-01-02T01:00:00Z", "schema": 7,
		"traits": [{
			"name": "city", "value": "Beijing", "rule": "most_recent",
			"from": [{"atom": %q, "evidence": "s1", "source": "shop", "time": "1970-01-01T20:00:00.000005Z", "learned": "1970-01-01T21:00:00Z", "value": "Beijing"}],
			"losers": [{"atom": %q, "evidence": "c1", "source": "crm", "time": "1970-01-01T10:00:00Z", "learned": "1970-01-01T11:00:00Z", "verified": true, "value": "Shanghai"}]
		}],
		"computed": [
			{"name": "orders", "value": 0, "events": 0},
			{"name": "brands", "value": null, "events": 0},
			{"name": "answered", "value": 0, "events": 0}
		],
		"next": "1970-01-02T06:00:00Z"
	}`, p.Customer, atomNamed(2), atomNamed(1)), profileJSON(t, p))

	r := rand.New(rand.NewPCG(19, 20))
	for range 40 {
		s := foldSchema(r)
		b, facts, m := bindFor(t, s, testCustom), foldFacts(r, s), foldMoment(r)
		p := b.explain(atomsOf(b, facts), m)
		var back Profile
		require.NoError(t, json.Unmarshal([]byte(profileJSON(t, p)), &back))
		require.Equal(t, p, &back)
		require.Equal(t, profileJSON(t, p), profileJSON(t, &back))
	}
}
