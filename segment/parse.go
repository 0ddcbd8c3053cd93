package segment

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads a rule from text such as
//
//	city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip
//
// These are the forms; docs/rules.md describes them with examples.
//
//	a and b, a or b, not a, (a)              and binds tighter than or, not tighter than and
//	at least 2 of (a, b, c)                  AtLeast
//	everyone, nobody                         And(), Or()
//	tag                                      IsTrue
//	tag = v, !=, <, <=, >, >=                Eq, Ne, Lt, Le, Gt, Ge
//	tag = other, !=, <, <=, >, >=            EqTag, NeTag, LtTag, LeTag, GtTag, GeTag
//	tag in (v, ...), not in (v, ...)         In, NotIn
//	tag between v and v, not between         Between, NotBetween
//	tag has "x", has any of ("x", ...)       Has
//	tag has all of ("x", ...)                HasAll
//	tag is set, is unset                     IsSet, Unset
//	tag within 30 days, within 12 hours      Within
//	tag older than 60 days                   OlderThan
//	tag within next 7 days                   WithinNext
//	tag anniversary within 7 days            Anniversary
//	sample(12.5%, "salt")                    Sample
//	set("name"), segment("name")             InSet, Segment
//
// A value is a "text", with the escapes \" \\ \n \r \t \u{1f600}, a number, true, false, a date such as 2026-03-05,
// which is a whole local day, or an instant such as 2026-03-05T10:00:00+08:00. A name of a tag is letters, digits, _
// and . of any script and does not begin with a digit or a point; any other, and those that are keywords, stand
// between `backquotes`. Upper and lower case are the same in keywords and differ in names. A text may also stand
// between “ and ” or 「 and 」, and the full width marks of Chinese keyboards mean what the ASCII ones do.
//
// The error is a *RuleError with the place; it wraps ErrLimit if the text is longer than MaxRuleBytes, or the rule is
// larger than the other limits. Cost: O(length of text).
func Parse(text string) (Rule, error) {
	if len(text) > MaxRuleBytes {
		return Rule{}, &RuleError{Reason: "text " + limitBytes, Err: ErrLimit}
	}
	p := &parser{s: scanner{text: text, line: 1, column: 1}}
	if !utf8.ValidString(text) {
		p.s.takeWhile(func(r rune) bool { return r != utf8.RuneError || strings.HasPrefix(text[p.s.pos:], "\ufffd") })
		return Rule{}, p.s.bad("text is not UTF-8", "").err
	}
	p.token, p.ahead = p.s.scan(), p.s.scan()
	n, err := p.rule()
	if err == nil {
		err = n.check()
	}
	if err != nil {
		return Rule{}, err
	}
	return Rule{n}, nil
}

// parser reads a rule by recursive descent.
type parser struct {
	s      scanner
	token  token // the one to be read
	ahead  token // the one after it
	depth  int   // of parentheses, nots and lists of rules
	nodes  int
	values int
}

// take moves on to the next token and returns the one before.
func (p *parser) take() token {
	t := p.token
	p.token, p.ahead = p.ahead, p.s.scan()
	return t
}

// accept takes the token if it is the keyword.
func (p *parser) accept(word string) bool {
	if !p.token.is(word) {
		return false
	}
	p.take()
	return true
}

// acceptMark takes the token if it is the mark.
func (p *parser) acceptMark(mark string) bool {
	if !p.atMark(mark) {
		return false
	}
	p.take()
	return true
}

func (p *parser) atMark(mark string) bool { return p.token.kind == tokenMark && p.token.text == mark }

// unexpected is the error that the token is not what was expected, which may be a misspelling of one of words.
func (p *parser) unexpected(expected string, words ...string) *RuleError {
	if p.token.kind == tokenBad {
		return p.token.err
	}
	e := p.token.refuse("expected " + expected + ", found ")
	if p.token.kind == tokenWord {
		e.Suggestion = nearest(p.token.text, words)
	}
	if e.Suggestion != "" {
		e.Reason += "the name " + strconv.Quote(p.token.text)
	} else {
		e.Reason += p.token.String()
	}
	return e
}

// noText is the error that the token is not the value or text expected, which may be one without its quotes.
func (p *parser) noText(expected string) *RuleError {
	e := p.unexpected(expected)
	if p.token.kind == tokenWord && !reserved(p.token.text) {
		e.Reason += "; a text is written in quotes"
	}
	return e
}

func (p *parser) expectMark(mark, expected string) *RuleError {
	if !p.acceptMark(mark) {
		return p.unexpected(expected)
	}
	return nil
}

// node keeps n as a part of the rule that begins at t.
func (p *parser) node(t token, n node) (*node, *RuleError) {
	n.line, n.column = t.line, t.column
	if p.nodes++; p.nodes > MaxRuleNodes {
		return nil, n.limit(limitNodes)
	}
	return &n, nil
}

// nest enters a part that the parser calls itself for; the caller leaves by p.depth--.
func (p *parser) nest(t token) *RuleError {
	if p.depth++; p.depth > MaxRuleDepth {
		return t.limit(limitDepth)
	}
	return nil
}

