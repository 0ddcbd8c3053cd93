package segbench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/clientele-go/clientele/segment"
)

const (
	spendFrom, spendTo = 100_000, 700_000
	top                = 100
)

// desk is customers in the index, in DuckDB and as roaring bitmaps. It is not safe for concurrent use.
type desk struct {
	crowd       *crowd
	snap        *segment.Snapshot
	duck        *duckDB
	spend       *roaring64.BSI
	vip, optin  *roaring.Bitmap
	member      *roaring.Bitmap
	optin64     *roaring64.Bitmap
	countries   []*roaring.Bitmap
	codeOfLevel map[string]int64
}

func (d *desk) build(ctx context.Context, b *bench) (err error) {
	if d.crowd != nil {
		return nil
	}
	d.crowd = newCrowd(b.shape, b.customers)
	before := heap()
	ix, err := d.crowd.index(ctx, segment.Options{})
	if err != nil {
		return err
	}
	d.snap = ix.Snapshot()
	if err := b.remember("index of twenty tags", heap()-before); err != nil {
		return err
	}
	if d.duck, err = openDuckDB(ctx); err != nil {
		return err
	}
	if err := d.crowd.publish(d.duck); err != nil {
		return err
	}
	if err := d.duck.exec(ctx, d.crowd.createTable()); err != nil {
		return err
	}
	bytes, err := d.duck.bytes(ctx)
	if err != nil {
		return err
	}
	if err := b.remember("DuckDB, table of id and twenty columns", bytes); err != nil {
		return err
	}

	bitmap := func(tag string) *roaring.Bitmap { return bitmapOf(wordsOf(d.crowd.field(tag).bools)) }
	d.vip, d.optin, d.member = bitmap("vip"), bitmap("optin"), bitmap("member")
	d.optin64 = roaring64.New()
	d.optin64.AddMany(wide(d.optin))
	country := d.crowd.field("country")
	sets := make([][]uint64, len(country.levels))
	for i := range sets {
		sets[i] = make([]uint64, (d.crowd.n+63)/64)
	}
	for i, code := range country.codes {
		sets[code][i>>6] |= 1 << (i & 63)
	}
	d.codeOfLevel = map[string]int64{}
	for i, words := range sets {
		d.countries = append(d.countries, bitmapOf(words))
		d.codeOfLevel[country.levels[i]] = int64(i)
	}
	spend := d.crowd.field("spend").ints
	d.spend = roaring64.NewBSI(slices.Max(spend), 0)
	for i, v := range spend {
		d.spend.SetValue(uint64(i), v)
	}
	d.spend.RunOptimize()
	return nil
}

func wide(b *roaring.Bitmap) (out []uint64) {
	for v := range roaring.Values(b) {
		out = append(out, uint64(v))
	}
	return out
}

// ask is a prepared statement as a way.
func (d *desk) ask(query string, targets ...float64) way[[]int64] {
	w := way[[]int64]{name: duckDBName, targets: pair(targets)}
	w.do = func(ctx context.Context) ([]int64, error) {
		stmt, err := d.duck.prepared(ctx, query)
		if err != nil {
			return nil, err
		}
		return scan(stmt.QueryContext(ctx))
	}
	return w
}

// other is another way to say the same, which may be quicker.
func (d *desk) other(name, query string, targets ...float64) way[[]int64] {
	w := d.ask(query, targets...)
	w.name += ", " + name
	return w
}

func pair(targets []float64) (p [2]float64) {
	copy(p[:], targets)
	return p
}

func (d *desk) ours(do func(ctx context.Context, q segment.Query) ([]int64, error), r segment.Rule) []way[[]int64] {
	q := segment.Query{Rule: r, AsOf: firstDay.AddDate(0, 0, 512), Location: time.UTC, Workers: 1}
	return []way[[]int64]{{do: func(ctx context.Context) ([]int64, error) { return do(ctx, q) }}}
}

func (d *desk) count(ctx context.Context, q segment.Query) ([]int64, error) {
	n, err := d.snap.Count(ctx, q)
	return []int64{int64(n)}, err
}

func (d *desk) groups(ctx context.Context, q segment.Query) ([]int64, error) {
	groups, err := d.snap.GroupBy(ctx, q, nil, "country")
	if err != nil {
		return nil, err
	}
	out := make([]int64, 0, 2*len(groups))
	for _, g := range groups {
		level, _ := g.Values[0].Text()
		out = append(out, d.codeOfLevel[level], int64(g.Count))
	}
	return out, nil
}

// sameGroups compares pairs of code and number in any order.
func sameGroups(want, got []int64) bool {
	order := func(pairs []int64) []int64 {
		return slices.Concat(slices.SortedFunc(slices.Chunk(pairs, 2), func(a, b []int64) int { return cmp.Compare(a[0], b[0]) })...)
	}
	return slices.Equal(order(want), order(got))
}

