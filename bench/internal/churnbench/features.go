package churnbench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
	"github.com/clientele-go/clientele/table"
)

// compared are the columns that both make.
var compared = []string{
	"contact_count_7d", "contact_count_30d", "contact_count_90d", "contact_count_365d", "contact_days_since", "contact_days_since_first",
	"purchase_count_7d", "purchase_count_30d", "purchase_count_90d", "purchase_count_365d", "purchase_days_since", "purchase_days_since_first",
	"purchase_sum_7d", "purchase_sum_30d", "purchase_sum_90d", "purchase_sum_365d", "purchase_trend_30d", "purchase_trend_90d", "purchase_trend_365d",
	"refund_count_7d", "refund_count_30d", "refund_count_90d", "refund_count_365d", "refund_days_since", "refund_days_since_first",
	"refund_sum_7d", "refund_sum_30d", "refund_sum_90d", "refund_sum_365d",
	"refund_share_7d", "refund_share_30d", "refund_share_90d", "refund_share_365d",
	"purchase_days", "purchase_rate", "purchase_mean", "purchase_max_share",
	"purchase_gap_mean", "purchase_gap_median", "purchase_gap_sd", "purchase_gap_cv", "purchase_gap_last", "purchase_gap_q80", "purchase_gap_q90", "purchase_gap_max",
	"silence_to_gap_mean", "silence_to_gap_median", "silence_to_gap_q80",
	"purchase_weekend_share", "purchase_evening_share", "purchase_night_share",
	"channel_share_app", "channel_share_phone", "channel_share_store", "channel_share_web", "channel_count",
}

// head is the number of customers of whom every value is compared.
const head = 50_000

// history is events in columns.
type history struct {
	columns table.Events[int64]
	cutoff  time.Time
}

func newHistory(events, customers int) (*history, error) {
	h := &history{cutoff: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	c := &h.columns
	c.Customers, c.Times, c.Amounts = make([]int64, events), make([]int64, events), make([]int64, events)
	if err := synth.Bulk(1, customers, c.Customers, c.Times, c.Amounts, make([]int64, events)); err != nil {
		return nil, err
	}
	c.KindNames, c.ChannelNames = []string{churn.Contact, churn.Purchase, churn.Refund}, []string{"app", "phone", "store", "web"}
	r := rand.New(rand.NewPCG(1, 1))
	c.Kinds, c.Channels = make([]int32, events), make([]int32, events)
	for i := range events {
		switch u := r.Float64(); {
		case u < 0.1:
			c.Kinds[i], c.Amounts[i] = 0, 0
		case u < 0.95:
			c.Kinds[i] = 1
		default:
			c.Kinds[i] = 2
		}
		c.Channels[i] = int32(r.IntN(r.IntN(4) + 1))
	}
	return h, nil
}

// rows are the values compared, row by row, and their sums.
type rows struct {
	head          []float64
	sums, missing []float64
}

func (h *history) ours() *harness.Way[*rows] {
	var d *churn.Dataset[int64]
	return &harness.Way[*rows]{
		Label: libraryName,
		Do: func(ctx context.Context) (harness.Cost, error) {
			d = nil
			return harness.Clock(func() error {
				log, err := churn.NewLogColumns(ctx, &h.columns, &churn.LogOptions[int64]{
					Location: time.UTC, Until: h.cutoff.AddDate(0, 0, 1), Compare: cmp.Compare[int64],
				})
				if err != nil {
					return err
				}
				day := churn.DayOf(h.cutoff, time.UTC)
				d, err = churn.Snapshots(ctx, log, &churn.Plan{Gap: churn.NoGap, Horizon: 1, First: day, Last: day}, churn.Happens{}, nil)
				return err
			})
		},
		Result: func() (*rows, error) {
			answer := &rows{}
			for _, name := range compared {
				c, ok := d.Table.Column(name)
				if !ok {
					return nil, fmt.Errorf("no column %s", name)
				}
				sum, missing := 0.0, 0.0
				for _, x := range c.Num {
					if math.IsNaN(x) {
						missing++
					} else {
						sum += x
					}
				}
				answer.sums, answer.missing = append(answer.sums, sum), append(answer.missing, missing)
			}
			for i := range min(head, d.Rows()) {
				for _, name := range compared {
					c, _ := d.Table.Column(name)
					answer.head = append(answer.head, c.Num[i])
				}
			}
			return answer, nil
		},
	}
}

func (h *history) pandas(p *harness.Python) *harness.Way[*rows] {
	c := &h.columns
	request := request{Cutoff: int(h.cutoff.Unix() / 86400), Channels: c.ChannelNames, Columns: compared, Head: head}
	call := func(do string) (got reply, err error) {
		request.Do = do
		err = p.Call(request, &got)
		return got, err
	}
	return &harness.Way[*rows]{
		Label: pandasName, Child: &p.Child,
		Before: func(ctx context.Context) error {
			err := p.Open(ctx, func() error {
				for name, column := range map[string][]int64{"customer": c.Customers, "unix": c.Times, "amount": c.Amounts} {
					if err := harness.Column(p.Dir, name, column); err != nil {
						return err
					}
				}
				if err := harness.Column(p.Dir, "kind", c.Kinds); err != nil {
					return err
				}
				return harness.Column(p.Dir, "channel", c.Channels)
			})
			if err != nil {
				return err
			}
			_, err = call("prepare")
			return err
		},
		Do: func(context.Context) (harness.Cost, error) {
			got, err := call("run")
			return got.Cost(), err
		},
		Result: func() (*rows, error) {
			if _, err := call("answer"); err != nil {
				return nil, err
			}
			first, err := harness.ReadColumn[float64](p.Dir, "head")
			if err != nil {
				return nil, err
			}
			sums, err := harness.ReadColumn[float64](p.Dir, "sums")
			if err != nil {
				return nil, err
			}
			return &rows{head: first, sums: sums[:len(compared)], missing: sums[len(compared):]}, nil
		},
	}
}

// sameRows wants the same values to 1e-9, missing ones in the same places.
func sameRows(want, got *rows) error {
	if len(want.head) != len(got.head) {
		return fmt.Errorf("got %d values, want %d", len(got.head), len(want.head))
	}
	differ := func(a, b float64) bool {
		return math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 1e-9*max(1, math.Abs(a))
	}
	for i, name := range compared {
		if want.missing[i] != got.missing[i] || differ(want.sums[i], got.sums[i]) {
			return fmt.Errorf("%s: sum %v with %v missing, want %v with %v", name, got.sums[i], got.missing[i], want.sums[i], want.missing[i])
		}
	}
	for i, x := range want.head {
		if differ(x, got.head[i]) {
			return fmt.Errorf("%s: got %v, want %v in row %d", compared[i%len(compared)], got.head[i], x, i/len(compared))
		}
	}
	return nil
}

func featureTask(ctx context.Context, s *harness.Session, p *harness.Python, o Options) error {
	name := fmt.Sprintf("churn: features of %d events of %d customers", o.Events, o.Customers)
	if !s.Wants(name) {
		return nil
	}
	h, err := newHistory(o.Events, o.Customers)
	if err != nil {
		return err
	}
	return harness.Measure(ctx, s, &harness.Task[*rows]{
		Name: name, Peers: []harness.Peer[*rows]{h.ours(), h.pandas(p)}, Compare: sameRows,
		Targets: []harness.Target{{Peer: pandasName, Ratio: 5}},
	})
}
