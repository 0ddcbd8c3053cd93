package score

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// tied has three rows that came true and four that did not, with equal scores in and across
// the classes.
func tied(t *testing.T) *Binary {
	b, err := NewBinary([]float64{0.5, 0.8, 0.2, 0.9, 0.5, 0.8, 0.5},
		[]bool{false, true, false, true, true, false, false}, nil)
	require.NoError(t, err)
	return b
}

// TestByHand has every measure worked out on paper.
func TestByHand(t *testing.T) {
	const tolerance = 1e-15
	b := tied(t)
	require.InDelta(t, 7, b.Rows(), 0)
	require.InDelta(t, 3, b.Positives(), 0)
	// 0.9 beats 4; 0.8 beats 3 and ties with 1; 0.5 beats 1 and ties with 2.
	require.InDelta(t, (4+3.5+2)/12, b.AUC().Value, tolerance)
	require.InDelta(t, (1.+2./3+1./2)/3, b.AveragePrecision().Value, tolerance)
	ks, at := b.KS()
	require.InDelta(t, 2./3-1./4, ks.Value, tolerance)
	require.InDelta(t, 0.8, at, 0)
	require.InDelta(t, (0.01+0.64+0.04+3*0.25+0.04)/7, b.Brier().Value, tolerance)
	require.InDelta(t, -math.Log(0.9*0.2*0.8*0.5*0.5*0.5*0.8)/7, b.LogLoss().Value, tolerance)
	require.InDelta(t, (4*0.175+3*(2.5/3-2./3))/7, b.ECE(Bins{0.5}).Value, tolerance)

	require.Equal(t, []Point{
		{math.Inf(1), 0, 0, 0, 1},
		{0.9, 1. / 7, 1. / 3, 0, 1},
		{0.8, 3. / 7, 2. / 3, 1. / 4, 2. / 3},
		{0.5, 6. / 7, 1, 3. / 4, 1. / 2},
		{0.2, 1, 1, 1, 3. / 7},
	}, b.Curve())
	require.Equal(t, b.Curve(), b.Hull())

	table := b.Reliability(Bins{0.1, 0.5})
	require.Len(t, table, 2)
	require.InDelta(t, 0.1, table[0].Low, 0)
	require.InDelta(t, 0.5, table[0].High, 0)
	require.InDelta(t, 1.7/4, table[0].Mean, tolerance)
	require.InDelta(t, 1, table[1].High, 0)
	require.InDelta(t, 3, table[1].Rows, 0)
	require.InDelta(t, 2./3, table[1].True.Value, tolerance)
}

func TestBudgetByHand(t *testing.T) {
	b := tied(t)
	for _, test := range []struct {
		name                              string
		budget                            Budget
		rows, precision, recall, accuracy float64
	}{
		{"nobody", b.At(0), 0, math.NaN(), 0, 4. / 7},
		{"one", b.At(1. / 7), 1, 1, 1. / 3, 5. / 7},
		{"half of a tie", b.At(2. / 7), 2, 0.75, 0.5, 5. / 7},
		{"a third of a tie", b.At(4. / 7), 4, (2 + 1./3) / 4, (2 + 1./3) / 3, (7 - 5./3 - 2./3) / 7},
		{"everybody", b.At(1), 7, 3. / 7, 1, 3. / 7},
		{"less than nobody", b.At(-1), 0, math.NaN(), 0, 4. / 7},
		{"more than everybody", b.At(2), 7, 3. / 7, 1, 3. / 7},
		{"from 0.8 on", b.AtThreshold(0.8), 3, 2. / 3, 2. / 3, 5. / 7},
		{"from 0.81 on", b.AtThreshold(0.81), 1, 1, 1. / 3, 5. / 7},
		{"from nothing on", b.AtThreshold(math.Inf(1)), 0, math.NaN(), 0, 4. / 7},
		{"from anything on", b.AtThreshold(math.Inf(-1)), 7, 3. / 7, 1, 3. / 7},
		{"from NaN on", b.AtThreshold(math.NaN()), 0, math.NaN(), 0, 4. / 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			const tolerance = 1e-15
			require.InDelta(t, test.rows, test.budget.Rows, tolerance)
			require.InDelta(t, 4./7, test.budget.Nobody, tolerance)
			requireEstimate(t, test.recall, test.budget.Recall)
			requireEstimate(t, test.accuracy, test.budget.Accuracy)
			requireEstimate(t, test.precision, test.budget.Precision)
			requireEstimate(t, test.precision*7/3, test.budget.Lift)
		})
	}
	gains := b.Gains(7)
	require.Len(t, gains, 7)
	require.Equal(t, b.At(3./7), gains[2])
	require.Nil(t, b.Gains(0))
	require.True(t, math.IsNaN(b.At(math.NaN()).Recall.Value))
}

