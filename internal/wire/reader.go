package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// A Reader takes the items of a value one after the other. After the first
// fault, which Close returns, it yields zero values. Not safe for concurrent use.
type Reader struct {
	kind    []byte
	version uint64
	data    []byte
	texts   string // a copy of data that texts share; "": each has memory of its own
	at      int
	err     error
}

// Read begins to read a value, which must not change meanwhile. Faults of the
// head come from Close.
func Read(data []byte) *Reader {
	r := &Reader{data: data}
	r.begin()
	return r
}

func (r *Reader) begin() {
	r.kind = r.text()
	r.version = r.Uint()
}

// Share makes all texts from here on share one copy of the value: that is quicker where
// there are many, and keeps the copy while any of them is kept.
func (r *Reader) Share() { r.texts = string(r.data) }

// Kind is the kind of the value, "" after a fault.
func (r *Reader) Kind() string { return string(r.kind) }

// Version is the version of the format, 0 after a fault.
func (r *Reader) Version() uint64 { return r.version }

// Expect makes it a fault if the value is of another kind or of a newer version.
func (r *Reader) Expect(kind string, newest uint64) {
	switch {
	case r.err != nil:
	case string(r.kind) != kind:
		r.fail("not of kind %s", kind)
	case r.version == 0 || r.version > newest:
		r.fail("%s of version %d, known up to %d", kind, r.version, newest)
	}
}

// Close returns the first fault, wrapping ErrCorrupt. Items left over are one.
func (r *Reader) Close() error {
	if r.err == nil && r.at != len(r.data) {
		r.fail("items left over")
	}
	return r.err
}

// More tells whether there are items left.
func (r *Reader) More() bool { return r.err == nil && r.at < len(r.data) }

func (r *Reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: byte %d: %s", ErrCorrupt, r.at, fmt.Sprintf(format, args...))
	}
}

// take returns the next n bytes.
func (r *Reader) take(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.data)-r.at) {
		r.fail("cut short")
		return nil
	}
	b := r.data[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return b
}

// peek is the next byte; it is a fault if there is none.
func (r *Reader) peek() byte {
	if r.err == nil && r.at == len(r.data) {
		r.fail("cut short")
	}
	if r.err != nil {
		return 0
	}
	return r.data[r.at]
}

// head reads the head of an item of the given major type.
func (r *Reader) head(major byte, name string) uint64 {
	first := r.peek()
	if r.err == nil && first>>5 != major {
		r.fail("not %s", name)
	}
	if r.err != nil {
		return 0
	}
	r.at++
	short := uint64(first & 31)
	if short < 24 {
		return short
	}
	if short > 27 {
		r.fail("unknown length")
		return 0
	}
	size := uint64(1) << (short - 24)
	n := uint64(0)
	for _, b := range r.take(size) {
		n = n<<8 | uint64(b)
	}
	least := [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}[short-24]
	if r.err == nil && n < least {
		r.fail("longer than need be")
	}
	if r.err != nil {
		return 0
	}
	return n
}

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 { return r.head(majorUint, "an unsigned integer") }

// Int reads a signed integer.
func (r *Reader) Int() int64 {
	negative := r.peek()>>5 == majorNeg
	major := byte(majorUint)
	if negative {
		major = majorNeg
	}
	n := r.head(major, "an integer")
	if n > math.MaxInt64 {
		r.fail("out of the range of 64 bits")
		return 0
	}
	if negative {
		return ^int64(n)
	}
	return int64(n)
}

// Float reads a float.
func (r *Reader) Float() float64 {
	if r.peek() != floatByte {
		r.fail("not a float")
		return 0
	}
	b := r.take(9)
	if b == nil {
		return 0
	}
	bits := binary.BigEndian.Uint64(b[1:])
	v := math.Float64frombits(bits)
	if v != v && bits != canonicalNaN { //nolint:staticcheck // a NaN
		r.fail("an unusual NaN")
		return 0
	}
	return v
}

// Bool reads a truth value.
func (r *Reader) Bool() bool {
	b := r.peek()
	if b != trueByte && b != falseByte {
		r.fail("not a truth value")
	}
	r.take(1)
	return r.err == nil && b == trueByte
}

// Null reads the absence of an item if it is next, and tells whether it was.
func (r *Reader) Null() bool {
	if r.err != nil || r.peek() != nullByte {
		return false
	}
	r.at++
	return true
}

// Bytes reads a byte string; it shares memory with the value. It is nil only after a fault.
func (r *Reader) Bytes() []byte { return r.take(r.head(majorBytes, "a byte string")) }

// Text reads a text.
func (r *Reader) Text() string {
	b := r.text()
	if r.texts != "" {
		return r.texts[r.at-len(b) : r.at]
	}
	return string(b)
}

// TextLike is Text for a text that is likely to be like: where it is, that is returned.
func (r *Reader) TextLike(like string) string {
	if b := r.text(); string(b) != like {
		return string(b)
	}
	return like
}

// text reads a text, which shares memory with the value.
func (r *Reader) text() []byte {
	start := r.at
	b := r.take(r.head(majorText, "a text"))
	if !utf8.Valid(b) {
		r.at = start
		r.fail("not UTF-8")
		return nil
	}
	return b
}

// List reads the head of a list and returns its number of items, each of which
// has at least one byte in what is left: it is safe to make room for them.
func (r *Reader) List() int {
	n := r.head(majorList, "a list")
	if n > uint64(len(r.data)-r.at) {
		r.fail("cut short")
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Time reads an instant, in UTC.
func (r *Reader) Time() time.Time {
	if r.List() != 2 {
		r.fail("not a time")
		return time.Time{}
	}
	seconds, nanos := r.Int(), r.Uint()
	if nanos >= 1e9 {
		r.fail("not a time")
	}
	if r.err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

// Item reads whatever is next: uint64, int64 where negative, float64, bool, nil,
// []byte, string or []any.
func (r *Reader) Item() any { return r.item(0) }

func (r *Reader) item(depth int) any {
	first := r.peek()
	if r.err != nil {
		return nil
	}
	switch first >> 5 {
	case majorUint:
		return r.Uint()
	case majorNeg:
		return r.Int()
	case majorBytes:
		return r.Bytes()
	case majorText:
		return r.Text()
	case majorList:
		if depth == maxDepth {
			r.fail("lists nest too deep")
			return nil
		}
		list := make([]any, r.List())
		for i := range list {
			list[i] = r.item(depth + 1)
		}
		return list
	}
	switch first {
	case floatByte:
		return r.Float()
	case trueByte, falseByte:
		return r.Bool()
	case nullByte:
		r.Null()
		return nil
	}
	r.fail("unknown item")
	return nil
}
