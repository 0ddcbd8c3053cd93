package segment

import (
	"fmt"
	"unicode/utf8"
)

// The limits of a rule. What lies beyond is a *RuleError that wraps ErrLimit.
const (
	MaxRuleBytes  = 1 << 20 // of text or JSON
	MaxRuleDepth  = 100     // parts within parts: a condition alone is 1, not around it 2
	MaxRuleNodes  = 10_000  // parts; one that is used twice counts twice
	MaxRuleValues = 100_000 // values and labels that conditions compare with
)

var (
	limitBytes  = fmt.Sprintf("is longer than %d bytes", MaxRuleBytes)
	limitDepth  = fmt.Sprintf("parts are more than %d deep in each other", MaxRuleDepth)
	limitNodes  = fmt.Sprintf("there are more than %d parts", MaxRuleNodes)
	limitValues = fmt.Sprintf("there are more than %d values", MaxRuleValues)
	limitJSON   = fmt.Sprintf("JSON has more than %d values", maxJSONValues)
)

// check returns the first thing that is wrong with a rule by itself, whatever the catalogue, or nil. A rule without
// fault keeps the limits, so that functions that call themselves may follow.
func (n *node) check() *RuleError {
	var c checker
	return c.check(n, 1)
}

type checker struct{ nodes, values int }

func (c *checker) check(n *node, depth int) *RuleError {
	c.nodes++
	c.values += len(n.values)
	switch {
	case depth > MaxRuleDepth:
		return n.limit(limitDepth)
	case c.nodes > MaxRuleNodes:
		return n.limit(limitNodes)
	case c.values > MaxRuleValues:
		return n.limit(limitValues)
	}
	if reason := n.reason(); reason != "" {
		return n.refuse(reason)
	}
	for _, k := range n.kids {
		if err := c.check(k, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// reason says what is wrong with n, apart from its kids; "" is nothing.
func (n *node) reason() string {
	if n.fault != "" {
		return n.fault
	}
	switch n.op {
	case opAll, opAny, opNot, opAtLeast:
	case opSample:
		if !utf8.ValidString(n.name) {
			return "salt of a sample is not UTF-8"
		}
	case opInSet, opSegment:
		if !validName(n.name) {
			return "name of a set or a segment must be " + nameRule
		}
	case opCompareTags:
		if !validName(n.other) {
			return "second tag must be " + nameRule
		}
		fallthrough
	default:
		if !validName(n.tag) {
			return "name of a tag must be " + nameRule
		}
	}
	for _, l := range n.values {
		if text, ok := l.value.Text(); ok && !utf8.ValidString(text) {
			return "text is not UTF-8"
		}
	}
	return ""
}

const faultNegative = "number of rules must not be negative"

const nameRule = "1 to 128 bytes of UTF-8 without control characters and backquotes"

// refuse returns the error that says why n cannot be used.
func (n *node) refuse(reason string) *RuleError {
	e := &RuleError{Line: n.line, Column: n.column, Reason: reason}
	if validName(n.tag) {
		e.Tag = n.tag
	}
	return e
}

func (n *node) limit(reason string) *RuleError {
	return &RuleError{Line: n.line, Column: n.column, Reason: reason, Err: ErrLimit}
}
