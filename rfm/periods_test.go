package rfm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
)

// TestAnalyzePeriods compares it with its steps.
func TestAnalyzePeriods(t *testing.T) {
	options := func(asOf time.Time, window int) *rfm.Options {
		return &rfm.Options{AsOf: asOf, Location: time.UTC, Window: window}
	}
	before, after := options(day(3, 31), 90), options(day(6, 30), 91)
	earlier, later, err := rfm.AnalyzePeriods(t.Context(), slices.Values(purchases), before, after)
	require.NoError(t, err)

	want, err := rfm.Analyze(t.Context(), slices.Values(purchases), before)
	require.NoError(t, err)
	require.Equal(t, want.Customers, earlier.Customers)
	own, err := rfm.Analyze(t.Context(), slices.Values(purchases), after)
	require.NoError(t, err)
	applied, err := rfm.Apply(want.Model, own.Customers, nil)
	require.NoError(t, err)
	require.Equal(t, applied.Customers, later.Customers)
	require.Equal(t, own.Report, later.Report)
	require.Same(t, earlier.Model, later.Model)
	moves, err := earlier.BySegment().Migration(later.BySegment())
	require.NoError(t, err)
	moved := 0
	for i := range moves.From {
		for j := range moves.To {
			moved += moves.Count(i, j)
		}
	}
	require.Equal(t, 5, moved, "ann, bob, cho, dee and eve, each once")

	_, _, err = rfm.AnalyzePeriods(t.Context(), slices.Values(purchases), options(day(1, 2), 1), after)
	require.ErrorIs(t, err, rfm.ErrNoCustomers)
	_, _, err = rfm.AnalyzePeriods(t.Context(), slices.Values(purchases), before, options(day(12, 31), 1))
	require.ErrorIs(t, err, rfm.ErrNoCustomers)
	_, _, err = rfm.AnalyzePeriods(t.Context(), slices.Values(purchases), before, nil)
	require.Error(t, err)
}
