package segment

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func TestMissing(t *testing.T) {
	tags, err := NewCatalogue(Tag{Name: "t", Kind: Time}, Tag{Name: "n", Kind: Integer})
	require.NoError(t, err)
	day := customer.TextValue("2026-03-05")
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rule             Rule
		moment, location bool
	}{
		"nothing":             {rule: Eq("n", 1)},
		"instant":             {rule: Lt("t", at)},
		"date":                {rule: Lt("t", day), location: true},
		"dates":               {rule: In("t", at, day), location: true},
		"hours":               {rule: Within("t", Hours(1)), moment: true},
		"hours to come":       {rule: WithinNext("t", Hours(1)), moment: true},
		"days":                {rule: OlderThan("t", Days(1)), moment: true, location: true},
		"anniversary":         {rule: Not(Anniversary("t", 1)), moment: true, location: true},
		"part without effect": {rule: And(Or(), Within("t", Days(1))), moment: true, location: true},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.rule.bind(tags, nil, nil)
			require.NoError(t, err)
			needsMoment, needsLocation := b.needs()
			require.Equal(t, c.moment, needsMoment)
			require.Equal(t, c.location, needsLocation)
			require.NoError(t, b.missing(moment{at, time.UTC}))
			if c.moment {
				require.EqualError(t, b.missing(moment{loc: time.UTC}), "segment: question lacks a moment or a location: AsOf is not set")
				require.EqualError(t, b.missing(moment{at.AddDate(9000, 0, 0), time.UTC}), "segment: question lacks a moment or a location: AsOf is not in years 1 to 9999")
			} else {
				require.NoError(t, b.missing(moment{loc: time.UTC}))
			}
			if c.location {
				require.EqualError(t, b.missing(moment{at: at}), "segment: question lacks a moment or a location: Location is nil")
			} else {
				require.NoError(t, b.missing(moment{at: at}))
			}
		})
	}
}

// TestWindowIsCivil compares with the windows of package civil.
func TestWindowIsCivil(t *testing.T) {
	for _, unit := range []time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		tag := Tag{Name: "t", Kind: Time, Unit: unit}
		tags, err := NewCatalogue(tag)
		require.NoError(t, err)
		for _, m := range slowMoments(t) {
			if unit == 1 && (m.at.Year() < 1700 || m.at.Year() > 2200) {
				continue
			}
			for _, n := range []int{1, 2, 7, 30, 365, 3650} {
				for _, w := range []Window{Days(n), Hours(n)} {
					b, err := Within("t", w).bind(tags, nil, nil)
					require.NoError(t, err)
					from, to := civil.Window(m.at, n, m.loc)
					if w.hours {
						from, to = m.at.Add(1-time.Duration(n)*time.Hour), m.at.Add(1)
					}
					lo, hi := b.window(&tag, m)
					in := func(n int64) bool { at := unitTime(n, unit); return !at.Before(from) && at.Before(to) }
					if lo <= hi {
						require.True(t, in(lo) && in(hi))
					}
					require.False(t, in(lo-1) || in(hi+1))
				}
			}
		}
	}
}

// TestWindowFar asks for windows that reach beyond all that a tag can hold.
func TestWindowFar(t *testing.T) {
	tag := Tag{Name: "t", Kind: Time, Unit: 1}
	tags, err := NewCatalogue(tag)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		rule   Rule
		year   int
		lo, hi int64
		none   bool
	}{
		"reaches back":       {rule: Within("t", Days(1_000_000)), year: 1970, lo: math.MinInt64, hi: 86400e9 - 1},
		"reaches forward":    {rule: WithinNext("t", Days(1_000_000)), year: 1970, lo: 0, hi: math.MaxInt64},
		"hours forward":      {rule: WithinNext("t", Hours(10_000_000)), year: 1970, lo: 12 * 3600e9, hi: math.MaxInt64},
		"lies before":        {rule: Within("t", Days(1)), year: 1600, none: true},
		"lies after":         {rule: Within("t", Days(1)), year: 2300, none: true},
		"older, before":      {rule: OlderThan("t", Days(1)), year: 1600, none: true},
		"older, after":       {rule: OlderThan("t", Days(1)), year: 2300, lo: math.MinInt64, hi: math.MaxInt64},
		"ahead of a far day": {rule: WithinNext("t", Days(1)), year: 9999, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.rule.bind(tags, nil, nil)
			require.NoError(t, err)
			lo, hi := b.window(&tag, moment{time.Date(c.year, 1, 1, 12, 0, 0, 0, time.UTC), time.UTC})
			if c.none {
				require.Greater(t, lo, hi)
				return
			}
			require.Equal(t, [2]int64{c.lo, c.hi}, [2]int64{lo, hi})
		})
	}
}

