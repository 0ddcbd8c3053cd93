package cluster

import (
	"iter"
	"math"
	"slices"
	"sort"
	"strconv"
)

// How far leaving out conditions, and then rounding, may lower a rule's harmonic mean.
const (
	shortenTolerance = 0.01
	roundTolerance   = 0.005
)

// sharpen moves the bounds of tests, one after the other, to where the score is highest,
// until that is so for all of them, at most five times. It returns the score.
func (s *ruleSearch) sharpen(tests []ruleTest, score float64) float64 {
	for range 5 {
		before := score
		for i := range tests {
			t := &tests[i]
			if !math.IsInf(t.high, 1) {
				score = s.sweep(tests, t, &t.high, &t.topAt, true, score)
			}
			if !math.IsInf(t.low, -1) {
				score = s.sweep(tests, t, &t.low, &t.lowAt, false, score)
			}
		}
		if score == before {
			break
		}
	}
	return score
}

// sweep moves one bound of a test to where the score is highest, if that is higher than
// it is, and returns the score. The bound is between two values of rows that all else
// holds of.
func (s *ruleSearch) sweep(tests []ruleTest, t *ruleTest, bound, at *float64, upper bool, score float64) float64 {
	was := *bound
	*bound = math.Inf(-1)
	if upper {
		*bound = math.Inf(1)
	}
	column := &s.sample.Columns[t.column]
	var all, own, missing ruleTally // rows that all else holds of, the group, missing values of the first
	for i, member := range s.member {
		w := s.weightAt(i)
		if member == 1 {
			own.add(w, 1)
		}
		if s.hold(tests, i) {
			all.add(w, member)
			if column.Missing(i) {
				missing.add(w, member)
			}
		}
	}
	found, last := false, 0.0
	below := missing // with the rows up to last
	for _, i := range s.order[t.column] {
		if !s.hold(tests, int(i)) {
			continue
		}
		if x := column.Num[i]; found && x != last {
			held := below
			if !upper {
				held = ruleTally{all.held - below.held + missing.held, all.both - below.both + missing.both}
			}
			if higher := 2 * held.both / (held.held + own.held); higher > score*(1+1e-12) {
				score, *at = higher, last/2+x/2
				was = s.above(t.column, *at)
			}
		}
		found, last = true, column.Num[i]
		below.add(s.weightAt(int(i)), s.member[i])
	}
	*bound = was
	return score
}

// ruleTally is the weight of rows, and of those of them that are in the group.
type ruleTally struct{ held, both float64 }

func (t *ruleTally) add(w float64, member int32) {
	t.held += w
	t.both += w * float64(member)
}

// shorten leaves out, one by one, what costs least, a bound or a whole test, as long as
// the score is at least enough.
func (s *ruleSearch) shorten(tests []ruleTest, enough float64) []ruleTest {
	for {
		var best []ruleTest
		top := enough
		consider := func(fewer []ruleTest) {
			if len(fewer) == 0 {
				return
			}
			if score := s.score(fewer); score >= top && (best == nil || score > top) {
				best, top = fewer, score
			}
		}
		for i := range tests {
			consider(slices.Delete(slices.Clone(tests), i, i+1))
			if t := &tests[i]; t.levels == nil && !t.onlyMissing && !math.IsInf(t.low, -1) && !math.IsInf(t.high, 1) {
				wider := slices.Clone(tests)
				wider[i].low = math.Inf(-1)
				consider(wider)
				wider = slices.Clone(tests)
				wider[i].high = math.Inf(1)
				consider(wider)
			}
		}
		if best == nil {
			return tests
		}
		tests = best
	}
}

// round rounds the bounds of tests to round numbers, as far as the score is at least
// enough, and otherwise to the shortest that parts the same rows of the sample.
func (s *ruleSearch) round(tests []ruleTest, base []ColumnProfile, enough float64) {
	for i := range tests {
		t := &tests[i]
		if t.levels != nil || t.onlyMissing {
			continue
		}
		p, unit := &base[s.index[t.column]], 0.0
		if s.whole[t.column] {
			unit = 1
		}
		for _, b := range []struct {
			bound *float64
			at    float64
		}{{&t.low, t.lowAt}, {&t.high, t.topAt}} {
			if math.IsInf(*b.bound, 0) {
				continue
			}
			exact, gap := s.shortest(t.column, b.at, *b.bound)
			*b.bound = exact
			for step := range roundSteps(p.Most - p.Least) {
				rounded := step.nearest(b.at)
				if !(p.Least < rounded && rounded <= p.Most) || math.Abs(rounded-b.at) > max(gap/4, math.Abs(b.at)/10, unit/2) ||
					rounded != math.Round(rounded) && unit > 0 {
					continue // it would ask nothing, or something else
				}
				if *b.bound = rounded; s.score(tests) >= enough {
					break
				}
				*b.bound = exact
			}
		}
	}
}

// shortest returns the number of fewest digits that is above all values up to the
// threshold at and not above next, the first value beyond it, a whole number in a column of
// such; and how far it is from the last value before to the first beyond.
func (s *ruleSearch) shortest(column int, at, next float64) (x, gap float64) {
	values := s.values[column]
	i := sort.Search(len(values), func(i int) bool { return values[i] > at })
	if i == 0 {
		return next, 0
	}
	for digits := 1; digits < 17; digits++ {
		x, _ := strconv.ParseFloat(strconv.FormatFloat(at, 'g', digits, 64), 64)
		if x > values[i-1] && x <= next && (x == math.Round(x) || !s.whole[column]) {
			return x, next - values[i-1]
		}
	}
	return next, next - values[i-1]
}

// roundStep is digit·10^power.
type roundStep struct {
	digit float64 // 1, 2 or 5
	power int
}

// roundSteps yields 5, 2 and 1 times each of the eight largest powers of ten up to a number.
func roundSteps(upTo float64) iter.Seq[roundStep] {
	return func(yield func(roundStep) bool) {
		if !(upTo > 0) || math.IsInf(upTo, 1) {
			return
		}
		power := int(math.Floor(math.Log10(upTo)))
		for p := power; p > power-8; p-- {
			for _, digit := range []float64{5, 2, 1} {
				if !yield(roundStep{digit, p}) {
					return
				}
			}
		}
	}
}

// nearest is the multiple of the step nearest to x.
func (s roundStep) nearest(x float64) float64 {
	if s.power >= 0 {
		size := s.digit * math.Pow10(s.power)
		return math.Round(x/size) * size
	}
	return math.Round(x*math.Pow10(-s.power)/s.digit) * s.digit / math.Pow10(-s.power)
}
