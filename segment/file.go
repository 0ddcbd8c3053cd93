package segment

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// ErrCorrupt is wrapped by the errors of Read for input that is no snapshot: truncated, altered, of another format or of
// a newer version of it. It is wrapped as well where what a store keeps of an index and its live segments is not what was
// written there; the error names the tag and the chunk, or what else it is.
var ErrCorrupt = errors.New("segment: snapshot is corrupt")

// The kinds of the values in a snapshot, in the order in which they come, and the version of their formats. Each is
// framed by its length and its checksum. docs/storage.md describes them.
const (
	kindHead   = "segment.head"   // one: index, epoch, version, sizes
	kindTag    = "segment.tag"    // one a tag
	kindIDs    = "segment.ids"    // one a chunk: who exists, and the ids of all positions
	kindTerms  = "segment.terms"  // of each tag with texts, as many as it takes
	kindColumn = "segment.column" // of each tag, one a chunk that holds something; of labels as many as it takes
	kindTimes  = "segment.times"  // likewise, the times of SetIfNewer
	kindEnd    = "segment.end"    // one: the number of values before
	fileFormat = 1
)

const (
	maxFrame  = 64 << 20 // bytes of a value
	valueSize = 1 << 20  // bytes of texts or sets from which a value is full
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write writes the snapshot for Read. Ids of deleted customers and texts that no customer has are left out. The same
// snapshot gives the same bytes; the index may be written to meanwhile. It is ErrLimit, wrapped, if what is said of a
// tag takes more than 64 MiB.
func (s *Snapshot) Write(ctx context.Context, w io.Writer) error {
	if err := s.needAll(ctx); err != nil {
		return err
	}
	f := &fileWriter{ctx: ctx, w: bufio.NewWriterSize(w, 1<<18)}
	f.write(s.head())
	for tag := range s.data {
		f.write(s.declaration(tag))
	}
	for c := range s.exists {
		if f.fails() {
			break
		}
		f.write(s.idsOf(c))
	}
	for tag := range s.data {
		if f.fails() {
			break
		}
		f.tag(&s.data[tag], tag)
	}
	end := wire.New(kindEnd, fileFormat)
	end.Uint(f.n)
	f.write(end)
	if f.err != nil {
		return f.err
	}
	return f.w.Flush()
}

// fileWriter writes frames until an error. Not safe for concurrent use.
type fileWriter struct {
	ctx context.Context
	w   *bufio.Writer
	n   uint64
	err error
}

// fails tells whether nothing more will be written.
func (f *fileWriter) fails() bool {
	if f.err == nil {
		f.err = f.ctx.Err()
	}
	return f.err != nil
}

func (f *fileWriter) write(v *wire.Writer) {
	if f.fails() {
		return
	}
	data := v.Data()
	if len(data) > maxFrame {
		f.err = fmt.Errorf("%w: value %d of the snapshot has %d bytes", ErrLimit, f.n, len(data))
		return
	}
	f.n++
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(data, castagnoli))
	if _, f.err = f.w.Write(head); f.err == nil {
		_, f.err = f.w.Write(data)
	}
}

// tag writes what a tag holds.
func (f *fileWriter) tag(d *tagData, tag int) {
	var codes []uint32
	if d.terms != nil {
		var used *terms
		used, codes = d.kept()
		f.terms(used.all(), tag)
	}
	for c, col := range d.columns {
		if f.fails() {
			return
		}
		if col = taken(col); col != nil {
			f.column(cellValue(kindColumn, tag, c, col), col, codes)
		}
	}
	for c, col := range d.times {
		if f.fails() {
			return
		}
		if col = taken(col); col != nil {
			f.column(cellValue(kindTimes, tag, c, col), col, nil)
		}
	}
}

func (f *fileWriter) terms(texts []string, tag int) {
	for len(texts) > 0 && !f.fails() {
		n, size := 0, 0
		for n < len(texts) && size < valueSize {
			size += len(texts[n]) + 5
			n++
		}
		v := wire.Sized(kindTerms, fileFormat, size+64)
		v.Uint(uint64(tag))
		v.List(n)
		for _, text := range texts[:n] {
			v.Text(text)
		}
		f.write(v)
		texts = texts[n:]
	}
}

// cellValue returns a function that begins a value of a tag and a chunk, for about n bytes more than the members take.
func cellValue(kind string, tag, c int, col column) func(n int) *wire.Writer {
	members := bitset.AppendSet(nil, col.members())
	return func(n int) *wire.Writer {
		v := wire.Sized(kind, fileFormat, 64+len(members)+n)
		v.Uint(uint64(tag))
		v.Uint(uint64(c))
		v.Bytes(members)
		return v
	}
}

