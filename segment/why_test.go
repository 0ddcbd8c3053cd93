package segment

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestWhy(t *testing.T) {
	tags := testTags(t)
	find := func(name string) (Rule, error) {
		return map[string]Rule{"good": mustParse(t, "orders >= 3 and vip"), "alias": Segment("good")}[name], nil
	}
	s := Subject{
		AsOf: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), Location: time.UTC,
		Values: map[string]any{"city": "a", "orders": 3, "returns": 2, "vip": true, "last_order": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		Member: func(string) (bool, error) { return true, nil },
	}
	for _, c := range []struct{ rule, want string }{
		{"everyone", "holds: everyone"},
		{"nobody", "fails: nobody"},
		{"vip", "holds: vip"},
		{"new", "fails: new [new is unset]"},
		{"new is unset", "holds: new is unset [new is unset]"},
		{"not new", "holds: not\n  fails: new [new is unset]"},
		{`city != "b"`, `holds: city != "b"`},
		{`home != "b"`, `fails: home != "b" [home is unset]`},
		{"orders = 1.5", "fails: orders = 1.5"},
		{"orders in (1, 3, 5)", "holds: orders in (1, 3, 5)"},
		{"orders not in (1, 5)", "holds: orders not in (1, 5)"},
		{"score not between 1 and 5", "fails: score not between 1 and 5 [score is unset]"},
		{"returns < orders", "holds: returns < orders"},
		{"score < orders", "fails: score < orders [score is unset]"},
		{"orders < score", "fails: orders < score [score is unset]"},
		{"first_order = spend", ""},
		{"last_order within 5 days", "holds: last_order within 5 days"},
		{`set("a")`, `holds: set("a")`},
		{"vip and orders = 3", "holds: and\n  holds: vip\n  holds: orders = 3"},
		{"vip and orders = 4 and new", "fails: and\n  fails: orders = 4\n  fails: new [new is unset]"},
		{"vip or orders = 4 or returns = 2", "holds: or\n  holds: vip\n  holds: returns = 2"},
		{"new or orders = 4", "fails: or\n  fails: new [new is unset]\n  fails: orders = 4"},
		{"vip and vip and orders > 2 and orders > 1", "holds: and\n  holds: vip\n  holds: vip\n  holds: orders > 2\n  holds: orders > 1"},
		{
			"at least 2 of (vip, new, orders = 3, returns = 2)",
			"holds: at least 2 of\n  holds: vip\n  holds: orders = 3\n  holds: returns = 2",
		},
		{
			"at least 3 of (vip, new, orders = 4)",
			"fails: at least 3 of\n  fails: new [new is unset]\n  fails: orders = 4",
		},
		{
			"not (new or orders = 3 and vip)",
			"fails: not\n  holds: or\n    holds: and\n      holds: orders = 3\n      holds: vip",
		},
		{
			`segment("alias")`,
			`holds: segment("alias")` + "\n" + `  holds: segment("good")` + "\n    holds: and\n      holds: orders >= 3\n      holds: vip",
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			m, err := NewMatcher(tags, mustParse(t, c.rule), find)
			if c.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			r, err := m.Why(s)
			require.NoError(t, err)
			require.Equal(t, c.want, r.String())
			ok, err := m.Match(s)
			require.NoError(t, err)
			require.Equal(t, ok, r.Holds)
		})
	}
}

