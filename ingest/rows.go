package ingest

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// rows is an open source: its lines, and how they come apart.
type rows struct {
	name   string
	lines  *lineReader
	csv    *csvSplitter
	header []string
	index  []int // column of each field, -1: none
	json   *jsonSplitter

	// The record at hand.
	raw    []byte
	fields [][]byte // of CSV
	cells  []cell   // of JSON
}

// begin tells CSV from JSON lines and reads the header.
func (r *Reader[T]) begin(in *rows) error {
	first, err := in.lines.firstByte()
	empty := &Error{Source: in.name, Reason: "is empty", Err: ErrEmpty}
	switch {
	case err == io.EOF:
		return empty
	case err == errLong:
		return &Error{Source: in.name, Line: 1, Reason: "starts with too much white space", Err: ErrTooLarge}
	case err != nil:
		return sourceError(in.name, in.lines.line, "cannot be read", err)
	case first == '{' && r.opts.Columns == nil:
		in.json = newJSONSplitter(len(r.plan.fields))
		for i, f := range r.plan.fields {
			for _, name := range f.columns {
				in.json.keys[name] = append(in.json.keys[name], i)
			}
			f.counts.Column = f.names[0]
		}
		r.setAside.begin(nil)
		return nil
	}
	in.csv = &csvSplitter{comma: r.opts.Comma}
	in.header = r.opts.Columns
	line := int64(0)
	for in.header == nil {
		bad, _, err := in.next()
		line = in.lines.line
		switch {
		case err != nil:
			return sourceError(in.name, line, "cannot be read", err)
		case bad == faultLong:
			return &Error{Source: in.name, Line: line, Reason: "header too long", Err: ErrTooLarge}
		case bad != 0:
			return &Error{Source: in.name, Line: line, Reason: "header: " + faultReasons[bad], Err: ErrMalformed}
		}
		for _, name := range in.fields {
			in.header = append(in.header, string(name))
		}
	}
	if in.index, err = r.plan.match(in.name, line, in.header); err != nil {
		return err
	}
	for i, f := range r.plan.fields {
		if c := in.index[i]; c >= 0 {
			f.counts.Column = in.header[c]
		}
	}
	r.setAside.begin(in.header)
	return nil
}

// next takes the next record apart. Without fault and without fields or cells the line
// is blank.
func (in *rows) next() (bad fault, field int, err error) {
	in.fields, in.cells = nil, nil
	in.raw, bad, err = in.lines.next(in.csv != nil)
	if bad == faultOpenQuote {
		_, bad = in.csv.split(in.raw, true) // or another fault, on its first line
	}
	switch {
	case bad != 0 || err != nil:
		return bad, -1, err
	case len(in.raw) == 0 || in.json != nil && len(bytes.TrimSpace(in.raw)) == 0:
		return 0, -1, nil
	}
	if in.csv != nil {
		in.fields, bad = in.csv.split(in.raw, in.lines.quotes)
		if bad == 0 && in.header != nil && len(in.fields) != len(in.header) {
			bad = faultFields
		}
		if bad != 0 {
			in.raw, bad, err = in.lines.give(bad)
			in.fields = nil
			return bad, -1, err
		}
	}
	switch {
	case !in.lines.plain && !utf8.Valid(in.raw):
		return faultUTF8, -1, nil
	case !in.lines.plain && bytes.IndexByte(in.raw, 0) >= 0:
		return faultNUL, -1, nil
	case in.json != nil:
		in.cells, bad, field = in.json.split(in.raw)
		return bad, field, nil
	}
	return 0, -1, nil
}

// absent finds a key that must be there and is not.
func (r *Reader[T]) absent(cells []cell) (fault, int) {
	for i, f := range r.plan.fields {
		if !cells[i].there && !f.optional && !f.requires {
			return faultAbsent, i
		}
	}
	return 0, -1
}
