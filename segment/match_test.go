package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// slowMoments are moments near the odd days of zones east and west: clocks put forward and back, also across midnight,
// a day that was left out, leap days.
func slowMoments(t testing.TB) []moment {
	var all []moment
	for zone, times := range map[string][]string{
		"Asia/Shanghai":       {"2026-03-05T00:00:00+08:00", "1988-04-17T02:30:00+08:00", "2024-02-29T23:59:59.999999999+08:00"},
		"America/New_York":    {"2026-03-08T03:00:00-04:00", "2025-11-02T01:30:00-05:00", "2025-02-28T12:00:00-05:00"},
		"America/St_Johns":    {"2006-10-29T00:00:30-02:30", "2006-10-28T23:30:00-03:30", "2011-11-06T00:30:00-03:30"},
		"Pacific/Apia":        {"2011-12-31T00:00:00+14:00", "2011-12-29T23:00:00-10:00", "2012-01-01T12:00:00+14:00"},
		"Africa/Cairo":        {"2010-09-30T12:00:00+02:00", "2024-04-26T01:00:00+03:00"},
		"Australia/Lord_Howe": {"2026-04-05T01:45:00+10:30"},
		"UTC":                 {"2023-12-31T23:59:59Z", "2024-02-28T00:00:00Z", "9999-12-31T23:00:00Z", "0001-01-02T00:00:00Z"},
	} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		for _, text := range times {
			at, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(t, err)
			all = append(all, moment{at, loc})
		}
	}
	return all
}

