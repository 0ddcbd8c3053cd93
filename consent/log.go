package consent

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// An atom's records are in its head, the newest last; where that gets large, the older ones
// are in pages, numbered from 1, and the hash of the ID of each of them says in which.
const (
	partHead   = "a/"
	partPage   = "p/"
	partPaged  = "i/"
	hashBytes  = 16
	longestKey = len(partPaged) + 16 + hashBytes
	headBytes  = 24 << 10 // from which on a head becomes a page; of up to 560 records, each a write then
	mostPages  = 1 << 20
)

func (c *Consents) headKey(atom customer.AtomID) []byte {
	return slices.Concat(c.prefix, []byte(partHead), atom[:])
}

func (c *Consents) pageKey(atom customer.AtomID, page int) []byte {
	return binary.BigEndian.AppendUint32(slices.Concat(c.prefix, []byte(partPage), atom[:]), uint32(page))
}

// pagedKey is where it says in which page the record of an ID is.
func (c *Consents) pagedKey(atom customer.AtomID, id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return slices.Concat(c.prefix, []byte(partPaged), atom[:], sum[:hashBytes])
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
	records = make([]Record, 0, min(n, 256))
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

// all returns the records of pages and head, in the order in which they were recorded, or none and the log as it is now if
// it has been erased meanwhile.
func (c *Consents) all(ctx context.Context, l *log) (*log, []Record, error) {
	if l.pages == 0 {
		return l, l.records, nil
	}
	numbers := make([]int, l.pages)
	for i := range numbers {
		numbers[i] = i + 1
	}
	records, err := c.pages(ctx, l.atom, numbers)
	if errors.Is(err, errNoPage) {
		l, err = c.erased(ctx, l.atom)
		return l, nil, err
	}
	return l, append(records, l.records...), err
}

// erased returns the log of an atom of which a page is not there: nothing but Erase removes one.
func (c *Consents) erased(ctx context.Context, atom customer.AtomID) (*log, error) {
	logs, err := c.logs(ctx, []customer.AtomID{atom})
	if err == nil && !logs[0].erased {
		err = errNoPage
	}
	if err != nil {
		return nil, err
	}
	return logs[0], nil
}

var errNoPage = fmt.Errorf("consent: a page is not there: %w", store.ErrCorrupt)

// pages returns the records of some pages, in their order.
func (c *Consents) pages(ctx context.Context, atom customer.AtomID, pages []int) (records []Record, err error) {
	for some := range slices.Chunk(pages, 32) {
		keys := make([][]byte, len(some))
		for i, page := range some {
			keys[i] = c.pageKey(atom, page)
		}
		entries, err := c.store.Get(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Version == 0 {
				return nil, errNoPage
			}
			r := wire.Read(e.Value)
			r.Expect("consent/page", 1)
			part, _, err := readRecords(r, atom)
			if err = errors.Join(err, r.Close()); err != nil {
				return nil, fmt.Errorf("consent: page: %w", err)
			}
			records = append(records, part...)
		}
	}
	return records, nil
}

// Record adds records at a moment, now, that all of them have as Recorded. Those of an atom are one commit for each 16, atom
// after atom. One whose ID the atom has already with the same content is left out, so that it can be recorded again, also
// later, after any error. Errors wrap [ErrRecord] before anything is written, or [ErrReused], [ErrErased], what
// Options.Committing returns, or are those of the store. To copy records, give as now the Recorded that they have. Cost: a
// read and a commit for each 16 of an atom.
func (c *Consents) Record(ctx context.Context, now time.Time, records ...Record) error {
	settled := slices.Clone(records)
	var atoms []customer.AtomID
	of := map[customer.AtomID][]Record{}
	for i := range settled {
		r := &settled[i]
		r.Recorded = now
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
		l, before, err := c.known(ctx, atom, records)
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
			paged := wire.New("consent/paged", 1)
			paged.Uint(uint64(l.pages))
			for i := range l.records {
				b.Put(c.pagedKey(atom, l.records[i].ID), paged.Data())
			}
			w := wire.Sized("consent/page", 1, l.size+8*len(l.records))
			encodeRecords(w, l.records)
			b.Put(c.pageKey(atom, l.pages), w.Data())
			l.records, l.size = nil, 0
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

// known returns the log of an atom, which is not erased, and of its records at least those that have the IDs of some.
func (c *Consents) known(ctx context.Context, atom customer.AtomID, records []Record) (*log, []Record, error) {
	keys := [][]byte{c.headKey(atom)}
	for i := range records {
		keys = append(keys, c.pagedKey(atom, records[i].ID))
	}
	entries, err := c.store.Get(ctx, keys...)
	if err != nil {
		return nil, nil, err
	}
	l, err := readLog(entries[0], atom)
	if err != nil {
		return nil, nil, err
	}
	if l.erased {
		return nil, nil, ErrErased
	}
	var pages []int
	for _, e := range entries[1:] {
		if e.Version == 0 {
			continue
		}
		r := wire.Read(e.Value)
		r.Expect("consent/paged", 1)
		page := r.Uint()
		if err := r.Close(); err != nil {
			return nil, nil, fmt.Errorf("consent: page of a record: %w", err)
		}
		if page < 1 || page > uint64(l.pages) {
			return nil, nil, fmt.Errorf("consent: page of a record: %w", store.ErrCorrupt)
		}
		pages = append(pages, int(page))
	}
	slices.Sort(pages)
	before, err := c.pages(ctx, atom, slices.Compact(pages))
	if errors.Is(err, errNoPage) {
		if _, err = c.erased(ctx, atom); err == nil {
			err = ErrErased
		}
	}
	return l, append(before, l.records...), err
}

// unknown returns those records that are not there, each once.
func unknown(before, records []Record) (fresh []Record, err error) {
	known := make(map[string]*Record, len(before))
	for i := range before {
		known[before[i].ID] = &before[i]
	}
	for i := range records {
		r := records[i]
		old := known[r.ID]
		if old == nil {
			known[r.ID] = &records[i]
			fresh = append(fresh, r)
			continue
		}
		if r.Recorded = old.Recorded; r != *old {
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
			_, records, err = c.all(ctx, logs[0])
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

// Erase removes all records of atoms, which take no others any more. As long as Members names one of them its
// customer is allowed nothing, as it may have refused. A process that is killed in the
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
		for _, part := range []string{partPage, partPaged} {
			if err := c.deleteAll(ctx, slices.Concat(c.prefix, []byte(part), atom[:])); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteAll deletes the keys that begin with a prefix.
func (c *Consents) deleteAll(ctx context.Context, prefix []byte) error {
	some := store.Under(prefix)
	some.Limit = min(c.store.Limits().Operations, 500)
	for {
		b := new(store.Batch)
		for e, err := range c.store.Scan(ctx, some) {
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
