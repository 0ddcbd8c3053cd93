// Package consent answers whether a customer's data may be used, or the customer contacted,
// for a purpose, and why.
//
//	consents, err := consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
//		{Name: "newsletter", Bases: []consent.Basis{consent.Consent}, Channels: []string{"email", "sms"}, Days: 730},
//	}}, members, nil)
//	...
//	err = consents.Record(ctx, now, consent.Record{
//		ID: "form 17", Atom: atom, Identifier: mail, Purpose: "newsletter", Channel: "email", Basis: consent.Consent,
//		Choice: consent.Granted, Collected: at, Notice: "privacy 4", Mechanism: "double opt-in",
//	})
//	...
//	d, err := consents.Allowed(ctx, now, id, "newsletter", "email")
//	fmt.Println(d.Allowed, d.Reason, d.Reason.Chinese(), d.Allows(atom, mail)) // ask before each mail
//
// The package example has it whole; docs/theory/protection.md has what it guarantees and where that ends.
//
// A [Record] says what somebody chose: for which purpose, by which channel, on which legal
// basis, with which identifier, and what proves it. It is held by the atom, the piece of evidence
// it came with, and is never changed: a later record takes its place. [Consents.Allowed] answers for a
// customer, who has atoms, at a moment.
//
// # The rules
//
//  1. What was not granted is not allowed.
//  2. For each atom, identifier and legal basis the record counts that was said last, of those that are about the
//     purpose and channel and were said, and a grant also begun, by the moment; of several at the same time the one
//     that denies, of several grants the one that ends first. A record was said when it was collected, or
//     when it was recorded if that is earlier: a clock that is ahead puts no grant after a refusal that was said once
//     the grant was recorded.
//  3. A grant lasts to its Until, and at most as many days as the purpose says. When it has ended nothing is granted: what
//     came before it does not come back.
//  4. A refusal or withdrawal lasts until something later is said by the same identifier of the same atom.
//     It may be about all purposes or all channels; a grant names both.
//  5. If any identifier of any atom of the customer refuses on a basis, nothing is allowed on that
//     basis. Contract, legal duty, vital interest and public task cannot be refused, other than by name.
//     If an atom of the customer has been erased, nothing at all is allowed: what it said is not known any more.
//  6. Otherwise each grant allows what it says for its own atom and identifier: contact by that
//     identifier, use of that atom's data. It allows nothing for the others. [Decision.Allows] tells for which.
//
// So a merge only narrows: it brings together what was allowed before, and all refusals. A
// number that somebody else has now brings its consent to nobody, as that stays with the atom.
//
// # Limits
//
// A record stays with the atom it was recorded by. Where atoms are slices of the time of a device that people use
// in turn, a slice can be cut later: what it was granted in the time that is somebody else's now no longer holds,
// if [customer.Member] says so, and does not go over to the other; a refusal goes on holding for the one who has the slice, and
// is not the other's. A slice gets another name where something earlier becomes known of it: a refusal holds on
// where [Members] has former names too, as identity's Graph.Holders does. What is said by an account or an address is better recorded by the atom of that record.
//
// A wrong clock can still put a grant after a refusal that followed it: that of the refusal where it is behind, that of the grant
// where it is ahead and the grant is recorded late. Where devices say when, the caller sees to it that their clocks are right.
//
// # What it is not
//
// The names of legal bases follow Article 6 of the GDPR and Article 13 of China's Personal
// Information Protection Law (PIPL). Which of them suffices for what is for a lawyer to say, and
// for the [Policy] to hold.
package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Errors, wrapped with what they are about.
var (
	// ErrPolicy is wrapped by what is wrong with a policy.
	ErrPolicy = errors.New("consent: invalid policy")
	// ErrRecord is wrapped by what is wrong with a record.
	ErrRecord = errors.New("consent: invalid record")
	// ErrReused: the atom has another record of the same ID.
	ErrReused = errors.New("consent: ID of another record")
	// ErrErased: the atom has been erased, and takes no records any more.
	ErrErased = errors.New("consent: atom is erased")
	// ErrPurpose: the policy has no such purpose, or the purpose no such channel, or it is retired.
	ErrPurpose = errors.New("consent: no such purpose or channel")
)

// Members returns the atoms that a customer has now: of one who was merged into another, those
// of the other, and none of one who was erased. It is what identity or profile know: Graph.Holders
// and Profiles.Members are such functions. A grant that was said when the atom was not the customer's does not count. An atom whose
// records were erased ([Consents.Erase]) must be left out, or it denies everything. Safe for concurrent use.
type Members func(ctx context.Context, id customer.ID) ([]customer.Member, error)

// Options of Open. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Prefix begins the store's keys. Nil: "consent/".
	Prefix []byte
	// Committing is called with each batch of records, and may add to it what is to be
	// committed with them, such as entries of an audit log (audit.Log.Queue). It may be called again for the
	// same records where a commit is tried again. Nil: nothing.
	Committing func(b *store.Batch, records []Record) error
	// Backoff is how to retry where another process writes to the same atom. Nil: the defaults
	// of store.
	Backoff *store.Backoff
}

// Consents are the records of a store, under a policy. Safe for concurrent use; so are several,
// in any number of processes, on one store.
type Consents struct {
	store      store.Store
	members    Members
	prefix     []byte
	purposes   map[string]*Purpose
	every      Purpose // has what any of them has
	committing func(b *store.Batch, records []Record) error
	backoff    *store.Backoff
}

// Open returns the consents that s has. The policy is copied; it is not stored, as the records
// are true under any. policy and members are mandatory. Errors wrap [ErrPolicy].
func Open(s store.Store, policy *Policy, members Members, opts *Options) (*Consents, error) {
	if err := policy.Validate(); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, fmt.Errorf("%w: no members", ErrPolicy)
	}
	o := Options{Prefix: []byte("consent/")}
	if opts != nil {
		o = *opts
		if o.Prefix == nil {
			o.Prefix = []byte("consent/")
		}
	}
	if n := len(o.Prefix) + longestKey; n > s.Limits().KeyBytes {
		return nil, fmt.Errorf("%w: Options.Prefix: keys of %d bytes, the store takes %d", ErrPolicy, n, s.Limits().KeyBytes)
	}
	c := &Consents{
		store: s, members: members, prefix: slices.Clone(o.Prefix), purposes: map[string]*Purpose{},
		committing: o.Committing, backoff: o.Backoff,
	}
	for _, p := range policy.Purposes {
		p.Bases, p.Channels, p.RetiredChannels = slices.Clone(p.Bases), slices.Clone(p.Channels), slices.Clone(p.RetiredChannels)
		c.purposes[p.Name] = &p
		c.every.Bases, c.every.Channels = append(c.every.Bases, p.Bases...), append(c.every.Channels, p.Channels...)
		c.every.RetiredChannels = append(c.every.RetiredChannels, p.RetiredChannels...)
	}
	return c, nil
}
