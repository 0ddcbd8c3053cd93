package segment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// rule reads a rule, which is not muted.
func (b *queryBuilder) rule(v *jsonValue, at *place) (r Rule, err *RuleError) {
	field, err := chosen(v, "field", at)
	if err != nil {
		return r, err
	}
	tag, ok := b.tags.Tag(field)
	if !ok {
		return r, b.noTag(field, at.field("field"))
	}
	defer func() {
		if err != nil && err.Tag == "" {
			err.Tag = tag.Name
		}
	}()
	operator, err := chosen(v, "operator", at)
	if err != nil {
		return r, err
	}
	if m := v.member("match"); m != nil && m.kind != jsonNull {
		return r, at.field("match").refuse("has no meaning on a tag")
	}
	value := v.member("value")
	if value == nil {
		value = &jsonValue{}
	}
	operator = strings.ToLower(operator)
	valueAt := at.field("value")
	if s := v.member("valueSource"); s != nil && s.kind != jsonNull {
		switch {
		case s.kind != jsonText || s.text != "field" && s.text != "value":
			return r, at.field("valueSource").refuse("must be value or field")
		case s.text == "field":
			return b.compareTags(tag, operator, value, at)
		}
	}
	switch operator {
	case "null":
		return Unset(tag.Name), nil
	case "notnull":
		return IsSet(tag.Name), nil
	case "contains", "doesnotcontain":
		if tag.Kind != Labels {
			return r, at.field("operator").refuse("contains and doesNotContain are for labels, the tag is of kind " + tag.Kind.String())
		}
		l, err := tag.literal(value, valueAt)
		return requireSet(Rule{&node{op: opHasAny, tag: tag.Name, values: []literal{l}}}, operator == "doesnotcontain"), err
	case "in", "notin", "between", "notbetween":
		return b.list(tag, strings.TrimPrefix(operator, "not"), strings.HasPrefix(operator, "not"), value, valueAt)
	case "beginswith", "doesnotbeginwith", "endswith", "doesnotendwith":
		return r, at.field("operator").refuse("has no meaning on a tag: values are compared as a whole")
	}
	c := slices.Index(cmpText[:], operator)
	switch {
	case c < 0:
		e := at.field("operator").refuse("unknown operator")
		e.Suggestion = nearest(operator, queryBuilderOperators)
		return r, e
	case tag.Kind == Labels:
		return r, at.field("operator").refuse("labels take contains, doesNotContain, in, notIn, null and notNull")
	}
	l, err := tag.literal(value, valueAt)
	return Rule{&node{op: opCompare, cmp: comparison(c), tag: tag.Name, values: []literal{l}}}, err
}

var queryBuilderOperators = append([]string{"contains", "doesNotContain", "null", "notNull", "in", "notIn", "between", "notBetween"},
	cmpText[:]...)

// requireSet returns r, or if negative the customers whose tag is set but whom r does not select.
func requireSet(r Rule, negative bool) Rule {
	if negative {
		return And(IsSet(r.n.tag), Not(r))
	}
	return r
}

// chosen reads a text that must be there and not the placeholder of an element in which nothing has been chosen.
func chosen(v *jsonValue, name string, at *place) (string, *RuleError) {
	m := v.member(name)
	switch {
	case m == nil || m.kind != jsonText:
		return "", at.field(name).refuse("must be a text")
	case m.text == "" || m.text == "~":
		return "", at.field(name).refuse("nothing has been chosen")
	}
	return m.text, nil
}

func (b *queryBuilder) noTag(name string, at *place) *RuleError {
	e := at.refuse(noSuchTag)
	if validName(name) {
		e.Tag = name
	}
	e.Suggestion = b.tags.nearest(name)
	return e
}

func (b *queryBuilder) compareTags(tag Tag, operator string, value *jsonValue, at *place) (r Rule, err *RuleError) {
	c := slices.Index(cmpText[:], operator)
	if c < 0 {
		return r, at.field("operator").refuse("fields are compared by = != < <= > >=")
	}
	if value.kind != jsonText {
		return r, at.field("value").refuse("must be the name of a field")
	}
	other, ok := b.tags.Tag(value.text)
	if !ok {
		return r, b.noTag(value.text, at.field("value"))
	}
	switch comparison(c) {
	case gt:
		return GtTag(tag.Name, other.Name), nil
	case ge:
		return GeTag(tag.Name, other.Name), nil
	}
	return compareTags(tag.Name, comparison(c), other.Name), nil
}

