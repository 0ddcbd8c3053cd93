package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

// An office is all that knows of people, over one store, with a signed log of who did what.
type office struct {
	graph    *identity.Graph
	profiles *profile.Profiles
	consents *consent.Consents
	log      *audit.Log
	gate     *access.Gate
	subjects *subject.Subjects
	public   note.Verifier
}

func officeAt(ctx context.Context, s store.Store, schema *profile.Schema) (o *office, err error) {
	o = new(office)
	key := sha256.Sum256([]byte("of the log"))
	secret, public, err := note.GenerateKey(bytes.NewReader(key[:]), "integration")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	if o.public, err = note.NewVerifier(public); err != nil {
		return nil, err
	}
	if o.log, err = audit.Open(s, &audit.Options{Origin: "integration", Signer: signer, Verifier: o.public, Backoff: patient}); err != nil {
		return nil, err
	}
	if o.graph, err = graphAt(ctx, s, strict()); err != nil {
		return nil, err
	}
	if o.profiles, err = profilesAt(ctx, s, schema); err != nil {
		return nil, err
	}
	offers := consent.Purpose{Name: "offers", Bases: []consent.Basis{consent.Consent}}
	o.consents, err = consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{offers}}, o.graph.Holders, &consent.Options{Committing: o.chosen, Backoff: patient})
	if err != nil {
		return nil, err
	}
	o.gate, err = access.Open(ctx, o.profiles, &access.Policy{
		Purposes: []access.Purpose{{Name: "service", Basis: consent.Contract}},
		Roles: []access.Role{{Name: "agent", Grants: []access.Grant{
			{Purpose: "service", Show: access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked}},
		}}},
		Masks: map[string]access.Mask{"name": access.Name, "level": access.Hidden},
	}, &access.Options{Log: o.log, Consents: o.consents})
	if err != nil {
		return nil, err
	}
	_, vault, err := keysOf(s)
	if err != nil {
		return nil, err
	}
	o.subjects, err = subject.Open(s, subject.Parts{
		Graph: o.graph, Profiles: o.profiles, Consents: o.consents, Log: o.log, Vaults: []*seal.Vault{vault},
	}, &subject.Options{Backoff: patient})
	return o, err
}

// chosen has the log tell of records of consents, in the commits that they are in.
func (o *office) chosen(b *store.Batch, records []consent.Record) error {
	for _, r := range records {
		if err := o.log.Queue(b, &audit.Entry{Time: r.Recorded, Actor: "desk", Action: "consent." + r.Choice.String(), Atom: r.Atom, Object: r.ID}); err != nil {
			return err
		}
	}
	return nil
}

const visits = 36

// A visit is what somebody comes for: a record, what it says, a choice or two, and an agent who looks. Every sixth is of
// somebody who wants to be erased then; of the others two and two are of one customer. Visits may be made in any order, at once
// and again.
type visit int

func (v visit) leaves() bool { return v%6 == 0 }

func (v visit) name() string { return fmt.Sprint("visit-", int(v)) }

func (v visit) account() string {
	if v.leaves() {
		return v.name() + "-alone"
	}
	return fmt.Sprint("account-", int(v)/6, "-", int(v)%6/2)
}

func (v visit) at() time.Time { return decided.Add(time.Duration(v) * time.Hour) }

func (v visit) request(id customer.ID) subject.Request {
	return subject.Request{Customer: id, ID: "leave " + v.name(), Actor: "privacy-office"}
}

// choices are what is recorded of the visit.
func (v visit) choices(atom customer.AtomID) []consent.Record {
	all := []consent.Record{{
		ID: v.name() + " yes", Atom: atom, Purpose: "offers", Basis: consent.Consent, Choice: consent.Granted, Collected: v.at(),
	}}
	if v%4 == 1 {
		all = append(all, consent.Record{
			ID: v.name() + " no", Atom: atom, Purpose: "offers", Basis: consent.Consent, Choice: consent.Withdrawn, Collected: v.at().Add(time.Minute),
		})
	}
	return all
}

// make makes the visit, and tells whether all of it was there before.
func (v visit) make(ctx context.Context, o *office) (known bool, err error) {
	r, err := o.graph.Observe(ctx, identity.Observation{
		ID: v.name(), Source: "shop", Record: v.name(), Time: v.at(),
		Identifiers: []identity.Identifier{{Type: "account", Scope: "shop", Value: v.account(), Proof: identity.Verified}},
	})
	if v.leaves() && errors.Is(err, identity.ErrErased) { // somebody was about to erase it
		_, err := o.subjects.Resume(ctx, decided)
		return true, err
	}
	if err != nil {
		return false, fmt.Errorf("observe: %w", err)
	}
	// gone is the error of others who erase the person meanwhile.
	gone := func(err error) bool {
		return v.leaves() && (errors.Is(err, identity.ErrErased) || errors.Is(err, profile.ErrErased) || errors.Is(err, consent.ErrErased))
	}
	sum, err := o.profiles.Add(ctx, v.at(), profile.Evidence{
		Atom: r.Atom, ID: v.name(), Source: "shop", Time: v.at(), Values: []customer.Field{
			{Name: "name", Value: customer.TextValue(planted + v.name())}, {Name: "city", Value: customer.TextValue("Foshan")},
		},
	})
	if err != nil && !gone(err) {
		return false, fmt.Errorf("add: %w", err)
	}
	for _, c := range v.choices(r.Atom) {
		if err := o.consents.Record(ctx, c.Collected, c); err != nil && !gone(err) {
			return false, fmt.Errorf("record: %w", err)
		}
	}
	if _, err := o.profiles.Sync(ctx, decided, o.graph); err != nil {
		return false, fmt.Errorf("sync: %w", err)
	}
	_, err = o.gate.View(ctx, decided, access.Reader{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: v.name()}, r.Customer, profile.Moment{})
	if err != nil && !gone(err) {
		return false, fmt.Errorf("view: %w", err)
	}
	entry := audit.Entry{ID: uuid.NewSHA1(uuid.Nil, []byte(v.name())), Time: v.at(), Actor: "door", Action: "visit", Object: v.name()}
	if err := o.log.Append(ctx, &entry); err != nil {
		return false, fmt.Errorf("append: %w", err)
	}
	if v%3 == 0 {
		if _, _, err := o.log.Seal(ctx, v.at()); err != nil {
			return false, fmt.Errorf("seal: %w", err)
		}
	}
	if v.leaves() {
		if _, err := o.subjects.Erase(ctx, decided, v.request(r.Customer)); err != nil && !gone(err) {
			return false, fmt.Errorf("erase: %w", err)
		}
	}
	return r.Known && sum.Added == 0, nil
}

// visitsIn are the visits to the office in a store.
func visitsIn(ctx context.Context, s store.Store) (n int, do func(ctx context.Context, i int) (bool, error), err error) {
	o, err := officeAt(ctx, s, knowledge())
	return visits, func(ctx context.Context, i int) (bool, error) { return visit(i).make(ctx, o) }, err
}