// questions measures what one rule or number selects.
func questions(ctx context.Context, b *bench) (err error) {
	d := &desk{}
	defer func() { err = errors.Join(err, d.duck.close()) }()
	var (
		vip, optin = segment.IsTrue("vip"), segment.IsTrue("optin")
		between    = segment.Between("spend", spendFrom, spendTo)

		five  = fmt.Sprintf(`optin AND NOT blocked AND gender = 1 AND country IN (1, 7, 9) AND spend BETWEEN %d AND %d`, spendFrom, spendTo)
		mixed = fmt.Sprintf(`vip OR (optin AND country = 7) OR last BETWEEN DATE '%s' AND DATE '%s'`,
			firstDay.AddDate(0, 0, 512-29).Format(time.DateOnly), firstDay.AddDate(0, 0, 512).Format(time.DateOnly))
	)
	byRoaring := func(do func() int64, targets ...float64) way[[]int64] {
		return way[[]int64]{name: roaringName, version: roaringVersion, targets: pair(targets), do: func(context.Context) ([]int64, error) {
			return []int64{do()}, nil
		}}
	}
	ofBSI := func(do func() int64, targets ...float64) way[[]int64] {
		w := byRoaring(do, targets...)
		w.name = "roaring64 BSI"
		return w
	}
	groupsOfRoaring := way[[]int64]{name: roaringName, version: roaringVersion, do: func(context.Context) (out []int64, _ error) {
		for code, set := range d.countries {
			if n := set.AndCardinality(d.member); n > 0 {
				out = append(out, int64(code), int64(n))
			}
		}
		return out, nil
	}}
	for _, t := range []task[[]int64]{
		{
			name: "count of two flags",
			ours: d.ours(d.count, segment.And(vip, optin)),
			peers: []way[[]int64]{
				d.ask(`SELECT count(*) FROM customers WHERE vip AND optin`, 300, 1000),
				d.other("count_if", `SELECT count_if(vip AND optin) FROM customers`, 300, 1000),
				byRoaring(func() int64 { return int64(d.vip.AndCardinality(d.optin)) }, 1, 1),
			},
		},
		{
			name: "count of a rule of five conditions, one a range",
			ours: d.ours(d.count, segment.And(optin, segment.Not(segment.IsTrue("blocked")), segment.Eq("gender", "gender 1"),
				segment.In("country", "country 1", "country 7", "country 9"), between)),
			peers: []way[[]int64]{d.ask(`SELECT count(*) FROM customers WHERE `+five, 10, 25), d.other("count_if", `SELECT count_if(`+five+`) FROM customers`, 10, 25)},
		},
		{
			name:  "count of an or of flag, and, and last 30 days",
			ours:  d.ours(d.count, segment.Or(vip, segment.And(optin, segment.Eq("country", "country 7")), segment.Within("last", segment.Days(30)))),
			peers: []way[[]int64]{d.ask(`SELECT count(*) FROM customers WHERE ` + mixed), d.other("count_if", `SELECT count_if(`+mixed+`) FROM customers`)},
		},
		{
			name: "count of a range of a number of 20 bits",
			ours: d.ours(d.count, between),
			peers: []way[[]int64]{
				d.ask(fmt.Sprintf(`SELECT count(*) FROM customers WHERE spend BETWEEN %d AND %d`, spendFrom, spendTo), 4, 10),
				ofBSI(func() int64 {
					return int64(d.spend.CompareValue(1, roaring64.RANGE, spendFrom, spendTo, nil).GetCardinality())
				}, 4, 10),
			},
		},
		{
			name: "sum under a filter of 50 %",
			ours: d.ours(func(ctx context.Context, q segment.Query) ([]int64, error) {
				v, err := d.snap.Sum(ctx, q, "spend")
				n, _ := v.Int64()
				return []int64{n}, err
			}, optin),
			peers: []way[[]int64]{
				d.ask(`SELECT sum(spend)::BIGINT FROM customers WHERE optin`, 30, 60),
				d.other("as a product", `SELECT sum(spend * optin::INTEGER)::BIGINT FROM customers`, 30, 60),
				ofBSI(func() int64 { sum, _ := d.spend.Sum(d.optin64); return sum }),
			},
		},
		{
			name:  "group by 50 values under a filter of 5 %",
			ours:  d.ours(d.groups, segment.IsTrue("member")),
			peers: []way[[]int64]{d.ask(`SELECT country, count(*) FROM customers WHERE member GROUP BY country`, 20, 20), groupsOfRoaring},
			equal: sameGroups,
		},
		{
			name: "top 100 under a filter of 10 %",
			ours: d.ours(func(ctx context.Context, q segment.Query) (out []int64, _ error) {
				ranked, err := d.snap.Top(ctx, q, "spend", top)
				for _, r := range ranked {
					v, _ := r.Value.Int64()
					out = append(out, v)
				}
				return out, err
			}, vip),
			peers: []way[[]int64]{d.ask(fmt.Sprintf(`SELECT id, spend FROM customers WHERE vip ORDER BY spend DESC LIMIT %d`, top), 8, 8)},
			equal: func(want, got []int64) bool {
				// Ids come along; of equal values any may be among the hundred.
				return slices.Equal(want, got) || len(got) == 2*len(want) && slices.Equal(want, second(got))
			},
		},
		{
			name: "largest under a filter of 10 %",
			ours: d.ours(func(ctx context.Context, q segment.Query) ([]int64, error) {
				v, err := d.snap.Max(ctx, q, "spend")
				n, _ := v.Int64()
				return []int64{n}, err
			}, vip),
			peers: []way[[]int64]{d.ask(`SELECT max(spend) FROM customers WHERE vip`)},
		},
		{
			name: "median under a filter of 10 %",
			ours: d.ours(func(ctx context.Context, q segment.Query) ([]int64, error) {
				v, err := d.snap.Quantiles(ctx, q, "spend", 0.5)
				if err != nil {
					return nil, err
				}
				n, _ := v[0].Int64()
				return []int64{n}, nil
			}, vip),
			peers: []way[[]int64]{d.ask(`SELECT quantile_disc(spend, 0.5) FROM customers WHERE vip`, 15, 15)},
		},
	} {
		t.prepare = func(ctx context.Context) error { return d.build(ctx, b) }
		if t.equal == nil {
			t.equal = slices.Equal
		}
		if err := measure(ctx, b, t); err != nil {
			return err
		}
	}
	return nil
}

// second are the second elements of pairs.
func second(pairs []int64) (out []int64) {
	for i := 1; i < len(pairs); i += 2 {
		out = append(out, pairs[i])
	}
	return out
}
