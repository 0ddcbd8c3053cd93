package segment_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/segment"
)

// used returns the text of a rule, or why it cannot be used. A rule that can be used is read back from its text and from
// its JSON as the same.
func used(r segment.Rule) (string, error) {
	data, err := r.MarshalJSON()
	if err != nil {
		return "", err
	}
	var read segment.Rule
	if err := read.UnmarshalJSON(data); err != nil && !errors.Is(err, segment.ErrLimit) {
		panic(err)
	} else if err == nil && read.String() != r.String() {
		panic("JSON is read as another rule")
	}
	parsed, err := segment.Parse(r.String())
	if err != nil && !errors.Is(err, segment.ErrLimit) {
		panic(err)
	} else if err == nil && parsed.String() != r.String() {
		panic("the text is read as another rule")
	}
	return r.String(), nil
}

// hostileName are the outcomes of names that are not good, of a tag or of a set.
func hostileName(place string) map[string]any {
	list := map[string]any{place + " turned": nil}
	for _, what := range []string{"empty", "bytes", "control", "long"} {
		list[place+" "+what] = segment.ErrRule
	}
	return list
}

func rules(call func(...segment.Rule) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(list []segment.Rule) (string, error) { return used(call(list...)) },
		Names: "rules", Args: func() []any { return []any{[]segment.Rule{segment.IsSet("city"), segment.Eq("vip", true)}} },
		Expect: map[string]any{"rules nil": hostiletest.OK, "rules empty": hostiletest.OK, "rules twice": hostiletest.OK},
	}
}

func ofTag(call func(string) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string) (string, error) { return used(call(tag)) },
		Names: "tag", Args: func() []any { return []any{"city"} }, Expect: hostileName("tag"),
	}
}

func ofValue(call func(string, any) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string, value any) (string, error) { return used(call(tag, value)) },
		Names: "tag value", Args: func() []any { return []any{"spend", 12.5} },
		Expect: hostiletest.With(hostileName("tag"), map[string]any{"value NaN": segment.ErrRule, "value +Inf": segment.ErrRule, "value -Inf": segment.ErrRule, "value zero": hostiletest.OK}),
		Cases: []hostiletest.Case{
			{Name: "nothing", Args: func() []any { return []any{"spend", nil} }, Want: segment.ErrRule},
			{Name: "bytes", Args: func() []any { return []any{"spend", hostiletest.Hostile["bytes"]} }},
			{Name: "a function", Args: func() []any { return []any{"spend", func() {}} }, Want: segment.ErrRule},
			{Name: "a nil pointer", Args: func() []any { return []any{"spend", (*int)(nil)} }, Want: segment.ErrRule},
			{Name: "a time beyond", Args: func() []any { return []any{"spend", hostiletest.Times["beyond"]} }},
			{Name: "a time before", Args: func() []any { return []any{"spend", hostiletest.Times["before"]} }},
		},
	}
}

func ofTags(call func(string, string) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag, other string) (string, error) { return used(call(tag, other)) },
		Names: "tag other", Args: func() []any { return []any{"spend", "orders"} }, Expect: hostiletest.With(hostileName("tag"), hostileName("other")),
	}
}

func ofRange(call func(string, any, any) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string, low, high any) (string, error) { return used(call(tag, low, high)) },
		Names: "tag low high", Args: func() []any { return []any{"spend", 1.5, 7.5} },
		Expect: hostiletest.With(hostileName("tag"), map[string]any{"low NaN": segment.ErrRule, "high NaN": segment.ErrRule, "high +Inf": segment.ErrRule}),
		Cases:  []hostiletest.Case{{Name: "a number and a text", Args: func() []any { return []any{"spend", 1, "x"} }}},
	}
}

func ofList(call func(string, ...any) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string, values []any) (string, error) { return used(call(tag, values...)) },
		Names: "tag values", Args: func() []any { return []any{"city", []any{"a", "b"}} },
		Expect: hostiletest.With(hostileName("tag"), map[string]any{"values twice": hostiletest.OK, "values huge": hostiletest.OK, "values[1] nil": segment.ErrRule, "values[1] bytes": segment.ErrRule}),
	}
}

