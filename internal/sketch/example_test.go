package sketch_test

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/sketch"
)

// Of two shops' waiting times, in seconds, the median and the longest.
func Example() {
	var north, south sketch.Histogram
	for _, seconds := range []float64{12, 40, 95} {
		north.Add(seconds)
	}
	for _, seconds := range []float64{31, 600} {
		south.Add(seconds)
	}
	north.Merge(&south)
	fmt.Printf("%d waited, median %.1f, longest %.0f\n", north.Len(), north.Quantile(0.5), north.Quantile(1))
	// Output: 5 waited, median 40.2, longest 600
}
