package churn

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestReasons(t *testing.T) {
	for name, opts := range modelMethods() {
		t.Run(name, func(t *testing.T) {
			m := modelFit(t, opts)
			for _, row := range modelRows(m, 100, 11) {
				effects, _ := m.Explain(row)
				sums, speaks := map[Group]float64{}, map[Group]map[bool]float64{} // of those that may speak the largest
				for _, e := range slices.SortedFunc(slices.Values(effects), func(a, b Contribution) int { return cmp.Compare(a.Column, b.Column) }) {
					if column := m.Columns()[e.Column]; column.Measure != "month" {
						sums[column.Group] += e.Effect
						if speaks[column.Group] == nil {
							speaks[column.Group] = map[bool]float64{}
						}
						if raises := e.Effect > 0; !m.usual(row, e.Column) && !m.contrary(row, e.Column, raises) {
							speaks[column.Group][raises] = max(speaks[column.Group][raises], math.Abs(e.Effect))
						}
					}
				}
				sizes, raising, lowering := 0.0, 0, 0
				for _, sum := range sums {
					sizes += math.Abs(sum)
				}
				for group, sum := range sums {
					if sum > 0.0101*sizes && speaks[group][true] > 0 {
						raising++
					} else if sum < -0.0101*sizes && speaks[group][false] > 0 {
						lowering++
					}
				}
				all := m.Reasons(row, &ReasonOptions{Raising: 99, Lowering: 99})
				require.LessOrEqual(t, len(all), len(sums))
				// Groups that say the same are one reason: of an only purchase day, or of a silence.
				require.GreaterOrEqual(t, len(all), (raising+lowering+2)/3)
				for _, r := range all {
					require.GreaterOrEqual(t, math.Abs(r.Effect), 0.0099*sizes, "%s", r.Text.EN)
				}
				said := map[Text]bool{}
				for _, r := range all {
					what := r.Text
					if silence := "No purchase for "; strings.HasPrefix(what.EN, silence) {
						what = Text{EN: silence}
					}
					require.False(t, said[what], "said twice: %s", r.Text.EN)
					said[what] = true
				}
				raising = 0
				for raising < len(all) && all[raising].Raises {
					raising++
				}
				lowering = len(all) - raising
				for i, r := range all {
					require.Equal(t, sums[r.Group], r.Effect)
					require.Equal(t, i < raising, r.Raises)
					require.Equal(t, r.Effect > 0, r.Raises)
					if i > 0 && i != raising {
						require.GreaterOrEqual(t, math.Abs(all[i-1].Effect), math.Abs(r.Effect))
					}
					for _, e := range effects {
						if m.Columns()[e.Column].Name == r.Column {
							require.Equal(t, speaks[r.Group][r.Raises], math.Abs(e.Effect))
							require.Equal(t, math.IsNaN(e.Value), math.IsNaN(r.Value))
						}
					}
					var silence, usual int
					if n, _ := fmt.Sscanf(r.Text.EN, "No purchase for %d days; usually every %d days", &silence, &usual); n == 2 && silence != usual {
						require.Equal(t, r.Raises, silence > usual, r.Text.EN)
					}
					require.NotEmpty(t, r.Text.EN)
					require.NotEmpty(t, r.Text.ZH)
				}
				// What the other direction says is not said again, so that both are asked for.
				require.Equal(t, texts(all[:min(raising, 3)]), texts(m.Reasons(row, &ReasonOptions{Lowering: 99})[:min(raising, 3)]))
				require.Equal(t, texts(all[raising:raising+min(lowering, 2)]), texts(m.Reasons(row, &ReasonOptions{Raising: 99, Lowering: 2})[raising:]))
				require.LessOrEqual(t, len(m.Reasons(row, nil)), 3)
				for _, r := range m.Reasons(row, &ReasonOptions{Raising: -1, Lowering: 2}) {
					require.False(t, r.Raises)
				}
			}
		})
	}
}

