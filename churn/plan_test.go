package churn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanValidate(t *testing.T) {
	for name, c := range map[string]struct {
		p    *Plan
		want []string
	}{
		"nil":            {nil, []string{"Plan.Gap is required: days, or NoGap", "Plan.Horizon is required"}},
		"empty":          {&Plan{}, []string{"Plan.Gap is required: days, or NoGap", "Plan.Horizon is required"}},
		"least":          {&Plan{Gap: NoGap, Horizon: 1}, nil},
		"whole":          {&Plan{Window: 365, Gap: 7, Horizon: 30, Step: 7, First: 10, Last: 10}, nil},
		"all negative":   {&Plan{Window: -1, Gap: -2, Horizon: -1, Step: -1}, []string{"Plan.Window is negative", "Plan.Gap is negative", "Plan.Horizon is negative", "Plan.Step is negative"}},
		"bounds crossed": {&Plan{Gap: 1, Horizon: 1, First: 11, Last: 10}, []string{"Plan.First is after Last"}},
		"before 1970":    {&Plan{Gap: 1, Horizon: 1, First: -11, Last: -10}, nil},
		"longest":        {&Plan{Window: maxLength, Gap: maxLength, Horizon: maxLength, Step: maxLength}, nil},
		"too long":       {&Plan{Gap: 1, Horizon: maxLength + 1}, []string{"Plan has a length over a million days"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.p.Validate()
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrOptions)
			want := "churn: invalid options: " + strings.Join(c.want, "\nchurn: invalid options: ")
			require.EqualError(t, err, want)
		})
	}
}

func TestPlanCutoffs(t *testing.T) {
	const since, until = 100, 200
	for name, c := range map[string]struct {
		p          Plan
		want       []Day
		incomplete int
	}{
		"defaults":           {Plan{Window: 60, Gap: 5, Horizon: 10}, []Day{165, 175, 185}, 0},
		"no window":          {Plan{Gap: 5, Horizon: 30}, []Day{135, 165}, 0},
		"no gap":             {Plan{Window: 70, Gap: NoGap, Horizon: 10}, []Day{170, 180, 190}, 0},
		"step":               {Plan{Window: 80, Gap: NoGap, Horizon: 10, Step: 3}, []Day{181, 184, 187, 190}, 0},
		"just room":          {Plan{Window: 60, Gap: 10, Horizon: 30}, []Day{160}, 0},
		"first":              {Plan{Window: 60, Gap: 10, Horizon: 20, First: 130}, []Day{130, 150, 170}, 0},
		"last":               {Plan{Window: 20, Gap: 10, Horizon: 20, Last: 165}, []Day{125, 145, 165}, 0},
		"without a history":  {Plan{Gap: 10, Horizon: 20, First: 100, Last: 100}, []Day{100}, 0},
		"horizons cut short": {Plan{Window: 20, Gap: 10, Horizon: 20, First: 140, Last: 200}, []Day{140, 160}, 2},
		"one of them is not": {Plan{Gap: 5, Horizon: 5, Step: 1, First: 190, Last: 191}, []Day{190}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.p.Validate())
			days, incomplete, err := c.p.cutoffs(since, until)
			require.NoError(t, err)
			require.Equal(t, c.want, days)
			require.Equal(t, c.incomplete, incomplete)
		})
	}
}

func TestPlanWithoutCutoffs(t *testing.T) {
	for name, c := range map[string]struct {
		p            Plan
		since, until Day
		incomplete   int
		is           error
		text         string
	}{
		"first before":  {Plan{Gap: 1, Horizon: 1, First: 99}, 100, 200, 0, ErrCutoff, "Plan.First is 1970-04-10, and can be from 1970-04-11 to 1970-07-20"},
		"last before":   {Plan{Gap: 1, Horizon: 1, Last: 99}, 100, 200, 0, ErrCutoff, "Plan.Last is 1970-04-10"},
		"last after":    {Plan{Gap: 1, Horizon: 1, Last: 201}, 100, 200, 0, ErrCutoff, "Plan.Last is 1970-07-21"},
		"first after":   {Plan{Gap: 1, Horizon: 1, First: 201}, 100, 200, 0, ErrCutoff, "Plan.First is 1970-07-21"},
		"all too late":  {Plan{Gap: 1, Horizon: 5, First: 195, Last: 200}, 100, 200, 2, ErrNoRows, "from 1970-07-15 to 1970-07-20 none has a whole horizon before 1970-07-20"},
		"log too short": {Plan{Window: 90, Gap: 5, Horizon: 6}, 100, 200, 0, ErrNoRows, "a window, gap and horizon of 101 days"},
		"empty log":     {Plan{Gap: 5, Horizon: 6}, 100, 100, 0, ErrNoRows, "a window, gap and horizon of 17 days"},
		"longest":       {Plan{Window: maxLength, Gap: maxLength, Horizon: maxLength}, 1<<30 - 1, 1 << 30, 0, ErrNoRows, "3000000 days"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.p.Validate())
			days, incomplete, err := c.p.cutoffs(c.since, c.until)
			require.Empty(t, days)
			require.Equal(t, c.incomplete, incomplete)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.text)
		})
	}
}
