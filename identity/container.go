package identity

import (
	"bytes"
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

// begin makes a container that has nothing yet, in the memory of evidence.
func (c *container) begin(r *rules, entity string, id customer.ID, ev *evidence) *container {
	*ev = evidence{
		entity: entity, sources: ev.sources[:0], kinds: ev.kinds[:0], values: ev.values[:0], pieces: ev.pieces[:0], seen: ev.seen[:0],
		answers: ev.answers[:0], marks: ev.marks[:0],
	}
	*c = container{id: id, epoch: r.epoch, ev: ev}
	return c
}

// data encodes evidence.
func (ev *evidence) data(epoch []byte) []byte {
	return ev.appendData(make([]byte, 0, 96+28*len(ev.values)+64*len(ev.pieces)+48*len(ev.seen)), epoch)
}

func (ev *evidence) appendData(to, epoch []byte) []byte {
	w := wire.Append(to, "identity/evidence", 1)
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
	ev = new(evidence)
	epoch, err = ev.read(data)
	if err != nil {
		return nil, nil, err
	}
	return ev, epoch, nil
}

// read is readEvidence into the memory of other evidence.
func (ev *evidence) read(data []byte) (epoch []byte, err error) {
	d := wire.Read(data)
	d.Expect("identity/evidence", 1)
	epoch = d.Bytes()
	ev.entity = d.TextLike(ev.entity)
	bad := false
	need := func(ok bool) { bad = bad || !ok }
	count := func() int { // every item has a byte at least
		n := d.Uint()
		if need(n <= uint64(len(data))); bad {
			return 0
		}
		return int(n)
	}
	ev.sources = room(ev.sources, count())
	for i := range ev.sources {
		ev.sources[i] = d.TextLike(ev.sources[i])
	}
	ev.kinds = room(ev.kinds, count())
	for i := range ev.kinds {
		ev.kinds[i] = kindKey{d.TextLike(ev.kinds[i].typ), d.TextLike(ev.kinds[i].scope)}
	}
	n := count()
	ev.values = room(ev.values, n+4)[:n] // there is room for what one observation adds
	for i := range ev.values {
		v := &ev.values[i]
		v.cuts = nil
		v.kind = int32(min(d.Uint(), 1<<30))
		need(int(v.kind) < len(ev.kinds))
		v.blind = readBlind(d)
		v.shared = d.Bool()
		for range count() {
			v.cuts = append(v.cuts, cut{readBlind(d), d.Int()})
		}
	}
	n = count()
	ev.pieces = room(ev.pieces, n+1)[:n]
	answers := ev.answers[:0]
	for i := range ev.pieces {
		p := &ev.pieces[i]
		*p = piece{}
		p.atom = customer.AtomID(readID(d))
		p.own = readID(d)
		p.home = readOptionalID(d, p.own)
		p.slice = customer.AtomID(readOptionalID(d, uuid.Nil))
		p.source = int32(min(d.Uint(), 1<<30))
		need(int(p.source) < len(ev.sources))
		p.before = customer.AtomID(readOptionalID(d, uuid.Nil))
		p.related = d.Bool()
		first := len(answers)
		for range count() {
			answers = append(answers, readOptionalID(d, p.own))
		}
		if len(answers) > first {
			p.answers = answers[first:len(answers):len(answers)]
		}
		for _, rulings := range []*[]ruling{&p.links, &p.parts} {
			for range count() {
				*rulings = append(*rulings, ruling{readBlind(d), d.Int(), int(min(d.Uint(), 1<<30))})
			}
		}
		need(p.own != uuid.Nil)
	}
	ev.answers = answers
	n = count()
	ev.seen = room(ev.seen, n+1)[:n]
	marks := slices.Grow(ev.marks[:0], 4*(n+1))
	for i := range ev.seen {
		o := &ev.seen[i]
		o.marks = nil
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
	ev.marks = marks
	if err := d.Close(); err != nil {
		return nil, err
	}
	if bad {
		return nil, fmt.Errorf("%w: evidence contradicts itself", store.ErrCorrupt)
	}
	return epoch, nil
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
	all, led, err := g.containersOn(ctx, new(reading), ids)
	if led == nil && len(all) == 1 {
		led = map[customer.ID]*container{all[0].id: all[0]}
	}
	return all, led, err
}

// containersOn is containers in given memory, with no map where ids are all of one
// container.
func (g *Graph) containersOn(ctx context.Context, in *reading, ids []customer.ID) ([]*container, map[customer.ID]*container, error) {
	var found map[customer.ID]*container
	var forward map[customer.ID]customer.ID
	all := in.all[:0]
	todo := append(in.ids[:0], ids...)
	in.ids = todo
	again := 16 // how often one is read again that changed meanwhile
	for len(todo) > 0 {
		slices.SortFunc(todo, func(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) })
		todo = slices.Compact(todo)
		if found == nil && len(todo) > 1 {
			found = make(map[customer.ID]*container, len(todo))
		}
		keys := in.keys[:0]
		in.arena = in.arena[:0]
		for i := range todo {
			keys = append(keys, in.arena.key("c", todo[i][:]))
		}
		in.keys = keys
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
				if found == nil {
					found = map[customer.ID]*container{}
				}
				forward[id] = to
				if _, known := forward[to]; found[to] == nil && !known {
					more = append(more, to)
				}
			default:
				c := &in.first
				if c.ev = &in.ev; len(all) > 0 {
					c = &container{ev: new(evidence)}
				}
				err := g.readInto(ctx, c, id, e)
				if again > 0 && errors.Is(err, store.ErrConflict) {
					again--
					more = append(more, id)
					continue
				}
				if err != nil {
					return nil, nil, err
				}
				if found != nil {
					found[id] = c
				}
				all = append(all, c)
			}
		}
		todo = slices.DeleteFunc(more, func(id customer.ID) bool { return found[id] != nil })
	}
	in.all = all
	slices.SortFunc(all, func(a, b *container) int { return bytes.Compare(a.id[:], b.id[:]) })
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
	c := &container{ev: new(evidence)}
	if err := g.readInto(ctx, c, id, e); err != nil {
		return nil, err
	}
	return c, nil
}

// readInto is readContainer into the memory of another.
func (g *Graph) readInto(ctx context.Context, c *container, id customer.ID, e store.Entry) error {
	*c = container{id: id, version: e.Version, ev: c.ev}
	data := e.Value
	if d := wire.Read(data); d.Kind() == "identity/parts" {
		d.Expect("identity/parts", 1)
		c.token = d.Bytes()
		c.parts = int(min(d.Uint(), 1<<20))
		if err := d.Close(); err != nil {
			return err
		}
		keys := make([][]byte, c.parts)
		for i := range keys {
			keys[i] = partKey(c.token, i)
		}
		entries, err := g.get(ctx, keys)
		if err != nil {
			return err
		}
		data = nil
		for _, part := range entries {
			if part.Version == 0 {
				return fmt.Errorf("identity: container changed while it was read: %w", store.ErrConflict)
			}
			d := wire.Read(part.Value)
			d.Expect("identity/part", 1)
			data = append(data, d.Bytes()...)
			if err := d.Close(); err != nil {
				return err
			}
		}
	}
	var err error
	c.epoch, err = c.ev.read(data)
	return err
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
