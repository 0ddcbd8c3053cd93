package churn

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

// reportEvents are the purchases of customers over days, each with a rhythm of its own, of whom some
// stop, and some are late to reach the data.
func reportEvents(customers, days int) []Event[int] {
	random := rand.New(rand.NewPCG(21, 22))
	begin := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	var events []Event[int]
	for c := range customers {
		gap := 2 + 14*random.Float64()
		day := random.Float64() * float64(days) / 2
		for day < float64(days) && (random.Float64() > 0.04) {
			e := Event[int]{Customer: c, Time: begin.Add(time.Duration(day * 24 * float64(time.Hour))), Kind: Purchase, Amount: 500 + random.Int64N(5000)}
			if random.IntN(20) == 0 {
				e.Arrived = e.Time.Add(72 * time.Hour)
			}
			events = append(events, e)
			day += gap * random.ExpFloat64()
		}
	}
	return events
}

func reportLog(t *testing.T, events []Event[int], days, workers int) *Log[int] {
	t.Helper()
	l, err := NewLog(t.Context(), slices.Values(events), &LogOptions[int]{
		Location: time.UTC, Since: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		Until: time.Date(2024, 1, 1+days, 0, 0, 0, 0, time.UTC), Compare: cmp.Compare[int], Workers: workers,
	})
	require.NoError(t, err)
	return l
}

var reportLabel = Silence{Days: 30}

// A case small enough to count: ten rows, of which four came true.
func TestEvaluationByHand(t *testing.T) {
	d := alertData(100)
	for i := range 10 {
		d.Table.IDs = append(d.Table.IDs, Subject[string]{fmt.Sprint("c", i), 100})
	}
	d.Labels = []bool{true, true, false, true, false, false, true, false, false, false}
	e := newEvaluation(d, &EvaluateOptions{Share: 0.3})
	require.NoError(t, e.add(t.Context(), "model", []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1}, true, math.NaN()))
	require.NoError(t, e.add(t.Context(), "silent for 60 days", []float64{90, 70, 10, 65, 60, 5, 61, 3, -1, 0}, false, 60))
	require.NoError(t, e.add(t.Context(), "share so far", slices.Repeat([]float64{0.3}, 10), true, math.NaN()))
	e.addNobody()
	r := e.report
	require.Equal(t, []int{10, 4, 10, 3, 7}, []int{r.Rows, r.Positive, r.Customers, r.Gap, r.Horizon})

	m, rule, share, nobody := r.Contenders[0], r.Contenders[1], r.Contenders[2], r.Contenders[3]
	// Of the 24 pairs of a row that came true and one that did not, 6+6+5+3 are in order.
	require.InDelta(t, 20.0/24, m.AUC.Value, 1e-12)
	require.InDelta(t, (1+1+3.0/4+4.0/7)/4, m.AveragePrecision.Value, 1e-12)
	require.InDelta(t, 0.169, m.Brier.Value, 1e-12)
	require.InDelta(t, 0.4*0.6, m.BrierParts.Uncertainty, 1e-12)
	require.InDelta(t, 3.0/4-1.0/6, m.KS.Value, 1e-12, "at the score 0.6")
	require.InDelta(t, 2.0/3, m.At.Precision.Value, 1e-12)
	require.InDelta(t, 0.5, m.At.Recall.Value, 1e-12)
	require.InDelta(t, 0.7, m.At.Accuracy.Value, 1e-12)
	require.InDelta(t, (2.0/3)/0.4, m.At.Lift.Value, 1e-12)
	require.InDelta(t, 3, m.At.Rows, 1e-12)
	require.Nil(t, m.Own)
	// Four of the five who are silent for 60 days came true.
	require.InDelta(t, 5, rule.Own.Rows, 1e-12)
	require.InDelta(t, 0.8, rule.Own.Precision.Value, 1e-12)
	require.InDelta(t, 1, rule.Own.Recall.Value, 1e-12)
	require.InDelta(t, 0.9, rule.Own.Accuracy.Value, 1e-12)
	require.InDelta(t, 1, rule.At.Precision.Value, 1e-12)
	require.InDelta(t, 1, rule.AUC.Value, 1e-12)
	require.InDelta(t, 20.0/24-1, rule.AUCGain.Value, 1e-12)
	for _, e := range []score.Estimate{nobody.AUC, nobody.AveragePrecision, nobody.KS, nobody.AUCGain} {
		require.True(t, math.IsNaN(e.Value) && math.IsNaN(e.Low) && math.IsNaN(e.High), "nobody is ranked")
	}
	require.True(t, math.IsNaN(nobody.P))
	require.Zero(t, nobody.EMPC.Value)
	require.Zero(t, nobody.Target)
	require.Equal(t, []score.Point{{Score: math.Inf(1), Precision: 1}}, nobody.Curve)
	require.Len(t, nobody.Gains, 10)
	for _, point := range append(nobody.Gains, nobody.At, *nobody.Own) {
		require.Zero(t, point.Rows)
		require.Zero(t, point.Recall.Value)
	}
	// Four of ten came true: whoever calls everybody has that precision, and is 0.1 from 0.3.
	all := m.Gains[9].Precision
	require.Equal(t, score.Estimate{Value: 0.5, Low: 0.5, High: 0.5}, share.AUC)
	require.Equal(t, all, share.AveragePrecision)
	require.Equal(t, score.Estimate{}, share.KS)
	require.InDelta(t, 0.1, share.ECE.Value, 1e-12)
	require.Zero(t, share.ECE.Low, "0.3 is within the interval of the share")
	require.InDelta(t, all.High-0.3, share.ECE.High, 1e-12)
	require.InDelta(t, 20.0/24-0.5, share.AUCGain.Value, 1e-12)
	require.InDelta(t, 0.6, nobody.Own.Accuracy.Value, 1e-12)
	require.True(t, math.IsNaN(nobody.Own.Precision.Value))
	for _, c := range []Contender{rule, nobody} {
		require.True(t, math.IsNaN(c.Brier.Value) && math.IsNaN(c.LogLoss.Value) && math.IsNaN(c.ECE.Value))
		require.Nil(t, c.BrierParts)
	}
	require.Equal(t, score.Point{Score: math.Inf(1), Precision: 1}, m.Curve[0])
	require.Equal(t, score.Point{Score: m.Curve[len(m.Curve)-1].Score, Alerted: 1, Recall: 1, FalseAlarms: 1, Precision: 0.4}, m.Curve[len(m.Curve)-1])
	require.Len(t, m.Curve, 10, "nobody, and nine different scores")
	require.InDelta(t, 0.5, m.Gains[2].Recall.Value, 1e-12)

	// A number that is none survives JSON.
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, r.String(), back.String())
	require.True(t, math.IsNaN(back.Contenders[3].P))
	require.Equal(t, rule.P, back.Contenders[1].P)
	require.Error(t, json.Unmarshal([]byte(`{"contenders":[{"name":1}]}`), &back))
}

