// Package wire is the one encoding of stored values.
//
// A value is a CBOR sequence (RFC 8742): a text, the kind of the value; an
// unsigned integer, the version of its format; then the items of that kind and
// version. Items are a subset of CBOR (RFC 8949), written in one way only: heads
// are as short as can be, lengths are stated, floats have 64 bits and NaN one
// form, texts are UTF-8, lists nest at most 16 deep, there are no maps and tags.
// So equal values have equal bytes, and any CBOR reader shows what is stored.
package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// ErrCorrupt is wrapped by all errors of reading. Its text is that of package
// store, which hands it on.
var ErrCorrupt = errors.New("store: corrupt")

// The major types of CBOR that are used.
const (
	majorUint  = 0
	majorNeg   = 1
	majorBytes = 2
	majorText  = 3
	majorList  = 4
)

// The items of major type 7 that are used.
const (
	falseByte = 0xf4
	trueByte  = 0xf5
	nullByte  = 0xf6
	floatByte = 0xfb
)

const (
	canonicalNaN = 0x7ff8000000000000
	maxDepth     = 16
)

// A Writer appends items to a value. Not safe for concurrent use.
type Writer struct{ buf []byte }

// New begins a value of the given kind and format version.
func New(kind string, version uint64) *Writer { return Sized(kind, version, 64) }

// Sized is New for a value of about n bytes.
func Sized(kind string, version uint64, n int) *Writer {
	w := &Writer{buf: make([]byte, 0, n)}
	w.begin(kind, version)
	return w
}

// Append begins a value behind what is in to, into whose room it writes.
func Append(to []byte, kind string, version uint64) *Writer {
	w := &Writer{buf: to}
	w.begin(kind, version)
	return w
}

// Onto goes on with a value, of which data is what has been written so far. It writes into
// the room behind data.
func Onto(data []byte) *Writer { return &Writer{buf: data} }

func (w *Writer) begin(kind string, version uint64) {
	w.Text(kind)
	w.Uint(version)
}

// Data returns what has been written; it shares memory with w.
func (w *Writer) Data() []byte { return w.buf }

// Reset has w begin anew, without kind and version, in the memory of what has been written.
func (w *Writer) Reset() { w.buf = w.buf[:0] }

// head writes a major type with its argument.
func (w *Writer) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		w.buf = append(w.buf, major|byte(n))
	case n <= math.MaxUint8:
		w.buf = append(w.buf, major|24, byte(n))
	case n <= math.MaxUint16:
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, major|25), uint16(n))
	case n <= math.MaxUint32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, major|26), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, major|27), n)
	}
}

// Uint writes an unsigned integer.
func (w *Writer) Uint(v uint64) { w.head(majorUint, v) }

// Int writes a signed integer; one that is not negative reads as unsigned too.
func (w *Writer) Int(v int64) {
	if v < 0 {
		w.head(majorNeg, ^uint64(v))
		return
	}
	w.head(majorUint, uint64(v))
}

// Float writes a float of 64 bits. All NaN are one.
func (w *Writer) Float(v float64) {
	bits := math.Float64bits(v)
	if v != v { //nolint:staticcheck // a NaN
		bits = canonicalNaN
	}
	w.buf = binary.BigEndian.AppendUint64(append(w.buf, floatByte), bits)
}

// Bool writes a truth value.
func (w *Writer) Bool(v bool) {
	if v {
		w.buf = append(w.buf, trueByte)
		return
	}
	w.buf = append(w.buf, falseByte)
}

// Null writes the absence of an item.
func (w *Writer) Null() { w.buf = append(w.buf, nullByte) }

// Bytes writes a byte string.
func (w *Writer) Bytes(v []byte) {
	w.head(majorBytes, uint64(len(v)))
	w.buf = append(w.buf, v...)
}

// Text writes a text, which must be UTF-8: reading another fails.
func (w *Writer) Text(v string) {
	w.head(majorText, uint64(len(v)))
	w.buf = append(w.buf, v...)
}

// List writes the head of a list, whose n items follow.
func (w *Writer) List(n int) { w.head(majorList, uint64(n)) }

// Time writes an instant as a list of unix seconds and nanoseconds; its
// location is not kept.
func (w *Writer) Time(t time.Time) {
	w.List(2)
	w.Int(t.Unix())
	w.Uint(uint64(t.Nanosecond()))
}
