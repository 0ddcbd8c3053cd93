package civil

import (
	"math"
	"time"
)

// NoTime is the Unix second of what has no time.
const NoTime = math.MinInt64

// Unix returns the Unix second of t, or NoTime of the zero time.
func Unix(t time.Time) int64 {
	if t.IsZero() {
		return NoTime
	}
	return t.Unix()
}
