package integration

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// The same customers in an index and in a table of SQLite, the same rules as a segment.Rule and as SQL, in which every
// condition is rendered as "(condition) IS TRUE", so that a NULL makes it false, as an unset tag does.

var segmentTags = []segment.Tag{
	{Name: "vip", Kind: segment.Flag},
	{Name: "city", Kind: segment.Enum},
	{Name: "region", Kind: segment.Enum, Hierarchy: true},
	{Name: "likes", Kind: segment.Labels},
	{Name: "orders", Kind: segment.Integer},
	{Name: "returns", Kind: segment.Integer},
	{Name: "spend", Kind: segment.Decimal, Scale: 2},
	{Name: "score", Kind: segment.Float},
	{Name: "seen", Kind: segment.Time},
	{Name: "born", Kind: segment.Time},
}

var segmentNow = time.Date(2024, 2, 25, 15, 4, 5, 0, time.UTC)

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for _, statement := range []string{
		`CREATE TABLE c (n INTEGER PRIMARY KEY, vip INTEGER, city TEXT, region TEXT, likes INTEGER, orders INTEGER,
			returns INTEGER, spend INTEGER, score REAL, seen INTEGER, born INTEGER)`,
		`CREATE TABLE liked (n INTEGER, label TEXT, PRIMARY KEY (n, label)) WITHOUT ROWID`,
		`CREATE TABLE listed (n INTEGER PRIMARY KEY)`,
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	return db
}

var (
	cities  = []string{"广州", "深圳", "Lyon", "O'Hare", ""}
	regions = []string{"广东", "广东/广州", "广东/广州/天河", "广东/深圳", "广", "Rhône"}
	likes   = []string{"tea", "咖啡", "wine", "run"}
)

func one[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }

