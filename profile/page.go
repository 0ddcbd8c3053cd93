package profile

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/wire"
)

// A page is a value of kind profile/page: the least and the greatest time of its entries, the
// time when most of them were learned, and the entries, one after the other. The tail of a
// head, to which entries are appended without reading it, is one of kind profile/tail, without
// the first two.

// A tailWriter appends entries to a tail.
type tailWriter struct {
	*wire.Writer
	base int64 // as in the tail
}

// appendTo begins to append to a tail, which may be empty, entries of about so many bytes that
// were mostly learned at a time.
func appendTo(tail []byte, size int, learned int64) (tailWriter, error) {
	if len(tail) == 0 {
		w := tailWriter{wire.Sized("profile/tail", 1, 32+size), learned}
		w.Int(learned)
		return w, nil
	}
	r, base := beginPage(tail)
	if base == never {
		return tailWriter{}, corruptPage(r)
	}
	return tailWriter{wire.Onto(append(make([]byte, 0, len(tail)+size), tail...)), base}, nil
}

// spanOf returns the least and the greatest time of the entries of a page.
func spanOf(page []byte) (first, last int64, err error) {
	r := wire.Read(page)
	r.Expect("profile/page", 1)
	if first, last = r.Int(), r.Int(); first > last || !r.More() {
		return 0, 0, corruptPage(r)
	}
	return first, last, nil
}

// beginPage reads a page or tail up to the first entry; base is never after a fault.
func beginPage(page []byte) (r *wire.Reader, base int64) {
	r = wire.Read(page)
	if r.Kind() == "profile/tail" {
		r.Expect("profile/tail", 1)
	} else {
		r.Expect("profile/page", 1)
		r.Int()
		r.Int()
	}
	base = r.Int()
	if !r.More() { // there is one entry at least
		fault(r)
		return r, never
	}
	return r, base
}

func corruptPage(r *wire.Reader) error {
	fault(r)
	return fmt.Errorf("profile: entries of an atom: %w", r.Close())
}

// encodePage returns a page of entries, of which there is at least one.
func encodePage(entries []entry) []byte {
	w := wire.Sized("profile/page", 1, 64*len(entries))
	first, last := entries[0].time, entries[0].time
	for i := range entries {
		first, last = min(first, entries[i].time), max(last, entries[i].time)
	}
	w.Int(first)
	w.Int(last)
	encodeEntries(w, entries)
	return w.Data()
}

// encodeTail returns the tail of a head with entries, empty without any.
func encodeTail(entries []entry) []byte {
	if len(entries) == 0 {
		return nil
	}
	w := wire.Sized("profile/tail", 1, 96*len(entries))
	encodeEntries(w, entries)
	return w.Data()
}

func encodeEntries(w *wire.Writer, entries []entry) {
	base := entries[0].learned
	w.Int(base)
	for i := range entries {
		entries[i].encode(w, base)
	}
}

// A decoder reads entries of many pages into few pieces of memory. Not safe for
// concurrent use.
type decoder struct {
	entries []entry
	values  []numbered // not used yet
}

// page appends the entries of a page or tail, which may be empty, to those of the decoder.
func (d *decoder) page(page []byte) error {
	if len(page) == 0 {
		return nil
	}
	r, base := beginPage(page)
	r.Share()
	for r.More() {
		if len(d.values) < 16 {
			d.values = make([]numbered, 256)
		}
		d.entries = append(d.entries, entry{values: d.values[:0]})
		e := &d.entries[len(d.entries)-1]
		e.decode(r, base)
		if n := len(e.values); n <= len(d.values) {
			d.values = d.values[n:]
		}
		e.values = e.values[:len(e.values):len(e.values)]
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("profile: entries of an atom: %w", err)
	}
	return nil
}

// readEntries returns the entries of a page or tail.
func readEntries(page []byte) ([]entry, error) {
	var d decoder
	err := d.page(page)
	return d.entries, err
}
