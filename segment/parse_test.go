package segment

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// day is the rule with the texts of its values turned into days, as dates without quotes are.
func day(r Rule) Rule {
	for i, l := range r.n.values {
		text, _ := l.value.Text()
		r.n.values[i], _ = parseDay(text)
	}
	return r
}

func TestParse(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 0, 0, 500, time.FixedZone("", 8*3600))
	for name, c := range map[string]struct {
		text string
		want Rule
		back string // how it prints; "" is text
	}{
		"the rule of the package": {
			`city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip`,
			And(In("city", "广州", "深圳"), Ge("orders_90d", 3), Within("last_order", Days(30)), Not(IsTrue("vip"))), "",
		},
		"zero rule":                 {"everyone", Rule{}, ""},
		"nobody":                    {"NoBody", Or(), "nobody"},
		"flag":                      {"vip", Eq("vip", true), ""},
		"flag written out":          {"vip = true", Eq("vip", true), "vip"},
		"flag is false":             {"vip = FALSE", Eq("vip", false), "vip = false"},
		"flag is not true":          {"vip != true", Ne("vip", true), ""},
		"and before or":             {"a and b or c and d", Or(And(IsTrue("a"), IsTrue("b")), And(IsTrue("c"), IsTrue("d"))), ""},
		"or in parentheses":         {"a and (b or c)", And(IsTrue("a"), Or(IsTrue("b"), IsTrue("c"))), ""},
		"chain":                     {"a or b or c", Or(IsTrue("a"), IsTrue("b"), IsTrue("c")), ""},
		"group of the same kind":    {"(a and b) and c", And(And(IsTrue("a"), IsTrue("b")), IsTrue("c")), ""},
		"needless parentheses":      {"((a) and ((b)))", And(IsTrue("a"), IsTrue("b")), "a and b"},
		"not before and":            {"not a and b", And(Not(IsTrue("a")), IsTrue("b")), ""},
		"not of a group":            {"not (a and b)", Not(And(IsTrue("a"), IsTrue("b"))), ""},
		"not not":                   {"not not a", Not(Not(IsTrue("a"))), ""},
		"not of a comparison":       {"not a > 3", Not(Gt("a", 3)), ""},
		"at least":                  {"at least 2 of (a, b or c, not d)", AtLeast(2, IsTrue("a"), Or(IsTrue("b"), IsTrue("c")), Not(IsTrue("d"))), ""},
		"at least of nothing":       {"at least 1 of ()", AtLeast(1), ""},
		"at least 0":                {"at least 0 of (a)", AtLeast(0, IsTrue("a")), ""},
		"comparisons":               {"a = 1 and b != 2 and c < 3 and d <= 4 and e > 5 and f >= 6", And(Eq("a", 1), Ne("b", 2), Lt("c", 3), Le("d", 4), Gt("e", 5), Ge("f", 6)), ""},
		"tags":                      {"a = b or a != b or a < b or a <= b", Or(EqTag("a", "b"), NeTag("a", "b"), LtTag("a", "b"), LeTag("a", "b")), ""},
		"tags the other way":        {"a > b or a >= `c d`", Or(GtTag("a", "b"), GeTag("a", "c d")), "b < a or `c d` <= a"},
		"in nothing":                {"a in ()", In("a"), ""},
		"in values of many kinds":   {`a in (true, 1, "x", 1.5)`, In("a", true, 1, "x", 1.5), ""},
		"not in":                    {`b and a not in ("x")`, And(IsTrue("b"), NotIn("a", "x")), ""},
		"not in, long form":         {`a is set and not a in ("x")`, And(IsSet("a"), Not(In("a", "x"))), `a not in ("x")`},
		"not in, of another tag":    {`a is set and not b in ("x")`, And(IsSet("a"), Not(In("b", "x"))), ""},
		"not of not in":             {`not a not in ("x")`, Not(And(IsSet("a"), Not(In("a", "x")))), ""},
		"between":                   {"a between 1 and 5 and b", And(Between("a", 1, 5), IsTrue("b")), ""},
		"not between":               {"a not between 1 and 5 or b", Or(NotBetween("a", 1, 5), IsTrue("b")), ""},
		"is set":                    {"a is set and b is unset and c is not set", And(IsSet("a"), Unset("b"), Unset("c")), "a is set and b is unset and c is unset"},
		"has":                       {`a has "x" and b has any of ("x", "y") and c has all of ("x")`, And(Has("a", "x"), Has("b", "x", "y"), HasAll("c", "x")), ""},
		"has any of one":            {`a has any of ("x")`, Has("a", "x"), `a has "x"`},
		"has any of none":           {`a has any of ()`, Has("a"), ""},
		"days":                      {"a within 30 days or b older than 1 DAY or c within next 7 days", Or(Within("a", Days(30)), OlderThan("b", Days(1)), WithinNext("c", Days(7))), "a within 30 days or b older than 1 day or c within next 7 days"},
		"hours":                     {"a within 12 hours or b older than 1 hour", Or(Within("a", Hours(12)), OlderThan("b", Hours(1))), ""},
		"anniversary":               {"a anniversary within 366 days or b anniversary within 1 day", Or(Anniversary("a", 366), Anniversary("b", 1)), ""},
		"sample":                    {`sample(10%, "a") or sample(0.05 %, "") or SAMPLE (100%,"b")`, Or(Sample(10, "a"), Sample(0.05, ""), Sample(100, "b")), `sample(10%, "a") or sample(0.05%, "") or sample(100%, "b")`},
		"set and segment":           {`set("活动") and not segment ("a b")`, And(InSet("活动"), Not(Segment("a b"))), `set("活动") and not segment("a b")`},
		"tags called as functions":  {`segment = "a" and set and sample < 3`, And(Eq("segment", "a"), IsTrue("set"), Lt("sample", 3)), ""},
		"words that are no keyword": {"day >= 3 and least and all = next", And(Ge("day", 3), IsTrue("least"), EqTag("all", "next")), ""},
		"keywords as names":         {"`and` and `Between` = `true`", And(IsTrue("and"), EqTag("Between", "true")), ""},
		"names":                     {"客户.等级 = 1 and _a1 and `30d orders` and `.x` and हिन्दी", And(Eq("客户.等级", 1), IsTrue("_a1"), IsTrue("30d orders"), IsTrue(".x"), IsTrue("हिन्दी")), ""},
		"needless backquotes":       {"`a`", IsTrue("a"), "a"},
		"Chinese marks":             {"城市 in（“广州”、「深圳」，\"上\"）and 订单＞=3 and not（a or b ≥ 2 or c≠1 or d ≤ 3 or e！＝1）\u3000and sample（5％，“x”）", And(In("城市", "广州", "深圳", "上"), Ge("订单", 3), Not(Or(IsTrue("a"), Ge("b", 2), Ne("c", 1), Le("d", 3), Ne("e", 1))), Sample(5, "x")), `城市 in ("广州", "深圳", "上") and 订单 >= 3 and not (a or b >= 2 or c != 1 or d <= 3 or e != 1) and sample(5%, "x")`},
		"quotes in quotes":          {`a = "“x” 「y」" and b = “"z" \” '” and c = 「“」`, And(Eq("a", "“x” 「y」"), Eq("b", `"z" ” '`), Eq("c", "“")), "a = \"“x” 「y」\" and b = \"\\\"z\\\" ” '\" and c = \"“\""},
		"escapes":                   {`a = "\"\\\n\r\t\u{1F600}\u{7}\u{3000}é"`, Eq("a", "\"\\\n\r\t😀\a\u3000é"), `a = "\"\\\n\r\t😀\u{7}\u{3000}é"`},
		"numbers":                   {"a in (0, -0, 007, 1.50, -0.25, 9223372036854775807, -9223372036854775808, 0.000000000000000001)", In("a", 0, 0, 7, 1.5, -0.25, int64(9223372036854775807), int64(-9223372036854775808), customer.DecimalValue(1, 18)), "a in (0, 0, 7, 1.5, -0.25, 9223372036854775807, -9223372036854775808, 0.000000000000000001)"},
		"numbers with exponent":     {"a in (1e3, 25E-1, 1e300, -1e-30)", In("a", 1000, 2.5, 1e300, -1e-30), "a in (1000, 2.5, 1e+300, -1e-30)"},
		"floats without exponent":   {"a in (100000000000000000000, 0.00000000000000000001)", In("a", 1e20, 1e-20), "a in (1e+20, 1e-20)"},
		"date":                      {"a >= 2026-03-05 and b between 0001-01-01 and 9999-12-31", And(day(Ge("a", "2026-03-05")), day(Between("b", "0001-01-01", "9999-12-31"))), ""},
		"date in quotes":            {`a >= "2026-03-05"`, Ge("a", "2026-03-05"), ""},
		"instant":                   {"a < 2026-03-05T10:00:00.0000005+08:00", Lt("a", at), "a < 2026-03-05T02:00:00.0000005Z"},
		"lines":                     {"\ufeffa\r\n\tand\n b ", And(IsTrue("a"), IsTrue("b")), "a and b"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Parse(c.text)
			require.NoError(t, err)
			require.True(t, c.want.node().equal(r.node()), "read as %s", r)
			if c.back == "" {
				c.back = c.text
			}
			require.Equal(t, c.back, r.String())
			require.Equal(t, c.back, c.want.String())
			again, err := Parse(c.back)
			require.NoError(t, err)
			require.True(t, r.node().equal(again.node()))
		})
	}
}

