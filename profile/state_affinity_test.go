package profile

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func likes(s state, day civil.Day, v customer.Value, n int) {
	for range n {
		s.add(&occurrence{time: day.Start(time.UTC).UnixMicro(), day: day, value: v})
	}
}

func TestAffinity(t *testing.T) {
	tea, coffee := customer.TextValue("tea"), customer.TextValue("coffee")
	at := func(d civil.Day) asOf { return asOf{d.Start(time.UTC).UnixMicro(), d} }
	none := freshAffinity(&aggregation{Computed: &Computed{Of: Affinity}, loc: time.UTC})
	require.Equal(t, result{}, none.result(at(0)))
	require.Equal(t, never, none.next(at(0)))

	// By the formula: coffee weighs 2 * 1/2, tea 1, the prior 2.
	a := &aggregation{Computed: &Computed{Of: Affinity, Limit: 2, Taste: &Taste{HalfLife: 10}}, loc: time.UTC}
	s := freshAffinity(a)
	likes(s, 0, coffee, 2)
	likes(s, 10, tea, 1)
	require.Equal(t, result{
		value:  customer.LabelsValue("coffee", "tea"),
		items:  []Item{{coffee, 0.25}, {tea, 0.25}},
		events: 3,
	}, s.result(at(10)))
	// Each falls below 0.1 when 1 / (2 + 2 * 2^(days/10)) does: at 2^(days/10) > 4.
	require.Equal(t, at(31).micros, s.next(at(10)))
	require.Equal(t, 0.1, s.result(at(30)).items[0].Weight)
	require.True(t, s.result(at(31)).value.IsUnset())
	require.Equal(t, never, s.next(at(31)))

	// With a prior of more coffee drinkers, coffee is ahead: (1 + 2*0.6) / 4 and (1 + 2*0.2) / 4.
	a = &aggregation{Computed: &Computed{Of: Affinity, Taste: &Taste{HalfLife: 10, Prior: map[string]float64{"coffee": 0.6, "tea": 0.2, "milk": 0.2}}}, loc: time.UTC}
	s = freshAffinity(a)
	likes(s, 0, coffee, 2)
	likes(s, 10, tea, 1)
	require.Equal(t, []Item{{coffee, 0.55}}, s.result(at(10)).items)
	require.Equal(t, coffee, s.result(at(1e6)).value, "what is long ago leaves the prior")
	require.Equal(t, []Item{{coffee, 0.6}}, s.result(at(1e6)).items)

	// Without any the shares are those of the events, and time changes nothing.
	a = &aggregation{Computed: &Computed{Of: Affinity, Limit: 9, Taste: &Taste{Strength: -1}}, loc: time.UTC}
	s = freshAffinity(a)
	likes(s, 0, customer.LabelsValue("a", "b"), 3)
	likes(s, 0, customer.LabelsValue("a"), 1)
	likes(s, 0, customer.LabelsValue(), 1)
	likes(s, 0, customer.Value{}, 7)
	require.Equal(t, result{
		value:  customer.LabelsValue("a", "b"),
		items:  []Item{{customer.TextValue("a"), 0.8}, {customer.TextValue("b"), 0.6}},
		events: 5,
	}, s.result(at(3)))
	require.Equal(t, never, s.next(at(3)))
}

// A value overtakes another by its share of all customers, on a day that next knows.
func TestAffinityOvertakes(t *testing.T) {
	a := &aggregation{Computed: &Computed{Of: Affinity, Taste: &Taste{HalfLife: 20, Prior: map[string]float64{"tea": 0.5, "coffee": 0.1}}}, loc: time.UTC}
	s := freshAffinity(a)
	likes(s, 0, customer.TextValue("coffee"), 3)
	likes(s, 0, customer.TextValue("tea"), 1)
	value := func(d civil.Day) customer.Value { return s.result(asOf{day: d}).value }
	// 3 + 0.2*g = 1 + g at g = 2.5, after 26.4 days.
	require.Equal(t, customer.TextValue("coffee"), value(26))
	require.Equal(t, customer.TextValue("tea"), value(27))
	require.Equal(t, civil.Day(27).Start(time.UTC).UnixMicro(), s.next(asOf{day: 0}))
	require.Equal(t, civil.Day(27+lookAhead).Start(time.UTC).UnixMicro(), s.next(asOf{day: 27}))
}

func TestAffinityContract(t *testing.T) {
	kinds := []func(r *rand.Rand) customer.Value{
		func(r *rand.Rand) customer.Value { return customer.TextValue(strconv.Itoa(r.IntN(6))) },
		func(r *rand.Rand) customer.Value { return customer.Int64Value(int64(r.IntN(4))) },
		func(r *rand.Rand) customer.Value { return customer.BoolValue(r.IntN(2) == 0) },
		func(r *rand.Rand) customer.Value {
			var labels []string
			for range r.IntN(4) {
				labels = append(labels, strconv.Itoa(r.IntN(6)))
			}
			return customer.LabelsValue(labels...)
		},
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		loc := tasteZone(t, tasteZones[r.IntN(len(tasteZones))])
		taste := Taste{
			HalfLife: []int{0, 1, 7, 30}[r.IntN(4)],
			Strength: []float64{0, -1, 0.5, 10, 1e-300}[r.IntN(5)],
			Least:    []float64{0, 0.01, 0.3, 0.5}[r.IntN(4)],
		}
		if r.IntN(2) == 0 {
			taste.Prior = map[string]float64{"1": 0.3, "2": 0.1, "true": 0.5, "false": 0.2, "4": 0.3}
		}
		a := &aggregation{Computed: &Computed{Of: Affinity, Limit: r.IntN(4), Taste: &taste}, loc: loc}
		if r.IntN(3) == 0 {
			a.retention = 1 + r.IntN(50)
		}
		around := aroundChanges[r.IntN(len(aroundChanges))]
		kind := kinds[r.IntN(len(kinds))]
		var all []occurrence
		for range r.IntN(40) {
			o := on(loc, someTime(r, loc, around, 1+r.IntN(30)))
			o.value = kind(r)
			all = append(all, o)
		}
		requireState(t, r, a, freshAffinity, all, func(at asOf, got result) { checkAffinity(t, a, all, at, got) })
	}
}

