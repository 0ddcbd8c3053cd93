package segment

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrRule is wrapped by every *RuleError.
	ErrRule = errors.New("segment: rule cannot be used")
	// ErrLimit is wrapped by errors that say that a rule, a text or an answer is larger than allowed.
	ErrLimit = errors.New("segment: too large")
	// ErrLookup is wrapped where a rule names a set or a segment and the question brings nothing to find it with, or it is
	// not found.
	ErrLookup = errors.New("segment: set or segment not found")
)

// RuleError says what is wrong with a rule and where. It wraps ErrRule, and Err where that is not nil. Safe for
// concurrent reads.
type RuleError struct {
	Line, Column int    // place in the text, in lines and characters from 1; 0 if the rule was not text
	Tag          string // the tag in question, or ""
	Reason       string // what is wrong
	Suggestion   string // the nearest name that exists, or ""
	Err          error  // ErrLimit, ErrLookup, the error of a lookup, or nil
}

// Error returns the sentence.
func (e *RuleError) Error() string {
	var b strings.Builder
	b.WriteString("segment: rule")
	if e.Line > 0 {
		fmt.Fprintf(&b, " %d:%d", e.Line, e.Column)
	}
	if e.Tag != "" {
		fmt.Fprintf(&b, ": tag %q", e.Tag)
	}
	b.WriteString(": " + e.Reason)
	if e.Suggestion != "" {
		fmt.Fprintf(&b, "; did you mean %q?", e.Suggestion)
	}
	return b.String()
}

// Unwrap returns ErrRule and Err.
func (e *RuleError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrRule}
	}
	return []error{ErrRule, e.Err}
}
