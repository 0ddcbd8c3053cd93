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
	require.Equal(t, map[string]int{
		libraryName: 8, tinkName: 3, standardName: 3, standardName + ", new HMAC": 1, tlogName: 2,
		libraryName + ", without the store": 1, libraryName + ", one after the other": 1, libraryName + ", nothing sealed": 2,
		libraryName + ", default key cache": 2,
	}, peers)
	require.Equal(t, 13, figures)
	require.Contains(t, table.String(), "; at most 0.4 µs is the target: ")
}
