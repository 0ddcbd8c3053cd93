package boost

import (
	"math"
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/histogram"
)

// cell has sums over the rows of a bin, as integers, so that no sum depends on the order of
// its terms and what is subtracted is exactly what was added: G of gradients, HW of
// hessians, shifted left, and below them of weights.
type cell = histogram.Cell

// group has the cells of eight columns.
type group = histogram.Group

// scale tells what the integers of cells mean.
type scale struct {
	g, h, w float64 // by which to multiply to get back; powers of two
	shift   uint    // of hessians in hw
	slack   float64 // of comparisons with sums of weights: 1 where units are not rounded
}

func (s *scale) gradient(c cell) float64 { return float64(c.G) * s.g }
func (s *scale) hessian(c cell) float64  { return float64(c.HW>>s.shift) * s.h }
func (s *scale) units(c cell) int64      { return c.HW & (1<<s.shift - 1) }
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

// histograms builds histograms over rows of a matrix.
type histograms struct {
	*matrix
	*team
	pairs  []cell // of each row
	used   []bool // groups with a column of the tree
	counts []int  // bins of each column
	free   [][]group
}

// columnsOf returns the first column of a group and the one after its last.
func (h *histograms) columnsOf(of int) (lo, hi int) {
	return of * lanes, min((of+1)*lanes, len(h.counts))
}

// binsOf returns the largest number of bins of a column of a group.
func (h *histograms) binsOf(of int) int {
	lo, hi := h.columnsOf(of)
	return slices.Max(h.counts[lo:hi])
}

// take returns a histogram with any cells.
func (h *histograms) take() []group {
	k := len(h.free)
	if k == 0 {
		return make([]group, h.stride)
	}
	groups := h.free[k-1]
	h.free = h.free[:k-1]
	return groups
}

func (h *histograms) give(groups []group) {
	if groups != nil {
		h.free = append(h.free, groups)
	}
}

// building is a histogram that still needs finish, group by group.
type building struct {
	rows  []int32   // still to be added
	parts [][]group // to be added up in the first
}

// build begins a histogram over rows: of those that are many, each worker adds some to a part of
// its own.
func (h *histograms) build(rows []int32) *building {
	const chunk = 1 << 12
	if h.size() == 1 || len(rows) <= 4*chunk {
		return &building{rows, [][]group{h.take()}}
	}
	parts, begun := make([][]group, h.size()), make([]bool, h.size())
	for i := range parts {
		parts[i] = h.take()
	}
	h.run((len(rows)+chunk-1)/chunk, func(worker, i int) {
		part := parts[worker]
		if !begun[worker] {
			for of := range part {
				part[of].Clear(h.binsOf(of))
			}
			begun[worker] = true
		}
		h.add(part, 0, h.stride, rows[i*chunk:min((i+1)*chunk, len(rows))])
	})
	b := &building{}
	for i, part := range parts {
		if begun[i] {
			b.parts = append(b.parts, part)
		} else {
			h.give(part)
		}
	}
	return b
}

// finish adds to one group what it lacks.
func (h *histograms) finish(b *building, of int) {
	groups, bins := b.parts[0], h.binsOf(of)
	if b.rows != nil {
		groups[of].Clear(bins)
		h.add(groups, of, of+1, b.rows)
	}
	for _, part := range b.parts[1:] {
		groups[of].Merge(&part[of], bins)
	}
}

// add adds rows to the groups from lo to hi. Blocks of them go through one group after the other,
// whose cells stay in the first cache.
func (h *histograms) add(groups []group, lo, hi int, rows []int32) {
	const block = 1 << 10
	for len(rows) > 0 {
		part := rows[:min(block, len(rows))]
		for of := lo; of < hi; of++ {
			if first, end := h.columnsOf(of); h.used[of] {
				groups[of].Add(end-first, part, h.pairs, h.words[of:], h.stride)
			}
		}
		rows = rows[len(part):]
	}
}
