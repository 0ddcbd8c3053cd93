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
	// ErrOptions is wrapped by faults of options, but for those of the tags and definitions in them.
	ErrOptions = errors.New("segment: invalid options")
	// ErrUnknown is wrapped where a rule names a set or a segment and the question brings nothing to find it with, or it is
	// not found.
	ErrUnknown = errors.New("segment: set or segment not found")
	// ErrCycle is wrapped where segments refer to each other in a circle.
	ErrCycle = errors.New("segment: segments refer to each other")
	// ErrTag is wrapped by every *TagError.
	ErrTag = errors.New("segment: tag cannot be asked this")
	// ErrMoment is wrapped where a rule speaks of time and the question does not say at what moment, or in which location.
	ErrMoment = errors.New("segment: question lacks a moment or a location")
)

// RuleError says what is wrong with a rule and where. It wraps ErrRule, and Err where that is not nil. Safe for
// concurrent reads.
type RuleError struct {
	Line, Column int    // place in the text, in lines and characters from 1; 0 if the rule was not text
	Path         string // place in JSON, such as and[2].not.in[0]; "" if the rule was not JSON, or all of it is meant
	Tag          string // the tag in question, or ""
	Reason       string // what is wrong
	Suggestion   string // the nearest name that exists, or ""
	// Err is ErrLimit; ErrCycle; ErrUnknown; ErrForeignSet or ErrExpiredSet; what Query.Sets or the lookup of segments
	// returned; the *RuleError of the fault in the rule of a segment; or nil.
	Err error
}

// Error returns the sentence.
func (e *RuleError) Error() string {
	var b strings.Builder
	b.WriteString("segment: rule")
	if e.Line > 0 {
		fmt.Fprintf(&b, " %d:%d", e.Line, e.Column)
	}
	if e.Path != "" {
		b.WriteString(" " + e.Path)
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
