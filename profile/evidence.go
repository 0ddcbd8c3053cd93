package profile

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// Evidence is what a source says of one atom at a time: that something happened, or
// that traits have these values. Safe for concurrent reads.
type Evidence struct {
	// Atom is whose it is: the record, as identity names it, or the embedding of an id.
	Atom customer.AtomID `json:"atom"`
	// ID names the evidence within its atom for ever: an order number, an event id, the
	// change number of a record. 1 to 256 bytes of UTF-8. To add again what was added is no
	// fault; to add something else under the same id is ErrReused.
	ID string `json:"id"`
	// Source is one of Schema.Sources.
	Source string `json:"source"`
	// Event is one of Schema.Events. Empty: Values are traits, which hold from Time until
	// the same atom states them again; an unset value takes back what was stated.
	Event string `json:"event,omitempty"`
	// Time is when it happened or became so, not when it was recorded, in years 1 to
	// 9999. What is finer than a microsecond is cut off.
	Time time.Time `json:"time"`
	// Verified: the source has made sure of the values: a document seen, a code entered.
	Verified bool `json:"verified,omitempty"`
	// Values are traits, or fields of the event, each name once, of 1 to 256 bytes. Those
	// that the schema does not declare, or whose kind or Check it contradicts, are set
	// aside, and the rest is added. A whole number is taken for a decimal too. An unset
	// field of an event is as if it was not named. All evidence together has at most 16
	// KiB, and 36 KiB with some 40 bytes more for each value that is to be sealed.
	Values []customer.Field `json:"values,omitempty"`
}

const (
	mostID       = 256
	mostName     = 256
	mostEvidence = 16 << 10 // bytes as stored
)

// given is evidence that is to be added, made ready.
type given struct {
	*Evidence
	row    int
	hash   idHash
	sum    contentSum
	size   int
	fields []customer.Field // Values by name

	// What the schema makes of it.
	schema      *inForce // nil: nothing yet
	e           entry
	lacking     bool // it lacks a required field: nothing of it is kept
	aside       []Rejected
	protected   int   // how many of its values the schema protects
	invalidated error // the schema knows its source or event not

	// What became of it.
	verdict verdict
	err     error // where it was refused
	tried   bool  // a commit that adds it may have succeeded
}

type verdict uint8

const (
	pending verdict = iota
	known
	added
	refused
)

// check makes evidence ready as far as it can be without a schema. It uses w for itself.
func (g *given) check(w *wire.Writer) error {
	switch {
	case g.Atom == customer.AtomID{}:
		return g.invalid("atom", "is not set")
	case len(g.ID) == 0 || len(g.ID) > mostID:
		return g.invalid("id", "is not 1 to 256 bytes long")
	case !utf8.ValidString(g.ID):
		return g.invalid("id", "is not UTF-8")
	case g.Time.IsZero():
		return g.invalid("time", "is not set")
	case !civil.InYears(g.Time):
		return g.invalid("time", "is not in years 1 to 9999")
	}
	byName := func(a, b customer.Field) int { return cmp.Compare(a.Name, b.Name) }
	g.fields = g.Values
	if !slices.IsSortedFunc(g.fields, byName) {
		g.fields = slices.Clone(g.fields)
		slices.SortFunc(g.fields, byName)
	}
	for i := range g.fields {
		switch name := g.fields[i].Name; {
		case len(name) == 0 || len(name) > mostName:
			return g.invalid("values", "has a name that is not 1 to 256 bytes long")
		case !utf8.ValidString(name):
			return g.invalid("values", "has a name that is not UTF-8")
		case i > 0 && name == g.fields[i-1].Name:
			return g.invalid("values", "has a name twice")
		}
	}
	g.hash = hashID(g.ID)
	said := g.said(w)
	if g.size = len(said) + len(g.ID); g.size > mostEvidence {
		return g.invalid("values", "is too large")
	}
	sum := sha256.Sum256(said)
	g.sum = sumOf(sum[:])
	return nil
}

