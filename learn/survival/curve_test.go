package survival

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKaplanMeierByHand has the remission times of 21 patients under 6-mercaptopurine of Freireich et al.
// (1963), whose curve is worked out in most textbooks, such as Kalbfleisch and Prentice (2002),
// table 1.1, and by Cox and Oakes (1984), p. 49: .8571 .8067 .7529 .6902 .6275 .5378 .4482.
func TestKaplanMeierByHand(t *testing.T) {
	exit := []float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35}
	event := make([]bool, len(exit))
	for _, i := range []int{0, 1, 2, 4, 6, 9, 10, 14, 15} {
		event[i] = true
	}
	curves, err := KaplanMeier(&Data{Exit: exit, Event: event}, .95)
	require.NoError(t, err)
	c := curves[0]
	for i, want := range []struct{ time, n, d, s float64 }{
		{6, 21, 3, 18. / 21},
		{7, 17, 1, 18. / 21 * 16 / 17},
		{10, 15, 1, 18. / 21 * 16 / 17 * 14 / 15},
		{13, 12, 1, 18. / 21 * 16 / 17 * 14 / 15 * 11 / 12},
		{16, 11, 1, .627451},
		{22, 7, 1, .537815},
		{23, 6, 1, .448179},
	} {
		s := c.Steps[i]
		require.Equal(t, []float64{want.time, want.n, want.d}, []float64{s.Time, s.AtRisk, s.Events})
		require.InDelta(t, want.s, s.Survival, 1e-6)
	}
	// Greenwood at 6: 18/21·√(3/(21·18)).
	near(t, 18./21*math.Sqrt(3./(21*18)), c.Steps[0].StdErr)
	require.Equal(t, 21, c.Rows)
	require.Equal(t, 9., c.Events)
	median, low, high := c.Quantile(.5)
	require.Equal(t, []float64{23, 13}, []float64{median, low})
	require.True(t, math.IsNaN(high))
	require.Equal(t, Step{Time: 5, Survival: 1, Low: 1, High: 1}, c.At(5))
	require.True(t, math.IsNaN(c.At(36).Survival))
	require.Equal(t, c.Steps[6], c.At(35))
	mean, se := c.Mean(7)
	near(t, 6+18./21, mean)
	near(t, 18./21*math.Sqrt(3./(21*18)), se)
	mean, _ = c.Mean(36)
	require.True(t, math.IsNaN(mean))
}

func TestKaplanMeierCornerCases(t *testing.T) {
	for _, c := range []struct {
		name  string
		data  Data
		check func(t *testing.T, c []Curve)
	}{
		{"no events", Data{Exit: []float64{1, 2}, Event: []bool{false, false}}, func(t *testing.T, c []Curve) {
			require.Empty(t, c[0].Steps)
			require.Equal(t, 1., c[0].At(2).Survival)
			mean, se := c[0].Mean(2)
			require.Equal(t, []float64{2, 0}, []float64{mean, se})
			q, _, _ := c[0].Quantile(.5)
			require.True(t, math.IsNaN(q))
		}},
		{"all end at once", Data{Exit: []float64{3, 3}, Event: []bool{true, true}}, func(t *testing.T, c []Curve) {
			require.Zero(t, c[0].Steps[0].Survival)
			require.True(t, math.IsNaN(c[0].Steps[0].StdErr))
			q, low, _ := c[0].Quantile(.5)
			require.Equal(t, 3., q)
			require.True(t, math.IsNaN(low))
		}},
		{"an event at 0", Data{Exit: []float64{0, 2}, Event: []bool{true, false}}, func(t *testing.T, c []Curve) {
			require.Equal(t, .5, c[0].At(0).Survival)
		}},
		{"a row that comes after the last event", Data{
			Exit: []float64{1, 2, 9}, Event: []bool{true, true, false}, Entry: []float64{0, 0, 5},
		}, func(t *testing.T, c []Curve) {
			require.Equal(t, []float64{2, 1}, []float64{c[0].Steps[0].AtRisk, c[0].Steps[1].AtRisk})
		}},
		{"a row between two events", Data{
			Exit: []float64{1, 4, 3}, Event: []bool{true, true, false}, Entry: []float64{0, 0, 2},
		}, func(t *testing.T, c []Curve) {
			require.Equal(t, []float64{2, 1}, []float64{c[0].Steps[0].AtRisk, c[0].Steps[1].AtRisk})
		}},
		{"nobody is left and others come", Data{
			Exit: []float64{1, 5, 6}, Event: []bool{true, true, false}, Entry: []float64{.1, 2, 3}, Weights: []float64{.1, .3, .7},
		}, func(t *testing.T, c []Curve) {
			require.Equal(t, .1, c[0].Steps[0].AtRisk)
			require.Zero(t, c[0].Steps[0].Survival)
			require.Zero(t, c[0].Steps[1].Survival)
		}},
		{"strata", Data{
			Exit: []float64{1, 2, 3}, Event: []bool{true, true, true}, Strata: []string{"b", "a", "b"},
		}, func(t *testing.T, c []Curve) {
			require.Equal(t, []string{"a", "b"}, []string{c[0].Stratum, c[1].Stratum})
			require.Equal(t, []float64{2, 3}, []float64{c[0].End, c[1].End})
			require.Equal(t, .5, c[1].Steps[0].Survival)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			curves, err := KaplanMeier(&c.data, .95)
			require.NoError(t, err)
			c.check(t, curves)
		})
	}
	for _, level := range []float64{0, 1, -1, math.NaN()} {
		_, err := KaplanMeier(&Data{Exit: []float64{1}, Event: []bool{true}}, level)
		require.ErrorIs(t, err, ErrLevel)
	}
}

