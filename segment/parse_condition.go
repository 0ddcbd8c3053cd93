package segment

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// operators are the words that may follow a tag.
var operators = []string{"in", "not", "between", "is", "has", "within", "older", "anniversary", "and", "or"}

// condition reads what follows the name of a tag.
func (p *parser) condition(tag token) (*node, *RuleError) {
	n := node{tag: tag.text}
	t := p.token
	switch {
	case t.kind == tokenMark && slices.Contains(cmpText[:], t.text):
		return p.compare(tag, comparison(slices.Index(cmpText[:], p.take().text)))
	case p.accept("in"):
		n.op = opIn
		return p.list(tag, n, p.literal, "a value")
	case p.accept("between"):
		return p.between(tag)
	case p.accept("not"):
		return p.negated(tag)
	case p.accept("is"):
		return p.isSet(tag)
	case p.accept("has"):
		return p.has(tag)
	case p.accept("within"):
		n.op = opWithin
		if p.accept("next") {
			n.op = opUpcoming
		}
		return p.window(tag, n)
	case p.accept("older"):
		if !p.accept("than") {
			return nil, p.unexpected(`"than" after "older"`, "than")
		}
		n.op = opOlder
		return p.window(tag, n)
	case p.accept("anniversary"):
		return p.anniversary(tag)
	case t.kind == tokenEnd, t.is("and"), t.is("or"), p.atMark(")"), p.atMark(","):
		n.op, n.values = opCompare, []literal{{value: customer.BoolValue(true)}}
		return p.node(tag, n)
	}
	return nil, p.unexpected("an operator (= != < <= > >= in not between is has within older anniversary) or the end of the condition",
		operators...)
}

// compare reads the right side: a value or another tag.
func (p *parser) compare(tag token, c comparison) (*node, *RuleError) {
	t := p.token
	if t.kind == tokenName || t.kind == tokenWord && !reserved(t.text) {
		p.take()
		other := t
		switch c {
		case gt:
			c, tag, other = lt, other, tag
		case ge:
			c, tag, other = le, other, tag
		}
		n := node{op: opCompareTags, cmp: c, tag: tag.text, other: other.text}
		n.otherAt.line, n.otherAt.column = other.line, other.column
		return p.node(tag, n)
	}
	l, ok := p.literal()
	if !ok {
		return nil, p.unexpected(fmt.Sprintf("a value or a name after %q", cmpText[c]), "true", "false")
	}
	return p.node(tag, node{op: opCompare, cmp: c, tag: tag.text, values: []literal{l}})
}

// literal takes a value.
func (p *parser) literal() (literal, bool) {
	switch t := p.token; t.kind {
	case tokenText, tokenNumber, tokenDay, tokenInstant:
		return p.take().value, true
	case tokenWord:
		if t.is("true") || t.is("false") {
			p.take()
			return literal{value: customer.BoolValue(t.is("true"))}, true
		}
	}
	return literal{}, false
}

// label takes a text.
func (p *parser) label() (literal, bool) {
	if p.token.kind != tokenText {
		return literal{}, false
	}
	return p.take().value, true
}

// list reads values between parentheses and completes n with them.
func (p *parser) list(tag token, n node, item func() (literal, bool), what string) (*node, *RuleError) {
	if err := p.expectMark("(", `"("`); err != nil {
		return nil, err
	}
	for !p.acceptMark(")") {
		if len(n.values) > 0 {
			if err := p.expectMark(",", `"," or ")"`); err != nil {
				return nil, err
			}
		}
		at := p.token
		l, ok := item()
		if !ok {
			return nil, p.noText(what)
		}
		if p.values++; p.values > MaxRuleValues {
			return nil, at.limit(limitValues)
		}
		n.values = append(n.values, l)
	}
	return p.node(tag, n)
}

func (p *parser) between(tag token) (*node, *RuleError) {
	lo, ok := p.literal()
	if !ok {
		return nil, p.noText(`a value after "between"`)
	}
	if !p.accept("and") {
		return nil, p.unexpected(`"and" and the second value of "between"`, "and")
	}
	hi, ok := p.literal()
	if !ok {
		return nil, p.noText(`the second value of "between"`)
	}
	return p.node(tag, node{op: opBetween, tag: tag.text, values: []literal{lo, hi}})
}

// negated reads what follows a tag and "not": the tag is set, and the condition without not is false.
func (p *parser) negated(tag token) (n *node, err *RuleError) {
	switch {
	case p.accept("in"):
		n, err = p.list(tag, node{op: opIn, tag: tag.text}, p.literal, "a value")
	case p.accept("between"):
		n, err = p.between(tag)
	default:
		return nil, p.unexpected(`"in" or "between" after "not"`, "in", "between")
	}
	if err != nil {
		return nil, err
	}
	set, err := p.node(tag, node{op: opSet, tag: tag.text})
	if err != nil {
		return nil, err
	}
	if n, err = p.node(tag, node{op: opNot, kids: []*node{n}}); err != nil {
		return nil, err
	}
	return p.node(tag, node{op: opAll, kids: []*node{set, n}})
}

func (p *parser) isSet(tag token) (*node, *RuleError) {
	n := node{op: opSet, tag: tag.text}
	switch {
	case p.accept("set"):
		return p.node(tag, n)
	case p.accept("unset"):
	case p.accept("not"):
		if !p.accept("set") {
			return nil, p.unexpected(`"set" after "is not"`, "set")
		}
	default:
		return nil, p.unexpected(`"set", "unset" or "not set" after "is"`, "set", "unset", "not")
	}
	n.op = opUnset
	return p.node(tag, n)
}

func (p *parser) has(tag token) (*node, *RuleError) {
	n := node{op: opHasAny, tag: tag.text}
	switch {
	case p.accept("any"):
	case p.accept("all"):
		n.op = opHasAll
	default:
		l, ok := p.label()
		if !ok {
			return nil, p.unexpected(`a text in quotes, "any of" or "all of" after "has"`, "any", "all")
		}
		n.values = []literal{l}
		return p.node(tag, n)
	}
	if !p.accept("of") {
		return nil, p.unexpected(`"of"`, "of")
	}
	return p.list(tag, n, p.label, "a text")
}

// window reads the length of a window and completes n with it.
func (p *parser) window(tag token, n node) (*node, *RuleError) {
	t := p.token
	length, ok := p.whole()
	if !ok {
		return nil, p.unexpected("a whole number of days or hours", "next")
	}
	switch {
	case p.accept("days"), p.accept("day"):
		n.window = Days(length)
	case p.accept("hours"), p.accept("hour"):
		n.window = Hours(length)
	default:
		return nil, p.unexpected(`"days" or "hours"`, "days", "hours")
	}
	if fault := n.window.fault(); fault != "" {
		return nil, t.refuse(fault)
	}
	return p.node(tag, n)
}

func (p *parser) anniversary(tag token) (*node, *RuleError) {
	if !p.accept("within") {
		return nil, p.unexpected(`"within" after "anniversary"`, "within")
	}
	t := p.token
	days, ok := p.whole()
	if !ok {
		return nil, p.unexpected("a whole number of days")
	}
	if !p.accept("days") && !p.accept("day") {
		return nil, p.unexpected(`"days"`, "days")
	}
	n := Anniversary(tag.text, days).n
	if n.fault != "" {
		return nil, t.refuse(n.fault)
	}
	return p.node(tag, *n)
}
