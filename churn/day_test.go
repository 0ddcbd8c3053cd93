package churn

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil/civiltest"
)

func TestDay(t *testing.T) {
	for _, c := range civiltest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			d := DayOf(c.At, c.Location)
			require.Equal(t, c.Day, d.String())
			require.True(t, d.Start(c.Location).Equal(c.Start))
			require.Equal(t, d+Day(c.Age), DayOf(c.AsOf, c.Location))
		})
	}
	require.Equal(t, Day(0), Date(1970, time.January, 1))
	require.Equal(t, Date(2024, time.March, 1), Date(2024, time.February, 30))
}

func TestDayText(t *testing.T) {
	type days struct {
		One  Day         `json:"one"`
		None Day         `json:"none,omitempty"`
		By   map[Day]int `json:"by"`
	}
	for _, d := range []Day{Date(2024, time.February, 29), -1, 0, Date(0, time.January, 1), Date(9999, time.December, 31)} {
		data, err := json.Marshal(days{One: d, By: map[Day]int{d: 1}})
		require.NoError(t, err)
		require.Equal(t, `{"one":"`+d.String()+`","by":{"`+d.String()+`":1}}`, string(data))
		var back days
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, days{One: d, By: map[Day]int{d: 1}}, back)
	}
	for _, d := range []Day{Date(-1, time.December, 31), Date(10000, time.January, 1), math.MinInt32, math.MaxInt32} {
		_, err := d.MarshalText()
		require.Error(t, err)
	}
	for _, text := range []string{"", "2024", "2024-02-30", "2024-2-03", "24-02-03", "2024-02-03T00:00:00Z", " 2024-02-03", "12024-02-03", "secret"} {
		d := Day(5)
		require.EqualError(t, d.UnmarshalText([]byte(text)), "churn: a day is not a date as 2006-01-02")
		require.Equal(t, Day(5), d)
	}
	d := Day(5)
	require.Error(t, json.Unmarshal([]byte("19723"), &d))
}
