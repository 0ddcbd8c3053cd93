package score

import (
	"math/rand/v2"
	"testing"
)

// random1M has a million rows; every third customer has several.
func random1M() (scores []float64, labels []bool, groups []int32) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 1_000_000 {
		p := random.Float64() * random.Float64()
		scores, labels = append(scores, p), append(labels, random.Float64() < p)
		groups = append(groups, int32(i/3))
	}
	return scores, labels, groups
}

func BenchmarkBinary1M(b *testing.B) {
	scores, labels, groups := random1M()
	for name, opts := range map[string]*BinaryOptions{"rows": nil, "groups": {Groups: groups}} {
		x, err := NewBinary(scores, labels, opts)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/NewBinary", func(b *testing.B) {
			for b.Loop() {
				_, _ = NewBinary(scores, labels, opts)
			}
		})
		b.Run(name+"/AUC", func(b *testing.B) {
			for b.Loop() {
				x.AUC()
			}
		})
		b.Run(name+"/AveragePrecision+KS", func(b *testing.B) {
			for b.Loop() {
				x.rankingIntervals()
			}
		})
		b.Run(name+"/ECE", func(b *testing.B) {
			for b.Loop() {
				x.ECE(nil)
			}
		})
		b.Run(name+"/At", func(b *testing.B) {
			for b.Loop() {
				x.At(0.05)
			}
		})
		b.Run(name+"/LogLoss", func(b *testing.B) {
			for b.Loop() {
				x.LogLoss()
			}
		})
	}
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		b.Run(method.String(), func(b *testing.B) {
			for b.Loop() {
				_, _ = Calibrate(method, scores, labels, nil)
			}
		})
	}
}
