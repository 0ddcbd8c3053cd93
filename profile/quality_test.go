package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

func qualitySchema() *Schema {
	return &Schema{
		Location: "Asia/Shanghai",
		Sources:  []Source{{Name: "crm", Channel: "phone"}, {Name: "hotline", Channel: "phone"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "city", Kind: customer.KindText, Refresh: 30},
			{Name: "tags", Kind: customer.KindLabels, Policy: []Rule{Union}},
			{Name: "points", Kind: customer.KindInt64, Policy: []Rule{Total}},
		},
		Events: []Event{{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindInt64, Required: true}}}},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
		},
		Retention: 300,
	}
}

// qualityWorld has three customers: one known to all sources, to the shop twice; one known
// to the crm, which has taken back what it said; and one of whom nothing is known.
func qualityWorld(t *testing.T) (p *Profiles, at time.Time) {
	p, err := Open(t.Context(), new(store.Memory), qualitySchema(), nil)
	require.NoError(t, err)
	feed := newFakeFeed()
	feed.created(readsID(1), fakeAtoms(1, 2, 3)...)
	feed.created(readsID(2), fakeAtoms(4)...)
	feed.created(readsID(3), fakeAtoms(5)...)
	_, err = p.follow(t.Context(), feed.clock(), feed)
	require.NoError(t, err)

	loc := tasteZone(t, "Asia/Shanghai")
	on := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 23, 30, 0, 0, loc) }
	text, labels, number := customer.TextValue, customer.LabelsValue, customer.Int64Value
	add := func(atom int, id, source, event string, at time.Time, values ...customer.Field) {
		_, err := p.Add(t.Context(), on(time.March, 1), Evidence{Atom: fakeAtom(atom), ID: id, Source: source, Event: event, Time: at, Values: values})
		require.NoError(t, err)
	}
	add(1, "s1", "crm", "", on(time.February, 20), customer.Field{Name: "city", Value: text("广州")},
		customer.Field{Name: "tags", Value: labels("a", "b")}, customer.Field{Name: "points", Value: number(5)})
	add(1, "s2", "hotline", "", on(time.February, 10), customer.Field{Name: "city", Value: text("深圳")})
	add(1, "s9", "crm", "", on(time.February, 28), customer.Field{Name: "city", Value: text("天津")})
	require.NoError(t, p.Retract(t.Context(), on(time.March, 1), fakeAtom(1), "s9"))
	add(2, "s1", "shop", "", on(time.January, 10), customer.Field{Name: "city", Value: text("深圳")}, customer.Field{Name: "tags", Value: labels("a")})
	amount := func(n int64) customer.Field { return customer.Field{Name: "amount", Value: number(n)} }
	add(2, "o1", "shop", "order", on(time.February, 1), amount(100))
	add(2, "o2", "shop", "order", on(time.February, 1), amount(100)) // again
	add(3, "o3", "shop", "order", on(time.February, 28), amount(200))
	add(3, "o4", "shop", "order", on(time.February, 1), amount(100))                // again
	add(3, "o5", "shop", "order", on(time.January, 1).AddDate(-1, 0, 0), amount(1)) // beyond retention
	add(4, "s1", "crm", "", on(time.January, 1), customer.Field{Name: "city", Value: text("北京")}, customer.Field{Name: "nick", Value: text("x")})
	add(4, "s2", "crm", "", on(time.February, 1), customer.Field{Name: "city"})
	add(4, "s3", "crm", "", on(time.April, 1), customer.Field{Name: "city", Value: text("上海")}) // not yet
	add(4, "o1", "crm", "order", on(time.February, 1))                                          // without amount
	return p, on(time.March, 1)
}

