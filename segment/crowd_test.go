package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

// crowd is an index of three chunks, the second and the last of them partly filled, and what each customer has, read one
// by one.
type crowd struct {
	*Snapshot
	ids    []customer.ID               // who exist, in order of arrival
	values map[string][]customer.Value // by tag, in the order of ids
	sorted map[string][]reading        // by numeric tag, ascending by value and then by at

	selected [len(crowdQueries)][]bool // by query and place in ids, once asked for
}

// reading is a number as the test sees it: i is that of units of an Integer, a Decimal or a Time, f that of a Float.
type reading struct {
	i     int64
	f     float64
	at    int // place in ids
	value customer.Value
}

func (r reading) compare(s reading) int { return cmp.Or(cmp.Compare(r.i, s.i), cmp.Compare(r.f, s.f)) }

// read returns the reading of a number or an instant. Decimals have two digits after the point.
func read(v customer.Value, at int) reading {
	r := reading{at: at, value: v}
	if f, ok := v.Float64(); ok {
		r.f = f
	} else if t, ok := v.Time(); ok {
		r.i = t.Unix()
	} else if n, ok := v.Int64(); ok {
		r.i = n
	} else {
		n, scale, _ := v.Decimal()
		r.i = n * pow10[2-scale]
	}
	return r
}

var crowdTags = []Tag{
	{Name: "vip", Kind: Flag},
	{Name: "optin", Kind: Flag},
	{Name: "city", Kind: Enum},
	{Name: "region", Kind: Enum, Hierarchy: true},
	{Name: "sku", Kind: Enum},
	{Name: "likes", Kind: Labels},
	{Name: "spend", Kind: Integer},
	{Name: "constant", Kind: Integer},
	{Name: "few", Kind: Integer},
	{Name: "extreme", Kind: Integer},
	{Name: "most", Kind: Integer},
	{Name: "hundreds", Kind: Integer},
	{Name: "ties", Kind: Integer},
	{Name: "arrival", Kind: Integer},
	{Name: "price", Kind: Decimal, Scale: 2},
	{Name: "score", Kind: Float},
	{Name: "rare", Kind: Float},
	{Name: "last", Kind: Time},
	{Name: "birth", Kind: Time, Unit: 24 * time.Hour},
	{Name: "never", Kind: Integer},
}

// numericTags are those of crowdTags that have an order.
var numericTags = slices.DeleteFunc(slices.Clone(crowdTags), func(t Tag) bool { return t.Kind < Integer })

func newCrowd() *crowd {
	c := oneCrowd()
	if shelving {
		shelved := *c
		shelved.Snapshot = opened(c.Snapshot)
		return &shelved
	}
	return c
}

var oneCrowd = sync.OnceValue(func() *crowd {
	const n = 2*kernel.Bits + 20_000
	rng := rand.New(rand.NewPCG(5, 5))
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	ix, err := New(&Options{Tags: crowdTags})
	check(err)
	ids := make([]customer.ID, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	chance := func(share float64) []bool {
		list := make([]bool, n)
		for i := range list {
			list[i] = rng.Float64() < share
		}
		return list
	}
	ints := func(f func(i int) int64) []int64 {
		list := make([]int64, n)
		for i := range list {
			list[i] = f(i)
		}
		return list
	}
	texts := func(f func() string) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = f()
		}
		return list
	}
	floats := func(f func() float64) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = f()
		}
		return list
	}
	likes := make([][]string, n)
	for i := range likes {
		if rng.IntN(3) > 0 {
			likes[i] = []string{}
			for range rng.IntN(3) {
				likes[i] = append(likes[i], "like "+strconv.Itoa(rng.IntN(40)*rng.IntN(40)))
			}
		}
	}
	check(ix.Load(context.Background(), time.Unix(1_700_000_000, 0), ids, []Column{
		{Tag: "vip", Bools: chance(.1)},
		{Tag: "optin", Bools: chance(.5), Set: chance(.8)},
		{Tag: "city", Texts: texts(func() string { return "city " + strconv.Itoa(rng.IntN(8)*rng.IntN(8)) }), Set: chance(.9)},
		{Tag: "region", Texts: texts(func() string {
			return pick(rng, "广东/广州/天河", "广东/广州", "广东/深圳", "广东", "广西/南宁", "Bayern/München/Au")
		})},
		{Tag: "sku", Texts: texts(func() string { return strconv.Itoa(rng.IntN(600)) })},
		{Tag: "likes", Lists: likes},
		{Tag: "spend", Ints: ints(func(int) int64 { return rng.Int64N(1<<20) - 1000 }), Set: chance(.95)},
		{Tag: "constant", Ints: ints(func(int) int64 { return -7 }), Set: chance(.6)},
		{Tag: "few", Ints: ints(func(int) int64 { return rng.Int64N(1 << 40) }), Set: chance(.01)},
		{Tag: "extreme", Ints: ints(func(int) int64 {
			if rng.IntN(4) > 0 {
				return int64(rng.Uint64())
			}
			return pick[int64](rng, math.MinInt64, math.MaxInt64, 0, -1, 1)
		})},
		{Tag: "most", Ints: ints(func(i int) int64 { return math.MaxInt64 - int64(i%5) })},
		{Tag: "hundreds", Ints: ints(func(i int) int64 { return int64(i>>chunkBits) - 100*rng.Int64N(5000) })},
		{Tag: "ties", Ints: ints(func(int) int64 { return max(0, rng.Int64N(1_000_000)-700_000) })},
		{Tag: "arrival", Ints: ints(func(i int) int64 { return int64(i)*10 + rng.Int64N(100) })},
		{Tag: "price", Ints: ints(func(int) int64 { return rng.Int64N(200_000) - 50_000 })},
		{Tag: "score", Floats: floats(func() float64 { return rng.NormFloat64() * 1000 })},
		{Tag: "rare", Floats: floats(func() float64 { return math.Round(rng.NormFloat64()*100) / 8 }), Set: chance(.02)},
		{Tag: "last", Ints: ints(func(int) int64 { return 1_700_000_000 + rng.Int64N(365)*86400 })},
		{Tag: "birth", Ints: ints(func(int) int64 { return rng.Int64N(30_000) - 15_000 }), Set: chance(.7)},
	}))
	var b Batch
	for i, id := range ids {
		if i%41 == 0 || i>>chunkBits == 1 && i%4 > 0 {
			b.Delete(id)
		}
	}
	for i := 1; i < n; i += 10 {
		for _, tag := range []string{"vip", "spend", "likes", "score", "city"} {
			b.Clear(ids[i], tag)
		}
	}
	check(ix.Apply(context.Background(), &b))
	c := &crowd{Snapshot: ix.Snapshot(), values: map[string][]customer.Value{}, sorted: map[string][]reading{}}
	for id, err := range c.Customers(context.Background()) {
		check(err)
		c.ids = append(c.ids, id)
	}
	for _, t := range crowdTags {
		c.values[t.Name] = make([]customer.Value, len(c.ids))
	}
	for at, id := range c.ids {
		row, err := c.Row(context.Background(), id)
		check(err)
		for _, f := range row {
			c.values[f.Name][at] = f.Value
		}
	}
	for _, t := range crowdTags {
		if t.Kind < Integer {
			continue
		}
		var sorted []reading
		for at, v := range c.values[t.Name] {
			if !v.IsUnset() {
				sorted = append(sorted, read(v, at))
			}
		}
		slices.SortFunc(sorted, func(a, b reading) int { return cmp.Or(a.compare(b), a.at-b.at) })
		c.sorted[t.Name] = sorted
	}
	return c
})

