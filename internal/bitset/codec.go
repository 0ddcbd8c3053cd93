package bitset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/kernel"
)

// ErrFormat is wrapped by the errors of [ReadSet] and [ReadRoaring], which say
// what is wrong where.
var ErrFormat = errors.New("bitset: malformed")

func malformed(at int, format string, args ...any) error {
	return fmt.Errorf("%w: byte %d: %s", ErrFormat, at, fmt.Sprintf(format, args...))
}

const bitmapBytes = kernel.Size * 8

// A shape is how a set is written: the smallest of the three kinds, as Roaring
// chooses.
type shape struct {
	kind kind
	runs int // number of runs
}

// shapeOf is the smallest shape of s, not runs on a tie.
func shapeOf(s Set) shape {
	h := shape{kind: arrayKind}
	if s.Len() > maxDense {
		h.kind = bitmapKind
	}
	limit := (h.bytes(s.Len()) - 3) >> 2 // the most runs that are smaller
	if runs := s.countRuns(limit); runs <= limit {
		return shape{runsKind, runs}
	}
	return h
}

// shapeAsKept is the smallest shape of s, but runs only if s is kept as runs.
func shapeAsKept(s Set) shape {
	switch {
	case s.kind == runsKind:
		return shape{runsKind, int(s.size) / 2}
	case s.Len() > maxDense:
		return shape{kind: bitmapKind}
	}
	return shape{kind: arrayKind}
}

// bytes is how many bytes appendMembers writes for n members.
func (h shape) bytes(n int) int {
	switch h.kind {
	case bitmapKind:
		return bitmapBytes
	case runsKind:
		return 2 + 4*h.runs
	}
	return 2 * n
}

// appendMembers writes the members of s in the given shape: positions; or words;
// or the number of runs, then first position and length-1 of each. All are
// little-endian.
func appendMembers(dst []byte, s Set, h shape) []byte {
	le := binary.LittleEndian
	at := len(dst)
	dst = slices.Grow(dst, h.bytes(s.Len()))[:at+h.bytes(s.Len())]
	out := dst[at:]
	switch h.kind {
	case bitmapKind:
		w := s.Words()
		if w == nil {
			w = new(kernel.Words)
			s.Or(w)
		}
		put(out, w[:])
	case runsKind:
		le.PutUint16(out, uint16(h.runs))
		out = out[2:]
		if s.kind == runsKind {
			for list := s.list(); len(list) >= 2 && len(out) >= 4; list, out = list[2:], out[4:] {
				le.PutUint16(out, list[0])
				le.PutUint16(out[2:], list[1]-list[0])
			}
			break
		}
		for first, last := range s.runs() {
			le.PutUint16(out, uint16(first))
			le.PutUint16(out[2:], uint16(last-first))
			out = out[4:]
		}
	default:
		if s.kind == arrayKind {
			put(out, s.list())
			break
		}
		buf := listBuffers.Get().(*listBuffer)
		defer listBuffers.Put(buf)
		put(out, s.Positions(buf[:]))
	}
	return dst
}

// AppendSet writes s in a compact form: a byte for the kind; for an array its
// number of members, then the members; for a bitmap its 1,024 words; for runs
// their number, then first position and length-1 of each. Numbers are 2 bytes,
// words 8, little-endian. The kind is the smallest; equal sets have equal bytes.
func AppendSet(dst []byte, s Set) []byte {
	s = s.flat()
	h := shapeOf(s)
	dst = append(dst, byte(h.kind))
	if h.kind == arrayKind {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s.Len()))
	}
	return appendMembers(dst, s, h)
}

// ReadSet reads a set that [AppendSet] has written from the start of data, and
// returns how many bytes it took; the kind need not be the smallest. For dense see
// [Of]; data is not kept. What is malformed gives an error that wraps [ErrFormat].
func ReadSet(data []byte, dense int) (s Set, n int, err error) {
	if len(data) == 0 {
		return Set{}, 0, malformed(0, "cut short")
	}
	r := reader{data: data, at: 1, container: -1, dense: dense}
	switch kind := kind(data[0]); kind {
	case arrayKind:
		count := int(r.uint16())
		if count > maxDense {
			r.fail("an array of %d positions", count)
		}
		s = r.positions(count)
	case bitmapKind:
		s = r.bitmap()
	case runsKind:
		s = r.runs()
	default:
		return Set{}, 0, malformed(0, "kind %d", kind)
	}
	if r.err != nil {
		return Set{}, 0, r.err
	}
	return s, r.at, nil
}
