package clusterbench

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// Every peer gives the library's answer to every job; Run itself compares them.
func TestPeersAgree(t *testing.T) {
	const points = 4_000
	_, noSklearn := newPython("sklearn", "", "").Installed(t.Context())
	_, noFAISS := newPython("faiss", "", "").Installed(t.Context())
	var lines, table bytes.Buffer
	s := &harness.Session{Runs: 1, Lines: &lines, Log: t.Output()}
	require.NoError(t, Run(t.Context(), s, &table, Options{Points: points, Seeds: 2}))
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
	all := slices.Concat(onBlobs(blobs(points)), onShoppers(shoppers(points)))
	require.Len(t, peers, len(all), "each task has another name")
	for _, task := range all {
		for _, p := range task.peers {
			missing := p.name == sklearnName && noSklearn != nil || p.name == faissName && noFAISS != nil
			require.Equal(t, !missing, peers[task.name][p.name], "%s, %s", task.name, p.name)
		}
	}
	if noSklearn != nil || noFAISS != nil {
		t.Skipf("not all peers were asked: %v, %v", noSklearn, noFAISS)
	}
	require.Contains(t, table.String(), "k=8, defaults | muesli")
}

func TestSame(t *testing.T) {
	labels := func(n int, f func(i int) int32) (all []int32) {
		for i := range n {
			all = append(all, f(i))
		}
		return all
	}
	const n = 300_000
	want := &answer{inertia: 5, labels: labels(n, func(i int) int32 { return int32(i % 3) })}
	for name, c := range map[string]struct {
		got answer
		ok  bool
	}{
		"equal":             {*want, true},
		"other numbers":     {answer{inertia: 5, labels: labels(n, func(i int) int32 { return int32(2 - i%3) })}, true},
		"another sum":       {answer{inertia: 5.000001, labels: want.labels}, false},
		"not a number":      {answer{inertia: math.NaN(), labels: want.labels}, false},
		"two groups as one": {answer{inertia: 5, labels: labels(n, func(i int) int32 { return int32(i % 3 / 2) })}, false},
		"three rows":        {answer{inertia: 5, labels: append(slices.Clone(want.labels[:n-3]), 1, 2, 0)}, true},
		"four rows":         {answer{inertia: 5, labels: append(slices.Clone(want.labels[:n-4]), 0, 1, 2, 0)}, false},
		"fewer rows":        {answer{inertia: 5, labels: want.labels[1:]}, false},
		"no labels":         {answer{inertia: 5.04}, true},
		"no labels, worse":  {answer{inertia: 5.06}, false},
	} {
		err := same(want, &c.got)
		require.Equal(t, c.ok, err == nil, "%s: %v", name, err)
	}
	require.NoError(t, near(1e-9)(&answer{score: 0.5}, &answer{score: 0.5}))
	require.Error(t, near(1e-9)(&answer{score: 0.5}, &answer{score: 0.50001}))
	require.Error(t, near(1e-9)(&answer{score: 0.5}, &answer{score: math.NaN()}))
}

// The log RFM data are z-scores, and starts are different rows.
func TestPoints(t *testing.T) {
	p := shoppers(100_000)
	p.make()
	for _, c := range p.Columns {
		var sum, squares float64
		for _, x := range c.Num {
			sum += x
			squares += x * x
		}
		require.InDelta(t, 0, sum/float64(p.n), 0.02, c.Name)
		require.InDelta(t, 1, squares/float64(p.n), 0.02, c.Name)
	}
	start := blobs(1000)
	start.make()
	seen := map[float64]bool{}
	for _, row := range start.start(50) {
		require.Len(t, row, 8)
		seen[row[0]] = true
	}
	require.Len(t, seen, 50)
	head := p.head(10)
	head.make()
	require.Equal(t, p.rows[:40], head.rows)
	require.Equal(t, p.Columns[3].Num[:10], head.Columns[3].Num)
}