func texts(reasons []Reason) (texts []Text) {
	for _, r := range reasons {
		texts = append(texts, r.Text)
	}
	return texts
}

// Every measure has both templates, in both languages, and nothing in them is left open.
func TestReasonTexts(t *testing.T) {
	require.Len(t, reasonTexts, len(measures))
	m := modelFit(t, nil)
	seen := map[measure]bool{}
	for _, missing := range []bool{false, true} {
		for i := range m.columns {
			what := m.measureOf(i)
			seen[what] = true
			for _, row := range modelRows(m, 20, uint64(i)) {
				row[i] = 1
				if missing {
					row[i] = math.NaN()
				}
				text := m.sentence(row, i, writeHundredths)
				for _, s := range []string{text.EN, text.ZH} {
					require.NotEmpty(t, s, what)
					require.NotContains(t, s, "{", what)
					require.NotContains(t, s, "NaN", what)
					require.NotContains(t, s, "  ", what)
					require.Equal(t, strings.TrimSpace(s), s, what)
				}
				require.NotRegexp(t, `\p{Han}`, text.EN)
				require.Regexp(t, `\p{Han}`, text.ZH)
			}
		}
	}
	for i := range measures {
		require.True(t, seen[measure(i)], "%v is in no column of the test", measure(i))
	}
}

