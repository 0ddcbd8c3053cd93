package ingest

import "bytes"

// The reading of CSV is that of encoding/csv, to which it is compared by a fuzz test,
// with three differences that encoding/csv does not allow: a record is bounded in
// size before it is in memory, reading goes on after a bad quote with the very next
// line, and fields are bytes, so that only what is kept becomes a string.

// csvSplitter splits records into fields. It is not safe for concurrent use.
type csvSplitter struct {
	comma   byte
	fields  [][]byte
	scratch []byte // fields that had doubled quotes or line ends in them
}

// split returns the fields of a record without its line end, given whether there are
// quotes in it; they are valid until the next call and as long as raw.
func (s *csvSplitter) split(raw []byte, quotes bool) ([][]byte, fault) {
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	if quotes {
		return s.fields, s.splitQuoted(raw)
	}
	for {
		i := bytes.IndexByte(raw, s.comma)
		if i < 0 {
			s.fields = append(s.fields, raw)
			return s.fields, 0
		}
		s.fields = append(s.fields, raw[:i])
		raw = raw[i+1:]
	}
}

func (s *csvSplitter) splitQuoted(raw []byte) fault {
	for {
		if len(raw) == 0 || raw[0] != '"' {
			i := bytes.IndexByte(raw, s.comma)
			field := raw
			if i >= 0 {
				field = raw[:i]
			}
			if bytes.IndexByte(field, '"') >= 0 {
				return faultBareQuote
			}
			s.fields = append(s.fields, field)
			if i < 0 {
				return 0
			}
			raw = raw[i+1:]
			continue
		}
		n, plain := quotedEnd(raw)
		if n < 0 {
			return faultOpenQuote
		}
		field := raw[1:n]
		if !plain {
			field = s.unquote(field)
		}
		s.fields = append(s.fields, field)
		if raw = raw[n+1:]; len(raw) == 0 {
			return 0
		}
		if raw[0] != s.comma {
			return faultBareQuote
		}
		raw = raw[1:]
	}
}

// quotedEnd returns the offset of the quote that closes the one raw begins with, or -1,
// and whether what is between stands for itself.
func quotedEnd(raw []byte) (n int, plain bool) {
	plain = true
	for n = 1; ; n += 2 {
		i := bytes.IndexByte(raw[n:], '"')
		if i < 0 {
			return -1, false
		}
		plain = plain && bytes.IndexByte(raw[n:n+i], '\n') < 0
		n += i
		if n+1 == len(raw) || raw[n+1] != '"' {
			return n, plain
		}
		plain = false
	}
}

// unquote copies a quoted field with doubled quotes made single and line ends made \n.
func (s *csvSplitter) unquote(field []byte) []byte {
	start := len(s.scratch)
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '"' || c == '\r' && i+1 < len(field) && field[i+1] == '\n' {
			i++
			c = field[i]
		}
		s.scratch = append(s.scratch, c)
	}
	return s.scratch[start:]
}
