package clusterbench

import (
	"fmt"
	"math"
)

// An answer is what a run found.
type answer struct {
	labels  []int32 // nil: not known
	inertia float64 // sum of squared distances to the nearest centres; 0: not known
	score   float64 // silhouette; 0: not known
}

// same wants the same groups, whatever their numbers, and the same sums. Of the labels
// one in 100,000 may differ, where a row lies between two centres. Without labels, which
// is single precision, sums may differ by 1 %.
func same(want, got *answer) error {
	if got.labels == nil {
		return near(0.01)(want, got)
	}
	if err := near(1e-9)(want, got); err != nil {
		return err
	}
	if len(want.labels) != len(got.labels) {
		return fmt.Errorf("got %d labels, want %d", len(got.labels), len(want.labels))
	}
	// The partner of a group is that with which it shares most rows.
	pairs := map[[2]int32]int{}
	for i, g := range want.labels {
		pairs[[2]int32{g, got.labels[i]}]++
	}
	most, partner := map[int32]int{}, map[int32]int32{}
	for pair, n := range pairs {
		if n > most[pair[0]] {
			most[pair[0]], partner[pair[0]] = n, pair[1]
		}
	}
	taken := map[int32]bool{}
	shared := 0
	for g, n := range most {
		if taken[partner[g]] {
			return fmt.Errorf("two groups became one")
		}
		taken[partner[g]] = true
		shared += n
	}
	if apart := len(want.labels) - shared; apart > len(want.labels)/100_000 {
		return fmt.Errorf("%d of %d labels differ", apart, len(want.labels))
	}
	return nil
}

// near wants sums that are no further apart, relatively, than bound.
func near(bound float64) func(want, got *answer) error {
	return func(want, got *answer) error {
		if !(math.Abs(got.inertia-want.inertia) <= bound*want.inertia) {
			return fmt.Errorf("got inertia %.12g, want %.12g", got.inertia, want.inertia)
		}
		if !(math.Abs(got.score-want.score) <= bound) {
			return fmt.Errorf("got silhouette %.12g, want %.12g", got.score, want.score)
		}
		return nil
	}
}
