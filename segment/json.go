package segment

import (
	"encoding/json"
	"strconv"

	"github.com/clientele-go/clientele/customer"
)

// forms are the fields that say in JSON what a rule does, by op and cmp. opUnset is "is_set": false.
var forms = []struct {
	name string
	op   op
	cmp  comparison
}{
	{name: "and", op: opAll},
	{name: "or", op: opAny},
	{name: "not", op: opNot},
	{name: "at_least", op: opAtLeast},
	{name: "sample", op: opSample},
	{name: "in_set", op: opInSet},
	{name: "segment", op: opSegment},
	{name: "eq", op: opCompare, cmp: eq}, // from here on with a tag
	{name: "ne", op: opCompare, cmp: ne},
	{name: "lt", op: opCompare, cmp: lt},
	{name: "le", op: opCompare, cmp: le},
	{name: "gt", op: opCompare, cmp: gt},
	{name: "ge", op: opCompare, cmp: ge},
	{name: "eq_tag", op: opCompareTags, cmp: eq},
	{name: "ne_tag", op: opCompareTags, cmp: ne},
	{name: "lt_tag", op: opCompareTags, cmp: lt},
	{name: "le_tag", op: opCompareTags, cmp: le},
	{name: "in", op: opIn},
	{name: "between", op: opBetween},
	{name: "has", op: opHasAny},
	{name: "has_all", op: opHasAll},
	{name: "is_set", op: opSet},
	{name: "within", op: opWithin},
	{name: "older_than", op: opOlder},
	{name: "within_next", op: opUpcoming},
	{name: "anniversary", op: opAnniversary},
}

// onTag tells whether the rules of o name a tag.
func (o op) onTag() bool {
	switch o {
	case opAll, opAny, opNot, opAtLeast, opSample, opInSet, opSegment:
		return false
	}
	return true
}

// MarshalJSON writes the rule as an object of one of these forms, r being a rule and v a value:
//
//	{"and": [r, ...]}, {"or": [r, ...]}, {"not": r}, {"at_least": 2, "of": [r, ...]}
//	{"tag": "city", "eq": v}, also ne, lt, le, gt, ge
//	{"tag": "city", "eq_tag": "home"}, also ne_tag, lt_tag, le_tag
//	{"tag": "city", "in": [v, ...]}
//	{"tag": "orders", "between": [v, v]}
//	{"tag": "interests", "has": ["x", ...]}, also has_all
//	{"tag": "city", "is_set": true}, false for Unset
//	{"tag": "last_order", "within": {"days": 30}}, also older_than, within_next, and hours
//	{"tag": "birthday", "anniversary": {"days": 7}}
//	{"sample": {"percent": 12.5, "salt": "x"}}
//	{"in_set": "name"}, {"segment": "name"}
//
// A value is true, false, a number, a text, {"day": "2026-03-05"} or {"time": "2026-03-05T02:00:00Z"}. Numbers are
// exact. The error is that of a rule that cannot be used, or wraps ErrLimit.
func (r Rule) MarshalJSON() ([]byte, error) {
	n := r.node()
	if err := n.check(); err != nil {
		return nil, err
	}
	data := n.appendJSON(nil)
	if len(data) > MaxRuleBytes {
		return nil, &RuleError{Reason: "JSON " + limitBytes, Err: ErrLimit}
	}
	return data, nil
}

// UnmarshalJSON reads what MarshalJSON writes, and the values in any spelling that Parse reads. Fields that are not
// known or occur twice, null, and halves of surrogate pairs are errors. An error is a *RuleError whose Path says the
// place; r stays as it was.
func (r *Rule) UnmarshalJSON(data []byte) error {
	v, err := readJSON(data)
	if err != nil {
		return err
	}
	n, err := v.rule(nil)
	if err == nil {
		err = n.check()
	}
	if err != nil {
		return err
	}
	r.n = n
	return nil
}

func (n *node) appendJSON(b []byte) []byte {
	b = append(b, '{')
	if n.op.onTag() {
		b = append(b, `"tag":`...)
		b = appendString(b, n.tag)
		b = append(b, ',')
	}
	for _, f := range forms {
		if f.op == n.op && f.cmp == n.cmp || f.op == opSet && n.op == opUnset {
			b = append(b, '"')
			b = append(b, f.name...)
			b = append(b, `":`...)
			break
		}
	}
	switch n.op {
	case opAll, opAny:
		b = appendList(b, n.kids, (*node).appendJSON)
	case opNot:
		b = n.kids[0].appendJSON(b)
	case opAtLeast:
		b = strconv.AppendInt(b, int64(n.k), 10)
		b = append(b, `,"of":`...)
		b = appendList(b, n.kids, (*node).appendJSON)
	case opCompare:
		b = n.values[0].appendJSON(b)
	case opCompareTags:
		b = appendString(b, n.other)
	case opIn, opBetween, opHasAny, opHasAll:
		b = appendList(b, n.values, literal.appendJSON)
	case opSet, opUnset:
		b = strconv.AppendBool(b, n.op == opSet)
	case opWithin, opOlder, opUpcoming:
		b = n.window.appendJSON(b)
	case opAnniversary:
		b = Days(n.k).appendJSON(b)
	case opSample:
		b = append(b, `{"percent":`+percent(n.k)+`,"salt":`...)
		b = appendString(b, n.name)
		b = append(b, '}')
	case opInSet, opSegment:
		b = appendString(b, n.name)
	}
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, item func(T, []byte) []byte) []byte {
	b = append(b, '[')
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(x, b)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // no string is an error
	return append(b, quoted...)
}

func (w Window) appendJSON(b []byte) []byte {
	unit := `{"days":`
	if w.hours {
		unit = `{"hours":`
	}
	b = strconv.AppendInt(append(b, unit...), int64(w.n), 10)
	return append(b, '}')
}

func (l literal) appendJSON(b []byte) []byte {
	if text, ok := l.value.Text(); ok {
		return appendString(b, text)
	}
	switch {
	case l.isDay:
		return append(b, `{"day":"`+l.text()+`"}`...)
	case l.value.Kind() == customer.KindTime:
		return append(b, `{"time":"`+l.text()+`"}`...)
	}
	return append(b, l.text()...)
}