func TestQuality(t *testing.T) {
	p, at := qualityWorld(t)
	q, err := p.Quality(t.Context(), at)
	require.NoError(t, err)
	none := Portion{}
	require.Equal(t, &Quality{
		At: at.UTC(), Schema: 1, Customers: 3, Atoms: 5,
		Sources: []SourceQuality{
			{
				Source: "crm", Channel: "phone", Customers: 2, Atoms: 2, Evidence: 3,
				Valid:  Portion{7, 9},
				Newest: at.AddDate(0, 0, -9).UTC(), Age: Ages{9, 28, 28},
				Surplus: Portion{0, 2}, Repeated: Portion{0, 3},
				Traits: []SourceTrait{
					{Trait: "city", Stated: Portion{1, 2}, Stale: Portion{0, 1}, Agreed: Portion{1, 1}},
					{Trait: "tags", Stated: Portion{1, 2}, Agreed: Portion{1, 1}},
					{Trait: "points", Stated: Portion{1, 2}, Agreed: none},
				},
			},
			{
				Source: "hotline", Channel: "phone", Customers: 1, Atoms: 1, Evidence: 1,
				Valid:  Portion{1, 1},
				Newest: at.AddDate(0, 0, -19).UTC(), Age: Ages{19, 19, 19},
				Surplus: Portion{0, 1}, Repeated: Portion{0, 1},
				Traits: []SourceTrait{
					{Trait: "city", Stated: Portion{1, 1}, Stale: Portion{0, 1}, Agreed: Portion{0, 1}},
					{Trait: "tags", Stated: Portion{0, 1}},
					{Trait: "points", Stated: Portion{0, 1}},
				},
			},
			{
				Source: "shop", Channel: "shop", Customers: 1, Atoms: 2, Evidence: 5, Events: map[string]int64{"order": 4},
				Valid:  Portion{7, 7},
				Newest: at.AddDate(0, 0, -1).UTC(), Age: Ages{1, 28, 28},
				Surplus: Portion{1, 2}, Repeated: Portion{2, 5},
				Traits: []SourceTrait{
					{Trait: "city", Stated: Portion{1, 2}, Stale: Portion{1, 1}, Agreed: Portion{0, 1}},
					{Trait: "tags", Stated: Portion{1, 2}, Agreed: Portion{1, 1}},
					{Trait: "points", Stated: Portion{0, 2}},
				},
			},
		},
		Traits: []TraitQuality{
			{Trait: "city", Known: Portion{1, 3}, Stale: Portion{0, 1}, Consistent: Portion{0, 1}},
			{Trait: "tags", Known: Portion{1, 3}, Consistent: Portion{0, 1}},
			{Trait: "points", Known: Portion{1, 3}},
		},
		Rejected: []Rejection{{"crm", "", Undeclared, 1}, {"crm", "amount", Incomplete, 1}},
	}, q)

	data, err := json.Marshal(q)
	require.NoError(t, err)
	require.Contains(t, string(data), `"known":{"n":1,"of":3,"share":0.3333333333333333}`)
	require.Contains(t, string(data), `"agreed":{"n":0,"of":0}`)
	back := new(Quality)
	require.NoError(t, json.Unmarshal(data, back))
	require.Equal(t, q, back)

	_, err = p.Quality(t.Context(), time.Time{})
	require.ErrorIs(t, err, ErrInput)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Quality(ctx, at)
	require.ErrorIs(t, err, context.Canceled)
}

func TestQualityPrinted(t *testing.T) {
	p, at := qualityWorld(t)
	q, err := p.Quality(t.Context(), at)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, q.WriteText(&out))
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	require.Equal(t, `Data of 3 customers (5 atoms) at 2026-03-01T15:30:00Z, schema 1

SOURCE   CHANNEL  CUSTOMERS  ATOMS  EVIDENCE  VALID   SURPLUS  REPEATED  AGE (DAYS: MEDIAN, 90%, OLDEST)
crm      phone    2          2      3         77.8%   0.0%     0.0%      9, 28, 28
hotline  phone    1          1      1         100.0%  0.0%     0.0%      19, 19, 19
shop     shop     1          2      5         100.0%  50.0%    40.0%     1, 28, 28

TRAIT   SOURCE   COMPLETE  STALE   AGREED  CONSISTENT
city    all      33.3%     0.0%    -       0.0%
        crm      50.0%     0.0%    100.0%  -
        hotline  100.0%    0.0%    0.0%    -
        shop     50.0%     100.0%  0.0%    -
tags    all      33.3%     -       -       0.0%
        crm      50.0%     -       100.0%  -
        shop     50.0%     -       100.0%  -
points  all      33.3%     -       -       -
        crm      50.0%     -       -       -

SET ASIDE  NAME    REASON      VALUES
crm                undeclared  1
crm        amount  incomplete  1
`, strings.Join(lines, "\n"))
	require.Error(t, q.WriteText(brokenWriter{}))
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("broken") }

