package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

func at(t testing.TB, text string) time.Time {
	v, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return v
}

// TestLiveMoments steps from Next to Next and compares the instants at which one customer enters and leaves with those
// that the calendar of the zone says.
func TestLiveMoments(t *testing.T) {
	for _, c := range []struct {
		name, zone, value, from string
		rule                    Rule
		want                    []string // + enters, - leaves
	}{
		{
			"days end at midnight", "Asia/Shanghai", "2026-03-05T10:00:00+08:00", "2026-03-05T12:00:00+08:00", Within("t", Days(2)),
			[]string{"-2026-03-07T00:00:00+08:00"},
		},
		{
			"a day of 23 hours", "America/New_York", "2026-03-08T01:00:00-05:00", "2026-03-08T01:30:00-05:00", Within("t", Days(1)),
			[]string{"-2026-03-09T00:00:00-04:00"},
		},
		{
			"a day of 25 hours", "America/New_York", "2025-11-02T00:30:00-04:00", "2025-11-02T00:30:00-04:00", Within("t", Days(1)),
			[]string{"-2025-11-03T00:00:00-05:00"},
		},
		{
			"24 hours of a day of 25", "America/New_York", "2025-11-02T00:30:00-04:00", "2025-11-02T00:30:00-04:00", Within("t", Hours(24)),
			[]string{"-2025-11-02T23:30:00-05:00"},
		},
		{
			"24 hours of a day of 23", "America/New_York", "2026-03-08T00:30:00-05:00", "2026-03-08T00:30:00-05:00", Within("t", Hours(24)),
			[]string{"-2026-03-09T01:30:00-04:00"},
		},
		{
			"older", "America/New_York", "2026-03-08T01:00:00-05:00", "2026-03-08T01:30:00-05:00", OlderThan("t", Days(1)),
			[]string{"+2026-03-09T00:00:00-04:00"},
		},
		{
			"upcoming days", "America/New_York", "2026-03-10T15:00:00-04:00", "2026-03-05T09:00:00-05:00", WithinNext("t", Days(2)),
			[]string{"+2026-03-09T00:00:00-04:00", "-2026-03-11T00:00:00-04:00"},
		},
		{
			"upcoming hours", "UTC", "2026-03-10T15:00:00Z", "2026-03-05T09:00:00Z", WithinNext("t", Hours(2)),
			[]string{"+2026-03-10T13:00:00.000000001Z", "-2026-03-10T15:00:00.000000001Z"},
		},
		{
			"a time ahead comes within", "UTC", "2026-03-10T15:00:00Z", "2026-03-05T09:00:00Z", Within("t", Hours(1)),
			[]string{"+2026-03-10T15:00:00Z", "-2026-03-10T16:00:00Z"},
		},
		{
			"leap day", "Europe/Berlin", "2024-02-29T10:00:00+01:00", "2024-02-29T10:00:00+01:00", Within("t", Days(1)),
			[]string{"-2024-03-01T00:00:00+01:00"},
		},
		{
			"a year over a leap day", "Europe/Berlin", "2023-03-01T10:00:00+01:00", "2023-03-01T10:00:00+01:00", Within("t", Days(366)),
			[]string{"-2024-03-01T00:00:00+01:00"},
		},
		{
			"a day left out", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-29T12:00:00-10:00", Within("t", Days(2)),
			[]string{"-2011-12-31T00:00:00+14:00"},
		},
		{
			"clocks set back across midnight", "America/St_Johns", "2006-10-28T12:00:00-02:30", "2006-10-28T12:00:00-02:30", Within("t", Days(1)),
			[]string{"-2006-10-29T00:00:00-02:30"},
		},
		{
			"anniversary of a 29 February", "Asia/Shanghai", "2000-02-29T10:00:00+08:00", "2027-01-31T00:00:00+08:00", Anniversary("t", 1),
			[]string{"+2027-02-28T00:00:00+08:00", "-2027-03-01T00:00:00+08:00", "+2028-02-29T00:00:00+08:00", "-2028-03-01T00:00:00+08:00"},
		},
		{
			"anniversary across the year", "Asia/Shanghai", "1990-01-02T10:00:00+08:00", "2025-12-01T00:00:00+08:00", Anniversary("t", 7),
			[]string{"+2025-12-27T00:00:00+08:00", "-2026-01-03T00:00:00+08:00"},
		},
		{
			"the first anniversary", "UTC", "2026-03-05T10:00:00Z", "2026-03-05T12:00:00Z", Anniversary("t", 1),
			[]string{"+2027-03-05T00:00:00Z", "-2027-03-06T00:00:00Z"},
		},
		{
			"a stretch between two windows", "UTC", "2026-03-05T10:00:00Z", "2026-03-05T12:00:00Z", And(OlderThan("t", Days(2)), Within("t", Days(4))),
			[]string{"+2026-03-07T00:00:00Z", "-2026-03-09T00:00:00Z"},
		},
		{
			"an order that becomes old enough", "UTC", "2026-03-05T10:00:00Z", "2026-03-05T12:00:00Z", Or(OlderThan("t", Hours(48)), Ge("t", "2027-01-01")),
			[]string{"+2026-03-07T10:00:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			loc, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			ix, err := New(&Options{Tags: []Tag{{Name: "t", Kind: Time}}})
			require.NoError(t, err)
			var b Batch
			b.Set(customer.FromInt64(1), "t", customer.TimeValue(at(t, c.value)))
			require.NoError(t, ix.Apply(t.Context(), &b))
			l, err := NewLive(ix, &LiveOptions{At: at(t, c.from), Location: loc, Definitions: []Definition{{Name: "s", Rule: c.rule}}})
			require.NoError(t, err)
			var got []string
			for len(got) < len(c.want) && !l.Next().IsZero() {
				next := l.Next()
				told, err := l.Advance(t.Context(), next.Add(-1))
				require.NoError(t, err)
				require.Empty(t, told)
				told, err = l.Advance(t.Context(), next)
				require.NoError(t, err)
				for _, n := range told {
					require.Equal(t, ByTime, n.Cause)
					sign := "-"
					if n.Entered {
						sign = "+"
					}
					got = append(got, sign+n.At.Format(time.RFC3339Nano))
				}
			}
			for i, w := range c.want {
				c.want[i] = w[:1] + at(t, w[1:]).UTC().Format(time.RFC3339Nano)
			}
			require.Equal(t, c.want, got)
			if !slices.Contains([]op{opAnniversary}, c.rule.node().op) {
				require.True(t, l.Next().IsZero(), "nothing is left to happen, and Next is %s", l.Next())
			}
		})
	}
}

