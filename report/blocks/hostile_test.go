package blocks_test

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/report/blocks"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/table"
)

// reported writes the blocks, unless the report is refused.
func reported[B report.Block](list ...B) (page string, err error) {
	r := &report.Report{Sections: []report.Section{{}}}
	for _, b := range list {
		r.Sections[0].Blocks = append(r.Sections[0].Blocks, b)
	}
	var b bytes.Buffer
	err = r.WriteHTML(&b, report.Chinese)
	return b.String(), err
}

func hostileQuality() *ingest.Report {
	return &ingest.Report{
		Sources: []string{"lines"}, Read: 4, Kept: 2, SetAside: 2,
		Rules: []ingest.RuleCount{{Field: "id", Reason: "required", Judged: 4, Failed: 1, SetAside: 1}, {Reason: "twice", Judged: 3, Failed: 1, SetAside: 1, Unique: true}},
		Fields: []ingest.FieldCount{
			{Name: "id", Column: "id", Present: 3, Missing: 1},
			{Name: "born", Column: "born", Present: 3, Missing: 1, Invalid: 1, Oldest: hostileAt.AddDate(-9, 0, 0), Newest: hostileAt.AddDate(-1, 0, 0), Time: true},
		},
	}
}

var hostileAt = time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)

func hostileEvents(yield func(churn.Event[int64]) bool) {
	for customer := range int64(30) {
		step := 3 + int(customer)%7
		for day := int(customer); day < 400-int(customer%3)*int(customer)*6; day += step {
			if !yield(churn.Event[int64]{Customer: customer + 1, Time: hostileAt.AddDate(0, 0, day-400), Kind: churn.Purchase, Amount: 100 + int64(day)}) {
				return
			}
		}
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	customer := func(id string, days, times int, revenue int64) rfm.Customer[string] {
		return rfm.Customer[string]{ID: id, Values: rfm.Values{Recency: days, Frequency: times, Monetary: float64(revenue)}, Revenue: revenue}
	}
	customers := []rfm.Customer[string]{customer("a", 3, 7, 900), customer("b", 30, 2, 150), customer("c", 90, 1, 20)}
	analysis, err := rfm.AnalyzeCustomers(ctx, customers, nil, nil)
	require.NoError(t, err)
	grouping := analysis.BySegment()
	migration, err := grouping.Migration(analysis.ByClass())
	require.NoError(t, err)
	past, err := grouping.Backtest(customers)
	require.NoError(t, err)
	features := &table.Table[int]{Columns: []table.Column{table.NumberColumn("days", 1, 2, 50, 60), table.CategoryColumn("city", "a", "a", "b", "b"), table.NumberColumn("spent", 9, 8, 1, 2)}}
	described := func() *cluster.Description {
		d, err := cluster.Describe(ctx, features, &cluster.Assignment{Labels: []int32{0, 0, 1, 1}}, nil)
		require.NoError(t, err)
		return d
	}
	log, err := churn.NewLog(ctx, hostileEvents, &churn.LogOptions[int64]{Location: time.UTC, Until: hostileAt, Compare: cmp.Compare[int64]})
	require.NoError(t, err)
	plan := &churn.Plan{Window: 60, Gap: 3, Horizon: 30, Step: 30}
	ahead, err := churn.LookAhead(ctx, log, plan, churn.Absent{}, nil, &churn.OutlookOptions[int64]{Alerts: &churn.AlertOptions[int64]{Capacity: 3}})
	require.NoError(t, err)
	require.NotEmpty(t, ahead.List.Alerts)
	backtest, err := churn.Backtest(ctx, log, plan, churn.Absent{}, nil, &churn.BacktestOptions[int64]{Refit: 6})
	require.NoError(t, err)
	evaluated := func() *churn.Report {
		r := *ahead.Test
		r.Contenders, r.Reliability = slices.Clone(r.Contenders), slices.Clone(r.Reliability)
		for i := range r.Contenders {
			r.Contenders[i].Gains = slices.Clone(r.Contenders[i].Gains)
		}
		return &r
	}
	const made = "it is made by the library"
	title := func() report.Text { return report.Text{EN: "title", ZH: "标题"} }

	hostiletest.Run(t, hostiletest.Table{
		"Distributions": {
			Call: func(c []rfm.Customer[string]) (string, error) {
				return reported(blocks.Distributions(&rfm.Analysis[string]{Customers: c})...)
			},
			Names: "customers", Args: func() []any { return []any{slices.Clone(customers)} }, Expect: map[string]any{"customers": hostiletest.OK},
		},
		"Shares": {
			Call:  func(title report.Text) (string, error) { return reported(blocks.Shares(title, grouping)) },
			Names: "title", Args: func() []any { return []any{title()} }, Expect: map[string]any{"title.EN": hostiletest.OK, "title.ZH": hostiletest.OK},
		},
		"Groups": {
			Call:  func(title report.Text) (string, error) { return reported(blocks.Groups(title, grouping)) },
			Names: "title", Args: func() []any { return []any{title()} }, Expect: map[string]any{"title.EN": hostiletest.OK, "title.ZH": hostiletest.OK},
		},
		"Best": {
			Call:  func() (string, error) { return reported(blocks.Best(grouping)) },
			Names: "", Args: func() []any { return nil },
		},
		"Top": {
			Call: func(title report.Text, n int) (string, error) {
				return reported(blocks.Top(title, analysis, n))
			},
			Names: "title n", Args: func() []any { return []any{title(), 2} }, Expect: map[string]any{"title.EN": hostiletest.OK, "n": hostiletest.OK},
		},
		"Candidate": {
			Call:  func(c *cluster.Candidate) (string, error) { return reported(blocks.Candidate(c)) },
			Names: "candidate", Args: func() []any {
				return []any{&cluster.Candidate{K: 2, Indices: cluster.Indices{Silhouette: 0.5}, Stability: []float64{0.8, 0.9}}}
			},
			Hold: map[string]string{"candidate nil": made}, Expect: map[string]any{"candidate.K": hostiletest.OK},
		},
		"Migration": {
			Call: func(before, after report.Text) (string, error) {
				return reported(blocks.Migration(migration, before, after))
			},
			Names: "before after", Args: func() []any { return []any{title(), title()} }, Expect: map[string]any{"before.ZH": hostiletest.OK, "after.ZH": hostiletest.OK},
		},
		"Outcomes": {
			Call:  func(title report.Text, b *rfm.Backtest) (string, error) { return reported(blocks.Outcomes(title, b)) },
			Names: "title past", Args: func() []any {
				b := *past
				b.Groups = slices.Clone(b.Groups)
				return []any{title(), &b}
			},
			Hold: map[string]string{"past nil": made}, Expect: map[string]any{"title.EN": hostiletest.OK, "past.Groups": hostiletest.OK, "past.All.Lift NaN": hostiletest.OK, "past.All.PerCustomer +Inf": hostiletest.OK},
		},
		"Alerts": {
			Call: func(o *churn.ReasonOptions) (string, error) {
				list, err := blocks.Alerts(ahead, o)
				if err != nil {
					return "", err
				}
				return reported(list)
			},
			Names: "options", Args: func() []any { return []any{&churn.ReasonOptions{Raising: 2, Lowering: 1}} }, Expect: map[string]any{"options": hostiletest.OK},
		},
		"Evaluation": {
			Call:  func(r *churn.Report) (string, error) { return reported(blocks.Evaluation(r)...) },
			Names: "report", Args: func() []any { return []any{evaluated()} }, Hold: map[string]string{"report nil": made},
			Expect: map[string]any{"report.Reliability nil": hostiletest.OK, "report.Contenders nil": hostiletest.OK, "report.Contenders huge": "more than 4"}, Every: 7,
		},
		"Lists": {
			Call:  func(b *churn.BacktestResult) (string, error) { return reported(blocks.Lists(b)) },
			Names: "past", Args: func() []any {
				b := *backtest
				b.Cutoffs, b.Total.Lists = slices.Clone(b.Cutoffs[:1]), slices.Clone(b.Total.Lists)
				return []any{&b}
			},
			Hold: map[string]string{"past nil": made, "past.Cutoffs": "they are counted alone"}, Expect: map[string]any{"past.Total.Lists": hostiletest.OK},
		},
		"Clusters": {
			Call: func(d *cluster.Description, measures []report.Measure) (string, error) {
				return reported(blocks.Clusters(d, measures...)...)
			},
			Names: "description measures", Args: func() []any {
				return []any{described(), []report.Measure{{Name: report.Same("days")}, {Name: report.Same("spent"), Format: report.Money}}}
			},
			Hold: map[string]string{"description nil": made, "description.Columns": made, "description.Groups[1].Columns": made},
			Expect: map[string]any{
				"measures": hostiletest.OK, "measures[1].Format max": "Format is unknown", "description.Groups nil": hostiletest.OK, "description.Groups huge": "more than 60", "description.Groups[1].Name.ZH": hostiletest.OK,
			},
		},
		"Quality": {
			Call: func(r *ingest.Report, targets *ingest.Targets, zh map[string]string) (string, error) {
				return reported(blocks.Quality(r, targets, zh)...)
			},
			Names: "report targets zh", Args: func() []any {
				return []any{hostileQuality(), &ingest.Targets{AsOf: hostileAt, Completeness: 0.9}, map[string]string{"id": "编号"}}
			},
			Hold: map[string]string{"report nil": made},
			Expect: map[string]any{
				"targets nil": hostiletest.OK, "zh": hostiletest.OK, "report.Read zero": hostiletest.OK, "report.Rules nil": hostiletest.OK, "report.Fields nil": hostiletest.OK, "report.Fields[1].Name": hostiletest.OK,
				"report.Fields huge": "more than 100", "targets.Completeness NaN": hostiletest.OK,
			},
		},
	})
}