func (b *queryBuilder) list(tag Tag, operator string, negative bool, v *jsonValue, at *place) (r Rule, err *RuleError) {
	items := []jsonValue{*v}
	switch v.kind {
	case jsonArray:
		items = v.items
	case jsonText:
		items = splitList(v.text)
	}
	n := &node{op: opIn, tag: tag.Name}
	switch {
	case operator == "between" && tag.Kind == Labels:
		return r, at.refuse("labels have no order")
	case operator == "between" && len(items) != 2:
		return r, at.refuse("must be two values")
	case operator == "between":
		n.op = opBetween
	case len(items) == 0:
		return r, at.refuse("nothing has been chosen")
	case len(items) > MaxRuleValues:
		return r, &RuleError{Reason: limitValues, Err: ErrLimit}
	case tag.Kind == Labels:
		n.op = opHasAny
	}
	n.values = make([]literal, 0, len(items))
	for i := range items {
		l, err := tag.literal(&items[i], at.item(i))
		if err != nil {
			return r, err
		}
		n.values = append(n.values, l)
	}
	if n.op == opBetween {
		lo, okLo := n.values[0].float()
		hi, okHi := n.values[1].float()
		if okLo && okHi && hi < lo {
			slices.Reverse(n.values)
		}
	}
	return requireSet(Rule{n}, negative), nil
}

// float returns a number as a float, which may be rounded.
func (l literal) float() (float64, bool) {
	switch l.value.Kind() {
	case customer.KindInt64, customer.KindDecimal, customer.KindFloat64:
		f, err := strconv.ParseFloat(numberText(l.value), 64)
		return f, err == nil
	}
	return 0, false
}

// splitList cuts a text at its commas, without those after a backslash, and leaves out spaces around the values and
// values that are empty. It stops at more than MaxRuleValues.
func splitList(text string) []jsonValue {
	var items []jsonValue
	var item strings.Builder
	add := func() {
		if s := strings.TrimSpace(item.String()); s != "" {
			items = append(items, jsonValue{kind: jsonText, text: s})
		}
		item.Reset()
	}
	for i := 0; i < len(text) && len(items) <= MaxRuleValues; i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == ',':
			i++
			item.WriteByte(',')
		case text[i] == ',':
			add()
		default:
			item.WriteByte(text[i])
		}
	}
	add()
	return items
}

// literal reads a value for the tag.
func (t *Tag) literal(v *jsonValue, at *place) (l literal, err *RuleError) {
	text := strings.TrimSpace(v.text)
	if v.kind == jsonNull || v.kind == jsonText && (text == "" || text == "~") {
		return l, at.refuse("nothing has been chosen")
	}
	switch t.Kind {
	case Flag:
		if v.kind == jsonBool {
			return literal{value: customer.BoolValue(v.truth)}, nil
		}
		if v.kind == jsonText && (text == "true" || text == "false") {
			return literal{value: customer.BoolValue(text == "true")}, nil
		}
		return l, at.refuse("must be true or false")
	case Integer, Decimal, Float:
		if v.kind != jsonNumber && v.kind != jsonText {
			return l, at.refuse("must be a number")
		}
		l, reason := parseNumber(text)
		if reason != "" && v.kind == jsonText {
			return l, at.refuse("must be a number")
		}
		if reason != "" {
			return l, at.refuse(reason)
		}
		return l, nil
	case Time:
		if v.kind == jsonText {
			if l, ok := parseDay(text); ok {
				return l, nil
			}
			if l, ok := parseInstant(text); ok {
				return l, nil
			}
		}
		return l, at.refuse("must be a date such as 2026-03-05 or an instant such as 2026-03-05T10:00:00+08:00")
	}
	if v.kind != jsonText {
		return l, at.refuse(fmt.Sprintf("must be a text for a tag of kind %s", t.Kind))
	}
	return literal{value: customer.TextValue(v.text)}, nil
}
