package consent

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// An atom's records are in its head, the newest last; where that gets large, the older ones
// are in pages, numbered from 1.
const (
	partHead   = "a/"
	partPage   = "p/"
	longestKey = len(partPage) + 16 + 4
	headBytes  = 24 << 10 // from which on a head becomes a page
	mostPages  = 1 << 20
)

func (c *Consents) headKey(atom customer.AtomID) []byte {
	return slices.Concat(c.prefix, []byte(partHead), atom[:])
}

func (c *Consents) pageKey(atom customer.AtomID, page int) []byte {
	return binary.BigEndian.AppendUint32(slices.Concat(c.prefix, []byte(partPage), atom[:]), uint32(page))
}

// log is the records of an atom.
type log struct {
	atom    customer.AtomID
	version store.Version
	erased  bool
	pages   int
	records []Record // of the head
	size    int      // bytes of them
}

func encodeRecords(w *wire.Writer, records []Record) {
	w.List(len(records))
	for i := range records {
		item := wire.Sized("consent/record", 1, 160)
		records[i].encode(item)
		w.Bytes(item.Data())
	}
}

func readRecords(r *wire.Reader, atom customer.AtomID) (records []Record, size int, err error) {
	n := r.List()
	for range n {
		data := r.Bytes()
		item := wire.Read(data)
		item.Share()
		item.Expect("consent/record", 1)
		rec, ok := readRecord(item, atom)
		if err := item.Close(); err != nil {
			return nil, 0, err
		}
		if !ok {
			return nil, 0, store.ErrCorrupt
		}
		records = append(records, rec)
		size += len(data)
	}
	return records, size, nil
}

func (l *log) encode() []byte {
	w := wire.Sized("consent/head", 1, l.size+8*len(l.records)+64)
	w.Bool(l.erased)
	w.Uint(uint64(l.pages))
	encodeRecords(w, l.records)
	return w.Data()
}

func readLog(e store.Entry, atom customer.AtomID) (*log, error) {
	l := &log{atom: atom, version: e.Version}
	if e.Version == 0 {
		return l, nil
	}
	r := wire.Read(e.Value)
	r.Expect("consent/head", 1)
	l.erased = r.Bool()
	pages := r.Uint()
	var err error
	l.records, l.size, err = readRecords(r, atom)
	if err = errors.Join(err, r.Close()); err == nil && pages > mostPages {
		err = store.ErrCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("consent: head: %w", err)
	}
	l.pages = int(pages)
	return l, nil
}

// logs reads the heads of atoms.
func (c *Consents) logs(ctx context.Context, atoms []customer.AtomID) ([]*log, error) {
	most := c.store.Limits().Operations
	list := make([]*log, 0, len(atoms))
	for part := range slices.Chunk(atoms, most) {
		keys := make([][]byte, len(part))
		for i, atom := range part {
			keys[i] = c.headKey(atom)
		}
		entries, err := c.store.Get(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			l, err := readLog(entries[i], part[i])
			if err != nil {
				return nil, err
			}
			list = append(list, l)
		}
	}
	return list, nil
}

// all returns the records of pages and head, in the order in which they were recorded.
func (c *Consents) all(ctx context.Context, l *log) ([]Record, error) {
	if l.pages == 0 {
		return l.records, nil
	}
	var records []Record
	for first := 1; first <= l.pages; first += 32 {
		var keys [][]byte
		for page := first; page < min(first+32, l.pages+1); page++ {
			keys = append(keys, c.pageKey(l.atom, page))
		}
		entries, err := c.store.Get(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Version == 0 {
				return nil, fmt.Errorf("consent: a page is not there: %w", store.ErrCorrupt)
			}
			r := wire.Read(e.Value)
			r.Expect("consent/page", 1)
			part, _, err := readRecords(r, l.atom)
			if err = errors.Join(err, r.Close()); err != nil {
				return nil, fmt.Errorf("consent: page: %w", err)
			}
			records = append(records, part...)
		}
	}
	return append(records, l.records...), nil
}

