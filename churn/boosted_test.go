package churn

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/score"
)

// boostedTrain are cut-offs of which the last begins when the label of the first is known, and
// boostedCalibrate the next.
var (
	boostedTrain     = []Day{Date(2024, time.January, 1), Date(2024, time.February, 7)}
	boostedCalibrate = []Day{Date(2024, time.March, 15)}
)

func TestHoldOut(t *testing.T) {
	clean := modelData(t, boostedTrain, 50, 1)
	rest, held, first := holdOut(clean, 1)
	require.Equal(t, boostedTrain[1], first)
	require.Len(t, rest, 50)
	require.Len(t, held, 50)
	for i := range rest {
		require.Equal(t, boostedTrain[0], clean.Table.IDs[rest[i]].Cutoff)
		require.Equal(t, boostedTrain[1], clean.Table.IDs[held[i]].Cutoff)
	}

	weekly := make([]Day, 15)
	for i := range weekly {
		weekly[i] = Date(2024, time.January, 1) + Day(7*i)
	}
	many := modelData(t, weekly, 20, 2)
	rest, held, first = holdOut(many, 1)
	require.Equal(t, weekly[12], first, "the last three of fifteen")
	require.Len(t, held, 3*20)
	require.Len(t, rest, 7*20, "those whose 37 days were over by then")
	for _, row := range rest {
		require.LessOrEqual(t, many.Table.IDs[row].Cutoff+37, first)
	}

	overlapping := modelData(t, modelTrain, 50, 1)
	rest, held, first = holdOut(overlapping, 1)
	require.Equal(t, modelTrain[0], first)
	require.Len(t, append(slices.Clone(rest), held...), 100)
	require.InDelta(t, 20, len(held), 14)
	customers := map[int]bool{}
	for _, row := range held {
		customers[overlapping.Table.IDs[row].Customer] = true
	}
	for _, row := range rest {
		require.False(t, customers[overlapping.Table.IDs[row].Customer])
	}

	_, held, _ = holdOut(modelData(t, modelTrain, 1, 1), 1)
	require.Nil(t, held)
}

// The number of trees is the best on rows of which the trees that chose it knew nothing.
func TestBoostedRounds(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	train, calibrate := modelData(t, boostedTrain, 300, 1), modelData(t, boostedCalibrate, 100, 2)
	opts := FitOptions{Method: Boosted, Boost: &boost.Options{MaxLeaves: 4, LearningRate: 0.1}}
	m, err := Fit(t.Context(), train, nil, &opts)
	require.NoError(t, err)
	trees := m.main.boost.Trees()
	require.Greater(t, trees, 10)
	require.Contains(t, m.String(), "trees: best on 300 of the rows, cut-offs 2024-02-07 to 2024-02-07\n")
	require.Equal(t, training{
		First: boostedTrain[0], Last: boostedTrain[1], Rows: 600, Positive: m.training.Positive,
		RoundsFirst: boostedTrain[1], RoundsLast: boostedTrain[1], RoundsRows: 300,
	}, m.training)

	rest, held, _ := holdOut(train, 1)
	early, late := train.Take(rest), train.Take(held)
	loss := func(rounds int) float64 {
		o := *opts.Boost
		o.Rounds = rounds
		part, err := boost.Fit(t.Context(), early.Table, early.Labels, &o)
		require.NoError(t, err)
		p, err := boost.Predict(t.Context(), part, late.Table, nil)
		require.NoError(t, err)
		b, err := score.NewBinary(p, late.Labels, nil)
		require.NoError(t, err)
		return b.LogLoss().Value
	}
	for _, other := range []int{trees / 2, trees - 1, trees + 1} {
		require.Less(t, loss(trees), loss(other), "%d trees, not %d", other, trees)
	}

	// So many are fitted on all rows, and those of the calibration have no part in it.
	of := func(m *boost.Model) string {
		data, err := json.Marshal(m)
		require.NoError(t, err)
		return string(data)
	}
	all := *opts.Boost
	all.Rounds = trees
	want, err := boost.Fit(t.Context(), train.Table, train.Labels, &all)
	require.NoError(t, err)
	require.Equal(t, of(want), of(m.main.boost))
	calibrated, err := Fit(t.Context(), train, calibrate, &opts)
	require.NoError(t, err)
	require.Equal(t, of(want), of(calibrated.main.boost))

	// A number that is asked for is taken.
	all.Rounds = 7
	m, err = Fit(t.Context(), train, nil, &FitOptions{Method: Boosted, Boost: &all})
	require.NoError(t, err)
	require.Equal(t, 7, m.main.boost.Trees())
	require.Contains(t, m.String(), "\n7 trees\n")

	// Nobody can be held out of one customer.
	one := train.Take([]int{2, 3})
	one.Labels = []bool{true, false}
	m, err = Fit(t.Context(), one, nil, &FitOptions{Method: Boosted, Boost: &boost.Options{Patience: 5}})
	require.NoError(t, err)
	require.Zero(t, m.training.RoundsRows)

	require.Contains(t, modelFit(t, &FitOptions{Method: Boosted}).String(), " of the rows, of customers held out, cut-offs 2024-01-01 to 2024-01-31\n")
}

