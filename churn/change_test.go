package churn

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// changeShop is a model of a generated shop with a feature of the caller, and what is needed to
// explain the rows at the end of the log. It is made once.
type changeShop struct {
	model *Model
	log   *Log[int64]
	own   []Own[int64]
	today *Dataset[int64]
}

var changeOnce struct {
	sync.Once
	shop changeShop
}

func newChangeShop(t *testing.T) (*Model, *Log[int64], []Own[int64], *Dataset[int64]) {
	t.Helper()
	changeOnce.Do(func() {
		l, _ := synthLog(t, 3, 1500)
		own := []Own[int64]{{
			Name: "purchases_this_month", Text: Text{"Purchases this month", "本月购买次数"},
			Feature: FeatureFunc[int64](func(_ int64, h *History) float64 { return float64(h.Count(Purchase, 30)) }),
		}}
		features := &Features[int64]{Own: own, Windows: []int{30, 90}}
		d, err := Snapshots(t.Context(), l, &Plan{Window: 365, Gap: 3, Horizon: 30}, Absent{}, features)
		require.NoError(t, err)
		split, err := d.Split(nil)
		require.NoError(t, err)
		m, err := Fit(t.Context(), split.Train, split.Calibrate, nil)
		require.NoError(t, err)
		today, err := SnapshotAt(t.Context(), l, l.Until(), Absent{}, m, own)
		require.NoError(t, err)
		changeOnce.shop = changeShop{m, l, own, today}
	})
	s := changeOnce.shop
	require.NotNil(t, s.model)
	return s.model, s.log, s.own, s.today
}

func TestChanges(t *testing.T) {
	m, l, own, today := newChangeShop(t)
	p, err := Predict(t.Context(), m, today)
	require.NoError(t, err)
	found := map[string]int{}
	for i := 0; i < today.Rows(); i += 20 {
		who := today.Table.IDs[i]
		bound := p[i] - 0.05
		if bound < 0 {
			continue
		}
		changes, err := Changes(m, l, who, own, bound)
		require.NoError(t, err)
		for k, c := range changes {
			found[c.Kind]++
			require.InDelta(t, p[i], c.Before, 1e-12, "the features are those of SnapshotAt")
			require.LessOrEqual(t, c.After, bound)
			require.Equal(t, c.Kind == Purchase, c.Events > 0)
			require.NotContains(t, c.Text.EN+c.Text.ZH, "{")
			if k > 0 {
				require.LessOrEqual(t, max(changes[k-1].Events, -changes[k-1].Events), max(c.Events, -c.Events))
			}
		}
		none, err := Changes(m, l, who, own, p[i]+1e-9)
		require.NoError(t, err)
		require.Empty(t, none, "it is so already")
	}
	require.NotZero(t, found[Purchase])
}

// A log with the change in it has the probability that Changes tells.
func TestChangesAreThoseOfALog(t *testing.T) {
	m, l, own, today := newChangeShop(t)
	p, err := Predict(t.Context(), m, today)
	require.NoError(t, err)
	compared := map[string]int{}
	for i := 0; i < today.Rows() && (compared[Purchase] < 5 || compared[Contact]+compared[Refund] < 2); i++ {
		who := today.Table.IDs[i]
		at, _ := slices.BinarySearch(l.Customers(), who.Customer)
		past, _ := l.view().past(at, who.Cutoff, 0)
		changes, err := Changes(m, l, who, own, max(p[i]-1e-6, 0))
		require.NoError(t, err)
		for _, c := range changes {
			if compared[c.Kind]++; c.Events > 1 {
				continue
			}
			var events []Event[int64]
			var last Record
			var amounts []int64
			for r := range past.All() {
				events = append(events, Event[int64]{
					Customer: who.Customer, Time: r.Time, Kind: r.Kind, Amount: r.Amount, Channel: r.Channel, Category: r.Category,
				})
				if r.Kind == Purchase && r.Day >= who.Cutoff-365 {
					last, amounts = r, append(amounts, r.Amount)
				}
			}
			if c.Kind == Purchase {
				slices.Sort(amounts)
				day := (who.Cutoff - 1).Start(l.Location())
				events = append(events, Event[int64]{
					Customer: who.Customer, Time: time.Date(day.Year(), day.Month(), day.Day(), last.Time.Hour(), last.Time.Minute(), last.Time.Second(), 0, l.Location()),
					Amount: amounts[(len(amounts)-1)/2], Channel: last.Channel, Category: last.Category,
				})
			} else {
				for left := -c.Events; left > 0; left-- {
					k := len(events) - 1
					for events[k].Kind != c.Kind {
						k--
					}
					events = slices.Delete(events, k, k+1)
				}
			}
			other, err := NewLog(t.Context(), slices.Values(events), &LogOptions[int64]{
				Location: l.Location(), Since: l.Since().Start(l.Location()), Until: l.Until().Start(l.Location()), Compare: cmp.Compare[int64],
			})
			require.NoError(t, err)
			d, err := SnapshotAt(t.Context(), other, who.Cutoff, Absent{}, m, own)
			require.NoError(t, err)
			after, err := Predict(t.Context(), m, d)
			require.NoError(t, err)
			require.InDelta(t, c.After, after[0], 1e-12, "%s %d", c.Kind, c.Events)
		}
	}
	require.NotZero(t, compared[Purchase])
	require.NotZero(t, compared[Contact]+compared[Refund])
}