// What a share is away from a number, with bounds.
func TestDistance(t *testing.T) {
	share := score.Estimate{Value: 0.4, Low: 0.25, High: 0.5}
	for _, test := range []struct {
		from float64
		want score.Estimate
	}{
		{0.1, score.Estimate{Value: 0.3, Low: 0.15, High: 0.4}},
		{0.3, score.Estimate{Value: 0.1, Low: 0, High: 0.2}},
		{0.9, score.Estimate{Value: 0.5, Low: 0.4, High: 0.65}},
	} {
		got := distance(share, test.from)
		require.InDeltaSlice(t, []float64{test.want.Value, test.want.Low, test.want.High}, []float64{got.Value, got.Low, got.High}, 1e-12)
	}
}

func TestEvaluate(t *testing.T) {
	l := reportLog(t, reportEvents(250, 300), 300, 0)
	d, err := Snapshots(t.Context(), l, &Plan{Window: 90, Gap: 3, Horizon: 14, Step: 14}, reportLabel, backtestFeatures)
	require.NoError(t, err)
	s, err := d.Split(nil)
	require.NoError(t, err)
	m, err := Fit(t.Context(), s.Train, s.Calibrate, backtestFit)
	require.NoError(t, err)
	r, err := Evaluate(t.Context(), m, s.Test, &EvaluateOptions{Silence: 20})
	require.NoError(t, err)
	t.Logf("\n%v", r)

	var names []string
	for _, c := range r.Contenders {
		names = append(names, c.Name)
		require.NotEmpty(t, c.Curve)
		require.Len(t, c.Gains, 10)
	}
	require.Equal(t, []string{"model", "logistic baseline", "silent for 20 days", "share so far", "nobody"}, names)
	require.Greater(t, r.Contenders[0].AUC.Low, 0.6, "a model that knows the rhythm")
	require.Greater(t, r.Contenders[1].AUCGain.High, 0.0, "the baseline is not better for certain")
	for _, c := range r.Contenders[1:4] {
		require.InDelta(t, r.Contenders[0].AUC.Value-c.AUC.Value, c.AUCGain.Value, 1e-12, c.Name)
	}
	require.InDelta(t, 0.5, r.Contenders[3].AUC.Value, 1e-12)
	rows := 0.0
	for _, b := range r.Reliability {
		rows += b.Rows
	}
	require.InDelta(t, float64(r.Rows), rows, 1e-9)

	// The rule counted row by row.
	silence, ok := s.Test.Table.Column(silenceColumn)
	require.True(t, ok)
	alerts, hits := 0.0, 0.0
	for i, days := range silence.Num {
		if days >= 20 {
			alerts++
			if s.Test.Labels[i] {
				hits++
			}
		}
	}
	require.InDelta(t, alerts, r.Contenders[2].Own.Rows, 1e-9)
	require.InDelta(t, hits/alerts, r.Contenders[2].Own.Precision.Value, 1e-12)

	text, err := json.Marshal(r)
	require.NoError(t, err)
	for _, workers := range []int{1, 3} {
		again, err := Evaluate(t.Context(), m, s.Test, &EvaluateOptions{Silence: 20, Workers: workers})
		require.NoError(t, err)
		same, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(same))
	}

	t.Run("cancelled between contenders", func(t *testing.T) {
		e := newEvaluation(s.Test, nil)
		ctx, cancel := context.WithCancel(t.Context())
		probabilities, err := Predict(ctx, m, s.Test)
		require.NoError(t, err)
		require.NoError(t, e.add(ctx, "model", probabilities, true, math.NaN()))
		cancel()
		require.ErrorIs(t, e.add(ctx, "another", probabilities, true, math.NaN()), context.Canceled)
		require.Len(t, e.report.Contenders, 1)
	})
	t.Run("errors", func(t *testing.T) {
		positive := slices.Collect(func(yield func(int) bool) {
			for i, label := range s.Test.Labels {
				if label && !yield(i) {
					return
				}
			}
		})
		noLabels, otherLabel, otherPlan, noColumn, noTable := *s.Test, *s.Test, *s.Test, *s.Test, *s.Test
		noLabels.Labels, noTable.Table = nil, nil
		otherPlan.plan.Gap = 7
		otherLabel.label = "something else"
		selected, err := s.Test.Table.Select(silenceColumn)
		require.NoError(t, err)
		noColumn.Table = selected
		for _, test := range []struct {
			name string
			m    *Model
			d    *Dataset[int]
			opts *EvaluateOptions
			is   error
		}{
			{"options", m, s.Test, &EvaluateOptions{Share: 2, Silence: -1, Confidence: 1, Workers: -1}, ErrOptions},
			{"no model", nil, s.Test, nil, ErrOptions},
			{"no rows", m, s.Test.Take(nil), nil, ErrNoRows},
			{"no labels", m, &noLabels, nil, ErrSchema},
			{"no table", m, &noTable, nil, ErrNoRows},
			{"other label", m, &otherLabel, nil, ErrSchema},
			{"other plan", m, &otherPlan, nil, ErrSchema},
			{"no columns", m, &noColumn, nil, ErrSchema},
			{"one class", m, s.Test.Take(positive), nil, ErrOneClass},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := Evaluate(t.Context(), test.m, test.d, test.opts)
				require.ErrorIs(t, err, test.is)
			})
		}
	})
}

