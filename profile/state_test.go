package profile

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
)

// valuesOfKind make values of each kind, many of them equal.
var valuesOfKind = map[customer.Kind]func(*rand.Rand) customer.Value{
	customer.KindUnset: func(*rand.Rand) customer.Value { return customer.Value{} },
	customer.KindBool:  func(r *rand.Rand) customer.Value { return customer.BoolValue(r.IntN(2) == 0) },
	customer.KindInt64: func(r *rand.Rand) customer.Value {
		switch r.IntN(20) {
		case 0:
			return customer.Int64Value(int64(r.Uint64()))
		case 1:
			return customer.Int64Value([]int64{math.MaxInt64, math.MinInt64}[r.IntN(2)])
		}
		return customer.Int64Value(r.Int64N(2000) - 500)
	},
	customer.KindFloat64: func(r *rand.Rand) customer.Value { return customer.Float64Value(math.Round(r.NormFloat64()*50) / 8) },
	customer.KindDecimal: func(r *rand.Rand) customer.Value {
		if r.IntN(20) == 0 {
			return customer.DecimalValue(int64(r.Uint64()), r.IntN(19))
		}
		return customer.DecimalValue(r.Int64N(4000)-1000, r.IntN(4))
	},
	customer.KindTime: func(r *rand.Rand) customer.Value {
		return customer.TimeValue(time.Unix(r.Int64N(50), 1000*r.Int64N(3)))
	},
	customer.KindText: func(r *rand.Rand) customer.Value {
		return customer.TextValue([]string{"", "a", "b", "c", "ca", "d", "é", "帽子"}[r.IntN(8)])
	},
	customer.KindLabels: func(r *rand.Rand) customer.Value {
		return customer.LabelsValue([]string{"a", "b", "c", "d"}[r.IntN(3):][:r.IntN(2)]...)
	},
}

// aggregations are one of each aggregate and kind.
func aggregations() []*aggregation {
	var list []*aggregation
	for _, c := range []struct {
		of    Aggregate
		kinds []customer.Kind
	}{
		{Count, []customer.Kind{customer.KindUnset}},
		{Sum, []customer.Kind{customer.KindInt64, customer.KindDecimal}},
		{Average, []customer.Kind{customer.KindInt64, customer.KindDecimal, customer.KindBool}},
		{Share, []customer.Kind{customer.KindBool}},
		{First, []customer.Kind{customer.KindBool, customer.KindInt64, customer.KindDecimal, customer.KindText, customer.KindLabels}},
		{Last, []customer.Kind{customer.KindBool, customer.KindFloat64, customer.KindTime, customer.KindText, customer.KindLabels}},
		{Min, []customer.Kind{customer.KindInt64, customer.KindFloat64, customer.KindDecimal, customer.KindTime, customer.KindText}},
		{Max, []customer.Kind{customer.KindInt64, customer.KindFloat64, customer.KindDecimal, customer.KindTime, customer.KindText}},
		{Distinct, []customer.Kind{customer.KindBool, customer.KindInt64, customer.KindFloat64, customer.KindDecimal, customer.KindTime, customer.KindText, customer.KindLabels}},
		{Top, []customer.Kind{customer.KindText, customer.KindLabels}},
		{Quantile, []customer.Kind{customer.KindInt64, customer.KindFloat64, customer.KindDecimal}},
	} {
		for _, kind := range c.kinds {
			list = append(list, &aggregation{Computed: &Computed{Of: c.of}, kind: kind, loc: time.UTC})
		}
	}
	return list
}

func (a *aggregation) name() string {
	return fmt.Sprintf("%s of %s", a.Of, a.kind)
}

// randomly gives an aggregation a window, a retention, a zone and what else it takes.
func (a aggregation) randomly(t *testing.T, r *rand.Rand) *aggregation {
	c := *a.Computed
	a.Computed = &c
	switch r.IntN(4) {
	case 0:
		c.Window.Days = 1 + r.IntN(8)
	case 1:
		c.Window.Hours = 1 + r.IntN(100)
	}
	if r.IntN(3) == 0 {
		a.retention = 1 + r.IntN(8)
	}
	if a.Of == Top {
		c.Limit = r.IntN(4)
	}
	if a.Of == Quantile {
		c.Quantile = float64(r.IntN(101)) / 100
	}
	a.loc = tasteZone(t, tasteZones[r.IntN(len(tasteZones))])
	return &a
}