func TestChangesErrors(t *testing.T) {
	m, l, own, today := newChangeShop(t)
	who := today.Table.IDs[0]
	for _, bound := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := Changes(m, l, who, own, bound)
		require.ErrorIs(t, err, ErrOptions)
	}
	_, err := Changes(m, l, who, nil, 0.5)
	require.ErrorIs(t, err, ErrSchema)
	_, err = Changes(m, l, Subject[int64]{who.Customer, l.Until() + 1}, own, 0.5)
	require.ErrorIs(t, err, ErrCutoff)
	_, err = Changes(m, l, Subject[int64]{who.Customer, l.Since()}, own, 0.5)
	require.ErrorIs(t, err, ErrCutoff)
	_, err = Changes(m, l, Subject[int64]{-1, l.Until()}, own, 0.5)
	require.ErrorIs(t, err, ErrNoRows)
	infinite := []Own[int64]{{Name: own[0].Name, Feature: FeatureFunc[int64](func(int64, *History) float64 { return math.Inf(1) })}}
	_, err = Changes(m, l, who, infinite, 0.5)
	require.ErrorIs(t, err, ErrOptions)
}

func TestChangeTexts(t *testing.T) {
	for _, test := range []struct {
		change Change
		want   Text
	}{
		{Change{Kind: Purchase, Events: 1, Before: 0.6, After: 0.12}, Text{
			"With one purchase more, on the last day, the probability would be 12% and not 60%", "若最后一天再购买1次，概率将由60%降至12%",
		}},
		{Change{Kind: Purchase, Events: 3, Before: 0.6, After: 0.12}, Text{
			"With 3 purchases more, in the usual rhythm up to the last day, the probability would be 12% and not 60%", "若按平时节奏再购买3次，概率将由60%降至12%",
		}},
		{Change{Kind: Contact, Events: -1, Before: 0.6, After: 0.12}, Text{
			"Without the last service contact the probability would be 12% and not 60%", "若没有最近1次联系客服，概率将由60%降至12%",
		}},
		{Change{Kind: Refund, Events: -2, Before: 0.6, After: 0.12}, Text{
			"Without the last 2 refunds the probability would be 12% and not 60%", "若没有最近2次退款，概率将由60%降至12%",
		}},
	} {
		require.Equal(t, test.want, test.change.text())
	}
}

// The first sentence about a customer in danger is about the silence, beside the usual gap.
func TestReasonsOfAShop(t *testing.T) {
	m, _, _, today := newChangeShop(t)
	p, err := Predict(t.Context(), m, today)
	require.NoError(t, err)
	gap, ok := today.Table.Column("purchase_gap_median")
	require.True(t, ok)
	silent, highest := 0, -1
	for i := range p {
		if gap.Num[i] >= 7 && (highest < 0 || p[i] > p[highest]) {
			highest = i
		}
	}
	row, err := Row(m, today, highest, nil)
	require.NoError(t, err)
	for _, r := range m.Reasons(row, nil) {
		require.True(t, r.Raises)
		if r.Group == GroupRecency {
			silent++
			require.Regexp(t, `^No purchase for \d+ days[;,] `, r.Text.EN)
			require.Regexp(t, `^已\d+天未购买，`, r.Text.ZH)
		}
	}
	require.NotZero(t, silent)
}
