package segment

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// rule reads a rule at the place.
func (v *jsonValue) rule(at *place) (*node, *RuleError) {
	if v.kind != jsonObject {
		return nil, at.refuse("must be an object")
	}
	n := &node{}
	var what, tag, of *jsonValue
	form := ""
	for i, name := range v.names {
		value := &v.items[i]
		switch o, c, known := findForm(name); {
		case name == "tag":
			tag = value
		case name == "of":
			of = value
		case !known:
			return nil, at.unknown(name)
		case what != nil:
			return nil, at.field(name).refuse("does not go with " + form)
		default:
			what, form, n.op, n.cmp = value, name, o, c
		}
	}
	switch {
	case what == nil:
		return nil, at.refuse("has no field that says what it does, such as and, or, not, eq, in")
	case (tag != nil) != n.op.onTag():
		return nil, at.refuse(form + missing(tag == nil) + "tag")
	case (of != nil) != (n.op == opAtLeast):
		return nil, at.refuse(form + missing(of == nil) + "of")
	case tag != nil:
		if tag.kind != jsonText || !validName(tag.text) {
			return nil, at.field("tag").refuse("must be a text of " + nameRule)
		}
		n.tag = tag.text
	}
	err := what.complete(n, at.field(form))
	if err == nil && of != nil {
		err = of.rules(n, at.field("of"))
	}
	if err != nil && err.Tag == "" {
		err.Tag = n.tag
	}
	return n, err
}

func missing(is bool) string {
	if is {
		return " needs the field "
	}
	return " does not go with "
}

func findForm(name string) (o op, c comparison, ok bool) {
	for _, f := range forms {
		if f.name == name {
			return f.op, f.cmp, true
		}
	}
	return 0, 0, false
}

// complete reads the field that says what n does.
func (v *jsonValue) complete(n *node, at *place) *RuleError {
	switch n.op {
	case opAll, opAny:
		if err := v.rules(n, at); err != nil {
			return err
		}
		if len(n.kids) == 1 { // as And and Or do
			*n = *n.kids[0]
		}
		return nil
	case opNot:
		kid, err := v.rule(at)
		n.kids = []*node{kid}
		return err
	case opAtLeast:
		k, ok := v.whole()
		if !ok {
			return at.refuse("must be a whole number")
		}
		if k < 0 {
			return at.refuse(faultNegative)
		}
		n.k = k
		return nil
	case opCompare:
		l, err := v.literal(at)
		n.values = []literal{l}
		return err
	case opIn, opBetween, opHasAny, opHasAll:
		return v.literals(n, at)
	case opSet:
		if v.kind != jsonBool {
			return at.refuse("must be true or false")
		}
		if !v.truth {
			n.op = opUnset
		}
		return nil
	case opWithin, opOlder, opUpcoming, opAnniversary:
		return v.window(n, at)
	case opSample:
		return v.sample(n, at)
	}
	if v.kind != jsonText || !validName(v.text) { // opCompareTags, opInSet, opSegment
		return at.refuse("must be a text of " + nameRule)
	}
	if n.op == opCompareTags {
		n.other = v.text
	} else {
		n.name = v.text
	}
	return nil
}

func (v *jsonValue) rules(n *node, at *place) *RuleError {
	if v.kind != jsonArray {
		return at.refuse("must be a list of rules")
	}
	for i := range v.items {
		kid, err := v.items[i].rule(at.item(i))
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
	}
	return nil
}

func (v *jsonValue) literals(n *node, at *place) *RuleError {
	if v.kind != jsonArray || n.op == opBetween && len(v.items) != 2 {
		if n.op == opBetween {
			return at.refuse("must be a list of two values")
		}
		return at.refuse("must be a list of values")
	}
	for i := range v.items {
		item := &v.items[i]
		if (n.op == opHasAny || n.op == opHasAll) && item.kind != jsonText {
			return at.item(i).refuse("must be a text")
		}
		l, err := item.literal(at.item(i))
		if err != nil {
			return err
		}
		n.values = append(n.values, l)
	}
	return nil
}

