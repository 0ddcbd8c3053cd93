package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// reserved begins the actions of the log itself.
const reserved = "audit."

// Sizes of an entry.
const (
	mostText    = 256 // bytes of a text
	mostDetails = 32
	mostEntries = 1 << 56 // of a log
)

// Outcome is how a deed ended. Safe for concurrent use.
type Outcome uint8

// The outcomes.
const (
	// Done is a deed that happened.
	Done Outcome = iota
	// Denied is one that was asked for and refused.
	Denied
	// Failed is one that was allowed and did not work out.
	Failed
)

var outcomeNames = []string{"done", "denied", "failed"}

// String returns "done", "denied" or "failed".
func (o Outcome) String() string { return enum.Name(outcomeNames, o) }

// MarshalText returns the text of String.
func (o Outcome) MarshalText() ([]byte, error) {
	return enum.Marshal("audit", "outcome", outcomeNames, o)
}

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error {
	return enum.Unmarshal("audit", "outcome", outcomeNames, text, o)
}

// Entry is one deed. It must hold no personal data: see the package. Texts are of at
// most 256 bytes, without control characters. Safe for concurrent reads.
type Entry struct {
	// ID is drawn by chance where it is zero. The same entry queued again under its ID while it
	// waits is one entry, after that another.
	ID uuid.UUID `json:"id"`
	// Time is when it happened. It must be in the years 1 to 9999; its location is not kept.
	Time time.Time `json:"time"`
	// Actor is who: the opaque id of a person who works here, or of a service. Mandatory.
	Actor string `json:"actor"`
	// Action is what, such as "profile.read". Mandatory. Those that begin with "audit." are the log's own.
	Action string `json:"action"`
	// Outcome is how it ended.
	Outcome Outcome `json:"outcome"`
	// Purpose is what for, such as "service".
	Purpose string `json:"purpose,omitempty"`
	// Customer is to whom; zero: to nobody, or to many.
	Customer customer.ID `json:"customer,omitzero"`
	// Atom is of which evidence; zero: of all, or none.
	Atom customer.AtomID `json:"atom,omitzero"`
	// Object is to what: the name of a field, of an export, of a rule.
	Object string `json:"object,omitempty"`
	// Details say more, such as who approved it, in the order given. At most 32.
	Details []Detail `json:"details,omitempty"`
	// Commitments stand for values, in the order given. At most 32.
	Commitments []Commitment `json:"commitments,omitempty"`
}

// Detail is a name and what is said under it; no personal data. Safe for concurrent reads.
type Detail struct {
	Name string `json:"name"` // what it is, not empty
	Text string `json:"text"` // may be empty
}

// Commitment binds a value that the log does not hold: who has the value, and the key of the
// atom, can show later that it was this one. Safe for concurrent reads.
type Commitment struct {
	Name string `json:"name"` // of the field, not empty
	Sum  []byte `json:"sum"`  // 32 bytes, such as seal.Key.Commitment returns
}

// Validate reports every fault of an entry at once, each wrapping [ErrEntry].
func (e *Entry) Validate() error {
	err := e.validate()
	if strings.HasPrefix(e.Action, reserved) {
		return errors.Join(err, fmt.Errorf("%w: Action begins as those of the log itself", ErrEntry))
	}
	return err
}

// validate is Validate for entries of the log as well.
func (e *Entry) validate() error {
	var faults []error
	fault := func(bad bool, what string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrEntry, what))
		}
	}
	text := func(s, name string, mandatory bool) {
		if !line.Valid(s, mostText) || mandatory && s == "" {
			fault(true, name+" is not a line of text of at most 256 bytes")
		}
	}
	fault(!validTime(e.Time), "Time is not in the years 1 to 9999")
	text(e.Actor, "Actor", true)
	text(e.Action, "Action", true)
	text(e.Purpose, "Purpose", false)
	text(e.Object, "Object", false)
	fault(int(e.Outcome) >= len(outcomeNames), "Outcome is unknown")
	fault(len(e.Details) > mostDetails, "more than 32 Details")
	for _, d := range e.Details {
		text(d.Name, "a Name of Details", true)
		text(d.Text, "a Text of Details", false)
	}
	fault(len(e.Commitments) > mostDetails, "more than 32 Commitments")
	for _, c := range e.Commitments {
		text(c.Name, "a Name of Commitments", true)
		fault(len(c.Sum) != len(hash{}), "a Sum of Commitments is not of 32 bytes")
	}
	return errors.Join(faults...)
}

// The first and the last second of the years 1 to 9999.
const firstSecond, lastSecond = -62_135_596_800, 253_402_300_799

// validTime tells whether a time can be written.
func validTime(t time.Time) bool {
	at := t.Unix()
	return !t.IsZero() && at >= firstSecond && at <= lastSecond
}

// size is about how many bytes an entry has, rather more.
func (e *Entry) size() int {
	n := 96 + len(e.Actor) + len(e.Action) + len(e.Purpose) + len(e.Object)
	for _, d := range e.Details {
		n += len(d.Name) + len(d.Text) + 6
	}
	for _, c := range e.Commitments {
		n += len(c.Name) + len(c.Sum) + 5
	}
	return n
}

// encode returns the bytes of a valid entry that has an id.
func (e *Entry) encode() []byte { return e.encodeOnto(make([]byte, 0, e.size())) }

