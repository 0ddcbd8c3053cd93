package identity

import (
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func relationKey(name blind) []byte                    { return key("m", name[:]) }
func edgeKey(a customer.AtomID, relation blind) []byte { return key("l", a[:], relation[:]) }

// relation is what is kept of one under its id.
type relation struct {
	state   uint64 // as of observations
	content blind
	atoms   [2]customer.AtomID // of both ends
}

func (r relation) data() []byte {
	w := wire.New("identity/relation", 1)
	w.Uint(r.state)
	w.Bytes(r.content[:])
	w.Bytes(r.atoms[0][:])
	w.Bytes(r.atoms[1][:])
	return w.Data()
}

// readRelation reads a relation; one that is not there has state 0.
func readRelation(e store.Entry) (r relation, err error) {
	if e.Version == 0 {
		return r, nil
	}
	d := wire.Read(e.Value)
	d.Expect("identity/relation", 1)
	r.state = d.Uint()
	r.content = readBlind(d)
	r.atoms[0] = customer.AtomID(readID(d))
	r.atoms[1] = customer.AtomID(readID(d))
	if err := d.Close(); err != nil {
		return relation{}, err
	}
	if r.state < seenLive || r.state > seenErased {
		return relation{}, fmt.Errorf("%w: relation", store.ErrCorrupt)
	}
	return r, nil
}

// An edge is a relation as it hangs on one of its atoms.
type edge struct {
	record   customer.AtomID // names the reference of the record at the other end
	atom     customer.AtomID // at the other end
	kind     string
	outgoing bool
	start    *int64 // unix microseconds
	end      *int64
	sealed   []byte // the relation's id, under the key of this end's atom
}

func (x edge) data() []byte {
	w := wire.New("identity/edge", 1)
	w.Bytes(x.record[:])
	w.Bytes(x.atom[:])
	w.Text(x.kind)
	w.Bool(x.outgoing)
	writeMicros(w, x.start)
	writeMicros(w, x.end)
	w.Bytes(x.sealed)
	return w.Data()
}

func readEdge(data []byte) (x edge, err error) {
	d := wire.Read(data)
	d.Expect("identity/edge", 1)
	x.record = customer.AtomID(readID(d))
	x.atom = customer.AtomID(readID(d))
	x.kind = d.Text()
	x.outgoing = d.Bool()
	x.start, x.end = readMicros(d), readMicros(d)
	x.sealed = d.Bytes()
	if err := d.Close(); err != nil {
		return edge{}, err
	}
	return x, nil
}

// holds reports whether the relation holds at a time; at the zero time all do.
func (x *edge) holds(at time.Time) bool {
	if at.IsZero() {
		return true
	}
	t := at.UnixMicro()
	return (x.start == nil || *x.start <= t) && (x.end == nil || t < *x.end)
}

// microsOf is nil for the zero time.
func microsOf(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	micros := t.UnixMicro()
	return &micros
}

// timeOf is the inverse of microsOf.
func timeOf(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return instant(*micros)
}

func writeMicros(w *wire.Writer, micros *int64) {
	if micros == nil {
		w.Null()
	} else {
		w.Int(*micros)
	}
}

func readMicros(d *wire.Reader) *int64 {
	if d.Null() {
		return nil
	}
	micros := d.Int()
	return &micros
}
