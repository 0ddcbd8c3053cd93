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

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/wire"
)

// ErrCorrupt is wrapped by the errors of Read for input that is no snapshot: truncated, altered, of another format or of
// a newer version of it.
var ErrCorrupt = errors.New("segment: snapshot is corrupt")

// The kinds of the values in a snapshot, in the order in which they come, and the version of their formats. Each is
// framed by its length and its checksum. docs/storage.md describes them.
const (
	kindHead   = "segment.head"   // one: index, epoch, version, sizes, tags
	kindIDs    = "segment.ids"    // one a chunk: who exists, and the ids of all positions
	kindTerms  = "segment.terms"  // of each tag with texts, as many as it takes
	kindColumn = "segment.column" // of each tag, one a chunk that holds something
	kindTimes  = "segment.times"  // likewise, the times of SetIfNewer
	kindEnd    = "segment.end"    // one: the number of values before
	fileFormat = 1
)

const (
	maxFrame  = 64 << 20
	termsSize = 1 << 20 // bytes of texts from which a value of terms is full
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write writes the snapshot for Read. Ids of deleted customers are left out. The same snapshot gives the same bytes; the
// index may be written to meanwhile.
func (s *Snapshot) Write(ctx context.Context, w io.Writer) error {
	f := &fileWriter{ctx: ctx, w: bufio.NewWriterSize(w, 1<<20)}
	f.write(s.head())
	for c := range s.exists {
		f.write(s.idsOf(c))
	}
	for tag := range s.data {
		f.terms(s, tag)
		for _, part := range []struct {
			kind    string
			columns []column
		}{{kindColumn, s.data[tag].columns}, {kindTimes, s.data[tag].times}} {
			for c, col := range part.columns {
				if col != nil {
					v := wire.Sized(part.kind, fileFormat, 64+col.bytes())
					v.Uint(uint64(tag))
					v.Uint(uint64(c))
					writeColumn(v, col)
					f.write(v)
				}
			}
		}
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

func (f *fileWriter) write(v *wire.Writer) {
	if f.err == nil {
		f.err = f.ctx.Err()
	}
	if f.err != nil {
		return
	}
	f.n++
	data := v.Data()
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(data, castagnoli))
	if _, f.err = f.w.Write(head); f.err == nil {
		_, f.err = f.w.Write(data)
	}
}

func (f *fileWriter) terms(s *Snapshot, tag int) {
	d := &s.data[tag]
	if d.terms == nil {
		return
	}
	texts := d.texts()
	for len(texts) > 0 {
		n, size := 0, 0
		for n < len(texts) && size < termsSize {
			size += len(texts[n])
			n++
		}
		v := wire.Sized(kindTerms, fileFormat, size+8*n)
		v.Uint(uint64(tag))
		v.List(n)
		for _, text := range texts[:n] {
			v.Text(text)
		}
		f.write(v)
		texts = texts[n:]
	}
}

func (s *Snapshot) head() *wire.Writer {
	v := wire.New(kindHead, fileFormat)
	v.Bytes(s.index[:])
	v.Uint(s.epoch)
	v.Uint(s.version)
	v.Uint(uint64(s.ids.len()))
	v.List(len(s.tags.tags))
	for i, t := range s.tags.tags {
		v.List(11)
		v.Text(t.Name)
		v.Text(t.Kind.String())
		v.Uint(uint64(t.Scale))
		v.Uint(uint64(t.Unit))
		v.Bool(t.Hierarchy)
		v.Text(t.Path)
		v.Text(t.EN)
		v.Text(t.ZH)
		v.Text(string(t.Origin))
		v.Text(t.Owner)
		v.List(2)
		v.Uint(uint64(t.Refresh))
		v.Time(s.data[i].written)
	}
	return v
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

func writeColumn(v *wire.Writer, col column) {
	v.Bytes(bitset.AppendSet(nil, col.members()))
	switch col := col.(type) {
	case *flagColumn:
		v.Bytes(bitset.AppendSet(nil, col.yes))
	case *enumColumn:
		v.List(len(col.codes))
		for _, code := range col.codes {
			v.Uint(uint64(code))
		}
		v.List(len(col.sets))
		for _, set := range col.sets {
			v.Bytes(bitset.AppendSet(nil, set))
		}
	case *labelsColumn:
		v.List(len(col.codes))
		for _, code := range col.codes {
			v.Uint(uint64(code))
		}
		v.List(len(col.sets))
		for _, set := range col.sets {
			v.Bytes(bitset.AppendSet(nil, set))
		}
	case *intColumn:
		v.Int(col.min)
		v.Uint(uint64(col.shift))
		v.Uint(uint64(col.width))
		v.Bytes(col.packed())
	case *floatColumn:
		data := make([]byte, 0, 8*col.set.Len())
		var w kernel.Words
		col.set.Load(&w)
		col.each(&w, func(_ uint16, f float64) { data = appendFloat(data, f) })
		v.Bytes(data)
	}
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

// Read returns an index as it was when the snapshot was written, with the same id and epoch. Of the options Tags must be
// empty and ID nil or the one in the file; nil is all defaults. Every byte is checked; input that is not as Write left it
// is an error that wraps ErrCorrupt, and memory is used only for what the input really holds. Reading stops after the
// snapshot; r may have been read further by up to a buffer's length.
func Read(ctx context.Context, r io.Reader, o *Options) (*Index, error) {
	if o == nil {
		o = &Options{}
	}
	if len(o.Tags) > 0 {
		return nil, errors.New("segment: options: Tags must be empty where the tags are read")
	}
	dense, err := o.members()
	if err != nil {
		return nil, err
	}
	f := &fileReader{ctx: ctx, r: bufio.NewReaderSize(r, 1<<20), dense: dense}
	ix := &Index{infer: o.Infer, workers: o.Workers}
	if err := f.index(ix, o.ID); err != nil {
		return nil, err
	}
	return ix, nil
}

// fileReader reads frames. Not safe for concurrent use.
type fileReader struct {
	ctx   context.Context
	r     *bufio.Reader
	n     uint64
	dense int
	buf   []byte
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// next reads a frame. The reader it returns is valid until the next call.
func (f *fileReader) next() (*wire.Reader, error) {
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, f.failed(err)
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	if n > maxFrame {
		return nil, corrupt("value %d: length", f.n)
	}
	f.buf = f.buf[:0]
	for len(f.buf) < n { // room grows with what is there, not with what is announced
		k := min(n-len(f.buf), max(1<<20, len(f.buf)))
		at := len(f.buf)
		f.buf = append(f.buf, make([]byte, k)...)
		if _, err := io.ReadFull(f.r, f.buf[at:]); err != nil {
			return nil, f.failed(err)
		}
	}
	if crc32.Checksum(f.buf, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, corrupt("value %d: checksum", f.n)
	}
	f.n++
	return wire.Read(f.buf), nil
}

func (f *fileReader) failed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("truncated after value %d", f.n)
	}
	return err
}

// broken says that the current value is not as it should be.
func (f *fileReader) broken(what string) error { return corrupt("value %d: %s", f.n-1, what) }

// done closes the value.
func (f *fileReader) done(v *wire.Reader) error {
	if err := v.Close(); err != nil {
		return f.broken("form")
	}
	return nil
}

func (f *fileReader) index(ix *Index, id uuid.UUID) error {
	s := &Snapshot{dense: f.dense}
	count, err := f.head(s)
	if err != nil {
		return err
	}
	if id != uuid.Nil && id != s.index {
		return ErrForeignSet
	}
	var blocks [][]customer.ID
	for rest := count; rest > 0; rest -= min(rest, kernel.Bits) {
		block, err := f.ids(s, min(rest, kernel.Bits))
		if err != nil {
			return err
		}
		blocks = append(blocks, block)
	}
	if ix.ids, err = restoreDictionary(seedOf(s.index), blocks, parallel.Workers(ix.workers)); err != nil {
		return corrupt("%w", err)
	}
	s.ids = ix.ids.view()
	for c, set := range s.exists {
		for p := range set.All() {
			at := uint32(c)<<chunkBits | uint32(p)
			if newest, ok := s.ids.lookup(s.ids.id(at)); !ok || newest != at {
				return corrupt("a customer occurs twice")
			}
		}
	}
	if err := f.data(s); err != nil {
		return err
	}
	ix.current.Store(s)
	return nil
}

// head reads the first value and returns the number of positions.
func (f *fileReader) head(s *Snapshot) (count uint64, err error) {
	v, err := f.next()
	if err != nil {
		return 0, err
	}
	v.Expect(kindHead, fileFormat)
	index := v.Bytes()
	s.epoch, s.version = v.Uint(), v.Uint()
	count = v.Uint()
	n := v.List()
	var tags []Tag
	for range n {
		var t Tag
		if v.List() != 11 {
			return 0, f.broken("tag")
		}
		t.Name = v.Text()
		kind := v.Text()
		t.Scale, t.Unit, t.Hierarchy = int(v.Uint()), duration(v.Uint()), v.Bool()
		t.Path, t.EN, t.ZH, t.Origin, t.Owner = v.Text(), v.Text(), v.Text(), Origin(v.Text()), v.Text()
		if v.List() != 2 {
			return 0, f.broken("tag")
		}
		t.Refresh = duration(v.Uint())
		d := tagData{written: v.Time()}
		if t.Kind.UnmarshalText([]byte(kind)) != nil {
			return 0, f.broken("kind of a tag")
		}
		if t.Kind == Enum || t.Kind == Labels {
			d.terms = newTerms()
		}
		tags, s.data = append(tags, t), append(s.data, d)
	}
	if err := f.done(v); err != nil {
		return 0, err
	}
	if copy(s.index[:], index) != len(s.index) || len(index) != len(s.index) || s.index == uuid.Nil || s.epoch == 0 || count > uint64(maxPositions) {
		return 0, f.broken("head")
	}
	if s.tags, err = NewCatalogue(tags...); err != nil {
		return 0, f.broken("tags")
	}
	return count, nil
}

func (f *fileReader) ids(s *Snapshot, n uint64) ([]customer.ID, error) {
	v, err := f.next()
	if err != nil {
		return nil, err
	}
	v.Expect(kindIDs, fileFormat)
	exists, err := f.set(v)
	data := v.Bytes()
	if err := errors.Join(err, f.done(v)); err != nil {
		return nil, err
	}
	if uint64(len(data)) != 16*n {
		return nil, f.broken("ids")
	}
	block := make([]customer.ID, n)
	for i := range block {
		copy(block[i][:], data[16*i:])
		if exists.Contains(uint16(i)) == (block[i] == customer.ID{}) {
			return nil, f.broken("ids")
		}
	}
	if exists.Len() > 0 && exists.Select(exists.Len()-1) >= uint16(n-1)+1 && n < kernel.Bits {
		return nil, f.broken("positions")
	}
	s.exists = append(s.exists, exists)
	s.alive += exists.Len()
	return block, nil
}

// set reads a set and nothing after it.
func (f *fileReader) set(v *wire.Reader) (bitset.Set, error) {
	data := v.Bytes()
	s, n, err := bitset.ReadSet(data, f.dense)
	if err != nil || n != len(data) {
		return s, f.broken("set")
	}
	return s, nil
}

// data reads what the tags hold, up to the end.
func (f *fileReader) data(s *Snapshot) error {
	last := [3]uint64{} // tag, kind, chunk+1: values come in this order
	for {
		before := f.n
		v, err := f.next()
		if err != nil {
			return err
		}
		kind := v.Kind()
		if kind == kindEnd {
			v.Expect(kindEnd, fileFormat)
			if n := v.Uint(); f.done(v) != nil || n != before {
				return f.broken("end")
			}
			return nil
		}
		v.Expect(kind, fileFormat)
		tag := v.Uint()
		if tag >= uint64(len(s.data)) {
			return f.broken("tag")
		}
		at := [3]uint64{tag}
		d := &s.data[tag]
		switch kind {
		case kindTerms:
			err = f.texts(v, d)
		case kindColumn, kindTimes:
			at[1], at[2] = 1, v.Uint()+1
			if kind == kindTimes {
				at[1] = 2
			}
			if at[2] > uint64(len(s.exists)) {
				return f.broken("chunk")
			}
			err = f.column(v, s, int(tag), int(at[2]-1), kind)
		default:
			return f.broken("kind")
		}
		if err := errors.Join(err, f.done(v)); err != nil {
			return err
		}
		if at[0] < last[0] || at[0] == last[0] && (at[1] < last[1] || at[1] == last[1] && at[2] <= last[2] && at[1] > 0) {
			return f.broken("order")
		}
		last = at
	}
}

func (f *fileReader) texts(v *wire.Reader, d *tagData) error {
	n := v.List()
	if d.terms == nil || n == 0 {
		return f.broken("texts")
	}
	for range n {
		d.last++
		if d.terms.add(v.Text()) != uint32(d.last) {
			return f.broken("texts")
		}
	}
	return nil
}

// column reads a column and puts it in its place.
func (f *fileReader) column(v *wire.Reader, s *Snapshot, tag, c int, kind string) error {
	d, k := &s.data[tag], s.tags.tags[tag].Kind
	columns := &d.columns
	if kind == kindTimes {
		columns, k = &d.times, Integer
	}
	set, err := f.set(v)
	if err != nil {
		return err
	}
	if kind == kindColumn { // a cleared value may have a time, a customer who is no more has neither
		if err := f.subset(set, s.exists[c]); err != nil {
			return err
		}
	}
	if set.IsEmpty() {
		return f.broken("empty column")
	}
	var col column
	switch k {
	case Flag:
		col, err = f.flags(v, set)
	case Enum:
		col, err = f.enums(v, set, d.last)
	case Labels:
		col, err = f.labels(v, set, d.last)
	case Float:
		col, err = f.floats(v, set)
	default:
		col, err = f.ints(v, set)
	}
	if err != nil {
		return err
	}
	if c, ok := col.(*intColumn); ok && k == Time {
		if unit := s.tags.tags[tag].unit(); !validTime(unitTime(c.min, unit)) || !validTime(unitTime(c.max, unit)) {
			return f.broken("times")
		}
	}
	if len(*columns) == 0 {
		*columns = make([]column, len(s.exists))
	}
	(*columns)[c] = col
	return nil
}

// subset refuses a set that is not within another.
func (f *fileReader) subset(set, of bitset.Set) error {
	var w kernel.Words
	set.Load(&w)
	if of.AndCount(&w) != set.Len() {
		return f.broken("set is not within another")
	}
	return nil
}

func (f *fileReader) flags(v *wire.Reader, set bitset.Set) (column, error) {
	yes, err := f.set(v)
	if err != nil {
		return nil, err
	}
	c := &flagColumn{set: set, yes: yes}
	if yes.Equal(set) {
		c.yes = set
	}
	return c, f.subset(yes, set)
}

// codes reads codes and their sets.
func (f *fileReader) codes(v *wire.Reader, last int) (codes []uint32, sets []bitset.Set, err error) {
	n := v.List()
	for range n {
		code := v.Uint()
		if code == 0 || code > uint64(last) || len(codes) > 0 && code <= uint64(codes[len(codes)-1]) {
			return nil, nil, f.broken("code")
		}
		codes = append(codes, uint32(code))
	}
	if v.List() != n {
		return nil, nil, f.broken("sets")
	}
	for range n {
		set, err := f.set(v)
		if err != nil {
			return nil, nil, err
		}
		if set.IsEmpty() {
			return nil, nil, f.broken("empty set")
		}
		sets = append(sets, set)
	}
	return codes, sets, nil
}

func (f *fileReader) enums(v *wire.Reader, set bitset.Set, last int) (column, error) {
	codes, sets, err := f.codes(v, last)
	if err != nil {
		return nil, err
	}
	ed := enumEditors.Get().(*enumEditor)
	defer enumEditors.Put(ed)
	ed.load(nil)
	total := 0
	for i, s := range sets {
		total += s.Len()
		for p := range s.All() {
			if ed.codes[p] != 0 || codes[i] > maxEnum {
				return nil, f.broken("two values")
			}
			ed.put(p, uint16(codes[i]))
		}
		if err := f.subset(s, set); err != nil {
			return nil, err
		}
	}
	if total != set.Len() {
		return nil, f.broken("values")
	}
	return ed.freeze(f.dense), nil
}

func (f *fileReader) labels(v *wire.Reader, set bitset.Set, last int) (column, error) {
	codes, sets, err := f.codes(v, last)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if err := f.subset(s, set); err != nil {
			return nil, err
		}
	}
	return &labelsColumn{set: set, codes: codes, sets: sets}, nil
}

func (f *fileReader) ints(v *wire.Reader, set bitset.Set) (column, error) {
	low, shift, width := v.Int(), v.Uint(), int(v.Uint())
	data := v.Bytes()
	if shift > 63 || width > 64 || len(data) != (set.Len()*width+7)/8 {
		return nil, f.broken("numbers")
	}
	ed := intEditors.Get().(*intEditor)
	defer intEditors.Put(ed)
	ed.load(nil)
	data = append(data[:len(data):len(data)], make([]byte, 9)...)
	at := 0
	for p := range set.All() {
		lo, bit := at>>3, at&7
		offset := binary.LittleEndian.Uint64(data[lo:]) >> bit
		if bit+width > 64 {
			offset |= uint64(data[lo+8]) << (64 - bit)
		}
		if width < 64 {
			offset &= 1<<width - 1
		}
		n := int64(offset<<shift + uint64(low))
		if n < low || offset<<shift>>shift != offset {
			return nil, f.broken("numbers")
		}
		ed.put(p, n)
		at += width
	}
	return ed.freeze(f.dense), nil
}

func (f *fileReader) floats(v *wire.Reader, set bitset.Set) (column, error) {
	data := v.Bytes()
	if len(data) != 8*set.Len() {
		return nil, f.broken("numbers")
	}
	ed := floatEditors.Get().(*floatEditor)
	defer floatEditors.Put(ed)
	ed.load(nil)
	for p := range set.All() {
		value, err := storeFloat(floatAt(data))
		if err != nil {
			return nil, f.broken("numbers")
		}
		ed.put(p, value.f)
		data = data[8:]
	}
	return ed.freeze(f.dense), nil
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

func floatAt(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }

// duration is a duration of n nanoseconds; one that does not fit becomes one that is not valid.
func duration(n uint64) time.Duration {
	if n > math.MaxInt64 {
		return -1
	}
	return time.Duration(n)
}