// checkAffinity holds a result to the formula, as it stands, in 200 bits.
func checkAffinity(t *testing.T, a *aggregation, all []occurrence, at asOf, got result) {
	t.Helper()
	number := func(f float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(f) }
	halfLife, strength, least := 180, 2.0, 0.1
	if a.Taste.HalfLife != 0 {
		halfLife = a.Taste.HalfLife
	}
	if a.Taste.Strength != 0 {
		strength = max(a.Taste.Strength, 0)
	}
	if a.Taste.Least != 0 {
		least = a.Taste.Least
	}
	weights, total, events := map[string]*big.Float{}, number(0), int64(0)
	for _, o := range all {
		if a.retention > 0 && int(at.day-o.day) >= a.retention {
			continue
		}
		events++
		age := int(at.day - o.day)
		w := number(math.Exp2(-float64(age%halfLife) / float64(halfLife)))
		w.SetMantExp(w, -(age / halfLife))
		total.Add(total, w)
		values := slices.Collect(o.value.Labels())
		if o.value.Kind() != customer.KindLabels {
			values = []string{likeText(o.value)}
		}
		for _, v := range values {
			if weights[v] == nil {
				weights[v] = number(0)
			}
			weights[v].Add(weights[v], w)
		}
	}
	require.Equal(t, events, got.events)
	total.Add(total, number(strength))
	scores := map[string]float64{}
	for v, w := range weights {
		w.Add(w, new(big.Float).Mul(number(strength), number(a.Taste.Prior[v])))
		if total.Sign() > 0 {
			scores[v], _ = w.Quo(w, total).Float64()
		}
	}
	const slack = 1e-13
	var names []string
	for i, item := range got.items {
		name, _ := item.Value.Text()
		names = append(names, name)
		require.InDelta(t, scores[name], item.Weight, slack)
		require.GreaterOrEqual(t, item.Weight, least)
		require.LessOrEqual(t, item.Weight, 1.0)
		require.True(t, i == 0 || item.Weight <= got.items[i-1].Weight)
		delete(scores, name)
	}
	for _, score := range scores {
		if len(names) < max(a.Limit, 1) {
			require.Less(t, score, least+slack)
		} else {
			require.LessOrEqual(t, score, got.items[len(names)-1].Weight+slack)
		}
	}
	switch {
	case len(names) == 0:
		require.True(t, got.value.IsUnset())
	case a.Limit <= 1:
		require.Equal(t, customer.TextValue(names[0]), got.value)
	default:
		require.Equal(t, customer.LabelsValue(names...), got.value)
	}
}

func TestDoubled(t *testing.T) {
	for _, per := range []int{1, 2, 3, 7, 30, 180, 36525} {
		before := 0.0
		for days := -700; days <= 700; days++ {
			got := halvingOf(per).doubled(days)
			require.InEpsilon(t, math.Exp2(float64(days)/float64(per)), got, 1e-14)
			require.Greater(t, got, before, "it grows every day")
			before = got
		}
	}
	require.Zero(t, halvingOf(1).doubled(-2000))
	require.Equal(t, math.Inf(1), halvingOf(1).doubled(2000))
	require.Equal(t, 0.125, halvingOf(30).doubled(-90))
}

func TestLikeText(t *testing.T) {
	for _, c := range []struct {
		value customer.Value
		want  string
	}{
		{customer.TextValue("tea"), "tea"},
		{customer.BoolValue(true), "true"},
		{customer.Int64Value(-12), "-12"},
		{customer.Float64Value(0.5), "0.5"},
		{customer.DecimalValue(1250, 2), "12.5"},
		{customer.DecimalValue(-5, 3), "-0.005"},
		{customer.DecimalValue(math.MinInt64, 18), "-9.223372036854775808"},
		{customer.DecimalValue(12, 0), "12"},
		{customer.TimeValue(time.Unix(0, 5)), "1970-01-01T00:00:00.000000005Z"},
	} {
		require.Equal(t, c.want, likeText(c.value))
	}
}

func FuzzAffinity(f *testing.F) {
	kinds := []*aggregation{
		{Computed: &Computed{Of: Affinity, Limit: 3}, loc: time.UTC},
		{Computed: &Computed{Of: Affinity, Taste: &Taste{Prior: map[string]float64{"a": 0.5}}}, loc: time.UTC, retention: 30},
	}
	s := freshAffinity(kinds[1])
	likes(s, 3, customer.LabelsValue("a", "b"), 2)
	likes(s, 20, customer.LabelsValue("b"), 1)
	likes(s, 20, customer.LabelsValue(), 1)
	fuzzState(f, kinds, freshAffinity, freshAffinity(kinds[0]), s)
}
