package identity

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A container is the unit in which evidence is kept and changed: some customers who
// have a value in common, or had. What is in one container has no value that joins it
// to what is in another.
type container struct {
	id      customer.ID
	version store.Version
	epoch   []byte // of the policy by which its homes follow from its evidence
	token   []byte // of the parts it is kept in, nil if it is in one piece
	parts   int
	ev      *evidence
}

// data encodes evidence.
func (ev *evidence) data(epoch []byte) []byte {
	w := wire.Sized("identity/evidence", 1, 96+28*len(ev.values)+96*len(ev.pieces)+48*len(ev.seen))
	w.Bytes(epoch)
	w.Text(ev.entity)
	w.Uint(uint64(len(ev.sources)))
	for _, s := range ev.sources {
		w.Text(s)
	}
	w.Uint(uint64(len(ev.kinds)))
	for _, k := range ev.kinds {
		w.Text(k.typ)
		w.Text(k.scope)
	}
	w.Uint(uint64(len(ev.values)))
	for _, v := range ev.values {
		w.Uint(uint64(v.kind))
		w.Bytes(v.blind[:])
		w.Bool(v.shared)
		w.Uint(uint64(len(v.cuts)))
		for _, c := range v.cuts {
			w.Bytes(c.ruling[:])
			w.Int(c.at)
		}
	}
	w.Uint(uint64(len(ev.pieces)))
	for i := range ev.pieces {
		p := &ev.pieces[i]
		w.Bytes(p.atom[:])
		w.Bytes(p.own[:])
		writeOptionalID(w, p.home, p.own)
		writeOptionalID(w, customer.ID(p.slice), uuid.Nil)
		w.Uint(uint64(p.source))
		writeOptionalID(w, customer.ID(p.before), uuid.Nil)
		w.Bool(p.related)
		w.Uint(uint64(len(p.answers)))
		for _, a := range p.answers {
			writeOptionalID(w, a, p.own)
		}
		for _, rulings := range [][]ruling{p.links, p.parts} {
			w.Uint(uint64(len(rulings)))
			for _, r := range rulings {
				w.Bytes(r.id[:])
				w.Int(r.at)
				w.Uint(uint64(r.side))
			}
		}
	}
	w.Uint(uint64(len(ev.seen)))
	for _, o := range ev.seen {
		w.Bytes(o.id[:])
		w.Int(o.at)
		w.Uint(uint64(o.piece))
		w.Uint(uint64(len(o.marks)))
		for _, k := range o.marks {
			w.Uint(uint64(k.value)<<2 | uint64(k.proof))
		}
	}
	return w.Data()
}

// writeOptionalID writes an id, or nothing where it is the usual one.
func writeOptionalID(w *wire.Writer, id, usual customer.ID) {
	if id == usual {
		w.Null()
	} else {
		w.Bytes(id[:])
	}
}

func readOptionalID(d *wire.Reader, usual customer.ID) customer.ID {
	if d.Null() {
		return usual
	}
	return readID(d)
}

// readEvidence decodes what data encoded, and refuses what contradicts itself.
func readEvidence(data []byte) (ev *evidence, epoch []byte, err error) {
	d := wire.Read(data)
	d.Expect("identity/evidence", 1)
	epoch = d.Bytes()
	ev = &evidence{entity: d.Text()}
	bad := false
	need := func(ok bool) { bad = bad || !ok }
	count := func() int { // every item has a byte at least
		n := d.Uint()
		if need(n <= uint64(len(data))); bad {
			return 0
		}
		return int(n)
	}
	ev.sources = make([]string, count())
	for i := range ev.sources {
		ev.sources[i] = d.Text()
	}
	ev.kinds = make([]kindKey, count())
	for i := range ev.kinds {
		ev.kinds[i] = kindKey{d.Text(), d.Text()}
	}
	n := count()
	ev.values = make([]value, n, n+4) // there is room for what one observation adds
	for i := range ev.values {
		v := &ev.values[i]
		v.kind = int32(min(d.Uint(), 1<<30))
		need(int(v.kind) < len(ev.kinds))
		v.blind = readBlind(d)
		v.shared = d.Bool()
		for range count() {
			v.cuts = append(v.cuts, cut{readBlind(d), d.Int()})
		}
	}
	n = count()
	ev.pieces = make([]piece, n, n+1)
	for i := range ev.pieces {
		p := &ev.pieces[i]
		p.atom = customer.AtomID(readID(d))
		p.own = readID(d)
		p.home = readOptionalID(d, p.own)
		p.slice = customer.AtomID(readOptionalID(d, uuid.Nil))
		p.source = int32(min(d.Uint(), 1<<30))
		need(int(p.source) < len(ev.sources))
		p.before = customer.AtomID(readOptionalID(d, uuid.Nil))
		p.related = d.Bool()
		for range count() {
			p.answers = append(p.answers, readOptionalID(d, p.own))
		}
		for _, rulings := range []*[]ruling{&p.links, &p.parts} {
			for range count() {
				*rulings = append(*rulings, ruling{readBlind(d), d.Int(), int(min(d.Uint(), 1<<30))})
			}
		}
		need(p.own != uuid.Nil)
	}
	n = count()
	ev.seen = make([]observation, n, n+1)
	marks := make([]mark, 0, 4*len(ev.seen)) // of all
	for i := range ev.seen {
		o := &ev.seen[i]
		o.id, o.at, o.piece = readBlind(d), d.Int(), int32(min(d.Uint(), 1<<30))
		need(int(o.piece) < len(ev.pieces))
		need(i == 0 || compareObservations(ev.seen[i-1], *o) < 0)
		first := len(marks)
		for j := range count() {
			n := d.Uint()
			marks = append(marks, mark{int32(min(n>>2, 1<<30)), Proof(n & 3)})
			o.marks = marks[first:len(marks):len(marks)]
			need(int(o.marks[j].value) < len(ev.values) && o.marks[j].proof <= Verified)
			need(j == 0 || o.marks[j-1].value < o.marks[j].value)
		}
	}
	if err := d.Close(); err != nil {
		return nil, nil, err
	}
	if bad {
		return nil, nil, fmt.Errorf("%w: evidence contradicts itself", store.ErrCorrupt)
	}
	return ev, epoch, nil
}