// crowdQueries select many and few, by sets as they are and by others.
var crowdQueries = [...]struct {
	name string
	rule Rule
	want func(get func(tag string) customer.Value) bool
}{
	{"everyone", Rule{}, func(func(string) customer.Value) bool { return true }},
	{"a tenth", IsTrue("vip"), func(get func(string) customer.Value) bool { return get("vip") == customer.BoolValue(true) }},
	{"a negation", Not(IsTrue("optin")), func(get func(string) customer.Value) bool { return get("optin") != customer.BoolValue(true) }},
	{"a handful", Lt("arrival", 300), func(get func(string) customer.Value) bool {
		n, ok := get("arrival").Int64()
		return ok && n < 300
	}},
	{"few of each chunk", Eq("sku", "17"), func(get func(string) customer.Value) bool { return get("sku") == customer.TextValue("17") }},
	{"nobody", Gt("constant", 0), func(func(string) customer.Value) bool { return false }},
}

// question is a query, and what those whom it selects have of a tag, found one by one.
type question struct {
	Query
	*crowd
	tag      Tag
	selected []int     // places in ids
	readings []reading // of a numeric tag, ascending by value and then by at

	total, squares *big.Rat           // Σ x and Σ x² of readings, once they are asked for
	groups         map[string][]Group // what slowGroups found, by the tag summed
}

// questions are made once: all tests ask the same.
var questions = map[[2]string]*question{}

// eachQuestion runs a test for each query and each of the tags, with one and with three workers, or with three alone
// where many customers are selected. The race detector is slow and sees nothing in one worker: with it there are three,
// and of the questions of many customers a ninth.
func eachQuestion(t *testing.T, tags []Tag, f func(t *testing.T, q *question)) {
	c := newCrowd()
	for i, query := range crowdQueries {
		for j, tag := range tags {
			q := questions[[2]string{query.name, tag.Name}]
			if q == nil {
				q = c.question(i, tag)
				questions[[2]string{query.name, tag.Name}] = q
			}
			q.tag = tag // names stand for questions, kinds do not
			many := len(q.selected) > 20_000
			if many && (i+j)%9 > 0 && race.Enabled {
				continue
			}
			for _, q.Workers = range []int{1, 3} {
				if q.Workers == 1 && (many || race.Enabled) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d workers", query.name, tag.Name, q.Workers), func(t *testing.T) { f(t, q) })
			}
		}
	}
}

func (c *crowd) question(query int, tag Tag) *question {
	q := &question{Query: Query{Rule: crowdQueries[query].rule}, crowd: c, groups: map[string][]Group{}}
	if c.selected[query] == nil {
		c.selected[query] = make([]bool, len(c.ids))
		for at := range c.ids {
			get := func(tag string) customer.Value { return c.values[tag][at] }
			c.selected[query][at] = crowdQueries[query].want(get)
		}
	}
	for at, in := range c.selected[query] {
		if in {
			q.selected = append(q.selected, at)
		}
	}
	for _, r := range c.sorted[tag.Name] {
		if c.selected[query][r.at] {
			q.readings = append(q.readings, r)
		}
	}
	return q
}
