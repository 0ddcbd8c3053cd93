package report

import (
	"fmt"
	"math"
	"slices"
)

// A Histogram shows how many values are in each of a row of bins of equal width: on a logarithmic axis, of equal ratio.
// [Histogram.Fill] makes bins of values; counts from an engine are given as they are. A plain value: safe for concurrent
// reads.
type Histogram struct {
	Title Text    // above the chart
	Note  Text    // below the chart; empty: none
	X     Measure // of the values
	Of    Text    // what is counted: "customers"
	// Edges of the bins, ascending, one more than Counts, at most MaxBins+1. Bin i is from Edges[i], which is in it, to
	// Edges[i+1], which is not, but for the last.
	Edges []float64
	// Counts of the bins, 0 or more.
	Counts []float64
	// Log makes the axis logarithmic; Edges are above 0.
	Log bool
	// Outside is how many values are in none of the bins. The chart says so.
	Outside int
}

// Fill sets Edges, Counts and Outside for values, with about the given number of bins, 0: 20. Edges are round numbers; on
// a logarithmic axis, equal parts of a power of ten. NaN and infinite values are outside, and so are those of 0 and less
// on a logarithmic axis, and those beyond 1e14. Whole values get bins of whole width, and if they are few, one each; on a
// logarithmic axis, edges that are powers of two. Money, whose minor units are no counts, has parts of a power of ten there
// too, with a whole number in each bin. Cost: O(len(values)).
func (h *Histogram) Fill(values []float64, bins int) {
	if bins <= 0 {
		bins = 20
	}
	bins = min(bins, MaxBins/3)
	h.Edges, h.Counts, h.Outside = nil, nil, 0
	low, high, whole := math.Inf(1), math.Inf(-1), true
	fits := func(v float64) bool { return math.Abs(v) <= most/10 && (!h.Log || v > 1e-15) } // not NaN
	for _, v := range values {
		if !fits(v) {
			h.Outside++
			continue
		}
		low, high, whole = min(low, v), max(high, v), whole && v == math.Trunc(v)
	}
	if low > high {
		return
	}
	var bin func(v float64) int
	if h.Log && whole && h.X.Format != Money {
		octaves := max(1, math.Ceil(math.Log2(high/low)/float64(bins))) // of a bin
		first, last := math.Floor(math.Log2(low)/octaves), math.Floor(math.Log2(high)/octaves)+1
		for i := first; i <= last; i++ {
			h.Edges = append(h.Edges, math.Exp2(i*octaves))
		}
		bin = func(v float64) int { return int(math.Floor(math.Log2(v)/octaves) - first) }
	} else if h.Log {
		parts := math.Log10(high/low) / float64(bins) // of a power of ten
		step := 1.0
		for _, n := range []float64{1, 2, 3, 5, 10, 20} {
			edge := math.Pow(10, math.Floor(math.Log10(low)*n+1e-9)/n)
			if 1/n >= parts && (!whole || edge*(math.Pow(10, 1/n)-1) >= 1) { // no bin between whole numbers
				step = n
			}
		}
		first, last := math.Floor(math.Log10(low)*step+1e-9), math.Ceil(math.Log10(high)*step-1e-9)
		last = max(last, first+1)
		for i := first; i <= last; i++ {
			h.Edges = append(h.Edges, math.Pow(10, i/step))
		}
		bin = func(v float64) int { return int(math.Floor(math.Log10(v)*step+1e-9) - first) }
	} else {
		width := 1.0
		if high > low {
			width = niceStep((high - low) / float64(bins))
		}
		if whole {
			width = max(width, 1)
		}
		if least := max(1e-9*max(math.Abs(low), math.Abs(high)), tiny); width < least {
			width = niceStep(least)
		}
		first, last := math.Floor(low/width+1e-9), math.Ceil(high/width-1e-9)
		if whole && width == 1 {
			last = math.Floor(high) + 1 // the largest value has a bin of its own
		}
		last = max(last, first+1)
		for i := first; i <= last; i++ {
			h.Edges = append(h.Edges, i*width)
		}
		bin = func(v float64) int { return int(math.Floor(v/width+1e-9) - first) }
	}
	h.Counts = make([]float64, len(h.Edges)-1)
	for _, v := range values {
		if fits(v) {
			h.Counts[min(max(bin(v), 0), len(h.Counts)-1)]++
		}
	}
}

func (h Histogram) name() Text { return h.Title }

