package subject

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A memory is what was known of a person before it was erased. It is never written anywhere.
// Not safe for concurrent use.
type memory struct {
	customers []customer.ID
	atoms     []customer.AtomID
	streams   map[customer.AtomID]bool
	blinds    [][seal.BlindBytes]byte
	own       [][seal.BlindBytes]byte // those of identifiers that nobody else had
	probes    []probe
	known     map[string]bool // of probes, by what and text
	words     []byte          // the schema and the policy as JSON
	short     int             // values that are too short to be looked for, or words of the schema
	unread    bool            // something could not be read
}

// add adds what is known of another who is erased too.
func (m *memory) add(o *memory) {
	m.customers, m.atoms = ascending(append(m.customers, o.customers...)), ascending(append(m.atoms, o.atoms...))
	m.blinds, m.own, m.probes = append(m.blinds, o.blinds...), append(m.own, o.own...), append(m.probes, o.probes...)
	m.short, m.unread = m.short+o.short, m.unread || o.unread
}

// A probe is a value that must not be anywhere any more.
type probe struct {
	what  string   // such as "identifier phone": no personal data
	slice bool     // it names evidence of a slice, which lies among that of others
	forms [][]byte // as which it is looked for
}

const (
	leastForm  = 6 // bytes; what is shorter occurs anywhere
	leastDigit = 7 // digits that are looked for without what is between them
	mostProbes = 100_000
)

// remember reads what is known of a customer who is about to be erased.
func (x *Subjects) remember(ctx context.Context, id customer.ID, trace *identity.Trace, m *memory) error {
	m.known, m.streams = map[string]bool{}, map[customer.AtomID]bool{}
	m.customers, m.atoms, m.blinds = trace.Customers, ascending(slices.Concat(trace.Atoms, trace.Former)), trace.Blinds
	m.own = trace.Own
	for _, s := range trace.Streams {
		m.streams[s] = true
	}
	var err error
	if m.words, err = json.Marshal(x.parts.Graph.Policy()); err != nil {
		return err
	}
	for o, err := range x.parts.Graph.Observations(ctx, id) {
		if err != nil {
			if err = m.readable(err); err != nil {
				return err
			}
			break
		}
		m.text("id of an observation", o.ID)
		m.text("record", o.Record)
		for _, d := range o.Identifiers {
			m.text("identifier "+d.Type, d.Value)
		}
	}
	relations, err := x.parts.Graph.Relations(ctx, time.Time{}, id)
	if err = m.readable(err); err != nil {
		return err
	}
	for _, r := range relations {
		m.text("relation", r.ID)
	}
	if x.parts.Profiles == nil {
		return nil
	}
	return m.readable(x.rememberProfile(ctx, id, m))
}

// readable returns an error unless it says that something is not there or cannot be opened:
// that must not keep it from being erased.
func (m *memory) readable(err error) error {
	if err == nil {
		return nil
	}
	for _, harmless := range []error{
		identity.ErrErased, identity.ErrUnknown, profile.ErrErased, profile.ErrUnknown, seal.ErrOpen, seal.ErrNoKey, seal.ErrDestroyed,
		store.ErrCorrupt, customer.ErrCursorExpired,
	} {
		if errors.Is(err, harmless) {
			if !errors.Is(err, profile.ErrUnknown) {
				m.unread = true
			}
			return nil
		}
	}
	return err
}

// rememberProfile reads what the profiles know of a customer.
func (x *Subjects) rememberProfile(ctx context.Context, id customer.ID, m *memory) error {
	schema, _, err := x.parts.Profiles.Schema(ctx)
	if err != nil {
		return err
	}
	words, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	m.words = append(m.words, words...)
	days, err := time.LoadLocation(schema.Location)
	if err != nil {
		return err
	}
	type name struct{ event, field string }
	protected := map[name]bool{}
	for _, t := range schema.Traits {
		protected[name{"", t.Name}] = t.Sensitivity >= profile.Personal
	}
	for _, e := range schema.Events {
		for _, f := range e.Fields {
			protected[name{e.Name, f.Name}] = f.Sensitivity >= profile.Personal
		}
	}
	for e, err := range x.parts.Profiles.Evidence(ctx, id) {
		if err != nil {
			return err
		}
		m.evidence(e.ID, m.streams[e.Atom])
		for _, v := range e.Values {
			if personal, declared := protected[name{e.Event, v.Name}]; personal || !declared {
				m.value("value of "+v.Name, v.Value, days)
			}
		}
	}
	members, err := x.parts.Profiles.Members(ctx, id)
	if err != nil {
		return err
	}
	for _, a := range members {
		aside, err := x.parts.Profiles.SetAside(ctx, a.Atom)
		if err != nil {
			return err
		}
		for _, v := range aside {
			m.evidence(v.Evidence, !a.Since.IsZero())
			m.text("value set aside", v.Value)
		}
	}
	return nil
}

