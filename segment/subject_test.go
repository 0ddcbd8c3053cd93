package segment

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

type contact struct {
	City string `segment:"city"`
}

type Level int8

type visitor struct {
	contact
	Orders Level    `segment:"orders"`
	Spend  *float64 `segment:"spend"`
	Score  float32  `segment:"score"`
	VIP    *bool    `segment:"vip"`
	Likes  []string `segment:"likes"`
	Last   time.Time
	Seen   *time.Time     `segment:"last_order"`
	Place  customer.Value `segment:"place"`
	Any    any            `segment:"home"`
	Hidden string         `segment:"-"`
	orders int            `segment:"orders"` // not exported: it does not count
}

// TestSubjectForms gives the same values in every form there is.
func TestSubjectForms(t *testing.T) {
	tags := testTags(t)
	rule := And(Eq("city", "a"), Eq("orders", 3), Eq("spend", 2.5), Eq("score", 0.5), IsTrue("vip"), HasAll("likes", "x", "y"),
		Eq("last_order", "2026-03-05"), Eq("place", "p"), Unset("home"))
	m, err := NewMatcher(tags, rule, nil)
	require.NoError(t, err)
	at, spend, yes := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), 2.5, true
	v := visitor{
		contact: contact{City: "a"}, Orders: 3, Spend: &spend, Score: 0.5, VIP: &yes, Likes: []string{"y", "x"}, Seen: &at,
		Place: customer.TextValue("p/q"), orders: 4,
	}
	values := map[string]customer.Value{
		"city": customer.TextValue("a"), "orders": customer.Int64Value(3), "spend": customer.DecimalValue(25, 1), "other": {},
		"score": customer.Float64Value(0.5), "vip": customer.BoolValue(true), "likes": customer.LabelsValue("x", "y"),
		"last_order": customer.TimeValue(at), "place": customer.TextValue("p"), "home": {},
	}
	var fields []customer.Field
	mixed := map[string]any{}
	for name, value := range values {
		fields = append(fields, customer.Field{Name: name, Value: value})
		mixed[name] = value
	}
	row := customer.Row{ID: customer.FromInt64(7), Values: fields}
	for name, values := range map[string]any{
		"map of any": map[string]any{
			"city": "a", "orders": uint16(3), "spend": float32(2.5), "score": 0.5, "vip": &yes, "likes": []string{"x", "y"},
			"last_order": at, "place": "p", "home": nil, "other": make(chan int),
		},
		"map of numbers as JSON has them": map[string]any{
			"city": "a", "orders": 3.0, "spend": 2.5, "score": 0.5, "vip": true, "likes": []string{"x", "y"},
			"last_order": &at, "place": "p", "home": (*string)(nil),
		},
		"map of any with values": mixed,
		"map of values":          values,
		"fields":                 fields,
		"row":                    row,
		"pointer to row":         &row,
		"struct":                 v,
		"pointer to struct":      &v,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Match(Subject{Location: time.UTC, Values: values})
			require.NoError(t, err)
			require.True(t, got)
			reason, err := m.Why(Subject{Location: time.UTC, Values: values})
			require.NoError(t, err)
			require.True(t, reason.Holds)
			require.Len(t, reason.Because, 9)
		})
	}
	for name, values := range map[string]any{"nil": nil, "empty map": map[string]any{}, "nil map": map[string]customer.Value(nil), "no fields": []customer.Field{}} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Match(Subject{Location: time.UTC, Values: values})
			require.NoError(t, err)
			require.False(t, got)
		})
	}
}

// TestSubjectOfRow takes the id from a row.
func TestSubjectOfRow(t *testing.T) {
	id := customer.FromInt64(7)
	share := newSampler("s").bucket(id)
	m, err := NewMatcher(testTags(t), Sample(float64(share+1)/100, "s"), nil)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		subject Subject
		want    string
	}{
		"of the row":  {Subject{Values: customer.Row{ID: id}}, ""},
		"of both":     {Subject{ID: id, Values: customer.Row{ID: id}}, ""},
		"of another":  {Subject{ID: customer.FromInt64(8), Values: customer.Row{ID: id}}, "segment: Values are the row of another customer than ID"},
		"of nobody":   {Subject{Values: customer.Row{}}, "segment: ID is zero, and the rule takes a sample"},
		"nil pointer": {Subject{Values: (*customer.Row)(nil)}, "segment: Values are a nil pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Match(c.subject)
			if c.want != "" {
				require.EqualError(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.True(t, got)
		})
	}
	other, err := NewMatcher(testTags(t), Sample(float64(share)/100, "s"), nil)
	require.NoError(t, err)
	got, err := other.Match(Subject{ID: id})
	require.NoError(t, err)
	require.False(t, got, "a share of %d buckets ends below bucket %d", share, share)
}