func (h Histogram) check() []string {
	var p problems
	if len(h.Edges) == 0 && len(h.Counts) == 0 {
		return nil
	}
	p.limit("Counts", len(h.Counts), MaxBins)
	p.format("X.Format", h.X.Format)
	p.length("Edges", len(h.Edges), len(h.Counts)+1)
	p.finite("Edges", h.Edges)
	p.finite("Counts", h.Counts)
	if len(p) > 0 {
		return p
	}
	if h.Outside < 0 {
		p.add("Outside is negative")
	}
	for i, c := range h.Counts {
		if !(c >= 0) {
			p.add("Counts[%d] is not 0 or more", i)
			return p
		}
	}
	for i, e := range h.Edges {
		switch {
		case math.IsNaN(e):
			p.add("Edges[%d] is NaN", i)
		case h.Log && !(e > 0):
			p.add("Edges[%d] is not above 0, on a logarithmic axis", i)
		case i > 0 && !(h.place(e) > h.place(h.Edges[i-1])):
			p.add("Edges[%d] is not above the edge before it", i)
		default:
			continue
		}
		return p
	}
	first := h.place(h.Edges[1]) - h.place(h.Edges[0])
	for i := range h.Counts {
		if w := h.place(h.Edges[i+1]) - h.place(h.Edges[i]); math.Abs(w-first) > 1e-6*first {
			p.add("the bin from Edges[%d] on is not as wide as the first: its height would mislead", i)
			return p
		}
	}
	return p
}

// place is where v is on the axis, but for scale.
func (h *Histogram) place(v float64) float64 {
	if h.Log {
		return math.Log(v)
	}
	return v
}

func (h Histogram) view(p *printer) view {
	d := p.drawing(h.Title)
	outside := ""
	if h.Outside > 0 {
		why := p.lang.pick("outside of its bins", "在各区间之外")
		if h.Log {
			why = p.lang.pick("0, less or outside of its bins", "不大于0或在各区间之外")
		}
		outside = p.lang.pick("Not in the chart, being ", "未画出（") + why + p.lang.pick(": ", "）：") + p.count(h.Outside, "value", "values", "个值") + p.lang.pick(".", "。")
	}
	finish := func(g *grid) view {
		v := p.chart(h.Title, h.Note, d, g)
		v.Note = sentence(v.Note, outside)
		return v
	}
	if len(h.Counts) == 0 {
		p.nothing(d)
		return finish(nil)
	}
	_, highest := extent(h.Counts)
	whole := !slices.ContainsFunc(h.Counts, func(c float64) bool { return c != math.Trunc(c) })
	low, high := h.Edges[0], h.Edges[len(h.Edges)-1]
	y := newAxis(0, highest, 4, Number, whole, p.lang)
	x := newAxis(low, high, 6, h.X.Format, false, p.lang)
	title, of := p.lang.of(h.X.Name), p.lang.of(h.Of)
	if h.Log {
		x = newLogAxis(low, high, h.X.Format, p.lang)
		title += p.lang.pick(" (log scale)", "（对数刻度）")
	}
	f := newFrame(d, 0, x, y, title, of)
	g := figures(false, p.lang.pick("from", "从"), p.lang.pick("to below", "至（不含）"), of)
	for i, c := range h.Counts {
		from, to := h.X.Format.number(h.Edges[i]), h.X.Format.number(h.Edges[i+1])
		count := Number.number(c)
		a, b := x.at(h.Edges[i]), x.at(h.Edges[i+1])
		gap := min(1, (b-a)/8)
		d.rect("pf", a+gap/2, y.at(0), b-a-gap, y.at(c)-y.at(0), fmt.Sprintf("%s – %s: %s", from, to, count))
		g.row(from, to, count)
	}
	total := 0.0
	for _, c := range h.Counts {
		total += c
	}
	d.Desc = p.lang.pick("Histogram of ", "直方图：") + title + p.lang.pick(", from ", "，从") + h.X.Format.number(low) + p.lang.pick(" to ", "到") +
		h.X.Format.number(high) + sentence(p.lang.pick("; in all "+sentence(Number.number(total), of)+".", "；"+of+"共"+Number.number(total)+"。"), outside)
	d.finish(f.height())
	v := finish(g)
	for _, c := range h.Counts {
		v.lengths = append(v.lengths, c/max(highest, 1e-300))
	}
	return v
}
