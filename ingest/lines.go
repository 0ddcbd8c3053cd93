package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"
)

// lineReader cuts a stream into records: a line each, or as many lines as it takes to
// close the quotes. Its window holds the record at hand, so memory is bounded by a few
// times the longest record. It is not safe for concurrent use.
//
// A line ends a record exactly if the number of quotes so far is even. Where that finds
// no end, or the text between turns out badly quoted or not to be a record, only the
// first line is given up and reading goes on with the second. This costs at most a second look at each line:
// a scan past the first line began at one with an odd number of quotes and ends, at the
// latest, at the next such line.
type lineReader struct {
	r   io.Reader
	max int

	buf     []byte
	at, end int   // the window
	err     error // why the window cannot grow
	line    int64 // number of the line that begins at

	plain  bool // the whole window is ASCII without NUL
	quotes bool // the record at hand has quotes

	taken, takenLines int // what the record at hand covers of the window
	first             int // the end of its first line
}

const readSize = 64 << 10

var errLong = errors.New("ingest: record too long")

func newLineReader(r io.Reader, maxRecord int) *lineReader {
	return &lineReader{r: r, max: maxRecord, buf: make([]byte, 2*readSize), line: 1, plain: true}
}

// next returns the next record without its line end; it is valid until the next call.
// A fault means that there is a record but it cannot be had: for faultLong without
// its text. The error at the end is io.EOF.
func (l *lineReader) next(quoted bool) ([]byte, fault, error) {
	l.advance()
	total, odd := 0, false
	l.quotes = false
	for {
		end, err := l.lineEnd(total)
		if end == total && err == io.EOF {
			if total == 0 {
				return nil, 0, io.EOF
			}
			return l.give(faultOpenQuote)
		}
		if err == errLong && total > 0 {
			return l.give(faultOpenQuote)
		}
		if err == errLong {
			return nil, faultLong, l.discard(end)
		}
		if err != nil && err != io.EOF {
			return nil, 0, err
		}
		line := l.buf[l.at+total : l.at+end]
		if quoted {
			n := bytes.Count(line, quote)
			l.quotes = l.quotes || n > 0
			odd = odd != (n&1 == 1)
		}
		l.taken, l.takenLines, total = end, l.takenLines+1, end
		if l.takenLines == 1 {
			l.first = end
		}
		if odd {
			continue
		}
		raw := trimEnd(l.buf[l.at : l.at+total])
		if len(raw) <= l.max {
			return raw, 0, nil
		}
		if l.takenLines == 1 {
			return nil, faultLong, nil
		}
		return l.give(faultOpenQuote)
	}
}

var quote = []byte{'"'}

// give gives up all but the first line of the record at hand.
func (l *lineReader) give(f fault) ([]byte, fault, error) {
	l.taken, l.takenLines = l.first, 1
	return trimEnd(l.buf[l.at : l.at+l.first]), f, nil
}

func (l *lineReader) advance() {
	l.at += l.taken
	l.line += int64(l.takenLines)
	l.taken, l.takenLines = 0, 0
}

func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

// lineEnd returns the offset behind the line that begins at offset from of the window.
// With io.EOF the line has no line end; with errLong the window up to the offset is
// longer than a record may be.
func (l *lineReader) lineEnd(from int) (int, error) {
	for seen := from; ; {
		if i := bytes.IndexByte(l.buf[l.at+seen:l.end], '\n'); i >= 0 {
			return seen + i + 1, nil
		}
		seen = l.end - l.at
		if seen-len("\r\n") > l.max {
			return seen, errLong
		}
		if l.err != nil {
			return seen, l.err
		}
		l.fill()
	}
}

// discard drops the line at hand, whose first n bytes hold no line end.
func (l *lineReader) discard(n int) error {
	for {
		l.at += n
		if i := bytes.IndexByte(l.buf[l.at:l.end], '\n'); i >= 0 {
			l.taken, l.takenLines = i+1, 1
			return nil
		}
		if n = l.end - l.at; n > 0 {
			continue
		}
		if l.err == io.EOF {
			l.takenLines = 1
			return nil
		}
		if l.err != nil {
			return l.err
		}
		l.fill()
	}
}

// fill adds to the window, moving it or making room first.
func (l *lineReader) fill() {
	if l.end == len(l.buf) {
		to := l.buf
		if l.at < len(l.buf)/2 {
			to = make([]byte, 2*len(l.buf))
		}
		l.end = copy(to, l.buf[l.at:l.end])
		l.buf, l.at = to, 0
	}
	for range 100 {
		n, err := l.r.Read(l.buf[l.end:])
		l.plain = (l.plain || isPlain(l.buf[l.at:l.end])) && isPlain(l.buf[l.end:l.end+n])
		l.end += n
		l.err = err
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

// isPlain reports whether text is ASCII without NUL, eight bytes at a time: x - 0x01…
// has the high bit of every byte that is NUL or, by borrowing, of some behind one.
func isPlain(text []byte) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		if x := binary.LittleEndian.Uint64(text); (x|(x-low))&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// skipMark skips a byte order mark.
func (l *lineReader) skipMark() {
	const mark = "\xef\xbb\xbf"
	for l.end < len(mark) && l.err == nil {
		l.fill()
	}
	if bytes.HasPrefix(l.buf[:l.end], []byte(mark)) {
		l.at = len(mark)
	}
}

// firstByte returns the first byte that is not white space, without taking it.
func (l *lineReader) firstByte() (byte, error) {
	for seen := 0; ; {
		if rest := bytes.TrimLeft(l.buf[l.at+seen:l.end], " \t\r\n"); len(rest) > 0 {
			return rest[0], nil
		}
		if seen = l.end - l.at; seen > l.max {
			return 0, errLong
		}
		if l.err != nil {
			return 0, l.err
		}
		l.fill()
	}
}