func ofLabels(call func(string, ...string) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string, labels []string) (string, error) { return used(call(tag, labels...)) },
		Names: "tag labels", Args: func() []any { return []any{"tags", []string{"a", "b"}} },
		Expect: hostiletest.With(hostileName("tag"), map[string]any{"labels twice": hostiletest.OK, "labels huge": hostiletest.OK, "labels[1] bytes": segment.ErrRule}),
	}
}

func ofWindow(call func(string, segment.Window) segment.Rule) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(tag string, days int) (string, error) { return used(call(tag, segment.Days(days))) },
		Names: "tag days", Args: func() []any { return []any{"last_order", 30} },
		Expect: hostiletest.With(hostileName("tag"), hostiletest.Indexes(segment.ErrRule, "days"), map[string]any{"days zero": segment.ErrRule, "days one": hostiletest.OK}),
	}
}

func ofWidth(window func(int) segment.Window) hostiletest.Target {
	return hostiletest.Target{
		Call:  func(n int) (string, error) { return used(segment.Within("last_order", window(n))) },
		Names: "n", Args: func() []any { return []any{30} },
		Expect: hostiletest.With(hostiletest.Indexes(segment.ErrRule, "n"), map[string]any{"n zero": segment.ErrRule, "n one": hostiletest.OK}),
	}
}

