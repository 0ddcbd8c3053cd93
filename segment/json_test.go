package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestRuleJSON(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 0, 0, 0, time.FixedZone("", 8*3600))
	for name, c := range map[string]struct {
		rule Rule
		want string
	}{
		"zero rule":   {Rule{}, `{"and":[]}`},
		"nobody":      {Or(), `{"or":[]}`},
		"and, not":    {And(IsTrue("a"), Not(IsTrue("b"))), `{"and":[{"tag":"a","eq":true},{"not":{"tag":"b","eq":true}}]}`},
		"or":          {Or(IsTrue("a"), And(), IsSet("b"), Unset("b")), `{"or":[{"tag":"a","eq":true},{"and":[]},{"tag":"b","is_set":true},{"tag":"b","is_set":false}]}`},
		"at least":    {AtLeast(2, IsTrue("a"), InSet("b"), Segment("c")), `{"at_least":2,"of":[{"tag":"a","eq":true},{"in_set":"b"},{"segment":"c"}]}`},
		"in":          {In("city", "广州", "深圳"), `{"tag":"city","in":["广州","深圳"]}`},
		"numbers":     {In("a", 1, -2.50, 1e300, int64(9223372036854775807), customer.DecimalValue(1, 18)), `{"tag":"a","in":[1,-2.5,1e+300,9223372036854775807,0.000000000000000001]}`},
		"comparison":  {And(Ne("a", 1), Lt("a", 1), Le("a", 1), Gt("a", 1), Ge("a", 1)), `{"and":[{"tag":"a","ne":1},{"tag":"a","lt":1},{"tag":"a","le":1},{"tag":"a","gt":1},{"tag":"a","ge":1}]}`},
		"tags":        {And(EqTag("a", "b"), NeTag("a", "b"), LtTag("a", "b"), LeTag("a", "b")), `{"and":[{"tag":"a","eq_tag":"b"},{"tag":"a","ne_tag":"b"},{"tag":"a","lt_tag":"b"},{"tag":"a","le_tag":"b"}]}`},
		"day":         {day(Ge("a", "2026-03-05")), `{"tag":"a","ge":{"day":"2026-03-05"}}`},
		"time":        {Between("a", at, "2026-03-05"), `{"tag":"a","between":[{"time":"2026-03-05T02:00:00Z"},"2026-03-05"]}`},
		"labels":      {And(Has("a", "x"), Has("a"), HasAll("a", "x", "y")), `{"and":[{"tag":"a","has":["x"]},{"tag":"a","has":[]},{"tag":"a","has_all":["x","y"]}]}`},
		"windows":     {And(Within("a", Days(30)), OlderThan("a", Hours(2)), WithinNext("a", Days(1))), `{"and":[{"tag":"a","within":{"days":30}},{"tag":"a","older_than":{"hours":2}},{"tag":"a","within_next":{"days":1}}]}`},
		"anniversary": {Anniversary("a", 7), `{"tag":"a","anniversary":{"days":7}}`},
		"sample":      {Sample(12.5, "盐\n"), `{"sample":{"percent":12.5,"salt":"盐\n"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(c.rule)
			require.NoError(t, err)
			require.Equal(t, c.want, string(data))
			var back Rule
			require.NoError(t, json.Unmarshal(data, &back))
			require.True(t, c.rule.node().equal(back.node()))
		})
	}
}

func TestRandomRulesJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	tags := randomTags()
	for range 3_000 {
		r := randomRule(rng, tags, 1+rng.IntN(6))
		data, err := json.Marshal(r)
		require.NoError(t, err)
		var back Rule
		require.NoError(t, json.Unmarshal(data, &back), string(data))
		require.True(t, r.node().equal(back.node()), string(data))
	}
}

// Spellings that MarshalJSON does not write.
func TestUnmarshalRule(t *testing.T) {
	for data, want := range map[string]Rule{
		` { "in" : [ 1.0, 1e2 ] , "tag" : "a" } `:               In("a", 1, 100),
		`{"and":[{"tag":"a","eq":true}]}`:                       IsTrue("a"),
		`{"of":[{"tag":"a","eq":true}],"at_least":0}`:           AtLeast(0, IsTrue("a")),
		`{"in_set":"\ud83d\ude00\\ud83d"}`:                      InSet(`😀\ud83d`),
		`{"tag":"a","eq":{"time":"2026-03-05T10:00:00+08:00"}}`: Eq("a", time.Date(2026, 3, 5, 2, 0, 0, 0, time.UTC)),
		`{"sample":{"salt":"","percent":0.010}}`:                Sample(0.01, ""),
	} {
		var r Rule
		require.NoError(t, json.Unmarshal([]byte(data), &r), data)
		require.True(t, want.node().equal(r.node()), data)
	}
}

func TestUnmarshalRuleErrors(t *testing.T) {
	const forms = "has no field that says what it does, such as and, or, not, eq, in"
	for data, want := range map[string]string{
		"[}":                                     "JSON is not well formed after byte 1",
		"[1,]":                                   "JSON is not well formed after byte 3",
		"[1 2]":                                  "JSON is not well formed after byte 3",
		"{\"and\",[]}":                           "JSON is not well formed after byte 6",
		"{1:2}":                                  "JSON is not well formed after byte 1",
		"{\"a\":1,}":                             "JSON is not well formed after byte 7",
		"[,1]":                                   "JSON is not well formed after byte 1",
		"tru":                                    "JSON is not well formed after byte 0",
		"01":                                     "JSON is not well formed after byte 2",
		"{\"a\"}":                                "JSON is not well formed after byte 4",
		``:                                       "JSON is not well formed after byte 0",
		`{"and":[}`:                              "JSON is not well formed after byte 8",
		`{"and":[]}{}`:                           "JSON is not well formed after byte 11",
		"{\"in_set\":\"\xff\"}":                  "JSON is not UTF-8",
		`null`:                                   "must be an object",
		`"everyone"`:                             "must be an object",
		`{}`:                                     forms,
		`{"tag":"a"}`:                            forms,
		`{"and":{}}`:                             "and: must be a list of rules",
		`{"and":[{"not":{"or":[7]}}]}`:           "and[0].not.or[0]: must be an object",
		`{"and":[{"tag":"a","inn":[1]}]}`:        `and[0]: unknown field "inn"; did you mean "in"?`,
		`{"tag":"a","eq":1,"ne":1}`:              "ne: does not go with eq",
		`{"tag":"a","eq":1,"eq":1}`:              "an object of the JSON has a field twice",
		`{"eq":1}`:                               "eq needs the field tag",
		`{"tag":"a","and":[]}`:                   "and does not go with tag",
		`{"at_least":1}`:                         "at_least needs the field of",
		`{"and":[],"of":[]}`:                     "and does not go with of",
		`{"at_least":1.5,"of":[]}`:               "at_least: must be a whole number",
		`{"at_least":-5,"of":[]}`:                "at_least: number of rules must not be negative",
		`{"in_set":"\ud83d"}`:                    "JSON has half of a surrogate pair at byte 11",
		`{"in_set":"x\ude00"}`:                   "JSON has half of a surrogate pair at byte 12",
		`{"in_set":"\uD83D\ud83d\ude00"}`:        "JSON has half of a surrogate pair at byte 11",
		`{"in_set":"\ud83d\\ude00"}`:             "JSON has half of a surrogate pair at byte 11",
		`{"in_set":"\ud83dude00"}`:               "JSON has half of a surrogate pair at byte 11",
		`{"in_set":"\\","segment":"\udfff"}`:     "JSON has half of a surrogate pair at byte 26",
		`["\ud800`:                               "JSON has half of a surrogate pair at byte 2",
		`["\ud80`:                                "JSON is not well formed after byte 1",
		`{"at_least":1,"of":[3]}`:                "of[0]: must be an object",
		`{"tag":"","eq":1}`:                      "tag: must be a text of 1 to 128 bytes of UTF-8 without control characters and backquotes",
		`{"tag":1,"eq":1}`:                       "tag: must be a text of 1 to 128 bytes of UTF-8 without control characters and backquotes",
		`{"tag":"a","eq_tag":1}`:                 `tag "a": eq_tag: must be a text of 1 to 128 bytes of UTF-8 without control characters and backquotes`,
		`{"in_set":""}`:                          "in_set: must be a text of 1 to 128 bytes of UTF-8 without control characters and backquotes",
		`{"tag":"a","eq":null}`:                  `tag "a": eq: must be true, false, a number, a text, {"day": "..."} or {"time": "..."}`,
		`{"tag":"a","eq":{"date":"x"}}`:          `tag "a": eq: must be true, false, a number, a text, {"day": "..."} or {"time": "..."}`,
		`{"tag":"a","in":[1,{"day":"x"}]}`:       `tag "a": in[1].day: must be a date such as 2006-01-02`,
		`{"tag":"a","in":[{"time":"x"}]}`:        `tag "a": in[0].time: must be an instant such as 2006-01-02T15:04:05Z07:00`,
		`{"tag":"a","eq":0.1234567890123456789}`: `tag "a": eq: number has more digits than can be held exactly; with an exponent, as 1e20, it is the nearest float`,
		`{"tag":"a","in":1}`:                     `tag "a": in: must be a list of values`,
		`{"tag":"a","between":[1]}`:              `tag "a": between: must be a list of two values`,
		`{"tag":"a","has":["x",1]}`:              `tag "a": has[1]: must be a text`,
		`{"tag":"a","has_any":["x"]}`:            `unknown field "has_any"; did you mean "has_all"?`,
		`{"tag":"a","is_set":1}`:                 `tag "a": is_set: must be true or false`,
		`{"tag":"a","within":3}`:                 `tag "a": within: must be {"days": ...} or {"hours": ...}`,
		`{"tag":"a","within":{"days":1.5}}`:      `tag "a": within.days: must be a whole number`,
		`{"tag":"a","within":{"dayz":1}}`:        `tag "a": within: unknown field "dayz"; did you mean "days"?`,
		`{"tag":"a","within":{"dayz":"x"}}`:      `tag "a": within: unknown field "dayz"; did you mean "days"?`,
		`{"tag":"a","eq":{"time":"2026-03-05T1:00:00Z"}}`:             `tag "a": eq.time: must be an instant such as 2006-01-02T15:04:05Z07:00`,
		`{"tag":"a","eq":{"time":"2026-03-05T10:00:00,5Z"}}`:          `tag "a": eq.time: must be an instant such as 2006-01-02T15:04:05Z07:00`,
		`{"tag":"a","eq":{"time":"2026-03-05T10:00:00+24:00"}}`:       `tag "a": eq.time: must be an instant such as 2006-01-02T15:04:05Z07:00`,
		`{"tag":"a","eq":{"time":"2026-03-05T10:00:00.1234567891Z"}}`: `tag "a": eq.time: must be an instant such as 2006-01-02T15:04:05Z07:00`,
		`{"tag":"a","within":{"days":0}}`:                             `tag "a": within: window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`,
		`{"tag":"a","anniversary":{"hours":1}}`:                       `tag "a": anniversary: must be {"days": ...}`,
		`{"tag":"a","anniversary":{"days":0}}`:                        `tag "a": anniversary: days of an anniversary must be 1 to 366`,
		`{"sample":{"percent":10}}`:                                   `sample: must be {"percent": ..., "salt": "..."}`,
		`{"sample":{"percent":"10","salt":""}}`:                       `sample.percent: percent of a sample must be 0 to 100 in steps of 0.01`,
		`{"sample":{"percent":101,"salt":""}}`:                        `sample.percent: percent of a sample must be 0 to 100 in steps of 0.01`,
		`{"sample":{"percent":1,"salt":1}}`:                           `sample.salt: must be a text`,
		`{"sample":{"percent":1,"sugar":1}}`:                          `sample: unknown field "sugar"`,
	} {
		r := Or()
		err := r.UnmarshalJSON([]byte(data))
		requireAt(t, want, err, data)
		require.ErrorIs(t, err, ErrRule)
		require.Equal(t, Or(), r, data)
	}
}

// requireAt requires that err is the one that want describes as it is written here: tag, path and reason.
func requireAt(t *testing.T, want string, err error, data string) {
	t.Helper()
	e, ok := errors.AsType[*RuleError](err)
	require.True(t, ok, data)
	var parts []string
	if e.Tag != "" {
		parts = append(parts, fmt.Sprintf("tag %q", e.Tag))
	}
	if e.Path != "" {
		parts = append(parts, e.Path)
		require.True(t, strings.HasPrefix(e.Error(), "segment: rule "+e.Path+": "), e.Error())
	}
	got := strings.Join(append(parts, e.Reason), ": ")
	if e.Suggestion != "" {
		got += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	require.Equal(t, want, got, data)
}

func TestRuleErrorOfJSON(t *testing.T) {
	var r Rule
	err := r.UnmarshalJSON([]byte(`{"and":[{"or":[]},{"not":{"tag":"city","in":["x",null]}}]}`))
	require.EqualError(t, err, `segment: rule and[1].not.in[1]: tag "city": must be true, false, a number, a text, {"day": "..."} or {"time": "..."}`)
	e, _ := errors.AsType[*RuleError](err)
	require.Equal(t, "and[1].not.in[1]", e.Path)
}

// An error does not repeat a name of a field that is as long as a document.
func TestUnmarshalRuleLongNames(t *testing.T) {
	long := strings.Repeat("x", MaxRuleBytes/2)
	for _, data := range []string{
		`{"tag":"t","within":{"` + long + `":"x"}}`, `{"tag":"t","within":{"` + long + `":1}}`, `{"tag":"t","anniversary":{"` + long + `":true}}`,
		`{"` + long + `":1}`, `{"sample":{"` + long + `":1,"salt":""}}`, `{"tag":"t","eq":{"` + long + `":"x"}}`, `{"tag":"` + long + `","eq":1}`,
	} {
		var r Rule
		err := r.UnmarshalJSON([]byte(data))
		require.ErrorIs(t, err, ErrRule)
		require.Less(t, len(err.Error()), 200)
	}
}

// A document of nothing but small values is refused before it takes memory.
func TestHostileJSONMemory(t *testing.T) {
	for _, data := range []string{
		`{"and":[0` + strings.Repeat(",0", MaxRuleBytes/2-10) + "]}", `{"and":[[]` + strings.Repeat(",[]", MaxRuleBytes/3-10) + "]}",
		`{"and":[{}` + strings.Repeat(",{}", MaxRuleBytes/3-10) + "]}",
	} {
		var before, after runtime.MemStats
		var r Rule
		runtime.ReadMemStats(&before)
		err := r.UnmarshalJSON([]byte(data))
		runtime.ReadMemStats(&after)
		require.EqualError(t, err, "segment: rule: JSON has more than 200000 values")
		require.ErrorIs(t, err, ErrLimit)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
	}
}

func TestUnmarshalRuleLimits(t *testing.T) {
	nest := func(n int) string {
		return strings.Repeat(`{"and":[{"or":[]},`, n) + `{"tag":"a","in":[{"day":"2026-03-05"}]}` + strings.Repeat("]}", n)
	}
	var r Rule
	require.NoError(t, r.UnmarshalJSON([]byte(nest(99))))
	for name, c := range map[string]struct{ data, want string }{
		"deep":             {nest(100), `segment: rule: parts are more than 100 deep in each other`},
		"deeper":           {nest(10_000), `segment: rule: parts are more than 100 deep in each other`},
		"hostile":          {strings.Repeat("[", 100_000), `segment: rule: parts are more than 100 deep in each other`},
		"hostile and long": {strings.Repeat("[", MaxRuleBytes), `segment: rule: JSON has more than 200000 values`},
		"nodes":            {`{"and":[{"and":[]}` + strings.Repeat(`,{"and":[]}`, MaxRuleNodes) + "]}", "segment: rule: there are more than 10000 parts"},
		"values":           {`{"tag":"a","in":[1` + strings.Repeat(`,1`, MaxRuleValues) + "]}", `segment: rule: there are more than 100000 values`},
		"bytes":            {`{"and":[]` + strings.Repeat(" ", MaxRuleBytes) + "}", "segment: rule: JSON is longer than 1048576 bytes"},
	} {
		err := r.UnmarshalJSON([]byte(c.data))
		require.EqualError(t, err, c.want, name)
		require.ErrorIs(t, err, ErrLimit, name)
	}
}

func FuzzRuleJSON(f *testing.F) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		data, err := randomRule(rng, randomTags(), 3).MarshalJSON()
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`{"tag":"a","eq":1e-400}`))
	f.Add([]byte(`{"sample":{"percent":1e1,"salt":"\ud800"}}`))
	f.Add([]byte(`{"not":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Rule
		if err := r.UnmarshalJSON(data); err != nil {
			e, ok := errors.AsType[*RuleError](err)
			require.True(t, ok)
			require.False(t, json.Valid(data) && strings.Contains(e.Reason, "well formed"), e.Reason)
			return
		}
		require.True(t, json.Valid(data))
		text := r.String()
		again, err := r.MarshalJSON()
		if len(text) > MaxRuleBytes || errors.Is(err, ErrLimit) {
			return // what has escapes is longer than what was read
		}
		require.NoError(t, err)
		var back Rule
		require.NoError(t, back.UnmarshalJSON(again))
		require.True(t, r.node().equal(back.node()))
		parsed, err := Parse(text)
		require.NoError(t, err, text)
		require.True(t, r.node().equal(parsed.node()), text)
	})
}

// equal tells whether two rules are written the same, apart from where.
func (n *node) equal(m *node) bool {
	return n.op == m.op && n.cmp == m.cmp && n.tag == m.tag && n.other == m.other && n.name == m.name &&
		n.k == m.k && n.window == m.window && n.fault == m.fault && slices.Equal(n.values, m.values) &&
		slices.EqualFunc(n.kids, m.kids, (*node).equal)
}
