package churn

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/civil/civiltest"
	"github.com/clientele-go/clientele/table"
)

func at(day, hour int) time.Time { return time.Date(2024, 3, day, hour, 0, 0, 0, time.UTC) }

// marchOptions observe March 2024 in UTC.
func marchOptions[K cmp.Ordered]() *LogOptions[K] {
	return &LogOptions[K]{Location: time.UTC, Since: at(1, 0), Until: at(32, 0), Compare: cmp.Compare[K]}
}

// marchEvents returns n purchases at noon of the first days.
func marchEvents(days ...int) *table.Events[string] {
	c := new(table.Events[string])
	for _, d := range days {
		c.Customers, c.Times = append(c.Customers, "a"), append(c.Times, at(d, 12).Unix())
	}
	return c
}

func TestLogOptionsFaults(t *testing.T) {
	full := func(change func(o *LogOptions[string])) *LogOptions[string] {
		o := marchOptions[string]()
		change(o)
		return o
	}
	for name, c := range map[string]struct {
		o    *LogOptions[string]
		want []string // one a line
	}{
		"nil":           {nil, []string{"Location is required", "Until is required", "Compare is required"}},
		"empty":         {&LogOptions[string]{}, []string{"Location is required", "Until is required", "Compare is required"}},
		"no location":   {full(func(o *LogOptions[string]) { o.Location = nil }), []string{"Location is required"}},
		"until first":   {full(func(o *LogOptions[string]) { o.Until = at(1, 0).Add(-1) }), []string{"Until is before Since"}},
		"no whole day":  {full(func(o *LogOptions[string]) { o.Since, o.Until = at(2, 1), at(2, 23) }), []string{"Until is before Since"}},
		"too long":      {full(func(o *LogOptions[string]) { o.Until = time.Date(4900, 1, 1, 0, 0, 0, 0, time.UTC) }), []string{"after Since"}},
		"until far off": {full(func(o *LogOptions[string]) { o.Until = time.Unix(1<<60, 0) }), []string{"LogOptions.Until is more than", "after Since"}},
		"since far off": {full(func(o *LogOptions[string]) { o.Since = time.Unix(-1<<60, 0) }), []string{"LogOptions.Since is more than", "after Since"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewLogColumns(t.Context(), marchEvents(), c.o)
			require.ErrorIs(t, err, ErrOptions)
			require.Equal(t, err, c.o.Validate())
			_, err = NewLog(t.Context(), slices.Values([]Event[string]{}), c.o)
			require.ErrorIs(t, err, ErrOptions)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(c.want))
			for i, line := range lines {
				require.Contains(t, line, c.want[i])
				require.True(t, strings.HasPrefix(line, "churn: invalid options: LogOptions."), line)
			}
		})
	}
}

func TestLogRoundsToMidnight(t *testing.T) {
	day := func(d int) Day { return Date(2024, time.March, d) }
	for name, c := range map[string]struct {
		since, until time.Time
		first, last  Day // observed: first to before last
		early, late  int64
	}{
		"midnights":             {at(2, 0), at(5, 0), day(2), day(5), 1, 2},
		"since up":              {at(1, 0).Add(1), at(5, 0), day(2), day(5), 1, 2},
		"until down":            {at(2, 0), at(6, 0).Add(-1), day(2), day(5), 1, 2},
		"no since":              {time.Time{}, at(5, 0), day(1), day(5), 0, 2},
		"nothing before until":  {time.Time{}, at(1, 5), day(1), day(1), 0, 6},
		"one day":               {at(3, 0), at(4, 0), day(3), day(4), 2, 3},
		"none between midnight": {at(3, 0), at(3, 9), day(3), day(3), 2, 4},
	} {
		t.Run(name, func(t *testing.T) {
			o := marchOptions[string]()
			o.Since, o.Until = c.since, c.until
			l, err := NewLogColumns(t.Context(), marchEvents(1, 2, 3, 4, 5, 6), o)
			require.NoError(t, err)
			require.Equal(t, []Day{c.first, c.last}, []Day{l.Since(), l.Until()})
			r := l.Report()
			require.Equal(t, []int64{c.early, c.late, 6 - c.early - c.late}, []int64{r.Early, r.Late, r.Kept})
			requireAddsUp(t, l)
		})
	}
}

