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

// HoursWindow returns the bounds of the n hours up to asOf, in exact elapsed time,
// as the half open interval from <= t < to. An instant t is in the window if its age,
// asOf - t, is at least 0 and below n hours: asOf itself is in it, and a t leaves it
// when exactly n hours have passed. So from is a nanosecond after asOf minus n hours
// and to a nanosecond after asOf. With n below 1 the window is empty.
func HoursWindow(asOf time.Time, n int) (from, to time.Time) {
	sec, nsec := asOf.Unix(), int64(asOf.Nanosecond())+1
	from = time.Unix(sec-clip(n)*3600, nsec).In(asOf.Location())
	return from, time.Unix(sec, nsec).In(asOf.Location())
}

// clip returns n as a count of days or hours that is not negative and not above
// 2^40, which is longer than the span of Day.
func clip(n int) int64 {
	return min(max(int64(n), 0), 1<<40)
}
