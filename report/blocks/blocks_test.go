package blocks_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/report/blocks"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/synth"
	"github.com/clientele-go/clientele/table"
)

// shop is a generated shop and its purchases.
func shop(t *testing.T) (*synth.Shop, []rfm.Transaction[int64]) {
	t.Helper()
	s, err := synth.New(4, &synth.Options{Location: time.UTC, Customers: 600})
	require.NoError(t, err)
	var out []rfm.Transaction[int64]
	for e := range s.Events() {
		if e.Customer != 0 && e.Kind.String() == churn.Purchase && e.Amount > 0 {
			out = append(out, rfm.Transaction[int64]{Customer: e.Customer, Time: e.Time, Amount: e.Amount, Order: e.Time.String()})
		}
	}
	return s, out
}

// requireShown writes the blocks in both languages, and looks for Chinese letters where they are to be.
func requireShown(t *testing.T, shown []report.Block, texts ...string) {
	t.Helper()
	r := &report.Report{Sections: []report.Section{{Blocks: shown}}}
	require.NoError(t, r.Validate())
	var page, english bytes.Buffer
	require.NoError(t, r.WriteHTML(&page, report.Chinese))
	require.NoError(t, r.WriteText(&english, report.English))
	for _, text := range texts {
		require.Contains(t, page.String(), text)
	}
	require.NotContains(t, page.String(), "NaN")
	require.False(t, strings.ContainsFunc(english.String(), func(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF }), english.String())
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

func TestRFM(t *testing.T) {
	s, purchases := shop(t)
	options := func(daysAgo, window int) *rfm.Options {
		return &rfm.Options{AsOf: s.Until().AddDate(0, 0, -daysAgo), Location: time.UTC, Window: window}
	}
	earlier, later, err := rfm.AnalyzePeriods(t.Context(), slices.Values(purchases), options(91, 0), options(0, 91))
	require.NoError(t, err)

	distributions := blocks.Distributions(earlier)
	require.Len(t, distributions, 3)
	for _, b := range distributions {
		h := b.(report.Histogram)
		require.Equal(t, float64(len(earlier.Customers)), sum(h.Counts)+float64(h.Outside))
	}
	requireShown(t, distributions, "最近一次消费", "消费频次", "消费金额")

	segments := earlier.BySegment()
	bars := blocks.Shares(report.Same("segments"), segments)
	require.InDelta(t, 1, sum(bars.Series[0].Values), 1e-9)
	require.InDelta(t, 1, sum(bars.Series[1].Values), 1e-9)
	figures := blocks.Groups(report.Same("figures"), segments)
	require.Len(t, figures.Rows, len(segments.Groups))
	customers := 0
	for i, row := range figures.Rows {
		require.Len(t, row, len(figures.Columns))
		require.Equal(t, segments.Summary()[i].Customers, row[1])
		customers += row[1].(int)
	}
	require.Equal(t, len(earlier.Customers), customers)
	tiers, err := earlier.ByTier()
	require.NoError(t, err)
	plain := blocks.Groups(report.Same("tiers"), tiers)
	require.Len(t, plain.Columns, 6, "tiers have no advice")

	moves, err := segments.Migration(later.BySegment())
	require.NoError(t, err)
	matrix := blocks.Migration(moves, report.Same("before"), report.Same("after"))
	require.Len(t, matrix.Rows, len(moves.From))
	for i := range moves.From {
		for j := range moves.To {
			require.Equal(t, float64(moves.Count(i, j)), matrix.Values[i][j])
		}
	}
	past, err := segments.Backtest(later.Customers)
	require.NoError(t, err)
	outcomes := blocks.Outcomes(report.Same("outcomes"), past)
	require.Len(t, outcomes.Rows, len(past.Groups)+1)
	require.Equal(t, past.All.Buyers, outcomes.Rows[len(past.Groups)][2], "all together last")
	best := blocks.Best(tiers)
	require.Equal(t, []any{len(earlier.Customers), tiers.Summary()[0].Share, tiers.Summary()[0].Revenue, tiers.Summary()[0].RevenueShare}, []any{best[0].Value, best[1].Value, best[2].Value, best[3].Value})
	top := blocks.Top(report.Same("top"), earlier, 10)
	require.Len(t, top.Rows, 10)
	for i, row := range top.Rows {
		more := 0
		for _, c := range earlier.Customers {
			if c.Revenue > row[1].(int64) {
				more++
			}
			if row[0] == fmt.Sprint(c.ID) {
				require.Equal(t, []any{c.Revenue, c.Frequency, c.Recency, report.Text(earlier.Model.Segment(c.Scores).Name)}, row[1:])
			}
		}
		require.LessOrEqual(t, more, i)
	}
	require.Len(t, blocks.Top(report.Text{}, earlier, 1<<40).Rows, len(earlier.Customers))
	require.Empty(t, blocks.Top(report.Text{}, earlier, -1).Rows)
	requireShown(t, []report.Block{bars, best, top, figures, plain, matrix, outcomes}, "冠军客户", "建议", "前期无", "合计", "再次购买")
}

func TestClusters(t *testing.T) {
	_, purchases := shop(t)
	a, err := rfm.Analyze(t.Context(), slices.Values(purchases), &rfm.Options{AsOf: purchases[len(purchases)-1].Time, Location: time.UTC})
	require.NoError(t, err)
	features, err := a.Table().Select("recency", "segment", "revenue")
	require.NoError(t, err)
	found, err := cluster.Fit(t.Context(), features, &cluster.Options{K: 3, Method: cluster.Prototypes})
	require.NoError(t, err)
	choice, err := cluster.Choose(t.Context(), features, []int{2, 3}, &cluster.ChooseOptions{Fit: cluster.Options{Method: cluster.Prototypes}, Bootstraps: 3})
	require.NoError(t, err)
	candidate := &choice.Candidates[1]
	facts := blocks.Candidate(candidate)
	require.Equal(t, []any{3, candidate.Silhouette, candidate.MinStability()}, []any{facts[0].Value, facts[1].Value, facts[2].Value})
	requireShown(t, []report.Block{facts}, "群数")
	described, err := cluster.Describe(t.Context(), features, &found.Assignment, nil)
	require.NoError(t, err)
	shown := blocks.Clusters(described, report.Measure{Name: report.Text{EN: "days", ZH: "天数"}})
	profiles, sizes := shown[0].(report.Matrix), shown[1].(report.Table)
	require.Equal(t, []report.Text{{EN: "days", ZH: "天数"}, report.Same("revenue")}, profiles.Columns, "the columns of numbers")
	rows := 0
	for i, g := range described.Groups {
		require.Equal(t, []float64{g.Columns[0].Position, g.Columns[2].Position}, profiles.Values[i])
		require.Equal(t, []any{report.Text(g.Name), g.Rows, g.Share, g.Columns[0].Median, g.Columns[2].Median, report.Text(g.Class)}, sizes.Rows[i])
		rows += g.Rows
	}
	require.Equal(t, len(a.Customers), rows)
	requireShown(t, shown[1:], "天数", "类别")
	require.Equal(t, table.Category, described.Columns[1].Kind)
}

func TestChurn(t *testing.T) {
	ctx := t.Context()
	s, purchases := shop(t)
	events := func(yield func(churn.Event[int64]) bool) {
		for _, p := range purchases {
			if !yield(churn.Event[int64]{Customer: p.Customer, Time: p.Time, Kind: churn.Purchase, Amount: p.Amount}) {
				return
			}
		}
	}
	log, err := churn.NewLog(ctx, events, &churn.LogOptions[int64]{Location: time.UTC, Until: s.Until(), Compare: cmp.Compare[int64]})
	require.NoError(t, err)
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 60, Step: 28}
	ahead, err := churn.LookAhead(ctx, log, plan, churn.Absent{}, nil, &churn.OutlookOptions[int64]{Alerts: &churn.AlertOptions[int64]{Capacity: 6}})
	require.NoError(t, err)
	alerts, err := blocks.Alerts(ahead, nil)
	require.NoError(t, err)
	require.Len(t, alerts.Rows, 6)
	for i, row := range alerts.Rows {
		require.Equal(t, ahead.List.Alerts[i].Probability, row[1])
		require.Equal(t, ahead.List.Alerts[i].Profit, row[3])
		require.NotEmpty(t, row[4])
	}
	require.Equal(t, report.Text{EN: "At stake: what the customer spent in the last 90 days.", ZH: "涉及金额：客户最近90天的消费。"}, alerts.Note)
	refunds, now := *ahead, *ahead.Now
	now.Columns = append(slices.Clone(now.Columns), churn.Info{Kind: churn.Refund, Measure: "sum", Days: 90})
	refunds.Now, refunds.List = &now, &churn.AlertList[int64]{ValueColumn: ahead.List.ValueColumn}
	less, err := blocks.Alerts(&refunds, nil)
	require.NoError(t, err)
	require.Equal(t, report.Text{EN: "At stake: what the customer spent in the last 90 days, less refunds.", ZH: "涉及金额：客户最近90天的消费，已扣除退款。"}, less.Note)
	without, err := blocks.Alerts(ahead, &churn.ReasonOptions{Raising: -1, Lowering: 1})
	require.NoError(t, err)
	for _, row := range without.Rows {
		require.False(t, strings.Contains(row[4].([]report.Text)[0].EN, "stands out"), "not asked for")
	}
	worth := *ahead
	worth.List, err = churn.Alerts(ctx, ahead.Model, ahead.Now, nil, &churn.AlertOptions[int64]{Values: slices.Repeat([]int64{100}, ahead.Now.Rows()), Unprofitable: true})
	require.NoError(t, err)
	all, err := blocks.Alerts(&worth, nil)
	require.NoError(t, err)
	require.Contains(t, all.Note.EN, "what it is worth that the customer stays")
	none := 0
	for _, row := range all.Rows {
		why := row[4].([]report.Text)
		raised := slices.ContainsFunc(why, func(w report.Text) bool { return strings.HasPrefix(w.EN, "+ ") })
		require.Equal(t, !raised, strings.HasPrefix(why[0].EN, "nothing stands out: "))
		if !raised {
			none++
		}
	}
	require.NotZero(t, none)
	curves := blocks.Evaluation(ahead.Test)
	calibration, gains, lift := curves[0].(report.Lines), curves[1].(report.Lines), curves[2].(report.Lines)
	require.Equal(t, len(ahead.Test.Reliability), len(calibration.Lines[0].X))
	require.Equal(t, ahead.Test.Reliability[0].True.Low, calibration.Lines[0].Low[0])
	names := []string{}
	for i, l := range gains.Lines {
		names = append(names, l.Name.EN)
		require.Equal(t, []float64{0, 0}, []float64{l.X[0], l.Y[0]})
		require.Equal(t, []float64{1, 1}, []float64{l.X[len(l.X)-1], l.Y[len(l.Y)-1]}, "all are found among all")
		if l.Style == report.Reference {
			continue
		}
		for j, y := range lift.Lines[i].Y {
			require.InDelta(t, l.Y[j+1]/l.X[j+1], y, 1e-9, "lift is gain over share")
		}
	}
	require.Equal(t, []string{"model", "logistic baseline", "silent for 60 days", "by chance"}, names)
	past, err := churn.Backtest(ctx, log, plan, churn.Absent{}, nil, &churn.BacktestOptions[int64]{Refit: 6})
	require.NoError(t, err)
	lists := blocks.Lists(past)
	require.Len(t, lists.Rows, len(past.Total.Lists))
	require.Equal(t, past.Total.Lists[0].Hits, lists.Rows[0][2])
	require.Contains(t, lists.Note.EN, fmt.Sprintf("Number of lists: %d.", len(past.Cutoffs)))
	requireShown(t, append(curves, alerts, all, lists), "校准", "增益", "提升度", "模型", "沉默60天", "沉默最久", "不联系", "召回率")
}

