package segment

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func queryBuilderTags(t testing.TB) *Catalogue {
	tags, err := NewCatalogue(append(randomTags(), Tag{Name: "a", Kind: Flag}, Tag{Name: "b", Kind: Flag}, Tag{Name: "c", Kind: Flag})...)
	require.NoError(t, err)
	return tags
}

func TestParseQueryBuilder(t *testing.T) {
	tags := queryBuilderTags(t)
	one := func(field, operator, value string) string {
		return fmt.Sprintf(`{"combinator":"and","rules":[{"field":%q,"operator":%q,"value":%s}]}`, field, operator, value)
	}
	flag := func(name string) string {
		return fmt.Sprintf(`{"field":%q,"operator":"=","valueSource":"value","value":true}`, name)
	}
	for name, c := range map[string]struct{ data, want string }{
		"whole query": {`{
			"id": "root", "combinator": "and", "not": false, "rules": [
				{"id": "1", "path": [0], "field": "city", "operator": "in", "valueSource": "value", "value": "广州, 深圳"},
				{"id": "2", "field": "orders_90d", "operator": ">=", "valueSource": "value", "value": "3"},
				{"id": "3", "combinator": "or", "not": true, "disabled": true, "rules": [
					{"id": "4", "field": "vip", "operator": "=", "value": true},
					{"id": "5", "field": "last_order", "operator": "<", "value": "2026-03-05", "inputType": "date"}
				]}
			]}`, `city in ("广州", "深圳") and orders_90d >= 3 and not (vip or last_order < 2026-03-05)`},
		"no rules":            {`{"combinator":"or","rules":[]}`, "everyone"},
		"nulls":               {`{"combinator":"and","not":null,"muted":null,"rules":[{"field":"vip","operator":"=","value":true,"muted":null,"valueSource":null}]}`, "vip"},
		"no rules, no word":   {`{"rules":[]}`, "everyone"},
		"=":                   {one("city", "=", `"广州"`), `city = "广州"`},
		"!=":                  {one("city", "!=", `" a"`), `city != " a"`},
		"flag as text":        {one("vip", "=", `"false"`), "vip = false"},
		"number":              {one("spend", "<", `12.50`), "spend < 12.5"},
		"number as text":      {one("spend", "<=", `" -12.50 "`), "spend <= -12.5"},
		"instant":             {one("last_order", ">", `"2026-03-05T10:00:00+08:00"`), "last_order > 2026-03-05T02:00:00Z"},
		"null":                {one("city", "null", `""`), "city is unset"},
		"notNull":             {one("city", "notNull", `null`), "city is set"},
		"null without value":  {`{"combinator":"and","rules":[{"field":"city","operator":"null"}]}`, "city is unset"},
		"upper case":          {`{"combinator":"OR","rules":[` + flag("a") + `,{"field":"city","operator":"NOTIN","value":["x"]}]}`, `a or city not in ("x")`},
		"in, array":           {one("orders_90d", "in", `[1, "2"]`), "orders_90d in (1, 2)"},
		"in, number":          {one("orders_90d", "in", `1`), "orders_90d in (1)"},
		"in, escaped comma":   {one("city", "in", `"a\\,b , c,, \\d"`), `city in ("a,b", "c", "\\d")`},
		"in, labels":          {one("兴趣", "in", `"x,y"`), `兴趣 has any of ("x", "y")`},
		"notIn, labels":       {one("兴趣", "notIn", `["x"]`), `兴趣 is set and not 兴趣 has "x"`},
		"contains":            {one("interests", "contains", `"a,b"`), `interests has "a,b"`},
		"doesNotContain":      {one("interests", "doesNotContain", `"x"`), `interests is set and not interests has "x"`},
		"between":             {one("orders_90d", "between", `"1,5"`), "orders_90d between 1 and 5"},
		"between, swapped":    {one("score", "between", `[1.5, "-2"]`), "score between -2 and 1.5"},
		"between days":        {one("last_order", "between", `["2026-03-05","2026-02-01"]`), "last_order between 2026-03-05 and 2026-02-01"},
		"notBetween":          {one("orders_90d", "notBetween", `"1,5"`), "orders_90d not between 1 and 5"},
		"fields":              {`{"combinator":"or","rules":[{"field":"spend","operator":"=","value":"score","valueSource":"field"},{"field":"spend","operator":"!=","value":"score","valueSource":"field"},{"field":"spend","operator":">","value":"score","valueSource":"field"},{"field":"spend","operator":">=","value":"90d","valueSource":"field"},{"field":"spend","operator":"<","value":"score","valueSource":"field"}]}`, "spend = score or spend != score or score < spend or `90d` <= spend or spend < score"},
		"xor of two":          {`{"combinator":"xor","rules":[` + flag("a") + `,` + flag("b") + `]}`, "at least 1 of (a, b) and not at least 2 of (a, b)"},
		"xor of three":        {`{"combinator":"xor","rules":[` + flag("a") + `,` + flag("b") + `,` + flag("c") + `]}`, "at least 1 of (a, b, c) and not at least 2 of (a, b, c) or a and b and c"},
		"xor of one, not":     {`{"combinator":"xor","not":true,"rules":[` + flag("a") + `]}`, "not a"},
		"independent":         {`{"rules":[` + flag("a") + `,"or",` + flag("b") + `,"and",` + flag("c") + `]}`, "a or b and c"},
		"independent, xor":    {`{"rules":[` + flag("a") + `,"AND",` + flag("b") + `,"xor",` + flag("c") + `,"or",` + flag("vip") + `]}`, "at least 1 of (a and b, c) and not at least 2 of (a and b, c) or vip"},
		"independent, groups": {`{"not":true,"combinator":null,"rules":[` + flag("a") + `,"and",{"rules":[` + flag("b") + `,"or",` + flag("c") + `]}]}`, "not (a and (b or c))"},
		"muted":               {`{"combinator":"and","rules":[{"field":"~","operator":"=","value":"","muted":true},` + flag("a") + `,{"combinator":"or","muted":true,"rules":[]}]}`, "a"},
		"all muted":           {`{"combinator":"or","not":true,"rules":[{"muted":true},{"combinator":"and","rules":[{"muted":true}]}]}`, "everyone"},
		"query muted":         {`{"combinator":"or","muted":true,"rules":[` + flag("a") + `]}`, "everyone"},
		"independent, muted":  {`{"rules":[{"muted":true},"or",` + flag("a") + `,"or",{"muted":true},"and",` + flag("b") + `,"or",{"muted":true}]}`, "a and b"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ParseQueryBuilder([]byte(c.data), tags)
			require.NoError(t, err)
			require.Equal(t, c.want, r.String())
			back, err := Parse(c.want)
			require.NoError(t, err)
			require.True(t, back.node().equal(r.node()))
		})
	}
}

