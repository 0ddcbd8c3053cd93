package integration

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// The same customers in an index and in a table of SQLite, the same rules as a segment.Rule and as SQL, in which every
// condition is rendered as "(condition) IS TRUE", so that a NULL makes it false, as an unset tag does. What SQLite does not
// know is computed here: local days, and the buckets of samples.

var segmentTags = []segment.Tag{
	{Name: "vip", Kind: segment.Flag},
	{Name: "member", Kind: segment.Flag},
	{Name: "city", Kind: segment.Enum},
	{Name: "home", Kind: segment.Enum},
	{Name: "region", Kind: segment.Enum, Hierarchy: true},
	{Name: "likes", Kind: segment.Labels},
	{Name: "orders", Kind: segment.Integer},
	{Name: "returns", Kind: segment.Integer},
	{Name: "spend", Kind: segment.Decimal, Scale: 2},
	{Name: "score", Kind: segment.Float},
	{Name: "seen", Kind: segment.Time},
	{Name: "paid", Kind: segment.Time},
	{Name: "born", Kind: segment.Time},
}

var segmentNow = time.Date(2024, 2, 25, 15, 4, 5, 0, time.UTC)

// In Havana 10 March 2024 begins at one o'clock: the hour before is left out.
const summerZone = "America/Havana"

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for _, statement := range []string{
		`CREATE TABLE c (n INTEGER PRIMARY KEY, vip INTEGER, member INTEGER, city TEXT, home TEXT, region TEXT, likes INTEGER, orders INTEGER,
			returns INTEGER, spend INTEGER, score REAL, seen INTEGER, paid INTEGER, born INTEGER, utc TEXT, summer TEXT, spring INTEGER, autumn INTEGER)`,
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

// some returns some of them, be it none.
func some[T any](rng *rand.Rand, of []T) []T {
	of = slices.Clone(of)
	rng.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:rng.IntN(len(of)+1)]
}

