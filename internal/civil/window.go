package civil

import "time"

// Window returns the bounds of the n days up to asOf, as the half open interval
// from <= t < to. The local day of asOf is the last of the n and counts whole, also
// what of it lies after asOf. So t is in the window if its age in days,
// DayOf(asOf) - DayOf(t), is at least 0 and below n, and a t in it leaves it at
// (DayOf(t) + n).Start(loc), always a local midnight. With n below 1 the window is
// empty: from equals to.
func Window(asOf time.Time, n int, loc *time.Location) (from, to time.Time) {
	next := int64(DayOf(asOf, loc)) + 1
	return saturate(next - clip(n)).Start(loc), saturate(next).Start(loc)
}

// clip returns n as a count of days that is not negative and not above
// 2^40, which is longer than the span of Day.
func clip(n int) int64 {
	return min(max(int64(n), 0), 1<<40)
}
