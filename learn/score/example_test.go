package score_test

import (
	"fmt"

	"github.com/clientele-go/clientele/learn/score"
)

// How well do two divisions of the same eight customers agree?
func Example() {
	lastMonth := []int32{0, 0, 0, 0, 1, 1, 1, 2}
	thisMonth := []int32{2, 2, 2, 0, 0, 0, 0, 1}
	c := score.NewContingency(lastMonth, thisMonth)
	fmt.Printf("adjusted Rand index %.3f\n", c.AdjustedRand())
	fmt.Printf("adjusted mutual information %.3f\n", c.AdjustedMutualInformation())
	fmt.Printf("last month's group 0 and this month's group 2 share %.0f %%\n", 100*c.Jaccard(0, 2))
	// Output:
	// adjusted Rand index 0.509
	// adjusted mutual information 0.568
	// last month's group 0 and this month's group 2 share 75 %
}

// Spend has shifted upward: the old quartiles now hold a tenth to almost half each.
func ExamplePSI() {
	var before []float64
	for i := range 1000 {
		before = append(before, float64(i))
	}
	bins := score.QuantileBins(before, nil, 4)
	fmt.Println("edges:", bins)

	base := []float64{250, 250, 250, 250}
	for _, now := range [][]float64{{52, 47, 49, 52}, {20, 30, 60, 90}} {
		s := score.PSI(base, now, 1000, 200)
		fmt.Printf("PSI %.3f, by chance %.3f, P %.2g\n", s.PSI, s.Noise, s.P)
	}
	// Output:
	// edges: [249 499 749]
	// PSI 0.002, by chance 0.018, P 0.96
	// PSI 0.315, by chance 0.018, P 1.3e-10
}
