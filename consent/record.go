package consent

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/internal/wire"
)

// Choice is what somebody said. Safe for concurrent use.
type Choice uint8

// The choices.
const (
	// Granted is yes; for a basis that is not a consent, that it holds.
	Granted Choice = iota + 1
	// Refused is no, or an objection.
	Refused
	// Withdrawn takes a yes back.
	Withdrawn
)

var choiceNames = []string{"none", "granted", "refused", "withdrawn"}

var choiceNamesZH = []string{"无", "已授权", "已拒绝", "已撤回"}

// String returns "granted", "refused" or "withdrawn".
func (c Choice) String() string { return enum.Name(choiceNames, c) }

// Chinese returns the same in Chinese.
func (c Choice) Chinese() string { return enum.Name(choiceNamesZH, c) }

// MarshalText returns the text of String.
func (c Choice) MarshalText() ([]byte, error) {
	return enum.Marshal("consent", "choice", choiceNames, c)
}

// UnmarshalText reads what MarshalText wrote.
func (c *Choice) UnmarshalText(text []byte) error {
	return enum.Unmarshal("consent", "choice", choiceNames, text, c)
}

// Identifier is the phone number, address or account that a choice was made with, without
// saying which: its type, and what seal.Index.Blind makes of it. The zero Identifier is the atom
// as a whole.
//
// Under a new key of the index the same address has another Blind. A refusal with the old one goes on denying: a grant
// takes its place if it is recorded with the Blind of the refusal, which is one of seal.Index.All. [Decision.Allows] takes
// all of them. Safe for concurrent use.
type Identifier struct {
	Type  string // such as "phone"
	Blind [20]byte
}

// MarshalText writes the type, a colon and the hash in hexadecimal; the zero Identifier is empty.
func (i Identifier) MarshalText() ([]byte, error) {
	if i == (Identifier{}) {
		return nil, nil
	}
	return fmt.Appendf(nil, "%s:%x", i.Type, i.Blind), nil
}

// UnmarshalText reads what MarshalText wrote.
func (i *Identifier) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*i = Identifier{}
		return nil
	}
	at := bytes.LastIndexByte(text, ':')
	var read Identifier
	if at < 1 || len(text)-at-1 != 2*len(read.Blind) {
		return errors.New("consent: not an identifier")
	}
	read.Type = string(text[:at])
	if _, err := hex.Decode(read.Blind[:], text[at+1:]); err != nil || !line.Valid(read.Type, mostText) {
		return errors.New("consent: not an identifier")
	}
	*i = read
	return nil
}

// Record is what somebody chose. Texts are lines of at most 256 bytes and hold no
// personal data. Times are kept to the microsecond. Safe for concurrent reads.
type Record struct {
	// ID is that of the evidence, such as of the form that was sent: recorded again it is the same
	// record. Mandatory.
	ID         string          `json:"id"`
	Atom       customer.AtomID `json:"atom"` // by which it is held; mandatory
	Identifier Identifier      `json:"identifier,omitzero"`
	Purpose    string          `json:"purpose,omitempty"` // "": all, of a refusal alone
	Channel    string          `json:"channel,omitempty"` // "": all, of a refusal alone; of a grant that the purpose has none
	Basis      Basis           `json:"basis"`             // of the purpose, of a refusal of all of any of them; AnyBasis of a refusal alone
	Choice     Choice          `json:"choice"`
	Collected  time.Time       `json:"collected"`           // when it was said, by the clock of who collected it; mandatory
	Recorded   time.Time       `json:"recorded,omitzero"`   // when it was first recorded; given by Consents.Record
	Since      time.Time       `json:"since,omitzero"`      // of a grant; zero: when it was said
	Until      time.Time       `json:"until,omitzero"`      // of a grant, excluded; zero: as long as the purpose says
	Notice     string          `json:"notice,omitempty"`    // version or hash of the text that was shown
	Mechanism  string          `json:"mechanism,omitempty"` // how, such as "double opt-in"
	Source     string          `json:"source,omitempty"`    // system it came from
	// Jurisdiction is whose law it was asked under, such as "CN" or "EU".
	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// validate reports every fault of a record at once.
func (c *Consents) validate(r *Record) error {
	var faults []error
	fault := func(bad bool, what string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrRecord, what))
		}
	}
	for _, f := range []struct{ name, text string }{
		{"ID", r.ID},
		{"Identifier.Type", r.Identifier.Type},
		{"Purpose", r.Purpose},
		{"Channel", r.Channel},
		{"Notice", r.Notice},
		{"Mechanism", r.Mechanism},
		{"Source", r.Source},
		{"Jurisdiction", r.Jurisdiction},
	} {
		fault(!line.Valid(f.text, mostText), f.name+" is not a line of text")
	}
	fault(r.ID == "", "no ID")
	fault(r.Atom == customer.AtomID{}, "no Atom")
	fault(r.Identifier.Type == "" && r.Identifier != Identifier{}, "Identifier without Type")
	fault(r.Choice < Granted || r.Choice > Withdrawn, "Choice is unknown")
	fault(int(r.Basis) >= len(basisNames), "Basis is unknown")
	for _, f := range []struct {
		name string
		time time.Time
	}{{"Collected", r.Collected}, {"now", r.Recorded}, {"Since", r.Since}, {"Until", r.Until}} {
		y := f.time.UTC().Year()
		fault(!f.time.IsZero() && (y < 1900 || y > 9999), f.name+" is not in the years 1900 to 9999")
	}
	fault(r.Collected.IsZero(), "no Collected")
	fault(r.Recorded.IsZero(), "now is zero")
	p := c.purposes[r.Purpose]
	if r.Purpose == "" && r.Choice != Granted {
		p = &c.every
	}
	if p == nil {
		fault(true, "Purpose is not declared")
	} else {
		channel, basis := p.declares(r.Channel, r.Basis)
		if r.Choice == Granted {
			fault(p.Retired, "Purpose is retired")
			channel, basis = p.has(r.Channel), basis && r.Basis != AnyBasis
		}
		fault(!channel, "Channel is not one of the purpose")
		fault(!basis, "Basis is not one of the purpose")
	}
	fault(r.Choice != Granted && !(r.Since.IsZero() && r.Until.IsZero()), "Since or Until of what is not a grant")
	begin := r.Since
	if begin.IsZero() {
		begin = r.Collected
	}
	fault(!r.Until.IsZero() && !r.Until.After(begin), "Until is not after Since")
	return errors.Join(faults...)
}

