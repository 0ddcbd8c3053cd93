package churn

import "testing"

func BenchmarkModel(b *testing.B) {
	for name, opts := range modelMethods() {
		m := modelFit(b, opts)
		row := modelRows(m, 1, 1)[0]
		b.Run(name+"/predict", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.PredictRow(row)
			}
		})
		b.Run(name+"/reasons", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Reasons(row, nil)
			}
		})
	}
}
