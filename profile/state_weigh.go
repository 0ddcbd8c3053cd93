package profile

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// A weighing is an affinity as of a day: what its values weigh as of the day of the last
// event, whatever day that was. So weights change only by what is added and by retention;
// when time passes it is the prior that gains by them.
type weighing struct {
	at     civil.Day
	taste  Taste   // without defaults
	half   halving // of taste.HalfLife
	limit  int
	values []weighed
	total  float64   // weight of all events
	latest civil.Day // of an event
	oldest civil.Day // that counts
	events int64
}

type weighed struct {
	value         string
	weight, prior float64
	ranked        float64 // by what it was last ranked
}

// weigh sums in the order of values and days, so that the sums have the same bits however
// the events came.
func (s *affinity) weigh(at civil.Day) *weighing {
	w := &s.weighing
	if s.settle(); s.weighed && w.at == at {
		return w
	}
	s.weighed = true
	*w = weighing{at: at, taste: Taste{HalfLife: 180, Strength: 2, Least: 0.1}, limit: max(s.a.Limit, 1), values: w.values[:0]}
	if t := s.a.Taste; t != nil {
		w.taste.Prior = t.Prior
		w.taste.HalfLife = cmp.Or(t.HalfLife, w.taste.HalfLife)
		w.taste.Strength = max(cmp.Or(t.Strength, w.taste.Strength), 0)
		w.taste.Least = cmp.Or(t.Least, w.taste.Least)
	}
	if w.taste.Strength == 0 {
		w.taste.Prior = nil
	}
	w.half = halvingOf(w.taste.HalfLife)
	if len(s.all) == 0 {
		return w
	}
	w.latest = s.latest()
	weight := func(d onDay) float64 {
		return float64(float64(d.events) * w.half.doubled(int(d.day)-int(w.latest)))
	}
	for _, d := range s.all {
		if !s.a.counts(d.day, at) {
			continue
		}
		if w.events == 0 {
			w.oldest = d.day
		}
		w.events += d.events
		w.total += weight(d)
	}
	for i := range s.likings {
		l := &s.likings[i]
		if !s.a.counts(l.days[len(l.days)-1].day, at) {
			continue
		}
		v := weighed{value: l.value, prior: w.taste.Prior[l.value]}
		for _, d := range l.days {
			if s.a.counts(d.day, at) {
				v.weight += weight(d)
			}
		}
		w.values = append(w.values, v)
	}
	return w
}

// strength is that of the prior on a day, beside weights as of the latest.
func (w *weighing) strength(at civil.Day) float64 {
	if w.taste.Strength == 0 {
		return 0
	}
	return float64(w.taste.Strength * w.half.doubled(int(at)-int(w.latest)))
}

// rank is the numerator of the score of a value.
func (w *weighing) rank(v weighed, strength float64) float64 {
	switch {
	case math.IsInf(strength, 1): // nothing weighs beside the prior
		return v.prior
	case v.prior > 0:
		return v.weight + float64(strength*v.prior)
	}
	return v.weight
}

// score returns the score of a rank. Without prior it never rises as the strength does,
// since neither of its roundings does.
func (w *weighing) score(rank, strength float64) float64 {
	if math.IsInf(strength, 1) {
		return rank
	}
	return rank / (w.total + strength)
}

// best returns the values that are liked best on a day, the best first. They share memory
// with w. They are ordered by rank, not score, which may round to the same.
func (w *weighing) best(at civil.Day) []weighed {
	strength := w.strength(at)
	for i := range w.values {
		w.values[i].ranked = w.rank(w.values[i], strength)
	}
	slices.SortFunc(w.values, func(x, y weighed) int {
		if x.ranked != y.ranked {
			return cmp.Compare(y.ranked, x.ranked)
		}
		return strings.Compare(x.value, y.value)
	})
	n := sort.Search(len(w.values), func(i int) bool {
		return w.score(w.values[i].ranked, strength) < w.taste.Least
	})
	return w.values[:min(n, w.limit)]
}

// value makes one of the best.
func (w *weighing) value(best []weighed) customer.Value {
	switch {
	case len(best) == 0:
		return customer.Value{}
	case w.limit == 1:
		return customer.TextValue(best[0].value)
	}
	labels := make([]string, len(best))
	for i, b := range best {
		labels[i] = b.value
	}
	return customer.LabelsValue(labels...)
}

func (s *affinity) result(at asOf) result {
	w := s.weigh(at.day)
	best, strength := w.best(at.day), w.strength(at.day)
	r := result{value: w.value(best), events: w.events}
	if len(best) > 0 {
		r.items = make([]Item, 0, len(best))
	}
	for _, b := range best {
		r.items = append(r.items, Item{customer.TextValue(b.value), w.score(b.ranked, strength)})
	}
	return r
}

func (s *affinity) next(at asOf) int64 {
	w := s.weigh(at.day)
	if w.events == 0 {
		return never
	}
	day := lastDay + 1
	best := w.best(at.day)
	switch {
	case len(w.taste.Prior) > 0:
		// Values overtake each other.
		value := w.value(best)
		for day = at.day + 1; day < at.day+lookAhead && w.value(w.best(day)) == value; day++ {
		}
	case len(best) > 0 && w.taste.Strength > 0:
		// The order stays, and scores fall: the last of the best goes first.
		last := best[len(best)-1]
		day = at.day + 1 + civil.Day(sort.Search(int(lastDay-at.day), func(i int) bool {
			strength := w.strength(at.day + 1 + civil.Day(i))
			return w.score(w.rank(last, strength), strength) < w.taste.Least
		}))
	}
	if s.a.retention > 0 {
		day = min(day, w.oldest+civil.Day(s.a.retention))
	}
	return midnight(day, s.a.loc)
}

// A halving has the powers 2^(i/n) for the n days of a half-life, for i beyond n/2 those of
// i-n.
type halving []float64

// halvings are those that were asked for, by the number of days.
var halvings sync.Map

func halvingOf(days int) halving {
	if h, ok := halvings.Load(days); ok {
		return h.(halving)
	}
	h := make(halving, days)
	for i := range h {
		rest := i
		if 2*i > days {
			rest -= days
		}
		// exp(x) with |x| <= ln(2)/2 by its series: what is left out is below 2^-57.
		x, y := float64(rest)/float64(days)*math.Ln2, 0.0
		for j := len(inverseFactorials) - 1; j >= 0; j-- {
			y = inverseFactorials[j] + float64(x*y)
		}
		h[i] = y
	}
	halvings.Store(days, h)
	return h
}

// doubled returns 2^(days/n). It uses no operation that is not the same to the bit on every
// platform: math.Exp2 is not, nor is a product that is added without being rounded.
func (h halving) doubled(days int) float64 {
	whole, rest := days/len(h), days%len(h)
	if rest < 0 {
		whole, rest = whole-1, rest+len(h)
	}
	if 2*rest > len(h) {
		whole++
	}
	const normal = 1000 // such results are no subnormal numbers, nor infinite
	if -normal < whole && whole < normal {
		return math.Float64frombits(math.Float64bits(h[rest]) + uint64(whole)<<52)
	}
	return math.Ldexp(h[rest], whole)
}

var inverseFactorials = [...]float64{
	1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
	1. / 39916800, 1. / 479001600, 1. / 6227020800,
}
