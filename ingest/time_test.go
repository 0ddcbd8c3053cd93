package ingest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var numericLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02", "1/2/2006 15:04", "02.01.2006 15:04:05", "20060102150405",
	"2006-01-02T15:04:05Z07:00", "2006年1月2日 15:04", "2/1/2006 15:4:5", "15:04:05 2006-01-02", "2006", "01/2006",
}

func zone(t testing.TB, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no zone data for %s", name)
	}
	return loc
}

// requireLikeParse checks the fast reading of one text against time.ParseInLocation.
func requireLikeParse(t testing.TB, text, value string, loc *time.Location) bool {
	l := layout{text: text, ops: compileLayout(text)}
	want, wantErr := time.ParseInLocation(text, value, loc)
	if l.ops != nil {
		if fast, ok := l.parseNumeric([]byte(value), loc); ok {
			require.NoError(t, wantErr, "%q as %q", value, text)
			require.Equal(t, want, fast, "%q as %q", value, text)
			return true
		}
	}
	got, err := l.parse([]byte(value), loc)
	require.Equal(t, wantErr == nil, err == nil, "%q as %q", value, text)
	require.True(t, want.Equal(got), "%q as %q", value, text)
	return false
}

func TestNumericLayoutsLikeParse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, text := range numericLayouts {
		require.NotNil(t, compileLayout(text), text)
		for _, name := range []string{"UTC", "Europe/London", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"} {
			loc := zone(t, name)
			fast := 0
			for range 500 {
				at := time.Date(1960+rng.IntN(120), time.Month(1+rng.IntN(12)), 1+rng.IntN(31), rng.IntN(24), rng.IntN(60), rng.IntN(60), 0, loc)
				if requireLikeParse(t, text, at.Format(text), loc) {
					fast++
				}
			}
			if text == "2006-01-02T15:04:05Z07:00" && name != "UTC" {
				continue // offsets are left to time.Parse
			}
			require.Equal(t, 500, fast, "the plain case of %q is read fast", text)
		}
	}
}

// Every half hour of the days on which clocks change, both ways.
func TestClockChangesLikeParse(t *testing.T) {
	for name, days := range map[string][]string{
		"Europe/London":       {"2011-03-27", "2011-10-30"},
		"America/New_York":    {"2011-03-13", "2011-11-06"},
		"Australia/Lord_Howe": {"2011-10-02", "2011-04-03"},
		"Asia/Shanghai":       {"1986-05-04", "1991-09-15"},
	} {
		loc := zone(t, name)
		for _, day := range days {
			at, err := time.Parse("2006-01-02", day)
			require.NoError(t, err)
			for range 48 {
				require.True(t, requireLikeParse(t, "2006-01-02 15:04:05", at.Format("2006-01-02 15:04:05"), loc))
				at = at.Add(30 * time.Minute)
			}
		}
	}
}

func TestOddTimesLikeParse(t *testing.T) {
	loc := zone(t, "Europe/London")
	for _, c := range []struct{ layout, value string }{
		{"2006-01-02", "2011-02-29"},
		{"2006-01-02", "2012-02-29"},
		{"2006-01-02", "1900-02-29"},
		{"2006-01-02", "2011-04-31"},
		{"2006-01-02", "2011-00-10"},
		{"2006-01-02", "2011-13-10"},
		{"2006-01-02", "2011-1-2"},
		{"2006-01-02", "11-01-02"},
		{"2006-01-02", "2011-01-02 "},
		{"2006-01-02", ""},
		{"2006-01-02 15:04:05", "2011-01-02 24:00:00"},
		{"2006-01-02 15:04:05", "2011-01-02 23:59:60"},
		{"2006-01-02 15:04:05", "2011-01-02 9:05:06"},
		{"2006-01-02 15:04:05", "2011-01-02  09:05:06"},
		{"2006-01-02 15:04:05", "2011-01-02 09:05:06.25"},
		{"2006-01-02 15:04:05", "2011-01-02 09:05:06,25"},
		{"05.02.2006", "07.08.2009"},
		{"1/2/2006", "012/1/2011"},
		{"1/2/2006", "12/01/2011"},
		{"Jan 2 2006", "Mar 5 2011"},
		{"2006-01-02T15:04:05Z07:00", "2011-07-02T15:04:05+08:00"},
		{"2006-01-02T15:04:05Z07:00", "2011-07-02T15:04:05Z"},
		{"2006-01-02T15:04:05.000", "2011-07-02T15:04:05.125"},
		{"2006-002", "2011-032"},
		{"06-01-02", "11-01-02"},
		{"3:04 PM", "3:04 PM"},
	} {
		requireLikeParse(t, c.layout, c.value, loc)
	}
}

func TestUnixTimes(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	for _, c := range []struct{ layout, text, want string }{
		{UnixSeconds, "1322697600", "2011-12-01T08:00:00+08:00"},
		{UnixMillis, "1322697600250", "2011-12-01T08:00:00.25+08:00"},
	} {
		at, err := newTimes(&Format{Layouts: []string{c.layout}, Location: shanghai}).parse([]byte(c.text))
		require.NoError(t, err)
		require.Equal(t, c.want, at.Format(time.RFC3339Nano))
	}
	for _, text := range []string{"", "x", "1.5", "1322697600250000", "1e300"} {
		_, err := newTimes(&Format{Layouts: []string{UnixSeconds}, Location: shanghai}).parse([]byte(text))
		require.ErrorIs(t, err, errTime, text)
	}
}

func FuzzTime(f *testing.F) {
	for _, l := range numericLayouts {
		f.Add(l, "2011-12-09 12:50:00")
		f.Add(l, "12/9/2011 8:26")
	}
	f.Add("05.02", "07.08")
	f.Add("2006-01-02 15:04:05", "2011-03-27 01:30:00")
	loc := zone(f, "Europe/London")
	f.Fuzz(func(t *testing.T, layout, value string) {
		requireLikeParse(t, layout, value, loc)
	})
}
