package subject

import (
	"bytes"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A kept entry is one of a store that has something of a person, as far as it is known what it is.
type kept struct {
	kind  string // of the value; empty where it is none of the library's
	label string // kind, or how the key begins
	key   []byte
	value []byte
}

func readKept(e store.Entry) kept {
	k := kept{key: e.Key, value: e.Value}
	switch kind := wire.Read(e.Value).Kind(); {
	case kinds[kind]:
		k.kind, k.label = kind, kind
	case k.goesOn(): // of what goes on under more keys only ids name a customer
		k.kind, k.label = "segment/ids", family(e.Key)
	default:
		k.label = family(e.Key)
	}
	return k
}

// kinds are those of values that can name a customer. What is of another kind is not looked
// into: it may be no value of the library, but something that begins like one.
var kinds = map[string]bool{
	"key": true, "feed/entry": true, "feed/atoms": true,
	"identity/evidence": true, "identity/parts": true, "identity/part": true, "identity/forward": true, "identity/ref": true,
	"identity/bearer": true, "identity/guard": true, "identity/observation": true, "identity/ruling": true,
	"identity/erasing": true, "identity/erase": true, "identity/relation": true, "identity/edge": true,
	"profile/refold": true, "profile/head": true, "profile/page": true, "profile/id": true, "profile/partial": true, "profile/erasing": true,
	"profile/customer": true, "profile/member": true, "profile/merged": true, "profile/slice": true, "profile/wait": true,
	"profile/row": true, "profile/due": true, "profile/queued": true,
	"audit/entry": true, "audit/page": true,
	"consent/head": true, "consent/page": true, "consent/paged": true,
	"subject/task": true, "subject/names": true,
	"segment/ids": true, "segment/log": true, "segment/notices": true,
}

// family is how a key begins, up to its first slash: a short word, or it is not told, as it may be
// anything.
func family(key []byte) string {
	at := bytes.IndexByte(key, '/')
	if at < 1 || at > 12 {
		return others
	}
	for _, c := range key[:at] {
		if c < 'a' || c > 'z' {
			return others
		}
	}
	return string(key[:at+1])
}

const others = "other keys"

// id returns the 16 bytes of the key that have others, n of them, behind.
func (k *kept) id(behind int) (id [16]byte) {
	if end := len(k.key) - behind; end >= len(id) {
		copy(id[:], k.key[end-len(id):])
	}
	return id
}

// read returns the items of the value.
func (k *kept) read() *wire.Reader {
	return wire.Read(k.value)
}

// null tells whether the first item is null.
func (k *kept) null() bool {
	return k.read().Null()
}

// number returns the first item, a number.
func (k *kept) number() uint64 { return k.read().Uint() }

const (
	trail      = "the trail of what was done has to be kept"
	feed       = "the feed says who was erased, until it is trimmed"
	suppresses = "keeps the person from coming back when old data is replayed"
	ofOthers   = "others have it too"
	container  = "evidence of others is kept under an id that was the person's"
	past       = "others had, or have, a part of what was known of a shared device or of a wrong merge"
	notErased  = "is not erased"
	unfinished = "an erasure is not finished"
	inSegments = "segments have the customer until they have followed the rows and written two checkpoints"
	notices    = "notices say who entered and left segments, until newer ones take their place"
	foreign    = "is nothing that the library keeps"
	returned   = "a record that was erased has been used again since, by somebody new"
)

// reason says why an entry with a name of the person stays, and whether it may.
func (s *search) reason(k kept, what int) (reason string, ok bool) {
	own := what == anOwnHash
	if own {
		what = aHash
	}
	switch k.kind {
	case "key":
		if !k.null() {
			return "the key is live", false
		}
		return "a mark that the key is destroyed", true
	case "feed/entry", "feed/atoms":
		return feed, true
	case "audit/entry", "audit/page":
		return trail, true
	case "subject/task", "subject/names":
		return "the record of the erasure, by which it is proven", true
	case "identity/ref":
		return s.ref(k, own)
	case "identity/observation":
		return s.observation(k, what)
	case "identity/ruling":
		return "rulings are kept, sealed under keys of their own", true
	case "identity/evidence", "identity/part":
		if what == aCustomer {
			return container, true
		}
		return ofOthers, true
	case "identity/forward", "identity/parts":
		return container, true
	case "identity/bearer", "identity/guard":
		return ofOthers, true
	case "identity/relation":
		if k.number() == 2 {
			return "the relation was taken back; its hash stays", true
		}
		return whether(k.number() == 3, suppresses)
	case "identity/erase", "identity/erasing", "profile/erasing":
		return unfinished, false
	case "profile/head":
		return whether(k.number()&1 != 0, suppresses)
	case "profile/customer":
		return s.whereabouts(k)
	case "profile/member", "profile/merged":
		return whether(!s.customers[k.id(16)], past)
	case "profile/slice":
		return s.slice(k)
	case "profile/refold":
		return "how far folding all customers anew has come", true
	case "profile/queued":
		return "the feed of rows says whose changed, until it is trimmed", true
	case "segment/ids", "segment/log":
		return inSegments, false
	case "segment/notices":
		return notices, true
	case "consent/head":
		if what == aHash && !s.atoms[k.id(0)] {
			return ofOthers, true
		}
		return whether(k.read().Bool(), suppresses)
	case "consent/page":
		return whether(what == aHash && !s.atoms[k.id(4)], ofOthers)
	case "":
		// What the log has of a customer: the id, and the number of an entry.
		if id := k.id(8); s.customers[id] && bytes.HasSuffix(k.key[:len(k.key)-24], []byte("c/")) && len(k.value) == 0 {
			return trail, true
		}
		switch {
		case what == aHash && !s.atoms[k.id(0)]:
			return ofOthers, true
		case k.label == "pf/": // the index of profiles
			return notErased, false
		}
		return foreign, false
	}
	return notErased, false
}

// whether is the reason if something is so, or that the entry is not erased.
func whether(ok bool, reason string) (string, bool) {
	if !ok {
		return notErased, false
	}
	return reason, true
}

// ref is reason of a reference of identity, from a customer, a record or a value, which may be the person's own.
func (s *search) ref(k kept, own bool) (string, bool) {
	r := k.read()
	state := r.Uint()
	r.Bytes()
	erased := !r.Null()
	switch id := k.id(0); {
	case erased:
		if state == 1 && s.atoms[id] {
			s.returned[id] = true
		}
		return suppresses, true
	case own || s.customers[id] || s.atoms[id]:
		return notErased, false
	}
	return ofOthers, true // a value, or a record in a container that was named by the person's id
}

// observation is reason of an observation.
func (s *search) observation(k kept, what int) (string, bool) {
	r := k.read()
	state := r.Uint()
	r.Bytes()
	atom := customer.AtomID(idOf(r.Bytes()))
	switch {
	case state == 2:
		return "the observation was retracted; its hash stays", true
	case state == 3:
		return suppresses, true
	case s.atoms[atom] || what == aHash:
		return notErased, false
	}
	return container, true
}

// slice is reason of a slice of a stream.
func (s *search) slice(k kept) (string, bool) {
	r := k.read()
	had := r.Bool()
	r.Int()
	r.Uint()
	switch fate := r.Uint(); {
	case !s.atoms[k.id(0)]:
		return past, true
	case fate == 1:
		return unfinished, false
	default:
		return whether(!had, past)
	}
}

// names returns which atoms of the person an entry has.
func (s *search) names(k kept) (atoms []customer.AtomID) {
	for _, a := range s.order {
		if bytes.Contains(k.key, a[:]) || bytes.Contains(k.value, a[:]) {
			atoms = append(atoms, a)
		}
	}
	return atoms
}

// whereabouts is reason of what profiles know of where a customer is.
func (s *search) whereabouts(k kept) (string, bool) {
	if !s.customers[k.id(0)] {
		return past, true
	}
	r := k.read()
	r.Uint()
	state := uint64(0)
	for r.More() {
		r.Int()
		switch state = r.Uint(); {
		case state == 2:
			r.Bytes()
		case state == 3 && r.Version() > 1:
			r.Int()
		}
	}
	return whether(state == 3, suppresses)
}

func idOf(b []byte) (id [16]byte) {
	copy(id[:], b)
	return id
}

// elsewhere tells whether an entry is of others, by the atom or customer in its key.
func (s *search) elsewhere(k kept, p *probe) bool {
	behind := 0
	switch k.kind {
	case "profile/head", "profile/partial", "profile/page", "profile/id":
		if p.slice {
			return false // it is what streams may not have any more
		}
		behind = map[string]int{"profile/partial": 2, "profile/page": 4, "profile/id": 8}[k.kind]
	case "profile/row":
		return !s.customers[k.id(0)]
	case "consent/page":
		behind = 4
	case "consent/head":
	case "identity/observation":
		r := k.read()
		r.Uint()
		r.Bytes()
		return !s.atoms[customer.AtomID(idOf(r.Bytes()))]
	default:
		return false
	}
	return !s.atoms[k.id(behind)]
}
