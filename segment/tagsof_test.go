package segment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/segment"
)

// The tags take values of the kinds of the columns, and give them back.
func TestTagsOf(t *testing.T) {
	values := []customer.Value{
		customer.BoolValue(true), customer.Int64Value(-7), customer.Float64Value(0.25), customer.DecimalValue(-12345678, 6),
		customer.TimeValue(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)), customer.TextValue("广州"), customer.LabelsValue("tea", "books"),
	}
	var columns []customer.Column
	row := customer.Row{ID: customer.FromInt64(1)}
	for _, v := range values {
		columns = append(columns, customer.Column{Name: v.Kind().String(), Kind: v.Kind(), Label: customer.Text{EN: "en " + v.Kind().String(), ZH: "中文"}})
		row.Values = append(row.Values, customer.Field{Name: v.Kind().String(), Value: v})
	}
	require.Len(t, columns, int(customer.KindLabels), "every kind")
	index, err := segment.New(&segment.Options{Tags: segment.TagsOf(columns)})
	require.NoError(t, err)
	require.NoError(t, index.Declare(segment.TagsOf(columns)...), "again")
	require.NoError(t, index.ApplyRows(t.Context(), customer.RowBatch{Upserts: []customer.Row{row}}))
	for i, v := range values {
		got, err := index.Snapshot().Value(t.Context(), row.ID, columns[i].Name)
		require.NoError(t, err)
		require.Equal(t, v, got)
		tag, ok := index.Snapshot().Catalogue().Tag(columns[i].Name)
		require.True(t, ok)
		require.Equal(t, columns[i].Label, tag.Label)
	}
	require.Empty(t, segment.TagsOf(nil))
	require.Equal(t, 2, segment.TagsOf([]customer.Column{{Name: "spent", Kind: customer.KindDecimal, Scale: 2}})[0].Scale)
}

func TestTagsOfNoKind(t *testing.T) {
	_, err := segment.New(&segment.Options{Tags: segment.TagsOf([]customer.Column{{Name: "age"}})})
	require.ErrorContains(t, err, "kind")
}

func TestHostileTagsOf(t *testing.T) {
	hostiletest.Run(t, hostiletest.Table{
		"TagsOf": {
			Call: func(columns []customer.Column) ([]segment.Tag, error) {
				tags := segment.TagsOf(columns)
				_, err := segment.New(&segment.Options{Tags: tags})
				return tags, err
			},
			Names: "columns",
			Args: func() []any {
				return []any{[]customer.Column{{Name: "city", Kind: customer.KindText, Label: customer.Text{EN: "city", ZH: "城市"}}, {Name: "spent", Kind: customer.KindDecimal}}}
			},
			Expect: map[string]any{
				"columns twice": "declared twice", "columns[1].Name empty": "segment: ", "columns[1].Name control": "segment: ", "columns[1].Name bytes": "segment: ",
				"columns[1].Kind zero": "kind", "columns[1].Kind max": "kind", "columns nil": hostiletest.OK,
			},
		},
	})
}
