package boost

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// shapTable returns rows for a model as a table, whose columns and levels have another order.
func shapTable(m *Model, rows [][]float64) *table.Table[int] {
	t := &table.Table[int]{IDs: make([]int, len(rows))}
	for i := range t.IDs {
		t.IDs[i] = i
	}
	for i := range m.columns {
		c := &m.columns[len(m.columns)-1-i]
		values, levels := make([]float64, len(rows)), make([]string, len(rows))
		for row := range rows {
			values[row] = rows[row][len(m.columns)-1-i]
			if v := values[row]; v >= 0 && v < float64(len(c.Levels)) {
				levels[row] = c.Levels[int(v)]
			} else if v == v {
				levels[row] = "unknown"
			}
		}
		if c.Kind == table.Number {
			t.Columns = append(t.Columns, table.NumberColumn(c.Name, values...))
		} else {
			t.Columns = append(t.Columns, table.CategoryColumn(c.Name, levels...))
		}
	}
	return t
}

func shapRows(r *rand.Rand, m *Model, n int) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = shapRow(r, m)
	}
	return rows
}

func TestShapleyEqualsSubsets(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 10))
		columns := 1 + r.IntN(9)
		if seed == 7 {
			columns = 12
		}
		m := shapModel(r, columns, r.IntN(4), 1+r.IntN(40))
		rows, background := shapRows(r, m, 5), shapRows(r, m, 1+r.IntN(12))
		weights, total := make([]float64, len(background)), 0.0
		for i := range weights {
			weights[i] = float64(r.IntN(3))
		}
		weights[0] = 1e300 // whose sum may be large
		for i := range weights[1:] {
			weights[1+i] *= 1e300
		}
		for _, w := range weights {
			total += w / 1e300
		}
		x := shapTable(m, rows)
		values, base, err := Shapley(t.Context(), m, x, &ShapleyOptions{Background: shapTable(m, background).Columns, Weights: weights})
		require.NoError(t, err)
		p := len(m.columns)
		for i, row := range rows {
			mixed := make([]float64, p)
			value := func(known uint) (sum float64) {
				for k, other := range background {
					for c := range mixed {
						if mixed[c] = other[c]; known>>c&1 == 1 {
							mixed[c] = row[c]
						}
					}
					sum += weights[k] / 1e300 / total * m.LogOdds(mixed)
				}
				return sum
			}
			want, _ := shapley(p, value)
			require.InDelta(t, value(0), base, 1e-12)
			require.InDeltaSlice(t, want, values[i*p:(i+1)*p], 1e-12)
		}
		values, base, err = Shapley(t.Context(), m, x, nil)
		require.NoError(t, err)
		for i, row := range rows {
			want, mean := m.Contributions(nil, row)
			require.Equal(t, want, values[i*p:(i+1)*p])
			require.Equal(t, mean, base)
		}
	}
}

// TestShapleySameForAnyWorkers is of more rows than a block has.
func TestShapleySameForAnyWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 11))
	m := shapModel(r, 12, 4, 40)
	x, background := shapTable(m, shapRows(r, m, 300)), shapTable(m, shapRows(r, m, 280)).Columns
	for _, o := range []ShapleyOptions{{}, {Background: background}} {
		want, mean, err := Shapley(t.Context(), m, x, &o)
		require.NoError(t, err)
		for _, workers := range []int{1, 5} {
			o.Workers = workers
			got, base, err := Shapley(t.Context(), m, x, &o)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, mean, base)
		}
		scores, err := Scores(t.Context(), m, x, nil)
		require.NoError(t, err)
		for row, score := range scores {
			sum := mean
			for _, v := range want[row*12 : (row+1)*12] {
				sum += v
			}
			require.InDelta(t, score, sum, 1e-12)
		}
	}
}

