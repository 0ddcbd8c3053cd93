package churn

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/table"
)

// This file holds an obvious slow version of a log, and random events to compare with.

// slowLog returns the records of each customer in order, and the report.
func slowLog(all []Event[int], o *LogOptions[int]) (records map[int][]Record, r LogReport) {
	records = map[int][]Record{}
	r.Events = int64(len(all))
	for _, e := range all {
		e.Time, e.Arrived = e.Time.Truncate(time.Second), e.Arrived.Truncate(time.Second)
		switch {
		case e.Time.IsZero():
			r.NoTime++
		case !o.Since.IsZero() && e.Time.Before(o.Since):
			r.Early++
		case !e.Time.Before(o.Until):
			r.Late++
		case e.Amount < 0:
			r.Negative++
		default:
			rec := Record{
				Time: e.Time.In(o.Location), Day: DayOf(e.Time, o.Location), Arrived: e.Time.In(o.Location),
				Kind: cmp.Or(e.Kind, Purchase), Amount: e.Amount, Channel: e.Channel, Category: e.Category,
			}
			if e.Arrived.After(e.Time) {
				rec.Arrived = e.Arrived.In(o.Location)
			}
			if DayOf(rec.Arrived, o.Location) > rec.Day {
				r.Delayed++
			}
			r.Kept++
			records[e.Customer] = append(records[e.Customer], rec)
		}
	}
	r.Customers = len(records)
	for _, rs := range records {
		slices.SortFunc(rs, func(a, b Record) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Channel, b.Channel),
				cmp.Compare(a.Category, b.Category), cmp.Compare(a.Amount, b.Amount), a.Arrived.Compare(b.Arrived))
		})
	}
	return records, r
}

// slowSplit returns of the records of a customer those known at a cut-off, the indexes being
// those of days, the number of those in the window not known yet, and those of the days after.
func slowSplit(all []Record, cutoff Day, window, ahead int, loc *time.Location) (past, future []Record, unknown int) {
	for _, r := range all {
		switch {
		case r.Day >= cutoff:
			if r.Day < cutoff+Day(ahead) {
				future = append(future, r)
			}
		case window > 0 && r.Day < cutoff-Day(window):
		case r.Arrived.Before(cutoff.Start(loc)):
			past = append(past, r)
		default:
			unknown++
		}
	}
	return past, future, unknown
}

// logZones are where days are not always 24 hours long, and one where they are.
func logZones(t testing.TB) []*time.Location {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Europe/London", "America/St_Johns", "Pacific/Apia", "Asia/Shanghai", "Australia/Lord_Howe"} {
		loc, err := time.LoadLocation(name)
		require.NoError(t, err)
		zones = append(zones, loc)
	}
	return zones
}

// randomEvents returns events of a few customers of October to January 2011, with many at the same second, some
// late, some faulty and some from outside of what is observed.
func randomEvents(r *rand.Rand, n int, loc *time.Location) []Event[int] {
	start := time.Date(2011, 10, 1, 0, 0, 0, 0, loc)
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	all := make([]Event[int], n)
	for i := range all {
		at := start.Add(time.Duration(r.IntN(100*24)) * time.Hour).Add(time.Duration(r.IntN(3)) * time.Second / 2)
		e := Event[int]{
			Customer: r.IntN(8) - 2,
			Time:     at,
			Kind:     pick("", Purchase, Refund, Contact, "visit"),
			Amount:   int64(r.IntN(4)) * 100,
			Channel:  pick("", "web", "store"),
			Category: pick("", "b", "a"),
		}
		switch r.IntN(6) {
		case 0:
			e.Arrived = at.Add(time.Duration(r.IntN(20*24)) * time.Hour)
		case 1:
			e.Arrived = at.Add(-time.Hour)
		}
		switch r.IntN(40) {
		case 0:
			e.Time = time.Time{}
		case 1:
			e.Amount = -1
		}
		all[i] = e
	}
	return all
}

// randomOptions observe most of what randomEvents returns.
func randomOptions(loc *time.Location) *LogOptions[int] {
	return &LogOptions[int]{
		Location: loc, Compare: cmp.Compare[int],
		Since: time.Date(2011, 10, 5, 0, 0, 0, 0, loc), Until: time.Date(2012, 1, 5, 0, 0, 0, 0, loc),
	}
}

// toColumns returns the events as columns whose names are in an order of their own, with some that
// no event has and some twice, of which both are used.
func toColumns(all []Event[int]) *table.Events[int] {
	c := &table.Events[int]{
		KindNames:     []string{"visit", "unused", Refund, Purchase, Contact, "", Purchase},
		ChannelNames:  []string{"web", "unused", "", "store", "web"},
		CategoryNames: []string{"b", "unused", "", "a", "b"},
	}
	for i, e := range all {
		index := func(names []string, text string) int32 {
			if text == "" && i%3 == 0 {
				return -1
			}
			if i%2 == 0 {
				return int32(slices.Index(names, text))
			}
			last := len(names) - 1
			for names[last] != text {
				last--
			}
			return int32(last)
		}
		c.Customers, c.Amounts = append(c.Customers, e.Customer), append(c.Amounts, e.Amount)
		c.Times, c.Arrived = append(c.Times, civil.Unix(e.Time)), append(c.Arrived, civil.Unix(e.Arrived))
		c.Kinds = append(c.Kinds, index(c.KindNames, e.Kind))
		c.Channels = append(c.Channels, index(c.ChannelNames, e.Channel))
		c.Categories = append(c.Categories, index(c.CategoryNames, e.Category))
	}
	return c
}

