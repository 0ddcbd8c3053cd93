package boost

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// ubjToJSON returns the JSON of a UBJSON value; single precision stays what it is, and NaN and
// infinities are quoted.
func ubjToJSON(data []byte) ([]byte, error) {
	u := &ubj{rest: data, out: make([]byte, 0, 2*len(data))}
	if err := u.value(u.marker(), 0); err != nil {
		return nil, err
	}
	return u.out, nil
}

type ubj struct{ rest, out []byte }

var errUBJ = errors.New("boost: UBJSON is not whole")

// marker takes the next byte that is not a no-op; 0 is the end.
func (u *ubj) marker() byte {
	for len(u.rest) > 0 {
		c := u.rest[0]
		if u.rest = u.rest[1:]; c != 'N' {
			return c
		}
	}
	return 0
}

// peek tells the next marker.
func (u *ubj) peek() byte {
	rest := u.rest
	c := u.marker()
	if c != 0 {
		u.rest = rest
		for u.rest[0] == 'N' {
			u.rest = u.rest[1:]
		}
	}
	return c
}

// ubjSizes has the bytes of a number of a type.
var ubjSizes = [256]int{'i': 1, 'U': 1, 'I': 2, 'l': 4, 'L': 8, 'd': 4, 'D': 8}

// bits takes the bytes of a number of a type.
func (u *ubj) bits(kind byte) (bits uint64, err error) {
	n := ubjSizes[kind]
	if n == 0 || len(u.rest) < n {
		return 0, errUBJ
	}
	var word [8]byte
	copy(word[8-n:], u.rest)
	u.rest = u.rest[n:]
	return binary.BigEndian.Uint64(word[:]), nil
}

func ubjInteger(kind byte, bits uint64) int64 {
	switch kind {
	case 'i':
		return int64(int8(bits))
	case 'I':
		return int64(int16(bits))
	case 'l':
		return int64(int32(bits))
	}
	return int64(bits)
}

// length takes a length, which is at most that of the rest.
func (u *ubj) length() (int, error) {
	kind := u.marker()
	bits, err := u.bits(kind)
	if n := ubjInteger(kind, bits); err == nil && kind != 'd' && kind != 'D' && n >= 0 && n <= int64(len(u.rest)) {
		return int(n), nil
	}
	return 0, errUBJ
}

// text takes the length of a text and the text.
func (u *ubj) text() error {
	n, err := u.length()
	if err != nil {
		return err
	}
	text, err := json.Marshal(string(u.rest[:n]))
	u.out, u.rest = append(u.out, text...), u.rest[n:]
	return err
}

func (u *ubj) value(kind byte, depth int) error {
	if depth > 1000 {
		return errors.New("boost: UBJSON is too deep")
	}
	switch kind {
	case 'Z':
		u.out = append(u.out, "null"...)
	case 'T':
		u.out = append(u.out, "true"...)
	case 'F':
		u.out = append(u.out, "false"...)
	case 'S':
		return u.text()
	case '{':
		return u.object(depth)
	case '[':
		return u.array(depth)
	default:
		bits, err := u.bits(kind)
		if err != nil {
			return err
		}
		switch kind {
		case 'd':
			u.float(float64(math.Float32frombits(uint32(bits))), 32)
		case 'D':
			u.float(math.Float64frombits(bits), 64)
		default:
			u.out = strconv.AppendInt(u.out, ubjInteger(kind, bits), 10)
		}
	}
	return nil
}

func (u *ubj) float(x float64, size int) {
	if x-x == 0 {
		u.out = strconv.AppendFloat(u.out, x, 'g', -1, size)
	} else {
		u.out = append(strconv.AppendFloat(append(u.out, '"'), x, 'g', -1, size), '"')
	}
}

func (u *ubj) object(depth int) error {
	u.out = append(u.out, '{')
	for first := true; ; first = false {
		switch u.peek() {
		case '}':
			u.marker()
			u.out = append(u.out, '}')
			return nil
		case 0, '$', '#':
			return errUBJ
		}
		if !first {
			u.out = append(u.out, ',')
		}
		if err := u.text(); err != nil {
			return err
		}
		u.out = append(u.out, ':')
		if err := u.value(u.marker(), depth+1); err != nil {
			return err
		}
	}
}

// array takes an array: up to its end, or with a number of elements, that may be of one type.
func (u *ubj) array(depth int) error {
	var kind byte
	if u.peek() == '$' {
		u.marker()
		if kind = u.marker(); ubjSizes[kind] == 0 || u.peek() != '#' {
			return errUBJ
		}
	}
	count := -1
	if u.peek() == '#' {
		u.marker()
		n, err := u.length()
		if err != nil {
			return err
		}
		count = n
	}
	u.out = append(u.out, '[')
	for i := 0; i != count; i++ {
		if count < 0 && u.peek() == ']' {
			u.marker()
			break
		}
		if i > 0 {
			u.out = append(u.out, ',')
		}
		element := kind
		if kind == 0 {
			element = u.marker()
		}
		if err := u.value(element, depth+1); err != nil {
			return err
		}
	}
	u.out = append(u.out, ']')
	return nil
}