// Rows of weight: the share of n customers with k rows each that agree is worth n draws, not n·k.
func TestClusteredShare(t *testing.T) {
	single, repeated := newClusteredShare(50), newClusteredShare(50)
	for c := range int32(50) {
		single.add(c, c%5 == 0)
		for range 7 {
			repeated.add(c, c%5 == 0)
		}
	}
	one, many := single.estimate(), repeated.estimate()
	require.InDelta(t, 0.2, one.Value, 1e-12)
	require.InDelta(t, one.Low, many.Low, 1e-12)
	require.InDelta(t, one.High, many.High, 1e-12)
	// Wilson's interval of a fifth of 49: the variance is that of a sample of 50.
	z2 := 1.959964 * 1.959964 / 49
	require.InDelta(t, (0.2+z2/2-math.Sqrt(0.16*z2+z2*z2/4))/(1+z2), one.Low, 1e-6)

	all := newClusteredShare(4)
	for c := range int32(4) {
		all.add(c, true)
	}
	e := all.estimate()
	require.Equal(t, 1.0, e.Value)
	require.Equal(t, 1.0, e.High)
	require.InDelta(t, 4/(4+1.959964*1.959964), e.Low, 1e-6)
	require.True(t, math.IsNaN(newClusteredShare(3).estimate().Value))

	// Customers drawn at random, of whom those with more rows leave more often: the interval holds
	// the truth as often as it says.
	random := rand.New(rand.NewPCG(9, 10))
	const rounds = 4000
	const truth = (0.1*1 + 0.3*2 + 0.5*3) / (1 + 2 + 3)
	covered := 0
	for range rounds {
		s := newClusteredShare(80)
		for c := range int32(80) {
			rows := 1 + random.IntN(3)
			leaves := random.Float64() < 0.2*float64(rows)-0.1
			for range rows {
				s.add(c, leaves)
			}
		}
		if e := s.estimate(); e.Low <= truth && truth <= e.High {
			covered++
		}
	}
	t.Logf("covered %.3f", float64(covered)/rounds)
	require.InDelta(t, 0.95, float64(covered)/rounds, 0.015)
}
