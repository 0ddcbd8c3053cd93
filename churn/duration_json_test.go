package churn

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func marshalTime(t testing.TB, m *TimeModel) string {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	return string(data)
}

// timeModel is a small model with a mark.
func timeModel(t *testing.T) (*TimeModel, *Spans[int]) {
	all, loc := featureShop(t, 38, 60)
	plan := *durationPlan
	plan.Horizon, plan.Step = 12, 60
	s, err := Durations(t.Context(), featureLog(t, all, loc), &plan, Happens{}, &Features[int]{
		Windows: []int{30}, Kinds: []string{Purchase}, Channels: []string{}, Categories: []string{},
	})
	require.NoError(t, err)
	m, err := FitTime(t.Context(), s, &TimeOptions{Columns: []string{"purchase_days_since_log", "purchase_gap_mean"}})
	require.NoError(t, err)
	return m, s
}

const goldenTime = "testdata/duration_v1.json"

func TestTimeModelJSON(t *testing.T) {
	m, s := timeModel(t)
	if *updateModels {
		require.NoError(t, os.WriteFile(goldenTime, []byte(marshalTime(t, m)+"\n"), 0o644))
	}
	data, err := os.ReadFile(goldenTime)
	require.NoError(t, err)
	var old, read TimeModel
	require.NoError(t, json.Unmarshal(data, &old))
	require.Equal(t, strings.TrimSpace(string(data)), marshalTime(t, &old))
	require.NoError(t, json.Unmarshal([]byte(marshalTime(t, m)), &read))
	require.Equal(t, marshalTime(t, m), marshalTime(t, &read))
	require.Equal(t, m.Plan(), read.Plan())
	want, err := Forecasts(t.Context(), m, s.Rows)
	require.NoError(t, err)
	got, err := Forecasts(t.Context(), &read, s.Rows)
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = Forecasts(t.Context(), &old, s.Rows)
	require.NoError(t, err)
	for i := range got {
		require.InDelta(t, want[i].Within(0, 7), got[i].Within(0, 7), 1e-9)
	}
}

func TestTimeModelJSONRefusesWhatIsNoModel(t *testing.T) {
	data, err := os.ReadFile(goldenTime)
	require.NoError(t, err)
	text := string(data)
	for name, c := range map[string][2]string{
		"another kind":       {`"kind":"churn.TimeModel"`, `"kind":"churn.Model"`},
		"another version":    {`"version":1`, `"version":2`},
		"no horizon":         {`"horizon":12`, `"horizon":0`},
		"a short horizon":    {`"horizon":12`, `"horizon":3`},
		"a gap":              {`"gap":-1`, `"gap":3`},
		"another window":     {`"window":300`, `"window":200`},
		"a column twice":     {`"columns":[{`, `"columns":[{"name":"purchase_count_30d"},{`},
		"an unknown input":   {`"name":"purchase_gap_mean","fill"`, `"name":"purchase_gap","fill"`},
		"no number":          {`"name":"purchase_gap_mean","fill"`, `"name":"cutoff_month","fill"`},
		"a large fill":       {`"fill":`, `"fill":1e200,"x":`},
		"another mark":       {`"mark":true`, `"mark":false`},
		"no Cox model":       {`"cox":{`, `"cox":null,"x":{`},
		"another Cox model":  {`"name":"purchase_gap_mean is missing"`, `"name":"purchase_gap_mean is there"`},
		"a stratum":          {`"stratum":""`, `"stratum":"a"`},
		"category of nobody": {`"name":"purchase_gap_mean","kind":"number"`, `"name":"purchase_gap_mean","kind":"category"`},
		"half of it":         {text[len(text)/2:], ``},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(text, c[0], c[1], 1)
			require.NotEqual(t, text, bad)
			var m TimeModel
			require.Error(t, json.Unmarshal([]byte(bad), &m))
			require.Equal(t, TimeModel{}, m)
		})
	}
}

func FuzzTimeModelJSON(f *testing.F) {
	data, err := os.ReadFile(goldenTime)
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m TimeModel
		if json.Unmarshal(data, &m) != nil {
			return
		}
		var again TimeModel
		require.NoError(t, json.Unmarshal([]byte(marshalTime(t, &m)), &again))
		row := make([]float64, len(m.cox.Columns()))
		forecast, err := m.cox.Forecast(row, "")
		require.NoError(t, err)
		p := forecast.Within(0, 1)
		require.False(t, p < 0 || p > 1)
		require.False(t, math.IsInf(forecast.Median(0), 0))
	})
}