// requireEstimate checks the value, and that the bounds hold it, or are NaN with it.
func requireEstimate(t *testing.T, want float64, e Estimate) {
	t.Helper()
	if math.IsNaN(want) {
		require.True(t, math.IsNaN(e.Value) && math.IsNaN(e.Low) && math.IsNaN(e.High), e)
		return
	}
	require.InDelta(t, want, e.Value, 1e-14)
	require.LessOrEqual(t, e.Low, e.Value)
	require.GreaterOrEqual(t, e.High, e.Value)
}

// TestPlainWilson has the number of draws of rows of equal weight without groups at a fixed
// threshold: that of the rows.
func TestPlainWilson(t *testing.T) {
	var scores []float64
	var labels []bool
	for i := range 50 {
		scores = append(scores, float64(i/20))
		labels = append(labels, i%4 != 0)
	}
	b, err := NewBinary(scores, labels, nil)
	require.NoError(t, err)
	e := b.AtThreshold(1).Precision // 22 of 30
	z := 1.959963984540054
	require.InDelta(t, 22./30, e.Value, 1e-15)
	for _, bound := range []float64{e.Low, e.High} { // solves the score equation
		require.InDelta(t, z, math.Abs(22./30-bound)/math.Sqrt(bound*(1-bound)/30), 1e-9)
	}
	// Newcombe 1998, table I: 81 of 263 and 15 of 148, 95 %.
	for _, c := range [][4]float64{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		e := wilson(c[0]/c[1], c[1], z)
		require.InDelta(t, c[2], e.Low, 5e-5)
		require.InDelta(t, c[3], e.High, 5e-5)
	}
}

// allOf is everything that a Binary says.
func allOf(b *Binary) []any {
	ks, at := b.KS()
	intercept, slope := b.CalibrationLine()
	empc, _ := b.ExpectedMaximumProfit(nil)
	profit, _ := b.MaximumProfit(nil)
	return []any{
		b.AUC(), b.AveragePrecision(), ks, at, b.LogLoss(), b.Brier(), b.ECE(nil), b.BrierParts(nil), intercept, slope,
		b.Gains(7), b.AtThreshold(0.5), b.Reliability(nil), b.Curve(), b.Hull(), empc, profit,
	}
}

// coarse has rows with ties, weights and groups.
func coarse(n int) (scores []float64, labels []bool, opts BinaryOptions) {
	random := rand.New(rand.NewPCG(5, 6))
	for range n {
		p := float64(1+random.IntN(40)) / 42
		scores, labels = append(scores, p), append(labels, random.Float64() < p)
		opts.Weights = append(opts.Weights, random.Float64()*3)
		opts.Groups = append(opts.Groups, int32(random.IntN(n/3))-10)
	}
	opts.Replicates = 20
	return scores, labels, opts
}

func TestOrderOfRows(t *testing.T) {
	scores, labels, full := coarse(300)
	weights := full
	weights.Groups = nil
	groups := full
	groups.Weights = nil
	for name, opts := range map[string]BinaryOptions{"plain": {Replicates: 20}, "weights": weights, "groups": groups, "both": full} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBinary(scores, labels, &opts)
			require.NoError(t, err)
			other, err := NewBinary(roughly(scores), labels, &opts)
			require.NoError(t, err)
			want := allOf(b)
			difference, p, err := AUCDifference(b, other)
			require.NoError(t, err)
			random := rand.New(rand.NewPCG(1, 1))
			for workers := range 3 {
				order := random.Perm(len(scores))
				shuffled := opts
				shuffled.Weights, shuffled.Groups = permute(opts.Weights, order), permute(opts.Groups, order)
				shuffled.Workers = workers
				x, err := NewBinary(permute(scores, order), permute(labels, order), &shuffled)
				require.NoError(t, err)
				require.Equal(t, want, allOf(x))
				y, err := NewBinary(permute(roughly(scores), order), permute(labels, order), &shuffled)
				require.NoError(t, err)
				d, q, err := AUCDifference(x, y)
				require.NoError(t, err)
				require.Equal(t, difference, d)
				require.InDelta(t, p, q, 0)
			}
		})
	}
}

func roughly(scores []float64) []float64 {
	rough := slices.Clone(scores)
	for i, x := range rough {
		rough[i] = math.Round(x*5+math.Mod(float64(i)*0.37, 1)) / 5
	}
	return rough
}

func permute[T any](values []T, order []int) []T {
	if values == nil {
		return nil
	}
	result := make([]T, len(order))
	for i, at := range order {
		result[i] = values[at]
	}
	return result
}

