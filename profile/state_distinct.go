package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/sketch"
	"github.com/clientele-go/clientele/internal/wire"
)

// mostExact is how many different values are counted exactly.
const mostExact = 256

// distinct is the summary of Distinct: the hashes of all values or, where those are more
// than mostExact, a sketch of them.
type distinct struct {
	events int64
	hashes []uint64 // ascending
	many   *sketch.HyperLogLog
}

func (s *distinct) add(_ *aggregation, o *occurrence) {
	s.events++
	s.put(hashValue(o.value))
}

func (s *distinct) reset() { *s = distinct{hashes: emptied(s.hashes)} }

func (s *distinct) put(hash uint64) {
	if s.many != nil {
		s.many.Add(hash)
		return
	}
	i, found := slices.BinarySearch(s.hashes, hash)
	if found {
		return
	}
	s.hashes = slices.Insert(s.hashes, i, hash)
	if len(s.hashes) > mostExact {
		s.many = new(sketch.HyperLogLog)
		for _, h := range s.hashes {
			s.many.Add(h)
		}
		s.hashes = nil
	}
}

func (s *distinct) merge(_ *aggregation, t *distinct) {
	s.events += t.events
	switch {
	case t.many == nil && len(s.hashes) == 0 && s.many == nil:
		s.hashes = append(s.hashes[:0], t.hashes...)
		return
	case t.many == nil:
		for _, h := range t.hashes {
			s.put(h)
		}
		return
	case s.many == nil:
		s.many = new(sketch.HyperLogLog)
		for _, h := range s.hashes {
			s.many.Add(h)
		}
		s.hashes = nil
	}
	s.many.Merge(t.many)
}

func (s *distinct) result(*aggregation) result {
	n := float64(len(s.hashes))
	if s.many != nil {
		n = min(max(math.Round(s.many.Estimate()), mostExact+1), 1<<62)
	}
	return result{value: customer.Int64Value(int64(n)), events: s.events}
}

// encode writes the hashes as a byte string, or the sketch as a longer one.
func (s *distinct) encode(_ *aggregation, w *wire.Writer) {
	w.Uint(uint64(s.events))
	if s.events == 0 {
		return
	}
	var data []byte
	if s.many != nil {
		data, _ = s.many.AppendBinary(nil)
	} else {
		data = make([]byte, 0, 8*len(s.hashes))
		for _, h := range s.hashes {
			data = binary.BigEndian.AppendUint64(data, h)
		}
	}
	w.Bytes(data)
}

func (s *distinct) decode(_ *aggregation, r *wire.Reader) int64 {
	if s.events = readEvents(r); s.events == 0 {
		return 0
	}
	data := r.Bytes()
	if len(data) > 8*mostExact {
		s.many = new(sketch.HyperLogLog)
		if s.many.UnmarshalBinary(data) != nil {
			fault(r)
		}
		return s.events
	}
	if len(data) == 0 || len(data)%8 != 0 {
		fault(r)
		return 0
	}
	s.hashes = make([]uint64, len(data)/8)
	for i := range s.hashes {
		s.hashes[i] = binary.BigEndian.Uint64(data[8*i:])
		if i > 0 && s.hashes[i] <= s.hashes[i-1] {
			fault(r)
		}
	}
	return s.events
}

// hashValue returns 64 bits that stand for a value among those of its kind. It is part of
// what is stored.
func hashValue(v customer.Value) uint64 {
	var buf [64]byte
	b := append(buf[:0], byte(v.Kind()))
	switch v.Kind() {
	case customer.KindBool:
		x, _ := v.Bool()
		if x {
			b = append(b, 1)
		}
	case customer.KindInt64:
		n, _ := v.Int64()
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	case customer.KindFloat64:
		f, _ := v.Float64()
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
	case customer.KindDecimal:
		n, scale, _ := v.Decimal()
		b = binary.BigEndian.AppendUint64(append(b, byte(scale)), uint64(n))
	case customer.KindTime:
		t, _ := v.Time()
		b = binary.BigEndian.AppendUint64(b, uint64(t.Unix()))
		b = binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
	case customer.KindText:
		text, _ := v.Text()
		b = append(b, text...)
	case customer.KindLabels:
		for label := range v.Labels() {
			b = append(binary.AppendUvarint(b, uint64(len(label))), label...)
		}
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}
