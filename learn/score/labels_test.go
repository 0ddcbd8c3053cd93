package score

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestLabels(t *testing.T) {
	answers := table.CategoryColumn("left", "yes", "no", "yes", "maybe")
	for _, test := range []struct {
		name     string
		column   table.Column
		positive string
		want     []bool
		row      int // of the error; -1: none, -2: not of a row
	}{
		{"numbers", table.NumberColumn("x", 0, 1, math.Copysign(0, -1), 1), "", []bool{false, true, false, true}, -1},
		{"levels", answers, "yes", []bool{true, false, true, false}, -1},
		{"no rows", table.NumberColumn("x"), "", []bool{}, -1},
		{"two", table.NumberColumn("x", 0, 2), "", nil, 1},
		{"half", table.NumberColumn("x", 0.5, 2), "", nil, 0},
		{"negative", table.NumberColumn("x", 0, 1, -1), "", nil, 2},
		{"missing number", table.NumberColumn("x", 0, 1, math.NaN()), "", nil, 2},
		{"missing level", table.CategoryColumn("left", "yes", "", ""), "yes", nil, 1},
		{"no such level", answers, "perhaps", nil, -2},
		{"a level of numbers", table.NumberColumn("x", 0), "1", nil, -2},
		{"no column", table.Column{}, "", nil, -2},
	} {
		t.Run(test.name, func(t *testing.T) {
			labels, err := Labels(test.column, test.positive)
			require.Equal(t, test.want, labels)
			if test.row == -1 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrLabel)
			var row *RowError
			if test.row >= 0 {
				require.ErrorAs(t, err, &row)
				require.Equal(t, test.row, row.Row)
			} else {
				require.NotErrorAs(t, err, &row)
			}
		})
	}
}

func TestPriors(t *testing.T) {
	for _, p := range []float64{1e-300, 0.1, 0.5, 0.99} {
		shifted := ShiftPrior(p, 0.5, 0.2)
		require.InEpsilon(t, math.Log(p/(1-p))+math.Log(0.25), math.Log(shifted/(1-shifted)), 1e-12)
		require.InEpsilon(t, p, ShiftPrior(shifted, 0.2, 0.5), 1e-12)
		kept := CorrectSampling(p, 0.05)
		require.InEpsilon(t, 0.05*p/(0.05*p-p+1), kept, 1e-12)
	}
	require.InDelta(t, 0, ShiftPrior(0, 0.3, 0.4), 0)
	require.InDelta(t, 1, ShiftPrior(1, 0.3, 0.4), 0)
	// 100 true among 1,000 rows; of the 900 others a ninth is kept.
	require.InDelta(t, 0.1, CorrectSampling(0.5, 1./9), 1e-15)
}