// rule reads a rule up to one of the marks that end it, ")" or "," and ")", or up to the end if there are none.
func (p *parser) rule(ends ...string) (*node, *RuleError) {
	n, err := p.chain(opAny, "or", func() (*node, *RuleError) { return p.chain(opAll, "and", p.unary) })
	if err != nil {
		return nil, err
	}
	if p.token.kind == tokenEnd && len(ends) == 0 || p.token.kind == tokenMark && slices.Contains(ends, p.token.text) {
		return n, nil
	}
	expected := `"and", "or"`
	switch len(ends) {
	case 0:
		expected += " or the end"
	case 1:
		expected += ` or ")"`
	case 2:
		expected += `, "," or ")"`
	}
	return nil, p.unexpected(expected, "and", "or")
}

// chain reads operands with a word between them.
func (p *parser) chain(o op, word string, operand func() (*node, *RuleError)) (*node, *RuleError) {
	first := p.token
	n, err := operand()
	if err != nil || !p.token.is(word) {
		return n, err
	}
	kids := []*node{n}
	for p.accept(word) {
		if n, err = operand(); err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	return p.node(first, node{op: o, kids: kids})
}

func (p *parser) unary() (*node, *RuleError) {
	t := p.token
	switch {
	case p.accept("not"):
		if err := p.nest(t); err != nil {
			return nil, err
		}
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		p.depth--
		return p.node(t, node{op: opNot, kids: []*node{n}})
	case p.acceptMark("("):
		if err := p.nest(t); err != nil {
			return nil, err
		}
		n, err := p.rule(")")
		if err != nil {
			return nil, err
		}
		p.depth--
		p.take()
		return n, nil
	case p.accept("everyone"):
		return p.node(t, node{op: opAll})
	case p.accept("nobody"):
		return p.node(t, node{op: opAny})
	case p.accept("at"):
		return p.atLeast(t)
	case t.kind == tokenWord && p.ahead.kind == tokenMark && p.ahead.text == "(":
		return p.call(t)
	case t.kind == tokenName, t.kind == tokenWord && !reserved(t.text):
		return p.condition(p.take())
	}
	err := p.unexpected("a condition")
	switch {
	case t.kind == tokenText:
		err.Reason += "; the name of a tag is written without quotes, or between backquotes"
	case t.kind == tokenWord && !t.is("and") && !t.is("or"):
		err.Reason += "; a tag of this name is written between backquotes"
	}
	return nil, err
}

// atLeast reads what follows "at".
func (p *parser) atLeast(t token) (*node, *RuleError) {
	if !p.accept("least") {
		return nil, p.unexpected(`"least" after "at"`, "least")
	}
	number := p.token
	k, ok := p.whole()
	switch {
	case !ok:
		return nil, p.unexpected(`a whole number after "at least"`)
	case k < 0:
		return nil, number.refuse(faultNegative)
	}
	if !p.accept("of") {
		return nil, p.unexpected(`"of" after "at least" and the number`, "of")
	}
	open := p.token
	if err := p.expectMark("(", `"(" and the rules`); err != nil {
		return nil, err
	}
	if err := p.nest(open); err != nil {
		return nil, err
	}
	var kids []*node
	for !p.acceptMark(")") {
		if len(kids) > 0 {
			p.take() // the comma
		}
		n, err := p.rule(",", ")")
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	p.depth--
	return p.node(t, node{op: opAtLeast, k: k, kids: kids})
}

// whole takes a whole number.
func (p *parser) whole() (n int, ok bool) {
	if p.token.kind != tokenNumber {
		return 0, false
	}
	n, err := strconv.Atoi(p.token.text)
	if err != nil {
		return 0, false
	}
	p.take()
	return n, true
}

// call reads sample(...), set(...) and segment(...).
func (p *parser) call(t token) (*node, *RuleError) {
	n := node{}
	switch {
	case t.is("sample"):
		n.op = opSample
	case t.is("set"):
		n.op = opInSet
	case t.is("segment"):
		n.op = opSegment
	default:
		return nil, p.unexpected(`a condition, of which only sample, set and segment stand before "("`, "sample", "set", "segment")
	}
	p.take()
	p.take()
	if n.op == opSample {
		if p.token.kind != tokenNumber {
			return nil, p.unexpected("a percentage such as 10%")
		}
		share := p.take()
		var ok bool
		if n.k, ok = hundredths(share.value); !ok {
			return nil, share.refuse(faultPercent)
		}
		if err := p.expectMark("%", `"%" after the number`); err != nil {
			return nil, err
		}
		if err := p.expectMark(",", `"," and the salt`); err != nil {
			return nil, err
		}
	}
	if p.token.kind != tokenText {
		return nil, p.unexpected("a text in quotes")
	}
	name := p.take()
	n.name, _ = name.value.value.Text()
	if reason := n.reason(); reason != "" {
		return nil, name.refuse(reason)
	}
	if err := p.expectMark(")", `")"`); err != nil {
		return nil, err
	}
	return p.node(t, n)
}

// hundredths returns 100 times a number from 0 to 100 that is whole then.
func hundredths(l literal) (int, bool) {
	c, scale, ok := l.value.Decimal()
	if n, whole := l.value.Int64(); whole {
		c, scale, ok = n, 0, true
	}
	if !ok || scale > 2 || c < 0 || c > 10_000 {
		return 0, false
	}
	for ; scale < 2; scale++ {
		c *= 10
	}
	return int(c), c <= 10_000
}
