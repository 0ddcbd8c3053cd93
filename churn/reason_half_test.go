package churn

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a sentence says of the halves of a window is what there is in the log.
func TestHalvesAreCounts(t *testing.T) {
	l := featureColumnsLog(t, 400, 4000)
	features := &Features[int64]{Windows: []int{15, 30, 90, 365}}
	own := func(name string, count func(h *History) int) {
		features.Own = append(features.Own, Own[int64]{Name: name, Feature: FeatureFunc[int64](func(_ int64, h *History) float64 { return float64(count(h)) })})
	}
	for _, days := range features.Windows {
		half := days / 2
		own("recent_"+strconv.Itoa(days), func(h *History) int { return h.Count(Purchase, half) })
		own("before_"+strconv.Itoa(days), func(h *History) int { return h.Count(Purchase, 2*half) - h.Count(Purchase, half) })
	}
	d, err := Snapshots(t.Context(), l, &Plan{Window: 365, Gap: NoGap, Horizon: 30, Step: 30, First: DayOf(time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC), time.UTC)}, Absent{}, features)
	require.NoError(t, err)
	split, err := d.Split(nil)
	require.NoError(t, err)
	m, err := Fit(t.Context(), split.Train, split.Calibrate, nil)
	require.NoError(t, err)
	said, silent := map[int]int{}, map[int]int{}
	var row []float64
	for i := range d.Rows() {
		row, err = Row(m, d, i, row)
		require.NoError(t, err)
		value := func(name string) string {
			c, ok := d.Table.Column(name)
			require.True(t, ok)
			return strconv.Itoa(int(c.Num[i]))
		}
		for column := range m.columns {
			info := m.schema.Columns[column]
			if m.measureOf(column) != measureTrend || info.Kind != Purchase {
				continue
			}
			w := m.wordsFor(column)
			if _, ok := m.besideHalf(row, column, m.value(row, column), &w); !ok {
				silent[info.Days]++
				continue
			}
			said[info.Days]++
			days := strconv.Itoa(info.Days)
			require.Equal(t, []string{value("recent_" + days), value("before_" + days)}, []string{w.value.ZH, w.before.ZH}, "%d days", info.Days)
		}
	}
	for _, days := range features.Windows {
		require.Greater(t, said[days], 20, "%d days", days)
		require.Equal(t, days%2 != 0, silent[days] > 0, "%d days: where something happened on the oldest day", days)
	}
}
