package privacybench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every job; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	var lines, table bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, &table, Options{Entries: 20_000, Values: 5000, Customers: 20, Service: time.Millisecond}))
	peers := map[string]int{}
	for d := json.NewDecoder(&lines); d.More(); {
		var r harness.Record
		require.NoError(t, d.Decode(&r))
		peers[r.Peer]++
		require.Positive(t, r.Wall, "%s, %s", r.Task, r.Peer)
	}
	require.Equal(t, map[string]int{
		libraryName: 8, tinkName: 3, standardName: 3, standardName + ", new HMAC": 1, tlogName: 2,
		libraryName + ", without the store": 1, libraryName + ", one after the other": 1, libraryName + ", nothing sealed": 2,
	}, peers)
	require.Contains(t, table.String(), "is the target: ")
}
