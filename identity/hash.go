package identity

import (
	"encoding/binary"
	mathbits "math/bits"
)

// blind hashes a text of the given sort.
func (g *Graph) blind(sort, text string) blind { return blindOf(g.o.Index.Blind(sort, text)) }

// valueBlind hashes the value of an identifier.
func (g *Graph) valueBlind(entity string, k kindKey, text string) blind {
	type full struct {
		entity string
		kindKey
	}
	sort, ok := g.sorts.Load(full{entity, k})
	if !ok {
		sort, _ = g.sorts.LoadOrStore(full{entity, k}, "identifier\x00"+entity+"\x00"+k.typ+"\x00"+k.scope)
	}
	return g.blind(sort.(string), text)
}

// recordBlind hashes the name of a record.
func (g *Graph) recordBlind(entity, source, record string) blind {
	return g.blind("record\x00"+entity, source+"\x00"+record)
}

// digest tells observations with the same id apart that are not the same. What it is made
// from is hashed under the key already, but for what is not personal, so it is a
// checksum and no hash to hide anything.
func (p *prepared) digest() (d blind) {
	a, b := uint64(0x9e3779b97f4a7c15), uint64(0xc2b2ae3d27d4eb4f)
	mix := func(x uint64) {
		hi, lo := mathbits.Mul64(a^x, 0xff51afd7ed558ccd)
		a, b = hi^b, mathbits.RotateLeft64(lo^b, 27)*0x9fb21c651e98df25
	}
	words := func(h *blind) {
		mix(binary.LittleEndian.Uint64(h[4:]))
		mix(binary.LittleEndian.Uint64(h[12:]))
	}
	text := func(s string) {
		h := uint64(0xcbf29ce484222325) // FNV-1a
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 0x100000001b3
		}
		mix(h)
	}
	mix(uint64(p.at))
	text(p.o.Entity)
	text(p.o.Source)
	words(&p.record)
	mix(uint64(len(p.o.Identifiers)))
	for i := range p.ids {
		words(&p.ids[i].blind)
		mix(uint64(p.ids[i].proof))
	}
	mix(0)
	mix(0)
	d[3] = 1 // its version; no digest is zero
	binary.LittleEndian.PutUint64(d[4:], a)
	binary.LittleEndian.PutUint64(d[12:], b)
	return d
}
