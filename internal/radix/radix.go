// Package radix sorts integers in linear time, and gives ids an integer rank
// to be sorted by.
package radix

import (
	"math/bits"

	"github.com/clientele-go/clientele/internal/parallel"
)

const (
	digit  = 11
	digits = 1 << digit
)

// Sort sorts keys ascending by their bits from low up to the highest that
// differs; keys that agree in those keep their order. It works on at most
// workers goroutines, needs scratch of the same length and returns whichever of
// the two slices holds the result, which does not depend on workers.
// Cost: one pass over the keys for every 11 bits sorted.
func Sort(workers int, keys, scratch []uint64, low int) []uint64 {
	if len(keys) == 0 {
		return keys
	}
	parts := min(parallel.Workers(workers), len(keys)/digits+1)
	differ := differing(parts, keys)
	counts := make([][digits]int, parts)
	for shift := low; differ>>shift != 0; shift += digit {
		if differ>>shift&(digits-1) == 0 {
			continue
		}
		parallel.Ranges(parts, len(keys), parts, func(p, lo, hi int) {
			var count [digits]int
			for _, k := range keys[lo:hi] {
				count[k>>shift&(digits-1)]++
			}
			counts[p] = count
		})
		at := 0
		for d := range digits {
			for p := range counts {
				at, counts[p][d] = at+counts[p][d], at
			}
		}
		parallel.Ranges(parts, len(keys), parts, func(p, lo, hi int) {
			next := &counts[p]
			for _, k := range keys[lo:hi] {
				d := k >> shift & (digits - 1)
				scratch[next[d]] = k
				next[d]++
			}
		})
		keys, scratch = scratch, keys
	}
	return keys
}

// differing has the bits in which not all keys agree.
func differing(parts int, keys []uint64) uint64 {
	found := make([]uint64, parts)
	parallel.Ranges(parts, len(keys), parts, func(p, lo, hi int) {
		bits := uint64(0)
		for _, k := range keys[lo:hi] {
			bits |= k ^ keys[0]
		}
		found[p] = bits
	})
	all := uint64(0)
	for _, bits := range found {
		all |= bits
	}
	return all
}

// A Ranker ranks byte strings by integers: a smaller string never has a larger
// rank. Ranks are compact: of each byte position only the values that occur
// there count, and positions where all strings agree cost nothing.
// The zero value is ready to Learn. Safe for concurrent reads once all is learnt.
type Ranker struct {
	n         int // positions looked at
	shortest  int // length of the shortest string, capped
	low, high [positions]byte
	learnt    bool
}

const positions = 32

// Learn widens the ranges to s. All strings are learnt before any is ranked.
func (r *Ranker) Learn(s string) {
	n := min(len(s), positions)
	if !r.learnt {
		*r = Ranker{shortest: n, learnt: true}
		for i := range r.low {
			r.low[i] = 255
		}
	}
	r.n, r.shortest = max(r.n, n), min(r.shortest, n)
	for i := range n {
		r.low[i], r.high[i] = min(r.low[i], s[i]), max(r.high[i], s[i])
	}
}

// Merge widens the ranges to those of o.
func (r *Ranker) Merge(o *Ranker) {
	switch {
	case !o.learnt:
	case !r.learnt:
		*r = *o
	default:
		r.n, r.shortest = max(r.n, o.n), min(r.shortest, o.shortest)
		for i := range r.low {
			r.low[i], r.high[i] = min(r.low[i], o.low[i]), max(r.high[i], o.high[i])
		}
	}
}

// Ranking returns the function that ranks a string learnt below 2^limit, where
// limit is at most 63: as many leading positions as fit decide.
func (r *Ranker) Ranking(limit int) func(s string) uint64 {
	type place struct {
		at     int
		base   uint64
		weight uint64
		low    uint64 // byte value of digit 0, one less where strings may have ended, which is digit 0
	}
	var places []place
	size := uint64(1)
	for i := range r.n {
		p := place{at: i, base: uint64(r.high[i]-r.low[i]) + 1, low: uint64(r.low[i])}
		if i >= r.shortest {
			p.base++
			p.low--
		}
		high, next := bits.Mul64(size, p.base)
		if high != 0 || next > 1<<limit {
			break
		}
		size = next
		if p.base > 1 {
			places = append(places, p)
		}
	}
	weight := uint64(1)
	for i := range places {
		p := &places[len(places)-1-i]
		p.weight = weight
		weight *= p.base
	}
	return func(s string) uint64 {
		rank := uint64(0)
		for i := range places {
			p := &places[i]
			if p.at >= len(s) {
				break
			}
			rank += (uint64(s[p.at]) - p.low) * p.weight
		}
		return rank
	}
}
