package ingest_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clientele-go/clientele/ingest"
	"github.com/stretchr/testify/require"
)

// item has one field of each kind.
type item struct {
	Text   string
	Int    int64
	Float  float64
	Exact  ingest.Decimal
	Money  int64
	Time   time.Time
	Bool   bool
	Custom int
}

// one declares a single field of item, in a column "v".
func one(kind string, rules ...ingest.Rule) *ingest.Schema[item] {
	into := map[string]ingest.Target[item]{
		"text":   ingest.Text(func(i *item) *string { return &i.Text }),
		"int":    ingest.Int(func(i *item) *int64 { return &i.Int }),
		"float":  ingest.Float(func(i *item) *float64 { return &i.Float }),
		"exact":  ingest.Exact(func(i *item) *ingest.Decimal { return &i.Exact }),
		"money":  ingest.Money(func(i *item) *int64 { return &i.Money }, 2),
		"time":   ingest.Time(func(i *item) *time.Time { return &i.Time }),
		"bool":   ingest.Bool(func(i *item) *bool { return &i.Bool }),
		"custom": ingest.Custom(func(i *item) *int { return &i.Custom }, func(s string) (int, error) { return len(s), lettersOnly(s) }),
	}[kind]
	return &ingest.Schema[item]{
		Format: ingest.Format{Layouts: []string{time.DateOnly}, Location: time.UTC, Missing: []string{"NULL", "n/a"}, Group: ','},
		Fields: []ingest.Field[item]{{Name: "v", Into: into, Rules: rules}},
	}
}

func lettersOnly(s string) error {
	if strings.Trim(s, "abc") != "" {
		return errors.New("other letters")
	}
	return nil
}

// column is a source with the values in a column "v", quoted, beside a column that keeps
// lines from being blank.
func column(values ...string) ingest.Source {
	var b strings.Builder
	b.WriteString("v,w\n")
	for _, v := range values {
		b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `",` + "\n")
	}
	return ingest.Source{Name: "v.csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(b.String())), nil }}
}

func (i item) value(kind string) string {
	switch kind {
	case "text":
		return i.Text
	case "int":
		return fmt.Sprint(i.Int)
	case "float":
		return fmt.Sprint(i.Float)
	case "exact":
		return i.Exact.String()
	case "money":
		return fmt.Sprint(i.Money)
	case "time":
		return i.Time.Format(time.DateOnly)
	case "bool":
		return fmt.Sprint(i.Bool)
	default:
		return fmt.Sprint(i.Custom)
	}
}

