package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// TestWindow has times at which occurrences leave a window, by the definition of one.
func TestWindow(t *testing.T) {
	at := func(zone, text string) (occurrence, asOf) {
		loc := tasteZone(t, zone)
		when, err := time.ParseInLocation("2006-01-02 15:04:05.000000", text, loc)
		require.NoError(t, err)
		return on(loc, when.UnixMicro()), askedAt(loc, when.UnixMicro())
	}
	for name, c := range map[string]struct {
		zone      string
		window    Window
		retention int
		at, ends  string
	}{
		"a day":                        {"Asia/Shanghai", Window{Days: 1}, 0, "2026-03-05 12:00:00.000000", "2026-03-06 00:00:00.000000"},
		"the last instant of a day":    {"Asia/Shanghai", Window{Days: 1}, 0, "2026-03-05 23:59:59.999999", "2026-03-06 00:00:00.000000"},
		"over a leap day":              {"Europe/Berlin", Window{Days: 3}, 0, "2028-02-27 08:00:00.000000", "2028-03-01 00:00:00.000000"},
		"clocks go forward":            {"America/New_York", Window{Days: 2}, 0, "2026-03-07 12:00:00.000000", "2026-03-09 00:00:00.000000"},
		"clocks go forward, hours":     {"America/New_York", Window{Hours: 24}, 0, "2026-03-07 12:00:00.000001", "2026-03-08 13:00:00.000001"},
		"clocks go back, hours":        {"America/New_York", Window{Hours: 24}, 0, "2026-10-31 12:00:00.000000", "2026-11-01 11:00:00.000000"},
		"midnight is skipped":          {"Africa/Cairo", Window{Days: 1}, 0, "2023-04-27 12:00:00.000000", "2023-04-28 01:00:00.000000"},
		"a day is skipped":             {"Pacific/Apia", Window{Days: 1}, 0, "2011-12-29 12:00:00.000000", "2011-12-31 00:00:00.000000"},
		"retention alone":              {"UTC", Window{}, 2, "2026-03-05 12:00:00.000000", "2026-03-07 00:00:00.000000"},
		"retention is less than days":  {"UTC", Window{Days: 9}, 2, "2026-03-05 12:00:00.000000", "2026-03-07 00:00:00.000000"},
		"retention is more than days":  {"UTC", Window{Days: 2}, 9, "2026-03-05 12:00:00.000000", "2026-03-07 00:00:00.000000"},
		"retention is less than hours": {"UTC", Window{Hours: 96}, 2, "2026-03-05 12:00:00.000000", "2026-03-07 00:00:00.000000"},
		"retention is more than hours": {"UTC", Window{Hours: 24}, 3, "2026-03-05 12:00:00.000000", "2026-03-06 12:00:00.000000"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &aggregation{Computed: &Computed{Of: Count, Window: c.window}, loc: tasteZone(t, c.zone), retention: c.retention}
			s := a.fresh()
			o, asked := at(c.zone, c.at)
			_, ends := at(c.zone, c.ends)
			s.add(&o)
			require.Equal(t, time.UnixMicro(ends.micros).UTC(), time.UnixMicro(s.next(asked)).UTC())
			require.Equal(t, result{customer.Int64Value(1), nil, 1}, s.result(asked))
			require.Equal(t, result{customer.Int64Value(1), nil, 1}, s.result(askedAt(a.loc, ends.micros-1)))
			require.Equal(t, ends.micros, s.next(askedAt(a.loc, ends.micros-1)))
			require.Equal(t, result{customer.Int64Value(0), nil, 0}, s.result(ends))
			require.Equal(t, never, s.next(ends))
		})
	}
}

// TestWindowIsBounded holds that what has left a window takes no room, also where it comes
// late.
func TestWindowIsBounded(t *testing.T) {
	for name, a := range map[string]*aggregation{
		"days":      {Computed: &Computed{Of: Sum, Window: Window{Days: 10}}},
		"hours":     {Computed: &Computed{Of: Sum, Window: Window{Hours: 240}}},
		"both":      {Computed: &Computed{Of: Sum, Window: Window{Hours: 8000}}, retention: 10},
		"retention": {Computed: &Computed{Of: Sum}, retention: 10},
	} {
		t.Run(name, func(t *testing.T) {
			a.kind, a.loc = customer.KindInt64, time.UTC
			s, late := a.fresh(), a.fresh()
			for i := range 5_000 {
				o := on(a.loc, int64(i)*6*3600e6)
				o.value = customer.Int64Value(1)
				s.add(&o)
				o = on(a.loc, int64(5_000-i)*6*3600e6)
				o.value = customer.Int64Value(1)
				late.add(&o)
			}
			require.LessOrEqual(t, len(s.(*windowed[adder, *adder]).parts), 40)
			require.LessOrEqual(t, len(late.(*windowed[adder, *adder]).parts), 40)
			require.Less(t, len(stateBytes(s)), 500)
		})
	}
}

func TestCorruptWindow(t *testing.T) {
	days := &aggregation{Computed: &Computed{Of: Count, Window: Window{Days: 3}}, loc: time.UTC}
	both := &aggregation{Computed: &Computed{Of: Count, Window: Window{Hours: 3}}, loc: time.UTC, retention: 1}
	for name, c := range map[string]struct {
		a     *aggregation
		items []int64 // as encode writes them, after the number of parts
		parts int
	}{
		"not ascending":         {days, []int64{9, 1, 0, 1}, 2},
		"descending":            {days, []int64{9, 1, -1, 1}, 2},
		"no events":             {days, []int64{9, 0}, 1},
		"longer than window":    {days, []int64{9, 1, 3, 1}, 2},
		"before all days":       {days, []int64{int64(firstDay) - 1, 1}, 1},
		"after all days":        {days, []int64{int64(lastDay) + 1, 1}, 1},
		"overflow":              {days, []int64{9, 1, 1<<63 - 1, 1}, 2},
		"days descend":          {both, []int64{9, 1, 1, 1, -1, 1}, 2},
		"days apart":            {both, []int64{9, 1, 1, 1, 1, 1}, 2},
		"day that there is not": {both, []int64{9, int64(civil.Day(lastDay)) + 1, 1}, 1},
		"too few":               {both, []int64{9, 1, 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire.New("test", 1)
			w.List(c.parts)
			for _, n := range c.items {
				w.Int(n)
			}
			r := wire.Read(w.Data())
			c.a.fresh().decode(r)
			require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
		})
	}
}
