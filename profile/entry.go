package profile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// An entry is a piece of evidence as an atom keeps it. Times are unix microseconds.
type entry struct {
	id        string
	time      int64
	learned   int64 // when it was added
	retracted int64 // when it was taken back; 0: it holds
	source    uint32
	event     uint32 // 0: it states traits
	verified  bool
	values    []numbered // ascending by number
}

// A numbered value is one of the trait or field that has the number in the table of names.
type numbered struct {
	number uint32
	value  customer.Value // unset as long as it is sealed and has not been opened
	sealed *sealedValue   // as it lies in the store; nil: in the clear
}

// sealedKind stands in the place of the kind of a value that is sealed. The version of the
// schema and the bytes of the sealed value follow.
const sealedKind = 32

// An idHash stands for the id of an entry within its atom.
type idHash [8]byte

func hashID(id string) (h idHash) {
	sum := sha256.Sum256([]byte(id))
	copy(h[:], sum[:])
	return h
}

// compareEntries orders the entries of an atom: by time, then by id.
func compareEntries(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
}

// counts tells whether the entry is evidence at a moment.
func (e *entry) counts(m moment) bool {
	return e.time <= m.at && e.learned <= m.known && (e.retracted == 0 || e.retracted > m.known)
}

// What an entry is stored with. Times that are whole seconds are kept as such.
const (
	timeInSeconds    = 1 << iota
	learnedInSeconds // unless it is that of all
	learnedWithAll
	isVerified
	isRetracted
)

const second = int64(time.Second / time.Microsecond)

// encode writes the entry, which stands among others that mostly were learned at base. With a
// lock it seals what is protected and not sealed yet.
func (e *entry) encode(w *wire.Writer, base int64, l *lock) {
	flags := uint64(0)
	set := func(flag uint64, is bool) {
		if is {
			flags |= flag
		}
	}
	set(timeInSeconds, e.time%second == 0)
	set(learnedWithAll, e.learned == base)
	set(learnedInSeconds, e.learned != base && e.learned%second == 0)
	set(isVerified, e.verified)
	set(isRetracted, e.retracted != 0)
	w.Uint(flags)
	w.Text(e.id)
	writeMicros(w, e.time, flags&timeInSeconds != 0)
	if flags&learnedWithAll == 0 {
		writeMicros(w, e.learned, flags&learnedInSeconds != 0)
	}
	if e.retracted != 0 {
		w.Int(e.retracted)
	}
	w.Uint(uint64(e.source))
	w.Uint(uint64(e.event))
	w.List(2 * len(e.values))
	for i := range e.values {
		v := &e.values[i]
		w.Uint(uint64(v.number))
		s := v.sealed
		if l.takes(v) {
			s = l.seal(v)
		}
		if s == nil {
			writeValue(w, v.value)
			continue
		}
		w.Uint(sealedKind)
		w.Uint(s.schema)
		w.Bytes(s.data)
	}
}

// decode reads an entry into e, whose values it uses again.
func (e *entry) decode(r *wire.Reader, base int64, d *decoder) {
	flags := r.Uint()
	if flags >= 2*isRetracted {
		fault(r)
	}
	e.id = r.Text()
	e.time = readMicros(r, flags&timeInSeconds != 0)
	e.learned = base
	if flags&learnedWithAll == 0 {
		e.learned = readMicros(r, flags&learnedInSeconds != 0)
	}
	e.retracted = 0
	if flags&isRetracted != 0 {
		e.retracted = r.Int()
	}
	e.verified = flags&isVerified != 0
	e.source, e.event = readNumber(r), readNumber(r)
	n := r.List()
	if n%2 != 0 {
		fault(r)
		n = 0
	}
	e.values = e.values[:0]
	for range n / 2 {
		v := numbered{number: readNumber(r)}
		v.read(r, d)
		e.values = append(e.values, v)
	}
}