// text has a text looked for.
func (m *memory) text(what, s string) {
	quoted, _ := json.Marshal(s)
	switch {
	case s == "":
	case len(s) < leastForm || bytes.Contains(m.words, quoted):
		m.short++
	default:
		m.look(what, s, false, formsOf(s, quoted[1:len(quoted)-1]))
	}
}

// evidence has the id of a piece of evidence looked for, and the hash that profile keeps of it,
// whatever its length.
func (m *memory) evidence(id string, slice bool) {
	hash := sha256.Sum256([]byte(id))
	forms := [][]byte{hash[:8]}
	if quoted, _ := json.Marshal(id); len(id) >= leastForm {
		forms = append(forms, formsOf(id, quoted[1:len(quoted)-1])...)
	}
	m.look("id of evidence", id, slice, forms)
}

// formsOf returns how a text is written: as it is, in JSON, also of ASCII alone, in UTF-16, and its digits.
func formsOf(s string, quoted []byte) [][]byte {
	forms := [][]byte{[]byte(s)}
	if string(quoted) != s {
		forms = append(forms, quoted)
	}
	units := utf16.Encode([]rune(s))
	var little, big []byte
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	forms = append(forms, little, big)
	if len(units) < len(s) {
		var escaped []byte
		for _, u := range units {
			switch {
			case u >= utf8.RuneSelf:
				escaped = fmt.Appendf(escaped, `\u%04x`, u)
			case u == '"' || u == '\\':
				escaped = append(escaped, '\\', byte(u))
			default:
				escaped = append(escaped, byte(u))
			}
		}
		forms = append(forms, escaped)
	}
	if digits := digitsOf(s); len(digits) >= leastDigit && digits != s {
		forms = append(forms, []byte(digits))
	}
	return forms
}

// look has the forms of a value looked for.
func (m *memory) look(what, s string, slice bool, forms [][]byte) {
	name := what + "\x00" + s
	if m.known[name] {
		return
	}
	if len(m.probes) >= mostProbes {
		m.unread = true
		return
	}
	m.known[name] = true
	m.probes = append(m.probes, probe{what, slice, forms})
}

// digitsOf returns the digits of a text.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// value has a value looked for, numbers and times as profile stores them and as text.
func (m *memory) value(what string, v customer.Value, days *time.Location) {
	w := wire.Onto(nil)
	w.Uint(uint64(v.Kind()))
	var texts []string
	switch v.Kind() {
	case customer.KindText:
		s, _ := v.Text()
		m.text(what, s)
		return
	case customer.KindLabels:
		for s := range v.Labels() {
			m.text(what, s)
		}
		return
	case customer.KindInt64:
		n, _ := v.Int64()
		w.Int(n)
		texts = []string{strconv.FormatInt(n, 10)}
	case customer.KindFloat64:
		f, _ := v.Float64()
		w.Float(f)
		texts = []string{strconv.FormatFloat(f, 'f', -1, 64)}
	case customer.KindDecimal:
		n, scale, _ := v.Decimal()
		w.Int(n)
		w.Uint(uint64(scale))
	case customer.KindTime:
		t, _ := v.Time()
		w.Int(t.Unix())
		w.Uint(uint64(t.Nanosecond()))
		texts = []string{t.UTC().Format(time.DateOnly)}
		if day := t.In(days).Format(time.DateOnly); day != texts[0] {
			texts = append(texts, day)
		}
	default:
		return
	}
	var forms [][]byte
	if len(w.Data()) >= leastForm {
		forms = append(forms, w.Data())
	}
	for _, s := range texts {
		if len(s) >= leastForm {
			forms = append(forms, []byte(s))
		}
	}
	if len(forms) == 0 {
		m.short++
		return
	}
	m.look(what, string(w.Data()), false, forms)
}