// column writes a column. codes are those that stand for the codes of the texts; nil: they are as they are.
func (f *fileWriter) column(begin func(n int) *wire.Writer, col column, codes []uint32) {
	switch col := col.(type) {
	case *flagColumn:
		yes := bitset.AppendSet(nil, col.yes)
		v := begin(len(yes))
		v.Bytes(yes)
		f.write(v)
	case *enumColumn: // at most 65,535 codes of 65,536 positions: less than valueSize
		writeSets(f, begin, col.codes, col.sets, codes)
	case *labelsColumn:
		writeSets(f, begin, col.codes, col.sets, codes)
	case *intColumn:
		data := col.packed()
		v := begin(len(data))
		v.Int(col.min)
		v.Uint(uint64(col.shift))
		v.Uint(uint64(col.width))
		v.Bytes(data)
		f.write(v)
	case *floatColumn:
		data := make([]byte, 0, 8*col.set.Len())
		var w kernel.Words
		col.set.Load(&w)
		col.each(&w, func(_ uint16, f float64) { data = appendFloat(data, f) })
		v := begin(len(data))
		v.Bytes(data)
		f.write(v)
	}
}

// writeSets writes the sets of codes, in values that are not much larger than valueSize; one at least.
func writeSets[C uint16 | uint32](f *fileWriter, begin func(n int) *wire.Writer, codes []C, sets []bitset.Set, renumbered []uint32) {
	for first := true; (first || len(codes) > 0) && !f.fails(); first = false {
		var part [][]byte
		size := 0
		for _, set := range sets {
			if size >= valueSize {
				break
			}
			part = append(part, bitset.AppendSet(nil, set))
			size += len(part[len(part)-1]) + 8
		}
		n := len(part)
		v := begin(size)
		v.List(n)
		for _, code := range codes[:n] {
			if renumbered != nil {
				v.Uint(uint64(renumbered[code]))
			} else {
				v.Uint(uint64(code))
			}
		}
		v.List(n)
		for _, set := range part {
			v.Bytes(set)
		}
		f.write(v)
		codes, sets = codes[n:], sets[n:]
	}
}

func (s *Snapshot) head() *wire.Writer {
	v := wire.New(kindHead, fileFormat)
	v.Bytes(s.index[:])
	v.Uint(s.epoch)
	v.Uint(s.version)
	v.Uint(uint64(s.ids.len()))
	v.Uint(uint64(len(s.data)))
	return v
}

// declaration writes what is said of a tag.
func (s *Snapshot) declaration(tag int) *wire.Writer {
	v := wire.New(kindTag, fileFormat)
	writeTag(v, s.tags.tags[tag], s.data[tag].written)
	return v
}

func writeTag(v *wire.Writer, t *Tag, written time.Time) {
	v.Text(t.Name)
	v.Text(t.Kind.String())
	v.Uint(uint64(t.Scale))
	v.Uint(uint64(t.Unit))
	v.Bool(t.Hierarchy)
	v.Text(t.Path)
	v.Text(t.Label.EN)
	v.Text(t.Label.ZH)
	v.Text(string(t.Origin))
	v.Text(t.Owner)
	v.Uint(uint64(t.Refresh))
	v.Time(written)
}

// idsOf writes the ids of a chunk, zeros for those who are no more.
func (s *Snapshot) idsOf(c int) *wire.Writer {
	ids := s.ids.ids(c)
	v := wire.Sized(kindIDs, fileFormat, 16*len(ids)+64)
	v.Bytes(bitset.AppendSet(nil, s.exists[c]))
	data := make([]byte, 16*len(ids))
	for p := range s.exists[c].All() {
		copy(data[16*int(p):], ids[p][:])
	}
	v.Bytes(data)
	return v
}

// packed returns the offsets of the members in their order, width bits each, the lowest bit first.
func (c *intColumn) packed() []byte {
	width := int(c.width)
	data := make([]byte, (c.set.Len()*width+7)/8+8)
	at := 0
	var w kernel.Words
	c.set.Load(&w)
	c.each(&w, func(_ uint16, n int64) {
		offset := (uint64(n) - uint64(c.min)) >> c.shift
		lo, bit := at>>3, at&7
		low := binary.LittleEndian.Uint64(data[lo:])
		binary.LittleEndian.PutUint64(data[lo:], low|offset<<bit)
		if bit+width > 64 {
			data[lo+8] |= byte(offset >> (64 - bit))
		}
		at += width
	})
	return data[:len(data)-8]
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}