// sameLog requires that two logs hold the same, bit for bit.
func sameLog[K comparable](t testing.TB, want, got *Log[K], about ...any) {
	t.Helper()
	require.Equal(t, want.report, got.report, about...)
	require.Equal(t, want.customers, got.customers, about...)
	require.Equal(t, want.first, got.first, about...)
	require.Equal(t, want.starts, got.starts, about...)
	require.Equal(t, want.events, got.events, about...)
	require.Equal(t, []Day{want.since, want.until}, []Day{got.since, got.until}, about...)
}

// requireAddsUp requires that nothing is lost, and that the columns of the log fit together.
func requireAddsUp[K comparable](t testing.TB, l *Log[K]) {
	t.Helper()
	r, e := l.Report(), &l.events
	require.Equal(t, r.Events, r.Kept+r.NoCustomer+r.NoTime+r.Early+r.Late+r.Negative)
	require.LessOrEqual(t, r.Delayed, r.Kept)
	n := int(r.Kept)
	require.Equal(t, r.Customers, len(l.customers))
	require.Len(t, l.first, r.Customers+1)
	require.Equal(t, []int{0, n}, []int{l.first[0], l.first[r.Customers]})
	for _, length := range []int{len(e.unix), len(e.day), len(e.kind), len(e.amount), len(e.channel), len(e.category)} {
		require.Equal(t, n, length)
	}
	require.Len(t, l.starts, int(l.until-l.since)+1)
	require.True(t, slices.IsSorted(l.starts))
	for _, names := range [][]string{e.kinds, e.channels, e.categories} {
		require.True(t, slices.IsSorted(names))
		require.NotContains(t, names, "")
	}
	for c := range l.customers {
		require.Less(t, l.first[c], l.first[c+1])
		require.True(t, slices.IsSorted(e.unix[l.first[c]:l.first[c+1]]))
		require.True(t, c == 0 || l.compare(l.customers[c-1], l.customers[c]) < 0)
	}
	for i, unix := range e.unix {
		day := Day(e.day[i])
		ok := day == DayOf(time.Unix(unix, 0), l.location) && day >= l.since && day < l.until &&
			unix >= l.start(day) && unix < l.start(day+1) &&
			(e.arrived == nil || e.arrived[i] >= unix) &&
			e.amount[i] >= 0 && int(e.kind[i]) < len(e.kinds) &&
			e.channel[i] >= -1 && int(e.channel[i]) < len(e.channels) &&
			e.category[i] >= -1 && int(e.category[i]) < len(e.categories)
		if !ok {
			require.Fail(t, "columns do not fit together", "event %d", i)
		}
	}
}

func TestLogEqualsSlowLog(t *testing.T) {
	for z, loc := range logZones(t) {
		t.Run(loc.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(z), 1))
			for range 10 {
				all, o := randomEvents(r, 1+r.IntN(400), loc), randomOptions(loc)
				want, report := slowLog(all, o)
				l, err := NewLog(t.Context(), slices.Values(all), o)
				require.NoError(t, err)
				require.Equal(t, report, l.Report())
				requireAddsUp(t, l)
				for c, id := range l.Customers() {
					past, _ := l.view().past(c, l.Until(), 0)
					for i := range l.first[c+1] - l.first[c] {
						require.Equal(t, want[id][i], l.events.record(l.first[c]+i, loc))
					}
					known, _, _ := slowSplit(want[id], l.Until(), 0, 0, loc)
					require.Equal(t, known, slices.Collect(past.All()))
				}
				fromColumns, err := NewLogColumns(t.Context(), toColumns(all), o)
				require.NoError(t, err)
				sameLog(t, l, fromColumns)
			}
		})
	}
}

func TestLogDoesNotDependOnOrderOrWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{0, 1, 100, shardRows} {
		all, o := randomEvents(r, n, time.UTC), randomOptions(time.UTC)
		if n == shardRows { // many customers in several shards
			for i := range all {
				all[i].Customer = r.IntN(500)
			}
		}
		want, err := NewLogColumns(t.Context(), toColumns(all), o)
		require.NoError(t, err)
		requireAddsUp(t, want)
		for _, workers := range []int{1, 2, 3, 8} {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			o.Workers = workers
			got, err := NewLogColumns(t.Context(), toColumns(all), o)
			require.NoError(t, err)
			sameLog(t, want, got, fmt.Sprintf("%d events, %d workers", n, workers))
		}
	}
}
