package segment

import (
	"encoding/binary"
	"math/bits"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// kindBits is a column of whole numbers as it is in memory, which is read far faster than one of a snapshot file.
const kindBits = "segment/bits"

// bitsFrom is the number of values from which a column is written so: it is then at most twice as large.
const bitsFrom = kernel.Bits / 2

// encodeBits returns a column as a value.
func encodeBits(kind string, tag, c int, col *intColumn) []byte {
	v := wire.Sized(kindBits, shelfFormat, 8*len(col.slices)+col.set.Bytes()+128)
	v.Bool(kind == kindTimes)
	v.Uint(uint64(tag))
	v.Uint(uint64(c))
	v.Bytes(bitset.AppendSet(nil, col.set))
	v.Int(col.min)
	v.Int(col.max)
	v.Uint(uint64(col.shift))
	v.Uint(uint64(col.width))
	writeWords(v, col.slices)
	return v.Data()
}

// decodeBits reads what encodeBits wrote.
func (s *shelved) decodeBits(data []byte) (*intColumn, error) {
	v := openValue(data, kindBits)
	if v.Bool() != s.times || v.Uint() != uint64(s.of.tag) || v.Uint() != uint64(s.chunk) || !s.times && !s.of.t.isWhole() {
		return nil, errPlace
	}
	members := v.Bytes()
	c := &intColumn{min: v.Int(), max: v.Int(), shift: uint8(v.upTo(63)), width: uint8(v.upTo(64))}
	c.slices = v.words()
	if err := v.close(); err != nil {
		return nil, err
	}
	set, n, err := bitset.ReadSet(members, s.of.dense)
	top := (uint64(c.max) - uint64(c.min)) >> c.shift
	if err != nil || n != len(members) || set.Len() < sparseInts || c.min > c.max || top<<c.shift != uint64(c.max)-uint64(c.min) ||
		int(c.width) != bits.Len64(top) || len(c.slices) != int(c.width)*kernel.Size {
		return nil, errForm
	}
	if c.set = set; !s.fits(c) {
		return nil, errForm
	}
	return c, nil
}

// writeWords writes bit slices.
func writeWords(v *wire.Writer, words []uint64) {
	data := make([]byte, 8*len(words))
	for i, word := range words {
		binary.LittleEndian.PutUint64(data[8*i:], word)
	}
	v.Bytes(data)
}

// words reads bit slices.
func (r *valueReader) words() []uint64 {
	data := r.Bytes()
	r.bad = r.bad || len(data)%(8*kernel.Size) != 0
	words := make([]uint64, len(data)/8)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(data[8*i:])
	}
	return words
}

// isWhole tells whether the values of a tag are kept as whole numbers.
func (t *Tag) isWhole() bool { return t.Kind == Integer || t.Kind == Decimal || t.Kind == Time }

// fits tells whether a column holds values of customers who exist, and nothing else: the least is there, and so is the
// largest, and none above.
func (s *shelved) fits(c *intColumn) bool {
	var set, w kernel.Words
	c.set.Load(&set)
	if s.of.exist[s.chunk].AndCount(&set) != c.set.Len() {
		return false
	}
	for i := 0; i < len(c.slices); i += kernel.Size {
		if kernel.AndNot(&w, (*kernel.Words)(c.slices[i:]), &set) {
			return false
		}
	}
	for _, n := range [...]int64{c.min, c.max} {
		if c.within(&w, n, n); kernel.Count(&w) == 0 {
			return false
		}
	}
	c.within(&w, c.min, c.max)
	if kernel.Count(&w) != c.set.Len() {
		return false
	}
	unit := s.of.t.unit()
	return s.times || s.of.t.Kind != Time || validTime(unitTime(c.min, unit)) && validTime(unitTime(c.max, unit))
}
