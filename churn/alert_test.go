package churn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// alertRow is a row of a data set made by hand.
type alertRow struct {
	customer string
	silence  float64
	spent    float64
}

// alertData returns rows at a cut-off, of a plan with a gap of 3 days and a horizon of 7.
func alertData(cutoff Day, rows ...alertRow) *Dataset[string] {
	d := &Dataset[string]{
		Table: &table.Table[Subject[string]]{Compare: compareSubjects(cmp.Compare[string])},
		Columns: []Info{
			{Name: silenceColumn, Kind: Purchase, Measure: measureDaysSince.String()},
			{Name: "purchase_sum_90", Kind: Purchase, Measure: measureSum.String(), Days: 90},
			{Name: "purchase_sum_365", Kind: Purchase, Measure: measureSum.String(), Days: 365},
			{Name: "refund_sum_365", Kind: Refund, Measure: measureSum.String(), Days: 365},
			{Name: "purchase_sum", Kind: Purchase, Measure: measureSum.String()},
		},
		label: "no purchase for 30 days",
		plan:  Plan{Gap: 3, Horizon: 7},
	}
	silence, spent, other, back := make([]float64, len(rows)), make([]float64, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		d.Table.IDs = append(d.Table.IDs, Subject[string]{r.customer, cutoff})
		silence[i], spent[i], other[i] = r.silence, r.spent, -1
		back[i] = math.NaN()
		if r.spent > 0 { // half of what was bought is given back
			back[i] = r.spent
			spent[i] = 2 * r.spent
		}
	}
	d.Table.Columns = []table.Column{
		table.NumberColumn(silenceColumn, silence...), table.NumberColumn("purchase_sum_90", other...),
		table.NumberColumn("purchase_sum_365", spent...), table.NumberColumn("refund_sum_365", back...),
		table.NumberColumn("purchase_sum", other...),
	}
	return d
}

func alertCustomers(l *AlertList[string]) []string {
	names := []string{}
	for _, a := range l.Alerts {
		names = append(names, a.Customer)
	}
	return names
}

