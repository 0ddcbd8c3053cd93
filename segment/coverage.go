package segment

import (
	"context"
	"time"
)

// Coverage says how far a tag covers the customers, and how fresh it is. Safe for concurrent use.
type Coverage struct {
	Tag       string
	Customers int     // customers with a value
	Share     float64 // Customers by all customers; 0 if there are none
	Distinct  int     // different texts of an Enum and labels of a Labels tag that customers have; 0 for other kinds
	// Written is the latest Batch.At, or at of Load, of those that wrote the tag; the zero time if none said when.
	Written time.Time
	// Stale says that Tag.Refresh is set, and that Written is longer ago than that or not known.
	Stale bool
	// Bytes is the memory that the values take, the texts included: those that have been read, where they lie in a store.
	Bytes int
}

// Coverage returns the coverage of every tag at a moment, in the order of the catalogue. Cost: a look at every chunk of
// every tag, not at customers; where they lie in a store, those of enums and labels are read.
func (s *Snapshot) Coverage(ctx context.Context, at time.Time) ([]Coverage, error) {
	var texts []int
	for i := range s.data {
		if s.data[i].terms != nil {
			texts = append(texts, i)
		}
	}
	err := ctx.Err()
	if err == nil {
		err = s.need(ctx, texts...)
	}
	if err != nil {
		return nil, err
	}
	list := make([]Coverage, len(s.data))
	for i := range s.data {
		t, d := s.tags.tags[i], &s.data[i]
		c := Coverage{Tag: t.Name, Written: d.written, Bytes: d.bytes()}
		for _, col := range d.columns {
			if s, ok := col.(*shelved); ok {
				c.Customers += int(s.n)
			} else if col != nil {
				c.Customers += col.members().Len()
			}
		}
		if s.alive > 0 {
			c.Share = float64(c.Customers) / float64(s.alive)
		}
		if d.terms != nil {
			c.Distinct = d.distinct()
		}
		c.Stale = t.Refresh > 0 && (d.written.IsZero() || at.Sub(d.written) > t.Refresh)
		list[i] = c
	}
	return list, nil
}

// Bytes returns the memory that the snapshot takes: ids, tags with what questions have left for later ones, and who exists, as
// far as they have been read. What it shares with other snapshots of the index counts in each.
func (s *Snapshot) Bytes() int {
	n := s.ids.bytes()
	for _, set := range s.exists {
		n += set.Bytes()
	}
	for i := range s.data {
		n += s.data[i].bytes()
	}
	return n
}

// bytes returns the memory that the columns, their extents and the texts take.
func (d *tagData) bytes() int {
	n := d.extents.bytes()
	for _, columns := range [][]column{d.columns, d.times} {
		n += 16 * len(columns)
		for _, col := range columns {
			if col != nil {
				n += col.bytes()
			}
		}
	}
	if d.terms != nil && d.terms.read.Load() {
		for _, text := range d.texts() {
			n += termBytes + len(text)
		}
	}
	return n
}

// termBytes is what a text takes beside its bytes: 16 for the string in the list of texts and, with the room that maps
// leave, about 50 for the entry that leads to its code.
const termBytes = 66

// distinct returns the number of different texts that are in use.
func (d *tagData) distinct() int {
	seen := make([]bool, d.last+1)
	n := 0
	use := func(code int) {
		if !seen[code] {
			seen[code] = true
			n++
		}
	}
	for _, col := range d.all() {
		switch col := col.(type) {
		case *enumColumn:
			for _, code := range col.codes {
				use(int(code))
			}
		case *labelsColumn:
			for _, code := range col.codes {
				use(int(code))
			}
		}
	}
	return n
}