// TestQualityAddsUp has what was repaired beside what was kept and set aside.
func TestQualityAddsUp(t *testing.T) {
	type record struct {
		City string
		At   time.Time
	}
	reader, err := ingest.NewReader(&ingest.Schema[record]{
		Format: ingest.Format{Layouts: []string{time.DateOnly}, Location: time.UTC},
		Fields: []ingest.Field[record]{
			{Name: "at", Into: ingest.Time(func(r *record) *time.Time { return &r.At })},
			{Name: "city", Into: ingest.Text(func(r *record) *string { return &r.City }), Rules: []ingest.Rule{ingest.Trim().Because("blanks")}},
		},
		Checks: []ingest.Check[record]{{Reason: "nowhere", Fails: func(r *record) bool { return r.City == "" }}},
	}, nil, ingest.Stream("lines", strings.NewReader("at,city\n2024-01-01,Wuhan\n2024-01-02,Wuhan \n2024-01-03,\n2024-01-04,Beijing\n")))
	require.NoError(t, err)
	_, err = reader.ReadAll(t.Context())
	require.NoError(t, err)
	fate := blocks.Quality(reader.Report(), nil, map[string]string{"blanks": "空格"})[0].(report.Table)
	sum := int64(0)
	for _, row := range fate.Rows[:len(fate.Rows)-1] {
		sum += row[1].(int64)
	}
	require.Equal(t, reader.Report().Read, sum)
	require.Equal(t, []any{report.Text{EN: "repaired: city blanks", ZH: "修正：city 空格"}, int64(1), 0.25}, fate.Rows[1][:3])
	require.Equal(t, "set aside: at not a time in a declared layout", fate.Rows[2][0].(report.Text).EN, "of times, even where all are good")
	require.Zero(t, fate.Rows[2][1])
}

