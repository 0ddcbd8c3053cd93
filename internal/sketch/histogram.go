package sketch

import (
	"encoding/binary"
	"math"
	"slices"
)

// Histogram keeps how numbers are distributed: how many are in each bucket. A bucket is the
// numbers whose float64 forms have the same sign, exponent and 6 highest bits of the
// mantissa, so its ends are at most a factor of 1 + 1/64 apart. Only buckets that have
// numbers take room. The zero Histogram is empty. Not safe for concurrent use.
type Histogram struct {
	buckets  []bucket // ascending; none where there are less than two numbers
	n        uint64
	min, max float64
}

type bucket struct {
	key int32 // see keyOf
	n   uint64
}

const (
	cut     = 52 - 6     // bits of a float64 that buckets do not tell apart
	keys    = 0x7ff << 6 // buckets of finite numbers from 0 up
	maxSize = 1 << 62    // most numbers of a histogram that is read
)

// keyOf numbers the buckets in the order of their numbers: from 0 up that of 0 and those of
// positive numbers, from -1 down those of negative ones.
func keyOf(x float64) int32 {
	bits := math.Float64bits(x)
	key := int32(bits << 1 >> (1 + cut))
	if bits>>63 != 0 {
		return ^key
	}
	return key
}

// middle is the middle of a bucket, and 0 for the buckets next to it.
func middle(key int32) float64 {
	if key < 0 {
		return -middle(^key)
	}
	if key == 0 {
		return 0
	}
	return math.Float64frombits(uint64(key)<<cut | 1<<(cut-1))
}

// Add takes in x, which is a finite number.
func (h *Histogram) Add(x float64) {
	x += 0 // of -0 makes 0
	if h.n == 0 {
		h.n, h.min, h.max = 1, x, x
		return
	}
	h.fill()
	h.n++
	h.min, h.max = min(h.min, x), max(h.max, x)
	h.put(bucket{keyOf(x), 1})
}

// Reset makes h empty. It keeps its room unless that is large.
func (h *Histogram) Reset() {
	const large = 1024
	if cap(h.buckets) > large {
		h.buckets = nil
	}
	*h = Histogram{buckets: h.buckets[:0]}
}

// fill makes the bucket of a single number.
func (h *Histogram) fill() {
	if h.n == 1 {
		h.buckets = append(slices.Grow(h.buckets[:0], 4), bucket{keyOf(h.min), 1})
	}
}

func (h *Histogram) put(b bucket) {
	i, ok := slices.BinarySearchFunc(h.buckets, b.key, func(b bucket, key int32) int { return int(b.key) - int(key) })
	if ok {
		h.buckets[i].n += b.n
		return
	}
	h.buckets = slices.Insert(h.buckets, i, b)
}

// Merge takes in all numbers of o.
func (h *Histogram) Merge(o *Histogram) {
	switch {
	case o.n == 0:
		return
	case o.n == 1:
		h.Add(o.min)
		return
	case h.n == 0:
		h.n, h.min, h.max = o.n, o.min, o.max
		h.buckets = append(h.buckets[:0], o.buckets...)
		return
	}
	h.fill()
	h.n += o.n
	h.min, h.max = min(h.min, o.min), max(h.max, o.max)
	if len(o.buckets) < 8 {
		for _, b := range o.buckets {
			h.put(b)
		}
		return
	}
	merged := make([]bucket, 0, len(h.buckets)+len(o.buckets))
	i := 0
	for _, b := range o.buckets {
		for i < len(h.buckets) && h.buckets[i].key < b.key {
			merged = append(merged, h.buckets[i])
			i++
		}
		if i < len(h.buckets) && h.buckets[i].key == b.key {
			b.n += h.buckets[i].n
			i++
		}
		merged = append(merged, b)
	}
	h.buckets = append(merged, h.buckets[i:]...)
}

// Len returns how many numbers were added.
func (h *Histogram) Len() uint64 { return h.n }