// TestLogRankByHand is the trial of Freireich et al. (1963): Kalbfleisch and Prentice (2002) give
// χ² = 16.79 on 1 degree of freedom, with 10.75 events expected under placebo.
func TestLogRankByHand(t *testing.T) {
	drug := []float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35}
	placebo := []float64{1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23}
	d := &Data{Exit: append(slices.Clone(drug), placebo...), Event: make([]bool, 42)}
	for _, i := range []int{0, 1, 2, 4, 6, 9, 10, 14, 15} {
		d.Event[i] = true
	}
	for i := 21; i < 42; i++ {
		d.Event[i] = true
	}
	groups := append(slices.Repeat([]string{"drug"}, 21), slices.Repeat([]string{"placebo"}, 21)...)
	r, err := LogRank(d, groups)
	require.NoError(t, err)
	require.Equal(t, []float64{9, 21}, r.Observed)
	require.InDelta(t, 10.75, r.Expected[1], .005)
	require.InDelta(t, 16.79, r.Statistic, .005)
	require.Equal(t, 1, r.DF)
	require.InDelta(t, 4.17e-5, r.P, 5e-7)

	_, err = LogRank(d, groups[1:])
	require.ErrorIs(t, err, ErrLength)
	_, err = LogRank(&Data{Exit: d.Exit, Event: make([]bool, 42)}, groups)
	require.ErrorIs(t, err, ErrNoEvents)
	one, err := LogRank(d, make([]string, 42))
	require.NoError(t, err)
	require.Zero(t, one.DF)
	require.True(t, math.IsNaN(one.P))
}

func TestConcordanceCornerCases(t *testing.T) {
	d := &Data{Exit: []float64{1, 2, 3}, Event: []bool{true, true, true}}
	for _, c := range []struct {
		name  string
		risks []float64
		want  float64
	}{
		{"right order", []float64{3, 2, 1}, 1},
		{"wrong order", []float64{1, 2, 3}, 0},
		{"all tied", []float64{1, 1, 1}, .5},
		{"infinite", []float64{math.Inf(1), 0, math.Inf(-1)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Concordance(d, c.risks)
			require.NoError(t, err)
			require.Equal(t, c.want, a.C)
		})
	}
	_, err := Concordance(d, []float64{1, math.NaN(), 2})
	require.ErrorIs(t, err, ErrRisk)
	require.EqualError(t, err, "survival: risk is not a number: row 1")
	_, err = Concordance(d, []float64{1})
	require.ErrorIs(t, err, ErrLength)
	a, err := Concordance(&Data{Exit: []float64{1, 2}, Event: []bool{false, false}}, []float64{1, 2})
	require.NoError(t, err)
	require.True(t, math.IsNaN(a.C) && math.IsNaN(a.StdErr))
}