// TestLiveDwell keeps a member for as long as Dwell says, to the nanosecond.
func TestLiveDwell(t *testing.T) {
	start := at(t, "2026-03-05T09:00:00Z")
	l := newTestLive(t, start, Definition{Name: "s", Rule: IsTrue("vip"), Dwell: time.Hour})
	id := customer.FromInt64(1)
	set := func(at time.Time, v bool) []Notice {
		var b Batch
		b.Set(id, "vip", customer.BoolValue(v))
		told, err := l.Apply(t.Context(), at, &b)
		require.NoError(t, err)
		return told
	}
	require.Len(t, set(start.Add(time.Minute), true), 1)
	require.True(t, l.Next().IsZero())
	require.Empty(t, set(start.Add(2*time.Minute), false))
	end := start.Add(time.Minute + time.Hour)
	require.Equal(t, end, l.Next())
	told, err := l.Advance(t.Context(), end.Add(-1))
	require.NoError(t, err)
	require.Empty(t, told)
	told, err = l.Advance(t.Context(), end)
	require.NoError(t, err)
	require.Equal(t, []Notice{{Number: 2, At: end, Customer: id, Segment: "s", Version: 1, Cause: ByTime}}, told)
	require.Len(t, set(end, true), 1)
	require.Empty(t, set(end, false))
	require.Empty(t, set(end.Add(time.Minute), true), "the rule holds again before the time is over")
	told, err = l.Advance(t.Context(), end.Add(2*time.Hour))
	require.NoError(t, err)
	require.Empty(t, told)
	var b Batch
	b.Delete(id)
	told, err = l.Apply(t.Context(), end.Add(2*time.Hour), &b)
	require.NoError(t, err)
	require.Equal(t, ByDeletion, told[0].Cause)
}

// TestIntColumnLeast compares the least value from a bound on, and values in ranges, with a look at each.
func TestIntColumnLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, n := range []int{1, 5, 300, sparseInts - 1, sparseInts, 30_000, kernel.Bits} {
		for _, span := range []int64{1, 100, 1 << 30, math.MaxInt64} {
			var ed intEditor
			ed.load(nil)
			var values []int64
			for _, p := range rng.Perm(kernel.Bits)[:n] {
				v := (rng.Int64N(span) - span/2) &^ (int64(span) >> 3 & 7)
				ed.put(uint16(p), v)
				values = append(values, v)
			}
			col := ed.freeze(1024).(*intColumn)
			bounds := []int64{math.MinInt64, math.MaxInt64, col.min, col.max, col.max - 1, col.min + 1}
			for range 20 {
				bounds = append(bounds, pick(rng, values...)+rng.Int64N(3)-1)
			}
			for _, lo := range bounds {
				want, any := int64(math.MaxInt64), false
				for _, v := range values {
					if v >= lo {
						want, any = min(want, v), true
					}
				}
				got, found := col.least(lo)
				require.Equal(t, any, found, "%d of %d from %d", n, span, lo)
				if any {
					require.Equal(t, want, got, "%d of %d from %d", n, span, lo)
				}
				hi := pick(rng, bounds...)
				requireAmong(t, rng, col, lo, hi)
			}
		}
	}
}