func TestLogReport(t *testing.T) {
	all := []Event[string]{
		{Customer: "b", Time: at(3, 1), Amount: 5},
		{Customer: "a", Time: at(4, 1), Arrived: at(4, 2), Kind: Refund},
		{Customer: "a", Time: at(3, 1), Arrived: at(5, 0), Kind: "é", Channel: "web", Category: "x"},
		{Time: at(3, 1)},
		{Amount: -1},
		{Customer: "a"},
		{Customer: "a", Amount: -1},
		{Customer: "a", Time: at(1, 0).Add(-1), Amount: -1},
		{Customer: "a", Time: at(32, 0), Amount: -1},
		{Customer: "a", Time: at(3, 0), Amount: -1, Kind: "of a faulty event"},
	}
	l, err := NewLog(t.Context(), slices.Values(all), marchOptions[string]())
	require.NoError(t, err)
	require.Equal(t, LogReport{
		Events: 10, Kept: 3, NoCustomer: 2, NoTime: 2, Early: 1, Late: 1, Negative: 1, Delayed: 1, Customers: 2,
	}, l.Report())
	requireAddsUp(t, l)
	require.Equal(t, []string{"a", "b"}, l.Customers())
	require.Equal(t, []string{Purchase, Refund, "é"}, l.events.kinds)
	require.Equal(t, time.UTC, l.Location())
	past, unknown := l.view().past(0, Date(2024, 3, 5), 0)
	require.Equal(t, 1, unknown, "arrived with the first instant of the cut-off")
	require.Equal(t, []Record{
		{Time: at(4, 1), Day: Date(2024, 3, 4), Arrived: at(4, 2), Kind: Refund},
	}, slices.Collect(past.All()))
	past, unknown = l.view().past(0, Date(2024, 3, 6), 0)
	require.Zero(t, unknown)
	require.Equal(t, Record{
		Time: at(3, 1), Day: Date(2024, 3, 3), Arrived: at(5, 0), Kind: "é", Channel: "web", Category: "x",
	}, past.At(0))
}

func TestLogSecondsAreFloors(t *testing.T) {
	o := &LogOptions[int]{Location: time.UTC, Since: time.Unix(-1e6, 0), Until: time.Unix(1e6, 0), Compare: cmp.Compare[int]}
	all := []Event[int]{
		{Time: time.Unix(-1, 5e8), Arrived: time.Unix(-1, 7e8)},
		{Time: time.Unix(0, 999_999_999), Arrived: time.Unix(1, 1)},
	}
	l, err := NewLog(t.Context(), slices.Values(all), o)
	require.NoError(t, err)
	require.Equal(t, []int64{-1, 0}, l.events.unix)
	require.Equal(t, []int64{-1, 1}, l.events.arrived)
	require.EqualValues(t, []int32{-1, 0}, []int32{int32(l.events.day[0]), int32(l.events.day[1])})
	require.Zero(t, l.Report().Delayed)
}

func TestLogDays(t *testing.T) {
	for _, c := range civiltest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			at := c.At.Truncate(time.Second)
			next := DayOf(c.Next, c.Location)
			o := &LogOptions[int]{Location: c.Location, Until: c.Next, Since: c.Start, Compare: cmp.Compare[int]}
			l, err := NewLog(t.Context(), slices.Values([]Event[int]{{Time: at}, {Time: c.Start.Add(-1)}, {Time: c.Next}}), o)
			require.NoError(t, err)
			if at.IsZero() {
				require.EqualValues(t, 1, l.Report().NoTime, "the zero time is none")
				return
			}
			require.Equal(t, LogReport{Events: 3, Kept: 1, Early: 1, Late: 1, Customers: 1}, l.Report())
			v := l.view()
			h, _ := v.past(0, next, 0)
			require.Equal(t, c.Day, h.At(0).Day.String())
			require.Equal(t, c.Start.Unix(), l.start(l.Since()))
			require.Equal(t, c.Next.Unix(), l.start(l.Until()))
			h, _ = v.past(0, l.Since(), 0)
			require.Zero(t, h.Len())
		})
	}
}