// bucket returns which of 10,000 buckets Sample puts an id into: a promise to all machines, written anew.
func bucket(id customer.ID, salt string) int64 {
	mixed := func(z uint64) uint64 { // SplitMix64
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	key := sha256.Sum256([]byte(salt))
	half := func(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
	hash := new(big.Int).SetUint64(mixed(mixed(half(id[:8])^half(key[:8])) + half(id[8:]) ^ half(key[8:16])))
	return hash.Rsh(hash.Mul(hash, big.NewInt(10_000)), 64).Int64()
}

// fill puts n customers into both, and lists every third. Then every eleventh goes, and some of those come back with nothing
// but a flag.
func fill(t *testing.T, rng *rand.Rand, db *sql.DB, n int) (*segment.Index, segment.Set) {
	t.Helper()
	summer, err := time.LoadLocation(summerZone)
	require.NoError(t, err)
	ix, err := segment.New(&segment.Options{Tags: segmentTags})
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	prepared := func(statement string) func(args ...any) {
		st, err := tx.Prepare(statement)
		require.NoError(t, err)
		return func(args ...any) {
			_, err := st.Exec(args...)
			require.NoError(t, err)
		}
	}
	const width = 18
	insert := prepared(`INSERT INTO c VALUES (?` + strings.Repeat(", ?", width-1) + `)`)
	insertLiked, insertListed := prepared(`INSERT INTO liked VALUES (?, ?)`), prepared(`INSERT INTO listed VALUES (?)`)
	var b segment.Batch
	var listed []customer.ID
	for i := range n {
		id := customer.FromInt64(int64(i))
		b.Add(id)
		row := make([]any, width)
		row[0], row[16], row[17] = i, bucket(id, "spring"), bucket(id, "autumn")
		set := func(tag string, stored any, v customer.Value) (is bool) {
			if is = rng.IntN(4) > 0; is {
				row[1+slices.IndexFunc(segmentTags, func(t segment.Tag) bool { return t.Name == tag })] = stored
				b.Set(id, tag, v)
			}
			return is
		}
		for _, tag := range []string{"vip", "member"} {
			yes := rng.IntN(2)
			set(tag, yes, customer.BoolValue(yes == 1))
		}
		for _, tag := range []string{"city", "home"} {
			city := one(rng, cities)
			set(tag, city, customer.TextValue(city))
		}
		region := one(rng, regions)
		set("region", region, customer.TextValue(region))
		mine := some(rng, likes)
		if set("likes", 1, customer.LabelsValue(mine...)) {
			for _, l := range mine {
				insertLiked(i, l)
			}
		}
		orders, returns, spend, score := rng.Int64N(12)-1, rng.Int64N(12)-1, rng.Int64N(4000)-500, float64(rng.IntN(40)-8)/8
		set("orders", orders, customer.Int64Value(orders))
		set("returns", returns, customer.Int64Value(returns))
		set("spend", spend, customer.DecimalValue(spend, 2))
		set("score", score, customer.Float64Value(score))
		seen, paid := randomInstant(rng), randomInstant(rng)
		if rng.IntN(4) == 0 {
			paid = seen
		}
		set("seen", seen, customer.TimeValue(time.Unix(seen, 0)))
		set("paid", paid, customer.TimeValue(time.Unix(paid, 0)))
		born := time.Date(1950+rng.IntN(60), time.Month(1+rng.IntN(4)), 1+rng.IntN(30), rng.IntN(24), 0, 0, 0, time.UTC)
		if set("born", born.Unix(), customer.TimeValue(born)) {
			row[14], row[15] = born.Format("01-02"), born.In(summer).Format("01-02")
		}
		insert(row...)
		if i%3 == 0 {
			listed = append(listed, id)
			insertListed(i)
		}
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	set, unknown, err := ix.Snapshot().SetOf(t.Context(), slices.Values(listed))
	require.NoError(t, err)
	require.Zero(t, unknown)
	b.Reset()
	for i := 5; i < n; i += 11 {
		b.Delete(customer.FromInt64(int64(i)))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	b.Reset()
	for _, table := range []string{"c", "liked", "listed"} {
		prepared(`DELETE FROM ` + table + ` WHERE n % 11 = 5`)()
	}
	comeBack := prepared(`INSERT INTO c (n, vip, spring, autumn) VALUES (?, 1, ?, ?)`)
	for i := 5; i < n; i += 55 {
		id := customer.FromInt64(int64(i))
		b.Set(id, "vip", customer.BoolValue(true))
		comeBack(i, bucket(id, "spring"), bucket(id, "autumn"))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.NoError(t, tx.Commit())
	return ix, set
}

// randomInstant returns a time of the last sixty days or the next twenty in seconds, now and then a full hour.
func randomInstant(rng *rand.Rand) int64 {
	at := segmentNow.Unix() + rng.Int64N(80*86400) - 60*86400
	if rng.IntN(3) == 0 {
		at -= at % 3600
	}
	return at
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quotedAll(list []string) string { return joined(list, quoted) }

func joined[T any](list []T, text func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	return strings.Join(out, ", ")
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// asker asks random questions twice, as a rule and as SQL, in one zone. Not safe for concurrent use.
type asker struct {
	*rand.Rand
	loc   *time.Location
	month string // the column of month and day of birth in loc
	seg   map[string]segment.Rule
	sql   map[string]string // the same
}

// start returns the second at which a day begins that is so many days from today: no clock shows an earlier time of it.
func (a *asker) start(days int) int64 {
	year, month, day := segmentNow.In(a.loc).Date()
	at := time.Date(year, month, day+days, 12, 0, 0, 0, a.loc)
	for before := at; before.Day() == at.Day(); before = before.Add(-15 * time.Minute) {
		at = before
	}
	return at.Unix()
}

// both returns a random rule, twice.
func (a *asker) both(depth int) (segment.Rule, string) {
	if depth == 0 {
		r, condition := a.condition()
		return r, "((" + condition + ") IS TRUE)"
	}
	var rules []segment.Rule
	var texts []string
	for range 1 + a.IntN(4) {
		r, text := a.both(a.IntN(depth))
		rules, texts = append(rules, r), append(texts, text)
	}
	switch a.IntN(5) {
	case 0:
		return segment.Not(rules[0]), "(NOT " + texts[0] + ")"
	case 1, 2:
		return segment.And(rules...), "(" + strings.Join(texts, " AND ") + ")"
	case 3:
		return segment.Or(rules...), "(" + strings.Join(texts, " OR ") + ")"
	}
	k := a.IntN(len(rules) + 2)
	return segment.AtLeast(k, rules...), fmt.Sprintf("((%s) >= %d)", strings.Join(texts, " + "), k)
}

var (
	comparisons = []func(string, any) segment.Rule{segment.Eq, segment.Ne, segment.Lt, segment.Le, segment.Gt, segment.Ge}
	pairs       = []func(string, string) segment.Rule{segment.EqTag, segment.NeTag, segment.LtTag, segment.LeTag, segment.GtTag, segment.GeTag}
	signs       = []string{"=", "<>", "<", "<=", ">", ">="}
)

func (a *asker) condition() (segment.Rule, string) {
	k := a.IntN(6)
	switch a.IntN(16) {
	case 0:
		vip := a.IntN(2)
		return comparisons[k%2]("vip", vip == 1), fmt.Sprintf("vip %s %d", signs[k%2], vip)
	case 1:
		city := one(a.Rand, cities)
		return comparisons[k%2]("city", city), "city " + signs[k%2] + " " + quoted(city)
	case 2:
		list := some(a.Rand, cities)
		return a.in("city", anys(list), "city IN ("+quotedAll(list)+")")
	case 3:
		return a.regions()
	case 4:
		list := some(a.Rand, likes)
		return segment.Has("likes", list...), "likes AND EXISTS (SELECT 1 FROM liked WHERE liked.n = c.n AND label IN (" + quotedAll(list) + "))"
	case 5:
		list := some(a.Rand, likes)
		return segment.HasAll("likes", list...), fmt.Sprintf(
			"likes AND (SELECT count(*) FROM liked WHERE liked.n = c.n AND label IN (%s)) = %d", quotedAll(list), len(list))
	case 6, 7:
		return a.number()
	case 8, 9:
		return a.time()
	case 10, 11:
		return a.window()
	case 12:
		return a.pair()
	case 13:
		name := one(a.Rand, segmentTags).Name
		if k%2 == 0 {
			return segment.IsSet(name), name + " IS NOT NULL"
		}
		return segment.Unset(name), name + " IS NULL"
	case 14:
		share := a.IntN(10_001)
		salt := []string{"spring", "autumn"}[k%2]
		return segment.Sample(float64(share)/100, salt), fmt.Sprintf("%s < %d", salt, share)
	}
	if len(a.seg) > 0 && k%2 == 0 {
		name := []string{"one", "two"}[a.IntN(2)]
		return segment.Segment(name), a.sql[name]
	}
	return segment.InSet("listed"), "n IN (SELECT n FROM listed)"
}

// in returns In of a tag, or NotIn.
func (a *asker) in(tag string, values []any, is string) (segment.Rule, string) {
	if a.IntN(2) == 0 {
		return segment.In(tag, values...), is
	}
	return segment.NotIn(tag, values...), tag + " IS NOT NULL AND NOT (" + is + ")"
}

// between returns Between of a tag, or NotBetween.
func (a *asker) between(tag string, lo, hi any, is string) (segment.Rule, string) {
	if a.IntN(2) == 0 {
		return segment.Between(tag, lo, hi), is
	}
	return segment.NotBetween(tag, lo, hi), tag + " IS NOT NULL AND NOT (" + is + ")"
}

func (a *asker) regions() (segment.Rule, string) {
	list := some(a.Rand, regions)
	if a.IntN(2) == 0 {
		list = []string{one(a.Rand, regions)}
	}
	var under strings.Builder
	under.WriteString("FALSE")
	for _, r := range list {
		under.WriteString(fmt.Sprintf(" OR region = %s OR substr(region, 1, %d) = %s", quoted(r), len([]rune(r))+1, quoted(r+"/")))
	}
	switch {
	case len(list) != 1:
		return a.in("region", anys(list), under.String())
	case a.IntN(2) == 0:
		return segment.Ne("region", list[0]), "region IS NOT NULL AND NOT (" + under.String() + ")"
	}
	return segment.Eq("region", list[0]), under.String()
}

// number compares a number with constants, of decimals also some with more digits than the tag has.
func (a *asker) number() (segment.Rule, string) {
	type constant struct {
		given any
		text  string
	}
	var tag, column string
	var random func() constant
	switch a.IntN(4) {
	case 0, 1:
		tag, column = []string{"orders", "returns"}[a.IntN(2)], ""
		random = func() constant {
			v := a.IntN(14) - 2
			return constant{v, fmt.Sprint(v)}
		}
	case 2:
		tag, column = "spend", "spend * 10000"
		random = func() constant {
			v := a.Int64N(50_000_000) - 6_000_000
			if a.IntN(2) == 0 {
				v -= v % 10_000
			}
			return constant{customer.DecimalValue(v, 6), fmt.Sprint(v)}
		}
	default:
		tag = "score"
		random = func() constant {
			v := float64(a.IntN(44)-10) / 8
			return constant{v, fmt.Sprint(v)}
		}
	}
	if column == "" {
		column = tag
	}
	switch a.IntN(3) {
	case 0:
		k, v := a.IntN(6), random()
		return comparisons[k](tag, v.given), column + " " + signs[k] + " " + v.text
	case 1:
		lo, hi := random(), random()
		return a.between(tag, lo.given, hi.given, fmt.Sprintf("%s BETWEEN %s AND %s", column, lo.text, hi.text))
	}
	var values []any
	var texts []string
	for range a.IntN(12) {
		v := random()
		values, texts = append(values, v.given), append(texts, v.text)
	}
	return a.in(tag, values, column+" IN ("+strings.Join(texts, ", ")+")")
}

// moment returns a constant to compare a time with, and the first second from which a time is not before it and the first
// that is after it: a local day, or an instant, which may lie between two seconds.
func (a *asker) moment() (given any, from, to int64) {
	if a.IntN(2) == 0 {
		days := a.IntN(80) - 60
		if a.IntN(4) == 0 {
			days = 13 + a.IntN(3) // about 10 March
		}
		return segmentNow.In(a.loc).AddDate(0, 0, days).Format(time.DateOnly), a.start(days), a.start(days + 1)
	}
	at := randomInstant(a.Rand)
	if a.IntN(4) == 0 {
		return time.Unix(at, 5e8), at + 1, at + 1
	}
	return time.Unix(at, 0), at, at + 1
}

// time compares a time with constants.
func (a *asker) time() (segment.Rule, string) {
	tag := []string{"seen", "paid"}[a.IntN(2)]
	given, from, to := a.moment()
	switch a.IntN(3) {
	case 0:
		k := a.IntN(6)
		before, notBefore := fmt.Sprintf("%s < %d", tag, from), fmt.Sprintf("%s >= %d", tag, from)
		after, notAfter := fmt.Sprintf("%s >= %d", tag, to), fmt.Sprintf("%s < %d", tag, to)
		return comparisons[k](tag, given), []string{
			notBefore + " AND " + notAfter, before + " OR " + after, before, notAfter, after, notBefore,
		}[k]
	case 1:
		last, _, end := a.moment()
		return a.between(tag, given, last, fmt.Sprintf("%s >= %d AND %s < %d", tag, from, tag, end))
	}
	values, is := []any{given}, fmt.Sprintf("%s >= %d AND %s < %d", tag, from, tag, to)
	for range a.IntN(8) {
		given, from, to := a.moment()
		values, is = append(values, given), is+fmt.Sprintf(" OR %s >= %d AND %s < %d", tag, from, tag, to)
	}
	return a.in(tag, values, is)
}

// window asks for a time by its distance from now.
func (a *asker) window() (segment.Rule, string) {
	tag := []string{"seen", "paid"}[a.IntN(2)]
	days, hours, now := 1+a.IntN(40), 1+a.IntN(600), segmentNow.Unix()
	between := func(from, to int64) string { return fmt.Sprintf("%s >= %d AND %s < %d", tag, from, tag, to) }
	switch a.IntN(7) {
	case 0:
		return segment.Within(tag, segment.Days(days)), between(a.start(1-days), a.start(1))
	case 1:
		return segment.OlderThan(tag, segment.Days(days)), fmt.Sprintf("%s < %d", tag, a.start(1-days))
	case 2:
		return segment.WithinNext(tag, segment.Days(days)), between(a.start(0), a.start(days))
	case 3: // an age of at least 0 and below so many hours
		return segment.Within(tag, segment.Hours(hours)), fmt.Sprintf("%d - %s >= 0 AND %d - %s < %d", now, tag, now, tag, hours*3600)
	case 4:
		return segment.OlderThan(tag, segment.Hours(hours)), fmt.Sprintf("%d - %s >= %d", now, tag, hours*3600)
	case 5:
		return segment.WithinNext(tag, segment.Hours(hours)), fmt.Sprintf("%s - %d >= 0 AND %s - %d < %d", tag, now, tag, now, hours*3600)
	}
	var on []string
	for i := range 1 + a.IntN(20) {
		day := segmentNow.In(a.loc).AddDate(0, 0, i)
		on = append(on, day.Format("01-02"))
		if next := day.AddDate(0, 0, 1); day.Format("01-02") == "02-28" && next.Day() == 1 {
			on = append(on, "02-29")
		}
		days = i + 1
	}
	return segment.Anniversary("born", days), a.month + " IN (" + quotedAll(on) + ")"
}

// pair compares two tags.
func (a *asker) pair() (segment.Rule, string) {
	k := a.IntN(6)
	switch a.IntN(6) {
	case 0:
		return pairs[k]("orders", "spend"), fmt.Sprintf("orders * 100 %s spend", signs[k])
	case 1:
		return pairs[k]("orders", "returns"), fmt.Sprintf("orders %s returns", signs[k])
	case 2:
		return pairs[k]("score", "orders"), fmt.Sprintf("score %s orders", signs[k])
	case 3:
		return pairs[k]("seen", "paid"), fmt.Sprintf("seen %s paid", signs[k])
	case 4:
		return pairs[k%2]("city", "home"), fmt.Sprintf("city %s home", signs[k%2])
	}
	return pairs[k%2]("vip", "member"), fmt.Sprintf("vip %s member", signs[k%2])
}

func TestSegmentIsSQL(t *testing.T) {
	summer, err := time.LoadLocation(summerZone)
	require.NoError(t, err)
	asked, none, all := 0, 0, 0
	for seed, n := range []int{900, 12_000, 70_000} { // few, enough for bit slices, and two chunks
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		db := open(t)
		ix, listed := fill(t, rng, db, n)
		s := ix.Snapshot()
		rules := min(900_000/n, 600)
		for i := range rules {
			a := &asker{Rand: rng, loc: time.UTC, month: "utc", seg: map[string]segment.Rule{}, sql: map[string]string{}}
			if i%2 == 1 {
				a.loc, a.month = summer, "summer"
			}
			one, oneSQL := a.both(1)
			two, twoSQL := a.both(1)
			a.seg, a.sql = map[string]segment.Rule{"one": one, "two": two}, map[string]string{"one": oneSQL, "two": twoSQL}
			r, where := a.both(3)
			q := segment.Query{
				Rule: r, AsOf: segmentNow, Location: a.loc,
				Sets:     func(context.Context, string) (segment.Set, error) { return listed, nil },
				Segments: func(name string) (segment.Rule, error) { return a.seg[name], nil },
			}
			var got []int64
			for id, err := range s.Members(t.Context(), q) {
				require.NoError(t, err)
				k, _ := customer.ToInt64(id)
				got = append(got, k)
			}
			slices.Sort(got) // those who came back come last
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
				t.Fatalf("%s\n%s\n%s: SQL %d, index %d\n%s", r, where, a.loc, len(want), len(got), plan)
			}
			count, err := s.Count(t.Context(), q)
			require.NoError(t, err)
			require.Len(t, want, count)
			switch count {
			case 0:
				none++
			case s.Len():
				all++
			}
		}
		asked += rules
	}
	require.Less(t, none+all, asked/2, "rules that select nobody or all show little")
}
