package profile

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func half1(ticket string, seconds int64, ends bool) *occurrence {
	o := on(time.UTC, seconds*1e6)
	o.by, o.ends = customer.TextValue(ticket), ends
	return &o
}

func TestPair(t *testing.T) {
	// Ticket a: 60 s, from the first opening to the first resolving after it. b: 90 s. c is
	// answered at once. d is not resolved, e was never opened.
	all := []*occurrence{
		half1("a", 100, false), half1("a", 130, false), half1("a", 160, true), half1("a", 999, true), half1("a", 50, true),
		half1("b", 110, false), half1("b", 200, true),
		half1("c", 120, true), half1("c", 120, false),
		half1("d", 120, false),
		half1("e", 120, true),
		{time: 1, by: customer.Value{}},
	}
	for _, c := range []struct {
		name string
		of   Computed
		want customer.Value
	}{
		{"count", Computed{Of: Count}, customer.Int64Value(3)},
		{"share", Computed{Of: Share}, customer.Float64Value(0.75)},
		{"average", Computed{Of: Average}, customer.Float64Value(50)},
		{"min", Computed{Of: Min}, customer.Float64Value(0)},
		{"max", Computed{Of: Max}, customer.Float64Value(90)},
		{"median", Computed{Of: Quantile, Quantile: 0.5}, customer.Float64Value(60)},
		{"third", Computed{Of: Quantile, Quantile: 0.33}, customer.Float64Value(0)},
		{"ninth tenth", Computed{Of: Quantile, Quantile: 0.9}, customer.Float64Value(90)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.of.Pair = &Pair{}
			a := &aggregation{Computed: &c.of, loc: time.UTC}
			s := freshPair(a)
			none := s.result(asOf{})
			if c.of.Of == Count {
				require.Equal(t, customer.Int64Value(0), none.value)
			} else {
				require.True(t, none.value.IsUnset())
			}
			for _, o := range all {
				s.add(o)
			}
			at := askedAt(time.UTC, 1000e6)
			require.Equal(t, result{value: c.want, events: 4}, s.result(at))
			require.Equal(t, never, s.next(at))
		})
	}
}

// A pair counts while its beginning lies in the window, whenever it ends, and what began
// before the window does not begin again in it.
func TestPairWindow(t *testing.T) {
	const day = 86400
	all := []*occurrence{
		half1("old", 1, false), half1("old", 8*day, false), half1("old", 8*day+9, true),
		half1("late", 2*day+5, false), half1("late", 9*day, true),
		half1("new", 8*day, false), half1("new", 8*day+60, true),
	}
	for name, c := range map[string]struct {
		window         Window
		longest, ends  int64 // seconds
		shortest, last int64
	}{
		"days":  {Window{Days: 8}, 7*day - 5, 10 * day, 60, 16 * day},
		"hours": {Window{Hours: 7 * 24}, 7*day - 5, 9*day + 5, 60, 15 * day},
	} {
		t.Run(name, func(t *testing.T) {
			a := &aggregation{Computed: &Computed{Of: Max, Pair: &Pair{}, Window: c.window}, loc: time.UTC}
			s := a.fresh()
			for _, o := range all {
				s.add(o)
			}
			at := askedAt(time.UTC, 9*day*1e6)
			require.Equal(t, result{value: customer.Float64Value(float64(c.longest)), events: 2}, s.result(at))
			require.Equal(t, c.ends*1e6, s.next(at))
			require.Equal(t, int64(2), s.result(askedAt(time.UTC, c.ends*1e6-1)).events)
			at = askedAt(time.UTC, c.ends*1e6)
			require.Equal(t, result{value: customer.Float64Value(float64(c.shortest)), events: 1}, s.result(at))
			require.Equal(t, c.last*1e6, s.next(at))
			at = askedAt(time.UTC, c.last*1e6)
			require.Equal(t, result{}, s.result(at))
			require.Equal(t, never, s.next(at))
		})
	}
}

// What can no longer matter is not kept.
func TestPairSmall(t *testing.T) {
	s := freshPair(&aggregation{Computed: &Computed{Of: Count, Pair: &Pair{}}, loc: time.UTC}).(*pair)
	for i := range int64(1000) {
		s.add(half1("a", 2000+i, i%2 == 1))
	}
	s.settle()
	require.Equal(t, []half{{"a", 2000e6, false}, {"a", 2001e6, true}}, s.halves)
}

