package segment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func testTags(t testing.TB) *Catalogue {
	tags, err := NewCatalogue(
		Tag{Name: "vip", Kind: Flag}, Tag{Name: "new", Kind: Flag}, Tag{Name: "city", Kind: Enum}, Tag{Name: "home", Kind: Enum},
		Tag{Name: "place", Kind: Enum, Hierarchy: true}, Tag{Name: "likes", Kind: Labels}, Tag{Name: "wants", Kind: Labels},
		Tag{Name: "orders", Kind: Integer}, Tag{Name: "returns", Kind: Integer}, Tag{Name: "spend", Kind: Decimal, Scale: 2},
		Tag{Name: "score", Kind: Float}, Tag{Name: "first_order", Kind: Time}, Tag{Name: "last_order", Kind: Time})
	require.NoError(t, err)
	return tags
}

func mustParse(t testing.TB, text string) Rule {
	r, err := Parse(text)
	require.NoError(t, err)
	return r
}

// TestBindRefuses has every fault that comes from the kinds of tags and values.
func TestBindRefuses(t *testing.T) {
	tags := testTags(t)
	at := time.Unix(0, 0)
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Eq("ordres", 1), `segment: rule: tag "ordres": there is no such tag; did you mean "orders"?`},
		{EqTag("orders", "retruns"), `segment: rule: tag "retruns": there is no such tag; did you mean "returns"?`},
		{mustParse(t, "city = 张三"), `segment: rule 1:8: there is no such tag; a text stands between quotes`},
		{mustParse(t, "returns >= ordrs"), `segment: rule 1:12: there is no such tag; a text stands between quotes; did you mean "orders"?`},
		{mustParse(t, "ordrs > returns"), `segment: rule 1:1: tag "ordrs": there is no such tag; did you mean "orders"?`},
		{IsSet("zzzzzz"), `segment: rule: tag "zzzzzz": there is no such tag`},
		{Eq("vip", 1), `segment: rule: tag "vip": is of kind flag and cannot be compared with a value of kind int64`},
		{In("vip", true, "yes"), `segment: rule: tag "vip": is of kind flag and cannot be compared with a value of kind text`},
		{Lt("vip", true), `segment: rule: tag "vip": is of kind flag, which has no order`},
		{Between("vip", false, true), `segment: rule: tag "vip": is of kind flag, which has no order`},
		{Eq("city", 1), `segment: rule: tag "city": is of kind enum and cannot be compared with a value of kind int64`},
		{Ge("city", "a"), `segment: rule: tag "city": is of kind enum, which has no order`},
		{Between("city", "a", "b"), `segment: rule: tag "city": is of kind enum, which has no order`},
		{Eq("place", "a//b"), `segment: rule: tag "place": is a hierarchy, and the path to look for has an empty element`},
		{In("place", "a", "b/"), `segment: rule: tag "place": is a hierarchy, and the path to look for has an empty element`},
		{Eq("likes", "a"), `segment: rule: tag "likes": is of kind labels, which are looked for with has`},
		{In("likes", "a"), `segment: rule: tag "likes": is of kind labels, which are looked for with has`},
		{Between("likes", "a", "b"), `segment: rule: tag "likes": is of kind labels, which are looked for with has`},
		{Has("likes", ""), `segment: rule: tag "likes": cannot have an empty label`},
		{Has("city", "a"), `segment: rule: tag "city": is of kind enum, and has looks for labels`},
		{HasAll("city"), `segment: rule: tag "city": is of kind enum, and has looks for labels`},
		{Eq("orders", "3"), `segment: rule: tag "orders": is of kind integer and cannot be compared with a value of kind text`},
		{Eq("spend", true), `segment: rule: tag "spend": is of kind decimal and cannot be compared with a value of kind bool`},
		{Eq("score", at), `segment: rule: tag "score": is of kind float and cannot be compared with a value of kind time`},
		{mustParse(t, "orders > 2026-03-05"), `segment: rule 1:1: tag "orders": is of kind integer and cannot be compared with a value of kind day`},
		{Between("orders", 1, "x"), `segment: rule: tag "orders": is of kind integer and cannot be compared with a value of kind text`},
		{Eq("last_order", 3), `segment: rule: tag "last_order": is of kind time and cannot be compared with a value of kind int64`},
		{Eq("last_order", "yesterday"), `segment: rule: tag "last_order": is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z`},
		{Eq("last_order", "2026-02-29"), `segment: rule: tag "last_order": is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z`},
		{Eq("last_order", "0000-02-28"), `segment: rule: tag "last_order": is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z`},
		{Eq("last_order", "0000-02-28T00:00:00Z"), `segment: rule: tag "last_order": is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z`},
		{Within("orders", Days(1)), `segment: rule: tag "orders": is of kind integer, and windows are for times`},
		{Anniversary("city", 1), `segment: rule: tag "city": is of kind enum, and windows are for times`},
		{EqTag("vip", "orders"), `segment: rule: tag "vip": is of kind flag and cannot be compared with tag "orders" of kind integer`},
		{EqTag("likes", "wants"), `segment: rule: tag "likes": is of kind labels and cannot be compared with tag "wants" of kind labels`},
		{LtTag("city", "home"), `segment: rule: tag "city": is of kind enum, which has no order`},
		{LeTag("vip", "new"), `segment: rule: tag "vip": is of kind flag, which has no order`},
		{EqTag("orders", "last_order"), `segment: rule: tag "orders": is of kind integer and cannot be compared with tag "last_order" of kind time`},
		{Within("last_order", Days(0)), `segment: rule: tag "last_order": window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`},
		{Segment("x"), `segment: rule: segment "x": nothing was given to find segments with`},
		{mustParse(t, "vip and (orders > 3 or cty = \"a\")"), `segment: rule 1:24: tag "cty": there is no such tag; did you mean "city"?`},
	} {
		t.Run(c.want, func(t *testing.T) {
			_, err := c.rule.bind(tags, nil, nil)
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, ErrRule)
			var fault *RuleError
			require.ErrorAs(t, err, &fault)
			_, err = NewMatcher(tags, c.rule, nil)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestBindTellsAllFaults(t *testing.T) {
	tags := testTags(t)
	_, err := mustParse(t, "ordres = 1\n and vip > 3 or last_order = \"x\"").bind(tags, nil, nil)
	require.EqualError(t, err, strings.Join([]string{
		`segment: rule 1:1: tag "ordres": there is no such tag; did you mean "orders"?`,
		`segment: rule 2:6: tag "vip": is of kind flag, which has no order`,
		`segment: rule 2:17: tag "last_order": is a time, and the text is neither a date such as 2026-03-05 nor a time such as 2026-03-05T12:00:00Z`,
	}, "\n"))

	many := make([]Rule, 100)
	for i := range many {
		many[i] = Eq(fmt.Sprint("x", i), 1)
	}
	_, err = And(many...).bind(tags, nil, nil)
	require.Equal(t, maxRuleFaults, strings.Count(err.Error(), "no such tag"))
	find := func(string) (Rule, error) { return And(many[:11]...), nil }
	_, err = And(append([]Rule{Segment("a")}, many...)...).bind(tags, find, nil)
	require.Equal(t, maxRuleFaults, strings.Count(err.Error(), "no such tag"))
}

func TestBindSegments(t *testing.T) {
	tags := testTags(t)
	errOwn := errors.New("store is closed")
	rules := map[string]Rule{
		"a": Segment("b"), "b": And(Segment("c"), IsTrue("vip")), "c": Or(Segment("a"), IsTrue("vip")),
		"self": Not(Segment("self")), "ok": Gt("orders", 3), "wrong": mustParse(t, "vip and ordres = 1"), "far": Segment("wrong"),
		"wide": And(slices.Repeat([]Rule{Segment("ok")}, 5000)...), "wider": Or(Segment("wide"), Segment("wide")),
	}
	for i := range 200 {
		rules[fmt.Sprint("deep", i)] = Not(Segment(fmt.Sprint("deep", i+1)))
	}
	rules["deep200"] = IsTrue("vip")
	for i := range 30 {
		next := Segment(fmt.Sprint("double", i+1))
		rules[fmt.Sprint("double", i)] = And(next, next)
	}
	rules["double30"] = IsTrue("vip")
	asked := map[string]int{}
	find := func(name string) (Rule, error) {
		asked[name]++
		if r, ok := rules[name]; ok {
			return r, nil
		}
		return Rule{}, errOwn
	}
	for _, c := range []struct {
		text, want string
		is         error
	}{
		{`segment("a")`, `segment: rule 1:1: segments refer to each other: a -> b -> c -> a`, ErrCycle},
		{`vip or segment("b")`, `segment: rule 1:8: segments refer to each other: b -> c -> a -> b`, ErrCycle},
		{`segment("self")`, `segment: rule 1:1: segments refer to each other: self -> self`, nil},
		{`vip and segment("gone")`, `segment: rule 1:9: segment "gone": store is closed`, errOwn},
		{`vip and segment("far")`, `segment: rule 1:9: in segment "far": in segment "wrong": 1:9: tag "ordres": there is no such tag; did you mean "orders"?`, nil},
		{`segment("wider")`, `segment: rule 1:1: with the rules of its segments there are more than 10000 parts`, ErrLimit},
		{`segment("deep0")`, `segment: rule 1:1: with the rules of its segments parts are more than 100 deep in each other`, ErrLimit},
		{`segment("double0")`, `segment: rule 1:1: with the rules of its segments there are more than 10000 parts`, ErrLimit},
	} {
		t.Run(c.text, func(t *testing.T) {
			clear(asked)
			_, err := mustParse(t, c.text).bind(tags, find, nil)
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, ErrRule)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			for name, n := range asked {
				require.Equal(t, 1, n, name)
			}
		})
	}
	t.Run("good ones", func(t *testing.T) {
		b, err := And(Segment("ok"), Or(IsTrue("vip"), Not(Segment("ok")))).bind(tags, find, nil)
		require.NoError(t, err)
		require.Same(t, b.kids[0], b.kids[1].kids[1].kids[0])
		require.Equal(t, "ok", b.kids[0].seg)
		require.Equal(t, formRange, b.kids[0].form)
		b, err = Segment("double20").bind(tags, find, nil)
		require.NoError(t, err, "2^11 parts")
		require.Equal(t, "double20", b.seg)
	})
}

// TestBindLimits has rules that just keep the limits with their segments in place, and just do not, also where a
// segment has been met before, less deep.
func TestBindLimits(t *testing.T) {
	tags := testTags(t)
	chain := func(links int) func(name string) (Rule, error) {
		return func(name string) (Rule, error) {
			i, err := strconv.Atoi(name)
			if err == nil && i == links {
				return IsTrue("vip"), nil
			}
			return Segment(strconv.Itoa(i + 1)), err
		}
	}
	one := Segment("1")
	for name, c := range map[string]struct {
		rule  Rule
		links int
		fits  bool
	}{
		"deepest":            {one, MaxRuleDepth - 1, true},
		"too deep":           {one, MaxRuleDepth, false},
		"deepest, met again": {And(Segment("50"), one), MaxRuleDepth - 2, true},
		"too deep, then":     {And(Segment("50"), one), MaxRuleDepth - 1, false},
		"most":               {And(slices.Repeat([]Rule{one}, MaxRuleNodes/2-1)...), 1, true},
		"too many":           {And(slices.Repeat([]Rule{one}, MaxRuleNodes/2)...), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.rule.bind(tags, chain(c.links), nil)
			if c.fits {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrLimit)
			}
		})
	}
}

