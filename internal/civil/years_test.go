package civil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
)

func TestInYears(t *testing.T) {
	zone := time.FixedZone("", 14*3600)
	for _, at := range []time.Time{
		{},
		time.Time{}.Add(1), time.Time{}.Add(-1), time.Time{}.In(zone), time.Time{}.Add(time.Second),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(10_000, 1, 1, 5, 0, 0, 0, zone), time.Date(1, 1, 1, 5, 0, 0, 0, zone), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0), time.Unix(-1<<62, 0),
	} {
		year := at.UTC().Year()
		require.Equal(t, !at.IsZero() && year >= 1 && year <= 9999, civil.InYears(at), "%v", at)
	}
}