func TestAlerts(t *testing.T) {
	d := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000}, alertRow{"c", 9, 500},
		alertRow{"d", 1, math.NaN()}, alertRow{"e", 2, 1000})
	p := []float64{0.2, 0.8, 0.5, 0.9, 0.2}
	costs := Economics{Contact: 10, Offer: 50, Acceptance: 0.5, Margin: 1}
	// Profits: a and e 0.2·0.5·950-0.8·50-10 = 45, b 0.8·0.5·950-10-10 = 360,
	// c 0.5·0.5·450-25-10 = 77.5; d has no money to lose.
	for _, test := range []struct {
		name string
		opts *AlertOptions[string]
		want []string
		list AlertList[string]
	}{
		{"by money at stake", nil, []string{"b", "c", "a", "e"}, AlertList[string]{Unprofitable: 1}},
		{"by profit", &AlertOptions[string]{Economics: costs}, []string{"b", "c", "a", "e"}, AlertList[string]{Unprofitable: 1}},
		{"unprofitable too", &AlertOptions[string]{Economics: costs, Unprofitable: true}, []string{"b", "c", "a", "e", "d"}, AlertList[string]{}},
		{"capacity", &AlertOptions[string]{Economics: costs, Capacity: 3}, []string{"b", "c", "a"}, AlertList[string]{Unprofitable: 1, OverCapacity: 1}},
		// Costs: b 10+50·(0.4+0.2) = 40, c 10+50·(0.25+0.5) = 47.5.
		{"budget", &AlertOptions[string]{Economics: costs, Budget: 88}, []string{"b", "c"}, AlertList[string]{Unprofitable: 1, OverBudget: 2}},
		{"budget too small", &AlertOptions[string]{Economics: costs, Budget: 39}, []string{}, AlertList[string]{Unprofitable: 1, OverBudget: 4}},
		{"capacity and budget", &AlertOptions[string]{Economics: costs, Capacity: 3, Budget: 50}, []string{"b"}, AlertList[string]{Unprofitable: 1, OverCapacity: 1, OverBudget: 2}},
		{"excluded", &AlertOptions[string]{Economics: costs, Exclude: func(c string) bool { return c == "b" }}, []string{"c", "a", "e"}, AlertList[string]{Unprofitable: 1, Excluded: 1}},
		{"values", &AlertOptions[string]{Values: []int64{1, 2, 30, 4, -5}}, []string{"c", "d", "b", "a"}, AlertList[string]{Unprofitable: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := Alerts(t.Context(), nil, d, p, test.opts)
			require.NoError(t, err)
			require.Equal(t, test.want, alertCustomers(list))
			require.Equal(t, [6]int{5, test.list.Standing, test.list.Excluded, test.list.Unprofitable, test.list.OverCapacity, test.list.OverBudget},
				[6]int{list.Rows, list.Standing, list.Excluded, list.Unprofitable, list.OverCapacity, list.OverBudget})
			require.Equal(t, list.Rows, len(list.Alerts)+list.Standing+list.Excluded+list.Unprofitable+list.OverCapacity+list.OverBudget)
		})
	}

	list, err := Alerts(t.Context(), nil, d, p, &AlertOptions[string]{Economics: costs, Capacity: 2})
	require.NoError(t, err)
	require.Equal(t, Alert[string]{"b", 100, 110, 0.8, 1000, list.Alerts[0].Profit, list.Alerts[0].BreakEven, 1}, list.Alerts[0])
	require.InDelta(t, 360, list.Alerts[0].Profit, 1e-9)
	require.InDelta(t, 20/(0.8*950), list.Alerts[0].BreakEven, 1e-12)
	require.InDelta(t, 1.3, list.Leavers, 1e-12)
	require.InDelta(t, 1050, list.AtStake, 1e-9)
	require.InDelta(t, 87.5, list.Cost, 1e-9)
	require.InDelta(t, 437.5, list.Profit.Value, 1e-9)
	// Variances of what b and c earn: 0.4·950² + 0.2·50² - 370², 0.25·450² + 0.5·50² - 87.5².
	half := 1.959964 * math.Sqrt(0.4*950*950+0.2*2500-370*370+0.25*450*450+0.5*2500-87.5*87.5)
	require.InDelta(t, 437.5-half, list.Profit.Low, 1e-3)
	require.InDelta(t, 437.5+half, list.Profit.High, 1e-3)

	require.Equal(t, "purchase_sum_365", list.ValueColumn)
	given, err := Alerts(t.Context(), nil, d, p, &AlertOptions[string]{Values: []int64{1, 2, 3, 4, 5}})
	require.NoError(t, err)
	require.Empty(t, given.ValueColumn)

	text, err := json.Marshal(list)
	require.NoError(t, err)
	var back AlertList[string]
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, list, &back)
}

func TestAlertScenarios(t *testing.T) {
	d := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000}, alertRow{"c", 9, 400}, alertRow{"d", 9, 90})
	p := []float64{0.2, 0.8, 0.5, 0.9}
	opts := &AlertOptions[string]{Economics: Economics{Contact: 10, Offer: 50, Acceptance: 0.8, Margin: 1}, Capacity: 2}
	list, err := Alerts(t.Context(), nil, d, p, opts)
	require.NoError(t, err)
	var acceptances []float64
	for i, s := range list.Scenarios {
		other := *opts
		other.Economics.Acceptance = s.Acceptance
		other.Economics.Contact = int64(10 * s.Costs)
		other.Economics.Offer = int64(50 * s.Costs)
		best, err := Alerts(t.Context(), nil, d, p, &other)
		require.NoError(t, err)
		require.Len(t, best.Alerts, s.Alerts)
		require.InDelta(t, best.Profit.Value, s.Profit, 1e-9)
		same := 0.0
		for _, a := range list.Alerts {
			same += other.Economics.Profit(a.Probability, a.Value)
		}
		require.InDelta(t, same, s.Same, 1e-9)
		require.GreaterOrEqual(t, s.Profit, s.Same-1e-9)
		if i%3 == 0 {
			acceptances = append(acceptances, s.Acceptance)
		}
	}
	require.InDeltaSlice(t, []float64{0.4, 0.6, 0.8, 1}, acceptances, 1e-12, "1.25 and 1.5 times are both 1")

	opts.Economics = Economics{}
	list, err = Alerts(t.Context(), nil, d, p, opts)
	require.NoError(t, err)
	require.Len(t, list.Scenarios, 5, "no costs, no grid of them")
}

