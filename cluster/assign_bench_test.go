package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
)

func BenchmarkAssign(b *testing.B) {
	const n = 1_000_000
	data := fitBlobs(n, 8, 8, 0)
	for name, scale := range map[string]cluster.Scale{"zscore": cluster.ZScore, "unscaled": cluster.Unscaled} {
		result, err := cluster.Fit(b.Context(), fitBlobs(5000, 8, 8, 0), &cluster.Options{K: 8, Prepare: cluster.Preparation{Scale: scale}})
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := cluster.Assign(b.Context(), result.Model, data, nil)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

func BenchmarkAssignRow(b *testing.B) {
	data := fitBlobs(5000, 8, 8, 0)
	result, err := cluster.Fit(b.Context(), data, &cluster.Options{K: 8})
	require.NoError(b, err)
	num, levels := rowOf(data, 17)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = result.Model.AssignRow(num, levels)
	}
}
