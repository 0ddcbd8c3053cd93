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
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/wire"
)

// Read returns an index as it was when the snapshot was written, with the same id, in a new epoch. Sets and cursors of
// the epoch of the file are accepted still, as long as they hold nothing but positions that were given when it was
// written: later ones may mean others here. Of the options Tags must be empty and ID nil or the one in the file; nil is
// all defaults.
//
// Every byte is checked; input that is not as Write could have left it is an error that wraps ErrCorrupt. Memory is taken
// for what the input holds, not for the lengths it states: with Dense at its default the index takes at most 32 times
// the length of the input, and besides 192 KiB for each value in it and 16 bytes for each chunk of each tag. Reading stops
// after the snapshot; r may have been read further by up to a buffer's length.
func Read(ctx context.Context, r io.Reader, o *Options) (*Index, error) {
	if o == nil {
		o = &Options{}
	}
	if len(o.Tags) > 0 {
		return nil, fmt.Errorf("%w: Tags must be empty where the tags are read", ErrOptions)
	}
	dense, err := o.members()
	if err != nil {
		return nil, err
	}
	f := &fileReader{ctx: ctx, r: bufio.NewReaderSize(r, 1<<16), dense: dense}
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
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxFrame {
		return nil, corrupt("value %d: length", f.n)
	}
	n := int(size)
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
	count, tags, err := f.head(s)
	if err != nil {
		return err
	}
	if id != uuid.Nil && id != s.index {
		return ErrForeignSet
	}
	if err := f.tags(s, tags); err != nil {
		return err
	}
	var blocks [][]customer.ID
	for rest := count; rest > 0; rest -= min(rest, kernel.Bits) {
		block, err := f.ids(s, min(rest, kernel.Bits))
		if err != nil {
			return err
		}
		blocks = append(blocks, block)
	}
	if ix.ids, err = restoreDictionary(byChance(), blocks, parallel.Workers(ix.workers)); err != nil {
		return corrupt("%w", err)
	}
	s.ids = ix.ids.view()
	for c, set := range s.exists {
		if err := f.ctx.Err(); err != nil {
			return err
		}
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
	s.formerly = former{s.epoch, count}
	s.epoch = byChance()
	ix.current.Store(s)
	return nil
}

// head reads the first value and returns the numbers of positions and of tags.
func (f *fileReader) head(s *Snapshot) (count, tags uint64, err error) {
	v, err := f.next()
	if err != nil {
		return 0, 0, err
	}
	v.Expect(kindHead, fileFormat)
	index := v.Bytes()
	s.epoch, s.version = v.Uint(), v.Uint()
	count, tags = v.Uint(), v.Uint()
	if err := f.done(v); err != nil {
		return 0, 0, err
	}
	if copy(s.index[:], index) != len(s.index) || len(index) != len(s.index) || s.index == uuid.Nil || s.epoch == 0 || count > uint64(maxPositions) {
		return 0, 0, f.broken("head")
	}
	return count, tags, nil
}

// tags reads what is said of n tags.
func (f *fileReader) tags(s *Snapshot, n uint64) error {
	var tags []Tag
	for range n {
		v, err := f.next()
		if err != nil {
			return err
		}
		v.Expect(kindTag, fileFormat)
		t, d, known := readTag(v)
		if err := f.done(v); err != nil {
			return err
		}
		if !known {
			return f.broken("kind of a tag")
		}
		tags, s.data = append(tags, t), append(s.data, d)
	}
	var err error
	if s.tags, err = NewCatalogue(tags...); err != nil {
		return f.broken("tags")
	}
	return nil
}

// readTag reads what writeTag wrote; known tells whether there is such a kind.
func readTag(v *wire.Reader) (t Tag, d tagData, known bool) {
	t.Name = v.Text()
	known = t.Kind.UnmarshalText([]byte(v.Text())) == nil
	t.Scale, t.Unit, t.Hierarchy = int(min(v.Uint(), math.MaxInt32)), duration(v.Uint()), v.Bool()
	t.Path, t.Label.EN, t.Label.ZH, t.Origin, t.Owner = v.Text(), v.Text(), v.Text(), Origin(v.Text()), v.Text()
	t.Refresh = duration(v.Uint())
	d.written = v.Time()
	if t.Kind == Enum || t.Kind == Labels {
		d.terms = newTerms()
	}
	return t, d, known
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
		at := [3]uint64{v.Uint()}
		if at[0] >= uint64(len(s.data)) {
			return f.broken("tag")
		}
		switch kind {
		case kindTerms:
		case kindColumn:
			at[1], at[2] = 1, v.Uint()+1
		case kindTimes:
			at[1], at[2] = 2, v.Uint()+1
		default:
			return f.broken("kind")
		}
		if at[1] > 0 && at[2]-1 >= uint64(len(s.exists)) {
			return f.broken("chunk")
		}
		t := s.tags.tags[at[0]]
		order := slices.Compare(at[:], last[:])
		if order < 0 || order == 0 && kind != kindTerms && (kind != kindColumn || t.Kind != Labels) {
			return f.broken("order")
		}
		last = at
		if kind == kindTerms {
			err = f.texts(v, t, &s.data[at[0]])
		} else {
			err = f.column(v, s, int(at[0]), int(at[2]-1), kind)
		}
		if err := errors.Join(err, f.done(v)); err != nil {
			return err
		}
	}
}