func TestParseErrors(t *testing.T) {
	const operators = "expected an operator (= != < <= > >= in not between is has within older anniversary) or the end of the condition, found "
	for name, c := range map[string]struct {
		text, want string
	}{
		"empty":                    {"", `1:1: expected a condition, found the end`},
		"spaces":                   {" \n\t ", `2:3: expected a condition, found the end`},
		"operator misspelt":        {`city inn ("广州")`, `1:6: ` + operators + `the name "inn"; did you mean "in"?`},
		"within misspelt":          {"last_order witin 30 days", `1:12: ` + operators + `the name "witin"; did you mean "within"?`},
		"and misspelt":             {"vip nad new", `1:5: ` + operators + `the name "nad"; did you mean "and"?`},
		"or misspelt at the end":   {"vip = true ro b", `1:12: expected "and", "or" or the end, found the name "ro"; did you mean "or"?`},
		"two conditions":           {"a = 1\nb = 2", `2:1: expected "and", "or" or the end, found a name`},
		"text after a name":        {`城市 "广州"`, `1:4: ` + operators + "a text"},
		"name in quotes":           {`"city" = 1`, `1:1: expected a condition, found a text; the name of a tag is written without quotes, or between backquotes`},
		"keyword as name":          {"a and has = 3", `1:7: expected a condition, found the keyword has; a tag of this name is written between backquotes`},
		"and and":                  {"a and and b", `1:7: expected a condition, found the keyword and`},
		"and at the end":           {"a and", `1:6: expected a condition, found the end`},
		"number":                   {"12", `1:1: expected a condition, found a number`},
		"no value":                 {"a >= ", `1:6: expected a value or a name after ">=", found the end`},
		"no value but and":         {"a >= and b", `1:6: expected a value or a name after ">=", found the keyword and`},
		"parenthesis open":         {"a and (b or c", `1:14: expected "and", "or" or ")", found the end`},
		"parenthesis too many":     {"a)", `1:2: expected "and", "or" or the end, found ")"`},
		"comma":                    {"a, b", `1:2: expected "and", "or" or the end, found ","`},
		"list not begun":           {"a in 3", `1:6: expected "(", found a number`},
		"list not closed":          {`a in (1, 2`, `1:11: expected "," or ")", found the end`},
		"comma at the end":         {`a in (1, )`, `1:10: expected a value, found ")"`},
		"name in a list":           {`a in (广州)`, `1:7: expected a value, found a name; a text is written in quotes`},
		"no comma":                 {`a in (1 2)`, `1:9: expected "," or ")", found a number`},
		"not what":                 {"a not like", `1:7: expected "in" or "between" after "not", found a name`},
		"not betwen":               {"a not betwen", `1:7: expected "in" or "between" after "not", found the name "betwen"; did you mean "between"?`},
		"between one":              {"a between 1", `1:12: expected "and" and the second value of "between", found the end`},
		"between or":               {"a between 1 or 2", `1:13: expected "and" and the second value of "between", found the keyword or`},
		"between names":            {"a between b and c", `1:11: expected a value after "between", found a name; a text is written in quotes`},
		"between and name":         {"a between 1 and c", `1:17: expected the second value of "between", found a name; a text is written in quotes`},
		"is what":                  {"a is null", `1:6: expected "set", "unset" or "not set" after "is", found a name`},
		"is not what":              {"a is not", `1:9: expected "set" after "is not", found the end`},
		"is unst":                  {"a is unst", `1:6: expected "set", "unset" or "not set" after "is", found the name "unst"; did you mean "unset"?`},
		"has number":               {"a has 3", `1:7: expected a text in quotes, "any of" or "all of" after "has", found a number`},
		"has any":                  {`a has any ("x")`, `1:11: expected "of", found "("`},
		"has any of number":        {`a has any of (3)`, `1:15: expected a text, found a number`},
		"within what":              {"a within nxt 3 days", `1:10: expected a whole number of days or hours, found the name "nxt"; did you mean "next"?`},
		"within a fraction":        {"a within 1.5 days", `1:10: expected a whole number of days or hours, found a number`},
		"within unit":              {"a within 3 weeks", `1:12: expected "days" or "hours", found a name`},
		"within daus":              {"a within 3 daus", `1:12: expected "days" or "hours", found the name "daus"; did you mean "days"?`},
		"within 0":                 {"a within 0 days", `1:10: window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`},
		"within too much":          {"a older than 1000001 days", `1:14: window must be 1 to 1,000,000 days or 1 to 10,000,000 hours`},
		"older":                    {"a older 3 days", `1:9: expected "than" after "older", found a number`},
		"anniversary":              {"a anniversary 3 days", `1:15: expected "within" after "anniversary", found a number`},
		"anniversary in hours":     {"a anniversary within 3 hours", `1:24: expected "days", found a name`},
		"anniversary too long":     {"a anniversary within 367 days", `1:22: days of an anniversary must be 1 to 366`},
		"anniversary of nothing":   {"a anniversary within days", `1:22: expected a whole number of days, found a name`},
		"at":                       {"at last 2 of (a)", `1:4: expected "least" after "at", found the name "last"; did you mean "least"?`},
		"at least what":            {"at least x of (a)", `1:10: expected a whole number after "at least", found a name`},
		"at least 2":               {"at least 2 (a)", `1:12: expected "of" after "at least" and the number, found "("`},
		"at least 2 of":            {"at least 2 of a", `1:15: expected "(" and the rules, found a name`},
		"at least not closed":      {"at least 2 of (a, b", `1:20: expected "and", "or", "," or ")", found the end`},
		"function unknown":         {`segmnt("a")`, `1:1: expected a condition, of which only sample, set and segment stand before "(", found the name "segmnt"; did you mean "segment"?`},
		"sample of nothing":        {`sample("a")`, `1:8: expected a percentage such as 10%, found a text`},
		"sample too large":         {`sample(100.01%, "a")`, `1:8: percent of a sample must be 0 to 100 in steps of 0.01`},
		"sample too fine":          {`sample(0.005%, "a")`, `1:8: percent of a sample must be 0 to 100 in steps of 0.01`},
		"sample below 0":           {`sample(-1%, "a")`, `1:8: percent of a sample must be 0 to 100 in steps of 0.01`},
		"sample without percent":   {`sample(10, "a")`, `1:10: expected "%" after the number, found ","`},
		"sample without salt":      {`sample(10%)`, `1:11: expected "," and the salt, found ")"`},
		"set of a name":            {`set(a)`, `1:5: expected a text in quotes, found a name`},
		"set without name":         {`set("")`, `1:5: name of a set or a segment must be 1 to 128 bytes of UTF-8 without control characters and backquotes`},
		"set not closed":           {`set("a"`, `1:8: expected ")", found the end`},
		"==":                       {"a == 3", `1:3: there is no ==; did you mean "="?`},
		"<>":                       {"a <> 3", `1:3: there is no <>; did you mean "!="?`},
		"&&":                       {"a && b", `1:3: there is no &; did you mean "and"?`},
		"||":                       {"a || b", `1:3: there is no |; did you mean "or"?`},
		"!":                        {"!a", `1:1: there is no !; did you mean "not"?`},
		"single quotes":            {"城市 = '广州'", `1:6: a text is written between " and ", “ and ”, or 「 and 」`},
		"closing quote":            {"a = ”x”", `1:5: a text is written between " and ", “ and ”, or 「 and 」`},
		"character":                {"a = 1;", `1:6: the character ';' means nothing here`},
		"zero byte":                {"a\x00", `1:2: the character '\x00' means nothing here`},
		"text not closed":          {"a = \"x\nand b", `1:5: text is not closed by " on its line`},
		"Chinese not closed":       {"a = “x\"", `1:5: text is not closed by ” on its line`},
		"escape":                   {`a = "x\y"`, `1:7: a backslash in a text begins \", \\, \n, \r, \t or \u{...} with a character's number in hexadecimal`},
		"escape of a surrogate":    {`a = "\u{d800}"`, `1:6: a backslash in a text begins \", \\, \n, \r, \t or \u{...} with a character's number in hexadecimal`},
		"escape at the end":        {`a = "\`, `1:6: a backslash in a text begins \", \\, \n, \r, \t or \u{...} with a character's number in hexadecimal`},
		"name not closed":          {"`a = 3", "1:1: name is not closed by a backquote on its line"},
		"name empty":               {"``", "1:1: name of a tag must be 1 to 128 bytes of UTF-8 without control characters and backquotes"},
		"name too long":            {strings.Repeat("a", 129), "1:1: name is longer than 128 bytes"},
		"name with digit":          {"30d > 2", "1:1: number runs into other characters; a name that begins with a digit is written between backquotes"},
		"number and unit":          {"a within 30days", "1:10: number runs into other characters; a name that begins with a digit is written between backquotes"},
		"number with point":        {"a = 1.", "1:5: number must have digits on both sides of its point"},
		"number with two points":   {"a = 1.2.3", "1:5: number runs into other characters; a name that begins with a digit is written between backquotes"},
		"number without digits":    {"a = 1e+", "1:5: number has an exponent without digits"},
		"number too exact":         {"a = 0.1234567890123456789", "1:5: number has more digits than can be held exactly; with an exponent, as 1e20, it is the nearest float"},
		"number too large":         {"a = 9223372036854775809", "1:5: number has more digits than can be held exactly; with an exponent, as 1e20, it is the nearest float"},
		"float too large":          {"a = 1e999", "1:5: number is out of the range of a float"},
		"float too small":          {"a = 1e-999", "1:5: number is out of the range of a float"},
		"at least below 0":         {"a or at least -1 of (a)", `1:15: number of rules must not be negative`},
		"instant, hour of a digit": {"a = 2026-03-05T1:00:00Z", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"instant, zone of a day":   {"a = 2026-03-05T10:00:00+24:00", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"instant, zone in 60":      {"a = 2026-03-05T10:00:00+00:60", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"no such day":              {"a = 2026-02-30", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"day of year 0":            {"a = 0000-01-01", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"instant without zone":     {"a = 2026-03-05T10:00:00", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"instant too late":         {"a = 9999-12-31T23:59:59-01:00", "1:5: a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00"},
		"column counts characters": {"城市 = \"广州\" \tand\n「生日」", `2:1: expected a condition, found a text; the name of a tag is written without quotes, or between backquotes`},
		"not UTF-8":                {"a = \"\ufffd\n\xff\"", `2:1: text is not UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Parse(c.text)
			require.EqualError(t, err, "segment: rule "+c.want)
			require.ErrorIs(t, err, ErrRule)
			require.NotErrorIs(t, err, ErrLimit)
			require.Equal(t, Rule{}, r)
		})
	}
}

// The rules in the tables of docs/rules.md are rules, and the examples are as they print.
func TestRulesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	section, count := "", 0
	for line := range strings.Lines(string(page)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(title)
		}
		cells := strings.Split(line, "|")
		column := map[string]int{"Conditions": 1, "Missing values": 1, "Hierarchies": 1, "Examples": 2}[section]
		if column == 0 || len(cells) <= column {
			continue
		}
		spans := strings.Split(cells[column], "`")
		if len(spans) < 2 {
			continue // the head of a table
		}
		r, err := Parse(spans[1])
		require.NoError(t, err, line)
		if section == "Examples" {
			require.Equal(t, spans[1], r.String())
		}
		count++
	}
	require.Greater(t, count, 35)
}

// The answers in the tables of docs/rules.md are those of a Matcher.
func TestRulesPageAnswers(t *testing.T) {
	page, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	tags, err := NewCatalogue(Tag{Name: "city", Kind: Enum}, Tag{Name: "地区", Kind: Enum, Hierarchy: true})
	require.NoError(t, err)
	var values []*string // of the columns
	count := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) < 4 || strings.HasPrefix(cells[1], "-"):
			continue
		case !strings.Contains(cells[2], "yes") && !strings.Contains(cells[2], "no"):
			values = nil
			if strings.TrimSpace(cells[1]) == "condition" {
				for _, cell := range cells[2 : len(cells)-1] {
					spans := strings.Split(cell, "`")
					value := strings.Trim(spans[len(spans)-2], `"`)
					if values = append(values, &value); strings.Contains(cell, "unset") {
						values[len(values)-1] = nil
					}
				}
			}
			continue
		}
		for i, value := range values {
			r, err := Parse(strings.Split(cells[1], "`")[1])
			require.NoError(t, err)
			m, err := NewMatcher(tags, r, nil)
			require.NoError(t, err)
			got, err := m.Match(Subject{Values: struct {
				City   *string `segment:"city"`
				Region *string `segment:"地区"`
			}{value, value}})
			require.NoError(t, err)
			require.Equal(t, got, strings.Contains(cells[i+2], "yes"), "%s: column %d", r, i)
			count++
		}
	}
	require.Equal(t, 8*3+6*4, count)
}

// A text never reaches a message.
func TestParseErrorsKeepValues(t *testing.T) {
	for _, text := range []string{
		`"secret"`, `a "secret"`, `a has any ("secret")`, `a = "secret" "secret"`, `a = "secret`, `a = "secret\x"`, "a = 11122233344x",
		"a in (secret)", "a not in (1, secret)", "a between secret and 1", "a between 1 and secret", "a has secret", "a has any of (secret)",
		"set(secret)", "sample(1%, secret)", "a = 1 secret", "a is secret", "a `secret`", "a secret",
	} {
		_, err := Parse(text)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
		require.NotContains(t, err.Error(), "111")
	}
}

// A comparison of two tags says where each of them stands.
func TestParsePlacesOfTags(t *testing.T) {
	for text, want := range map[string][4]int{
		"x and\n a = b": {2, 2, 2, 6},
		"a <= `b c`":    {1, 1, 1, 6},
		"a > 张三":        {1, 5, 1, 1}, // 张三 < a
		"vip or b >= c": {1, 13, 1, 8},
	} {
		r, err := Parse(text)
		require.NoError(t, err)
		n := r.node()
		if len(n.kids) > 0 {
			n = n.kids[1]
		}
		require.Equal(t, want, [4]int{n.line, n.column, n.otherAt.line, n.otherAt.column}, text)
	}
}

func TestParseLimits(t *testing.T) {
	list := func(n int) string { return "a in (1" + strings.Repeat(",1", n-1) + ")" }
	for name, c := range map[string]struct {
		within, beyond string
		want           string
	}{
		"bytes":       {"a" + strings.Repeat(" ", MaxRuleBytes-1), "a" + strings.Repeat(" ", MaxRuleBytes), "segment: rule: text is longer than 1048576 bytes"},
		"not":         {strings.Repeat("not ", 99) + "a", strings.Repeat("not ", 100) + "a", "segment: rule 1:401: parts are more than 100 deep in each other"},
		"hostile not": {"a", strings.Repeat("not ", MaxRuleBytes/4), "segment: rule 1:401: parts are more than 100 deep in each other"},
		"parentheses": {strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100), strings.Repeat("(", MaxRuleBytes), "segment: rule 1:101: parts are more than 100 deep in each other"},
		"at least":    {"a", strings.Repeat("at least 1 of (", 1000), "segment: rule 1:1515: parts are more than 100 deep in each other"},
		"and or":      {strings.Repeat("a and (b or (", 49) + "c" + strings.Repeat("))", 49), strings.Repeat("a and (b or (", 50) + "c" + strings.Repeat("))", 50), "segment: rule 1:645: parts are more than 100 deep in each other"},
		"nodes":       {"a" + strings.Repeat(" or a", MaxRuleNodes-2), "a" + strings.Repeat(" or a", MaxRuleNodes), "segment: rule 1:50001: there are more than 10000 parts"},
		"values":      {list(MaxRuleValues), list(MaxRuleValues + 1), "segment: rule 1:200007: there are more than 100000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.within)
			require.NoError(t, err)
			_, err = Parse(c.beyond)
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, ErrRule)
			require.ErrorIs(t, err, ErrLimit)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip`,
		"at least 2 of (a, b or c, not d = 1.5) or everyone and nobody",
		"a between 2026-03-05 and 2026-03-05T10:00:00+08:00 or `b c` < d",
		`x not in (1e300, -0.5, true) or y not between 1 and 2 or z is not set`,
		`h has any of ("\u{1f600}", "a\n") and h has all of () and t older than 12 hours and t within next 1 day`,
		"生日 anniversary within 7 days and sample（0.05％，“盐”） or set(\"s\") or not segment(「段」)",
		"((((((a", "not not not", "a in (1, 2", "\"", "`", "“", "-", "1.", "9999-99-99", "\\", "a ! b", "＜＝",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			e, ok := errors.AsType[*RuleError](err)
			require.True(t, ok)
			require.NotEmpty(t, e.Reason)
			if len(text) <= MaxRuleBytes {
				lines := strings.Split(text, "\n")
				require.LessOrEqual(t, e.Line, len(lines))
				require.LessOrEqual(t, e.Column, len([]rune(lines[e.Line-1]))+1)
			}
			return
		}
		printed := r.String()
		data, err := r.MarshalJSON()
		if len(printed) > MaxRuleBytes || errors.Is(err, ErrLimit) {
			return // what has escapes is longer than what was read
		}
		require.NoError(t, err)
		again, err := Parse(printed)
		require.NoError(t, err, printed)
		require.True(t, r.node().equal(again.node()), printed)
		require.Equal(t, printed, again.String())
		var back Rule
		require.NoError(t, back.UnmarshalJSON(data))
		require.True(t, r.node().equal(back.node()), string(data))
	})
}

func BenchmarkParse(b *testing.B) {
	const text = `city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip`
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
