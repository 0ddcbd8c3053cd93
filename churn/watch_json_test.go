package churn

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const goldenReport = "testdata/watch_report_v1.json"

// The names of a report are those of the golden file, which reads back as it is; its figures are those of the rows.
func TestWatchReportJSON(t *testing.T) {
	w := watchWorld{season: 0.3}
	m := watchFit(t, w, 6, 100)
	past := watchData(t, w, watchCutoffs(30)[28:], 0, 100, 5)
	r, err := Watch(t.Context(), m, watchData(t, watchWorld{season: 2}, watchCutoffs(30)[29:], 0, 300, 6), past, nil)
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings)
	r.Columns = r.Columns[:2] // of the others there is nothing new to see
	made, err := json.MarshalIndent(r, "", "\t")
	require.NoError(t, err)
	made = append(made, '\n')
	if *updateModels {
		require.NoError(t, os.WriteFile(goldenReport, made, 0o644))
	}
	golden, err := os.ReadFile(goldenReport)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(golden))
	decoder.DisallowUnknownFields()
	var read WatchReport
	require.NoError(t, decoder.Decode(&read))
	again, err := json.MarshalIndent(&read, "", "\t")
	require.NoError(t, err)
	require.Equal(t, string(golden), string(again)+"\n")
	var want, got any
	require.NoError(t, json.Unmarshal(golden, &want))
	require.NoError(t, json.Unmarshal(made, &got))
	sameWithin(t, "report", want, got)
}

// sameWithin compares values of JSON, numbers up to their rounding.
func sameWithin(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		require.True(t, ok, path)
		require.Len(t, got, len(want), path)
		for name := range want {
			require.Contains(t, got, name, path)
			sameWithin(t, path+"."+name, want[name], got[name])
		}
	case []any:
		require.Len(t, got, len(want), path)
		for i := range want {
			sameWithin(t, path, want[i], got.([]any)[i])
		}
	case float64:
		require.InDelta(t, want, got, 1e-9, path)
	default:
		require.Equal(t, want, got, path)
	}
}