func TestBindSets(t *testing.T) {
	tags := testTags(t)
	set := Set{Epoch: 3}
	asked := 0
	b, err := Or(InSet("a"), And(IsTrue("vip"), InSet("a"))).bind(tags, nil, func(name string) (Set, error) {
		asked++
		require.Equal(t, "a", name)
		return set, nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	require.Equal(t, set, *b.kids[0].set)
	require.Same(t, b.kids[0].set, b.kids[1].kids[1].set)

	b, err = InSet("a").bind(tags, nil, nil)
	require.NoError(t, err)
	require.Nil(t, b.set)
	require.Equal(t, "a", b.name)

	_, err = mustParse(t, `nobody and set("a")`).bind(tags, nil, func(string) (Set, error) { return set, ErrForeignSet })
	require.EqualError(t, err, `segment: rule 1:12: set "a": segment: set is of another index`)

	_, err = mustParse(t, `vip and set("a")`).bind(tags, nil, func(string) (Set, error) { return set, ErrUnknown })
	require.EqualError(t, err, `segment: rule 1:9: set "a": segment: set or segment not found`)
	require.ErrorIs(t, err, ErrUnknown)
}

// sketch prints a bound rule.
func sketch(p *bound, tags *Catalogue) string {
	var s string
	name := func() string { return tags.tags[p.tag].Name }
	kids := func() string {
		var all []string
		for _, k := range p.kids {
			all = append(all, sketch(k, tags))
		}
		return "(" + strings.Join(all, " ") + ")"
	}
	switch p.form {
	case formAll:
		s = "all" + kids()
	case formAny:
		s = "any" + kids()
	case formNot:
		s = "not" + kids()
	case formAtLeast:
		s = fmt.Sprint(p.k, "of") + kids()
	case formSet:
		s = name() + "?"
	case formFlag:
		s = fmt.Sprint(name(), "=", p.want)
	case formEnum, formHasAny, formHasAll:
		s = name() + map[form]string{formEnum: "=", formHasAny: " any ", formHasAll: " all "}[p.form] + strings.Join(p.texts, "|")
	case formRange:
		s = fmt.Sprintf("%s[%d,%d]", name(), p.lo, p.hi)
		s = strings.NewReplacer(fmt.Sprint(math.MinInt64), "", fmt.Sprint(math.MaxInt64), "").Replace(s)
	case formFloats:
		s = strings.ReplaceAll(fmt.Sprintf("%s[%g,%g]", name(), p.flo, p.fhi), fmt.Sprint(math.MaxFloat64), "max")
	case formRanges:
		s = fmt.Sprint(name(), p.spans.ints.list, p.spans.floats)
	case formTime:
		s = name() + "[" + edgeText(p.from) + "," + edgeText(p.to) + ")"
	case formAnniversary:
		s = fmt.Sprint(name(), " anniversary ", p.k)
	case formTags:
		s = name() + cmpText[p.cmp] + tags.tags[p.other].Name
	case formSample:
		s = fmt.Sprint("sample ", p.k, " ", p.salt)
	case formMember:
		s = "set " + p.name
	}
	if p.seg != "" {
		s = p.seg + ":" + s
	}
	return s
}

func edgeText(e edge) string {
	s := ""
	switch e.kind {
	case edgeNone:
		return ""
	case edgeInstant:
		at, _ := e.value.Time()
		s = at.Format(time.RFC3339)
	case edgeDay:
		s = e.day.String()
	case edgeDays:
		s = fmt.Sprintf("%+dd", e.n)
	case edgeHours:
		s = fmt.Sprintf("%+dh", e.n)
	}
	if e.plus != 0 {
		s += "+" + e.plus.String()
	}
	return s
}

// TestBindNormalises shows the normal form of rules.
func TestBindNormalises(t *testing.T) {
	tags := testTags(t)
	find := func(name string) (Rule, error) {
		return map[string]Rule{"good": Ge("orders", 3), "alias": Segment("good"), "all": And(), "none": Not(Segment("all"))}[name], nil
	}
	vip, fresh, city := IsTrue("vip"), IsTrue("new"), Eq("city", "a")
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, "all()"},
		{Or(), "any()"},
		{Not(And()), "any()"},
		{And(vip), "vip=true"},
		{And(vip, And(fresh, city)), "all(vip=true new=true city=a)"},
		{Or(vip, Or(fresh, city), vip), "any(vip=true new=true city=a)"},
		{And(vip, Or()), "any()"},
		{Or(vip, And()), "all()"},
		{And(vip, And()), "vip=true"},
		{Not(Not(vip)), "vip=true"},
		{Not(Not(Not(vip))), "not(vip=true)"},
		{Not(And(vip, Or(fresh, city))), "not(all(vip=true any(new=true city=a)))"},
		{AtLeast(0, vip, city), "all()"},
		{AtLeast(3, vip, city), "any()"},
		{AtLeast(2, vip, city), "all(vip=true city=a)"},
		{AtLeast(1, vip, city), "any(vip=true city=a)"},
		{AtLeast(2, vip, city, fresh), "2of(vip=true city=a new=true)"},
		{AtLeast(2, vip, vip, city), "2of(vip=true vip=true city=a)"},
		{AtLeast(3, vip, And(), city, Or(), fresh), "2of(vip=true city=a new=true)"},
		{Ne("vip", true), "all(vip? not(vip=true))"},
		{Ne("orders", 1.5), "orders?"},
		{Unset("orders"), "not(orders?)"},
		{Eq("orders", 1.5), "any()"},
		{Eq("spend", 1.005), "any()"},
		{Ge("spend", 1.005), "spend[101,]"},
		{Lt("spend", 1.005), "spend[,100]"},
		{Le("spend", 3), "spend[,300]"},
		{Lt("orders", 1e300), "orders?"},
		{Gt("orders", -1e300), "orders?"},
		{Gt("orders", 1e300), "any()"},
		{Gt("orders", math.MaxInt64), "any()"},
		{Ge("orders", math.MinInt64), "orders?"},
		{Between("orders", 3, 5), "orders[3,5]"},
		{Between("orders", 5, 3), "any()"},
		{Between("spend", 0.5, 1.25), "spend[50,125]"},
		{And(Ge("orders", 3), vip, Lt("orders", 9)), "all(orders[3,8] vip=true)"},
		{And(Ge("orders", 3), Lt("orders", 3)), "any()"},
		{In("orders", 5, 1, 2, 9, 3, 2, 1.5), "any(orders[1,3] orders[5,5] orders[9,9])"},
		{In("orders", 5, 11, 7, 2, 9, 1, 13), "orders[[1 2] [5 5] [7 7] [9 9] [11 11] [13 13]] []"},
		{In("spend", 2, 1, 0, 1.001), "any(spend[0,0] spend[100,100] spend[200,200])"},
		{In("orders", 1, 2, 3, 4, 5, 6, 7), "orders[1,7]"},
		{In("score", 5, 4, 3, 2, 1, 0), "score[] [[0 0] [1 1] [2 2] [3 3] [4 4] [5 5]]"},
		{
			Or(In("orders", 1, 3, 5), vip, In("orders", 7, 9, 11), Le("orders", -3)),
			"any(orders[[-9223372036854775808 -3] [1 1] [3 3] [5 5] [7 7] [9 9] [11 11]] [] vip=true)",
		},
		{Or(vip, In("orders", 1, 3, 5, 7, 9, 11), Or(Ge("orders", 9), Segment("good"))), "any(vip=true orders[1,1] orders[3,3] orders[5,5] orders[7,7] orders[9,] good:orders[3,])"},
		{Or(In("orders", 1, 3, 5, 7, 9, 11), Ge("orders", 2), IsSet("orders"), Le("orders", 2)), "orders?"},
		{And(In("orders", 1, 3, 5, 7, 9, 11), Ge("orders", 2)), "all(orders[[1 1] [3 3] [5 5] [7 7] [9 9] [11 11]] [] orders[2,])"},
		{In("orders", math.MaxInt64, math.MinInt64), "any(orders[,] orders[,])"},
		{In("orders"), "any()"},
		{In("vip", true, false), "any(vip=true vip=false)"},
		{In("city", "b", "a", "b"), "city=a|b"},
		{In("place", "a/b", "a", "ab", "c/d/e", "c/d"), "place=a|ab|c/d"},
		{Eq("score", 0.1), "score[0.1,0.1]"},
		{Lt("score", 0), "score[-max,-5e-324]"},
		{Le("score", math.MaxFloat64), "score?"},
		{Gt("score", math.MaxFloat64), "any()"},
		{Lt("score", -math.MaxFloat64), "any()"},
		{Between("score", 1, 2.5), "score[1,2.5]"},
		{In("score", 1, 2, 1), "any(score[1,1] score[2,2])"},
		{Has("likes"), "any()"},
		{HasAll("likes"), "likes?"},
		{Has("likes", "b", "a", "b"), "likes any a|b"},
		{HasAll("likes", "b", "a", "b"), "likes all a|b"},
		{Sample(0, "s"), "any()"},
		{Sample(100, "s"), "all()"},
		{Sample(12.5, "s"), "sample 1250 s"},
		{Eq("last_order", "2026-03-05"), "last_order[2026-03-05,2026-03-06)"},
		{Ne("last_order", "2026-03-05"), "all(last_order? not(last_order[2026-03-05,2026-03-06)))"},
		{Lt("last_order", "2026-03-05"), "last_order[,2026-03-05)"},
		{Le("last_order", "2026-03-05"), "last_order[,2026-03-06)"},
		{Gt("last_order", "2026-03-05"), "last_order[2026-03-06,)"},
		{Ge("last_order", "2026-03-05"), "last_order[2026-03-05,)"},
		{mustParse(t, "last_order > 2026-03-05"), "last_order[2026-03-06,)"},
		{Between("last_order", "2026-03-05", "2026-03-07"), "last_order[2026-03-05,2026-03-08)"},
		{Le("last_order", "2026-03-05T12:00:00+08:00"), "last_order[,2026-03-05T04:00:00Z+1ns)"},
		{Gt("last_order", time.Unix(0, 0)), "last_order[1970-01-01T00:00:00Z+1ns,)"},
		{Within("last_order", Days(30)), "last_order[-29d,+1d)"},
		{OlderThan("last_order", Days(30)), "last_order[,-29d)"},
		{WithinNext("last_order", Days(30)), "last_order[+0d,+30d)"},
		{Within("last_order", Hours(30)), "last_order[-30h+1ns,+0h+1ns)"},
		{OlderThan("last_order", Hours(30)), "last_order[,-30h+1ns)"},
		{WithinNext("last_order", Hours(30)), "last_order[+0h,+30h)"},
		{And(Ge("last_order", "2026-03-05"), OlderThan("last_order", Days(3))), "last_order[2026-03-05,-2d)"},
		{And(Ge("last_order", "2026-03-05"), Within("last_order", Days(3))), "all(last_order[2026-03-05,) last_order[-2d,+1d))"},
		{EqTag("orders", "score"), "orders=score"},
		{EqTag("city", "city"), "city?"},
		{NeTag("city", "city"), "any()"},
		{LtTag("orders", "orders"), "any()"},
		{LeTag("orders", "orders"), "orders?"},
		{mustParse(t, "orders >= spend"), "spend<=orders"},
		{Segment("good"), "good:orders[3,]"},
		{Segment("alias"), "alias:all(good:orders[3,])"},
		{And(Segment("good"), Lt("orders", 9)), "all(good:orders[3,] orders[,8])"},
		{And(vip, Segment("all")), "vip=true"},
		{Or(vip, Segment("none")), "vip=true"},
	} {
		t.Run(c.rule.String(), func(t *testing.T) {
			b, err := c.rule.bind(tags, find, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, sketch(b, tags))
			requireNormal(t, b, true)
		})
	}
}