func TestQuality(t *testing.T) {
	type record struct{ ID, City string }
	read := func(lines string) *ingest.Report {
		reader, err := ingest.NewReader(&ingest.Schema[record]{
			Fields: []ingest.Field[record]{
				{Name: "id", Into: ingest.Text(func(r *record) *string { return &r.ID }), Rules: []ingest.Rule{ingest.Required()}},
				{Name: "city", Into: ingest.Text(func(r *record) *string { return &r.City })},
			},
			Unique: []ingest.Unique{{Reason: "twice", Fields: []string{"id"}}},
		}, nil, ingest.Stream("lines", strings.NewReader(lines)))
		require.NoError(t, err)
		_, err = reader.ReadAll(t.Context())
		require.NoError(t, err)
		return reader.Report()
	}
	shown := blocks.Quality(read("id,city\n1,Wuhan\n2,\n2,Wuhan\n,Wuhan\n"), nil, map[string]string{"city": "城市", "twice": "重复"})
	fate, fields := shown[0].(report.Table), shown[1].(report.Bars)
	counts := []int64{}
	for _, row := range fate.Rows {
		counts = append(counts, row[1].(int64))
	}
	require.Equal(t, []int64{2, 1, 1, 4}, counts, "kept, without id, twice, all")
	require.Equal(t, 1.0, fate.Rows[3][2])
	require.Equal(t, []float64{0.75, 0.75}, fields.Series[0].Values)
	require.Contains(t, fields.Note.EN, "completeness of city")
	requireShown(t, shown, "未达标", "城市（完整性）", "保留", "剔除：重复", "剔除：id ")

	good := blocks.Quality(read("id,city\n1,Wuhan\n"), nil, nil)
	require.Equal(t, []any{report.Text{EN: "set aside: twice", ZH: "剔除：twice"}, int64(0), 0.0}, good[0].(report.Table).Rows[1], "a key has its row")
	require.Equal(t, "Everything reaches its target.", good[1].(report.Bars).Note.EN)
	require.False(t, math.IsNaN(blocks.Quality(&ingest.Report{}, nil, nil)[0].(report.Table).Rows[0][2].(float64)), "of nothing")
}
