package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// Names that the rules of randomRule look up.
var (
	randomSets     = []string{"newsletter", "活动名单"}
	randomSegments = []string{"champions", "高价值 客户"}
)

// randomTags declares tags of every kind, with names in several scripts and names that need backquotes.
func randomTags() []Tag {
	return []Tag{
		{Name: "vip", Kind: Flag},
		{Name: "已流失", Kind: Flag},
		{Name: "not", Kind: Flag},
		{Name: "city", Kind: Enum},
		{Name: "地区", Kind: Enum, Hierarchy: true},
		{Name: "home city", Kind: Enum},
		{Name: "interests", Kind: Labels},
		{Name: "兴趣", Kind: Labels},
		{Name: "orders_90d", Kind: Integer},
		{Name: "90d", Kind: Integer},
		{Name: "积分", Kind: Integer},
		{Name: "spend", Kind: Decimal, Scale: 2},
		{Name: "discount", Kind: Decimal, Scale: 4},
		{Name: "score", Kind: Float},
		{Name: "p.churn", Kind: Float},
		{Name: "last_order", Kind: Time},
		{Name: "UTC日期", Kind: Time, Unit: 24 * time.Hour}, // days of UTC, which birthdays are not
		{Name: "seen", Kind: Time, Unit: time.Millisecond},
	}
}

// randomValue returns a value that a customer may have for the tag, often one of a few, now and then one at the edge of
// what the kind can hold.
func randomValue(rng *rand.Rand, tag Tag) customer.Value {
	edge := rng.IntN(16) == 0
	switch tag.Kind {
	case Flag:
		return customer.BoolValue(rng.IntN(2) == 0)
	case Enum:
		return customer.TextValue(randomText(rng, tag))
	case Labels:
		labels := make([]string, rng.IntN(4))
		for i := range labels {
			labels[i] = randomText(rng, tag)
		}
		return customer.LabelsValue(labels...)
	case Integer:
		if edge {
			return customer.Int64Value(pick[int64](rng, math.MinInt64, math.MinInt64+1, math.MaxInt64, 1<<53+1))
		}
		return customer.Int64Value(rng.Int64N(21) - 5)
	case Decimal:
		if edge {
			return customer.DecimalValue(pick[int64](rng, math.MinInt64, math.MaxInt64, -1, 1), tag.Scale)
		}
		return customer.DecimalValue((rng.Int64N(41)-10)*25, tag.Scale)
	case Float:
		if edge {
			return customer.Float64Value(pick(rng, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1+0.2, 1<<53))
		}
		return customer.Float64Value(float64(rng.IntN(41)-10) / 8)
	}
	if edge && (tag.Unit == 0 || tag.Unit >= time.Millisecond) {
		return customer.TimeValue(time.Date(pick(rng, 1, 1582, 9999), 12, 31, 23, 59, 59, 0, time.UTC))
	}
	return customer.TimeValue(randomTime(rng))
}

// randomMoment is a day about which randomTime lies.
var randomMoment = time.Date(2024, 3, 1, 9, 30, 0, 0, time.UTC)

func randomTime(rng *rand.Rand) time.Time {
	t := randomMoment.AddDate(0, 0, rng.IntN(41)-30)
	switch rng.IntN(4) {
	case 0:
		t = t.AddDate(-rng.IntN(30), 0, 0)
	case 1:
		return t.Truncate(24 * time.Hour)
	}
	return t.Add(time.Duration(rng.Int64N(int64(24 * time.Hour)))).Truncate(pick(rng, time.Nanosecond, time.Second, time.Hour))
}

