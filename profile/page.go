package profile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/wire"
)

// A page is a value of kind profile/page: the least and the greatest time of its entries, the
// time when most of them were learned, and the entries, one after the other. The tail of a
// head, to which entries are appended without reading it, is one of kind profile/tail, without
// the first two. Where values are sealed the version is 2; in one of version 1 none is.

// What tails of both versions begin with.
var tailHeads = [...][]byte{1: wire.New("profile/tail", 1).Data(), 2: wire.New("profile/tail", 2).Data()}

// versionOf is the version of a page or tail with sealed values, or without.
func versionOf(sealed bool) uint64 {
	if sealed {
		return 2
	}
	return 1
}

// appendTo begins to append to a tail, which may be empty, entries of about so many bytes; learned
// is when they were mostly, base what they are to be encoded with. sealed tells that values of
// them may be.
func appendTo(tail []byte, size int, learned int64, sealed bool) (w *wire.Writer, base int64, err error) {
	if len(tail) == 0 {
		w = wire.Sized("profile/tail", versionOf(sealed), 32+size)
		w.Int(learned)
		return w, learned, nil
	}
	if rest, ok := bytes.CutPrefix(tail, tailHeads[1]); ok && sealed {
		tail = slices.Concat(tailHeads[2], rest)
	}
	r, base := beginPage(tail)
	if base == never {
		return nil, 0, corruptPage(r)
	}
	return wire.Onto(append(make([]byte, 0, len(tail)+size), tail...)), base, nil
}

// spanOf returns the least and the greatest time of the entries of a page.
func spanOf(page []byte) (first, last int64, err error) {
	r := wire.Read(page)
	r.Expect("profile/page", 2)
	if first, last = r.Int(), r.Int(); first > last || !r.More() {
		return 0, 0, corruptPage(r)
	}
	return first, last, nil
}

// beginPage reads a page or tail up to the first entry; base is never after a fault.
func beginPage(page []byte) (r *wire.Reader, base int64) {
	r = wire.Read(page)
	if r.Kind() == "profile/tail" {
		r.Expect("profile/tail", 2)
	} else {
		r.Expect("profile/page", 2)
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

// encodePage returns a page of entries, of which there is at least one. A lock seals what is
// protected and not sealed yet.
func encodePage(entries []entry, l *lock) []byte {
	w := wire.Sized("profile/page", versionOf(l.sealsAny(entries)), 64*len(entries))
	first, last := entries[0].time, entries[0].time
	for i := range entries {
		first, last = min(first, entries[i].time), max(last, entries[i].time)
	}
	w.Int(first)
	w.Int(last)
	encodeEntries(w, entries, l)
	return w.Data()
}

// encodeTail returns the tail of a head with entries, empty without any. A lock seals as in
// encodePage.
func encodeTail(entries []entry, l *lock) []byte {
	if len(entries) == 0 {
		return nil
	}
	w := wire.Sized("profile/tail", versionOf(l.sealsAny(entries)), 96*len(entries))
	encodeEntries(w, entries, l)
	return w.Data()
}

func encodeEntries(w *wire.Writer, entries []entry, l *lock) {
	base := entries[0].learned
	w.Int(base)
	for i := range entries {
		entries[i].encode(w, base, l)
	}
}

// A decoder reads entries of many pages into few pieces of memory. Not safe for
// concurrent use.
type decoder struct {
	entries []entry
	values  []numbered    // not used yet
	sealed  []sealedValue // not used yet
	block   int           // how many of either were made room for last
	lock    *lock         // opens sealed values; nil: they stay as they are
	room    []byte        // for values that are opened
}

// page appends the entries of a page or tail, which may be empty, to those of the decoder.
func (d *decoder) page(page []byte) error {
	if len(page) == 0 {
		return nil
	}
	r, base := beginPage(page)
	r.Share()
	begin := len(d.entries)
	for r.More() {
		if len(d.values) < 16 {
			d.block = min(max(2*d.block, 32), 256)
			d.values = make([]numbered, d.block)
		}
		d.entries = append(d.entries, entry{values: d.values[:0]})
		e := &d.entries[len(d.entries)-1]
		e.decode(r, base, d)
		if n := len(e.values); n <= len(d.values) {
			d.values = d.values[n:]
		}
		e.values = e.values[:len(e.values):len(e.values)]
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("profile: entries of an atom: %w", err)
	}
	if d.lock == nil || r.Version() < 2 {
		return nil
	}
	return d.open(begin)
}

// place returns where a sealed value is kept.
func (d *decoder) place() *sealedValue {
	if len(d.sealed) == 0 {
		d.sealed = make([]sealedValue, max(d.block, 16))
	}
	s := &d.sealed[0]
	d.sealed = d.sealed[1:]
	return s
}

// open opens the values of the entries from one on.
func (d *decoder) open(begin int) (err error) {
	for i := range d.entries[begin:] {
		if d.room, err = d.lock.open(&d.entries[begin+i], d.room); err != nil {
			return err
		}
	}
	return nil
}

// readEntries returns the entries of a page or tail; values that are sealed stay so.
func readEntries(page []byte) ([]entry, error) {
	var d decoder
	err := d.page(page)
	return d.entries, err
}
