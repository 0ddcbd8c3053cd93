package segment

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// Column holds the values of one tag for many customers, for Index.Load. Exactly one of the slices of values is not nil;
// it has as many elements as there are ids. Safe for concurrent reads.
type Column struct {
	Tag string

	Bools  []bool     // Flag
	Ints   []int64    // Integer; Decimal, in units of the scale: cents; Time, in units of the tag since 1970: seconds
	Floats []float64  // Float; NaN is unset
	Texts  []string   // Enum
	Codes  []int32    // Enum: places in Levels; -1 is unset
	Levels []string   // of Codes, each once
	Lists  [][]string // Labels; nil is unset, empty is not

	// Set tells which rows have a value; nil means all, or those the values themselves say. The others keep what they had.
	Set []bool
}

// Load writes many values at once: row i gives customer ids[i] the values at i of every column, as Batch.Set would, and
// makes the customers the index does not know. An id may occur several times; the last row counts. All is written or
// nothing. at is when the values were true, as Batch.At. Cost: far less than a Batch of as much; least where customers
// are new and the columns go over whole chunks.
func (ix *Index) Load(ctx context.Context, at time.Time, ids []customer.ID, columns []Column) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	e := ix.begin()
	tags, err := e.checkColumns(ids, columns)
	if err != nil {
		return err
	}
	if err := e.load(ctx, ids, columns, tags); err != nil {
		e.rollback()
		return err
	}
	e.publish(at)
	return nil
}

