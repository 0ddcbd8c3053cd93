package identity

import (
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// seen is what is kept of an observation under its id.
type seen struct {
	state     uint64
	container customer.ID // where it is, or what leads there
	atom      customer.AtomID
	content   blind
	sealed    []byte // the observation, under the key of atom
}

// The states of an observation; 0 is never seen.
const (
	seenLive = iota + 1
	seenRetracted
	seenErased
)

func (s seen) data() []byte { return s.appendData(make([]byte, 0, 96+len(s.sealed))) }

func (s seen) appendData(to []byte) []byte {
	w := wire.Append(to, "identity/observation", 1)
	w.Uint(s.state)
	w.Bytes(s.container[:])
	w.Bytes(s.atom[:])
	w.Bytes(s.content[:])
	w.Bytes(s.sealed)
	return w.Data()
}

func readSeen(e store.Entry) (s seen, err error) {
	if e.Version == 0 {
		return s, nil
	}
	d := wire.Read(e.Value)
	d.Expect("identity/observation", 1)
	s.state = d.Uint()
	s.container = readID(d)
	s.atom = customer.AtomID(readID(d))
	s.content = readBlind(d)
	s.sealed = d.Bytes()
	if err := d.Close(); err != nil {
		return seen{}, err
	}
	if s.state < seenLive || s.state > seenErased {
		return seen{}, fmt.Errorf("%w: observation", store.ErrCorrupt)
	}
	return s, nil
}

// appendData encodes an observation, to be sealed.
func (o *Observation) appendData(to []byte) []byte {
	w := wire.Append(to, "identity/observed", 1)
	w.Text(o.ID)
	w.Text(o.Source)
	w.Text(o.Record)
	w.Text(o.Entity)
	w.Int(o.Time.UnixMicro())
	for i := range o.Identifiers {
		d := &o.Identifiers[i]
		w.Text(d.Type)
		w.Text(d.Scope)
		w.Text(d.Value)
		w.Uint(uint64(d.Proof))
	}
	return w.Data()
}

func readObservation(data []byte) (o Observation, err error) {
	d := wire.Read(data)
	d.Expect("identity/observed", 1)
	o.ID, o.Source, o.Record, o.Entity = d.Text(), d.Text(), d.Text(), d.Text()
	o.Time = time.UnixMicro(d.Int()).UTC()
	for d.More() {
		o.Identifiers = append(o.Identifiers, Identifier{d.Text(), d.Text(), d.Text(), Proof(min(d.Uint(), 255))})
	}
	return o, d.Close()
}

// refuses says why an observation is not what is known under its id, or nil.
func (s *seen) refuses(p *prepared) error {
	switch {
	case s.state == seenErased:
		return ErrErased
	case s.content != p.content:
		return ErrReused
	case s.state == seenRetracted:
		return ErrRetracted
	}
	return nil
}