// TestShapleyOfFit: a fitted model with many levels, missing values and repeated columns; a level
// that the fit has not seen is as a missing value; two rows of weight 1 are one of 2.
func TestShapleyOfFit(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 12))
	n := 4000
	x, y, noise := make([]float64, n), make([]float64, n), make([]float64, n)
	levels, labels := make([]string, n), make([]bool, n)
	for i := range n {
		level := r.IntN(300)
		x[i], y[i], noise[i], levels[i] = r.NormFloat64(), math.Floor(5*r.Float64()), r.NormFloat64(), fmt.Sprint(level)
		labels[i] = x[i]*y[i]+float64(level%7)+3*r.NormFloat64() > 4
		if i%9 == 0 {
			x[i], levels[n-1-i] = math.NaN(), ""
		}
	}
	tab := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", x...), table.NumberColumn("y", y...), table.CategoryColumn("level", levels...), table.NumberColumn("constant", make([]float64, n)...),
	}}
	m, err := Fit(t.Context(), tab, labels, &Options{Rounds: 30, MaxLeaves: 20})
	require.NoError(t, err)
	scores, err := Scores(t.Context(), m, tab, nil)
	require.NoError(t, err)
	rows := []int{0, 1, 2, 3, 4, 5, 3999}
	some := tab.Take(rows)
	twice := tab.Take([]int{9, 9, 10, 11, 11}).Columns
	for name, o := range map[string]*ShapleyOptions{
		"path": nil, "background": {Background: twice}, "weights": {Background: tab.Take([]int{9, 10, 12, 11}).Columns, Weights: []float64{2, 1, 0, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			values, base, err := Shapley(t.Context(), m, some, o)
			require.NoError(t, err)
			for i, row := range rows {
				sum := base
				for _, v := range values[i*4 : i*4+4] {
					sum += v
				}
				require.InDelta(t, scores[row], sum, 1e-12)
				require.Zero(t, values[i*4+3]) // no tree asks about it
			}
			if name == "weights" {
				want, mean, err := Shapley(t.Context(), m, some, &ShapleyOptions{Background: twice})
				require.NoError(t, err)
				require.InDelta(t, mean, base, 1e-12)
				require.InDeltaSlice(t, want, values, 1e-12)
			}
		})
	}
	for _, unknown := range []float64{-1, 300, 1e300, math.Inf(-1)} {
		want, _ := m.Contributions(nil, []float64{1, 2, math.NaN(), 0})
		got, _ := m.Contributions(nil, []float64{1, 2, unknown, 0})
		require.Equal(t, want, got)
	}
	data, err := json.Marshal(m)
	require.NoError(t, err)
	read := Model{base: 5}
	require.NoError(t, json.Unmarshal(data, &read))
	row := []float64{1, 2, 3, 0}
	want, _ := m.Contributions(nil, row)
	got, _ := read.Contributions(nil, row)
	require.Equal(t, want, got)
	read.cut(3)
	got, base := read.Contributions(nil, row)
	for _, v := range got {
		base += v
	}
	require.InDelta(t, read.LogOdds(row), base, 1e-12)
	require.Len(t, read.known().trees, 3)
}

func TestShapleyErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	m := shapModel(r, 3, 2, 8)
	x := shapTable(m, shapRows(r, m, 4))
	for name, c := range map[string]struct {
		o    ShapleyOptions
		want error
		text string
	}{
		"workers":         {ShapleyOptions{Workers: -1}, nil, "Workers"},
		"only weights":    {ShapleyOptions{Weights: []float64{1}}, nil, "without a Background"},
		"negative weight": {ShapleyOptions{Background: x.Columns, Weights: []float64{1, 1, -1, 1}}, ErrWeight, "row 2"},
		"lengths":         {ShapleyOptions{Background: x.Columns, Weights: []float64{1}}, ErrLength, "4 rows, 1 weights"},
		"no weight":       {ShapleyOptions{Background: x.Columns, Weights: make([]float64, 4)}, ErrNoRows, "Background"},
		"no rows":         {ShapleyOptions{Background: x.Take([]int{}).Columns}, ErrNoRows, "Background"},
		"no columns":      {ShapleyOptions{Background: []table.Column{}}, ErrColumn, "Background"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Shapley(t.Context(), m, x, &c.o)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
	_, _, err := Shapley(t.Context(), m, &table.Table[int]{IDs: []int{1}}, nil)
	require.ErrorIs(t, err, ErrColumn)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range []*ShapleyOptions{nil, {Background: x.Columns}} {
		_, _, err = Shapley(ctx, m, x, o)
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, (*ShapleyOptions)(nil).Validate())
	require.ErrorIs(t, (&ShapleyOptions{Workers: -1}).Validate(), ErrOptions)
	require.Panics(t, func() { m.Contributions(nil, nil) })
	require.Panics(t, func() { m.Interactions(nil, make([]float64, 4)) })
}

func BenchmarkShapley(b *testing.B) {
	r := rand.New(rand.NewPCG(6, 6))
	m := &Model{}
	for i := range 28 {
		m.columns = append(m.columns, feature.New(fmt.Sprint(i), table.Number, nil))
	}
	for range 100 {
		m.place(shapTree(r, m, 31))
	}
	rows := shapRows(r, m, 2000)
	x, background := shapTable(m, rows), shapTable(m, shapRows(r, m, 100)).Columns
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]float64, 0, 28)
		for i := 0; b.Loop(); i++ {
			m.Contributions(dst, rows[i%len(rows)])
		}
	})
	b.Run("interactions", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]float64, 0, 28*28)
		for i := 0; b.Loop(); i++ {
			m.Interactions(dst, rows[i%len(rows)])
		}
	})
	for name, o := range map[string]*ShapleyOptions{"rows=2000": nil, "rows=2000/background=100": {Background: background}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _, err := Shapley(b.Context(), m, x, o)
				require.NoError(b, err)
			}
		})
	}
}