// requireClose compares everything that two say.
func requireClose(t *testing.T, want, have *Binary, rowsPerRow float64) {
	t.Helper()
	flat := func(b *Binary) []float64 {
		var values []float64
		all := measures(b)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			values = append(values, all[name].Value, all[name].Low, all[name].High)
		}
		parts := b.BrierParts(nil)
		empc, err := b.ExpectedMaximumProfit(nil)
		require.NoError(t, err)
		return append(values, parts.Reliability, parts.Resolution, parts.WithinVariance, parts.WithinCovariance, empc.PerRow, empc.Target)
	}
	require.InDeltaSlice(t, flat(want), flat(have), 1e-9)
	require.InDelta(t, want.Rows()*rowsPerRow, have.Rows(), 1e-9)
}

// TestWeights has weight 2 as two rows of one group, weight 0 as no row, and scales weights.
func TestWeights(t *testing.T) {
	scores, labels, opts := coarse(240)
	var twice struct {
		scores []float64
		labels []bool
		groups []int32
	}
	for i, s := range scores {
		opts.Weights[i] = float64(i % 3)
		for range i % 3 {
			twice.scores, twice.labels = append(twice.scores, s), append(twice.labels, labels[i])
			twice.groups = append(twice.groups, opts.Groups[i])
		}
	}
	weighted, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	repeated, err := NewBinary(twice.scores, twice.labels, &BinaryOptions{Groups: twice.groups, Replicates: 20})
	require.NoError(t, err)
	requireClose(t, weighted, repeated, 1)
	for i := range opts.Weights {
		opts.Weights[i] *= 1024
	}
	scaled, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	requireClose(t, weighted, scaled, 1024)
}

// TestVanishingWeights has a row that no sum of weights can tell.
func TestVanishingWeights(t *testing.T) {
	scores, labels := []float64{0.1, 0.9, 0.5, 0.7}, []bool{false, true, true, false}
	b, err := NewBinary(scores, labels, &BinaryOptions{Weights: []float64{1e9, 1e9, 1e-9, 1e9}})
	require.NoError(t, err)
	require.Len(t, b.Curve(), 4)
	without, err := NewBinary(permute(scores, []int{0, 1, 3}), permute(labels, []int{0, 1, 3}), &BinaryOptions{Weights: []float64{1e9, 1e9, 1e9}})
	require.NoError(t, err)
	require.Equal(t, without.Curve(), b.Curve())
	require.Equal(t, without.AUC(), b.AUC())
	require.Equal(t, without.Reliability(nil), b.Reliability(nil))
}

func TestGroupsOfOne(t *testing.T) {
	scores, labels, opts := coarse(200)
	opts.Groups = nil
	plain, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	for i := range scores {
		opts.Groups = append(opts.Groups, int32(-5*i))
	}
	grouped, err := NewBinary(scores, labels, &opts)
	require.NoError(t, err)
	want, have := measures(plain), measures(grouped)
	for name, e := range want {
		if name != "AP" && name != "KS" && name != "ECE" { // other groups are drawn
			require.InDelta(t, e.Low, have[name].Low, 1e-12, name)
			require.InDelta(t, e.High, have[name].High, 1e-12, name)
		}
	}
}

func TestOneClass(t *testing.T) {
	for _, label := range []bool{false, true} {
		b, err := NewBinary([]float64{0.5, 0.5, 0.7}, []bool{label, label, label}, nil)
		require.NoError(t, err)
		ks, at := b.KS()
		intercept, slope := b.CalibrationLine()
		for _, e := range []Estimate{b.AUC(), b.AveragePrecision(), ks, intercept, slope} {
			requireEstimate(t, math.NaN(), e)
		}
		require.True(t, math.IsNaN(at))
		require.Nil(t, b.Hull())
		_, err = b.MaximumProfit(nil)
		require.ErrorIs(t, err, ErrOneClass)
		_, err = b.ExpectedMaximumProfit(nil)
		require.ErrorIs(t, err, ErrOneClass)
		difference, p, err := AUCDifference(b, b)
		require.NoError(t, err)
		requireEstimate(t, math.NaN(), difference)
		require.True(t, math.IsNaN(p))
		require.Len(t, b.Curve(), 3)
		budget := b.At(1. / 3)
		if label {
			requireEstimate(t, 1, budget.Precision)
			requireEstimate(t, 1./3, budget.Recall)
			requireEstimate(t, 1, budget.Lift)
		} else {
			requireEstimate(t, 0, budget.Precision)
			requireEstimate(t, math.NaN(), budget.Recall)
			requireEstimate(t, math.NaN(), budget.Lift)
		}
		require.False(t, math.IsNaN(b.Brier().Value+b.LogLoss().Value+b.ECE(nil).Value))
	}
}

