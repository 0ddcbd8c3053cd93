package subject

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/clientele-go/clientele/store"
)

// goesOn tells whether the value is a part of one that the index of segments has cut, but the first.
func (k *kept) goesOn() bool {
	const under, names = "segment/k/", 24 // term, generation, number, part
	at := len(k.key) - len(under) - names
	return at >= 0 && string(k.key[at:at+len(under)]) == under && part(k.key) > 0
}

// part is the number at the end of the key of a part of a value.
func part(key []byte) uint32 {
	if len(key) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(key[len(key)-4:])
}

// payload returns what an entry has of a value that may go on under the next key.
func (k *kept) payload() []byte {
	switch k.kind {
	case "segment/ids":
		return k.value
	case "segment/log":
		r := k.read()
		r.Bool()
		return r.Bytes()
	}
	return nil
}

// A seam is where a value goes on under the next key. Not safe for concurrent use.
type seam struct {
	key  []byte // of the part before
	tail []byte // of what that has
}

const idBytes = 16

// join returns what lies around the seam between an entry and the one before, so much that it has an id that is cut, and nothing
// where the entry does not go on with the other.
func (s *seam) join(e store.Entry) (around []byte) {
	var own []byte
	if bytes.Contains(e.Key, []byte("segment/")) {
		k := readKept(e)
		own = k.payload()
	}
	n := len(e.Key) - 4
	if len(own) > 0 && len(s.key) == len(e.Key) && n >= 0 && bytes.Equal(s.key[:n], e.Key[:n]) && part(e.Key) == part(s.key)+1 {
		around = slices.Concat(s.tail, own[:min(len(own), idBytes-1)])
	}
	s.key, s.tail = s.key[:0], s.tail[:0]
	if len(own) > 0 {
		s.key, s.tail = append(s.key, e.Key...), append(s.tail, own[max(0, len(own)-idBytes+1):]...)
	}
	return around
}