// slowIn tells from the definition whether an occurrence counts.
func (a *aggregation) slowIn(o *occurrence, at asOf) bool {
	age := int(at.day - o.day)
	return (a.Window.Days == 0 || 0 <= age && age < a.Window.Days) &&
		(a.retention == 0 || 0 <= age && age < a.retention) &&
		(a.Window.Hours == 0 || 0 <= at.micros-o.time && at.micros-o.time < int64(a.Window.Hours)*3600e6)
}

func ratOf(v customer.Value) *big.Rat {
	if b, ok := v.Bool(); ok {
		return new(big.Rat).SetInt64(map[bool]int64{true: 1}[b])
	}
	if n, ok := v.Int64(); ok {
		return new(big.Rat).SetInt64(n)
	}
	if f, ok := v.Float64(); ok {
		return new(big.Rat).SetFloat64(f)
	}
	n, scale, _ := v.Decimal()
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(n), ten)
}

// slow is the result from the definition. Of Quantile it is the exact one.
func (a *aggregation) slow(all []occurrence, at asOf) result {
	in := slices.DeleteFunc(slices.Clone(all), func(o occurrence) bool { return !a.slowIn(&o, at) })
	r := result{events: int64(len(in))}
	sum := new(big.Rat)
	different := map[customer.Value]bool{}
	often := map[string]int{}
	for _, o := range in {
		different[o.value] = true
		switch a.kind {
		case customer.KindBool, customer.KindInt64, customer.KindFloat64, customer.KindDecimal:
			sum.Add(sum, ratOf(o.value))
		case customer.KindText:
			if text, _ := o.value.Text(); text != "" {
				often[text]++
			}
		case customer.KindLabels:
			for label := range o.value.Labels() {
				often[label]++
			}
		}
	}
	byValue := func(x, y occurrence) int { return compareValues(x.value, y.value) }
	byTime := func(x, y occurrence) int {
		if x.time != y.time {
			return int(x.time - y.time)
		}
		if x.id != y.id {
			return map[bool]int{true: -1, false: 1}[x.id < y.id]
		}
		return byValue(x, y)
	}
	switch {
	case a.Of == Count:
		r.value = customer.Int64Value(r.events)
	case a.Of == Distinct:
		r.value = customer.Int64Value(int64(len(different)))
	case a.Of == Sum:
		r.value = slowSum(a.kind, sum)
	case r.events == 0:
	case a.Of == Average || a.Of == Share:
		f, _ := sum.Quo(sum, new(big.Rat).SetInt64(r.events)).Float64()
		r.value = customer.Float64Value(f)
	case a.Of == First:
		r.value = slices.MinFunc(in, byTime).value
	case a.Of == Last:
		r.value = slices.MaxFunc(in, byTime).value
	case a.Of == Min:
		r.value = slices.MinFunc(in, byValue).value
	case a.Of == Max:
		r.value = slices.MaxFunc(in, byValue).value
	case a.Of == Quantile:
		slices.SortFunc(in, byValue)
		f, _ := ratOf(in[slowRank(a.Quantile, len(in))-1].value).Float64()
		r.value = customer.Float64Value(f)
	case a.Of == Top:
		for text, n := range often {
			r.items = append(r.items, Item{customer.TextValue(text), float64(n)})
		}
		slices.SortFunc(r.items, func(x, y Item) int {
			if x.Weight != y.Weight {
				return int(y.Weight - x.Weight)
			}
			return compareValues(x.Value, y.Value)
		})
		r.items = r.items[:min(len(r.items), max(a.Limit, 1))]
		if len(r.items) == 0 {
			r.items = nil
			break
		}
		if r.value = r.items[0].Value; a.Limit > 1 {
			var labels []string
			for _, i := range r.items {
				text, _ := i.Value.Text()
				labels = append(labels, text)
			}
			r.value = customer.LabelsValue(labels...)
		}
	}
	return r
}