// Rank returns which of n > 0 numbers, from the smallest, 1, is the quantile q, for
// 0 <= q <= 1: the nearest rank, ceil(q*n), but at least 1. A q*n that differs from a whole
// number by no more than rounding does is that number: 0.07 of 100 is the 7th.
func Rank(q float64, n uint64) uint64 {
	p := float64(q * float64(n)) // rounded, so that no platform fuses it with what follows
	whole := math.Round(p)
	if math.Abs(p-whole) > p*0x1p-50 {
		whole = math.Ceil(p)
	}
	return min(max(uint64(whole), 1), n)
}

// Quantile returns about the number that has Rank among those added. Of an empty histogram
// it is NaN.
//
// What it returns is the middle of the bucket of that number, moved into the range of the
// numbers added, so 0, the smallest and the largest are exact. Others are off by at most
// 1/128 of themselves or, between -2^-1022 and 2^-1022, by at most 2^-1028.
func (h *Histogram) Quantile(q float64) float64 {
	if h.n == 0 {
		return math.NaN()
	}
	rank := Rank(q, h.n)
	switch rank {
	case 1:
		return h.min
	case h.n:
		return h.max
	}
	for _, b := range h.buckets {
		if rank <= b.n {
			return min(max(middle(b.key), h.min), h.max)
		}
		rank -= b.n
	}
	return h.max
}

// AppendBinary appends the binary form to dst. That of no numbers is nothing, that of one the
// number as 8 bytes. Otherwise it is the smallest and the largest number as 8 bytes, then of
// each bucket how many it has, and, from the second on before that, how far it is from the
// one before, as uvarints. It never fails.
func (h *Histogram) AppendBinary(dst []byte) ([]byte, error) {
	if h.n == 0 {
		return dst, nil
	}
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(h.min))
	if h.n == 1 {
		return dst, nil
	}
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(h.max))
	for i, b := range h.buckets {
		if i > 0 {
			dst = binary.AppendUvarint(dst, uint64(b.key-h.buckets[i-1].key))
		}
		dst = binary.AppendUvarint(dst, b.n)
	}
	return dst, nil
}

// UnmarshalBinary reads what AppendBinary wrote. Anything else is ErrCorrupt, and h stays
// as it was.
func (h *Histogram) UnmarshalBinary(data []byte) error {
	var o Histogram
	if len(data) == 0 {
		*h = o
		return nil
	}
	r := reader{data: data}
	o.min = r.float()
	o.max = o.min
	if len(data) == 8 && !r.bad {
		o.n = 1
		*h = o
		return nil
	}
	o.max = r.float()
	key := int64(keyOf(o.min))
	for len(r.data) > 0 && !r.bad {
		if o.n > 0 {
			step := r.uvarint()
			if step == 0 || step >= 2*keys {
				return ErrCorrupt
			}
			key += int64(step)
		}
		n := r.uvarint()
		if key >= keys || n == 0 || n > maxSize-o.n {
			return ErrCorrupt
		}
		o.n += n
		o.buckets = append(o.buckets, bucket{int32(key), n})
	}
	if r.bad || o.n < 2 || o.min > o.max || int32(key) != keyOf(o.max) {
		return ErrCorrupt
	}
	*h = o
	return nil
}

// A reader takes numbers from the front of data.
type reader struct {
	data []byte
	bad  bool
}

// uvarint reads a uvarint that is no longer than need be.
func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || n > 1 && r.data[n-1] == 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

// float reads a finite number that is not -0.
func (r *reader) float() float64 {
	if len(r.data) < 8 {
		r.bad = true
		return 0
	}
	bits := binary.BigEndian.Uint64(r.data)
	r.data = r.data[8:]
	x := math.Float64frombits(bits)
	r.bad = r.bad || math.IsNaN(x) || math.IsInf(x, 0) || bits == 1<<63
	return x
}
