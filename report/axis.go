package report

import (
	"math"
	"strings"
)

// most is the largest number that is drawn, either sign; below it all of an axis is exact enough.
const most = 1e15

// tiny is the least range of an axis.
const tiny = 1e-100

// An axis maps numbers to places.
type axis struct {
	low, high float64 // of the numbers, those of the outer ticks
	from, to  float64 // of the places
	log       bool
	ticks     []float64
	labels    []string
}

// at is the place of v.
func (a *axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// newAxis returns an axis over low to high with about n ticks, 1, 2 or 5 times a power of ten apart, the outermost of
// which hold all numbers between them. No tick is written as another. Whole axes have whole ticks only.
func newAxis(low, high float64, n int, f Format, whole bool, lang Language) *axis {
	if !(high > low) { // all the same
		switch {
		case low > 0:
			low = 0
		case high < 0:
			high = 0
		default:
			high = 1
		}
	}
	if least := max(1e-9*max(math.Abs(low), math.Abs(high)), tiny); high-low < least {
		low, high = low-least, high+least
	}
	step := niceStep((high - low) / float64(max(n, 1)))
	if whole {
		step = max(step, 1)
	}
	// A number that is a tick but for rounding is that tick.
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	last = max(last, first+1)
	a := &axis{low: first * step, high: last * step}
	for i := first; i <= last; i++ {
		v := i * step
		if step < 1 { // a division by a power of ten rounds better than a product with its inverse
			if inverse := math.Round(1 / step); math.Abs(inverse*step-1) < 1e-9 {
				v = i / inverse
			}
		}
		a.ticks = append(a.ticks, v)
		a.labels = append(a.labels, f.short(v, step, max(math.Abs(a.low), math.Abs(a.high)), lang))
	}
	return a
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is at least v, which is above 0.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// newLogAxis returns a logarithmic axis from low to high, both above 0, with ticks at powers of ten, and at 2 and 5
// times these where there are few.
func newLogAxis(low, high float64, f Format, lang Language) *axis {
	if !(high > low) {
		low, high = low/2, low*2
	}
	a := &axis{low: low, high: high, log: true}
	decades := math.Log10(high) - math.Log10(low)
	multiples := []float64{1}
	if decades < 3 {
		multiples = []float64{1, 2, 5}
	}
	every := max(1, math.Ceil(decades/6))
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		if math.Mod(e, every) != 0 {
			continue
		}
		for _, m := range multiples {
			if v := m * math.Pow(10, e); a.holds(v) {
				a.ticks = append(a.ticks, v)
				a.labels = append(a.labels, f.short(v, v, v, lang))
			}
		}
	}
	if len(a.ticks) >= 2 {
		return a
	}
	a.ticks, a.labels = nil, nil
	linear := newAxis(low, high, 4, f, false, lang) // a part of a power of ten is nearly linear
	for i, v := range linear.ticks {
		if a.holds(v) {
			a.ticks, a.labels = append(a.ticks, v), append(a.labels, linear.labels[i])
		}
	}
	return a
}

// holds tells whether a tick is on the axis.
func (a *axis) holds(v float64) bool { return v >= a.low*(1-1e-9) && v <= a.high*(1+1e-9) }

// thin takes away labels, beginning with the second, until none overlaps the next along a line. Ticks stay.
func (a *axis) thin(size float64) {
	for every := 1; every < len(a.labels); every *= 2 {
		end, clear := math.Inf(-1), true
		for i := 0; i < len(a.labels); i += every {
			place, half := a.at(a.ticks[i]), width(a.labels[i])*size/2
			if place-half < end {
				clear = false
				break
			}
			end = place + half + size/2
		}
		if clear {
			for i := range a.labels {
				if i%every != 0 {
					a.labels[i] = ""
				}
			}
			return
		}
	}
	for i := 1; i < len(a.labels); i++ {
		a.labels[i] = ""
	}
}

// extent is the least and the largest of numbers, beside NaN; without any, 0 and 0.
func extent(slices ...[]float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range slices {
		for _, v := range s {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return 0, 0
	}
	return low, high
}

// sentence joins texts that are not empty, by a space but behind a full stop of double width.
func sentence(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p != "" && b.Len() > 0 && !strings.HasSuffix(b.String(), "。") {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}