// said is what is said, but for the id. It uses w.
func (g *given) said(w *wire.Writer) []byte {
	w.Reset()
	w.Text(g.Source)
	w.Text(g.Event)
	w.Int(g.Time.UnixMicro())
	w.Bool(g.Verified)
	for _, f := range g.fields {
		if g.Event == "" || !f.Value.IsUnset() {
			w.Text(f.Name)
			writeValue(w, f.Value)
		}
	}
	return w.Data()
}

// secret tells whether something of it is to be sealed where there is a vault.
func (g *given) secret() bool { return g.protected > 0 || len(g.aside) > 0 }

// sumUnder is the sum of what is said that nobody can make without the key. The other one
// shows whether a guess of what was said is right.
func (g *given) sumUnder(l *lock) contentSum {
	return sumOf(l.key.Commitment(g.said(wire.Sized("", 1, g.size+16)), evidenceField))
}

// says tells whether a sum is of the same evidence. Without a lock, or added before
// there was one, it has the open sum.
func (g *given) says(sum contentSum, l *lock) bool {
	if sum.says(g.sum) || l == nil {
		return sum.says(g.sum)
	}
	open, keyed := g.sum, g.sumUnder(l)
	for range mostVeils {
		if sum.says(keyed) || sum.says(open) {
			return true
		}
		open, keyed = l.veil(open), l.veil(keyed)
	}
	return sum.says(keyed) || sum.says(open)
}

// mostVeils is how many veils a sum may have.
const mostVeils = 3

// veil makes a sum one that nobody can make without the key, where what was said is not known any
// more: Reseal does of evidence of which something was set aside, each time that values of it
// come to be protected.
func (l *lock) veil(sum contentSum) contentSum {
	return sumOf(l.key.Commitment(sum[:], evidenceField))
}

func (g *given) invalid(field, reason string) error {
	return &InputError{Row: g.row, Field: field, Reason: reason}
}

// bind makes of the evidence what a schema says. The entry's values are appended to room.
func (g *given) bind(b *bound, learned int64, room []numbered) error {
	g.lacking, g.aside, g.protected = false, nil, 0
	g.e = entry{id: g.ID, time: g.Time.UnixMicro(), learned: learned, verified: g.Verified}
	if g.e.source = b.source(g.Source); g.e.source == 0 {
		return g.invalid("source", "is not in the schema")
	}
	if g.Event != "" {
		if g.e.event = b.event(g.Event); g.e.event == 0 {
			return g.invalid("event", "is not in the schema")
		}
	}
	values := room[:0]
	for _, f := range g.fields {
		var number uint32
		if g.e.event == 0 {
			number = b.trait(f.Name)
		} else {
			number = b.field(g.e.event, f.Name)
		}
		switch {
		case g.e.event != 0 && f.Value.IsUnset(): // as if it was not named
		case number == 0:
			g.setAside(f.Name, Undeclared, f.Value)
		case !f.Value.IsUnset():
			v, reason := b.accept(number, f.Value)
			if reason != 0 {
				g.setAside(f.Name, reason, f.Value)
				continue
			}
			values = append(values, numbered{number: number, value: v})
			if b.protects(number) {
				g.protected++
			}
		default:
			values = append(values, numbered{number: number})
		}
	}
	slices.SortFunc(values, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	g.e.values = values[:len(values):len(values)]
	if g.e.event != 0 {
		index := b.roles[g.e.event].index
		for i := range b.Events[index].Fields {
			field := &b.Events[index].Fields[i]
			if field.Required && !g.e.has(b.fieldNumbers[index][i]) {
				g.setAside(field.Name, Incomplete, customer.Value{})
				g.lacking = true
			}
		}
	}
	return nil
}

func (g *given) setAside(name string, reason Reason, v customer.Value) {
	text := ""
	if !v.IsUnset() {
		text = asideText(v)
	}
	g.aside = append(g.aside, Rejected{
		Source: g.Source, Event: g.Event, Name: name, Reason: reason, Evidence: g.ID,
		Time: time.UnixMicro(g.e.time).UTC(), Learned: time.UnixMicro(g.e.learned).UTC(), Value: text,
	})
}

// has tells whether the entry has a value of a number.
func (e *entry) has(number uint32) bool {
	return slices.ContainsFunc(e.values, func(v numbered) bool { return v.number == number })
}