// said is when it was said: nothing is recorded before.
func (r *Record) said() time.Time {
	if r.Recorded.Before(r.Collected) {
		return r.Recorded
	}
	return r.Collected
}

// begin is when a grant begins to count.
func (r *Record) begin() time.Time {
	if r.Since.IsZero() {
		return r.said()
	}
	return r.Since
}

// end is when a grant ends, if it does.
func (r *Record) end(p *Purpose) (end time.Time, ends bool) {
	end, ends = r.Until, !r.Until.IsZero()
	if p.Days > 0 {
		if most := r.begin().Add(time.Duration(p.Days) * 24 * time.Hour); !ends || most.Before(end) {
			return most, true
		}
	}
	return end, ends
}

// about tells whether a record is about a purpose, channel and basis.
func (r *Record) about(purpose, channel string, basis Basis) bool {
	if r.Choice == Granted {
		return r.Purpose == purpose && r.Channel == channel && r.Basis == basis
	}
	return (r.Purpose == "" || r.Purpose == purpose) && (r.Channel == "" || r.Channel == channel) &&
		(r.Basis == basis || r.Basis == AnyBasis && basis.refusable())
}

// compareRecords orders records about a purpose by time, at the same time with grants first and of those the one that ends
// first last, so that the last one counts.
func compareRecords(a, b *Record, p *Purpose) int {
	denies := func(r *Record) int { return min(int(r.Choice), int(Refused)) }
	if c := cmp.Or(a.said().Compare(b.said()), cmp.Compare(denies(a), denies(b))); c != 0 {
		return c
	}
	return cmp.Or(compareEnds(b, a, p), cmp.Compare(a.ID, b.ID), bytes.Compare(a.Atom[:], b.Atom[:]))
}

// compareEnds orders by end; what has none is last.
func compareEnds(a, b *Record, p *Purpose) int {
	endA, endsA := a.end(p)
	endB, endsB := b.end(p)
	switch {
	case endsA && endsB:
		return endA.Compare(endB)
	case endsA:
		return -1
	case endsB:
		return 1
	}
	return 0
}

// settle cuts times to microseconds, in UTC, the zero one too.
func (r *Record) settle() {
	for _, t := range []*time.Time{&r.Collected, &r.Recorded, &r.Since, &r.Until} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
}

func (r *Record) encode(w *wire.Writer) {
	writeTime := func(t time.Time) {
		if t.IsZero() {
			w.Null()
		} else {
			w.Int(t.UnixMicro())
		}
	}
	w.Text(r.ID)
	w.Text(r.Identifier.Type)
	if r.Identifier.Type != "" {
		w.Bytes(r.Identifier.Blind[:])
	}
	w.Text(r.Purpose)
	w.Text(r.Channel)
	w.Uint(uint64(r.Basis))
	w.Uint(uint64(r.Choice))
	w.Int(r.Collected.UnixMicro())
	w.Int(r.Recorded.UnixMicro())
	writeTime(r.Since)
	writeTime(r.Until)
	w.Text(r.Notice)
	w.Text(r.Mechanism)
	w.Text(r.Source)
	w.Text(r.Jurisdiction)
}

// readRecord reads a record of an atom; ok is false of an impossible one.
func readRecord(r *wire.Reader, atom customer.AtomID) (rec Record, ok bool) {
	readTime := func() time.Time {
		if r.Null() {
			return time.Time{}
		}
		return time.UnixMicro(r.Int()).UTC()
	}
	ok = true
	rec.Atom, rec.ID, rec.Identifier.Type = atom, r.Text(), r.Text()
	if rec.Identifier.Type != "" {
		blind := r.Bytes()
		ok = copy(rec.Identifier.Blind[:], blind) == len(rec.Identifier.Blind) && len(blind) == len(rec.Identifier.Blind)
	}
	rec.Purpose, rec.Channel = r.Text(), r.Text()
	basis, choice := r.Uint(), r.Uint()
	rec.Basis, rec.Choice = Basis(min(basis, 255)), Choice(min(choice, 255))
	rec.Collected, rec.Recorded = time.UnixMicro(r.Int()).UTC(), time.UnixMicro(r.Int()).UTC()
	rec.Since, rec.Until = readTime(), readTime()
	rec.Notice, rec.Mechanism, rec.Source, rec.Jurisdiction = r.Text(), r.Text(), r.Text(), r.Text()
	return rec, ok && int(rec.Basis) < len(basisNames) && rec.Choice >= Granted && rec.Choice <= Withdrawn && rec.ID != ""
}
