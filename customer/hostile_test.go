package customer_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
)

func TestHostile(t *testing.T) {
	at := time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC)
	id := customer.FromInt64(7)
	change := func() customer.Change {
		return customer.Change{
			Shard: customer.ShardOf(id), Seq: 1, Verb: customer.Created, Customer: id, To: id, At: at, Part: 1, Parts: 1, Atoms: []customer.AtomID{{1}},
		}
	}
	batch := func() customer.RowBatch {
		return customer.RowBatch{
			Upserts: []customer.Row{{ID: id, Values: []customer.Field{
				{Name: "spend", Value: customer.Int64Value(5)}, {Name: "tags", Value: customer.LabelsValue("a", "b")},
			}}},
			Deletes: []customer.ID{customer.FromInt64(8)}, Cursor: customer.Cursor{1, 2},
		}
	}
	write := func(v any) []byte {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return data
	}
	require.NoError(t, change().Validate())
	require.NoError(t, batch().Validate())
	cursor := customer.Cursor{1, 2, 3}
	text, err := cursor.MarshalText()
	require.NoError(t, err)
	valid := func(v customer.Value) (customer.Value, error) { return v, v.Validate() }

	hostiletest.Run(t, hostiletest.Table{
		"BoolValue":    {Call: func(b bool) (customer.Value, error) { return valid(customer.BoolValue(b)) }, Names: "b", Args: func() []any { return []any{true} }},
		"Int64Value":   {Call: func(n int64) (customer.Value, error) { return valid(customer.Int64Value(n)) }, Names: "n", Args: func() []any { return []any{int64(5)} }, Expect: map[string]any{"n": hostiletest.OK}},
		"Float64Value": {Call: func(x float64) (customer.Value, error) { return valid(customer.Float64Value(x)) }, Names: "x", Args: func() []any { return []any{5.5} }, Expect: map[string]any{"x NaN": "customer: ", "x +Inf": "customer: ", "x -Inf": "customer: "}},
		"DecimalValue": {
			Call: func(n int64, scale int) (customer.Value, error) { return valid(customer.DecimalValue(n, scale)) }, Names: "n scale",
			Args: func() []any { return []any{int64(125), 2} }, Expect: map[string]any{"scale min": "customer: ", "scale max": "customer: ", "n": hostiletest.OK},
		},
		"TextValue": {
			Call: func(s string) (customer.Value, error) { return valid(customer.TextValue(s)) }, Names: "s",
			Args: func() []any { return []any{"a"} }, Expect: map[string]any{"s bytes": "customer: ", "s turned": hostiletest.OK},
		},
		"TimeValue": {
			Call: func(at time.Time) (customer.Value, error) { return valid(customer.TimeValue(at)) }, Names: "at",
			Args: func() []any { return []any{at} }, Expect: map[string]any{"at beyond": "customer: ", "at before": "customer: ", "at last": hostiletest.OK, "at zone": hostiletest.OK},
		},
		"LabelsValue": {
			Call: func(labels []string) (customer.Value, error) { return valid(customer.LabelsValue(labels...)) }, Names: "labels",
			Args: func() []any { return []any{[]string{"b", "a"}} }, Expect: map[string]any{"labels[1] bytes": "customer: ", "labels twice": hostiletest.OK, "labels nil": hostiletest.OK},
		},
		"FromInt64": {
			Call: func(n int64) (int64, bool) { return customer.ToInt64(customer.FromInt64(n)) }, Names: "n", Args: func() []any { return []any{int64(math.MinInt64 + 1)} },
		},
		"FromString": {
			Call: customer.FromString, Names: "text", Args: func() []any { return []any{"C-1"} },
			Expect: map[string]any{"text long": customer.ErrForeignID, "text empty": nil, "text bytes": nil, "text control": nil, "text turned": nil},
		},
		"ToInt64":  {Call: customer.ToInt64, Names: "id", Args: func() []any { return []any{id} }},
		"ToString": {Call: customer.ToString, Names: "id", Args: func() []any { return []any{id} }},
		"Compare":  {Call: customer.Compare, Names: "a b", Args: func() []any { return []any{id, customer.FromInt64(8)} }},
		"ShardOf":  {Call: customer.ShardOf, Names: "id", Args: func() []any { return []any{id} }},
		"Change.Validate": {
			Call: customer.Change.Validate, Names: "change", Args: func() []any { return []any{change()} },
			Expect: map[string]any{
				"change.Shard min": "customer: ", "change.Shard max": "customer: ", "change.Seq zero": "customer: ", "change.Verb max": "customer: ",
				"change.Part max": "customer: ", "change.Parts min": "customer: ", "change.Customer zero": "customer: ",
			},
		},
		"RowBatch.Validate": {
			Call: customer.RowBatch.Validate, Names: "batch", Args: func() []any { return []any{batch()} },
			Expect: map[string]any{
				"batch.Upserts long": "customer: ", "batch.Upserts huge": "customer: ", "batch.Upserts[0].Values twice": "customer: ", "batch.Deletes long": "customer: ",
				"batch.Upserts[0].Values[1].Name bytes": "customer: ", "batch.Upserts[0].Values[1].Name empty": "customer: ", "batch.Upserts nil": hostiletest.OK,
				"batch.Upserts[0].ID zero": "customer: ",
			},
		},
		"Value.Validate": {Call: customer.Value.Validate, Names: "value", Args: func() []any { return []any{customer.Int64Value(1)} }},
		"Change.UnmarshalJSON": {
			Call: func(data []byte) (customer.Change, error) {
				var c customer.Change
				err := c.UnmarshalJSON(data)
				return c, err
			},
			Names: "data", Args: func() []any { return []any{write(change())} },
			Then: func(results []any) {
				c := results[0].(customer.Change)
				if err := c.Validate(); err != nil {
					panic(err)
				}
				write(c)
			},
		},
		"RowBatch.UnmarshalJSON": {
			Call: func(data []byte) (customer.RowBatch, error) {
				var b customer.RowBatch
				err := b.UnmarshalJSON(data)
				return b, err
			},
			Names: "data", Args: func() []any { return []any{write(batch())} },
			Then: func(results []any) {
				b := results[0].(customer.RowBatch)
				if err := b.Validate(); err != nil {
					panic(err)
				}
				write(b)
			},
		},
		"Field.UnmarshalJSON": {
			Call: func(data []byte) (customer.Field, error) {
				var f customer.Field
				err := f.UnmarshalJSON(data)
				return f, err
			},
			Names: "data", Args: func() []any { return []any{write(customer.Field{Name: "at", Value: customer.TimeValue(at)})} },
		},
		"Value.UnmarshalJSON": {
			Call: func(data []byte) (customer.Value, error) {
				var v customer.Value
				err := v.UnmarshalJSON(data)
				return v, err
			},
			Names: "data", Args: func() []any { return []any{write(customer.DecimalValue(125, 2))} },
			Then: func(results []any) {
				v := results[0].(customer.Value)
				if err := v.Validate(); err != nil {
					panic(err)
				}
				write(v)
			},
		},
		"Cursor.UnmarshalText": {
			Call: func(text []byte) (customer.Cursor, error) {
				var c customer.Cursor
				err := c.UnmarshalText(text)
				return c, err
			},
			Names: "text", Args: func() []any { return []any{slices.Clone(text)} },
			Expect: map[string]any{"text null": "customer: ", "text deep": "customer: ", "text bytes": "customer: "},
		},
		"AtomID.UnmarshalText": {
			Call: func(text []byte) (customer.AtomID, error) {
				var a customer.AtomID
				err := a.UnmarshalText(text)
				return a, err
			},
			Names: "text", Args: func() []any { return []any{[]byte(customer.AtomID{1, 2}.String())} },
			Expect: map[string]any{"text nil": "customer: ", "text torn": "customer: ", "text doubled": "customer: ", "text bytes": "customer: "},
		},
		"Cursor.Advance": {
			Call: (*customer.Cursor).Advance, Names: "cursor change",
			Args: func() []any {
				c := change()
				return []any{&customer.Cursor{}, c}
			},
			Writes: "cursor", Expect: map[string]any{
				"change.Seq max": customer.ErrGap, "change.Shard min": "customer: ", "change.Shard max": "customer: ",
			},
			Hold: map[string]string{"cursor nil": "it is written"},
		},
		"Cursor.Covers": {Call: customer.Cursor.Covers, Names: "a b", Args: func() []any { return []any{cursor, cursor} }},
		"Member.Has":    {Call: (*customer.Member).Has, Names: "member at", Args: func() []any { return []any{&customer.Member{Since: at}, at} }, Hold: map[string]string{"member nil": "it is the receiver"}},
		"FromHash": {
			Call: func(namespace, s string) (customer.ID, error) {
				id := customer.FromHash(namespace, s)
				if _, ok := customer.ToString(id); ok {
					return id, errors.New("customer: it is an id of FromString")
				}
				if _, ok := customer.ToInt64(id); ok {
					return id, errors.New("customer: it is an id of FromInt64")
				}
				if (id == customer.ID{}) != (s == "") {
					return id, errors.New("customer: nobody")
				}
				return id, nil
			},
			Names: "namespace s", Args: func() []any { return []any{"shop", "a long id of another system"} },
			Expect: map[string]any{"namespace": hostiletest.OK, "s": hostiletest.OK},
		},
		"Kind.UnmarshalText": hostiletest.Name((*customer.Kind).UnmarshalText, "int64"),
		"Verb.UnmarshalText": hostiletest.Name((*customer.Verb).UnmarshalText, "merged"),
	})
}
