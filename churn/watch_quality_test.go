package churn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/score"
)

// watchJudge relabels rows by what becomes of the probabilities of a model, and judges it on them.
func watchJudge(t *testing.T, m *Model, customers int, change func(logOdds float64) float64) *WatchReport {
	t.Helper()
	past := watchData(t, watchWorld{}, watchCutoffs(30)[28:], 0, customers, 5)
	probabilities, err := Predict(t.Context(), m, past)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(9, 9))
	for i, p := range probabilities {
		past.Labels[i] = random.Float64() < 1/(1+math.Exp(-change(logOddsOf(p))))
	}
	past.Report.Incomplete = 1
	r, err := Watch(t.Context(), m, past, past, nil)
	require.NoError(t, err)
	return r
}

// What has become of a model is told apart: nothing, another rate, too extreme probabilities, worse ranking.
func TestWatchPerformance(t *testing.T) {
	race.Skip(t)
	m := watchFit(t, watchWorld{}, 12, 200)
	for name, test := range map[string]struct {
		change func(z float64) float64
		codes  []string
		says   string
	}{
		"as it was":     {func(z float64) float64 { return z }, nil, "0 of 59 columns shifted, probabilities stable"},
		"another rate":  {func(z float64) float64 { return z + 0.8 }, []string{"rate"}, "It came true of "},
		"too timid":     {func(z float64) float64 { return 1.6 * z }, []string{"slope"}, "Probabilities are too timid: calibration slope 1."},
		"knows nothing": {func(z float64) float64 { return 0 }, []string{"auc", "slope"}, "Ranking has become worse: AUC 0."},
	} {
		r := watchJudge(t, m, 1500, test.change)
		var codes []string
		for _, f := range r.Findings {
			codes = append(codes, f.Code)
			require.Regexp(t, `\p{Han}`, f.Text.ZH)
			require.NotRegexp(t, `\p{Han}`, f.Text.EN)
		}
		require.Equal(t, test.codes, codes, "%s: %s", name, r)
		require.Contains(t, r.String(), test.says, name)
		require.Equal(t, len(codes) > 0, r.Alarm)
		p := r.Performance
		require.Equal(t, 3000, p.Rows)
		require.Equal(t, 1500, p.Customers)
		require.Contains(t, r.String(), "later cut-offs whose horizon has not ended: 1")
		require.InDelta(t, float64(p.Positive)/3000, p.Rate.Value, 1e-12)
		require.Equal(t, r.Mean, p.Mean, "the same rows")
		require.NotNil(t, p.AtFit)
	}
	require.False(t, watchJudge(t, m, 20, func(z float64) float64 { return z + 0.8 }).Alarm, "of few rows")
}

// What is said of past rows, and of those of the calibration, are the measures of their definitions.
func TestWatchQualityByHand(t *testing.T) {
	w, days := watchWorld{}, watchCutoffs(30)
	m := watchFit(t, w, 6, 100)
	past, calibrate := watchData(t, w, days[28:], 0, 150, 5), watchData(t, w, days[8:10], 0, 100, 2)
	r, err := Watch(t.Context(), m, past, past, &WatchOptions{Level: 0.1})
	require.NoError(t, err)
	p := r.Performance
	for name, test := range map[string]struct {
		rows                           *Dataset[int]
		mean, rate, brier, logLoss, of float64
		auc, slope                     score.Estimate
		confidence                     float64
		ece                            float64
	}{
		"now":    {past, p.Mean, p.Rate.Value, p.Brier.Value, p.LogLoss.Value, 300, p.AUC, p.Slope, 0.9, p.ECE.Value},
		"at fit": {calibrate, p.AtFit.Mean, p.AtFit.Rate.Value, p.AtFit.Brier, p.AtFit.LogLoss, 200, p.AtFit.AUC, p.AtFit.Slope, 0.95, p.AtFit.ECE},
	} {
		probabilities, err := Predict(t.Context(), m, test.rows)
		require.NoError(t, err)
		require.Len(t, probabilities, int(test.of))
		mean, rate, brier, logLoss, pairs, won := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
		var gaps [10]float64
		for i, x := range probabilities {
			y := 0.0
			if test.rows.Labels[i] {
				y = 1
				for k, other := range probabilities {
					if !test.rows.Labels[k] {
						pairs++
						won += float64(1+cmp.Compare(x, other)) / 2
					}
				}
			}
			mean += x / test.of
			rate += y / test.of
			brier += (x - y) * (x - y) / test.of
			logLoss -= math.Log(1-math.Abs(x-y)) / test.of
			gaps[int(10*x)] += (y - x) / test.of
		}
		ece := 0.0
		for _, gap := range gaps {
			ece += math.Abs(gap)
		}
		require.InDelta(t, mean, test.mean, 1e-12, name)
		require.InDelta(t, rate, test.rate, 1e-12, name)
		require.InDelta(t, brier, test.brier, 1e-12, name)
		require.InDelta(t, logLoss, test.logLoss, 1e-12, name)
		require.InDelta(t, won/pairs, test.auc.Value, 1e-12, name)
		require.InDelta(t, ece, test.ece, 1e-12, name)
		groups, _ := customerGroups(test.rows)
		b, err := score.NewBinary(probabilities, test.rows.Labels, &score.BinaryOptions{Groups: groups, Confidence: test.confidence})
		require.NoError(t, err)
		require.Equal(t, b.AUC(), test.auc, name)
		_, slope := b.CalibrationLine()
		require.Equal(t, slope, test.slope, name)
	}
}