func TestLogNobody(t *testing.T) {
	counts := func(l LogReport, err error) []int64 {
		require.NoError(t, err)
		return []int64{l.Kept, l.NoCustomer}
	}
	require.Equal(t, []int64{1, 1}, counts(offer(t, []string{"", "a"}, cmp.Compare)), "the empty string")
	require.Equal(t, []int64{2, 0}, counts(offer(t, []int64{0, -1}, cmp.Compare)), "0 is a number like any other")
	require.Equal(t, []int64{2, 1}, counts(offer(t, []float64{0, math.NaN(), math.Inf(1)}, cmp.Compare)), "not a number")
	type uuid [16]byte
	compare := func(a, b uuid) int { return slices.Compare(a[:], b[:]) }
	require.Equal(t, []int64{1, 1}, counts(offer(t, []uuid{{}, {15: 1}}, compare)), "the zero array")
	type pair struct {
		shop string
		id   float64
	}
	pairs := func(a, b pair) int { return cmp.Or(cmp.Compare(a.shop, b.shop), cmp.Compare(a.id, b.id)) }
	require.Equal(t, []int64{2, 1}, counts(offer(t, []pair{{}, {"x", 1}, {"x", math.NaN()}}, pairs)), "a struct that does not equal itself")
}

func offer[K comparable](t *testing.T, customers []K, compare func(a, b K) int) (LogReport, error) {
	c := &table.Events[K]{Customers: customers, Times: make([]int64, len(customers))}
	for i := range c.Times {
		c.Times[i] = at(2, 2).Unix()
	}
	l, err := NewLogColumns(t.Context(), c, &LogOptions[K]{Location: time.UTC, Until: at(9, 0), Compare: compare})
	if err != nil {
		return LogReport{}, err
	}
	requireAddsUp(t, l)
	return l.Report(), nil
}

func TestLogErrors(t *testing.T) {
	kinds := func(n int) *table.Events[string] {
		c := marchEvents(make([]int, n)...)
		for i := range n {
			c.Times[i] = at(3, 3).Unix()
			c.Kinds, c.KindNames = append(c.Kinds, int32(i)), append(c.KindNames, strconv.Itoa(i))
		}
		return c
	}
	change := func(c *table.Events[string], f func(c *table.Events[string])) *table.Events[string] {
		f(c)
		return c
	}
	for name, c := range map[string]struct {
		c    *table.Events[string]
		want string // none: no error
	}{
		"empty":          {&table.Events[string]{}, ""},
		"nil":            {nil, "Events are nil"},
		"no times":       {&table.Events[string]{Customers: []string{"a"}}, "column Times has 0 rows, Customers has 1"},
		"no customers":   {&table.Events[string]{Times: []int64{1}}, "column Times has 1 rows, Customers has 0"},
		"short arrived":  {change(marchEvents(1, 2), func(c *table.Events[string]) { c.Arrived = []int64{1} }), "column Arrived has 1 rows, Customers has 2"},
		"empty amounts":  {change(marchEvents(1, 2), func(c *table.Events[string]) { c.Amounts = []int64{} }), "column Amounts has 0 rows, Customers has 2"},
		"long kinds":     {change(marchEvents(1), func(c *table.Events[string]) { c.Kinds = make([]int32, 3) }), "column Kinds has 3 rows, Customers has 1"},
		"kind beyond":    {change(marchEvents(1, 2), func(c *table.Events[string]) { c.Kinds = []int32{-1, 0} }), "row 1: column Kinds holds an index out of range"},
		"channel beyond": {change(marchEvents(1, 2), func(c *table.Events[string]) { c.Channels = []int32{math.MaxInt32, -1} }), "row 0: column Channels holds an index out of range"},
		"category below": {change(marchEvents(1, 2, 3), func(c *table.Events[string]) { c.Categories = []int32{-1, -2, math.MinInt32} }), "row 1: column Categories holds an index out of range"},
		"256 kinds":      {kinds(256), ""},
		"257 kinds":      {kinds(257), "257 kinds, at most 256 can be told apart"},
		"faulty 257th":   {change(kinds(257), func(c *table.Events[string]) { c.Times[9] = civil.NoTime }), ""},
		"amounts fit":    {change(marchEvents(1, 2), func(c *table.Events[string]) { c.Amounts = []int64{math.MaxInt64 - 1, 1} }), ""},
		"amounts do not": {change(marchEvents(1, 2, 3), func(c *table.Events[string]) { c.Amounts = slices.Repeat([]int64{math.MaxInt64}, 3) }), "the amounts together leave the range of int64"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := NewLogColumns(t.Context(), c.c, marchOptions[string]())
			if c.want == "" {
				require.NoError(t, err)
				requireAddsUp(t, l)
				return
			}
			require.ErrorIs(t, err, ErrEvents)
			require.EqualError(t, err, "churn: invalid events: "+c.want)
			require.Nil(t, l)
		})
	}
}