func (f *fileReader) texts(v *wire.Reader, t *Tag, d *tagData) error {
	n, most := v.List(), maxEnum
	if t.Kind == Labels {
		most = maxLabels
	}
	if d.terms == nil || n == 0 || d.last+n > most {
		return f.broken("texts")
	}
	for range n {
		text := v.Text()
		value := customer.TextValue(text)
		if t.Kind == Labels {
			value = customer.LabelsValue(text)
		}
		if _, err := t.store(value); err != nil {
			return f.broken("texts")
		}
		d.last++
		if d.terms.add(text) != uint32(d.last) {
			return f.broken("texts")
		}
	}
	return nil
}

// column reads a column and puts it in its place.
func (f *fileReader) column(v *wire.Reader, s *Snapshot, tag, c int, kind string) error {
	d := &s.data[tag]
	columns := &d.columns
	if kind == kindTimes {
		columns = &d.times
	}
	if len(*columns) == 0 {
		*columns = make([]column, len(s.exists))
	}
	col, err := f.read(v, kind, s.tags.tags[tag], d.last, s.exists[c], (*columns)[c])
	(*columns)[c] = col
	return err
}

// read reads a column of a tag with so many texts, of a chunk in which exist exists. before is what came before of labels.
func (f *fileReader) read(v *wire.Reader, kind string, t *Tag, last int, exist bitset.Set, before column) (col column, err error) {
	k := t.Kind
	if kind == kindTimes {
		k = Integer
	}
	set, err := f.set(v)
	if err != nil {
		return nil, err
	}
	if err := f.subset(set, exist); err != nil {
		return nil, err
	}
	if set.IsEmpty() {
		return nil, f.broken("empty column")
	}
	switch k {
	case Flag:
		col, err = f.flags(v, set)
	case Enum:
		col, err = f.enums(v, set, last)
	case Labels:
		col, err = f.labels(v, set, last, before)
	case Float:
		col, err = f.floats(v, set)
	default:
		col, err = f.ints(v, set)
	}
	if err != nil {
		return nil, err
	}
	if c, ok := col.(*intColumn); ok && k == Time {
		if unit := t.unit(); !validTime(unitTime(c.min, unit)) || !validTime(unitTime(c.max, unit)) {
			return nil, f.broken("times")
		}
	}
	return col, nil
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
	total, top := 0, uint32(0)
	for i, s := range sets {
		total, top = total+s.Len(), codes[i]
	}
	if total != set.Len() || top > maxEnum {
		return nil, f.broken("values")
	}
	c := &enumColumn{set: set, sets: sets, codes: make([]uint16, len(codes))}
	if len(sets) == 1 {
		c.set = sets[0]
	}
	for i, code := range codes {
		c.codes[i] = uint16(code)
	}
	fits := false
	if top < 256 {
		c.bytes8, fits = spread[uint8](set, c.codes, sets)
	} else {
		c.words, fits = spread[uint16](set, c.codes, sets)
	}
	if !fits {
		return nil, f.broken("values")
	}
	return c, nil
}

// spread returns the code of each position. It tells whether the sets have nothing in common and together are set, which has
// as many members as they.
func spread[C uint8 | uint16](set bitset.Set, codes []uint16, sets []bitset.Set) (at []C, ok bool) {
	at = make([]C, kernel.Bits)
	ed := enumEditors.Get().(*enumEditor)
	defer enumEditors.Put(ed)
	for i, s := range sets {
		for _, p := range s.Positions(ed.codes[:0]) {
			if at[p] != 0 {
				return nil, false
			}
			at[p] = C(codes[i])
		}
	}
	for _, p := range set.Positions(ed.codes[:0]) {
		if at[p] == 0 {
			return nil, false
		}
	}
	return at, true
}

// labels reads labels of a chunk; some may have come before.
func (f *fileReader) labels(v *wire.Reader, set bitset.Set, last int, before column) (column, error) {
	codes, sets, err := f.codes(v, last)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if err := f.subset(s, set); err != nil {
			return nil, err
		}
	}
	c, ok := before.(*labelsColumn)
	if !ok {
		return &labelsColumn{set: set, codes: codes, sets: sets}, nil
	}
	if n := len(c.codes); !set.Equal(c.set) || len(codes) == 0 || n == 0 || codes[0] <= c.codes[n-1] {
		return nil, f.broken("labels")
	}
	c.codes, c.sets = append(c.codes, codes...), append(c.sets, sets...)
	return c, nil
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
	for _, p := range set.Positions(make([]uint16, 0, set.Len())) {
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
	n := set.Len()
	places := set.Positions(make([]uint16, 0, n))
	c := &floatColumn{set: set, min: math.Inf(1), max: math.Inf(-1)}
	few := n < kernel.Bits*4/5
	if few {
		c.places, c.floats = slices.Clone(places), make([]float64, n)
	} else {
		c.floats = make([]float64, kernel.Bits)
	}
	for i, p := range places {
		v := floatAt(data[8*i:])
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, f.broken("numbers")
		}
		v += 0 // not -0
		c.min, c.max = min(c.min, v), max(c.max, v)
		if few {
			c.floats[i] = v
		} else {
			c.floats[p] = v
		}
	}
	return c, nil
}

func floatAt(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }

// duration is a duration of n nanoseconds; one that does not fit becomes one that is not valid.
func duration(n uint64) time.Duration {
	if n > math.MaxInt64 {
		return -1
	}
	return time.Duration(n)
}
