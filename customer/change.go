package customer

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/internal/civil"
)

// Change is an entry of a feed, or a part of one: atoms that go from one customer to
// another, seen from one of the two. Of a Moved, Merged or Split both customers have an
// entry, each in the shard of its own customer, so that whoever follows the shard of
// a customer sees all that happens to it, in order.
//
//	verb      From      To
//	created   nobody    customer that begins
//	attached  nobody    customer
//	moved     customer  customer, or nobody
//	merged    loser     survivor
//	split     customer  customer that begins
//	erased    customer  nobody
//
// The atoms of an entry that are too many for one Change are spread over Parts of them,
// which follow each other. Its JSON form has the fields below. Safe for concurrent
// reads.
type Change struct {
	Shard    int       `json:"shard"`         // ShardOf(Customer)
	Seq      uint64    `json:"seq"`           // place of the entry in its shard, from 1, without gaps
	Part     int       `json:"part"`          // number of this part, from 1
	Parts    int       `json:"parts"`         // number of parts of the entry, at least 1
	Verb     Verb      `json:"verb"`          // what happened
	Customer ID        `json:"customer"`      // whose entry this is: From or To
	From     ID        `json:"from,omitzero"` // whom the atoms leave; uuid.Nil is nobody
	To       ID        `json:"to,omitzero"`   // whom the atoms join; uuid.Nil is nobody
	Atoms    []AtomID  `json:"atoms"`         // ascending, each once; none if the feed knows no atoms
	At       time.Time `json:"at"`            // when it happened, in years 1 to 9999
	// Slices says where those of Atoms lie that are slices of a stream and join To, ascending by Atom. A feed
	// whose atoms are never divided has none.
	Slices []Slice `json:"slices,omitempty"`
}

// A Slice is an atom that is part of a stream: of what is known of a device, say, while one
// customer used it. Of the stream it has what happened from Since on up to where the next of its slices
// begins that some customer has; of several with the same Since the one with the highest id has it, and the others nothing. An atom is
// always the same slice. Safe for concurrent reads.
type Slice struct {
	Atom   AtomID    `json:"atom"`
	Stream AtomID    `json:"stream"` // names the stream, and no atom
	Since  time.Time `json:"since"`  // in years 1 to 9999
}

// Validate returns nil, or every fault of c: *FieldErrors joined by errors.Join. It does
// not look at other changes; Cursor.Advance finds gaps.
func (c Change) Validate() error {
	var errs []error
	check := func(ok bool, field, reason string) {
		if !ok {
			errs = append(errs, &FieldError{Row: -1, Field: field, Reason: reason})
		}
	}
	check(c.Shard == ShardOf(c.Customer), "shard", "is not the shard of the customer")
	check(c.Seq > 0, "seq", "is 0")
	check(c.Parts > 0, "parts", "is below 1")
	check(c.Part > 0 && c.Part <= max(c.Parts, 1), "part", "is not between 1 and parts")
	check(c.Verb.valid(), "verb", "is not valid")
	check(c.Customer != uuid.Nil, "customer", "is nobody")
	check(c.Customer == c.From || c.Customer == c.To, "customer", "is neither from nor to")
	if c.Verb.valid() {
		fromNobody := c.Verb == Created || c.Verb == Attached
		check(fromNobody == (c.From == uuid.Nil), "from", "does not suit the verb")
		toNobody := c.Verb == Erased || c.Verb == Moved && c.To == uuid.Nil
		check(toNobody == (c.To == uuid.Nil), "to", "does not suit the verb")
	}
	check(c.From != c.To, "to", "is the same as from")
	for i, a := range c.Atoms {
		if a == (AtomID{}) || i > 0 && compareAtoms(c.Atoms[i-1], a) >= 0 {
			check(false, "atoms", "are not ascending and not zero")
			break
		}
	}
	check(civil.InYears(c.At), "at", "is not in years 1 to 9999")
	for i, s := range c.Slices {
		_, known := slices.BinarySearchFunc(c.Atoms, s.Atom, compareAtoms)
		if !known || c.To == uuid.Nil || s.Stream == (AtomID{}) || !civil.InYears(s.Since) || i > 0 && compareAtoms(c.Slices[i-1].Atom, s.Atom) >= 0 {
			check(false, "slices", "are not ascending, of atoms that join a customer, with a stream and a time in years 1 to 9999")
			break
		}
	}
	return errors.Join(errs...)
}

// MarshalJSON writes At in UTC. It returns an error if c is not valid.
func (c Change) MarshalJSON() ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	type plain Change
	c.At = c.At.UTC()
	c.Slices = inUTC(c.Slices)
	return json.Marshal(plain(c))
}

// UnmarshalJSON returns an error, and leaves c as it was, if the change is not valid.
// Unknown fields are ignored.
func (c *Change) UnmarshalJSON(data []byte) error {
	type plain Change
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return unreadable(err)
	}
	if err := Change(read).Validate(); err != nil {
		return err
	}
	read.At, read.Slices = read.At.UTC(), inUTC(read.Slices)
	*c = Change(read)
	return nil
}

// inUTC returns the slices with their times in UTC.
func inUTC(all []Slice) []Slice {
	all = slices.Clone(all)
	for i := range all {
		all[i].Since = all[i].Since.UTC()
	}
	return all
}

func compareAtoms(a, b AtomID) int {
	return slices.Compare(a[:], b[:])
}