func TestOneGroup(t *testing.T) {
	b, err := NewBinary([]float64{0.5, 0.5, 0.7}, []bool{false, true, true}, &BinaryOptions{Groups: []int32{3, 3, 3}})
	require.NoError(t, err)
	require.Equal(t, Estimate{b.LogLoss().Value, 0, math.Inf(1)}, b.LogLoss())
	require.Equal(t, Estimate{b.Brier().Value, 0, 1}, b.Brier())
	require.Equal(t, Estimate{0.75, 0, 1}, b.AUC())
}

func TestNoProbabilities(t *testing.T) {
	labels := []bool{true, false, true}
	for name, scores := range map[string][]float64{
		"above": {0.5, 0.1, 1.5}, "below": {0.5, -0.1, 1}, "infinite": {math.Inf(1), math.Inf(-1), 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBinary(scores, labels, nil)
			require.NoError(t, err)
			intercept, slope := b.CalibrationLine()
			for _, e := range []Estimate{b.Brier(), b.LogLoss(), b.ECE(nil), intercept, slope} {
				requireEstimate(t, math.NaN(), e)
			}
			require.Nil(t, b.Reliability(nil))
			require.True(t, math.IsNaN(b.BrierParts(nil).Resolution))
			require.InDelta(t, 1, b.AUC().Value, 0)
		})
	}
	b, err := NewBinary([]float64{1, 0, 0}, labels, nil)
	require.NoError(t, err)
	infinite := math.Inf(1)
	require.Equal(t, Estimate{infinite, infinite, infinite}, b.LogLoss())
	requireEstimate(t, 1./3, b.Brier())
	b, err = NewBinary([]float64{1, 0, 1}, labels, nil)
	require.NoError(t, err)
	require.Equal(t, Estimate{}, b.LogLoss())
}

func TestBadInput(t *testing.T) {
	nan, infinite := math.NaN(), math.Inf(1)
	two, yes := []float64{1, 2}, []bool{true, false}
	for _, test := range []struct {
		name   string
		scores []float64
		labels []bool
		opts   *BinaryOptions
		is     error
		row    int // -1: not of a row
	}{
		{"labels", two, yes[:1], nil, ErrLength, -1},
		{"weights", two, yes, &BinaryOptions{Weights: []float64{}}, ErrLength, -1},
		{"groups", two, yes, &BinaryOptions{Groups: []int32{1}}, ErrLength, -1},
		{"nothing", nil, nil, nil, ErrNoRows, -1},
		{"no weight", two, yes, &BinaryOptions{Weights: []float64{0, 0}}, ErrNoRows, -1},
		{"NaN", []float64{1, nan}, yes, nil, ErrScore, 1},
		{"negative weight", two, yes, &BinaryOptions{Weights: []float64{1, -1}}, ErrWeight, 1},
		{"infinite weight", two, yes, &BinaryOptions{Weights: []float64{infinite, 1}}, ErrWeight, 0},
		{"NaN weight", two, yes, &BinaryOptions{Weights: []float64{nan, 1}}, ErrWeight, 0},
		{"large weights", two, yes, &BinaryOptions{Weights: []float64{1e308, 1e308}}, ErrWeight, -1},
		{"small weights", two, yes, &BinaryOptions{Weights: []float64{1e-200, 1e-200}}, ErrWeight, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewBinary(test.scores, test.labels, test.opts)
			require.ErrorIs(t, err, test.is)
			var row *RowError
			if test.row >= 0 {
				require.ErrorAs(t, err, &row)
				require.Equal(t, test.row, row.Row)
			} else {
				require.NotErrorAs(t, err, &row)
			}
		})
	}
	err := (&BinaryOptions{Confidence: 1, Replicates: 1, Weights: []float64{-1}}).Validate()
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "Confidence")
	require.ErrorContains(t, err, "Replicates")
	require.ErrorIs(t, err, ErrWeight)
	require.ErrorIs(t, (&BinaryOptions{Confidence: nan}).Validate(), ErrOptions)
}

func TestEstimateJSON(t *testing.T) {
	for text, e := range map[string]Estimate{
		`{"value":0.5,"low":0.25,"high":0.75}`:       {0.5, 0.25, 0.75},
		`{"value":"NaN","low":"-Inf","high":"+Inf"}`: {math.NaN(), math.Inf(-1), math.Inf(1)},
	} {
		data, err := json.Marshal(e)
		require.NoError(t, err)
		require.JSONEq(t, text, string(data))
		var back Estimate
		require.NoError(t, json.Unmarshal(data, &back))
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, data, again)
	}
	require.Error(t, new(Estimate).UnmarshalJSON([]byte(`{"value":"inf"}`)))
}