// near returns a value for the tag that lies at, or just beside, something the rule compares it with.
func near(rng *rand.Rand, n *node, tag Tag, m moment) (customer.Value, bool) {
	var leaves []*node
	var walk func(n *node)
	walk = func(n *node) {
		if n.tag == tag.Name {
			leaves = append(leaves, n)
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	walk(n)
	if len(leaves) == 0 {
		return customer.Value{}, false
	}
	leaf := leaves[rng.IntN(len(leaves))]
	if tag.Kind == Time {
		return nearTime(rng, leaf, tag, m)
	}
	if len(leaf.values) == 0 {
		return customer.Value{}, false
	}
	v := leaf.values[rng.IntN(len(leaf.values))].value
	step := rng.Int64N(3) - 1
	switch tag.Kind {
	case Integer, Decimal:
		if !isNumber(v) {
			break
		}
		lo, hi := intRange(le, v, tag.Scale) // only to be near: slow does not know it
		if lo > hi {
			break
		}
		return customer.DecimalValue(hi+step, tag.Scale), tag.Kind == Decimal
	case Float:
		f, _ := fraction(v).Float64()
		return customer.Float64Value(f + float64(step)*1e-16*f), true
	}
	return v, true
}

func nearTime(rng *rand.Rand, leaf *node, tag Tag, m moment) (customer.Value, bool) {
	at := m.at.In(m.loc)
	var day time.Time
	switch {
	case leaf.op == opAnniversary:
		back := rng.IntN(60)
		day = at.AddDate(-back, 0, rng.IntN(3)-1+pick(rng, 0, leaf.k-1))
		if rng.IntN(4) == 0 {
			day = time.Date(2000, 2, 29, 12, 0, 0, 0, m.loc)
		}
	case leaf.window.hours:
		sign := pick[int64](rng, -1, 0, 1)
		at = time.Unix(at.Unix()+sign*int64(leaf.window.n)*3600, int64(at.Nanosecond()))
	case leaf.window.n > 0:
		day = at.AddDate(0, 0, pick(rng, -leaf.window.n, 1-leaf.window.n, 0, 1, leaf.window.n-1, leaf.window.n))
	case len(leaf.values) > 0:
		l := leaf.values[rng.IntN(len(leaf.values))]
		if text, ok := l.value.Text(); ok {
			day, _ = time.Parse("2006-01-02", text)
			day = day.AddDate(0, 0, rng.IntN(2))
		} else if l.isDay {
			day = time.Unix(int64(l.day)*86400, 0).UTC().AddDate(0, 0, rng.IntN(2))
		} else {
			at, _ = l.value.Time()
		}
	}
	if !day.IsZero() {
		y, mo, d := day.Date()
		at = time.Date(y, mo, d, pick(rng, 0, 0, 0, 1, 12, 23), 0, 0, 0, m.loc)
	}
	at = at.Add(pick(rng, 0, -time.Nanosecond, time.Nanosecond, -time.Second, time.Second, -tag.Unit, tag.Unit, -time.Minute, 30*time.Second))
	_, err := tag.store(customer.TimeValue(at))
	return customer.TimeValue(at), err == nil
}

func subjectID(n uint64) (id customer.ID) {
	binary.BigEndian.PutUint64(id[:], n*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], n+1)
	return id
}

var testSegments = map[string]Rule{
	"champions": And(Ge("orders_90d", 3), Not(IsTrue("已流失"))),
	"高价值 客户":    Or(Segment("champions"), Gt("spend", 1.005), Within("last_order", Days(30))),
}

func findSegment(name string) (Rule, error) {
	r, ok := testSegments[name]
	if !ok {
		return Rule{}, ErrUnknown
	}
	return r, nil
}

func inTestSet(name string, id customer.ID) bool { return (int(id[0])+len(name))%3 == 0 }

func TestMatchIsSlow(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	tags := append(randomTags(),
		Tag{Name: "ns", Kind: Time, Unit: time.Nanosecond}, Tag{Name: "week", Kind: Time, Unit: 7 * 24 * time.Hour},
		Tag{Name: "micro", Kind: Decimal, Scale: 18}, Tag{Name: "cents", Kind: Decimal, Scale: 2})
	catalogue, err := NewCatalogue(tags...)
	require.NoError(t, err)
	moments := slowMoments(t)
	sets := func(name string) func(customer.ID) bool {
		return func(id customer.ID) bool { return inTestSet(name, id) }
	}
	segments := func(name string) Rule { return testSegments[name] }
	rules, selected, tried := 2500, 0, 0
	if testing.Short() || race.Enabled {
		rules = 500
	}
	for i := range rules {
		some := tags
		if i%2 == 0 { // so that conditions meet on one tag
			some = []Tag{pick(rng, tags...), pick(rng, tags...)}
		}
		rule := randomRule(rng, some, 1+rng.IntN(5))
		matcher, err := NewMatcher(catalogue, rule, findSegment)
		require.NoError(t, err, "%s", rule)
		m := pick(rng, moments...)
		for range 12 {
			values := map[string]customer.Value{}
			for _, tag := range tags {
				v, ok := near(rng, rule.node(), tag, m)
				switch rng.IntN(4) {
				case 0:
					continue
				case 1:
					ok = false
				}
				if !ok {
					v = randomValue(rng, tag)
				}
				if _, err := tag.store(v); err == nil {
					values[tag.Name] = v
				}
			}
			id := subjectID(rng.Uint64())
			want := slow(rule.node(), id, values, catalogue, m, sets, segments)
			subject := Subject{
				ID: id, AsOf: m.at, Location: m.loc, Values: values,
				Member: func(set string) (bool, error) { return inTestSet(set, id), nil },
			}
			got, err := matcher.Match(subject)
			require.NoError(t, err)
			if got != want {
				t.Fatalf("rule %d: %s\nat %s in %s: %t, want %t\n%s", i, rule, m.at, m.loc, got, want, dump(values))
			}
			reason, err := matcher.Why(subject)
			require.NoError(t, err)
			require.Equal(t, want, reason.Holds, "%s", rule)
			tried++
			if want {
				selected++
			}
		}
	}
	require.Greater(t, selected, tried/5, "rules that select nobody show nothing")
	require.Less(t, selected, tried*4/5)
}

func dump(values map[string]customer.Value) string {
	var lines []string
	for name, v := range values {
		text, _ := v.MarshalJSON()
		lines = append(lines, fmt.Sprintf("%s: %s", name, text))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestTruthTable has every condition over a tag that is unset, alone and negated: the first is false, the second true.
// Only unset is true of it, and IsTrue's complement Not.
func TestTruthTable(t *testing.T) {
	tags := testTags(t)
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	day := "2026-03-05"
	for _, c := range []struct {
		rule Rule
		want bool // if the tags have the values below
	}{
		{IsTrue("vip"), true},
		{Eq("vip", false), false},
		{Ne("vip", false), true},
		{Ne("vip", true), false},
		{In("vip", false), false},
		{In("vip", true, false), true},
		{EqTag("vip", "new"), false},
		{NeTag("vip", "new"), true},
		{Eq("city", "b"), true},
		{Ne("city", "b"), false},
		{Ne("city", "a"), true},
		{In("city", "a", "b"), true},
		{In("city"), false},
		{EqTag("city", "home"), true},
		{NeTag("city", "home"), false},
		{Eq("place", "a"), true},
		{Eq("place", "a/b/c"), false},
		{Ne("place", "a"), false},
		{Ne("place", "ab"), true},
		{In("place", "x", "a/b"), true},
		{Has("likes", "x", "y"), true},
		{Has("likes", "z"), false},
		{Has("likes"), false},
		{HasAll("likes", "x", "y"), false},
		{HasAll("likes"), true},
		{Eq("orders", 3), true},
		{Ne("orders", 3), false},
		{Ne("orders", 3.5), true},
		{Lt("orders", 3), false},
		{Le("orders", 3), true},
		{Gt("orders", 2.5), true},
		{Ge("orders", 3.5), false},
		{Between("orders", 1, 3), true},
		{In("orders", 1, 3), true},
		{EqTag("orders", "score"), true},
		{NeTag("orders", "spend"), true},
		{LtTag("spend", "orders"), true},
		{LeTag("orders", "spend"), false},
		{Eq("spend", 2.5), true},
		{Ne("spend", 2.5), false},
		{Lt("spend", 2.505), true},
		{Between("spend", 2.495, 2.505), true},
		{In("spend", 2), false},
		{Eq("score", 3), true},
		{Ne("score", 3), false},
		{Lt("score", 3.1), true},
		{Ge("score", 3), true},
		{Between("score", 4, 5), false},
		{Eq("last_order", day), true},
		{Ne("last_order", day), false},
		{Lt("last_order", at), true},
		{Gt("last_order", at), false},
		{Within("last_order", Days(1)), true},
		{OlderThan("last_order", Days(1)), false},
		{WithinNext("last_order", Days(1)), true},
		{Within("last_order", Hours(1)), false},
		{OlderThan("last_order", Hours(1)), true},
		{WithinNext("last_order", Hours(1)), false},
		{Anniversary("first_order", 1), true},
		{LtTag("first_order", "last_order"), true},
		{IsSet("orders"), true},
	} {
		t.Run(c.rule.String(), func(t *testing.T) {
			values := map[string]any{
				"vip": true, "new": false, "city": "b", "home": "b", "place": "a/b", "likes": []string{"x"}, "orders": 3,
				"spend": 2.5, "score": 3.0, "first_order": at.AddDate(-2, 0, 0), "last_order": at.Add(-2 * time.Hour),
			}
			for _, with := range []bool{true, false} {
				if !with {
					values = nil
				}
				for _, not := range []bool{false, true} {
					r := c.rule
					if not {
						r = Not(r)
					}
					m, err := NewMatcher(tags, r, nil)
					require.NoError(t, err)
					got, err := m.Match(Subject{AsOf: at, Location: time.UTC, Values: values})
					require.NoError(t, err)
					require.Equal(t, (with && c.want) != not, got, "set: %t, not: %t", with, not)
				}
			}
		})
	}
	m, err := NewMatcher(tags, And(Unset("orders"), Not(IsSet("city")), Not(Unset("vip"))), nil)
	require.NoError(t, err)
	got, err := m.Match(Subject{Values: map[string]any{"vip": false}})
	require.NoError(t, err)
	require.True(t, got)
}

// TestMatchJoinedTimes has a stretch of time that is written as two conditions.
func TestMatchJoinedTimes(t *testing.T) {
	m, err := NewMatcher(testTags(t), mustParse(t, "vip and last_order >= 2026-03-01 and last_order older than 3 days"), nil)
	require.NoError(t, err)
	for day, want := range map[int]bool{-1: false, 0: false, 1: true, 2: true, 3: false, 4: false} {
		got, err := m.Match(Subject{
			AsOf: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), Location: time.UTC,
			Values: map[string]any{"vip": true, "last_order": time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC)},
		})
		require.NoError(t, err)
		require.Equal(t, want, got, "%d March", day)
	}
}

func TestMatchNeeds(t *testing.T) {
	tags := testTags(t)
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	errOwn := errors.New("connection is gone")
	for _, c := range []struct {
		name, rule string
		subject    Subject
		want       string
		is         error
	}{
		{"no moment", "last_order within 3 days", Subject{Location: time.UTC}, "segment: question lacks a moment or a location: AsOf is not set", nil},
		{"no location", "last_order > 2026-03-05", Subject{AsOf: at}, "segment: question lacks a moment or a location: Location is nil", nil},
		{"no id", `sample(10%, "a")`, Subject{}, "segment: ID is zero, and the rule takes a sample", nil},
		{"no member", `vip and set("a")`, Subject{}, `segment: rule 1:9: set "a": Member is nil`, ErrUnknown},
		{"no member in a segment", `vip and segment("a")`, Subject{}, `segment: rule: set "b": Member is nil`, ErrUnknown},
		{
			"member fails", `set("a")`,
			Subject{Member: func(string) (bool, error) { return true, errOwn }},
			`segment: set "a": connection is gone`, errOwn,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := NewMatcher(tags, mustParse(t, c.rule), func(string) (Rule, error) { return mustParse(t, `vip or set("b")`), nil })
			require.NoError(t, err)
			_, err = m.Match(c.subject)
			require.EqualError(t, err, c.want)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			_, err = m.Why(c.subject)
			require.EqualError(t, err, c.want)
		})
	}
}

