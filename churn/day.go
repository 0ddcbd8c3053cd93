package churn

import (
	"errors"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// Day is a local calendar day, counted from 1970-01-01. Days compare and subtract as
// integers; in JSON and other text they are written as 2006-01-02, day 0 among them. Safe for
// concurrent use.
type Day int32

// DayOf returns the day of t in a location, which must not be nil.
func DayOf(t time.Time, loc *time.Location) Day { return Day(civil.DayOf(t, loc)) }

// Date returns the day of a date; values out of range are normalised as in [time.Date].
func Date(year int, month time.Month, day int) Day { return Day(civil.Date(year, month, day)) }

// Start returns the first instant of the day in a location, which must not be nil.
func (d Day) Start(loc *time.Location) time.Time { return civil.Day(d).Start(loc) }

// String returns the day as 2006-01-02.
func (d Day) String() string { return civil.Day(d).String() }

// MarshalText writes the day as 2006-01-02. Days outside the years 0 to 9999 are an error.
func (d Day) MarshalText() ([]byte, error) {
	if year, _, _ := civil.Day(d).Date(); year < 0 || year > 9999 {
		return nil, errors.New("churn: day is outside the years 0 to 9999")
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads a day of the calendar that is written as 2006-01-02. Anything else is an
// error, and d is unchanged.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return errors.New("churn: a day is not a date as 2006-01-02")
	}
	*d = DayOf(t, time.UTC)
	return nil
}
