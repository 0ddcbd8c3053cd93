package learnbench

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every job; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	_, noSklearn := newPython("sklearn", "", "").Installed(t.Context())
	_, noXGBoost := newPython("xgboost", "", "").Installed(t.Context())
	noR := newR().Installed(t.Context())
	t.Setenv("CLIENTELE_DATA", t.TempDir())
	t.Setenv("OMP_NUM_THREADS", "1") // threads of OpenMP wait busily, which beside other work takes minutes
	var lines, table bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, &table, Options{Rows: 16_000}))
	peers, figures := map[string]int{}, 0
	for d := json.NewDecoder(&lines); d.More(); {
		var r struct {
			harness.Record
			Figures []harness.Figure
		}
		require.NoError(t, d.Decode(&r))
		if len(r.Figures) > 0 {
			figures += len(r.Figures)
			continue
		}
		peers[r.Peer]++
		require.Positive(t, r.Wall, "%s, %s", r.Task, r.Peer)
	}
	want := map[string]int{libraryName: 8}
	if noSklearn == nil {
		want[sklearnName] = 4
	}
	if noXGBoost == nil {
		want[xgboostName] = 5
	}
	if noR == nil {
		for _, call := range []string{"coxph", "coxph.fit", "concordance", "survfit"} {
			want["survival, "+call] = 1
		}
	}
	require.Equal(t, want, peers)
	require.Equal(t, 2, figures)
}
