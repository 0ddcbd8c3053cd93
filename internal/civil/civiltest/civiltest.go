// Package civiltest holds the one table of cases that every package with windows
// of days is tested against.
package civiltest

import (
	"time"
	_ "time/tzdata" // the cases hold on machines without a zone database
)

// Case is an event, seen from a later or earlier moment. It says which day the
// event falls in and how many days old it is at that moment: the event is in the
// window of n days if 0 <= Age < n, and n days after its day began it has left it.
// Safe for concurrent reads.
type Case struct {
	Name     string         // what the case shows
	Location *time.Location // where the days are counted
	At       time.Time      // the event
	AsOf     time.Time      // the moment it is seen from
	Day      string         // local day of At, as 2006-01-02
	Start    time.Time      // first instant of that day
	Next     time.Time      // first instant of a later day
	Age      int            // local days from At to AsOf
}

// Cases returns the table. The expected values follow from the IANA time zone database,
// release 2023c and later. Python's zoneinfo gives the same for all but the last, which
// ends after the last year of its calendar.
func Cases() []Case {
	cases := make([]Case, len(rows))
	for i, r := range rows {
		loc, err := time.LoadLocation(r.zone)
		if err != nil {
			panic("civiltest: " + err.Error())
		}
		cases[i] = Case{
			Name:     r.name,
			Location: loc,
			At:       instant(r.at),
			AsOf:     instant(r.asOf),
			Day:      r.day,
			Start:    instant(r.start),
			Next:     instant(r.next),
			Age:      r.age,
		}
	}
	return cases
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic("civiltest: " + err.Error())
	}
	return t.UTC()
}

type row struct {
	name, zone       string
	at, asOf         string
	day, start, next string
	age              int
}

