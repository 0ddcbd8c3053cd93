package sketch

import (
	"math"
	"math/bits"
)

const (
	precision = 12
	registers = 1 << precision
	// maxRank is the most zeros that can lead the rest of a hash, and one.
	maxRank = 64 - precision + 1
	// packed is the size of the binary form: 6 bits a register.
	packed = registers / 4 * 3
)

// HyperLogLog counts different hashes in 4 KiB. Its standard error is
// 1.04/sqrt(4096) = 1.6 %; small counts are better. The zero HyperLogLog has seen nothing.
// Two of them can be compared with ==. Not safe for concurrent use.
type HyperLogLog struct {
	ranks [registers]uint8
}

// Add takes in a hash, of which all bits must be evenly distributed.
func (h *HyperLogLog) Add(hash uint64) {
	i := hash >> (64 - precision)
	rank := uint8(bits.LeadingZeros64(hash<<precision|1<<(precision-1))) + 1
	h.ranks[i] = max(h.ranks[i], rank)
}

// Merge takes in all that o has seen.
func (h *HyperLogLog) Merge(o *HyperLogLog) {
	for i, rank := range o.ranks {
		h.ranks[i] = max(h.ranks[i], rank)
	}
}

// Estimate returns about how many different hashes were added, by the improved raw
// estimator of O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches,
// arXiv:1702.01284, 2017, algorithm 6. It needs no correction for small or large counts.
func (h *HyperLogLog) Estimate() float64 {
	var counts [maxRank + 1]int
	for _, rank := range h.ranks {
		counts[rank]++
	}
	const m = registers
	z := m * tau(1-float64(counts[maxRank])/m)
	for k := maxRank - 1; k >= 1; k-- {
		z = 0.5 * (z + float64(counts[k]))
	}
	// The conversion keeps the product from being fused with the sum on some machines.
	z += float64(m * sigma(float64(counts[0])/m))
	return m * m / (2 * math.Ln2) / z
}

// sigma is x + the sum over k >= 1 of x^(2^k) 2^(k-1), for 0 <= x <= 1: Ertl, equation 13.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := math.NaN(); z != before; y += y {
		x *= x
		before = z
		z += float64(x * y)
	}
	return z
}

// tau is (1 - x - the sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3: Ertl, equation 14.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := math.NaN(); z != before; {
		x = math.Sqrt(x)
		before = z
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
	}
	return z / 3
}

// AppendBinary appends the binary form to dst: 3,072 bytes, in which each three hold four
// registers of 6 bits, the first in the highest bits. It never fails.
func (h *HyperLogLog) AppendBinary(dst []byte) ([]byte, error) {
	for i := 0; i < registers; i += 4 {
		r := h.ranks[i : i+4 : i+4]
		dst = append(dst, r[0]<<2|r[1]>>4, r[1]<<4|r[2]>>2, r[2]<<6|r[3])
	}
	return dst, nil
}

// UnmarshalBinary reads what AppendBinary wrote. Anything else is ErrCorrupt, and h stays
// as it was.
func (h *HyperLogLog) UnmarshalBinary(data []byte) error {
	if len(data) != packed {
		return ErrCorrupt
	}
	var o HyperLogLog
	for i := 0; i < registers; i += 4 {
		a, b, c := data[0], data[1], data[2]
		o.ranks[i], o.ranks[i+1], o.ranks[i+2], o.ranks[i+3] = a>>2, a<<4&63|b>>4, b<<2&63|c>>6, c&63
		data = data[3:]
	}
	for _, rank := range o.ranks {
		if rank > maxRank {
			return ErrCorrupt
		}
	}
	*h = o
	return nil
}