func TestLogTotalsOfGoroutinesOverflow(t *testing.T) {
	for _, totals := range [][2]uint64{{1 << 63, 1 << 63}, {1 << 63, 0}, {0, 1 << 63}, {math.MaxInt64, 1}, {1<<62 + 1, 1 << 62}} {
		a, b := &tally{total: totals[0]}, &tally{total: totals[1]}
		a.add(b)
		require.EqualValues(t, uint64(1)<<63, a.total)
	}
}

func TestLogFirstEventFarBack(t *testing.T) {
	c := marchEvents(1, 2)
	c.Times[0] = -1e14
	o := marchOptions[string]()
	o.Since = time.Time{}
	_, err := NewLogColumns(t.Context(), c, o)
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "set LogOptions.Since")
	o.Since = at(1, 0)
	l, err := NewLogColumns(t.Context(), c, o)
	require.NoError(t, err)
	require.EqualValues(t, 1, l.Report().Early)
}

func TestLogCompareThatDoesNotOrder(t *testing.T) {
	_, err := offer(t, []string{"a", "A", "b"}, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "Compare")
	_, err = offer(t, []string{"a", "b", "c"}, func(a, b string) int { return 1 })
	require.ErrorIs(t, err, ErrOptions)
	_, err = offer(t, []string{"a", "a"}, func(a, b string) int { return 0 })
	require.NoError(t, err)
}

func TestLogCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err := NewLogColumns(ctx, marchEvents(1, 2), marchOptions[string]())
	require.ErrorIs(t, err, context.Canceled)
	_, err = NewLog(ctx, slices.Values([]Event[string]{{}}), marchOptions[string]())
	require.ErrorIs(t, err, context.Canceled)

	ctx, stop := context.WithCancel(t.Context())
	o := marchOptions[int]()
	o.Progress = func(done, total int64) {
		require.EqualValues(t, -1, total)
		stop()
	}
	endless := func(yield func(Event[int]) bool) {
		for yield(Event[int]{Time: at(2, 2)}) {
		}
	}
	_, err = NewLog(ctx, endless, o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLogProgress(t *testing.T) {
	c := &table.Events[int]{Customers: make([]int, blockRows+5), Times: make([]int64, blockRows+5)}
	o := marchOptions[int]()
	var got [][2]int64
	o.Progress = func(done, total int64) { got = append(got, [2]int64{done, total}) }
	l, err := NewLogColumns(t.Context(), c, o)
	require.NoError(t, err)
	require.Equal(t, [][2]int64{{blockRows, blockRows + 5}, {blockRows + 5, blockRows + 5}}, got)
	require.EqualValues(t, blockRows+5, l.Report().Early)
}

func TestLogManyEventsOfOneCustomer(t *testing.T) {
	const n = shardRows
	c := &table.Events[int]{Customers: make([]int, n), Times: make([]int64, n), Amounts: make([]int64, n)}
	for i := range n {
		c.Times[i], c.Amounts[i] = at(1, 0).Unix()+int64(i*7919%n/2), int64(i*31%n)
	}
	l, err := NewLogColumns(t.Context(), c, marchOptions[int]())
	require.NoError(t, err)
	requireAddsUp(t, l)
	e := &l.events
	for i := 1; i < n; i++ {
		if e.unix[i] == e.unix[i-1] && e.amount[i] < e.amount[i-1] {
			require.Fail(t, "equal seconds are not in the order of amounts", "event %d", i)
		}
	}
}