func TestRules(t *testing.T) {
	const kept, repaired, aside = "kept", "repaired", "set aside"
	digits := regexp.MustCompile(`^\d+$`)
	for _, c := range []struct {
		kind  string
		rules []ingest.Rule
		text  string
		fate  string
		want  string // the value, or the reason
	}{
		{"text", nil, " a ", kept, " a "},
		{"text", nil, "", kept, ""},
		{"text", nil, "null", kept, ""},
		{"text", []ingest.Rule{ingest.Required()}, " \u3000 ", aside, "missing"},
		{"text", []ingest.Rule{ingest.Required().Because("nobody")}, "N/A", aside, "nobody"},
		{"text", []ingest.Rule{ingest.Required().OrFill("x")}, "", repaired, "x"},
		{"text", []ingest.Rule{ingest.Required().OrFill("x")}, "y", kept, "y"},
		{"text", []ingest.Rule{ingest.Trim()}, "\u3000a ", repaired, "a"},
		{"text", []ingest.Rule{ingest.Trim()}, "a", kept, "a"},
		{"text", []ingest.Rule{ingest.Trim(), ingest.OneOf("a")}, " b", aside, "not an allowed value"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b")}, "b", kept, "b"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b")}, "B", aside, "not an allowed value"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b").OrFix(strings.ToLower)}, "B", repaired, "b"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b").OrFix(strings.ToLower)}, "C", aside, "not an allowed value"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b").OrFill("a")}, "C", repaired, "a"},
		{"text", []ingest.Rule{ingest.OneOf("a", "b")}, "", kept, ""},
		{"text", []ingest.Rule{ingest.Matches(digits)}, "12", kept, "12"},
		{"text", []ingest.Rule{ingest.Matches(digits), ingest.OneOf("1")}, "x", aside, "does not match the pattern"},
		{"text", []ingest.Rule{ingest.OneOf("1"), ingest.Matches(digits)}, "x", aside, "not an allowed value"},
		{"text", []ingest.Rule{ingest.Matches(digits).OrFix(func(string) string { return "" }), ingest.Required()}, "x", aside, "missing"},
		{"int", nil, "17850.0", kept, "17850"},
		{"int", nil, "-1,234", kept, "-1234"},
		{"int", nil, "１，２３４", kept, "1234"},
		{"int", nil, "1.5", aside, "not a whole number"},
		{"int", nil, "1e30", aside, "not a whole number"},
		{"int", []ingest.Rule{ingest.Valid().Because("odd").OrFill("0")}, "x", repaired, "0"},
		{"int", []ingest.Rule{ingest.Matches(digits)}, "-1", aside, "does not match the pattern"},
		{"int", []ingest.Rule{ingest.Range("1", "10")}, "0", aside, "out of range"},
		{"int", []ingest.Rule{ingest.Range("1", "10")}, "10", kept, "10"},
		{"int", []ingest.Rule{ingest.Range("1", "1,000").OrCap()}, "5,000", repaired, "1000"},
		{"int", []ingest.Rule{ingest.Range("1", "").OrCap()}, "-5", repaired, "1"},
		{"int", []ingest.Rule{ingest.Range("", "9").Because("many"), ingest.Range("", "5").OrCap()}, "7", repaired, "5"},
		{"int", []ingest.Rule{ingest.Range("", "9").OrFill("9")}, "70", repaired, "9"},
		{"int", []ingest.Rule{ingest.Range("1", "")}, "", kept, "0"},
		{"int", []ingest.Rule{ingest.Range("", "9").OrFix(func(string) string { return "" })}, "70", repaired, "0"},
		{"time", []ingest.Rule{ingest.Range("", "2024-01-01").OrFix(func(string) string { return "n/a" })}, "2025-01-01", repaired, "0001-01-01"},
		{"float", nil, "1.5e300", kept, "1.5e+300"},
		{"float", nil, "0.1234567890123456789012", kept, "0.12345678901234568"},
		{"float", nil, "NaN", aside, "not a number"},
		{"float", nil, "Inf", aside, "not a number"},
		{"float", nil, "1e999", aside, "not a number"},
		{"float", nil, "0x10", aside, "not a number"},
		{"float", []ingest.Rule{ingest.Range("0", "1").OrCap()}, "1.01", repaired, "1"},
		{"exact", nil, "0.001", kept, "0.001"},
		{"exact", nil, "abc", aside, "not a decimal number"},
		{"exact", []ingest.Rule{ingest.Range("0.001", "").Because("zero price")}, "0", aside, "zero price"},
		{"exact", []ingest.Rule{ingest.Range("0", "0.5").OrCap()}, "0.51", repaired, "0.5"},
		{"money", nil, "1,234.565", kept, "123456"},
		{"money", nil, "0.015", kept, "2"},
		{"money", nil, "99999999999999999.99", aside, "not an amount of money"},
		{"money", []ingest.Rule{ingest.Range("0.01", "")}, "0.004", aside, "out of range"},
		{"time", nil, "2024-02-29", kept, "2024-02-29"},
		{"time", nil, "２０２４－０２－２９", kept, "2024-02-29"},
		{"time", nil, "2023-02-29", aside, "not a time in a declared layout"},
		{"time", []ingest.Rule{ingest.Range("2024-01-01", "2024-12-31")}, "2025-01-01", aside, "out of range"},
		{"time", []ingest.Rule{ingest.Range("2024-01-01", "2024-12-31").OrCap()}, "2025-01-01", repaired, "2024-12-31"},
		{"bool", nil, " Yes ", kept, "true"},
		{"bool", nil, "否", kept, "false"},
		{"bool", nil, "０", kept, "false"},
		{"bool", nil, "maybe", aside, "not true or false"},
		{"custom", nil, " aab ", kept, "3"},
		{"custom", nil, "xyz", aside, "not valid"},
	} {
		t.Run(c.kind+" "+c.text+" "+c.fate, func(t *testing.T) {
			got, rep, err := read(t, one(c.kind, c.rules...), nil, column(c.text))
			require.NoError(t, err)
			require.Equal(t, []int64{b2i(c.fate == kept), b2i(c.fate == repaired), b2i(c.fate == aside)},
				[]int64{rep.Kept, rep.Repaired, rep.SetAside})
			if c.fate != aside {
				require.Equal(t, c.want, got[0].value(c.kind))
				return
			}
			for _, r := range rep.Rules {
				require.Equal(t, r.Reason == c.want, r.SetAside == 1, r.Reason)
			}
		})
	}
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestEveryRuleMayFail(t *testing.T) {
	for _, c := range []struct {
		kind string
		rule ingest.Rule
		text string
	}{
		{"text", ingest.Required(), ""},
		{"text", ingest.OneOf("a"), "secret"},
		{"text", ingest.Matches(regexp.MustCompile("^a$")), "secret"},
		{"int", ingest.Valid(), "secret"},
		{"int", ingest.Range("1", "2"), "987"},
	} {
		got, rep, err := read(t, one(c.kind, c.rule.OrFail().Because("stop")), nil, column("", c.text, "never read"))
		if c.text != "" {
			require.Len(t, got, 1)
			require.EqualValues(t, 2, rep.Read)
		}
		require.ErrorIs(t, err, ingest.ErrRejected)
		require.Regexp(t, `^ingest: v.csv: line [23]: field v: stop$`, err.Error())
	}
}

