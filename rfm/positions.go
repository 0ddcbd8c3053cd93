package rfm

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
)

// positions are the customers with a purchase in the order of their ids: shard
// and entry of each packed into the low bits of a word, whose high bits are a
// rank of the id.
type positions[K comparable] struct {
	shards *[shards]*shard[K]
	words  []uint64
	width  int // bits of an entry

	touched atomic.Uint32 // what was read ahead; without a use the reads would be optimised away
}

// at is the entry of the i-th customer.
func (p *positions[K]) at(i int) *entry[K] { return p.entry(p.words[i]) }

func (p *positions[K]) entry(word uint64) *entry[K] {
	e := word & (1<<p.width - 1)
	return p.shards[word>>p.width&(shards-1)].at(int(e))
}

// touch reads the entries of the customers [lo, hi), which are scattered over
// memory: in a tight loop the accesses overlap.
func (p *positions[K]) touch(lo, hi int) (sum uint32) {
	for _, word := range p.words[lo:hi] {
		sum += p.entry(word).touch()
	}
	return sum
}

// newPositions lays the customers out from starts, which has the number of
// customers in the shards before each shard, and sorts them.
func newPositions[K comparable](workers int, o *order[K], settled *[shards]*shard[K], starts *[shards + 1]int) *positions[K] {
	p := &positions[K]{shards: settled, words: make([]uint64, starts[shards])}
	for _, s := range settled {
		p.width = max(p.width, bits.Len(uint(s.n)))
	}
	low := p.width + shardBits
	rank := ranker(workers, o, settled, 64-low)
	parallel.For(workers, shards, func(i int) {
		words := p.words[starts[i]:starts[i]]
		for e := range settled[i].n {
			if c := settled[i].at(e); c.last != never {
				words = append(words, rank(&c.id)<<low|uint64(i)<<p.width|uint64(e))
			}
		}
	})
	p.words = radix.Sort(workers, p.words, make([]uint64, len(p.words)), low)

	// Ids of equal rank are put in order by comparing.
	compare := func(a, b uint64) int { return o.compare(p.entry(a).id, p.entry(b).id) }
	for i := 0; i < len(p.words); {
		j := i + 1
		for j < len(p.words) && p.words[j]>>low == p.words[i]>>low {
			j++
		}
		if j == i+2 && compare(p.words[i], p.words[i+1]) > 0 {
			p.words[i], p.words[i+1] = p.words[i+1], p.words[i]
		} else if j > i+2 {
			parallel.SortFunc(workers, p.words[i:j], compare)
		}
		i = j
	}
	return p
}

// ranker returns a function of ids that is monotone in their order and below
// 2^limit: exact where the ids allow, 0 for all of them where nothing is known.
func ranker[K comparable](workers int, o *order[K], settled *[shards]*shard[K], limit int) func(*K) uint64 {
	switch {
	case o.integer != nil:
		var lows, highs [shards]uint64
		parallel.For(workers, shards, func(i int) {
			lo, hi := uint64(math.MaxUint64), uint64(0)
			for e := range settled[i].n {
				v := o.integer(&settled[i].at(e).id)
				lo, hi = min(lo, v), max(hi, v)
			}
			lows[i], highs[i] = lo, hi
		})
		lo, hi := slices.Min(lows[:]), slices.Max(highs[:])
		shift := max(0, bits.Len64(hi-lo)-limit)
		return func(id *K) uint64 { return (o.integer(id) - lo) >> shift }
	case o.text != nil:
		var learnt [shards]radix.Ranker
		parallel.For(workers, shards, func(i int) {
			for e := range settled[i].n {
				learnt[i].Learn(o.text(&settled[i].at(e).id))
			}
		})
		for i := range learnt[1:] {
			learnt[0].Merge(&learnt[1+i])
		}
		ranking := learnt[0].Ranking(limit)
		return func(id *K) uint64 { return ranking(o.text(id)) }
	}
	return func(*K) uint64 { return 0 }
}
