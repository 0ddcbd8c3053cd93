package churn

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

func TestFitErrors(t *testing.T) {
	train, later := modelData(t, modelTrain, 50, 1), modelData(t, modelCalibrate, 50, 2)
	changed := func(d *Dataset[int], change func(d *Dataset[int])) *Dataset[int] {
		c := *d
		change(&c)
		return &c
	}
	same := changed(train, func(d *Dataset[int]) { d.Labels = make([]bool, d.Rows()) })
	for _, test := range []struct {
		name             string
		train, calibrate *Dataset[int]
		opts             *FitOptions
		want             error
	}{
		{"no train", nil, later, nil, ErrNoRows},
		{"no rows", train.Take(nil), later, nil, ErrNoRows},
		{"no labels", changed(train, func(d *Dataset[int]) { d.Labels = nil }), later, nil, ErrOneClass},
		{"one class", same, later, nil, ErrOneClass},
		{"labels too few", changed(train, func(d *Dataset[int]) { d.Labels = d.Labels[1:] }), later, nil, ErrSchema},
		{"calibrate is of one class", train, changed(later, func(d *Dataset[int]) { d.Labels = make([]bool, d.Rows()) }), nil, ErrOneClass},
		{"calibrate has no rows", train, later.Take(nil), nil, ErrNoRows},
		{"calibrate too early", train, modelData(t, []Day{modelCalibrate[0] - 1}, 50, 2), nil, ErrOptions},
		{"calibrate is train", train, train, nil, ErrOptions},
		{"another label", train, changed(later, func(d *Dataset[int]) { d.label = "?" }), nil, ErrSchema},
		{"another horizon", train, changed(later, func(d *Dataset[int]) { d.plan.Horizon = 1 }), nil, ErrSchema},
		{"other columns", train, changed(later, func(d *Dataset[int]) {
			d.Columns = slices.Clone(d.Columns)
			d.Columns[0].Name = "?"
			d.schema.Columns = d.Columns
		}), nil, ErrSchema},
		{"made by hand", &Dataset[int]{Table: train.Table, Labels: train.Labels, Columns: train.Columns}, nil, nil, ErrSchema},
		{"one customer", changed(train.Take([]int{2, 3}), func(d *Dataset[int]) { d.Labels = []bool{true, false} }), nil, &FitOptions{Method: Tree}, ErrNoRows},
		{"options", train, later, &FitOptions{Method: 9, Calibration: 9, Tree: &tree.Options{MaxDepth: -1}}, ErrOptions},
		{"weights", train, later, &FitOptions{Boost: &boost.Options{Weights: make([]float64, train.Rows())}}, ErrOptions},
		{"rows to stop by", train, later, &FitOptions{Boost: &boost.Options{Later: &boost.Slice{}}}, ErrOptions},
		{"patience without choice", train, later, &FitOptions{Boost: &boost.Options{Rounds: 9, Patience: 3}}, ErrOptions},
		{"bins", train, later, &FitOptions{Method: Boosted, Boost: &boost.Options{Bins: 2}}, ErrOptions},
		{"no such column", train, later, &FitOptions{Method: Boosted, Boost: &boost.Options{Rising: []string{"?"}}}, boost.ErrColumn},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Fit(t.Context(), test.train, test.calibrate, test.opts)
			require.ErrorIs(t, err, test.want)
			require.Regexp(t, "^churn: ", err.Error())
		})
	}
	err := (&FitOptions{Method: 9, Calibration: 9, Tree: &tree.Options{MaxDepth: -1}, Boost: &boost.Options{L2: -1}}).Validate()
	for _, part := range []string{"Method", "Calibration", "Tree", "MaxDepth", "Boost", "L2"} {
		require.ErrorContains(t, err, part)
	}
	require.NoError(t, (*FitOptions)(nil).Validate())

	_, err = Fit(t.Context(), train, modelData(t, []Day{modelCalibrate[0]}, 50, 2), nil)
	require.NoError(t, err, "the first day after the last horizon")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Fit(ctx, train, later, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// A model does not depend on the number of goroutines, bit for bit.
func TestFitWorkers(t *testing.T) {
	for name, opts := range map[string]FitOptions{
		"logistic": {}, "tree": {Method: Tree}, "boosted": {Method: Boosted, Boost: &boost.Options{RowShare: 0.5, ColumnShare: 0.5}}, "isotonic": {Calibration: score.Isotonic},
	} {
		if opts.Method == Boosted && race.Enabled {
			opts.Boost.Rounds = 10 // all do the same
		}
		t.Run(name, func(t *testing.T) {
			var want []byte
			for _, workers := range []int{1, 3} {
				opts.Workers = workers
				data, err := modelFitted(t, &opts).MarshalJSON()
				require.NoError(t, err)
				if want == nil {
					want = data
				}
				require.Equal(t, string(want), string(data), "workers %d", workers)
			}
		})
	}
}

// Fewer rows than columns, constant columns and columns without a value are no fault.
func TestFitFewRows(t *testing.T) {
	train := modelData(t, modelTrain[:1], 12, 3)
	require.Less(t, train.Rows(), len(train.Columns))
	for i := range train.Table.Columns[:3] {
		for row := range train.Table.Columns[i].Num {
			train.Table.Columns[i].Num[row] = []float64{5, math.NaN(), 0}[i]
		}
	}
	for name, opts := range modelMethods() {
		m, err := Fit(t.Context(), train, nil, opts)
		require.NoError(t, err, name)
		p, err := Predict(t.Context(), m, train)
		require.NoError(t, err, name)
		for _, x := range p {
			require.True(t, x >= 0 && x <= 1, name)
		}
	}
}

// A model learns what the label was made of.
func TestFitLearns(t *testing.T) {
	test := modelData(t, modelCalibrate, 2000, 4)
	for name, opts := range map[string]*FitOptions{
		"logistic": nil, "tree": {Method: Tree}, "boosted": {Method: Boosted},
		"own options": {Logistic: &logistic.Options{L2: 1, Balanced: true}, Calibration: score.Isotonic},
	} {
		m := modelFit(t, opts)
		p, err := Predict(t.Context(), m, test)
		require.NoError(t, err)
		b, err := score.NewBinary(p, test.Labels, nil)
		require.NoError(t, err)
		require.Greater(t, b.AUC().Value, 0.68, name)
		mean, true_ := 0.0, 0.0
		for i, yes := range test.Labels {
			mean += p[i] / float64(len(p))
			if yes {
				true_ += 1 / float64(len(p))
			}
		}
		require.InDelta(t, true_, mean, 0.06, name)
		reference, err := predictReference(t.Context(), m, test)
		require.NoError(t, err)
		require.NotEqual(t, p, reference, name)
	}
}

func TestBaseline(t *testing.T) {
	train := modelData(t, modelTrain, 300, 1)
	m, err := Fit(t.Context(), train, nil, nil)
	require.NoError(t, err)
	require.NoError(t, m.baseline.validate(m.columns))
	require.Equal(t, 600, m.baseline.Rows, "all rows where there are few")
	for i := range m.columns {
		b := &m.baseline.Columns[i]
		c, ok := train.Table.Column(m.columns[i].Name)
		require.True(t, ok)
		missing := 0
		for row := range train.Rows() {
			if c.Missing(row) {
				missing++
			}
		}
		require.InDelta(t, float64(missing)/600, b.Shares[len(b.Shares)-1], 1e-12, c.Name)
		if c.Kind == table.Category {
			require.True(t, math.IsNaN(b.median()))
			continue
		}
		known := slices.DeleteFunc(slices.Clone(c.Num), math.IsNaN)
		slices.Sort(known)
		for k, x := range b.Deciles {
			atMost, below := 0, 0
			for _, y := range known {
				if y <= x {
					atMost++
				}
				if y < x {
					below++
				}
			}
			require.GreaterOrEqual(t, 10*atMost, (k+1)*len(known))
			require.Less(t, 10*below, (k+1)*len(known))
		}
	}
	require.True(t, math.IsNaN((&columnBaseline{}).median()))

	sample := baselineSample(100_000, 1)
	require.Len(t, sample, baselineRows)
	require.True(t, slices.IsSorted(sample))
	require.Len(t, slices.Compact(slices.Clone(sample)), baselineRows)
	require.Less(t, sample[len(sample)-1], 100_000)
}
