package segment

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/clientele-go/clientele/customer"
)

// String returns the text of the rule, which Parse reads back to the same rule. Rules that are the same have the same
// text: keywords in lower case, one space, parentheses only where needed, instants in UTC; a > b between two tags is
// b < a. A rule that cannot be used, for a value given in Go or for its size, gives its error between < and >.
func (r Rule) String() string {
	n := r.node()
	if err := n.check(); err != nil {
		return "<" + err.Error() + ">"
	}
	var p printer
	p.rule(n, bindsNothing)
	return p.String()
}

// How tight the forms bind.
const (
	bindsNothing = iota
	bindsOr
	bindsAnd
	bindsNot
	bindsAll
)

func (n *node) binds() int {
	switch {
	case len(n.kids) == 0 || n.op == opAtLeast:
		return bindsAll
	case n.op == opAny:
		return bindsOr
	case n.op == opAll && n.negated() == nil:
		return bindsAnd
	case n.op == opNot:
		return bindsNot
	}
	return bindsAll
}

// negated returns the condition c if n is what Parse makes of c with not in its middle, else nil.
func (n *node) negated() *node {
	if n.op != opAll || len(n.kids) != 2 || n.kids[0].op != opSet || n.kids[1].op != opNot {
		return nil
	}
	c := n.kids[1].kids[0]
	if c.op != opIn && c.op != opBetween || c.tag != n.kids[0].tag {
		return nil
	}
	return c
}

type printer struct{ strings.Builder }

func (p *printer) writes(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// rule writes n, between parentheses if it does not bind tighter than outer.
func (p *printer) rule(n *node, outer int) {
	binds := n.binds()
	if binds <= outer {
		p.writes("(")
		defer p.writes(")")
	}
	switch n.op {
	case opAll, opAny:
		switch c := n.negated(); {
		case c != nil:
			p.condition(c, " not")
		case len(n.kids) > 0 && n.op == opAll:
			p.rules(n.kids, " and ", binds)
		case len(n.kids) > 0:
			p.rules(n.kids, " or ", binds)
		case n.op == opAll:
			p.writes("everyone")
		default:
			p.writes("nobody")
		}
	case opNot:
		p.writes("not ")
		p.rule(n.kids[0], binds-1)
	case opAtLeast:
		p.writes("at least ", strconv.Itoa(n.k), " of (")
		p.rules(n.kids, ", ", bindsNothing)
		p.writes(")")
	case opSample:
		p.writes("sample(", percent(n.k), "%, ", quote(n.name), ")")
	case opInSet:
		p.writes("set(", quote(n.name), ")")
	case opSegment:
		p.writes("segment(", quote(n.name), ")")
	default:
		p.condition(n, "")
	}
}

func (p *printer) rules(kids []*node, between string, outer int) {
	for i, k := range kids {
		if i > 0 {
			p.writes(between)
		}
		p.rule(k, outer)
	}
}

// condition writes a condition on a tag; not, where it is not "", comes before the operator.
func (p *printer) condition(n *node, not string) {
	p.writes(tagName(n.tag), not)
	switch n.op {
	case opCompare:
		if n.cmp != eq || n.values[0] != (literal{value: customer.BoolValue(true)}) {
			p.writes(" ", cmpText[n.cmp], " ", n.values[0].text())
		}
	case opCompareTags:
		p.writes(" ", cmpText[n.cmp], " ", tagName(n.other))
	case opIn:
		p.values(" in ", n.values)
	case opBetween:
		p.writes(" between ", n.values[0].text(), " and ", n.values[1].text())
	case opHasAny:
		if len(n.values) == 1 {
			p.writes(" has ", n.values[0].text())
			return
		}
		p.values(" has any of ", n.values)
	case opHasAll:
		p.values(" has all of ", n.values)
	case opSet:
		p.writes(" is set")
	case opUnset:
		p.writes(" is unset")
	case opWithin:
		p.writes(" within ", n.window.text())
	case opOlder:
		p.writes(" older than ", n.window.text())
	case opUpcoming:
		p.writes(" within next ", n.window.text())
	case opAnniversary:
		p.writes(" anniversary within ", Days(n.k).text())
	}
}

func (p *printer) values(operator string, values []literal) {
	p.writes(operator, "(")
	for i, l := range values {
		if i > 0 {
			p.writes(", ")
		}
		p.writes(l.text())
	}
	p.writes(")")
}

func (w Window) text() string {
	unit := " day"
	if w.hours {
		unit = " hour"
	}
	if w.n != 1 {
		unit += "s"
	}
	return strconv.Itoa(w.n) + unit
}

// percent writes hundredths of a percent.
func percent(k int) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%02d", k/100, k%100), "0"), ".")
}

func tagName(name string) string {
	if bareName(name) {
		return name
	}
	return "`" + name + "`"
}

// text returns the literal as Parse reads it.
func (l literal) text() string {
	if text, ok := l.value.Text(); ok {
		return quote(text)
	}
	if l.isDay {
		return l.day.String()
	}
	switch l.value.Kind() {
	case customer.KindBool:
		b, _ := l.value.Bool()
		return strconv.FormatBool(b)
	case customer.KindTime:
		t, _ := l.value.Time()
		return t.Format(time.RFC3339Nano)
	}
	return numberText(l.value)
}

// numberText returns a number in digits; only floats, which have too many digits for a decimal, have an exponent.
func numberText(v customer.Value) string {
	if f, ok := v.Float64(); ok {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	if n, ok := v.Int64(); ok {
		return strconv.FormatInt(n, 10)
	}
	c, scale, _ := v.Decimal()
	digits, negative := strings.CutPrefix(strconv.FormatInt(c, 10), "-")
	digits = strings.Repeat("0", max(scale+1-len(digits), 0)) + digits
	text := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if negative {
		return "-" + text
	}
	return text
}

// quote writes a text between double quotes; characters that cannot be seen are escaped.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
