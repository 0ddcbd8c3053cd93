package segment

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
)

// Compact numbers the customers anew, those who exist and no others, in their old order, and begins a new epoch: sets
// and cursors of all others are refused from then on. The ids of deleted customers, texts that no customer has any
// more, and the room of both are gone once no older Snapshot is in use. Cost: as loading everything again.
func (ix *Index) Compact(ctx context.Context) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	old := ix.Snapshot()
	if err := old.needAll(ctx); err != nil {
		return err
	}
	ids := make([]customer.ID, 0, old.alive)
	moved := make([]uint32, old.ids.len()) // new position of each old one
	for c, set := range old.exists {
		for p := range set.All() {
			at := uint32(c)<<chunkBits | uint32(p)
			moved[at] = uint32(len(ids))
			ids = append(ids, old.ids.id(at))
		}
	}
	dict := newDictionary(byChance())
	if err := dict.addAll(ids, make([]uint32, len(ids)), parallel.Workers(ix.workers), func(uint32) bool { return true }); err != nil {
		return err
	}
	next := *old
	next.epoch, next.formerly = byChance(), former{}
	next.version++
	next.ids = dict.view()
	next.exists = nil
	for rest := len(ids); rest > 0; rest -= kernel.Bits {
		next.exists = append(next.exists, bitset.Full(min(rest, kernel.Bits)))
	}
	next.data = make([]tagData, len(old.data))
	parallel.For(parallel.Workers(ix.workers), len(old.data), func(tag int) {
		if ctx.Err() == nil {
			next.data[tag] = old.renumbered(tag, moved, len(next.exists))
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	ix.ids = dict
	ix.current.Store(&next)
	return nil
}

// renumbered returns the data of a tag at new positions.
func (s *Snapshot) renumbered(tag int, moved []uint32, chunks int) tagData {
	d := s.data[tag]
	codes := []uint32(nil)
	if d.terms != nil {
		d.terms, codes = d.kept()
		d.last = len(d.terms.all())
	}
	d.renew(renumber(s.tags.tags[tag].Kind, d.columns, moved, chunks, codes, s.dense))
	if d.times != nil {
		d.times = renumber(Integer, d.times, moved, chunks, nil, s.dense)
	}
	return d
}

// kept returns the texts that occur, and the new code of each old one.
func (d *tagData) kept() (*terms, []uint32) {
	used := make([]bool, d.last+1)
	for _, col := range d.all() {
		switch col := col.(type) {
		case *enumColumn:
			for _, code := range col.codes {
				used[code] = true
			}
		case *labelsColumn:
			for _, code := range col.codes {
				used[code] = true
			}
		}
	}
	t, codes := newTerms(), make([]uint32, d.last+1)
	for i, text := range d.texts() {
		if used[i+1] {
			codes[i+1] = t.add(text)
		}
	}
	return t, codes
}

// renumber moves values to new positions, which ascend with the old ones: the old chunks fill the new ones in order.
func renumber(k Kind, columns []column, moved []uint32, chunks int, codes []uint32, dense int) []column {
	out := make([]column, chunks)
	var ed editor
	at := -1
	flush := func() {
		if ed != nil {
			out[at] = ed.freeze(dense)
		}
	}
	open := func(c int) {
		if c == at {
			return
		}
		flush()
		at = c
		ed = newEditor(k)
		ed.load(nil)
	}
	for c, col := range columns {
		if col = taken(col); col == nil {
			continue
		}
		var w kernel.Words
		col.members().Load(&w)
		base := c << chunkBits
		switch col := col.(type) {
		case *flagColumn:
			for p := range members(&w) {
				to := moved[base+int(p)]
				open(int(to >> chunkBits))
				ed.(*flagEditor).put(uint16(to), col.yes.Contains(p))
			}
		case *enumColumn:
			for p := range members(&w) {
				to := moved[base+int(p)]
				open(int(to >> chunkBits))
				ed.(*enumEditor).put(uint16(to), uint16(codes[col.code(p)]))
			}
		case *labelsColumn:
			perPosition := make([][]uint32, kernel.Bits)
			for i, code := range col.codes {
				for p := range col.sets[i].All() {
					perPosition[p] = append(perPosition[p], codes[code])
				}
			}
			for p := range members(&w) {
				to := moved[base+int(p)]
				open(int(to >> chunkBits))
				labels := ed.(*labelsEditor)
				labels.have(uint16(to))
				for _, code := range perPosition[p] {
					labels.add(uint16(to), code)
				}
			}
		case *intColumn:
			col.each(&w, func(p uint16, v int64) {
				to := moved[base+int(p)]
				open(int(to >> chunkBits))
				ed.(*intEditor).put(uint16(to), v)
			})
		case *floatColumn:
			col.each(&w, func(p uint16, v float64) {
				to := moved[base+int(p)]
				open(int(to >> chunkBits))
				ed.(*floatEditor).put(uint16(to), v)
			})
		}
	}
	flush()
	return slices.Clip(out)
}

func newEditor(k Kind) editor {
	switch k {
	case Flag:
		return &flagEditor{}
	case Enum:
		return &enumEditor{}
	case Labels:
		return &labelsEditor{}
	case Float:
		return &floatEditor{}
	}
	return &intEditor{}
}