var rows = []row{
	// Plain days.
	{
		"first instant of a day", "UTC",
		"2026-03-05T00:00:00Z", "2026-03-05T23:59:59.999999999Z",
		"2026-03-05", "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", 0,
	},
	{
		"last nanosecond of a day", "UTC",
		"2026-03-05T23:59:59.999999999Z", "2026-03-06T00:00:00Z",
		"2026-03-05", "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", 1,
	},
	{
		"event after the moment", "UTC",
		"2026-03-06T00:00:00Z", "2026-03-05T23:59:59Z",
		"2026-03-06", "2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z", -1,
	},
	{
		"across a year", "UTC",
		"2025-12-31T12:00:00Z", "2026-01-01T00:00:00Z",
		"2025-12-31", "2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", 1,
	},
	{
		"thirty days less a nanosecond at midnight", "UTC",
		"2026-01-01T00:00:00Z", "2026-01-30T23:59:59.999999999Z",
		"2026-01-01", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 29,
	},

	// Leap days.
	{
		"leap day", "Asia/Shanghai",
		"2024-02-29T12:00:00+08:00", "2024-03-01T12:00:00+08:00",
		"2024-02-29", "2024-02-29T00:00:00+08:00", "2024-03-01T00:00:00+08:00", 1,
	},
	{
		"a year over a leap day", "Asia/Shanghai",
		"2023-03-01T12:00:00+08:00", "2024-03-01T12:00:00+08:00",
		"2023-03-01", "2023-03-01T00:00:00+08:00", "2023-03-02T00:00:00+08:00", 366,
	},
	{
		"no leap day in 2100", "UTC",
		"2100-02-28T12:00:00Z", "2100-03-01T12:00:00Z",
		"2100-02-28", "2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z", 1,
	},
	{
		"leap day in 2000", "UTC",
		"2000-02-28T12:00:00Z", "2000-03-01T12:00:00Z",
		"2000-02-28", "2000-02-28T00:00:00Z", "2000-02-29T00:00:00Z", 2,
	},

	// Clocks set forward and back during the day.
	{
		"day of 23 hours", "Europe/Berlin",
		"2026-03-29T00:30:00+01:00", "2026-03-30T00:00:00+02:00",
		"2026-03-29", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 1,
	},
	{
		"day of 25 hours", "Europe/Berlin",
		"2026-10-25T00:00:00+02:00", "2026-10-25T23:59:59+01:00",
		"2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 0,
	},
	{
		"30 days that are 719 hours", "America/New_York",
		"2024-02-20T00:00:00-05:00", "2024-03-21T00:00:00-04:00",
		"2024-02-20", "2024-02-20T00:00:00-05:00", "2024-02-21T00:00:00-05:00", 30,
	},
	{
		"30 days that are 721 hours", "America/New_York",
		"2024-10-20T00:00:00-04:00", "2024-11-19T00:00:00-05:00",
		"2024-10-20", "2024-10-20T00:00:00-04:00", "2024-10-21T00:00:00-04:00", 30,
	},
	{
		"second hour of two", "America/New_York",
		"2024-11-03T01:30:00-05:00", "2024-11-04T00:00:00-05:00",
		"2024-11-03", "2024-11-03T00:00:00-04:00", "2024-11-04T00:00:00-05:00", 1,
	},
	{
		"clocks set forward half an hour", "Australia/Lord_Howe",
		"2024-10-06T12:00:00+11:00", "2024-10-07T00:00:00+11:00",
		"2024-10-06", "2024-10-06T00:00:00+10:30", "2024-10-07T00:00:00+11:00", 1,
	},
	{
		"China set clocks forward in 1986", "Asia/Shanghai",
		"1986-05-04T12:00:00+09:00", "1986-05-05T00:00:00+09:00",
		"1986-05-04", "1986-05-04T00:00:00+08:00", "1986-05-05T00:00:00+09:00", 1,
	},
	{
		"China set clocks back for good in 1991", "Asia/Shanghai",
		"1991-09-15T00:30:00+09:00", "1991-09-16T00:30:00+08:00",
		"1991-09-15", "1991-09-15T00:00:00+09:00", "1991-09-16T00:00:00+08:00", 1,
	},
	{
		"summer time would move this to another day", "Asia/Shanghai",
		"1988-07-01T00:30:00+09:00", "2026-07-01T00:30:00+08:00",
		"1988-07-01", "1988-07-01T00:00:00+09:00", "1988-07-02T00:00:00+09:00", 13879,
	},

	// Days without midnight.
	{
		"no midnight in Brazil", "America/Sao_Paulo",
		"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00",
		"2018-11-04", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", 1,
	},
	{
		"before no midnight in Brazil", "America/Sao_Paulo",
		"2018-11-03T23:59:59.999999999-03:00", "2018-11-04T01:00:00-02:00",
		"2018-11-03", "2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", 1,
	},
	{
		"no midnight in Lebanon", "Asia/Beirut",
		"2022-03-27T01:00:00+03:00", "2022-04-25T23:00:00+03:00",
		"2022-03-27", "2022-03-27T01:00:00+03:00", "2022-03-28T00:00:00+03:00", 29,
	},
	{
		"no midnight in Egypt", "Africa/Cairo",
		"2023-04-28T01:00:00+03:00", "2023-04-28T01:00:00+03:00",
		"2023-04-28", "2023-04-28T01:00:00+03:00", "2023-04-29T00:00:00+03:00", 0,
	},

	// Clocks set back at midnight, or across it.
	{
		"last hour of the day twice", "America/Sao_Paulo",
		"2018-02-17T23:30:00-03:00", "2018-02-18T00:00:00-03:00",
		"2018-02-17", "2018-02-17T00:00:00-02:00", "2018-02-18T00:00:00-03:00", 1,
	},
	{
		"midnight twice", "America/Havana",
		"2022-11-06T00:30:00-05:00", "2022-11-07T00:00:00-05:00",
		"2022-11-06", "2022-11-06T00:00:00-04:00", "2022-11-07T00:00:00-05:00", 1,
	},
	{
		"a day begins once", "America/St_Johns",
		"2006-10-28T23:30:00-03:30", "2006-10-29T12:00:00-03:30",
		"2006-10-29", "2006-10-29T00:00:00-02:30", "2006-10-30T00:00:00-03:30", 0,
	},
	{
		"the hour that is shown again", "America/St_Johns",
		"2006-10-28T23:30:00-02:30", "2006-10-28T23:30:00-03:30",
		"2006-10-28", "2006-10-28T00:00:00-02:30", "2006-10-29T00:00:00-02:30", 1,
	},

	// Days skipped and repeated at the date line.
	{
		"before a skipped day", "Pacific/Apia",
		"2011-12-29T23:59:59-10:00", "2011-12-31T00:00:00+14:00",
		"2011-12-29", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", 2,
	},
	{
		"after a skipped day", "Pacific/Apia",
		"2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00",
		"2011-12-31", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00", 1,
	},
	{
		"repeated day", "Pacific/Kwajalein",
		"1969-09-30T12:00:00+11:00", "1969-09-30T12:00:00-12:00",
		"1969-09-30", "1969-09-30T00:00:00+11:00", "1969-10-01T00:00:00-12:00", 0,
	},

	// Far east and far west.
	{
		"fourteen hours ahead", "Pacific/Kiritimati",
		"2026-01-01T00:00:00+14:00", "2026-01-01T23:59:59+14:00",
		"2026-01-01", "2025-12-31T10:00:00Z", "2026-01-01T10:00:00Z", 0,
	},
	{
		"eleven hours behind", "Pacific/Pago_Pago",
		"2025-12-31T23:59:59-11:00", "2026-01-01T00:00:00-11:00",
		"2025-12-31", "2025-12-31T11:00:00Z", "2026-01-01T11:00:00Z", 1,
	},
	{
		"one instant, two dates: east", "Pacific/Kiritimati",
		"2026-06-15T10:30:00Z", "2026-06-15T10:30:00Z",
		"2026-06-16", "2026-06-15T10:00:00Z", "2026-06-16T10:00:00Z", 0,
	},
	{
		"one instant, two dates: west", "Pacific/Pago_Pago",
		"2026-06-15T10:30:00Z", "2026-06-15T10:30:00Z",
		"2026-06-14", "2026-06-14T11:00:00Z", "2026-06-15T11:00:00Z", 0,
	},
	{
		"offset of quarter hours", "Asia/Kathmandu",
		"2026-06-15T18:14:59Z", "2026-06-15T18:15:00Z",
		"2026-06-15", "2026-06-14T18:15:00Z", "2026-06-15T18:15:00Z", 1,
	},

	// Before 1970 and far away.
	{
		"last second before the epoch", "UTC",
		"1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z",
		"1969-12-31", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", 1,
	},
	{
		"no leap day in 1900", "UTC",
		"1900-02-28T00:00:00Z", "1900-03-01T00:00:00Z",
		"1900-02-28", "1900-02-28T00:00:00Z", "1900-03-01T00:00:00Z", 1,
	},
	{
		"year 1", "UTC",
		"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
		"0001-01-01", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", 719162,
	},
	{
		"far future in summer", "Europe/Berlin",
		"2500-07-01T00:00:00+02:00", "2500-07-01T23:59:59+02:00",
		"2500-07-01", "2500-06-30T22:00:00Z", "2500-07-01T22:00:00Z", 0,
	},
	{
		"last second of year 9999", "Asia/Shanghai",
		"9999-12-31T15:59:59Z", "9999-12-31T15:59:59Z",
		"9999-12-31", "9999-12-30T16:00:00Z", "9999-12-31T16:00:00Z", 0,
	},
}
