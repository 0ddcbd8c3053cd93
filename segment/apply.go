package segment

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// Apply carries out the writes of the batch in their order, and publishes a new snapshot. All are carried out or none:
// an error, with *WriteErrors that name the writes, leaves the index as it was. Cost: some microseconds a write. What a batch
// writes to a chunk of 65,536 customers of a tag lies beside what is there until it is 512 values; then, where one batch
// writes more, and always of Labels, the chunk is built anew, which takes about 0.2 ms. Questions that go through all values
// of a tag (sums, groups, quantiles) build the chunks that have been written to since, the first of them once for all.
func (ix *Index) Apply(ctx context.Context, b *Batch) error { return ix.apply(ctx, b, 0) }

// apply is Apply. Errors call the first row what first says.
func (ix *Index) apply(ctx context.Context, b *Batch, first int) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	e, err := ix.carryOut(ctx, b, first)
	if err == nil {
		e.publish(b.At)
	}
	return err
}

// carryOut makes the columns after the batch; publish and complete make a snapshot of them. The writer holds ix.mu. After
// an error nothing has changed.
func (ix *Index) carryOut(ctx context.Context, b *Batch, first int) (*edition, error) {
	e := ix.begin()
	e.faults.first = first
	if err := e.check(ctx, b); err != nil {
		return nil, err
	}
	err := e.read(ctx, b)
	if err == nil {
		err = e.place(b)
	}
	if err == nil {
		err = e.run(ctx)
	}
	if err != nil {
		e.rollback()
		return nil, err
	}
	return e, nil
}

// edition is a snapshot in the making. Not safe for concurrent use.
type edition struct {
	ix     *Index
	old    *Snapshot
	next   *Snapshot
	count  uint32                // positions of old
	groups map[cell]*group       // what is to be done, by tag and chunk
	recent []*group              // by tag, the group used last
	gone   map[int]*kernel.Words // by chunk: who is deleted
	fresh  []Tag                 // inferred
	names  map[string]int        // their places in fresh
	exists map[int]*kernel.Words // by chunk: who exists, where that changes
	faults faults
}

// cell is a tag and a chunk.
type cell struct{ tag, chunk int }

func (a cell) compare(b cell) int {
	return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.chunk, b.chunk))
}

// group is what is to be done at a place, in order.
type group struct {
	cell
	steps []step
	times bool // the times of SetIfNewer are kept or must be taken away
	wrote bool // something was written, not only deleted
	// changed are the positions whose values have changed, ascending, where live segments want to know.
	changed []uint16
}

const (
	tooManyValues = "more than 65,535 different values since the last Compact"
	tooManyLabels = "more than 2^20 different labels since the last Compact"
)

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
		groups: map[cell]*group{}, exists: map[int]*kernel.Words{}, gone: map[int]*kernel.Words{},
		names: map[string]int{},
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
			e.faults.add(w.row, "", "id names no customer")
		}
		if w.verb == verbAdd || w.verb == verbDelete {
			continue
		}
		if why := e.checkWrite(w); why != "" {
			e.faults.add(w.row, w.tag, why)
		}
	}
	if len(e.fresh) > 0 && len(e.faults.list) == 0 {
		cat, err := e.next.tags.with(e.fresh)
		if err != nil {
			return err
		}
		e.next = e.next.declared(cat)
	}
	return e.faults.err()
}

func (e *edition) checkWrite(w *write) (why string) {
	if w.verb == verbIncrement && w.value.IsUnset() {
		return "value is unset"
	}
	t, why := e.tag(w)
	if t == nil {
		return why
	}
	switch w.verb {
	case verbAddLabels, verbRemoveLabels:
		if t.Kind != Labels {
			return "tag has no labels but is of kind " + t.Kind.String()
		}
	case verbIncrement:
		if t.Kind != Integer && t.Kind != Decimal && t.Kind != Float {
			return "tag of kind " + t.Kind.String() + " cannot be incremented"
		}
	case verbNewer:
		if !validClock(w.at) {
			return "time of the value is not in years 1678 to 2261"
		}
	}
	if _, err := t.store(w.value); err != nil {
		return err.Error()
	}
	return ""
}

// tag returns the tag of a write, inferred if need be; nil and no reason if there is nothing to clear.
func (e *edition) tag(w *write) (t *Tag, why string) {
	if i, ok := e.next.tags.byName[w.tag]; ok {
		return e.next.tags.tags[i], ""
	}
	if i, ok := e.names[w.tag]; ok {
		return &e.fresh[i], ""
	}
	if !e.ix.infer {
		return nil, "unknown tag"
	}
	if w.value.IsUnset() {
		return nil, ""
	}
	if err := w.value.Validate(); err != nil {
		return nil, "value is not valid"
	}
	inferred := infer(w.tag, w.value)
	if inferred.Validate() != nil {
		return nil, "name cannot be that of a tag"
	}
	e.names[w.tag] = len(e.fresh)
	e.fresh = append(e.fresh, inferred)
	return &e.fresh[len(e.fresh)-1], ""
}

// sweepGone makes a group for every column that holds something of a deleted customer.
func (e *edition) sweepGone() {
	for c, gone := range e.gone {
		for tag := range e.next.data {
			d := &e.next.data[tag]
			col := d.latest(c)
			held := col != nil && col.members().AndCount(gone) > 0
			if times := d.time(c); times != nil { // a cleared value keeps its time
				held = held || times.members().AndCount(gone) > 0
			}
			if held {
				e.group(tag, c)
			}
		}
	}
}

// run carries out the groups and writes the new columns to e.next.
func (e *edition) run(ctx context.Context) error {
	var cells []cell
	for c := range e.gone {
		for tag := range e.next.data {
			cells = append(cells, cell{tag, c})
		}
	}
	if err := e.next.needCells(ctx, cells, false); err != nil {
		return err
	}
	e.sweepGone()
	groups := make([]*group, 0, len(e.groups))
	for _, g := range e.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return a.cell.compare(b.cell)
	})
	if err := e.readGroups(ctx); err != nil {
		return err
	}
	chunks := int((uint64(e.ix.ids.view().len()) + kernel.Bits - 1) >> chunkBits)
	e.next.data = slices.Clone(e.next.data)
	tag, times := -1, -1
	for _, g := range groups { // the groups of a tag lie together: the first makes room for all
		d := &e.next.data[g.tag]
		if g.tag != tag {
			tag = g.tag
			d.renew(lengthened(d.columns, chunks))
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

// readGroups reads the columns that are to be written to.
func (e *edition) readGroups(ctx context.Context) error {
	return e.next.needCells(ctx, slices.Collect(maps.Keys(e.groups)), false)
}

// lengthened returns a copy of columns with room for n.
func lengthened(columns []column, n int) []column {
	longer := make([]column, max(n, len(columns)))
	copy(longer, columns)
	return longer
}

// publish completes the new snapshot and makes it the current one.
func (e *edition) publish(at time.Time) { e.ix.current.Store(e.complete(at)) }

// complete returns the new snapshot.
func (e *edition) complete(at time.Time) *Snapshot {
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
	for at, g := range e.groups {
		written[at.tag] = written[at.tag] || g.wrote
	}
	for i := range s.data {
		d := &s.data[i]
		if d.terms != nil {
			d.last = d.terms.len()
		}
		if written[i] && at.After(d.written) {
			d.written = at
		}
	}
	s.version++
	return s
}