// requireNormal checks what bind promises.
func requireNormal(t *testing.T, p *bound, root bool) {
	require.NotNil(t, p.rule)
	for i, k := range p.kids {
		require.False(t, k.isEveryone() || k.isNobody())
		if p.form == formAll || p.form == formAny {
			require.False(t, k.form == p.form && k.seg == "")
			require.False(t, slices.ContainsFunc(p.kids[:i], k.equal))
		}
		if p.form == formAny && p.kids[i].seg == "" && p.kids[i].form == formRanges {
			require.False(t, slices.ContainsFunc(p.kids, func(q *bound) bool {
				return q != k && q.seg == "" && q.tag == k.tag && (q.form == formRange || q.form == formFloats || q.form == formRanges)
			}))
		}
		if p.form == formNot {
			require.False(t, k.form == formNot && k.seg == "")
		}
		requireNormal(t, k, false)
	}
	switch p.form {
	case formAll, formAny:
		require.True(t, len(p.kids) > 1 || len(p.kids) == 1 && p.kids[0].seg != "" || root && len(p.kids) == 0)
	case formAtLeast:
		require.Greater(t, p.k, 1)
		require.Less(t, p.k, len(p.kids))
	case formRange, formFloats:
		require.True(t, p.lo <= p.hi && p.flo <= p.fhi)
	case formRanges:
		require.GreaterOrEqual(t, len(p.spans.ints.list)+len(p.spans.floats), manyRanges)
		require.True(t, len(p.spans.ints.list) == 0 || len(p.spans.floats) == 0)
		for i, r := range p.spans.ints.list {
			require.True(t, r[0] <= r[1] && (i == 0 || p.spans.ints.list[i-1][1]+1 < r[0]))
		}
		for i, r := range p.spans.floats {
			require.True(t, r[0] <= r[1] && (i == 0 || p.spans.floats[i-1][1] < r[0]))
		}
	case formEnum, formHasAny, formHasAll:
		require.NotEmpty(t, p.texts)
		require.True(t, slices.IsSorted(p.texts))
		require.Len(t, slices.Compact(slices.Clone(p.texts)), len(p.texts))
	case formTags:
		require.LessOrEqual(t, p.cmp, le)
		require.NotEqual(t, p.tag, p.other)
	case formTime:
		require.True(t, p.from.kind != edgeNone || p.to.kind != edgeNone)
	}
}

func TestBindNormalForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 4))
	tags := randomTags()
	catalogue, err := NewCatalogue(tags...)
	require.NoError(t, err)
	for range 2000 {
		r := randomRule(rng, tags, 1+rng.IntN(6))
		b, err := r.bind(catalogue, findSegment, nil)
		require.NoError(t, err)
		requireNormal(t, b, true)
		for i, p := range b.whole.times {
			require.Equal(t, i, p.clock)
		}
		require.True(t, slices.IsSorted(b.whole.tags))
	}
}

// TestBindNeverTellsValues looks for the values of rules in errors.
func TestBindNeverTellsValues(t *testing.T) {
	tags := testTags(t)
	for _, r := range []Rule{Eq("orders", "secret"), Eq("place", "secret//"), Eq("last_order", "secret"), Eq("city", 424242), Has("city", "secret")} {
		_, err := r.bind(tags, nil, nil)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
		require.NotContains(t, err.Error(), "424242")
	}
}

// TestBindIsQuick binds rules of the largest size that have many equal, and nearly equal, parts.
func TestBindIsQuick(t *testing.T) {
	tags := testTags(t)
	values := make([]any, MaxRuleValues)
	for i := range values {
		values[i] = i * 2
	}
	same := slices.Repeat([]Rule{IsTrue("vip")}, MaxRuleNodes-1)
	like := make([]Rule, MaxRuleNodes/11)
	for i := range like {
		like[i] = Not(Not(And(IsTrue("vip"), Not(And(IsTrue("new"), Or(Eq("orders", i), Eq("city", "a")))))))
	}
	for name, r := range map[string]Rule{"values": In("orders", values...), "same": Or(same...), "alike": Or(like...)} {
		began := time.Now()
		_, err := r.bind(tags, nil, nil)
		require.NoError(t, err)
		require.Less(t, time.Since(began), 10*time.Second, name)
	}
}
