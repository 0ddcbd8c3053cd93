package boost

import (
	"math"
	"math/bits"

	"github.com/clientele-go/clientele/internal/parallel"
)

// cell has sums over the rows of a bin, as integers, so that no sum depends on the order of
// its terms and what is subtracted is exactly what was added: g of gradients, hw of
// hessians, shifted left, and below them of weights.
type cell struct{ g, hw int64 }

// group has the cells of eight columns.
type group [lanes][256]cell

// scale tells what the integers of cells mean.
type scale struct {
	g, h, w float64 // by which to multiply to get back; powers of two
	shift   uint    // of hessians in hw
	slack   float64 // of comparisons with sums of weights: 1 where units are not rounded
}

func (s *scale) gradient(c cell) float64 { return float64(c.g) * s.g }
func (s *scale) hessian(c cell) float64  { return float64(c.hw>>s.shift) * s.h }
func (s *scale) units(c cell) int64      { return c.hw & (1<<s.shift - 1) }
func (s *scale) weight(c cell) float64   { return float64(s.units(c)) * s.w }

// weigh makes weights into whole units: as they are if they are whole numbers of a moderate
// sum, otherwise rounded fairly, so that all together are about 2^26 units and rows lighter
// than one of them count together as what they weigh.
func (s *scale) weigh(weight []float64, rows int) []int64 {
	s.w, s.slack = 1, 1
	units := make([]int64, 0, len(weight))
	if weight == nil {
		s.shift = uint(bits.Len(uint(rows)))
		return nil
	}
	sum, whole := 0.0, true
	for _, w := range weight {
		sum += w
		whole = whole && w == math.Trunc(w)
	}
	if !whole || sum >= 1<<30 {
		_, exponent := math.Frexp(sum)
		s.w, s.slack = math.Ldexp(1, exponent-26), within
	}
	total := int64(0)
	for i, w := range weight {
		units = append(units, fairly(w/s.w, i))
		total += units[len(units)-1]
	}
	s.shift = uint(bits.Len64(uint64(total)))
	return units
}

// fairly rounds what row i adds to a sum up or down, so that over many rows neither prevails,
// however small each is: by the multiples of the golden ratio, which are spread evenly.
// Whole numbers stay, and those so large that no sum suffers are rounded to the nearest.
func fairly(x float64, i int) int64 {
	if x >= 1<<40 {
		return int64(math.RoundToEven(x))
	}
	return int64(x + float64(uint64(i+1)*0x9E3779B97F4A7C15>>11)/(1<<53))
}

// fix chooses the scales of a round from bounds of sums of absolute gradients and of
// hessians.
func (s *scale) fix(gradients, hessians float64) {
	s.g, s.h = power(gradients, 61), power(hessians, 61-int(s.shift))
}

// power returns the power of two by which to divide sums up to bound to get integers below
// 2^room.
func power(bound float64, room int) float64 {
	if bound == 0 {
		return 1
	}
	_, exponent := math.Frexp(bound)
	return math.Ldexp(1, max(exponent-room, -1000))
}

// parallelWork is the number of updates of cells from which several goroutines share them.
const parallelWork = 1 << 16

// histograms builds histograms over rows of a matrix.
type histograms struct {
	*matrix
	pairs   []cell // of each row
	used    []bool // groups with a column of the tree
	counts  []int  // bins of each column
	workers int
	free    [][]group
}

// take returns an empty histogram.
func (h *histograms) take() []group {
	if k := len(h.free); k > 0 {
		groups := h.free[k-1]
		h.free = h.free[:k-1]
		for i, n := range h.counts {
			cells := &groups[i/lanes][i%lanes]
			clear(cells[:n])
			cells[missing] = cell{}
		}
		return groups
	}
	return make([]group, h.stride)
}

func (h *histograms) give(groups []group) {
	if groups != nil {
		h.free = append(h.free, groups)
	}
}

// build returns the histogram over rows.
func (h *histograms) build(rows []int32) []group {
	groups := h.take()
	if h.workers == 1 || len(rows)*h.stride*lanes < parallelWork {
		h.add(groups, 0, rows)
		return groups
	}
	const chunk = 1 << 14
	if len(rows) <= 2*chunk {
		parallel.For(h.workers, h.stride, func(g int) { h.add(groups[g:g+1], g, rows) })
		return groups
	}
	first := true
	parts := parallel.States(h.workers, (len(rows)+chunk-1)/chunk, func() []group {
		if first {
			first = false
			return groups
		}
		return h.take()
	}, func(part []group, i int) { h.add(part, 0, rows[i*chunk:min((i+1)*chunk, len(rows))]) })
	for _, part := range parts[1:] {
		for i, n := range h.counts {
			to, from := &groups[i/lanes][i%lanes], &part[i/lanes][i%lanes]
			for b := range n {
				to[b].g += from[b].g
				to[b].hw += from[b].hw
			}
			to[missing].g += from[missing].g
			to[missing].hw += from[missing].hw
		}
		h.give(part)
	}
	return groups
}

// add adds rows. Those of a block are gathered first, in loops that wait for many of them
// at a time; then the block goes through one group after the other, whose cells stay in the
// first cache. The first of the groups is that of a number.
func (h *histograms) add(groups []group, first int, rows []int32) {
	const block = 512
	var pairs [block]cell
	var words [block]uint64
	for lo := 0; lo < len(rows); lo += block {
		part := rows[lo:min(lo+block, len(rows))]
		for i, row := range part {
			pairs[i] = h.pairs[row]
		}
		for at := range groups {
			g := first + at
			if !h.used[g] {
				continue
			}
			for i, row := range part {
				words[i] = h.words[int(row)*h.stride+g]
			}
			if len(h.counts)-g*lanes <= lanes/2 {
				addFour(&groups[at], words[:len(part)], pairs[:len(part)])
			} else {
				addEight(&groups[at], words[:len(part)], pairs[:len(part)])
			}
		}
	}
}

func addEight(h *group, words []uint64, pairs []cell) {
	for i, p := range pairs[:len(words)] {
		w := words[i]
		c := &h[0][uint8(w)]
		c.g += p.g
		c.hw += p.hw
		c = &h[1][uint8(w>>8)]
		c.g += p.g
		c.hw += p.hw
		c = &h[2][uint8(w>>16)]
		c.g += p.g
		c.hw += p.hw
		c = &h[3][uint8(w>>24)]
		c.g += p.g
		c.hw += p.hw
		c = &h[4][uint8(w>>32)]
		c.g += p.g
		c.hw += p.hw
		c = &h[5][uint8(w>>40)]
		c.g += p.g
		c.hw += p.hw
		c = &h[6][uint8(w>>48)]
		c.g += p.g
		c.hw += p.hw
		c = &h[7][uint8(w>>56)]
		c.g += p.g
		c.hw += p.hw
	}
}

func addFour(h *group, words []uint64, pairs []cell) {
	for i, p := range pairs[:len(words)] {
		w := words[i]
		c := &h[0][uint8(w)]
		c.g += p.g
		c.hw += p.hw
		c = &h[1][uint8(w>>8)]
		c.g += p.g
		c.hw += p.hw
		c = &h[2][uint8(w>>16)]
		c.g += p.g
		c.hw += p.hw
		c = &h[3][uint8(w>>24)]
		c.g += p.g
		c.hw += p.hw
	}
}

// subtract takes one column of a histogram from that of another over more rows.
func subtract(from, what *[256]cell, bins int) {
	for b := range bins {
		from[b].g -= what[b].g
		from[b].hw -= what[b].hw
	}
	from[missing].g -= what[missing].g
	from[missing].hw -= what[missing].hw
}