func TestSubjectRefuses(t *testing.T) {
	tags := testTags(t)
	matcher := func(name string) *Matcher {
		m, err := NewMatcher(tags, Or(IsTrue("new"), Not(IsSet(name))), nil)
		require.NoError(t, err)
		return m
	}
	for _, c := range []struct {
		tag   string
		value any
		want  string
	}{
		{"vip", 1, "value of kind int64 for a tag of kind flag"},
		{"vip", "true", "value of kind text for a tag of kind flag"},
		{"vip", 1.0, "value of kind float64 for a tag of kind flag"},
		{"city", true, "value of kind bool for a tag of kind enum"},
		{"city", []string{"a"}, "value of kind labels for a tag of kind enum"},
		{"city", "\xff", "text is not UTF-8"},
		{"city", []byte("a"), "value of kind []uint8 for a tag of kind enum"},
		{"city", time.Unix(0, 0), "value of kind time for a tag of kind enum"},
		{"place", "a//b", "path has an empty element"},
		{"likes", "a", "value of kind text for a tag of kind labels"},
		{"likes", []string{""}, "label is empty or not UTF-8"},
		{"orders", 1.5, "number is not whole or does not fit in 64 bits"},
		{"orders", 1e19, "number is not whole or does not fit in 64 bits"},
		{"orders", math.NaN(), "number is not finite"},
		{"orders", uint64(math.MaxUint64), "whole number does not fit in 64 bits with a sign"},
		{"orders", customer.Float64Value(1), "value of kind float64 for a tag of kind integer"},
		{"orders", "3", "value of kind text for a tag of kind integer"},
		{"spend", 1.005, "number has more digits after the point than the tag"},
		{"spend", 1e300, "number has too many digits for a decimal"},
		{"spend", 1e-300, "number has too many digits for a decimal"},
		{"spend", math.Inf(1), "number is not finite"},
		{"spend", math.MaxInt64, "number is too large for the scale of the tag"},
		{"score", math.NaN(), "number is not finite"},
		{"score", float32(math.Inf(-1)), "number is not finite"},
		{"score", 1<<53 + 1, "whole number is not a float64"},
		{"last_order", "2026-03-05", "value of kind text for a tag of kind time"},
		{"last_order", time.Time{}, "time is not in years 1 to 9999"},
		{"last_order", 3, "value of kind int64 for a tag of kind time"},
		{"orders", complex(1, 1), "value of kind complex128 for a tag of kind integer"},
		{"orders", struct{}{}, "value of kind struct {} for a tag of kind integer"},
		{"orders", func() **int { var p *int; return &p }, "value of kind func() **int for a tag of kind integer"},
	} {
		t.Run(c.tag+" "+c.want, func(t *testing.T) {
			// The answer turns on another tag, and the value is looked at all the same.
			_, err := matcher(c.tag).Match(Subject{Values: map[string]any{"new": true, c.tag: c.value}})
			require.EqualError(t, err, "segment: tag \""+c.tag+"\": "+c.want)
		})
	}
	var own any
	own = &own
	_, err := matcher("orders").Match(Subject{Values: map[string]any{"orders": own}})
	require.ErrorContains(t, err, "value of kind")

	type field = customer.Field
	for _, c := range []struct {
		name   string
		values any
		want   string
	}{
		{"map", map[string]customer.Value{"orders": customer.TextValue("secret")}, `tag "orders": value of kind text for a tag of kind integer`},
		{"field", []field{{Name: "orders", Value: customer.TextValue("secret")}}, `tag "orders": value of kind text for a tag of kind integer`},
		{"field twice", []field{{Name: "new"}, {Name: "orders"}, {Name: "orders"}}, `tag "orders": has two values`},
		{"number", 3, "Values are of type int, which is none of those they can be"},
		{"map of texts", map[string]string{"orders": "secret"}, `tag "orders": value of kind text for a tag of kind integer`},
		{"map of numbers", map[int]int{}, "Values are of type map[int]int, which is none of those they can be"},
		{"nil pointer", (*visitor)(nil), "Values are a nil pointer"},
		{"no field", struct{ New bool }{}, `tag "new": no field of struct { New bool } is its value`},
		{"two fields", struct {
			New bool `segment:"new"`
			Old bool `segment:"new"`
		}{}, `tag "new": two fields of struct { New bool "segment:\"new\""; Old bool "segment:\"new\"" } are its value`},
		{"field of a wrong type", &struct {
			New    bool   `segment:"new"`
			Orders string `segment:"orders"`
		}{Orders: "secret"}, `tag "orders": value of kind text for a tag of kind integer`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := matcher("orders").Match(Subject{Values: c.values})
			require.EqualError(t, err, "segment: "+c.want)
		})
	}
}