// encodeOnto is encode behind what is in buf.
func (e *Entry) encodeOnto(buf []byte) []byte {
	w := wire.Onto(append(buf, entryHead...))
	w.Bytes(e.ID[:])
	w.Time(e.Time)
	w.Text(e.Actor)
	w.Text(e.Action)
	w.Uint(uint64(e.Outcome))
	w.Text(e.Purpose)
	writeID(w, e.Customer)
	writeID(w, e.Atom)
	w.Text(e.Object)
	w.List(2 * len(e.Details))
	for _, d := range e.Details {
		w.Text(d.Name)
		w.Text(d.Text)
	}
	w.List(2 * len(e.Commitments))
	for _, c := range e.Commitments {
		w.Text(c.Name)
		w.Bytes(c.Sum)
	}
	return w.Data()
}

// writeID writes an id, a zero one as nothing.
func writeID[T ~[16]byte](w *wire.Writer, id T) {
	if id == (T{}) {
		w.Null()
	} else {
		w.Bytes(id[:])
	}
}

func readID[T ~[16]byte](r *wire.Reader) (id T, ok bool) {
	if r.Null() {
		return id, true
	}
	n := copy(id[:], r.Bytes())
	return id, n == len(id) && id != T{}
}

// leaf returns the bytes of a sealed entry, a leaf of the tree: those of the entry and, as one
// more item, the time at which it was sealed.
func leaf(entry []byte, at time.Time) []byte {
	w := wire.Onto(entry)
	w.Time(at)
	return w.Data()
}

// decodeEntry reads what Entry.encode returned.
func decodeEntry(data []byte) (Entry, error) {
	e, _, err := decode(data, false)
	return e, err
}

// decodeSealed reads a leaf of the tree.
func decodeSealed(number int64, data []byte) (Sealed, error) {
	e, at, err := decode(data, true)
	return Sealed{Number: number, SealedAt: at, Entry: e}, err
}

// decode reads an entry, and if it is sealed when. Every value that it accepts encodes to the
// same bytes.
func decode(data []byte, sealed bool) (e Entry, at time.Time, err error) {
	r := wire.Read(data)
	r.Share()
	r.Expect("audit/entry", 1)
	id := r.Bytes()
	e.Time, e.Actor, e.Action = r.Time(), r.Text(), r.Text()
	outcome := r.Uint()
	e.Outcome = Outcome(min(outcome, 255))
	e.Purpose = r.Text()
	var okCustomer, okAtom bool
	e.Customer, okCustomer = readID[customer.ID](r)
	e.Atom, okAtom = readID[customer.AtomID](r)
	e.Object = r.Text()
	details := r.List()
	for range details / 2 {
		e.Details = append(e.Details, Detail{r.Text(), r.Text()})
	}
	commitments := r.List()
	for range commitments / 2 {
		e.Commitments = append(e.Commitments, Commitment{r.Text(), append([]byte(nil), r.Bytes()...)})
	}
	if sealed {
		at = r.Time()
	}
	if err := r.Close(); err != nil {
		return Entry{}, at, fmt.Errorf("audit: entry: %w", err)
	}
	if copy(e.ID[:], id) != len(e.ID) || len(id) != len(e.ID) || e.ID == uuid.Nil || !okCustomer || !okAtom ||
		details%2 != 0 || commitments%2 != 0 || e.validate() != nil || sealed && !validTime(at) {
		return Entry{}, at, fmt.Errorf("audit: entry: %w", store.ErrCorrupt)
	}
	return e, at, nil
}

// queueKey writes where an entry waits: first come those that happened first. The hash keeps
// apart what has the same id.
func (l *Log) queueKey(k []byte, e *Entry, data []byte) []byte {
	k = append(append(k, l.prefix...), partQueue...)
	k = binary.BigEndian.AppendUint64(k, uint64(e.Time.Unix())^1<<63)
	k = binary.BigEndian.AppendUint32(k, uint32(e.Time.Nanosecond()))
	k = append(k, e.ID[:]...)
	sum := sha256.Sum256(data)
	return append(k, sum[:8]...)
}

// Queue adds an entry to a batch: it is in the log if, and only if, the batch is committed,
// with a number as soon as Seal has passed. One write of some 300 bytes, at most 30 KiB; entries of any
// number of processes do not meet. Errors wrap [ErrEntry]. Cost: about half a microsecond.
func (l *Log) Queue(b *store.Batch, e *Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	l.queue(b, e, make([]byte, 0, l.queuedBytes(e)))
	return nil
}

// queuedBytes is the room that queue needs for an entry.
func (l *Log) queuedBytes(e *Entry) int { return e.size() + len(l.prefix) + longestKey }

// queue adds a valid entry to a batch, in memory behind what is in buf, which it returns.
func (l *Log) queue(b *store.Batch, e *Entry, buf []byte) []byte {
	own := *e
	for own.ID == uuid.Nil {
		rand.Read(own.ID[:])
	}
	start := len(buf)
	buf = own.encodeOnto(buf)
	data := buf[start:len(buf):len(buf)]
	buf = l.queueKey(buf, &own, data)
	b.Put(buf[start+len(data):len(buf):len(buf)], data)
	return buf
}