// fill puts n customers into both, and lists every third.
func fill(t *testing.T, rng *rand.Rand, db *sql.DB, n int) (*segment.Index, segment.Set) {
	t.Helper()
	ix, err := segment.New(&segment.Options{Tags: segmentTags})
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	exec := func(statement string, args ...any) {
		_, err := tx.Exec(statement, args...)
		require.NoError(t, err)
	}
	var b segment.Batch
	var listed []customer.ID
	for i := range n {
		id := customer.FromInt64(int64(i))
		b.Add(id)
		row := make([]any, 11)
		row[0] = i
		set := func(at int, stored any, v customer.Value) {
			if rng.IntN(4) > 0 {
				row[at] = stored
				b.Set(id, segmentTags[at-1].Name, v)
			}
		}
		vip := rng.IntN(2)
		set(1, vip, customer.BoolValue(vip == 1))
		city, region := one(rng, cities), one(rng, regions)
		set(2, city, customer.TextValue(city))
		set(3, region, customer.TextValue(region))
		var mine []string
		for _, l := range likes {
			if rng.IntN(3) == 0 {
				mine = append(mine, l)
			}
		}
		set(4, 1, customer.LabelsValue(mine...))
		if row[4] != nil {
			for _, l := range mine {
				exec(`INSERT INTO liked VALUES (?, ?)`, i, l)
			}
		}
		orders, returns, spend, score := rng.Int64N(12)-1, rng.Int64N(12)-1, rng.Int64N(4000)-500, float64(rng.IntN(40)-8)/8
		set(5, orders, customer.Int64Value(orders))
		set(6, returns, customer.Int64Value(returns))
		set(7, spend, customer.DecimalValue(spend, 2))
		set(8, score, customer.Float64Value(score))
		seen := segmentNow.Unix() + rng.Int64N(80*86400) - 60*86400
		if rng.IntN(4) == 0 {
			seen -= seen % 86400
		}
		set(9, seen, customer.TimeValue(time.Unix(seen, 0)))
		born := time.Date(1950+rng.IntN(60), time.Month(1+rng.IntN(4)), 1+rng.IntN(30), rng.IntN(24), 0, 0, 0, time.UTC).Unix()
		set(10, born, customer.TimeValue(time.Unix(born, 0)))
		exec(`INSERT INTO c VALUES (?,?,?,?,?,?,?,?,?,?,?)`, row...)
		if i%3 == 0 {
			listed = append(listed, id)
			exec(`INSERT INTO listed VALUES (?)`, i)
		}
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, ix.Apply(t.Context(), &b))
	set, unknown, err := ix.Snapshot().SetOf(t.Context(), slices.Values(listed))
	require.NoError(t, err)
	require.Zero(t, unknown)
	return ix, set
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quotedAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return strings.Join(out, ", ")
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// both returns a random rule, twice.
func both(rng *rand.Rand, depth int) (segment.Rule, string) {
	if depth == 0 {
		r, condition := condition(rng)
		return r, "((" + condition + ") IS TRUE)"
	}
	var rules []segment.Rule
	var texts []string
	for range 1 + rng.IntN(4) {
		r, text := both(rng, rng.IntN(depth))
		rules, texts = append(rules, r), append(texts, text)
	}
	switch rng.IntN(5) {
	case 0:
		return segment.Not(rules[0]), "(NOT " + texts[0] + ")"
	case 1, 2:
		return segment.And(rules...), "(" + strings.Join(texts, " AND ") + ")"
	case 3:
		return segment.Or(rules...), "(" + strings.Join(texts, " OR ") + ")"
	}
	k := rng.IntN(len(rules) + 2)
	return segment.AtLeast(k, rules...), fmt.Sprintf("((%s) >= %d)", strings.Join(texts, " + "), k)
}

func condition(rng *rand.Rand) (segment.Rule, string) {
	compare := []func(string, any) segment.Rule{segment.Eq, segment.Ne, segment.Lt, segment.Le, segment.Gt, segment.Ge}
	signs := []string{"=", "<>", "<", "<=", ">", ">="}
	k := rng.IntN(6)
	switch rng.IntN(16) {
	case 0:
		return compare[k%2]("vip", true), "vip " + signs[k%2] + " 1"
	case 1:
		city := one(rng, cities)
		return compare[k%2]("city", city), "city " + signs[k%2] + " " + quoted(city)
	case 2:
		list := cities[:rng.IntN(len(cities)+1)]
		return segment.In("city", anys(list)...), "city IN (" + quotedAll(list) + ")"
	case 3:
		r := one(rng, regions)
		return segment.Eq("region", r), fmt.Sprintf("region = %s OR substr(region, 1, %d) = %s", quoted(r), len([]rune(r))+1, quoted(r+"/"))
	case 4:
		list := likes[:rng.IntN(len(likes)+1)]
		return segment.Has("likes", list...), "likes AND EXISTS (SELECT 1 FROM liked WHERE liked.n = c.n AND label IN (" + quotedAll(list) + "))"
	case 5:
		list := likes[:rng.IntN(3)]
		return segment.HasAll("likes", list...), fmt.Sprintf(
			"likes AND (SELECT count(*) FROM liked WHERE liked.n = c.n AND label IN (%s)) = %d", quotedAll(list), len(list))
	case 6:
		v := rng.IntN(14) - 2
		return compare[k]("orders", v), fmt.Sprintf("orders %s %d", signs[k], v)
	case 7: // a constant with more digits than the tag has
		v := rng.Int64N(50_000_000) - 6_000_000
		return compare[k]("spend", customer.DecimalValue(v, 6)), fmt.Sprintf("spend * 10000 %s %d", signs[k], v)
	case 8:
		v := float64(rng.IntN(44)-10) / 8
		return compare[k]("score", v), fmt.Sprintf("score %s %g", signs[k], v)
	case 9:
		lo, hi := rng.IntN(14)-2, rng.IntN(14)-2
		return segment.Between("orders", lo, hi), fmt.Sprintf("orders BETWEEN %d AND %d", lo, hi)
	case 10:
		name := segmentTags[rng.IntN(len(segmentTags))].Name
		if k%2 == 0 {
			return segment.IsSet(name), name + " IS NOT NULL"
		}
		return segment.Unset(name), name + " IS NULL"
	case 11:
		n := 1 + rng.IntN(40)
		midnight := segmentNow.Truncate(24 * time.Hour)
		from, to := midnight.AddDate(0, 0, 1-n).Unix(), midnight.AddDate(0, 0, 1).Unix()
		if k%2 == 0 {
			return segment.OlderThan("seen", segment.Days(n)), fmt.Sprintf("seen < %d", from)
		}
		return segment.Within("seen", segment.Days(n)), fmt.Sprintf("seen >= %d AND seen < %d", from, to)
	case 12:
		n := 1 + rng.IntN(600)
		return segment.Within("seen", segment.Hours(n)),
			fmt.Sprintf("%d - seen >= 0 AND %d - seen < %d", segmentNow.Unix(), segmentNow.Unix(), n*3600)
	case 13:
		n := 1 + rng.IntN(20)
		var days []string
		for i := range n {
			day := segmentNow.AddDate(0, 0, i)
			days = append(days, day.Format("01-02"))
			if next := day.AddDate(0, 0, 1); day.Format("01-02") == "02-28" && next.Day() == 1 {
				days = append(days, "02-29")
			}
		}
		return segment.Anniversary("born", n), "strftime('%m-%d', born, 'unixepoch') IN (" + quotedAll(days) + ")"
	case 14:
		pair := []func(string, string) segment.Rule{segment.EqTag, segment.NeTag, segment.LtTag, segment.LeTag}[k%4]
		if rng.IntN(2) == 0 {
			return pair("orders", "spend"), fmt.Sprintf("orders * 100 %s spend", signs[k%4])
		}
		return pair("orders", "returns"), fmt.Sprintf("orders %s returns", signs[k%4])
	}
	return segment.InSet("listed"), "n IN (SELECT n FROM listed)"
}

func TestSegmentIsSQL(t *testing.T) {
	for seed, n := range []int{900, 12_000} { // few and enough for bit slices
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		db := open(t)
		ix, listed := fill(t, rng, db, n)
		s := ix.Snapshot()
		rules := 900_000 / n
		none, all := 0, 0
		for range min(rules, 600) {
			r, where := both(rng, 3)
			q := segment.Query{
				Rule: r, AsOf: segmentNow, Location: time.UTC,
				Sets: func(context.Context, string) (segment.Set, error) { return listed, nil },
			}
			var got []int64
			for id, err := range s.Members(t.Context(), q) {
				require.NoError(t, err)
				k, _ := customer.ToInt64(id)
				got = append(got, k)
			}
			rows, err := db.Query("SELECT n FROM c WHERE " + where + " ORDER BY n")
			require.NoError(t, err, where)
			var want []int64
			for rows.Next() {
				var k int64
				require.NoError(t, rows.Scan(&k))
				want = append(want, k)
			}
			require.NoError(t, rows.Err())
			require.NoError(t, rows.Close())
			if !slices.Equal(want, got) {
				plan, _ := s.Explain(t.Context(), q)
				t.Fatalf("%s\n%s\nSQL %d, index %d\n%s", r, where, len(want), len(got), plan)
			}
			count, err := s.Count(t.Context(), q)
			require.NoError(t, err)
			require.Len(t, want, count)
			switch count {
			case 0:
				none++
			case n:
				all++
			}
		}
		require.Less(t, none+all, min(rules, 600)/2, "rules that select nobody or all show little")
	}
}