// TestSubjectByName uses fields that are themselves called as the tag, and prefers those with a key.
func TestSubjectByName(t *testing.T) {
	tags, err := NewCatalogue(Tag{Name: "City", Kind: Enum}, Tag{Name: "Orders", Kind: Integer})
	require.NoError(t, err)
	m, err := NewMatcher(tags, And(Eq("City", "a"), Unset("Orders")), nil)
	require.NoError(t, err)
	type base struct{ Orders int }
	got, err := m.Match(Subject{Values: struct {
		*base
		Town string `segment:"City"`
		City int
	}{Town: "a", City: 3}})
	require.NoError(t, err)
	require.True(t, got)
	got, err = m.Match(Subject{Values: struct {
		City   string
		Orders *int
	}{City: "a"}})
	require.NoError(t, err)
	require.True(t, got)
}

func TestMatchAllocatesNothing(t *testing.T) {
	m, s := benchmarkMatcher(t)
	for name, values := range benchmarkValues() {
		if name == "struct" {
			continue // its time has to be copied
		}
		s.Values = values
		require.Zero(t, testing.AllocsPerRun(200, func() {
			if ok, err := m.Match(s); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}), name)
	}
}

func benchmarkMatcher(t testing.TB) (*Matcher, Subject) {
	tags := testTags(t)
	m, err := NewMatcher(tags, And(Eq("city", "广州"), Ge("orders", 3), Within("last_order", Days(30)), Not(IsTrue("vip")), Lt("spend", 100)), nil)
	require.NoError(t, err)
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	return m, Subject{ID: uuid.Max, AsOf: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), Location: loc}
}

type buyer struct {
	City   string         `segment:"city"`
	Orders int            `segment:"orders"`
	Last   time.Time      `segment:"last_order"`
	VIP    bool           `segment:"vip"`
	Spend  customer.Value `segment:"spend"`
}

func benchmarkValues() map[string]any {
	last := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := buyer{"广州", 5, last, false, customer.DecimalValue(2550, 2)}
	return map[string]any{
		"map":     map[string]any{"city": b.City, "orders": b.Orders, "last_order": b.Last, "vip": b.VIP, "spend": b.Spend, "home": "x"},
		"struct":  b,
		"pointer": &b,
		"values": map[string]customer.Value{
			"city": customer.TextValue(b.City), "orders": customer.Int64Value(5), "last_order": customer.TimeValue(last),
			"vip": customer.BoolValue(false), "spend": b.Spend,
		},
	}
}

// BenchmarkMatch puts a rule of five conditions to a customer.
func BenchmarkMatch(b *testing.B) {
	m, s := benchmarkMatcher(b)
	for _, name := range []string{"map", "values", "struct", "pointer"} {
		s.Values = benchmarkValues()[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := m.Match(s); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

// TestSubjectOfOtherMaps has maps of own types.
func TestSubjectOfOtherMaps(t *testing.T) {
	type attributes map[string]any
	type name string
	m, err := NewMatcher(testTags(t), And(Eq("city", "a"), Ge("orders", 3), Unset("score")), nil)
	require.NoError(t, err)
	full := attributes{"city": "a", "orders": 3, "score": nil, "other": struct{}{}}
	for text, c := range map[string]struct {
		values any
		want   bool
	}{
		"own type":         {full, true},
		"pointer":          {&full, true},
		"nil":              {attributes(nil), false},
		"own keys":         {map[name]any{"city": "a", "orders": uint8(3)}, true},
		"values of a kind": {map[string]*customer.Value{"city": new(customer.Value)}, false},
		"other value":      {attributes{"city": "b", "orders": 3}, false},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := m.Match(Subject{Values: c.values})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// TestSingleFloats holds float32 for the decimal they stand for, in rules and in values.
func TestSingleFloats(t *testing.T) {
	for _, f := range []float32{0.1, -0.3, 1e-30, 16777216, 123456789, 3.4e38, 1e10} {
		for _, tag := range []string{"score", "orders", "spend"} {
			m, err := NewMatcher(testTags(t), Eq(tag, f), nil)
			require.NoError(t, err)
			got, err := m.Match(Subject{Values: map[string]any{tag: f}})
			if tag == "score" {
				require.NoError(t, err)
			}
			require.Equal(t, err == nil, got, "%v of %s: %v", f, tag, err)
			own, err2 := m.Match(Subject{Values: &struct {
				V float32 `segment:"score"`
				N float32 `segment:"orders"`
				D float32 `segment:"spend"`
			}{f, f, f}})
			require.Equal(t, []any{got, err}, []any{own, err2})
		}
	}
	m, err := NewMatcher(testTags(t), Eq("score", 0.1), nil)
	require.NoError(t, err)
	got, err := m.Match(Subject{Values: map[string]any{"score": float32(0.1)}})
	require.NoError(t, err)
	require.True(t, got)
}

func TestMatcherWithoutCatalogue(t *testing.T) {
	_, err := NewMatcher(nil, IsTrue("vip"), nil)
	require.EqualError(t, err, `segment: rule: tag "vip": there is no such tag`)
	m, err := NewMatcher(nil, Rule{}, nil)
	require.NoError(t, err)
	got, err := m.Match(Subject{})
	require.NoError(t, err)
	require.True(t, got)
}
