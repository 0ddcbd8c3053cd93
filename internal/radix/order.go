package radix

import "math"

// Order returns the indexes of the values ascending by value, those of NaN last. Equal
// values, and -0 and 0 are, keep their order. There must be fewer than 2^31 values. Cost:
// one pass over the values for every 11 bits in which they differ.
func Order(values []float64) []int32 {
	n := len(values)
	keys, order := make([]uint64, n), make([]int32, n)
	toKeys, toOrder := make([]uint64, n), make([]int32, n)
	var counts [(64 + digit - 1) / digit][digits]int32
	for i, v := range values {
		k := sortable(v)
		keys[i], order[i] = k, int32(i)
		for p := range counts {
			counts[p][k>>(p*digit)&(digits-1)]++
		}
	}
	for p := range counts {
		count, shift := &counts[p], p*digit
		if n == 0 || count[keys[0]>>shift&(digits-1)] == int32(n) {
			continue
		}
		at := int32(0)
		for d, c := range count {
			count[d] = at
			at += c
		}
		for i, k := range keys {
			next := &count[k>>shift&(digits-1)]
			toKeys[*next], toOrder[*next] = k, order[i]
			*next++
		}
		keys, toKeys, order, toOrder = toKeys, keys, toOrder, order
	}
	return order
}

// sortable maps a float to an integer that sorts like it, NaN after all others.
func sortable(v float64) uint64 {
	if math.IsNaN(v) {
		return math.MaxUint64
	}
	b := math.Float64bits(v + 0) // -0 + 0 is 0
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}
