package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/store"
)

// BenchmarkQueue is what a deed pays for its entry, but for the write.
func BenchmarkQueue(b *testing.B) {
	l, e := open(b, new(store.Memory)), entry(1)
	batch := new(store.Batch)
	b.ReportAllocs()
	for b.Loop() {
		batch.Writes = batch.Writes[:0]
		if err := l.Queue(batch, e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend commits entries and seals them, a thousand at a time, in memory.
func BenchmarkAppend(b *testing.B) {
	l := open(b, new(store.Memory))
	entries := make([]*audit.Entry, 1000)
	n := 0
	for b.Loop() {
		for i := range entries {
			entries[i] = entry(n)
			n++
		}
		require.NoError(b, l.Append(b.Context(), entries...))
		_, _, err := l.Seal(b.Context(), start)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
}

func BenchmarkVerify(b *testing.B) {
	l := open(b, new(store.Memory))
	const n = 200_000
	entries := make([]*audit.Entry, n)
	for i := range entries {
		entries[i] = entry(i)
	}
	require.NoError(b, l.Append(b.Context(), entries...))
	_, _, err := l.Seal(b.Context(), start)
	require.NoError(b, err)
	for b.Loop() {
		v, err := l.Verify(b.Context(), nil)
		require.NoError(b, err)
		require.NoError(b, v.Err())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
}
