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

// duration is a duration of n nanoseconds; one that does not fit becomes one that is not valid.
func duration(n uint64) time.Duration {
	if n > math.MaxInt64 {
		return -1
	}
	return time.Duration(n)
}