// forwardData is what a container leaves behind when it has become part of another.
func forwardData(to customer.ID) []byte {
	w := wire.New("identity/forward", 1)
	w.Bytes(to[:])
	return w.Data()
}

// partOverhead is the most by which a part is longer than what it holds.
const partOverhead = 32

func partKey(token []byte, part int) []byte {
	return key("p", token, binary.BigEndian.AppendUint32(nil, uint32(part)))
}

// containers reads the containers that ids lead to, each once, following forwards. The
// map tells where each id led; an id that leads nowhere is not in it.
func (g *Graph) containers(ctx context.Context, ids []customer.ID) ([]*container, map[customer.ID]*container, error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	found := make(map[customer.ID]*container, 2)
	var forward map[customer.ID]customer.ID
	var all []*container
	todo := slices.Clone(ids)
	again := 16 // how often one is read again that changed meanwhile
	for len(todo) > 0 {
		slices.SortFunc(todo, func(a, b customer.ID) int { return slices.Compare(a[:], b[:]) })
		todo = slices.Compact(todo)
		keys := make([][]byte, len(todo))
		for i, id := range todo {
			keys[i] = containerKey(id)
		}
		entries, err := g.get(ctx, keys)
		if err != nil {
			return nil, nil, err
		}
		var more []customer.ID
		for i, e := range entries {
			id := todo[i]
			if e.Version == 0 {
				continue
			}
			d := wire.Read(e.Value)
			switch d.Kind() {
			case "identity/forward":
				d.Expect("identity/forward", 1)
				to := readID(d)
				if err := d.Close(); err != nil {
					return nil, nil, err
				}
				if forward == nil {
					forward = map[customer.ID]customer.ID{}
				}
				forward[id] = to
				if _, known := forward[to]; found[to] == nil && !known {
					more = append(more, to)
				}
			default:
				c, err := g.readContainer(ctx, id, e)
				if again > 0 && errors.Is(err, store.ErrConflict) {
					again--
					more = append(more, id)
					continue
				}
				if err != nil {
					return nil, nil, err
				}
				found[id] = c
				all = append(all, c)
			}
		}
		todo = slices.DeleteFunc(more, func(id customer.ID) bool { return found[id] != nil })
	}
	slices.SortFunc(all, func(a, b *container) int { return slices.Compare(a.id[:], b.id[:]) })
	for id, to := range forward {
		for range len(forward) + 1 {
			if next, ok := forward[to]; ok {
				to = next
			}
		}
		if c := found[to]; c != nil {
			found[id] = c
		}
	}
	return all, found, nil
}

// readContainer decodes a container, which may be kept in parts. Parts that are gone
// mean that it has been changed meanwhile.
func (g *Graph) readContainer(ctx context.Context, id customer.ID, e store.Entry) (*container, error) {
	c := &container{id: id, version: e.Version}
	data := e.Value
	if d := wire.Read(data); d.Kind() == "identity/parts" {
		d.Expect("identity/parts", 1)
		c.token = d.Bytes()
		c.parts = int(min(d.Uint(), 1<<20))
		if err := d.Close(); err != nil {
			return nil, err
		}
		keys := make([][]byte, c.parts)
		for i := range keys {
			keys[i] = partKey(c.token, i)
		}
		entries, err := g.get(ctx, keys)
		if err != nil {
			return nil, err
		}
		data = nil
		for _, part := range entries {
			if part.Version == 0 {
				return nil, fmt.Errorf("identity: container changed while it was read: %w", store.ErrConflict)
			}
			d := wire.Read(part.Value)
			d.Expect("identity/part", 1)
			data = append(data, d.Bytes()...)
			if err := d.Close(); err != nil {
				return nil, err
			}
		}
	}
	var err error
	c.ev, c.epoch, err = readEvidence(data)
	return c, err
}

// get reads keys in portions of what the store takes.
func (g *Graph) get(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
	most := g.s.Limits().Operations
	if len(keys) <= most {
		return g.s.Get(ctx, keys...)
	}
	all := make([]store.Entry, 0, len(keys))
	for part := range slices.Chunk(keys, most) {
		entries, err := g.s.Get(ctx, part...)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}