// LoadRows is Apply for a stream of rows, in batches of many. An error of rows ends it, and the rows before it stay; an
// error of a batch ends it, and the batches before it stay. done is how many rows were written, always the first ones.
func (ix *Index) LoadRows(ctx context.Context, at time.Time, rows iter.Seq2[customer.Row, error]) (done int, err error) {
	b := Batch{At: at}
	flush := func() error {
		if err := ix.apply(ctx, &b, done); err != nil {
			return err
		}
		done += b.Len()
		b.Reset()
		b.At = at
		return nil
	}
	for row, err := range rows {
		if err != nil {
			return done, errors.Join(err, flush())
		}
		b.Row(row)
		if len(b.writes) >= maxWrites {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	err = flush()
	return done, err
}

// maxWrites is the number of writes that LoadRows collects before it applies them.
const maxWrites = 1 << 20

// checkColumns looks at everything but the texts of enums and labels, and returns the tags of the columns.
func (e *edition) checkColumns(ids []customer.ID, columns []Column) ([]int, error) {
	if uint64(len(ids)) > math.MaxUint32 {
		return nil, fmt.Errorf("segment: more than 2^32 rows: %w", ErrLimit)
	}
	for row, id := range ids {
		if id == (customer.ID{}) {
			e.faults.add(row, "", "id names no customer")
		}
	}
	tags := make([]int, len(columns))
	seen := map[string]bool{}
	for i := range columns {
		c := &columns[i]
		if seen[c.Tag] {
			e.faults.add(-1, c.Tag, "two columns")
		}
		seen[c.Tag] = true
		kinds, n := c.kinds()
		switch {
		case len(kinds) == 0:
			e.faults.add(-1, c.Tag, "column must have exactly one slice of values")
			continue
		case n != len(ids):
			e.faults.add(-1, c.Tag, fmt.Sprintf("column has %d values for %d ids", n, len(ids)))
			continue
		case c.Set != nil && len(c.Set) != len(ids):
			e.faults.add(-1, c.Tag, fmt.Sprintf("Set has %d elements for %d ids", len(c.Set), len(ids)))
			continue
		}
		tag, ok := e.next.tags.byName[c.Tag]
		if !ok && e.ix.infer {
			cat, err := e.next.tags.with([]Tag{{Name: c.Tag, Kind: kinds[0]}})
			if err != nil {
				e.faults.add(-1, c.Tag, "name cannot be that of a tag")
				continue
			}
			e.next = e.next.declared(cat)
			tag, ok = cat.Len()-1, true
		}
		if !ok {
			e.faults.add(-1, c.Tag, "unknown tag")
			continue
		}
		t := e.next.tags.tags[tag]
		if !slices.Contains(kinds, t.Kind) {
			e.faults.add(-1, c.Tag, "column of another kind: the tag is of kind "+t.Kind.String())
			continue
		}
		tags[i] = tag
		e.checkValues(c, t)
	}
	return tags, e.faults.err()
}

// kinds returns the kinds of tags the column can be for, the likeliest first, and the number of its values.
func (c *Column) kinds() (kinds []Kind, n int) {
	filled := 0
	for _, s := range []struct {
		present bool
		n       int
		kinds   []Kind
	}{
		{c.Bools != nil, len(c.Bools), []Kind{Flag}},
		{c.Ints != nil, len(c.Ints), []Kind{Integer, Decimal, Time}},
		{c.Floats != nil, len(c.Floats), []Kind{Float}},
		{c.Texts != nil, len(c.Texts), []Kind{Enum}},
		{c.Codes != nil, len(c.Codes), []Kind{Enum}},
		{c.Lists != nil, len(c.Lists), []Kind{Labels}},
	} {
		if s.present {
			filled++
			kinds, n = s.kinds, s.n
		}
	}
	if filled != 1 {
		return nil, 0
	}
	return kinds, n
}

func (c *Column) has(row int) bool { return c.Set == nil || c.Set[row] }

// value tells whether the row has a value: Set says so, and the value itself.
func (c *Column) value(row int) bool {
	switch {
	case !c.has(row):
		return false
	case c.Floats != nil:
		return c.Floats[row] == c.Floats[row]
	case c.Codes != nil:
		return c.Codes[row] >= 0
	case c.Lists != nil:
		return c.Lists[row] != nil
	}
	return true
}

// checkValues adds the values that cannot be those of the tag to the faults.
func (e *edition) checkValues(c *Column, t *Tag) {
	check := func(row int, v customer.Value) {
		if !c.has(row) {
			return
		}
		if _, err := t.store(v); err != nil {
			e.faults.add(row, t.Name, err.Error())
		}
	}
	switch {
	case c.Floats != nil:
		for row, f := range c.Floats {
			if math.IsInf(f, 0) {
				check(row, customer.Float64Value(f))
			}
		}
	case c.Texts != nil:
		for row, s := range c.Texts {
			check(row, customer.TextValue(s))
		}
	case c.Lists != nil:
		for row, list := range c.Lists {
			check(row, customer.LabelsValue(list...))
		}
	case c.Codes != nil:
		for i, level := range c.Levels {
			if _, err := t.store(customer.TextValue(level)); err != nil {
				e.faults.add(-1, t.Name, fmt.Sprintf("level %d: %s", i, err))
			}
		}
		for row, code := range c.Codes {
			if c.has(row) && (int(code) >= len(c.Levels) || code < -1) {
				e.faults.add(row, t.Name, "code is no place in Levels")
			}
		}
	case c.Ints != nil && t.Kind == Time:
		unit := t.unit()
		for row, n := range c.Ints {
			if c.has(row) && !validTime(unitTime(n, unit)) {
				e.faults.add(row, t.Name, "time is not in years 1 to 9999")
			}
		}
	}
}

// load gives the rows their positions and writes the columns.
func (e *edition) load(ctx context.Context, ids []customer.ID, columns []Column, tags []int) error {
	if err := e.next.needTexts(ctx, tags); err != nil {
		return err
	}
	if err := e.next.needLookup(ctx); err != nil {
		return err
	}
	positions := make([]uint32, len(ids))
	workers := parallel.Workers(e.ix.workers)
	if err := e.ix.ids.addAll(ids, positions, workers, e.isAlive); err != nil {
		return err
	}
	rows := rowsByChunk(positions)
	for c, r := range rows {
		if len(r) == 0 {
			continue
		}
		w := e.existing(c)
		for _, row := range r {
			p := uint16(positions[row])
			w[p>>6] |= 1 << (p & 63)
		}
	}
	codes := make([][]uint32, len(columns))
	lists := make([][][]uint32, len(columns))
	for i := range columns {
		var err error
		if codes[i], lists[i], err = e.codes(&columns[i], tags[i]); err != nil {
			return err
		}
	}
	e.next.data = slices.Clone(e.next.data)
	var jobs []job
	for i, tag := range tags {
		d := &e.next.data[tag]
		d.renew(lengthened(d.columns, len(rows)))
		if d.times != nil {
			d.times = lengthened(d.times, len(rows))
		}
		for c, r := range rows {
			if len(r) > 0 {
				jobs = append(jobs, job{
					cell: cell{tag, c}, rows: r, positions: positions,
					column: &columns[i], codes: codes[i], lists: lists[i],
				})
				wrote := slices.ContainsFunc(r, func(row uint32) bool { return columns[i].value(int(row)) })
				e.groups[cell{tag, c}] = &group{wrote: wrote}
			}
		}
	}
	if err := e.readGroups(ctx); err != nil {
		return err
	}
	parallel.For(workers, len(jobs), func(i int) {
		if ctx.Err() == nil {
			e.loadChunk(&jobs[i])
		}
	})
	return ctx.Err()
}

// rowsByChunk returns for each chunk its rows, in order.
func rowsByChunk(positions []uint32) [][]uint32 {
	var sizes []int
	for _, p := range positions {
		c := int(p >> chunkBits)
		for len(sizes) <= c {
			sizes = append(sizes, 0)
		}
		sizes[c]++
	}
	all := make([]uint32, len(positions))
	rows := make([][]uint32, len(sizes))
	for c, n := range sizes {
		rows[c], all = all[:0:n], all[n:]
	}
	for row, p := range positions {
		c := p >> chunkBits
		rows[c] = append(rows[c], uint32(row))
	}
	return rows
}

// codes returns the codes of the texts of a column: of each row, or of each place in Levels, or for labels lists of them.
func (e *edition) codes(c *Column, tag int) (codes []uint32, lists [][]uint32, err error) {
	d, t := &e.next.data[tag], e.next.tags.tags[tag]
	texts := c.Texts
	if c.Codes != nil {
		texts = c.Levels
	}
	if t.Kind == Enum {
		codes = make([]uint32, len(texts))
		known := map[string]uint32{}
		for i, text := range texts {
			code := known[text]
			if code == 0 && (c.Texts == nil || c.has(i)) {
				code = d.terms.add(text)
				known[text] = code
			}
			codes[i] = code
		}
		if len(d.terms.all()) > maxEnum {
			return nil, nil, &WriteError{-1, t.Name, tooManyValues}
		}
	}
	if t.Kind == Labels {
		lists = make([][]uint32, len(c.Lists))
		known := map[string]uint32{}
		for i, list := range c.Lists {
			if !c.has(i) {
				continue
			}
			for _, label := range list {
				code := known[label]
				if code == 0 {
					code = d.terms.add(label)
					known[label] = code
				}
				lists[i] = append(lists[i], code)
			}
		}
		if len(d.terms.all()) > maxLabels {
			return nil, nil, &WriteError{-1, t.Name, tooManyLabels}
		}
	}
	return codes, lists, nil
}

// job is a column of Load in one chunk.
type job struct {
	cell
	rows      []uint32
	positions []uint32
	column    *Column
	codes     []uint32
	lists     [][]uint32
}

// each calls f for the rows that have a value.
func (j *job) each(f func(p uint16, row uint32)) {
	for _, row := range j.rows {
		if j.column.value(int(row)) {
			f(uint16(j.positions[row]), row)
		}
	}
}

// loadChunk writes a job.
func (e *edition) loadChunk(j *job) {
	d, t, col := &e.next.data[j.tag], e.next.tags.tags[j.tag], j.column
	if d.time(j.chunk) != nil {
		times := intEditors.Get().(*intEditor)
		defer intEditors.Put(times)
		times.load(d.time(j.chunk))
		j.each(func(p uint16, _ uint32) { times.clear(p) })
		d.times[j.chunk] = times.freeze(e.next.dense)
	}
	old := d.latest(j.chunk)
	var ed editor
	switch t.Kind {
	case Flag:
		flags := &flagEditor{}
		flags.load(old)
		j.each(func(p uint16, row uint32) { flags.put(p, col.Bools[row]) })
		ed = flags
	case Enum:
		enums := enumEditors.Get().(*enumEditor)
		defer enumEditors.Put(enums)
		enums.load(old)
		if col.Texts != nil {
			j.each(func(p uint16, row uint32) { enums.put(p, uint16(j.codes[row])) })
		} else {
			j.each(func(p uint16, row uint32) { enums.put(p, uint16(j.codes[col.Codes[row]])) })
		}
		ed = enums
	case Labels:
		labels := &labelsEditor{}
		labels.load(old)
		var anew kernel.Words
		last := make([]uint32, kernel.Bits) // the row that counts, of the members of anew
		j.each(func(p uint16, row uint32) {
			addMember(&anew, p)
			last[p] = row
		})
		labels.reset(&anew)
		for p := range members(&anew) {
			labels.have(p)
			for _, code := range j.lists[last[p]] {
				labels.add(p, code)
			}
		}
		ed = labels
	case Float:
		floats := floatEditors.Get().(*floatEditor)
		defer floatEditors.Put(floats)
		floats.load(old)
		j.each(func(p uint16, row uint32) { floats.put(p, col.Floats[row]+0) })
		ed = floats
	default:
		ints := intEditors.Get().(*intEditor)
		defer intEditors.Put(ints)
		ints.load(old)
		j.each(func(p uint16, row uint32) { ints.put(p, col.Ints[row]) })
		ed = ints
	}
	d.columns[j.chunk] = ed.freeze(e.next.dense)
}