// slowSum tries every scale.
func slowSum(kind customer.Kind, sum *big.Rat) customer.Value {
	for scale := range 19 {
		n := new(big.Rat).Mul(sum, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		if n.IsInt() && n.Num().IsInt64() {
			if kind == customer.KindInt64 {
				return customer.Int64Value(n.Num().Int64())
			}
			return customer.DecimalValue(n.Num().Int64(), scale)
		}
		if kind == customer.KindInt64 {
			break
		}
	}
	return customer.Value{}
}

// slowRank is ceil(q*n) of q as people write it, and at least 1.
func slowRank(q float64, n int) int {
	p, _ := new(big.Rat).SetString(strconv.FormatFloat(q, 'g', -1, 64))
	p.Mul(p, new(big.Rat).SetInt64(int64(n)))
	whole, rest := new(big.Int).QuoRem(p.Num(), p.Denom(), new(big.Int))
	return max(int(whole.Int64())+rest.Sign(), 1)
}

func requireResult(t *testing.T, a *aggregation, want, got result) {
	t.Helper()
	if a.Of == Quantile && !want.value.IsUnset() {
		x, _ := want.value.Float64()
		y, ok := got.value.Float64()
		require.True(t, ok)
		require.LessOrEqual(t, math.Abs(y-x), math.Abs(x)/128*(1+1e-14))
		got.value = want.value
	}
	if want.value != got.value || want.events != got.events || !slices.Equal(want.items, got.items) {
		t.Fatalf("%s, window %+v, retention %d: want %#v, got %#v", a.name(), a.Window, a.retention, want, got)
	}
}

// someOccurrences lie within some days around a change of clocks, several of one id.
func someOccurrences(r *rand.Rand, a *aggregation, n int) []occurrence {
	around := aroundChanges[r.IntN(len(aroundChanges))]
	list := make([]occurrence, n)
	for i := range list {
		micros := someTime(r, a.loc, around, 1+r.IntN(12))
		if i > 0 && r.IntN(8) == 0 {
			micros = list[r.IntN(i)].time
		}
		list[i] = on(a.loc, micros)
		list[i].id = strconv.Itoa(r.IntN(n))
		list[i].value = valuesOfKind[a.kind](r)
	}
	return list
}

// TestStates holds every aggregate to its definition: however the occurrences come to the
// state, and at whatever time it is asked, it says what the list of them does.
func TestStates(t *testing.T) {
	race.Skip(t)
	for _, plain := range aggregations() {
		t.Run(plain.name(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, uint64(plain.Of)))
			for range 60 {
				a := plain.randomly(t, r)
				all := someOccurrences(r, a, r.IntN(40))
				s := inParts(t, r, a, all)
				whole := a.fresh()
				for i := range all {
					whole.add(&all[i])
				}
				require.Equal(t, stateBytes(whole), stateBytes(s))
				askAlong(t, r, a, all, s)
				s.reset()
				require.Equal(t, stateBytes(a.fresh()), stateBytes(s))
				for i := range all {
					s.add(&all[i])
				}
				require.Equal(t, stateBytes(whole), stateBytes(s), "used again")
			}
		})
	}
}

// inParts brings occurrences into states in random order, some of which are stored and read,
// and merges those.
func inParts(t *testing.T, r *rand.Rand, a *aggregation, all []occurrence) state {
	parts := make([]state, 1+r.IntN(5))
	for i := range parts {
		parts[i] = a.fresh()
	}
	for _, i := range r.Perm(len(all)) {
		o := all[i]
		parts[r.IntN(len(parts))].add(&o)
		o = occurrence{} // it is used again
	}
	for len(parts) > 1 {
		i, j := r.IntN(len(parts)), len(parts)-1
		if i == j {
			i, j = j, 0
		}
		if r.IntN(2) == 0 {
			parts[i] = readState(t, stateBytes(parts[i]), a.fresh())
		}
		before := stateBytes(parts[j])
		parts[i].merge(parts[j])
		// What was taken in is neither changed nor shared.
		require.Equal(t, before, stateBytes(parts[j]))
		for range 3 {
			if len(all) > 0 {
				parts[j].add(&all[r.IntN(len(all))])
			}
		}
		parts = slices.Delete(parts, j, j+1)
	}
	return parts[0]
}

