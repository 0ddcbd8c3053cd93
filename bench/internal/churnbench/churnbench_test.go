package churnbench

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every job; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	_, noPandas := newPython("pandas", "", "").Installed(t.Context())
	_, noSklearn := newPython("sklearn", "", "").Installed(t.Context())
	var lines, table bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, &table, Options{Events: 20_000, Customers: 2_000, Rows: 20_000}))
	peers := map[string]int{}
	for d := json.NewDecoder(&lines); d.More(); {
		var r harness.Record
		require.NoError(t, d.Decode(&r))
		peers[r.Peer]++
		require.Positive(t, r.Wall)
	}
	want := map[string]int{libraryName: 3}
	if noPandas == nil {
		want[pandasName] = 1
	}
	if noSklearn == nil {
		for _, solver := range []string{"newton-cholesky", "lbfgs", "newton-cg"} {
			want["scikit-learn, "+solver] = 2
		}
	}
	require.Equal(t, want, peers)
}
