package ingest

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// What a caller can act on. Errors of a read wrap one of the others, or the error of
// the operating system, in an [*Error]; use errors.Is.
var (
	// ErrOptions is wrapped by every fault of schemas, rules and options, and of sources
	// that cannot be opened as they are declared.
	ErrOptions = errors.New("ingest: invalid options")
	// ErrEmpty: a source holds no bytes, or all sources together no record.
	ErrEmpty = errors.New("ingest: no records")
	// ErrColumn: the header lacks a declared column or names one twice, or there is no header.
	ErrColumn = errors.New("ingest: columns do not match the schema")
	// ErrMalformed: a record cannot be split or decoded and Options.FailMalformed is
	// set, or a whole source is not text at all.
	ErrMalformed = errors.New("ingest: malformed input")
	// ErrRejected: a record failed a rule declared to end the read.
	ErrRejected = errors.New("ingest: record rejected")
	// ErrTooLarge: a limit of Options was passed: bytes, compression ratio, header length or key memory.
	ErrTooLarge = errors.New("ingest: limit passed")
	// ErrTruncated: compressed input ends early. What came before it was delivered.
	ErrTruncated = errors.New("ingest: input ends early")
	// ErrCorrupt: compressed input is damaged or followed by something else.
	ErrCorrupt = errors.New("ingest: compressed input is damaged")
	// ErrUsed: Records or ReadAll was called a second time.
	ErrUsed = errors.New("ingest: the reader has been used")
	// ErrSyntax: a text is not a decimal number.
	ErrSyntax = errors.New("ingest: not a decimal number")
	// ErrOverflow: a decimal needs more digits than a Decimal or an int64 holds.
	ErrOverflow = errors.New("ingest: decimal out of range")
)

// Error says where a read went wrong. Its text names source, line and field and
// never shows a value. An Error is safe for concurrent reads.
type Error struct {
	Source string // name of the source, empty where the fault is not in one
	Line   int64  // line on which the record begins, counted from 1; 0: the source as a whole
	Field  string // declared name of the field, empty for a whole record
	Reason string // what is wrong
	Err    error  // what to test with errors.Is
}

// Error is one sentence: source, line, field and reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("ingest: ")
	if e.Source != "" {
		b.WriteString(printable(e.Source))
		b.WriteString(": ")
	}
	if e.Line > 0 {
		b.WriteString("line ")
		b.WriteString(strconv.FormatInt(e.Line, 10))
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString("field ")
		b.WriteString(printable(e.Field))
		b.WriteString(": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// sourceError wraps an error of opening or reading a source, naming it once.
func sourceError(source string, line int64, verb string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Source: source, Line: line, Field: e.Field, Reason: e.Reason, Err: e.Err}
	}
	text := err.Error()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		text = pe.Err.Error()
	}
	return &Error{Source: source, Line: line, Reason: verb + ": " + text, Err: err}
}

// printable is a name as it is, or quoted if that does not show what it is.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}
