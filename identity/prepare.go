package identity

import (
	"slices"

	"github.com/clientele-go/clientele/identity/normalize"
)

// prepared is an observation with its hashes.
type prepared struct {
	o       *Observation
	id      blind
	record  blind // zero without record
	content blind
	at      int64
	ids     []hashed
	refused []Refusal
}

// A hashed identifier.
type hashed struct {
	kindKey
	blind blind
	proof Proof
	loose bool // of a Descriptor: it joins nothing, and is not looked up
}

// prepare validates and hashes an observation.
func (g *Graph) prepare(row int, o *Observation) (*prepared, error) {
	p := new(prepared)
	return p, p.set(g, row, o, make([]hashed, 0, len(o.Identifiers)))
}

// set is prepare, with room for the identifiers.
func (p *prepared) set(g *Graph, row int, o *Observation, room []hashed) error {
	if err := o.validate(row, g.rules.Load().policy.entity(o.Entity)); err != nil {
		return err
	}
	p.o, p.at, p.ids, p.refused = o, o.Time.UnixMicro(), room, nil
	p.id = g.blind("observation", o.ID)
	if o.Record != "" {
		p.record = g.recordBlind(o.Entity, o.Source, o.Record)
	}
	for _, d := range o.Identifiers {
		p.addIdentifier(g, d)
	}
	p.content = p.digest()
	return nil
}

// addIdentifier normalises and hashes an identifier.
func (p *prepared) addIdentifier(g *Graph, d Identifier) {
	add := func(text string) {
		k := kindKey{d.Type, d.Scope}
		h := g.valueBlind(p.o.Entity, k, text)
		if i := slices.IndexFunc(p.ids, func(x hashed) bool { return x.blind == h }); i >= 0 {
			p.ids[i].proof = max(p.ids[i].proof, d.Proof)
		} else {
			e := g.rules.Load().policy.entity(p.o.Entity)
			p.ids = append(p.ids, hashed{k, h, d.Proof, e.describes(d.Type)})
		}
	}
	n := g.o.Normalizers[d.Type]
	if n == nil {
		add(d.Value)
		return
	}
	values, err := n(nil, d.Value)
	for _, v := range values {
		add(v.Text)
	}
	for _, refused := range normalize.Refusals(err) {
		p.refused = append(p.refused, Refusal{Reason: Refused, Type: d.Type, Scope: d.Scope, Field: refused.Reason})
	}
}
