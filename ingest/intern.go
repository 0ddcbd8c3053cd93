package ingest

import "hash/maphash"

// interner turns bytes into strings, giving back the string it gave for the same bytes
// before if it still holds it: one string for the many rows of a country, a product or
// an order, in bounded memory (at most 8192 strings of 64 bytes a field).
type interner struct {
	last  string
	seed  maphash.Seed
	slots []string // pairs: the newer first
}

const (
	internSlots  = 8192
	internLength = 64
)

func (in *interner) get(text []byte) string {
	if in.last == string(text) {
		return in.last
	}
	if len(text) > internLength {
		return string(text)
	}
	if in.slots == nil {
		in.seed, in.slots = maphash.MakeSeed(), make([]string, internSlots)
	}
	at := maphash.Bytes(in.seed, text) % (internSlots / 2) * 2
	pair := in.slots[at : at+2 : at+2]
	switch {
	case pair[0] == string(text):
	case pair[1] == string(text):
		pair[0], pair[1] = pair[1], pair[0]
	default:
		pair[0], pair[1] = string(text), pair[0]
	}
	in.last = pair[0]
	return in.last
}