// A failure that ends the read does so even behind one that sets aside.
func TestFatalRulesWin(t *testing.T) {
	schema := visits()
	schema.Fields[0].Rules = []ingest.Rule{ingest.Required()}
	schema.Fields[2].Rules = []ingest.Rule{ingest.Valid().OrFail()}
	_, _, err := read(t, schema, nil, ingest.Stream("v.csv", strings.NewReader("shop,spend,at\n,1,never\n")))
	require.EqualError(t, err, "ingest: v.csv: line 2: field at: not a time in a declared layout")
}

func TestChecksAndKeys(t *testing.T) {
	schema := orders()
	schema.Checks = []ingest.Check[order]{
		{Reason: "refund", Fails: func(o *order) bool { return o.Amount < 0 }},
		{Reason: "test order", Fails: func(o *order) bool { return o.ID[0] == 't' }, Repair: func(o *order) { o.ID = strings.TrimPrefix(o.ID, "t") }},
	}
	schema.Unique = []ingest.Unique{
		{Fields: []string{"id", "amount"}, Reason: "same order"},
		{Fields: []string{"at"}, Reason: "same day"},
	}
	src := "Order ID,Amount,At\nA,1,2024-01-01\nA,1.00,2024-01-02\nA,2,2024-01-02\nB,-1,2024-01-03\ntC,1,2024-01-04\nttD,1,2024-01-05\ntA,2.0,\nE,1,\nE,0,\nF,1,2024-01-01\n,,\n"
	got, rep, err := read(t, schema, nil, stream(src))
	require.NoError(t, err)
	var ids []string
	for _, o := range got {
		ids = append(ids, o.ID)
	}
	require.Equal(t, []string{"A", "A", "C", "E"}, ids)
	counts := map[string][]int64{}
	for _, r := range rep.Rules {
		if r.Failed > 0 {
			counts[r.Reason] = []int64{r.Judged, r.Failed, r.SetAside, r.Repaired}
		}
	}
	require.Equal(t, map[string][]int64{
		"missing":    {11, 1, 1, 0},
		"refund":     {10, 1, 1, 0},
		"test order": {9, 3, 1, 1}, // tC mended, ttD not, tA mended into a duplicate
		"same order": {8, 2, 2, 0},
		"same day":   {6, 2, 2, 0}, // a missing value is one value
	}, counts)

	schema.Unique[1].Fatal = true
	_, _, err = read(t, schema, nil, stream(src))
	require.EqualError(t, err, "ingest: orders.csv: line 10: same day")
	schema.Checks[0].Fatal = true
	_, _, err = read(t, schema, nil, stream(src))
	require.EqualError(t, err, "ingest: orders.csv: line 5: refund")
}

