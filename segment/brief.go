package segment

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

const (
	// maxListed is how many values, or conditions that became one, are shown of a list.
	maxListed = 20
	// maxShown is how many bytes are shown of a text, up to 3 less.
	maxShown = 200
)

// condition returns n if it is a condition, its inner one if it is one with not in its middle, else nil.
func (n *node) condition() *node {
	switch n.op {
	case opAll:
		return n.negated()
	case opAny, opNot, opAtLeast, opSegment:
		return nil
	}
	return n
}

// joint returns what joins the parts of n, which is no condition.
func joint(n *node) string {
	switch {
	case n.op == opNot:
		return "not"
	case n.op == opAtLeast:
		return "at least " + strconv.Itoa(n.k) + " of"
	case n.op == opSegment:
		return Rule{n}.String()
	case n.op == opAll && len(n.kids) == 0:
		return "everyone"
	case n.op == opAll:
		return "and"
	case len(n.kids) == 0:
		return "nobody"
	}
	return "or"
}

// brief returns a condition, or conditions that have become one, as text that does not grow with the values it names.
func brief(n *node) string {
	c := n.condition()
	if c == nil {
		var parts []string
		for _, k := range n.kids[:min(len(n.kids), maxListed)] {
			text := brief(k)
			if k.condition() == nil {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
		if more := len(n.kids) - maxListed; more > 0 {
			parts = append(parts, andMore(more))
		}
		return strings.Join(parts, " "+joint(n)+" ")
	}
	short := *c
	short.name = cut(c.name)
	short.values = make([]literal, min(len(c.values), maxListed))
	for i, l := range c.values[:len(short.values)] {
		if text, ok := l.value.Text(); ok {
			l.value = customer.TextValue(cut(text))
		}
		short.values[i] = l
	}
	shown := &short
	if c != n {
		shown = &node{op: opAll, kids: []*node{n.kids[0], {op: opNot, kids: []*node{shown}}}}
	}
	text := Rule{shown}.String()
	if more := len(c.values) - maxListed; more > 0 {
		text = strings.TrimSuffix(text, ")") + ", " + andMore(more) + ")"
	}
	return text
}

// cut returns a text that is not too long to be shown.
func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// andMore writes how many more there are, by thousands.
func andMore(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return "... " + digits + " more"
}
