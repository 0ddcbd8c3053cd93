package consent

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
)

// Reason is why something is allowed or not. Safe for concurrent use.
type Reason uint8

// The reasons, of which a decision has the first that holds.
const (
	// InForce: a grant is in force, and nothing denies it. The only one that allows.
	InForce Reason = iota + 1
	// Denied: somebody has refused or withdrawn.
	Denied
	// Erased: an atom that Members names has been erased, and nobody knows whether it had refused.
	Erased
	// Ended: a grant has ended.
	Ended
	// NotBegun: a grant has not begun.
	NotBegun
	// NotGranted: nobody has said anything.
	NotGranted
)

var reasonNames = []string{"none", "in force", "denied", "erased", "ended", "not begun", "not granted"}

var reasonNamesZH = []string{"无", "授权有效", "已拒绝或撤回", "授权记录已删除", "授权已到期", "授权尚未生效", "未授权"}

// String returns such as "not granted".
func (r Reason) String() string { return enum.Name(reasonNames, r) }

// Chinese returns the same in Chinese.
func (r Reason) Chinese() string { return enum.Name(reasonNamesZH, r) }

// MarshalText returns the text of String.
func (r Reason) MarshalText() ([]byte, error) {
	return enum.Marshal("consent", "reason", reasonNames, r)
}

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("consent", "reason", reasonNames, text, r)
}

// Grant is what a grant in force allows. Safe for concurrent reads.
type Grant struct {
	Atom       customer.AtomID `json:"atom"`                // whose data
	Identifier Identifier      `json:"identifier,omitzero"` // by which to contact
	Basis      Basis           `json:"basis"`               // on which it rests
	Record     string          `json:"record"`              // ID
	Until      time.Time       `json:"until,omitzero"`      // when it ends; zero: not by itself
}

// Decision is the answer for a customer. Allowed does not say by which address or number, or of whose data: after
// a merge it may be those of another atom. Ask Allows before one is used. Safe for concurrent reads.
type Decision struct {
	Allowed bool   `json:"allowed"` // of something, see Grants
	Reason  Reason `json:"reason"`  // why, or why not
	// Grants are all that is allowed, by atom, identifier and basis: nothing else is, of the
	// same customer either.
	Grants []Grant `json:"grants,omitempty"`
	// Record is the one that the reason is about: of InForce that of the first of Grants, else the latest. Nil: nobody has
	// said anything.
	Record *Record `json:"record,omitempty"`
	// Until is when the first of the Grants ends; zero: none does by itself.
	Until time.Time `json:"until,omitzero"`
}

// Allows tells whether a grant in force is for an atom and an identifier, given by each Blind that it has (seal.Index.All);
// one of them is enough. A grant of the zero Identifier is for that alone.
func (d *Decision) Allows(atom customer.AtomID, by ...Identifier) bool {
	return slices.ContainsFunc(d.Grants, func(g Grant) bool { return g.Atom == atom && slices.Contains(by, g.Identifier) })
}

// Declares tells whether the policy has a purpose with a channel, "" for one without channels, that is not retired: whether
// Allowed can answer.
func (c *Consents) Declares(purpose, channel string) bool {
	p := c.purposes[purpose]
	return p != nil && !p.Retired && p.has(channel)
}

// Allowed tells whether some of a customer's data may be used, or the customer contacted somehow by a channel,
// for a purpose at a moment: of whom, and by which identifier, tells [Decision.Allows]. channel is "" for a purpose
// without channels. A customer who has no atoms is NotGranted. Errors wrap [ErrPurpose], or are those of Members and of
// the store; where there is one, nothing is allowed. Cost: Members and one read of the store for all atoms, more where
// an atom has hundreds of records.
func (c *Consents) Allowed(ctx context.Context, at time.Time, id customer.ID, purpose, channel string) (Decision, error) {
	if !c.Declares(purpose, channel) {
		return Decision{Reason: NotGranted}, fmt.Errorf("%w", ErrPurpose)
	}
	p := c.purposes[purpose]
	members, err := c.members(ctx, id)
	if err != nil {
		return Decision{Reason: NotGranted}, err
	}
	atoms := make([]customer.AtomID, len(members))
	for i := range members {
		atoms[i] = members[i].Atom
	}
	logs, err := c.logs(ctx, atoms)
	if err != nil {
		return Decision{Reason: NotGranted}, err
	}
	var records []*Record
	erased := false
	for i, l := range logs {
		l, of, err := c.all(ctx, l)
		if err != nil {
			return Decision{Reason: NotGranted}, err
		}
		erased = erased || l.erased
		for j := range of {
			if counts(&members[i], &of[j]) {
				records = append(records, &of[j])
			}
		}
	}
	d := decide(records, p, channel, at)
	if erased && d.Reason != Denied {
		d = Decision{Reason: Erased}
	}
	return d, nil
}

// counts tells whether a record counts for the customer who has the member.
func counts(m *customer.Member, r *Record) bool {
	return r.Choice != Granted || m.Has(r.said())
}

// holder is who a record speaks for.
type holder struct {
	atom       customer.AtomID
	identifier Identifier
}

// decide answers from all records of a customer.
func decide(records []*Record, p *Purpose, channel string, at time.Time) Decision {
	d := Decision{Reason: NotGranted}
	var why *Record // of Reason
	note := func(reason Reason, r *Record) {
		if reason < d.Reason || reason == d.Reason && compareRecords(r, why, p) > 0 {
			d.Reason, why = reason, r
		}
	}
	for _, basis := range p.Bases {
		last := map[holder]*Record{}
		for _, r := range records {
			if !r.about(p.Name, channel, basis) || r.said().After(at) {
				continue
			}
			if r.Choice == Granted && r.begin().After(at) {
				note(NotBegun, r)
				continue
			}
			h := holder{r.Atom, r.Identifier}
			if last[h] == nil || compareRecords(r, last[h], p) > 0 {
				last[h] = r
			}
		}
		denied := false
		var grants []Grant
		for h, r := range last {
			end, ends := r.end(p)
			switch {
			case r.Choice != Granted:
				denied = true
				note(Denied, r)
			case ends && !at.Before(end):
				note(Ended, r)
			default:
				grants = append(grants, Grant{h.atom, h.identifier, basis, r.ID, end})
			}
		}
		if !denied {
			d.Grants = append(d.Grants, grants...)
		}
	}
	if len(d.Grants) == 0 {
		if why != nil {
			d.Record = new(*why)
		}
		return d
	}
	slices.SortFunc(d.Grants, compareGrants)
	d.Allowed, d.Reason = true, InForce
	for i := range d.Grants {
		if until := d.Grants[i].Until; !until.IsZero() && (d.Until.IsZero() || until.Before(d.Until)) {
			d.Until = until
		}
	}
	first := &d.Grants[0]
	for _, r := range records {
		if r.Atom == first.Atom && r.ID == first.Record {
			d.Record = new(*r)
		}
	}
	return d
}

func compareGrants(a, b Grant) int {
	return cmp.Or(
		bytes.Compare(a.Atom[:], b.Atom[:]),
		cmp.Compare(a.Identifier.Type, b.Identifier.Type),
		bytes.Compare(a.Identifier.Blind[:], b.Identifier.Blind[:]),
		cmp.Compare(a.Basis, b.Basis),
	)
}
