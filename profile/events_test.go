package profile

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/table"
)

// named is the name that a code of a column stands for.
func named(names []string, code int32) string {
	if code < 0 {
		return ""
	}
	return names[code]
}

// eventRows are events as texts.
func eventRows(t *testing.T, e *table.Events[customer.ID]) (rows []string) {
	n := len(e.Customers)
	for name, l := range map[string]int{
		"Times": len(e.Times), "Arrived": len(e.Arrived), "Amounts": len(e.Amounts), "Kinds": len(e.Kinds), "Channels": len(e.Channels), "Categories": len(e.Categories),
	} {
		require.Equal(t, n, l, name)
	}
	for i, id := range e.Customers {
		rows = append(rows, fmt.Sprintf("%s %d %d %s %s %q %d", id, e.Times[i], e.Arrived[i], named(e.KindNames, e.Kinds[i]),
			named(e.ChannelNames, e.Channels[i]), named(e.CategoryNames, e.Categories[i]), e.Amounts[i]))
	}
	return rows
}

// Events are the timelines of all customers, one after the other.
func TestEventsAreTimelines(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			schema := readsSchema()
			schema.Retention = []int{0, 0, 50}[seed%3]
			w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), seed, schema, nil)
			w.build(40)
			w.say(300, fakeAtom(1), fakeAtom(2)) // in pages
			w.retract(20)
			for n := range 6 {
				m := w.moment()
				if n == 0 {
					m = Moment{At: w.feed.now}
				}
				var want []string
				for _, id := range w.liveIDs(m.Known) {
					for _, e := range w.timelineOf(id, m, &TimelineQuery{Events: []string{"order"}}, schema) {
						amount, category := int64(0), ""
						for _, v := range e.Values {
							if v.Name == "amount" {
								amount, _ = v.Value.Int64()
							} else {
								category, _ = v.Value.Text()
							}
						}
						want = append(want, fmt.Sprintf("%s %d %d purchase %s %q %d", id, e.Time.Unix(), e.Learned.Unix(), e.Channel, category, amount))
					}
				}
				got, err := w.p.Events(t.Context(), m, &EventsQuery{Kinds: []EventKind{{Event: "order", Kind: "purchase", Amount: "amount", Category: "category"}}})
				require.NoError(t, err)
				require.Equal(t, want, eventRows(t, got))

				want = nil
				for _, id := range w.liveIDs(m.Known) {
					for _, e := range w.timelineOf(id, m, nil, schema) {
						want = append(want, fmt.Sprintf("%s %d %d %s %s %q 0", id, e.Time.Unix(), e.Learned.Unix(), e.Event, e.Channel, ""))
					}
				}
				got, err = w.p.Events(t.Context(), m, nil)
				require.NoError(t, err)
				require.Equal(t, want, eventRows(t, got))
			}
		})
	}
}

// What is sealed is opened, and that of who was erased is gone.
func TestEventsAreOpened(t *testing.T) {
	s := new(store.Memory)
	schema := readsSchema()
	schema.Events[0].Fields[1].Sensitivity, schema.Computed = Personal, nil
	w := newReadsWorld(t, s, 5, schema, withVault(t, s, &Options{}))
	a, b := w.found(1), w.found(1)
	w.say(300)
	w.sync(w.p, w.feed)
	query := &EventsQuery{Kinds: []EventKind{{Event: "order", Category: "category"}}}
	count := func() (all map[customer.ID]int) {
		all = map[customer.ID]int{}
		got, err := w.p.Events(t.Context(), Moment{At: w.feed.now}, query)
		require.NoError(t, err)
		for i, id := range got.Customers {
			if got.Categories[i] >= 0 {
				all[id]++
			}
		}
		return all
	}
	before := count()
	require.Greater(t, min(before[a], before[b]), 10)
	batch := new(store.Batch)
	w.p.o.Vault.Destroy(batch, w.feed.members(b)...)
	_, err := s.Commit(t.Context(), batch)
	require.NoError(t, err)
	w.p.o.Vault.Forget(w.feed.members(b)...)
	require.Equal(t, map[customer.ID]int{a: before[a]}, count())
}