// xor selects whom an odd number of the rules select.
func TestQueryBuilderXor(t *testing.T) {
	for n := 1; n <= 8; n++ {
		parts := make([]Rule, n)
		words := make([]string, n-1)
		for i := range parts {
			parts[i] = IsTrue(string(rune('a' + i)))
		}
		for i := range words {
			words[i] = "xor"
		}
		r, err := combine(parts, words, "or", "xor", "and")
		require.Nil(t, err)
		var holds func(n *node, flags uint) bool
		holds = func(n *node, flags uint) bool {
			count := 0
			for _, k := range n.kids {
				if holds(k, flags) {
					count++
				}
			}
			switch n.op {
			case opAll:
				return count == len(n.kids)
			case opAny:
				return count > 0
			case opNot:
				return count == 0
			case opAtLeast:
				return count >= n.k
			}
			return flags>>(n.tag[0]-'a')&1 == 1
		}
		for flags := range uint(1) << n {
			require.Equal(t, bits.OnesCount(flags)%2 == 1, holds(r.node(), flags), "%s: %b", r, flags)
		}
	}
}

func TestParseQueryBuilderErrors(t *testing.T) {
	tags := queryBuilderTags(t)
	query := func(rule string) string { return `{"combinator":"and","rules":[{"rules":[` + rule + `]}]}` }
	const at = "rules[0].rules[0]"
	for data, want := range map[string]string{
		`[]`:                                   "must be a group, with a list of rules",
		`null`:                                 "must be a group, with a list of rules",
		`{"combinator":"and"}`:                 "must be a group, with a list of rules",
		`{"rules":{}}`:                         "must be a group, with a list of rules",
		`{"rules":[`:                           "JSON is not well formed after byte 10",
		`{"combinator":"nor","rules":[]}`:      "combinator: must be one of and, or, xor",
		`{"combinator":3,"rules":[]}`:          "combinator: must be one of and, or, xor",
		`{"combinator":"and","rules":["and"]}`: "rules[0]: must be a rule or a group",
		`{"rules":[{"muted":true},"but",{"muted":true}]}`:                                "rules[1]: must be one of and, or, xor",
		`{"rules":[{"muted":true},"and"]}`:                                               "rules[1]: no rule follows the combinator",
		`{"rules":[{"muted":true},{"muted":true}]}`:                                      "rules[1]: must be one of and, or, xor",
		`{"rules":["and",{"muted":true}]}`:                                               "rules[0]: must be a rule or a group",
		`{"rules":[{"rules":[]}]}`:                                                       "rules[0].rules: group has no rules",
		`{"combinator":"and","not":"true","rules":[{"muted":true}]}`:                     "not: must be true or false",
		`{"combinator":"and","muted":1,"rules":[]}`:                                      "muted: must be true or false",
		query(`{"field":"vip","operator":"=","value":true,"muted":"true"}`):              at + ".muted: must be true or false",
		query(`{"rules":[{"muted":true}],"not":[]}`):                                     at + ".not: must be true or false",
		query(`{"field":"spend","operator":"=","value":"score","valueSource":"Field"}`):  `tag "spend": ` + at + ".valueSource: must be value or field",
		query(`{"field":"city","operator":"null","valueSource":["field"]}`):              `tag "city": ` + at + ".valueSource: must be value or field",
		query(`{"operator":"=","value":1}`):                                              at + ".field: must be a text",
		query(`{"field":"~","operator":"=","value":1}`):                                  at + ".field: nothing has been chosen",
		query(`{"field":"","operator":"=","value":1}`):                                   at + ".field: nothing has been chosen",
		query(`{"field":"citty","operator":"=","value":1}`):                              `tag "citty": ` + at + `.field: there is no such tag; did you mean "city"?`,
		query(`{"field":"city","value":1}`):                                              `tag "city": ` + at + ".operator: must be a text",
		query(`{"field":"city","operator":"~","value":1}`):                               `tag "city": ` + at + ".operator: nothing has been chosen",
		query(`{"field":"city","operator":"beginsWith","value":"x"}`):                    `tag "city": ` + at + ".operator: has no meaning on a tag: values are compared as a whole",
		query(`{"field":"city","operator":"doesNotEndWith","value":"x"}`):                `tag "city": ` + at + ".operator: has no meaning on a tag: values are compared as a whole",
		query(`{"field":"city","operator":"notnul","value":"x"}`):                        `tag "city": ` + at + `.operator: unknown operator; did you mean "notNull"?`,
		query(`{"field":"city","operator":"contains","value":"x"}`):                      `tag "city": ` + at + ".operator: contains and doesNotContain are for labels, the tag is of kind enum",
		query(`{"field":"interests","operator":"=","value":"x"}`):                        `tag "interests": ` + at + ".operator: labels take contains, doesNotContain, in, notIn, null and notNull",
		query(`{"field":"interests","operator":"between","value":"x,y"}`):                `tag "interests": ` + at + ".value: labels have no order",
		query(`{"field":"interests","match":{"mode":"all"},"operator":"=","value":{}}`):  `tag "interests": ` + at + ".match: has no meaning on a tag",
		query(`{"field":"city","operator":"=","value":""}`):                              `tag "city": ` + at + ".value: nothing has been chosen",
		query(`{"field":"city","operator":"="}`):                                         `tag "city": ` + at + ".value: nothing has been chosen",
		query(`{"field":"city","operator":"=","value":3}`):                               `tag "city": ` + at + ".value: must be a text for a tag of kind enum",
		query(`{"field":"vip","operator":"=","value":"yes"}`):                            `tag "vip": ` + at + ".value: must be true or false",
		query(`{"field":"spend","operator":"=","value":"1,5"}`):                          `tag "spend": ` + at + ".value: must be a number",
		query(`{"field":"spend","operator":"=","value":true}`):                           `tag "spend": ` + at + ".value: must be a number",
		query(`{"field":"spend","operator":"=","value":1e999}`):                          `tag "spend": ` + at + ".value: number is out of the range of a float",
		query(`{"field":"last_order","operator":"=","value":"2026-03-05T10:00"}`):        `tag "last_order": ` + at + ".value: must be a date such as 2026-03-05 or an instant such as 2026-03-05T10:00:00+08:00",
		query(`{"field":"city","operator":"in","value":""}`):                             `tag "city": ` + at + ".value: nothing has been chosen",
		query(`{"field":"city","operator":"in","value":["x",null]}`):                     `tag "city": ` + at + ".value[1]: nothing has been chosen",
		query(`{"field":"spend","operator":"between","value":"1"}`):                      `tag "spend": ` + at + ".value: must be two values",
		query(`{"field":"spend","operator":"between","value":[1,""]}`):                   `tag "spend": ` + at + ".value[1]: nothing has been chosen",
		query(`{"field":"spend","operator":"in","valueSource":"field","value":"score"}`): `tag "spend": ` + at + ".operator: fields are compared by = != < <= > >=",
		query(`{"field":"spend","operator":"=","valueSource":"field","value":1}`):        `tag "spend": ` + at + ".value: must be the name of a field",
		query(`{"field":"spend","operator":"=","valueSource":"field","value":"scorre"}`): `tag "scorre": ` + at + `.value: there is no such tag; did you mean "score"?`,
	} {
		r, err := ParseQueryBuilder([]byte(data), tags)
		requireAt(t, want, err, data)
		require.ErrorIs(t, err, ErrRule)
		require.Equal(t, Rule{}, r)
	}
	_, err := ParseQueryBuilder([]byte(query(`{"field":"city","operator":"null"}`)), nil)
	require.EqualError(t, err, `segment: rule `+at+`.field: tag "city": there is no such tag`)
	for _, data := range []string{
		strings.Repeat(`{"rules":[`, 1000),
		`{"combinator":"and","rules":[` + strings.Repeat(`{"combinator":"or","rules":[{"field":"a","operator":"null"},`, 100) + `{"muted":true}` + strings.Repeat("]}", 100) + "]}",
		`{"combinator":"xor","rules":[{"field":"a","operator":"null"}` + strings.Repeat(`,{"field":"a","operator":"null"}`, 100) + "]}",
		`{"combinator":"xor","rules":[{"field":"a","operator":"null"}` + strings.Repeat(`,{"field":"a","operator":"null"}`, 25_000) + "]}",
	} {
		_, err := ParseQueryBuilder([]byte(data), tags)
		require.ErrorIs(t, err, ErrLimit)
	}
}

func FuzzParseQueryBuilder(f *testing.F) {
	tags := queryBuilderTags(f)
	for _, data := range []string{
		`{"combinator":"and","not":true,"rules":[{"field":"city","operator":"in","value":"广州, 深圳"},{"field":"spend","operator":"notBetween","value":["3","1"]}]}`,
		`{"rules":[{"field":"vip","operator":"=","value":true},"xor",{"field":"interests","operator":"doesNotContain","value":"x"},"or",{"muted":true}]}`,
		`{"combinator":"xor","rules":[{"field":"last_order","operator":"<","value":"2026-03-05"},{"field":"score","operator":">","valueSource":"field","value":"spend"}]}`,
	} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseQueryBuilder(data, tags)
		if err != nil {
			_, ok := errors.AsType[*RuleError](err)
			require.True(t, ok)
			return
		}
		text := r.String()
		if len(text) > MaxRuleBytes {
			return
		}
		back, err := Parse(text)
		require.NoError(t, err, text)
		require.True(t, r.node().equal(back.node()), text)
	})
}
