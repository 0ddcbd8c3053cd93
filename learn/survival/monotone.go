package survival

import (
	"cmp"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
)

// negligible is by how much a row at risk may be above the event, relative to the largest
// sum of the sizes of what features add to the log-risk of a row: rounding.
const negligible = 1e-14

// rounding returns the slack of log-risks.
func (r *rows) rounding(step []float64) float64 {
	size, most := make([]float64, gram.Block), 0.0
	for k := range r.blocks() {
		clear(size)
		for j, b := range step {
			for i, x := range r.feature(k, j) {
				size[i] += math.Abs(b * x)
			}
		}
		most = max(most, slices.Max(size))
	}
	return negligible * most
}

// monotone reports whether along a step every event comes to the highest of the rows at risk, and
// how far log-risks move: the largest difference between rows that are at risk.
func (l *likelihood) monotone(step []float64) (yes bool, moved float64) {
	r := l.rows
	eta := make([]float64, r.n)
	r.linear(eta, step)
	low, top := r.bounds(eta)
	for s := range low {
		moved = max(moved, top[s]-low[s])
	}
	return moved > still && r.ordered(eta, r.rounding(step)), moved
}

// ordered reports whether each event has the highest value among the rows at risk, but for a
// slack, and some event is above a row at risk by more.
func (r *rows) ordered(value []float64, slack float64) bool {
	above := false
	for s := range r.strata {
		ok, some := r.orderedIn(s, value, slack)
		if !ok {
			return false
		}
		above = above || some
	}
	return above
}

func (r *rows) orderedIn(s int, value []float64, slack float64) (ordered, above bool) {
	// Rows join from the last to the first. Those that are no longer at risk leave the heaps of
	// highest and lowest values when they come to the front.
	var high, low heap
	at, base := int(r.begin[s+1])-1, r.base[s]
	end, _ := slices.BinarySearch(r.ended, r.begin[s+1])
	for q := r.base[s+1] - 1; q > base; q-- {
		for ; at >= int(r.begin[s]) && r.at[at] >= q; at-- {
			if r.from == nil {
				high.keep(value[at])
				low.keep(-value[at])
			} else {
				high.push(value[at], r.from[at])
				low.push(-value[at], r.from[at])
			}
		}
		top, bottom := high.first(q), -low.first(q)
		for ; end > 0 && r.at[r.ended[end-1]] == q; end-- {
			x := value[r.ended[end-1]]
			if x < top-slack {
				return false, false
			}
			above = above || x > bottom+slack
		}
	}
	return true, above
}

// heap has the largest of values of rows that leave from a slot on.
type heap struct {
	value []float64
	from  []int32
}

// keep keeps the larger of the value that is there and another that never leaves.
func (h *heap) keep(x float64) {
	if len(h.value) == 0 {
		h.push(x, -1)
	}
	h.value[0] = max(h.value[0], x)
}

func (h *heap) push(x float64, from int32) {
	h.value, h.from = append(h.value, x), append(h.from, from)
	for i := len(h.value) - 1; i > 0 && h.value[(i-1)/2] < h.value[i]; i = (i - 1) / 2 {
		h.swap(i, (i-1)/2)
	}
}

func (h *heap) swap(i, j int) {
	h.value[i], h.value[j] = h.value[j], h.value[i]
	h.from[i], h.from[j] = h.from[j], h.from[i]
}

// first returns the largest value of the rows that are still at risk in a slot.
func (h *heap) first(q int32) float64 {
	for h.from[0] >= q {
		n := len(h.value) - 1
		h.swap(0, n)
		h.value, h.from = h.value[:n], h.from[:n]
		for i := 0; ; {
			child := 2*i + 1
			if child >= n {
				break
			}
			if child+1 < n && h.value[child+1] > h.value[child] {
				child++
			}
			if h.value[i] >= h.value[child] {
				break
			}
			h.swap(i, child)
			i = child
		}
	}
	return h.value[0]
}

// infinite is the error of a step that no event is against; the fit gives it names.
type infinite struct{ terms []int }

// Error is never shown.
func (*infinite) Error() string { return "survival: infinite coefficient" }

// name returns the error of a step along which the likelihood grows for ever, with the terms
// that it needs: of those that move log-risks least first, those without which it still does are
// left out.
func (l *likelihood) name(step []float64) error {
	order := make([]int, len(step))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(step[a]), math.Abs(step[b])) })
	step = slices.Clone(step)
	needed := &infinite{}
	for _, j := range order {
		kept := step[j]
		step[j] = 0
		if yes, _ := l.monotone(step); !yes {
			step[j] = kept
			needed.terms = append(needed.terms, j)
		}
	}
	slices.Sort(needed.terms)
	return needed
}

// alone returns the features that by themselves put the events in order, or in the opposite one.
func (r *rows) alone() []int {
	is := make([]bool, r.p)
	scratch := func() []float64 { return make([]float64, r.n) }
	parallel.States(r.workers, r.p, scratch, func(value []float64, j int) {
		for k := range r.blocks() {
			copy(value[k*gram.Block:], r.feature(k, j))
		}
		if is[j] = r.ordered(value, 0); is[j] {
			return
		}
		for i := range value {
			value[i] = -value[i]
		}
		is[j] = r.ordered(value, 0)
	})
	var found []int
	for j, yes := range is {
		if yes {
			found = append(found, j)
		}
	}
	return found
}