// read reads a value, which in a page or tail of version 2 may be sealed.
func (v *numbered) read(r *wire.Reader, d *decoder) {
	kind := r.Uint()
	if kind != sealedKind || r.Version() < 2 {
		v.value = readValueOf(r, kind)
		return
	}
	v.sealed = d.place()
	v.sealed.schema, v.sealed.data = r.Uint(), r.Bytes()
	if len(v.sealed.data) == 0 {
		fault(r)
	}
}

func writeMicros(w *wire.Writer, micros int64, inSeconds bool) {
	if inSeconds {
		micros /= second
	}
	w.Int(micros)
}

func readMicros(r *wire.Reader, inSeconds bool) int64 {
	t := r.Int()
	if !inSeconds {
		return t
	}
	if t > never/second || t < -never/second {
		fault(r)
		return 0
	}
	return t * second
}

func readNumber(r *wire.Reader) uint32 {
	n := r.Uint()
	if n >= 1<<31 {
		fault(r)
	}
	return uint32(n)
}

// fault makes what is read corrupt.
func fault(r *wire.Reader) { r.Expect("profile, valid", 0) }

// writeValue and readValue are the form of a value in everything this package stores: its
// kind, then what it is made of. The value is valid.
func writeValue(w *wire.Writer, v customer.Value) {
	w.Uint(uint64(v.Kind()))
	switch v.Kind() {
	case customer.KindBool:
		b, _ := v.Bool()
		w.Bool(b)
	case customer.KindInt64:
		n, _ := v.Int64()
		w.Int(n)
	case customer.KindFloat64:
		f, _ := v.Float64()
		w.Float(f)
	case customer.KindDecimal:
		coefficient, scale, _ := v.Decimal()
		w.Int(coefficient)
		w.Uint(uint64(scale))
	case customer.KindTime:
		t, _ := v.Time()
		w.Int(t.Unix())
		w.Uint(uint64(t.Nanosecond()))
	case customer.KindText:
		s, _ := v.Text()
		w.Text(s)
	case customer.KindLabels:
		n := 0
		for range v.Labels() {
			n++
		}
		w.List(n)
		for label := range v.Labels() {
			w.Text(label)
		}
	}
}

func readValue(r *wire.Reader) customer.Value { return readValueOf(r, r.Uint()) }

// readValueOf reads what follows the kind.
func readValueOf(r *wire.Reader, kind uint64) customer.Value {
	var v customer.Value
	switch customer.Kind(min(kind, 255)) {
	case customer.KindUnset:
	case customer.KindBool:
		v = customer.BoolValue(r.Bool())
	case customer.KindInt64:
		v = customer.Int64Value(r.Int())
	case customer.KindFloat64:
		v = customer.Float64Value(r.Float())
		if v.Validate() != nil {
			fault(r)
		}
	case customer.KindDecimal:
		coefficient, scale := r.Int(), r.Uint()
		v = customer.DecimalValue(coefficient, int(min(scale, 255)))
		if _, least, ok := v.Decimal(); !ok || uint64(least) != scale {
			fault(r)
		}
	case customer.KindTime:
		seconds, nanos := r.Int(), r.Uint()
		v = customer.TimeValue(time.Unix(seconds, int64(min(nanos, 1e9))))
		if nanos >= 1e9 || v.Validate() != nil {
			fault(r)
		}
	case customer.KindText:
		v = customer.TextValue(r.Text())
	case customer.KindLabels:
		labels := make([]string, r.List())
		for i := range labels {
			labels[i] = r.Text()
			if labels[i] == "" || i > 0 && labels[i] <= labels[i-1] {
				fault(r)
			}
		}
		v = customer.LabelsValue(labels...)
	default:
		fault(r)
	}
	return v
}

// readID reads 16 bytes.
func readID(r *wire.Reader) (id customer.ID) {
	b := r.Bytes()
	if len(b) != len(id) {
		fault(r)
	}
	copy(id[:], b)
	return id
}

// ascending tells whether ids are in order, each once.
func ascending(ids []customer.ID) bool {
	for i := 1; i < len(ids); i++ {
		if bytes.Compare(ids[i-1][:], ids[i][:]) >= 0 {
			return false
		}
	}
	return true
}
