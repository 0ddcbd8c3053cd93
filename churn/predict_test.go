package churn

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestPredict(t *testing.T) {
	d := modelData(t, modelCalibrate, 200, 5)
	for name, opts := range modelMethods() {
		t.Run(name, func(t *testing.T) {
			m := modelFit(t, opts)
			want, err := Predict(t.Context(), m, d)
			require.NoError(t, err)
			var row []float64
			for i, p := range want {
				row, err = Row(m, d, i, row)
				require.NoError(t, err)
				require.Equal(t, math.Float64bits(p), math.Float64bits(m.PredictRow(row)))
				require.True(t, p >= 0 && p <= 1)
			}

			// Columns and levels are found by name, whatever their order and what else is there.
			other := *d.Table
			other.Columns = slices.Clone(other.Columns)
			slices.Reverse(other.Columns)
			other.Columns = append(other.Columns, table.NumberColumn("else", make([]float64, d.Rows())...))
			for i := range other.Columns {
				c := &other.Columns[i]
				if c.Kind != table.Category {
					continue
				}
				c.Levels = append(slices.Clone(c.Levels), "never seen")
				c.Code = slices.Clone(c.Code)
				slices.Reverse(c.Levels)
				for row, code := range c.Code {
					if code >= 0 {
						c.Code[row] = int32(len(c.Levels)-1) - code
					}
				}
			}
			got, err := Predict(t.Context(), m, &Dataset[int]{Table: &other})
			require.NoError(t, err)
			require.Equal(t, want, got)

			// A level that the fit has not seen has the code -1.
			at := slices.IndexFunc(other.Columns, func(c table.Column) bool { return c.Name == "channel_last" })
			other.Columns[at].Code[0] = 0
			got, err = Predict(t.Context(), m, &Dataset[int]{Table: &other})
			require.NoError(t, err)
			row, err = Row(m, d, 0, row)
			require.NoError(t, err)
			row[slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == "channel_last" })] = m.Code(at, "never seen")
			require.Equal(t, m.PredictRow(row), got[0])
			require.Equal(t, want[1:], got[1:])
		})
	}
}

func TestPredictErrors(t *testing.T) {
	m, d := modelFit(t, nil), modelData(t, modelCalibrate, 20, 5)
	without := *d.Table
	without.Columns = slices.Delete(slices.Clone(without.Columns), 3, 4)
	_, err := Predict(t.Context(), m, &Dataset[int]{Table: &without})
	require.ErrorIs(t, err, ErrSchema)
	require.ErrorContains(t, err, m.columns[3].Name)
	_, err = Row(m, &Dataset[int]{Table: &without}, 0, nil)
	require.ErrorIs(t, err, ErrSchema)

	kind := *d.Table
	kind.Columns = slices.Clone(kind.Columns)
	kind.Columns[3] = table.CategoryColumn(kind.Columns[3].Name, make([]string, d.Rows())...)
	_, err = Predict(t.Context(), m, &Dataset[int]{Table: &kind})
	require.ErrorIs(t, err, ErrSchema)

	infinite := *d.Table
	infinite.Columns = slices.Clone(infinite.Columns)
	infinite.Columns[0].Num = slices.Clone(infinite.Columns[0].Num)
	infinite.Columns[0].Num[2] = math.Inf(1)
	_, err = Predict(t.Context(), m, &Dataset[int]{Table: &infinite})
	var fault *table.Fault
	require.ErrorAs(t, err, &fault)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Predict(ctx, m, d)
	require.ErrorIs(t, err, context.Canceled)

	require.Panics(t, func() { m.PredictRow(make([]float64, 1)) })
	require.Panics(t, func() { m.Explain(nil) })
	require.Panics(t, func() { m.Reasons(nil, nil) })
}

func TestPredictRowDoesNotAllocate(t *testing.T) {
	for name, opts := range modelMethods() {
		m := modelFit(t, opts)
		row := modelRows(m, 1, 1)[0]
		require.Zero(t, testing.AllocsPerRun(100, func() { m.PredictRow(row) }), name)
	}
}

func TestModelCode(t *testing.T) {
	m := modelFit(t, nil)
	i := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Name == "channel_last" })
	require.Equal(t, []string{"app", "web", otherLevel}, m.columns[i].Levels)
	require.Equal(t, 1.0, m.Code(i, "web"))
	require.Equal(t, -1.0, m.Code(i, "fax"))
	require.Equal(t, -1.0, m.Code(0, "web"))
	require.Panics(t, func() { m.Code(len(m.columns), "web") })
}
