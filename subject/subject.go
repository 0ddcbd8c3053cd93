package subject

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Errors, wrapped with what they are about.
var (
	// ErrParts: a part is missing that this needs, or parts do not fit together.
	ErrParts = errors.New("subject: parts")
	// ErrRequest is wrapped by what is wrong with a request. The message names the field and
	// never the value.
	ErrRequest = errors.New("subject: invalid request")
	// ErrReused: the id of the request is that of another one.
	ErrReused = errors.New("subject: id of another request")
	// ErrUnknown: there is no erasure of that id.
	ErrUnknown = errors.New("subject: unknown erasure")
	// ErrAtoms: the atoms that are to be erased are not all of records of the customer.
	ErrAtoms = errors.New("subject: atoms are not records of the customer")
	// ErrLeft: something of the person is left.
	ErrLeft = errors.New("subject: something is left")
)

// Parts are what knows of customers. Those that are nil are left out. Safe for concurrent
// reads.
type Parts struct {
	// Graph is who is who. Erase, Resume and Prove need it.
	Graph *identity.Graph
	// Profiles are what is known of customers. They follow Graph.
	Profiles *profile.Profiles
	// Consents are what customers have chosen. Their Members are Graph.Holders, or Profiles.Members without a graph.
	Consents *consent.Consents
	// Log is told of every request, and keeps its entries in the store that Open is given: they
	// are part of the commits that they tell of.
	Log *audit.Log
	// Vaults are all that seal something of customers, those of Graph and Profiles among them. They keep
	// their keys in the store that Open is given. Give the very ones that the parts use, as keys
	// that these remember are forgotten then.
	Vaults []*seal.Vault
}

// Options of Open. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Prefix begins the store's keys of erasures. Nil: "subject/".
	Prefix []byte
	// Stores are those that have something of customers beside the one that Open is given.
	// Prove goes through them too.
	Stores []store.Store
	// Backoff says how often to try again where others have changed the same meanwhile.
	// Nil is the defaults of package store.
	Backoff *store.Backoff
}

// Subjects give out, erase and look for what is held of persons. Safe for concurrent use; so are
// several, in any number of processes, on one store.
type Subjects struct {
	s       store.Store
	parts   Parts
	prefix  []byte
	stores  []store.Store
	backoff *store.Backoff
}

// Open returns the subjects of a store. The store and the parts stay the caller's. Errors wrap
// [ErrParts]. Cost: none; the store is not asked.
func Open(s store.Store, parts Parts, o *Options) (*Subjects, error) {
	if s == nil {
		return nil, fmt.Errorf("%w: no store", ErrParts)
	}
	if o == nil {
		o = new(Options)
	}
	x := &Subjects{s: s, parts: parts, prefix: bytes.Clone(o.Prefix), stores: []store.Store{s}, backoff: o.Backoff}
	x.parts.Vaults = nil
	for _, v := range parts.Vaults {
		if v != nil {
			x.parts.Vaults = append(x.parts.Vaults, v)
		}
	}
	for i, other := range o.Stores {
		if other == nil {
			return nil, fmt.Errorf("%w: Options.Stores: number %d is nil", ErrParts, i)
		}
		x.stores = append(x.stores, other)
	}
	if x.prefix == nil {
		x.prefix = []byte("subject/")
	}
	if n := len(x.prefix) + longestKey; n > s.Limits().KeyBytes {
		return nil, fmt.Errorf("%w: Options.Prefix: keys of %d bytes, the store takes %d", ErrParts, n, s.Limits().KeyBytes)
	}
	return x, nil
}

// needGraph returns an error where there is no graph.
func (x *Subjects) needGraph() error {
	if x.parts.Graph == nil {
		return fmt.Errorf("%w: there is no Graph", ErrParts)
	}
	return nil
}

// A Request is what somebody asks for of what is held of them. Its texts are lines of at most 200
// bytes and hold no personal data: they are kept for good. Safe for concurrent reads.
type Request struct {
	Customer customer.ID // who: the present id, or one of the past. Mandatory
	// ID names an erasure for ever, such as the number of a ticket: asked for again it is the
	// same. Mandatory there.
	ID     string
	Actor  string // who does it: the opaque id of a person who works here, or of a service. Mandatory
	Ticket string // where it was asked for
	// Atoms are those of records that were merged with the customer by mistake: they alone are
	// erased, with the slices that then go with them, and the customer keeps the rest. Of all its records nothing is kept:
	// slices are of those who have records. At most 1,000. Nil: the customer is erased.
	Atoms []customer.AtomID
}

const (
	mostText  = 200
	mostAtoms = 1000
)

// validate reports every fault at once.
func (r *Request) validate(now time.Time, erase bool) error {
	var faults []error
	fault := func(bad bool, what string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrRequest, what))
		}
	}
	fault(r.Customer == uuid.Nil, "Customer is nobody")
	for _, f := range []struct {
		name, text string
		mandatory  bool
	}{{"ID", r.ID, erase}, {"Actor", r.Actor, true}, {"Ticket", r.Ticket, false}} {
		fault(!line.Valid(f.text, mostText) || f.mandatory && f.text == "", f.name+" is not a line of text of at most 200 bytes")
	}
	fault(r.Atoms != nil && len(r.Atoms) == 0, "Atoms are none, and not nil")
	fault(len(r.Atoms) > mostAtoms, "Atoms are more than 1,000")
	if slices.Contains(r.Atoms, (customer.AtomID{})) {
		fault(true, "one of Atoms is zero")
	}
	if !civil.InYears(now) {
		faults = append(faults, errNow)
	}
	return errors.Join(faults...)
}

var errNow = fmt.Errorf("%w: now is not in years 1 to 9999", ErrRequest)
