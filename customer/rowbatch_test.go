package customer_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// mergeBatch returns a valid batch: berta was merged into anna.
func mergeBatch() customer.RowBatch {
	return customer.RowBatch{
		Upserts: []customer.Row{{ID: anna, Values: []customer.Field{
			{Name: "city", Value: customer.TextValue("广州")},
			{Name: "email", Value: customer.Value{}},
		}}},
		Deletes: []customer.ID{berta},
		Merges:  []customer.Merge{{Loser: berta, Survivor: anna}},
		Cursor:  customer.Cursor{0, 3},
	}
}

func TestRowBatchJSON(t *testing.T) {
	data, err := json.Marshal(mergeBatch())
	require.NoError(t, err)
	require.JSONEq(t, `{
		"upserts": [{"id": "00000000-0000-8080-8000-000000000001", "values": [
			{"name": "city", "value": "广州"}, {"name": "email", "value": null}]}],
		"deletes": ["00000000-0000-8080-8000-000000000002"],
		"merges": [{"loser": "00000000-0000-8080-8000-000000000002", "survivor": "00000000-0000-8080-8000-000000000001"}],
		"cursor": "0,3"
	}`, string(data))
	var back customer.RowBatch
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, mergeBatch(), back)
}

func TestRowBatchReportsEveryFault(t *testing.T) {
	batch := mergeBatch()
	batch.Upserts = append(batch.Upserts,
		customer.Row{ID: uuid.Nil, Values: []customer.Field{
			{Name: "a", Value: customer.TextValue("secret\xff")},
			{Name: "a", Value: customer.BoolValue(true)},
			{Name: "", Value: customer.BoolValue(true)},
			{Name: "\xff", Value: customer.BoolValue(true)},
		}},
		customer.Row{ID: anna},
	)
	batch.Deletes = append(batch.Deletes, anna, berta)
	batch.Merges = append(batch.Merges,
		customer.Merge{Loser: berta, Survivor: anna}, customer.Merge{Loser: uuid.Max, Survivor: anna}, customer.Merge{Loser: anna, Survivor: anna},
	)
	require.EqualError(t, batch.Validate(), `customer: row 1: id is nobody
customer: row 1: a is not valid: text is not UTF-8
customer: row 1: a is in the row twice
customer: row 1: name of a value is empty or not UTF-8
customer: row 1: name of a value is empty or not UTF-8
customer: row 2: id is in the batch twice
customer: row 1: delete is in the batch twice
customer: row 2: delete is in the batch twice
customer: row 1: loser is not deleted by the batch, or merged twice
customer: row 2: loser is not deleted by the batch, or merged twice
customer: row 3: survivor is nobody else`)
	_, err := json.Marshal(batch)
	require.Error(t, err)
	require.NoError(t, customer.RowBatch{}.Validate())
}

func TestRefusedRowBatchIsNotStored(t *testing.T) {
	batch := mergeBatch()
	for _, text := range []string{
		`{"upserts":[{}]}`, `{"cursor":"0"}`, `[]`,
		`{"upserts":[{"id":"00000000-0000-8080-8000-000000000002","values":[{"name":"city"}]}]}`,
		`{"upserts":[{"id":"00000000-0000-8080-8000-000000000002","values":["city"]}]}`,
		"{\"upserts\":[{\"id\":\"00000000-0000-8080-8000-000000000002\",\"values\":[{\"name\":\"\xff\"}]}]}",
	} {
		require.Error(t, json.Unmarshal([]byte(text), &batch))
		require.Equal(t, mergeBatch(), batch)
	}
}

func FuzzRowBatchJSON(f *testing.F) {
	data, err := json.Marshal(mergeBatch())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var batch customer.RowBatch
		if json.Unmarshal(data, &batch) != nil {
			require.Equal(t, customer.RowBatch{}, batch)
			return
		}
		first, err := json.Marshal(batch)
		require.NoError(t, err)
		var back customer.RowBatch
		require.NoError(t, json.Unmarshal(first, &back))
		second, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}