func TestWhyTellsValues(t *testing.T) {
	m, err := NewMatcher(testTags(t), mustParse(t, "orders > spend and city = \"secret\""), nil)
	require.NoError(t, err)
	r, err := m.Why(Subject{Values: map[string]any{"orders": 3, "spend": 2.5, "city": "private"}})
	require.NoError(t, err)
	require.NotContains(t, r.String(), "private")
	r = r.Because[0]
	require.Equal(t, "city", r.Tag)
	require.Equal(t, customer.TextValue("private"), r.Value)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"rule": "city = \"secret\"", "holds": false, "tag": "city", "value": "private"}`, string(data))

	r, err = m.Why(Subject{Values: map[string]any{"orders": 3, "spend": 2.5, "city": "secret"}})
	require.NoError(t, err)
	r = r.Because[0]
	require.Equal(t, []customer.Value{customer.DecimalValue(25, 1), customer.Int64Value(3)}, []customer.Value{r.Value, r.Second})
	require.Equal(t, []string{"spend", "orders"}, []string{r.Tag, r.Other})
}

// TestWhyDecides changes everything but the conditions of a reason: the outcome stays. Parts that are left out have no
// say.
func TestWhyDecides(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 3))
	tags := testTags(t)
	pool := []Rule{IsTrue("vip"), IsTrue("new"), Gt("orders", 0), Gt("returns", 0), Eq("city", "a"), Eq("home", "a")}
	var build func(depth int) Rule
	build = func(depth int) Rule {
		if depth == 0 {
			return pick(rng, pool...)
		}
		kids := make([]Rule, 1+rng.IntN(3))
		for i := range kids {
			kids[i] = build(depth - 1)
		}
		return pick(rng, And, Or, func(r ...Rule) Rule { return Not(r[0]) }, func(r ...Rule) Rule { return AtLeast(1+rng.IntN(len(r)), r...) })(kids...)
	}
	random := func() map[string]any {
		return map[string]any{
			"vip": rng.IntN(2) == 0, "new": rng.IntN(2) == 0, "orders": rng.IntN(2), "returns": rng.IntN(2),
			"city": pick(rng, "a", "b"), "home": pick(rng, "a", "b"),
		}
	}
	for range 1000 {
		rule := build(rng.IntN(4))
		m, err := NewMatcher(tags, rule, nil)
		require.NoError(t, err)
		values := random()
		r, err := m.Why(Subject{Values: values})
		require.NoError(t, err)
		var kept []string
		for c := range r.Conditions() {
			kept = append(kept, c.Tag)
		}
		require.NotEmpty(t, kept)
		for range 5 {
			other := random()
			for _, tag := range kept {
				other[tag] = values[tag]
			}
			got, err := m.Match(Subject{Values: other})
			require.NoError(t, err)
			require.Equal(t, r.Holds, got, "%s\n%s", rule, r)
		}
	}
}

// TestWhyStaysSmall explains a rule that names as many texts as a rule can, as deep as it can be.
func TestWhyStaysSmall(t *testing.T) {
	cities := make([]any, 90_000)
	for i := range cities {
		cities[i] = fmt.Sprintf("city %d", i)
	}
	for i := range 20 {
		cities[i] = cities[i].(string) + strings.Repeat("界", 100)
	}
	rule := In("city", cities...)
	for range MaxRuleDepth - 2 {
		rule = Not(rule)
	}
	rule = And(rule, IsTrue("vip"))
	m, err := NewMatcher(testTags(t), rule, nil)
	require.NoError(t, err)
	r, err := m.Why(Subject{Values: map[string]any{"city": "x"}})
	require.NoError(t, err)
	text := r.String()
	require.Less(t, len(text), 40_000)
	require.Contains(t, text, `...", ... 89,980 more)`)
	require.True(t, utf8.ValidString(text))

	s := newPopulace().s
	cities[0] = "a"
	plan, err := s.Explain(t.Context(), Query{Rule: And(Or(Not(Or(In("city", cities...), IsTrue("vip"))), IsTrue("rare")), IsSet("city"))})
	require.NoError(t, err)
	require.Less(t, len(plan.String()), 10_000)
	require.Contains(t, plan.String(), "... 89,980 more)")
}

func TestBrief(t *testing.T) {
	list := make([]any, 25)
	for i := range list {
		list[i] = i
	}
	many := "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ... 5 more)"
	in := In("orders", list...)
	for want, n := range map[string]*node{
		"orders in (" + many:      in.n,
		"orders not in (" + many:  And(IsSet("orders"), Not(in)).n,
		"orders in (0, 1)":        In("orders", 0, 1).n,
		"vip or orders in (1, 2)": together(opAny, IsTrue("vip").n, In("orders", 1, 2).n),
		"(vip or new) and b":      together(opAll, together(opAny, IsTrue("vip").n, IsTrue("new").n), IsTrue("b").n),
	} {
		require.Equal(t, want, brief(n))
	}
	n := IsTrue("x0").n
	for i := range 11_000 {
		n = together(opAll, n, IsTrue(fmt.Sprint("x", i+1)).n)
	}
	require.True(t, strings.HasSuffix(brief(n), " and x19 and ... 10,981 more"), brief(n))
	require.Same(t, n, together(opAll, n, n.kids[len(n.kids)-1]))
}
