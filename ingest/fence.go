package ingest

import (
	"maps"
	"math"
	"slices"
	"strconv"
)

// histogram counts values in buckets that share sign, exponent and the first seven
// bits of the fraction: each is at most 1/128 of its value wide, and whole numbers up
// to 256 have one each. Its answers do not depend on the order of values. It holds at
// most 2¹⁹ buckets, and in practice a few hundred.
type histogram struct {
	counts map[int32]int64
	n      int64
}

const bucketShift = 64 - 1 - 11 - 7

func (h *histogram) add(x float64) {
	if h.counts == nil {
		h.counts = make(map[int32]int64)
	}
	h.counts[int32(math.Float64bits(x+0)>>bucketShift)]++
	h.n++
}

// quartiles returns the values of rank ⌈n/4⌉ and ⌈3n/4⌉, each as the end of its
// bucket nearest to zero.
func (h *histogram) quartiles() (q1, q3 float64) {
	value := func(bucket int32) float64 { return math.Float64frombits(uint64(bucket) << bucketShift) }
	buckets := slices.SortedFunc(maps.Keys(h.counts), func(a, b int32) int {
		if value(a) < value(b) {
			return -1
		}
		return 1
	})
	seen := int64(0)
	low, high := (h.n+3)/4, (3*h.n+3)/4
	for _, b := range buckets {
		before := seen
		seen += h.counts[b]
		if before < low && low <= seen {
			q1 = value(b)
		}
		if before < high && high <= seen {
			return q1, value(b)
		}
	}
	return q1, q3
}

// fences returns Tukey's fences, or false where the quartiles coincide: a value that
// half of the records share says nothing about the others.
func (h *histogram) fences(k float64, log bool) (low, high float64, ok bool) {
	q1, q3 := h.quartiles()
	if h.n == 0 || q1 == q3 {
		return 0, 0, false
	}
	if log {
		ratio := math.Pow(q3/q1, k)
		low, high = q1/ratio, q3*ratio
	} else {
		low, high = q1-k*(q3-q1), q3+k*(q3-q1)
	}
	low, high = sixDigits(low), sixDigits(high)
	return low, high, !math.IsInf(low, 0) && !math.IsInf(high, 0)
}

func sixDigits(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return y
}
