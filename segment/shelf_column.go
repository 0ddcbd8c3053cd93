package segment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/clientele-go/clientele/internal/wire"
)

// encodeColumn returns a column as a value: the frames of a snapshot file, or its bit slices.
func encodeColumn(kind string, tag, c int, col column) []byte {
	switch col := col.(type) {
	case *intColumn:
		if !col.sparse() && col.set.Len() >= bitsFrom {
			return encodeBits(kind, tag, c, col)
		}
	case *enumColumn:
		if data := encodeCodes(tag, c, col); data != nil {
			return data
		}
	}
	var b bytes.Buffer
	f := &fileWriter{ctx: context.Background(), w: bufio.NewWriterSize(&b, 1<<12)}
	f.column(cellValue(kind, tag, c, col), col, nil)
	_ = f.w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
}

// eachFrame calls f with each frame of a value, which are of a kind and a tag.
func eachFrame(data []byte, dense int, kind string, tag int, each func(f *fileReader, v *wire.Reader) error) error {
	f := &fileReader{dense: dense}
	for first := true; first || len(data) > 0; first = false {
		if len(data) < 8 {
			return errForm
		}
		size, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
		if data = data[8:]; uint64(size) > uint64(len(data)) {
			return errForm
		}
		value := data[:size:size]
		if data = data[size:]; crc32.Checksum(value, castagnoli) != sum {
			return errSum
		}
		f.n++
		v := wire.Read(value)
		if v.Expect(kind, fileFormat); v.Uint() != uint64(tag) {
			return errPlace
		}
		if err := errors.Join(each(f, v), f.done(v)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelved) berths() []berth { return []berth{s.at} }

func (s *shelved) kind() string {
	if s.times {
		return kindTimes
	}
	return kindColumn
}

func (s *shelved) name() string {
	if s.times {
		return fmt.Sprintf("tag %q: times of chunk %d", s.of.t.Name, s.chunk)
	}
	return fmt.Sprintf("tag %q: chunk %d", s.of.t.Name, s.chunk)
}

func (s *shelved) take(data [][]byte) (err error) {
	var col column
	switch wire.Read(data[0]).Kind() { // no frame is as long as these letters would say
	case kindBits:
		col, err = s.decodeBits(data[0])
	case kindCodes:
		col, err = s.decodeCodes(data[0])
	default:
		col, err = s.frames(data[0])
	}
	if err == nil && col.members().Len() != int(s.n) {
		err = errForm
	}
	if err == nil {
		s.col = col
	}
	return err
}

func (s *shelved) frames(data []byte) (col column, err error) {
	err = eachFrame(data, s.of.dense, s.kind(), s.of.tag, func(f *fileReader, v *wire.Reader) (err error) {
		if v.Uint() != uint64(s.chunk) || col != nil && (s.times || s.of.t.Kind != Labels) {
			return errPlace
		}
		col, err = f.read(v, s.kind(), s.of.t, s.of.last, s.of.exist[s.chunk], col)
		return err
	})
	return col, err
}

// shelvedTerms are the texts of a tag that lie on a shelf.
type shelvedTerms struct {
	of *shelvedTag
	at []savedTerms
}

// count returns the number of texts.
func (k *shelvedTerms) count() int { return k.of.last }

func (t *terms) berths() []berth {
	list := make([]berth, len(t.kept.at))
	for i, b := range t.kept.at {
		list[i] = b.at
	}
	return list
}

func (t *terms) name() string { return fmt.Sprintf("tag %q: texts", t.kept.of.t.Name) }

func (t *terms) take(data [][]byte) error {
	d, of := tagData{terms: newTerms()}, t.kept.of
	for i, data := range data {
		before := d.last
		err := eachFrame(data, of.dense, kindTerms, of.tag, func(f *fileReader, v *wire.Reader) error { return f.texts(v, of.t, &d) })
		if err != nil {
			return err
		}
		if d.last-before != t.kept.at[i].n {
			return errForm
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes = d.terms.codes
	texts := d.terms.all()
	t.texts.Store(&texts)
	return nil
}

// encodeTerms returns texts as a value.
func encodeTerms(tag int, texts []string) []byte {
	var b bytes.Buffer
	f := &fileWriter{ctx: context.Background(), w: bufio.NewWriterSize(&b, 1<<12)}
	f.terms(texts, tag)
	_ = f.w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
}