// Of a calibration or of past rows where next to nothing came true, nothing is said.
func TestWatchFewLabels(t *testing.T) {
	some := func(d *Dataset[int], n int) *Dataset[int] {
		for i := range d.Labels {
			d.Labels[i] = i < n
		}
		return d
	}
	days, w := watchCutoffs(30), watchWorld{}
	train := watchData(t, w, days[:2], 0, 300, 1)
	for _, test := range []struct {
		calibration, past int
		rate              DriftLevel
	}{{5, 300, DriftStable}, {150, 5, DriftShifted}, {296, 5, DriftStable}} {
		m, err := Fit(t.Context(), train, some(watchData(t, w, days[4:5], 0, 300, 2), test.calibration), nil)
		require.NoError(t, err)
		past := some(watchData(t, w, days[29:], 0, 400, 5), test.past)
		r, err := Watch(t.Context(), m, past, past, nil)
		require.NoError(t, err)
		p := r.Performance
		require.Equal(t, []DriftLevel{test.rate, DriftStable, DriftStable}, []DriftLevel{p.RateDrift, p.AUCDrift, p.SlopeDrift}, "%s", r)
	}
}

// Rows of one customer count as one draw: twice the same rows have the same interval.
func TestWatchRate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 9))
	n := 400
	p, labels, groups := make([]float64, n), make([]bool, n), make([]int32, n)
	for i := range p {
		p[i] = random.Float64()
		labels[i] = random.Float64() < p[i]
		groups[i] = int32(i)
	}
	once := rateOf(p, labels, groups, n, 1)
	twice := rateOf(slices.Concat(p, p), slices.Concat(labels, labels), slices.Concat(groups, groups), n, 1)
	require.InDelta(t, once.High-once.Low, twice.High-twice.Low, 0.1*(once.High-once.Low))
	require.InDelta(t, once.Value, twice.Value, 1e-12)
	apart := rateOf(slices.Concat(p, p), slices.Concat(labels, labels), seq32(2*n), 2*n, 1)
	require.InDelta(t, math.Sqrt2, (once.High-once.Low)/(apart.High-apart.Low), 0.01)
	none := rateOf([]float64{0.02, 0.02}, []bool{false, false}, []int32{0, 1}, 2, 1)
	require.Greater(t, none.High, 0.05, "nothing came true, which is no certainty")
}

func seq32(n int) (groups []int32) {
	for i := range n {
		groups = append(groups, int32(i))
	}
	return groups
}

func BenchmarkWatch(b *testing.B) {
	m := watchFit(b, watchWorld{}, 6, 200)
	current := watchData(b, watchWorld{}, watchCutoffs(30)[29:], 0, 100_000, 5)
	b.ReportMetric(float64(len(m.columns)), "columns")
	for b.Loop() {
		if _, err := Watch(b.Context(), m, current, nil, &WatchOptions{Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
