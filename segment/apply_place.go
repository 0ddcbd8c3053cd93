package segment

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

// read reads what place looks at: the ids, and the texts of tags.
func (e *edition) read(ctx context.Context, b *Batch) error {
	if e.next.shelf == nil {
		return nil
	}
	var tags []int
	for i := range b.writes {
		if tag, ok := e.next.tags.byName[b.writes[i].tag]; ok && (len(tags) == 0 || tags[len(tags)-1] != tag) {
			tags = append(tags, tag)
		}
	}
	if err := e.next.needTexts(ctx, tags); err != nil {
		return err
	}
	return e.next.needLookup(ctx)
}

// place gives every write its position and sorts the writes by tag and chunk.
func (e *edition) place(b *Batch) error {
	var last customer.ID // the writes of a customer often come together
	var p uint32
	var ok bool
	var found [lookupGroup]uint32
	for row := range b.writes {
		w := &b.writes[row]
		if row%lookupGroup == 0 {
			e.find(b.writes[row:], &found)
		}
		if row == 0 || w.id != last {
			if p, ok = found[row%lookupGroup], true; p == noPosition || !e.isAlive(p) {
				p, ok = e.position(w.id)
			}
			last = w.id
		}
		switch {
		case w.verb == verbDelete:
			if ok {
				e.delete(p)
				ok = false
			}
			continue
		case !ok && (w.verb == verbRemoveLabels || w.value.IsUnset() && (w.verb == verbSet || w.verb == verbNewer)):
			continue
		case !ok:
			if p, ok = e.ix.ids.add(w.id), true; p == noPosition {
				return &WriteError{w.row, "", "index is full"}
			}
			addMember(e.existing(int(p>>chunkBits)), uint16(p))
		}
		if w.verb == verbAdd {
			continue
		}
		tag, known := e.next.tags.byName[w.tag]
		if !known {
			continue // unset of a tag that there is not
		}
		t, d := e.next.tags.tags[tag], &e.next.data[tag]
		st := step{verb: w.verb, p: uint16(p), row: w.row}
		st.value, _ = t.store(w.value)
		switch {
		case t.Kind == Enum && st.value.set:
			code := d.terms.add(st.value.text)
			if code > maxEnum {
				return &WriteError{w.row, w.tag, tooManyValues}
			}
			st.codes = []uint32{code}
		case t.Kind == Labels:
			for label := range st.value.labels.Labels() {
				var code uint32
				if w.verb == verbRemoveLabels {
					code = d.terms.code(label, math.MaxInt)
				} else if code = d.terms.add(label); code > maxLabels {
					return &WriteError{w.row, w.tag, tooManyLabels}
				}
				if code != 0 {
					st.codes = append(st.codes, code)
				}
			}
		}
		g := e.group(tag, int(p>>chunkBits))
		if w.verb == verbNewer {
			st.at = w.at.UnixNano()
			g.times = true
		}
		g.steps = append(g.steps, st)
	}
	return nil
}

// find looks up the ids of the first writes, all at once. What is found and alive is the newest position as long as the edition
// does not delete it.
func (e *edition) find(writes []write, found *[lookupGroup]uint32) {
	var ids [lookupGroup]customer.ID
	n := min(len(writes), lookupGroup)
	for i := range n {
		ids[i] = writes[i].id
	}
	e.old.ids.lookupAll(ids[:n], found[:n])
}

// position is Snapshot.position with what the edition has done so far.
func (e *edition) position(id customer.ID) (uint32, bool) {
	p, ok := e.ix.ids.lookup(id)
	if !ok {
		return 0, false
	}
	return p, e.isAlive(p)
}

func (e *edition) isAlive(p uint32) bool {
	c := int(p >> chunkBits)
	if w := e.exists[c]; w != nil {
		return isMember(w, uint16(p))
	}
	return c < len(e.old.exists) && e.old.exists[c].Contains(uint16(p))
}

// existing returns the words of who exists in a chunk, to be changed.
func (e *edition) existing(c int) *kernel.Words {
	w := e.exists[c]
	if w == nil {
		w = new(kernel.Words)
		if c < len(e.old.exists) {
			e.old.exists[c].Load(w)
		}
		e.exists[c] = w
	}
	return w
}

func (e *edition) group(tag, c int) *group {
	for len(e.recent) <= tag {
		e.recent = append(e.recent, nil)
	}
	if g := e.recent[tag]; g != nil && g.chunk == c {
		return g
	}
	at := cell{tag, c}
	g := e.groups[at]
	if g == nil {
		g = &group{cell: at}
		if times := e.next.data[tag].times; c < len(times) && times[c] != nil {
			g.times = true // read or not
		}
		e.groups[at] = g
	}
	e.recent[tag] = g
	return g
}

// delete takes a customer out of the index. Its position is never written to again.
func (e *edition) delete(position uint32) {
	c, p := int(position>>chunkBits), uint16(position)
	e.existing(c)[p>>6] &^= 1 << (p & 63)
	if e.gone[c] == nil {
		e.gone[c] = new(kernel.Words)
	}
	addMember(e.gone[c], p)
}
