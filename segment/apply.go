package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// WriteError says which write of a batch, or which row of a load, cannot be carried out and why. It never holds the
// value. Safe for concurrent reads.
type WriteError struct {
	Row    int    // index of the write in its batch, or of the row in its load; -1 where it is none in particular
	Tag    string // the tag, or "" for the customer
	Reason string // what is wrong
}

// Error returns the sentence.
func (e *WriteError) Error() string {
	switch {
	case e.Row < 0:
		return fmt.Sprintf("segment: tag %q: %s", e.Tag, e.Reason)
	case e.Tag == "":
		return fmt.Sprintf("segment: row %d: %s", e.Row, e.Reason)
	}
	return fmt.Sprintf("segment: row %d: tag %q: %s", e.Row, e.Tag, e.Reason)
}

// maxFaults is how many faults an error of Apply and Load tells.
const maxFaults = 20

// faults collects what is wrong with a batch.
type faults struct {
	mu   sync.Mutex
	list []*WriteError
}

func (f *faults) add(row int, tag, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &WriteError{row, tag, reason})
}

// err joins the first faults in order of rows.
func (f *faults) err() error {
	slices.SortStableFunc(f.list, func(a, b *WriteError) int { return a.Row - b.Row })
	var errs []error
	for i, e := range f.list {
		if i == maxFaults {
			errs = append(errs, fmt.Errorf("segment: and %d faults more", len(f.list)-i))
			break
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// Apply carries out the writes of the batch in their order, and publishes a new snapshot. All are carried out or none:
// an error, with *WriteErrors that name the writes, leaves the index as it was. Cost: each chunk of 65,536 customers of
// each tag that is touched is written anew, about 0.2 ms, so that a large batch costs less a write than a small one.
func (ix *Index) Apply(ctx context.Context, b *Batch) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	e := ix.begin()
	if err := e.check(ctx, b); err != nil {
		return err
	}
	if err := e.place(b); err != nil {
		e.rollback()
		return err
	}
	if err := e.run(ctx); err != nil {
		e.rollback()
		return err
	}
	e.publish(b.At)
	return nil
}

// edition is a snapshot in the making. Not safe for concurrent use.
type edition struct {
	ix     *Index
	old    *Snapshot
	next   *Snapshot
	count  uint32                // positions of old
	groups map[cell]*group       // what is to be done, by tag and chunk
	exists map[int]*kernel.Words // by chunk: who exists, where that changes
	faults faults
}

// cell is a tag and a chunk.
type cell struct{ tag, chunk int }

// group is what is to be done at a place, in order.
type group struct {
	cell
	steps []step
	times bool // the times of SetIfNewer are kept or must be taken away
}

// step is one write at a position.
type step struct {
	verb  verb
	p     uint16
	row   int
	value stored
	codes []uint32 // labels
	at    int64    // verbNewer: nanoseconds since 1970
}

func (ix *Index) begin() *edition {
	s := ix.Snapshot()
	next := *s
	return &edition{
		ix: ix, old: s, next: &next, count: s.ids.len(),
		groups: map[cell]*group{}, exists: map[int]*kernel.Words{},
	}
}

// rollback takes back the ids and texts that were added.
func (e *edition) rollback() {
	e.ix.ids.truncate(e.count)
	for i := range e.old.data {
		if d := &e.old.data[i]; d.terms != nil {
			d.terms.truncate(d.last)
		}
	}
}

// check looks at every write without changing anything but e.next's catalogue.
func (e *edition) check(ctx context.Context, b *Batch) error {
	for row := range b.writes {
		if row%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		w := &b.writes[row]
		if w.id == (customer.ID{}) {
			e.faults.add(row, "", "id names no customer")
		}
		if w.verb == verbAdd || w.verb == verbDelete {
			continue
		}
		if why := e.checkWrite(w); why != "" {
			e.faults.add(row, w.tag, why)
		}
	}
	return e.faults.err()
}

func (e *edition) checkWrite(w *write) (why string) {
	i, ok := e.next.tags.byName[w.tag]
	if !ok {
		if !e.ix.infer {
			return "unknown tag"
		}
		if w.value.IsUnset() {
			return "" // nothing to clear
		}
		if err := w.value.Validate(); err != nil {
			return "value is not valid"
		}
		cat, err := e.next.tags.with([]Tag{infer(w.tag, w.value)})
		if err != nil {
			return "name cannot be that of a tag"
		}
		e.next = e.next.declared(cat)
		i = cat.Len() - 1
	}
	t := e.next.tags.tags[i]
	switch w.verb {
	case verbAddLabels, verbRemoveLabels:
		if t.Kind != Labels {
			return "tag has no labels but is of kind " + t.Kind.String()
		}
	case verbIncrement:
		if t.Kind != Integer && t.Kind != Decimal && t.Kind != Float {
			return "tag of kind " + t.Kind.String() + " cannot be incremented"
		}
		if w.value.IsUnset() {
			return "value is unset"
		}
	case verbNewer:
		if w.at.Year() < 1678 || w.at.Year() > 2261 {
			return "time of the value is not in years 1678 to 2261"
		}
	}
	if _, err := t.store(w.value); err != nil {
		return err.Error()
	}
	return ""
}

// place gives every write its position and sorts the writes by tag and chunk.
func (e *edition) place(b *Batch) error {
	for row := range b.writes {
		w := &b.writes[row]
		p, ok := e.position(w.id)
		switch {
		case w.verb == verbDelete:
			if ok {
				e.delete(p)
			}
			continue
		case !ok && (w.verb == verbRemoveLabels || w.value.IsUnset() && (w.verb == verbSet || w.verb == verbNewer)):
			continue
		case !ok:
			if p, ok = e.ix.ids.add(w.id), true; p == noPosition {
				return &WriteError{row, "", "index is full"}
			}
			c := int(p >> chunkBits)
			kernel.FillRange(e.existing(c), int(uint16(p)), int(uint16(p))+1)
		}
		if w.verb == verbAdd {
			continue
		}
		tag, ok := e.next.tags.byName[w.tag]
		if !ok {
			continue // unset of a tag that there is not
		}
		t, d := e.next.tags.tags[tag], &e.next.data[tag]
		st := step{verb: w.verb, p: uint16(p), row: row}
		st.value, _ = t.store(w.value)
		switch {
		case t.Kind == Enum && st.value.set:
			code := d.terms.add(st.value.text)
			if code > maxEnum {
				return &WriteError{row, w.tag, fmt.Sprintf("more than %d different values", maxEnum)}
			}
			st.codes = []uint32{code}
		case t.Kind == Labels:
			for label := range st.value.labels.Labels() {
				code := d.terms.add(label)
				if code > maxLabels {
					return &WriteError{row, w.tag, fmt.Sprintf("more than %d different labels", maxLabels)}
				}
				st.codes = append(st.codes, code)
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
	at := cell{tag, c}
	g := e.groups[at]
	if g == nil {
		g = &group{cell: at}
		if times := e.next.data[tag].times; c < len(times) && times[c] != nil {
			g.times = true
		}
		e.groups[at] = g
	}
	return g
}

// delete takes a customer out of every column.
func (e *edition) delete(position uint32) {
	c, p := int(position>>chunkBits), uint16(position)
	w := e.existing(c)
	w[p>>6] &^= 1 << (p & 63)
	for tag := range e.next.data {
		d := &e.next.data[tag]
		col := d.column(c)
		held := col != nil && col.members().Contains(p)
		if c < len(d.times) && d.times[c] != nil { // a cleared value keeps its time
			held = held || d.times[c].members().Contains(p)
		}
		if held || e.groups[cell{tag, c}] != nil {
			g := e.group(tag, c)
			g.steps = append(g.steps, step{verb: verbDelete, p: p})
		}
	}
}

// run carries out the groups and writes the new columns to e.next.
func (e *edition) run(ctx context.Context) error {
	groups := make([]*group, 0, len(e.groups))
	for _, g := range e.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		if a.tag != b.tag {
			return a.tag - b.tag
		}
		return a.chunk - b.chunk
	})
	chunks := int((uint64(e.ix.ids.view().len()) + kernel.Bits - 1) >> chunkBits)
	e.next.data = slices.Clone(e.next.data)
	tag, times := -1, -1
	for _, g := range groups { // the groups of a tag lie together: the first makes room for all
		d := &e.next.data[g.tag]
		if g.tag != tag {
			tag, d.columns = g.tag, lengthened(d.columns, chunks)
		}
		if g.times && g.tag != times {
			times, d.times = g.tag, lengthened(d.times, chunks)
		}
	}
	parallel.For(parallel.Workers(e.ix.workers), len(groups), func(i int) {
		if ctx.Err() == nil {
			e.edit(groups[i])
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.faults.err()
}

// lengthened returns a copy of columns with room for n.
func lengthened(columns []column, n int) []column {
	longer := make([]column, max(n, len(columns)))
	copy(longer, columns)
	return longer
}

// publish completes the new snapshot and makes it the current one.
func (e *edition) publish(at time.Time) {
	s := e.next
	s.ids = e.ix.ids.view()
	s.exists = slices.Clone(s.exists)
	for c, w := range e.exists {
		for len(s.exists) <= c {
			s.exists = append(s.exists, bitset.Set{})
		}
		s.alive -= s.exists[c].Len()
		s.exists[c] = bitset.Of(w, s.dense)
		s.alive += s.exists[c].Len()
	}
	written := map[int]bool{}
	for at := range e.groups {
		written[at.tag] = true
	}
	for i := range s.data {
		d := &s.data[i]
		if d.terms != nil {
			d.last = len(d.terms.all())
		}
		if written[i] && at.After(d.written) {
			d.written = at
		}
	}
	s.version++
	e.ix.current.Store(s)
}
