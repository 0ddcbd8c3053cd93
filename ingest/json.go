package ingest

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonSplitter takes a line of JSON apart: one flat object whose values go to the
// fields declared. Values of other keys are checked and skipped. It is not safe for
// concurrent use.
type jsonSplitter struct {
	keys    map[string][]int // folded key to fields
	seen    map[string][]int // key as written to fields, bounded
	cells   []cell
	scratch []byte

	text []byte // the line
	at   int    // where in it
}

// cell is the text of one field of a record.
type cell struct {
	text   []byte
	number bool // a JSON number: marks are those of JSON
	there  bool
	nested bool
}

const (
	maxJSONDepth = 64
	maxSeenKeys  = 1024
)

func newJSONSplitter(fields int) *jsonSplitter {
	return &jsonSplitter{keys: make(map[string][]int), seen: make(map[string][]int), cells: make([]cell, fields)}
}

// split returns the cells of the declared fields, valid until the next call and as
// long as line. A fault that concerns one field says which, else the field is -1.
func (j *jsonSplitter) split(line []byte) ([]cell, fault, int) {
	clear(j.cells)
	j.scratch, j.text, j.at = j.scratch[:0], line, 0
	f, field := j.object()
	if f == 0 && j.space() < len(line) {
		f, field = faultJSON, -1
	}
	return j.cells, f, field
}

func (j *jsonSplitter) object() (bad fault, field int) {
	if !j.take('{') {
		return faultJSON, -1
	}
	if j.take('}') {
		return 0, -1
	}
	field = -1
	for {
		key, ok := j.key()
		if !ok || !j.take(':') {
			return faultJSON, -1
		}
		fields := j.fieldsOf(key)
		value, ok := j.value()
		if !ok {
			return faultJSON, -1
		}
		for _, i := range fields {
			c := &j.cells[i]
			switch {
			case bad != 0:
			case c.there:
				bad, field = faultRepeated, i
			case value.nested:
				bad, field = faultNested, i
			}
			*c = value
		}
		if j.take('}') {
			return bad, field
		}
		if !j.take(',') {
			return faultJSON, -1
		}
	}
}

func (j *jsonSplitter) key() ([]byte, bool) {
	if j.space(); j.at == len(j.text) || j.text[j.at] != '"' {
		return nil, false
	}
	return j.str()
}

func (j *jsonSplitter) fieldsOf(key []byte) []int {
	fields, ok := j.seen[string(key)]
	if !ok {
		fields = j.keys[foldName(string(key))]
		if len(j.seen) < maxSeenKeys && len(key) < 256 {
			j.seen[string(key)] = fields
		}
	}
	return fields
}

// space skips white space and returns the offset.
func (j *jsonSplitter) space() int {
	for j.at < len(j.text) {
		switch j.text[j.at] {
		case ' ', '\t', '\r', '\n':
			j.at++
		default:
			return j.at
		}
	}
	return j.at
}

func (j *jsonSplitter) take(c byte) bool {
	if j.space(); j.at < len(j.text) && j.text[j.at] == c {
		j.at++
		return true
	}
	return false
}

func (j *jsonSplitter) value() (cell, bool) {
	start := j.space()
	if start == len(j.text) {
		return cell{}, false
	}
	switch c := j.text[start]; {
	case c == '"':
		text, ok := j.str()
		return cell{text: text, there: true}, ok
	case c == '{' || c == '[':
		return cell{there: true, nested: true}, j.skip(1)
	case c == '-' || c-'0' <= 9:
		ok := j.number()
		return cell{text: j.text[start:j.at], there: true, number: true}, ok
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(j.text[start:], []byte(word)) {
			j.at += len(word)
			c := cell{text: j.text[start:j.at], there: true}
			if word == "null" {
				c.text = nil
			}
			return c, true
		}
	}
	return cell{}, false
}

// skip checks and skips an array or object.
func (j *jsonSplitter) skip(depth int) bool {
	if depth > maxJSONDepth {
		return false
	}
	open := j.text[j.at]
	j.at++
	end := open + 2 // ']' for '[', '}' for '{'
	if j.take(end) {
		return true
	}
	for {
		if open == '{' {
			if _, ok := j.key(); !ok || !j.take(':') {
				return false
			}
		}
		if at := j.space(); at < len(j.text) && (j.text[at] == '{' || j.text[at] == '[') {
			if !j.skip(depth + 1) {
				return false
			}
		} else if _, ok := j.value(); !ok {
			return false
		}
		if j.take(end) {
			return true
		}
		if !j.take(',') {
			return false
		}
	}
}

func (j *jsonSplitter) digits() bool {
	start := j.at
	for j.at < len(j.text) && j.text[j.at]-'0' <= 9 {
		j.at++
	}
	return j.at > start
}

func (j *jsonSplitter) number() bool {
	next := func(set string) bool {
		if j.at < len(j.text) && bytes.IndexByte([]byte(set), j.text[j.at]) >= 0 {
			j.at++
			return true
		}
		return false
	}
	next("-")
	if !next("0") && !j.digits() {
		return false
	}
	if next(".") && !j.digits() {
		return false
	}
	if next("eE") {
		next("+-")
		return j.digits()
	}
	return true
}

// str reads the string that begins here.
func (j *jsonSplitter) str() ([]byte, bool) {
	j.at++
	start := j.at
	for ; j.at < len(j.text); j.at++ {
		switch c := j.text[j.at]; {
		case c == '"':
			j.at++
			return j.text[start : j.at-1], true
		case c == '\\':
			return j.unescape(start)
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// unescape goes on with a string that began at start, from its first backslash.
func (j *jsonSplitter) unescape(start int) ([]byte, bool) {
	from := len(j.scratch)
	j.scratch = append(j.scratch, j.text[start:j.at]...)
	for j.at < len(j.text) {
		c := j.text[j.at]
		j.at++
		switch {
		case c == '"':
			return j.scratch[from:], true
		case c < ' ':
			return nil, false
		case c != '\\':
			j.scratch = append(j.scratch, c)
		case j.at == len(j.text):
			return nil, false
		default:
			e := j.text[j.at]
			j.at++
			if e == 'u' {
				r, ok := j.escapedRune()
				if !ok {
					return nil, false
				}
				j.scratch = utf8.AppendRune(j.scratch, r)
				continue
			}
			i := bytes.IndexByte([]byte(`"\/bfnrt`), e)
			if i < 0 {
				return nil, false
			}
			j.scratch = append(j.scratch, "\"\\/\b\f\n\r\t"[i])
		}
	}
	return nil, false
}

// escapedRune reads the digits of \u, and the second half of a pair. Halves without
// their other and NUL are refused.
func (j *jsonSplitter) escapedRune() (rune, bool) {
	r, ok := j.hex()
	if ok && utf16.IsSurrogate(r) {
		if !bytes.HasPrefix(j.text[j.at:], []byte(`\u`)) {
			return 0, false
		}
		j.at += 2
		var low rune
		if low, ok = j.hex(); ok {
			r = utf16.DecodeRune(r, low)
			ok = r != utf8.RuneError
		}
	}
	return r, ok && r != 0
}

func (j *jsonSplitter) hex() (rune, bool) {
	if j.at+4 > len(j.text) {
		return 0, false
	}
	for _, c := range j.text[j.at : j.at+4] {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(j.text[j.at:j.at+4]), 16, 32)
	j.at += 4
	return rune(n), err == nil
}
