package ingest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/clientele-go/clientele/ingest"
	"github.com/stretchr/testify/require"
)

func scored(t *testing.T, targets *ingest.Targets, more ...ingest.Metric) *ingest.Scorecard {
	schema := orders()
	schema.Fields = append(schema.Fields, ingest.Field[order]{
		Name: "note", Optional: true, Into: ingest.Text(func(o *order) *string { return new(string) }),
	})
	schema.Unique = []ingest.Unique{{Fields: []string{"id"}}}
	_, rep, err := read(t, schema, nil, stream(
		"Order ID,Amount,At\nA,1,2024-01-01\nB,x,2024-01-02\n,1,2024-01-03\nA,1,2024-01-04\nbad\nC,,2024-01-01\n"))
	require.NoError(t, err)
	card := rep.Score(targets, more...)
	stored, err := json.Marshal(rep)
	require.NoError(t, err)
	var back ingest.Report
	require.NoError(t, json.Unmarshal(stored, &back))
	require.Equal(t, card, back.Score(targets, more...), "a report that was stored scores the same")
	return card
}

func TestScorecard(t *testing.T) {
	card := scored(t, &ingest.Targets{
		Completeness: 0.8, Validity: 0.75, Uniqueness: 0.5, Fields: map[string]float64{"id": 0.9},
		AsOf: time.Date(2024, 1, 2, 12, 0, 0, 0, time.UTC), MaxAge: 48 * time.Hour,
	}, ingest.Compare("ids in CRM", map[string]int{"A": 1}, map[string]int{"A": 1, "B": 2}, 0)...)
	type m = ingest.Metric
	require.Equal(t, []m{
		{Dimension: "completeness", Subject: "id", Good: 4, Of: 5, Value: 0.8, Target: 0.9, Pass: false},
		{Dimension: "completeness", Subject: "amount", Good: 4, Of: 5, Value: 0.8, Target: 0.8, Pass: true},
		{Dimension: "completeness", Subject: "at", Good: 5, Of: 5, Value: 1, Target: 0.8, Pass: true},
		{Dimension: "validity", Subject: "records", Good: 5, Of: 6, Value: 5.0 / 6, Target: 0.75, Pass: true},
		{Dimension: "validity", Subject: "id", Good: 4, Of: 4, Value: 1, Target: 0.75, Pass: true},
		{Dimension: "validity", Subject: "amount", Good: 3, Of: 4, Value: 0.75, Target: 0.75, Pass: true},
		{Dimension: "validity", Subject: "at", Good: 5, Of: 5, Value: 1, Target: 0.75, Pass: true},
		{Dimension: "uniqueness", Subject: "duplicate", Good: 2, Of: 3, Value: 2.0 / 3, Target: 0.5, Pass: true},
		{Dimension: "freshness", Subject: "at", Of: 5, Value: 36, Target: 48, Pass: true}, // set-aside times do not count
		{Dimension: "consistency", Subject: "ids in CRM: found", Good: 1, Of: 1, Value: 1, Target: 0.95, Pass: true},
		{Dimension: "consistency", Subject: "ids in CRM: equal", Good: 1, Of: 1, Value: 1, Target: 0.95, Pass: true},
	}, card.Metrics)
	require.False(t, card.Pass, "one metric does not pass")

	out, err := json.Marshal(card)
	require.NoError(t, err)
	var back ingest.Scorecard
	require.NoError(t, json.Unmarshal(out, &back))
	require.Equal(t, *card, back)
	again, err := json.Marshal(scored(t, nil))
	require.NoError(t, err)
	same, err := json.Marshal(scored(t, nil))
	require.NoError(t, err)
	require.Equal(t, again, same)
}

func TestFreshness(t *testing.T) {
	for _, c := range []struct {
		name string
		asOf time.Time
		pass bool
	}{
		{"fresh", time.Date(2024, 1, 1, 23, 0, 0, 0, time.UTC), true},
		{"at the limit", time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), true},
		{"stale", time.Date(2024, 1, 2, 0, 0, 1, 0, time.UTC), false},
		{"from the future", time.Date(2023, 12, 31, 23, 59, 59, 0, time.UTC), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := scored(t, &ingest.Targets{AsOf: c.asOf})
			m := card.Metrics[len(card.Metrics)-1]
			require.Equal(t, "freshness", m.Dimension)
			require.Equal(t, c.pass, m.Pass)
			require.Equal(t, 24.0, m.Target)
		})
	}
}

func TestScoreOfNothing(t *testing.T) {
	schema := orders()
	schema.Unique = []ingest.Unique{{}}
	_, rep, err := read(t, schema, nil, stream("Order ID,Amount,At\n"))
	require.ErrorIs(t, err, ingest.ErrEmpty)
	card := rep.Score(&ingest.Targets{AsOf: time.Unix(0, 0)})
	require.False(t, card.Pass)
	for _, m := range card.Metrics {
		require.Zero(t, m.Of)
		require.Equal(t, m.Dimension == "uniqueness" || m.Dimension == "validity" && m.Subject != "records", m.Pass, m.Subject)
	}
	_, err = json.Marshal(card)
	require.NoError(t, err, "no NaN")
	require.True(t, rep.Score(&ingest.Targets{Completeness: -1, Validity: -1}).Pass, "no target, no failure")
	require.False(t, ingest.Compare("x", map[int]int{}, map[int]int{1: 1}, 0)[0].Pass)
}
