package segbench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every task, in both forms of the library; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	var lines, table bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, &table, Options{Customers: 70_000, Least: time.Microsecond}))
	peers := map[string]map[string]float64{}
	for d := json.NewDecoder(&lines); d.More(); {
		var r harness.Record
		require.NoError(t, d.Decode(&r))
		if r.Peer == "" { // memory
			continue
		}
		if peers[r.Task] == nil {
			peers[r.Task] = map[string]float64{}
		}
		peers[r.Task][r.Peer] = r.Wall
	}
	tasks := map[string]int{}
	for task, of := range peers {
		require.Positive(t, of[ourNames[0]], task)
		require.Positive(t, of[ourNames[1]], task)
		require.Greater(t, len(of), 2, task)
		tasks[strings.Split(task, ": ")[1]]++
	}
	require.Equal(t, tasks["Zipf"], tasks["clustered"])
	require.Equal(t, tasks["Zipf"]+4, tasks["uniform"], "loading, updates and the dictionary are done once")
	for _, what := range []string{"## uniform", "## Zipf", "## clustered", "## Memory", "## Cases we lose", "## Targets missed"} {
		require.Contains(t, table.String(), what)
	}
}

// The sets of a source are about as large as asked for, and lie as their shape says.
func TestSource(t *testing.T) {
	const n = 200_000
	for _, s := range shapes {
		for _, share := range []float64{0.001, 0.01, 0.3, 0.5} {
			words := newSource(s, n, 7).words(share)
			require.Equal(t, words, newSource(s, n, 7).words(share), "the same each time")
			b := bitmapOf(words)
			require.InEpsilon(t, share*n, float64(b.GetCardinality()), 0.6, "%s %g", s, share)
			runs := 0
			for range b.Ranges() {
				runs++
			}
			if s == clustered {
				require.Less(t, 10*runs, int(b.GetCardinality()))
			} else {
				require.Greater(t, 3*runs, int(b.GetCardinality()))
			}
		}
		codes, numbers := newSource(s, n, 8).codes(50), newSource(s, n, 9).numbers(20)
		seen := map[int32]int{}
		for i := range n {
			seen[codes[i]]++
			require.True(t, codes[i] >= 0 && codes[i] < 50 && numbers[i] >= 0 && numbers[i] < 1<<20)
		}
		require.Len(t, seen, 50)
	}
}

func TestReport(t *testing.T) {
	b := &bench{s: &harness.Session{Runs: 3}, rows: []row{
		{uniform, "count", "peer", 3000, [2]time.Duration{1000, 100}, [2]float64{2, 40}},
		{clustered, "and", "peer", 500, [2]time.Duration{1000, 400}, [2]float64{}},
	}, notes: []note{{"memory", "index", 3 << 20, 1 << 20}}}
	var out bytes.Buffer
	b.report(&out)
	for _, line := range []string{
		"| count | peer | 3 µs | 1 µs | 100 ns | 3 | 2x: met | 30 | 40x: missed |",
		"| and | peer | 500 ns | 1 µs | 400 ns | 0.5 |  | 1.25 |  |",
		"| memory | index | 3.0 | 3.00 |",
		"- clustered, and, peer, pure Go: 0.5x.",
		"- uniform, count, peer, with kernels: 30x, the target is 40x.",
	} {
		require.Contains(t, out.String(), line+"\n")
	}
}
