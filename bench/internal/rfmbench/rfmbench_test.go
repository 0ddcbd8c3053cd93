package rfmbench

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every job; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	_, noPandas := newPython(nil, "").Installed(t.Context())
	var lines bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, Options{Lines: 100_000, Customers: 10_000}))
	peers := map[string]map[string]bool{}
	for d := json.NewDecoder(&lines); d.More(); {
		var r harness.Record
		require.NoError(t, d.Decode(&r))
		if peers[r.Task] == nil {
			peers[r.Task] = map[string]bool{}
		}
		peers[r.Task][r.Peer] = true
		require.Positive(t, r.Wall)
	}
	require.Len(t, peers, len(jobs)+jobsOfFewCustomers)
	for task, of := range peers {
		require.True(t, of["clientele"] && of[duckDBName], task)
		require.Equal(t, noPandas == nil, of[pandasName], task)
	}
	if noPandas != nil {
		t.Skipf("DuckDB and the Go map agree; pandas was not asked: %v", noPandas)
	}
}

func TestCompare(t *testing.T) {
	table := func(scores ...int64) *answer {
		a := newAnswer(len(scores))
		for i, s := range scores {
			// Customers 2 and 3 have equal values.
			v := int64(max(1, i))
			require.NoError(t, a.set(int64(i+1), v, v, v, [3]int64{s, s, s}))
		}
		return a
	}
	want := table(1, 1, 2, 3)
	want.recency[1], want.frequency[1], want.monetary[1] = 2, 2, 2
	tied := table(1, 2, 1, 3)
	tied.recency[1], tied.frequency[1], tied.monetary[1] = 2, 2, 2
	for _, compare := range []func(want, got *answer) error{compareRows, compareGroups} {
		require.NoError(t, compare(want, want))
		require.Error(t, compare(want, table(1, 1, 2, 3)), "other values")
		require.Error(t, compare(newAnswer(4), newAnswer(4)), "no customers")
	}
	require.Error(t, compareRows(want, tied))
	require.NoError(t, compareGroups(want, tied), "customers of equal values change places")
	moved := table(2, 1, 1, 3)
	moved.recency[1], moved.frequency[1], moved.monetary[1] = 2, 2, 2
	require.Error(t, compareGroups(want, moved))

	a := newAnswer(1)
	require.Error(t, a.set(2, 1, 1, 1, [3]int64{1, 1, 1}), "unknown customer")
	require.Error(t, a.set(1, 1, 1, 1, [3]int64{1, 6, 1}), "no such score")
	require.NoError(t, newAnswer(1).set(1, 1, 1, 1, [3]int64{1, 5, 1}))
}

func TestMemory(t *testing.T) {
	for i, j := range memoryJobs {
		var out bytes.Buffer
		require.NoError(t, MemoryChild(t.Context(), &out, Options{Lines: 200_000, Customers: 100_000}, i))
		var f footprint
		require.NoError(t, json.Unmarshal(out.Bytes(), &f))
		require.Equal(t, j.String(), f.Job)
		require.Equal(t, 100_000, f.Customers)
		// A table of customers with id, three values and revenue is at least this large.
		require.Greater(t, f.Both, 40*f.Customers)
		require.Greater(t, f.Allocated, 40*f.Customers)
	}
	require.Error(t, MemoryChild(t.Context(), &bytes.Buffer{}, Options{}, len(memoryJobs)))
}