func TestSentences(t *testing.T) {
	m := modelFitted(t, nil)
	for i := range m.baseline.Columns {
		if b := &m.baseline.Columns[i]; b.Deciles != nil {
			b.Deciles = slices.Repeat([]float64{2}, 9)
		}
	}
	nan := math.NaN()
	for _, test := range []struct {
		column string
		with   map[string]float64
		want   Text
	}{
		{silenceColumn, map[string]float64{silenceColumn: 45, "purchase_gap_median": 12}, Text{"No purchase for 45 days; usually every 12 days", "已45天未购买，平时约12天一次"}},
		{silenceColumn, map[string]float64{silenceColumn: 0, "purchase_gap_median": 1}, Text{"Bought on the last day; usually every day", "前一天刚购买，平时约1天一次"}},
		{silenceColumn, map[string]float64{silenceColumn: 45, "purchase_gap_median": nan}, Text{"No purchase for 45 days (typical: 2 days)", "已45天未购买（一般：2天）"}},
		{silenceColumn, map[string]float64{silenceColumn: nan}, Text{"No purchase seen", "未见购买"}},
		{"purchase_days_since_log", map[string]float64{"purchase_days_since_log": math.Log(45.5), silenceColumn: 45, "purchase_gap_median": nan}, Text{"No purchase for 45 days (typical: 7 days)", "已45天未购买（一般：7天）"}},
		{"silence_to_gap_median_log", map[string]float64{"silence_to_gap_median_log": math.Log(45.5 / 12), silenceColumn: 45, "purchase_gap_median": 12}, Text{"No purchase for 45 days, 3.8 times the usual gap of 12 days", "已45天未购买，是平时间隔12天的3.8倍"}},
		{"silence_to_gap_mean", map[string]float64{"silence_to_gap_mean": 0.25, silenceColumn: 3, "purchase_gap_mean": 12}, Text{"No purchase for 3 days, 25% of the average gap of 12 days", "已3天未购买，是平均间隔12天的25%"}},
		{"silence_to_gap_q80", map[string]float64{"silence_to_gap_q80": 12.2, silenceColumn: nan}, Text{"Silent for 12 times the gap that 8 of 10 purchases keep within (typical: 2.0 times)", "沉默时间是八成购买间隔上限的12倍（一般：2.0倍）"}},
		{"silence_surprise", map[string]float64{"silence_surprise": -math.Log(0.04)}, Text{"4% of active customers with these purchases are silent for so long (typical: 14%)", "有同样购买记录的活跃客户中，4%会沉默这么久（一般：14%）"}},
		{"silence_surprise_log", map[string]float64{"silence_surprise_log": math.Log(-math.Log(0.04)), silenceColumn: 45}, Text{"No purchase for 45 days; 4% of active customers with these purchases are silent for so long", "已45天未购买，有同样购买记录的活跃客户中，4%会沉默这么久"}},
		{"purchase_count_30d", map[string]float64{"purchase_count_30d": 1}, Text{"1 purchase in the last 30 days (typical: 2)", "最近30天购买1次（一般：2）"}},
		{"contact_count_30d", map[string]float64{"contact_count_30d": 3}, Text{"3 service contacts in the last 30 days (typical: 2)", "最近30天联系客服3次（一般：2）"}},
		{"visit_count_30d", map[string]float64{"visit_count_30d": 3}, Text{`3 "visit" events in the last 30 days (typical: 2)`, "最近30天“visit”事件3次（一般：2）"}},
		{"refund_days_since", map[string]float64{"refund_days_since": 1}, Text{"Last refund 1 day ago (typical: 2 days)", "最近一次退款在1天前（一般：2天）"}},
		{"purchase_sum_30d", map[string]float64{"purchase_sum_30d": 123450}, Text{"Spent 1,234.50 in the last 30 days (typical: 0.02)", "最近30天消费1,234.50（一般：0.02）"}},
		{"refund_sum_30d", map[string]float64{"refund_sum_30d": 100}, Text{"Refunds of 1.00 in the last 30 days (typical: 0.02)", "最近30天退款金额1.00（一般：0.02）"}},
		{"purchase_mean_log", map[string]float64{"purchase_mean_log": math.Log1p(5000)}, Text{"Average order of 50.00 (typical: 0.06)", "平均每单50.00（一般：0.06）"}},
		{"purchase_rate", map[string]float64{"purchase_rate": 0}, Text{"Purchase rate: no repeat so far (typical: every day)", "购买频率：尚无复购（一般：约1天一次）"}},
		{"purchase_rate_log", map[string]float64{"purchase_rate_log": math.Log(1.0 / 12)}, Text{"Estimated purchase rate: every 12 days (typical: every day)", "估计购买频率：约12天一次（一般：约1天一次）"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(0.5)}, Text{"Purchases in the last 15 days are about 50% of those of the 15 days before (typical: 7.4 times)", "最近15天购买次数约为此前15天的50%（一般：7.4倍）"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(0.5 / 1.5), "purchase_count_30d": 1}, Text{"No purchase in the last 15 days, 1 in the 15 days before", "最近15天无购买，此前15天1次"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(1.5 / 4.5), "purchase_count_30d": 5}, Text{"1 purchase in the last 15 days, 4 in the 15 days before", "最近15天购买1次，此前15天4次"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(2000.5 / 0.5), "purchase_count_30d": 2000}, Text{"2000 purchases in the last 15 days, none in the 15 days before", "最近15天购买2000次，此前15天0次"}},
		{"visit_trend_30d", map[string]float64{"visit_trend_30d": math.Log(0.5 / 3.5), "visit_count_30d": 3}, Text{`No "visit" event in the last 15 days, 3 in the 15 days before`, "最近15天无“visit”事件，此前15天3次"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(1.5 / 4.5), "purchase_count_30d": 4}, Text{"Purchases in the last 15 days are about 33% of those of the 15 days before (typical: 7.4 times)", "最近15天购买次数约为此前15天的33%（一般：7.4倍）"}},
		{"purchase_count_30d", map[string]float64{"purchase_count_30d": 0}, Text{"No purchase in the last 30 days", "最近30天无购买"}},
		{"purchase_count_30d", map[string]float64{"purchase_count_30d": 0, silenceColumn: 30, "purchase_gap_median": 12}, Text{"No purchase for 30 days; usually every 12 days", "已30天未购买，平时约12天一次"}},
		{"refund_share_30d", map[string]float64{"refund_share_30d": nan, silenceColumn: 45}, Text{"No purchase for 45 days (typical: 2 days)", "已45天未购买（一般：2天）"}},
		{"refund_share_30d", map[string]float64{"refund_share_30d": nan, silenceColumn: 29}, Text{"No purchase in the last 30 days", "最近30天无购买"}},
		{"contact_count_30d", map[string]float64{"contact_count_30d": 0, silenceColumn: 45}, Text{"No service contact in the last 30 days", "最近30天无联系客服"}},
		{"refund_share_30d", map[string]float64{"refund_share_30d": nan}, Text{"No purchase in the last 30 days", "最近30天无购买"}},
		{"refund_share_30d", map[string]float64{"refund_share_30d": 0}, Text{"None of the spending of the last 30 days was refunded (typical: 200%)", "最近30天消费无退款（一般：200%）"}},
		{"purchase_sum_30d", map[string]float64{"purchase_sum_30d": 0}, Text{"Spent 0.00 in the last 30 days (typical: 0.02)", "最近30天消费0.00（一般：0.02）"}},
		{"refund_sum_30d", map[string]float64{"refund_sum_30d": 0}, Text{"No money refunded in the last 30 days (typical: 0.02)", "最近30天无退款金额（一般：0.02）"}},
		{"purchase_max_share", map[string]float64{"purchase_max_share": 1}, Text{"All spending in the last 365 days is one order (typical: 200%)", "最近365天全部消费来自一单（一般：200%）"}},
		{"purchase_days_log", map[string]float64{"purchase_days_log": 0}, Text{"Bought on one day only in the last 365 days", "最近365天仅在一天购买过"}},
		{"purchase_rate_log", map[string]float64{"purchase_rate_log": math.Log(0.5 / 80), "purchase_days": 1}, Text{"Bought on one day only in the last 365 days", "最近365天仅在一天购买过"}},
		{"purchase_rate", map[string]float64{"purchase_rate": 0, "purchase_days": 1}, Text{"Bought on one day only in the last 365 days", "最近365天仅在一天购买过"}},
		{"purchase_span_share", map[string]float64{"purchase_span_share": 0}, Text{"Bought on one day only in the last 365 days", "最近365天仅在一天购买过"}},
		{"purchase_days_since_first", map[string]float64{"purchase_days_since_first": 90}, Text{"First purchase in the last 365 days: 90 days ago (typical: 2 days)", "最近365天首次购买在90天前（一般：2天）"}},
		{"purchase_days", map[string]float64{"purchase_days": 5}, Text{"Days with a purchase in the last 365 days: 5 (typical: 2)", "最近365天购买天数：5（一般：2）"}},
		{"purchase_span_share", map[string]float64{"purchase_span_share": 0.24}, Text{"Silent for 76% of the time since the first purchase in the last 365 days (typical: -100%)", "最近365天首购以来76%的时间处于沉默（一般：-100%）"}},
		{"purchase_span_share", map[string]float64{"purchase_span_share": 2.5}, Text{"Kept buying for 250% of the time since the first purchase in the last 365 days (typical: 200%)", "最近365天首购以来250%的时间内持续购买（一般：200%）"}},
		{"purchase_gap_median", map[string]float64{"purchase_gap_median": nan}, Text{"Bought on one day only in the last 365 days", "最近365天仅在一天购买过"}},
		{"purchase_gap_sd", map[string]float64{"purchase_gap_sd": nan}, Text{"Too few purchases to say how regular they are", "购买过少，看不出是否规律"}}, // of two days too
		{"purchase_gap_cv", map[string]float64{"purchase_gap_cv": 0.5}, Text{"Gaps between purchases vary by 50% of their average (typical: 2.0 times)", "购买间隔的波动是平均间隔的50%（一般：2.0倍）"}},
		{"purchase_evening_share", map[string]float64{"purchase_evening_share": 0}, Text{"No purchase in the last 365 days in the evening, from 18:00 (typical: 200%)", "最近365天未在18点以后购买（一般：200%）"}},
		{"purchase_weekend_share", map[string]float64{"purchase_weekend_share": 1}, Text{"All purchases in the last 365 days on weekends (typical: 200%)", "最近365天购买全部在周末（一般：200%）"}},
		{"purchase_night_share", map[string]float64{"purchase_night_share": 0.999}, Text{"100% of purchases in the last 365 days at night, until 6:00 (typical: 200%)", "最近365天100%的购买在凌晨6点以前（一般：200%）"}},
		{"channel_share_web", map[string]float64{"channel_share_web": 0}, Text{`No purchase in the last 30 days through "web" (typical: 200%)`, "最近30天无渠道“web”的购买（一般：200%）"}},
		{"channel_count", map[string]float64{"channel_count": 1}, Text{"Channels of purchases in the last 30 days: 1 (typical: 2)", "最近30天使用1个渠道购买（一般：2）"}},
		{"channel_share_app", map[string]float64{"channel_share_app": 0.8}, Text{`80% of purchases in the last 30 days through "app" (typical: 200%)`, "最近30天80%的购买来自渠道“app”（一般：200%）"}},
		{"channel_share_other", map[string]float64{"channel_share_other": 0.004}, Text{"0.4% of purchases in the last 30 days through any other (typical: 200%)", "最近30天0.4%的购买来自渠道其他（一般：200%）"}},
		{"channel_last", map[string]float64{"channel_last": 1}, Text{`Last purchase through "web"`, "最近一次购买渠道为“web”"}},
		{"channel_last", map[string]float64{"channel_last": -1}, Text{"The channel of the last purchase is not known", "最近一次购买渠道未知"}},
		{"cutoff_month", map[string]float64{"cutoff_month": 2}, Text{"The month is March", "当前月份为3月"}},
		{"points", map[string]float64{"points": 12.5}, Text{"Loyalty points: 12.5 (typical: 2)", "积分：12.5（一般：2）"}},
		{"points", map[string]float64{"points": nan}, Text{"Loyalty points is not known", "积分未知"}},
	} {
		row, at := m.rowWith(t, test.with, test.column)
		require.Equal(t, test.want, m.sentence(row, at, writeHundredths), test.column)
	}
}

