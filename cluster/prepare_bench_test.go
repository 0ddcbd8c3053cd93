package cluster

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func BenchmarkPrepare(b *testing.B) {
	const n = 1_000_000
	r := rand.New(rand.NewPCG(1, 2))
	columns := make([]table.Column, 8)
	for j := range columns {
		values := make([]float64, n)
		for i := range values {
			values[i] = r.ExpFloat64()
		}
		columns[j] = table.NumberColumn("x"+strconv.Itoa(j), values...)
	}
	for name, p := range map[string]Preparation{
		"zscore": {}, "unscaled": {Scale: Unscaled}, "robust": {Scale: Robust}, "log1p": {Power: Log1p}, "yeo_johnson": {Power: YeoJohnson},
	} {
		b.Run(name, func(b *testing.B) {
			o := (&Options{K: 2, Prepare: p}).withDefaults()
			data := &table.Table[int]{Columns: columns}
			for b.Loop() {
				require.NoError(b, checkTable(data, &o))
				l := &learner{options: &o, original: columns}
				require.NoError(b, l.learn(b.Context(), columns))
				_, err := l.fill(b.Context(), n)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