// The mean of spans is rounded once, however long they are.
func TestPairSeconds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, most := range []int64{1e12, 1<<58 + 1} {
		for range 100 {
			spans, sum := make([]int64, 1+r.IntN(64)), new(big.Int)
			for i := range spans {
				spans[i] = r.Int64N(most)
				sum.Add(sum, big.NewInt(spans[i]))
			}
			want, _ := new(big.Rat).SetFrac(sum, big.NewInt(1e6*int64(len(spans)))).Float64()
			require.Equal(t, want, seconds(spans...))
		}
	}
}

func TestPairContract(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		loc := tasteZone(t, tasteZones[r.IntN(len(tasteZones))])
		of := []Aggregate{Count, Share, Average, Min, Max, Quantile}[r.IntN(6)]
		a := &aggregation{Computed: &Computed{Of: of, Quantile: 0.4, Pair: &Pair{}}, loc: loc}
		if r.IntN(2) == 0 {
			a.retention = 1 + r.IntN(40)
		}
		switch r.IntN(3) {
		case 0:
			a.Window.Days = 1 + r.IntN(12)
		case 1:
			a.Window.Hours = 1 + r.IntN(300)
		}
		around := aroundChanges[r.IntN(len(aroundChanges))]
		labels := r.IntN(2) == 0
		var all []occurrence
		for range r.IntN(40) {
			o := on(loc, someTime(r, loc, around, 1+r.IntN(20)))
			o.by, o.ends = customer.Int64Value(r.Int64N(6)), r.IntN(2) == 0
			if labels {
				o.by = [...]customer.Value{customer.LabelsValue("1:a"), customer.LabelsValue("a", "1"), customer.LabelsValue()}[r.IntN(3)]
			}
			all = append(all, o)
		}
		requireState(t, r, a, freshPair, all, func(at asOf, got result) {
			require.Equal(t, slowPair(a, all, at), got)
		})
	}
}

// slowPair goes by the words of Pair.
func slowPair(a *aggregation, all []occurrence, at asOf) result {
	counts := func(o occurrence) bool { return a.retention == 0 || int(at.day-o.day) < a.retention }
	byTime := slices.SortedFunc(slices.Values(all), func(x, y occurrence) int { return int(x.time - y.time) })
	inWindow := func(o occurrence) bool {
		return (a.Window.Days == 0 || int(at.day-o.day) < a.Window.Days) &&
			(a.Window.Hours == 0 || at.micros-o.time < int64(a.Window.Hours)*3600e6)
	}
	names, begun, spans, total := map[customer.Value]bool{}, int64(0), []float64{}, int64(0)
	for _, begin := range byTime {
		if begin.ends || names[begin.by] || !counts(begin) {
			continue
		}
		names[begin.by] = true
		if !inWindow(begin) {
			continue
		}
		begun++
		for _, end := range byTime {
			if end.ends && end.by == begin.by && end.time >= begin.time {
				spans = append(spans, float64(end.time-begin.time)/1e6)
				total += end.time - begin.time
				break
			}
		}
	}
	r := result{events: begun}
	slices.Sort(spans)
	n := len(spans)
	switch {
	case a.Of == Count:
		r.value = customer.Int64Value(int64(n))
	case begun == 0 || a.Of != Share && n == 0:
	case a.Of == Share:
		r.value = customer.Float64Value(float64(n) / float64(begun))
	case a.Of == Average:
		r.value = customer.Float64Value(float64(total) / float64(1e6*n))
	case a.Of == Min:
		r.value = customer.Float64Value(spans[0])
	case a.Of == Max:
		r.value = customer.Float64Value(spans[n-1])
	default:
		for i, s := range spans {
			if float64(i+1)/float64(n) >= a.Quantile {
				r.value = customer.Float64Value(s)
				break
			}
		}
	}
	return r
}

func FuzzPair(f *testing.F) {
	kinds := []*aggregation{
		{Computed: &Computed{Of: Average, Pair: &Pair{}}, loc: time.UTC},
		{Computed: &Computed{Of: Quantile, Quantile: 0.5, Pair: &Pair{}}, loc: time.UTC, retention: 30},
	}
	s := freshPair(kinds[1])
	for _, o := range []*occurrence{half1("a", 1, false), half1("a", 5, true), half1("b", 3, true), half1("b", 3, false), half1("b", int64(civil.Day(9))*86400, true)} {
		s.add(o)
	}
	fuzzState(f, kinds, freshPair, freshPair(kinds[0]), s)
}