// What a customer does as most do is no reason, whatever the model makes of it.
func TestUsualIsNoReason(t *testing.T) {
	m := modelFitted(t, nil)
	for i := range m.baseline.Columns {
		if b := &m.baseline.Columns[i]; b.Deciles != nil {
			b.Deciles = slices.Repeat([]float64{0}, 9)
		}
	}
	habits := map[string]bool{
		"channel_share": true, "channel_count": true, "category_share": true, "category_count": true, "weekend_share": true, "evening_share": true, "night_share": true,
	}
	seen := map[string]bool{}
	for i := range m.columns {
		if m.columns[i].kind() != table.Number {
			continue
		}
		info := m.Columns()[i]
		for _, value := range []float64{0, 1, math.NaN()} {
			row := slices.Repeat([]float64{0}, len(m.columns))
			row[i] = value
			require.Equal(t, value == 0 && habits[info.Measure], m.usual(row, i), "%s %v", info.Name, value)
		}
		seen[info.Measure] = true
		// A model of this column alone has one reason, or none.
		row, effects := slices.Repeat([]float64{0}, len(m.columns)), make([]float64, len(m.columns))
		effects[i] = 1
		r := Reason{Group: info.Group, Raises: true}
		require.Equal(t, !habits[info.Measure] && !m.contrary(row, i, true), m.speaker(&r, row, effects) == i, info.Name)
	}
	for habit := range habits {
		require.True(t, seen[habit], habit)
	}
}