func TestBoostedRisingAndFalling(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	train := modelData(t, boostedTrain, 400, 3)
	falling := "purchase_count_30d"
	m, err := Fit(t.Context(), train, nil, &FitOptions{Method: Boosted, Boost: &boost.Options{
		Rising: []string{silenceColumn}, Falling: []string{falling}, Rounds: 100, LearningRate: 0.3,
	}})
	require.NoError(t, err)
	free, err := Fit(t.Context(), train, nil, &FitOptions{Method: Boosted, Boost: &boost.Options{Rounds: 100, LearningRate: 0.3}})
	require.NoError(t, err)
	wrong := 0
	for _, row := range modelRows(m, 50, 1) {
		for name, sign := range map[string]float64{silenceColumn: 1, falling: -1} {
			column := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == name })
			last, lastFree := math.Inf(-1), math.Inf(-1)
			for x := range 100 {
				row[column] = sign * float64(x)
				p := m.PredictRow(row)
				require.GreaterOrEqual(t, p, last, name)
				q := free.PredictRow(row)
				if q < lastFree {
					wrong++
				}
				last, lastFree = p, q
			}
		}
	}
	require.Positive(t, wrong, "without the constraint it is not so")
}

// Where a label depends on what columns say together, no sum of columns finds it.
func TestBoostedFindsWhatColumnsSayTogether(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	made := func(cutoffs []Day, seed uint64) *Dataset[int] {
		d := modelData(t, cutoffs, 1000, seed)
		silence, _ := d.Table.Column(silenceColumn)
		count, _ := d.Table.Column("purchase_count_30d")
		for row := range d.Labels {
			z := -1.5
			if (silence.Num[row] > 50) != (count.Num[row] > 1) {
				z = 1.5
			}
			d.Labels[row] = hashUnit(seed, uint64(row)) < 1/(1+math.Exp(-z))
		}
		return d
	}
	train, calibrate, test := made(boostedTrain, 1), made(boostedCalibrate, 2), made([]Day{Date(2024, time.May, 1)}, 3)
	loss := map[Method]float64{}
	for _, method := range []Method{Logistic, Boosted} {
		m, err := Fit(t.Context(), train, calibrate, &FitOptions{Method: method})
		require.NoError(t, err)
		p, err := Predict(t.Context(), m, test)
		require.NoError(t, err)
		b, err := score.NewBinary(p, test.Labels, nil)
		require.NoError(t, err)
		loss[method] = b.LogLoss().Value
	}
	t.Logf("log loss %.3f, of the logistic regression %.3f, of the truth 0.475", loss[Boosted], loss[Logistic])
	require.Less(t, loss[Boosted], loss[Logistic]-0.1)
	require.Less(t, loss[Boosted], 0.475+0.05)
}
