package customer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestMemberHas(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name string
		m    customer.Member
		at   time.Time
		want bool
	}{
		{"a record has all time", customer.Member{}, day(1), true},
		{"before", customer.Member{Since: day(2), Until: day(4)}, day(2).Add(-1), false},
		{"the first instant", customer.Member{Since: day(2), Until: day(4)}, day(2), true},
		{"the last", customer.Member{Since: day(2), Until: day(4)}, day(4).Add(-1), true},
		{"the end", customer.Member{Since: day(2), Until: day(4)}, day(4), false},
		{"open end", customer.Member{Since: day(2)}, day(9), true},
		{"open beginning", customer.Member{Until: day(2)}, day(1), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, c.m.Has(c.at))
		})
	}
}