func TestHostileRules(t *testing.T) {
	tags, err := segment.NewCatalogue(hostileTags()...)
	if err != nil {
		t.Fatal(err)
	}
	rule := segment.And(segment.Eq("city", "b"), segment.AtLeast(1, segment.Within("last_order", segment.Days(30)), segment.Sample(12.5, "salt")), segment.Between("spend", 1, 2.5))
	written, err := rule.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	cursor := hostileCursor()
	built := []byte(`{"combinator":"and","not":false,"rules":[{"field":"city","operator":"in","value":["a","b"]},{"combinator":"or","rules":[{"field":"orders","operator":"between","value":"1,5"},{"field":"vip","operator":"=","value":true}]}]}`)

	hostiletest.Run(t, hostiletest.Table{
		"And": rules(segment.And),
		"Or":  rules(segment.Or),
		"Not": {Call: func(text string) (string, error) {
			r, err := segment.Parse(text)
			if err != nil {
				return "", err
			}
			return used(segment.Not(r))
		}, Names: "text", Args: func() []any { return []any{"vip"} }},
		"AtLeast": {
			Call:  func(k int, list []segment.Rule) (string, error) { return used(segment.AtLeast(k, list...)) },
			Names: "k rules", Args: func() []any {
				return []any{2, []segment.Rule{segment.IsSet("city"), segment.IsTrue("vip"), segment.Eq("orders", 1)}}
			},
		},
		"IsSet":      ofTag(segment.IsSet),
		"Unset":      ofTag(segment.Unset),
		"IsTrue":     ofTag(segment.IsTrue),
		"InSet":      ofTag(segment.InSet),
		"Segment":    ofTag(segment.Segment),
		"Eq":         ofValue(segment.Eq),
		"Ne":         ofValue(segment.Ne),
		"Lt":         ofValue(segment.Lt),
		"Le":         ofValue(segment.Le),
		"Gt":         ofValue(segment.Gt),
		"Ge":         ofValue(segment.Ge),
		"EqTag":      ofTags(segment.EqTag),
		"NeTag":      ofTags(segment.NeTag),
		"LtTag":      ofTags(segment.LtTag),
		"LeTag":      ofTags(segment.LeTag),
		"GtTag":      ofTags(segment.GtTag),
		"GeTag":      ofTags(segment.GeTag),
		"Between":    ofRange(segment.Between),
		"NotBetween": ofRange(segment.NotBetween),
		"In":         ofList(segment.In),
		"NotIn":      ofList(segment.NotIn),
		"Has":        ofLabels(segment.Has),
		"HasAll":     ofLabels(segment.HasAll),
		"Within":     ofWindow(segment.Within),
		"WithinNext": ofWindow(segment.WithinNext),
		"OlderThan":  ofWindow(segment.OlderThan),
		"Days":       ofWidth(segment.Days),
		"Hours":      ofWidth(segment.Hours),
		"Anniversary": {
			Call:  func(tag string, days int) (string, error) { return used(segment.Anniversary(tag, days)) },
			Names: "tag days", Args: func() []any { return []any{"birthday", 7} }, Expect: hostiletest.With(hostileName("tag"), hostiletest.Indexes(segment.ErrRule, "days")),
		},
		"Sample": {
			Call:  func(percent float64, salt string) (string, error) { return used(segment.Sample(percent, salt)) },
			Names: "percent salt", Args: func() []any { return []any{12.5, "salt"} },
			Expect: map[string]any{
				"percent NaN": segment.ErrRule, "percent +Inf": segment.ErrRule, "percent minus": segment.ErrRule, "percent max": segment.ErrRule, "percent tiny": hostiletest.OK, "percent one": hostiletest.OK, "salt bytes": segment.ErrRule,
			},
		},
		"Parse": {
			Call: func(text string) (string, error) {
				r, err := segment.Parse(text)
				if err != nil {
					return "", err
				}
				return used(r)
			},
			Names: "text", Args: func() []any { return []any{rule.String()} },
			Expect: map[string]any{"text empty": segment.ErrRule, "text bytes": segment.ErrRule, "text control": segment.ErrRule, "text turned": segment.ErrRule, "text formula": segment.ErrRule},
		},
		"ParseQueryBuilder": {
			Call: func(data []byte) (string, error) {
				r, err := segment.ParseQueryBuilder(data, tags)
				if err != nil {
					return "", err
				}
				return used(r)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(built)} },
			Expect: map[string]any{"data nil": segment.ErrRule, "data empty": segment.ErrRule, "data array": segment.ErrRule, "data deep": segment.ErrRule, "data deep objects": segment.ErrRule, "data torn": segment.ErrRule, "data trailing": segment.ErrRule},
		},
		"Rule.UnmarshalJSON": {
			Call: func(data []byte) (string, error) {
				r := segment.IsSet("before")
				if err := (*segment.Rule).UnmarshalJSON(&r, data); err != nil {
					if r.String() != segment.IsSet("before").String() {
						panic("it is not as it was")
					}
					return "", err
				}
				return used(r)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Expect: map[string]any{"data nil": segment.ErrRule, "data empty": segment.ErrRule, "data array": segment.ErrRule, "data deep": segment.ErrRule, "data deep objects": segment.ErrRule, "data torn": segment.ErrRule, "data trailing": segment.ErrRule, "data doubled": segment.ErrRule},
		},
		"Cause.UnmarshalText": hostiletest.Name((*segment.Cause).UnmarshalText, segment.ByTag.String()),
		"Kind.UnmarshalText":  hostiletest.Name((*segment.Kind).UnmarshalText, segment.Labels.String()),
		"Cursor.UnmarshalText": {
			Call: func(text []byte) (segment.Cursor, error) {
				var c segment.Cursor
				err := (*segment.Cursor).UnmarshalText(&c, text)
				return c, err
			},
			Names: "text", Args: func() []any { return []any{slices.Clone(cursor)} },
			Expect: map[string]any{"text nil": hostiletest.OK, "text empty": hostiletest.OK, "text torn": segment.ErrCursor, "text bytes": segment.ErrCursor, "text doubled": segment.ErrCursor, "text trailing": segment.ErrCursor},
		},
		"Notice.UnmarshalJSON": {
			Call: func(data []byte) (segment.Notice, error) {
				before := segment.Notice{Number: 3, Segment: "before"}
				n := before
				err := (*segment.Notice).UnmarshalJSON(&n, data)
				if err != nil && n != before {
					panic("it is not as it was")
				}
				return n, err
			},
			Names: "data", Args: func() []any {
				return []any{[]byte(`{"number":7,"at":"2026-03-05T09:00:00Z","customer":"0191d2a4-5c3e-8000-a000-000000000001","segment":"dormant","version":1,"entered":true,"cause":"time"}`)}
			},
			Expect: map[string]any{
				"data nil": "segment: ", "data empty": "segment: ", "data array": "segment: ", "data null": "segment: ", "data deep": "segment: ", "data torn": "segment: ", "data trailing": "segment: ",
				"data.cause missing": "segment: ", "data.number negative": "segment: ", "data.customer text": "segment: ", "data.at zero": "segment: ",
			},
			Then: func(results []any) {
				if _, err := results[0].(segment.Notice).MarshalJSON(); err != nil {
					panic(err)
				}
			},
		},
	})
}