// Record adds records. Those of an atom are one commit, atom after atom. One whose ID the atom has
// already with the same content is left out, so that it can be recorded again after any error. Errors wrap [ErrRecord]
// before anything is written, or [ErrReused], [ErrErased], what Options.Committing returns, or are those of the
// store. Cost: a read and a write an atom.
func (c *Consents) Record(ctx context.Context, records ...Record) error {
	settled := slices.Clone(records)
	var atoms []customer.AtomID
	of := map[customer.AtomID][]Record{}
	for i := range settled {
		r := &settled[i]
		r.settle()
		if err := c.validate(r); err != nil {
			return fmt.Errorf("consent: record %d: %w", i, err)
		}
		if of[r.Atom] == nil {
			atoms = append(atoms, r.Atom)
		}
		of[r.Atom] = append(of[r.Atom], *r)
	}
	for _, atom := range atoms {
		for part := range slices.Chunk(of[atom], 16) { // of at most 2 KiB each
			if err := c.add(ctx, atom, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds some records of an atom.
func (c *Consents) add(ctx context.Context, atom customer.AtomID, records []Record) error {
	_, err := store.Update(ctx, c.store, c.backoff, func(ctx context.Context) (*store.Batch, error) {
		logs, err := c.logs(ctx, []customer.AtomID{atom})
		if err != nil {
			return nil, err
		}
		l := logs[0]
		if l.erased {
			return nil, ErrErased
		}
		before, err := c.all(ctx, l)
		if err != nil {
			return nil, err
		}
		fresh, err := unknown(before, records)
		if err != nil || len(fresh) == 0 {
			return nil, err
		}
		b := new(store.Batch)
		b.If(c.headKey(atom), l.version)
		if l.size >= headBytes {
			l.pages++
			w := wire.Sized("consent/page", 1, l.size+8*len(l.records))
			encodeRecords(w, l.records)
			b.Put(c.pageKey(atom, l.pages), w.Data())
			l.records = nil
		}
		l.records = append(slices.Clip(l.records), fresh...)
		b.Put(c.headKey(atom), l.encode())
		if c.committing != nil {
			if err := c.committing(b, fresh); err != nil {
				return nil, err
			}
		}
		return b, nil
	})
	return err
}

// unknown returns those records that are not there, each once.
func unknown(before, records []Record) (fresh []Record, err error) {
	known := make(map[string]*Record, len(before))
	for i := range before {
		known[before[i].ID] = &before[i]
	}
	for i := range records {
		r := &records[i]
		if old := known[r.ID]; old == nil {
			known[r.ID] = r
			fresh = append(fresh, *r)
		} else if *old != *r {
			return nil, ErrReused
		}
	}
	return fresh, nil
}

// History yields all records of an atom in the order in which they were recorded. An error is the
// last element.
func (c *Consents) History(ctx context.Context, atom customer.AtomID) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		logs, err := c.logs(ctx, []customer.AtomID{atom})
		var records []Record
		if err == nil {
			records, err = c.all(ctx, logs[0])
		}
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Erase removes all records of atoms, which take no others any more. A process that is killed in the
// middle leaves some to the next call. Errors are those of the store.
func (c *Consents) Erase(ctx context.Context, atoms ...customer.AtomID) error {
	for _, atom := range atoms {
		_, err := store.Update(ctx, c.store, c.backoff, func(ctx context.Context) (*store.Batch, error) {
			logs, err := c.logs(ctx, []customer.AtomID{atom})
			if err != nil || logs[0].erased {
				return nil, err
			}
			b := new(store.Batch)
			b.If(c.headKey(atom), logs[0].version)
			gone := &log{erased: true}
			b.Put(c.headKey(atom), gone.encode())
			return b, nil
		})
		if err != nil {
			return err
		}
		if err := c.deletePages(ctx, atom); err != nil {
			return err
		}
	}
	return nil
}

func (c *Consents) deletePages(ctx context.Context, atom customer.AtomID) error {
	pages := store.Under(bytes.TrimSuffix(c.pageKey(atom, 0), make([]byte, 4)))
	pages.Limit = min(c.store.Limits().Operations, 500)
	for {
		b := new(store.Batch)
		for e, err := range c.store.Scan(ctx, pages) {
			if err != nil {
				return err
			}
			b.Delete(e.Key)
		}
		if len(b.Writes) == 0 {
			return nil
		}
		if _, err := c.store.Commit(ctx, b); err != nil {
			return err
		}
	}
}