// Keys see values, not spellings, and tell fields apart.
func TestKeysAreValues(t *testing.T) {
	for _, c := range []struct {
		kind string
		a, b string
		same bool
	}{
		{"int", "1000", "1,000.0", true},
		{"int", "0", "", false},
		{"exact", "2.50", "2.5", true},
		{"exact", "2.5", "25", false},
		{"float", "-0", "0", true},
		{"time", "2024-01-01", "２０２４-01-01", true},
		{"bool", "yes", "1", true},
		{"bool", "yes", "no", false},
		{"custom", "a", " a", true},
		{"custom", "a", "b", false},
		{"text", "a", "a ", false},
		{"text", "NULL", "", true},
	} {
		schema := one(c.kind)
		schema.Unique = []ingest.Unique{{}}
		_, rep, err := read(t, schema, nil, column(c.a, c.b))
		require.NoError(t, err)
		require.Equal(t, b2i(c.same), rep.SetAside, "%s %q %q", c.kind, c.a, c.b)
	}
}

func TestOutliers(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	values := []string{"", "junk"}
	for range 1000 {
		values = append(values, strconv.Itoa(rng.IntN(101)))
	}
	values = append(values, "5000", "-5000")
	fenced := func(rep *ingest.Report) ingest.RuleCount { return rep.Rules[len(rep.Rules)-1] }

	// Quartiles of 0..100 are near 25 and 75.
	got, rep, err := read(t, one("int", ingest.Tukey(1.5)), nil, column(values...))
	require.NoError(t, err)
	require.Len(t, got, 1001)
	require.EqualValues(t, 2, fenced(rep).SetAside)
	require.True(t, fenced(rep).Fenced)
	require.InDelta(t, -50, fenced(rep).Low, 10)
	require.InDelta(t, 150, fenced(rep).High, 10)

	// Order does not matter, nor the pass before: counts are of one pass.
	rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	_, again, err := read(t, one("int", ingest.Tukey(1.5)), nil, column(values...))
	require.NoError(t, err)
	for i := range rep.Rules {
		rep.Rules[i].Line, again.Rules[i].Line = 0, 0 // of the first of them
	}
	require.Equal(t, rep, again)

	for _, kind := range []string{"int", "float", "exact", "money"} {
		got, rep, err = read(t, one(kind, ingest.LogTukey(1).OrCap()), nil, column(values...))
		require.NoError(t, err)
		require.Len(t, got, 1003)
		require.EqualValues(t, 1003, rep.Kept+rep.Repaired)
		high := fenced(rep).High
		most := 0.0
		for _, i := range got {
			x, err := strconv.ParseFloat(i.value(kind), 64)
			require.NoError(t, err)
			if kind == "money" {
				x /= 100
			}
			most = max(most, x)
			if x < 0 {
				require.Equal(t, -5000.0, x, "not above zero, not judged")
			}
		}
		require.LessOrEqual(t, most, high)
		require.Greater(t, most, high-1, "capped to the fence")
	}

	_, err = ingest.NewReader(one("int", ingest.Tukey(1.5)), nil, ingest.Stream("s", strings.NewReader("v,w\n1,\n")))
	require.ErrorContains(t, err, `source "s" can be read once, and the schema's outlier rules need two passes`)
}

// JSON numbers have their own marks, whatever the format; texts have those of the format.
func TestNumbersOfJSON(t *testing.T) {
	schema := one("exact")
	schema.Format.Point, schema.Format.Group = ',', '.'
	got, _, err := read(t, schema, nil, ingest.Stream("v.jsonl", strings.NewReader(`{"v":1234.5}
{"v":"1.234,5"}
{"v":1.2345e3}
`)))
	require.NoError(t, err)
	for _, i := range got {
		require.Equal(t, "1234.5", i.Exact.String())
	}
	require.Len(t, got, 3)
}
