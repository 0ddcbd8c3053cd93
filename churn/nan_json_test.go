package churn

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

// What is not known is null, and comes back as NaN; the rest comes back as it was.
func TestNaNInJSON(t *testing.T) {
	nan := math.NaN()
	reason := Reason{Group: "silence", Effect: 0.7, Raises: true, Column: "purchase_days_since", Value: 45, Typical: nan, Text: Text{"no purchase", "未购买"}}
	data, err := json.Marshal([]Reason{reason})
	require.NoError(t, err)
	require.JSONEq(t, `[{"group": "silence", "effect": 0.7, "raises": true, "column": "purchase_days_since", "value": 45, "typical": null,
		"text": {"en": "no purchase", "zh": "未购买"}}]`, string(data))
	var reasons []Reason
	require.NoError(t, json.Unmarshal(data, &reasons))
	require.True(t, math.IsNaN(reasons[0].Typical))
	reasons[0].Typical, reason.Typical = 0, 0
	require.Equal(t, []Reason{reason}, reasons)

	data, err = json.Marshal(Contribution{Column: 3, Value: nan, Effect: -1})
	require.NoError(t, err)
	require.JSONEq(t, `{"column": 3, "value": null, "effect": -1}`, string(data))
	var contribution Contribution
	require.NoError(t, json.Unmarshal(data, &contribution))
	require.True(t, math.IsNaN(contribution.Value))
	require.NoError(t, json.Unmarshal([]byte(`{"column": 3, "value": 2, "effect": -1}`), &contribution))
	require.Equal(t, Contribution{3, 2, -1}, contribution)
	require.NoError(t, json.Unmarshal([]byte(`{"column": 3}`), &contribution))
	require.True(t, math.IsNaN(contribution.Value), "what is not said is not known")

	unknown := score.Estimate{Value: nan, Low: nan, High: nan}
	suspect := Suspect{Column: "x", Order: unknown, Levels: unknown, Missing: unknown, Early: unknown, Late: unknown, Strength: nan, Flags: []Flag{0}, Texts: []Text{{"a", "b"}}}
	data, err = json.Marshal(suspect)
	require.NoError(t, err)
	require.Contains(t, string(data), `"strength":null`)
	require.Contains(t, string(data), `"flags":["label"]`)
	var back Suspect
	require.NoError(t, json.Unmarshal(data, &back))
	require.True(t, math.IsNaN(back.Strength) && math.IsNaN(back.Late.High))
	require.Equal(t, suspect.Flags, back.Flags)
	require.Equal(t, suspect.Texts, back.Texts)
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))

	change := Change{Kind: Purchase, Events: 2, Before: 0.5, After: 0.25, Text: Text{"two more", "再购两次"}}
	data, err = json.Marshal(change)
	require.NoError(t, err)
	require.JSONEq(t, `{"kind": "purchase", "events": 2, "before": 0.5, "after": 0.25, "text": {"en": "two more", "zh": "再购两次"}}`, string(data))
	var same Change
	require.NoError(t, json.Unmarshal(data, &same))
	require.Equal(t, change, same)

	for _, x := range []any{&reason, &contribution, &back} {
		require.ErrorContains(t, json.Unmarshal([]byte(`[]`), x), "churn: ")
	}
	require.Equal(t, "x", back.Column, "as it was")
}