// An alert of day 100 that expires on day 110, seen from later days.
func TestAlertsPrevious(t *testing.T) {
	for _, test := range []struct {
		name             string
		cutoff           Day
		silence          float64
		previous         []Alert[string]
		alerted          bool
		standing, bought int
	}{
		{"no earlier alert", 105, 9, nil, true, 0, 0},
		{"the same day again", 100, 0, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
		{"stands", 105, 9, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
		{"last day", 109, 20, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
		{"expired", 110, 20, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, true, 0, 0},
		{"bought on the day of the alert", 105, 4, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, true, 0, 1},
		{"bought on the day before the alert", 105, 5, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
		{"bought yesterday", 105, 0, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, true, 0, 1},
		{"bought after it expired", 112, 0, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, true, 0, 0},
		{"never bought", 105, math.NaN(), []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
		{"of somebody else", 105, 9, []Alert[string]{{Customer: "b", Cutoff: 100, Expires: 110}}, true, 0, 0},
		{"of a later day", 95, 9, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}}, true, 0, 0},
		{"two, the first expired", 115, 9, []Alert[string]{{Customer: "a", Cutoff: 100, Expires: 110}, {Customer: "a", Cutoff: 112, Expires: 122}}, false, 1, 0},
		{"two, the first ended by a purchase", 108, 5, []Alert[string]{{Customer: "a", Cutoff: 104, Expires: 114}, {Customer: "a", Cutoff: 100, Expires: 110}}, false, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := alertData(test.cutoff, alertRow{"a", test.silence, 100})
			list, err := Alerts(t.Context(), nil, d, []float64{0.5}, &AlertOptions[string]{Previous: test.previous})
			require.NoError(t, err)
			require.Equal(t, test.alerted, len(list.Alerts) == 1)
			require.Equal(t, test.standing, list.Standing)
			require.Equal(t, test.bought, list.Bought)
		})
	}
}

func TestAlertsErrors(t *testing.T) {
	d := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000})
	two := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000})
	two.Table.IDs[1].Cutoff = 101
	noValue := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000})
	noValue.Columns, noValue.Table.Columns = noValue.Columns[:1], noValue.Table.Columns[:1]
	odd := alertData(100, alertRow{"a", 5, 1000}, alertRow{"b", 9, 1000})
	odd.Table.Columns = odd.Table.Columns[:1]
	p := []float64{0.1, 0.2}
	for _, test := range []struct {
		name string
		d    *Dataset[string]
		p    []float64
		opts *AlertOptions[string]
		is   error
		text string
	}{
		{"options", d, p, &AlertOptions[string]{Capacity: -1, Budget: -1, Days: -1, Economics: Economics{Offer: -1}}, ErrOptions, "Economics.Offer"},
		{"too long", d, p, &AlertOptions[string]{Days: 1_000_001}, ErrOptions, "Days is over a million"},
		{"money without a margin", d, p, &AlertOptions[string]{Economics: Economics{Contact: 1}}, ErrOptions, "Margin"},
		{"offer without a margin", d, p, &AlertOptions[string]{Economics: Economics{Offer: 1}}, ErrOptions, "Margin"},
		{"no data", nil, p, nil, ErrNoRows, "nobody"},
		{"no table", &Dataset[string]{}, nil, nil, ErrNoRows, "nobody"},
		{"no rows, and no values", &Dataset[string]{Table: alertData(100).Table}, nil, nil, ErrNoRows, "nobody"},
		{"no model", d, nil, nil, ErrOptions, "model"},
		{"lengths", d, p[:1], nil, ErrOptions, "1 probabilities for 2 rows"},
		{"probability", d, []float64{0.1, 1.5}, nil, ErrOptions, "row 1"},
		{"no number", d, []float64{math.NaN(), 0}, nil, ErrOptions, "row 0"},
		{"two cut-offs", two, p, nil, ErrOptions, "row 1"},
		{"values", d, p, &AlertOptions[string]{Values: []int64{1}}, ErrOptions, "1 values for 2 rows"},
		{"no values", noValue, p, nil, ErrOptions, "Values is needed"},
		{"no column", odd, p, nil, ErrSchema, "purchase_sum_365"},
		{"no rows", alertData(100), []float64{}, nil, ErrNoRows, "nobody"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Alerts(t.Context(), nil, test.d, test.p, test.opts)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.text)
		})
	}
	require.NoError(t, (*AlertOptions[string])(nil).Validate())
	require.NoError(t, (&AlertOptions[string]{Economics: Economics{Contact: 1}, Values: []int64{}}).Validate(), "given values may be profits")
	require.NoError(t, (&AlertOptions[string]{Economics: Economics{Contact: 1, Margin: 1}, Days: 1_000_000}).Validate())

	// A model that answers something else than the rows ask.
	for _, m := range []*Model{
		{label: "no purchase", plan: d.plan},
		{label: d.label, plan: Plan{Gap: 3, Horizon: 14}},
		{label: d.label, plan: Plan{Gap: NoGap, Horizon: 7}},
		{label: d.label, plan: Plan{Gap: 3, Horizon: 7, Window: 90}},
	} {
		_, err := Alerts(t.Context(), m, d, p, nil)
		require.ErrorIs(t, err, ErrSchema)
	}
	_, err := Alerts(t.Context(), &Model{label: d.label, plan: Plan{Gap: 3, Horizon: 7, Step: 1}}, d, p, nil)
	require.NoError(t, err, "cut-offs may be others")
}