func randomText(rng *rand.Rand, tag Tag) string {
	if tag.Hierarchy {
		return pick(rng, "广东", "广东/广州", "广东/广州/天河", "广东/深圳", "广西", "广", "Bayern/München")
	}
	return pick(rng, "广州", "深圳", "München", "a", "A", "say \"hi\"", "back\\slash", "two\nlines", "　", "2026-03-05", "12", "“引号”", "👍🏽")
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// randomRule returns a rule over tags that can be bound to them, with parts at most depth deep in each other; depth is
// at least 1. All forms of rules occur, but those that need a tag of a kind that is not there.
func randomRule(rng *rand.Rand, tags []Tag, depth int) Rule {
	if depth <= 1 || rng.IntN(4) == 0 {
		return randomCondition(rng, tags)
	}
	switch rng.IntN(9) {
	case 0, 1:
		return Not(randomRule(rng, tags, depth-1))
	case 2, 3, 4:
		return And(randomRules(rng, tags, depth-1)...)
	case 5, 6:
		return Or(randomRules(rng, tags, depth-1)...)
	case 7:
		if depth < 4 {
			return randomCondition(rng, tags)
		}
		tag := pick(rng, tags...)
		if tag.Kind == Labels {
			return And(IsSet(tag.Name), Not(Has(tag.Name, randomText(rng, tag))))
		}
		return And(IsSet(tag.Name), Not(In(tag.Name, randomGiven(rng, tag))))
	}
	rules := randomRules(rng, tags, depth-1)
	return AtLeast(rng.IntN(len(rules)+2), rules...)
}

func randomRules(rng *rand.Rand, tags []Tag, depth int) []Rule {
	rules := make([]Rule, rng.IntN(5))
	for i := range rules {
		rules[i] = randomRule(rng, tags, depth)
	}
	return rules
}

// randomGiven is a value as Go code gives it to the constructors.
func randomGiven(rng *rand.Rand, tag Tag) any {
	v := randomValue(rng, tag)
	switch tag.Kind {
	case Flag:
		b, _ := v.Bool()
		return b
	case Enum:
		s, _ := v.Text()
		return s
	case Integer, Decimal, Float:
		switch rng.IntN(6) {
		case 0:
			return rng.IntN(10)
		case 1:
			return float64(rng.IntN(40)) / 10
		case 2:
			return pick[any](rng, 1e30, -1e19, 1e-20, uint8(3), float32(0.1), int64(math.MaxInt64), 0.005,
				customer.DecimalValue(math.MinInt64, 18), customer.DecimalValue(125, 2))
		}
	case Time:
		t, ok := v.Time()
		if rng.IntN(3) == 0 {
			return customer.TextValue(t.Format(time.DateOnly))
		}
		if ok && rng.IntN(2) == 0 {
			return t
		}
	}
	return v
}

func randomCondition(rng *rand.Rand, tags []Tag) Rule {
	r := randomLeaf(rng, tags)
	for i, l := range r.node().values { // some dates as Parse reads them without quotes
		if text, ok := l.value.Text(); ok && rng.IntN(2) == 0 && slices.ContainsFunc(tags, func(t Tag) bool {
			return t.Name == r.n.tag && t.Kind == Time
		}) {
			r.n.values[i], _ = parseDay(text)
		}
	}
	return r
}

func randomLeaf(rng *rand.Rand, tags []Tag) Rule {
	switch rng.IntN(24) {
	case 0:
		return Sample(float64(rng.IntN(10_001))/100, pick(rng, "", "实验", "a\"b"))
	case 1:
		return InSet(pick(rng, randomSets...))
	case 2:
		return Segment(pick(rng, randomSegments...))
	case 3:
		return IsSet(pick(rng, tags...).Name)
	case 4:
		return Unset(pick(rng, tags...).Name)
	case 5, 6:
		if r, ok := randomPair(rng, tags); ok {
			return r
		}
	case 7:
		return pick(rng, And(), Or())
	}
	tag := pick(rng, tags...)
	given := func() any { return randomGiven(rng, tag) }
	switch tag.Kind {
	case Flag:
		return pick(rng, IsTrue, func(name string) Rule { return Eq(name, given()) },
			func(name string) Rule { return Ne(name, given()) })(tag.Name)
	case Enum:
		if rng.IntN(2) == 0 {
			return pick(rng, Eq, Ne)(tag.Name, given())
		}
	case Labels:
		labels := make([]string, rng.IntN(4))
		for i := range labels {
			labels[i] = randomText(rng, tag)
		}
		return pick(rng, Has, HasAll)(tag.Name, labels...)
	case Time:
		window := Days(pick(rng, 1, 2, 7, 30, 365, 1_000_000))
		if rng.IntN(3) == 0 {
			window = Hours(pick(rng, 1, 24, 36, 720, 10_000_000))
		}
		switch rng.IntN(5) {
		case 0:
			return Within(tag.Name, window)
		case 1:
			return OlderThan(tag.Name, window)
		case 2:
			return WithinNext(tag.Name, window)
		case 3:
			return Anniversary(tag.Name, pick(rng, 1, 7, 30, 366))
		}
	}
	if tag.Kind != Enum {
		switch rng.IntN(3) {
		case 0:
			return Between(tag.Name, given(), given())
		case 1:
			return pick(rng, Eq, Ne, Lt, Le, Gt, Ge)(tag.Name, given())
		}
	}
	values := make([]any, rng.IntN(5))
	for i := range values {
		values[i] = given()
	}
	return In(tag.Name, values...)
}

// randomPair compares two tags that can be compared.
func randomPair(rng *rand.Rand, tags []Tag) (Rule, bool) {
	class := func(k Kind) Kind {
		if k == Decimal || k == Float {
			return Integer
		}
		return k
	}
	a, b := pick(rng, tags...), pick(rng, tags...)
	if class(a.Kind) != class(b.Kind) || a.Kind == Labels {
		return Rule{}, false
	}
	if a.Kind == Flag || a.Kind == Enum {
		return pick(rng, EqTag, NeTag)(a.Name, b.Name), true
	}
	return pick(rng, EqTag, NeTag, LtTag, LeTag)(a.Name, b.Name), true
}