func TestEventsErrors(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 12, readsSchema(), nil)
	w.build(2)
	for name, c := range map[string]struct {
		m     Moment
		q     EventsQuery
		field string
	}{
		"no time":         {Moment{}, EventsQuery{}, "at"},
		"scale":           {Moment{At: w.feed.now}, EventsQuery{Scale: 19}, "scale"},
		"negative":        {Moment{At: w.feed.now}, EventsQuery{Scale: -1}, "scale"},
		"no event":        {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "birth"}}}, "event birth"},
		"a trait":         {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "city"}}}, "event city"},
		"twice":           {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "order"}, {Event: "visit"}, {Event: "order", Kind: "x"}}}, "event order"},
		"no field":        {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "visit", Amount: "amount"}}}, "field amount"},
		"texts as amount": {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "order", Amount: "category"}}}, "field category"},
		"money as text":   {Moment{At: w.feed.now}, EventsQuery{Kinds: []EventKind{{Event: "order", Category: "amount"}}}, "field amount"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.p.Events(t.Context(), c.m, &c.q)
			var input *InputError
			require.ErrorAs(t, err, &input)
			require.Equal(t, c.field, input.Field)
			require.ErrorIs(t, err, ErrInput)
		})
	}
	none, err := w.p.Events(t.Context(), Moment{At: w.feed.now}, &EventsQuery{Kinds: []EventKind{}})
	require.NoError(t, err)
	require.Empty(t, none.Customers)
}

// Several events may be of one kind, and several sources of one channel: each name is there once.
func TestEventsOfOneKind(t *testing.T) {
	schema := readsSchema()
	schema.Sources[2].Channel = "shop"
	w := newReadsWorld(t, new(store.Memory), 2, schema, nil)
	w.found(2)
	w.say(100)
	w.sync(w.p, w.feed)
	got, err := w.p.Events(t.Context(), Moment{At: w.feed.now}, &EventsQuery{Kinds: []EventKind{{Event: "visit", Kind: "touch"}, {Event: "order", Kind: "touch"}}})
	require.NoError(t, err)
	require.Equal(t, []string{"touch"}, got.KindNames)
	require.Equal(t, []string{"phone", "shop"}, got.ChannelNames)
	require.Greater(t, len(got.Customers), 20)
}

func TestMinorUnits(t *testing.T) {
	exact := func(c int64, digits, scale int) int64 { // by rational numbers
		power := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
		x := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(c), power(scale)), power(digits))
		low := new(big.Int).Div(x.Num(), x.Denom()) // rounded down, as the denominator is positive
		switch c := new(big.Rat).Sub(x, new(big.Rat).SetInt(low)).Cmp(big.NewRat(1, 2)); {
		case c > 0, c == 0 && low.Bit(0) == 1:
			low.Add(low, big.NewInt(1))
		}
		if !low.IsInt64() {
			return math.MinInt64
		}
		return low.Int64()
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		c, digits, scale := r.Int64()-r.Int64(), r.IntN(19), r.IntN(19)
		switch r.IntN(4) {
		case 0:
			c = r.Int64N(2001) - 1000
		case 1: // halves
			c = (r.Int64N(201) - 100) * 5
		case 2:
			c = []int64{math.MaxInt64, math.MinInt64, math.MaxInt64 / 10, math.MinInt64 / 10, 1e18, -1e18}[r.IntN(6)]
		}
		require.Equal(t, exact(c, digits, scale), minorUnits(customer.DecimalValue(c, digits), scale), "%de-%d to %d", c, digits, scale)
	}
	require.EqualValues(t, 1234, minorUnits(customer.Int64Value(1234), 2), "minor units as they are")
	require.Zero(t, minorUnits(customer.Value{}, 2))
}
