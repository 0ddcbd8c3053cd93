package churn

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReasons(t *testing.T) {
	for name, opts := range modelMethods() {
		t.Run(name, func(t *testing.T) {
			m := modelFit(t, opts)
			for _, row := range modelRows(m, 100, 11) {
				effects, _ := m.Explain(row)
				sums := map[Group]float64{}
				for _, e := range slices.SortedFunc(slices.Values(effects), func(a, b Contribution) int { return cmp.Compare(a.Column, b.Column) }) {
					if column := m.Columns()[e.Column]; column.Measure != "month" {
						sums[column.Group] += e.Effect
					}
				}
				sizes, raising, lowering := 0.0, 0, 0
				for _, sum := range sums {
					sizes += math.Abs(sum)
				}
				for _, sum := range sums {
					if sum > 0.0101*sizes {
						raising++
					} else if sum < -0.0101*sizes {
						lowering++
					}
				}
				all := m.Reasons(row, &ReasonOptions{Raising: 99, Lowering: 99})
				require.LessOrEqual(t, len(all), len(sums))
				// Two groups that say the same are one reason.
				require.GreaterOrEqual(t, len(all), (raising+lowering+1)/2)
				for _, r := range all {
					require.GreaterOrEqual(t, math.Abs(r.Effect), 0.0099*sizes, "%s", r.Text.EN)
				}
				said := map[Text]bool{}
				for _, r := range all {
					require.False(t, said[r.Text], "said twice")
					said[r.Text] = true
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
					best := 0.0
					for _, e := range effects {
						if column := m.Columns()[e.Column]; column.Group == r.Group && column.Measure != "month" && e.Effect > 0 == r.Raises {
							best = max(best, math.Abs(e.Effect))
						}
					}
					for _, e := range effects {
						if m.Columns()[e.Column].Name == r.Column {
							require.Equal(t, best, math.Abs(e.Effect))
							require.Equal(t, math.IsNaN(e.Value), math.IsNaN(r.Value))
						}
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
		{"silence_to_gap_mean", map[string]float64{"silence_to_gap_mean": 0.25, silenceColumn: 3, "purchase_gap_mean": 12}, Text{"No purchase for 3 days, 0.25 times the average gap of 12 days", "已3天未购买，是平均间隔12天的0.25倍"}},
		{"silence_to_gap_q80", map[string]float64{"silence_to_gap_q80": 12.2, silenceColumn: nan}, Text{"Silent for 12 times the gap that 8 of 10 purchases keep within (typical: 2.0 times)", "沉默时间是八成购买间隔上限的12倍（一般：2.0倍）"}},
		{"silence_surprise", map[string]float64{"silence_surprise": -math.Log(0.04)}, Text{"An active customer with these purchases is silent for so long with a probability of 4% (typical: 14%)", "有同样购买记录的活跃客户沉默这么久的概率为4%（一般：14%）"}},
		{"silence_surprise_log", map[string]float64{"silence_surprise_log": math.Log(-math.Log(0.04)), silenceColumn: 45}, Text{"No purchase for 45 days; an active customer with these purchases is silent for so long with a probability of 4%", "已45天未购买，有同样购买记录的活跃客户沉默这么久的概率为4%"}},
		{"purchase_count_30d", map[string]float64{"purchase_count_30d": 1}, Text{"1 purchase in the last 30 days (typical: 2)", "最近30天购买1次（一般：2）"}},
		{"contact_count_30d", map[string]float64{"contact_count_30d": 3}, Text{"3 service contacts in the last 30 days (typical: 2)", "最近30天联系客服3次（一般：2）"}},
		{"visit_count_30d", map[string]float64{"visit_count_30d": 3}, Text{`3 "visit" events in the last 30 days (typical: 2)`, "最近30天“visit”事件3次（一般：2）"}},
		{"refund_days_since", map[string]float64{"refund_days_since": 1}, Text{"Last refund 1 day ago (typical: 2 days)", "最近一次退款在1天前（一般：2天）"}},
		{"purchase_sum_30d", map[string]float64{"purchase_sum_30d": 123450}, Text{"Spent 1,234.50 in the last 30 days (typical: 0.02)", "最近30天消费1,234.50（一般：0.02）"}},
		{"refund_sum_30d", map[string]float64{"refund_sum_30d": 100}, Text{"Got 1.00 of refunds in the last 30 days (typical: 0.02)", "最近30天退款金额1.00（一般：0.02）"}},
		{"purchase_mean_log", map[string]float64{"purchase_mean_log": math.Log1p(5000)}, Text{"Average order of 50.00 (typical: 0.06)", "平均每单50.00（一般：0.06）"}},
		{"purchase_rate", map[string]float64{"purchase_rate": 0}, Text{"Purchase rate: no repeat so far (typical: every day)", "购买频率：尚无复购（一般：约1天一次）"}},
		{"purchase_rate_log", map[string]float64{"purchase_rate_log": math.Log(1.0 / 12)}, Text{"Purchase rate: every 12 days (typical: every day)", "购买频率：约12天一次（一般：约1天一次）"}},
		{"purchase_trend_30d", map[string]float64{"purchase_trend_30d": math.Log(0.5)}, Text{"Purchases in the last 15 days are about 0.5 times those of the 15 days before (typical: 7.4 times)", "最近15天购买次数约为此前15天的0.5倍（一般：7.4倍）"}},
		{"channel_share_app", map[string]float64{"channel_share_app": 0.8}, Text{`80% of purchases in the last 30 days through "app" (typical: 200%)`, "最近30天80%的购买来自渠道“app”（一般：200%）"}},
		{"channel_share_other", map[string]float64{"channel_share_other": 0.004}, Text{"0.4% of purchases in the last 30 days through any other (typical: 200%)", "最近30天0.4%的购买来自渠道其他（一般：200%）"}},
		{"channel_last", map[string]float64{"channel_last": 1}, Text{`Last purchase through "web"`, "最近一次购买渠道为“web”"}},
		{"channel_last", map[string]float64{"channel_last": -1}, Text{"The channel of the last purchase is not known", "最近一次购买渠道未知"}},
		{"cutoff_month", map[string]float64{"cutoff_month": 2}, Text{"The month is March", "当前月份为3月"}},
		{"points", map[string]float64{"points": 12.5}, Text{"Loyalty points: 12.5 (typical: 2)", "积分：12.5（一般：2）"}},
		{"points", map[string]float64{"points": nan}, Text{"Loyalty points is not known", "积分未知"}},
	} {
		row := slices.Repeat([]float64{nan}, len(m.columns))
		at := -1
		for i := range m.columns {
			if x, ok := test.with[m.columns[i].Name]; ok {
				row[i] = x
			}
			if m.columns[i].Name == test.column {
				at = i
			}
		}
		require.GreaterOrEqual(t, at, 0, test.column)
		require.Equal(t, test.want, m.sentence(row, at, writeHundredths), test.column)
	}
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
