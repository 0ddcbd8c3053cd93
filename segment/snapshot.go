package segment

import (
	"context"
	"iter"
	"math/bits"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Snapshot is an index at one moment: the customers, the tags, and what each customer has. It never changes, however
// much is written after it; it holds memory only for what has changed since. All questions are asked of a Snapshot.
//
// Of an index that lies in a store a question reads what it looks at when that is asked for the first time: the tags that its
// rule names and those it is about, whole, or for a single customer one chunk of them; and ids, or hashes of them. The error may then be one of
// the store, or wrap ErrCorrupt or ErrStale; a question asked again goes on where the one before stopped. Safe for concurrent
// use.
type Snapshot struct {
	index    uuid.UUID
	epoch    uint64
	formerly former // the epoch of the file that the index was read from
	version  uint64
	dense    int // members of a chunk from which a set is kept as a bitmap
	tags     *Catalogue
	data     []tagData // of tags
	ids      dictView
	exists   []bitset.Set // by chunk: the positions whose customer has not been deleted
	alive    int
	shelf    *shelf // where what has not been read lies; nil: everything is in memory
}

// tagData is what a tag holds.
type tagData struct {
	columns []column // by chunk; nil, or beyond the end: nothing. Those on a shelf stand as *shelved: see column
	times   []column // by chunk: when a value was set by SetIfNewer, as intColumn of nanoseconds; nil: never used. See time
	extents *extents // of columns; nil: none are kept
	terms   *terms   // Enum, Labels: the texts
	last    int      // how many of terms belong to the snapshot
	written time.Time
}

// column returns the column of a chunk, nil if it holds nothing. It must have been read.
func (d *tagData) column(c int) column {
	if c < len(d.columns) {
		return taken(d.columns[c])
	}
	return nil
}

// latest is column for who can do with late values.
func (d *tagData) latest(c int) column {
	if c < len(d.columns) {
		return lent(d.columns[c])
	}
	return nil
}

// asRead is latest for who can do with enums as they lie on a shelf.
func (d *tagData) asRead(c int) column {
	if c < len(d.columns) {
		return asRead(d.columns[c])
	}
	return nil
}

// texts returns the texts of the codes from 1.
func (d *tagData) texts() []string { return d.terms.all()[:d.last] }

// Len returns the number of customers.
func (s *Snapshot) Len() int { return s.alive }

// Version grows by one with each batch or load, each Declare that adds a tag, and each Compact.
func (s *Snapshot) Version() uint64 { return s.version }

// Catalogue returns the tags there are.
func (s *Snapshot) Catalogue() *Catalogue { return s.tags }

// find is position that reads what it takes to tell.
func (s *Snapshot) find(ctx context.Context, id customer.ID) (uint32, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	if k := s.ids.kept; k != nil && !k.ready.Load() { // nobody has come or gone since
		return k.find(ctx, id)
	}
	p, ok := s.position(id)
	return p, ok, nil
}

// position returns the position of a customer that exists. All ids must have been read.
func (s *Snapshot) position(id customer.ID) (uint32, bool) {
	p, ok := s.ids.lookup(id)
	if !ok || !s.exists[p>>chunkBits].Contains(uint16(p)) {
		return 0, false
	}
	return p, true
}

// Has tells whether there is such a customer.
func (s *Snapshot) Has(ctx context.Context, id customer.ID) (bool, error) {
	_, ok, err := s.find(ctx, id)
	return ok, err
}

// Customers yields the ids of all customers in order of arrival. An error is the last element. The sequence can be used
// many times.
func (s *Snapshot) Customers(ctx context.Context) iter.Seq2[customer.ID, error] {
	return func(yield func(customer.ID, error) bool) {
		for c, set := range s.exists {
			err := ctx.Err()
			if err == nil {
				err = s.needIDs(ctx, c)
			}
			if err != nil {
				yield(customer.ID{}, err)
				return
			}
			for p := range set.All() {
				if !yield(s.ids.id(uint32(c)<<chunkBits|uint32(p)), nil) {
					return
				}
			}
		}
	}
}

// Row returns what the customer has, in the order of the catalogue; nothing for one that there is not. Cost: a look at
// each tag, and at each label of a tag of labels.
func (s *Snapshot) Row(ctx context.Context, id customer.ID) ([]customer.Field, error) {
	p, ok, err := s.find(ctx, id)
	if !ok {
		return nil, err
	}
	cells := make([]cell, len(s.data))
	for tag := range cells {
		cells[tag] = cell{tag, int(p >> chunkBits)}
	}
	if err := s.needCells(ctx, cells, true); err != nil {
		return nil, err
	}
	var row []customer.Field
	for i, t := range s.tags.tags {
		if v := s.stored(i, p); v.set {
			row = append(row, customer.Field{Name: t.Name, Value: t.valueOf(v)})
		}
	}
	return row, nil
}

// Value returns the value of a tag of a customer; unset if the customer has none, and also if there is no such tag or
// no such customer: Catalogue.Tag tells whether a tag exists, Has whether a customer does. Cost: as Row for one tag.
func (s *Snapshot) Value(ctx context.Context, id customer.ID, tag string) (customer.Value, error) {
	i, ok := s.tags.byName[tag]
	p, exists, err := s.find(ctx, id)
	if !ok || !exists {
		return customer.Value{}, err
	}
	if err := s.needCells(ctx, []cell{{i, int(p >> chunkBits)}}, true); err != nil {
		return customer.Value{}, err
	}
	return s.tags.tags[i].valueOf(s.stored(i, p)), nil
}

// stored returns the value of a tag at a position.
func (s *Snapshot) stored(tag int, position uint32) (v stored) {
	d, p := &s.data[tag], uint16(position)
	col := d.latest(int(position >> chunkBits))
	if col == nil || !col.members().Contains(p) {
		return v
	}
	v.set = true
	switch col := col.(type) {
	case *flagColumn:
		v.b = col.yes.Contains(p)
	case *intColumn:
		v.n = col.value(p)
	case *floatColumn:
		v.f = col.value(p)
	case *enumColumn:
		v.text = d.texts()[col.code(p)-1]
	case *labelsColumn:
		var labels []string
		texts := d.texts()
		for i, code := range col.codes {
			if col.sets[i].Contains(p) {
				labels = append(labels, texts[code-1])
			}
		}
		v.labels = customer.LabelsValue(labels...)
	}
	return v
}

// members yields the set positions of w, ascending.
func members(w *kernel.Words) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for i, word := range w {
			for ; word != 0; word &= word - 1 {
				if !yield(uint16(i<<6 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}
