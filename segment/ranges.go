package segment

import (
	"cmp"
	"math/bits"
	"slices"
)

// intRanges are ranges of whole numbers, ascending and apart, with a table that says where to look. Safe for concurrent
// reads.
type intRanges struct {
	list   [][2]int64
	shift  uint8   // a bucket is 2^shift numbers
	starts []int32 // of each bucket: the first range that ends in it or after it
}

// maxBuckets is the size of the table at most.
const maxBuckets = 1 << 14

// newIntRanges takes ranges in any order.
func newIntRanges(list [][2]int64) intRanges {
	r := intRanges{list: apart(list)}
	if len(r.list) == 0 {
		return r
	}
	low, high := r.list[0][0], r.list[len(r.list)-1][1]
	span := uint64(high) - uint64(low)
	buckets := min(8*len(r.list), maxBuckets)
	r.shift = uint8(max(0, bits.Len64(span)-bits.Len(uint(buckets))+1))
	r.starts = make([]int32, span>>r.shift+1)
	at := 0
	for i := range r.starts {
		begin := int64(uint64(low) + uint64(i)<<r.shift)
		for r.list[at][1] < begin {
			at++
		}
		r.starts[i] = int32(at)
	}
	return r
}

// has tells whether v lies in one of the ranges.
func (r *intRanges) has(v int64) bool {
	n := len(r.list)
	if n == 0 || v < r.list[0][0] || v > r.list[n-1][1] {
		return false
	}
	bucket := int((uint64(v) - uint64(r.list[0][0])) >> r.shift)
	i, end := int(r.starts[bucket]), n-1
	if bucket+1 < len(r.starts) {
		end = int(r.starts[bucket+1])
	}
	for i < end { // the first range that ends at v or after it
		if middle := (i + end) / 2; r.list[middle][1] < v {
			i = middle + 1
		} else {
			end = middle
		}
	}
	return v >= r.list[i][0]
}

// apart sorts ranges and joins those that overlap.
func apart[T int64 | float64](ranges [][2]T) [][2]T {
	slices.SortFunc(ranges, func(a, b [2]T) int { return cmp.Compare(a[0], b[0]) })
	var out [][2]T
	for _, r := range ranges {
		if last := len(out) - 1; last >= 0 && r[0] <= out[last][1] {
			out[last][1] = max(out[last][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// inRanges tells whether v lies in one of the ranges, which are ascending and apart.
func inRanges(ranges [][2]float64, v float64) bool {
	i, found := slices.BinarySearchFunc(ranges, v, func(r [2]float64, v float64) int { return cmp.Compare(r[0], v) })
	return found || i > 0 && v <= ranges[i-1][1]
}
