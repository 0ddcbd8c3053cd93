package parallel

import (
	"slices"
	"sort"
)

// SortFunc sorts s in place by compare, on at most workers goroutines. The
// order of elements that compare equal is unspecified, but the same for any
// number of workers. It is a sample sort: beside s it needs one byte an element.
func SortFunc[T any](workers int, s []T, compare func(a, b T) int) {
	const (
		most       = 256 // buckets
		oversample = 8
		small      = 1 << 11
	)
	if len(s) < small {
		slices.SortFunc(s, compare)
		return
	}
	buckets := min(most, len(s)/128) // of a few elements, few
	sample := make([]T, buckets*oversample)
	for i := range sample {
		sample[i] = s[i*len(s)/len(sample)]
	}
	slices.SortFunc(sample, compare)
	splitters := make([]T, buckets-1) // the first element of each bucket but the first
	for i := range splitters {
		splitters[i] = sample[(i+1)*oversample]
	}

	parts := Workers(workers)
	bucket := make([]uint8, len(s))
	counts := make([][most]int, parts)
	Ranges(parts, len(s), parts, func(p, lo, hi int) {
		var count [most]int
		for i := lo; i < hi; i++ {
			b := sort.Search(len(splitters), func(j int) bool { return compare(splitters[j], s[i]) > 0 })
			bucket[i] = uint8(b)
			count[b]++
		}
		counts[p] = count
	})
	var next, end [most]int
	at := 0
	for b := range buckets {
		next[b] = at
		for p := range parts {
			at += counts[p][b]
		}
		end[b] = at
	}
	starts := next
	for b := range buckets { // American flag: swap each element home
		for next[b] < end[b] {
			i := next[b]
			home := bucket[i]
			if int(home) == b {
				next[b]++
				continue
			}
			j := next[home]
			s[i], s[j] = s[j], s[i]
			bucket[i], bucket[j] = bucket[j], home
			next[home]++
		}
	}
	For(workers, buckets, func(b int) { slices.SortFunc(s[starts[b]:end[b]], compare) })
}