// TestAnniversary29February has what Anniversary promises of 29 February, and of the day itself.
func TestAnniversary29February(t *testing.T) {
	date := func(text string) civil.Day {
		d, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return civil.Date(d.Date())
	}
	for _, c := range []struct {
		born, today string
		days        int
		want        bool
	}{
		{"2000-02-29", "2023-02-28", 1, true},
		{"2000-02-29", "2023-03-01", 1, false},
		{"2000-02-29", "2024-02-28", 1, false},
		{"2000-02-29", "2024-02-28", 2, true},
		{"2000-02-29", "2024-02-29", 1, true},
		{"2000-02-29", "2000-02-29", 1, false},
		{"2000-02-29", "2000-03-01", 366, true},
		{"2000-02-29", "2000-02-29", 365, false},
		{"2000-02-29", "2000-02-29", 366, true},
		{"2000-02-29", "2100-02-28", 1, true},
		{"2000-02-28", "2023-02-28", 1, true},
		{"2000-02-28", "2024-02-29", 1, false},
		{"1990-12-31", "2025-12-31", 1, true},
		{"1990-01-01", "2025-12-31", 1, false},
		{"1990-01-01", "2025-12-31", 2, true},
		{"2026-01-01", "2025-12-31", 2, false},
		{"2025-01-01", "2025-12-31", 2, true},
		{"2025-06-01", "2025-05-31", 366, false},
		{"2025-06-01", "2025-06-01", 366, true},
		{"2024-06-01", "2025-06-02", 365, true},
	} {
		require.Equal(t, c.want, isAnniversary(date(c.born), date(c.today), c.days), "%+v", c)
	}
}

// TestAnniversaries compares the ranges with isAnniversary for every day, and at both ends of every range.
func TestAnniversaries(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	moments := slowMoments(t)
	for _, text := range []string{"2023-02-27", "2023-02-28", "2023-03-01", "2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31"} {
		at, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		moments = append(moments, moment{at, time.UTC})
	}
	for _, m := range moments {
		year := m.at.Year()
		if year < 100 {
			continue
		}
		for range 6 {
			tag := Tag{Name: "t", Kind: Time, Unit: pick(rng, time.Second, time.Hour, 24*time.Hour, 7*24*time.Hour)}
			days := pick(rng, 1, 2, 3, 30, 365, 366, 1+rng.IntN(366))
			lo, _, _ := floorUnits(time.Date(year-rng.IntN(12), 1, 1+rng.IntN(366), rng.IntN(24), 0, 0, 0, time.UTC), tag.unit())
			hi, _, _ := floorUnits(time.Date(year+1-rng.IntN(4), 1, 1+rng.IntN(366), rng.IntN(24), 0, 0, 0, time.UTC), tag.unit())
			b := &bound{form: formAnniversary, k: days}
			ranges := b.anniversaries(&tag, m, lo, hi)
			today := civil.DayOf(m.at, m.loc)
			check := func(n int64) {
				in := false
				for _, r := range ranges {
					in = in || r[0] <= n && n <= r[1]
				}
				want := lo <= n && n <= hi && isAnniversary(tag.day(n, m.loc), today, days)
				require.Equal(t, want, in, "%s of %s, %d days at %s", unitTime(n, tag.unit()), tag.Unit, days, m.at)
			}
			for i, r := range ranges {
				require.LessOrEqual(t, r[0], r[1])
				if i > 0 {
					require.Greater(t, r[0], ranges[i-1][1]+1)
				}
				for d := range int64(3) {
					check(r[0] + d - 1)
					check(r[1] + d - 1)
				}
			}
			step := max(1, int64(24*time.Hour/tag.unit()))
			for n := lo - step; n <= hi+step; n += step {
				check(n)
			}
		}
	}
}

func TestAnniversariesOfNoValues(t *testing.T) {
	tag := Tag{Name: "t", Kind: Time, Unit: 1}
	m := moment{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.UTC}
	b := &bound{form: formAnniversary, k: 366}
	require.Empty(t, b.anniversaries(&tag, m, 1, 0))
	all := b.anniversaries(&tag, m, math.MinInt64, math.MaxInt64)
	require.Len(t, all, 1)
	require.Equal(t, int64(math.MinInt64), all[0][0])
	tag.Unit = 24 * time.Hour
	require.Len(t, b.anniversaries(&tag, m, math.MinInt64, math.MaxInt64), 1)
}

func BenchmarkAnniversaries(b *testing.B) {
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(b, err)
	tag := Tag{Name: "t", Kind: Time, Unit: 24 * time.Hour}
	m := moment{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), loc}
	p := &bound{form: formAnniversary, k: 7}
	for b.Loop() {
		p.anniversaries(&tag, m, -25_000, 19_000) // 120 years
	}
}
