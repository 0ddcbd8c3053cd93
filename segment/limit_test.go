package segment

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// Rules that Go code can build but nobody can use say so, and nothing hangs or overflows.
func TestRulesThatCannotBeUsed(t *testing.T) {
	deep := IsTrue("a")
	for range 100_000 {
		deep = Not(deep)
	}
	shared := IsTrue("a") // 2^60 parts, of which there are but 61
	for range 60 {
		shared = Or(shared, shared)
	}
	wide := make([]Rule, MaxRuleNodes)
	long := make([]any, MaxRuleValues+1)
	for i := range long {
		long[i] = 1
	}
	const name = "1 to 128 bytes of UTF-8 without control characters and backquotes"
	for test, c := range map[string]struct {
		rule  Rule
		want  string
		limit bool
	}{
		"deep":            {deep, "parts are more than 100 deep in each other", true},
		"shared":          {shared, "there are more than 10000 parts", true},
		"wide":            {And(wide...), "there are more than 10000 parts", true},
		"long":            {In("a", long...), "there are more than 100000 values", true},
		"name of a tag":   {IsSet("a`b"), "name of a tag must be " + name, false},
		"second tag":      {EqTag("a", ""), `tag "a": second tag must be ` + name, false},
		"name of a set":   {InSet("a\nb"), "name of a set or a segment must be " + name, false},
		"segment":         {Segment(strings.Repeat("x", 129)), "name of a set or a segment must be " + name, false},
		"salt":            {Sample(1, "\xff"), "salt of a sample is not UTF-8", false},
		"text":            {Or(Has("a", "\xff")), `tag "a": text is not UTF-8`, false},
		"type":            {Eq("a", struct{}{}), `tag "a": value of type struct {} cannot be used`, false},
		"NaN":             {Eq("a", math.NaN()), `tag "a": value is not valid`, false},
		"infinity":        {Lt("a", math.Inf(-1)), `tag "a": value is not valid`, false},
		"no value":        {Eq("a", nil), `tag "a": value of type <nil> cannot be used`, false},
		"unset":           {Eq("a", customer.Value{}), `tag "a": value is of kind unset`, false},
		"zero time":       {In("a", time.Time{}), `tag "a": value is not valid`, false},
		"uint64":          {Eq("a", uint64(math.MaxUint64)), `tag "a": whole number does not fit in 64 bits with a sign`, false},
		"window":          {And(IsTrue("b"), Not(Within("a", Days(0)))), `tag "a": window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`, false},
		"zero window":     {OlderThan("a", Window{}), `tag "a": window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`, false},
		"anniversary":     {Anniversary("a", 367), `tag "a": days of an anniversary must be 1 to 366`, false},
		"sample":          {Sample(0.001, "a"), "percent of a sample must be 0 to 100 in steps of 0.01", false},
		"sample of NaN":   {Sample(math.NaN(), "a"), "percent of a sample must be 0 to 100 in steps of 0.01", false},
		"fault in a list": {In("a", 1, make(chan int)), `tag "a": value of type chan int cannot be used`, false},
	} {
		t.Run(test, func(t *testing.T) {
			want := "segment: rule: " + c.want
			require.Equal(t, "<"+want+">", c.rule.String())
			_, err := Parse(c.rule.String())
			require.Error(t, err)
			_, err = c.rule.MarshalJSON()
			require.EqualError(t, err, want)
			require.ErrorIs(t, err, ErrRule)
			if c.limit {
				require.ErrorIs(t, err, ErrLimit)
			}
			_, err = json.Marshal(map[string]Rule{"rule": c.rule})
			require.ErrorIs(t, err, ErrRule)
		})
	}
}

// A rule at the limits is used, unless its JSON would be too long to read.
func TestRulesAtTheLimits(t *testing.T) {
	deep := IsTrue("a")
	for range MaxRuleDepth - 1 {
		deep = Not(deep)
	}
	values := make([]any, MaxRuleValues)
	for i := range values {
		values[i] = 1
	}
	for name, r := range map[string]Rule{
		"deep": deep, "wide": Or(make([]Rule, MaxRuleNodes-1)...), "long": In("a", values...),
	} {
		back, err := Parse(r.String())
		require.NoError(t, err, name)
		require.True(t, r.node().equal(back.node()), name)
		data, err := r.MarshalJSON()
		require.NoError(t, err, name)
		require.NoError(t, back.UnmarshalJSON(data), name)
		require.True(t, r.node().equal(back.node()), name)
	}
	_, err := Eq("a", strings.Repeat("x", MaxRuleBytes)).MarshalJSON()
	require.EqualError(t, err, "segment: rule: JSON is longer than 1048576 bytes")
	require.ErrorIs(t, err, ErrLimit)
}