// rowWith returns a row in which nothing but with is known, and the place of a column.
func (m *Model) rowWith(t *testing.T, with map[string]float64, column string) (row []float64, at int) {
	t.Helper()
	row, at = slices.Repeat([]float64{math.NaN()}, len(m.columns)), -1
	for i := range m.columns {
		if x, ok := with[m.columns[i].Name]; ok {
			row[i] = x
		}
		if m.columns[i].Name == column {
			at = i
		}
	}
	require.GreaterOrEqual(t, at, 0, column)
	return row, at
}

// A silence raises the score where it is longer than usual, and lowers it where it is shorter, or it is not said.
func TestContrary(t *testing.T) {
	m, nan := modelFitted(t, nil), math.NaN()
	for i := range m.baseline.Columns {
		if b := &m.baseline.Columns[i]; b.Deciles != nil {
			b.Deciles = slices.Repeat([]float64{40}, 9) // the median of every column
			if m.measureOf(i) == measureDaysSinceLog {
				b.Deciles = slices.Repeat([]float64{math.Log(40.5)}, 9)
			}
		}
	}
	for name, test := range map[string]struct {
		column                    string
		with                      map[string]float64
		neverRaising, neverLowers bool
	}{
		"longer than most":          {silenceColumn, map[string]float64{silenceColumn: 41}, false, true},
		"shorter than most":         {silenceColumn, map[string]float64{silenceColumn: 39}, true, false},
		"as long as most":           {silenceColumn, map[string]float64{silenceColumn: 40}, false, false},
		"not known":                 {silenceColumn, map[string]float64{silenceColumn: nan}, false, false},
		"own rhythm, longer":        {silenceColumn, map[string]float64{silenceColumn: 20, "purchase_gap_median": 10}, false, true},
		"own rhythm, shorter":       {silenceColumn, map[string]float64{silenceColumn: 60, "purchase_gap_median": 90}, true, false},
		"logarithm, longer":         {silenceColumn + "_log", map[string]float64{silenceColumn + "_log": math.Log(41.5)}, false, true},
		"logarithm, own, shorter":   {silenceColumn + "_log", map[string]float64{silenceColumn + "_log": math.Log(60.5), "purchase_gap_median": 90}, true, false},
		"beyond the own gap":        {"silence_to_gap_mean", map[string]float64{"silence_to_gap_mean": 1.5}, false, true},
		"within the own gap":        {"silence_to_gap_median_log", map[string]float64{"silence_to_gap_median_log": math.Log(0.5)}, true, false},
		"a count that says silence": {"purchase_count_30d", map[string]float64{"purchase_count_30d": 0, silenceColumn: 34}, true, false},
		"a count that does not":     {"purchase_count_30d", map[string]float64{"purchase_count_30d": 1, silenceColumn: 3}, false, false},
		"refunds":                   {"refund_days_since", map[string]float64{"refund_days_since": 300}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			row, at := m.rowWith(t, test.with, test.column)
			require.Equal(t, test.neverRaising, m.contrary(row, at, true), "raising")
			require.Equal(t, test.neverLowers, m.contrary(row, at, false), "lowering")
		})
	}
}

// Of a plan without a window all is seen, and nothing is said of one.
func TestSentenceWithoutWindow(t *testing.T) {
	m := modelFitted(t, nil)
	m.schema.Window = 0
	row := slices.Repeat([]float64{1}, len(m.columns))
	i := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == "purchase_days" })
	require.Equal(t, Text{"Bought on one day only", "仅在一天购买过"}, m.sentence(row, i, writeHundredths))
	row[i] = 5
	text := m.sentence(row, i, writeHundredths)
	require.Regexp(t, `^Days with a purchase: 5`, text.EN)
	require.Regexp(t, `^购买天数：5`, text.ZH)
}

func TestReasonMoney(t *testing.T) {
	m := modelFit(t, nil)
	i := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == "purchase_sum_30d" })
	row := modelRows(m, 1, 1)[0]
	row[i] = 100
	text := m.sentence(row, i, func(minor float64) string { return "¥" + writeFactor(minor) })
	require.Contains(t, text.EN, "Spent ¥100 in the last 30 days")
	for minor, want := range map[float64]string{0: "0.00", 5: "0.05", 123456789: "1,234,567.89", -100000: "-1,000.00", 99999: "999.99"} {
		require.Equal(t, want, writeHundredths(minor))
	}
}
