package civil

import "time"

// Unix seconds of years of UTC.
const (
	FirstSecond = -62_135_596_800 // the first of the year 1
	EndSecond   = 253_402_300_800 // the first of the year 10000
)

// InYears tells whether t is in the years 1 to 9999 of UTC and not the zero time, which
// stands for none: the times that can be stored, and written as RFC 3339 has it.
func InYears(t time.Time) bool {
	sec := t.Unix()
	return sec >= FirstSecond && sec < EndSecond && !t.IsZero()
}