// Of nobody there are no numbers but zeros.
func TestQualityOfNobody(t *testing.T) {
	p, err := Open(t.Context(), new(store.Memory), qualitySchema(), nil)
	require.NoError(t, err)
	q, err := p.Quality(t.Context(), time.Unix(1e9, 0))
	require.NoError(t, err)
	require.Zero(t, q.Customers)
	require.Zero(t, q.Sources[0].Newest)
	require.Equal(t, Ages{}, q.Sources[0].Age)
	_, ok := q.Traits[0].Known.Share()
	require.False(t, ok)
}

// The rows of what was set aside are bounded, and nothing is lost.
func TestRejectedBounded(t *testing.T) {
	total := (&bound{}).newTally()
	for page := range 3 {
		some := (&bound{}).newTally()
		for i := range mostRejected - 1 {
			some.reject(asideCount{source: "crm", name: fmt.Sprint(page, "/", i), reason: Undeclared}, 2)
		}
		total.merge(some)
	}
	q := total.quality(&bound{}, moment{})
	require.Len(t, q.Rejected, mostRejected+1)
	require.Equal(t, Rejection{"crm", "", Undeclared, 2 * (2*mostRejected - 3)}, q.Rejected[0])
}

func TestAges(t *testing.T) {
	ages := map[civil.Day]int64{}
	for n := range int64(50) {
		var sorted []int
		for age, k := range ages {
			sorted = append(sorted, slices.Repeat([]int{int(age)}, int(k))...)
		}
		slices.Sort(sorted)
		want := Ages{}
		if n > 0 {
			want = Ages{sorted[rankOf(0.5, int(n))], sorted[rankOf(0.9, int(n))], sorted[n-1]}
		}
		require.Equal(t, want, agesOf(ages, n))
		ages[civil.Day((n*n)%23)]++
	}
}

// Valid counts what was taken as it counts what was not: whatever became of it since.
func TestQualityValidIsOfAllTimes(t *testing.T) {
	ctx := t.Context()
	p, at := qualityWorld(t)
	for _, later := range []time.Time{at, at.AddDate(2, 0, 0)} {
		deleted, err := p.Purge(ctx, later)
		require.NoError(t, err)
		require.NotZero(t, deleted)
		q, err := p.Quality(ctx, later)
		require.NoError(t, err)
		require.Equal(t, []Portion{{7, 9}, {1, 1}, {7, 7}}, []Portion{q.Sources[0].Valid, q.Sources[1].Valid, q.Sources[2].Valid})
	}
}

// No name moves the cursor, or gets into another line or column.
func TestQualityPrintedNames(t *testing.T) {
	q := Quality{Rejected: []Rejection{{Source: "crm", Name: "x\x1b[2J\ny\tz\u202e", Reason: NoMatch, Values: 1}, {Name: `"x`, Reason: NoMatch}, {Name: "城 市", Reason: NoMatch}}}
	var b strings.Builder
	require.NoError(t, q.WriteText(&b))
	lines := strings.Split(b.String(), "\n")
	require.Equal(t, []string{
		`crm        "x\x1b[2J\ny\tz\u202e"  no_match  1`,
		`           "\"x"                   no_match  0`,
		`           城 市                     no_match  0`, "",
	}, lines[len(lines)-4:])
}
