package segment

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// allocated returns how many bytes and objects f takes.
func allocated(f func()) (bytes, objects uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
}

// filled is as many of again between head and tail as there is room for in a rule.
func filled(head, again, tail string) string {
	return head + strings.Repeat(again, (MaxRuleBytes-len(head)-len(tail))/len(again)) + tail
}

// Whatever the text of a rule, Parse takes at most 32 bytes for a byte of it.
func TestHostileTextMemory(t *testing.T) {
	for name, text := range map[string]string{
		"parentheses": filled("", "(", ""),
		"nots":        filled("", "not ", "a"),
		"parts":       filled("a", " or a", ""),
		"list":        filled("at least 1 of (a", ",a", ")"),
		"values":      filled("a in (1", ",1", ")"),
		"texts":       filled(`a in (""`, `,""`, ")"),
		"escapes":     filled(`a = "`, `\n`, `"`),
		"open text":   filled(`a = "`, "x", ""),
		"name":        filled("", "x", ""),
		"digits":      filled("a = ", "9", ""),
		"lines":       filled("", "\n", "a"),
		"not UTF-8":   filled("", "\xff", ""),
	} {
		var err error
		bytes, _ := allocated(func() { _, err = Parse(text) })
		require.Less(t, bytes, uint64(32*MaxRuleBytes), name)
		if err != nil {
			require.Less(t, len(err.Error()), 200, name)
		}
	}
}

// Whatever the query, ParseQueryBuilder takes at most 96 bytes for a byte of it.
func TestHostileQueryMemory(t *testing.T) {
	tags := queryBuilderTags(t)
	in := `{"combinator":"and","rules":[{"field":"city","operator":"in","value":`
	for name, data := range map[string]string{
		"numbers": filled(`{"rules":[0`, ",0", "]}"),
		"groups":  filled(`{"combinator":"and","rules":[{"rules":[]}`, `,{"rules":[]}`, "]}"),
		"deep":    filled("", `{"combinator":"and","rules":[`, ""),
		"muted":   filled(`{"combinator":"and","rules":[{"muted":true}`, `,{"muted":true}`, "]}"),
		"xor":     filled(`{"combinator":"xor","rules":[{"field":"a","operator":"notNull"}`, `,{"field":"a","operator":"notNull"}`, "]}"),
		"values":  filled(in+`["x"`, `,"x"`, "]}]}"),
		"commas":  filled(in+`"`, "x,", `"}]}`),
		"escapes": filled(in+`"`, `\\,`, `"}]}`),
	} {
		var err error
		bytes, _ := allocated(func() { _, err = ParseQueryBuilder([]byte(data), tags) })
		require.Less(t, bytes, uint64(96*MaxRuleBytes), name)
		if err != nil {
			require.Less(t, len(err.Error()), 200, name)
		}
	}
	_, err := ParseQueryBuilder([]byte(filled(in+`"`, "x,", `"}]}`)), tags)
	require.EqualError(t, err, "segment: rule: tag \"city\": there are more than 100000 values")
	require.ErrorIs(t, err, ErrLimit)
}

// A rule of as many parts as there may be takes no more to count, by the part, than one of a tenth of them.
func TestCountOfManyParts(t *testing.T) {
	s := indexOf(t, &Options{Tags: modelTags}, func(b *Batch) {
		for i := range 100 {
			b.Set(customer.FromInt64(int64(i)), "orders", customer.Int64Value(int64(i)))
		}
	}).Snapshot()
	for name, c := range map[string]struct {
		part func(i int) Rule
		of   func(...Rule) Rule
		want int
	}{
		"or":    {func(i int) Rule { return Eq("orders", 2*i) }, Or, 50},
		"and":   {func(i int) Rule { return Ne("orders", 2*i) }, And, 50},
		"same":  {func(int) Rule { return Ge("orders", 90) }, And, 10},
		"least": {func(i int) Rule { return Ge("orders", i) }, func(list ...Rule) Rule { return AtLeast(50, list...) }, 51},
	} {
		t.Run(name, func(t *testing.T) {
			count := func(parts int) (bytes, objects uint64) {
				list := make([]Rule, parts-1)
				for i := range list {
					list[i] = c.part(i)
				}
				q := Query{Rule: c.of(list...), Workers: 1}
				n := 0
				var err error
				bytes, objects = allocated(func() { n, err = s.Count(t.Context(), q) })
				require.NoError(t, err)
				require.Equal(t, c.want, n)
				return bytes / uint64(parts), objects / uint64(parts)
			}
			fewBytes, fewObjects := count(MaxRuleNodes / 10)
			bytes, objects := count(MaxRuleNodes)
			require.Less(t, bytes, 2*fewBytes)
			require.LessOrEqual(t, objects, fewObjects+2)
		})
	}
}
