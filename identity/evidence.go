package identity

import (
	"bytes"
	"cmp"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
)

// A blind is a value, or the name of an observation, under the keyed hash.
type blind [seal.BlindBytes]byte

// compareBlinds orders by bytes.
func compareBlinds(a, b blind) int { return bytes.Compare(a[:], b[:]) }

// evidence is what a container of the store holds, decoded: everything that the
// mapping of the customers in it follows from, and the mapping as it was last.
type evidence struct {
	entity  string
	sources []string      // each once
	kinds   []kindKey     // types with their scopes, each once
	values  []value       // each once
	pieces  []piece       // each once
	seen    []observation // ascending by time and hash

	answers []customer.ID // memory of those of all pieces, as they were read
	marks   []mark        // and of those of all observations
}

// pieceOf returns the index of the piece of a record, -1 if there is none.
func (ev *evidence) pieceOf(atom customer.AtomID) int32 {
	for i := range ev.pieces {
		if ev.pieces[i].atom == atom {
			return int32(i)
		}
	}
	return -1
}

// A kindKey is a type and a scope within it.
type kindKey struct{ typ, scope string }

// A value is an identifier, by its hash.
type value struct {
	kind   int32 // index into kinds
	blind  blind
	shared bool  // a fact of all evidence, not of this container alone
	cuts   []cut // rulings that it passed to somebody else
}

// A cut is a steward's ruling that a value has been somebody else's since.
type cut struct {
	ruling blind
	at     int64 // unix microseconds
}

// A piece is the smallest piece of evidence that moves as a whole: all observations
// of a record, or one observation without a record.
type piece struct {
	atom    customer.AtomID // of the record; zero if there is none: see slices
	own     customer.ID     // the customer it founds, should it found one
	home    customer.ID     // the customer it is with; uuid.Nil if with none yet
	slice   customer.AtomID // of a piece without record: the atom it was in last
	source  int32           // index into sources
	answers []customer.ID   // customers of the past that are now where this piece is
	links   []ruling        // side is 0
	parts   []ruling        // separations
	// before is the name of the record's reference where that is not atom: the record
	// was erased before.
	before  customer.AtomID
	related bool // it has, or had, relations
}

// A ruling is a steward's, as it concerns one piece.
type ruling struct {
	id   blind
	at   int64 // unix microseconds: when it was made
	side int   // of a separation: pieces of different sides are different customers
}

// An observation says which values were seen together.
type observation struct {
	id    blind
	at    int64 // unix microseconds
	piece int32
	marks []mark // ascending by value, each once
}

// A mark is one identifier of an observation.
type mark struct {
	value int32
	proof Proof
}

// compareObservations is the order of all evidence: event time, then hash of the id.
func compareObservations(a, b observation) int {
	return cmp.Or(cmp.Compare(a.at, b.at), compareBlinds(a.id, b.id))
}

// grouping is what the mapping makes of evidence. It is a pure function of the
// evidence, but for homes, and the policy.
type grouping struct {
	group   []int32 // of each piece; -1 where it has no observation. Numbered by the first piece of each
	groups  int
	joins   []join
	refused []refusal
}

// A join is a step that made two pieces one customer.
type join struct {
	a, b  int32
	value int32 // -1: a steward's link
	link  blind // the link's ruling, of value -1
}

// A refusal is a step that was not taken.
type refusal struct {
	reason Reason
	value  int32 // through which pieces would have joined
	a, b   int32 // pieces; b is -1 where it is about a alone
	kind   int32 // index into kinds of the limit that spoke against it, -1: none, or a separation
	ruling blind // of a separation
}
