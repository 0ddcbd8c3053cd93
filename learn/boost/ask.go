package boost

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/histogram"
)

// near is the share by which a bound may be below another and its column still have the greater gain:
// far more than what rounding does to either.
const near = 1e-12

// ask finds the questions of leaves, once a histogram is built and subtracted from that of more, if
// there. All that is done to a group is one turn of a loop: on few rows the loops of a fit are
// short.
func (g *grower) ask(b *building, more *leaf, leaves ...*leaf) {
	bounds := slices.Repeat([]float64{math.Inf(-1)}, len(leaves)*g.stride*lanes)
	g.run(g.stride, func(_, of int) {
		if !g.used[of] {
			return
		}
		g.finish(b, of)
		if more != nil {
			more.groups[of].Subtract(&b.parts[0][of], g.binsOf(of))
		}
		for i, l := range leaves {
			g.bound(l, of, bounds[(i*g.stride+of)*lanes:])
		}
	})
	for _, part := range b.parts[1:] {
		g.give(part)
	}
	g.decide(leaves, bounds)
}

// bound bounds the gains of those columns of a group that are chosen: +Inf where the search is to
// tell.
func (g *grower) bound(l *leaf, of int, bounds []float64) {
	var found [lanes]float64
	known := l.limits == limits{math.Inf(-1), math.Inf(1)} && l.groups[of].Bounds(&found, g.binsOf(of), &histogram.Node{
		Sum: l.sum, Shift: int64(g.shift), MinUnits: g.minUnits, MinHessian: g.o.MinHessian / g.scale.h, L2: g.o.L2 / g.scale.h,
	})
	lo, hi := g.columnsOf(of)
	for i := lo; i < hi; i++ {
		switch {
		case !g.chosen[i]:
		case known && !g.category[i] && g.sign[i] == 0:
			bounds[i-lo] = found[i-lo]
		default:
			bounds[i-lo] = math.Inf(1)
		}
	}
}

// decide searches the columns that may have the best questions of leaves, as their bounds say.
func (g *grower) decide(leaves []*leaf, bounds []float64) {
	type task struct {
		*leaf
		of     int
		bounds []float64
		least  float64
		found  split
	}
	var tasks []task
	for i, l := range leaves {
		l.best = split{column: -1}
		bounds, most := bounds[i*g.stride*lanes:(i+1)*g.stride*lanes], 0.0
		for _, b := range bounds {
			if b < math.Inf(1) {
				most = max(most, b)
			}
		}
		for of := range g.stride {
			t := task{leaf: l, of: of, bounds: bounds[of*lanes : (of+1)*lanes], least: most * (1 - near)}
			if slices.Max(t.bounds) >= t.least {
				tasks = append(tasks, t)
			}
		}
	}
	g.run(len(tasks), func(_, i int) {
		t := &tasks[i]
		t.found = split{column: -1, gain: g.base(t.leaf)}
		t.found.gain += float64(1e-12 * math.Abs(t.found.gain))
		var cells [256]cell
		for lane, b := range t.bounds {
			if column := t.of*lanes + lane; b >= t.least {
				t.groups[t.of].Column(&cells, lane, g.counts[column])
				g.column(t.leaf, &cells, column, &t.found)
			}
		}
	})
	for i := range tasks {
		l, found := tasks[i].leaf, &tasks[i].found
		if found.column >= 0 && (l.best.column < 0 || found.gain > l.best.gain) {
			l.best = *found
		}
	}
	for _, l := range leaves {
		if l.best.column >= 0 {
			l.best.gain -= g.base(l) - g.o.MinGain
		}
	}
}