// askAlong asks at the latest occurrence and at all times at which something may leave the
// window, and walks along next meanwhile.
func askAlong(t *testing.T, r *rand.Rand, a *aggregation, all []occurrence, s state) {
	var latest int64 = math.MinInt64
	for i := range all {
		latest = max(latest, all[i].time)
	}
	if len(all) == 0 {
		latest = r.Int64N(1e15)
	}
	times := []int64{latest}
	for i := range all {
		o := &all[i]
		for _, days := range []int{a.Window.Days, a.retention} {
			midnight := (o.day + 1).Start(a.loc).AddDate(0, 0, days-1).UnixMicro()
			times = append(times, midnight-1, midnight, midnight-3600e6, midnight+3600e6)
		}
		hours := o.time + int64(a.Window.Hours)*3600e6
		times = append(times, hours-1, hours)
	}
	for range 5 {
		times = append(times, latest+r.Int64N(20*24*3600e6))
	}
	times = slices.DeleteFunc(times, func(at int64) bool { return at < latest })
	slices.Sort(times)

	current := latest
	now, next := s.result(askedAt(a.loc, current)), s.next(askedAt(a.loc, current))
	for _, micros := range times {
		for micros >= next {
			require.Greater(t, next, current)
			requireResult(t, a, a.slow(all, askedAt(a.loc, next-1)), now)
			at := askedAt(a.loc, next)
			require.Less(t, s.result(at).events, now.events, "nothing changes")
			current, now, next = next, s.result(at), s.next(at)
		}
		at := askedAt(a.loc, micros)
		got := s.result(at)
		require.Equal(t, now, got)
		require.Equal(t, next, s.next(at))
		requireResult(t, a, a.slow(all, at), got)
	}
	if a.Window != (Window{}) || a.retention > 0 {
		require.Zero(t, s.result(askedAt(a.loc, latest+int64(3e15))).events)
	}
}

func TestStateOfPairAndTaste(t *testing.T) {
	for name, c := range map[string]struct {
		computed Computed
		want     state
	}{
		"pair":      {Computed{Of: Count, Pair: new(Pair)}, new(pair)},
		"lifecycle": {Computed{Of: Lifecycle}, new(lifecycle)},
		"affinity":  {Computed{Of: Affinity}, new(affinity)},
	} {
		t.Run(name, func(t *testing.T) {
			a := &aggregation{Computed: &c.computed, loc: time.UTC}
			require.IsType(t, c.want, a.fresh())
		})
	}
	require.Panics(t, func() { (&aggregation{Computed: new(Computed)}).fresh() })
}

// FuzzStates reads arbitrary bytes as a state of each aggregate.
func FuzzStates(f *testing.F) {
	r := rand.New(rand.NewPCG(12, 13))
	windows := []span{{}, {days: 3}, {micros: 5 * 3600e6}, {days: 2, micros: 40 * 3600e6}}
	list := aggregations()
	make := func(which uint8) *aggregation {
		a := *list[int(which)%len(list)]
		w := windows[int(which)/len(list)%len(windows)]
		a.retention = w.days
		a.Computed = &Computed{Of: a.Of, Limit: 2, Quantile: 0.5, Window: Window{Hours: int(w.micros / 3600e6)}}
		return &a
	}
	for which := range len(list) * len(windows) {
		a := make(uint8(which))
		s := a.fresh()
		for _, o := range someOccurrences(r, a, 5) {
			s.add(&o)
		}
		w := wire.New("test", 1)
		s.encode(w)
		f.Add(uint8(which), w.Data()[6:])
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		a := make(which)
		data = append(wire.New("test", 1).Data(), data...)
		r := wire.Read(data)
		s := a.fresh()
		s.decode(r)
		if r.Close() != nil {
			return
		}
		form := stateBytes(s)
		require.Equal(t, form, stateBytes(readState(t, form, a.fresh())))
		at := askedAt(a.loc, lastMicros)
		s.result(at)
		s.next(at)
		before := s.result(askedAt(a.loc, 0))
		again := a.fresh()
		again.merge(s)
		require.Equal(t, before, again.result(askedAt(a.loc, 0)))
		again.merge(s)
		again.result(at)
		o := on(a.loc, 1e15)
		o.value = valuesOfKind[a.kind](rand.New(rand.NewPCG(1, 1)))
		again.add(&o)
		require.Equal(t, form, stateBytes(s))
	})
}