// An alert of a long time stands for that long.
func TestAlertsStandLong(t *testing.T) {
	opts := &AlertOptions[string]{Days: 1_000_000}
	list, err := Alerts(t.Context(), nil, alertData(19000, alertRow{"a", 500, 10000}), []float64{0.5}, opts)
	require.NoError(t, err)
	require.Equal(t, Day(1_019_000), list.Alerts[0].Expires)
	opts.Previous = list.Alerts
	for cutoff, standing := range map[Day]int{19001: 1, 1_018_999: 1, 1_019_000: 0} {
		list, err := Alerts(t.Context(), nil, alertData(cutoff, alertRow{"a", math.NaN(), 10000}), []float64{0.5}, opts)
		require.NoError(t, err)
		require.Equal(t, standing, list.Standing)
	}
}

// Under a capacity the list is the best of all lists; equal customers come in their order.
func TestAlertsAreBest(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		const n = 9
		var rows []alertRow
		var p []float64
		for i := range n {
			rows = append(rows, alertRow{fmt.Sprint(i), 5, float64(100 * random.IntN(8))})
			p = append(p, float64(random.IntN(6))/5)
		}
		opts := &AlertOptions[string]{Economics: Economics{Contact: random.Int64N(5), Offer: random.Int64N(60), Acceptance: 0.6, Margin: 1}, Capacity: 1 + random.IntN(n)}
		list, err := Alerts(t.Context(), nil, alertData(100, rows...), p, opts)
		require.NoError(t, err)
		best := 0.0
		for set := range 1 << n {
			sum, size := 0.0, 0
			for i := range n {
				if set>>i&1 == 1 {
					sum += opts.Economics.Profit(p[i], rows[i].spent)
					size++
				}
			}
			if size <= opts.Capacity {
				best = max(best, sum)
			}
		}
		require.InDelta(t, best, list.Profit.Value, 1e-9)
		require.True(t, slices.IsSortedFunc(list.Alerts, func(a, b Alert[string]) int {
			return cmp.Or(cmp.Compare(b.Profit, a.Profit), cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Customer, b.Customer))
		}))
	}
}