// TestMatchAsksMemberLate counts the calls of Member.
func TestMatchAsksMemberLate(t *testing.T) {
	m, err := NewMatcher(testTags(t), And(IsTrue("vip"), Or(InSet("a"), InSet("b"))), nil)
	require.NoError(t, err)
	var asked []string
	s := Subject{Values: map[string]any{"vip": false}, Member: func(set string) (bool, error) {
		asked = append(asked, set)
		return set == "a", nil
	}}
	got, err := m.Match(s)
	require.NoError(t, err)
	require.False(t, got)
	require.Empty(t, asked)
	s.Values = map[string]any{"vip": true}
	got, err = m.Match(s)
	require.NoError(t, err)
	require.True(t, got)
	require.Equal(t, []string{"a"}, asked)
}

// TestMatcherIsShared has goroutines ask at different moments.
func TestMatcherIsShared(t *testing.T) {
	tags := testTags(t)
	m, err := NewMatcher(tags, mustParse(t, "last_order within 3 days and city = \"a\""), nil)
	require.NoError(t, err)
	last := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	values := map[string]any{"last_order": last, "city": "a"}
	var all sync.WaitGroup
	for day := range 6 {
		all.Go(func() {
			for range 500 {
				got, err := m.Match(Subject{AsOf: last.AddDate(0, 0, day), Location: time.UTC, Values: values})
				if err != nil || got != (day < 3) {
					t.Errorf("day %d: %t, %v", day, got, err)
					return
				}
			}
		})
	}
	all.Wait()
}
