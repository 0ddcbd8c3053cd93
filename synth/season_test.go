package synth_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

// multiplier is m(t) of the default season, written down anew.
func multiplier(t time.Time) float64 {
	s := synth.DefaultSeason()
	mean := func(w []float64) (m float64) {
		for _, v := range w {
			m += v / float64(len(w))
		}
		return m
	}
	m := s.Month[t.Month()-1] / mean(s.Month[:]) * s.Weekday[t.Weekday()] / mean(s.Weekday[:]) * s.Hour[t.Hour()] / mean(s.Hour[:])
	switch month, day := t.Month(), t.Day(); {
	case month == 11 && day >= 24 && day <= 28:
		m *= 1.8
	case month == 12 && day <= 21:
		m *= 1.5
	case month == 12 && (day == 25 || day == 26):
		m *= 0.2
	case month == 1 && day == 1:
		m *= 0.3
	}
	return m
}

func TestClockIsTheIntegralOfTheMultiplier(t *testing.T) {
	race.Skip(t)
	for _, zone := range []string{"UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Asia/Shanghai"} {
		t.Run(zone, func(t *testing.T) {
			loc, err := time.LoadLocation(zone)
			require.NoError(t, err)
			shop := newShop(t, 1, synth.Options{Location: loc, Customers: 1})
			sum := 0.0
			for at := shop.Since(); at.Before(shop.Until()); at = at.Add(time.Hour) {
				require.InDelta(t, sum, shop.Clock(at), 1e-9)
				require.InDelta(t, sum+multiplier(at)/168/4, shop.Clock(at.Add(15*time.Minute)), 1e-9)
				sum += multiplier(at) / 168
			}
			// Outside the observation the clock runs at speed 1.
			require.InDelta(t, sum+1, shop.Clock(shop.Until().Add(7*24*time.Hour)), 0.02)
			require.InDelta(t, -2, shop.Clock(shop.Since().Add(-14*24*time.Hour)), 1e-9)
		})
	}
}

// TestPurchasesFollowTheClock: repeat purchases of customers who do not leave
// are uniform on the clock, by the statistic of Kolmogorov and Smirnov, and
// their shares by month, weekday and hour are those of the multiplier.
func TestPurchasesFollowTheClock(t *testing.T) {
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, london(t))
	shop := newShop(t, 8, synth.Options{
		Customers: 3000, Location: london(t), ArriveUntil: start.Add(time.Hour), Rates: &synth.Rates{},
		Purchasing: &synth.ParetoNBD{R: 1, Alpha: 10, S: .05, Beta: 10_000},
	})
	var clock []float64
	var month, weekday, hour [24]float64
	from, until := shop.Clock(start.Add(time.Hour)), shop.Clock(shop.Until())
	for i := range shop.Len() {
		for _, p := range purchases(shop, i)[1:] {
			if p.Before(start.Add(time.Hour)) {
				continue
			}
			clock = append(clock, (shop.Clock(p)-from)/(until-from))
			month[p.Month()-1]++
			weekday[p.Weekday()]++
			hour[p.Hour()]++
		}
	}
	slices.Sort(clock)
	n, d := float64(len(clock)), 0.0
	for i, v := range clock {
		d = max(d, v-float64(i)/n, float64(i+1)/n-v)
	}
	require.Less(t, d*math.Sqrt(n), 2.2)
	require.Greater(t, n, 20_000.0)

	var byMonth, byWeekday, byHour [24]float64
	total := 0.0
	for at := start.Add(time.Hour); at.Before(shop.Until()); at = at.Add(time.Hour) {
		m := multiplier(at)
		total += m
		byMonth[at.Month()-1] += m
		byWeekday[at.Weekday()] += m
		byHour[at.Hour()] += m
	}
	for i := range 24 {
		for _, c := range [][2]float64{{month[i], byMonth[i]}, {weekday[i], byWeekday[i]}, {hour[i], byHour[i]}} {
			p := c[1] / total
			require.InDelta(t, n*p, c[0], 4*math.Sqrt(n*p*(1-p)))
		}
	}
	require.Greater(t, byMonth[11]/byMonth[1], 1.9, "December is a peak")
}

func TestClosedHours(t *testing.T) {
	season := synth.DefaultSeason()
	season.Hour = [24]float64{9: 1, 10: 1, 11: 1, 15: 2}
	season.Weekday[time.Sunday] = 0
	shop := newShop(t, 1, synth.Options{Season: season})
	for e := range shop.Events() {
		require.Contains(t, []int{9, 10, 11, 15}, e.Time.Hour())
		require.NotEqual(t, time.Sunday, e.Time.Weekday())
	}
}

func TestPeakOverNewYear(t *testing.T) {
	season := &synth.Season{Peaks: []synth.Peak{{Month: time.December, Day: 30, Days: 5, Factor: 3}}}
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	shop := newShop(t, 1, synth.Options{Location: time.UTC, Season: season})
	require.InDelta(t, 3*3+1, 7*shop.Clock(start.AddDate(0, 0, 4)), 1e-9, "3 January is the last day")
	year := 7 * (shop.Clock(start.AddDate(1, 0, 0)) - shop.Clock(start))
	require.InDelta(t, 365+2*5, year, 1e-9)
}