func (v *jsonValue) literal(at *place) (l literal, err *RuleError) {
	switch v.kind {
	case jsonText:
		return literal{value: customer.TextValue(v.text)}, nil
	case jsonBool:
		return literal{value: customer.BoolValue(v.truth)}, nil
	case jsonNumber:
		l, reason := parseNumber(v.text)
		if reason != "" {
			return l, at.refuse(reason)
		}
		return l, nil
	case jsonObject:
		if len(v.names) == 1 && v.items[0].kind == jsonText {
			switch text := v.items[0].text; v.names[0] {
			case "day":
				if l, ok := parseDay(text); ok {
					return l, nil
				}
				return l, at.field("day").refuse("must be a date such as " + time.DateOnly)
			case "time":
				if l, ok := parseInstant(text); ok {
					return l, nil
				}
				return l, at.field("time").refuse("must be an instant such as " + time.RFC3339)
			}
		}
	}
	return l, at.refuse(`must be true, false, a number, a text, {"day": "..."} or {"time": "..."}`)
}

// whole returns the number if it is whole and fits.
func (v *jsonValue) whole() (n int, ok bool) {
	if v.kind != jsonNumber {
		return 0, false
	}
	n, err := strconv.Atoi(v.text)
	return n, err == nil
}

func (v *jsonValue) window(n *node, at *place) *RuleError {
	if v.kind == jsonObject && len(v.names) == 1 {
		length, ok := v.items[0].whole()
		switch name := v.names[0]; {
		case name != "days" && name != "hours": // before it becomes part of a path
			return at.unknown(name)
		case !ok:
			return at.field(name).refuse("must be a whole number")
		case name == "hours" && n.op == opAnniversary:
		case name == "hours":
			n.window = Hours(length)
			n.fault = n.window.fault()
		case name == "days" && n.op == opAnniversary:
			n.k, n.fault = length, Anniversary(n.tag, length).n.fault
		default:
			n.window = Days(length)
			n.fault = n.window.fault()
		}
		if n.fault != "" {
			return at.refuse(n.fault)
		}
		if n.window.n != 0 || n.k != 0 {
			return nil
		}
	}
	if n.op == opAnniversary {
		return at.refuse(`must be {"days": ...}`)
	}
	return at.refuse(`must be {"days": ...} or {"hours": ...}`)
}

func (v *jsonValue) sample(n *node, at *place) *RuleError {
	if v.kind != jsonObject || len(v.names) != 2 {
		return at.refuse(`must be {"percent": ..., "salt": "..."}`)
	}
	for i, name := range v.names {
		item := &v.items[i]
		switch name {
		case "percent":
			l, reason := parseNumber(item.text)
			k, ok := hundredths(l)
			if item.kind != jsonNumber || reason != "" || !ok {
				return at.field(name).refuse(faultPercent)
			}
			n.k = k
		case "salt":
			if item.kind != jsonText {
				return at.field(name).refuse("must be a text")
			}
			n.name = item.text
		default:
			return at.unknown(name)
		}
	}
	return nil
}

// place is a place in JSON: a field, of a name that the readers know, or an item of the place above. nil is the whole.
type place struct {
	above *place
	name  string
	index int // where name is ""
}

func (p *place) field(name string) *place { return &place{above: p, name: name} }
func (p *place) item(i int) *place        { return &place{above: p, index: i} }

// String returns the path, such as and[2].not.in[0].
func (p *place) String() string {
	var steps []string
	for ; p != nil; p = p.above {
		switch {
		case p.name == "":
			steps = append(steps, fmt.Sprintf("[%d]", p.index))
		case p.above == nil:
			steps = append(steps, p.name)
		default:
			steps = append(steps, "."+p.name)
		}
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteString(steps[i])
	}
	return b.String()
}

func (p *place) refuse(reason string) *RuleError {
	return &RuleError{Path: p.String(), Reason: reason}
}

// unknown is the error of a field that there is not.
func (p *place) unknown(name string) *RuleError {
	names := []string{"tag", "of", "days", "hours", "percent", "salt"}
	for _, f := range forms {
		names = append(names, f.name)
	}
	reason := "unknown field"
	if len(name) <= 128 {
		reason += " " + strconv.Quote(name)
	}
	e := p.refuse(reason)
	e.Suggestion = nearest(name, names)
	return e
}
